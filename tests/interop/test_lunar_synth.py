"""Synthetic archives of Lunar Prospector hold what their answer key says, in the real forms."""

import filecmp
import math

import numpy
import pytest
from lunar_truth import CELLS, pitch, seen_flux, spectra, sweeps, synth, theta


@pytest.fixture(scope="module")
def exact(tmp_path_factory):
    """Mean counts in cells of one direction, without the Sun's light."""
    folder = tmp_path_factory.mktemp("exact") / "lp"
    truth = synth(folder, "--no-noise", "--no-sunlight", "--angles", 1, "--days", 28,
                  "--sweeps-per-day", 6)
    return folder, truth, sweeps(folder)


def test_files_lie_and_read_as_those_of_the_archive(exact):
    folder, truth, found = exact
    assert len(list((folder / "1998/091_120APR").glob("3D9804??.TAB"))) == 26
    assert (folder / "1998/121_151MAY/3D980502.TAB").exists()
    assert [s["spec_no"] for s in found] == list(truth.spec_no)
    assert [s["time"] for s in found] == list(truth.time)
    for sweep in found[:20]:
        seconds = numpy.array([int(text[17:19]) for text in sweep["utc"]])
        assert set(numpy.diff(seconds) % 60) == {5}
        assert sweep["energy"][0] == pytest.approx(16680.334)
        assert sweep["energy"][-1] == pytest.approx(38.641)
    attitude = (folder / "attitude.tab").read_bytes()
    assert len(attitude) % 42 == 0
    assert {attitude[i + 40 : i + 42] for i in range(0, len(attitude), 42)} == {b"\r\n"}
    assert sorted(abs(theta(folder))) == sorted(t for t, n in CELLS.items() for _ in range(2 * n))


def test_incident_fluxes_are_those_of_the_kappa_distribution(exact):
    folder, truth, found = exact
    latitude, checked = theta(folder), 0
    for sweep, known in zip(found, truth.itertuples()):
        if known.polarity == 0:
            continue
        incident = pitch(sweep, latitude, known.polarity) < 89.9
        wanted = seen_flux(sweep["energy"], known)[:, None].repeat(88, axis=1)
        good = incident & (wanted > 1e-6)
        assert sweep["flux"][good] == pytest.approx(wanted[good], rel=6e-3)
        checked += 1
    assert checked > 100


def test_returning_fluxes_are_those_of_the_loss_cone(exact):
    """sin^2 of the cone's angle is B_S/B_M (1 + U / (E - U_sc)); 5 % come back inside it."""
    folder, truth, found = exact
    latitude, lost = theta(folder), 0
    for sweep, known in zip(found, truth.itertuples()):
        if known.polarity == 0 or known.beam_amp > 0:
            continue
        angle = pitch(sweep, latitude, known.polarity)
        with numpy.errstate(all="ignore"):
            sine2 = known.bs_over_bm * (1 + known.u_surface / (sweep["energy"] - known.u_spacecraft))
        edge = 180 - numpy.degrees(numpy.arcsin(numpy.sqrt(numpy.clip(sine2, 0, 1))))[:, None]
        full = numpy.nanmax(numpy.where(angle < 90, sweep["flux"], numpy.nan), axis=1)[:, None]
        clear = (full > 1e-6) & (abs(angle - edge) > 0.1) & (angle > 90)
        clear &= (sweep["energy"] > known.u_spacecraft + 1)[:, None]
        ratio = sweep["flux"] / numpy.maximum(full, 1e-30)
        assert ratio[clear & (angle < edge)] == pytest.approx(1, rel=2e-3)
        assert ratio[clear & (angle > edge)] == pytest.approx(0.05, rel=2e-3)
        lost += (clear & (angle > edge)).sum()
    assert lost > 1000


def test_the_beam_stands_at_the_energy_of_the_drop(exact):
    folder, truth, found = exact
    latitude, seen = theta(folder), 0
    for sweep, known in zip(found, truth.itertuples()):
        if not known.beam_amp > 0.5:
            continue
        drop = max(known.u_spacecraft - known.u_surface, 15)
        row = int(numpy.argmin(abs(sweep["energy"] - drop)))
        angle = pitch(sweep, latitude, known.polarity)[row]
        cell = int(numpy.argmax(angle))
        full = sweep["flux"][row][angle < 80].max()
        wanted = known.beam_amp * math.exp(-0.5 * ((sweep["energy"][row] - drop) / 15) ** 2)
        wanted *= math.exp(-0.5 * ((180 - angle[cell]) / 7.5) ** 2)
        background = sweep["flux"][row][cell] / full - wanted
        assert background == pytest.approx(1, abs=0.01) or background == pytest.approx(0.05, abs=0.01)
        seen += wanted > 0.2
    assert seen > 3


