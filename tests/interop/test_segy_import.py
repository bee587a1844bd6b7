"""Imports of files made here: every format, store and option, as the usual readers see them."""

import json

import duckdb
import numpy
import pandas
import polars
import pytest
import xarray
import zarr
from segy_tools import ibm_bytes, ibm_values, quern, segy_import, write_segy

TRACES, SAMPLES = 300, 41


def picture():
    trace, sample = numpy.meshgrid(range(TRACES), range(SAMPLES), indexing="ij")
    return (trace * 7 + sample * 3) % 113 - 50


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    """A line of CDP gathers of 1 to 9 traces, coordinates with a scalar of -10."""
    path = tmp_path_factory.mktemp("line") / "line.sgy"
    sizes = [1 + i % 9 for i in range(100)]
    cdp = numpy.repeat(numpy.arange(100) + 500, sizes)[:TRACES]
    headers = {
        (21, "i4"): cdp,
        (69, "i2"): 1,
        (71, "i2"): -10,
        (73, "i4"): 4300005 + 250 * numpy.arange(TRACES),
        (109, "i2"): 100,
    }
    write_segy(path, picture(), code=1, headers=headers)
    return path, cdp


FORMATS = {
    1: "f4", 2: "i4", 3: "i2", 5: "f4", 6: "f8", 7: "i4", 8: "i1", 9: "i8", 10: "u4", 11: "u2",
    12: "u8", 15: "u4", 16: "u1",
}


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize("code", FORMATS)
def test_every_format_and_byte_order_keeps_its_values_and_type(code, order, tmp_path):
    values = picture() + (50 if code in (10, 11, 12, 15, 16) else 0)
    write_segy(tmp_path / "x.sgy", values, code=code, order=order)
    segy_import(tmp_path / "x.sgy", tmp_path / "x.ds", "--durability", "process")
    stored = zarr.open_group(tmp_path / "x.ds" / "traces.zarr", mode="r")["amplitude"][:]
    assert stored.dtype == FORMATS[code]
    numpy.testing.assert_array_equal(stored, values)
    segy_import(
        tmp_path / "x.sgy", tmp_path / "f.ds", "--durability", "process", "--sample-type", "float32"
    )
    stored = zarr.open_group(tmp_path / "f.ds" / "traces.zarr", mode="r")["amplitude"][:]
    assert stored.dtype == "f4"
    numpy.testing.assert_array_equal(stored, values)


STORES = [
    ("--zarr", z, *shards, "--codec", codec, *chunk)
    for z, shards in (("3", ()), ("3", ("--no-shards",)), ("2", ()))
    for codec in ("none", "zstd", "blosc-lz4", "blosc-zstd")
    for chunk in ((), ("--chunk-traces", "16"))
]


@pytest.mark.parametrize("options", STORES, ids=" ".join)
def test_zarr_and_xarray_open_every_store(line, options, tmp_path):
    segy_import(line[0], tmp_path / "x.ds", "--durability", "process", *options)
    store = tmp_path / "x.ds" / "traces.zarr"
    array = zarr.open_group(store, mode="r")["amplitude"]
    numpy.testing.assert_array_equal(array[:], picture())
    numpy.testing.assert_array_equal(array[37:201:5, 3:9], picture()[37:201:5, 3:9])
    dataset = xarray.open_zarr(store)
    assert dataset.amplitude.dims == ("trace", "time")
    numpy.testing.assert_array_equal(dataset.amplitude, picture())  # zeros are not masked
    numpy.testing.assert_allclose(dataset.time, 100 + 4.0 * numpy.arange(SAMPLES))
    assert dataset.time.attrs["units"] == "ms"


@pytest.mark.parametrize("options", STORES, ids=" ".join)
def test_sample_major_is_another_shape_over_the_same_bytes(line, options, tmp_path):
    segy_import(line[0], tmp_path / "t.ds", "--durability", "process", *options)
    options = (*options, "--shape", "sample-major")
    segy_import(line[0], tmp_path / "s.ds", "--durability", "process", *options)
    dataset = xarray.open_zarr(tmp_path / "s.ds" / "traces.zarr")
    assert dataset.amplitude.dims == ("time", "trace")
    numpy.testing.assert_array_equal(dataset.amplitude, picture().T)
    numpy.testing.assert_array_equal(dataset.amplitude[3:9, 37:201:5], picture().T[3:9, 37:201:5])
    assert chunk_bytes(tmp_path / "s.ds") == chunk_bytes(tmp_path / "t.ds")
    quern("verify", tmp_path / "s.ds")


