"""Searches against astropy and transitleastsquares: their own tests' numbers, their output on real
light curves, and astropy itself."""

import json

import numpy
import pytest
from segy_tools import quern
from transit_tools import GOLDEN, REAL, features, needs_real, number, summary, write_curve

pytestmark = needs_real
DURATIONS = [0.05, 0.10, 0.15, 0.20, 0.25, 0.33]


def golden(name):
    return json.loads((GOLDEN / name).read_text())


def listing(curve, *options):
    text = quern("transit", "periodogram", curve, "--flux-unit", "raw", *options).stdout
    return numpy.genfromtxt(text.splitlines(), delimiter=",", names=True)


def good_points(name, mask, quality="QUALITY"):
    fits = pytest.importorskip("astropy.io.fits")
    with fits.open(REAL / "fits" / name) as hdus:
        table = hdus[1].data
        time, flux = (numpy.asarray(table[c], "f8") for c in ("TIME", "PDCSAP_FLUX"))
        keep = (table[quality] & mask == 0) & numpy.isfinite(time) & numpy.isfinite(flux)
    return time[keep], flux[keep] / numpy.median(flux[keep])


def test_the_best_period_of_astropys_own_test_is_found():
    found = summary(GOLDEN / "astropy_rng42.csv", "--durations", "0.16")
    assert found["periods"] == 1805
    assert found["period"] == pytest.approx(2.000412388152837, rel=1e-12)


def test_powers_of_astropys_own_test_agree():
    found = listing(GOLDEN / "astropy_rng42.csv", "--durations", "0.16",
                    "--periods", "1.9,1.95,2.0,2.05,2.1")
    wanted = [0.01723948, 0.0643028, 0.1338783, 0.09428816, 0.03577543]
    assert found["power"] == pytest.approx(wanted, rel=1.1e-7)


@pytest.mark.parametrize("objective", ["likelihood", "snr"])
def test_ten_periods_of_astropys_fixture_agree(objective):
    wanted = golden("astropy_rng454_expected.json")[f"grid10_{objective}"]
    found = listing(GOLDEN / "astropy_rng454.csv", "--errors", "--objective", objective,
                    "--durations", "0.16", "--periods", ",".join(map(repr, wanted["period"])))
    for name, values in wanted.items():
        assert found[name] == pytest.approx(values, rel=1e-9), name


def test_statistics_of_astropys_fixture_agree():
    wanted = golden("astropy_rng454_expected.json")
    curve = numpy.loadtxt(GOLDEN / "astropy_rng454.csv", delimiter=",")
    astropy = pytest.importorskip("astropy.timeseries")
    stats = astropy.BoxLeastSquares(*curve.T).compute_stats(2, 0.16, 0.5)
    best = summary(GOLDEN / "astropy_rng454.csv", "--errors", "--durations", "0.16",
                   "--periods", repr(wanted["best_likelihood"]["period"]))
    assert stats["depth"][0] == pytest.approx(wanted["depth"][0])
    mine = astropy.BoxLeastSquares(*curve.T).compute_stats(
        best["period"], best["duration"], best["transit_time"])
    for key in ("odd", "even", "half", "phased"):
        pair = (best[f"depth_{key}"], best[f"depth_{key}_err"])
        assert pair == pytest.approx([float(v) for v in mine[f"depth_{key}"]], rel=1e-9), key
    for key in ("harmonic_amplitude", "harmonic_delta_log_likelihood"):
        assert best[key] == pytest.approx(float(mine[key]), rel=1e-9), key
    assert best["per_transit_count"] == list(mine["per_transit_count"])
    assert best["per_transit_log_likelihood"] == pytest.approx(
        list(mine["per_transit_log_likelihood"]), rel=1e-9)


