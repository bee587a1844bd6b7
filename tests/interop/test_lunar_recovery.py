"""From known potentials to files to found potentials: what `quern synth lunar` plants, `quern lunar
map` finds, and every fault that it plants is told by name."""

import csv

import numpy
import pytest
from lunar_tools import facts, lunar_map, table
from segy_tools import quern


def truths(folder):
    with open(folder / "truth.csv", newline="") as file:
        return {(row["file"], int(row["spec_no"])): row for row in csv.DictReader(file)}


def found(dataset):
    return {(f"3D{row['day']:%y%m%d}.TAB", row["file_spec_no"]): row
            for row in table(dataset, "spectra")}


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """[(truth, found)] of 240 sweeps of a day."""
    folder = tmp_path_factory.mktemp("recovery")
    quern("synth", "lunar", "--days", 1, "--sweeps-per-day", 240, "-o", folder / "lp")
    lunar_map(folder / "lp", folder / "x.ds")
    sweeps = found(folder / "x.ds")
    return [(truth, sweeps[key]) for key, truth in truths(folder / "lp").items()]


def errors(pairs, of_truth, of_found):
    return numpy.array([row[of_found] - float(truth[of_truth]) for truth, row in pairs
                        if row[of_found] is not None])


@pytest.mark.parametrize("sun, median, most", [("1", 0.1, 1.0), ("0", 0.5, 3.0)])
def test_potentials_of_the_spacecraft_are_found_by_day_and_by_night(day, sun, median, most):
    pairs = [(t, f) for t, f in day if t["spacecraft_in_sun"] == sun and t["balanced"] == "1"]
    off = numpy.abs(errors(pairs, "u_spacecraft", "spacecraft_potential"))
    assert len(off) > 0.9 * len(pairs) > 50
    assert numpy.median(off) < median and numpy.quantile(off, 0.9) < most


@pytest.mark.parametrize("sun, median", [("1", 2.0), ("0", 5.0)])
def test_potentials_of_the_surface_are_found_by_day_and_by_night(day, sun, median):
    pairs = [(t, f) for t, f in day if t["spacecraft_in_sun"] == sun and t["polarity"] != "0"]
    off = numpy.abs(errors(pairs, "u_surface", "projected_potential"))
    assert len(off) > 0.9 * len(pairs) > 50
    assert numpy.median(off) < median
    ratio = numpy.abs(errors(pairs, "bs_over_bm", "bs_over_bm"))
    assert numpy.median(ratio) < 0.03


def test_places_are_those_of_the_orbit(day):
    for truth, row in day:
        if truth["steady"] == "1":
            assert str(row["projection_polarity"]) == truth["polarity"]
            assert str(int(row["spacecraft_in_sun"])) == truth["spacecraft_in_sun"]
            assert "shadow-edge" not in row["remarks"]
    assert any("shadow-edge" in row["remarks"] for _, row in day)


def test_every_value_that_is_missing_has_a_reason(day):
    for _, row in day:
        for name in ("kappa", "spacecraft_potential", "projected_potential", "bs_over_bm"):
            assert row[name] is not None or row[f"{name}_reason"] not in ("", None), (name, row)


def test_intervals_hold_their_values(day):
    for _, row in day:
        for name in ("kappa", "electron_temperature", "spacecraft_potential",
                     "projected_potential", "bs_over_bm"):
            if row[name] is not None:
                low, high = row[f"{name}_low"], row[f"{name}_high"]
                assert low is None or low <= row[name], (name, row)
                assert high is None or high >= row[name], (name, row)


@pytest.mark.parametrize("value, key, scale", [
    ("kappa", "kappa", 1), ("electron_temperature", "temperature_ev", 1),
    ("electron_density", "density_cm3", 1e6), ("spacecraft_potential", "u_spacecraft", 1),
    ("projected_potential", "u_surface", 1), ("bs_over_bm", "bs_over_bm", 1),
    ("beam_amp", "beam_amp", 1)])
def test_intervals_hold_the_truth_as_often_as_they_say(day, value, key, scale):
    """68 %, within three deviations of so few sweeps."""
    inside = [row[f"{value}_low"] <= scale * float(truth[key]) <= row[f"{value}_high"]
              for truth, row in day if truth["steady"] == "1" and truth["balanced"] == "1"
              and truth["polarity"] != "0" and None not in (row[f"{value}_low"], row[f"{value}_high"])]
    assert len(inside) > 100
    assert abs(numpy.mean(inside) - 0.68) < 0.04 + 3 * (0.68 * 0.32 / len(inside)) ** 0.5


def test_the_published_objectives_are_of_the_published_procedure(tmp_path):
    refused = quern("lunar", "map", tmp_path / "lp", "-o", tmp_path / "x.ds",
                    "--losscone-fit-method", "lillis", code=2)
    assert "--profile classic" in refused.stderr


# What becomes of the faults that --faults plants: (reason, remarks, rows that cannot be used).
FAULTS = {
    "team_flags": ("no-rows", "", 0),
    "ppi_flags": ("no-rows", "", 0),
    "182_fields": ("", "faulty-rows", 1),
    "184_fields": ("", "faulty-rows", 1),
    "text": ("", "faulty-rows", 1),
    "14_rows": ("", "short", 0),
    "back_in_time": ("", "time-back", 0),
    "no_field": ("bad-field", "", 0),
    "wild_field": ("bad-field", "", 0),
    "no_time": ("bad-time", "", 0),
}


def test_every_planted_fault_is_told_by_name(tmp_path):
    quern("synth", "lunar", "--days", 1, "--sweeps-per-day", 60, "--faults", "-o", tmp_path / "lp")
    lunar_map(tmp_path / "lp", tmp_path / "x.ds", code=3)
    sweeps = found(tmp_path / "x.ds")
    planted = {truth["fault"]: sweeps[key] for key, truth in truths(tmp_path / "lp").items()
               if truth["fault"]}
    assert set(FAULTS) <= set(planted)
    for fault, (reason, remarks, faulty) in FAULTS.items():
        row = planted[fault]
        assert (row["reason"], row["remarks"]) == (reason, remarks), fault
        assert row["rows"] - row["used_rows"] == (row["rows"] if reason else faulty), fault
        assert (row["kappa"] is None) == (reason != ""), fault
    assert planted["some_flags"]["missing_cells"] > 0 and planted["some_flags"]["reason"] == ""
    assert planted["dead"]["projected_potential"] is None
    assert facts(tmp_path / "x.ds")["faulty_rows"] == 3
