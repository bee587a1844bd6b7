"""Features against formulas written anew in NumPy; each fault of the tool that published them; and
what must not change a result."""

import hashlib
import math
import os
import signal
import subprocess
import time as clock

import numpy
import pytest
from segy_tools import BUILD, quern
from transit_tools import (box_curve, features, number, rows_of, spoc, spoc_name, write_curve,
                           write_table)

STAR = "star"
TRUTH = dict(period=2.5, t0=1326.0, duration=0.12, depth=0.01)


def one(tmp_path, time, flux, *options, err=None, period=2.5, depth=0.01, duration=0.12,
        epoch=1326.0, name="ds"):
    """The row of one star's text light curve."""
    folder = tmp_path / f"curves-{name}"
    folder.mkdir()
    write_curve(folder / f"{STAR}.csv", time, flux, err)
    write_table(tmp_path / f"{name}.csv", [(STAR, period, depth * 1e6, duration * 24, epoch)])
    (row,) = features(tmp_path / f"{name}.csv", folder, tmp_path / name, "--duration-unit",
                      "hours", "--depth-unit", "ppm", *options)
    return row


def fold(time, period, t0):
    return (time - t0 + period / 2) % period - period / 2


# ---- the fourteen faults -----------------------------------------------------------------------

def test_fault_1_a_star_without_a_light_curve_has_no_features(tmp_path):
    (tmp_path / "empty").mkdir()
    write_table(tmp_path / "t.csv", [("TIC 5", 2.5, 1000, 2.4, 1326)])
    (row,) = features(tmp_path / "t.csv", tmp_path / "empty", tmp_path / "ds")
    assert row["status"] == "no_data" and "TIC 5" in row["reason"]
    assert row["bls_period"] == "" and row["bls_depth"] == "" and row["synthetic"] == "false"
    assert number(row["input_period"]) == 2.5


def test_fault_1_synthetic_stand_ins_are_asked_for_and_marked(tmp_path):
    (tmp_path / "empty").mkdir()
    write_table(tmp_path / "t.csv", [("TIC 5", 2.5, 10000, 2.4, "")])
    (row,) = features(tmp_path / "t.csv", tmp_path / "empty", tmp_path / "ds",
                      "--allow-synthetic")
    assert row["status"] == "ok" and row["synthetic"] == "true" and "synthetic" in row["reason"]


def test_fault_2_snr_is_depth_over_noise_and_not_the_power(tmp_path):
    time, flux = box_curve(noise=1e-3)
    row = one(tmp_path, time, flux)
    inside = abs(fold(time, number(row["bls_period"]), number(row["bls_t0"]))) < (
        number(row["bls_duration"]) / 2)
    wanted = 0.01 / 1e-3 * math.sqrt(inside.sum())
    assert number(row["bls_snr"]) == pytest.approx(wanted, rel=0.15)
    assert number(row["bls_power"]) == pytest.approx(wanted**2, rel=0.3)


def binary(seed=2):
    """Eclipses of 1 % and 0.5 % in turn."""
    time, _ = box_curve(depth=0, cadence=0.004)
    rng = numpy.random.default_rng(seed)
    turn = numpy.round((time - 1326.0) / 2.5)
    depth = numpy.where(turn % 2 == 0, 0.01, 0.005)
    inside = abs(fold(time, 2.5, 1326.0)) < 0.05
    return time, 1 - depth * inside + 3e-4 * rng.standard_normal(len(time))


def test_fault_3_odd_and_even_transits_are_whole(tmp_path):
    row = one(tmp_path, *binary())
    assert number(row["odd_even_depth_diff"]) == pytest.approx(0.005, rel=0.06)
    assert number(row["odd_even_sigma"]) > 20


def test_fault_3_the_published_formula_mixes_them(tmp_path):
    row = one(tmp_path, *binary(), "--profile", "classic")
    assert number(row["odd_even_depth_diff"]) < 0.003


def test_fault_4_symmetry_tells_a_slanted_transit_from_an_even_one(tmp_path):
    time, flux = box_curve(noise=3e-4)
    x = fold(time, 2.5, 1326.0)
    slanted = flux - 0.005 * (x / 0.06) * (abs(x) < 0.06)
    assert abs(number(one(tmp_path, time, flux)["transit_symmetry"])) < 4
    assert abs(number(one(tmp_path, time, slanted, name="b")["transit_symmetry"])) > 8


