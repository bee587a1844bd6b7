"""Runs as jobs of a real Slurm: submitted, killed, out of time, cancelled, resumed; always the same
bytes as on one machine alone."""

import os
import re
import signal
import subprocess

import pytest
from mill_tools import BUILD, processes, snapshot, wait_until

SHAPE = {"tasks": 60, "work": 50}
LONG = {"tasks": 60, "work": 400}
MEASURES = ["--cpus", 1, "--mem", "500M", "--time", 10]


def submit(mill, name, shape, *options):
    """Submits a grinding job; the ids of its array and of its glue."""
    done = mill.run("submit", "--slurm", *MEASURES, *options, "--", *mill.job(name, **shape))
    assert done.returncode == 0, done.stderr
    return re.search(r"submitted as job (\d+) .* job (\d+) glues", done.stdout).groups()


def partial(mill, name):
    return mill.path(name + ".partial")


def logs(folder):
    return "".join(log.read_text() for log in sorted((folder / ".quern/slurm").glob("*.log")))


def wait_for_done(mill, name, tasks):
    wait_until(lambda: mill.status(name)["done"] >= tasks, 60)


def workers_of(mill, name, slice):
    return processes("work", f"--slice {slice}", str(mill.path(name)))


@pytest.fixture
def expected(mill):
    return snapshot(mill.grind("alone", "-j2", **SHAPE))


def test_an_array_gives_the_same_bytes_as_one_machine(slurm, mill, expected):
    array, glue = submit(mill, "x", SHAPE, "--array", 4)
    assert set(slurm.wait_for(array).values()) == {"COMPLETED"}
    assert set(slurm.wait_for(glue).values()) == {"COMPLETED"}
    assert snapshot(mill.path("x")) == expected
    said = logs(mill.path("x"))
    for k in range(1, 5):
        assert f"job {array}_{k}: 1 workers; 1 CPUs by SLURM_CPUS_PER_TASK" in said
    assert "0.5 GB of memory by SLURM_MEM_PER_NODE" in said


