"""What the tests of `quern lunar map` share: an independent writer of the instrument's files and of
an orbit kernel in NumPy, runs, and readers of the dataset."""

import datetime
import json
import struct

import numpy
import pyarrow.parquet
from segy_tools import SHARED, quern

REAL = SHARED / "data" / "lunar"

CELLS = [(78.75, 4), (56.25, 8), (33.75, 16), (11.25, 16), (-11.25, 16), (-33.75, 16), (-56.25, 8),
         (-78.75, 4)]
THETA = numpy.concatenate([[latitude] * count for latitude, count in CELLS])
PHI = numpy.concatenate([numpy.arange(count) * 360 / count for _, count in CELLS])
ENERGIES = 16680.334 / 1.5424 ** numpy.arange(15)
SPIN = 5.0  # seconds of a row
SWEEP = 80.0
START = datetime.datetime(1998, 4, 10, tzinfo=datetime.timezone.utc).timestamp()
HEAD = ["utc", "time", "energy", "spec_no", "mag_x", "mag_y", "mag_z"]


def utc_text(unix):
    return datetime.datetime.fromtimestamp(unix, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")


def kappa_flux(energy, density=5e6, kappa=4.5, temperature=15.0):
    """Directional flux of a kappa distribution, cm^-2 s^-1 sr^-1 eV^-1 (facts: section 4)."""
    from math import gamma, pi

    mass = 5.685630e-12
    theta2 = 2 * (kappa - 1.5) / kappa * temperature / mass
    v2 = 2 * energy / mass
    f = (density / theta2**1.5 * gamma(kappa + 1) / ((pi * kappa) ** 1.5 * gamma(kappa - 0.5))
         * (1 + v2 / (kappa * theta2)) ** (-kappa - 1))
    return f * v2 / mass * 1e-4


def sweep_rows(spec_no, start, mag=(0.5, 0.3, 8.0), seed=None):
    """The fields of the 15 rows of a sweep, as texts: {name: text, "flux": [...], "phi": [...]}."""
    rng = numpy.random.default_rng(spec_no if seed is None else seed)
    rows = []
    for i, energy in enumerate(ENERGIES):
        flux = kappa_flux(energy) * rng.uniform(0.8, 1.2, 88)
        rows.append({
            "utc": utc_text(start + 3 + SPIN * i), "time": f"{start:.1f}", "energy": f"{energy:.3f}",
            "spec_no": str(spec_no), **{k: f"{m:.6f}" for k, m in zip(HEAD[4:], mag)},
            "flux": [f"{f:.3E}" for f in flux], "phi": [f"{(p + 3 * i) % 360:.2f}" for p in PHI]})
    return rows


def day_rows(sweeps=6, start=START, first=1):
    return [sweep_rows(first + k, start + SWEEP * k) for k in range(sweeps)]


def line(row):
    return "  ".join([*(row[k] for k in HEAD), *row["flux"], *row["phi"]])


def text_of(sweeps, end="\n"):
    return "".join(line(row) + end for sweep in sweeps for row in sweep)


# ---- kernels ------------------------------------------------------------------------------------

def write_orbit(path, start_et, stop_et, step=60.0):
    """SPK type 13 of body -25 about 301: circular and polar, 100 km high, little-endian."""
    et = numpy.arange(start_et, stop_et + step, step)
    radius, rate = 1837.4, 2 * numpy.pi / 7080.0
    turn = rate * (et - start_et)
    states = numpy.zeros((len(et), 6))
    states[:, 0], states[:, 2] = radius * numpy.cos(turn), radius * numpy.sin(turn)
    states[:, 3], states[:, 5] = (-radius * rate * numpy.sin(turn), radius * rate * numpy.cos(turn))
    data = numpy.concatenate([states.ravel(), et, et[99::100][: (len(et) - 1) // 100], [7, len(et)]])
    first = 3 * 128 + 1
    ident = (b"DAF/SPK " + struct.pack("<ii", 2, 6) + b"made by a test".ljust(60)
             + struct.pack("<iii", 2, 2, first + len(data)) + b"LTL-IEEE")
    ident = ident.ljust(699, b"\0") + b"FTPSTR:\r:\n:\r\n:\r\0:\x81:\x10\xce:ENDFTP"
    summary = struct.pack("<3d2d6i", 0, 0, 1, et[0], et[-1], -25, 301, 1, 13, first,
                          first + len(data) - 1)
    path.write_bytes(ident.ljust(1024, b"\0") + summary.ljust(1024, b"\0") + b" " * 1024
                     + data.astype("<f8").tobytes())


def et_of(unix):
    """Ephemeris time to a few milliseconds: far within the coverage of a test's kernel."""
    return unix - 946728000.0 + 31 + 32.184


# ---- archives -----------------------------------------------------------------------------------

def write_tables(folder, days=3, start=START):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "THETA.TAB").write_text("\n".join(f"{t:8.2f}" for t in THETA) + "\n")
    (folder / "Attitude.Tab").write_text(
        "1998-01-07T04:00,  12.00, 242.00, -88.00\n1999-05-31T12:00,  12.00, 242.00, -88.00\n")
    write_orbit(folder / "orbit.bsp", et_of(start) - 3600, et_of(start) + 86400 * days)


def write_archive(folder, sweeps=6, text=None, name="3D980410.TAB"):
    """A folder of one day with all that belongs to it; `text` instead of sound rows."""
    write_tables(folder)
    raw = text_of(day_rows(sweeps)) if text is None else text
    (folder / name).write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    return folder


def lunar_map(folder, dataset, *options, code=0):
    return quern("lunar", "map", folder, "-o", dataset, "--progress", "none", *options, code=code)


def table(dataset, name):
    return pyarrow.parquet.read_table(dataset / f"{name}.parquet").to_pylist()


def facts(dataset, name="counts"):
    return json.loads((dataset / "manifest.json").read_text())["facts"][name]


def notes(dataset):
    return " ".join(json.loads((dataset / "manifest.json").read_text())["notes"])


def arrays(dataset):
    (path,) = dataset.glob("potential_batch_*.npz")
    return numpy.load(path, allow_pickle=False)
