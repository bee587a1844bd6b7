"""Faults of every kind, planted in files of pyarrow: `quern parquet verify` finds and locates each."""

import decimal
import json
import struct
import subprocess
import sys

import numpy
import pyarrow
import pyarrow.parquet as pq
import pytest
from parquet_lies import BINARY, I32, I64, STRUCT, change_footer, change_page, chunk_of, footer_of
from parquet_tools import run
from segy_tools import BUILD

ROWS = 3000
NAN = struct.pack("<d", float("nan"))


def findings(path, *arguments):
    result = run("verify", "--json", path, *arguments)
    told = json.loads(result.stdout)["findings"]
    worst = {f["severity"] for f in told}
    assert result.returncode == (3 if worst & {"error", "warning"} else 0), result.stderr
    return told


def planted(path, code, *arguments):
    """The one kind of finding, beside notes, that a fault makes; the first of it."""
    told = [f for f in findings(path, *arguments) if f["severity"] != "note"]
    assert {f["code"] for f in told} == {code}, told
    return told[0]


def write(path, table=None, **options):
    if table is None:
        table = pyarrow.table({
            "n": numpy.arange(ROWS), "x": numpy.arange(ROWS) / 8,
            "s": [None if i % 10 == 0 else f"s{i % 50}" for i in range(ROWS)],
        })
    settings = {"row_group_size": 1000, "compression": "none", "use_dictionary": ["s"], **options}
    pq.write_table(table, path, **settings)
    return path


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "x.parquet")


# ---- the footer -------------------------------------------------------------------------------


def test_what_is_planted_in_is_what_pyarrow_wrote(path):
    before = path.read_bytes()
    change_footer(path, lambda footer: None)
    change_page(path, 1, lambda header: None)
    assert path.read_bytes() == before and findings(path)


def test_a_wrong_number_of_rows(path):
    change_footer(path, lambda footer: footer.update({3: [I64, ROWS + 7]}))
    assert "3007" in planted(path, "row-count")["message"].replace(",", "")


def test_columns_that_overlap(path):
    def change(footer):
        chunk_of(footer, 1)[9][1] = chunk_of(footer, 0)[9][1]
    change_footer(path, change)
    told = [f for f in findings(path) if f["code"] == "overlap"]
    assert told and told[0]["row_group"] == 0


def test_a_column_beyond_the_file(path):
    change_footer(path, lambda footer: chunk_of(footer, 1, 2)[9].__setitem__(1, 10**9))
    told = [f for f in findings(path) if f["severity"] == "error"]
    assert [(f["code"], f["row_group"], f["column"]) for f in told] == [
        ("overlap", 2, "x"), ("chunk", 2, "x")]


def test_wrong_sizes(path):
    change_footer(path, lambda footer: chunk_of(footer, 1, 1)[6].__setitem__(1, 4242))
    told = planted(path, "sizes")
    assert (told["row_group"], told["column"]) == (1, "x") and "4242" in told["message"].replace(",", "")


def test_a_first_page_in_the_wrong_place(path):
    """The dictionary where the first data page should be, as writers once had it, and elsewhere."""
    def old(footer):
        meta = chunk_of(footer, 2, 1)
        meta[9][1] = meta.pop(11)[1]
    change_footer(path, old)
    told = [f for f in findings(path) if f["code"] == "old-offsets"]
    assert [(f["severity"], f["column"]) for f in told] == [("note", "s")]
    change_footer(path, lambda footer: chunk_of(footer, 2)[9].__setitem__(1, chunk_of(footer, 2)[9][1] + 1))
    assert planted(path, "offsets")["column"] == "s"


def test_encodings_that_are_not_listed(path):
    def change(footer):
        meta = chunk_of(footer, 0, 1)
        meta[2][1][1] = [3]  # RLE, of the levels
        del meta[13]
    change_footer(path, change)
    told = planted(path, "encodings")
    assert (told["row_group"], told["column"]) == (1, "n") and "PLAIN" in told["message"]


def test_a_wrong_distinct_count(path):
    change_footer(path, lambda footer: chunk_of(footer, 2)[12][1].update({4: [I64, 44]}))
    told = planted(path, "distinct")
    assert told["column"] == "s" and "44" in told["message"] and "45" in told["message"]


