"""Ordeals: one job, broken at every possible place, and what must be true of it afterwards.

`python ordeal.py [--points N] [--flips N] [--seconds S] [JOB...]` runs the whole campaign (`make
fault`) and prints how many places were tried; test_ordeal.py runs a sample of it in every test run.
A job is a row of JOBS, at the end of this file.
"""

import argparse
import functools
import hashlib
import http.server
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from disk import STATES, Disk, read_records

ROOT = pathlib.Path(__file__).parents[2]
BUILD = pathlib.Path(os.environ.get("QUERN_BUILD", ROOT / "build"))
KINDS = {  # of ordeals, and the part of a campaign that each is
    "kill": ("kills", 6),
    "error": ("failing changes of files", 5),
    "read": ("failing reads", 3),
    "memory": ("failing allocations", 4),
    "power": ("losses of power", 5),
    "ledger": ("flipped bits of ledgers", 1),
}
SHORT = {"half a transfer": 0}
CHANGE_ERRORS = {"EIO": 5, "ENOSPC": 28, "EMFILE": 24, "EACCES": 13, "EINTR": 4} | SHORT
READ_ERRORS = {"EIO": 5, "EMFILE": 24, "EACCES": 13, "EINTR": 4} | SHORT
MEMORY_ERRORS = {"ENOMEM": 12}
ERRORS = {"error": CHANGE_ERRORS, "read": READ_ERRORS, "memory": MEMORY_ERRORS}
COUNTED = {"kill": "changes", "error": "changes", "read": "reads", "memory": "memory"}


def frames(ledger):
    """Where each frame of a ledger begins, and the torn one at its end, if any."""
    starts, at = [0], 0
    while at + 20 <= len(ledger):  # magic u32, payload length u32, synced u64, crc u32
        at += 20 + int.from_bytes(ledger[at + 4 : at + 8], "little")
        if at < len(ledger):
            starts.append(at)
    return starts


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def snapshot(dataset):
    """The digest of every file that promises to be the same to the byte."""
    files = {}
    for path in sorted(dataset.rglob("*")):
        name = str(path.relative_to(dataset))
        aside = name in ("run.json", "report.html") or name.endswith(".png")
        if path.is_file() and not aside and not name.startswith(".quern/"):
            files[name] = digest(path)
    return files


