"""Names, options and answers on the way to and from Slurm, whose programs are played here: what is
put into scripts stays what it is, and what a run directory says is not believed blindly."""

import json
import os
import shlex
import stat

import pytest

ANSWER = "4711"


@pytest.fixture
def slurm(mill):
    """A folder with sbatch and squeue: sbatch notes its words and prints what `answer` holds."""
    folder = mill.path("bin")
    folder.mkdir()
    (folder / "answer").write_text(ANSWER)
    scripts = {"sbatch": f'printf "%s\\n" "$*" >> {folder}/calls\ncat {folder}/answer\n',
               "squeue": "echo 'Invalid job id' >&2\nexit 1\n"}
    for name, text in scripts.items():
        (folder / name).write_text("#!/bin/sh\n" + text)
        (folder / name).chmod(stat.S_IRWXU)
    return folder


def submit(mill, slurm, name, *options, **more):
    environment = {**os.environ, "PATH": f"{slurm}:{os.environ['PATH']}"}
    return mill.run("submit", "--slurm", *options, "--", *mill.job(name, tasks=4), env=environment,
                    **more)


def resume(mill, slurm, name, *options):
    environment = {**os.environ, "PATH": f"{slurm}:{os.environ['PATH']}"}
    return mill.run("resume", "--slurm", *options, mill.path(name), env=environment)


def calls(slurm):
    return (slurm / "calls").read_text().splitlines() if (slurm / "calls").exists() else []


NAMES = ["two words", "x --partition=evil", "it's", "a#b", "$(touch PWNED)"]


@pytest.mark.parametrize("name", NAMES)
def test_every_line_for_sbatch_is_one_option_whatever_the_dataset_is_called(mill, slurm, name):
    done = submit(mill, slurm, name, "--dry-run")
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("#SBATCH")]
    words = [shlex.split(line)[1:] for line in lines]
    assert all(len(options) == 1 for options in words), words
    assert [f"--job-name=quern-work-{name}"] in words and [f"--job-name=quern-glue-{name}"] in words


@pytest.mark.parametrize("name", ['"', "a\nb", "a\\b", "50%", "\x1b[31m"])
def test_a_name_that_a_script_cannot_hold_is_refused(mill, slurm, name):
    done = submit(mill, slurm, name, "--dry-run")
    assert done.returncode == 2 and "cannot stand in a script" in done.stderr


def test_nor_is_it_taken_from_behind_a_link(mill, slurm):
    name = 'a"\n#SBATCH --partition=evil'
    mill.grind(name, tasks=4)
    mill.run("plan", *mill.job(name, tasks=5), "--overwrite")
    mill.path("link").symlink_to(mill.path(name))
    done = resume(mill, slurm, "link", "--dry-run")
    assert done.returncode == 2 and "cannot stand in a script" in done.stderr


def test_arguments_for_sbatch_hold_once_and_are_not_taken_from_a_folder(mill, slurm):
    assert submit(mill, slurm, "x", "--sbatch-arg=--hold", "--account", "a1").returncode == 0
    assert "--hold" in calls(slurm)[0]
    kept = mill.path("x.partial") / ".quern/slurm/options.json"
    options = json.loads(kept.read_text())
    assert options["account"] == "a1" and "sbatch-arg" not in options
    kept.write_text(json.dumps(options | {"sbatch-arg": ["/tmp/evil.sh"]}))
    assert resume(mill, slurm, "x").returncode == 0
    assert not any("evil" in call for call in calls(slurm))


def test_too_many_arguments_for_sbatch_are_refused_and_not_dropped(mill, slurm):
    done = submit(mill, slurm, "x", *["--sbatch-arg=--hold"] * 300)
    assert done.returncode == 2 and "arguments for sbatch" in done.stderr
    assert not calls(slurm)


def test_what_sbatch_prints_must_be_the_number_of_a_job(mill, slurm):
    (slurm / "answer").write_text("Good morning!")
    done = submit(mill, slurm, "x")
    assert done.returncode == 1 and "Good morning!" in done.stderr
    assert len(calls(slurm)) == 1  # nothing was made to wait for it


def test_a_run_that_names_no_job_but_a_command_is_damaged(mill, slurm):
    """What is told to be copied, "scancel ...", comes from the folder of the run."""
    assert submit(mill, slurm, "x").returncode == 0
    submitted = mill.path("x.partial") / ".quern/slurm/submitted.json"
    submitted.write_text(json.dumps({"array": "1; touch PWNED", "glue": "2", "slices": 4}))
    done = resume(mill, slurm, "x")
    assert done.returncode == 1 and "damaged" in done.stderr and "PWNED" not in done.stderr


@pytest.mark.parametrize("job", ["", "x", "-1", "\x1b[31m", "9" * 300])
def test_a_job_in_the_environment_that_is_none_is_not_believed(mill, job):
    mill.run("plan", *mill.job("y", tasks=4))
    done = mill.run("work", "--slice", "1/2", mill.path("y"),
                    env={**os.environ, "SLURM_JOB_ID": job, "SLURM_CPUS_PER_TASK": "-3",
                         "SLURM_MEM_PER_NODE": "nan", "SLURM_RESTART_COUNT": "-1e9"})
    assert done.returncode == 0, done.stderr
    (claim,) = (mill.path("y.partial") / ".quern/claims").glob("1-of-2.1")
    assert json.loads(claim.read_text())["job"] == ""
