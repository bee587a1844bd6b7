"""A dataset appears whole or not at all, and what is there already is not touched unasked."""

import json
import os
import signal
import subprocess
import threading

import pytest
from mill_tools import digests, finish, milled, snapshot, wait_until

SHAPE = {"tasks": 40, "work": 10}
OTHER = {"tasks": 24, "work": 10, "size": 700}


def expected_of(mill, shape):
    size = shape.get("size", 1000)
    return digests(milled(mill.grist.read_bytes(), shape["tasks"], size))


def whole(dataset):
    """Reads the dataset as a user would: the files that its manifest lists, by its own handle."""
    folder = os.open(dataset, os.O_RDONLY | os.O_DIRECTORY)
    try:  # from here on an error is the dataset's fault
        manifest = json.loads(read_in(folder, "manifest.json"))
        files = {entry["path"]: read_in(folder, entry["path"]) for entry in manifest["files"]}
    except OSError as error:
        return f"unreadable: {error}"
    finally:
        os.close(folder)
    return digests(files)


def read_in(folder, name):
    with os.fdopen(os.open(name, os.O_RDONLY, dir_fd=folder), "rb") as file:
        return file.read()


class Reader(threading.Thread):
    """Looks at a path again and again; lists each change: absent, which of the expected datasets,
    or what else."""

    def __init__(self, dataset, expected):
        super().__init__()
        self.dataset, self.expected = dataset, expected
        self.seen, self.ended = [], threading.Event()
        self.start()

    def run(self):
        while not self.ended.is_set():
            try:
                files = whole(self.dataset)
                what = self.expected.index(files) if files in self.expected else files
            except FileNotFoundError:
                what = "absent"
            if not self.seen or self.seen[-1] != what:
                self.seen.append(what)

    def end(self):
        self.ended.set()
        self.join()
        return self.seen


def test_a_reader_sees_nothing_or_everything(mill):
    reader = Reader(mill.path("fresh"), [expected_of(mill, SHAPE)])
    wait_until(lambda: reader.seen == ["absent"])
    mill.grind("fresh", "-j2", **SHAPE)
    wait_until(lambda: reader.seen[-1] == 0)
    assert reader.end() == ["absent", 0]


def test_a_reader_of_a_dataset_that_is_replaced_sees_the_old_or_the_new(mill):
    old, new = expected_of(mill, OTHER), expected_of(mill, SHAPE)
    mill.grind("replaced", **OTHER)
    reader = Reader(mill.path("replaced"), [old, new])
    wait_until(lambda: reader.seen)
    mill.grind("replaced", "-j2", "--overwrite", **SHAPE)
    wait_until(lambda: reader.seen[-1] == 1)
    # Files of the old one may vanish under a reader that is in the middle of it; half of the new
    # one must never be seen.
    seen = [what for what in reader.end() if not str(what).startswith("unreadable")]
    assert seen == [0, 1]
    assert not mill.path("replaced.partial").exists()


def test_the_old_dataset_is_whole_until_the_new_one_is_complete(mill):
    mill.grind("kept", **OTHER)
    before = snapshot(mill.path("kept"))
    run = mill.start(*mill.job("kept", **SHAPE), "-j2", "--overwrite")
    mill.wait_for_done("kept", 10, run)
    assert snapshot(mill.path("kept")) == before
    run.send_signal(signal.SIGKILL)
    finish(run)
    assert snapshot(mill.path("kept")) == before
    assert mill.run("resume", mill.path("kept")).returncode == 0
    assert snapshot(mill.path("kept"), manifest=False) == expected_of(mill, SHAPE)


def test_killed_at_any_moment_of_replacing_the_old_or_the_new_is_there_whole(mill):
    """SIGKILL at many moments around the exchange; whatever is left finishes the job."""
    old, new = expected_of(mill, OTHER), expected_of(mill, {"tasks": 8})
    mill.grind("swapped", **OTHER)
    for step in range(20):
        run = mill.start(*mill.job("swapped", tasks=8), "--overwrite", "--in-process")
        try:
            run.wait(0.004 + step * 0.002)
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
        finish(run)
        there = whole(mill.path("swapped"))
        assert there in (old, new)
    assert mill.run(*mill.job("swapped", tasks=8), "--overwrite").returncode == 0
    assert whole(mill.path("swapped")) == new
    assert mill.run("verify", mill.path("swapped")).returncode == 0


def test_the_same_command_again_finds_nothing_to_do(mill):
    dataset = mill.grind("again", **SHAPE)
    times = {path: path.stat().st_mtime_ns for path in dataset.rglob("*")}
    done = mill.run(*mill.job("again", **SHAPE))
    assert done.returncode == 0
    assert "nothing to do" in done.stdout
    assert {path: path.stat().st_mtime_ns for path in dataset.rglob("*")} == times


