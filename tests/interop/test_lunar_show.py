"""Known potentials are found again; single sweeps and the report show what was found."""

import json
import math
import re

import numpy
import pandas
import pyarrow.parquet
import pytest
from lunar_truth import SOLID_ANGLE, pitch, sweeps, synth, theta
from PIL import Image
from segy_tools import quern


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """A month of few sweeps: archive, answer key, what was found."""
    folder = tmp_path_factory.mktemp("known")
    truth = synth(folder / "lp", "--days", 28, "--sweeps-per-day", 20)
    quern("lunar", "map", folder / "lp", "-o", folder / "map.ds", "--progress", "none")
    found = pandas.read_parquet(folder / "map.ds" / "spectra.parquet")
    assert list(found.file_spec_no) == list(truth.spec_no)
    truth["footed"] = (truth.steady == 1) & (truth.polarity != 0)
    return folder, truth, found


def held(found, name, wanted, use):
    """The share of 68 % intervals that hold the truth, and of how many."""
    low, high = found[name + "_low"], found[name + "_high"]
    use = use & low.notna() & high.notna()
    return ((low <= wanted) & (wanted <= high))[use].mean(), use.sum()


@pytest.mark.parametrize("name, key, scale", [
    ("electron_temperature", "temperature_ev", 1), ("electron_density", "density_cm3", 1e6),
    ("kappa", "kappa", 1), ("spacecraft_potential", "u_spacecraft", 1),
])
def test_the_plasma_and_the_spacecraft_are_found_within_their_intervals(known, name, key, scale):
    _, truth, found = known
    share, count = held(found, name, truth[key] * scale, (truth.steady == 1) & (truth.balanced == 1))
    assert count > 400
    assert 0.6 < share < 0.85


@pytest.mark.parametrize("name, key, least, dark, sunlit", [
    ("projected_potential", "u_surface", 0.55, 2, 0.5),
    ("bs_over_bm", "bs_over_bm", 0.55, 0.005, 0.005),
])
def test_the_surface_is_found_within_its_intervals(known, name, key, least, dark, sunlit):
    _, truth, found = known
    share, count = held(found, name, truth[key], truth.footed)
    assert count > 300
    assert least < share < 0.85
    error = abs(found[name] - truth[key])
    assert error[truth.footed & (truth.foot_in_sun == 0)].median() < dark
    assert error[truth.footed & (truth.foot_in_sun == 1)].median() < sunlit


def test_places_and_light_are_those_of_the_answer_key(known):
    """The key tells of the first row, the table of the middle one, 35 s on."""
    _, truth, found = known
    use = truth.footed
    assert (found.projection_in_sun == (truth.foot_in_sun == 1))[use].all()
    assert (found.spacecraft_in_sun == (truth.spacecraft_in_sun == 1))[truth.steady == 1].all()
    assert abs(found.projection_latitude - truth.foot_latitude)[use].median() < 2


@pytest.mark.parametrize("profile", ["classic"])
def test_the_published_procedure_is_further_from_the_truth(known, profile):
    folder, truth, robust = known
    quern("lunar", "map", folder / "lp", "-o", folder / f"{profile}.ds", "--profile", profile,
          "--progress", "none")
    found = pandas.read_parquet(folder / f"{profile}.ds" / "spectra.parquet")
    assert found.projected_potential_low.isna().all()
    for name, key in (("projected_potential", "u_surface"), ("bs_over_bm", "bs_over_bm"),
                      ("electron_temperature", "temperature_ev")):
        ours = abs(robust[name] - truth[key])[truth.footed].median()
        theirs = abs(found[name] - truth[key])[truth.footed].median()
        assert theirs > 2 * ours


def test_angles_where_cells_look_give_the_same_as_where_electrons_fly(tmp_path):
    for look in ("flight", "look"):
        synth(tmp_path / look, "--sweeps-per-day", 20, "--look-direction", look, "--no-noise")
        quern("lunar", "map", tmp_path / look, "-o", tmp_path / f"{look}.ds", "--progress", "none",
              "--look-direction", look)
    one, other = (pandas.read_parquet(tmp_path / f"{look}.ds" / "spectra.parquet")
                  for look in ("flight", "look"))
    close = abs(one.projected_potential - other.projected_potential)
    assert close.median() < 3 and close.notna().sum() > 5


