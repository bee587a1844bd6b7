"""`quern ercot rollup`: rows, times, types and duplicates against Python's own reading of the input;
the generator's answer key; other programs' readers on the output."""

import csv
import json
import shutil

import duckdb
import polars
import pyarrow.compute
import pyarrow.parquet
import pytest
from ercot_tools import (DAM, DAM_NAME, RT, RT_NAME, facts, hour_ending, rejects, rollup, rows,
                         table, total, write)
from segy_tools import quern

RT_2024 = "rt_spp/2024.parquet"


def synth(folder, *options):
    quern("synth", "ercot", "-o", folder, *options)
    return folder


@pytest.fixture(scope="module")
def two_days(tmp_path_factory):
    """Two days of prices and their dataset."""
    folder = tmp_path_factory.mktemp("rt")
    synth(folder / "in", "--points", 120, "--days", 2, "--start", "2024-02-28")
    rollup(folder / "out.ds", folder / "in")
    return folder


def read_prices(folder):
    """The rows as Python's csv module and time zones have them, sorted by key."""
    found = []
    for path in folder.rglob("*.csv"):
        with open(path, newline="", encoding="utf-8-sig") as file:
            for row in csv.DictReader(file):
                start = hour_ending(row["DeliveryDate"], int(row["DeliveryHour"]),
                                    row["DSTFlag"] == "Y", int(row["DeliveryInterval"]))
                found.append((start, row["SettlementPointName"], row["SettlementPointType"],
                              float(row["SettlementPointPrice"])))
    return sorted(found)


NAMES = ["interval_start_utc", "SettlementPointName", "SettlementPointType", "SettlementPointPrice"]


def test_every_row_is_there_with_its_instant_and_the_very_double(two_days):
    got = [tuple(row[name] for name in NAMES) for row in rows(two_days / "out.ds", RT_2024)]
    assert got == read_prices(two_days / "in")


def test_readers_agree_cell_by_cell(two_days):
    path = two_days / "out.ds" / RT_2024
    arrow = pyarrow.parquet.read_table(path)
    duck = duckdb.sql(f"from '{path}'").to_arrow_table().cast(arrow.schema)
    assert duck.equals(arrow)
    assert polars.read_parquet(path).to_arrow().cast(arrow.schema).equals(arrow)


def test_readers_agree_when_they_skip_pages_and_groups(two_days):
    path = two_days / "out.ds" / RT_2024
    point = "LZ_HOUSTON"
    everything = table(two_days / "out.ds", RT_2024)
    wanted = everything.filter(pyarrow.compute.equal(everything["SettlementPointName"], point))
    assert wanted.num_rows == 2 * 2 * 96
    assert pyarrow.parquet.read_table(path, filters=[("SettlementPointName", "=", point)]) == wanted
    duck = duckdb.sql(f"from '{path}' where SettlementPointName = '{point}'").to_arrow_table()
    assert duck.cast(wanted.schema).equals(wanted)
    lazy = polars.scan_parquet(path).filter(polars.col("SettlementPointName") == point).collect()
    assert lazy.to_arrow().cast(wanted.schema).equals(wanted)
    moment = everything["interval_start_utc"][5000]
    later = everything.filter(pyarrow.compute.greater(everything["interval_start_utc"], moment))
    assert pyarrow.parquet.read_table(path, filters=[("interval_start_utc", ">", moment)]) == later


def test_the_bloom_filter_has_every_name_and_excludes_others(two_days):
    path = two_days / "out.ds" / RT_2024
    probe = "select count(*) from parquet_bloom_probe('{}', 'SettlementPointName', '{}') where {}"
    for name in set(table(two_days / "out.ds", RT_2024)["SettlementPointName"].to_pylist()):
        excluded = duckdb.sql(probe.format(path, name, "bloom_filter_excludes")).fetchall()[0][0]
        assert excluded == 0, name
    excluded = [duckdb.sql(probe.format(path, f"NOWHERE_{i}", "bloom_filter_excludes")).fetchall()[0][0]
                for i in range(100)]
    assert sum(excluded) > 90


def test_the_file_declares_its_order_and_has_page_indexes_and_statistics(two_days):
    metadata = pyarrow.parquet.ParquetFile(two_days / "out.ds" / RT_2024).metadata
    assert b"quern.units" in metadata.metadata
    for g in range(metadata.num_row_groups):
        group = metadata.row_group(g)
        assert [group.column(s.column_index).path_in_schema for s in group.sorting_columns] == NAMES[:3]
        for c in range(group.num_columns):
            chunk = group.column(c)
            assert chunk.has_offset_index and chunk.has_column_index
            assert chunk.statistics.null_count == 0


