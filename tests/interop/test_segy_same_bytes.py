"""An import gives the same bytes however it is run: workers, order, kills, slices."""

import hashlib
import random
import signal
import subprocess
import time

import pytest
from segy_tools import BUILD, quern

OPTIONS = [
    "--ensemble-key", "inline", "--chunk-traces", "16", "--shard-traces", "64",
    "--segment-traces", "128", "--durability", "process",
]


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    path = tmp_path_factory.mktemp("survey") / "cube.sgy"
    quern("synth", "segy", "--inlines", 50, "--crosslines", 81, "--samples", 200, "-o", path)
    return path


def contents(dataset):
    """Hash of every file that the manifest speaks of, and of the manifest."""
    skipped = {"run.json", "report.html"}
    return {
        str(path.relative_to(dataset)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(dataset.rglob("*"))
        if path.is_file()
        and path.name not in skipped
        and path.suffix != ".png"
        and ".quern" not in path.parts
    }


@pytest.fixture(scope="module")
def reference(survey, tmp_path_factory):
    dataset = tmp_path_factory.mktemp("reference") / "x.ds"
    quern("segy", "import", survey, "-o", dataset, *OPTIONS, "-j", 1)
    files = contents(dataset)
    assert len(files) > 60
    return files


@pytest.mark.parametrize("how", (["-j2"], ["-j7"], ["--in-process"], ["-j3", "--batch", "1"]), ids=" ".join)
def test_for_any_number_of_workers(survey, reference, tmp_path, how):
    quern("segy", "import", survey, "-o", tmp_path / "x.ds", *OPTIONS, *how)
    assert contents(tmp_path / "x.ds") == reference


def test_killed_20_times_and_resumed(survey, reference, tmp_path):
    dice = random.Random(20)
    command = [BUILD / "quern", "segy", "import", survey, "-o", tmp_path / "x.ds", *OPTIONS, "-j2"]
    killed = 0
    while killed < 20:
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(dice.uniform(0.001, 0.06))
        run.send_signal(signal.SIGKILL)
        killed += run.wait() == -signal.SIGKILL
        if (tmp_path / "x.ds").exists():  # finished before it was killed: start over
            quern("segy", "import", survey, "-o", tmp_path / "x.ds", *OPTIONS)
            subprocess.run(["rm", "-rf", tmp_path / "x.ds"], check=True)
    quern("segy", "import", survey, "-o", tmp_path / "x.ds", *OPTIONS)
    assert contents(tmp_path / "x.ds") == reference
    assert not (tmp_path / "x.ds.partial").exists()
    quern("verify", tmp_path / "x.ds")


def test_planned_worked_in_slices_and_glued(survey, reference, tmp_path):
    dataset = tmp_path / "x.ds"
    quern("plan", "segy", "import", survey, "-o", dataset, *OPTIONS[:-2])
    for slice_of in ("2/3", "1/3", "3/3"):
        quern("work", dataset, "--slice", slice_of, "-j", 1)
    quern("glue", dataset)
    assert contents(dataset) == reference


def test_a_changed_input_is_named(survey, tmp_path):
    source = tmp_path / "cube.sgy"
    source.write_bytes(survey.read_bytes())
    quern("plan", "segy", "import", source, "-o", tmp_path / "x.ds")
    with open(source, "r+b") as file:
        file.seek(3600 + 300)
        file.write(b"\x55")
    result = quern("resume", tmp_path / "x.ds", code=1)
    assert "cube.sgy" in result.stderr and "changed" in result.stderr
    quern("segy", "import", source, "-o", tmp_path / "x.ds", "--restart")


def test_a_changed_option_is_named(survey, tmp_path):
    quern("plan", "segy", "import", survey, "-o", tmp_path / "x.ds", "--codec", "none")
    result = quern("segy", "import", survey, "-o", tmp_path / "x.ds", "--codec", "zstd", code=1)
    assert "codec" in result.stderr and "--restart" in result.stderr


def test_ctrl_c_leaves_a_run_that_can_be_resumed(survey, reference, tmp_path):
    command = [BUILD / "quern", "segy", "import", survey, "-o", tmp_path / "x.ds", *OPTIONS, "-j2"]
    for delay in (0.02, 0.04, 0.06):
        run = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        time.sleep(delay)
        run.send_signal(signal.SIGINT)
        message = run.communicate(timeout=30)[1]
        if run.returncode == 130 and "resume" in message:
            break
    else:
        pytest.skip("this machine finished before it was stopped")
    quern("resume", tmp_path / "x.ds")
    assert contents(tmp_path / "x.ds") == reference


def test_a_full_disk_stops_a_run_that_goes_on_when_there_is_room(survey, reference, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no permission to mount a small disk")
    try:
        result = quern("segy", "import", survey, "-o", disk / "x.ds", *OPTIONS, code=1)
        assert "No space left" in result.stderr and "resume" in result.stderr
        assert not (disk / "x.ds").exists()
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        quern("resume", disk / "x.ds")
        assert contents(disk / "x.ds") == reference
    finally:
        subprocess.run(["umount", disk], check=True)
