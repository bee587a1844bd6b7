"""Files without reel headers: Seismic Unix in both byte orders, and PASSCAL."""

import json

import numpy
import pandas
import pytest
import segyio
import zarr
from segy_tools import REAL, quern


def amplitude(dataset):
    return zarr.open_group(dataset / "traces.zarr", mode="r")["amplitude"][:]


def headers(dataset):
    return pandas.read_parquet(dataset / "headers.parquet")


def survey_of(dataset):
    return json.loads((dataset / "manifest.json").read_text())["facts"]["survey"]


def put(record, order, byte, kind, value):
    raw = numpy.array([value], order + kind).view("u1")
    record[byte - 1 : byte - 1 + len(raw)] = raw


def write_su(path, samples, order="<", tail=None, kind="f4"):
    """`tail`: {(byte, numpy type): values per trace} on top of what every trace has."""
    with open(path, "wb") as file:
        for i, row in enumerate(samples):
            header = numpy.zeros(240, "u1")
            fields = {(1, "i4"): i + 1, (5, "i4"): i + 1, (29, "i2"): 1, (71, "i2"): -10,
                      (73, "i4"): 10 * i, (115, "u2"): len(row), (117, "u2"): 4000}
            for (byte, kind_), value in fields.items():
                put(header, order, byte, kind_, value)
            for (byte, kind_), values in (tail or {}).items():
                put(header, order, byte, kind_, values[i])
            file.write(header.tobytes() + numpy.asarray(row, order + kind).tobytes())
    return path


@pytest.mark.parametrize("name", ("small.su", "small-lsb.su"))
def test_the_files_of_segyio(name, tmp_path):
    sources = list(REAL.rglob(name))
    if not sources:
        pytest.skip(f"no {name}")
    quern("segy", "import", sources[0], "-o", tmp_path / "x.ds", "--ensemble-key", "cdp")
    order = "little" if "lsb" in name else "big"
    with segyio.su.open(sources[0], ignore_geometry=True, endian=order) as file:
        numpy.testing.assert_array_equal(amplitude(tmp_path / "x.ds"), file.trace.raw[:])
        table = headers(tmp_path / "x.ds")
        for column, byte in (("trace_sequence_line", 1), ("cdp", 21), ("offset", 37), ("sample_count", 115)):
            numpy.testing.assert_array_equal(table[column], file.attributes(byte)[:])
    assert survey_of(tmp_path / "x.ds")["byte_order"] == order
    assert "every sample compared with the source" in quern("verify", tmp_path / "x.ds").stdout


@pytest.mark.parametrize("order", "<>")
def test_the_tail_is_that_of_seismic_unix(order, tmp_path):
    dice = numpy.random.default_rng(1)
    samples = dice.normal(size=(50, 30)).astype("f4")
    d2, f2, mark = numpy.full(50, 12.5), numpy.linspace(-100, 100, 50, dtype="f4"), numpy.arange(50)
    tail = {(189, "f4"): d2, (193, "f4"): f2, (205, "i4"): [50] * 50, (209, "i2"): mark}
    write_su(tmp_path / "x.su", samples, order, tail)
    quern("segy", "import", tmp_path / "x.su", "-o", tmp_path / "x.ds")
    numpy.testing.assert_array_equal(amplitude(tmp_path / "x.ds"), samples)
    table = headers(tmp_path / "x.ds")
    assert "inline" not in table and "cdp_x" not in table
    numpy.testing.assert_array_equal(table.d2, d2)
    numpy.testing.assert_array_equal(table.f2, f2)
    assert (table.ntr == 50).all() and table.mark.tolist() == mark.tolist()
    numpy.testing.assert_array_equal(table.source_x_scaled, numpy.arange(50))
    for name in ("raw", "text_header.txt", "binary_header.json"):
        assert not (tmp_path / "x.ds" / name).exists()
    assert "Text header" not in (tmp_path / "x.ds" / "report.html").read_text()


def test_several_files_of_seismic_unix(tmp_path):
    files = [
        write_su(tmp_path / f"{i}.su", numpy.arange(i * 200, (i + 1) * 200).reshape(10, 20))
        for i in range(3)
    ]
    quern("segy", "import", *files, "-o", tmp_path / "x.ds")
    numpy.testing.assert_array_equal(amplitude(tmp_path / "x.ds"), numpy.arange(600).reshape(30, 20))


def test_salvage_of_a_cut_file(tmp_path):
    samples = numpy.arange(4000).reshape(100, 40)
    path = write_su(tmp_path / "x.su", samples)
    path.write_bytes(path.read_bytes()[:-60])
    quern("segy", "import", path, "-o", tmp_path / "no.ds", code=1)
    quern("segy", "import", path, "-o", tmp_path / "x.ds", "--salvage")
    numpy.testing.assert_array_equal(amplitude(tmp_path / "x.ds"), samples[:-1])


# ---- PASSCAL: int16 or int32 samples as bytes 205-206 say, a tail of its own -------------------

def write_passcal(path, row, order, interval=4000):
    n = len(row)
    long = numpy.abs(row).max() > 32767
    tail = {
        (115, "u2"): [min(n, 32767)], (117, "u2"): [interval if interval < 65536 else 1],
        (201, "i4"): [interval], (205, "i2"): [int(long)], (229, "i4"): [n],
        (233, "i4"): [row.max()], (237, "i4"): [row.min()], (221, "f4"): [0.5],
    }
    write_su(path, [row], order, tail, "i4" if long else "i2")
    raw = bytearray(path.read_bytes())
    raw[180:186] = b"STA7  "
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("high", (100, 1000000))
def test_passcal_samples_are_what_the_header_says(order, high, tmp_path):
    row = numpy.random.default_rng(2).integers(-high, high, 1200)
    path = write_passcal(tmp_path / "x.sgy", row, order)
    result = quern("segy", "import", path, "-o", tmp_path / "x.ds")
    assert "PASSCAL" in result.stderr
    stored = amplitude(tmp_path / "x.ds")
    assert stored.dtype == ("i4" if high > 32767 else "i2")
    numpy.testing.assert_array_equal(stored[0], row)
    table = headers(tmp_path / "x.ds")
    assert table.station_name[0].rstrip(b" \0") == b"STA7" and table.sample_count_long[0] == 1200
    assert table.max_count[0] == row.max() and table.scale_factor[0] == 0.5


@pytest.mark.parametrize("order", "<>")
def test_passcal_lengths_and_intervals_beyond_16_bits(order, tmp_path):
    row = numpy.random.default_rng(3).integers(-9, 9, 50000)
    path = write_passcal(tmp_path / "x.sgy", row, order, interval=100000)
    quern("segy", "import", path, "-o", tmp_path / "x.ds")
    numpy.testing.assert_array_equal(amplitude(tmp_path / "x.ds")[0], row)
    assert survey_of(tmp_path / "x.ds")["sample_interval_us"] == 100000


def test_passcal_files_of_a_station_are_one_survey(tmp_path):
    rows = [numpy.random.default_rng(i).integers(-90, 90, 700 + 100 * i) for i in range(4)]
    files = [write_passcal(tmp_path / f"{i}.sgy", row, ">") for i, row in enumerate(rows)]
    quern("segy", "import", *files, "-o", tmp_path / "x.ds")
    stored = amplitude(tmp_path / "x.ds")
    for i, row in enumerate(rows):
        assert stored[i, : len(row)].tolist() == row.tolist()
    assert headers(tmp_path / "x.ds").trace_samples.tolist() == [len(r) for r in rows]
