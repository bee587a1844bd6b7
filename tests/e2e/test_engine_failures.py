"""A task that goes wrong costs itself and nothing else, and everything about it is told."""

import json
import os
import pathlib
import resource
import shlex
import subprocess

import pytest
from mill_tools import Mill, digests, milled, snapshot, wait_until

TASKS, SIZE = 40, 1000
TROUBLE = {
    "crash": 7, "exit0": 3, "hang": 9, "flood": 4, "hog": 5, "swell": 12, "fork": 6, "fail": 8,
    "garbage": 10, "babble": 11, "forget": 13, "litter": 14, "dawdle": 15, "abort": 19, "spin": 20,
    "stop": 21, "scribble": 22,
}
HEALED = {"transient@2:3": 2, "crash@16:2": 16, "eat@17:150": 17, "sleep@1:300": 1}
FOR_GOOD = set(TROUBLE.values()) - {TROUBLE["fork"]}


@pytest.fixture(scope="module")
def troubled(shared_mill):
    """One run in which a third of the tasks misbehaves, each in its own way."""
    trouble = [f"{kind}@{task}" for kind, task in TROUBLE.items()] + list(HEALED)
    job = shared_mill.job("troubled", tasks=TASKS, size=SIZE, trouble=trouble)
    shared_mill.outcome = shared_mill.run(*job, "-j6", "--timeout", "3s", "--memory", "100M")
    shared_mill.left_over = shared_mill.alive("troubled")
    shared_mill.listed = shared_mill.failures("troubled")
    return shared_mill


def failures_of(mill, task):
    return [failure for failure in mill.listed if failure["task"] == task]


def classes_of(mill, kind):
    return [failure["class"] for failure in failures_of(mill, TROUBLE[kind])]


def test_the_dataset_is_complete_but_for_the_failed_tasks(troubled):
    assert troubled.outcome.returncode == 3, troubled.outcome.stderr
    given_up = {f["task"] for f in troubled.listed if f["fate"] == "given up"}
    assert given_up == FOR_GOOD
    manifest = json.loads((troubled.path("troubled") / "manifest.json").read_text())
    assert [entry["task"] for entry in manifest["failed"]] == sorted(FOR_GOOD)


def test_tasks_beside_those_that_fail_give_the_bytes_of_the_definition(troubled):
    expected = milled(troubled.grist.read_bytes(), TASKS, SIZE)
    data = snapshot(troubled.path("troubled"), manifest=False)
    files = {n: d for n, d in digests(expected).items() if n != "loaf.bin"}
    missing = {f"flour/{task:05}.bin" for task in FOR_GOOD if task % 4 == 0}
    assert {n: d for n, d in data.items() if n != "loaf.bin"} == {
        name: digest for name, digest in files.items() if name not in missing
    }


def test_nothing_half_made_is_left_in_the_dataset(troubled):
    done = troubled.run("verify", troubled.path("troubled"))
    assert done.returncode == 0, done.stdout


def test_a_crash_is_recorded_with_its_signal_and_what_it_printed(troubled):
    first = failures_of(troubled, TROUBLE["crash"])[0]
    assert (first["class"], first["signal"]) == ("crash", 11)
    assert "the millstone broke" in first["output_tail"]


def test_an_abort_is_recorded_with_its_signal(troubled):
    assert {f["signal"] for f in failures_of(troubled, TROUBLE["abort"])} == {6}


@pytest.mark.parametrize("kind", ["crash", "abort", "exit0", "babble", "scribble"])
def test_a_task_present_at_three_worker_deaths_is_quarantined(troubled, kind):
    assert classes_of(troubled, kind) == ["crash"] * 3


def test_an_exit_with_status_0_is_no_success(troubled):
    assert "status 0" in failures_of(troubled, TROUBLE["exit0"])[0]["message"]


@pytest.mark.skipif(not os.access("/sys/fs/cgroup/pids", os.W_OK),
                    reason="control groups are not this user's")
def test_groups_of_runs_that_were_killed_are_removed_by_the_next_run(mill):
    gone = subprocess.Popen(["true"])
    gone.wait()
    left = pathlib.Path(f"/sys/fs/cgroup/pids/quern-{gone.pid}/2")
    left.mkdir(parents=True)
    live = pathlib.Path(f"/sys/fs/cgroup/pids/quern-{os.getpid()}")
    live.mkdir()
    try:
        mill.grind("tidy", "-j1", tasks=2)
        assert not left.parent.exists() and live.exists()
    finally:
        live.rmdir()


@pytest.mark.parametrize("kind", ["hang", "spin", "stop", "flood", "dawdle"])
def test_what_never_ends_is_stopped_at_the_time_limit_and_tried_once_more(troubled, kind):
    assert classes_of(troubled, kind) == ["timeout"] * 2


def test_the_end_of_a_flood_of_output_is_kept(troubled):
    tail = failures_of(troubled, TROUBLE["flood"])[0]["output_tail"]
    assert "over its banks" in tail
    assert len(tail) <= 4096


