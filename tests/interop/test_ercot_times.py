"""Hours on the days on which the clock changes, in every way of labelling them, and what the
existing converter gets wrong (each defect a test)."""

import datetime

import pytest
from ercot_tools import (CENTRAL, DAM, DAM_NAME, RT, RT_NAME, UTC, facts, hour_ending, rejects, rollup, rows,
                         table, total, write)

SPRING, AUTUMN = "03/10/2024", "11/03/2024"
AS_NAME = "2d_Cleared_DAM_AS_REGUP-05-NOV-24.csv"
AS = "Delivery Date,Hour Ending,Total Cleared AS - RegUp"


def dam(folder, lines, code=0, **options):
    write(folder / "in", DAM_NAME.format("20240309.120000"), DAM, *lines)
    rollup(folder / "out.ds", folder / "in", code=code, **options)
    return rows(folder / "out.ds", "dam_spp/2024.parquet")


def test_flagged_files_have_25_hours_in_autumn(tmp_path):
    hours = [(1, "N"), (2, "N"), (2, "Y"), *((h, "N") for h in range(3, 25))]
    got = dam(tmp_path, [f"{AUTUMN},{h:02}:00,HB_WEST,{h},{flag}" for h, flag in hours])
    first = datetime.datetime(2024, 11, 3, 5, tzinfo=UTC)
    assert [row["interval_start_utc"] for row in got] == [
        first + datetime.timedelta(hours=k) for k in range(25)]
    assert [row["repeated_hour"] for row in got].index(True) == 2


def test_the_repeated_hour_may_come_first(tmp_path):
    got = dam(tmp_path, [f"{AUTUMN},02:00,HB_WEST,2,Y", f"{AUTUMN},02:00,HB_WEST,1,N"])
    assert [row["SettlementPointPrice"] for row in got] == [1, 2]


def test_flagged_files_have_23_hours_in_spring(tmp_path):
    hours = [h for h in range(1, 25) if h != 3]
    got = dam(tmp_path, [f"{SPRING},{h:02}:00,HB_WEST,{h},N" for h in hours])
    first = datetime.datetime(2024, 3, 10, 6, tzinfo=UTC)
    assert [row["interval_start_utc"] for row in got] == [
        first + datetime.timedelta(hours=k) for k in range(23)]


def test_the_hour_that_spring_leaves_out_is_rejected(tmp_path):
    got = dam(tmp_path, [f"{SPRING},{h:02}:00,HB_WEST,{h},N" for h in range(1, 25)], code=3)
    assert len(got) == 23
    (reject,) = rejects(tmp_path / "out.ds")
    assert (reject["reason"], reject["line"], reject["raw"]) == ("skipped_hour", 4, "3")


def test_the_flag_on_any_other_hour_is_rejected(tmp_path):
    dam(tmp_path, [f"{AUTUMN},03:00,HB_WEST,1,Y", *(f"{AUTUMN},{h}:00,HB_WEST,1,N"
                                                    for h in range(4, 24))], code=3)
    assert [reject["reason"] for reject in rejects(tmp_path / "out.ds")] == ["not_repeated"]


def test_files_without_a_flag_count_25_hours(tmp_path):
    write(tmp_path / "in", AS_NAME, AS, *(f"{AUTUMN},{h},{h}" for h in range(1, 26)))
    rollup(tmp_path / "out.ds", tmp_path / "in")
    got = rows(tmp_path / "out.ds", "as2d_cleared/2024.parquet")
    first = datetime.datetime(2024, 11, 3, 5, tzinfo=UTC)
    assert [(row["interval_start_utc"], row["Total Cleared AS"]) for row in got] == [
        (first + datetime.timedelta(hours=k), k + 1) for k in range(25)]
    assert {row["AncillaryType"] for row in got} == {"REGUP"}


def test_hour_25_of_a_plain_day_is_rejected(tmp_path):
    write(tmp_path / "in", AS_NAME, AS, *(f"11/04/2024,{h},{h}" for h in range(1, 26)))
    rollup(tmp_path / "out.ds", tmp_path / "in", code=3)
    assert [reject["reason"] for reject in rejects(tmp_path / "out.ds")] == ["no_such_hour"]


