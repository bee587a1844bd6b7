"""A run stops at once when asked, leaves nothing behind when killed, and goes on where it was."""

import os
import shlex
import signal
import time

import pytest
from mill_tools import digests, finish, milled, parent_of, snapshot, wait_until

LONG = {"tasks": 400, "work": 50}
FEW = {"tasks": 40, "work": 20}


def expected_of(mill, shape):
    return digests(milled(mill.grist.read_bytes(), shape["tasks"], 1000))


@pytest.mark.alone
@pytest.mark.parametrize("how", [["-j2"], ["--in-process"]], ids=["workers", "in-process"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP],
                         ids=lambda number: number.name)
def test_a_signal_stops_the_run_at_once_and_it_says_how_to_resume(mill, how, number):
    run = mill.start(*mill.job("stopped", **LONG), *how)
    mill.wait_for_done("stopped", 1, run)
    asked = time.monotonic()
    run.send_signal(number)
    code, err = finish(run)
    took = time.monotonic() - asked
    assert code == 130, err
    assert took < 0.6  # the tasks look every 5 ms; the rest is patience with a busy machine
    assert f"mill resume {shlex.quote(str(mill.path('stopped')))}" in err
    assert mill.alive("stopped") == []


def test_a_stopped_run_resumes_to_the_same_bytes(mill):
    run = mill.start(*mill.job("stopped", **FEW), "-j2")
    mill.wait_for_done("stopped", 3, run)
    run.send_signal(signal.SIGINT)
    assert finish(run)[0] == 130
    assert mill.status("stopped")["state"] == "stopped, resumable"
    done = mill.run("resume", "-j2", mill.path("stopped"))
    assert done.returncode == 0, done.stderr
    assert snapshot(mill.path("stopped"), manifest=False) == expected_of(mill, FEW)


def test_repeating_the_command_resumes_too(mill):
    run = mill.start(*mill.job("stopped", **FEW), "-j2")
    mill.wait_for_done("stopped", 3, run)
    run.send_signal(signal.SIGINT)
    assert finish(run)[0] == 130
    assert snapshot(mill.grind("stopped", "-j2", **FEW), manifest=False) == expected_of(mill, FEW)


@pytest.mark.alone
def test_a_task_that_is_deaf_does_not_hold_up_a_cancel(mill):
    run = mill.start(*mill.job("deaf", tasks=4, trouble=["hang@2"]), "-j2")
    wait_until(lambda: mill.attempts("hang") == 1)
    asked = time.monotonic()
    run.send_signal(signal.SIGINT)
    code, err = finish(run)
    assert code == 130, err
    assert time.monotonic() - asked < 1
    assert mill.alive("deaf") == []
    assert mill.failures("deaf") == []  # a cancel is charged to nobody


@pytest.mark.alone
def test_asking_twice_leaves_at_once(mill):
    run = mill.start(*mill.job("deaf", tasks=4, trouble=["hang@2"]), "-j2")
    wait_until(lambda: mill.attempts("hang") == 1)
    asked = time.monotonic()
    run.send_signal(signal.SIGINT)
    time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    code, err = finish(run)
    assert code == 130, err
    assert time.monotonic() - asked < 0.6


def test_a_signal_during_glue_stops_it_and_the_run_resumes(mill):
    shape = {"tasks": 20, "knead": 50}
    run = mill.start(*mill.job("kneaded", **shape), "-j2")
    mill.wait_for_done("kneaded", 20, run)
    time.sleep(0.1)
    run.send_signal(signal.SIGINT)
    code, err = finish(run)
    assert code == 130, err
    assert "mill resume" in err
    assert not mill.path("kneaded").exists()
    assert mill.run("resume", mill.path("kneaded")).returncode == 0
    assert snapshot(mill.path("kneaded"), manifest=False) == expected_of(mill, shape)


def test_signals_at_any_moment_lose_nothing(mill):
    """A signal before the run listens for it ends it as any program; later it is obeyed."""
    for step in range(25):
        run = mill.start(*mill.job("nervous", **FEW), "-j2")
        time.sleep(step * 0.012)
        run.send_signal(signal.SIGTERM)
        code, err = finish(run)
        assert code in (0, 130, -signal.SIGTERM), err
    assert snapshot(mill.grind("nervous", "-j2", **FEW), manifest=False) == expected_of(mill, FEW)


