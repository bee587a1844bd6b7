"""The geometry of rows, against CSPICE: positions, frames, feet of field lines, light and shadow.

The reference below is written from the definitions (docs/lunar.md), with CSPICE for positions and
frames. Kernels are made here: a spacecraft on circles and ellipses, Earth and Sun on conics, and an
orientation of the Moon that is not the built-in one.
"""

import glob
import json
import os
import re
import shlex
import subprocess

import numpy
import pyarrow.parquet
import pytest
import spiceypy
from segy_tools import BUILD, ROOT, SHARED, quern

RADIUS = 1737.4
START, STOP = -4.95e7, -4.95e7 + 86400.0
ORACLE = SHARED / "data" / "lunar" / "spice_oracle.txt"
KERNELS = SHARED / "data" / "lunar" / "kernels"
SYNTHETIC = KERNELS / "synthetic"
NAMES = ("gap polarity in_sun foot_in_sun lat lon altitude x y z sx sy sz bx by bz zenith foot_lat "
         "foot_lon foot_km dip foot_zenith sun_scd_x sun_scd_z").split()

LEAPS = """KPL/LSK
\\begindata
DELTET/DELTA_T_A = 32.184
DELTET/K = 1.657D-3
DELTET/EB = 1.671D-2
DELTET/M = ( 6.239996, 1.99096871D-7 )
DELTET/DELTA_AT = ( 30, @1996-JAN-1 31, @1997-JUL-1 )
DELTET/DELTA_AT += ( 32, @1999-JAN-1 )
\\begintext
"""
ORIENTATION = """KPL/PCK
\\begindata
BODY3_NUT_PREC_ANGLES = ( 125.045 -1935.5364525, 250.089, -3871.072905
                          260.008 475263.3328725 )
BODY301_POLE_RA = ( 271.5 0.0031 0. )
BODY301_POLE_DEC = ( 65.25, 0.0130 )
BODY301_PM = ( 40.125 13.17635815 -1.4D-12 )
BODY301_NUT_PREC_RA = ( -3.8787 -0.1204 0.0700 )
BODY301_NUT_PREC_DEC = ( 1.5419 0.0239 -0.0278 )
BODY301_NUT_PREC_PM = ( 3.5610 0.1208 -0.0642 )
\\begintext
"""
ATTITUDE = """1998-06-07T00:00, 12.000, 358.00, -87.50
1998-06-08T00:00, 12.010,  10.00, -88.00
1998-06-08T06:00, 12.000,   4.00, -45.00
1998-06-08T18:00, 12.000, 242.00, -88.00
"""


def conic(radius, period, eccentricity=0.0, tilt=0.0, phase=0.0):
    """GM and the state at the closest point of an orbit in the plane tilted about X."""
    gm = radius**3 * (2 * numpy.pi / period) ** 2
    near = radius * (1 - eccentricity)
    speed = numpy.sqrt(gm * (2 / near - 1 / radius))
    c, s = numpy.cos(tilt), numpy.sin(tilt)
    a, b = numpy.cos(phase), numpy.sin(phase)
    out = numpy.array([a, b * c, b * s])
    along = numpy.array([-b, a * c, a * s])
    return gm, numpy.concatenate([near * out, speed * along])


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("geometry")
    orbit = folder / "orbit.bsp"
    handle = spiceypy.spkopn(str(orbit), "written by CSPICE", 0)
    for body, centre, frame, (gm, state) in (
        (-25, 301, "J2000", conic(1800.0, 6800.0, eccentricity=0.02, tilt=1.5)),
        (301, 399, "J2000", conic(384400.0, 27.3 * 86400, eccentricity=0.05, tilt=0.45)),
        (10, 399, "ECLIPJ2000", conic(149.6e6, 365.25 * 86400, phase=1.2)),
    ):
        spiceypy.spkw05(handle, body, centre, frame, START - 1e5, STOP + 1e5, "conic", gm, 1, [state],
                        [START])
    spiceypy.spkcls(handle)
    (folder / "leaps.tls").write_text(LEAPS)
    (folder / "moon.tpc").write_text(ORIENTATION)
    (folder / "attitude.tab").write_text(ATTITUDE)
    paths = [orbit, folder / "leaps.tls", folder / "moon.tpc"]
    for path in paths:
        spiceypy.furnsh(str(path))
    yield [*paths, folder / "attitude.tab"]
    spiceypy.kclear()


