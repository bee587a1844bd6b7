"""Numbers that others publish or test themselves with: astropy's fixture, transitleastsquares' own
values, batman's transits, lightkurve's bug reports, cuvarbase's and VARTOOLS' examples, exovetter's
limits."""

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
    each = [value for _, value in found["transits"]]
    assert each == pytest.approx(wanted["per_transit_log_likelihood"], rel=1e-9)


@needs_real
@pytest.mark.parametrize("objective", ["likelihood", "snr"])
def test_transits_share_the_likelihood_of_their_box(objective):
    """astropy's test of compute_stats: sums over the transits of the best box are its likelihood."""
    best = best_of_thousand(FIXTURE, objective)
    found = json.loads(numbers("stats", FIXTURE, best["period"], best["duration"],
                               best["transit_time"], "errors"))
    total = sum(value for _, value in found["transits"])
    assert total == pytest.approx(best["log_likelihood"], rel=1e-7)


@needs_real
@pytest.mark.parametrize("offset", [0.0, 10230.0])
def test_ten_periods_agree_with_astropys_slow_method(tmp_path, offset):
    """Which tries boxes point by point, without bins."""
    astropy = pytest.importorskip("astropy.timeseries")
    time, flux, err = numpy.loadtxt(FIXTURE, delimiter=",").T
    write_curve(tmp_path / "c.csv", time + offset, flux, err)
    periods = numpy.linspace(1.5, 2.5, 10)
    slow = astropy.BoxLeastSquares(time + offset, flux, err).power(periods, 0.16, method="slow")
    found = listing(tmp_path / "c.csv", "--errors", "--durations", "0.16", "--periods",
                    ",".join(map(repr, periods.tolist())))
    for key in ("power", "depth", "depth_err", "transit_time", "duration"):
        assert found[key] == pytest.approx(numpy.asarray(slow[key]), rel=1e-7), key


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
    for key, value in {"period": 2, "duration": 0.16, "depth": 0.2, "transit_time": 0.5}.items():
        assert best[key] == pytest.approx(value, abs=0.01), key
    assert abs(best["depth"] - 0.2) < best["depth_err"]


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


@needs_real
def test_the_second_planet_of_k2_3_is_found_once_the_first_is_masked(tmp_path):
    """As transitleastsquares tests it: SDE 34.991, duration 0.15061 d, Rp/Rs 0.02585."""
    signal = pytest.importorskip("scipy.signal")
    time, flux = numpy.loadtxt(REAL / "text/k2/EPIC201367065.csv", delimiter=",").T
    flux /= signal.medfilt(flux, 25)
    write_curve(tmp_path / "c.csv", time, flux)
    first = summary(tmp_path / "c.csv", "--method", "tls-fast")
    x = (time - first["T0"] + first["period"] / 2) % first["period"] - first["period"] / 2
    out = abs(x) >= first["duration"]
    write_curve(tmp_path / "d.csv", time[out], flux[out])
    second = summary(tmp_path / "d.csv", "--method", "tls-fast")
    assert second["period"] == pytest.approx(24.6454, rel=2e-3)
    assert second["duration"] == pytest.approx(0.15061016994013998, abs=1e-3)
    assert second["rp_rs"] == pytest.approx(0.025852178872027086, abs=1e-3)
    assert second["SDE"] == pytest.approx(34.9911304598618, rel=0.03)


TLS_WINDOW = ["--method", "tls", "--min-period", 360, "--max-period", 370]


def noisy_end():
    """transitleastsquares' own test: ten times the noise in the last fourth."""
    time, flux = numpy.loadtxt(GOLDEN / "tls_test_synthetic.csv", delimiter=",").T
    rng = numpy.random.RandomState(0)
    rng.normal(0, 5e-6, len(time))  # the noise that the file has
    flux[10000:] += rng.normal(0, 5e-5, len(time) - 10000)
    return time, flux, numpy.where(numpy.arange(len(time)) < 10000, 5e-6, 5e-5)


@needs_real
def test_errors_of_points_are_those_of_the_template_search(tmp_path):
    write_curve(tmp_path / "c.csv", *noisy_end())
    found = summary(tmp_path / "c.csv", *TLS_WINDOW, "--duration-step", 1.05, "--t0-margin", 0.2,
                    "--errors")
    assert found["SDE"] == pytest.approx(5.292594615900944, abs=1e-5)


@needs_real
def test_the_fast_template_search_refuses_errors(tmp_path):
    write_curve(tmp_path / "c.csv", *noisy_end())
    result = quern("transit", "periodogram", tmp_path / "c.csv", "--method", "tls-fast", "--errors",
                   code=2)
    assert "leave --errors out" in result.stderr