def test_counts_are_whole_and_scatter_as_poissons(tmp_path):
    truth = synth(tmp_path / "lp", "--no-sunlight", "--angles", 1, "--sweeps-per-day", 60)
    folder, chi2, degrees = tmp_path / "lp", 0, 0
    cells = numpy.array([CELLS[abs(t)] for t in theta(folder)])
    for sweep, known in zip(sweeps(folder), truth.itertuples()):
        counts = sweep["flux"] * 0.02 * sweep["energy"][:, None] * 2.5 / cells
        few = counts < 400  # four digits are enough to tell
        assert abs(counts[few] - numpy.round(counts[few])).max() < 0.21
        if known.polarity == 0:  # all directions alike
            mean = seen_flux(sweep["energy"], known)[:, None] * 0.02 * sweep["energy"][:, None] * 2.5 / cells
            good = (mean > 20) & (mean < 1e5)
            chi2 += ((counts - mean)[good] ** 2 / mean[good]).sum()
            degrees += good.sum()
    assert degrees > 2000
    assert abs(chi2 / degrees - 1) < 0.1


def test_the_suns_light_is_where_the_sun_is(tmp_path):
    """Azimuth 0 of the despun frame is the Sun's."""
    truth = synth(tmp_path / "lp", "--sweeps-per-day", 40)
    latitude = theta(tmp_path / "lp")
    for sweep, known in zip(sweeps(tmp_path / "lp"), truth.itertuples()):
        counts = sweep["flux"][0] * 0.02 * sweep["energy"][0] * 2.5  # the highest energy: no electrons
        towards = (abs(latitude) < 12) & (abs((sweep["phi"][0] + 180) % 360 - 180) < 11.3)
        away = (abs((sweep["phi"][0] + 180) % 360 - 180) > 90)
        if known.spacecraft_in_sun:
            assert counts[towards].min() > 16 * 20
        if known.temperature_ev < 20 and known.kappa > 4:
            assert counts[away].mean() < 16 * 3
            assert known.spacecraft_in_sun or counts[towards].mean() < 16 * 3


def test_the_same_options_give_the_same_bytes_on_any_number_of_threads(tmp_path):
    names = []
    for jobs, seed in ((1, 3), (2, 3), (2, 4)):
        folder = tmp_path / f"{jobs}-{seed}"
        synth(folder, "--days", 3, "--sweeps-per-day", 20, "--jobs", jobs, "--seed", seed, "--planets")
        names.append(sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file()))
    assert names[0] == names[1] == names[2] and len(names[0]) == 8
    _, differ, errors = filecmp.cmpfiles(tmp_path / "1-3", tmp_path / "2-3", names[0], shallow=False)
    assert differ == errors == []
    _, differ, _ = filecmp.cmpfiles(tmp_path / "1-3", tmp_path / "2-4", names[0], shallow=False)
    assert len(differ) >= 5


def test_angles_of_looking_cells_are_turned_around(tmp_path):
    options = ("--no-noise", "--no-sunlight", "--angles", 1, "--sweeps-per-day", 30)
    truth = synth(tmp_path / "flight", *options)
    synth(tmp_path / "look", *options, "--look-direction", "look")
    latitude, seen = theta(tmp_path / "look"), 0
    for sweep, known in zip(sweeps(tmp_path / "look"), truth.itertuples()):
        if known.polarity == 0 or known.bs_over_bm < 0.6:
            continue
        angle = 180 - pitch(sweep, latitude, known.polarity)  # where its electrons fly
        row = numpy.argmin(abs(sweep["energy"] - 1000))
        full = sweep["flux"][row][angle[row] < 80].mean()
        assert (sweep["flux"][row][angle[row] > 165] < 0.1 * full).all()
        seen += 1
    assert seen > 5


def test_a_day_runs_past_midnight_and_numbers_have_gaps(tmp_path):
    truth = synth(tmp_path / "lp")
    utc, rows = spectra(tmp_path / "lp")
    assert len(truth) == 987 and utc[0] == "1998-04-05T00:00:24"
    assert rows.shape[1] == 182
    assert truth.spec_no.iloc[-1] > 987 and truth.spec_no.is_unique
