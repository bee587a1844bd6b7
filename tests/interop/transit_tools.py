"""What the tests of `quern transit` share: real files, an independent FITS writer in NumPy, runs."""

import csv
import json
import math

import numpy
import pytest
from segy_tools import SHARED, quern

REAL = SHARED / "data" / "transit"
GOLDEN = REAL / "golden"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="no real light curves")


def number(text):
    return float(text) if text else math.nan


def rows_of(dataset):
    with open(dataset / "features.csv", newline="") as file:
        return list(csv.DictReader(file))


def features(table, folder, dataset, *options, code=0):
    extra = ["--light-curves", folder] if folder else []
    quern("transit", "features", table, *extra, "-o", dataset, "--progress", "none", *options,
          code=code)
    return rows_of(dataset) if code == 0 else None


def summary(curve, *options):
    text = quern("transit", "periodogram", curve, "--summary", "--flux-unit", "raw", *options)
    return json.loads(text.stdout)


def write_curve(path, time, flux, err=None):
    columns = [time, flux] + ([] if err is None else [err])
    names = ["time", "flux", "flux_err"][: len(columns)]
    numpy.savetxt(path, numpy.transpose(columns), fmt="%.17g", delimiter=",",
                  header=",".join(names), comments="")


def write_table(path, rows, names="target_id,period,depth,duration,epoch"):
    path.write_text(names + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))


# ---- an independent FITS writer -------------------------------------------------------------

FORMS = {"f8": "D", "f4": "E", "i4": "J", "i2": "I"}


def cards(pairs):
    text = ""
    for key, value in pairs:
        if isinstance(value, bool):
            shown = f"{'T' if value else 'F':>20}"
        elif isinstance(value, str):
            shown = f"'{value:<8}'"
        else:
            shown = f"{value:>20}"
        text += f"{key:<8}= {shown}".ljust(80)
    text += "END".ljust(80)
    return text.ljust(-(-len(text) // 2880) * 2880).encode()


def write_fits(path, columns, primary, header=(), name="LIGHTCURVE"):
    """`columns`: {name: array}; one binary table after an empty primary HDU."""
    kinds = [(n, ">" + numpy.asarray(v).dtype.str[1:]) for n, v in columns.items()]
    table = numpy.zeros(len(next(iter(columns.values()))), kinds)
    for key, values in columns.items():
        table[key] = values
    pairs = [("XTENSION", "BINTABLE"), ("BITPIX", 8), ("NAXIS", 2),
             ("NAXIS1", table.dtype.itemsize), ("NAXIS2", len(table)), ("PCOUNT", 0),
             ("GCOUNT", 1), ("TFIELDS", len(kinds))]
    for i, (key, kind) in enumerate(kinds, 1):
        pairs += [(f"TTYPE{i}", key), (f"TFORM{i}", FORMS[kind[1:]])]
    body = table.tobytes()
    body += b"\0" * (-len(body) % 2880)
    first = [("SIMPLE", True), ("BITPIX", 8), ("NAXIS", 0), ("EXTEND", True), *primary]
    path.write_bytes(cards(first) + cards([*pairs, ("EXTNAME", name), *header]) + body)


def box_curve(period=2.5, t0=1326.0, duration=0.12, depth=0.01, days=27.0, cadence=0.0197,
              noise=1e-3, seed=1, start=1325.0):
    rng = numpy.random.default_rng(seed)
    time = numpy.arange(start, start + days, cadence)
    phase = (time - t0 + period / 2) % period - period / 2
    flux = 1 - depth * (abs(phase) < duration / 2) + noise * rng.standard_normal(len(time))
    return time, flux


def spoc(path, tic, time, flux, quality=None, sector=1):
    n = len(time)
    write_fits(
        path,
        {"TIME": time, "CADENCENO": numpy.arange(n, dtype="i4"),
         "PDCSAP_FLUX": (flux * 1e4).astype("f4"),
         "PDCSAP_FLUX_ERR": numpy.full(n, 10, "f4"),
         "QUALITY": numpy.zeros(n, "i4") if quality is None else quality.astype("i4")},
        [("TELESCOP", "TESS"), ("TICID", tic), ("OBJECT", f"TIC {tic}"), ("SECTOR", sector),
         ("ORIGIN", "NASA/Ames"), ("CREATOR", "LightCurveExporterPipelineModule")],
        [("BJDREFI", 2457000), ("BJDREFF", 0)],
    )
    return path


def spoc_name(tic, sector=1):
    return f"tess2018206045859-s{sector:04d}-{tic:016d}-0120-s_lc.fits"