def look(files, epochs, fields):
    questions = [f"look {float(e)!r} " + " ".join(repr(float(x)) for x in b)
                 for e, b in zip(epochs, fields)]
    result = subprocess.run([BUILD / "tests" / "spice_ask", *map(str, files)], text=True,
                            input="\n".join(questions) + "\n", capture_output=True, timeout=60)
    assert result.returncode == 0, result.stderr
    rows = numpy.array([line.split() for line in result.stdout.splitlines()], float)
    return {name: rows[:, i] for i, name in enumerate(NAMES)}


# ---- the reference --------------------------------------------------------------------------

def spin_axis(epoch, table):
    rows = [line.split(",") for line in table.splitlines()]
    times = numpy.array([spiceypy.str2et(row[0]) for row in rows])
    longitude = numpy.unwrap([float(row[2]) for row in rows], period=360)
    lon, lat = (numpy.radians(numpy.interp(epoch, times, values))
                for values in (longitude, [float(row[3]) for row in rows]))
    return numpy.array([numpy.cos(lon) * numpy.cos(lat), numpy.sin(lon) * numpy.cos(lat),
                        numpy.sin(lat)])


def hit(position, direction):
    """The nearest positive root of |position + t direction| = RADIUS, by the quadratic formula."""
    b = position @ direction
    roots = [t for t in numpy.roots([1, 2 * b, position @ position - RADIUS**2]) if t.imag == 0]
    roots = [t.real for t in roots if t.real > 0]
    return min(roots) if roots else None


def despun(epoch, table=ATTITUDE):
    """From the despun frame to IAU_MOON."""
    sun = spiceypy.spkgps(10, epoch, "ECLIPJ2000", -25)[0]
    z = spin_axis(epoch, table)
    sun /= numpy.linalg.norm(sun)
    x = sun - (sun @ z) * z
    x /= numpy.linalg.norm(x)
    return spiceypy.pxform("ECLIPJ2000", "IAU_MOON", epoch) @ numpy.array([x, numpy.cross(z, x), z]).T


def expected_row(epoch, field, table=ATTITUDE):
    position = spiceypy.spkgps(-25, epoch, "IAU_MOON", 301)[0]
    sun = spiceypy.spkgps(10, epoch, "IAU_MOON", -25)[0]
    moon_sun = spiceypy.spkgps(10, epoch, "IAU_MOON", 301)[0]
    turn = despun(epoch, table)
    b = turn @ field / numpy.linalg.norm(field)
    sun /= numpy.linalg.norm(sun)
    ahead, behind = hit(position, b), hit(position, -b)
    r, lon, lat = spiceypy.reclat(position)
    row = dict(gap=0, in_sun=hit(position, sun) is None, lat=numpy.degrees(lat),
               lon=numpy.degrees(lon), altitude=r - RADIUS, polarity=0, foot_in_sun=False,
               foot_lat=numpy.nan, foot_lon=numpy.nan, foot_km=numpy.nan, dip=numpy.nan,
               foot_zenith=numpy.nan, zenith=numpy.degrees(spiceypy.vsep(position, sun)),
               sun_scd_x=(turn.T @ sun)[0], sun_scd_z=(turn.T @ sun)[2])
    row.update(zip("x y z sx sy sz bx by bz".split(), [*position, *sun, *b]))
    if (ahead is None) != (behind is None):
        row["polarity"] = 1 if ahead else -1
        foot = position + b * row["polarity"] * (ahead or behind)
        _, lon, lat = spiceypy.reclat(foot)
        row.update(foot_lat=numpy.degrees(lat), foot_lon=numpy.degrees(lon),
                   foot_km=ahead or behind, foot_in_sun=foot @ moon_sun > 0,
                   dip=90 - numpy.degrees(spiceypy.vsep(-foot * row["polarity"], b)),
                   foot_zenith=numpy.degrees(spiceypy.vsep(foot, moon_sun)))
    return row