def test_fault_5_ingress_over_egress_is_measured_for_short_transits_too(tmp_path):
    time, _ = box_curve(period=10, depth=0, cadence=0.004)
    rng = numpy.random.default_rng(3)
    x = fold(time, 10, 1326.0)
    slow, fast = 0.06, 0.02  # ingress, egress; duration 0.2 of 10 days: 0.02
    rise = numpy.clip(numpy.minimum((x + 0.1) / slow, (0.1 - x) / fast), 0, 1)
    row = one(tmp_path, time, 1 - 0.01 * rise + 3e-4 * rng.standard_normal(len(time)), period=10,
              duration=0.2)
    assert number(row["ingress_egress_ratio"]) == pytest.approx(3, rel=0.3)


@pytest.mark.parametrize("period, days", [(31.0, 100.0), (0.3, 27.0)])
def test_fault_6_the_candidates_own_period_is_always_searched(tmp_path, period, days):
    duration = min(0.2, 0.15 * period)
    time, flux = box_curve(period=period, duration=duration, days=days, cadence=0.01)
    row = one(tmp_path, time, flux, period=period, duration=duration)
    assert number(row["bls_period"]) == pytest.approx(period, rel=2e-3)


def test_fault_7_a_task_that_hangs_is_stopped(tmp_path):
    time, flux = box_curve(days=1000, cadence=0.02, depth=0.001)
    folder = tmp_path / "curves"
    folder.mkdir()
    write_curve(folder / "slow.csv", time, flux)
    write_curve(folder / "quick.csv", *box_curve())
    write_table(tmp_path / "t.csv", [("slow", 5, 1000, 2.4, ""), ("quick", 2.5, 9000, 2.4, "")])
    rows = features(tmp_path / "t.csv", folder, tmp_path / "ds", "--tls", "exact", "--timeout",
                    "3s", "--jobs", 2, "--window", "1", code=3) or rows_of(tmp_path / "ds")
    assert [row["status"] for row in rows] == ["timeout", "ok"]
    assert rows[0]["bls_period"] == ""


def test_fault_8_rows_are_in_the_tables_order_and_failed_ones_are_tried_again(tmp_path):
    folder = tmp_path / "curves"
    folder.mkdir()
    for tic in (12, 11):
        spoc(folder / spoc_name(tic), tic, *box_curve(seed=tic))
    table = tmp_path / "t.csv"
    write_table(table, [(f"TIC {tic}", 2.5, 9000, 2.4, 1326) for tic in (12, 13, 11)])
    first = features(table, folder, tmp_path / "a")
    assert [row["status"] for row in first] == ["ok", "no_data", "ok"]
    spoc(folder / spoc_name(13), 13, *box_curve(seed=13))
    for old in (11, 12):
        os.remove(folder / spoc_name(old))  # rows taken over need no light curve
    again = features(table, folder, tmp_path / "b", "--retry", "failed", "--previous",
                     tmp_path / "a")
    assert [row["status"] for row in again] == ["ok", "ok", "ok"]
    assert again[0] == first[0] and again[2] == first[2]


def test_fault_9_templates_that_were_not_fitted_leave_no_values(tmp_path):
    row = one(tmp_path, *box_curve())
    assert [row[f"tls_{k}"] for k in ("period", "depth", "snr", "sde", "odd_even")] == [""] * 5


def test_fault_10_a_narrow_window_stays_a_window(tmp_path):
    time, flux = box_curve(period=10, depth=0.01, duration=0.2, cadence=0.02)
    row = one(tmp_path, time, flux, "--tls", "fast", period=10, duration=0.2)
    assert 8 < number(row["tls_period"]) < 12


def test_fault_11_one_author_for_each_sector(tmp_path):
    folder = tmp_path / "curves"
    folder.mkdir()
    time, flux = box_curve()
    spoc(folder / spoc_name(7), 7, time, flux)
    spoc(folder / "hlsp_tess-spoc_tess_phot_0000000000000007-s0001_tess_v1_lc.fits", 7,
         time + 1e-3, flux)
    spoc(folder / "tess2018206045859-s0001-0000000000000007-0120-a_fast-lc.fits", 7, time + 2e-3,
         flux)
    spoc(folder / spoc_name(7, 2), 7, time + 27.4, flux, sector=2)
    write_table(tmp_path / "t.csv", [("TIC 7", 2.5, 9000, 2.4, 1326)])
    (row,) = features(tmp_path / "t.csv", folder, tmp_path / "ds")
    assert row["files"] == f"{spoc_name(7)};{spoc_name(7, 2)}"
    (row,) = features(tmp_path / "t.csv", folder, tmp_path / "ds2", "--author", "tess-spoc")
    assert row["files"].startswith("hlsp_tess-spoc") and number(row["file_count"]) == 1


