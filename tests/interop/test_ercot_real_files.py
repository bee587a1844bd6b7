"""Real market files: every row against Python's own reading of them, both days of change, and
totals that were counted with other programs."""

import csv
import datetime
import gzip
import io
import math
import zipfile

import pytest
from ercot_tools import REAL, UTC, facts, hour_ending, rollup, rows, table, total

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="no real market files")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """All real files but the list of them and the mere headers."""
    path = tmp_path_factory.mktemp("real") / "real.ds"
    rollup(path, *(folder for folder in sorted(REAL.iterdir())
                   if folder.is_dir() and folder.name != "headers"))
    return path


def members(pattern):
    """Name and rows of every CSV in the zips that fit the pattern."""
    for path in sorted(REAL.glob(pattern)):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                text = archive.read(name).decode()
                yield name, [{key.strip(): value for key, value in row.items()}
                             for row in csv.DictReader(io.StringIO(text))]


def converted(pattern):
    (path,) = REAL.glob(pattern)
    with gzip.open(path, "rt", newline="") as file:
        return list(csv.DictReader(file))


def test_a_workbook_has_the_rows_of_its_conversion(dataset):
    """NP4-180 2015: 12 sheets, 122,640 rows; the same rows converted by another program."""
    got = [(row["interval_start_utc"], row["SettlementPoint"], row["SettlementPointPrice"])
           for row in rows(dataset, "dam_hub_annual/2015.parquet")]
    source = sorted((hour_ending(row["Delivery Date"], int(row["Hour Ending"][:2]),
                                 row["Repeated Hour Flag"] == "Y"), row["Settlement Point"],
                     float(row["Settlement Point Price"]))
                    for row in converted("np4-180-er/*2015*.csv.gz"))
    assert len(got) == 122640
    assert got == source


def test_workbook_and_conversion_are_duplicates_to_the_last_bit(dataset):
    sums = {entry["dataset"]: entry for entry in facts(dataset)["datasets"]}
    for name, count in (("dam_hub_annual", 122640), ("rt_hub_annual", 41664)):
        assert (sums[name]["rows_in"], sums[name]["rows_out"]) == (2 * count, count)
        assert (sums[name]["duplicates_identical"], sums[name]["duplicates_differing"]) == (count, 0)


def test_the_first_nodal_month(dataset):
    got = rows(dataset, "rt_hub_annual/2010.parquet")
    source = converted("np6-785-er/*.csv.gz")
    assert len(got) == len(source) == 41664
    assert math.fsum(row["SettlementPointPrice"] for row in got) == math.fsum(
        float(row["Settlement Point Price"]) for row in source)


def test_a_year_of_capacity_prices(dataset):
    """NP4-181 2015, whose header says 'REGUP ' and whose zip has no sizes in local headers."""
    ((_, source),) = members("np4-181-er/*2015.zip")
    got = rows(dataset, "dam_as_annual/2015.parquet")
    assert len(got) == len(source) == 8760
    for row, line in zip(got, source):
        assert row["interval_start_utc"] == hour_ending(
            line["Delivery Date"], int(line["Hour Ending"][:2]), line["Repeated Hour Flag"] == "Y")
        assert (row["REGDN"], row["REGUP"], row["RRS"], row["NSPIN"]) == tuple(
            float(line[name]) for name in ("REGDN", "REGUP", "RRS", "NSPIN"))
        assert row["ECRS"] is None


@pytest.mark.parametrize("path", ["dam_as_annual/2015.parquet", "dam_hub_annual/2015.parquet"])
def test_both_days_of_change_of_2015(dataset, path):
    instants = {}
    for row in rows(dataset, path):
        instants.setdefault(str(row["delivery_date"]), set()).add(row["interval_start_utc"])
    assert len(instants["2015-03-08"]) == 23
    assert len(instants["2015-11-01"]) == 25
    assert {len(hours) for day, hours in instants.items()
            if day not in ("2015-03-08", "2015-11-01")} == {24}
    year = sorted(set().union(*instants.values()))
    assert year[0] == datetime.datetime(2015, 1, 1, 6, tzinfo=UTC)
    assert {b - a for a, b in zip(year, year[1:])} == {datetime.timedelta(hours=1)}


def test_counted_hours_of_the_longest_day(dataset):
    """2-day reports of 2024-11-03: hours 1 to 25 and no flag."""
    first = datetime.datetime(2024, 11, 3, 5, tzinfo=UTC)
    expected = {}
    for name, source in members("np3-911-er/*DST*.zip"):
        if not name.startswith("2d_Cleared"):
            continue
        for line in source:
            assert line["Delivery Date"] == "11/03/2024"
            hour = first + datetime.timedelta(hours=int(line["Hour Ending"]) - 1)
            expected[hour, name.split("_")[4].split("-")[0]] = float(list(line.values())[2])
    got = {(row["interval_start_utc"], row["AncillaryType"]): row["Total Cleared AS"]
           for row in rows(dataset, "as2d_cleared/2024.parquet")
           if str(row["delivery_date"]) == "2024-11-03"}
    assert got == expected
    assert len({hour for hour, _ in got}) == 25


def test_repeated_offers_are_all_kept(dataset):
    count = sum(len(source) for name, source in members("np3-911-er/*.zip")
                if name.startswith("2d_Agg"))
    assert table(dataset, "as2d_offers/2024.parquet").num_rows == count == 22975


def test_nothing_of_the_real_files_is_lost(dataset):
    sums = total(dataset)
    assert (sums["rejected"], sums["refused_members"]) == (0, 0)
    assert sums["rows_in"] == sums["rows_out"] + sums["duplicates_identical"]


def test_known_headers_are_recognized(tmp_path):
    rollup(tmp_path / "out.ds", REAL / "headers")
    sums = total(tmp_path / "out.ds")
    assert sums["members"] == len(list((REAL / "headers").iterdir()))
    assert (sums["rows_in"], sums["refused_members"]) == (0, 0)
    got = {row["file"].split("/")[-1]: row["dataset"] for row in rows(tmp_path / "out.ds",
                                                                      "members.parquet")}
    assert got["60d_DAM_ESR_Data.48col.header.csv"] == "dam_esr"
    assert got["60d_DAM_Gen_Resource_Data.48col.header.csv"] == "dam_gen"
    assert got["CompleteCOP_MMDDYYYY.13col.header.csv"] == "cop_snapshot"
