"""A month of electron spectra to potentials; single sweeps beside SciPy; known potentials found."""

import json
import os
import pathlib
import shutil
import sys

import numpy
import pyarrow.csv
import pyarrow.parquet
from common import PEERS, in_turn, run, table

IN_MEMORY = True
SHARED = pathlib.Path(os.environ.get("QUERN_SHARED", pathlib.Path(__file__).parents[3] / "shared"))
KERNELS = SHARED / "data" / "lunar" / "kernels"
DAYS = int(os.environ.get("LUNAR_DAYS", 30))  # of the month: fewer for a look
SWEEPS = int(os.environ.get("LUNAR_SWEEPS", 2016))  # of each archive with known potentials
PEER_SWEEPS = int(os.environ.get("LUNAR_PEER_SWEEPS", 6))


def bench(build, scratch, times):
    """The month is measured from text to dataset. The peers are SciPy's optimisers on the same
    objective functions, written anew from their publication: see bench/peers/lunar_scipy.py."""
    quern = build / "quern"
    month(quern, scratch, times)
    stages(build, quern, scratch)
    geometry(build, quern, scratch)
    quality(quern, scratch)


def synth(quern, folder, *options):
    shutil.rmtree(folder, ignore_errors=True)
    run([quern, "synth", "lunar", "-o", folder, *options])
    return folder


def spectra_files(folder):
    return sorted(folder.glob("*/*/3D*.TAB"))


# ---- a month --------------------------------------------------------------------------------


def month(quern, scratch, times):
    data = synth(quern, scratch / "month", "--days", DAYS, "--start", "1998-04-01")
    megabytes = sum(file.stat().st_size for file in spectra_files(data)) / 1e6
    memory = []

    def once(jobs):
        out = scratch / "month.ds"
        shutil.rmtree(out, ignore_errors=True)
        seconds, _ = run([quern, "lunar", "map", data, "-o", out, "--jobs", jobs,
                          "--progress", "none"])
        memory.append(json.loads((out / "run.json").read_text())["max_worker_rss_mib"])
        return seconds

    medians = in_turn({"quern -j2": lambda: once(2), "quern -j1": lambda: once(1)}, times)
    table(f"{DAYS} days of spectra, {megabytes:,.0f} MB of text", medians, DAYS * 987, "sweeps",
          "wanted for 30 days: at most 20 s with two workers; 44 minutes is what Python took")
    print(f"  {megabytes / medians['quern -j2']:,.0f} MB/s; memory of a worker: "
          f"{max(memory):.0f} MiB at most (wanted: under 200 in all)")


# ---- single sweeps --------------------------------------------------------------------------


def stages(build, quern, scratch):
    data = synth(quern, scratch / "day", "--days", 1, "--start", "1998-04-08")
    (file,) = spectra_files(data)
    ours = json.loads(run([build / "bench" / "bench_lunar_stages", file, data / "theta.tab"])[1])
    print(f"\na day of spectra on one core\n  text to numbers: {ours['parse_mb_per_s']:,.0f} MB/s "
          "(wanted: at least 500)")
    for name in ("robust", "classic"):
        spectrum, whole = ours[name + "_spectrum_us"] / 1000, ours[name + "_us"] / 1000
        print(f"  {name:<10}{spectrum:8.3f} ms a sweep for spectrum and spacecraft, "
              f"{whole - spectrum:.3f} for the loss cone (wanted: at most 1 each)")
    peers = json.loads(run([sys.executable, PEERS / "lunar_scipy.py", file, data / "theta.tab",
                            PEER_SWEEPS])[1])
    print(f"  SciPy on {PEER_SWEEPS} of them: spectrum {peers['spectrum_ms']:,.1f} ms, loss cone "
          f"by differential evolution {peers['cone_ms']:,.1f} ms")
    whole = peers["spectrum_ms"] + peers["cone_ms"]
    print(f"  SciPy takes {whole * 1000 / ours['classic_us']:,.0f} times as long as classic, "
          f"{whole * 1000 / ours['robust_us']:,.0f} times as robust (wanted: at least 100)")


# ---- positions and frames -------------------------------------------------------------------