@pytest.mark.parametrize("kind", ["hog", "swell"])
def test_what_eats_all_memory_is_stopped_and_tried_once_more(troubled, kind):
    # On a machine that stands still for seconds an attempt can end by its time limit first.
    assert classes_of(troubled, kind).count("memory") == 2


def test_the_second_try_after_memory_ran_out_gets_a_bigger_share(troubled):
    failures = failures_of(troubled, 17)
    assert [(f["class"], f["fate"]) for f in failures] == [("memory", "done later")]


def test_bad_input_is_not_tried_again_and_is_recorded_with_its_place(troubled):
    (failure,) = failures_of(troubled, TROUBLE["fail"])
    assert (failure["class"], failure["offset"]) == ("input", 4096)
    assert failure["file"] == str(troubled.grist)
    assert failure["message"].endswith("Sift it.")


def test_a_transient_failure_is_tried_until_it_passes(troubled):
    failures = failures_of(troubled, 2)
    assert [f["class"] for f in failures] == ["transient-io"] * 3
    assert {f["fate"] for f in failures} == {"done later"}


def test_a_failure_told_in_bytes_that_are_no_text_is_listed_all_the_same(troubled):
    (failure,) = failures_of(troubled, TROUBLE["garbage"])
    assert failure["message"].startswith("chaff: \N{REPLACEMENT CHARACTER}")


def test_an_output_forgotten_by_the_pipeline_is_its_fault(troubled):
    assert classes_of(troubled, "forget") == ["internal"]


def test_children_that_outlive_their_task_do_not_outlive_the_run(troubled):
    assert not failures_of(troubled, TROUBLE["fork"])
    assert troubled.left_over == []


@pytest.mark.skipif(
    not os.access("/sys/fs/cgroup/pids", os.W_OK)
    and not os.access("/sys/fs/cgroup/cgroup.subtree_control", os.W_OK),
    reason="no control groups can be made here",
)
def test_a_swarm_of_processes_is_bounded_and_dies_with_its_worker(mill):
    mill.run(*mill.job("swarmed", tasks=6, trouble=["swarm@3"]), "-j2")
    (failure,) = mill.failures("swarmed")
    assert 0 < int(failure["message"].split()[0]) < 1100
    wait_until(lambda: not mill.alive("swarmed"))


def test_failures_tells_reason_output_and_how_to_run_the_task_alone(troubled):
    text = troubled.run("failures", troubled.path("troubled")).stdout
    start = text.index(f"task {TROUBLE['crash']},")
    entry = text[start : text.index("\ntask ", start)]
    assert "signal 11" in entry
    assert "the millstone broke" in entry
    assert f"mill task {shlex.quote(str(troubled.path('troubled')))} {TROUBLE['crash']}" in entry


def test_a_task_run_alone_fails_as_it_did_in_the_run(troubled):
    done = troubled.run("task", troubled.path("troubled"), TROUBLE["fail"])
    assert done.returncode == 1
    assert "has a stone in it at byte 4096" in done.stderr


def test_a_task_run_alone_that_crashes_dies_of_its_signal_for_a_debugger_to_see(troubled):
    done = troubled.run("task", troubled.path("troubled"), TROUBLE["crash"])
    assert done.returncode == -11


def test_a_task_run_alone_leaves_its_outputs_beside_the_dataset_and_the_dataset_as_it_is(troubled):
    before = snapshot(troubled.path("troubled"))
    keep = troubled.path("kept")
    done = troubled.run("task", troubled.path("troubled"), 0, "--keep", keep)
    assert done.returncode == 0, done.stderr
    expected = milled(troubled.grist.read_bytes(), 1, SIZE)
    assert (keep / "flour" / "00000.bin").read_bytes() == expected["flour/00000.bin"]
    assert snapshot(troubled.path("troubled")) == before


# ---- runs of their own ------------------------------------------------------------------


def test_what_failed_for_good_is_tried_again_on_demand_and_completes_the_dataset(mill):
    shape = {"tasks": 12, "trouble": ["crash@5:3", "fail@8:1"]}
    done = mill.run(*mill.job("healing", **shape), "-j2")
    assert done.returncode == 3
    assert "resume --retry-failed" in done.stderr
    again = mill.run("resume", "--retry-failed", "-j2", mill.path("healing"))
    assert again.returncode == 0, again.stderr
    expected = digests(milled(mill.grist.read_bytes(), 12, 1000))
    assert snapshot(mill.path("healing"), manifest=False) == expected
    assert mill.run("verify", mill.path("healing")).returncode == 0


def test_resume_does_not_try_again_what_failed_for_good_unless_told_to(mill):
    assert mill.run(*mill.job("gaps", tasks=12, trouble=["fail@8"]), "-j2").returncode == 3
    assert mill.run("resume", mill.path("gaps")).returncode == 3
    assert mill.attempts("fail") == 1


