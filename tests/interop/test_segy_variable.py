"""Traces of different lengths: every one whole, padded in the array, its length in the table."""

import hashlib
import json
import random
import signal
import subprocess
import time

import numpy
import pandas
import pytest
import xarray
import zarr
from segy_tools import BUILD, quern, sample_bytes, write_segy

SMALL = ("--chunk-traces", "16", "--shard-traces", "64", "--segment-traces", "64",
         "--durability", "process")


def write_traces(path, rows, code=5, order=">", headers=None, extension=False, trailer=b"", long=None):
    """Writes each row as a trace of its own length, which its header says. `headers`: {(byte,
    numpy type): values per trace}; `long`: lengths to write to bytes 229-232 instead."""
    binary = numpy.zeros(400, "u1")
    put(binary, order, 17, "u2", 4000)
    put(binary, order, 21, "u2", min(len(rows[0]), 32767))
    put(binary, order, 25, "i2", code)
    put(binary, order, 301, "u1", 2 if extension else 1)
    put(binary, order, 307, "i2", 1 if extension else 0)
    with open(path, "wb") as file:
        file.write(b"\x40" * 3200 + binary.tobytes())
        for i, row in enumerate(rows):
            header = numpy.zeros(480 if extension else 240, "u1")
            put(header, order, 1, "i4", i + 1)
            put(header, order, 29, "i2", 1)
            put(header, order, 115, "u2", 0 if extension else min(len(row), 32767))
            put(header, order, 117, "u2", 4000)
            if long:
                put(header, order, 229, "i4", len(row))
            if extension:
                put(header, order, 377, "u4", len(row))
                header[472:480] = numpy.frombuffer(b"SEG00001", "u1")
            for (byte, kind), values in (headers or {}).items():
                put(header, order, byte, kind, values[i])
            file.write(header.tobytes())
            file.write(sample_bytes(numpy.asarray(row).reshape(1, -1), code, order).tobytes())
        file.write(trailer)
    return path


def put(record, order, byte, kind, value):
    raw = numpy.array([value], order + kind).view("u1")
    record[byte - 1 : byte - 1 + len(raw)] = raw


def rows_of(lengths, seed=1):
    dice = numpy.random.default_rng(seed)
    return [dice.integers(-1000, 1000, n).astype("f4") for n in lengths]


def padded(rows, fill=numpy.nan, kind="f4"):
    array = numpy.full((len(rows), max(map(len, rows))), fill, kind)
    for i, row in enumerate(rows):
        array[i, : len(row)] = row
    return array


def amplitude(dataset):
    return zarr.open_group(dataset / "traces.zarr", mode="r")["amplitude"][:]


def headers(dataset):
    return pandas.read_parquet(dataset / "headers.parquet")


def check(dataset, rows):
    numpy.testing.assert_array_equal(amplitude(dataset), padded(rows))
    table = headers(dataset)
    assert table.trace_samples.tolist() == [len(r) for r in rows]
    assert table.trace_sequence_line.tolist() == list(range(1, len(rows) + 1))


