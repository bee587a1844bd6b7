"""Parquet files of other writers: read by us (parquet_dump.c) as pyarrow reads them, or refused."""

import subprocess

import google_crc32c
import numpy
import pyarrow
import pyarrow.parquet as pq
import pytest
from parquet_tools import CORPUS, FILES, cat, difference, run, verdict
from segy_tools import BUILD, ROOT

DAMAGED = {
    "ARROW-GH-41317.parquet",
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


# ---- every type, nested or not, as JSON -------------------------------------------------------

REFUSED = {
    "ARROW-GH-41317.parquet": "its footer cannot be parsed",
    "ARROW-GH-41321.parquet": "starts with a header that makes no sense",
    "ARROW-GH-45185.parquet": "begins in the middle of a record",
    "ARROW-GH-47662.parquet": "ends before its values do",
    "ARROW-RS-GH-6229-DICTHEADER.parquet": "past the end of the file",
    "ARROW-RS-GH-6229-LEVELS.parquet": "holds more values than its column has left",
    "PARQUET-1481.parquet": "a column has an unknown type",
    "datapage_v1-corrupt-checksum.parquet": "has a wrong checksum",
    "rle-dict-uncompressed-corrupt-checksum.parquet": "has a wrong checksum",
    "large_string_map.brotli.parquet": "is larger than the limit",  # a page of 1 GiB
}
BEYOND_PYARROW = {"incorrect_map_schema.parquet": "Map keys must be annotated as required"}


@pytest.mark.parametrize("name", FILES)
def test_every_cell_is_as_pyarrow_reads_it_or_the_file_is_refused(name):
    path = CORPUS / name
    outcome, detail = verdict(path)
    if path.name in REFUSED:
        assert outcome == "refused" and REFUSED[path.name] in detail
    elif path.name in BEYOND_PYARROW:
        assert outcome == "read" and BEYOND_PYARROW[path.name] in detail
    else:
        assert outcome == "same", detail


def test_the_table_of_the_documents_is_what_is_so():
    if not FILES:
        pytest.skip("no foreign files here")
    page = (ROOT / "docs" / "parquet.md").read_text()
    for name in FILES:
        outcome, detail = verdict(CORPUS / name)
        row = f"| {name} | {'same as pyarrow' if outcome == 'same' else outcome} | {detail} |"
        assert row.replace("|", "/") in page.replace("|", "/"), row


def test_every_encoding_codec_and_page_version_reads_back(tmp_path):
    random = numpy.random.default_rng(3)
    rows = 9_000  # more than a stretch of the reader, more than a page
    table = pyarrow.table({
        "i32": pyarrow.array(random.integers(-(2**31), 2**31, rows), pyarrow.int32()),
        "i64": random.integers(-(2**63), 2**63 - 1, rows),
        "small": random.integers(0, 9, rows),
        "f32": random.normal(size=rows).astype("f4"),
        "f64": random.normal(size=rows),
        "half": random.normal(size=rows).astype("f2"),
        "text": [None if i % 9 == 0 else "ab" * (i % 40) + str(i) for i in range(rows)],
        "bool": random.integers(0, 2, rows).astype(bool),
        "fixed": pyarrow.array([bytes([i % 256] * 5) for i in range(rows)], pyarrow.binary(5)),
        "nested": [None if i % 5 == 0 else [[i], [], None][: i % 4] for i in range(rows)],
    })
    encodings = {
        "DELTA": {"i32": "DELTA_BINARY_PACKED", "i64": "DELTA_BINARY_PACKED",
                  "small": "DELTA_BINARY_PACKED", "text": "DELTA_BYTE_ARRAY", "bool": "RLE",
                  "fixed": "DELTA_BYTE_ARRAY"},
        "SPLIT": {"i32": "BYTE_STREAM_SPLIT", "i64": "BYTE_STREAM_SPLIT",
                  "f32": "BYTE_STREAM_SPLIT", "f64": "BYTE_STREAM_SPLIT",
                  "half": "BYTE_STREAM_SPLIT", "fixed": "BYTE_STREAM_SPLIT",
                  "text": "DELTA_LENGTH_BYTE_ARRAY"},
        "DICTIONARY": None,
    }
    codecs = ["none", "snappy", "gzip", "brotli", "lz4", "zstd"]
    for i, codec in enumerate(codecs):
        for version in "1.0", "2.0":
            name = list(encodings)[i % 3]
            path = tmp_path / f"{codec}-{version}.parquet"
            pq.write_table(table, path, compression=codec, data_page_version=version,
                           use_dictionary=name == "DICTIONARY", column_encoding=encodings[name],
                           data_page_size=8_192, row_group_size=5_000)
            assert difference(cat(path), table) is None


# ---- hostile files ----------------------------------------------------------------------------


def test_encrypted_files_are_refused_by_name(tmp_path):
    path = tmp_path / "x.parquet"
    pq.write_table(pyarrow.table({"a": [1]}), path)
    path.write_bytes(path.read_bytes()[:-4] + b"PARE")
    result = run("cat", path)
    assert result.returncode == 1 and "is an encrypted Parquet file" in result.stderr


def test_mutants_do_no_harm(tmp_path):
    """Two thousand damaged files; `make fuzz-parquet` reads a hundred thousand with sanitizers."""
    table = pyarrow.table({
        "i": list(range(300)), "s": [f"text {i % 40}" for i in range(300)],
        "l": [[7, None], None, []] * 100, "d": [i / 3 for i in range(300)],
        "m": pyarrow.array([[("k", i)] for i in range(300)],
                           pyarrow.map_(pyarrow.string(), pyarrow.int64())),
    })
    codecs = ["none", "snappy", "gzip", "brotli", "lz4", "zstd"]
    paths = []
    for i, codec in enumerate(codecs):
        paths.append(tmp_path / f"{codec}.parquet")
        pq.write_table(table, paths[-1], compression=codec, use_dictionary=i % 2 == 0,
                       data_page_version=f"{i % 2 + 1}.0", write_page_index=True,
                       write_page_checksum=i == 2, row_group_size=170)
    paths += [CORPUS / name for name in FILES if (CORPUS / name).stat().st_size < 65_536]
    result = subprocess.run([BUILD / "tests" / "parquet_mutants", "1", "0", "2000", *paths],
                            capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("2000 mutants read")
    assert int(result.stdout.split(";")[1].split()[0]) < 500  # MiB
