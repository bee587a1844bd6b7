"""The numerics of lunar beside NumPy and SciPy: the published fits, the global minimum of the loss
cone beside differential evolution, and the truth of synthetic sweeps."""

import json
import subprocess

import numpy as np
import pytest

from scipy import optimize, special

import lunar_reference as ref

from segy_tools import BUILD

PROGRAM = BUILD / "tests" / "lunar_numbers"


def run(records, *arguments):
    done = subprocess.run([PROGRAM, *arguments], input=b"".join(records), capture_output=True,
                          check=True)
    return [json.loads(line.replace("nan", "NaN")) for line in done.stdout.decode().splitlines()]


def record(sweep, day, u_sc=np.nan, polarity=1):
    energy, field, phi, theta, flux = sweep
    return np.concatenate([[float(day), u_sc], energy, field.ravel(), np.full(15, polarity), theta,
                           flux.ravel(), phi.ravel()]).tobytes()


# Density [m^-3], kappa, temperature [eV], surface [V], B_S/B_M, beam; by day and by night.
PLASMAS = [(5e6, 4.0, 12.0, -35.0, 0.7, 0.0), (8e6, 2.8, 20.0, -120.0, 0.9, 1.0),
           (2e5, 5.0, 70.0, -60.0, 0.5, 0.5), (1.5e7, 3.5, 40.0, -250.0, 0.8, 0.0)]


def sweeps(angles=1):
    """(sweep, day, truth) of all plasmas by day and by night."""
    rng = np.random.default_rng(3)
    for n, kappa, t, u, b, beam in PLASMAS:
        theta = ref.theta_of(kappa, t)
        for day in (True, False):
            current = ref.closed_current(n, kappa, theta)
            if day and not 1.32e-9 < current < 1.08e-6:
                continue
            u_sc = (ref.photoemission_potential(current) if day
                    else ref.liouville_night_potential(n, kappa, theta))
            if u_sc is None:
                continue
            sweep = ref.synthetic_sweep(rng, n, kappa, theta, day, u, b, beam, u_sc, angles=angles)
            yield sweep, day, {"density": n, "kappa": kappa, "theta": theta, "temperature": t,
                               "u_spacecraft": u_sc, "u_surface": u, "ratio": b, "beam": beam}


def published(sweep, day):
    """The published fit and potential, by SciPy."""
    energy, field, phi, theta, flux = sweep
    omni, counts = ref.spectrum(energy, flux, field, theta, phi)
    n, kappa, speed, chi2 = ref.kappa_fit(energy, omni, counts)
    if day:
        current = ref.simpson_current(n, kappa, speed, 10, 20000, 10)
        first = ref.photoemission_potential(current)
        shifted = np.maximum(energy - first, 1e-6)
        n, kappa, speed, chi2 = ref.kappa_fit(shifted, omni, counts)
        current = ref.simpson_current(n, kappa, speed, 10, 20000, 100)
        return kappa, speed, chi2, ref.photoemission_potential(current)

    def excess(u):
        if ref.temperature(kappa, speed) + u / (kappa - 1.5) <= 0:
            return 1e12
        electrons, secondaries, ions = ref.night_currents(u, n, kappa, speed)
        return ions + secondaries - electrons

    u = optimize.brentq(excess, -1500, 0, xtol=1e-6) if excess(0) < 0 else np.nan
    return kappa, speed, chi2, u


def test_classic_fits_are_those_of_scipy():
    cases = list(sweeps())
    found = run([record(sweep, day) for sweep, day, _ in cases], "measure", "classic", "halekas")
    assert len(cases) >= 6
    for (sweep, day, _), mine in zip(cases, found):
        kappa, speed, chi2, u = published(sweep, day)
        assert mine["spectrum_chi2"] <= chi2 * (1 + 1e-6)
        assert mine["kappa"]["value"] == pytest.approx(kappa, rel=2e-3)
        if np.isnan(u):
            assert mine["u_spacecraft"]["value"] is None
        else:
            assert mine["u_spacecraft"]["value"] == pytest.approx(u, rel=2e-3, abs=2e-3)
            if day:
                assert mine["theta"]["value"] == pytest.approx(speed, rel=2e-3)


