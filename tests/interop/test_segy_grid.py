"""Gridded imports against segyio's cubes, against NumPy, and as xarray and zarr see them."""

import hashlib
import itertools
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time

import numpy
import pandas
import pytest
import segyio
import zarr
from grid_tools import assert_grid, expected_grid, fact, grid_import, picture, survey, write_keys
from segy_tools import BUILD, REAL, quern, write_segy

real_files = pytest.mark.skipif(not REAL.exists(), reason="no real files: grids of them")
SEGYIO = REAL / "segyio" / "test-data"
ZFP = REAL / "seismic-zfp" / "test_data"
SEGYSAK = REAL / "segysak"


# ---- real files -----------------------------------------------------------------------------

STACKS = [
    "small.sgy", "tiny.sgy", "小文件.sgy", "f3.sgy", "text-embed-null.sgy", "small-lsb.sgy",
    "f3-lsb.sgy", "normal-small.sgy", "acute-small.sgy", "right-small.sgy", "obtuse-small.sgy",
    "straight-small.sgy", "reflex-small.sgy", "left-small.sgy", "inv-acute-small.sgy",
]
GATHERS = [
    "small-ps.sgy", "small-ps-dec-il-inc-xl-off.sgy", "small-ps-dec-il-off-inc-xl.sgy",
    "small-ps-dec-il-xl-inc-off.sgy", "small-ps-dec-il-xl-off.sgy",
    "small-ps-dec-off-inc-il-xl.sgy", "small-ps-dec-xl-inc-il-off.sgy",
    "small-ps-dec-xl-off-inc-il.sgy",
]


def segyio_open(path, **options):
    endian = "little" if path.stem.endswith("-lsb") else "big"
    return segyio.open(path, endian=endian, **options)


@real_files
@pytest.mark.parametrize("name", STACKS)
def test_a_stack_is_the_cube_that_segyio_makes(name, tmp_path):
    _, grid = grid_import(SEGYIO / name, tmp_path, "poststack-3d")
    with segyio_open(SEGYIO / name) as file:
        assert grid.amplitude.dims == ("inline", "crossline", "time")
        numpy.testing.assert_array_equal(grid.inline, sorted(file.ilines))
        numpy.testing.assert_array_equal(grid.crossline, sorted(file.xlines))
        cube = grid.amplitude.sel(inline=file.ilines, crossline=file.xlines)
        numpy.testing.assert_array_equal(cube, segyio.tools.cube(file))
        numpy.testing.assert_allclose(grid.time, file.samples)
    assert grid.trace_mask.values.all()


@real_files
@pytest.mark.parametrize("name", GATHERS)
def test_gathers_are_the_cube_that_segyio_makes_however_they_are_sorted(name, tmp_path):
    _, grid = grid_import(SEGYIO / name, tmp_path, "cdp-offset-3d")
    with segyio_open(SEGYIO / name) as file:
        assert grid.amplitude.dims == ("inline", "crossline", "offset", "time")
        cube = grid.amplitude.sel(inline=file.ilines, crossline=file.xlines, offset=file.offsets)
        numpy.testing.assert_array_equal(cube, segyio.tools.cube(file))


@real_files
@pytest.mark.parametrize("name", ["1x1.sgy", "1xN.sgy", "Mx1.sgy"])
def test_dimensions_of_one_value_stay(name, tmp_path):
    _, grid = grid_import(SEGYIO / name, tmp_path, "inline,crossline,offset")
    with segyio_open(SEGYIO / name) as file:
        cube = segyio.tools.cube(file).reshape(grid.amplitude.shape)
        numpy.testing.assert_array_equal(grid.amplitude, cube)


IRREGULAR = [
    "small-irregular.sgy", "small-irreg-dec.sgy", "small-dec.sgy",
    "small_negative_il_xl.sgy", "small_reverse_il.sgy", "small-2d-INLINE_3D.sgy",
    "small-2d-CROSSLINE_3D.sgy", "small-ieee.sgy", "tracecount512.sgy",
]