def contents(dataset):
    return {
        str(path.relative_to(dataset)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(dataset.rglob("*"))
        if path.is_file() and path.name not in ("run.json", "report.html", "overview.png", "section.png")
        and ".quern" not in path.parts
    }


def dice_lengths(count, low, high, seed=7):
    return numpy.random.default_rng(seed).integers(low, high, count).tolist()


LENGTHS = {
    "every trace another": dice_lengths(1000, 20, 90),
    "long runs": [50] * 400 + [30] * 350 + [80] * 250,
    "long and short runs": [50] * 200 + dice_lengths(300, 1, 60) + [7] * 100 + dice_lengths(400, 1, 99),
    "one is longer": [40] * 499 + [41] + [40] * 500,
    "the first is longer": [300] + [40] * 600,
    "the last is longer": [40] * 600 + [300],
    "two traces": [3, 5],
    "from 1 to 20000 samples": [1, 20000, 2, 15000, 3, 17000, 4, 1],
}


@pytest.mark.parametrize("name", LENGTHS)
def test_every_trace_is_whole(name, tmp_path):
    rows = rows_of(LENGTHS[name])
    write_traces(tmp_path / "x.sgy", rows)
    quern("segy", "import", tmp_path / "x.sgy", "-o", tmp_path / "x.ds", *SMALL)
    check(tmp_path / "x.ds", rows)
    assert "every sample compared with the source" in quern("verify", tmp_path / "x.ds").stdout


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize("code,kind,fill", [(1, "f4", numpy.nan), (2, "i4", 0), (3, "i2", 0), (6, "f8", numpy.nan), (8, "i1", 0)])
def test_formats_and_byte_orders(code, kind, fill, order, tmp_path):
    rows = [numpy.arange(n) % 100 for n in dice_lengths(100, 5, 50)]
    write_traces(tmp_path / "x.sgy", rows, code=code, order=order)
    quern("segy", "import", tmp_path / "x.sgy", "-o", tmp_path / "x.ds", *SMALL)
    stored = amplitude(tmp_path / "x.ds")
    assert stored.dtype == kind
    numpy.testing.assert_array_equal(stored, padded(rows, fill, kind))


def test_lengths_from_the_trace_header_extension(tmp_path):
    rows = rows_of([70000, 10, 80000, 12, 66000])
    write_traces(tmp_path / "x.sgy", rows, extension=True)
    quern("segy", "import", tmp_path / "x.sgy", "-o", tmp_path / "x.ds")
    check(tmp_path / "x.ds", rows)
    assert headers(tmp_path / "x.ds").ext1_sample_count.tolist() == [len(r) for r in rows]


def test_lengths_beyond_16_bits_at_bytes_229(tmp_path):
    rows = rows_of([40000, 100, 35000, 33000])
    write_traces(tmp_path / "x.sgy", rows, long=True)
    quern("segy", "import", tmp_path / "x.sgy", "-o", tmp_path / "x.ds")
    check(tmp_path / "x.ds", rows)


def test_statistics_are_of_true_samples(tmp_path):
    rows = [numpy.zeros(10), numpy.ones(20), numpy.full(5, 3.0), numpy.zeros(30)]
    write_traces(tmp_path / "x.sgy", rows)
    quern("segy", "import", tmp_path / "x.sgy", "-o", tmp_path / "x.ds")
    stats = json.loads((tmp_path / "x.ds" / "statistics.json").read_text())
    assert (stats["samples"], stats["zeros"], stats["nans"]) == (65, 40, 0)
    assert stats["dead_traces"] == 2 and stats["mean"] == pytest.approx(35 / 65)
    write_traces(tmp_path / "i.sgy", [r.astype(int) for r in rows], code=3)
    quern("segy", "import", tmp_path / "i.sgy", "-o", tmp_path / "i.ds")
    stats = json.loads((tmp_path / "i.ds" / "statistics.json").read_text())
    assert (stats["samples"], stats["zeros"], stats["dead_traces"]) == (65, 40, 2)


def test_xarray_sees_nan_beyond_the_end_of_a_trace(tmp_path):
    rows = rows_of([30, 50, 20])
    write_traces(tmp_path / "x.sgy", rows)
    quern("segy", "import", tmp_path / "x.sgy", "-o", tmp_path / "x.ds")
    traces = xarray.open_zarr(tmp_path / "x.ds" / "traces.zarr").amplitude
    assert traces.notnull().sum("time").values.tolist() == [30, 50, 20]


def test_gathers_and_segments_follow_the_key(tmp_path):
    lengths = dice_lengths(2000, 10, 60)
    cdp = numpy.sort(numpy.random.default_rng(3).integers(0, 150, 2000))
    write_traces(tmp_path / "x.sgy", rows_of(lengths), headers={(21, "i4"): cdp})
    quern("segy", "import", tmp_path / "x.sgy", "-o", tmp_path / "x.ds", "--ensemble-key", "cdp", *SMALL)
    check(tmp_path / "x.ds", rows_of(lengths))
    gathers = pandas.read_parquet(tmp_path / "x.ds" / "ensembles.parquet")
    values, counts = numpy.unique(cdp, return_counts=True)
    assert gathers.cdp.tolist() == values.tolist() and gathers["count"].tolist() == counts.tolist()


@pytest.mark.parametrize("shape", ("trace-major", "sample-major"))
def test_either_shape_of_the_array(shape, tmp_path):
    rows = rows_of(dice_lengths(100, 5, 30))
    write_traces(tmp_path / "x.sgy", rows)
    quern("segy", "import", tmp_path / "x.sgy", "-o", tmp_path / "x.ds", "--shape", shape, *SMALL)
    stored = amplitude(tmp_path / "x.ds")
    numpy.testing.assert_array_equal(stored if shape == "trace-major" else stored.T, padded(rows))


def test_files_of_different_lengths_are_one_survey(tmp_path):
    short, long = rows_of([20] * 50), rows_of([35] * 70, seed=2)
    mixed = rows_of(dice_lengths(60, 3, 40), seed=3)
    write_segy(tmp_path / "a.sgy", short)
    write_segy(tmp_path / "b.sgy", long)
    write_traces(tmp_path / "c.sgy", mixed)
    files = [tmp_path / name for name in ("a.sgy", "b.sgy", "c.sgy")]
    quern("segy", "import", *files, "-o", tmp_path / "x.ds", *SMALL)
    rows = short + long + mixed
    numpy.testing.assert_array_equal(amplitude(tmp_path / "x.ds"), padded(rows))
    assert headers(tmp_path / "x.ds").trace_samples.tolist() == [len(r) for r in rows]
    quern("verify", tmp_path / "x.ds")


def test_random_surveys(tmp_path):
    """Runs, chains and files in any mixture, every block and chunk size."""
    for seed in range(12):
        dice = random.Random(seed)
        files, rows = [], []
        for f in range(dice.randint(1, 4)):
            lengths = []
            while len(lengths) < 150:
                n = dice.randint(1, 400)
                lengths += [n] * dice.choice((1, 1, 2, 5, 63, 64, 65, 200))
            part = rows_of(lengths, seed=100 * seed + f)
            files.append(write_traces(tmp_path / f"{seed}-{f}.sgy", part))
            rows += part
        chunk = dice.choice((1, 3, 16, 50))
        quern("segy", "import", *files, "-o", tmp_path / f"{seed}.ds", "--chunk-traces", chunk,
              "--shard-traces", 4 * chunk, "--segment-traces", 8 * chunk, "--durability", "process")
        numpy.testing.assert_array_equal(amplitude(tmp_path / f"{seed}.ds"), padded(rows))
        table, lengths = headers(tmp_path / f"{seed}.ds"), [len(r) for r in rows]
        differ = len(set(lengths)) > 1
        assert ("trace_samples" in table) == differ
        assert not differ or table.trace_samples.tolist() == lengths


# ---- the same bytes, kills, single tasks -----------------------------------------------------

@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    path = tmp_path_factory.mktemp("variable") / "x.sgy"
    write_traces(path, rows_of(dice_lengths(4000, 50, 300)))
    reference = path.with_name("reference.ds")
    quern("segy", "import", path, "-o", reference, *SMALL, "-j", 1)
    return path, contents(reference)


@pytest.mark.parametrize("how", (["-j2"], ["-j7", "--batch", "1"], ["--in-process"]), ids=" ".join)
def test_for_any_number_of_workers(survey, tmp_path, how):
    quern("segy", "import", survey[0], "-o", tmp_path / "x.ds", *SMALL, *how)
    assert contents(tmp_path / "x.ds") == survey[1]


def test_killed_and_resumed(survey, tmp_path):
    dice = random.Random(3)
    command = [BUILD / "quern", "segy", "import", survey[0], "-o", tmp_path / "x.ds", *SMALL, "-j2"]
    for _ in range(10):
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(dice.uniform(0.005, 0.08))
        run.send_signal(signal.SIGKILL)
        run.wait()
    quern("segy", "import", survey[0], "-o", tmp_path / "x.ds", *SMALL)
    assert contents(tmp_path / "x.ds") == survey[1]


def test_a_task_runs_alone(survey, tmp_path):
    quern("plan", "segy", "import", survey[0], "-o", tmp_path / "x.ds", *SMALL[:-2])
    assert "is fine" in quern("task", tmp_path / "x.ds", 17).stdout


# ---- what breaks -----------------------------------------------------------------------------

def broken(tmp_path, change):
    """A chain that is longer than what is looked at to decide what the file is."""
    path = write_traces(tmp_path / "x.sgy", rows_of(dice_lengths(6000, 4, 9)))
    raw = bytearray(path.read_bytes())
    change(raw)
    path.write_bytes(raw)
    error = quern("segy", "import", path, "-o", tmp_path / "x.ds", code=1).stderr.splitlines()[-1]
    assert not (tmp_path / "x.ds").exists() and "--salvage" in error
    return error


def test_a_file_cut_within_a_trace(tmp_path):
    def cut(raw):
        del raw[-3:]
    error = broken(tmp_path, cut)
    assert "trace 5999" in error and "3 bytes beyond the end" in error


def test_a_zeroed_header(tmp_path):
    lengths = dice_lengths(6000, 4, 9)
    at = 3600 + sum(240 + 4 * n for n in lengths[:5000])
    def zero(raw):
        raw[at : at + 240] = bytes(240)
    error = broken(tmp_path, zero)
    assert f"trace 5000 should begin at byte {at}, but a header there says 0 samples" in error


def test_a_trailer_is_no_damage(tmp_path):
    rows = rows_of(dice_lengths(5000, 4, 9))
    trailer = b"((SEG: Ownership))".ljust(3200) + b"((SEG: EndText))".ljust(3200)
    write_traces(tmp_path / "x.sgy", rows, trailer=trailer)
    quern("segy", "import", tmp_path / "x.sgy", "-o", tmp_path / "x.ds")
    check(tmp_path / "x.ds", rows)
    assert (tmp_path / "x.ds" / "raw" / "trailer.bin").read_bytes() == trailer
