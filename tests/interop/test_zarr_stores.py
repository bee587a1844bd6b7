"""Stores of zarr_sample.c as zarr-python and xarray read them, and stores of zarr-python as Quern
reads them."""

import filecmp
import json
import os
import pathlib
import subprocess
import warnings

import numcodecs
import numpy as np
import pytest
import xarray
import zarr
from zarr.codecs import BloscCodec, TransposeCodec, ZstdCodec

BUILD = pathlib.Path(os.environ.get("QUERN_BUILD", pathlib.Path(__file__).parents[2] / "build"))
PROGRAM = BUILD / "tests" / "zarr_sample"

CODECS = ["none", "zstd", "blosc-lz4", "blosc-zstd"]
LAYOUTS = ["v3-plain", "v3-transposed", "v3-sharded", "v3-sharded-transposed", "v3-dots",
           "v2-plain", "v2-transposed", "v2-slashes"]
CONSOLIDATED = ["v3-transposed", "v3-sharded", "v3-dots", "v2-plain", "v2-transposed"]
STORES = [f"{layout}-{codec}" for layout in LAYOUTS for codec in CODECS]

TYPES = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32",
         "float64"]
ARRAYS = {  # name: type, dimensions
    **{name: (name, {"trace": 37, "time": 11}) for name in TYPES},
    "ragged": ("int16", {"trace": 37, "time": 11}),
    "cube": ("int32", {"x": 5, "y": 7, "z": 9}),
    "four": ("uint8", {"a": 3, "b": 4, "c": 5, "d": 6}),
    "big": ("float64", {"trace": 37, "time": 11}),
    "gaps": ("float32", {"gap": 40}),
    "time": ("float64", {"time": 11}),
    "scalar": ("int32", {}),
}


def formula(dtype, shape):
    dtype = np.dtype(dtype)
    n = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    whole = (37 * n + 11) % 101 - (0 if dtype.kind == "u" else 50)
    return (whole / 4 if dtype.kind == "f" else whole).astype(dtype)


def expected(name):
    dtype, dims = ARRAYS[name]
    values = formula(dtype, tuple(dims.values()))
    if name == "gaps":
        values[16:24] = np.nan
    return values


def assert_same(got, want):
    assert got.dtype.newbyteorder("=") == want.dtype
    np.testing.assert_array_equal(got, want, strict=False)
    assert got.shape == want.shape


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("zarr")
    subprocess.run([PROGRAM, "write", path], check=True)
    return path


@pytest.mark.parametrize("store", STORES)
def test_zarr_python_reads_every_value(folder, store):
    group = zarr.open_group(folder / store, mode="r", use_consolidated=False)
    assert group.attrs["title"] == "formula"
    assert sorted(group.array_keys()) == sorted(ARRAYS)
    for name in ARRAYS:
        assert_same(group[name][...], expected(name))


@pytest.mark.parametrize("store", STORES)
def test_zarr_python_reads_a_part_across_chunks(folder, store):
    group = zarr.open_group(folder / store, mode="r", use_consolidated=False)
    assert_same(group["ragged"][6:33:3, 3:9], expected("ragged")[6:33:3, 3:9])
    assert_same(group["cube"][1:4, 2:3, 3:], expected("cube")[1:4, 2:3, 3:])


@pytest.mark.parametrize("store", STORES)
def test_xarray_reads_every_value_and_dimension(folder, store):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = xarray.open_zarr(folder / store, consolidated=False)
    assert data.attrs["title"] == "formula"
    assert list(data.coords) == ["time"]
    for name, (_, dims) in ARRAYS.items():
        assert data[name].dims == tuple(dims)
        assert_same(data[name].values, expected(name))
    assert data["cube"].attrs == {"units": "m", "step": 0.1}


@pytest.mark.parametrize("layout", CONSOLIDATED)
def test_consolidated_metadata_is_found(folder, layout):
    data = xarray.open_zarr(folder / f"{layout}-zstd", consolidated=True)
    assert sorted(data.variables) == sorted(ARRAYS)
    assert_same(data["ragged"].values, expected("ragged"))


@pytest.mark.parametrize("store", STORES)
def test_exact_zeros_stay_zeros_in_xarray(folder, store):
    data = xarray.open_zarr(folder / store, consolidated=False)
    for name in TYPES:
        zeros = np.count_nonzero(expected(name) == 0)
        assert zeros > 0
        assert np.count_nonzero(data[name].values == 0) == zeros


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if "sharded" not in name])
def test_edge_chunks_are_stored_at_full_size(folder, layout):
    key = {"v3-dots": "c.4.2", "v2-plain": "4.2", "v2-transposed": "4.2", "v2-slashes": "4/2"}
    path = folder / f"{layout}-none" / "ragged" / key.get(layout, "c/4/2")
    assert path.stat().st_size == 8 * 4 * 2


