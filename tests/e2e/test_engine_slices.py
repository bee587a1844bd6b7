"""Slices of a run, worked on by several processes as on several machines: who may work on what,
what becomes of a slice whose worker died, and that the dataset is the same whoever did it."""

import json
import random
import signal

import pytest
from mill_tools import finish, kill_all, processes, snapshot

SHAPE = {"tasks": 60, "work": 10}
LONG = {"tasks": 60, "work": 100}


def plan(mill, name, **shape):
    assert mill.run("plan", *mill.job(name, **shape)).returncode == 0
    return mill.path(name)


def work(mill, name, slice, *options):
    return mill.start("work", "--slice", slice, "-j1", *options, mill.path(name))


def claims(dataset):
    folder = dataset.with_name(dataset.name + ".partial") / ".quern" / "claims"
    return sorted(p.name for p in folder.iterdir())


def kill_with_workers(mill, run):
    run.send_signal(signal.SIGKILL)
    finish(run)


def test_a_slice_alone_is_its_share_of_the_cost(mill):
    plan(mill, "share", **SHAPE)
    code, err = finish(work(mill, "share", "2/4", "--no-take-over"))
    assert code == 0, err
    assert mill.status("share")["done"] == SHAPE["tasks"] // 4


def test_whoever_is_early_takes_over_what_nobody_has_begun(mill):
    plan(mill, "early", **SHAPE)
    code, err = finish(work(mill, "early", "2/4"))
    assert code == 0
    assert err.count("taking over slice") == 3
    assert mill.status("early")["done"] == SHAPE["tasks"]
    assert mill.run("glue", mill.path("early")).returncode == 0


def test_a_slice_that_somebody_works_on_is_left_to_him(mill):
    plan(mill, "held", **LONG)
    first = work(mill, "held", "1/2", "--no-take-over")
    mill.wait_for_done("held", 1, first)
    second = mill.run("work", "--slice", "1/2", "--no-take-over", mill.path("held"))
    assert second.returncode == 0
    assert f"slice 1 of 2 is being worked on by process {first.pid} on" in second.stderr
    first.send_signal(signal.SIGINT)
    assert finish(first)[0] == 130


def test_a_dead_workers_slice_is_taken_over_and_nothing_is_done_twice(mill):
    plan(mill, "dead", **LONG)
    dead = work(mill, "dead", "1/2", "--no-take-over")
    mill.wait_for_done("dead", 3, dead)
    kill_with_workers(mill, dead)
    done = mill.status("dead")["done"]
    assert 3 <= done < LONG["tasks"] // 2
    code, err = finish(work(mill, "dead", "2/2"))
    assert code == 0, err
    assert "taking over slice 1 of 2" in err
    status = mill.status("dead")
    assert status["done"] == LONG["tasks"]
    assert status["attempts"] == LONG["tasks"]
    assert [c for c in claims(mill.path("dead")) if c[0] != "."] == [
        "1-of-2.1", "1-of-2.2", "1-of-2.2.released", "2-of-2.1", "2-of-2.1.released",
    ]


def test_the_claim_of_another_machine_never_expires_by_itself(mill):
    dataset = plan(mill, "far", **SHAPE)
    folder = dataset.with_name("far.partial") / ".quern" / "claims"
    folder.mkdir()
    far = {"host": "far", "here": "other", "pid": 1, "start": 1, "job": "", "restarts": 0}
    (folder / "1-of-2.1").write_text(json.dumps(far))
    code, err = finish(work(mill, "far", "1/2", "--no-take-over"))
    assert code == 0
    assert "slice 1 of 2 is being worked on by process 1 on far" in err
    assert mill.status("far")["done"] == 0
    for command in ("glue", "resume"):
        refused = mill.run(command, dataset)
        assert refused.returncode == 1
        assert "process 1 on far" in refused.stderr
    (folder / "1-of-2.1.released").write_text("")
    assert mill.run("resume", dataset).returncode == 0


def test_two_numbers_of_slices_at_the_same_time_are_refused(mill):
    plan(mill, "mixed", **LONG)
    first = work(mill, "mixed", "1/2", "--no-take-over")
    mill.wait_for_done("mixed", 1, first)
    second = mill.run("work", "--slice", "1/3", mill.path("mixed"))
    assert second.returncode == 1
    assert "another number of slices than 3" in second.stderr
    first.send_signal(signal.SIGINT)
    finish(first)


def test_while_the_whole_is_worked_on_slices_are_refused(mill):
    whole = mill.start(*mill.job("whole", **LONG), "-j1")
    mill.wait_for_done("whole", 1, whole)
    slice = mill.run("work", "--slice", "1/2", mill.path("whole"))
    assert slice.returncode == 1
    assert f"as a whole by process {whole.pid}" in slice.stderr
    whole.send_signal(signal.SIGINT)
    finish(whole)


@pytest.mark.parametrize("seed", range(3))
def test_elements_killed_and_restarted_at_random_give_the_same_bytes(mill, seed):
    """An array of four on one shared folder, kill -9 at random moments, until all is done."""
    moments = random.Random(seed)
    expected = snapshot(mill.grind("alone", "-j4", **SHAPE))
    dataset = plan(mill, "array", **SHAPE)
    running = {k: work(mill, "array", f"{k}/4") for k in range(1, 5)}
    for _ in range(12):
        k = moments.choice(list(running))
        try:
            running[k].wait(moments.uniform(0, 0.08))
        except Exception:
            kill_with_workers(mill, running[k])
        else:
            finish(running[k])
        running[k] = work(mill, "array", f"{k}/4")
    for element in running.values():
        code, err = finish(element)
        assert code == 0, err
    glued = mill.run("glue", dataset)
    assert glued.returncode == 0, glued.stderr
    assert snapshot(dataset) == expected
    kill_all(processes(str(dataset)))
