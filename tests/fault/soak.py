"""Soak: random jobs under random faults, for as long as one likes (`make soak MINUTES=60`).

`python soak.py [--minutes M] [--seed S]` draws a job (pipeline, sizes, options), lets it run once
in peace, and then with a random number of workers from one disturbance to the next: kills of one
process or of all, failing calls, stopped workers, Ctrl-C. What must hold:

  * what was recorded done before a disturbance is recorded done after it;
  * whatever bears the dataset's name is whole, at any time;
  * in the end the dataset is the same to the byte, `verify` finds nothing, and nothing is left
    over: no temporary file, no process.

Prints a line a minute and a report. What failed is kept in a folder that is named, with its seed.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from ordeal import (BUILD, COUNTED, ERRORS, SHORT, FileJob, Job, TransitJob, candidates, imported,
                    prices, survey, sweeps, synth)

PATIENCE_S = 120  # for a run that ends by itself


# ---- jobs ---------------------------------------------------------------------------------------


def draw_mill(chance):
    options = ["--tasks", chance.randint(1, 80), "--bytes", chance.choice([0, 10, 1000, 60000])]
    if chance.random() < 0.5:
        options += ["--work", chance.randint(1, 15)]

    def grist(program, path):
        path.write_bytes(chance.randbytes(12))

    return Job("witness_mill", grist, ["grain", "grind"], options)


def draw_survey(chance):
    inlines, crosslines, samples = (chance.randint(*r) for r in ((1, 12), (4, 40), (1, 120)))

    def make(program, path):
        survey(program, path, inlines, crosslines, samples)

    return make


def draw_segy(chance):
    options = ["--chunk-traces", chance.choice([1, 7, 16]), "--segment-traces",
               chance.choice([20, 100]), "--codec", chance.choice(["none", "zstd", "blosc-lz4"])]
    options += chance.choice([[], ["--zarr", 2], ["--ensemble-key", "inline"]])
    return Job("witness_quern", draw_survey(chance), ["segy", "import"], options)


def draw_grid(chance):
    options = ["--grid", "poststack-3d", "--tile-bytes", chance.choice([4000, 30000]),
               "--no-traces"]
    return Job("witness_quern", draw_survey(chance), ["segy", "import"], options)


def draw_ercot(chance):
    words = ["--days", chance.randint(1, 4), "--points", chance.randint(40, 60), "--pack",
             chance.choice(["csv", "zip", "nested"]), "--seed", chance.randint(1, 99)]

    def archive(program, path):
        synth(program, "ercot", *words, "-o", path)

    return Job("witness_quern", archive, ["ercot", "rollup"], [])


def draw_transit(chance):
    stars = chance.randint(1, 8)
    options = ["--profile", chance.choice(["robust", "classic"]), "--sheets", chance.randint(0, 2),
               "--index", chance.choice(["keep", "none"])]
    options += chance.choice([[], ["--periodograms"], ["--tls", "fast"]])

    def sky(program, path):
        candidates(program, path, stars)

    return TransitJob("witness_quern", sky, ["transit", "features"], options)


def draw_lunar(chance):
    days, count, seed = chance.randint(1, 3), chance.randint(1, 4), chance.randint(1, 99)
    options = ["--profile", chance.choice(["robust", "classic"])]

    def archive(program, path):
        sweeps(program, path, days, count, "--seed", seed)

    return Job("witness_quern", archive, ["lunar", "map"], options)


def draw_export(chance):
    options = ["--overwrite", *chance.choice([[], ["--traces", "5:90"], ["--format", "ieee"]])]
    return FileJob("witness_quern", imported, ["segy", "export"], options, output="x.sgy")


def draw_rewrite(chance):
    options = ["--overwrite", "--group-rows", chance.choice([50, 100, 1000]), "--codec",
               chance.choice(["none", "zstd", "snappy"])]
    return FileJob("witness_quern", prices, ["parquet", "rewrite"], options, widths=(None,),
                   output="x.parquet")


PIPELINES = {"mill": draw_mill, "segy": draw_segy, "grid": draw_grid, "ercot": draw_ercot,
             "transit": draw_transit, "lunar": draw_lunar, "export": draw_export,
             "rewrite": draw_rewrite}


# ---- disturbances -------------------------------------------------------------------------------


class Disturbed:
    """A job on its way from one disturbance to the next."""

    def __init__(self, job, chance):
        self.job = job
        self.chance = chance
        self.done = 0  # tasks that were recorded

    def command(self):
        width = self.chance.choice([1, 2, 3, 7])
        return self.job.command(None if self.job.widths == (None,) else width)

    def run(self, **witness):
        environment = {**os.environ, **{key: str(value) for key, value in witness.items()}}
        return subprocess.run(
            self.command(), env=environment, capture_output=True, timeout=PATIENCE_S
        )

    def witnessed(self, **witness):
        counter = self.job.folder / "counter"
        counter.unlink(missing_ok=True)
        return self.run(QUERN_ROOT=f"{self.job.place}/", QUERN_INPUT=self.job.input,
                        QUERN_COUNTER=counter, **witness)

    def kill_at_a_call(self):
        self.witnessed(QUERN_KILL_AT=self.chance.randint(1, 300))

    def fail_a_call(self):
        kind = self.chance.choice(list(ERRORS))
        name = self.chance.choice(list(ERRORS[kind]))
        n = self.chance.randint(1, 4000 if kind == "memory" else 300)
        done = self.witnessed(QUERN_COUNTED=COUNTED[kind], QUERN_FAIL_AT=n,
                              QUERN_ERRNO=ERRORS[kind][name])
        allowed = (0,) if name in SHORT else (0, 1, 3)
        said = done.stderr.decode(errors="replace")
        assert done.returncode in allowed, f"{name}: exit {done.returncode}\n{said[-2000:]}"
        if done.returncode == 3 or "resume --retry-failed" in said:
            command = [self.job.program, "resume", "--retry-failed", self.job.dataset]
            again = subprocess.run(command, capture_output=True, timeout=PATIENCE_S)
            assert again.returncode == 0, again.stderr.decode(errors="replace")[-2000:]

    def processes(self):
        """Of the run: coordinator, keeper, workers."""
        found = []
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                line = pathlib.Path("/proc", entry, "cmdline").read_bytes()
            except OSError:
                continue
            if str(self.job.dataset).encode() in line:
                found.append(int(entry))
        return found

    def send(self, pids, number):
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def at_a_moment(self, act):
        """Starts a run and does something to it after a while; the run's exit code."""
        process = subprocess.Popen(
            self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        time.sleep(self.chance.random() ** 2 * 0.4)
        act(process)
        try:
            process.communicate(timeout=PATIENCE_S)
        finally:
            self.send([process.pid], signal.SIGKILL)
        return process.returncode

    def kill_the_coordinator(self):
        self.at_a_moment(lambda process: process.kill())

    def kill_one_process(self):
        self.at_a_moment(
            lambda process: self.send(self.processes()[self.chance.randint(0, 3) :][:1],
                                      signal.SIGKILL))

    def kill_all(self):
        self.at_a_moment(lambda process: self.send(self.processes(), signal.SIGKILL))

    def stop_and_go_on(self):
        """All stand still for a moment, as on a laptop that sleeps."""

        def act(process):
            pids = self.processes()
            self.send(pids, signal.SIGSTOP)
            time.sleep(0.1)
            self.send(pids, signal.SIGCONT)

        code = self.at_a_moment(act)
        assert code == 0, f"exit {code} after all were stopped for a moment"

    def interrupt(self):
        code = self.at_a_moment(lambda process: process.send_signal(signal.SIGINT))
        # Before the program catches signals it dies of this one, as any program does.
        assert code in (0, 130, -signal.SIGINT), f"exit {code} after Ctrl-C"

    KINDS = ("kill_at_a_call", "fail_a_call", "kill_the_coordinator", "kill_one_process",
             "kill_all", "stop_and_go_on", "interrupt")

    # ---- what must hold ---------------------------------------------------------------------

    def check_between(self, what):
        self.job.check_visible(what)
        plan = self.job.place / f"{self.job.output}.partial" / ".quern" / "plan.json"
        if self.job.dataset.exists() or not plan.exists():
            return
        command = [self.job.program, "status", "--json", self.job.dataset]
        said = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
        assert said.returncode == 0, f"{what}: status: {said.stderr}"
        done = json.loads(said.stdout)["done"]
        assert done >= self.done, f"{what}: {self.done} tasks were recorded, now {done} are"
        self.done = done

    def check_end(self):
        self.job.check_end("in the end")
        if self.job.dataset.is_dir():
            command = [self.job.program, "verify", "--progress", "none", self.job.dataset]
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
            assert done.returncode == 0, f"verify: {done.stdout}"
        end = time.monotonic() + 5
        while self.processes():
            assert time.monotonic() < end, f"processes are left: {self.processes()}"
            time.sleep(0.01)


def soak_once(chance, folder, counts):
    name = chance.choice(list(PIPELINES))
    job = PIPELINES[name](chance)
    job.prepare(folder)
    job.clear()
    disturbed = Disturbed(job, chance)
    counts["jobs of " + name] += 1
    for _ in range(chance.randint(1, 8)):
        kind = chance.choice(Disturbed.KINDS)
        counts[kind] += 1
        getattr(disturbed, kind)()
        disturbed.check_between(kind)
    disturbed.check_end()


def report(counts, survived, failed, begin):
    faults = sum(counts[kind] for kind in Disturbed.KINDS)
    print(f"soak: {(time.monotonic() - begin) / 60:.1f} min, {survived + failed} jobs, "
          f"{faults} disturbances, {survived} survived, {failed} FAILED", flush=True)


def main():
    parser = argparse.ArgumentParser(description="Runs random jobs under random faults.")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    arguments = parser.parse_args()
    print(f"soak: build {BUILD}, seed {arguments.seed}", flush=True)
    begin = told = time.monotonic()
    counts, survived, failed, run = collections.Counter(), 0, 0, 0
    while time.monotonic() - begin < 60 * arguments.minutes:
        run += 1
        folder = pathlib.Path(tempfile.mkdtemp(prefix="quern-soak-", dir="/dev/shm"))
        try:
            soak_once(random.Random(f"{arguments.seed} {run}"), folder, counts)
            survived += 1
            shutil.rmtree(folder)
        except (AssertionError, OSError, subprocess.SubprocessError) as reason:
            failed += 1
            print(f"soak: seed {arguments.seed}, job {run}: {reason}\nsoak: kept in {folder}",
                  flush=True)
        if time.monotonic() - told > 60:
            told = time.monotonic()
            report(counts, survived, failed, begin)
    report(counts, survived, failed, begin)
    for what, count in sorted(counts.items()):
        print(f"  {count:6} {what.replace('_', ' ')}")
    sys.exit(1 if failed or not survived else 0)


if __name__ == "__main__":
    main()