@real_files
@pytest.mark.parametrize("name", IRREGULAR)
def test_holes_are_nan_and_numbers_may_be_negative_or_fall(name, tmp_path):
    found = sorted(ZFP.parent.rglob(name))
    if not found:
        pytest.skip(f"no {name}")
    text, grid = grid_import(found[0], tmp_path, "poststack-3d")
    with segyio.open(found[0], ignore_geometry=True) as file:
        keys = [file.attributes(189)[:], file.attributes(193)[:]]
        assert_grid(grid, ["inline", "crossline"], keys, file.trace.raw[:])
    missing = int((~grid.trace_mask).sum())
    assert fact(tmp_path, "grid")["cells_without_a_trace"] == missing
    assert ("have no trace" if missing else "every cell has its trace") in text


@real_files
def test_traces_of_one_cell_are_refused_and_named_with_what_to_do(tmp_path):
    path = ZFP / "small-duplicate-traceheaders.sgy"
    with segyio.open(path, ignore_geometry=True) as file:
        keys = list(zip(file.attributes(189)[:], file.attributes(193)[:]))
    text, grid = grid_import(ZFP / "small-2d.sgy", tmp_path, "poststack-3d", code=1)
    assert "24 traces have the same place" in text and "0 and 1 (inline 0, crossline 0)" in text
    assert "--duplicates" in text
    if len(set(keys)) == len(keys):
        _, grid = grid_import(path, tmp_path, "poststack-3d")
        assert grid.trace_mask.values.all()


@real_files
def test_23_files_of_one_survey_make_one_grid(tmp_path):
    paths = sorted(SEGYSAK.rglob("f3-iline-1*.sgy"))
    assert len(paths) == 23
    _, grid = grid_import(paths, tmp_path, "poststack-3d")
    assert grid.amplitude.shape[:2] == (23, 18)
    for i, path in enumerate(paths):
        with segyio.open(path, ignore_geometry=True) as file:
            numpy.testing.assert_array_equal(grid.amplitude[i], file.trace.raw[:])
            numpy.testing.assert_array_equal(grid.inline[i], file.attributes(189)[0])
    # Traces without a position hold -2147483648 there: no number that anybody may use.
    assert numpy.isnan(grid.cdp_x).any() and grid.cdp_x.min() > 600000


@real_files
def test_positions_have_the_scalar_applied(tmp_path):
    (path,) = SEGYSAK.rglob("volve10-migvel-depth-sub3d.sgy")
    _, grid = grid_import(path, tmp_path, "PostStack3DDepth")
    with segyio.open(path, ignore_geometry=True) as file:
        numpy.testing.assert_allclose(
            grid.cdp_x.values.ravel(), numpy.array(file.attributes(181)[:]) / 100
        )
        numpy.testing.assert_array_equal(grid.amplitude.values.reshape(936, -1), file.trace.raw[:])
    assert grid.amplitude.dims[-1] == "depth" and grid.depth.attrs["units"] == "m"
    assert grid.attrs["name"] == "PostStack3DDepth"
    assert set(grid.coords) == {"inline", "crossline", "depth", "cdp_x", "cdp_y"}


@real_files
def test_shots_by_field_record_and_channel(tmp_path):
    text, grid = grid_import(SEGYIO / "shot-gather.sgy", tmp_path, "shots-2d")
    with segyio.open(SEGYIO / "shot-gather.sgy", ignore_geometry=True) as file:
        keys = [file.attributes(9)[:], file.attributes(13)[:]]
        assert_grid(grid, ["shot_point", "channel"], keys, file.trace.raw[:])
    assert "shot_point (column field_record)" in text


# ---- files made here ------------------------------------------------------------------------


TILED = ("--grid-chunks", "4,5,16", "--tile-bytes", "4K")
STORES = [
    ("--zarr", z, *shards, "--codec", codec, *cut)
    for z, shards in (("3", ()), ("3", ("--no-shards",)), ("2", ()))
    for codec in ("none", "blosc-lz4")
    for cut in ((), TILED)
]


