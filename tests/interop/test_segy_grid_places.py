"""Where the traces of a grid lie: positions, the geometry of the survey, and dimensions that are
computed or that a header layout brings along."""

import json
import re

import numpy
import pandas
import pytest
import segyio
import zarr
from grid_tools import assert_grid, fact, grid_import, picture, survey, write_keys
from segy_tools import REAL, quern

real_files = pytest.mark.skipif(not REAL.exists(), reason="no real files: where grids of them lie")
SEGYIO = REAL / "segyio" / "test-data"
SEGYSAK = REAL / "segysak"


# ---- positions ------------------------------------------------------------------------------


def test_positions_of_gathers_are_those_of_their_cdp(tmp_path):
    keys = survey(3, 4, 5, keep=0.9)
    x, y = 1000 * keys[0] + keys[1], 2000 * keys[1]
    write_keys(tmp_path / "x.sgy", dict(zip(["inline", "crossline", "offset"], keys)),
               picture(len(x)), headers={(181, "i4"): x, (185, "i4"): y})
    text, grid = grid_import(tmp_path / "x.sgy", tmp_path, "cdp-offset-3d",
                             "--grid-chunks", "2,2,2,10", "--tile-bytes", "500")
    assert grid.cdp_x.dims == ("inline", "crossline")
    inline, crossline = numpy.meshgrid(grid.inline, grid.crossline, indexing="ij")
    numpy.testing.assert_allclose(grid.cdp_x, (1000 * inline + crossline) / 10)
    numpy.testing.assert_allclose(grid.cdp_y, 200 * crossline)
    assert "lie elsewhere" not in text


def test_positions_that_differ_within_a_cell_are_counted(tmp_path):
    keys = survey(3, 4, 5)
    x = 1000 * keys[0]
    x[7] += 300
    write_keys(tmp_path / "x.sgy", dict(zip(["inline", "crossline", "offset"], keys)),
               picture(60), headers={(181, "i4"): x, (185, "i4"): 5})
    text, _ = grid_import(tmp_path / "x.sgy", tmp_path, "cdp-offset-3d")
    assert "1 trace lies elsewhere than the first one of the cell, up to 30 away" in text


def test_streamer_shots_have_source_and_group_positions(tmp_path):
    shots, channels = survey(6, 8)
    headers = {
        (73, "i4"): 250 * shots, (77, "i4"): 70000, (81, "i4"): 250 * shots - 125 * channels,
        (85, "i4"): 70000 + channels,
    }
    write_keys(tmp_path / "x.sgy", {"energy_source_point": shots, "trace_number": channels},
               picture(48), headers=headers)
    _, grid = grid_import(tmp_path / "x.sgy", tmp_path, "shots-2d", "--grid-chunks", "2,3,10",
                          "--tile-bytes", "1K")
    assert grid.source_coord_x.dims == ("shot_point",)
    assert grid.group_coord_x.dims == ("shot_point", "channel")
    numpy.testing.assert_allclose(grid.source_coord_x, 25 * grid.shot_point)
    numpy.testing.assert_allclose(
        grid.group_coord_x, 25 * grid.shot_point - 12.5 * grid.channel
    )
    quern("verify", tmp_path / "x.ds")


# ---- geometry -------------------------------------------------------------------------------


def geometry_of(source, folder, *options):
    quern("segy", "import", source, "-o", folder / "x.ds", "--durability", "process", *options)
    return fact(folder, "geometry")


TURNS = {"normal": 0, "acute": 45, "right": 90, "obtuse": 135, "straight": 180, "reflex": 225,
         "left": 270, "inv-acute": 315}


@real_files
@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("options", [(), ("--grid", "poststack-3d")], ids=["plain", "grid"])
def test_rotation_is_that_of_the_file_and_of_segyio(turn, options, tmp_path):
    path = SEGYIO / f"{turn}-small.sgy"
    geometry = geometry_of(path, tmp_path, *options)
    assert geometry["inline_azimuth_degrees"] == pytest.approx(TURNS[turn], abs=1e-6)
    with segyio.open(path) as file:
        for line, name in (("iline", "inline"), ("xline", "crossline")):
            radians = segyio.tools.rotation(file, line=line)[0]
            apart = geometry[f"{name}_azimuth_degrees"] - numpy.degrees(radians)
            assert (apart + 180) % 360 - 180 == pytest.approx(0, abs=1e-4)
        scalar = file.header[0][71]
        factor = scalar if scalar > 0 else -1 / scalar
        diagonal = numpy.sqrt(2) if TURNS[turn] % 90 else 1
    assert geometry["distance_of_inlines"] == pytest.approx(diagonal * factor)
    assert geometry["distance_of_crosslines"] == pytest.approx(diagonal * factor)
    assert geometry["residual_rms"] < 1e-6 * factor
    assert geometry["traces_with_a_position"] == 25  # one of them is at (0, 0)
    assert (tmp_path / "x.ds" / "map.png").stat().st_size > 10000


