"""Searches for transits beside astropy, transitleastsquares and cfitsio: speed of each part and of
the whole, and how many injected planets each finds. QUERN_BENCH_STARS (2000) sets how many curves
the last is tried on, QUERN_BENCH_FILES (500) how many files the whole."""

import csv
import json
import os
import shutil
import sys

import numpy
from common import PEERS, run

IN_MEMORY = True
STARS = int(os.environ.get("QUERN_BENCH_STARS", 2000))
FILES = int(os.environ.get("QUERN_BENCH_FILES", 500))
LOW, HIGH = 0.6, 12.0  # days: of the injected planets, and of the searches for them


def figures(command):
    return json.loads(run(command)[1])


def peer(program, *words):
    return figures([sys.executable, PEERS / program, *words])


def side_by_side(title, contenders, times, wanted):
    """Runs in turn, keeps the least time of each, prints ratios to the first; what each returned."""
    best = {}
    for _ in range(times):
        for name, once in contenders.items():
            found = once()
            if name not in best or found["seconds"] < best[name]["seconds"]:
                best[name] = found
    print(f"\n{title}", flush=True)
    first = next(iter(best.values()))["seconds"]
    for name, found in best.items():
        more = ", ".join(f"{key} {found[key]:.7g}" for key in ("periods", "period", "power", "sde")
                         if key in found)
        print(f"  {name:<44}{found['seconds'] * 1e3:10.2f} ms {found['seconds'] / first:8.1f} x  "
              f"{more}")
    print(f"  wanted: {wanted}", flush=True)
    return best


def bench(build, scratch, times):
    quern, program = build / "quern", build / "bench" / "bench_transit"
    sky = scratch / "sky"
    run([quern, "synth", "transit", "--stars", FILES, "-o", sky])
    files = sorted(sky.rglob("*.fits"))
    sector = files[0]

    best = side_by_side(
        "BLS on astropy's grid, a sector of 2-minute data, 2.6 to 4 d",
        {"quern": lambda: figures([program, "bls", sector, 2.6, 4, 3]),
         "astropy": lambda: peer("astropy_bls.py", sector, 2.6, 4, 3, 1)},
        2 * times, "at least 4 times astropy's speed, the same power to the last bit")
    assert best["quern"]["power"] == best["astropy"]["power"]
    side_by_side(
        "blind search of that sector, 0.5 to 13 d",
        {"quern, two stages": lambda: figures([program, "search", sector, 0.5, 13]),
         "astropy, its own grid": lambda: peer("astropy_bls.py", sector, 0.5, 13, 1, 4),
         "astropy, a tenth of it (as lightkurve)": lambda: peer("astropy_bls.py", sector, 0.5, 13,
                                                                10, 1)},
        times, "at most 25 ms; at least 60 times the speed of astropy's own grid")
    long = scratch / "long.csv"
    write_long(long)
    side_by_side(
        "five sectors in 953 days, 73,500 points, 6.4 to 9.6 d",
        {"quern, two stages": lambda: figures([program, "search", long, 6.4, 9.6]),
         "astropy (every 40th period, scaled)": lambda: peer("astropy_bls.py", long, 6.4, 9.6, 3,
                                                             40)},
        1, "at most 1 s")
    best = side_by_side(
        "transit least squares, default grid, that sector",
        {"quern, fast": lambda: figures([program, "tls", sector]),
         "transitleastsquares": lambda: peer("tls_power.py", sector)},
        1, "at most 200 ms; SDE within 3 %")
    ratio = best["quern, fast"]["sde"] / best["transitleastsquares"]["sde"]
    print(f"  SDE: {100 * (ratio - 1):+.2f} % of transitleastsquares'")
    some = files[:50]
    side_by_side(
        f"time, flux, error and quality of {len(some)} FITS files",
        {"quern": lambda: figures([program, "fits", *some]),
         "cfitsio (fitsio)": lambda: peer("fits_columns.py", "fitsio", *some),
         "astropy": lambda: peer("fits_columns.py", "astropy", *some),
         "their bytes alone": lambda: peer("fits_columns.py", "bytes", *some)},
        times, "ten times cfitsio's speed")
    whole(quern, sky, scratch, times)
    shutil.rmtree(sky)
    recovery(quern, scratch)


