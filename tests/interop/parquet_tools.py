"""What tests of Parquet share: running `quern parquet`, and comparing its JSON with pyarrow."""

import datetime
import json
import math
import re
import subprocess

import numpy
import pyarrow
import pyarrow.parquet as pq
from segy_tools import BUILD, SHARED

CORPUS = SHARED / "data" / "parquet-testing"
FILES = sorted(str(p.relative_to(CORPUS)) for p in CORPUS.rglob("*.parquet"))
NANOS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def run(*arguments, timeout=60, **options):
    """Runs `quern parquet ...`; gives the finished process."""
    command = [BUILD / "quern", "parquet", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, **options)


def cat(path, *options):
    """The rows that `quern parquet cat` prints, as a list of objects; or its error."""
    result = run("cat", path, "--format", "json", *options)
    if result.returncode:
        return result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def nanos_of(text):
    """Nanoseconds since 1970 of a timestamp as we print it, or since midnight of a time."""
    match = re.fullmatch(r"(?:([-+]?\d{4,})-(\d\d)-(\d\d)T)?(\d\d):(\d\d):(\d\d)(?:\.(\d+))?Z?", text)
    year, month, day, hour, minute, second, fraction = match.groups()
    days = 0
    if year:
        shift = (int(year) - 2000) // 400  # the calendar repeats, so that Python's years suffice
        date = datetime.date(int(year) - 400 * shift, int(month), int(day))
        days = (date - datetime.date(1970, 1, 1)).days + 146097 * shift
    seconds = (days * 24 + int(hour)) * 3600 + int(minute) * 60 + int(second)
    return seconds * 10**9 + int((fraction or "").ljust(9, "0"))


def same_real(ours, theirs, width):
    if math.isnan(theirs):
        return ours == "NaN"
    if math.isinf(theirs):
        return ours == ("Infinity" if theirs > 0 else "-Infinity")
    kind = {16: numpy.float16, 32: numpy.float32, 64: numpy.float64}[width]
    return not isinstance(ours, str) and kind(ours) == kind(theirs)


def same(ours, theirs, kind):
    """Whether a value of our JSON is the pyarrow scalar."""
    types = pyarrow.types
    if isinstance(kind, pyarrow.BaseExtensionType):
        return same(ours, theirs.value if theirs.is_valid else None, kind.storage_type)
    if theirs is None or not theirs.is_valid:
        return ours is None
    if types.is_map(kind):
        return len(ours) == len(theirs.values) and all(
            same(o["key"], t["key"], kind.key_type)
            and same(o.get("value"), t["value"], kind.item_type)
            for o, t in zip(ours, theirs.values)
        )
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return len(ours) == len(theirs) and all(
            same(o, t, kind.value_type) for o, t in zip(ours, theirs)
        )
    if types.is_struct(kind):
        return list(ours) == [f.name for f in kind] and all(
            same(ours[f.name], theirs[f.name], f.type) for f in kind
        )
    if types.is_dictionary(kind):
        return same(ours, theirs.dictionary[theirs.index.as_py()], kind.value_type)
    if types.is_floating(kind):
        return same_real(ours, float(theirs.as_py()), kind.bit_width)
    if types.is_timestamp(kind) or types.is_time(kind):
        value = int(theirs.value) * NANOS[kind.unit]
        return (nanos_of(ours) - value) % 2**64 == 0  # INT96 goes beyond what pyarrow can hold
    if types.is_date(kind):
        return ours == theirs.as_py().isoformat()
    if types.is_decimal(kind):
        return ours == format(theirs.as_py(), "f")
    value = theirs.as_py()
    if isinstance(value, bytes):
        return ours == value.hex()
    return ours == value and type(ours) is type(value)


def difference(rows, table):
    """Where our rows and pyarrow's table differ, as text; None if they are the same."""
    if len(rows) != table.num_rows:
        return f"{len(rows)} rows instead of {table.num_rows}"
    for name, column in zip(table.column_names, table.columns):
        for i, value in enumerate(column):
            if not same(rows[i][name], value, column.type):
                return f"row {i}, column {name}: {rows[i][name]!r} instead of {value!r}"
    return None


def verdict(path):
    """What we make of a file: ("same as pyarrow", detail) or ("refused", our reason)."""
    rows = cat(path)
    if isinstance(rows, str):
        reason = rows.strip().removeprefix("quern: error: ").replace(str(path), path.name)
        return "refused", reason.removeprefix(f"{path.name} is not a whole Parquet file: ")
    try:
        table = pq.read_table(path)
    except Exception as error:  # pyarrow's exceptions have many classes
        return "read", f"pyarrow: {str(error).splitlines()[0]}"
    different = difference(rows, table)
    return ("differs", different) if different else ("same", f"{table.num_rows} rows")