@pytest.mark.parametrize("codec", CODECS)
def test_transposed_stores_hold_the_bytes_of_the_transposed_array(folder, codec):
    """Shape (samples, traces) with the first dimension fastest is trace after trace."""
    raw = (folder / "v3-transposed-none" / "int16" / "c" / "0" / "0").read_bytes()
    assert np.array_equal(np.frombuffer(raw, "<i2").reshape(11, 8).T, expected("int16")[:8])


def test_metadata_is_strict_json(folder):
    def refuse(constant):
        raise ValueError(constant)

    documents = [p for p in folder.rglob("*") if p.name == "zarr.json" or p.name.startswith(".z")]
    assert len(documents) == 4 * (5 * 18 + 3 * (2 * 17 + 3))
    for path in documents:
        json.loads(path.read_text(), parse_constant=refuse)


def test_stores_are_the_same_bytes_every_time(folder, tmp_path):
    subprocess.run([PROGRAM, "write", tmp_path], check=True)
    files = [p.relative_to(folder) for p in folder.rglob("*") if p.is_file()]
    _, differ, failed = filecmp.cmpfiles(folder, tmp_path, files, shallow=False)
    assert differ == [] and failed == []
    assert len(files) == sum(p.is_file() for p in tmp_path.rglob("*"))


def read_by_quern(array, tmp_path, like):
    subprocess.run([PROGRAM, "read", array, tmp_path / "values"], check=True)
    return np.fromfile(tmp_path / "values", like.dtype).reshape(like.shape)


@pytest.mark.parametrize("store", STORES)
def test_quern_reads_its_own_stores(folder, store, tmp_path):
    for name in ["float32", "ragged", "cube", "four", "big", "gaps", "scalar"]:
        want = expected(name)
        assert_same(read_by_quern(folder / store / name, tmp_path, want), want)


OPTIONS = {
    "plain": dict(compressors=None),
    "default": {},
    "zstd-checksum": dict(compressors=ZstdCodec(level=3, checksum=True)),
    "lz4hc-bitshuffle": dict(
        compressors=BloscCodec(cname="lz4hc", clevel=9, shuffle="bitshuffle")),
    "blosc-noshuffle": dict(compressors=BloscCodec(cname="zstd", clevel=2, shuffle="noshuffle")),
    "sharded": dict(shards=(16, 8), compressors=BloscCodec(cname="lz4")),
    "transposed": dict(filters=[TransposeCodec(order=(1, 0))]),
    "sharded-transposed": dict(shards=(16, 8), filters=[TransposeCodec(order=(1, 0))]),
    "dots": dict(chunk_key_encoding={"name": "default", "separator": "."}),
    "v2-blosc": dict(zarr_format=2, compressors=numcodecs.Blosc("lz4", 5, 1)),
    "v2-order-f": dict(zarr_format=2, order="F", compressors=numcodecs.Zstd(1)),
    "v2-slashes": dict(zarr_format=2, compressors=None,
                       chunk_key_encoding={"name": "v2", "separator": "/"}),
}


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("dtype", ["int16", "float64", "uint8"])
def test_quern_reads_stores_of_zarr_python(options, dtype, tmp_path):
    want = formula(dtype, (37, 11))
    array = zarr.create_array(tmp_path / "array", shape=want.shape, chunks=(8, 4), dtype=dtype,
                              fill_value=0, **OPTIONS[options])
    want[8:16] = 0  # chunks that zarr-python leaves out
    array[...] = want
    assert_same(read_by_quern(tmp_path / "array", tmp_path, want), want)


def test_quern_reads_big_endian_stores_of_zarr_python(tmp_path):
    want = formula("int32", (37, 11))
    array = zarr.create_array(tmp_path / "array", shape=want.shape, chunks=(8, 4), dtype=">i4",
                              zarr_format=2, fill_value=0)
    array[...] = want
    assert_same(read_by_quern(tmp_path / "array", tmp_path, want), want)


def test_quern_names_the_codec_that_it_does_not_read(tmp_path):
    zarr.create_array(tmp_path / "array", shape=(4,), chunks=(4,), dtype="int8",
                      compressors=zarr.codecs.GzipCodec())
    done = subprocess.run([PROGRAM, "read", tmp_path / "array", tmp_path / "values"],
                          capture_output=True, text=True)
    assert done.returncode == 1
    assert "'gzip' is not read by this version" in done.stderr