def write_long(path):
    rng = numpy.random.default_rng(1)
    time = numpy.concatenate([start + numpy.arange(0, 20.42, 1 / 720)
                              for start in (0, 27.5, 400, 700, 932.6)])
    flux = 1 + 1e-3 * rng.standard_normal(len(time))
    flux[abs((time - 3 + 4) % 8.02 - 4) < 0.07] -= 5e-4
    numpy.savetxt(path, numpy.transpose([time, flux]), fmt="%.9f", delimiter=",",
                  header="time,flux", comments="")


def whole(quern, sky, scratch, times):
    """All 27 features of every file, from the disk's cache to the dataset."""
    rates, memory, out = [], [], scratch / "features.ds"
    for _ in range(times):
        shutil.rmtree(out, ignore_errors=True)
        seconds, _ = run([quern, "transit", "features", sky / "candidates.csv", "--light-curves",
                          sky, "-o", out, "--jobs", 2, "--progress", "none"])
        rates.append(FILES / seconds)
        memory.append(json.loads((out / "run.json").read_text())["max_worker_rss_mib"])
    print(f"\nall features of {FILES} files of a sector each, 2 workers: {max(rates):.0f} curves/s, "
          f"{max(memory):.0f} MiB a worker\n  wanted: at least 100 curves/s", flush=True)


# ---- injected planets --------------------------------------------------------------------------------


def recovery(quern, scratch):
    """How many of STARS injected planets each search finds: periods within 1 %."""
    sky, edges = scratch / "injected", [4, 6, 7, 8, 9, 10, 12, 16]
    run([quern, "synth", "transit", "--stars", STARS, "--cadence", 1800, "--planets-only",
         "--min-snr", edges[0], "--max-snr", edges[-1], "--min-period", LOW, "--max-period", HIGH,
         "-o", sky])
    with open(sky / "truth.csv", newline="") as file:
        truth = list(csv.DictReader(file))
    files = {int(path.name.split("-")[2]): path for path in sky.rglob("*.fits")}
    paths = [files[int(star["target"].split()[1])] for star in truth]
    few = max(STARS // 8, 2)
    periods = {
        "quern": ours(quern, scratch, sky, truth),
        "quern, search alone": ours(quern, scratch, sky, truth, "--detrend", "none", "--clip", 0),
        "astropy": peer("recover.py", "astropy", LOW, HIGH, *paths),
        f"TLS, {few} curves": peer("recover.py", "tls", LOW, HIGH, *paths[:: STARS // few]),
        f"quern, those {few}": None,
    }
    periods[f"quern, those {few}"] = periods["quern"][:: STARS // few]
    print(f"\nplanets found among {STARS} injected ones, per cent, by signal-to-noise ratio")
    head = "".join(f"{low:>5}-{high:<3}" for low, high in zip(edges, edges[1:]))
    print(f"  {'':<24}{head}     all")
    for name, found in periods.items():
        stars = truth if len(found) == len(truth) else truth[:: STARS // few]
        hits = [(float(s["snr"]), abs(p / float(s["period"]) - 1) < 0.01)
                for s, p in zip(stars, found, strict=True)]
        cells = ""
        for low, high in zip(edges, edges[1:]):
            some = [hit for snr, hit in hits if low <= snr < high]
            cells += f"{100 * sum(some) / len(some):8.1f} " if some else "       - "
        print(f"  {name:<24}{cells}{100 * sum(hit for _, hit in hits) / len(hits):8.1f}")
    print("  wanted: not below the others on the same curves", flush=True)


def ours(quern, scratch, sky, truth, *options):
    out = scratch / "signals.ds"
    shutil.rmtree(out, ignore_errors=True)
    run([quern, "transit", "search", sky, "-o", out, "--planets", 1, "--min-snr", 0,
         "--min-period", LOW, "--max-period", HIGH, "--jobs", 2, "--progress", "none", *options])
    with open(out / "features.csv", newline="") as file:
        found = {row["target"]: float(row["bls_period"] or "nan") for row in csv.DictReader(file)}
    return [found[star["target"]] for star in truth]
