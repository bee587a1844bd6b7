"""A sample of every job's ordeals: `make fault` runs them all."""

import pytest
from ordeal import JOBS, KINDS, Job, ordeals

POINTS = 60


@pytest.fixture(scope="module", params=list(JOBS))
def job(request, tmp_path_factory):
    made: Job = JOBS[request.param]()
    made.prepare(tmp_path_factory.mktemp(request.param))
    return made


@pytest.fixture(scope="module")
def todo(job):
    return ordeals(job, POINTS, seed=1)


@pytest.mark.parametrize("kind", list(KINDS))
def test_what_was_recorded_survives(job, todo, kind):
    chosen = [ordeal for of_kind, ordeal in todo if of_kind == kind]
    assert chosen
    for ordeal in chosen:
        ordeal()