def test_a_whole_spectrum_is_astropys_to_the_bit(tmp_path):
    time, flux = good_points("tess/hlsp_tess-data-alerts_tess_phot_00025155310-s01_tess_v1_lc.fits",
                             175)
    write_curve(tmp_path / "c.csv", time, flux)
    found = listing(tmp_path / "c.csv", "--min-period", repr(0.8 * 3.289093), "--max-period",
                    repr(1.2 * 3.289093), "--frequency-factor", 3)
    wanted = numpy.loadtxt(GOLDEN / "WASP-126b_S1.bls_spectrum.csv", delimiter=",")
    assert numpy.array_equal(numpy.array(found.tolist()), wanted)


@pytest.mark.parametrize("name", ["likelihood", "snr"])
def test_astropy_itself_agrees_on_shuffled_weighted_points(tmp_path, name):
    astropy = pytest.importorskip("astropy.timeseries")
    rng = numpy.random.default_rng(3)
    time = numpy.sort(rng.uniform(-30, 30, 700))
    flux = rng.normal(1, 0.01, 700)
    err = rng.uniform(0.005, 0.02, 700)
    write_curve(tmp_path / "c.csv", time, flux, err)
    model = astropy.BoxLeastSquares(time, flux, err)
    periods = model.autoperiod([0.2, 0.3], minimum_period=1, maximum_period=9)
    wanted = model.power(periods, [0.2, 0.3], objective=name)
    found = listing(tmp_path / "c.csv", "--errors", "--objective", name, "--durations", "0.2,0.3",
                    "--min-period", 1, "--max-period", 9)
    assert numpy.array_equal(found["power"], wanted.power)
    assert numpy.array_equal(found["transit_time"], wanted.transit_time)


@pytest.mark.parametrize("swap", [False, True])
def test_swapped_limits_give_the_same_grid(swap):
    limits = ["--min-period", 3, "--max-period", 1] if swap else ["--min-period", 1,
                                                                  "--max-period", 3]
    found = listing(GOLDEN / "astropy_rng42.csv", "--durations", "0.16", *limits)
    assert found["period"][0] == 1 and found["period"][-1] == pytest.approx(3, rel=1e-2)


def test_a_duration_as_long_as_the_period_is_refused():
    result = quern("transit", "periodogram", GOLDEN / "astropy_rng42.csv", "--durations", "2",
                   "--periods", "1.5", code=2)
    assert "not longer than the longest duration" in result.stderr


# ---- the published features ---------------------------------------------------------------------

CURVES = {
    "WASP-126b_S1": ("TIC 25155310", "fits/tess"),
    "WASP-4b_S2": ("TIC 402026209", "fits/tess"),
    "TOI-216_S1": ("TIC 55652896", "fits/tess"),
    "TOI-813_S5": ("TIC 55525572", "fits/tess"),
    "K2-3_detr": ("K2-3_detr", "k2/EPIC201367065_detrended.csv"),
    "K2-138": ("K2-138", "k2/K2_138.csv"),
    "WASP-18b_flat": ("WASP-18b_flat", "tess/wasp18b_flat_lightcurve.csv"),
    "PiMen_yr1": ("PiMen_yr1", "tess/pi_men_year1.csv"),
}


@pytest.fixture(scope="module")
def candidates(tmp_path_factory):
    path = tmp_path_factory.mktemp("candidates") / "table.csv"
    lines = ["target_id,name,period,depth,duration,epoch"]
    for name, (target, _) in CURVES.items():
        f = golden(f"{name}.bls.json")["seed_features"]
        lines.append(f"{target},{name},{f['input_period']!r},{f['input_depth'] * 1e6!r},"
                     f"{f['input_duration'] * 24!r},{f['input_epoch']!r}")
    # The star of long-period planets: the candidate is its third, at 14.4 days.
    lines.append("KIC 11442793,Kepler-90,14.44912,191,4.593,140.48")
    path.write_text("\n".join(lines) + "\n")
    folder = path.parent / "curves"
    folder.mkdir()
    for kind in ("fits/tess", "fits/kepler"):
        (folder / kind.replace("/", "-")).symlink_to(REAL / kind)
    for name, (target, file) in CURVES.items():
        if file.endswith(".csv"):
            (folder / f"{target}.csv").symlink_to(REAL / "text" / file)
    return path, folder


