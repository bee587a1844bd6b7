"""Gridded imports of surveys made here, and the grid that NumPy makes of them."""

import json

import numpy
import xarray
from segy_tools import quern, write_segy


def grid_import(source, folder, grid, *options, code=0):
    """Imports with a grid, gives the printed text and the grid as xarray sees it."""
    sources = source if isinstance(source, list) else [source]
    result = quern(
        "segy", "import", *sources, "-o", folder / "x.ds", "--durability", "process",
        "--grid", grid, *options, code=code,
    )
    return result.stderr, None if code else xarray.open_zarr(folder / "x.ds" / "grid.zarr")


def fact(folder, name):
    return json.loads((folder / "x.ds" / "manifest.json").read_text())["facts"][name]


def expected_grid(keys, samples, fill=numpy.nan):
    """The independent way: sorted unique values, and each trace set into its place."""
    axes = [numpy.unique(key) for key in keys]
    places = tuple(numpy.searchsorted(axis, key) for axis, key in zip(axes, keys))
    shape = tuple(map(len, axes))
    cube = numpy.full((*shape, samples.shape[1]), fill, samples.dtype)
    index = numpy.full(shape, -1)
    for trace in reversed(range(len(samples))):  # the first trace of a cell wins
        place = tuple(p[trace] for p in places)
        cube[place] = samples[trace]
        index[place] = trace
    return axes, cube, index


def assert_grid(grid, names, keys, samples, fill=numpy.nan):
    axes, cube, index = expected_grid(keys, samples, fill)
    assert grid.amplitude.dims[:-1] == tuple(names)
    for name, axis in zip(names, axes):
        numpy.testing.assert_array_equal(grid[name], axis)
    numpy.testing.assert_array_equal(grid.amplitude, cube)
    numpy.testing.assert_array_equal(grid.trace_index, index)
    numpy.testing.assert_array_equal(grid.trace_mask, index >= 0)
    assert grid.trace_mask.dtype == bool and grid.trace_index.dtype == "i8"


def picture(traces, samples=37, seed=5):
    return numpy.random.default_rng(seed).normal(size=(traces, samples)).astype("f4")


def write_keys(path, keys, samples, **options):
    """Traces with inline, crossline, offset, ... as header values, and positions of a survey."""
    bytes_of = {"inline": 189, "crossline": 193, "offset": 37, "cdp": 21, "field_record": 9,
                "trace_number": 13, "energy_source_point": 17}
    headers = {(bytes_of[name], "i4"): values for name, values in keys.items()}
    headers[(71, "i2")] = -10
    headers.update(options.pop("headers", {}))
    write_segy(path, samples, headers=headers, **options)


def survey(*shape, steps=None, keep=1.0, shuffle=False, seed=7):
    """Header values of a survey of that shape, some traces missing, maybe in disorder."""
    dice = numpy.random.default_rng(seed)
    steps = steps or [1] * len(shape)
    axes = [10 * (d + 1) + step * numpy.arange(n) for d, (n, step) in enumerate(zip(shape, steps))]
    keys = [axis.ravel() for axis in numpy.meshgrid(*axes, indexing="ij")]
    traces = numpy.flatnonzero(dice.random(len(keys[0])) < keep)
    if shuffle:
        dice.shuffle(traces)
    return [key[traces] for key in keys]