@pytest.mark.parametrize("epoch", [1326.0, 2458326.0])
def test_fault_12_epochs_are_brought_to_the_light_curves_scale(tmp_path, epoch):
    folder = tmp_path / "curves"
    folder.mkdir()
    spoc(folder / spoc_name(7), 7, *box_curve())
    write_table(tmp_path / "t.csv", [("TIC 7", 2.5, 9000, 2.4, epoch)])
    (row,) = features(tmp_path / "t.csv", folder, tmp_path / "ds")
    assert row["time_scale"] == "BTJD"
    assert number(row["input_epoch"]) == pytest.approx(1326.0)
    assert number(row["epoch_offset"]) < 0.3


def test_fault_13_outliers_trends_and_gaps_do_not_decide(tmp_path):
    time, flux = box_curve(depth=0.002, noise=5e-4)
    keep = (time < 1333) | (time > 1336)
    time, flux = time[keep], flux[keep]
    flux = flux * (1 + 0.01 * numpy.sin(time / 2))  # ten times the scatter
    flux[::97] += 0.05
    flux[400] -= 0.2
    row = one(tmp_path, time, flux, depth=0.002)
    assert number(row["bls_period"]) == pytest.approx(2.5, rel=2e-3)
    assert number(row["bls_depth"]) == pytest.approx(0.002, rel=0.2)
    assert number(row["clipped"]) >= len(time[::97])
    assert number(row["red_noise"]) < 2e-4


@pytest.mark.parametrize("unit, value", [("ppm", 10000), ("ppt", 10), ("percent", 1),
                                         ("fraction", 0.01)])
def test_fault_14_depths_are_scaled_once(tmp_path, unit, value):
    write_table(tmp_path / "t.csv", [("TIC 5", 2.5, value, 2.4, 1326)])
    (tmp_path / "empty").mkdir()
    (row,) = features(tmp_path / "t.csv", tmp_path / "empty", tmp_path / "ds", "--depth-unit",
                      unit)
    assert number(row["input_depth"]) == pytest.approx(0.01)


# ---- formulas ----------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A row, and the points with the weights and the ephemeris that it was measured at."""
    time, flux = box_curve(depth=0.004, noise=8e-4, cadence=0.01)
    path = tmp_path_factory.mktemp("measured")
    row = one(path, time, flux, "--detrend", "none", "--clip", "0")
    flux = flux / numpy.median(flux)
    at = {k: number(row[f"bls_{k}"]) for k in ("period", "t0", "duration")}
    x = fold(time, at["period"], at["t0"])
    sigma = 1.4826022185056018 * numpy.median(abs(flux - numpy.median(flux)))
    return row, time, flux, x, at, sigma


def test_depth_and_snr_are_weighted_means(measured):
    row, _, flux, x, at, sigma = measured
    inside = abs(x) < at["duration"] / 2
    out = abs(x) > at["duration"]
    depth = flux[out].mean() - flux[inside].mean()
    error = sigma * math.sqrt(1 / inside.sum() + 1 / out.sum())
    assert number(row["depth"]) == pytest.approx(depth, rel=1e-9)
    assert number(row["depth_err"]) == pytest.approx(error, rel=1e-9)
    assert number(row["bls_snr"]) == pytest.approx(depth / error, rel=1e-9)


def test_moments_are_population_moments(measured):
    row, _, flux, *_ = measured
    z = (flux - flux.mean()) / flux.std()
    wanted = [flux.std(), numpy.median(abs(flux - numpy.median(flux))), (z**3).mean(),
              (z**4).mean() - 3]
    found = [number(row[f"flux_{k}"]) for k in ("std", "mad", "skewness", "kurtosis")]
    assert found == pytest.approx(wanted, rel=1e-6)


