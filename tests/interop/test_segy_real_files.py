"""Every real file: imported with the samples that independent readers see, or refused for the
reason that the file gives."""

import json

import numpy
import pandas
import pytest
import segyio
import zarr
from segy_tools import REAL, header_bytes, ibm_values, segy_import

FILES = sorted(
    str(p.relative_to(REAL))
    for p in REAL.rglob("*")
    if p.suffix.lower() in (".sgy", ".segy", ".su") or p.name.endswith("first_trace")
)

# Refused, with words of the reason.
REFUSED = {
    "broken.sgy": "does not hold whole traces",
    "text.sgy": "no traces",
}

# Files that segyio cannot read: (byte order, first trace at, bytes of trace headers, samples).
# The layouts follow from the files' descriptions: 3600 bytes, 3200 per extended text record, 240
# per trace header, 4 samples of 4 bytes.
LAYOUTS = {
    "decrement-lsb.sgy": ("<", 3600, 240, 4),
    "increment-lsb.sgy": ("<", 3600, 240, 4),
    "rotated-small-rev2.sgy": (">", 3600, 480, 50),
}

# Files that bring a header layout along, which tests/interop/test_segy_headers.py follows.
OWN = ("mapping-", "trace-header-extensions")

GOLDEN = {"00001034.sgy_first_trace"}  # little-endian IBM by its header, IEEE by its samples

# What the author of the expected samples took from the header, against the evidence.
AS_EXPECTED = {"00001034.sgy_first_trace": ["--format", "ibm"]}


def decode(raw, code, order):
    """Samples of bytes, straight from the definition of each format."""
    if code == 1:
        return ibm_values(raw.view(order + "u4"))
    if code in (7, 15):
        wide = raw.reshape(raw.shape[0], -1, 3).astype("i4")
        wide = wide[:, :, ::-1] if order == "<" else wide
        value = wide[:, :, 0] << 16 | wide[:, :, 1] << 8 | wide[:, :, 2]
        return value - (1 << 24) * (value >> 23) if code == 7 else value
    if code == 4:
        words = raw.view(order + "u4")
        gain = (words >> 16 & 0xFF).astype("f8")
        with numpy.errstate(over="ignore"):
            return ((words & 0xFFFF).astype("u2").view("i2") * 2.0**gain).astype("f4")
    kinds = {2: "i4", 3: "i2", 5: "f4", 6: "f8", 8: "i1", 9: "i8", 10: "u4", 11: "u2", 12: "u8", 16: "u1"}
    return raw.view(order + kinds[code])


def by_numpy(path, survey):
    """Samples and headers of a file, read by NumPy."""
    data = numpy.fromfile(path, "u1")
    order = "<" if survey["byte_order"] == "little" else ">"
    code = survey["sample_format_code"]
    size = {1: 4, 2: 4, 3: 2, 4: 4, 5: 4, 6: 8, 7: 3, 8: 1, 9: 8, 10: 4, 11: 2, 12: 8, 15: 3, 16: 1}
    offset = survey["first_trace_offset"]
    samples = survey["samples_per_trace"]
    header = (len(data) - offset) // survey["traces"] - samples * size[code]
    rows = data[offset : offset + survey["traces"] * (header + samples * size[code])]
    rows = rows.reshape(survey["traces"], -1)
    return decode(numpy.ascontiguousarray(rows[:, header:]), code, order), header, rows, order


@pytest.mark.parametrize("name", FILES)
def test_real_file(name, tmp_path):
    path = REAL / name
    dataset = tmp_path / "out.ds"
    if path.name in REFUSED:
        result = segy_import(path, dataset, code=1)
        assert REFUSED[path.name] in result.stderr
        assert not dataset.exists() and not (tmp_path / "out.ds.partial").exists()
        return
    layout = ["--layout", "standard"] if path.name.startswith(OWN) else []
    options = [*layout, *AS_EXPECTED.get(path.name, [])]
    segy_import(path, dataset, "--durability", "process", *options)
    survey = json.loads((dataset / "manifest.json").read_text())["facts"]["survey"]
    values = zarr.open_group(dataset / "traces.zarr", mode="r")["amplitude"][:]
    expected, header, rows, order = by_numpy(path, survey)
    numpy.testing.assert_array_equal(values, expected)
    if path.name in LAYOUTS:
        assert (order, survey["first_trace_offset"], header, values.shape[1]) == LAYOUTS[path.name]
    frame = pandas.read_parquet(dataset / "headers.parquet")
    assert len(frame) == len(values)
    for column, byte, kind in (
        ("inline", 189, "i4"), ("crossline", 193, "i4"), ("cdp", 21, "i4"), ("offset", 37, "i4"),
        ("scalar_coord", 71, "i2"), ("source_x", 73, "i4"), ("sample_count", 115, "u2"),
    ):
        if path.suffix.startswith(".su") and byte > 180:
            assert column not in frame  # Seismic Unix has other fields there
            continue
        raw = numpy.ascontiguousarray(rows[:, byte - 1 : byte - 1 + int(kind[1])])
        numpy.testing.assert_array_equal(frame[column], raw.view(order + kind).ravel())
    numpy.testing.assert_array_equal(header_bytes(dataset, header, order), rows[:, :header])
    golden = path.with_name(path.name + ".npy")
    if golden.exists():
        numpy.testing.assert_array_equal(values[0], numpy.load(golden).ravel())
    compare_with_segyio(path, survey, values, header)


def compare_with_segyio(path, survey, values, header):
    """segyio has no 3-byte integers and no gains, rounds the smallest IBM numbers wrongly, and
    does not know trace header extensions."""
    code = survey["sample_format_code"]
    if code in (4, 7, 15) or header != 240 or path.name in LAYOUTS or path.name in GOLDEN:
        return
    try:
        file = segyio.open(path, ignore_geometry=True, endian=survey["byte_order"])
    except (RuntimeError, ValueError):
        return  # a layout it cannot follow; NumPy has compared every sample
    with file:
        theirs = file.trace.raw[:]
    if code == 1:
        tiny = numpy.abs(values) < 2.0**-126
        theirs, values = numpy.where(tiny, 0, theirs), numpy.where(tiny, 0, values)
    numpy.testing.assert_array_equal(values, theirs)


def f3():
    data = numpy.fromfile(REAL / "segyio/test-data/f3.sgy", "u1")[3600:].reshape(414, -1)
    return numpy.ascontiguousarray(data[:, 240:]).view(">i2").astype("i8")


@pytest.mark.parametrize("name", [f for f in FILES if "multiformats" in f])
def test_all_formats_give_the_same_picture(name, tmp_path):
    """The files were made of one 16-bit picture, narrow and unsigned formats modulo 2^bits; those
    of format 4 hold IEEE floats in truth."""
    code = int("".join(c for c in name.rsplit("Format")[-1] if c.isdigit()))
    truth = ["--format", "ieee"] if code == 4 else []
    segy_import(REAL / name, tmp_path / "out.ds", "--durability", "process", *truth)
    values = zarr.open_group(tmp_path / "out.ds" / "traces.zarr", mode="r")["amplitude"][:]
    picture = f3()
    bits = {8: 8, 16: 8, 11: 16, 10: 32, 15: 24}.get(code, 64)
    if code in (8, 10, 11, 12, 15, 16):
        mask = numpy.uint64(2**bits - 1)
        numpy.testing.assert_array_equal(
            values.astype("i8" if code == 8 else "u8").astype("u8") & mask, picture.astype("u8") & mask
        )
    else:
        numpy.testing.assert_array_equal(values, picture)