@pytest.mark.parametrize("options", STORES, ids=" ".join)
@pytest.mark.parametrize("shuffle", [False, True], ids=["ordered", "shuffled"])
def test_every_store_holds_the_grid(options, shuffle, tmp_path):
    keys = survey(13, 18, steps=[1, 3], keep=0.8, shuffle=shuffle)
    samples = picture(len(keys[0]))
    write_keys(tmp_path / "x.sgy", dict(zip(["inline", "crossline"], keys)), samples)
    _, grid = grid_import(tmp_path / "x.sgy", tmp_path, "poststack-3d", *options)
    assert_grid(grid, ["inline", "crossline"], keys, samples)
    array = zarr.open_group(tmp_path / "x.ds" / "grid.zarr", mode="r")["amplitude"]
    _, cube, _ = expected_grid(keys, samples)
    numpy.testing.assert_array_equal(array[3:11:2, 4:, 5:30], cube[3:11:2, 4:, 5:30])
    quern("verify", tmp_path / "x.ds")


def test_a_shard_is_a_tile_and_chunks_are_those_asked_for(tmp_path):
    keys = survey(13, 18)
    write_keys(tmp_path / "x.sgy", dict(zip(["inline", "crossline"], keys)), picture(13 * 18))
    grid_import(tmp_path / "x.sgy", tmp_path, "poststack-3d", *TILED)
    array = zarr.open_group(tmp_path / "x.ds" / "grid.zarr", mode="r")["amplitude"]
    assert array.chunks == (4, 5, 16) and array.shards[2] == 48
    assert array.shards[0] % 4 == 0 and array.shards[1] % 5 == 0
    folder = tmp_path / "x.ds" / "grid.zarr" / "amplitude" / "c"
    files = sum(path.is_file() for path in folder.rglob("*"))
    assert files == fact(tmp_path, "grid")["tiles"] > 1


@pytest.mark.parametrize("code", [1, 2, 3, 5, 6, 8, 16])
def test_samples_keep_their_type(code, tmp_path):
    keys = survey(5, 6, keep=0.7)
    samples = numpy.random.default_rng(1).integers(1, 100, (len(keys[0]), 20))
    write_keys(tmp_path / "x.sgy", dict(zip(["inline", "crossline"], keys)), samples, code=code)
    _, grid = grid_import(tmp_path / "x.sgy", tmp_path, "poststack-3d")
    dtype = {1: "f4", 2: "i4", 3: "i2", 5: "f4", 6: "f8", 8: "i1", 16: "u1"}[code]
    assert grid.amplitude.dtype == dtype
    fill = numpy.nan if dtype in ("f4", "f8") else 0  # there is no NaN among integers
    assert_grid(grid, ["inline", "crossline"], keys, samples.astype(dtype), fill)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_gathers_in_any_order_of_the_file(order, tmp_path):
    keys = survey(4, 5, 6, steps=[2, 1, 100], keep=0.9)
    traces = numpy.lexsort([keys[d] for d in order])
    keys = [key[traces] for key in keys]
    samples = picture(len(traces))
    names = ["inline", "crossline", "offset"]
    write_keys(tmp_path / "x.sgy", dict(zip(names, keys)), samples)
    _, grid = grid_import(tmp_path / "x.sgy", tmp_path, "cdp-offset-3d",
                          "--grid-chunks", "2,2,4,10", "--tile-bytes", "2K")
    assert_grid(grid, names, keys, samples)