def assert_same(found, expected, tolerance=1e-9):
    sizes = dict.fromkeys("x y z altitude foot_km".split(), RADIUS)
    for name in NAMES:
        want = numpy.array([row[name] for row in expected], float)
        size = sizes.get(name, 90.0 if name in NAMES[4:6] or "zenith" in name or "foot_l" in name
                         or name == "dip" else 1.0)
        error = numpy.abs(found[name] - want)
        if "lon" in name:
            error = numpy.minimum(error, 360 - error)
        assert numpy.array_equal(numpy.isnan(found[name]), numpy.isnan(want)), name
        limit = 0 if name in NAMES[:4] else tolerance * size
        worst = numpy.nanmax(error, initial=0)
        assert worst <= limit, (name, worst)


# ---- claims ---------------------------------------------------------------------------------

def random_rows(n, seed):
    generator = numpy.random.default_rng(seed)
    return generator.uniform(START + 4e4, STOP, n), generator.normal(size=(n, 3)) * 10


def test_rows_are_those_of_cspice(kernels):
    epochs, fields = random_rows(400, 1)
    expected = [expected_row(*row) for row in zip(epochs, fields)]
    assert {row["polarity"] for row in expected} == {-1, 0, 1}
    assert {(row["in_sun"], bool(row["foot_in_sun"])) for row in expected} > {(True, True)}
    assert_same(look(kernels, epochs, fields), expected)


def test_rows_are_the_same_in_any_order(kernels):
    epochs, fields = random_rows(200, 2)
    order = numpy.random.default_rng(3).permutation(200)
    straight, shuffled = look(kernels, epochs, fields), look(kernels, epochs[order], fields[order])
    for name in NAMES:
        assert numpy.array_equal(straight[name][order], shuffled[name], equal_nan=True), name


def grazing(epoch, angle_off, azimuth):
    """B in the despun frame whose line passes the limb by that angle (radians; above: misses)."""
    position = spiceypy.spkgps(-25, epoch, "IAU_MOON", 301)[0]
    r = numpy.linalg.norm(position)
    down = -position / r
    across = numpy.cross(down, [0.6, 0.64, 0.48])
    across /= numpy.linalg.norm(across)
    across = numpy.cos(azimuth) * across + numpy.sin(azimuth) * numpy.cross(down, across)
    limb = numpy.arcsin(RADIUS / r) + angle_off
    return despun(epoch).T @ (numpy.cos(limb) * down + numpy.sin(limb) * across)


@pytest.mark.parametrize("off, polarity", [(-1e-9, 1), (1e-9, 0), (-1e-4, 1), (1e-4, 0)])
def test_a_field_line_that_grazes_the_moon(kernels, off, polarity):
    generator = numpy.random.default_rng(4)
    epochs = generator.uniform(START + 4e4, STOP, 50)
    fields = [grazing(epoch, off, azimuth)
              for epoch, azimuth in zip(epochs, generator.uniform(0, 6.28, 50))]
    found = look(kernels, epochs, fields)
    assert numpy.all(found["polarity"] == polarity)
    if polarity and off < -1e-6:  # nearer to the limb the foot moves without bound
        assert_same(found, [expected_row(*row) for row in zip(epochs, fields)], 1e-8)
    opposite = look(kernels, epochs, -numpy.array(fields))
    assert numpy.all(opposite["polarity"] == -polarity)