@pytest.fixture(scope="module")
def classic(candidates, tmp_path_factory):
    rows = features(*candidates, tmp_path_factory.mktemp("classic") / "ds", "--profile", "classic")
    return {row["candidate"]: row for row in rows}


@pytest.fixture(scope="module")
def robust(candidates, tmp_path_factory):
    rows = features(*candidates, tmp_path_factory.mktemp("robust") / "ds")
    return {row["candidate"]: row for row in rows}


@pytest.mark.parametrize("name", CURVES)
def test_classic_features_are_those_published(classic, name):
    for key, wanted in golden(f"{name}.bls.json")["seed_features"].items():
        if key.startswith("FIX_"):
            continue
        found = number(classic[name][key])
        assert found == pytest.approx(wanted, rel=1e-7, abs=1e-12), key


@pytest.mark.parametrize("name, period, tolerance", [
    ("TOI-216_S1", 17.0721, 0.01),  # transits of this planet are early and late by hours
    ("TOI-813_S5", 83.899464, 1e-9),
    ("Kepler-90", 14.44912, 0.001),
    ("K2-138", 8.26144, 0.001),
    ("WASP-126b_S1", 3.289093, 0.001),
    ("WASP-4b_S2", 1.338217, 0.0005),
    ("K2-3_detr", 10.05449, 0.001),
    ("PiMen_yr1", 6.26784, 0.0001),
])
def test_robust_periods_are_right_where_the_published_search_goes_wrong(robust, name, period,
                                                                        tolerance):
    assert robust[name]["status"] == "ok"
    assert number(robust[name]["bls_period"]) == pytest.approx(period, rel=tolerance)


@pytest.mark.parametrize("name, wrong", [("TOI-216_S1", 17.4817), ("TOI-813_S5", 20.0),
                                         ("K2-138", 8.0289), ("Kepler-90", 16.3617)])
def test_the_published_search_goes_wrong_there(classic, name, wrong):
    assert number(classic[name]["bls_period"]) == pytest.approx(wrong, abs=1e-4)


# ---- transit least squares -----------------------------------------------------------------------

TEXTS = {"K2-3_detr": "k2/EPIC201367065_detrended.csv", "K2-138": "k2/K2_138.csv",
         "WASP-18b_flat": "tess/wasp18b_flat_lightcurve.csv"}
SECTORS = {"WASP-126b_S1": "hlsp_tess-data-alerts_tess_phot_00025155310-s01_tess_v1_lc.fits",
           "WASP-4b_S2": "tess2018234235059-s0002-0000000402026209-0121-s_lc.fits",
           "TOI-216_S1": "hlsp_tess-data-alerts_tess_phot_00055652896-s01_tess_v1_lc.fits"}


@pytest.mark.parametrize("name", [*TEXTS, *SECTORS])
def test_tls_over_a_window_is_transitleastsquares(name, tmp_path):
    wanted = golden(f"{name}.tls.json")["tls_seed_window"]
    if name in TEXTS:
        curve = REAL / "text" / TEXTS[name]
    else:
        curve = tmp_path / "c.csv"
        write_curve(curve, *good_points(f"tess/{SECTORS[name]}", 175))
    found = summary(curve, "--method", "tls", "--min-period", wanted["kw"]["period_min"],
                    "--max-period", wanted["kw"]["period_max"], "--flux-unit", "flux")
    assert found["periods"] == wanted["n_periods"]
    for key in ("period", "period_uncertainty", "period_min", "period_max"):
        assert found[key] == pytest.approx(wanted[key], rel=1e-9), key
    for key in ("SDE", "SDE_raw", "chi2_min", "chi2red_min", "T0", "duration", "depth", "rp_rs",
                "snr", "odd_even_mismatch", "FAP"):
        assert found[key] == pytest.approx(wanted[key], rel=1e-5), key
    assert found["transit_count"] == wanted["transit_count"]
    assert found["distinct_transit_count"] == wanted["distinct_transit_count"]