@pytest.mark.parametrize("seed", range(6))
def test_random_surveys(seed, tmp_path):
    """Any shape, steps, holes, disorder, chunks, tiles."""
    dice = numpy.random.default_rng(seed)
    names = list(dice.permutation(["inline", "crossline", "offset", "cdp"])[: dice.integers(1, 5)])
    shape = dice.integers(1, 9, len(names))
    keys = survey(*shape, steps=list(dice.integers(-5, 6, len(names)) * 2 + 1),
                  keep=dice.uniform(0.5, 1), shuffle=bool(dice.integers(2)), seed=seed)
    if len(keys[0]) == 0:
        keys = survey(*shape, seed=seed)
    samples = picture(len(keys[0]), int(dice.integers(1, 40)), seed)
    write_keys(tmp_path / "x.sgy", dict(zip(names, keys)), samples)
    chunks = ",".join(map(str, dice.integers(1, 6, len(names) + 1)))
    _, grid = grid_import(
        tmp_path / "x.sgy", tmp_path, ",".join(names), "--grid-chunks", chunks, "--tile-bytes",
        str(dice.integers(100, 5000)), "--codec", str(dice.choice(["none", "zstd"])),
    )
    assert_grid(grid, names, keys, samples)
    quern("verify", tmp_path / "x.ds")


# ---- duplicates and sparse grids ------------------------------------------------------------


@pytest.fixture
def doubled(tmp_path):
    """12 cells, of which two have a second trace and one of these a third."""
    keys = survey(3, 4)
    extra = [0, 7, 7]
    keys = [numpy.concatenate([key, key[extra]]) for key in keys]
    samples = picture(15)
    write_keys(tmp_path / "x.sgy", dict(zip(["inline", "crossline"], keys)), samples)
    return tmp_path / "x.sgy", keys, samples


def test_duplicates_are_refused_with_trace_numbers_and_keys(doubled, tmp_path):
    text, _ = grid_import(doubled[0], tmp_path, "poststack-3d", code=1)
    assert "3 traces have the same place in the grid as one before" in text
    assert "0 and 12 (inline 10, crossline 20), 7 and 13 (inline 11, crossline 23)" in text
    assert not (tmp_path / "x.ds").exists()


def test_the_first_of_a_cell_is_kept(doubled, tmp_path):
    text, grid = grid_import(doubled[0], tmp_path, "poststack-3d", "--duplicates", "first")
    assert_grid(grid, ["inline", "crossline"], doubled[1], doubled[2])
    assert "3 traces are not in grid.zarr" in text
    assert fact(tmp_path, "grid")["duplicate_traces"] == 3
    rows = fact(tmp_path, "grid_traces_that_share_a_cell")
    assert [(row["trace"], row["shares_with"]) for row in rows] == [(12, 0), (13, 7), (14, 7)]


def test_the_last_of_a_cell_is_kept(doubled, tmp_path):
    _, grid = grid_import(doubled[0], tmp_path, "poststack-3d", "--duplicates", "last")
    path, keys, samples = doubled
    assert_last = numpy.arange(12).reshape(3, 4)
    assert_last[0, 0], assert_last[1, 3] = 12, 14
    numpy.testing.assert_array_equal(grid.trace_index, assert_last)
    numpy.testing.assert_array_equal(grid.amplitude, samples[assert_last])


def test_duplicates_get_a_dimension_of_their_own(doubled, tmp_path):
    _, grid = grid_import(doubled[0], tmp_path, "poststack-3d", "--duplicates", "dimension",
                          "--grid-chunks", "2,2,10")
    assert grid.amplitude.dims == ("inline", "crossline", "duplicate", "time")
    index = numpy.full((3, 4, 3), -1)
    index[:, :, 0] = numpy.arange(12).reshape(3, 4)
    index[0, 0, 1], index[1, 3, 1:] = 12, [13, 14]
    numpy.testing.assert_array_equal(grid.trace_index, index)
    numpy.testing.assert_array_equal(grid.duplicate, [0, 1, 2])
    expected = numpy.where((index >= 0)[..., None], doubled[2][index], numpy.nan)
    numpy.testing.assert_array_equal(grid.amplitude, expected)
    quern("verify", tmp_path / "x.ds")


