"""Files larger than any disk here, sparse: what planning and a worker cost does not grow with them,
and places beyond 4 TB are right."""

import json
import struct
import time

import numpy
import pandas
import pytest
from segy_tools import quern

SAMPLES = 1500
EACH = 240 + 4 * SAMPLES
SEGMENT = 16384


def sparse(path, size):
    """A file of that size, all traces empty; gives the number of traces."""
    binary = bytearray(400)
    struct.pack_into(">H", binary, 16, 4000)
    struct.pack_into(">Hxxh", binary, 20, SAMPLES, 5)
    struct.pack_into(">Bxh", binary, 300, 1, 1)
    traces = (size - 3600) // EACH
    with open(path, "wb") as file:
        file.write(b"\x40" * 3200 + binary)
        try:
            file.truncate(3600 + traces * EACH)
        except OSError as error:
            pytest.skip(f"no sparse file of {size / 1e12:.0f} TB here: {error}")
    return traces


def write_trace(path, trace, cdp):
    header = bytearray(240)
    struct.pack_into(">i", header, 20, cdp)
    struct.pack_into(">HH", header, 114, SAMPLES, 4000)
    with open(path, "r+b") as file:
        file.seek(3600 + trace * EACH)
        file.write(header + numpy.full(SAMPLES, cdp, ">f4").tobytes())


def plan(path):
    quern("plan", "segy", "import", path, "-o", path.with_suffix(".ds"), "--segment-traces", SEGMENT,
          "--shard-traces", "1024", "--chunk-traces", "256", "--codec", "zstd")


def work_on(path, task, tasks):
    """Runs one task, gives the worker's largest resident set in MB."""
    dataset = path.with_suffix(".ds")
    quern("work", dataset, "--slice", f"{task + 1}/{tasks}", "-j", 1, "--no-take-over",
          "--durability", "process")
    status = json.loads(quern("status", "--json", dataset).stdout)
    assert status["done"] == 1
    return status["max_worker_rss_mib"]


def test_planning_does_not_depend_on_the_size(tmp_path):
    sparse(tmp_path / "x.sgy", 10**12)
    start = time.monotonic()
    quern("plan", "segy", "import", tmp_path / "x.sgy", "-o", tmp_path / "x.ds", "--ensemble-key", "cdp")
    assert time.monotonic() - start < 1  # measured: a tenth of a second


@pytest.mark.parametrize("terabytes", (1, 6))
def test_a_task_costs_the_same_anywhere_in_the_file(terabytes, tmp_path):
    small, large = tmp_path / "small.sgy", tmp_path / "large.sgy"
    few = -(-sparse(small, 10**9) // SEGMENT)
    traces = sparse(large, terabytes * 10**12)
    many = -(-traces // SEGMENT)
    task = many - 2
    marked = [task * SEGMENT + i for i in (0, 1, 1023, 1024, SEGMENT - 1)]
    for cdp, trace in enumerate(marked, 1):
        write_trace(large, trace, cdp)
    plan(small)
    plan(large)
    least = work_on(small, few - 2, few)
    assert work_on(large, task, many) < least + 16
    assert least < 150
    shard = tmp_path / "large.ds.partial" / f"traces.zarr/amplitude/c/{marked[0] // 1024}/0"
    chunk = first_chunk(shard.read_bytes())
    assert chunk[0].tolist() == [1] * SAMPLES and chunk[1].tolist() == [2] * SAMPLES
    assert not chunk[2:].any()


def first_chunk(shard):
    """Straight from the specification of shards: 4 chunks, an index of 4 pairs and a checksum."""
    import numcodecs

    offset, length = struct.unpack("<QQ", shard[-68:-52])
    raw = numcodecs.Zstd().decode(shard[offset : offset + length])
    return numpy.frombuffer(raw, "<f4").reshape(256, SAMPLES)


def test_headers_beyond_4_tb_are_those_of_their_traces(tmp_path):
    """A survey of which only the end is imported: --first-trace-offset skips what is before."""
    path = tmp_path / "x.sgy"
    traces = sparse(path, 6 * 10**12)
    for i in range(10):
        write_trace(path, traces - 10 + i, 100 + i)
    start = 3600 + (traces - 10) * EACH
    result = quern("segy", "import", path, "-o", tmp_path / "x.ds", "--first-trace-offset", start,
                   "--samples", SAMPLES, "--durability", "process")
    assert start > 4 << 40
    assert "too many to be kept" in result.stderr
    table = pandas.read_parquet(tmp_path / "x.ds" / "headers.parquet")
    assert table.cdp.tolist() == list(range(100, 110))
    quern("verify", tmp_path / "x.ds")