def test_defect_10_bs_over_bm_is_the_field_at_the_spacecraft_over_that_at_the_surface(known):
    """Not its inverse, as the published program's own description has it."""
    folder, truth, found = known
    told = pyarrow.parquet.read_schema(folder / "map.ds" / "spectra.parquet").metadata[b"bs_over_bm"]
    assert told == b"magnetic field at the spacecraft over that at the surface"
    use = truth.footed & found.bs_over_bm.notna() & (truth.bs_over_bm < 0.8)
    off, inverse = (abs(found.bs_over_bm - b)[use].median() for b in (truth.bs_over_bm,
                                                                     1 / truth.bs_over_bm))
    assert use.sum() > 20 and off < 0.01 and inverse > 0.3


# ---- faults ---------------------------------------------------------------------------------

WANTED = {  # column of spectra.parquet -> what it has to say
    "dead": ("projected_potential", None),
    "team_flags": ("reason", "no-rows"),
    "ppi_flags": ("reason", "no-rows"),
    "182_fields": ("remarks", "faulty-rows"),
    "184_fields": ("remarks", "faulty-rows"),
    "text": ("remarks", "faulty-rows"),
    "14_rows": ("remarks", "short"),
    "no_field": ("reason", "bad-field"),
    "wild_field": ("reason", "bad-field"),
    "no_time": ("reason", "bad-time"),
}


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faulty")
    truth = synth(folder / "lp", "--faults", "--crlf", "--sweeps-per-day", 60, "--start", "1998-04-11")
    quern("lunar", "map", folder / "lp", "-o", folder / "map.ds", "--progress", "none", code=3)
    found = pandas.read_parquet(folder / "map.ds" / "spectra.parquet")
    return folder, truth, found.set_index("file_spec_no")


@pytest.mark.parametrize("fault", sorted(WANTED))
def test_a_planted_fault_is_named_in_the_row_of_its_sweep(faulty, fault):
    _, truth, found = faulty
    (number,) = truth.spec_no[truth.fault == fault]
    column, wanted = WANTED[fault]
    said = found.loc[number, column]
    assert pandas.isna(said) if wanted is None else wanted in said.split()


def test_every_sweep_is_there_and_those_without_faults_are_fitted(faulty):
    _, truth, found = faulty
    assert len(found) == len(truth) == 60
    sound = truth[(truth.fault == "") & (truth.balanced == 1)]
    assert found.loc[sound.spec_no].spacecraft_potential.notna().all()
    flagged, empty = (truth.spec_no[truth.fault == name].item() for name in ("some_flags", "empty_row"))
    assert found.loc[flagged].missing_cells == 15 * 30
    assert numpy.isfinite(found.loc[[flagged, empty]].electron_temperature).all()


# ---- one sweep ------------------------------------------------------------------------------


def chosen(known):
    """A sweep in the dark with all values, its file and its rows as NumPy reads them."""
    folder, truth, found = known
    use = truth.footed & (truth.foot_in_sun == 0) & found.spacecraft_potential.notna()
    use &= truth.spacecraft_in_sun == 1
    i = int(numpy.flatnonzero(use)[3])
    (file,) = folder.rglob(truth.file[i])
    return file, truth.loc[i], found.loc[i], sweeps(folder / "lp")[i]


def test_a_sweep_as_json_says_what_the_map_says(known):
    file, truth, found, _ = chosen(known)
    shown = json.loads(quern("lunar", "sweep", file, truth.spec_no, "--json").stdout)
    for name, column in (("projected_potential_v", "projected_potential"), ("kappa", "kappa"),
                         ("bs_over_bm", "bs_over_bm"), ("spacecraft_potential_v", "spacecraft_potential"),
                         ("electron_temperature_ev", "electron_temperature")):
        assert shown[name]["value"] == pytest.approx(found[column], rel=1e-8)
        assert shown[name]["low"] == pytest.approx(found[column + "_low"], rel=1e-8)
    assert shown["projection_latitude"] == pytest.approx(found.projection_latitude)
    assert shown["time"] == truth.time