@needs_real
def test_points_without_numbers_above_zero_are_left_out_of_the_template_search(tmp_path):
    """The cases of transitleastsquares' cleaned_array, among good points."""
    time, flux, err = (v[:4000] for v in noisy_end())
    dirty = [numpy.repeat(v, numpy.where(numpy.isin(numpy.arange(4000), range(100, 107)), 2, 1))
             for v in (time, flux, err)]
    bad = numpy.flatnonzero(numpy.diff(dirty[0]) == 0) + 1  # the second of each pair
    for at, value in zip(bad, [numpy.nan, numpy.inf, -numpy.inf, -99, 0], strict=False):
        dirty[1][at] = value
    dirty[0][bad[5]] = numpy.nan
    dirty[2][bad[6]] = numpy.inf
    write_curve(tmp_path / "clean.csv", time, flux, err)
    write_curve(tmp_path / "dirty.csv", *dirty)
    options = ["--method", "tls", "--min-period", 100, "--max-period", 105, "--errors"]
    clean, cleaned = (summary(tmp_path / f"{n}.csv", *options) for n in ("clean", "dirty"))
    assert clean["SDE"] > 1 and cleaned == clean


@needs_real
def test_transits_one_by_one_across_a_gap(tmp_path):
    """Of transitleastsquares' test of statistics; depths and their errors in NumPy."""
    time, flux = numpy.loadtxt(GOLDEN / "tls_test_synthetic.csv", delimiter=",").T
    keep = (numpy.arange(len(time)) != 1) & ~numpy.isin(numpy.arange(len(time)), range(200, 500))
    time, flux = time[keep], flux[keep]
    write_curve(tmp_path / "c.csv", time, flux)
    found = summary(tmp_path / "c.csv", *TLS_WINDOW, "--oversampling", 2, "--t0-margin", 1.2)
    assert found["per_transit_count"] == [0, 5, 5]
    assert (found["empty_transit_count"], found["distinct_transit_count"]) == (1, 2)
    assert found["transit_times"] == pytest.approx([68.08637, 433.30855, 798.53074], abs=1e-5)
    assert found["snr_per_transit"] == pytest.approx([0, 37.052, 36.558], abs=1e-3)
    assert found["snr_pink_per_transit"] == pytest.approx([0, 45.477, 44.871], abs=1e-3)
    assert found["transit_depths"][0] is None
    for middle, depth, error in zip(found["transit_times"], found["transit_depths"],
                                    found["transit_depths_uncertainties"], strict=True):
        inside = flux[abs(time - middle) < found["duration"] / 2]
        if len(inside) > 0:
            assert depth == pytest.approx(inside.mean(), rel=1e-12)
            assert error == pytest.approx(inside.std() / numpy.sqrt(len(inside)), rel=1e-6)


# ---- other searches and vetters -------------------------------------------------------------------


def cuvarbase_data(sign, seed=100):
    """cuvarbase's fixture: 200 points in a year, a box of a fifth of 3.33 days, S/N 50."""
    rng = numpy.random.RandomState(seed)
    freq, q, phi0, sigma = 0.3, 0.2, 0.5, 0.1
    time = 365 * numpy.sort(rng.rand(200))
    phase = (time * freq - phi0) % 1
    delta = 50 * sigma / numpy.sqrt(200 * q * (1 - q))
    flux = numpy.where(phase < q, -sign * delta, 0) + sigma * rng.randn(200)
    return time, flux - flux.mean(), numpy.full(200, sigma)


def box_power(time, flux, freq, q, phi0):
    """The drop of chi^2 over chi^2 (Kovacs 2002) with equal weights."""
    inside = (time * freq - phi0) % 1 < q
    part = inside.mean()
    flux = flux - flux.mean()
    return (flux[inside].sum() / len(flux)) ** 2 / (part * (1 - part)) / (flux**2).mean()


def test_the_power_of_a_box_is_cuvarbases(tmp_path):
    time, flux, err = cuvarbase_data(-1)
    assert box_power(time, flux, 0.3, 0.2, 0.5) == pytest.approx(0.8902446483898836, rel=1e-5)
    write_curve(tmp_path / "dip.csv", time, -flux, err)
    found = summary(tmp_path / "dip.csv", "--method", "search", "--errors", "--min-period", 3,
                    "--max-period", 4, "--durations", "0.5,0.6667,0.8")
    first = found["t0"] - found["duration"] / 2
    wanted = box_power(time, -flux, 1 / found["period"], found["duration"] / found["period"],
                       first / found["period"])
    assert found["delta_chi2"] / ((flux / err) ** 2).sum() == pytest.approx(wanted, rel=1e-9)
    assert found["period"] == pytest.approx(1 / 0.3, rel=2e-3) and wanted >= 0.89