@pytest.mark.parametrize("traces,code,word", [
    (2, 0, None), (3, 0, "sparse, 3 cells"), (10, 0, "sparse, 10 cells"), (11, 1, "no grid"),
])
def test_more_than_2_cells_for_a_trace_are_noted_and_more_than_10_refused(
    traces, code, word, tmp_path
):
    """Traces on the diagonal: as many cells for each as there are traces."""
    keys = [numpy.arange(traces), 7 * numpy.arange(traces)]
    samples = picture(traces)
    write_keys(tmp_path / "x.sgy", dict(zip(["inline", "crossline"], keys)), samples)
    text, grid = grid_import(tmp_path / "x.sgy", tmp_path, "poststack-3d", code=code)
    assert word in text if word else "sparse" not in text
    if code:
        assert "--grid-sparsity" in text
        _, grid = grid_import(tmp_path / "x.sgy", tmp_path, "poststack-3d", "--grid-sparsity", "50",
                              "--grid-chunks", "2,2,10", "--tile-bytes", "1K")
        quern("verify", tmp_path / "x.ds")
        folder = tmp_path / "x.ds" / "grid.zarr" / "amplitude" / "c"
        assert sum(path.is_file() for path in folder.rglob("*")) < 36  # blank tiles have no file
    assert_grid(grid, ["inline", "crossline"], keys, samples)


def test_cells_without_a_trace_are_counted_and_the_first_listed(tmp_path):
    keys = survey(3, 4)
    keys = [numpy.delete(key, [2, 5, 6]) for key in keys]
    write_keys(tmp_path / "x.sgy", dict(zip(["inline", "crossline"], keys)), picture(9))
    text, _ = grid_import(tmp_path / "x.sgy", tmp_path, "poststack-3d")
    assert "3 of 12 cells (25 %) have no trace: inline 10, crossline 22; inline 11" in text
    rows = fact(tmp_path, "grid_cells_without_a_trace")
    assert [(row["inline"], row["crossline"]) for row in rows] == [(10, 22), (11, 21), (11, 22)]


# ---- what is asked for ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    path = tmp_path_factory.mktemp("stack") / "x.sgy"
    keys = survey(3, 4)
    write_keys(path, dict(zip(["inline", "crossline"], keys)), picture(12))
    return path


@pytest.mark.parametrize("grid,options,words", [
    ("poststack3d", (), ["neither a template nor a column", "Did you mean 'poststack-3d'"]),
    ("inline,crosline", (), ["no column 'crosline'", "Did you mean 'crossline'", "crosline=COLUMN"]),
    ("shots-3d", (), ["no column 'cable'", "--layout"]),
    ("inline,inline", (), ["named twice"]),
    ("inline,", (), ["no name of a column"]),
    ("time=inline,crossline", (), ["an array 'time' already"]),
    ("inline,crossline", ("--grid-chunks", "4,4"), ["2 numbers for 2 dimensions", "give 3"]),
    ("inline,crossline", ("--grid-chunks", "4,0,4"), ["'0' is no length"]),
    ("inline,crossline", ("--grid-sparsity", "0.5"), ["--grid-sparsity"]),
    ("header_name", (), ["text"]),
])
def test_what_cannot_be_a_grid_is_said(stack, grid, options, words, tmp_path):
    text, _ = grid_import(stack, tmp_path, grid, *options, code=2)
    for word in words:
        assert word in text, text


def test_a_dimension_may_be_named_otherwise_than_its_column(stack, tmp_path):
    _, grid = grid_import(stack, tmp_path, "line=inline,station=crossline")
    assert grid.amplitude.dims == ("line", "station", "time")
    numpy.testing.assert_array_equal(grid.station, [20, 21, 22, 23])