def test_the_spacecraft_enters_and_leaves_the_shadow_to_the_millisecond(kernels):
    def clearance(epoch):
        position = spiceypy.spkgps(-25, epoch, "J2000", 301)[0]
        sun = spiceypy.spkgps(10, epoch, "J2000", -25)[0]
        sun /= numpy.linalg.norm(sun)
        along = position @ sun
        return numpy.linalg.norm(position - along * sun) - RADIUS if along < 0 else 1.0

    times = numpy.arange(START + 4e4, STOP, 60.0)
    signs = numpy.array([clearance(t) > 0 for t in times])
    edges = numpy.flatnonzero(signs[1:] != signs[:-1])
    assert len(edges) >= 10
    before, after = [], []
    for edge in edges:
        low, high = times[edge], times[edge + 1]
        while high - low > 2e-4:
            middle = (low + high) / 2
            low, high = (middle, high) if (clearance(middle) > 0) == signs[edge] else (low, middle)
        before.append(low - 5e-4)
        after.append(high + 5e-4)
    field = numpy.tile([1.0, 2.0, 3.0], (len(edges), 1))
    assert numpy.array_equal(look(kernels, before, field)["in_sun"], signs[edges])
    assert numpy.array_equal(look(kernels, after, field)["in_sun"], ~signs[edges])


def test_a_foot_on_the_terminator(kernels):
    epochs, found, sides = [], [], []
    generator = numpy.random.default_rng(5)
    for epoch in generator.uniform(START + 4e4, STOP, 60):
        position = spiceypy.spkgps(-25, epoch, "IAU_MOON", 301)[0]
        sun = spiceypy.spkgps(10, epoch, "IAU_MOON", 301)[0]
        sun /= numpy.linalg.norm(sun)
        for side in (-1e-9, 1e-9):  # 2 mm beyond the terminator, nearest to the spacecraft
            foot = position - (position @ sun) * sun
            foot = foot / numpy.linalg.norm(foot) + side * sun
            foot *= RADIUS / numpy.linalg.norm(foot)
            if (position - foot) @ foot > 1:  # in sight
                epochs.append(epoch)
                found.append(despun(epoch).T @ (foot - position))
                sides.append(side > 0)
    rows = look(kernels, epochs, found)
    assert len(epochs) > 10
    assert numpy.all(rows["polarity"] == 1)
    assert numpy.array_equal(rows["foot_in_sun"], sides)


def test_rows_without_geometry_say_why(kernels):
    table = [line.split(",")[0] for line in ATTITUDE.splitlines()]
    first, last = spiceypy.str2et(table[0]), spiceypy.str2et(table[-1])
    field = [1.0, 2.0, 3.0]
    cases = [
        (numpy.nan, field, 1), (first, [0, 0, 0], 2), (first, [1e-10, 0, 0], 2),
        (first, [numpy.nan, 1, 1], 2), (STOP + 2e5, field, 3), (first - 1, field, 5),
        (last + 1, field, 5), (first, field, 0), (last, field, 0),
    ]
    found = look(kernels, [case[0] for case in cases], [case[1] for case in cases])
    assert list(found["gap"]) == [case[2] for case in cases]
    assert numpy.all(numpy.isnan(found["lat"]) == (found["gap"] > 0))
    assert numpy.all(found["polarity"][found["gap"] > 0] == 0)


