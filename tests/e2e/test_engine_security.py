"""What others may leave in the way of a run, or put into its input, changes nothing outside of the
dataset. SECURITY.md says what is promised."""

import os
import stat
import subprocess

import pytest
from mill_tools import BUILD, processes


def modes(folder):
    return {str(p.relative_to(folder)): stat.S_IMODE(p.lstat().st_mode) for p in folder.rglob("*")}


@pytest.mark.parametrize("umask", [0o077, 0o022, 0o002])
def test_files_have_what_the_umask_leaves(mill, umask):
    done = mill.run(*mill.job("own", tasks=6), "-j2", umask=umask)
    assert done.returncode == 0, done.stderr
    found = modes(mill.path("own"))
    for name, mode in found.items():
        folder = (mill.path("own") / name).is_dir()
        assert mode == (0o777 if folder else 0o666) & ~umask, f"{name}: {mode:o}"


def test_nothing_under_way_is_writable_by_the_world(mill):
    running = mill.start(*mill.job("slow", tasks=20, work=30), "-j2", umask=0o022)
    mill.wait_for_done("slow", 2, running)
    running.kill()  # what was under way stays as it was
    running.communicate()
    assert all(not mode & 0o002 for mode in modes(mill.folder).values())


def plant(link, target):
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)


@pytest.mark.parametrize("name", ["lock", "ledger"])
def test_a_link_in_place_of_the_runs_own_files_is_not_followed(mill, name):
    precious = mill.path("precious")
    precious.write_text("gold")
    mill.run("plan", *mill.job("linked", tasks=4))
    own = mill.path("linked.partial") / ".quern" / name
    own.unlink(missing_ok=True)
    plant(own, precious)
    done = mill.run("work", mill.path("linked"), "-j1")
    assert done.returncode == 1 and name in done.stderr
    assert precious.read_text() == "gold"


def test_a_link_in_place_of_a_data_file_is_replaced_and_not_written_through(mill):
    precious = mill.path("precious")
    precious.write_text("gold")
    mill.run("plan", *mill.job("linked", tasks=4))
    plant(mill.path("linked.partial") / "flour" / "00000.bin", precious)
    done = mill.run("resume", mill.path("linked"), "-j1")
    assert done.returncode == 0, done.stderr
    assert precious.read_text() == "gold"
    assert not (mill.path("linked") / "flour" / "00000.bin").is_symlink()


def test_a_folder_that_is_a_link_loses_nothing_that_it_leads_to(mill):
    """What the manifest does not list is removed from the dataset, but not what links lead to."""
    attic = mill.path("attic")
    attic.mkdir()
    (attic / "letters").write_text("love")
    mill.run("plan", *mill.job("linked", tasks=4))
    plant(mill.path("linked.partial") / "old", attic)
    assert mill.run("resume", mill.path("linked")).returncode == 0
    assert (attic / "letters").read_text() == "love"
    assert not (mill.path("linked") / "old").exists()


def test_no_name_in_the_file_system_or_network_leads_to_a_worker(mill):
    """The sockets of a run are pairs that only its own processes hold."""
    running = mill.start(*mill.job("talk", tasks=30, work=30), "-j2")
    mill.wait_for_done("talk", 1, running)
    sockets = set()
    for pid in processes(str(mill.path("talk"))):
        for fd in os.listdir(f"/proc/{pid}/fd"):
            try:
                target = os.readlink(f"/proc/{pid}/fd/{fd}")
            except OSError:
                continue
            if target.startswith("socket:["):
                sockets.add(target[8:-1])
    named = [line.split() for line in open("/proc/net/unix").read().splitlines()[1:]]
    ours = [fields for fields in named if fields[6] in sockets]
    running.kill()
    running.communicate()
    assert len(ours) == len(sockets) > 0, "a socket that is no local one"
    assert all(len(fields) == 7 for fields in ours), "a socket with a name"


@pytest.mark.parametrize("name", ["$(touch PWNED)", "`touch PWNED`", "; touch PWNED;", "-rf", "|x"])
def test_no_name_is_taken_for_a_command(mill, name):
    grist = mill.folder / name
    grist.write_bytes(b"rye and wheat")
    dataset = mill.folder / f"out {name}"
    done = mill.run("grain", "grind", f"./{name}", "--tasks", 3, "-o", dataset)
    assert done.returncode == 0, done.stderr
    assert mill.run("failures", dataset).returncode == 0
    assert not list(mill.folder.rglob("PWNED"))


def test_a_task_with_a_wild_pointer_reaches_no_other_workers_slot(mill):
    """It overwrites all memory that it shares. Which task of its worker did it may be guessed wrong
    at first, which costs that task an attempt."""
    job = mill.job("wild", tasks=40, work=5, trouble=["scribble@3"])
    assert mill.run(*job, "-j3", "--batch", 1).returncode == 3
    assert {f["task"] for f in mill.failures("wild") if f["fate"] == "given up"} == {3}


@pytest.mark.parametrize("kind", ["shirk", "mute", "babble"])
def test_a_worker_that_lost_its_way_costs_its_task_and_no_more(mill, kind):
    """It says that it could not begin, for no reason; closes its sockets and stays; talks nonsense."""
    done = mill.run(*mill.job("odd", tasks=12, trouble=[f"{kind}@3"]), "-j2", "--batch", 1, patience=30)
    assert done.returncode == 3, done.stderr
    assert mill.status("odd")["done"] == 11
    assert {f["task"] for f in mill.failures("odd") if f["fate"] == "given up"} == {3}


def test_a_worker_has_no_way_into_the_ledger(mill):
    done = mill.run(*mill.job("scrawled", tasks=40, work=5, trouble=["scrawl@30", "fail@31"]), "-j2")
    assert done.returncode == 3, done.stderr
    assert mill.status("scrawled")["done"] == 39
    assert mill.run("verify", mill.path("scrawled")).returncode == 0


def test_a_worker_cannot_tell_of_tasks_that_it_was_not_given(mill):
    done = mill.run(*mill.job("slandered", tasks=40, work=5, trouble=["slander@3"]), "-j2", "--batch", 1)
    assert done.returncode == 0, done.stderr
    assert mill.failures("slandered") == []


def test_a_dataset_whose_manifest_names_files_elsewhere_is_said_to_do_so(mill):
    xxhash = pytest.importorskip("xxhash")
    dataset = mill.grind("strange", tasks=4)
    manifest = dataset / "manifest.json"
    lines = manifest.read_text().splitlines(keepends=True)
    body = "".join(lines[:-2]).replace('"loaf.bin"', '"../precious"')
    seal = f'  "xxh3_128": "{xxhash.xxh3_128_hexdigest(body.encode())}"\n}}\n'
    manifest.write_text(body + seal)
    mill.path("precious").write_text("gold")
    done = mill.run("verify", dataset)
    assert done.returncode == 1
    assert "../precious: leads out of the dataset" in done.stdout


def test_no_program_is_started_by_a_run(mill):
    """Traced: none of its processes executes another one."""
    strace = subprocess.run(["sh", "-c", "command -v strace"], capture_output=True).returncode == 0
    if not strace:
        pytest.skip("no strace")
    trace = mill.path("trace")
    command = ["strace", "-f", "-o", trace, "-e", "trace=execve", BUILD / "tests" / "mill"]
    done = subprocess.run([*command, *map(str, mill.job("traced", tasks=3)), "-j2"],
                          capture_output=True)
    if b"PTRACE" in done.stderr or b"ptrace" in done.stderr:
        pytest.skip("this machine does not let processes be traced")
    assert done.returncode == 0
    assert trace.read_text().count("execve(") == 1