def chunk_bytes(dataset):
    folder = dataset / "traces.zarr" / "amplitude"
    data = (p for p in folder.rglob("*") if p.is_file() and p.name[0] in "c0123456789")
    return sorted(p.read_bytes() for p in data)


def test_shards_have_the_names_and_sizes_of_their_chunks(line, tmp_path):
    segy_import(
        line[0], tmp_path / "x.ds", "--durability", "process", "--codec", "none",
        "--chunk-traces", "16", "--shard-traces", "64", "--segment-traces", "64",
    )
    folder = tmp_path / "x.ds" / "traces.zarr" / "amplitude"
    shards = sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    assert [str(s) for s in shards] == ["c/0/0", "c/1/0", "c/2/0", "c/3/0", "c/4/0", "zarr.json"]
    full = 4 * 16 * SAMPLES * 4 + 16 * 4 + 4
    assert (folder / "c/0/0").stat().st_size == full
    array = zarr.open_group(tmp_path / "x.ds" / "traces.zarr", mode="r")["amplitude"]
    assert array.shards == (64, SAMPLES) and array.chunks == (16, SAMPLES)
    numpy.testing.assert_array_equal(array[:], picture())


def test_tables_open_in_pandas_polars_and_duckdb(line, tmp_path):
    segy_import(
        line[0], tmp_path / "x.ds", "--durability", "process", "--ensemble-key", "cdp",
        "--chunk-traces", "8", "--shard-traces", "8", "--segment-traces", "32",
    )
    path = tmp_path / "x.ds" / "headers.parquet"
    frame = pandas.read_parquet(path)
    numpy.testing.assert_array_equal(frame.trace_index, numpy.arange(TRACES))
    numpy.testing.assert_array_equal(frame.cdp, line[1])
    numpy.testing.assert_array_equal(frame.source_x, 4300005 + 250 * numpy.arange(TRACES))
    numpy.testing.assert_array_equal(
        frame.source_x_scaled, (4300005 + 250 * numpy.arange(TRACES)) / 10
    )
    assert frame.scalar_coord.dtype == "int16" and frame.sample_count.dtype == "uint16"
    other = polars.read_parquet(path)
    assert other["cdp"].to_list() == line[1].tolist()
    query = f"SELECT count(*), min(cdp), max(cdp) FROM '{path}' WHERE trace_index < 250"
    assert duckdb.connect().execute(query).fetchone() == (250, 500, line[1][249])
    gathers = pandas.read_parquet(tmp_path / "x.ds" / "ensembles.parquet")
    expected = pandas.Series(line[1]).groupby(line[1]).agg(lambda g: (g.index[0], g.index[-1] + 1))
    assert gathers.cdp.tolist() == expected.index.tolist()
    assert list(zip(gathers.start, gathers.end)) == expected.tolist()
    assert (gathers["count"] == gathers.end - gathers.start).all()


def test_a_composite_key_and_chosen_headers(line, tmp_path):
    segy_import(
        line[0], tmp_path / "x.ds", "--durability", "process",
        "--ensemble-key", "cdp,trace_sequence_line", "--headers", "offset,source_x",
    )
    frame = pandas.read_parquet(tmp_path / "x.ds" / "headers.parquet")
    assert list(frame.columns) == [
        "trace_index", "trace_sequence_line", "cdp", "offset", "source_x", "source_x_scaled",
    ]
    gathers = pandas.read_parquet(tmp_path / "x.ds" / "ensembles.parquet")
    assert len(gathers) == TRACES and (gathers["count"] == 1).all()