def test_traces_may_be_left_out_but_not_both(stack, tmp_path):
    _, grid = grid_import(stack, tmp_path, "poststack-3d", "--no-traces")
    assert not (tmp_path / "x.ds" / "traces.zarr").exists()
    assert grid.trace_mask.values.all()
    statistics = json.loads((tmp_path / "x.ds" / "statistics.json").read_text())
    assert statistics["samples"] == 12 * 37
    assert len(pandas.read_parquet(tmp_path / "x.ds" / "headers.parquet")) == 12
    quern("verify", tmp_path / "x.ds")
    result = quern("segy", "export", tmp_path / "x.ds", "-o", tmp_path / "y.sgy", code=1)
    assert "--no-traces" in result.stderr
    info = quern("segy", "info", tmp_path / "x.ds").stdout
    assert "inline 3 x crossline 4" in info and "not lossless" in info and "--no-traces" in info
    quern("segy", "import", stack, "-o", tmp_path / "y.ds", "--no-traces", code=2)


def test_rows_of_the_header_table_are_found_by_trace_index(stack, tmp_path):
    _, grid = grid_import(stack, tmp_path, "poststack-3d")
    headers = pandas.read_parquet(tmp_path / "x.ds" / "headers.parquet")
    row = headers.iloc[int(grid.trace_index.sel(inline=11, crossline=22))]
    assert (row.inline, row.crossline) == (11, 22)


def test_a_survey_without_positions_has_no_map(stack, tmp_path):
    quern("segy", "import", stack, "-o", tmp_path / "x.ds")
    facts = json.loads((tmp_path / "x.ds" / "manifest.json").read_text())["facts"]
    assert "geometry" not in facts and not (tmp_path / "x.ds" / "map.png").exists()


# ---- the same bytes, however it is run ------------------------------------------------------

TASKS = ("--grid-chunks", "8,8,64", "--tile-bytes", "100K", "--chunk-traces", "64",
         "--shard-traces", "256", "--segment-traces", "512", "--ensemble-key", "inline")


@pytest.fixture(scope="module")
def cube(tmp_path_factory):
    """10 % missing, shuffled: every tile has traces from all over the file."""
    path = tmp_path_factory.mktemp("cube") / "x.sgy"
    keys = survey(60, 70, keep=0.9, shuffle=True)
    headers = {(181, "i4"): 250 * keys[0], (185, "i4"): 125 * keys[1]}
    write_keys(path, dict(zip(["inline", "crossline"], keys)), picture(len(keys[0]), 90),
               headers=headers)
    return path


