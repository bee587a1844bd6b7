"""A sample of every job's ordeals: `make fault` runs them all."""

import os
import subprocess

import pytest
from ordeal import BUILD, JOBS, KINDS, Job, ordeals

POINTS, POINTS_OF_FILES = 100, 25
FLIPS = 400


@pytest.fixture(scope="module", params=list(JOBS))
def job(request, tmp_path_factory):
    made: Job = JOBS[request.param]()
    made.prepare(tmp_path_factory.mktemp(request.param))
    return made


@pytest.fixture(scope="module")
def todo(job):
    return ordeals(job, POINTS if "ledger" in job.kinds else POINTS_OF_FILES, seed=1)


@pytest.mark.parametrize("kind", list(KINDS))
def test_what_was_recorded_survives(job, todo, kind):
    if kind not in job.kinds:
        pytest.skip(f"no {KINDS[kind][0]}: files are written by one process")
    chosen = [ordeal for of_kind, ordeal in todo if of_kind == kind]
    assert chosen
    for ordeal in chosen:
        ordeal()


def test_any_flipped_bit_of_a_dataset_is_found_and_its_file_named(job):
    if "ledger" not in job.kinds:
        pytest.skip("no dataset: nothing to verify")
    job.flip_bits(FLIPS, seed=1)


def verify(job):
    program = job.program if job.program.name == "witness_mill" else BUILD / "quern"
    return subprocess.run([program, "verify", job.dataset], capture_output=True, text=True, timeout=20)


def test_a_file_that_is_missing_or_a_pipe_is_named_whatever_it_is(job):
    if "ledger" not in job.kinds:
        pytest.skip("no dataset: nothing to verify")
    job.clear()
    job.check_end("before files are taken away")
    assert verify(job).returncode == 0
    for name in sorted(job.expected.keys() - {"manifest.json"}):
        path, aside = job.dataset / name, job.folder / "aside"
        path.rename(aside)
        done = verify(job)
        assert done.returncode == 1 and f"FOUND {name}: the file is missing" in done.stdout, done
        os.mkfifo(path)
        done = verify(job)
        assert done.returncode == 1 and f"FOUND {name}: " in done.stdout, done
        aside.rename(path)