def test_a_layout_file_names_places_and_types(tmp_path):
    headers = {
        (181, "f4"): numpy.arange(TRACES) / 4,
        (185, "u4"): 2**32 - 1 - numpy.arange(TRACES),
        (189, "i8"): -(2**40) - numpy.arange(TRACES),
        (201, "u2"): 65535,
        (205, "u1"): numpy.arange(TRACES) % 256,
        (209, "u4"): 0,
    }
    path = tmp_path / "x.sgy"
    write_segy(path, picture(), headers=headers)
    ibm = ibm_bytes(numpy.array([118.625]))[0]
    raw = numpy.fromfile(path, "u1")
    table = raw[3600:].reshape(TRACES, -1)
    table[:, 208:212] = numpy.array([ibm], ">u4").view("u1")
    raw.tofile(path)
    fields = [("easting", 181, "ieee32"), ("big", 185, "uint32"), ("wide", 189, "int64"),
              ("half", 201, "uint16"), ("small", 205, "uint8"), ("ibm", 209, "ibm32")]
    mapping = {
        "fields": [{"name": n, "byte": b, "type": t, "description": n} for n, b, t in fields],
        "ensemble_keys": ["small"],
    }
    (tmp_path / "map.json").write_text(json.dumps(mapping))
    segy_import(path, tmp_path / "x.ds", "--layout", tmp_path / "map.json", "--no-raw-headers")
    frame = pandas.read_parquet(tmp_path / "x.ds" / "headers.parquet")
    assert list(frame.columns) == ["trace_index"] + [f[0] for f in fields]
    numpy.testing.assert_array_equal(frame.easting, numpy.arange(TRACES) / 4)
    numpy.testing.assert_array_equal(frame.big, 2**32 - 1 - numpy.arange(TRACES))
    numpy.testing.assert_array_equal(frame.wide, -(2**40) - numpy.arange(TRACES))
    assert (frame.half == 65535).all() and (frame.ibm == ibm_values(ibm)).all()
    assert frame.ibm[0] == 118.625


def test_the_files_own_headers_are_kept_byte_for_byte(tmp_path):
    text = "C 1 ÜBERSICHT".encode("cp500").ljust(3200, b"\x40")
    write_segy(tmp_path / "x.sgy", picture(), text=text, extended=3)
    raw = (tmp_path / "x.sgy").read_bytes()
    segy_import(tmp_path / "x.sgy", tmp_path / "x.ds")
    folder = tmp_path / "x.ds"
    assert (folder / "raw/text_header.bin").read_bytes() == raw[:3200]
    assert (folder / "raw/binary_header.bin").read_bytes() == raw[3200:3600]
    assert (folder / "raw/extended_headers.bin").read_bytes() == raw[3600 : 3600 + 3 * 3200]
    lines = (folder / "text_header.txt").read_text("utf-8").splitlines()
    assert lines[0] == "C 1 ÜBERSICHT" and lines[80] == "C EXTENDED 00001"
    binary = json.loads((folder / "binary_header.json").read_text())
    assert [v for v in binary.values() if v == 41]


def test_statistics_are_numpys(tmp_path):
    values = picture().astype("f4") / 3
    values[5] = 0
    values[7, 3], values[8, 4], values[9, 5] = numpy.nan, numpy.inf, -numpy.inf
    write_segy(tmp_path / "x.sgy", values)
    segy_import(tmp_path / "x.sgy", tmp_path / "x.ds")
    got = json.loads((tmp_path / "x.ds" / "statistics.json").read_text())
    finite = values[numpy.isfinite(values)].astype("f8")
    assert got["samples"] == values.size and got["dead_traces"] == 1
    assert got["nans"] == 1 and got["infinities"] == 2
    assert got["zeros"] == int((values == 0).sum())
    assert got["min"] == finite.min() and got["max"] == finite.max()
    assert got["mean"] == pytest.approx(finite.mean(), rel=1e-12)
    assert got["rms"] == pytest.approx(numpy.sqrt((finite**2).mean()), rel=1e-12)