@pytest.mark.parametrize("option", [[], ["--restart"]], ids=["plain", "restart"])
def test_a_dataset_of_another_job_is_refused_and_left_alone(mill, option):
    dataset = mill.grind("taken", **OTHER)
    before = snapshot(dataset)
    done = mill.run(*mill.job("taken", **SHAPE), *option)
    assert done.returncode == 1
    assert "--overwrite" in done.stderr
    assert snapshot(dataset) == before
    assert not mill.path("taken.partial").exists()


def test_restart_does_not_replace_a_complete_dataset_of_the_same_job(mill):
    dataset = mill.grind("again", **OTHER)
    inode = dataset.stat().st_ino
    done = mill.run(*mill.job("again", **OTHER), "--restart")
    assert done.returncode == 1
    assert "--overwrite" in done.stderr
    assert dataset.stat().st_ino == inode


@pytest.mark.parametrize("option", [[], ["--overwrite"], ["--restart"]],
                         ids=["plain", "overwrite", "restart"])
@pytest.mark.parametrize("name", ["folder", "folder.partial", "file"])
def test_what_quern_did_not_make_is_never_touched(mill, name, option):
    path = mill.path(name)
    if name == "file":
        path.write_text("mine")
    else:
        path.mkdir()
        (path / "thesis.txt").write_text("mine")
    done = mill.run(*mill.job(name.removesuffix(".partial"), **SHAPE), *option)
    assert done.returncode == 1
    assert str(path) in done.stderr
    assert (path if name == "file" else path / "thesis.txt").read_text() == "mine"


def test_through_a_link_the_dataset_it_leads_to_is_replaced(mill):
    """And not the link, with the dataset that it led to emptied."""
    mill.grind("real", tasks=4)
    mill.path("current").symlink_to("real")
    done = mill.run(*mill.job("current", tasks=6), "--overwrite")
    assert done.returncode == 0, done.stderr
    assert mill.path("current").is_symlink()
    assert mill.status("real")["tasks"] == 6
    assert mill.run("verify", mill.path("current")).returncode == 0
    assert sorted(p.name for p in mill.folder.glob("*") if p.is_dir()) == ["current", "real"]


def test_an_output_inside_its_input_is_refused(mill):
    done = mill.run("grain", "grind", mill.folder, "-o", mill.path("inside.ds"))
    assert done.returncode == 2
    assert "inside each other" in done.stderr


def test_an_output_that_cannot_be_made_is_refused_with_its_path(mill):
    done = mill.run("grain", "grind", mill.grist, "-o", mill.grist / "ds")
    assert done.returncode in (1, 2)
    assert str(mill.grist) in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_a_folder_without_permission_is_refused_with_its_path(mill):
    mill.open_to_others(0o755)
    done = mill.run(*mill.job("denied", **SHAPE), user=65534, group=65534)
    assert done.returncode == 1
    assert str(mill.path("denied")) in done.stderr and "ermission" in done.stderr
    assert not mill.path("denied.partial").exists()


# ---- a full disk ------------------------------------------------------------------------


@pytest.fixture
def small_disk(mill):
    """A file system of one megabyte."""
    disk = mill.path("disk")
    disk.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1M", "tmpfs", disk], capture_output=True
    ).returncode == 0
    if not mounted:
        pytest.skip("a small tmpfs cannot be mounted here (needs root)")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.parametrize("how", [["-j2"], ["--in-process"]], ids=["workers", "in-process"])
def test_a_full_disk_stops_the_run_and_after_making_space_it_resumes(mill, small_disk, how):
    shape = {"tasks": 100, "size": 40000}
    done = mill.run(*mill.job("disk/ds", **shape), *how)
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "mill resume" in done.stderr
    assert not (small_disk / "ds").exists()
    assert mill.run("status", small_disk / "ds").returncode == 0
    subprocess.run(["mount", "-o", "remount,size=16M", small_disk], check=True)
    again = mill.run("resume", *how, small_disk / "ds")
    assert again.returncode == 0, again.stderr
    assert snapshot(small_disk / "ds", manifest=False) == expected_of(mill, shape)


def test_a_disk_too_full_for_the_plan_leaves_nothing(mill, small_disk):
    (small_disk / "ballast").write_bytes(b"x" * 1040000)
    done = mill.run(*mill.job("disk/ds", tasks=2000))
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert os.listdir(small_disk) == ["ballast"]


def test_too_little_space_is_told_before_work_starts(mill, small_disk):
    done = mill.run(*mill.job("disk/ds", tasks=100, size=40000), "-j2")
    first = next(line for line in done.stderr.splitlines() if "warning" in line)
    assert "MB" in first or "GB" in first
    assert "free" in first