def test_odd_and_even_are_means_over_their_transits(measured):
    row, time, flux, x, at, _ = measured
    inside = abs(x) < at["duration"] / 2
    level = flux[abs(x) > at["duration"]].mean()
    turn = numpy.round((time - at["t0"]) / at["period"])
    odd, even = (level - flux[inside & (turn % 2 == k)].mean() for k in (1, 0))
    assert number(row["depth_odd"]) == pytest.approx(odd, rel=1e-9)
    assert number(row["depth_even"]) == pytest.approx(even, rel=1e-9)
    assert number(row["odd_even_depth_diff"]) == pytest.approx(abs(odd - even), rel=1e-6)


def test_single_events_and_mes(measured):
    row, time, flux, x, at, sigma = measured
    inside = abs(x) < at["duration"] / 2
    level = flux[abs(x) > at["duration"]].mean()
    turn = numpy.round((time - at["t0"]) / at["period"])
    red = number(row["red_noise"])
    depths, ses = [], []
    for k in numpy.unique(turn[inside]):
        points = flux[inside & (turn == k)]
        if len(points) >= 3:
            depths.append(level - points.mean())
            ses.append(depths[-1] / math.sqrt(sigma**2 / len(points) + red**2))
    assert number(row["events"]) == len(depths)
    assert number(row["ses_max"]) == pytest.approx(max(ses), rel=1e-9)
    assert number(row["ses_median"]) == pytest.approx(numpy.median(ses), rel=1e-9)
    assert number(row["depth_mean_median"]) == pytest.approx(
        numpy.mean(depths) / numpy.median(depths), rel=1e-9)
    mes = number(row["depth"]) / math.sqrt(number(row["depth_err"])**2 + red**2 / len(depths))
    assert number(row["mes"]) == pytest.approx(mes, rel=1e-9)


def test_thresholds_are_inverse_complementary_error_functions(measured):
    special = pytest.importorskip("scipy.special")
    row, *_ = measured
    part = number(row["bls_duration"]) / number(row["bls_period"])
    for k, scale in (("1", 20000), ("2", 1)):
        wanted = math.sqrt(2) * special.erfcinv(part / scale)
        assert number(row[f"false_alarm_{k}"]) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("step, period, epoch, hours, wanted", [
    (0.01, 3, 3, 5, 1.0), (1, 3, 3, 12, 0.1), (1, 5, 10.25, 24, 0.2)])
def test_transit_coverage_is_exovetters(tmp_path, step, period, epoch, hours, wanted):
    """exovetter's own test values."""
    import json
    time = numpy.arange(0, 100, step)
    write_curve(tmp_path / "c.csv", time, numpy.ones(len(time)) + 1e-4 * numpy.sin(time))
    text = quern("transit", "vet", tmp_path / "c.csv", "--flux-unit", "raw", "--period", period,
                 "--epoch", epoch, "--duration", hours / 24).stdout
    assert json.loads(text)["transit_coverage"] == pytest.approx(wanted)


# ---- what must not change a result ---------------------------------------------------------------

PHYSICAL = ("bls_period", "bls_duration", "bls_depth", "bls_snr", "odd_even_depth_diff",
            "secondary_depth", "red_noise", "trapezoid_depth")


def sparse_curves(count):
    """Six points to a transit, at times that are no grid (as no real ones are)."""
    for seed in range(count):
        rng = numpy.random.default_rng(seed)
        time = numpy.arange(1325, 1352, 0.0197)
        time += rng.uniform(-0.002, 0.002, len(time))
        inside = abs(fold(time, 2.5, 1326.0)) < 0.06
        yield time, 1 - 0.01 * inside + 5e-4 * rng.standard_normal(len(time)), inside


def many(tmp_path, name, curves, epoch=1326.0):
    """Rows of several stars' curves."""
    folder = tmp_path / f"curves-{name}"
    folder.mkdir()
    for i, (time, flux) in enumerate(curves):
        write_curve(folder / f"star{i}.csv", time, flux)
    write_table(tmp_path / f"{name}.csv",
                [(f"star{i}", 2.5, 10000, 2.88, epoch) for i in range(len(curves))])
    return features(tmp_path / f"{name}.csv", folder, tmp_path / name)