def test_corners_and_bins_of_a_turned_survey(tmp_path):
    """Inlines 25 m apart, every second number; crosslines 12.5 m; azimuth 30 degrees."""
    keys = survey(30, 40, steps=[2, 1], keep=0.8)
    a, b = (keys[0] - 10) / 2, keys[1] - 20
    turn = numpy.radians(30)
    x = 435000 + 12.5 * b * numpy.sin(turn) + 25 * a * numpy.cos(turn)
    y = 6478000 + 12.5 * b * numpy.cos(turn) - 25 * a * numpy.sin(turn)
    headers = {(181, "i4"): numpy.rint(10 * x), (185, "i4"): numpy.rint(10 * y)}
    write_keys(tmp_path / "x.sgy", dict(zip(["inline", "crossline"], keys)), picture(len(x)),
               headers=headers)
    geometry = geometry_of(tmp_path / "x.sgy", tmp_path, "--grid", "poststack-3d")
    assert geometry["inline_azimuth_degrees"] == pytest.approx(30, abs=0.01)
    assert geometry["distance_of_inlines"] == pytest.approx(25, abs=0.01)
    assert geometry["distance_of_crosslines"] == pytest.approx(12.5, abs=0.01)
    assert geometry["residual_rms"] == pytest.approx(0.1 / numpy.sqrt(6), rel=0.1)  # rounding
    corners = {(c["inline"], c["crossline"]): (c["x"], c["y"]) for c in fact(tmp_path, "corners")}
    assert corners[68, 59] == pytest.approx(
        (435000 + 12.5 * 39 * 0.5 + 25 * 29 * numpy.sqrt(0.75),
         6478000 + 12.5 * 39 * numpy.sqrt(0.75) - 25 * 29 * 0.5), abs=0.1)


@real_files
def test_a_survey_of_petrel_lies_where_its_text_header_says(tmp_path):
    """Petrel states the outer edges of the bins in C07 and C08; corners are their middles."""
    (path,) = SEGYSAK.rglob("test-geometry.sgy")
    geometry = geometry_of(path, tmp_path, "--grid", "poststack-3d")
    text = (tmp_path / "x.ds" / "text_header.txt").read_text()
    edges = [tuple(map(float, re.findall(rf"{axis} min: ([\d.]+) max: ([\d.]+)", text)[0]))
             for axis in "XY"]
    turn = numpy.radians(geometry["inline_azimuth_degrees"])
    half = (abs(numpy.sin(turn)) * geometry["distance_of_crosslines"]
            + abs(numpy.cos(turn)) * geometry["distance_of_inlines"]) / 2
    corners = fact(tmp_path, "corners")
    for axis, (least, most) in zip("xy", edges):
        values = [corner[axis] for corner in corners]
        assert min(values) - half == pytest.approx(least, abs=0.02)
        assert max(values) + half == pytest.approx(most, abs=0.02)


def test_midpoints_are_half_way_between_source_and_receiver(tmp_path):
    shots, channels = survey(6, 8)
    headers = {(73, "i4"): 1000 * shots, (77, "i4"): 500, (81, "i4"): 1000 * shots + 100 * channels,
               (85, "i4"): 700}
    write_keys(tmp_path / "x.sgy", {"field_record": shots, "trace_number": channels}, picture(48),
               headers=headers)
    geometry = geometry_of(tmp_path / "x.sgy", tmp_path)
    x = (1000 * shots + 50 * channels) / 10
    assert geometry["positions"] == "half-way between source and receiver"
    assert (geometry["x_min"], geometry["x_max"]) == (x.min(), x.max())
    assert (geometry["y_min"], geometry["y_max"]) == (60, 60)


# ---- computed headers and mapped ones -------------------------------------------------------


def test_dimensions_may_be_computed(tmp_path):
    """Offsets to the metre are no grid; binned by a computed header they are."""
    keys = survey(3, 4, 6, steps=[1, 1, 100])
    offset = keys[2] + numpy.random.default_rng(2).integers(-40, 40, len(keys[2]))
    samples = picture(len(offset))
    names = ["inline", "crossline", "offset"]
    write_keys(tmp_path / "x.sgy", dict(zip(names, [keys[0], keys[1], offset])), samples)
    text, _ = grid_import(tmp_path / "x.sgy", tmp_path, "cdp-offset-3d", code=1)
    assert "this is no grid" in text
    _, grid = grid_import(
        tmp_path / "x.sgy", tmp_path, "inline,crossline,offset=bin",
        "--compute", "bin = round((offset - 30) / 100) * 100 + 30",
    )
    assert_grid(grid, names, keys, samples)


