"""Fixtures of the interop tests."""

import pytest
from segy_tools import REAL


def pytest_report_header():
    if not REAL.is_dir():
        return f"skipped: tests with real SEG-Y files, which are not in {REAL}"
    return None


@pytest.fixture(scope="session")
def real():
    """The folder of real files; tests that need it are skipped without it."""
    if not REAL.is_dir():
        pytest.skip("no real files here")
    return REAL