def test_scratch_of_the_node_is_used_and_left_empty(slurm, mill, expected, tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    os.environ["NODE_SCRATCH"] = str(scratch)
    array, glue = submit(mill, "x", SHAPE, "--array", 3, "--scratch", "$NODE_SCRATCH")
    slurm.wait_for(array)
    slurm.wait_for(glue)
    assert snapshot(mill.path("x")) == expected
    assert list(scratch.iterdir()) == []


def test_status_shows_the_run_and_its_jobs(slurm, mill):
    array, glue = submit(mill, "x", LONG, "--array", 3)
    wait_for_done(mill, "x", 2)
    status = mill.status("x")
    assert status["state"] == "running"
    assert status["slurm"]["array_states"] == {"RUNNING": 3}
    assert status["slurm"]["glue_states"] == {"PENDING": 1}
    text = mill.run("status", mill.path("x")).stdout
    assert f"job {array}: 3 running" in text and f"job {glue}: 1 pending" in text
    slurm.run("scancel", array, glue)


def test_a_killed_element_is_taken_over_and_its_tasks_are_not_done_twice(slurm, mill, expected):
    array, glue = submit(mill, "x", SHAPE, "--array", 3)
    wait_for_done(mill, "x", 6)
    for pid in workers_of(mill, "x", "2/3"):
        os.kill(pid, signal.SIGKILL)
    slurm.wait_for(array)
    slurm.wait_for(glue)
    assert snapshot(mill.path("x")) == expected
    status = mill.status("x")
    assert status["done"] == SHAPE["tasks"]
    assert status["attempts"] == SHAPE["tasks"]


def test_a_node_that_fails_costs_nothing_but_time(slurm, mill):
    shape = {"tasks": 60, "work": 200}
    expected = snapshot(mill.grind("alone", "-j2", **shape))
    array, glue = submit(mill, "x", shape, "--array", 3)
    wait_for_done(mill, "x", 6)
    node = slurm.run("squeue", "-h", "-j", f"{array}_2", "-o", "%N").strip()
    slurmd = int((slurm.folder / f"slurmd.{node}.pid").read_text())
    steps = subprocess.run(["pgrep", "-f", f"slurmstepd: \\[{array}_2"], capture_output=True)
    for pid in [slurmd, *map(int, steps.stdout.split()), *workers_of(mill, "x", "2/3")]:
        os.kill(pid, signal.SIGKILL)
    slurm.run("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=test")
    try:
        slurm.wait_for(array)
        slurm.wait_for(glue)
    finally:
        slurm.run("slurmd", "-N", node)
        wait_until(lambda: "idle" in slurm.run("sinfo", "-hN", "-n", node, "-o", "%t"), 30)
    assert snapshot(mill.path("x")) == expected


def test_an_element_at_its_time_limit_stops_cleanly_and_is_requeued(slurm, mill):
    shape = {"tasks": 80, "work": 500}  # Slurm looks at its clock twice a minute
    expected = snapshot(mill.grind("alone", "-j2", **shape))
    array, glue = submit(mill, "x", shape, "--array", 1, "--time", 1, "--stop-before", 55)
    slurm.wait_for(array, 150)
    slurm.wait_for(glue)
    said = logs(mill.path("x"))
    assert "out of time: requeued to go on" in said
    assert snapshot(mill.path("x")) == expected
    status = mill.status("x")
    assert status["sessions"] >= 2
    assert status["done"] == shape["tasks"]


def test_elements_that_never_start_are_not_waited_for(slurm, mill, expected):
    array, glue = submit(mill, "x", SHAPE, "--array", 3, "--sbatch-arg=--hold")
    slurm.run("scontrol", "release", f"{array}_1")
    states = slurm.wait_for(array)
    assert states[f"{array}_1"] == "COMPLETED"
    assert set(states.values()) == {"COMPLETED", "CANCELLED"}
    slurm.wait_for(glue)
    assert snapshot(mill.path("x")) == expected


def test_after_cancelling_glue_lists_the_gaps_and_resume_submits_just_them(slurm, mill):
    shape = {"tasks": 30, "work": 200}
    expected = snapshot(mill.grind("alone", "-j2", **shape))
    array, glue = submit(mill, "x", shape, "--array", 3)
    wait_for_done(mill, "x", 3)
    refused = mill.run("resume", "--slurm", mill.path("x"))
    assert refused.returncode == 1
    assert f"Slurm's job {array}_" in refused.stderr
    slurm.run("scancel", array)
    slurm.wait_for(array)
    slurm.wait_for(glue)
    done = mill.status("x")["done"]
    assert 3 <= done < shape["tasks"]
    assert not mill.path("x").exists()
    assert f"{shape['tasks'] - done} of {shape['tasks']} tasks are missing" in logs(
        partial(mill, "x")
    )
    again = mill.run("resume", "--slurm", mill.path("x"))
    assert again.returncode == 0, again.stderr
    assert f"{shape['tasks'] - done} of {shape['tasks']} tasks are left" in again.stdout
    array, glue = re.search(r"submitted as job (\d+) .* job (\d+) glues", again.stdout).groups()
    slurm.wait_for(array)
    slurm.wait_for(glue)
    assert snapshot(mill.path("x")) == expected
    assert mill.status("x")["done"] == shape["tasks"]


# Of each pipeline: its input and a job over it, cut into many small tasks.
PIPELINES = {
    "segy": (
        ["segy", "--inlines", 100, "--crosslines", 100, "--samples", 300, "-o", "in"],
        ["segy", "import", "in", "--ensemble-key", "inline", "--chunk-traces", 64,
         "--shard-traces", 512, "--segment-traces", 512],
    ),
    "ercot": (
        ["ercot", "--days", 28, "--faults", "-o", "in"],
        ["ercot", "rollup", "in"],
    ),
    "transit": (
        ["transit", "--stars", 12, "-o", "in"],
        ["transit", "features", "in/candidates.csv", "--light-curves", "in"],
    ),
    "lunar": (
        ["lunar", "--days", 3, "--sweeps-per-day", 40, "-o", "in"],
        ["lunar", "map", "in"],
    ),
}


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_the_dataset_of_a_cluster_is_that_of_a_laptop(slurm, tmp_path, pipeline):
    def quern(*words, exits=(0,)):
        done = subprocess.run(
            [BUILD / "quern", *map(str, words)], capture_output=True, text=True, cwd=tmp_path
        )
        assert done.returncode in exits, done.stderr
        return done.stdout

    synth, job = PIPELINES[pipeline]
    quern("synth", *synth)
    quern(*job, "-o", "laptop.ds", exits=(0, 3))  # 3: some of the input is not usable
    said = quern("submit", "--slurm", *MEASURES, "--array", 3, "--", *job, "-o", "cluster.ds")
    array, glue = re.search(r"submitted as job (\d+) .* job (\d+) glues", said).groups()
    assert set(slurm.wait_for(array).values()) == {"COMPLETED"}
    slurm.wait_for(glue)
    assert snapshot(tmp_path / "cluster.ds") == snapshot(tmp_path / "laptop.ds")
    assert set(slurm.states(array)) == {f"{array}_{k}" for k in range(1, 4)}
    quern("verify", "cluster.ds")
