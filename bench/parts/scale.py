"""How the engine's costs grow from 10^3 to 10^6 tasks: see docs/scaling.md.

Tasks do nothing, so that what is measured is Quern alone: plan, work on as many simulated nodes
as there are slices (one after another on this machine, two workers each), glue, verify.
"""

import os
import re
import shutil
import subprocess
import time

IN_MEMORY = True
NODES = 16
SIZES = (1_000, 10_000, 100_000, 1_000_000)
SHAPE = ("--payload", 64, "--result", 64)
CALLS = "openat,link,linkat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,fsync,fdatasync"


def measured(command):
    """Seconds and the largest resident set (MiB) among a command and its children."""
    begin = time.perf_counter()
    words = [str(word) for word in command]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"failed: {' '.join(words)}\n{said[-2000:]}")
    return time.perf_counter() - begin, usage.ru_maxrss / 1024


def size(folder, pattern):
    return sum(path.stat().st_size for path in folder.glob(pattern))


class Run:
    """One run of empty tasks, command by command."""

    def __init__(self, build, scratch):
        self.program, self.dataset = build / "bench" / "bench_engine", scratch / "empty.ds"
        shutil.rmtree(self.dataset, ignore_errors=True)
        shutil.rmtree(self.partial, ignore_errors=True)

    @property
    def partial(self):
        return self.dataset.with_name("empty.ds.partial")

    def plan(self, count, *shape):
        return measured([self.program, "plan", "empty", "run", __file__, "--tasks", count, *shape,
                         "-o", self.dataset, "--progress", "none"])

    def work(self, slices):
        costs = [measured([self.program, "work", "--slice", f"{k}/{slices}", "--no-take-over",
                           "--jobs", 2, "--progress", "none", self.dataset]) for k in range(1, slices + 1)]
        return sum(seconds for seconds, _ in costs), max(memory for _, memory in costs)

    def glue(self):
        return measured([self.program, "glue", "--progress", "none", self.dataset])

    def verify(self):
        return measured([self.program, "verify", "--progress", "none", self.dataset])


def line(count, name, cost, extra=""):
    seconds, memory = cost
    print(f"  {count:>9,} {name:<26}{seconds:8.3f} s {seconds / count * 1e6:9.2f} us a task "
          f"{memory:7.0f} MiB  {extra}", flush=True)


def steps(run, count, slices, *shape):
    line(count, "plan", run.plan(count, *shape),
         f"plan {size(run.partial, '.quern/plan.*') / count:.0f} bytes a task")
    line(count, f"work, {slices} nodes in turn", run.work(slices),
         f"ledgers {size(run.partial, '.quern/ledger*') / count:.0f} bytes a task")
    line(count, "glue", run.glue())
    line(count, "verify", run.verify())


def file_calls(build, scratch, *shape):
    """Calls that reach the file system per task: the slope between two sizes."""

    def calls(count):
        run = Run(build, scratch)
        run.plan(count, *shape)
        table = scratch / "calls.txt"
        subprocess.run(["strace", "-f", "-c", "-e", f"trace={CALLS}", "-o", table, run.program,
                        "work", "--jobs", "2", "--progress", "none", run.dataset], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        rows = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$",
                          table.read_text(), re.MULTILINE)
        return {name: int(number) for number, name in rows if name != "total"}

    few, many = calls(1_000), calls(3_000)
    slopes = {name: (many[name] - few.get(name, 0)) / 2_000 for name in many}
    return ", ".join(f"{name} {slope:.2f}" for name, slope in sorted(slopes.items()) if slope > 0.004)


def bench(build, scratch, times):
    print(f"\nempty tasks, payload and result of 64 bytes, {NODES} simulated nodes")
    for count in SIZES:
        steps(Run(build, scratch), count, NODES, *SHAPE)
    print("\nthe same on one node, and with a part file of 100 bytes for each task")
    steps(Run(build, scratch), SIZES[-1], 1, *SHAPE)
    for count in SIZES[-2:]:
        steps(Run(build, scratch), count, 1, *SHAPE, "--part", 100)
    if shutil.which("strace"):
        print(f"\n  calls to the file system per empty task: {file_calls(build, scratch, *SHAPE)}")
        print(f"  with a part file: {file_calls(build, scratch, *SHAPE, '--part', 100)}")