def test_a_time_limit_relative_to_the_mean_stops_what_takes_far_longer(mill):
    """Once twenty are done: the mean of this mill is 10 ms, and 20 times that is 0.2 s."""
    shape = {"tasks": 60, "work": 10, "trouble": ["dawdle@29"]}
    done = mill.run(*mill.job("slow", **shape), "-j2", "--batch", 1, "--timeout", "20x")
    assert done.returncode == 3, done.stderr
    assert [(f["task"], f["class"]) for f in mill.failures("slow")] == [(29, "timeout")] * 2


def test_retries_survive_a_crash_of_other_tasks_in_the_same_batch(mill):
    """Tasks that were in the hands of a worker that died are run, not charged."""
    shape = {"tasks": 300, "trouble": [f"crash@{t}:1" for t in range(0, 300, 30)]}
    dataset = mill.grind("batches", "-j2", **shape)
    assert {f["task"] for f in mill.failures("batches")} == set(range(0, 300, 30))
    expected = digests(milled(mill.grist.read_bytes(), 300, 1000))
    assert snapshot(dataset, manifest=False) == expected


@pytest.mark.parametrize("limit", ["3", "10%"])
def test_too_many_failures_stop_the_run_and_leave_it_resumable(mill, limit):
    shape = {"tasks": 40, "work": 10, "trouble": [f"fail@{t}:1" for t in range(0, 40, 2)]}
    job = mill.job("stopped", **shape)
    done = mill.run(*job, "-j1", "--batch", 1, "--max-failures", limit)
    assert done.returncode == 1
    assert "has a stone in it" in done.stderr
    assert "resume" in done.stderr
    allowed = 3 if limit == "3" else 4
    assert mill.attempts("fail") == allowed + 1
    assert mill.run("resume", "--retry-failed", mill.path("stopped")).returncode == 3
    assert mill.status("stopped")["done"] == 40 - 20 + allowed + 1


def test_a_run_in_which_every_task_fails_the_same_way_stops_by_itself(mill):
    done = mill.run(*mill.job("hopeless", tasks=500, trouble=["fail@*"]), "-j2")
    assert done.returncode == 1
    assert mill.attempts("fail") < 100
    assert not mill.path("hopeless").exists()


def test_no_dataset_is_made_of_nothing(mill):
    done = mill.run(*mill.job("it's; nothing", tasks=3, trouble=["fail@*"]))
    assert done.returncode == 1
    assert "all 3 tasks failed" in done.stderr
    assert not mill.path("it's; nothing").exists()
    dataset = shlex.quote(str(mill.path("it's; nothing"))).replace("\"'\"", "\\'")
    assert f"quern failures {dataset} tells why" in done.stderr


def test_a_full_disk_in_one_task_stops_the_run_without_charging_any_task(mill):
    job = mill.job("full", tasks=30, trouble=["full@11:1"])
    done = mill.run(*job, "-j2")
    assert done.returncode == 1
    assert "No space left" in done.stderr and "resume" in done.stderr
    assert mill.run(*job).returncode == 0
    assert mill.status("full")["failed"] == 0


def test_workers_that_crash_before_any_task_are_started_again(mill):
    mill.grind("stumbling", "-j2", tasks=12, trouble=["stumble@0:5"])
    assert mill.failures("stumbling") == []


def test_a_run_whose_workers_all_crash_before_any_task_stops_and_says_why(mill):
    done = mill.run(*mill.job("stumbling", tasks=12, trouble=["stumble@0"]), "-j2")
    assert done.returncode == 1
    assert "signal 11" in done.stderr and "the millstone broke" in done.stderr


def test_a_worker_that_cannot_be_opened_stops_the_run_with_its_reason(mill):
    assert mill.run("plan", *mill.job("closed", tasks=5)).returncode == 0
    mill.grist.unlink()
    done = mill.run("work", mill.path("closed"))
    assert done.returncode == 1
    assert str(mill.grist) in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become a user without processes")
@pytest.mark.parametrize(
    "allowed, says",
    [(0, "in this process"), (1, "in this process"), (2, "with fewer workers")],
    ids=["no-keeper", "no-worker", "one-worker"],
)
def test_where_processes_cannot_be_started_the_run_goes_on_and_says_so(
    tmp_path_factory, allowed, says
):
    """`allowed` processes beside the coordinator itself, for three workers and their keeper."""
    folder = tmp_path_factory.mktemp("poor")
    mill = Mill(folder)
    mill.open_to_others(0o777)
    user = 54321 + allowed  # has no other processes

    def limit():
        resource.setrlimit(resource.RLIMIT_NPROC, (allowed + 1, allowed + 1))

    done = mill.run(
        *mill.job("poor", tasks=12), "-j3", user=user, group=user, preexec_fn=limit,
        env=os.environ | {"ASAN_OPTIONS": "detect_leaks=0"},  # that would take a process more
    )
    assert done.returncode == 0, done.stderr
    assert "Going on " + says in done.stderr
    expected = digests(milled(mill.grist.read_bytes(), 12, 1000))
    assert snapshot(mill.path("poor"), manifest=False) == expected