def test_nan_as_a_bound(path):
    def change(footer):
        chunk_of(footer, 1)[12][1].update({5: [BINARY, NAN], 6: [BINARY, NAN]})
    change_footer(path, change)
    assert planted(path, "nan-statistics")["column"] == "x"


def test_bounds_of_another_length_than_the_type(path):
    change_footer(path, lambda footer: chunk_of(footer, 0)[12][1].update({6: [BINARY, b"abc"]}))
    assert planted(path, "statistics")["column"] == "n"


def test_texts_that_are_none(tmp_path):
    path = write(tmp_path / "x.parquet", pyarrow.table({"b": [b"fine", b"\xff\xfe", b"too"]}))

    def change(footer):
        column = footer[2][1][1][1]
        column[6] = [I32, 0]  # UTF8
        column[10] = [STRUCT, {1: [STRUCT, {}]}]
    change_footer(path, change)
    told = planted(path, "utf8")
    assert (told["column"], told["row"]) == ("b", 1)


def test_integers_beyond_their_declared_width(tmp_path):
    path = write(tmp_path / "x.parquet",
                 pyarrow.table({"i": pyarrow.array([1, 2, 300, -5], pyarrow.int32())}))
    change_footer(path, lambda footer: footer[2][1][1][1].update({6: [I32, 15]}))  # INT_8
    told = planted(path, "integer-range")
    assert (told["column"], told["row"]) == ("i", 2) and "300" in told["message"]


def test_an_order_by_a_column_that_is_not_there(path):
    """SortingColumn {column_idx 9}: there are three columns."""
    order = {1: [I32, 9], 2: [2, False], 3: [2, False]}
    change_footer(path, lambda footer: footer[4][1][1][1].update({4: [9, [STRUCT, [order]]]}))
    told = planted(path, "sort-order")
    assert told["row_group"] == 1 and "column 9" in told["message"]


def test_what_a_file_lacks_is_noted(path):
    def change(footer):
        for group in range(3):
            chunk_of(footer, 1, group).pop(12)
            chunk_of(footer, 2, group)[12][1].pop(3)
    change_footer(path, change)
    told = {f["code"]: f["message"] for f in findings(path)}
    assert set(told) == {"no-statistics", "no-null-count", "no-page-index", "no-crc"}
    assert told["no-statistics"].startswith("3 of 9") and told["no-null-count"].startswith("6 of 9")


# ---- pages ------------------------------------------------------------------------------------


def test_an_encoding_that_is_not_legal_for_its_type(path):
    """DELTA_BINARY_PACKED (5) for doubles, in the header of the first page."""
    at = change_page(path, 1, lambda header: header[5][1][2].__setitem__(1, 5), group=1)
    told = [f for f in findings(path) if f["code"] == "page"][0]
    assert (told["row_group"], told["column"], told["offset"]) == (1, "x", at)
    assert "DELTA_BINARY_PACKED" in told["message"] and "not legal for double" in told["message"]


def test_a_page_with_another_number_of_values(path):
    change_page(path, 0, lambda header: header[5][1][1].__setitem__(1, 999))
    told = [f for f in findings(path) if f["severity"] == "error"]
    assert told and {(f["code"], f["row_group"], f["column"]) for f in told} <= {
        ("page", 0, "n"), ("statistics", 0, "n")}


def test_nulls_that_a_page_of_version_2_miscounts(tmp_path):
    path = write(tmp_path / "x.parquet", data_page_version="2.0")
    change_page(path, 2, lambda header: header[8][1][2].__setitem__(1, 98), group=2)
    told = planted(path, "page-count")
    assert (told["row_group"], told["column"]) == (2, "s") and "98" in told["message"]


def test_bounds_of_a_page_header_that_do_not_hold(path):
    new = struct.pack("<q", 900)  # the greatest of the group is 999
    change_page(path, 0, lambda header: header[5][1][5][1][5].__setitem__(1, new))
    told = planted(path, "page-statistics")
    assert (told["row_group"], told["column"], told["page"]) == (0, "n", 0)


def test_a_page_that_is_cut_off(path):
    change_page(path, 1, lambda header: header[2].__setitem__(1, header[2][1] - 8))
    told = [f for f in findings(path) if f["severity"] == "error"]
    assert {(f["code"], f["column"]) for f in told} == {("page", "x")}