def test_numbered_intervals_count_through_the_longest_day(tmp_path):
    header = '"Interval Time","Interval Number","Resource Code","Interval Value"'
    first = datetime.datetime(2024, 11, 3, 5, tzinfo=UTC)
    ends = [(first + datetime.timedelta(minutes=15 * n)).astimezone(CENTRAL) for n in range(1, 101)]
    lines = [f'"{end:%m/%d/%Y %H:%M:%S}","{n}","UNIT1","{n}"' for n, end in enumerate(ends, 1)]
    write(tmp_path / "in", "60d_SCED_SMNE_GEN_RES-02-JAN-25.csv", header, *lines)
    rollup(tmp_path / "out.ds", tmp_path / "in")
    got = rows(tmp_path / "out.ds", "sced_smne/2024.parquet")
    assert [row["interval_start_utc"] for row in got] == [
        first + datetime.timedelta(minutes=15 * k) for k in range(100)]


def test_xhr_marks_the_repeated_hour_where_no_flag_does(tmp_path):
    header = "SCEDTimestamp,SettlementPoint,LMP"
    name = "cdr.00012300.0000000000000000.20241103.01051{}.LMPSROSNODENP6788_20241103_010516{}.csv"
    for again, mark in enumerate(("", "_xhr")):
        write(tmp_path / "in", name.format(7 + again, mark), header,
              f"{AUTUMN} 01:05:16,HB_WEST,{again}")
    rollup(tmp_path / "out.ds", tmp_path / "in")
    got = rows(tmp_path / "out.ds", "sced_lmp/2024.parquet")
    assert [(row["time_utc"].hour, row["LMP"]) for row in got] == [(6, 0), (7, 1)]


# ---- defects of the existing converter --------------------------------------------------------


def test_hour_24_stays_on_its_day(tmp_path):
    write(tmp_path / "in", RT_NAME.format("20240302.000013", "20240302_0000"), RT,
          *(f"03/01/2024,24,{k},HB_WEST,HU,{k},N" for k in range(1, 5)))
    rollup(tmp_path / "out.ds", tmp_path / "in")
    got = rows(tmp_path / "out.ds", "rt_spp/2024.parquet")
    assert [row["interval_start_utc"] for row in got] == [
        hour_ending("03/01/2024", 24, interval=k) for k in range(1, 5)]
    assert {str(row["delivery_date"]) for row in got} == {"2024-03-01"}


def test_day_ahead_rows_have_instants(tmp_path):
    (row,) = dam(tmp_path, ["03/01/2024,01:00,HB_WEST,1,N"])
    assert row["interval_start_utc"] == hour_ending("03/01/2024", 1)
    assert row["interval_end_utc"] == hour_ending("03/01/2024", 2)


def test_the_days_of_change_are_no_gaps(tmp_path):
    hours = [(h, "N") for h in range(1, 25)]
    write(tmp_path / "in", DAM_NAME.format("20241101.120000"), DAM,
          *(f"11/02/2024,{h},HB_WEST,1,{flag}" for h, flag in hours))
    write(tmp_path / "in", DAM_NAME.format("20241102.120000"), DAM,
          *(f"{AUTUMN},{h},HB_WEST,1,{flag}" for h, flag in [*hours, (2, "Y")]))
    rollup(tmp_path / "out.ds", tmp_path / "in")
    (file,) = facts(tmp_path / "out.ds")["files"]
    assert (file["rows"], file["missing"], file["missing_intervals"]) == (49, 0, 0)


def test_the_operating_year_counts_not_that_of_publication(tmp_path):
    header = "Delivery Date,Hour Ending,QSE Name,Resource Name,Status,High Sustained Limit"
    write(tmp_path / "in", "60d_COP_Adjustment_Period_Snapshot-28-FEB-24.csv", header,
          "12/30/2023,1,Q,UNIT1,ON,10", "01/01/2024,1,Q,UNIT1,ON,20")
    write(tmp_path / "in", DAM_NAME.format("20231231.120000"), DAM, "01/01/2024,01:00,HB_WEST,1,N")
    rollup(tmp_path / "out.ds", tmp_path / "in")
    assert {file["path"] for file in facts(tmp_path / "out.ds")["files"]} == {
        "cop_snapshot/2023.parquet", "cop_snapshot/2024.parquet", "dam_spp/2024.parquet"}


