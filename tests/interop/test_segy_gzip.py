"""Files packed with gzip are imported as what they hold: nothing is unpacked to disk, tasks start
in the middle, damage is named."""

import bz2
import gzip
import hashlib
import io
import json
import lzma
import random
import signal
import subprocess
import time
import zipfile

import numpy
import pandas
import pytest
import zarr
from segy_tools import BUILD, REAL, quern, write_segy
from test_segy_salvage import SETTINGS
from test_segy_variable import dice_lengths, padded, rows_of, write_traces

SMALL = ("--chunk-traces", "32", "--shard-traces", "128", "--segment-traces", "128",
         "--durability", "process")
TRACES, SAMPLES = 2000, 400


def amplitude(dataset):
    return zarr.open_group(dataset / "traces.zarr", mode="r")["amplitude"][:]


def data_files(dataset):
    """Hashes of what does not name the source."""
    return {
        str(path.relative_to(dataset)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(dataset.rglob("*"))
        if path.is_file() and ".quern" not in path.parts
        and (path.suffix == ".parquet" or "c" in path.parts or "raw" in path.parts)
    }


def members(raw, size):
    """As bgzip and `cat a.gz b.gz` make them."""
    return b"".join(gzip.compress(raw[i : i + size], 1) for i in range(0, len(raw), size))


def stored(raw):
    return gzip.compress(raw, 0)


def with_name(raw):
    out = io.BytesIO()
    with gzip.GzipFile("line, as it was.sgy", "wb", 6, out, 1) as file:
        file.write(raw)
    return out.getvalue()


PACKINGS = {
    "level 1": lambda raw: gzip.compress(raw, 1),
    "level 9 with a name": with_name,
    "stored": stored,
    "members of 64 KiB": lambda raw: members(raw, 65280),
    "members of 1 MiB": lambda raw: members(raw, 1 << 20),
    "zeros behind": lambda raw: gzip.compress(raw, 1) + bytes(10000),
    "zeros between": lambda raw: gzip.compress(raw[:500000], 1) + bytes(700) + gzip.compress(raw[500000:], 1),
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A line with an ensemble key, as it is and imported."""
    path = tmp_path_factory.mktemp("plain") / "x.sgy"
    dice = numpy.random.default_rng(11)
    samples = dice.normal(size=(TRACES, SAMPLES)).astype("f4")
    samples[700:900] = 0
    cdp = numpy.repeat(range(250), 8)
    write_segy(path, samples, headers={**SETTINGS, (21, "i4"): cdp})
    quern("segy", "import", path, "-o", path.with_suffix(".ds"), "--ensemble-key", "cdp", *SMALL)
    return path, data_files(path.with_suffix(".ds"))


def pack(path, folder, how):
    packed = folder / "x.sgy.gz"
    packed.write_bytes(PACKINGS[how](path.read_bytes()))
    return packed


@pytest.mark.parametrize("how", PACKINGS)
def test_packed_and_unpacked_give_the_same_data(plain, tmp_path, how):
    packed = pack(plain[0], tmp_path, how)
    quern("segy", "import", packed, "-o", tmp_path / "x.ds", "--ensemble-key", "cdp", *SMALL)
    assert data_files(tmp_path / "x.ds") == plain[1]
    assert "every sample compared with the source" in quern("verify", tmp_path / "x.ds").stdout
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.ds", "x.sgy.gz"]


@pytest.mark.parametrize("how", (["-j2"], ["-j7", "--batch", "1"], ["--in-process"]), ids=" ".join)
def test_for_any_number_of_workers(plain, tmp_path, how):
    packed = pack(plain[0], tmp_path, "level 1")
    quern("segy", "import", packed, "-o", tmp_path / "x.ds", "--ensemble-key", "cdp", *SMALL, *how)
    assert data_files(tmp_path / "x.ds") == plain[1]


def test_killed_and_resumed(plain, tmp_path):
    packed = pack(plain[0], tmp_path, "level 1")
    command = [BUILD / "quern", "segy", "import", packed, "-o", tmp_path / "x.ds",
               "--ensemble-key", "cdp", *SMALL, "-j2"]
    dice = random.Random(5)
    for _ in range(8):
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(dice.uniform(0.02, 0.2))
        run.send_signal(signal.SIGKILL)
        run.wait()
    quern("segy", "import", packed, "-o", tmp_path / "x.ds", "--ensemble-key", "cdp", *SMALL)
    assert data_files(tmp_path / "x.ds") == plain[1]


def test_a_task_runs_alone_and_tells_its_place(plain, tmp_path):
    packed = pack(plain[0], tmp_path, "level 1")
    quern("plan", "segy", "import", packed, "-o", tmp_path / "x.ds", *SMALL[:-2])
    assert "is fine" in quern("task", tmp_path / "x.ds", 9).stdout


def test_tasks_start_in_the_middle(plain, tmp_path):
    """A task near the end of the file reads a few megabytes of it, not all."""
    dice = numpy.random.default_rng(3)
    write_segy(tmp_path / "big.sgy", dice.normal(size=(8000, 1000)).astype("f4"))
    packed = tmp_path / "big.sgy.gz"
    with open(tmp_path / "big.sgy", "rb") as source, gzip.open(packed, "wb", 1) as file:
        while block := source.read(1 << 22):
            file.write(block)
    assert packed.stat().st_size > 25 << 20
    quern("plan", "segy", "import", packed, "-o", tmp_path / "x.ds", "--segment-traces", "1024",
          "--shard-traces", "512", "--chunk-traces", "128")
    trace = subprocess.run(
        ["strace", "-f", "-e", "trace=pread64", BUILD / "quern", "task", tmp_path / "x.ds", "6"],
        capture_output=True, text=True,
    ) if subprocess.run(["which", "strace"], capture_output=True).returncode == 0 else None
    if not trace:
        pytest.skip("no strace")
    read = sum(int(line.rsplit("=", 1)[1]) for line in trace.stderr.splitlines()
               if "pread64" in line and line.rsplit("=", 1)[1].strip().isdigit())
    assert 3 << 20 < read < 12 << 20


def test_traces_of_different_lengths_and_seismic_unix(tmp_path):
    rows = rows_of(dice_lengths(1500, 5, 300))
    path = write_traces(tmp_path / "v.sgy", rows)
    (tmp_path / "v.sgy.gz").write_bytes(gzip.compress(path.read_bytes()))
    quern("segy", "import", tmp_path / "v.sgy.gz", "-o", tmp_path / "v.ds", *SMALL)
    numpy.testing.assert_array_equal(amplitude(tmp_path / "v.ds"), padded(rows))
    sources = list(REAL.rglob("small.su"))
    if sources:
        (tmp_path / "s.su.gz").write_bytes(gzip.compress(sources[0].read_bytes()))
        quern("segy", "import", tmp_path / "s.su.gz", "-o", tmp_path / "s.ds")
        quern("segy", "import", sources[0], "-o", tmp_path / "t.ds")
        numpy.testing.assert_array_equal(amplitude(tmp_path / "s.ds"), amplitude(tmp_path / "t.ds"))


def test_packed_and_unpacked_files_are_one_survey(tmp_path):
    files = []
    for i in range(4):
        values = numpy.arange(i * 3000, (i + 1) * 3000).reshape(100, 30)
        path = tmp_path / f"{i}.sgy"
        write_segy(path, values)
        if i % 2:
            packed = path.with_suffix(".sgy.gz")
            packed.write_bytes(gzip.compress(path.read_bytes()))
            path = packed
        files.append(path)
    quern("segy", "import", *files, "-o", tmp_path / "x.ds", *SMALL)
    numpy.testing.assert_array_equal(
        amplitude(tmp_path / "x.ds"), numpy.arange(12000).reshape(400, 30)
    )
    survey = json.loads((tmp_path / "x.ds/manifest.json").read_text())["facts"]["survey"]
    assert [s["bytes"] for s in survey["sources"]] == [f.stat().st_size for f in files]


def test_scan_looks_into_packed_files(plain, tmp_path):
    """The report is that of the unpacked file but for its name, and an import takes it."""
    packed = pack(plain[0], tmp_path, "level 1")
    scans = []
    for path, more in ((packed, ()), (plain[0], ()), (packed, ("--all",))):
        scans.append(json.loads(quern("segy", "scan", path, "--json", *more).stdout)["files"][0])
    assert scans[0]["layout"] == scans[1]["layout"] == scans[2]["layout"]
    assert scans[0]["layout"]["samples"] == SAMPLES
    (tmp_path / "scan.json").write_text(quern("segy", "scan", packed, "--json").stdout)
    quern("segy", "import", packed, "-o", tmp_path / "x.ds", "--scan", tmp_path / "scan.json",
          "--ensemble-key", "cdp", *SMALL)
    assert data_files(tmp_path / "x.ds") == plain[1]


# ---- damage ----------------------------------------------------------------------------------

def refuse(path, tmp_path, *words):
    error = quern("segy", "import", path, "-o", tmp_path / "no.ds", code=1).stderr.splitlines()[-1]
    assert not (tmp_path / "no.ds").exists() and not (tmp_path / "no.ds.partial").exists()
    for word in (str(path), *words):
        assert word in error, error


def salvage(packed, tmp_path):
    quern("segy", "import", packed, "-o", tmp_path / "s.ds", "--salvage", *SMALL)
    quern("verify", tmp_path / "s.ds")
    table = pandas.read_parquet(tmp_path / "s.ds" / "headers.parquet")
    left = pandas.read_parquet(tmp_path / "s.ds" / "left_out.parquet")
    return table, amplitude(tmp_path / "s.ds"), left


def test_a_cut_gzip_file(plain, tmp_path):
    packed = pack(plain[0], tmp_path, "level 1")
    raw = packed.read_bytes()
    packed.write_bytes(raw[: len(raw) // 2])
    refuse(packed, tmp_path, "damaged gzip file", "it ends too early", "--salvage")
    table, samples, left = salvage(packed, tmp_path)
    assert 800 < len(table) < 1400
    assert table.trace_sequence_line.tolist() == list(range(1, len(table) + 1))
    whole = amplitude(plain[0].with_suffix(".ds"))
    numpy.testing.assert_array_equal(samples, whole[: len(table)])
    assert left.reason.tolist() == ["the file ends within a trace"]


def test_a_spoilt_gzip_file(plain, tmp_path):
    packed = pack(plain[0], tmp_path, "level 1")
    raw = bytearray(packed.read_bytes())
    middle = len(raw) // 2
    raw[middle : middle + 2000] = numpy.random.default_rng(1).bytes(2000)
    packed.write_bytes(raw)
    refuse(packed, tmp_path, "damaged gzip file", "unpacked", "--salvage")
    table, samples, left = salvage(packed, tmp_path)
    sound = table.trace_sequence_line.tolist()[:900]
    assert sound == list(range(1, 901))
    packed_row = left[left.reason == "packed data does not unpack from there on"].iloc[0]
    assert middle <= packed_row.first_byte <= middle + 300000
    assert packed_row.end_byte == len(raw)
    assert 700 < packed_row.about_traces < 1300


def test_a_wrong_checksum(plain, tmp_path):
    packed = pack(plain[0], tmp_path, "level 1")
    raw = bytearray(packed.read_bytes())
    raw[-8] ^= 1
    packed.write_bytes(raw)
    refuse(packed, tmp_path, "incorrect data check")
    result = quern("segy", "import", packed, "-o", tmp_path / "s.ds", "--salvage", *SMALL)
    assert "is damaged" in result.stderr and "incorrect data check" in result.stderr
    assert len(pandas.read_parquet(tmp_path / "s.ds" / "headers.parquet")) == TRACES


@pytest.mark.parametrize("raw", (b"\x1f\x8b\x08", b"\x1f\x8b\x08" + bytes(5000), gzip.compress(b""),
                                 gzip.compress(b"hello\n" * 2000), gzip.compress(bytes(9000))),
                         ids=("cut", "zeros", "empty", "text", "nothing but zeros"))
def test_gzip_files_of_something_else(raw, tmp_path):
    (tmp_path / "x.gz").write_bytes(raw)
    refuse(tmp_path / "x.gz", tmp_path)


def test_a_changed_file_is_named_when_a_run_goes_on(plain, tmp_path):
    packed = pack(plain[0], tmp_path, "level 1")
    quern("plan", "segy", "import", packed, "-o", tmp_path / "x.ds", *SMALL[:-2])
    pack(plain[0], tmp_path, "stored")
    assert "is not the one the run began with" in quern("work", tmp_path / "x.ds", code=1).stderr


# ---- other packers ---------------------------------------------------------------------------

def zipped(raw):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("x.sgy", raw)
    return out.getvalue()


@pytest.mark.parametrize("pack,name,command", [
    (bz2.compress, "bzip2", "bunzip2 -k"),
    (lzma.compress, "xz", "unxz -k"),
    (zipped, "ZIP", "unzip"),
    (lambda raw: b"\x28\xb5\x2f\xfd" + raw, "Zstandard", "unzstd"),
], ids=("bzip2", "xz", "zip", "zstd"))
def test_other_packers_are_named_with_the_command_that_unpacks(plain, tmp_path, pack, name, command):
    (tmp_path / "x.packed").write_bytes(pack(plain[0].read_bytes()[:20000]))
    refuse(tmp_path / "x.packed", tmp_path, f"packed with {name}", f"{command} '{tmp_path}/x.packed'")


def test_what_coordinates_count_is_read_from_what_the_file_holds(tmp_path):
    quern("synth", "segy", "--inlines", 2, "--crosslines", 3, "--samples", 10, "-o",
          tmp_path / "x.sgy")
    (tmp_path / "x.sgy.gz").write_bytes(gzip.compress((tmp_path / "x.sgy").read_bytes(), 9))
    facts = []
    for name in ("x.sgy", "x.sgy.gz"):
        dataset = tmp_path / f"{name}.ds"
        quern("segy", "import", tmp_path / name, "-o", dataset)
        facts.append(json.loads((dataset / "manifest.json").read_text())["facts"]["geometry"])
    assert facts[0] == facts[1]
    assert facts[0]["unit"] == "m"
