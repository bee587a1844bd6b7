"""Numbers that others publish or test themselves with: astropy's fixture, transitleastsquares' own
values, batman's transits, lightkurve's bug reports."""

import json
import subprocess

import numpy
import pytest
from segy_tools import BUILD, quern
from transit_tools import GOLDEN, REAL, needs_real, summary, write_curve

FIXTURE = GOLDEN / "astropy_rng454.csv"


def numbers(*words, text=None):
    command = [BUILD / "tests" / "transit_numbers", *map(str, words)]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def listing(curve, *options):
    text = quern("transit", "periodogram", curve, "--flux-unit", "raw", *options).stdout
    return numpy.genfromtxt(text.splitlines(), delimiter=",", names=True)


def expected():
    return json.loads((GOLDEN / "astropy_rng454_expected.json").read_text())


# ---- astropy -------------------------------------------------------------------------------------


@needs_real
@pytest.mark.parametrize("errors", [True, False])
def test_statistics_of_a_given_box_are_astropys(errors):
    wanted = expected() if errors else expected()["stats_noerr"]
    found = json.loads(numbers("stats", FIXTURE, 2, 0.16, 0.5, *(["errors"] if errors else [])))
    for key in ("depth", "depth_odd", "depth_even", "depth_half", "depth_phased"):
        assert found[key] == pytest.approx(wanted[key], rel=1e-9), key
    for key in ("harmonic_amplitude", "harmonic_delta_log_likelihood"):
        assert found[key] == pytest.approx(wanted[key], rel=1e-9), key
    times = [found["first_transit"] + 2 * k for k in range(len(found["transits"]))]
    assert times == pytest.approx(wanted["transit_times"], rel=1e-12)
    assert [count for count, _ in found["transits"]] == wanted["per_transit_count"]
    assert [value for _, value in found["transits"]] == pytest.approx(
        wanted["per_transit_log_likelihood"], rel=1e-9)


def best_of_thousand(curve, objective):
    periods = numpy.exp(numpy.linspace(numpy.log(2) - 0.1, numpy.log(2) + 0.1, 1000))
    found = listing(curve, "--errors", "--objective", objective, "--durations", "0.16",
                    "--periods", ",".join(map(repr, periods.tolist())))
    return found[found["power"].argmax()]


@needs_real
@pytest.mark.parametrize("objective", ["likelihood", "snr"])
def test_the_box_of_astropys_fixture_is_found(objective):
    wanted = expected()[f"best_{objective}"]
    best = best_of_thousand(FIXTURE, objective)
    for key, value in wanted.items():
        assert best[key] == pytest.approx(value, rel=1e-9), key


@needs_real
@pytest.mark.parametrize("offset", [10230.0, -10230.0])
def test_transit_times_move_with_the_origin_of_time(tmp_path, offset):
    """astropy #8527: with an offset the transit time has to lie in the range of the data."""
    time, flux, err = numpy.loadtxt(FIXTURE, delimiter=",").T
    write_curve(tmp_path / "c.csv", time + offset, flux, err)
    here, there = (best_of_thousand(c, "likelihood") for c in (FIXTURE, tmp_path / "c.csv"))
    assert there["transit_time"] - offset == pytest.approx(here["transit_time"], abs=1e-8)
    assert time.min() <= there["transit_time"] - offset <= time.max()
    assert there["power"] == pytest.approx(here["power"], rel=1e-7)


@needs_real
def test_points_given_twice_with_half_the_weight_change_nothing(tmp_path):
    time, flux, err = numpy.loadtxt(FIXTURE, delimiter=",").T
    twice = (numpy.repeat(v, 2) for v in (time, flux, err * numpy.sqrt(2)))
    write_curve(tmp_path / "c.csv", *twice)
    once, double = (listing(c, "--errors", "--durations", "0.16", "--min-period", 1,
                            "--max-period", 3) for c in (FIXTURE, tmp_path / "c.csv"))
    for key in ("power", "depth", "depth_err"):  # of equal boxes rounding decides which is first
        assert double[key] == pytest.approx(once[key], rel=1e-9), key


@pytest.mark.parametrize("trouble", ["none", "one NaN", "no errors"])
def test_lightkurves_planet_is_found_whatever_is_missing(tmp_path, trouble):
    """lightkurve's own test, and its #428."""
    rng = numpy.random.default_rng(42)
    time = numpy.arange(0, 20, 0.02)
    flux = 1 + 0.01 * rng.standard_normal(len(time))
    flux[abs((time - 0.5 + 1) % 2 - 1) < 0.05] -= 0.2
    err = numpy.full(len(time), 0.01)
    if trouble == "one NaN":
        flux[100] = numpy.nan
    if trouble == "no errors":
        err[:] = numpy.nan
    write_curve(tmp_path / "c.csv", time, flux, err)
    found = summary(tmp_path / "c.csv", "--min-period", 0.5, "--max-period", 6)
    assert round(found["period"], 2) == 2
    assert found["depth"] == pytest.approx(0.2, rel=0.05)


# ---- transits ------------------------------------------------------------------------------------


@needs_real
def test_fluxes_of_transits_are_batmans():
    """195 cases of batman 2.5.3; where it fails (z = p), an independent quadrature."""
    rows = numpy.loadtxt(GOLDEN / "mandel_agol_quadratic.csv", delimiter=",")
    text = "".join(f"{p!r} {u1!r} {u2!r} {z!r}\n" for p, u1, u2, z in rows[:, :4].tolist())
    found = numpy.array(numbers("flux", text=text).split(), "f8")
    wanted = numpy.where(rows[:, 6] == 1, rows[:, 5], rows[:, 4])
    assert len(found) == 195
    assert abs(found - wanted).max() < 2e-8


@needs_real
def test_the_template_is_that_of_transitleastsquares():
    wanted = numpy.loadtxt(GOLDEN / "tls_reference_transit_200.csv", delimiter=",")[:, 1]
    found = numpy.array(numbers("reference", 200).split(), "f8")
    assert found == pytest.approx(wanted, abs=2e-4)  # batman's accuracy over the depth of .001


@needs_real
def test_k2_3_over_the_whole_grid_is_as_its_authors_test_it(tmp_path):
    signal = pytest.importorskip("scipy.signal")
    time, flux = numpy.loadtxt(REAL / "text/k2/EPIC201367065.csv", delimiter=",").T
    write_curve(tmp_path / "c.csv", time, flux / signal.medfilt(flux, 25))
    found = summary(tmp_path / "c.csv", "--method", "tls")
    wanted = {"power_max": 45.49085809486116, "power_raw_max": 42.93056655774114,
              "power_min": -0.6175100139942546, "power_raw_min": -0.3043720539933344}
    for key, value in wanted.items():
        assert found[key] == pytest.approx(value, abs=1e-3), key
