"""`quern parquet schema, stats, head, cat, diff, slice, merge, rewrite`, against pyarrow and DuckDB."""

import csv
import datetime
import io
import json
import subprocess

import duckdb
import numpy
import pyarrow
import pyarrow.parquet as pq
import pytest
from parquet_tools import BUILD, difference, run

UTC = datetime.timezone.utc


def prices(rows=10_000, start=0):
    random = numpy.random.default_rng(start)
    return pyarrow.table({
        "time": pyarrow.array(
            (numpy.arange(start, start + rows) * 900_000_000 + 1_704_067_200_000_000),
            pyarrow.timestamp("us", "UTC")),
        "point": [f"HB_{i % 7}" for i in range(rows)],
        "price": [None if i % 11 == 0 else float(x)
                  for i, x in enumerate(numpy.round(random.normal(30, 9, rows), 2))],
        "hour": pyarrow.array([i % 24 + 1 for i in range(rows)], pyarrow.int8()),
        "flag": [i % 3 == 0 for i in range(rows)],
        "cents": pyarrow.array([i * 7 for i in range(rows)]).cast(pyarrow.int64()),
    })


@pytest.fixture
def path(tmp_path):
    pq.write_table(prices(), tmp_path / "x.parquet", row_group_size=3_000, write_page_index=True)
    return tmp_path / "x.parquet"


def ok(*arguments, code=0):
    result = run(*arguments)
    assert result.returncode == code, result.stderr + result.stdout
    return result.stdout


def rows_of(text):
    return [json.loads(line) for line in text.splitlines()]


# ---- looking --------------------------------------------------------------------------------