def test_robust_fits_hold_the_truth_of_poisson_sweeps():
    """Errors within four deviations, a deviation taken as half the 68 % interval."""
    cases = list(sweeps())
    found = run([record(sweep, day) for sweep, day, _ in cases], "measure", "robust", "halekas")
    for (_, _, truth), mine in zip(cases, found):
        for name in ("density", "kappa", "theta", "temperature", "u_spacecraft"):
            low, high = mine[name]["low"], mine[name]["high"]
            assert abs(mine[name]["value"] - truth[name]) < 4 * 0.5 * (high - low), name
            assert high - low < 0.2 * abs(truth[name]), name
        assert mine["u_surface"]["value"] == pytest.approx(truth["u_surface"], rel=0.08)
        assert mine["ratio"]["value"] == pytest.approx(truth["ratio"], rel=0.03)
        assert mine["identifiable"]


def counts_of_rows(sweep):
    """Counts and exposures of cells that move to the Moon by more than half a cell; polarity +1."""
    energy, field, phi, theta, flux = sweep
    factor = 0.02 * energy[:, None] * 2.5 / ref.sharing(theta)
    pitch = np.array([ref.pitch_angles(field[i], theta, phi[i]) for i in range(15)])
    use = pitch < 90 - 11.25
    return (np.rint(flux * factor) * use).sum(axis=1), (factor * use).sum(axis=1)


def test_intervals_of_a_spectrum_are_where_its_profile_has_risen_by_one():
    """The deviance of Poisson's counts by NumPy, the other two parameters optimised by SciPy."""
    n, kappa, t, u_sc = 5e6, 4.0, 12.0, -8.0
    sweep = ref.synthetic_sweep(np.random.default_rng(5), n, kappa, ref.theta_of(kappa, t), False,
                                -35, 0.7, 0, u_sc)
    counts, exposure = counts_of_rows(sweep)
    (mine,) = run([record(sweep, False, u_sc)], "measure", "robust", "halekas")
    assert mine["gain_error"] == 0

    def deviance(q):
        mean = exposure * ref.seen_flux(sweep[0], np.exp(q[0]), 1 / q[1],
                                        ref.theta_of(1 / q[1], np.exp(q[2])), u_sc)
        return 2 * np.sum(special.xlogy(counts, counts / mean) - counts + mean)

    best = [np.log(mine["density"]["value"]), 1 / mine["kappa"]["value"],
            np.log(mine["temperature"]["value"])]
    scale = np.array([1e-3, 1e-4, 1e-3])
    least = deviance(best)
    for index, name, scaled in ((0, "density", np.log), (1, "kappa", np.reciprocal),
                                (2, "temperature", np.log)):
        for end in ("low", "high"):
            held = scaled(mine[name][end])
            others = [k for k in range(3) if k != index]

            def profile(x):
                q = np.array(best)
                q[index] = held
                q[others] += x * scale[others]
                return deviance(q)

            rise = optimize.minimize(profile, [0, 0], method="Nelder-Mead",
                                     options={"xatol": 1e-3, "fatol": 1e-4}).fun - least
            assert rise == pytest.approx(1, abs=0.06), (name, end)


