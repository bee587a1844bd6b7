"""`quern parquet verify`: planted faults are found where they are, files of others are clean."""

import datetime
import json
import struct

import duckdb
import numpy
import polars
import pyarrow
import pyarrow.parquet as pq
import pytest
from parquet_tools import CORPUS, run

ROWS = 20_000


def verify(*arguments, code):
    """The findings, as a list of objects."""
    result = run("verify", "--json", *arguments)
    assert result.returncode == code, result.stdout[-3000:] + result.stderr
    return json.loads(result.stdout)["findings"]


def codes(findings, severities=("error", "warning")):
    return sorted({f["code"] for f in findings if f["severity"] in severities})


def only(findings, code):
    (finding,) = [f for f in findings if f["code"] == code]
    return finding


def table(rows=ROWS):
    random = numpy.random.default_rng(7)
    return pyarrow.table({
        "id": numpy.arange(rows, dtype="i8"),
        "price": numpy.round(random.normal(30, 5, rows), 2),
        "name": [f"point {i % 97:02}" for i in range(rows)],
        "maybe": [None if i % 5 == 0 else i for i in range(rows)],
    })


def write(path, data=None, **options):
    settings = {
        "write_page_index": True, "write_page_checksum": True, "data_page_size": 16_384,
        "compression": "snappy", "row_group_size": 5_000, **options,
    }
    pq.write_table(table() if data is None else data, path, **settings)
    return path


# ---- what others write ----------------------------------------------------------------------