def test_zones_that_share_a_name_stay_apart(two_days):
    prices = rows(two_days / "out.ds", RT_2024)
    types = {row["SettlementPointType"] for row in prices if row["SettlementPointName"] == "LZ_WEST"}
    assert types == {"LZ", "LZEW"}


@pytest.mark.parametrize("pack", ["csv", "zip", "nested"])
def test_planted_faults_are_found_exactly(tmp_path, pack):
    synth(tmp_path / "in", "--faults", "--points", 150, "--days", 1, "--pack", pack)
    key = json.loads((tmp_path / "in.answer.json").read_text())
    rollup(tmp_path / "out.ds", tmp_path / "in", code=3)
    found = facts(tmp_path / "out.ds")
    assert found.get("reject_reasons") == key.pop("reject_reasons")
    gaps = {name: key.pop(name) for name in ("missing", "missing_intervals")}
    assert {name: found["files"][0][name] for name in gaps} == gaps
    assert {name: found["total"][name] for name in key} == key
    listed = rows(tmp_path / "out.ds", "gaps.parquet")
    assert sum(row["intervals"] for row in listed if row["point"]) == gaps["missing"]
    assert sum(row["intervals"] for row in listed if not row["point"]) == gaps["missing_intervals"]
    quern("verify", tmp_path / "out.ds")


def test_the_same_bytes_from_plain_files_zips_and_zips_of_zips(tmp_path):
    written = set()
    for pack in ("csv", "zip", "nested"):
        synth(tmp_path / pack, "--points", 60, "--days", 1, "--pack", pack)
        rollup(tmp_path / f"{pack}.ds", tmp_path / pack)
        written.add((tmp_path / f"{pack}.ds" / RT_2024).read_bytes())
    assert len(written) == 1


def test_the_same_bytes_for_any_number_of_workers(tmp_path):
    synth(tmp_path / "in", "--points", 1000, "--days", 12)
    manifests = set()
    for options in (["--jobs", 1], ["--jobs", 3], ["--in-process"]):
        dataset = tmp_path / f"{options[-1]}.ds"
        quern("ercot", "rollup", tmp_path / "in", "-o", dataset, *options)
        manifests.add((dataset / "manifest.json").read_bytes())
    assert len(manifests) == 1


def test_more_files_later_give_what_all_at_once_give(tmp_path):
    synth(tmp_path / "all", "--points", 400, "--days", 30, "--start", "2023-12-15")
    names = sorted(path.name for path in (tmp_path / "all").iterdir())
    (tmp_path / "in").mkdir()
    for name in names[:2000]:
        shutil.copy2(tmp_path / "all" / name, tmp_path / "in")
    rollup(tmp_path / "out.ds", tmp_path / "in")
    for name in names[2000:]:
        shutil.copy2(tmp_path / "all" / name, tmp_path / "in")
    told = quern("ercot", "rollup", tmp_path / "in", "-o", tmp_path / "out.ds", code=1).stderr
    assert "--overwrite" in told
    told = rollup(tmp_path / "out.ds", tmp_path / "in", overwrite=True).stderr
    assert "taken over" in told
    rollup(tmp_path / "fresh.ds", tmp_path / "in")
    assert ((tmp_path / "out.ds" / "manifest.json").read_bytes()
            == (tmp_path / "fresh.ds" / "manifest.json").read_bytes())


def test_decimals_are_exact(tmp_path):
    prices = ["19.27", "29", "-38.25", " 23.94", ".01", "-.5", "139.199997"]
    write(tmp_path / "in", DAM_NAME.format("20240301.120000"), DAM,
          *(f"03/02/2024,01:00,P{i},{price},N" for i, price in enumerate(prices)))
    rollup(tmp_path / "out.ds", tmp_path / "in", price_type="decimal")
    got = table(tmp_path / "out.ds", "dam_spp/2024.parquet")["SettlementPointPrice"].to_pylist()
    assert [str(value) for value in got] == ["19.270000", "29.000000", "-38.250000", "23.940000",
                                             "0.010000", "-0.500000", "139.199997"]


def test_doubles_are_those_of_python(tmp_path):
    prices = ["139.199996948242", "-3.00999999046326", "20.010000000000002", "1e22", "1e-7",
              "123456789012345678901234567890", "9007199254740993", "0.1", "5.", "4.35",
              "2.2250738585072011e-308", "1.7976931348623157e308", "00012.50"]
    write(tmp_path / "in", DAM_NAME.format("20240301.120000"), DAM,
          *(f"03/02/2024,01:00,P{i:02},{price},N" for i, price in enumerate(prices)))
    rollup(tmp_path / "out.ds", tmp_path / "in")
    got = table(tmp_path / "out.ds", "dam_spp/2024.parquet")["SettlementPointPrice"].to_pylist()
    assert got == [float(price) for price in prices]