def test_a_footer_of_many_empty_notes_is_told_at_once(tmp_path):
    """Half a million pairs of key and value, all left out, in as many bytes; no columns, no rows."""
    count = 500_000
    number = bytes((count >> shift & 0x7F) | 0x80 for shift in (0, 7)) + bytes([count >> 14])
    footer = (b"\x15\x02" b"\x19\x1c\x48\x01r\x15\x00\x00" b"\x16\x00" b"\x19\x0c"
              b"\x19\xfc" + number + bytes(count) + b"\x00")
    (tmp_path / "notes.parquet").write_bytes(
        b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1")
    told = subprocess.run([BUILD / "quern", "parquet", "stats", tmp_path / "notes.parquet"],
                          capture_output=True, text=True, timeout=30)
    assert told.returncode == 0 and told.stdout.count("\n") == count + 2, told.stderr


def test_schema_names_every_column_and_type(path):
    told = json.loads(ok("schema", path, "--json"))["columns"]
    assert [(c["name"], c["type"], c["repetition"]) for c in told] == [
        ("time", "int64 (timestamp us utc)", "optional"),
        ("point", "byte_array (string)", "optional"), ("price", "double", "optional"),
        ("hour", "int32 (int8)", "optional"), ("flag", "boolean", "optional"),
        ("cents", "int64", "optional"),
    ]
    assert "time  int64 (timestamp us utc), optional" in ok("schema", path)


def test_stats_are_those_of_the_footer(path):
    told = json.loads(ok("stats", path, "--json"))
    metadata = pq.read_metadata(path)
    assert (told["rows"], told["row_groups"]) == (metadata.num_rows, metadata.num_row_groups)
    for i, column in enumerate(told["columns"]):
        chunks = [metadata.row_group(g).column(i) for g in range(metadata.num_row_groups)]
        assert column["stored_bytes"] == sum(c.total_compressed_size for c in chunks)
        assert column["nulls"] == sum(c.statistics.null_count for c in chunks)
    price = told["columns"][2]
    assert float(price["min"]) == min(p for p in prices()["price"].to_pylist() if p is not None)


def test_head_prints_the_first_rows(path):
    rows = rows_of(ok("head", path, "--rows", 25, "--format", "json"))
    assert difference(rows, prices().slice(0, 25)) is None
    table = ok("head", path, "--rows", 2, "--columns", "point,cents").splitlines()
    assert [line.split() for line in table] == [["point", "cents"], ["HB_0", "0"], ["HB_1", "7"]]


# ---- printing -------------------------------------------------------------------------------


def test_csv_reads_back_the_same_in_duckdb_and_python(tmp_path):
    odd = pyarrow.table({
        "text": ["plain", 'with "quotes"', "a,b", "two\nlines", "", None, "ünïcode"],
        "number": [1.5, -0.1, 1e300, 1e-300, 123456789.123, None, 3.0],
    })
    pq.write_table(odd, tmp_path / "x.parquet")
    ok("cat", tmp_path / "x.parquet", "-o", tmp_path / "x.csv")
    read = duckdb.connect().sql(
        f"select * from read_csv('{tmp_path}/x.csv', header=true, nullstr='', "
        "columns={'text': 'varchar', 'number': 'double'})").fetchall()
    assert [r[1] for r in read] == odd["number"].to_pylist()
    lines = list(csv.reader(io.StringIO(ok("cat", tmp_path / "x.parquet"))))
    assert [line[0] for line in lines[1:]] == [t or "" for t in odd["text"].to_pylist()]


def test_an_empty_text_and_a_null_differ_in_csv(tmp_path):
    pq.write_table(pyarrow.table({"a": ["", None], "b": [1, 2]}), tmp_path / "x.parquet")
    assert ok("cat", tmp_path / "x.parquet") == 'a,b\n"",1\n,2\n'


def test_json_lines_of_several_files(tmp_path):
    pq.write_table(prices(500), tmp_path / "a.parquet")
    pq.write_table(prices(300, start=500), tmp_path / "b.parquet")
    rows = rows_of(ok("cat", tmp_path, "--format", "json"))
    assert difference(rows, pyarrow.concat_tables([prices(500), prices(300, start=500)])) is None


def test_a_file_of_another_type_is_not_mixed_in(tmp_path):
    pq.write_table(pyarrow.table({"a": [1]}), tmp_path / "a.parquet")
    pq.write_table(pyarrow.table({"a": ["x"]}), tmp_path / "b.parquet")
    result = run("cat", tmp_path)
    assert result.returncode == 1 and "not of the type" in result.stderr


# ---- slices ---------------------------------------------------------------------------------


def test_a_slice_by_rows_and_columns(path, tmp_path):
    ok("slice", path, "--rows", "2990:6010", "--columns", "cents,time",
       "-o", tmp_path / "y.parquet")
    expected = prices().slice(2990, 3020).select(["cents", "time"])
    assert pq.read_table(tmp_path / "y.parquet").equals(expected)


def test_a_slice_by_time(path, tmp_path):
    ok("slice", path, "--where", "time", "--from", "2024-01-05", "--until", "2024-01-06T12:00",
       "-o", tmp_path / "y.parquet")
    expected = duckdb.connect().sql(
        f"select cents from '{path}' where time >= timestamptz '2024-01-05 00:00:00+00' "
        "and time < timestamptz '2024-01-06 12:00:00+00'").fetchall()
    result = pq.read_table(tmp_path / "y.parquet")
    assert result.num_rows == len(expected) == 144
    assert result["cents"].to_pylist() == [row[0] for row in expected]


@pytest.mark.parametrize("arguments, reason", [
    (["--rows", "5"], "expected FIRST:END"), (["--from", "1"], "need --where"),
    (["--where", "pirce", "--from", "1"], "Did you mean 'price'"),
    (["--where", "time", "--from", "noon"], "is no value of column"),
    (["--where", "time", "--from", "2024-02-30"], "is no value of column"),
])
def test_a_slice_that_makes_no_sense_is_refused(path, arguments, reason):
    result = run("slice", path, *arguments)
    assert result.returncode == 2 and reason in result.stderr


@pytest.mark.parametrize("column, low, high", [
    ("small", "-3.25", "40"), ("wide", "-3.25", "40.00"), ("huge", "-3.25", "40"),
    ("single", "-3.25", "40"), ("half", "-3.25", "40"), ("whole", "-3", "40"),
])
def test_numbers_of_every_type_are_compared_exactly(tmp_path, column, low, high):
    select = ("select (range - 5000)::decimal(6,2) / 100 as small, (range - 5000)::decimal(15,2) / 100 as wide, "
              "(range - 5000)::decimal(30,2) / 100 as huge, ((range - 5000) / 100)::float as single, "
              "(range - 5000)::double / 100 as half, (range - 5000)::int as whole from range(10000)")
    casts = "small::decimal(6,2) as small, wide::decimal(15,2) as wide, huge::decimal(30,2) as huge, "
    duckdb.connect().execute(f"copy (select {casts} single, half, whole from ({select})) to "
                             f"'{tmp_path}/x.parquet' (format parquet)")
    ok("slice", tmp_path / "x.parquet", "--where", column, "--from", low, "--until", high,
       "-o", tmp_path / "y.parquet")
    expected = duckdb.connect().sql(
        f"select * from '{tmp_path}/x.parquet' where {column} >= {low} and {column} < {high}").fetchall()
    assert duckdb.connect().sql(f"select * from '{tmp_path}/y.parquet'").fetchall() == expected
    assert len(expected) > 40


def test_a_uuid_is_found(tmp_path):
    duckdb.connect().execute(f"copy (select uuid() as u from range(9)) to '{tmp_path}/x.parquet' (format parquet)")
    one = str(duckdb.connect().sql(f"select u from '{tmp_path}/x.parquet' limit 1").fetchall()[0][0])
    rows = rows_of(ok("slice", tmp_path / "x.parquet", "--where", "u", "--from", one, "--format", "json"))
    assert {"u": one} in rows and all(r["u"] >= one for r in rows)


# ---- what is written where ------------------------------------------------------------------


def test_a_file_that_is_there_is_replaced_only_when_asked_to(path, tmp_path):
    (tmp_path / "y.parquet").write_text("mine")
    (tmp_path / "y.csv").write_text("mine")
    for verb, target in ("rewrite", "y.parquet"), ("slice", "y.csv"), ("merge", "y.parquet"), ("cat", "y.csv"):
        result = run(verb, path, "-o", tmp_path / target)
        assert result.returncode == 1 and "Give --overwrite" in result.stderr
        assert (tmp_path / target).read_text() == "mine"
    ok("rewrite", path, "-o", path, "--overwrite", "--columns", "point")
    assert pq.read_table(path).equals(prices().select(["point"]))


def test_the_name_of_the_output_tells_its_format_or_nothing_is_written(path, tmp_path):
    ok("cat", path, "-o", tmp_path / "a.jsonl")
    assert rows_of((tmp_path / "a.jsonl").read_text())[0]["point"] == "HB_0"
    ok("cat", path, "-o", tmp_path / "a.pq")
    assert pq.read_table(tmp_path / "a.pq").equals(prices())
    result = run("cat", path, "-o", tmp_path / "a.xlsx")
    assert result.returncode == 2 and "in what format?" in result.stderr
    ok("cat", path, "-o", tmp_path / "a.data", "--format", "csv")


@pytest.mark.parametrize("arguments, reason", [
    (["head", "{folder}"], "is a folder"), (["head", "/dev/stdin"], "is a pipe"),
    (["head", "{file}", "--columns", "point,point"], "names column 'point' twice"),
    (["rewrite", "{file}", "-o", "{folder}"], "no regular file"),
    (["stats", "{folder}/none.parquet"], "No such file"),
])
def test_what_makes_no_sense_is_refused_with_a_way_out(path, tmp_path, arguments, reason):
    result = run(*[a.format(folder=tmp_path, file=path) for a in arguments], stdin=subprocess.PIPE)
    assert result.returncode in (1, 2) and reason in result.stderr


# ---- differences ----------------------------------------------------------------------------


def test_equal_files_have_no_difference_however_they_are_encoded(path, tmp_path):
    pq.write_table(prices(), tmp_path / "y.parquet", compression="zstd", use_dictionary=False)
    assert "0 rows differ" in ok("diff", path, tmp_path / "y.parquet")


def test_a_changed_cell_is_shown(path, tmp_path):
    changed = prices().to_pydict()
    changed["point"][4321] = "LZ_X"
    pq.write_table(pyarrow.table(changed, schema=prices().schema), tmp_path / "y.parquet")
    out = ok("diff", path, tmp_path / "y.parquet", code=3)
    assert "row 4321, column 'point': \"HB_2\" | \"LZ_X\"" in out
    assert "column 'point': 1 values differ" in out and "1 rows differ" in out


def test_rows_are_found_by_key_in_any_order(path, tmp_path):
    shuffled = prices().take(numpy.random.default_rng(1).permutation(10_000)[:9_990])
    pq.write_table(shuffled, tmp_path / "y.parquet")
    out = ok("diff", path, tmp_path / "y.parquet", "--key", "time,point", code=3)
    assert "0 rows differ, 10 are only in the first file, 0 only in the second" in out


def test_columns_that_differ_are_named(path, tmp_path):
    other = prices().drop(["flag"]).set_column(0, "time", prices()["cents"])
    pq.write_table(other, tmp_path / "y.parquet")
    out = ok("diff", path, tmp_path / "y.parquet", code=3)
    assert "column 'flag' is only in the first file" in out
    assert "column 'time' is int64 (timestamp us utc) in the first file, int64 in the second" in out


# ---- merging --------------------------------------------------------------------------------


def test_merging_carries_row_groups_over_byte_for_byte(tmp_path):
    nested = pyarrow.table({"a": [[1, 2], None, []] * 100, "b": [{"x": 1}, None, {"x": None}] * 100})
    for i in range(3):
        pq.write_table(nested.slice(i * 50, 100), tmp_path / f"{i}.parquet",
                       write_page_index=True, write_page_checksum=True, compression="gzip")
    result = run("merge", tmp_path, "-o", tmp_path / "all.pq")
    assert result.returncode == 0 and "carried over as they were" in result.stderr
    expected = pyarrow.concat_tables([nested.slice(i * 50, 100) for i in range(3)])
    assert pq.read_table(tmp_path / "all.pq").equals(expected)
    assert ok("verify", tmp_path / "all.pq").startswith("1 files, 300 rows")
    whole = (tmp_path / "all.pq").read_bytes()
    for i in range(3):
        column = pq.read_metadata(tmp_path / f"{i}.parquet").row_group(0).column(0)
        start = column.dictionary_page_offset
        pages = (tmp_path / f"{i}.parquet").read_bytes()[start:start + column.total_compressed_size]
        assert pages in whole
    counted = duckdb.connect().sql(f"select count(*) from read_parquet('{tmp_path}/all.pq')").fetchall()
    assert counted == [(300,)]


def test_bloom_filters_are_carried_over_too(tmp_path):
    connection = duckdb.connect()
    for i in range(2):
        connection.execute(f"copy (select 'x' || (range % 50) as s, range as n from range({i * 1000}, "
                           f"{i * 1000 + 1000})) to '{tmp_path}/{i}.parquet' (format parquet)")
    ok("merge", tmp_path, "-o", tmp_path / "all.pq")
    metadata = pq.read_metadata(tmp_path / "all.pq")
    offsets = [metadata.row_group(g).column(0).bloom_filter_offset for g in range(2)]
    assert all(offsets) and offsets[0] != offsets[1]
    probe = connection.execute("select bloom_filter_excludes from "
                               f"parquet_bloom_probe('{tmp_path}/all.pq', 's', 'x7')").fetchall()
    assert probe == [(False,), (False,)]
    assert "0 errors, 0 warnings" in ok("verify", tmp_path / "all.pq")


def test_files_of_other_columns_are_encoded_anew(tmp_path):
    pq.write_table(prices(100), tmp_path / "a.parquet")
    pq.write_table(prices(50, start=100).drop(["flag"]), tmp_path / "b.parquet")
    result = run("merge", tmp_path, "-o", tmp_path / "all.pq")
    assert result.returncode == 0 and "encoded anew" in result.stderr
    read = pq.read_table(tmp_path / "all.pq")
    assert read.num_rows == 150 and read["flag"].null_count == 50
    result = run("merge", tmp_path / "b.parquet", tmp_path / "a.parquet", "-o", tmp_path / "c.pq")
    assert result.returncode == 1 and "column 'flag'" in result.stderr
    assert not (tmp_path / "c.pq").exists()


# ---- rewriting ------------------------------------------------------------------------------


def test_rewriting_keeps_every_value_and_says_what_was_gained(path, tmp_path):
    out = ok("rewrite", path, "-o", tmp_path / "y.parquet")
    assert pq.read_table(tmp_path / "y.parquet").equals(prices())
    lines = {line.split("  ")[0]: line.split() for line in out.splitlines()}
    assert lines["checksums"][-2:] == ["no", "all"] and lines["offset index"][-2:] == ["all", "all"]
    assert lines["row groups"][-2:] == ["4", "1"]


def test_rewriting_sorts_as_duckdb_does(path, tmp_path):
    ok("rewrite", path, "-o", tmp_path / "y.parquet", "--sort", "point,hour,cents",
       "--group-rows", 4000)
    expected = duckdb.connect().sql(f"select * from '{path}' order by point, hour, cents").to_arrow_table()
    result = pq.read_table(tmp_path / "y.parquet")
    assert result["cents"].to_pylist() == expected["cents"].to_pylist()
    metadata = pq.read_metadata(tmp_path / "y.parquet")
    assert [s.column_index for s in metadata.row_group(0).sorting_columns] == [1, 3, 5]
    assert metadata.num_row_groups == 3
    assert "0 errors, 0 warnings" in ok("verify", tmp_path / "y.parquet")


def test_a_damaged_input_leaves_nothing_behind(path, tmp_path):
    data = bytearray(path.read_bytes())
    data[2000:2100] = bytes(100)
    path.write_bytes(data)
    for verb in "rewrite", "slice":
        result = run(verb, path, "-o", tmp_path / "y.parquet")
        assert result.returncode == 1 and "is not a whole Parquet file" in result.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.parquet"]