def mixed(rows=30_000):
    random = numpy.random.default_rng(1)
    quarter = rows // 4
    return pyarrow.table({
        "i": random.integers(-1000, 1000, rows),
        "u": pyarrow.array(random.integers(0, 255, rows), pyarrow.uint8()),
        "f": random.normal(size=rows),
        "s": [None if x % 7 == 0 else f"point {x}" for x in random.integers(0, 5000, rows)],
        "long": ["x" * (x % 200) + str(x) for x in range(rows)],
        "bool": random.integers(0, 2, rows).astype(bool),
        "t": pyarrow.array(numpy.arange(rows) * 900_000_000, pyarrow.timestamp("us", "UTC")),
        "day": pyarrow.array((numpy.arange(rows) // 96).astype("i4"), pyarrow.date32()),
        "dec": pyarrow.array(random.integers(-(10**6), 10**6, rows)).cast(
            pyarrow.decimal128(24, 2)),
        "list": [[1, 2, None], None, [], [5]] * quarter,
        "group": pyarrow.array([{"a": 1, "b": None}, None, {"a": None, "b": "z"},
                                {"a": 2, "b": "y"}] * quarter),
    })


def write_duckdb(path, version="v1", codec="snappy"):
    connection = duckdb.connect()
    connection.register("mixed", mixed())
    connection.execute(
        f"copy mixed to '{path}' (format parquet, parquet_version {version}, codec {codec})"
    )


PEERS = {
    "arrow": (lambda path: pq.write_table(mixed(), path), ["no-crc", "no-page-index"]),
    "arrow, all it has": (
        lambda path: pq.write_table(
            mixed(), path, write_page_index=True, write_page_checksum=True,
            data_page_version="2.0", compression="zstd", row_group_size=7_000,
            sorting_columns=[pq.SortingColumn(6)],
        ), []),
    "arrow, other encodings": (
        lambda path: pq.write_table(
            mixed().drop(["list", "group"]), path, use_dictionary=False, compression="brotli",
            column_encoding={
                "i": "DELTA_BINARY_PACKED", "s": "DELTA_BYTE_ARRAY", "bool": "RLE",
                "long": "DELTA_LENGTH_BYTE_ARRAY", "f": "BYTE_STREAM_SPLIT",
            }), ["no-crc", "no-page-index"]),
    "polars": (lambda path: polars.from_arrow(mixed()).write_parquet(path), ["no-crc"]),
    "duckdb": (write_duckdb, ["no-crc", "no-page-index"]),
    "duckdb, version 2": (
        lambda path: write_duckdb(path, "v2", "zstd"), ["no-crc", "no-page-index"]),
}


@pytest.mark.parametrize("peer", PEERS)
def test_files_of_others_are_clean_but_for_what_they_lack(peer, tmp_path):
    write_it, lacks = PEERS[peer]
    write_it(tmp_path / "x.parquet")
    findings = verify(tmp_path / "x.parquet", code=0)
    assert codes(findings) == [] and codes(findings, ["note"]) == lacks


def test_our_own_files_lack_nothing(tmp_path):
    write(tmp_path / "a.parquet")
    assert run("rewrite", tmp_path / "a.parquet", "-o", tmp_path / "b.parquet",
               "--sort", "name,id", "--group-rows", 3000).returncode == 0
    assert verify(tmp_path / "b.parquet", code=0) == []


# ---- faults in the bytes --------------------------------------------------------------------


def test_a_flipped_bit_in_a_page_is_found_and_located(tmp_path):
    path = write(tmp_path / "x.parquet", compression="none", use_dictionary=False)
    column = pq.read_metadata(path).row_group(2).column(1)
    data = bytearray(path.read_bytes())
    place = column.data_page_offset + column.total_compressed_size - 10  # in the last page
    data[place] ^= 0x10
    path.write_bytes(data)
    finding = only(verify(path, code=3), "page-crc")
    assert finding["row_group"] == 2 and finding["column"] == "price" and finding["page"] == 2
    assert place - 16_500 < finding["offset"] < place


def test_a_value_beyond_its_bounds_is_found_without_a_checksum_too(tmp_path):
    path = write(tmp_path / "x.parquet", write_page_checksum=False, compression="none",
                 use_dictionary=False)
    data = path.read_bytes()
    place = data.find(struct.pack("<q", 7_777))  # in the second row group, by PLAIN encoding
    path.write_bytes(data[:place + 6] + b"\x40" + data[place + 7:])
    findings = [f for f in verify(path, code=3) if f["severity"] == "error"]
    assert codes(findings) == ["page-index", "statistics"]
    assert all(f["row_group"] == 1 and f["column"] == "id" for f in findings)


def replace(path, old, new, from_end=False):
    """Puts `new` in the place of `old`, of the same length, in the first or last such place."""
    data = path.read_bytes()
    place = data.rfind(old) if from_end else data.find(old)
    assert place >= 0 and len(old) == len(new)
    path.write_bytes(data[:place] + new + data[place + len(old):])
    return place


@pytest.mark.parametrize("side, wrong", [("min", 4_711), ("max", 5_500)])
def test_a_wrong_statistic_is_found(tmp_path, side, wrong):
    """The footer of a file without a page index holds each bound of an int64 once a field."""
    path = write(tmp_path / "x.parquet", write_page_index=False)
    right = {"min": 5_000, "max": 9_999}[side]
    data = path.read_bytes()
    footer = len(data) - 8 - struct.unpack("<I", data[-8:-4])[0]
    changed = data[footer:].replace(struct.pack("<q", right), struct.pack("<q", wrong))
    assert changed != data[footer:]
    path.write_bytes(data[:footer] + changed)
    expected = "statistics" if side == "max" else "loose-statistics"
    finding = only([f for f in verify(path, code=3) if f["column"] == "id"], expected)
    assert finding["row_group"] == 1
    assert str(wrong) in finding["message"] and str(right) in finding["message"]


def test_a_wrong_entry_of_the_page_index_is_found(tmp_path):
    path = write(tmp_path / "x.parquet", use_dictionary=False, compression="none")
    # Bounds of a page: 8 bytes with their length before them, in the index behind the data.
    first_row = only_page_min(path)
    place = replace(path, b"\x08" + struct.pack("<q", first_row),
                    b"\x08" + struct.pack("<q", first_row + 1), from_end=True)
    finding = only(verify(path, code=3), "page-index")
    assert finding["row_group"] == 0 and finding["column"] == "id" and finding["page"] == 1
    assert str(first_row) in finding["message"] and place > 0


def only_page_min(path):
    """The first id of the second page, which is the least of it: pages hold 16 KiB of int64."""
    per_page = next(n for n in range(1024, 4097, 1024) if n * 8 >= 16_384)
    data = path.read_bytes()
    assert data.rfind(b"\x08" + struct.pack("<q", per_page)) > 0
    return per_page


def test_a_wrong_null_count_is_found(tmp_path):
    data = pyarrow.table({"a": pyarrow.array([1, None, 3, None, 5] * 100)})
    pq.write_table(data, tmp_path / "x.parquet", compression="none", use_dictionary=False)
    raw = (tmp_path / "x.parquet").read_bytes()
    footer = len(raw) - 8 - struct.unpack("<I", raw[-8:-4])[0]
    count = b"\x16" + b"\x90\x03"  # i64, zigzag varint of 200
    place = raw.find(count, footer)
    assert place > 0
    (tmp_path / "x.parquet").write_bytes(raw[:place] + b"\x16\x92\x03" + raw[place + 3:])
    finding = only(verify(tmp_path / "x.parquet", code=3), "statistics")
    assert "201 nulls, there are 200" in finding["message"]


def test_unsorted_rows_under_a_sorted_claim_are_found(tmp_path):
    data = table().set_column(0, "id", pyarrow.array(
        [*range(12_345), 12_344 - 100, *range(12_346, ROWS)], pyarrow.int64()))
    path = write(tmp_path / "x.parquet", data, sorting_columns=[pq.SortingColumn(0)])
    finding = only(verify(path, code=3), "sort-order")
    assert (finding["row"], finding["row_group"], finding["column"]) == (12_345, 2, "id")


def test_rows_sorted_as_claimed_are_fine(tmp_path):
    for descending in False, True:
        data = table().sort_by([("maybe", "descending" if descending else "ascending")])
        key = pq.SortingColumn(3, descending=descending, nulls_first=False)
        path = write(tmp_path / "x.parquet", data, sorting_columns=[key])
        assert verify(path, code=0) == []


def test_a_bloom_filter_that_denies_a_value_is_found(tmp_path):
    if not CORPUS.is_dir():
        pytest.skip("no foreign files here")
    source = CORPUS / "data" / "data_index_bloom_encoding_stats.parquet"
    assert verify(source, code=0) == []
    raw = bytearray(source.read_bytes())
    start = pq.read_metadata(source).row_group(0).column(0).bloom_filter_offset
    raw[start + 32:start + 1024] = bytes(992)
    (tmp_path / "x.parquet").write_bytes(raw)
    findings = [f for f in verify(tmp_path / "x.parquet", code=3) if f["code"] == "bloom"]
    assert findings and all("denies" in f["message"] for f in findings)


def test_a_cut_file_and_a_text_file_are_told(tmp_path):
    whole = write(tmp_path / "a.parquet").read_bytes()
    (tmp_path / "b.parquet").write_bytes(whole[:-100])
    (tmp_path / "c.parquet").write_text("a,b\n1,2\n")
    (tmp_path / "d.parquet").write_bytes(b"")
    (tmp_path / "e.parquet").write_bytes(whole[:-4] + b"PARE")
    findings = verify(tmp_path, code=3)
    names = {f["file"].rsplit("/", 1)[1]: f["code"] for f in findings}
    assert names == {"b.parquet": "footer", "c.parquet": "footer", "d.parquet": "footer",
                     "e.parquet": "not-read"}


# ---- faults in the contents -----------------------------------------------------------------

STEP = datetime.timedelta(minutes=15)
UTC = datetime.timezone.utc


def market(days, points=("HB_NORTH", "LZ_WEST"), start=datetime.datetime(2024, 3, 9, 6)):
    """Quarter hours of some days from midnight in Chicago (UTC-6 in winter) on, as rows."""
    times = [start + STEP * i for i in range(96 * days)]
    return [(time, point, float(i % 50)) for i, time in enumerate(times) for point in points]


def write_market(path, rows, unit="us", zone="UTC"):
    times, points, prices = zip(*rows)
    pq.write_table(pyarrow.table({
        "time": pyarrow.array(times, pyarrow.timestamp(unit, zone)),
        "point": points, "price": prices,
    }), path)
    return path


MARKET = ["--key", "time,point", "--time", "time", "--step", "15m"]


def test_a_whole_market_is_clean(tmp_path):
    path = write_market(tmp_path / "x.parquet", market(4))
    assert codes(verify(path, *MARKET, code=0)) == []


def test_a_duplicate_within_a_file_is_found(tmp_path):
    rows = market(2)
    path = write_market(tmp_path / "x.parquet", [*rows, rows[17]])
    finding = only(verify(path, *MARKET, code=3), "duplicate")
    assert finding["row"] == len(rows) and "row 17" in finding["message"]
    assert "the same too" in finding["message"]


def test_a_duplicate_across_files_is_found(tmp_path):
    rows = market(2)
    write_market(tmp_path / "a.parquet", rows[:200])
    again = (rows[10][0], rows[10][1], 99.0)
    write_market(tmp_path / "b.parquet", [*rows[200:], again])
    finding = only(verify(tmp_path, *MARKET, code=3), "duplicate")
    assert finding["file"].endswith("b.parquet") and finding["row"] == len(rows) - 200
    assert "row 10 of a.parquet" in finding["message"] and "differ" in finding["message"]


def test_a_key_without_a_time_finds_duplicates_too(tmp_path):
    data = pyarrow.table({"id": [1, 2, 3, 2, 4], "x": [1, 1, 1, 1, 1]})
    pq.write_table(data, tmp_path / "x.parquet")
    finding = only(verify(tmp_path / "x.parquet", "--key", "id", code=3), "duplicate")
    assert finding["row"] == 3 and "row 1 " in finding["message"]


def test_duplicates_are_found_whatever_the_number_of_workers(tmp_path):
    rows = market(30)
    for i in range(6):
        write_market(tmp_path / f"{i}.parquet", rows[i * 900:(i + 1) * 900 + 3])
    one = run("verify", "--json", tmp_path, *MARKET, "--jobs", 1).stdout
    two = run("verify", "--json", tmp_path, *MARKET, "--jobs", 2).stdout
    assert one == two and one.count('"duplicate"') == 15


def test_a_gap_on_the_spring_day_is_found(tmp_path):
    """2024-03-10 has 23 hours; three quarters of 03:00 to 03:45 CDT (08:00 UTC) are missing."""
    lost = [datetime.datetime(2024, 3, 10, 8, minute) for minute in (0, 15, 30)]
    rows = [row for row in market(4) if not (row[0] in lost and row[1] == "LZ_WEST")]
    path = write_market(tmp_path / "x.parquet", rows)
    findings = verify(path, *MARKET, "--zone", "America/Chicago", code=3)
    finding = only(findings, "gap")
    assert finding["count"] == 3 and "LZ_WEST lacks 3 times" in finding["message"]
    assert "2024-03-10T08:00:00Z to 2024-03-10T08:30:00Z" in finding["message"]
    assert "local date 2024-03-10" in finding["message"]


def local_rows(days, first, zone_hours):
    """Local wall times of Chicago, as written without a zone: `zone_hours(utc)` is the offset."""
    start = datetime.datetime(*first)
    rows = []
    for i in range(24 * days):
        utc = start + datetime.timedelta(hours=i)
        rows.append((utc + datetime.timedelta(hours=zone_hours(utc)), "HB_NORTH", float(i)))
    return rows


def in_2024(utc):
    """US rule: 2024-03-10 08:00 UTC to 2024-11-03 07:00 UTC is summer time."""
    summer = datetime.datetime(2024, 3, 10, 8) <= utc < datetime.datetime(2024, 11, 3, 7)
    return -5 if summer else -6


@pytest.mark.parametrize("first", [(2024, 3, 9, 6), (2024, 11, 2, 5)], ids=["spring", "autumn"])
def test_local_times_of_23_and_25_hours_are_whole(tmp_path, first):
    rows = local_rows(3, first, in_2024)
    path = write_market(tmp_path / "x.parquet", rows, zone=None)
    hours = ["--key", "time,point", "--time", "time", "--step", "1h", "--zone", "America/Chicago"]
    assert codes(verify(path, *hours, code=0)) == []


def test_a_hour_missing_on_the_25_hour_day_is_found(tmp_path):
    """Without the second 01:00 of 2024-11-03 the day has 24 hours, and one is missing."""
    rows = local_rows(3, (2024, 11, 2, 5), in_2024)
    double = [i for i, row in enumerate(rows) if row[0] == datetime.datetime(2024, 11, 3, 1)]
    assert len(double) == 2
    del rows[double[1]]
    path = write_market(tmp_path / "x.parquet", rows, zone=None)
    hours = ["--key", "time,point", "--time", "time", "--step", "1h", "--zone", "America/Chicago"]
    finding = only(verify(path, *hours, code=3), "gap")
    assert finding["count"] == 1 and "2024-11-03T07:00:00Z" in finding["message"]


def test_a_local_time_that_does_not_exist_is_told(tmp_path):
    rows = [(datetime.datetime(2024, 3, 10, hour), "HB_NORTH", 1.0) for hour in (1, 2, 3)]
    path = write_market(tmp_path / "x.parquet", rows, zone=None)
    findings = verify(path, "--key", "time,point", "--time", "time", "--zone", "America/Chicago",
                      code=3)
    assert only(findings, "no-such-time")["row"] == 1


def test_completeness_by_day_knows_short_and_long_days(tmp_path):
    """Expected quarter hours of a market day: 92 in spring, 96, 100 in autumn."""
    for start, long_day, quarters in ((datetime.datetime(2024, 3, 9, 6), "2024-03-10", 92),
                                      (datetime.datetime(2024, 11, 2, 5), "2024-11-03", 100)):
        path = write_market(tmp_path / "x.parquet", market(4, start=start))
        dataset = tmp_path / f"{quarters}.ds"
        result = run("verify", path, *MARKET, "--zone", "America/Chicago", "--period", "day",
                     "-o", dataset)
        assert result.returncode == 0, result.stdout + result.stderr
        days = pq.read_table(dataset / "completeness.parquet").to_pylist()
        expected = {(d["series"], str(d["period"])): d["expected"] for d in days}
        assert expected["HB_NORTH", long_day] == quarters
        assert all(d["expected"] == d["have"] for d in days)
        assert {d["expected"] for d in days} >= {96, quarters}


def test_nulls_in_keys_ranges_and_non_finite_values_are_told(tmp_path):
    data = pyarrow.table({
        "id": [1, None, 3], "price": [10.0, 6000.0, float("nan")], "load": [1.0, float("inf"), 2.0],
    })
    pq.write_table(data, tmp_path / "x.parquet")
    findings = verify(tmp_path / "x.parquet", "--key", "id", "--range", "price=-250:5000", code=3)
    assert only(findings, "null-key")["row"] == 1
    assert sorted(f["row"] for f in findings if f["code"] == "range") == [1, 2]
    assert {f["column"] for f in findings if f["code"] == "non-finite"} == {"price", "load"}


def test_drift_of_the_schema_is_told_with_its_files(tmp_path):
    write(tmp_path / "2021.parquet")
    write(tmp_path / "2022.parquet", table().append_column("extra", pyarrow.array([1] * ROWS)))
    write(tmp_path / "2023.parquet", table().drop(["maybe"]))
    write(tmp_path / "2024.parquet",
          table().drop(["maybe"]).set_column(0, "id", pyarrow.array(map(str, range(ROWS)))))
    findings = verify(tmp_path, code=3)
    told = {(f["code"], f["column"], f["file"].rsplit("/", 1)[1]) for f in findings
            if f["code"].startswith("schema")}
    assert told == {
        ("schema-changed", "extra", "2022.parquet"), ("schema-changed", "extra", "2023.parquet"),
        ("schema-changed", "maybe", "2023.parquet"), ("schema-retyped", "id", "2024.parquet"),
    }
    assert "from 2021.parquet to 2023.parquet" in only(findings, "schema-retyped")["message"]


def test_a_schema_that_is_expected_is_held_against_the_files(tmp_path):
    path = write(tmp_path / "x.parquet")
    schema = json.loads(run("schema", "--json", path).stdout)
    schema["key"] = ["id"]
    (tmp_path / "schema.json").write_text(json.dumps(schema))
    assert verify(path, "--schema", tmp_path / "schema.json", code=0) == []
    schema["columns"][0]["type"] = "int32"
    schema["columns"].append({"name": "gone"})
    (tmp_path / "schema.json").write_text(json.dumps(schema))
    findings = verify(path, "--schema", tmp_path / "schema.json", code=3)
    assert [f["column"] for f in findings if f["code"] == "schema-expected"] == ["id", "gone"]


# ---- what is left behind --------------------------------------------------------------------


def test_the_dataset_holds_findings_as_json_and_parquet_and_a_report(tmp_path):
    rows = market(3)
    path = write_market(tmp_path / "x.parquet", [*rows[:100], *rows[104:], rows[0]])
    dataset = tmp_path / "findings.ds"
    result = run("verify", path, *MARKET, "-o", dataset)
    assert result.returncode == 3 and "2 warnings" in result.stdout
    stored = pq.read_table(dataset / "findings.parquet").to_pylist()
    printed = json.loads((dataset / "findings.json").read_text())["findings"]
    assert stored == printed and {f["code"] for f in stored} >= {"gap", "duplicate"}
    series = pq.read_table(dataset / "series.parquet").to_pylist()
    assert [(s["series"], s["missing"], s["gaps"]) for s in series] == [
        ("HB_NORTH", 2, 1), ("LZ_WEST", 2, 1)]
    report = (dataset / "report.html").read_text()
    assert "data:image/png" in report and "HB_NORTH lacks 2 times" in report
    assert codes(verify(dataset, code=0)) == []


def test_only_what_is_asked_for_makes_it_fail(tmp_path):
    path = write_market(tmp_path / "x.parquet", [*market(1)[:40], *market(1)[44:]])
    assert run("verify", path, *MARKET).returncode == 3
    assert run("verify", path, *MARKET, "--fail-on", "error").returncode == 0
    assert run("verify", path, "--fail-on", "note").returncode == 3


@pytest.mark.parametrize("arguments, reason", [
    (["--step", "15m"], "need --time"),
    (["--time", "time", "--step", "soon"], "makes no sense"),
    (["--time", "time", "--zone", "Mars/Olympus"], "is not known"),
    (["--range", "price"], "expected NAME=MIN:MAX"),
])
def test_wrong_options_are_refused(tmp_path, arguments, reason):
    path = write_market(tmp_path / "x.parquet", market(1))
    result = run("verify", path, *arguments)
    assert result.returncode == 2 and reason in result.stderr