@pytest.mark.parametrize("date", ["03/02/2024", "3/2/2024", "2024-03-02", "20240302", "02-MAR-24",
                                  "02-Mar-2024", "2024-03-02T00:00:00"])
def test_spellings_of_a_date(tmp_path, date):
    write(tmp_path / "in", DAM_NAME.format("20240301.120000"), DAM, f"{date},01:00,HB_WEST,1,N")
    rollup(tmp_path / "out.ds", tmp_path / "in")
    (row,) = rows(tmp_path / "out.ds", "dam_spp/2024.parquet")
    assert row["interval_start_utc"] == hour_ending("03/02/2024", 1)


def test_the_latest_publication_stays(tmp_path):
    one = [DAM, "03/02/2024,01:00,HB_WEST,1,N", "03/02/2024,02:00,HB_WEST,2,N"]
    two = [DAM, "03/02/2024,01:00,HB_WEST,7,N", "03/02/2024,02:00,HB_WEST,2,N"]
    write(tmp_path / "in" / "z", DAM_NAME.format("20240301.120000"), *one)
    write(tmp_path / "in" / "a", DAM_NAME.format("20240301.130000"), *two)
    rollup(tmp_path / "out.ds", tmp_path / "in")
    got = rows(tmp_path / "out.ds", "dam_spp/2024.parquet")
    assert [row["SettlementPointPrice"] for row in got] == [7, 2]
    sums = total(tmp_path / "out.ds")
    assert (sums["duplicates_identical"], sums["duplicates_differing"]) == (1, 1)


def test_publications_in_different_tasks_meet_in_glue(tmp_path):
    """The second copy of the archive is published later and says other prices at one point."""
    synth(tmp_path / "in" / "a", "--points", 900, "--days", 13)
    shutil.copytree(tmp_path / "in" / "a", tmp_path / "in" / "b")
    for i, path in enumerate(sorted((tmp_path / "in" / "b").iterdir())):
        text = path.read_text().replace(",HB_WEST,HU,", ",HB_WEST,HU,9")
        path.write_text(text)
        stamp = f"202405{1 + i // 96:02}.{i % 96 // 4:02}{i % 4 * 15:02}59"
        path.rename(path.with_name(f"cdr.00012301.0000000000000000.{stamp}.SPPHLZNP6905.csv"))
    rollup(tmp_path / "out.ds", tmp_path / "in")
    rollup(tmp_path / "b.ds", tmp_path / "in" / "b")
    sums = total(tmp_path / "out.ds")
    intervals = 13 * 96 - 4  # one of the days has 23 hours
    assert sums["rows_out"] == 900 * intervals
    assert sums["duplicates_differing"] == intervals
    assert sums["duplicates_identical"] == 899 * intervals
    assert table(tmp_path / "out.ds", RT_2024).equals(table(tmp_path / "b.ds", RT_2024))
    quern("verify", tmp_path / "out.ds")
    days = days_of_groups(tmp_path / "out.ds" / RT_2024)
    assert len(days) == 2
    assert days[0][1] < days[1][0]


def days_of_groups(path):
    """First and last operating day of every row group."""
    metadata = pyarrow.parquet.ParquetFile(path).metadata
    column = metadata.schema.names.index("delivery_date")
    stats = [metadata.row_group(g).column(column).statistics for g in range(metadata.num_row_groups)]
    return [(s.min, s.max) for s in stats]


def test_row_groups_end_with_days(tmp_path):
    synth(tmp_path / "in", "--points", 1000, "--days", 20)
    rollup(tmp_path / "out.ds", tmp_path / "in")
    days = days_of_groups(tmp_path / "out.ds" / RT_2024)
    assert len(days) > 1
    assert all(a[1] < b[0] for a, b in zip(days, days[1:]))


def test_verify_finds_rows_out_of_order_and_repeated_keys(tmp_path):
    """The file is written anew by another program, with the rows of an interval mixed up."""
    synth(tmp_path / "in", "--points", 40, "--days", 1)
    rollup(tmp_path / "out.ds", tmp_path / "in")
    path = tmp_path / "out.ds" / RT_2024
    good = pyarrow.parquet.read_table(path)
    order = list(range(good.num_rows))
    order[10], order[11], order[50] = 11, 10, 49
    pyarrow.parquet.write_table(good.take(order), path)
    told = quern("verify", tmp_path / "out.ds", code=1)
    assert "row 11 belongs before the row before it" in told.stdout + told.stderr
    assert "row 50 has the key of the row before it" in told.stdout + told.stderr