def geometry(build, quern, scratch):
    """Both read the same kernels, an orbit made here among them."""
    if not KERNELS.is_dir():
        print(f"\ngeometry of rows: left out, there are no kernels in {KERNELS}")
        return
    data = synth(quern, scratch / "orbit", "--days", 2, "--sweeps-per-day", 1, "--start",
                 "1998-06-08")
    kernels = [KERNELS / "naif0012.tls", KERNELS / "pck00011.tpc",
               KERNELS / "synthetic" / "synth_sun_earth_moon_1998_1999.bsp",
               *data.glob("spice_kernels/*.bsp")]
    (scratch / "attitude.tab").write_text("1998-06-01T00:00, 12.000, 242.00, -88.00\n"
                                          "1998-07-01T00:00, 12.000, 242.00, -88.00\n")
    ours = json.loads(run([build / "bench" / "bench_lunar_sky", "1998-06-08", *kernels,
                           scratch / "attitude.tab"])[1])
    peer = json.loads(run([sys.executable, PEERS / "lunar_spice.py", "1998-06-08", ours["rows"],
                           *kernels])[1])
    if peer["feet"] != ours["feet"]:
        sys.exit(f"feet of field lines: {ours['feet']}, by CSPICE {peer['feet']}")
    print(f"\ngeometry of {ours['rows']} rows on one core (the same {ours['feet']} feet)\n"
          f"  quern{ours['geometry_us']:>42.2f} us a row, UTC to ephemeris time "
          f"{ours['time_us']:.2f} us (wanted: at most 1)\n"
          f"  CSPICE, its calls alone{peer['calls_us']:>24.2f} us a row\n"
          f"  CSPICE and NumPy{peer['us']:>31.2f} us a row")


# ---- known potentials -----------------------------------------------------------------------


# Of spectra.parquet and of truth.csv, with the latter's factor.
INTERVALS = {"U": ("projected_potential", "u_surface", 1), "B_S/B_M": ("bs_over_bm", "bs_over_bm", 1),
             "beam": ("beam_amp", "beam_amp", 1), "U_sc": ("spacecraft_potential", "u_spacecraft", 1),
             "kappa": ("kappa", "kappa", 1), "T": ("electron_temperature", "temperature_ev", 1),
             "n": ("electron_density", "density_cm3", 1e6)}


def quality(quern, scratch):
    """What is found of potentials that are known: sweeps all along which the field line has a foot
    and light and shadow do not change. Nothing was tuned on this seed."""
    for angles, what in ((1, "cells of a single direction"), (3, "cells as wide as they are")):
        data = synth(quern, scratch / "known", "--days", 28, "--sweeps-per-day", SWEEPS // 28,
                     "--angles", angles, "--start", "1998-04-01", "--seed", 90210)
        truth = pyarrow.csv.read_csv(data / "truth.csv")
        print(f"\n{truth.num_rows} sweeps of known potentials, {what}")
        print(f"  {'':<10}{'median error':>25}{'no value':>10}{'68 % intervals that hold':>28}")
        print(f"  {'':<10}{'U':>13}{'B_S/B_M':>12}{'':>10}"
              + "".join(f"{name:>9}" for name in INTERVALS))
        for profile in ("robust", "classic"):
            out = scratch / "known.ds"
            shutil.rmtree(out, ignore_errors=True)
            run([quern, "lunar", "map", data, "-o", out, "--profile", profile, "--jobs", 2,
                 "--progress", "none"])
            found = pyarrow.parquet.read_table(out / "spectra.parquet")
            print(f"  {profile:<10}" + line(truth, found))


def column(table, name):
    return numpy.asarray(table[name].to_numpy(zero_copy_only=False), dtype=float)


def line(truth, found):
    """Both tables are in order of time, a row for each sweep."""
    use = (column(truth, "steady") == 1) & (column(truth, "polarity") != 0)
    texts = []
    for name, key in (("projected_potential", "u_surface"), ("bs_over_bm", "bs_over_bm")):
        value, known = column(found, name)[use], column(truth, key)[use]
        error = numpy.nanmedian(abs(value - known))
        texts.append(f"{error:>11.3g} V" if key == "u_surface" else f"{error:>12.3g}")
    missing = numpy.mean(~numpy.isfinite(column(found, "projected_potential")[use]))
    texts.append(f"{100 * missing:>8.1f} %")
    for name, key, scale in INTERVALS.values():
        known, balanced = scale * column(truth, key)[use], column(truth, "balanced")[use] == 1
        low, high = column(found, name + "_low")[use], column(found, name + "_high")[use]
        low = numpy.where(balanced | (key != "u_spacecraft"), low, numpy.nan)
        whole = numpy.isfinite(low) & numpy.isfinite(high)
        share = numpy.mean((low <= known)[whole] & (known <= high)[whole]) if whole.any() else numpy.nan
        texts.append(f"{100 * share:>7.0f} %" if whole.any() else f"{'none':>9}")
    return "".join(texts)