def test_no_process_is_left_when_the_coordinator_is_killed(mill):
    """Neither workers nor what tasks started, though they ignore SIGTERM and have sessions of
    their own."""
    shape = {"tasks": 9, "trouble": ["hang@2", "hang@5", "fork@8"]}  # the dearest go first
    run = mill.start(*mill.job("killed", **shape), "-j3")
    wait_until(lambda: mill.attempts("hang") == 2 and mill.attempts("fork") == 1)
    wait_until(lambda: len(mill.alive("killed")) >= 1 + 1 + 3 + 40)
    run.send_signal(signal.SIGKILL)
    finish(run)
    wait_until(lambda: not mill.alive("killed"), 2)


def test_no_process_is_left_when_the_keeper_is_killed_and_the_run_can_be_resumed(mill):
    run = mill.start(*mill.job("orphaned", **LONG), "-j2")
    mill.wait_for_done("orphaned", 1, run)
    (keeper,) = [p for p in mill.alive("orphaned") if p != run.pid and parent_of(p) == run.pid]
    os.kill(keeper, signal.SIGKILL)
    code, err = finish(run)
    assert code == 1
    assert "mill resume" in err
    wait_until(lambda: not mill.alive("orphaned"), 2)
    assert mill.status("orphaned")["state"] == "stopped, resumable"


def test_children_of_a_task_are_gone_when_its_worker_dies(mill):
    """While the run goes on: what a crash leaves behind does not wait for the end."""
    trouble = ["fork@0:1", "crash@0:1", "sleep@1:3000"]
    run = mill.start(*mill.job("family", tasks=2, trouble=trouble), "-j2", "--batch", 1)
    wait_until(lambda: mill.attempts("crash") >= 1)
    wait_until(lambda: len(mill.alive("family")) <= 4, 2)
    assert run.poll() is None
    assert finish(run)[0] == 0


def test_a_killed_run_leaves_no_lock(mill):
    run = mill.start(*mill.job("killed", **LONG), "-j2")
    mill.wait_for_done("killed", 1, run)
    run.send_signal(signal.SIGKILL)
    finish(run)
    again = mill.start(*mill.job("killed", **LONG), "-j2")
    mill.wait_for_done("killed", mill.status("killed")["done"] + 1, again)
    again.send_signal(signal.SIGINT)
    assert finish(again)[0] == 130


def test_a_second_run_of_a_live_one_is_refused_and_names_the_first(mill):
    run = mill.start(*mill.job("busy", **LONG), "-j2")
    mill.wait_for_done("busy", 1, run)
    second = mill.run(*mill.job("busy", **LONG), "-j2")
    assert second.returncode == 1
    assert f"process {run.pid} on" in second.stderr
    assert run.poll() is None
    run.send_signal(signal.SIGINT)
    assert finish(run)[0] == 130


def test_two_that_start_at_once_make_one_dataset(mill):
    shape = {"tasks": 30, "work": 5}
    for attempt in range(5):
        name = f"twins{attempt}"
        twins = [mill.start(*mill.job(name, **shape), "-j1") for _ in range(2)]
        ends = [finish(twin) for twin in twins]
        assert 0 in (code for code, _ in ends), ends
        assert all(code in (0, 1) for code, _ in ends), ends
        assert snapshot(mill.path(name), manifest=False) == expected_of(mill, shape)
        assert mill.run("verify", mill.path(name)).returncode == 0


def test_while_a_slice_is_worked_on_the_whole_cannot_be_and_status_says_running(mill):
    assert mill.run("plan", *mill.job("sliced", **LONG)).returncode == 0
    work = mill.start("work", "--slice", "1/2", "-j1", mill.path("sliced"))
    mill.wait_for_done("sliced", 1, work)
    assert mill.status("sliced")["state"] == "running"
    whole = mill.run("resume", mill.path("sliced"))
    assert whole.returncode == 1
    assert f"process {work.pid} on" in whole.stderr
    work.send_signal(signal.SIGINT)
    assert finish(work)[0] == 130