@pytest.mark.parametrize("change", ["scale", "reverse", "shift", "period"])
def test_scale_order_and_origin_of_time_do_not_matter(tmp_path, change):
    first = [(time, flux) for time, flux, _ in sparse_curves(8)]
    epoch = {"shift": 11326.0, "period": 1326.0 + 40 * 2.5}.get(change, 1326.0)
    other = []
    for time, flux in first:
        order = numpy.random.default_rng(5).permutation(len(time))
        other.append({"scale": (time, flux * 4096), "reverse": (time[order], flux[order]),
                      "shift": (time + 10000, flux), "period": (time + 40 * 2.5, flux)}[change])
    for a, b in zip(many(tmp_path, "a", first), many(tmp_path, "b", other, epoch), strict=True):
        for key in PHYSICAL:
            # Text keeps 17 digits; far from the origin they are others in the 12th place.
            assert number(b[key]) == pytest.approx(number(a[key]), rel=1e-7, abs=1e-11), key


def test_the_box_is_the_middle_one_of_all_that_hold_the_same_points(tmp_path):
    """Against SciPy's linear programs: with edges low + k P and high + k P, which periods keep the
    points inside in, and their neighbours out?"""
    optimize = pytest.importorskip("scipy.optimize")
    curves = list(sparse_curves(4))
    rows = many(tmp_path, "a", [(time, flux) for time, flux, _ in curves])
    for row, (time, _, inside) in zip(rows, curves, strict=True):
        x = fold(time, 2.5, 1326.0)
        turn = numpy.round((time - 1326.0) / 2.5) - 5  # from a middle one
        at = time - 1326.0 - 5 * 2.5
        one_of = numpy.ones(len(x))
        left, right = (x < 0) & ~inside, (x > 0) & ~inside
        zero = numpy.zeros(len(x))
        limits = numpy.concatenate([
            numpy.transpose([turn, one_of, zero])[inside],  # low + k P <= t
            -numpy.transpose([turn, zero, one_of])[inside],  # t <= high + k P
            -numpy.transpose([turn, one_of, zero])[left],
            numpy.transpose([turn, zero, one_of])[right]])
        bounds = numpy.concatenate([at[inside], -at[inside], -at[left], at[right]])
        ends = [optimize.linprog([sign, 0, 0], limits, bounds, bounds=(None, None)).x[0]
                for sign in (1, -1)]
        period = sum(ends) / 2
        place = at - turn * period
        low = (place[left].max() + place[inside].min()) / 2
        high = (place[right].min() + place[inside].max()) / 2
        assert number(row["points_in"]) == inside.sum()
        assert number(row["bls_period"]) == pytest.approx(period, rel=1e-9)
        assert number(row["bls_duration"]) == pytest.approx(high - low, rel=1e-7)
        middle = 1326.0 + 5 * 2.5 + (low + high) / 2
        cycles = (number(row["bls_t0"]) - middle) / period
        assert abs(cycles - round(cycles)) < 1e-9


@pytest.fixture(scope="module")
def sky(tmp_path_factory):
    path = tmp_path_factory.mktemp("sky")
    quern("synth", "transit", "--stars", 12, "--cadence", 600, "-o", path / "tess")
    return path


