"""The same job gives the same bytes, however it is run and however often it is killed."""

import os
import random
import signal
import subprocess
import time

import pytest
from mill_tools import digests, finish, kill_all, milled, parent_of, snapshot, wait_until

SHAPE = {"tasks": 60, "size": 5000}


@pytest.fixture(scope="module")
def reference(shared_mill):
    """One worker, one task a message: the plainest run there is."""
    return snapshot(shared_mill.grind("plain", "-j1", "--batch", 1, **SHAPE))


def test_the_bytes_are_those_of_the_definition(shared_mill, reference):
    expected = digests(milled(shared_mill.grist.read_bytes(), SHAPE["tasks"], SHAPE["size"]))
    assert {n: d for n, d in reference.items() if n != "manifest.json"} == expected


@pytest.mark.parametrize(
    "how",
    [["-j1"], ["-j2"], ["-j7"], ["--in-process"], ["-j3", "--batch", "1"],
     ["-j2", "--durability", "process"], ["-j2", "--timeout", "10x", "--memory", "300M"]],
    ids=lambda how: "".join(how).strip("-"),
)
def test_same_bytes_whatever_the_run_options(shared_mill, reference, how):
    dataset = shared_mill.grind("run" + "".join(how), *how, **SHAPE)
    assert snapshot(dataset) == reference


def test_same_bytes_when_the_number_of_workers_comes_from_the_environment(shared_mill, reference):
    done = shared_mill.run(
        *shared_mill.job("environment", **SHAPE), env=os.environ | {"QUERN_JOBS": "3"}
    )
    assert done.returncode == 0, done.stderr
    assert snapshot(shared_mill.path("environment")) == reference


def test_plan_then_work_then_glue_gives_the_same_bytes(shared_mill, reference):
    steps = [["plan", *shared_mill.job("steps", **SHAPE)],
             ["work", shared_mill.path("steps")], ["glue", shared_mill.path("steps")]]
    for step in steps:
        assert not shared_mill.path("steps").exists()
        done = shared_mill.run(*step)
        assert done.returncode == 0, done.stderr
    assert snapshot(shared_mill.path("steps")) == reference


def test_slices_worked_on_at_the_same_time_give_the_same_bytes(shared_mill, reference):
    dataset = shared_mill.path("slices")
    assert shared_mill.run("plan", *shared_mill.job("slices", **SHAPE)).returncode == 0
    slices = [shared_mill.start("work", "--slice", f"{k}/3", "-j2", dataset) for k in (3, 1, 2)]
    for work in slices:
        code, err = finish(work)
        assert code == 0, err
    assert shared_mill.run("glue", dataset).returncode == 0
    assert snapshot(dataset) == reference


def test_killed_twenty_times_then_resumed_gives_the_same_bytes(mill):
    """SIGKILL to the coordinator at random moments, of planning, work, glue and publishing."""
    shape = {"tasks": 120, "work": 20}
    moments = random.Random(20)
    expected = snapshot(mill.grind("whole", "-j4", **shape))
    kills = 0
    for _ in range(100):
        run = mill.start(*mill.job("killed", **shape), f"-j{moments.choice([1, 2, 3])}")
        try:
            code = run.wait(moments.uniform(0, 0.12) if kills < 20 else 30)
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
            kills += 1
            finish(run)
            continue
        _, err = finish(run)
        assert code == 0, err
        break
    assert kills >= 20
    assert snapshot(mill.path("killed")) == expected


def test_a_task_recorded_done_is_not_done_again_after_a_kill(mill):
    shape = {"tasks": 60, "work": 20, "trouble": ["mark@*"]}
    recorded = 0
    for _ in range(5):
        run = mill.start(*mill.job("killed", **shape), "-j2")
        mill.wait_for_done("killed", recorded + 5, run)
        run.send_signal(signal.SIGKILL)
        finish(run)
        recorded = mill.status("killed")["done"]
    wait_until(lambda: not mill.alive("killed"))
    before = mill.attempts("mark")
    mill.grind("killed", "-j2", **shape)
    # Every attempt after the last kill was at a task that was not recorded done.
    assert mill.attempts("mark") - before <= 60 - recorded
    assert mill.attempts("mark") <= 60 + 5 * 2 * 2  # each kill costs what the workers had in hand


@pytest.mark.alone
def test_workers_killed_at_random_give_the_same_bytes(mill):
    # Tasks are shorter than the pause between kills, so that none is hit three times: also on a
    # machine that is busy with something else.
    shape = {"tasks": 240, "work": 8}
    choice = random.Random(7)
    begin = time.monotonic()
    expected = snapshot(mill.grind("whole", "-j4", **shape))
    slow = max(1, time.monotonic() - begin)
    run = mill.start(*mill.job("hunted", **shape), "-j3")
    kills = 0
    while run.poll() is None and kills < 12:
        time.sleep(slow * choice.uniform(0.03, 0.08))
        pids = mill.alive("hunted")
        # The coordinator's child is the keeper, the keeper's children are the workers.
        workers = [p for p in pids if p != run.pid and parent_of_or_zero(p) not in (run.pid, 0)]
        if workers:
            kill_all([choice.choice(sorted(workers))])
            kills += 1
    code, err = finish(run)
    assert code == 0, err
    assert kills >= 5
    assert snapshot(mill.path("hunted")) == expected
    assert {f["class"] for f in mill.failures("hunted")} == {"crash"}


def parent_of_or_zero(pid):
    try:
        parent = parent_of(pid)
    except OSError:
        return 0
    return parent if parent != os.getpid() else 0