class Job:
    """A job of a program with a witness: the same input and options again and again."""

    kinds = tuple(KINDS)
    output_option = "-o"

    def __init__(self, program, make_input, verb, options, widths=(1, 2), output="x.ds"):
        self.program = BUILD / "tests" / program
        self.make_input = make_input
        self.verb = verb
        self.options = options
        self.widths = widths  # numbers of workers to try; None: there is no such option
        self.output = output

    def prepare(self, folder):
        self.folder = folder
        self.input = folder / "input"
        if self.make_input:
            self.make_input(self.program, self.input)
        self.place = folder / "place"
        self.clear()
        assert self.run().returncode == 0
        self.expected = self.content()
        assert self.expected
        self.keeps_parts = (self.dataset / ".quern" / "parts").exists()

    @property
    def dataset(self):
        return self.place / self.output

    def content(self):
        """What promises to be the same to the byte."""
        return snapshot(self.dataset)

    def leftovers(self):
        names = [str(p) for p in self.place.rglob("*")]
        return [
            n for n in names
            if ".quern-tmp-" in n or n.endswith((".tmp", ".partial"))
            or (n.endswith(".quern/parts") and not self.keeps_parts)
        ]

    def clear(self):
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir()

    def named_input(self):
        """The words of the command that name the input."""
        return [self.input] if self.make_input else []

    def command(self, width=None):
        words = [self.program, *self.verb, *self.named_input(), *self.options,
                 *(() if width is None else ("-j", width)), self.output_option, self.dataset]
        return [str(word) for word in words]

    def run(self, width=None, **witness):
        environment = {**os.environ, **{key: str(value) for key, value in witness.items()}}
        return subprocess.run(
            self.command(width), env=environment, capture_output=True, timeout=120
        )

    def witnessed(self, width, **witness):
        """Runs from nothing under the witness; the result and how many calls it counted."""
        counter = self.folder / "counter"
        counter.unlink(missing_ok=True)
        self.clear()
        done = self.run(
            width, QUERN_ROOT=f"{self.place}/", QUERN_INPUT=self.input, QUERN_COUNTER=counter,
            **witness
        )
        return done, int.from_bytes(counter.read_bytes()[:8], sys.byteorder)

    def check_end(self, what):
        """The job run once more, undisturbed, completes to the very same bytes."""
        done = self.run()
        said = done.stderr.decode(errors="replace")[-2000:]
        assert done.returncode == 0, f"{what}: exit {done.returncode}\n{said}"
        assert self.content() == self.expected, f"{what}: other bytes"
        assert not self.leftovers(), f"{what}: {self.leftovers()}"

    def check_visible(self, what):
        """Whatever bears the dataset's name is whole."""
        if self.dataset.exists():
            assert self.content() == self.expected, f"{what}: a half-made dataset"

    # ---- ordeals --------------------------------------------------------------------------

    def kill(self, n, width):
        """kill -9 of whichever process makes the n-th call; then of nobody."""
        what = f"SIGKILL at call {n}, {width} workers"
        self.witnessed(width, QUERN_KILL_AT=n)
        self.check_visible(what)
        self.check_end(what)

    def fail(self, kind, n, name, width):
        """The n-th call of a kind fails: the run says so or recovers."""
        what = f"{name} at call {n} ({COUNTED[kind]}), {width} workers"
        done, _ = self.witnessed(
            width, QUERN_COUNTED=COUNTED[kind], QUERN_FAIL_AT=n, QUERN_ERRNO=ERRORS[kind][name]
        )
        assert done.returncode in ((0,) if name in SHORT else (0, 1, 3)), \
            f"{what}: exit {done.returncode}\n{done.stderr.decode(errors='replace')[-2000:]}"
        assert done.returncode == 0 or b"error: " in done.stderr or b"failed" in done.stderr, what
        if done.returncode == 3 or b"resume --retry-failed" in done.stderr:
            self.retry(what)
        else:
            self.check_visible(what)
        self.check_end(what)

    def retry(self, what):
        """A task was given up, as its error was for good: it is tried once more on demand."""
        done = subprocess.run(
            [self.program, "resume", "--retry-failed", self.dataset],
            capture_output=True, timeout=120,
        )
        assert done.returncode == 0, f"{what}: {done.stderr.decode(errors='replace')[-2000:]}"

    def lose_power(self, n, state):
        """The disk as a loss of power after n calls may leave it."""
        what = f"power lost after call {n}, disk state '{state}'"
        disk = Disk(str(self.place))
        for record in self.records[:n]:
            disk.play(record)
        self.clear()
        disk.build(state, self.place)
        self.check_visible(what)
        self.check_end(what)

    def flip_ledger_bit(self, seed):
        """One bit of the ledger of an interrupted run is another: resume says where the damaged
        record begins, and refuses or redoes, but never takes wrong for right."""
        chance = random.Random(seed)
        self.witnessed(1, QUERN_KILL_AT=chance.randrange(self.changes // 2, self.changes))
        ledger = self.place / f"{self.output}.partial" / ".quern" / "ledger"
        if not ledger.exists() or ledger.stat().st_size == 0:
            return
        content = bytearray(ledger.read_bytes())
        starts = frames(content)
        place, bit = chance.randrange(len(content)), 1 << chance.randrange(8)
        content[place] ^= bit
        ledger.write_bytes(content)
        what = f"bit {bit} of byte {place} of {len(content)} of the ledger"
        done = self.run()
        start = max(at for at in starts if at <= place)
        assert f"damaged at byte {start}, in record".encode() in done.stderr, f"{what}: {done.stderr}"
        if done.returncode == 0:
            assert self.content() == self.expected, f"{what}: other bytes"
        else:
            assert done.returncode == 1, f"{what}: exit {done.returncode}"

    def flip_bits(self, count, seed):
        """Bits of a complete dataset are others, one at a time: `verify` finds each, its file and
        its place."""
        if not self.dataset.exists():
            self.clear()  # of a run that ended with a damaged ledger
        self.check_end("before bits are flipped")  # of one that was killed when it had published
        done = subprocess.run(
            [BUILD / "tests" / "bitflips", self.dataset, str(count), str(seed)],
            capture_output=True, text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    # ---- campaigns ------------------------------------------------------------------------

    def record(self, width):
        """A run's calls, for lose_power; two folders up is where sync of names begins."""
        path = self.folder / "record"
        path.unlink(missing_ok=True)
        done, _ = self.witnessed(width, QUERN_WITNESS=path)
        assert done.returncode == 0
        return read_records(path)

    def count(self, which, width):
        return self.witnessed(width, QUERN_COUNTED=which)[1]

    def places(self, kind):
        """Every place of a kind: the function to call and its arguments."""
        if kind == "power":
            self.records = self.record(self.widths[-1])
            return [(self.lose_power, n, s) for n in range(len(self.records) + 1) for s in STATES]
        if kind == "ledger":
            self.changes = self.count("changes", 1)
            return [(self.flip_ledger_bit, seed) for seed in range(100000)]
        found = []
        for width in self.widths:
            calls = range(1, self.count(COUNTED[kind], width) + 1)
            if kind == "kill":
                found += [(self.kill, n, width) for n in calls]
            else:
                found += [(self.fail, kind, n, name, width) for n in calls for name in ERRORS[kind]]
        return found


class FileJob(Job):
    """A job that writes one file, in one process: no ledger, nothing to resume."""

    kinds = ("kill", "error", "read", "memory", "power")

    def content(self):
        return digest(self.dataset)

    def leftovers(self):
        return [str(p) for p in self.place.rglob("*") if p != self.dataset]


class PictureJob(FileJob):
    """One that draws its file beside what it prints."""

    def __init__(self, *arguments, output_option, tail=(), **more):
        super().__init__(*arguments, widths=(None,), output="x.png", **more)
        self.output_option = output_option
        self.tail = tail  # what of the input is named, and other words

    def named_input(self):
        return [self.input.joinpath(self.tail[0]), *self.tail[1:]] if self.tail else [self.input]


class FolderJob(FileJob):
    """A job that fills a folder, each file of which appears when it is whole."""

    def content(self):
        found = snapshot(self.dataset)
        found.pop("fetch.csv", None)  # it counts attempts
        return {name: value for name, value in found.items() if not self.is_partial(name)}

    @staticmethod
    def is_partial(name):
        return name.endswith((".part", ".partial"))

    def leftovers(self):
        return [str(p) for p in self.place.rglob("*") if self.is_partial(p.name)]

    def check_visible(self, what):
        if self.dataset.exists():
            wrong = self.content().items() - self.expected.items()
            assert not wrong, f"{what}: half-made files: {wrong}"


class FetchJob(FolderJob):
    """A job that fills a folder from a server, whose address is put into the options."""

    def prepare(self, folder):
        served = functools.partial(Served, directory=folder / "served")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), served)
        server.handle_error = lambda *_: None  # who asked was killed
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        self.options = [str(word).replace("URL", url) for word in self.options]
        super().prepare(folder)


class Served(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


# ---- jobs ---------------------------------------------------------------------------------------


def grist(program, path):
    path.write_bytes(b"rye and wheat")


def call(*words):
    subprocess.run([str(word) for word in words], check=True, capture_output=True)


def synth(program, *words):
    call(program, "synth", *words)


def survey(program, path, inlines=8, crosslines=20, samples=50):
    synth(program, "segy", "--inlines", inlines, "--crosslines", crosslines, "--samples", samples,
          "-o", path)


def candidates(program, path, stars=5):
    """A table of candidates; their light curves lie beside it."""
    sky = path.with_name("sky")
    synth(program, "transit", "--stars", stars, "--cadence", 1800, "-o", sky)
    shutil.copy(sky / "candidates.csv", path)


class TransitJob(Job):
    def prepare(self, folder):
        self.options = [*self.options, "--light-curves", folder / "sky"]
        super().prepare(folder)


def archive(program, path):
    """Two days of prices, each a zip of zips."""
    synth(program, "ercot", "--days", 2, "--points", 40, "--pack", "nested", "-o", path)


def imported(program, path):
    """A dataset to export."""
    survey(program, path.with_suffix(".sgy"))
    call(program, "segy", "import", path.with_suffix(".sgy"), "--chunk-traces", 8, "-o", path)


def prices(program, path):
    """A Parquet file to rewrite."""
    folder = path.with_name("prices")
    archive(program, folder)
    call(program, "ercot", "rollup", folder, "-o", path.with_suffix(".ds"))
    sizes = {p.stat().st_size: p for p in path.with_suffix(".ds").rglob("*.parquet")}
    shutil.copy(sizes[max(sizes)], path)


def two_files(program, path):
    """Parquet files to merge."""
    path.mkdir()
    prices(program, path.with_name("one.parquet"))
    for name in ("a", "b"):
        shutil.copy(path.with_name("one.parquet"), path / f"{name}.parquet")


def sweeps(program, path, days=2, count=2, *more):
    """Days of a few sweeps each: every one of them is drawn, which is what a run takes long for."""
    synth(program, "lunar", "--days", days, "--sweeps-per-day", count, *more, "-o", path)


def served_curves(program, path):
    """A table of candidates, whose light curves are on a server."""
    candidates(program, path, 3)
    path.with_name("sky").rename(path.with_name("served"))


def served_spectra(program, path):
    sweeps(program, path.with_name("served") / "data" / "lp-er-calibrated" / "data-3deleflux")


JOBS = {
    "mill": lambda: Job(
        "witness_mill", grist, ["grain", "grind"], ["--tasks", 12, "--bytes", 1000]
    ),
    "segy": lambda: Job(
        "witness_quern", survey, ["segy", "import"],
        ["--ensemble-key", "inline", "--chunk-traces", 8, "--shard-traces", 32,
         "--segment-traces", 32],
    ),
    "grid": lambda: Job(
        "witness_quern", survey, ["segy", "import"],
        ["--grid", "poststack-3d", "--grid-chunks", "4,8,50", "--tile-bytes", 8000,
         "--segment-traces", 80, "--no-traces"],
    ),
    "transit": lambda: TransitJob(
        "witness_quern", candidates, ["transit", "features"],
        ["--periodograms", "--sheets", 1, "--index", "keep"],
    ),
    "ercot": lambda: Job("witness_quern", archive, ["ercot", "rollup"], []),
    "export": lambda: FileJob(
        "witness_quern", imported, ["segy", "export"], ["--overwrite"], output="x.sgy"
    ),
    "rewrite": lambda: FileJob(
        "witness_quern", prices, ["parquet", "rewrite"], ["--group-rows", 100, "--overwrite"],
        widths=(None,), output="x.parquet"
    ),
    "lunar": lambda: Job("witness_quern", sweeps, ["lunar", "map"], []),
    "merge": lambda: FileJob(
        "witness_quern", two_files, ["parquet", "merge"], ["--overwrite"], widths=(None,),
        output="x.parquet"
    ),
    "slice": lambda: FileJob(
        "witness_quern", prices, ["parquet", "slice"], ["--rows", "10:2000", "--overwrite"],
        widths=(None,), output="x.csv"
    ),
    "schema": lambda: FileJob(
        "witness_quern", archive, ["ercot", "schema"], [], widths=(None,), output="x.schema"
    ),
    "scan": lambda: PictureJob(
        "witness_quern", survey, ["segy", "scan"], [], output_option="--picture"
    ),
    "sweep": lambda: PictureJob(
        "witness_quern", sweeps, ["lunar", "sweep"], [], output_option="--plot",
        tail=("1998/091_120APR/3D980405.TAB", 1)
    ),
    "synth segy": lambda: FileJob(
        "witness_quern", None, ["synth", "segy"], ["--inlines", 40], widths=(None,),
        output="x.sgy"
    ),
    "synth ercot": lambda: FolderJob(
        "witness_quern", None, ["synth", "ercot"],
        ["--days", 2, "--points", 40, "--pack", "nested", "--faults"], widths=(None,), output="x"
    ),
    "synth transit": lambda: FolderJob(
        "witness_quern", None, ["synth", "transit"], ["--stars", 5, "--cadence", 1800],
        widths=(None,), output="x"
    ),
    "synth lunar": lambda: FolderJob(
        "witness_quern", None, ["synth", "lunar"], ["--days", 3, "--sweeps-per-day", 2, "--planets"],
        output="x"
    ),
    "fetch transit": lambda: FetchJob(
        "witness_quern", served_curves, ["transit", "fetch"],
        ["--url", "URL/tess2018206045859-s0001-{tic16}-0120-s_lc.fits", "--backoff", 0.01],
        widths=(None,), output="x"
    ),
    "fetch lunar": lambda: FetchJob(
        "witness_quern", served_spectra, ["lunar", "fetch"],
        ["--base-url", "URL", "--year", 1998, "--month", 4, "--no-kernels", "--backoff", 0.01],
        widths=(None,), output="x"
    ),
}


def ordeals(job, wanted, seed):
    """(kind, call) of a campaign: about `wanted` places, each another, in an order of chance. What
    one kind of place cannot give because it has too few, the others give."""
    chance = random.Random(seed)
    places = {kind: job.places(kind) for kind in job.kinds}
    parts = sum(KINDS[kind][1] for kind in places)
    chosen, left = [], []
    for kind, found in places.items():
        chance.shuffle(found)
        share = max(1, wanted * KINDS[kind][1] // parts)
        chosen += [(kind, place) for place in found[:share]]
        left += [(kind, place) for place in found[share:] if kind != "ledger"]
    chance.shuffle(left)
    chosen += left[: max(0, wanted - len(chosen))]
    chance.shuffle(chosen)
    return [(kind, lambda place=place: place[0](*place[1:])) for kind, place in chosen]


def campaign(name, job, arguments):
    """Prints what was tried and what failed; the number of failures."""
    begin, counts, failed = time.monotonic(), dict.fromkeys(job.kinds, 0), 0
    flipped = ""
    try:
        if "ledger" in job.kinds and arguments.flips:
            flipped = f"; {job.flip_bits(arguments.flips, arguments.seed)}"
    except AssertionError as reason:
        failed += 1
        print(f"{name}: {reason}", flush=True)
    for kind, ordeal in ordeals(job, arguments.points, arguments.seed):
        if time.monotonic() - begin > arguments.seconds:
            break
        counts[kind] += 1
        try:
            ordeal()
        except (AssertionError, OSError, subprocess.TimeoutExpired) as reason:
            failed += 1
            print(f"{name}: {reason}", flush=True)
    tried = ", ".join(f"{counts[kind]} {KINDS[kind][0]}" for kind in job.kinds)
    verdict = f"{failed} FAILED" if failed else "all survived"
    print(f"{name}: {sum(counts.values())} places ({tried}){flipped}: {verdict}, "
          f"{time.monotonic() - begin:.0f} s", flush=True)
    return failed


def main():
    parser = argparse.ArgumentParser(description="Breaks jobs at every place and mends them.")
    parser.add_argument("--points", type=int, default=1200, help="places of each job")
    parser.add_argument("--flips", type=int, default=10000, help="bits of each dataset")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="most for each job")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("jobs", nargs="*", default=list(JOBS), metavar="JOB", help=", ".join(JOBS))
    arguments = parser.parse_args()
    failed = 0
    for name in arguments.jobs:
        with tempfile.TemporaryDirectory(prefix="quern-ordeal-", dir="/dev/shm") as folder:
            job = JOBS[name]()
            job.prepare(pathlib.Path(folder))
            failed += campaign(name, job, arguments)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
