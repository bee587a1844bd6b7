"""ClickHouse, as chdb, on the tables of a rollup. It is too large (550 MB) to be installed for the
tests; `make bench` has it and compares a month cell by cell. Once `.venv/bin/pip install chdb==4.4.0`
has been run, these tests run as well."""

import pyarrow.parquet
import pytest
from ercot_tools import rollup
from segy_tools import quern

chdb = pytest.importorskip("chdb", reason="ClickHouse reads no rollup: chdb is not installed")

COLUMNS = ("toUnixTimestamp64Micro(interval_start_utc) as start, SettlementPointName as name, "
           "SettlementPointType as type, SettlementPointPrice as price, repeated_hour as again")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Two days of prices."""
    folder = tmp_path_factory.mktemp("clickhouse")
    quern("synth", "ercot", "-o", folder / "in", "--points", 60, "--days", 2)
    rollup(folder / "out.ds", folder / "in")
    return folder / "out.ds" / "rt_spp" / "2024.parquet"


def clickhouse(path, where):
    text = str(chdb.query(f"select {COLUMNS} from file('{path}', Parquet) where {where} "
                          "settings input_format_parquet_preserve_order = 1", "TabSeparated"))
    return [tuple(line.split("\t")) for line in text.splitlines()]


def arrow(path, keep):
    rows = pyarrow.parquet.read_table(path).to_pylist()
    return [(str(int(row["interval_start_utc"].timestamp()) * 1000000), row["SettlementPointName"],
             row["SettlementPointType"], row["SettlementPointPrice"],
             str(row["repeated_hour"]).lower()) for row in rows if keep(row)]


@pytest.mark.parametrize("where, keep", [
    ("1", lambda row: True),
    ("SettlementPointName = 'LZ_WEST'", lambda row: row["SettlementPointName"] == "LZ_WEST"),
    ("SettlementPointName = 'NOWHERE'", lambda row: False),
    ("interval_start_utc >= '2024-03-02 12:00:00'",
     lambda row: (row["interval_start_utc"].day, row["interval_start_utc"].hour) >= (2, 12)),
], ids=["all", "by the Bloom filter", "a name not there", "by the page index"])
def test_clickhouse_reads_the_same_cells(path, where, keep):
    got = [(*row[:3], float(row[3]), row[4]) for row in clickhouse(path, where)]
    assert got == arrow(path, keep)