def digest(dataset):
    files = [p for p in dataset.rglob("*") if p.is_file() and p.name not in ("run.json",
                                                                            "report.html")]
    return {str(p.relative_to(dataset)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in files if ".quern" not in p.parts}


def test_synthetic_truth_is_recovered(sky, tmp_path):
    rows = features(sky / "tess" / "candidates.csv", sky / "tess", tmp_path / "ds")
    truth = numpy.genfromtxt(sky / "tess" / "truth.csv", delimiter=",", names=True, dtype=None,
                             encoding="utf-8")
    for row, star in zip(rows, truth, strict=True):
        assert row["status"] == "ok" and row["target"] == star["target"]
        if star["kind"] == "planet":
            assert number(row["bls_period"]) == pytest.approx(star["period"], rel=3e-3)
            assert number(row["bls_snr"]) > 0.5 * star["snr"]


@pytest.mark.parametrize("jobs", [["--jobs", 1], ["--jobs", 5], ["--in-process"]])
def test_any_number_of_workers_gives_the_same_bytes(sky, tmp_path, jobs):
    table = sky / "tess" / "candidates.csv"
    features(table, sky / "tess", tmp_path / "a", "--periodograms", "--jobs", 2)
    features(table, sky / "tess", tmp_path / "b", "--periodograms", *jobs)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")


def test_killed_and_resumed_gives_the_same_bytes(sky, tmp_path):
    table = sky / "tess" / "candidates.csv"
    features(table, sky / "tess", tmp_path / "a", "--tls", "fast")
    command = [BUILD / "quern", "transit", "features", table, "--light-curves", sky / "tess",
               "-o", tmp_path / "b", "--progress", "none", "--jobs", "2", "--tls", "fast"]
    for wait in (0.05, 0.1, 0.2, 0.3):
        run = subprocess.Popen(list(map(str, command)), stderr=subprocess.DEVNULL)
        clock.sleep(wait)
        run.send_signal(signal.SIGKILL)
        run.wait()
        if (tmp_path / "b").exists():
            break
    if not (tmp_path / "b").exists():
        subprocess.run(list(map(str, command)), check=True, capture_output=True)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")


def test_other_programs_read_the_table(sky, tmp_path):
    import duckdb
    import pandas
    rows = features(sky / "tess" / "candidates.csv", sky / "tess", tmp_path / "ds")
    frame = pandas.read_parquet(tmp_path / "ds" / "features.parquet")
    assert list(frame.columns) == list(rows[0])
    for key in ("bls_period", "events", "status", "tls_sde"):
        for value, row in zip(frame[key], rows, strict=True):
            text = row[key]
            assert (pandas.isna(value) and text == "") or (
                value == text if isinstance(value, str) else float(value) == float(text))
    query = f"select count(*) from '{tmp_path}/ds/features.parquet' where status = 'ok'"
    assert duckdb.connect().sql(query).fetchall()[0][0] == len(rows)
    quern("verify", tmp_path / "ds")


def test_a_blind_search_lists_the_planets(sky, tmp_path):
    quern("transit", "search", sky / "tess", "-o", tmp_path / "ds", "--progress", "none")
    truth = numpy.genfromtxt(sky / "tess" / "truth.csv", delimiter=",", names=True, dtype=None,
                             encoding="utf-8")
    first = {row["target"]: row for row in rows_of(tmp_path / "ds") if row["signal"] in "01"}
    assert set(truth["target"]) <= set(first)
    for star in truth:
        if star["kind"] == "planet":
            ratio = number(first[star["target"]]["bls_period"]) / star["period"]
            assert min(abs(ratio - k) for k in (0.5, 1, 2)) < 0.005, star
    quern("verify", tmp_path / "ds")


@pytest.mark.parametrize("wave", [0, 0.004])
def test_a_blind_search_keeps_long_transits_and_takes_out_trends(tmp_path, wave):
    """A trend of a day takes a third of an eight-hour transit; one of three days a tenth. Where the
    star is a wave of 2.4 days, the narrow one is needed to see any transit."""
    time, flux = box_curve(period=5.5, duration=0.33, depth=0.0005 + wave, noise=6e-4,
                           cadence=1 / 48, seed=8)
    write_curve(tmp_path / "c.csv", time, flux * (1 + wave * numpy.sin(2 * numpy.pi * time / 2.4)))
    quern("transit", "search", tmp_path / "c.csv", "-o", tmp_path / "ds", "--progress", "none",
          "--planets", 1, "--min-snr", 0)
    (row,) = rows_of(tmp_path / "ds")
    assert number(row["bls_period"]) == pytest.approx(5.5, rel=0.01)
    if wave == 0:
        x = fold(time, 5.5, 1326.0)
        depth = flux[abs(x) > 0.33].mean() - flux[abs(x) < 0.165].mean()
        assert number(row["bls_depth"]) == pytest.approx(depth, rel=0.15)


def test_sheets_are_drawn_for_the_strongest(sky, tmp_path):
    features(sky / "tess" / "candidates.csv", sky / "tess", tmp_path / "ds", "--sheets", 2)
    sheets = sorted((tmp_path / "ds").glob("*.png"))
    assert len(sheets) == 2 and all(s.read_bytes()[1:4] == b"PNG" for s in sheets)
    strongest = sorted(rows_of(tmp_path / "ds"), key=lambda r: -number(r["bls_snr"]))[:2]
    assert {s.name for s in sheets} == {f"sheet-{int(r['row']):08d}.png" for r in strongest}
    assert "Vetting sheets" in (tmp_path / "ds" / "report.html").read_text()
