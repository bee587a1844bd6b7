"""What the commands say about a run while it works, when it is stopped and when it is done."""

import json
import os
import signal
import subprocess

import pytest
from mill_tools import finish, milled, snapshot

SHAPE = {"tasks": 200, "work": 30}


@pytest.fixture
def live(mill):
    """A run under way."""
    mill.process = mill.start(*mill.job("live", **SHAPE), "-j2")
    mill.wait_for_done("live", 3, mill.process)
    yield mill
    assert mill.process.poll() is None
    mill.process.send_signal(signal.SIGKILL)
    finish(mill.process)


@pytest.fixture(scope="module")
def complete(shared_mill):
    """A dataset with one failure."""
    job = shared_mill.job("complete", tasks=20, trouble=["fail@5", "crash@6:1"])
    assert shared_mill.run(*job, "-j2").returncode == 3
    return shared_mill


# ---- while it works ------------------------------------------------------------------------


def test_status_of_a_live_run_says_how_far_it_is_and_who_works(live):
    status = live.status("live")
    assert status["state"] == "running"
    assert f"process {live.process.pid} on" in status["owner"]
    assert (status["pipeline"], status["verb"]) == ("grain", "grind")
    assert 3 <= status["done"] < status["tasks"] == 200
    assert status["items"] == 2000
    assert 0 < status["fraction"] < 1
    assert 0 < status["eta_s"] < 60


def test_status_for_people_names_job_state_and_progress(live):
    text = live.run("status", live.path("live")).stdout
    for words in ("quern grain grind", "running", "of 200 tasks", "of 2000 grains"):
        assert words in text


def test_failures_of_a_live_run_can_be_listed(live):
    assert live.failures("live") == []


def test_a_dataset_under_way_cannot_be_verified_and_the_message_says_why(live):
    done = live.run("verify", live.path("live"))
    assert done.returncode == 2
    assert "not complete yet" in done.stderr


def test_glue_with_gaps_lists_them_and_makes_nothing(mill):
    assert mill.run("plan", *mill.job("open", tasks=8)).returncode == 0
    assert mill.run("work", "--slice", "2/8", "--no-take-over", mill.path("open")).returncode == 0
    done = mill.run("glue", mill.path("open"))
    assert done.returncode == 3
    assert "7 of 8 tasks are missing" in done.stdout
    ranges = [line.split() for line in done.stdout.splitlines() if line.startswith("  task")]
    listed = [task for r in ranges for task in range(int(r[1]), int(r[-1]) + 1)]
    assert len(set(listed)) == len(listed) == 7 and set(listed) < set(range(8))
    assert not mill.path("open").exists()


def test_glue_may_accept_gaps_which_can_be_filled_later(mill):
    expected = snapshot(mill.grind("whole", tasks=8))
    assert mill.run("plan", *mill.job("gaps", tasks=8)).returncode == 0
    assert mill.run("work", "--slice", "2/8", "--no-take-over", mill.path("gaps")).returncode == 0
    glued = mill.run("glue", "--accept-gaps", mill.path("gaps"))
    assert glued.returncode == 3, glued.stderr
    assert mill.status("gaps")["state"] == "complete, with failures"
    assert mill.status("gaps")["failed"] == 7
    filled = mill.run("resume", "--retry-failed", mill.path("gaps"))
    assert filled.returncode == 0, filled.stderr
    assert snapshot(mill.path("gaps")) == expected


# ---- when it is done -----------------------------------------------------------------------


def test_status_of_a_dataset_counts_tasks_attempts_and_what_was_used(complete):
    status = complete.status("complete")
    assert status["state"] == "complete, with failures"
    assert (status["tasks"], status["done"], status["failed"]) == (20, 19, 1)
    assert (status["attempts"], status["failed_attempts"]) == (21, 2)
    assert status["sessions"] == 1
    assert status["max_worker_rss_mib"] > 0
    assert status["owner"] == ""