def contents(dataset):
    """Hash of every file that the manifest speaks of, and of the manifest; and the map."""
    return {
        str(path.relative_to(dataset)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(dataset.rglob("*"))
        if path.is_file() and path.name not in ("run.json", "report.html")
        and (".quern" not in path.parts or path.name == "map.bin")
    }


@pytest.fixture(scope="module")
def reference(cube, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    grid_import(cube, folder, "poststack-3d", *TASKS, "-j", "1")
    files = contents(folder / "x.ds")
    assert fact(folder, "grid")["tiles"] > 10 and ".quern/map.bin" in files
    return files


@pytest.mark.parametrize("how", (["-j2"], ["-j7", "--batch", "1"], ["--in-process"]), ids=" ".join)
def test_a_grid_has_the_same_bytes_for_any_number_of_workers(cube, reference, how, tmp_path):
    grid_import(cube, tmp_path, "poststack-3d", *TASKS, *how)
    assert contents(tmp_path / "x.ds") == reference


def test_a_grid_has_the_same_bytes_after_10_kills(cube, reference, tmp_path):
    dice = random.Random(10)
    command = [BUILD / "quern", "segy", "import", cube, "-o", tmp_path / "x.ds", "-j2",
               "--durability", "process", "--grid", "poststack-3d", *TASKS]
    killed = 0
    while killed < 10:
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(dice.uniform(0.005, 0.08))
        run.send_signal(signal.SIGKILL)
        killed += run.wait() == -signal.SIGKILL
        if (tmp_path / "x.ds").exists():  # finished before it was killed: start over
            shutil.rmtree(tmp_path / "x.ds")
    assert subprocess.run(command, capture_output=True).returncode == 0
    assert contents(tmp_path / "x.ds") == reference
    quern("verify", tmp_path / "x.ds")


def test_ctrl_c_while_planning_stops_the_scan(tmp_path):
    """A file of 40 million traces is far from scanned when it is stopped."""
    path = tmp_path / "large.sgy"
    write_segy(path, numpy.ones((1, 1)))
    with open(path, "r+b") as file:
        file.truncate(3600 + 40_000_000 * 244)
    run = subprocess.Popen(
        [BUILD / "quern", "segy", "import", path, "-o", tmp_path / "x.ds", "--grid", "poststack-3d"],
        stderr=subprocess.PIPE, text=True,
    )
    time.sleep(0.5)
    start = time.monotonic()
    run.send_signal(signal.SIGINT)
    message = run.communicate(timeout=30)[1]
    assert run.returncode == 130, message
    assert time.monotonic() - start < 1


def test_verify_finds_a_changed_source_and_a_changed_chunk(cube, tmp_path):
    source = tmp_path / "x.sgy"
    shutil.copyfile(cube, source)
    grid_import(source, tmp_path, "poststack-3d", *TASKS, "--codec", "none")
    text = quern("verify", tmp_path / "x.ds").stdout
    assert "grid.zarr/amplitude: " in text and "every trace compared with the source" in text
    with open(source, "r+b") as file:  # a sample of trace 100, the file's size unchanged
        file.seek(3600 + 100 * (240 + 360) + 240 + 40)
        file.write(b"\x12\x34")
    result = quern("verify", tmp_path / "x.ds", code=1)
    assert "grid.zarr/amplitude/c/" in result.stdout + result.stderr
    assert "differs from the source" in result.stdout + result.stderr
    shutil.copyfile(cube, source)
    shard = next(p for p in (tmp_path / "x.ds/grid.zarr/amplitude/c").rglob("*") if p.is_file())
    raw = bytearray(shard.read_bytes())
    raw[50] ^= 1
    shard.write_bytes(raw)
    result = quern("verify", tmp_path / "x.ds", code=1)
    assert "grid.zarr/amplitude/c/" in result.stdout + result.stderr


def test_the_report_shows_the_map_and_the_tables_of_the_grid(cube, tmp_path):
    grid_import(cube, tmp_path, "poststack-3d", *TASKS)
    html = (tmp_path / "x.ds" / "report.html").read_text()
    for words in ("<h2>Map</h2>", "inline_azimuth_degrees", "grid_dimensions",
                  "grid_cells_without_a_trace"):
        assert words.replace("_", " ") in html.lower() or words in html, words


# ---- other programs -------------------------------------------------------------------------


def test_mdio_opens_a_grid_and_would_have_made_the_same(tmp_path):
    """In an environment of its own: it needs other versions of what the tests use."""
    python = pathlib.Path(os.environ.get("QUERN_MDIO_PYTHON", BUILD / "venv-bench/bin/python"))
    if not python.exists():
        pytest.skip("MDIO opening a grid (no build/venv-bench: 'make bench' makes it)")
    keys = survey(12, 17, steps=[2, 3], keep=0.9, shuffle=True)
    write_keys(tmp_path / "x.sgy", dict(zip(["inline", "crossline"], keys)), picture(len(keys[0])),
               headers={(181, "i4"): 123 * keys[0], (185, "i4"): 77 * keys[1]})
    grid_import(tmp_path / "x.sgy", tmp_path, "PostStack3DTime")
    script = pathlib.Path(__file__).with_name("mdio_grid.py")
    found = subprocess.run(
        [python, script, tmp_path / "x.sgy", tmp_path / "x.mdio", tmp_path / "x.ds" / "grid.zarr"],
        capture_output=True, text=True,
    )
    assert found.returncode == 0, found.stderr
    answer = json.loads(found.stdout.splitlines()[-1])
    assert answer["different"] == []
    assert answer["coordinates"][0] == answer["coordinates"][1]
    assert answer["attributes"][0] == answer["attributes"][1]
