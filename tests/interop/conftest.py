"""What the tests say at their end."""

from ercot_tools import REAL as ERCOT
from segy_tools import REAL, SHARED

EXTERNAL = {
    REAL: "imports of real SEG-Y files",
    SHARED / "data" / "transit": "light curves and numbers of other programs",
    ERCOT: "rollups of real market files",
    SHARED / "data" / "parquet-testing": "Parquet files of other writers",
}


def pytest_terminal_summary(terminalreporter):
    """One line naming what could not be run, and why."""
    missing = [what for folder, what in EXTERNAL.items() if not folder.is_dir()]
    if missing:
        terminalreporter.write_line(
            f"skipped: {' and '.join(missing)} (no {SHARED / 'data'}; set QUERN_SHARED)"
        )