def test_digits_in_a_name_are_no_year(tmp_path):
    write(tmp_path / "in", RT_NAME.format("20200101.202301", "20200101_2023"), RT,
          "01/01/2020,21,1,HB_WEST,HU,1,N")
    rollup(tmp_path / "out.ds", tmp_path / "in")
    assert [file["year"] for file in facts(tmp_path / "out.ds")["files"]] == [2020]


def test_missing_columns_stay_null(tmp_path):
    write(tmp_path / "in", "60d_DAM_Gen_Resource_Data-01-MAY-21.csv",
          '"Delivery Date","Hour Ending","QSE","Resource Name","Energy Settlement Point Price",'
          '"RRS Awarded"', '"03/02/2021","1","Q","UNIT1","20.5","3"')
    write(tmp_path / "in", "60d_DAM_Gen_Resource_Data-01-OCT-21.csv",
          '"Delivery Date","Hour Ending","QSE","Resource Name","Energy Settlement Point Price",'
          '"RRSPFR Awarded"', '"08/02/2021","1","Q","UNIT1","20.5","4"')
    rollup(tmp_path / "out.ds", tmp_path / "in")
    old, new = rows(tmp_path / "out.ds", "dam_gen/2021.parquet")
    assert (old["RRS Awarded"], old["RRSPFR Awarded"], old["ECRS MCPC"]) == (3, None, None)
    assert (new["RRS Awarded"], new["RRSPFR Awarded"]) == (None, 4)
    _, event = facts(tmp_path / "out.ds")["versions"]
    assert (event["new_columns"], event["gone_columns"], event["first_day"]) == (
        ["RRSPFR Awarded"], ["RRS Awarded"], "2021-08-02")


def test_numbered_headers_and_iso_dates_of_another_producer_are_read_right(tmp_path):
    write(tmp_path / "in", DAM_NAME.format("20240301.120000"), "0,1,2,3,4",
          "2024-03-02,01:00,HB_WEST,1,false")
    (row,) = rows_of(tmp_path, "dam_spp/2024.parquet")
    assert row["interval_start_utc"] == hour_ending("03/02/2024", 1)


def rows_of(folder, path):
    rollup(folder / "out.ds", folder / "in")
    return rows(folder / "out.ds", path)


def test_a_time_is_an_instant_not_a_number(tmp_path):
    dam(tmp_path, ["03/01/2024,01:00,HB_WEST,1,N"])
    assert str(table(tmp_path / "out.ds", "dam_spp/2024.parquet").schema.field(0).type) == (
        "timestamp[us, tz=UTC]")


def test_types_do_not_depend_on_which_file_comes_first(tmp_path):
    """An integer-looking first file, then decimals."""
    for day, price in (("02", "29"), ("03", "-161.06")):
        write(tmp_path / "in", DAM_NAME.format(f"202403{day}.120000"), DAM,
              f"03/{day}/2024,01:00,HB_WEST,{price},N")
    got = rows_of(tmp_path, "dam_spp/2024.parquet")
    assert [row["SettlementPointPrice"] for row in got] == [29.0, -161.06]


def test_a_failed_file_is_counted_and_named(tmp_path):
    bad = write(tmp_path / "in", "stray.csv", "what,is,this", "1,2,3")
    dam(tmp_path, ["03/01/2024,01:00,HB_WEST,1,N"], code=3)
    assert total(tmp_path / "out.ds")["refused_members"] == 1
    assert [(r["file"], r["reason"]) for r in rejects(tmp_path / "out.ds")] == [
        (str(bad), "file_unknown")]


@pytest.mark.parametrize("names", ["SettlementPoint", "Settlement Point", "settlementPoint"])
def test_spellings_of_a_header(tmp_path, names):
    write(tmp_path / "in", "x.csv", f"deliveryDate,HOUR_ENDING,{names},Settlement Point Price,"
          "DSTFlag    ", "2024-03-02,01:00,HB_WEST,1,false")
    assert len(rows_of(tmp_path, "dam_spp/2024.parquet")) == 1
