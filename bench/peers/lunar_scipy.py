"""Kappa fit and loss cone of a few sweeps with SciPy: the published objective functions, written
anew from their description, and the optimisers that the published program uses. Prints the
milliseconds that a sweep takes, and what was found.

    lunar_scipy.py 3DYYMMDD.TAB theta.tab COUNT
"""

import json
import math
import sys
import time

import numpy
from scipy.optimize import differential_evolution, minimize
from scipy.special import gamma
from scipy.stats import qmc

MASS, EPS = 5.685630e-12, 1e-6
SOLID_ANGLE = {78.75: 0.119570, 56.25: 0.170253, 33.75: 0.127401, 11.25: 0.150279}
CELLS = {78.75: 4, 56.25: 8, 33.75: 16, 11.25: 16}


def read(path, count):
    """The first `count` whole sweeps from the middle of the file on."""
    with open(path) as file:
        lines = file.read().split("\n")
    lines = lines[len(lines) // 30 * 15:][: 15 * count]
    rows = numpy.array([line.split()[2:] for line in lines], dtype=float)
    return rows.reshape(count, 15, -1)


def kappa_flux(energy, density, kappa, theta):
    v2 = 2 * energy / MASS
    f = density / theta**3 * gamma(kappa + 1) / ((math.pi * kappa) ** 1.5 * gamma(kappa - 0.5))
    return 4 * math.pi * f * (1 + v2 / (kappa * theta**2)) ** (-kappa - 1) * v2 / MASS * 1e-4


def fit_spectrum(energy, flux, pitch, solid_angle, sharing):
    """Ten starts of L-BFGS-B from a Latin hypercube."""
    omni = 2 * (numpy.where(pitch < 90, flux, 0) * solid_angle).sum(axis=1)
    counts = numpy.round(flux * 0.02 * energy[:, None] * 2.5 / sharing).sum(axis=1)
    density = (omni / numpy.sqrt(2 * energy / MASS) * 0.5 * energy).sum() * 1e4
    noise = numpy.sqrt(counts + (0.05 * counts) ** 2 + (0.1 * counts) ** 2)
    weight = 1 / ((noise / (counts + EPS) * omni) / (omni + EPS) + 2 * EPS)
    width = math.asinh(0.25) / math.sqrt(2 * math.log(2))
    response = numpy.exp(-0.5 * (numpy.log(energy[:, None] / energy) / width) ** 2)
    response /= response.sum(axis=1, keepdims=True)
    measured = numpy.log(omni + EPS)

    def chi2(x):
        model = response @ kappa_flux(energy, density, x[0], 10 ** x[1])
        return float(((weight * (numpy.log(model + EPS) - measured)) ** 2).sum())

    bounds = [(2.5, 6), (6, 8)]
    starts = qmc.scale(qmc.LatinHypercube(2, rng=42).random(10), *zip(*bounds))
    return min((minimize(chi2, x, method="L-BFGS-B", bounds=bounds) for x in starts),
               key=lambda found: found.fun).fun


def fit_cone(energy, flux, pitch):
    """Differential evolution of the logarithmic objective, the spacecraft at 0 V."""
    incident = (pitch < 90) & (flux > 0)
    mean = numpy.where(incident, flux, 0).sum(axis=1) / numpy.maximum(incident.sum(axis=1), 1)
    norm = flux / numpy.maximum(mean, EPS)[:, None]
    use = numpy.isfinite(norm) & (norm > 0)
    e, p = numpy.broadcast_to(energy[:, None], pitch.shape)[use], pitch[use]
    measured = numpy.log(norm[use] + EPS)

    def chi2(x):
        u, b, amp = x[:, None, :] if x.ndim == 2 else x[:, None, None]
        x2 = numpy.clip(b * (1 + u / e[:, None]), 0, 1)
        edge = 180 - numpy.degrees(numpy.arcsin(numpy.sqrt(x2)))
        model = numpy.where(p[:, None] <= edge, 1, 0.05)
        drop = numpy.maximum(-u, 15)
        beam = numpy.exp(-0.5 * ((e[:, None] - drop) / 15) ** 2)
        beam = amp * beam * numpy.exp(-0.5 * ((p[:, None] - 180) / 7.5) ** 2)
        model = model + numpy.where(-u > 0, beam, 0)
        return ((measured[:, None] - numpy.log(model + EPS)) ** 2).sum(axis=0)

    found = differential_evolution(chi2, [(-2000, 20), (0.3, 1.1), (0, 5)], popsize=17,
                                   maxiter=500, mutation=0.5, recombination=0.9, atol=1e-3,
                                   tol=1e-3, polish=False, rng=42, vectorized=True,
                                   updating="deferred")
    return found.fun


def main():
    path, theta_path, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    theta = numpy.array(open(theta_path).read().split(), dtype=float)
    solid_angle = numpy.array([SOLID_ANGLE[abs(t)] for t in theta])
    sharing = numpy.array([CELLS[abs(t)] for t in theta])
    spent, chi2 = {"spectrum": 0.0, "cone": 0.0}, []
    for sweep in read(path, count):
        energy, field, flux, phi = sweep[:, 0], sweep[:, 2:5], sweep[:, 5:93], sweep[:, 93:181]
        t, f = numpy.radians(theta), numpy.radians(phi)
        directions = numpy.stack([numpy.cos(f) * numpy.cos(t), numpy.sin(f) * numpy.cos(t),
                                  numpy.broadcast_to(numpy.sin(t), f.shape)], axis=-1)
        along = -field / numpy.linalg.norm(field, axis=1, keepdims=True)
        pitch = numpy.degrees(numpy.arccos(numpy.clip((directions * along[:, None]).sum(-1), -1, 1)))
        begin = time.perf_counter()
        spectrum = fit_spectrum(energy, flux, pitch, solid_angle, sharing)
        middle = time.perf_counter()
        cone = fit_cone(energy, flux, pitch)
        spent["spectrum"] += middle - begin
        spent["cone"] += time.perf_counter() - middle
        chi2.append([spectrum, cone])
    print(json.dumps({"spectrum_ms": 1000 * spent["spectrum"] / count,
                      "cone_ms": 1000 * spent["cone"] / count, "chi2": chi2}))


if __name__ == "__main__":
    main()
