"""Ordeals: one job, broken at every possible place, and what must be true of it afterwards.

`python ordeal.py [--points N] [--seconds S] [JOB...]` runs the whole campaign (`make fault`) and prints
how many places were tried; test_ordeal.py runs a sample of it in every test run.
"""

import argparse
import hashlib
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from disk import STATES, Disk, read_records

ROOT = pathlib.Path(__file__).parents[2]
BUILD = pathlib.Path(os.environ.get("QUERN_BUILD", ROOT / "build"))
KINDS = {
    "kill": "kills",
    "error": "failing calls",
    "power": "losses of power",
    "flip": "flipped bits of datasets",
    "ledger": "flipped bits of ledgers",
}
ERRORS = {"EIO": 5, "ENOSPC": 28, "EMFILE": 24, "EACCES": 13, "EINTR": 4}


def snapshot(dataset):
    """The digest of every file that promises to be the same to the byte."""
    files = {}
    for path in sorted(dataset.rglob("*")):
        name = str(path.relative_to(dataset))
        aside = name in ("run.json", "report.html") or name.endswith(".png")
        if path.is_file() and not aside and not name.startswith(".quern/"):
            files[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return files


def leftovers(folder):
    return [str(p) for p in folder.rglob("*") if ".quern-tmp-" in p.name or p.name.endswith(".tmp")]


class Job:
    """A job of a program with a witness: the same input and options again and again."""

    def __init__(self, program, make_input, verb, options):
        self.program = BUILD / "tests" / program
        self.make_input = make_input
        self.verb = verb
        self.options = options

    def restore(self):
        """The complete dataset, made anew."""
        self.clear()
        assert self.run(self.place).returncode == 0

    def prepare(self, folder):
        self.folder = folder
        self.input = folder / "input"
        self.make_input(self.program, self.input)
        self.place = folder / "place"
        self.expected = None
        self.restore()
        self.expected = snapshot(self.dataset)
        assert self.expected

    @property
    def dataset(self):
        return self.place / "x.ds"

    def clear(self):
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir()

    def run(self, place, *more, **witness):
        environment = {**os.environ, **{key: str(value) for key, value in witness.items()}}
        command = [self.program, *self.verb, self.input, *self.options, *more, "-o", place / "x.ds"]
        return subprocess.run(
            [str(word) for word in command], env=environment, capture_output=True, timeout=120
        )

    def witnessed(self, *more, **witness):
        """Runs from nothing under the witness; the result and how many calls it counted."""
        counter = self.folder / "counter"
        counter.unlink(missing_ok=True)
        self.clear()
        done = self.run(
            self.place, *more, QUERN_ROOT=f"{self.place}/", QUERN_COUNTER=counter, **witness
        )
        return done, int.from_bytes(counter.read_bytes()[:8], sys.byteorder)

    def check_end(self, what):
        """The job run once more, undisturbed, completes to the very same bytes."""
        done = self.run(self.place)
        said = done.stderr.decode(errors="replace")[-2000:]
        assert done.returncode == 0, f"{what}: exit {done.returncode}\n{said}"
        assert snapshot(self.dataset) == self.expected, f"{what}: other bytes"
        assert not leftovers(self.place), f"{what}: {leftovers(self.place)}"

    def check_visible(self, what):
        """Whatever bears the dataset's name is whole."""
        if self.dataset.exists():
            assert snapshot(self.dataset) == self.expected, f"{what}: a half-made dataset"

    # ---- ordeals --------------------------------------------------------------------------

    def kill_at(self, n, jobs):
        """kill -9 of whichever process makes the n-th call; then of nobody."""
        what = f"SIGKILL at call {n}, {jobs} workers"
        self.witnessed("-j", jobs, QUERN_KILL_AT=n)
        self.check_visible(what)
        self.check_end(what)

    def fail_at(self, n, name, jobs):
        """The n-th call fails: the run says so or recovers."""
        what = f"{name} at call {n}, {jobs} workers"
        done, _ = self.witnessed("-j", jobs, QUERN_FAIL_AT=n, QUERN_ERRNO=ERRORS[name])
        assert done.returncode in (0, 1, 3), f"{what}: exit {done.returncode}"
        assert done.returncode == 0 or b"error: " in done.stderr or b"failed" in done.stderr, what
        if done.returncode != 3:
            self.check_visible(what)
        else:
            self.run(self.place, "--restart", "--overwrite")
        self.check_end(what)

    def lose_power(self, records, n, state):
        """The disk as a loss of power after n calls may leave it."""
        what = f"power lost after call {n}, disk state '{state}'"
        disk = Disk(str(self.place))
        for record in records[:n]:
            disk.play(record)
        self.clear()
        disk.build(state, self.place)
        self.check_visible(what)
        self.check_end(what)

    def flip_bit(self, chance):
        """One bit of one file of a complete dataset is another: verify finds it and names the file."""
        if not self.dataset.exists():
            self.restore()
        files = [self.dataset / name for name in self.expected]
        sizes = [path.stat().st_size for path in files]
        path = chance.choices(files, sizes)[0]
        place, bit = chance.randrange(path.stat().st_size), 1 << chance.randrange(8)
        what = f"bit {bit} of byte {place} of {path.relative_to(self.dataset)}"
        with open(path, "r+b") as file:
            for undo in (False, True):
                file.seek(place)
                (byte,) = file.read(1)
                file.seek(place)
                file.write(bytes([byte ^ bit]))
                file.flush()
                if undo:
                    break
                done = subprocess.run(
                    [self.program, "verify", "--progress", "none", self.dataset],
                    capture_output=True, timeout=120,
                )
        said = (done.stdout + done.stderr).decode(errors="replace")
        assert done.returncode == 1, f"{what}: exit {done.returncode}"
        assert path.name in said, f"{what}: verify says only\n{said}"

    def flip_ledger_bit(self, chance):
        """One bit of the ledger of an interrupted run is another: resume refuses or redoes, and never
        takes wrong for right."""
        _, total = self.witnessed("-j", 1)
        self.witnessed("-j", 1, QUERN_KILL_AT=chance.randrange(total // 2, total))
        ledger = self.place / "x.ds.partial" / ".quern" / "ledger"
        if not ledger.exists() or ledger.stat().st_size == 0:
            return
        content = bytearray(ledger.read_bytes())
        place, bit = chance.randrange(len(content)), 1 << chance.randrange(8)
        content[place] ^= bit
        ledger.write_bytes(content)
        what = f"bit {bit} of byte {place} of {len(content)} of the ledger"
        done = self.run(self.place)
        if done.returncode == 0:
            assert snapshot(self.dataset) == self.expected, f"{what}: other bytes"
        else:
            assert done.returncode == 1 and b"ledger" in done.stderr, f"{what}: {done.stderr}"

    def record(self, jobs):
        """A run's calls, for lose_power; two folders up is where sync of names begins."""
        path = self.folder / "record"
        path.unlink(missing_ok=True)
        done, _ = self.witnessed("-j", jobs, QUERN_WITNESS=path)
        assert done.returncode == 0
        return read_records(path)


# ---- jobs ---------------------------------------------------------------------------------------


def grist(program, path):
    path.write_bytes(b"rye and wheat")


def survey(program, path):
    command = [program, "synth", "segy", "--inlines", 8, "--crosslines", 20, "--samples", 50]
    subprocess.run([str(w) for w in [*command, "-o", path]], check=True, capture_output=True)


def sweeps(program, path):
    sys.path.insert(0, str(ROOT / "tests" / "interop"))
    from lunar_tools import START, day_rows, text_of, write_archive

    write_archive(path, sweeps=3)
    for day in (11, 12):
        text = text_of(day_rows(2, START + 86400 * (day - 10)))
        (path / f"3D9804{day}.TAB").write_text(text)


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
    "lunar": lambda: Job("witness_quern", sweeps, ["lunar", "map"], []),
}


def points(total, wanted, chance):
    """`wanted` of the places 1 to total, all of them if there are no more."""
    places = list(range(1, total + 1))
    return places if total <= wanted else sorted(chance.sample(places, wanted))


def ordeals(job, wanted, seed):
    """(kind, call) of a campaign: about `wanted` kills, errors and losses of power, and flipped bits."""
    chance = random.Random(seed)
    share = max(wanted // 3, 1)
    todo = []
    for jobs in (1, 2):
        _, total = job.witnessed("-j", jobs)
        for n in points(total, share // 2 + 1, chance):
            todo.append(("kill", lambda n=n, jobs=jobs: job.kill_at(n, jobs)))
        for n in points(total, share // 2 + 1, chance):
            name = chance.choice(list(ERRORS))
            todo.append(("error", lambda n=n, e=name, jobs=jobs: job.fail_at(n, e, jobs)))
    for _ in range(share):
        todo.append(("flip", lambda: job.flip_bit(chance)))
    for _ in range(share // 8):
        todo.append(("ledger", lambda: job.flip_ledger_bit(chance)))
    records = job.record(2)
    places = [(n, state) for n in range(len(records) + 1) for state in STATES]
    for n, state in places if len(places) <= share else chance.sample(places, share):
        todo.append(("power", lambda n=n, s=state: job.lose_power(records, n, s)))
    chance.shuffle(todo)
    todo.sort(key=lambda ordeal: ordeal[0] == "flip")  # all on one dataset, which they leave whole
    return todo


def main():
    parser = argparse.ArgumentParser(description="Breaks jobs at every place and mends them.")
    parser.add_argument("--points", type=int, default=1200, help="places of each job")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="most for each job")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("jobs", nargs="*", default=list(JOBS), metavar="JOB", help=", ".join(JOBS))
    arguments = parser.parse_args()
    failed = 0
    for name in arguments.jobs:
        with tempfile.TemporaryDirectory(prefix="quern-ordeal-", dir="/dev/shm") as folder:
            job = JOBS[name]()
            job.prepare(pathlib.Path(folder))
            begin, counts = time.monotonic(), dict.fromkeys(KINDS, 0)
            for kind, ordeal in ordeals(job, arguments.points, arguments.seed):
                if time.monotonic() - begin > arguments.seconds:
                    break
                counts[kind] += 1
                try:
                    ordeal()
                except (AssertionError, OSError, subprocess.TimeoutExpired) as reason:
                    failed += 1
                    print(f"{name}: {reason}", flush=True)
            tried = ", ".join(f"{counts[kind]} {KINDS[kind]}" for kind in KINDS)
            verdict = f"{failed} FAILED" if failed else "all survived"
            print(f"{name}: {tried}: {verdict}, {time.monotonic() - begin:.0f} s", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
