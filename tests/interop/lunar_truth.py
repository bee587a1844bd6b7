"""What the tests of `quern lunar` share: archives with known potentials, read by NumPy and pandas
alone."""

import math

import numpy
import pandas
from segy_tools import quern

MASS = 5.685630e-12  # of an electron, eV s^2 / m^2
CELLS = {78.75: 4, 56.25: 8, 33.75: 16, 11.25: 16}
SOLID_ANGLE = {78.75: 0.119570, 56.25: 0.170253, 33.75: 0.127401, 11.25: 0.150279}


def synth(folder, *options):
    quern("synth", "lunar", "-o", folder, *options)
    return pandas.read_csv(folder / "truth.csv", keep_default_na=False,
                           na_values={"u_surface": "", "bs_over_bm": "", "beam_amp": "",
                                      "foot_latitude": "", "foot_longitude": ""})


def spectra(folder):
    """All files of spectra in order of time: header columns as text, numbers as (rows, 183 - 1)."""
    lines = [line.split() for file in sorted(folder.rglob("3D*.TAB"))
             for line in file.read_text().splitlines()]
    return [line[0] for line in lines], numpy.array([line[1:] for line in lines], dtype=float)


def sweeps(folder):
    """As dictionaries of arrays, whole sweeps only."""
    utc, rows = spectra(folder)
    rows = rows.reshape(-1, 15, 182)
    return [{"utc": utc[15 * i : 15 * i + 15], "time": s[0, 0], "energy": s[:, 1],
             "spec_no": int(s[0, 2]), "field": s[:, 3:6], "flux": s[:, 6:94], "phi": s[:, 94:182]}
            for i, s in enumerate(rows)]


def theta(folder):
    return numpy.array((folder / "theta.tab").read_text().split(), dtype=float)


def pitch(sweep, latitude, polarity):
    """Degrees between the cells' directions and the field towards the Moon, (15, 88)."""
    t, f = numpy.radians(latitude), numpy.radians(sweep["phi"])
    directions = numpy.stack([numpy.cos(f) * numpy.cos(t), numpy.sin(f) * numpy.cos(t),
                              numpy.broadcast_to(numpy.sin(t), f.shape)], axis=-1)
    along = polarity * sweep["field"] / numpy.linalg.norm(sweep["field"], axis=1)[:, None]
    return numpy.degrees(numpy.arccos(numpy.clip((directions * along[:, None]).sum(-1), -1, 1)))


def kappa_flux(energy, density, kappa, temperature):
    """Directional flux of an isotropic kappa distribution, cm^-2 s^-1 sr^-1 eV^-1 (Vasyliunas
    1968)."""
    theta2 = 2 * (kappa - 1.5) / kappa * temperature / MASS
    v2 = 2 * numpy.asarray(energy, dtype=float) / MASS
    norm = math.exp(math.lgamma(kappa + 1) - math.lgamma(kappa - 0.5)) / (math.pi * kappa) ** 1.5
    return density / theta2**1.5 * norm * (1 + v2 / (kappa * theta2)) ** (-kappa - 1) * v2 / MASS * 1e-4


def seen_flux(energy, truth):
    """The same through a spacecraft's potential and an analyser that passes a Gaussian in ln E."""
    width = math.asinh(0.25) / math.sqrt(2 * math.log(2))
    x = numpy.linspace(-6, 6, 1201)
    weight = numpy.exp(-0.5 * x * x)
    passed = numpy.asarray(energy)[:, None] * numpy.exp(width * x)
    ambient = passed - truth.u_spacecraft
    flux = numpy.where(ambient > 0, kappa_flux(numpy.maximum(ambient, 1e-9), 1e6 * truth.density_cm3,
                                               truth.kappa, truth.temperature_ev), 0)
    flux = flux * passed / numpy.maximum(ambient, 1e-9)
    return (flux * weight).sum(axis=1) / weight.sum()