def test_failures_of_a_dataset_tell_what_was_worked_on_and_how_it_ended(complete):
    told = {f["task"]: (f["what"], f["class"], f["fate"]) for f in complete.failures("complete")}
    assert told == {
        5: ("sack 5 of 1000 bytes", "input", "given up"),
        6: ("sack 6 of 106 bytes", "crash", "done later"),
    }


def test_run_json_tells_of_attempts_time_and_memory(complete):
    run = json.loads((complete.path("complete") / "run.json").read_text())
    assert (run["attempts"], run["failed_attempts"], run["sessions"]) == (21, 2, 1)
    assert run["max_worker_rss_mib"] > 0
    assert run["worker_wall_s"] > 0


def test_nothing_to_list_is_said(mill):
    mill.grind("fine")
    assert mill.run("failures", mill.path("fine")).stdout.strip() == "no failures"
    assert mill.failures("fine") == []


# ---- verify --------------------------------------------------------------------------------


def test_a_sound_dataset_is_clean(mill):
    mill.grind("sound")
    assert mill.run("verify", mill.path("sound")).returncode == 0
    assert mill.json("verify", mill.path("sound"))["clean"] is True


def damage_byte(dataset):
    path = dataset / "loaf.bin"
    content = bytearray(path.read_bytes())
    content[1234] ^= 1
    path.write_bytes(content)
    return "loaf.bin"


def damage_length(dataset):
    os.truncate(dataset / "flour" / "00004.bin", 999)
    return "flour/00004.bin"


def damage_absence(dataset):
    (dataset / "flour" / "00008.bin").unlink()
    return "flour/00008.bin"


def damage_surplus(dataset):
    (dataset / "flour" / "weevil").write_text("!")
    return "flour/weevil"


def damage_surplus_with_a_name_that_is_no_text(dataset):
    with open(os.fsencode(dataset / "flour") + b"/weevil\xff", "w") as file:
        file.write("!")
    return "flour/weevil\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    "damage",
    [damage_byte, damage_length, damage_absence, damage_surplus,
     damage_surplus_with_a_name_that_is_no_text],
    ids=lambda damage: damage.__name__,
)
def test_verify_finds(mill, damage):
    dataset = mill.grind("damaged")
    name = damage(dataset)
    assert mill.run("verify", dataset).returncode == 1
    found = mill.json("verify", dataset)
    assert found["clean"] is False
    assert [finding["file"] for finding in found["findings"]] == [name]


def test_verify_refuses_a_damaged_manifest(mill):
    dataset = mill.grind("damaged")
    (dataset / "manifest.json").write_text('{"format": 1, "files": [')
    done = mill.run("verify", dataset)
    assert done.returncode == 1
    assert "FOUND manifest.json in bytes " in done.stdout
    assert "manifest.json' was changed since it was made" in done.stdout


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def found(mill, dataset):
    """{(file, first byte, bytes)} that `verify` finds changed."""
    findings = mill.json("verify", dataset)["findings"]
    return {(f["file"], f["offset"], f["bytes"]) for f in findings}


def test_damage_of_a_large_file_is_told_by_its_blocks(mill):
    dataset = mill.grind("large", size=100_000)
    path = dataset / "loaf.bin"
    size = path.stat().st_size
    assert size // 65536 == 9
    for place in (0, 65536 * 3 + 17, 65536 * 4, size - 1):
        flip(path, place)
    last = 65536 * 9
    assert found(mill, dataset) == {
        ("loaf.bin", 0, 65536), ("loaf.bin", 65536 * 3, 2 * 65536), ("loaf.bin", last, size - last)
    }
    assert f"FOUND loaf.bin in bytes {last} to {size - 1}: " in mill.run("verify", dataset).stdout