def test_spectra_and_pitch_angles_are_those_of_the_file(known):
    """By day without the cells that sunlight gets into: 7 degrees and half a cell from the Sun, on
    the two rings next to the equator."""
    file, truth, found, sweep = chosen(known)
    latitude = theta(known[0] / "lp")
    shown = json.loads(quern("lunar", "sweep", file, truth.spec_no, "--json").stdout)["energies"]
    angle = pitch(sweep, latitude, truth.polarity)
    weight = numpy.array([SOLID_ANGLE[abs(t)] for t in latitude])
    assert [row["energy_ev"] for row in shown] == pytest.approx(list(sweep["energy"]))
    sunlit = (abs(latitude) < 30) & (abs((sweep["phi"] + 180) % 360 - 180) <= 18.25)
    sunlit &= bool(truth.spacecraft_in_sun)
    for i, row in enumerate(shown):
        assert row["pitch_deg"] == pytest.approx(list(angle[i]), abs=1e-6)
        assert row["flux"] == 0 or [v is None for v in row["relative_flux"]] == list(sunlit[i])
        incident = (angle[i] < 90) & ~sunlit[i]
        flux = 4 * math.pi * (weight * sweep["flux"][i])[incident].sum() / weight[incident].sum()
        assert row["flux"] == pytest.approx(flux, rel=1e-9)
        if row["edge_deg"] is not None:
            x = found.bs_over_bm * (1 + found.projected_potential
                                    / (row["energy_ev"] - found.assumed_potential))
            assert row["edge_deg"] == pytest.approx(180 - math.degrees(math.asin(min(1, x) ** 0.5)))
    fitted = [(row["flux"], row["model_flux"]) for row in shown if row["flux_error"] < 0.02 * row["flux"]]
    assert len(fitted) > 4
    for flux, model in fitted:
        assert model == pytest.approx(flux, rel=0.1)


def test_a_sweep_as_text_has_values_intervals_and_the_edge(known):
    file, truth, found, _ = chosen(known)
    text = quern("lunar", "sweep", file, truth.spec_no).stdout
    assert text.startswith(f"Sweep {truth.spec_no} of {file.name}")
    surface = re.search(r"surface +(\S+) V \((\S+) to (\S+)\)", text)
    assert float(surface[1]) == pytest.approx(found.projected_potential, rel=1e-3)
    assert float(surface[2]) < float(surface[1]) < float(surface[3])
    assert text.count("|") > 8 and "in the dark" in text


def test_a_sweep_is_drawn(known, tmp_path):
    file, truth, _, _ = chosen(known)
    quern("lunar", "sweep", file, truth.spec_no, "--plot", tmp_path / "sweep.png")
    with Image.open(tmp_path / "sweep.png") as picture:
        assert picture.size == (1200, 980)
        colours = {colour for count, colour in picture.convert("RGB").getcolors(1 << 20) if count > 50}
    assert len(colours) > 8  # classes of flux, points, lines


def test_what_sweep_cannot_show_is_said(known, tmp_path):
    file, truth, _, _ = chosen(known)
    assert "numbered 1 to" in quern("lunar", "sweep", file, 99999, code=1).stderr
    assert "number of a sweep" in quern("lunar", "sweep", file, code=2).stderr
    assert "number of a sweep" in quern("lunar", "sweep", file, "tenth", code=2).stderr
    alone = tmp_path / "a" / "b" / "c" / "d" / file.name
    alone.parent.mkdir(parents=True)
    alone.write_bytes(file.read_bytes())
    assert "theta.tab" in quern("lunar", "sweep", alone, truth.spec_no, code=1).stderr
    quern("lunar", "sweep", alone, truth.spec_no, "--data", known[0] / "lp")


def test_a_sweep_without_a_fit_is_shown_with_its_reason(faulty):
    folder, truth, _ = faulty
    (file,) = folder.rglob("3D980411.TAB")
    (number,) = truth.spec_no[truth.fault == "team_flags"]
    assert "no-rows" in quern("lunar", "sweep", file, number).stdout
    shown = json.loads(quern("lunar", "sweep", file, number, "--json", "--plot", folder / "none.png").stdout)
    assert shown["reason"] == "no-rows" and shown["kappa"]["value"] is None
    assert Image.open(folder / "none.png").size[0] == 1200


# ---- the report -----------------------------------------------------------------------------


def test_the_report_has_its_maps_sweeps_and_reasons(known):
    dataset = known[0] / "map.ds"
    html = (dataset / "report.html").read_text()
    for heading in ("Potential of the surface", "Reasons", "Some sweeps"):
        assert f">{heading}</h2>" in html
    assert "secondaries" in html and "quern lunar sweep" in html
    pictures = ["map-dark.png", "map-sunlit.png", "regions.png", "track.png", "sweep-1.png",
                "sweep-2.png", "sweep-3.png"]
    for name in pictures:
        assert name in html
        with Image.open(dataset / name) as picture:
            picture.load()
    assert html.count("data:image/png") >= len(pictures)


def test_the_report_does_without_files_of_spectra_that_are_gone(known, tmp_path):
    synth(tmp_path / "lp", "--sweeps-per-day", 20)
    quern("lunar", "map", tmp_path / "lp", "-o", tmp_path / "map.ds", "--progress", "none")
    (tmp_path / "lp").rename(tmp_path / "gone")
    quern("report", tmp_path / "map.ds")
    html = (tmp_path / "map.ds" / "report.html").read_text()
    assert "They cannot be drawn" in html and "map-dark.png" in html