@pytest.mark.skipif(not ORACLE.is_file(), reason="states of CSPICE and synthetic kernels")
@pytest.mark.parametrize("kind", ["05", "08", "12"])
def test_the_chain_of_24_steps(tmp_path, kind):
    lines = ORACLE.read_text().split("# geometry chain")[1].splitlines()[1:]
    steps = numpy.array([line.split() for line in lines], float)
    assert len(steps) == 24
    (tmp_path / "a.tab").write_text("1998-01-07T04:00,12.000,242.00,-88.00\n"
                                    "1999-05-31T12:00,12.000,242.00,-88.00\n")
    files = [SYNTHETIC / "synth_sun_earth_moon_1998_1999.bsp", SYNTHETIC / f"synth_lp_type{kind}.bsp",
             KERNELS / "naif0012.tls", KERNELS / "pck00011.tpc", tmp_path / "a.tab"]
    # The fields in the despun frame are not kept: those of three directions tell its axes.
    axes = [look(files, steps[:, 0], numpy.tile(axis, (24, 1))) for axis in numpy.eye(3)]
    turn = numpy.array([[axis[name] for name in ("bx", "by", "bz")] for axis in axes])
    fields = numpy.einsum("akn,nk->na", turn, steps[:, 3:6])
    found = look(files, steps[:, 0], fields)
    for column, name in ((1, "lat"), (2, "lon"), (3, "bx"), (4, "by"), (5, "bz"), (7, "foot_lat"),
                         (8, "foot_lon")):
        # Nine decimals of degrees, twelve of B; a longitude near the pole loses as much as it is
        # crowded there.
        crowded = numpy.cos(numpy.radians(numpy.where(numpy.isnan(steps[:, 7]), 0, steps[:, 7])))
        error = numpy.abs(found[name] - steps[:, column]) * (crowded if "lon" in name else 1)
        assert numpy.array_equal(numpy.isnan(found[name]), numpy.isnan(steps[:, column])), name
        assert numpy.nanmax(error) < 1e-8, name
    assert numpy.array_equal(found["polarity"], steps[:, 6])
    assert numpy.array_equal(found["in_sun"], steps[:, 9])
    assert numpy.array_equal(found["foot_in_sun"], steps[:, 10])


# ---- the verbs ------------------------------------------------------------------------------

def test_track_prints_the_positions_of_cspice(kernels):
    times = ["1998-06-08T00:27:41", "1998-06-08T02:00:00.250"]
    result = quern("lunar", "track", *kernels, "--at", ",".join(times), "--field", "3,-2,5")
    head, *lines = result.stdout.splitlines()
    for time, line in zip(times, lines, strict=True):
        row = dict(zip(head.split(","), line.split(",")))
        want = expected_row(spiceypy.str2et(time), numpy.array([3.0, -2.0, 5.0]))
        assert row["utc"].startswith(time)
        assert float(row["latitude_deg"]) == pytest.approx(want["lat"], abs=1e-9)
        assert float(row["x_km"]) == pytest.approx(want["x"], abs=1e-8)
        assert int(row["polarity"]) == want["polarity"]
        assert (row["in_sun"] == "true") == want["in_sun"]


def test_track_in_steps_and_across_gaps(kernels):
    result = quern("lunar", "track", *kernels[:3], "--from", "1998-06-08T00:00", "--to",
                   "1998-06-08T01:00", "--step", 600)
    assert len(result.stdout.splitlines()) == 8
    late = ["--from", "1998-06-30T00:00", "--to", "1998-06-30T01:00"]
    refused = quern("lunar", "track", *kernels[:3], *late, code=1)
    assert "where Lunar Prospector was at 1998-06-30T00:00:00" in refused.stderr
    assert "attitude" in quern("lunar", "track", *kernels[:3], "--field", "1,2,3", code=1).stderr
    for words in (["--at", "yesterday"], ["--step", 0], ["--field", "1,2"]):
        assert quern("lunar", "track", *kernels[:3], *words, code=2).stdout == ""
    quern("lunar", "track", code=2)