def test_damage_beside_the_data_is_found(mill):
    dataset = mill.grind("beside")
    files = ["report.html", "run.json", *(f".quern/{p.name}" for p in (dataset / ".quern").iterdir())]
    for name in files:
        if name == ".quern/lock" or (dataset / name).is_dir():
            continue
        flip(dataset / name, (dataset / name).stat().st_size // 2)
        assert name in {file for file, _, _ in found(mill, dataset)}, name
        flip(dataset / name, (dataset / name).stat().st_size // 2)
    assert found(mill, dataset) == set()


def test_a_report_made_again_is_no_damage(mill):
    dataset = mill.grind("again")
    (dataset / "report.html").write_text("coffee")
    assert {file for file, _, _ in found(mill, dataset)} == {"report.html"}
    assert mill.run("report", dataset).returncode == 0
    assert found(mill, dataset) == set()


def test_a_dataset_without_blocks_is_checked_as_before(mill):
    dataset = mill.grind("old", size=100_000)
    for name in ("aside", "blocks"):  # an older Quern made none
        (dataset / ".quern" / name).unlink()
    assert found(mill, dataset) == set()
    flip(dataset / "loaf.bin", 70_000)
    assert found(mill, dataset) == {("loaf.bin", -1, 0)}


# ---- progress ------------------------------------------------------------------------------


def test_progress_as_json_is_one_event_a_line_from_start_to_end(mill):
    job = mill.job("told", tasks=30, work=30, trouble=["transient@5:1", "fail@6", "garbage@10"])
    done = mill.run(*job, "-j2", "--progress", "json")
    assert done.returncode == 3
    lines = [line for line in done.stderr.splitlines() if not line.startswith("mill:")]
    events = [json.loads(line) for line in lines]
    assert all(event["time_us"] > 1e15 for event in events)
    tasks = {event["task"] for event in events if event["event"] == "done"}
    assert tasks == set(range(30)) - {6, 10}
    failed = sorted(event["task"] for event in events if event["event"] == "failed")
    assert failed == [5, 6, 10]
    assert sorted(e["task"] for e in events if e["event"] == "gave-up") == [6, 10]
    progress = [event for event in events if event["event"] == "progress"]
    assert [event["phase"] for event in progress][:1] == ["work"]
    assert progress[0]["total"] == 300
    assert any(event["event"] == "message" for event in events)


def test_progress_as_log_lines_when_nobody_watches(mill):
    done = mill.run(*mill.job("logged", tasks=100, work=70), "-j2")
    work = [line for line in done.stderr.splitlines() if line.startswith("quern: work ")]
    assert work and "/1000 grains" in work[0]
    assert "\r" not in done.stderr and "\x1b" not in done.stderr


def test_progress_none_is_silent(mill):
    done = mill.run(*mill.job("silent", tasks=8), "--progress", "none")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_dead_reader_of_progress_does_not_stop_the_run(mill):
    """Standard error closed at the other end, as by `2> >(head -1)`."""
    ends = os.pipe()
    os.close(ends[0])
    run = subprocess.run(
        mill.command(*mill.job("unheard", tasks=20, work=20), "-j2", "--progress", "json"),
        stderr=ends[1], stdout=subprocess.PIPE, timeout=30,
    )
    os.close(ends[1])
    assert run.returncode == 0
    assert mill.path("unheard").exists()


# ---- the command line ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "args, words",
    [
        ([], "Usage"),
        (["grain"], "grind"),
        (["nothing"], "no command 'nothing'"),
        (["grain", "bake"], "no verb 'bake'"),
        (["grain", "grind"], "which input"),
        (["grain", "grind", "grist"], "-o DATASET"),
        (["grain", "grind", "grist", "-o", "x", "--task", "3"], "Did you mean 'tasks'"),
        (["grain", "grind", "grist", "-o", "x", "--tasks", "many"], "whole number"),
        (["grain", "grind", "grist", "-o", "x", "-j", "0"], "--jobs 0"),
        (["grain", "grind", "grist", "-o", "x", "-j", "5000"], "--jobs 5000"),
        (["grain", "grind", "grist", "-o", "x", "--timeout", "soon"], "--timeout 'soon'"),
        (["grain", "grind", "grist", "-o", "x", "--timeout", "nan"], "--timeout 'nan'"),
        (["grain", "grind", "grist", "-o", "x", "--timeout", "infx"], "--timeout 'infx'"),
        (["grain", "grind", "grist", "-o", "x", "--timeout", "1e14h"], "--timeout '1e14h'"),
        (["grain", "grind", "grist", "-o", "x", "--max-failures", "-1"], "--max-failures"),
        (["grain", "grind", "grist", "-o", "x", "--trouble", "luck@1"], "luck@1"),
        (["work", "--slice", "3/2", "planned"], "--slice '3/2'"),
        (["work", "--slice", "half", "planned"], "--slice 'half'"),
        (["glue", "--timeout", "5s", "planned"], "no option --timeout"),
        (["glue", "--batch", "5", "planned"], "no option --batch"),
        (["status"], "which dataset"),
        (["status", "absent"], "no dataset of Quern"),
        (["resume", "absent"], "no dataset of Quern"),
        (["verify", "absent"], "no dataset of Quern"),
        (["task", "planned", "99"], "does not exist"),
        (["task", "planned", "x"], "'x' is no task number"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_exit_code_2_and_says_what_is_wrong(shared_mill, args, words):
    if not shared_mill.path("planned.partial").exists():
        assert shared_mill.run("plan", *shared_mill.job("planned")).returncode == 0
    done = shared_mill.run(*args)
    assert done.returncode == 2
    assert words in done.stdout + done.stderr
    assert not shared_mill.path("x.partial").exists()


def test_a_missing_input_is_a_failure_named(mill):
    mill.grist.unlink()
    done = mill.run(*mill.job("never"))
    assert done.returncode == 1
    assert str(mill.grist) in done.stderr
    assert os.listdir(mill.folder) == []


def test_output_that_cannot_be_printed_is_a_failure(mill):
    mill.grind("fine")
    with open("/dev/full", "w") as full:
        done = subprocess.run(mill.command("status", mill.path("fine")), stdout=full,
                              stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert "standard output" in done.stderr


def test_doctor_tells_cpus_memory_isolation_and_space(mill):
    told = mill.json("doctor", mill.folder)
    assert 1 <= told["cpus"] <= len(os.sched_getaffinity(0))
    assert told["memory_bytes"] > 1 << 20
    assert told["free_bytes"] > 0
    assert isinstance(told["pid_namespace"], bool)
    text = mill.run("doctor").stdout
    for word in ("CPUs", "memory", "isolation", "file system"):
        assert word in text


def test_report_names_the_file_it_made(mill):
    dataset = mill.grind("reported")
    (dataset / "report.html").unlink()
    done = mill.run("report", dataset)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(dataset / "report.html")
    assert "</html>" in (dataset / "report.html").read_text()


def test_help_lists_every_command_and_option(mill):
    overview = mill.run("--help").stdout
    for command in ("status", "failures", "resume", "verify", "report", "task", "plan", "work",
                    "glue", "submit", "doctor", "synth", "demo", "help"):
        assert f"  {command}" in overview
        usage, *_, example = mill.run(command, "--help").stdout.strip().splitlines()
        assert usage.startswith(f"Usage: mill {command}")
        assert f"quern {command}" in example
    verb = mill.run("grain", "grind", "--help")
    assert verb.returncode == 0
    for option in ("--tasks", "--jobs", "--timeout", "--memory", "--max-failures", "--overwrite"):
        assert option in verb.stdout


def test_the_dataset_may_be_named_with_or_without_partial_and_slash(live):
    names = [str(live.path("live")), f"{live.path('live')}/", f"{live.path('live')}.partial"]
    for name in names:
        assert live.run("status", name).returncode == 0


def test_a_plan_of_no_tasks_gives_an_empty_dataset(mill):
    dataset = mill.grind("empty", tasks=0)
    assert set(snapshot(dataset)) == {"manifest.json", "loaf.bin"}
    assert (dataset / "loaf.bin").read_bytes() == milled(b"", 0, 0)["loaf.bin"]
