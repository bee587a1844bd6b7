"""What the tests of `quern ercot` share: files in the forms of the market, and their datasets."""

import datetime
import json
import zoneinfo

import pyarrow.parquet
from segy_tools import SHARED, quern

REAL = SHARED / "data" / "ercot"
CENTRAL = zoneinfo.ZoneInfo("US/Central")
UTC = datetime.timezone.utc

RT = ("DeliveryDate,DeliveryHour,DeliveryInterval,SettlementPointName,SettlementPointType,"
      "SettlementPointPrice,DSTFlag")
DAM = "DeliveryDate,HourEnding,SettlementPoint,SettlementPointPrice,DSTFlag"
RT_NAME = "cdr.00012301.0000000000000000.{}.SPPHLZNP6905_{}.csv"
DAM_NAME = "cdr.00012331.0000000000000000.{}.DAMSPNP4190.csv"


def write(folder, name, *lines, end="\n"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(end.join(lines) + end, newline="")
    return folder / name


def rollup(dataset, *inputs, code=0, **options):
    words = []
    for name, value in options.items():
        words += [f"--{name.replace('_', '-')}"] + ([] if value is True else [value])
    return quern("ercot", "rollup", *inputs, "-o", dataset, *words, code=code)


def facts(dataset):
    return json.loads((dataset / "manifest.json").read_text())["facts"]


def total(dataset):
    return facts(dataset)["total"]


def table(dataset, path):
    return pyarrow.parquet.read_table(dataset / path)


def rows(dataset, path):
    return table(dataset, path).to_pylist()


def rejects(dataset):
    return rows(dataset, "rejects.parquet")


def hour_ending(day, hour, repeated=False, interval=1):
    """The instant that an hour-ending label means, by Python's own time zones."""
    month, of_month, year = map(int, day.split("/"))
    wall = datetime.datetime(year, month, of_month, hour - 1, 15 * (interval - 1),
                             fold=int(repeated), tzinfo=CENTRAL)
    return wall.astimezone(UTC)