def test_a_file_added_later_costs_its_own_days_only(tmp_path):
    synth(tmp_path / "all", "--points", 1000, "--days", 20)
    (tmp_path / "in").mkdir()
    late = sorted((tmp_path / "all").iterdir())[500]
    for path in (tmp_path / "all").iterdir():
        if path != late:
            shutil.copy2(path, tmp_path / "in")
    rollup(tmp_path / "out.ds", tmp_path / "in")
    shutil.copy2(late, tmp_path / "in")
    told = rollup(tmp_path / "out.ds", tmp_path / "in", overwrite=True).stderr
    tasks = json.loads((tmp_path / "out.ds" / "manifest.json").read_text())["tasks"]
    assert f"{tasks - 1} of {tasks} tasks are taken over" in told


def test_a_supplement_wins_over_what_was_published_with_it(tmp_path):
    header = '"SCED Time Stamp","Repeated Hour Flag","Resource Name","Telemetered Net Output"'
    for name, value in (("60d_ESR_Data_in_SCED-03-FEB-26_SUPPLEMENTAL_CORRECTION", 2),
                        ("60d_ESR_Data_in_SCED-03-FEB-26", 1)):
        write(tmp_path / "in", name + ".csv", header,
              f'"12/05/2025 00:05:13","N","BATTERY","{value}"')
    rollup(tmp_path / "out.ds", tmp_path / "in")
    (row,) = rows(tmp_path / "out.ds", "sced_esr/2025.parquet")
    assert row["Telemetered Net Output"] == 2
    assert total(tmp_path / "out.ds")["duplicates_differing"] == 1


def test_columns_of_sced_before_and_after_december_2025(tmp_path):
    """HASL and LASL go, a name loses its blank, awards come."""
    start = '"SCED Time Stamp","Repeated Hour Flag","QSE","Resource Name","HSL",'
    write(tmp_path / "in", "60d_SCED_Gen_Resource_Data-02-FEB-26.csv",
          start + '"HASL","Telemetered Net Output ","Ancillary Service REGUP"',
          '"12/04/2025 00:05:13","N","Q","UNIT1","9","8","7","0"')
    write(tmp_path / "in", "60d_SCED_Gen_Resource_Data-03-FEB-26.csv",
          start + '"Telemetered Net Output","AS Awards REGUP","AS Capability REGUP"',
          '"12/05/2025 00:05:13","N","Q","UNIT1","9","6","","5.5"')
    rollup(tmp_path / "out.ds", tmp_path / "in")
    old, new = rows(tmp_path / "out.ds", "sced_gen/2025.parquet")
    names = ("HASL", "Telemetered Net Output", "Ancillary Service REGUP", "AS Awards REGUP",
             "AS Capability REGUP")
    assert [old[name] for name in names] == [8, 7, 0, None, None]
    assert [new[name] for name in names] == [None, 6, None, None, 5.5]
    _, event = facts(tmp_path / "out.ds")["versions"]
    assert (event["first_day"], event["gone_columns"]) == (
        "2025-12-05", ["HASL", "Ancillary Service REGUP"])


def test_families_that_are_not_declared_get_market_times_from_their_header(tmp_path):
    write(tmp_path / "in", "60d_SCED_DSR_Load_Data-02-JAN-25.csv",
          '"SCED Time Stamp","Repeated Hour Flag","QSE","MW"',
          '"11/03/2024 01:05:13","N","Q1","139"', '"11/03/2024 01:05:13","Y","Q1",".5"')
    write(tmp_path / "in", "60d_SCED_EOC_Updates_in_OpHour-02-JAN-25.csv",
          '"Delivery Date","Hour Ending","Resource Name","MW1"', '"11/04/2024","24","U","5"')
    write(tmp_path / "in", "60d_HDL_LDL_ManOverride-02-JAN-25.csv",
          '"SCED Time Stamp","QSE","Resource Name","HDL Manual"')
    told = rollup(tmp_path / "none.ds", tmp_path / "in", code=3).stderr
    assert "3 of them are of no known table: 'quern ercot schema'" in told
    assert {row["reason"] for row in rejects(tmp_path / "none.ds")} == {"file_unknown"}
    quern("ercot", "schema", tmp_path / "in", "-o", tmp_path / "more.schema")
    rollup(tmp_path / "out.ds", tmp_path / "in", schema=tmp_path / "more.schema")
    load = rows(tmp_path / "out.ds", "sced_dsr_load_data/2024.parquet")
    assert [(row["time_utc"].hour, row["MW"]) for row in load] == [(6, 139), (7, 0.5)]
    (row,) = rows(tmp_path / "out.ds", "sced_eoc_updates_in_ophour/2024.parquet")
    assert row["interval_start_utc"] == hour_ending("11/04/2024", 24)