def test_an_id_that_its_dictionary_does_not_have(path):
    data = bytearray(path.read_bytes())
    meta = chunk_of(footer_of(path), 2, 1)
    end = meta[11][1] + meta[7][1]
    data[end - 200:end - 100] = b"\xff" * 100
    path.write_bytes(data)
    told = [f for f in findings(path) if f["severity"] == "error"]
    assert told and {(f["code"], f["row_group"], f["column"]) for f in told} == {("page", 1, "s")}


# ---- contents ---------------------------------------------------------------------------------

GRID = ["--key", "t,p", "--time", "t", "--step", "1h"]


def hours(path, *series):
    rows = [(h, name) for name, times in series for h in times]
    times = pyarrow.array([int(h * 3600e6) for h, _ in rows], pyarrow.timestamp("us", "UTC"))
    return write(path, pyarrow.table({"t": times, "p": [name for _, name in rows]}))


def test_a_time_beside_the_grid(tmp_path):
    path = hours(tmp_path / "x.parquet", ("a", [0, 1, 2.25, 2, 3]))
    told = planted(path, "off-grid", *GRID)
    assert told["row"] == 2 and "1970-01-01T02:15:00Z" in told["message"]


def test_series_that_begin_late_and_end_early_are_noted(tmp_path):
    path = hours(tmp_path / "x.parquet", ("a", range(10)), ("b", range(2, 7)))
    told = [f for f in findings(path, *GRID) if f["code"] == "series-short"]
    assert len(told) == 1 and told[0]["severity"] == "note"


@pytest.mark.parametrize("step, expected", [("1d", 3), ("30m", 3)])
def test_gaps_of_any_step_are_counted(tmp_path, step, expected):
    scale = {"1d": 24, "30m": 0.5}[step]
    path = hours(tmp_path / "x.parquet", ("a", [i * scale for i in range(9) if i not in (3, 4, 5)]))
    told = planted(path, "gap", "--key", "t,p", "--time", "t", "--step", step)
    assert told["count"] == expected and told["row"] == 3


def test_bounds_of_the_schema_hold_too(path, tmp_path):
    columns = [{"name": "x", "min": 0, "max": 374}, {"name": "n"}, {"name": "s"}]
    (tmp_path / "s.json").write_text(json.dumps({"columns": columns}))
    told = [f for f in findings(path, "--schema", tmp_path / "s.json") if f["code"] == "range"]
    assert [f["row"] for f in told] == list(range(374 * 8 + 1, ROWS))


def test_ranges_hold_for_decimals_and_name_columns_that_are_there(tmp_path):
    values = [decimal.Decimal(v) for v in ("-5.00", "1.25", "99.99")]
    path = write(tmp_path / "x.parquet", pyarrow.table({
        "d": pyarrow.array(values, pyarrow.decimal128(24, 2)), "t": ["a", "b", "c"]}))
    told = planted(path, "range", "--range", "d=0:100")
    assert told["row"] == 0 and "-5" in told["message"]
    for name, reason in ("e", "the file has none"), ("t", "has no numbers"):
        told = planted(path, "schema-expected", "--range", f"{name}=0:100")
        assert told["column"] == name and reason in told["message"]


# ---- memory -----------------------------------------------------------------------------------

WATCH = """
import resource, subprocess, sys
result = subprocess.run(sys.argv[1:], capture_output=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, result.returncode)
"""


def test_memory_for_duplicates_does_not_grow_with_the_rows(tmp_path):
    """Keys of 3,000,000 rows take 120 MB; what they may take is what keys of 150,000 rows do."""
    peak = {}
    for rows in 150_000, 3_000_000:
        write(tmp_path / "x.parquet", pyarrow.table({"id": numpy.arange(rows) * 7 % (1 << 40)}),
              row_group_size=100_000)
        told = subprocess.run(
            [sys.executable, "-c", WATCH, BUILD / "quern", "parquet", "verify", tmp_path / "x.parquet",
             "--key", "id", "--jobs", "1"], capture_output=True, text=True, timeout=60).stdout.split()
        assert told[1] == "0"
        peak[rows] = int(told[0]) / 1024
    assert peak[3_000_000] < peak[150_000] + 60, peak
