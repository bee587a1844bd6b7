"""Fixtures of the end-to-end tests."""

import pytest
from mill_tools import Mill, kill_all, processes


@pytest.fixture
def mill(tmp_path):
    yield Mill(tmp_path)
    kill_all(processes(str(tmp_path)))


@pytest.fixture(scope="module")
def shared_mill(tmp_path_factory):
    """For runs that several claims look at."""
    folder = tmp_path_factory.mktemp("mill")
    yield Mill(folder)
    kill_all(processes(str(folder)))