def test_ibm_numbers_beyond_float32_become_infinite_and_are_counted(tmp_path):
    write_segy(tmp_path / "x.sgy", picture(), code=1)
    raw = numpy.fromfile(tmp_path / "x.sgy", "u1")
    traces = raw[3600:].reshape(TRACES, -1)
    for i, word in enumerate((0x7FFFFFFF, 0xFFFFFFFF, 0x61100000)):
        traces[0, 240 + 4 * i : 244 + 4 * i] = numpy.array([word], ">u4").view("u1")
    raw.tofile(tmp_path / "x.sgy")
    told = segy_import(tmp_path / "x.sgy", tmp_path / "x.ds").stderr
    assert "3 samples are beyond the range of float32" in told
    stored = zarr.open_group(tmp_path / "x.ds" / "traces.zarr", mode="r")["amplitude"][0]
    assert list(stored[:3]) == [numpy.inf, -numpy.inf, numpy.inf]
    assert json.loads((tmp_path / "x.ds" / "statistics.json").read_text())["overflows"] == 3


def test_delays_that_differ_are_told_and_leave_the_axis_at_zero(tmp_path):
    write_segy(tmp_path / "x.sgy", picture(), headers={(109, "i2"): numpy.arange(TRACES) % 5})
    told = segy_import(tmp_path / "x.sgy", tmp_path / "x.ds").stderr
    assert "recording delays differ from trace to trace, 0 to 4 ms" in told
    assert xarray.open_zarr(tmp_path / "x.ds" / "traces.zarr").time[0] == 0


OVERRIDES = [
    (dict(code=5), 3225, "i2", 1, ["--format", "5"]),
    (dict(code=3), 3221, "u2", 40, ["--samples", "41"]),
    (dict(code=5), 3217, "u2", 0, ["--interval", "4000"]),
]


@pytest.mark.parametrize("how,byte,kind,lie,options", OVERRIDES)
def test_an_override_beats_a_header_that_lies(how, byte, kind, lie, options, tmp_path):
    path = tmp_path / "x.sgy"
    write_segy(path, picture(), **how)
    raw = numpy.fromfile(path, "u1")
    raw[byte - 1 : byte + 1] = numpy.array([lie], ">" + kind).view("u1")
    raw.tofile(path)
    segy_import(path, tmp_path / "x.ds", *options)
    dataset = xarray.open_zarr(tmp_path / "x.ds" / "traces.zarr")
    numpy.testing.assert_array_equal(dataset.amplitude, picture())
    numpy.testing.assert_allclose(dataset.time, 4.0 * numpy.arange(SAMPLES))


def test_verify_compares_with_the_source(line, tmp_path):
    source = tmp_path / "line.sgy"
    source.write_bytes(line[0].read_bytes())
    segy_import(source, tmp_path / "x.ds", "--codec", "none")
    assert "every sample compared" in quern("verify", tmp_path / "x.ds").stdout
    raw = bytearray(source.read_bytes())
    raw[3600 + 240 + 2] ^= 1
    source.write_bytes(raw)
    result = quern("verify", tmp_path / "x.ds", code=1)
    assert "trace 0 differs from the source" in result.stdout + result.stderr
    raw[3600 + 240 + 2] ^= 1
    raw[3600 + 72] ^= 1
    source.write_bytes(raw)
    result = quern("verify", tmp_path / "x.ds", code=1)
    assert "column 'source_x'" in result.stdout + result.stderr
    source.unlink()
    assert "not compared with the source" in quern("verify", tmp_path / "x.ds").stdout


@pytest.mark.parametrize(
    "name", ["traces.zarr/amplitude/c/0/0", "headers.parquet", "raw/text_header.bin"]
)
def test_verify_finds_a_flipped_byte(line, name, tmp_path):
    segy_import(line[0], tmp_path / "x.ds")
    path = tmp_path / "x.ds" / name
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 3] ^= 4
    path.write_bytes(raw)
    result = quern("verify", tmp_path / "x.ds", code=1)
    assert name in result.stdout + result.stderr


def test_the_report_shows_the_section(line, tmp_path):
    segy_import(line[0], tmp_path / "x.ds")
    assert (tmp_path / "x.ds" / "section.png").read_bytes()[:4] == b"\x89PNG"
    html = (tmp_path / "x.ds" / "report.html").read_text("utf-8")
    assert "data:image/png;base64" in html and "line.sgy" in html
