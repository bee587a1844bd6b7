"""Parquet that we write of any type and nesting: pyarrow, DuckDB and Polars read what was there."""

import datetime
import decimal
import json
import uuid

import duckdb
import numpy
import polars
import pyarrow
import pyarrow.parquet as pq
import pytest
from parquet_tools import CORPUS, FILES, run
from test_parquet_reader import REFUSED

CODECS = {"zstd": "ZSTD", "snappy": "SNAPPY", "gzip": "GZIP", "lz4_raw": "LZ4",
          "brotli": "BROTLI", "none": "UNCOMPRESSED"}
# Polars goes by the row groups' own number of rows, which this file states as 0.
NOT_BY_POLARS = {"repeated_no_annotation.parquet"}
ROWS = 2500


def ok(*arguments):
    result = run(*arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


def read(reader, path):
    """What a reader makes of a file, as text (in which NaN is NaN); None if it does not read it."""
    try:
        if reader == "pyarrow":
            table = pq.read_table(path)
            return repr(table.schema) + repr(table.to_pylist())
        if reader == "duckdb":
            return repr(duckdb.connect().sql(f"select * from read_parquet('{path}')").fetchall())
        frame = polars.read_parquet(path)
        return repr(frame.schema) + repr(frame.rows())
    except Exception:  # each has its own classes, and Polars panics
        return None
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            return None
        raise


# ---- every file of parquet-testing ------------------------------------------------------------


@pytest.mark.parametrize("number", range(len(FILES)))
def test_a_file_rewritten_reads_as_before(number, tmp_path):
    path = CORPUS / FILES[number]
    codec = list(CODECS)[number % len(CODECS)]
    result = run("rewrite", path, "-o", tmp_path / "new.parquet", "--codec", codec,
                 "--page-rows", 7 if number % 2 else 20000)
    if path.name in REFUSED:
        assert result.returncode == 1 and REFUSED[path.name] in result.stderr
        assert not (tmp_path / "new.parquet").exists()
        return
    assert result.returncode == 0, result.stderr
    for reader in "pyarrow", "duckdb", "polars":
        before = read(reader, path)
        if before is not None and not (reader == "polars" and path.name in NOT_BY_POLARS):
            assert read(reader, tmp_path / "new.parquet") == before, reader
    if read("pyarrow", path) is not None:
        before, after = (str(pq.read_metadata(p).schema).split("\n")[1:]
                         for p in (path, tmp_path / "new.parquet"))
        assert before == after  # physical and logical types, repetition, names
    assert "0 errors, 0 warnings" in ok("verify", tmp_path / "new.parquet")


# ---- every type -------------------------------------------------------------------------------


def every_type():
    """A table with a column of every type that pyarrow writes, flat and nested, with nulls."""
    random = numpy.random.default_rng(5)
    whole = [None if i % 7 == 3 else int(v) for i, v in enumerate(random.integers(-99, 100, ROWS))]
    real = [None if v is None else float("nan") if v == 5 else -0.0 if v == 0 else v / 4 for v in whole]
    text = [None if v is None else "ä" * (v % 50) + str(v) for v in whole]
    when = datetime.datetime(2024, 3, 10)
    columns = {"bool": pyarrow.array([None if v is None else v > 0 for v in whole])}
    for bits in 8, 16, 32, 64:
        columns[f"int{bits}"] = pyarrow.array(whole, f"int{bits}")
        columns[f"uint{bits}"] = pyarrow.array([v and (v + 99) for v in whole], f"uint{bits}")
    for bits in 16, 32, 64:
        columns[f"float{bits}"] = pyarrow.array(real, pyarrow.float64()).cast(f"float{bits}")
    for digits in 7, 15, 38, 60:
        values = [None if v is None else decimal.Decimal(v * 10 ** (digits - 5)) / 100 for v in whole]
        kind = pyarrow.decimal128(digits, 2) if digits < 39 else pyarrow.decimal256(digits, 2)
        with decimal.localcontext(prec=80):
            columns[f"decimal{digits}"] = pyarrow.array(values, kind)
    columns |= {
        "string": pyarrow.array(text),
        "large": pyarrow.array(text, pyarrow.large_string()),
        "binary": pyarrow.array([t and t.encode() * 4 for t in text], pyarrow.binary()),
        "fixed": pyarrow.array([None if v is None else bytes([v + 99, 0, 255]) for v in whole],
                               pyarrow.binary(3)),
        "uuid": pyarrow.array([None if v is None else uuid.UUID(int=v + 2**127).bytes for v in whole],
                              pyarrow.uuid()),
        "dictionary": pyarrow.array(text).dictionary_encode(),
        "date": pyarrow.array([v and when.date() + datetime.timedelta(v) for v in whole]),
        "null": pyarrow.nulls(ROWS),
    }
    for unit in "s", "ms", "us", "ns":
        stamps = pyarrow.array([v and v * 10**9 for v in whole], pyarrow.timestamp("ns"))
        columns[f"local_{unit}"] = stamps.cast(pyarrow.timestamp(unit))
        columns[f"utc_{unit}"] = columns[f"local_{unit}"].cast(pyarrow.timestamp(unit, "America/Chicago"))
        columns[f"duration_{unit}"] = stamps.cast("int64").cast(pyarrow.duration("ns")).cast(pyarrow.duration(unit))
        time = pyarrow.time32(unit) if unit in ("s", "ms") else pyarrow.time64(unit)
        columns[f"time_{unit}"] = pyarrow.array(
            [v and v + 99 for v in whole], pyarrow.int32() if time.bit_width == 32 else "int64").cast(time)
    pairs = [None if v is None else [(f"k{i}", None if i % 2 else v) for i in range(v % 4)] for v in whole]
    columns |= {
        "list": pyarrow.array([None if v is None else [v, None] * (v % 3) for v in whole]),
        "struct": pyarrow.array([None if v is None else {"x": v, "y": t} for v, t in zip(whole, text)]),
        "map": pyarrow.array(pairs, pyarrow.map_(pyarrow.string(), pyarrow.int32())),
        "deep": pyarrow.array([None if v is None else [{"a": [[v], [], None][: v % 4]}, None] for v in whole]),
    }
    return pyarrow.table(columns)


@pytest.fixture(scope="module")
def types(tmp_path_factory):
    path = tmp_path_factory.mktemp("types") / "types.parquet"
    pq.write_table(every_type(), path, row_group_size=900)
    return path


@pytest.mark.parametrize("codec", CODECS)
def test_every_type_keeps_its_values_and_annotations_in_every_codec(codec, types, tmp_path):
    ok("rewrite", types, "-o", tmp_path / "new.parquet", "--codec", codec, "--page-rows", 300)
    new = pq.ParquetFile(tmp_path / "new.parquet")
    assert repr(new.read().to_pylist()) == repr(pq.read_table(types).to_pylist())
    assert new.schema_arrow.equals(pq.read_schema(types), check_metadata=True)
    used = {new.metadata.row_group(0).column(c).compression for c in range(new.metadata.num_columns)}
    assert used - {"UNCOMPRESSED"} <= {CODECS[codec]} and CODECS[codec] in used
    notes = ok("verify", tmp_path / "new.parquet").splitlines()
    assert "0 errors, 0 warnings, 3 notes" in notes[-1]
    assert all("NaN" in note for note in notes[:-1])  # nothing is lacking


def test_bounds_and_null_counts_are_those_that_pyarrow_writes(types, tmp_path):
    ok("rewrite", types, "-o", tmp_path / "new.parquet", "--group-rows", 900)
    ours, theirs = pq.read_metadata(tmp_path / "new.parquet"), pq.read_metadata(types)
    compared = 0
    for group in range(3):
        for c in range(ours.num_columns):
            a, b = ours.row_group(group).column(c).statistics, theirs.row_group(group).column(c).statistics
            name = ours.row_group(group).column(c).path_in_schema
            if b is None:
                continue
            assert a.null_count == b.null_count, name
            if name in ("binary", "string", "large", "dictionary", "struct.y"):  # ours are cut
                assert a.has_min_max and a.min <= b.min and a.max >= b.max, name
            elif b.has_min_max:
                assert (repr(a.min_raw), repr(a.max_raw)) == (repr(b.min_raw), repr(b.max_raw)), name
                compared += 1
    assert compared > 100


def test_the_arrow_schema_goes_only_with_all_columns(types, tmp_path):
    ok("slice", types, "-o", tmp_path / "some.parquet", "--columns", "utc_ms,deep", "--rows", "10:1000")
    some = pq.read_table(tmp_path / "some.parquet")
    assert some.schema.field("utc_ms").type == pyarrow.timestamp("ms", "UTC")
    assert some["deep"].to_pylist() == pq.read_table(types)["deep"].slice(10, 990).to_pylist()


# ---- nested rows, chosen, sorted, merged ------------------------------------------------------


def test_slicing_takes_whole_lists(types, tmp_path):
    table = pq.read_table(types)
    ok("slice", types, "-o", tmp_path / "s.parquet", "--rows", "899:1802", "--page-rows", 11)
    assert repr(pq.read_table(tmp_path / "s.parquet").to_pylist()) == repr(table.slice(899, 903).to_pylist())
    ok("slice", types, "-o", tmp_path / "w.parquet", "--where", "int32", "--from", -3, "--until", 40)
    mask = [v is not None and -3 <= v < 40 for v in table["int32"].to_pylist()]
    assert repr(pq.read_table(tmp_path / "w.parquet").to_pylist()) == repr(table.filter(mask).to_pylist())
    assert "0 errors, 0 warnings" in ok("verify", tmp_path / "w.parquet")


SORTED = ["bool", "int8", "uint32", "int64", "uint64", "float32", "float64", "decimal7", "decimal38",
          "string", "date", "local_us", "utc_ns", "time_us", "uuid"]


def test_rows_are_sorted_as_duckdb_sorts_them(types, tmp_path):
    numbered = pq.read_table(types).append_column("row", pyarrow.array(range(ROWS)))
    pq.write_table(numbered.select([*SORTED, "row", "deep"]), tmp_path / "x.parquet")
    for name in SORTED:
        ok("rewrite", tmp_path / "x.parquet", "-o", tmp_path / "y.parquet", "--sort", name, "--overwrite")
        new = pq.read_table(tmp_path / "y.parquet")
        order = f"select row from '{tmp_path}/x.parquet' order by {name} nulls last, row"
        assert new["row"].to_pylist() == [r[0] for r in duckdb.connect().sql(order).fetchall()], name
        assert new["deep"].to_pylist() == numbered["deep"].take(new["row"]).to_pylist(), name
        assert "0 errors, 0 warnings" in ok("verify", tmp_path / "y.parquet"), name


def test_half_floats_sort_as_numbers_with_nan_last(types, tmp_path):
    ok("rewrite", types, "-o", tmp_path / "y.parquet", "--sort", "float16")
    values = pq.read_table(tmp_path / "y.parquet")["float16"].drop_null().to_numpy()
    assert numpy.array_equal(values, numpy.sort(values), equal_nan=True) and numpy.isnan(values[-1])


def test_nothing_is_sorted_by_what_has_no_order(types, tmp_path):
    for name in "list", "struct":
        result = run("rewrite", types, "-o", tmp_path / "y.parquet", "--sort", name)
        assert result.returncode == 2 and f"'{name}' cannot be sorted by" in result.stderr


def test_merging_anew_fills_lists_with_nulls_and_widens_required_columns(tmp_path):
    schema = pyarrow.schema([pyarrow.field("n", pyarrow.int32()),
                             pyarrow.field("l", pyarrow.list_(pyarrow.string()))])
    pq.write_table(pyarrow.table({"n": [1, None], "l": [["a", None], []]}, schema), tmp_path / "a.parquet")
    required = pyarrow.schema([pyarrow.field("n", pyarrow.int32(), nullable=False)])
    pq.write_table(pyarrow.table({"n": [7, 8]}, required), tmp_path / "b.parquet")
    ok("merge", tmp_path / "a.parquet", tmp_path / "b.parquet", "-o", tmp_path / "c.pq")
    merged = pq.read_table(tmp_path / "c.pq")
    assert merged["n"].to_pylist() == [1, None, 7, 8]
    assert merged["l"].to_pylist() == [["a", None], [], None, None]
    pq.write_table(pyarrow.table({"n": [1], "l": [[1]]}), tmp_path / "d.parquet")
    result = run("merge", tmp_path / "a.parquet", tmp_path / "d.parquet", "-o", tmp_path / "e.pq")
    assert result.returncode == 1 and "is not of the type" in result.stderr


# ---- bloom filters ----------------------------------------------------------------------------


def probe(path, column, value):
    """Whether DuckDB says that the filters of the column exclude the value, group by group."""
    query = f"select bloom_filter_excludes from parquet_bloom_probe('{path}', '{column}', {value})"
    return [row[0] for row in duckdb.connect().execute(query).fetchall()]


def test_bloom_filters_asked_for_exclude_what_is_not_there(tmp_path):
    table = pyarrow.table({"n": [3 * i for i in range(4000)], "x": [i / 8 for i in range(4000)],
                           "s": [f"s{i % 90}" for i in range(4000)], "deep": [[i] for i in range(4000)]})
    pq.write_table(table, tmp_path / "x.parquet")
    ok("rewrite", tmp_path / "x.parquet", "-o", tmp_path / "y.parquet", "--bloom", "n,x,s,deep",
       "--group-rows", 2000)
    path = tmp_path / "y.parquet"
    assert probe(path, "n", 3) == [False, True] and probe(path, "n", 3 * 3999) == [True, False]
    assert probe(path, "s", "'s7'") == [False, False]
    assert sum(all(probe(path, "s", f"'t{i}'")) for i in range(50)) >= 45
    assert sum(all(probe(path, "x", f"{i}.7::double")) for i in range(50)) >= 45
    assert "0 errors, 0 warnings" in ok("verify", path)
    with_filters = [c["bloom_filters"] for c in json.loads(ok("stats", path, "--json"))["columns"]]
    assert with_filters == [2, 2, 2, 2]


def test_bloom_filters_are_kept_unless_they_are_not_wanted(tmp_path):
    duckdb.connect().execute("copy (select 'x' || (range % 50) as s, range as n from range(1000)) "
                             f"to '{tmp_path}/x.parquet' (format parquet)")
    ok("rewrite", tmp_path / "x.parquet", "-o", tmp_path / "y.parquet")
    assert probe(tmp_path / "y.parquet", "s", "'x7'") == [False]
    assert probe(tmp_path / "y.parquet", "s", "'nowhere'") == [True]
    out = ok("rewrite", tmp_path / "x.parquet", "-o", tmp_path / "z.parquet", "--no-bloom")
    assert [line.split()[-1] for line in out.splitlines() if line.startswith("bloom")] == ["no"]
    result = run("rewrite", tmp_path / "x.parquet", "-o", tmp_path / "z.parquet", "--bloom", "t")
    assert result.returncode == 2 and "no column 't'" in result.stderr


def test_intervals_get_no_filter_since_writers_hash_each_in_its_own_way(tmp_path):
    """DuckDB hashes 40 days as 1 month and 10 days, and says so in the footer alone."""
    duckdb.connect().execute("copy (select to_days(cast(range % 7 * 40 as int)) as i, range as n from "
                             f"range(5000)) to '{tmp_path}/x.parquet' (format parquet)")
    ok("rewrite", tmp_path / "x.parquet", "-o", tmp_path / "y.parquet", "--bloom", "i,n")
    ok("merge", tmp_path / "x.parquet", tmp_path / "x.parquet", "-o", tmp_path / "z.parquet")
    for name, count in ("x", 715), ("y", 715), ("z", 1430):
        query = f"select count(*) from '{tmp_path}/{name}.parquet' where i = interval '40 days'"
        assert duckdb.connect().sql(query).fetchall() == [(count,)], name
        assert "0 errors, 0 warnings" in ok("verify", tmp_path / f"{name}.parquet")


def test_both_zeros_are_found_where_one_is(tmp_path):
    for name, zero in ("minus", -0.0), ("plus", 0.0):
        pq.write_table(pyarrow.table({"x": [zero, 1.5, None, float("nan")]}), tmp_path / f"{name}.parquet")
        ok("rewrite", tmp_path / f"{name}.parquet", "-o", tmp_path / f"{name}2.parquet", "--bloom", "x")
        for value in "0.0::double", "-0.0::double":
            assert probe(tmp_path / f"{name}2.parquet", "x", value) == [False]
        assert probe(tmp_path / f"{name}2.parquet", "x", "7.25::double") == [True]


def test_levels_are_those_of_the_codec(types, tmp_path):
    for codec, level in ("snappy", 1), ("zstd", 23), ("gzip", 0), ("brotli", 12), ("lz4_raw", 13):
        result = run("rewrite", types, "-o", tmp_path / "y.parquet", "--codec", codec, "--level", level)
        assert result.returncode == 2 and "level" in result.stderr
    for codec, level in ("zstd", 19), ("gzip", 12), ("brotli", 9), ("lz4_raw", 9):
        ok("rewrite", types, "-o", tmp_path / "y.parquet", "--columns", "string", "--codec", codec,
           "--level", level, "--overwrite")
        assert pq.read_table(tmp_path / "y.parquet")["string"].equals(pq.read_table(types)["string"])