def test_a_row_that_cannot_stand_is_listed_with_its_place(tmp_path):
    lines = [RT, "03/02/2024,1,1,HB_WEST,HU,1,N", "03/02/2024,99,1,HB_WEST,HU,2,N",
             "03/02/2024,2,1,HB_WEST,HU,3,N"]
    path = write(tmp_path / "in", RT_NAME.format("20240302.001500", "20240302_0015"), *lines)
    rollup(tmp_path / "out.ds", tmp_path / "in", code=3, max_bad_ratio=0.5)
    (reject,) = rejects(tmp_path / "out.ds")
    assert reject == {"file": str(path), "member": None, "dataset": "rt_spp", "line": 3,
                      "byte_offset": len("\n".join(lines[:2])) + 1, "column": "DeliveryHour",
                      "raw": "99", "reason": "no_such_hour", "rows": 1}


def test_a_cell_that_cannot_be_read_is_null_and_listed(tmp_path):
    write(tmp_path / "in", DAM_NAME.format("20240301.120000"), DAM,
          "03/02/2024,01:00,A,text,N", "03/02/2024,01:00,B,,N", "03/02/2024,01:00,C,3,N")
    rollup(tmp_path / "out.ds", tmp_path / "in")
    got = rows(tmp_path / "out.ds", "dam_spp/2024.parquet")
    assert [row["SettlementPointPrice"] for row in got] == [None, None, 3]
    (reject,) = rejects(tmp_path / "out.ds")
    assert (reject["reason"], reject["raw"], reject["rows"]) == ("bad_value", "text", 0)


def test_a_file_with_too_many_bad_rows_is_refused_as_a_whole(tmp_path):
    good = [f"03/02/2024,01:00,P{i},1,N" for i in range(6)]
    write(tmp_path / "in", DAM_NAME.format("20240301.120000"), DAM, *good,
          *["someday,01:00,Q,1,N"] * 4)
    rollup(tmp_path / "out.ds", tmp_path / "in", code=3)
    sums = total(tmp_path / "out.ds")
    assert (sums["rows_in"], sums["rejected"], sums["rows_out"]) == (10, 10, 0)
    assert rejects(tmp_path / "out.ds")[-1]["reason"] == "file_bad_rows"


def test_any_other_family_of_files_by_an_inferred_schema(tmp_path):
    write(tmp_path / "in", "meter_1.csv", "id,day,kwh,code", "1,2024-05-01,3,007")
    write(tmp_path / "in", "meter_2.csv", "id,day,kwh,code", "2,2025-05-01,3.5,x")
    quern("ercot", "schema", tmp_path / "in", "-o", tmp_path / "meter.schema")
    rollup(tmp_path / "out.ds", tmp_path / "in", schema=tmp_path / "meter.schema")
    got = rows(tmp_path / "out.ds", "meter/2024.parquet") + rows(tmp_path / "out.ds",
                                                                 "meter/2025.parquet")
    assert [(row["id"], row["kwh"], row["code"]) for row in got] == [(1, 3.0, "007"), (2, 3.5, "x")]


def test_sced_days_keep_all_188_columns(tmp_path):
    synth(tmp_path / "in", "--table", "sced", "--points", 60, "--days", 1)
    rollup(tmp_path / "out.ds", tmp_path / "in")
    (path,) = (tmp_path / "in").glob("*.csv")
    with open(path, newline="") as file:
        source = list(csv.DictReader(file))
    got = rows(tmp_path / "out.ds", "sced_gen/2024.parquet")
    assert len(got) == len(source)
    by_key = {(row["time_local"].strftime("%m/%d/%Y %H:%M:%S"), row["Resource Name"]): row
              for row in got}
    for row in source:
        out = by_key[row["SCED Time Stamp"], row["Resource Name"]]
        for name, text in row.items():
            name = name.strip()
            if name in ("SCED Time Stamp", "Repeated Hour Flag"):
                continue
            value = out[name]
            assert (value is None if text == "" else
                    value == (float(text) if isinstance(value, float) else text)), name
