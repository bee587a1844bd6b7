"""Files of parquet_sample.c as pyarrow, DuckDB, Polars and pandas read them."""

import datetime
import decimal
import math
import os
import pathlib
import subprocess

import duckdb
import pandas
import polars
import pyarrow.parquet as pq
import pytest

ROWS = 25000
BUILD = pathlib.Path(os.environ.get("QUERN_BUILD", pathlib.Path(__file__).parents[2] / "build"))
EPOCH = datetime.datetime(1970, 1, 1)


def integer(i):
    return i // 3 * (1 if i % 2 else -1)


def wrapped(bits, signed=True):
    def value(i):
        v = integer(i) & ((1 << bits) - 1)
        return v - (1 << bits) if signed and v >> (bits - 1) else v

    return value


def text(i):
    return f"{i:070d} ä" if i % 10 == 0 else f"name {i % 1000}"


def real(i):
    return math.nan if i % 13 == 0 else i / 8


FORMULAS = {
    "boolean": lambda i: i % 3 == 0,
    "int8": wrapped(8),
    "int16": wrapped(16),
    "int32": wrapped(32),
    "int64": wrapped(64),
    "uint8": wrapped(8, False),
    "uint16": wrapped(16, False),
    "uint32": wrapped(32, False),
    "uint64": wrapped(64, False),
    "float": real,
    "double": real,
    "string": text,
    "binary": lambda i: text(i).encode(),
    "fixed": lambda i: b"%08d" % (i % 5000),
    "date": lambda i: datetime.date(1970, 1, 1) + datetime.timedelta(days=integer(i)),
    "utc": lambda i: (EPOCH + datetime.timedelta(microseconds=integer(i))).replace(
        tzinfo=datetime.timezone.utc
    ),
    "local": lambda i: EPOCH + datetime.timedelta(microseconds=integer(i)),
    "decimal32": lambda i: decimal.Decimal(integer(i)) / 100,
    "decimal64": lambda i: decimal.Decimal(integer(i)) / 100,
}
ENCODINGS = ["auto", "plain", "dictionary", "delta", "split"]
CASES = [(t, e, n) for t in FORMULAS for e in ENCODINGS for n in ("", "-nulls")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("parquet")
    subprocess.run([BUILD / "tests" / "parquet_sample", path], check=True)
    return path


def expected(kind, nulls):
    formula = FORMULAS[kind]
    column = [None if nulls and i % 7 == 3 else formula(i) for i in range(ROWS)]
    return column + column


def plain(values):
    """NaN compares with nothing: make it a word."""
    return ["NaN" if isinstance(v, float) and math.isnan(v) else v for v in values]


@pytest.mark.parametrize("kind,encoding,nulls", CASES)
def test_pyarrow_reads_every_value_and_checksum(folder, kind, encoding, nulls):
    table = pq.read_table(
        folder / f"{kind}-{encoding}{nulls}.parquet", page_checksum_verification=True
    )
    assert plain(table["x"].to_pylist()) == plain(expected(kind, nulls))


@pytest.mark.parametrize("kind", FORMULAS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_duckdb_reads_every_value(folder, kind, encoding):
    path = folder / f"{kind}-{encoding}-nulls.parquet"
    column = "timezone('UTC', x)" if kind == "utc" else "x"
    got = [row[0] for row in duckdb.execute(f"SELECT {column} FROM '{path}'").fetchall()]
    kind = "local" if kind == "utc" else kind
    assert plain(got) == plain(expected(kind, "-nulls"))


@pytest.mark.parametrize("kind", FORMULAS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_polars_reads_every_value(folder, kind, encoding):
    frame = polars.read_parquet(folder / f"{kind}-{encoding}-nulls.parquet")
    assert plain(frame["x"].to_list()) == plain(expected(kind, "-nulls"))


@pytest.mark.parametrize("kind", ["int16", "uint32", "double", "string"])
def test_pandas_reads_native_types(folder, kind):
    frame = pandas.read_parquet(folder / f"{kind}-auto.parquet")
    assert len(frame) == 2 * ROWS
    if kind != "string":
        assert str(frame["x"].dtype) == kind.replace("double", "float64")


@pytest.mark.parametrize("kind,encoding,nulls", CASES)
def test_statistics_are_the_smallest_and_largest_value(folder, kind, encoding, nulls):
    meta = pq.read_metadata(folder / f"{kind}-{encoding}{nulls}.parquet")
    values = [v for v in expected(kind, nulls) if v is not None and v == v]
    for group in range(meta.num_row_groups):
        statistics = meta.row_group(group).column(0).statistics
        assert statistics.null_count == (len(range(3, ROWS, 7)) if nulls else 0)
        if kind in ("string", "binary"):
            assert statistics.min <= min(values) and statistics.max >= max(values)
        elif kind not in ("utc", "local"):
            assert statistics.min == min(values) and statistics.max == max(values)


@pytest.mark.parametrize("kind", ["int32", "double", "string", "date", "decimal64"])
def test_readers_find_rows_by_statistics_and_page_index(folder, kind):
    path = folder / f"{kind}-auto-nulls.parquet"
    meta = pq.read_metadata(path)
    assert meta.row_group(0).column(0).has_offset_index
    assert meta.row_group(0).column(0).has_column_index
    wanted = FORMULAS[kind](12346)
    count = sum(1 for v in expected(kind, "-nulls") if v == wanted)
    got = duckdb.execute(f"SELECT count(*) FROM '{path}' WHERE x = ?", [wanted]).fetchone()[0]
    assert got == count
    frame = polars.scan_parquet(path).filter(polars.col("x") == wanted).collect()
    assert len(frame) == count
    table = pq.read_table(path, filters=[("x", "=", wanted)])
    assert len(table) == count


def test_key_values_are_kept(folder):
    meta = pq.read_metadata(folder / "int32-auto.parquet")
    assert meta.metadata[b"unit"] == b"m"
