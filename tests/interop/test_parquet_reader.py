"""Parquet files of other writers: read by us (parquet_dump.c) as pyarrow reads them, or refused."""

import subprocess

import google_crc32c
import numpy
import pyarrow
import pyarrow.parquet as pq
import pytest
from segy_tools import BUILD, SHARED

CORPUS = SHARED / "data" / "parquet-testing"
FILES = sorted(str(p.relative_to(CORPUS)) for p in CORPUS.rglob("*.parquet"))
DAMAGED = {
    "ARROW-GH-47662.parquet", "ARROW-RS-GH-6229-DICTHEADER.parquet", "PARQUET-1481.parquet",
    "datapage_v1-corrupt-checksum.parquet", "rle-dict-uncompressed-corrupt-checksum.parquet",
}
PHYSICAL = {"INT32": "<i4", "INT64": "<i8", "FLOAT": "<f4", "DOUBLE": "<f8", "BOOLEAN": "u1"}


def dump(path):
    return subprocess.run(
        [BUILD / "tests" / "parquet_dump", path], capture_output=True, text=True, timeout=60
    )


def expected(column, kind):
    """Valid values and the checksum of all values as physical type, zeros for nulls."""
    valid = len(column) - column.null_count
    values = [0 if v is None else v for v in column.to_pylist()]
    raw = numpy.array(values, PHYSICAL[kind]).tobytes()
    return f"{valid} {google_crc32c.value(raw):08x}"


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_others(name):
    path = CORPUS / name
    result = dump(path)
    if path.name in DAMAGED:
        assert result.returncode == 1 and result.stderr.startswith("corrupt:")
        return
    if result.returncode:
        assert result.stderr.startswith("unsupported:") and "nested" in result.stderr
        return
    lines = result.stdout.splitlines()
    schema = pq.read_schema(path)
    metadata = pq.read_metadata(path)
    assert lines[0] == f"rows {metadata.num_rows}"
    for i, line in enumerate(lines[1:]):
        column = metadata.schema.column(i)
        plain = pyarrow.types.is_primitive(schema.field(i).type) and not pyarrow.types.is_temporal(
            schema.field(i).type
        )
        if line.endswith(" unsupported") or column.physical_type not in PHYSICAL or not plain:
            continue
        table = pq.read_table(path, columns=[column.name])
        assert line == f"{column.name} {expected(table[0], column.physical_type)}"


def test_some_columns_are_really_compared():
    if not FILES:
        pytest.skip("no foreign files here")
    lines = dump(CORPUS / "data" / "delta_binary_packed.parquet").stdout.splitlines()
    assert len(lines) == 67 and not any(line.endswith("unsupported") for line in lines)