def test_the_tls_spectrum_is_transitleastsquares():
    wanted = numpy.loadtxt(GOLDEN / "K2-3_detr.tls_spectrum.csv", delimiter=",")
    found = listing(REAL / "text/k2/EPIC201367065_detrended.csv", "--method", "tls",
                    "--min-period", 8.043592, "--max-period", 12.065387999999999)
    assert found["period"] == pytest.approx(wanted[:, 0], rel=1e-12)
    assert found["chi2"] == pytest.approx(wanted[:, 1], rel=2e-5)
    assert found["power"] == pytest.approx(wanted[:, 4], abs=2e-3)


@pytest.mark.parametrize("name, curve", [("K2-3_detr", "text/k2/EPIC201367065_detrended.csv")])
def test_fast_tls_has_the_same_sde_within_three_per_cent(name, curve):
    wanted = golden(f"{name}.tls.json")["tls_default"]
    found = summary(REAL / curve, "--method", "tls-fast")
    assert found["periods"] == wanted["n_periods"]
    assert found["SDE"] == pytest.approx(wanted["SDE"], rel=0.03)
    assert found["period"] == pytest.approx(wanted["period"], rel=1e-9)
    assert found["T0"] == pytest.approx(wanted["T0"], abs=1e-6)


def test_fast_tls_of_a_sector_has_the_same_sde_within_three_per_cent(tmp_path):
    wanted = golden("WASP-126b_S1.tls.json")["tls_default"]
    time, flux = good_points("tess/hlsp_tess-data-alerts_tess_phot_00025155310-s01_tess_v1_lc.fits",
                             175)
    write_curve(tmp_path / "c.csv", time, flux)
    found = summary(tmp_path / "c.csv", "--method", "tls-fast")
    assert found["SDE"] == pytest.approx(wanted["SDE"], rel=0.03)
    assert found["period"] == pytest.approx(wanted["period"], rel=1e-9)
    assert found["snr"] == pytest.approx(wanted["snr"], rel=1e-5)


SYNTHETIC = ["--min-period", 360, "--max-period", 370, "--oversampling", 5]


def synthetic(tmp_path, missing):
    time, flux = numpy.loadtxt(GOLDEN / "tls_test_synthetic.csv", delimiter=",").T
    flux[1] = numpy.nan
    flux[missing] = numpy.nan
    keep = numpy.isfinite(flux)
    write_curve(tmp_path / "s.csv", time[keep], flux[keep])
    return tmp_path / "s.csv"


def test_tls_on_its_authors_three_years(tmp_path):
    found = summary(synthetic(tmp_path, slice(0)), "--method", "tls", *SYNTHETIC,
                    "--duration-step", 1.02)
    assert found["chi2_min"] == pytest.approx(8831.654060613922, rel=1e-5)
    assert found["chi2red_min"] == pytest.approx(0.6719152511118321, rel=1e-5)
    assert found["period"] == pytest.approx(365.2582192473641, rel=1e-9)
    assert found["period_uncertainty"] == pytest.approx(0.216212529678387, rel=1e-6)
    assert found["transit_count"] == 3
    assert found["T0"] == pytest.approx(68.00349264912924, rel=1e-9)


def test_tls_says_when_nothing_is_deep_enough(tmp_path):
    found = summary(synthetic(tmp_path, slice(0)), "--method", "tls", *SYNTHETIC,
                    "--duration-step", 1.02, "--depth-min", 1000e-6)
    assert found["period"] is None and found["SDE"] == 0
    assert found["periods"] == 278
    assert found["chi2_min"] == pytest.approx(13148, abs=1)
    assert found["period_min"] == pytest.approx(360.0118189140635, rel=1e-9)
    assert found["period_max"] == pytest.approx(369.9831654894093, rel=1e-9)