def test_cables_come_from_a_header_layout(tmp_path):
    shots, cables, channels = survey(3, 2, 4)
    headers = {(233, "i2"): cables}
    samples = picture(24)
    write_keys(tmp_path / "x.sgy", {"energy_source_point": shots, "trace_number": channels}, samples,
               headers=headers)
    layout = {"extends": "standard",
              "fields": [{"name": "cable", "byte": 233, "type": "int16"}]}
    (tmp_path / "cables.json").write_text(json.dumps(layout))
    _, grid = grid_import(tmp_path / "x.sgy", tmp_path, "shots-3d",
                          "--layout", tmp_path / "cables.json", "--headers", "offset")
    assert_grid(grid, ["shot_point", "cable", "channel"], [shots, cables, channels], samples)
    columns = pandas.read_parquet(tmp_path / "x.ds" / "headers.parquet").columns
    assert {"cable", "offset", "trace_number"} <= set(columns) and "cdp" not in columns


def test_positions_are_known_though_they_are_no_columns(tmp_path):
    geometry = None
    keys = survey(5, 6)
    write_keys(tmp_path / "x.sgy", dict(zip(["inline", "crossline"], keys)), picture(30),
               headers={(181, "i4"): 100 * keys[0], (185, "i4"): 100 * keys[1]})
    geometry = geometry_of(tmp_path / "x.sgy", tmp_path, "--headers", "offset")
    assert geometry["inline_azimuth_degrees"] == 0
    assert geometry["distance_of_inlines"] == pytest.approx(10)


def test_a_trace_without_a_value_has_no_place(tmp_path):
    keys = survey(3, 4)
    write_keys(tmp_path / "x.sgy", dict(zip(["inline", "crossline"], keys)), picture(12))
    text, _ = grid_import(tmp_path / "x.sgy", tmp_path, "inline,crossline=odd",
                          "--compute", "odd = 1 / (crossline - 22)", code=1)
    assert "trace 2 has no value in column 'odd'" in text


def test_traces_of_different_lengths_end_in_nan(tmp_path):
    keys = survey(3, 4)
    lengths = 20 + 5 * (numpy.arange(12) % 3)
    samples = picture(12, 30)
    whole = tmp_path / "whole.sgy"
    write_keys(whole, dict(zip(["inline", "crossline"], keys)), samples,
               headers={(115, "u2"): lengths})
    raw = whole.read_bytes()
    each = 240 + 30 * 4
    with open(tmp_path / "x.sgy", "wb") as file:
        file.write(raw[:3502] + b"\0\0" + raw[3504:3600])  # not of fixed length
        for i, length in enumerate(lengths):
            file.write(raw[3600 + i * each : 3600 + i * each + 240 + 4 * length])
    _, grid = grid_import(tmp_path / "x.sgy", tmp_path, "poststack-3d")
    expected = numpy.where(numpy.arange(30) < lengths[:, None], samples, numpy.nan)
    numpy.testing.assert_array_equal(grid.amplitude.values.reshape(12, 30), expected)
    quern("verify", tmp_path / "x.ds")


def test_cables_and_guns_of_a_streamer_are_computed(tmp_path):
    """What docs/segy.md shows: channels numbered through all cables, guns that fire in turn."""
    shots, channels = survey(6, 8)
    channels = channels - 19  # from 1
    samples = picture(48)
    write_keys(tmp_path / "x.sgy", {"trace_number": channels}, samples,
               headers={(197, "i4"): shots})
    _, grid = grid_import(
        tmp_path / "x.sgy", tmp_path, "gun,shot_index,cable,channel",
        "--compute", "gun = shotpoint % 2 + 1", "--compute", "shot_index = shotpoint // 2",
        "--compute", "cable = (trace_number - 1) // 4 + 1",
        "--compute", "channel = (trace_number - 1) % 4 + 1",
    )
    keys = [shots % 2 + 1, shots // 2, (channels - 1) // 4 + 1, (channels - 1) % 4 + 1]
    assert_grid(grid, ["gun", "shot_index", "cable", "channel"], keys, samples)


def test_gathers_by_offset_and_azimuth(tmp_path):
    inline, crossline, offset, azimuth = survey(2, 3, 4, 6, steps=[1, 1, 200, 1])
    azimuth = azimuth % 6 * 30 - 60
    x, y = 100000 + 10 * inline, 200000 + 10 * crossline
    headers = {
        (71, "i2"): 1, (73, "i4"): x, (77, "i4"): y,
        (81, "i4"): x + numpy.rint(offset * 50 * numpy.sin(numpy.radians(azimuth))),
        (85, "i4"): y + numpy.rint(offset * 50 * numpy.cos(numpy.radians(azimuth))),
    }
    samples = picture(len(x))
    write_keys(tmp_path / "x.sgy",
               {"inline": inline, "crossline": crossline, "offset": offset}, samples, headers=headers)
    _, grid = grid_import(
        tmp_path / "x.sgy", tmp_path, "coca-3d", "--compute",
        "azimuth = round(atan2(receiver_x - source_x, receiver_y - source_y) * 180 / pi / 30) * 30",
    )
    assert_grid(grid, ["inline", "crossline", "offset", "azimuth"],
                [inline, crossline, offset, azimuth], samples)
    assert zarr.open_group(tmp_path / "x.ds/grid.zarr", mode="r")["amplitude"].ndim == 5