def test_potentials_by_day_up_to_the_end_of_the_curve():
    """A potential of many volts looks like a lower one in a denser plasma; rows that it empties tell
    them apart, with photoelectrons in them or not."""
    rng = np.random.default_rng(23)
    records, truths = [], []
    for i in range(36):
        u_sc, t, kappa = rng.uniform(25, 130), rng.uniform(20, 120), rng.uniform(2.5, 5.5)
        theta = ref.theta_of(kappa, t)
        n = ref.photoemission(u_sc) / ref.closed_current(1.0, kappa, theta)
        energy, field, phi, latitude, flux = ref.synthetic_sweep(rng, n, kappa, theta, True, -60, 0.7,
                                                                 0, u_sc)
        factor = 0.02 * energy[:, None] * 2.5 / ref.sharing(latitude)
        photoelectrons = 3e3 * np.exp(-energy / (0.12 * u_sc)) * (energy < u_sc) * (i % 2)
        flux = flux + rng.poisson(photoelectrons[:, None] * np.ones((15, 88))) / factor
        records.append(record((energy, field, phi, latitude, flux), True))
        truths.append(u_sc)
    found = [mine["u_spacecraft"] for mine in run(records, "measure", "robust", "halekas")]
    off = [np.nan if u["value"] is None else abs(u["value"] - truth)
           for u, truth in zip(found, truths)]
    assert sum(not miss < 0.1 * truth for miss, truth in zip(off, truths)) <= 1, off
    assert np.nanmedian(off) < 1


def test_looking_at_a_sweep_the_other_way_round_is_the_same_with_b_reversed():
    sweep, day, _ = next(sweeps())
    energy, field, phi, theta, flux = sweep
    once, again = run([record(sweep, day), record((energy, -field, phi, theta, flux), day,
                                                  polarity=-1)], "measure", "robust", "halekas")
    once.pop("seconds"), again.pop("seconds")
    assert once == again


def cone_case(rng, noise, method):
    """energy, pitch, norm, band, u_sc of a sweep with noise in ln flux."""
    u, b = -10 ** rng.uniform(0.5, 3.2), rng.uniform(0.3, 1.05)
    beam, u_sc = rng.choice([0, rng.uniform(0, 4)]), rng.choice([0, 5.0, 11.0, -40.0])
    energy = np.geomspace(20, 20000, 15)
    theta, phi = ref.synthetic_cells()
    mag = np.array([3.0, -2, 8]) + rng.normal(size=3)
    pitch = np.array([ref.pitch_angles(mag + 0.3 * rng.normal(size=3), theta, phi) for _ in energy])
    model = ref.cone_model(energy[:, None], pitch, u, b, beam, u_sc)
    flux = 1e5 * model * np.exp(noise * rng.normal(size=pitch.shape))
    return energy, pitch, ref.cone_norm(flux, pitch), ref.cone_band(flux, pitch), u_sc, method


def cone_record(case):
    energy, pitch, norm, band, u_sc, method = case
    return np.concatenate([[u_sc, float(method == "lillis")], energy, pitch.ravel(), norm.ravel(),
                           band.ravel().astype(float)]).tobytes()


def test_differential_evolution_never_finds_less():
    """Sweeps without noise, with little and with so much that hardly a cone is left. The last digits
    are those in which sums of another order differ."""
    rng = np.random.default_rng(8)
    cases = [cone_case(rng, noise, "halekas") for noise in (0, 0, 0.1, 0.1, 0.2, 0.2, 0.5, 0.5, 0.8,
                                                            0.8, 1.5, 3)]
    cases += [cone_case(rng, noise, "lillis") for noise in (0.1, 0.2, 0.3, 0.3, 0.5, 0.5, 0.8, 1.5)]
    for case, mine in zip(cases, run([cone_record(case) for case in cases], "cone")):
        point = mine["u"], mine["b"], mine["beam"]
        assert ref.cone_chi2(point, *case) == pytest.approx(mine["chi2"], rel=1e-9, abs=1e-12)
        _, least = ref.evolve(*case)
        assert mine["chi2"] <= least * (1 + 1e-9) + 1e-12


def test_the_same_sweep_gives_the_same_minimum_after_any_other():
    rng = np.random.default_rng(9)
    cases = [cone_record(cone_case(rng, 0.4, "halekas")) for _ in range(4)]
    keys = ("u", "b", "beam", "chi2", "boxes")
    once = [[row[k] for k in keys] for row in run(cases, "cone")]
    again = [[row[k] for k in keys] for row in run(cases[::-1], "cone")]
    assert once == again[::-1]