def test_a_brightening_is_no_dip(tmp_path):
    """Where cuvarbase leaves out solutions of negative depth its power is 0."""
    time, flux, err = cuvarbase_data(-1)
    write_curve(tmp_path / "c.csv", time, flux, err)
    powers = [listing(tmp_path / "c.csv", "--errors", "--durations", 0.6667, "--periods", 1 / 0.3)]
    found = summary(tmp_path / "c.csv", "--method", "search", "--errors", "--min-period", 3.3,
                    "--max-period", 3.37, "--durations", "0.6,0.6667")
    assert float(powers[0]["depth"]) < 0.3 and (found["depth"] or 0) < 0.3  # the box is of 0.88


def vetted(curve, period, epoch, duration, *options):
    text = quern("transit", "vet", curve, "--period", period, "--epoch", epoch, "--duration",
                 duration, *options).stdout
    return json.loads(text)


@pytest.mark.parametrize("depths, noise", [((0, 0), 0), ((0.12, 0.5), 0.009), ((0.12, 0.5), 0.1)])
def test_odd_and_even_depths_against_exovetter(tmp_path, depths, noise):
    """exovetter's limits: no sigma in a flat curve, over 5 with noise of .009, below 3 with .1. It
    divides by the scatter of the points; the error of a mean is smaller by the root of their
    number, and what we divide by."""
    rng = numpy.random.default_rng(4)
    time = numpy.arange(0, 60, 0.02)
    turn = numpy.round((time - 3.01) / 5)
    inside = abs(time - 3.01 - 5 * turn) < 0.25
    flux = 1 - numpy.where(turn % 2 == 0, *depths[::-1]) * inside + noise * rng.standard_normal(3000)
    write_curve(tmp_path / "c.csv", time, flux, numpy.full(3000, noise or 0.01))
    found = vetted(tmp_path / "c.csv", 5, 3.01, 0.5, "--flux-unit", "raw", "--errors")
    sets = [flux[inside & (turn % 2 == k)] for k in (1, 0)]
    difference = abs(sets[0].mean() - sets[1].mean())
    if noise == 0:
        assert found["odd_even_sigma"] == difference == 0
        return
    scatter = numpy.hypot(*(s.std() for s in sets))
    assert (difference / scatter > 5) if noise < 0.05 else (difference / scatter < 3)
    error = noise * numpy.sqrt(sum(1 / len(s) for s in sets))
    assert found["odd_even_diff"] == pytest.approx(difference, rel=1e-9)
    assert found["odd_even_sigma"] == pytest.approx(difference / error, rel=0.05)


@needs_real
def test_vartools_example_at_its_own_ephemeris():
    """Example 1 of -BLS on VARTOOLS' page; its magnitudes are fluxes here, where 1 mag is .921."""
    curve = REAL / "text/vartools/3.transit"
    mag = numpy.loadtxt(curve)[:, 1]
    found = vetted(curve, 2.12334706, 53727.297293937358, 0.03576 * 2.12334706, "--flux-unit",
                   "mag", "--errors")
    assert found["points_in"] == 165 and found["events"] == 4
    assert numpy.median(mag) - 2.5 * numpy.log10(found["level"]) == pytest.approx(10.16686, abs=2e-4)
    assert found["max_event_part"] == pytest.approx(0.43155, rel=0.02)  # of one night
    assert found["trapezoid_depth"] == pytest.approx(0.921 * 0.01220, rel=0.04)
    assert found["trapezoid_duration"] / 2.12334706 == pytest.approx(0.03576, rel=0.08)
    ramps = (found["ingress"] + found["egress"]) / 2  # of a symmetric trapezoid there
    assert ramps / found["trapezoid_duration"] == pytest.approx(0.19618, abs=0.1)
    assert found["snr"] ** 2 == pytest.approx(24217.21939, rel=0.06)  # drop of chi^2 of a box
    # Scatter by the median deviation, where VARTOOLS has the root of the mean square.
    assert found["white_noise"] == pytest.approx(0.921 * 0.00489, rel=0.2)
    assert found["red_noise"] == pytest.approx(0.921 * 0.00151, rel=0.3)
    assert found["mes"] == pytest.approx(14.38935, rel=0.25)  # signal to pink noise


@needs_real
def test_gerbls_planet_within_its_own_limits():
    """GERBLS' test: the period within .001 d, chi^2 lower by more than 1000."""
    curve = REAL / "text/synthetic/gerbls_phottest.dat"
    found = summary(curve, "--method", "search", "--errors", "--min-period", 0.5, "--max-period", 5)
    assert abs(found["period"] - 1.37) < 0.001 and found["delta_chi2"] > 1000
    assert found["depth"] == pytest.approx(0.005073, rel=0.08)  # of astropy's box, .09 d long