def test_tls_across_a_gap_as_its_authors_test_it(tmp_path):
    found = summary(synthetic(tmp_path, slice(200, 500)), "--method", "tls", "--min-period", 360,
                    "--max-period", 370, "--oversampling", 2, "--duration-step", 1.1,
                    "--t0-margin", 1.2)
    assert found["period"] == pytest.approx(365.22218620040417, rel=1e-9)
    assert found["SDE"] == pytest.approx(4.243572802600693, rel=1e-4)
    assert found["duration"] == pytest.approx(0.41845319797978703, rel=1e-6)
    # transitleastsquares 2.0.4; 1.0.31 reported the depth of another fit of the same chi^2
    assert found["depth"] == pytest.approx(0.9999045703067854, rel=1e-9)
    assert found["chi2_min"] == pytest.approx(9839.14900003306, rel=1e-7)
    assert found["odd_even_mismatch"] == pytest.approx(0.15059221218811772, rel=1e-4)
    assert found["rp_rs"] == pytest.approx(0.008785144528539875, rel=1e-5)
    assert found["T0"] == pytest.approx(68.08637, abs=1e-4)
    assert found["snr"] == pytest.approx(52.050323372452034, rel=1e-4)
    assert found["distinct_transit_count"] == 2


@pytest.mark.parametrize("shape, wanted", [
    ("box", {"duration": 0.06111785726416931, "rp_rs": 0.08836981203437415}),
    ("grazing", {"duration": 0.08948265482047034, "chi2red_min": 0.06759475703796078}),
])
def test_other_templates_as_their_authors_test_them(tmp_path, shape, wanted):
    signal = pytest.importorskip("scipy.signal")
    time, flux = numpy.loadtxt(REAL / "text/k2/EPIC206154641.csv", delimiter=",").T
    write_curve(tmp_path / "c.csv", time, flux / signal.medfilt(flux, 25))
    found = summary(tmp_path / "c.csv", "--method", "tls", "--template", shape)
    for key, value in wanted.items():
        assert found[key] == pytest.approx(value, abs=1e-5), key


# ---- others' documented examples -----------------------------------------------------------------

def test_the_vartools_example_is_found():
    """VARTOOLS' page: 3.transit has P 2.12334706, Tc 53727.297293937358, q 0.03576, 4 transits."""
    text = quern("transit", "periodogram", REAL / "text/vartools/3.transit", "--flux-unit", "mag",
                 "--method", "search", "--min-period", 0.5, "--max-period", 10, "--durations",
                 "0.03,0.05,0.076,0.1", "--summary")
    found = json.loads(text.stdout)
    assert found["period"] == pytest.approx(2.12334706, rel=5e-4)
    assert found["depth"] == pytest.approx(0.01083, rel=0.06)  # astropy's box, in magnitudes
    cycles = (found["t0"] - 53727.297293937358) / found["period"]
    assert abs(cycles - round(cycles)) * found["period"] < 0.01


@pytest.mark.parametrize("name, file, period", [
    ("gerbls", "text/synthetic/gerbls_phottest.dat", 1.37),
    ("tlc29991541", "text/tess/tlc29991541_5.d.dat", 2.483225),
    ("pi Men", "text/tess/pi_men_year1.csv", 6.2679),
])
def test_the_fast_search_finds_what_astropy_finds(name, file, period):
    high = {"gerbls": 5, "tlc29991541": 4, "pi Men": 8}[name]
    text = quern("transit", "periodogram", REAL / file, "--method", "search", "--min-period", 1,
                 "--max-period", high, "--summary")
    assert json.loads(text.stdout)["period"] == pytest.approx(period, rel=1e-3)