def test_kernels_lists_what_they_hold(kernels):
    shown = quern("lunar", "kernels", *kernels[:3]).stdout
    assert "Lunar Prospector (-25)" in shown and "ECLIPJ2000" in shown
    assert "leap seconds: 32 since 1999-01-01" in shown and "IAU_MOON" in shown
    refused = quern("lunar", "kernels", kernels[3], code=1)
    assert "is no SPICE kernel" in refused.stderr
    quern("lunar", "kernels", code=2)
    orbit, leaps, _ = json.loads(quern("lunar", "kernels", *kernels[:3], "--json").stdout)
    assert [s["body"] for s in orbit["segments"]] == [-25, 301, 10]
    assert orbit["segments"][0]["start_et"] == START - 1e5 and orbit["byte_order"] == "little"
    assert leaps["variables"]["DELTET/K"] == [1.657e-3]


def test_the_commands_of_the_document_run(kernels, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.symlink(kernels[0].parent, "lp")
    chapter = (ROOT / "docs/lunar.md").read_text().split("## Kernels, time and frames")[1]
    lines = re.findall(r"^    quern (lunar (?:kernels|track) .*)$", chapter, re.MULTILINE)
    assert len(lines) == 3
    for line in lines:
        words = [name for word in shlex.split(line) for name in sorted(glob.glob(word)) or [word]]
        assert len(quern(*words).stdout.splitlines()) > 1


# ---- a whole map ----------------------------------------------------------------------------

@pytest.fixture
def mapped(tmp_path):
    """A synthetic archive, its map, and CSPICE with the same kernels (the Sun's series as one)."""
    quern("synth", "lunar", "--days", 1, "--sweeps-per-day", 12, "-o", tmp_path / "lp")
    quern("lunar", "map", tmp_path / "lp", "-o", tmp_path / "lp.ds")
    orbit = tmp_path / "lp" / "spice_kernels" / "lp_synthetic.bsp"
    spiceypy.kclear()
    for path in (KERNELS / "naif0012.tls", KERNELS / "pck00011.tpc", orbit):
        spiceypy.furnsh(str(path))
    first, last = spiceypy.wnfetd(spiceypy.spkcov(str(orbit), -25), 0)
    epochs = numpy.linspace(first, last, 60)
    answers = subprocess.run([BUILD / "tests" / "spice_ask"], text=True, capture_output=True,
                             check=True, input="".join(f"state 10 301 {float(e)!r}\n" for e in epochs))
    sun = numpy.array([line.split() for line in answers.stdout.splitlines()], float)
    handle = spiceypy.spkopn(str(tmp_path / "sun.bsp"), "series", 0)
    spiceypy.spkw13(handle, 10, 301, "J2000", first, last, "series", 7, len(epochs), sun, epochs)
    spiceypy.spkcls(handle)
    spiceypy.furnsh(str(tmp_path / "sun.bsp"))
    yield tmp_path
    spiceypy.kclear()


@pytest.mark.skipif(not KERNELS.is_dir(), reason="real SPICE kernels")
def test_the_rows_of_a_map_are_those_of_cspice(mapped):
    rows = pyarrow.parquet.read_table(mapped / "lp.ds" / "rows.parquet").to_pylist()
    table = (mapped / "lp" / "attitude.tab").read_text()
    (spectra,) = mapped.glob("lp/1998/*/*.TAB")
    fields = [[float(x) for x in line.split()[4:7]] for line in spectra.read_text().splitlines()]
    assert len(rows) == len(fields) == 180
    for row, field in zip(rows, fields):
        want = expected_row(spiceypy.str2et(row["utc"]), numpy.array(field), table)
        for name, key in (("spacecraft_latitude", "lat"), ("spacecraft_longitude", "lon"),
                          ("spacecraft_altitude", "altitude"), ("projection_latitude", "foot_lat"),
                          ("projection_longitude", "foot_lon")):
            have = numpy.nan if row[name] is None else row[name]
            assert have == pytest.approx(want[key], abs=1e-7, nan_ok=True), name
        assert row["projection_polarity"] == want["polarity"]
        assert row["spacecraft_in_sun"] == want["in_sun"]
        assert row["projection_in_sun"] == want["foot_in_sun"]
