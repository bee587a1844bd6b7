"""`quern parquet` on a year of prices, beside pyarrow, DuckDB and Polars with one thread each.

All run on the same one core. QUERN_BENCH_ROWS makes the file smaller, to try things out.
"""

import json
import os
import subprocess
import sys
import time

from common import PEERS, in_turn, table

IN_MEMORY = True
ROWS = int(os.environ.get("QUERN_BENCH_ROWS", 10_000_000))
CORE = {max(os.sched_getaffinity(0))}
TOOLS = {"pyarrow": "pyarrow", "duckdb": "DuckDB", "polars": "Polars"}

MAKE = """
import numpy, pyarrow, pyarrow.parquet as pq, sys
rows, points = int(sys.argv[2]), 1000
random = numpy.random.default_rng(1)
n = numpy.arange(rows)
price = numpy.round(25 + 8 * random.standard_normal(rows), 2)
names = numpy.array([f"POINT_{i:04}_RN" for i in range(points)])
pq.write_table(pyarrow.table({
    "time": pyarrow.array(n // points * 900_000_000 + 1_704_067_200_000_000, pyarrow.timestamp("us", "UTC")),
    "point": names[n % points],
    "hour": pyarrow.array((n // points // 4 % 24 + 1).astype("i1")),
    "price": pyarrow.array(price, mask=random.random(rows) < 0.01),
    "load": random.standard_normal(rows) * 100,
    "id": random.permutation(rows),
    "flag": random.random(rows) < 0.1,
}), sys.argv[1], compression="snappy", row_group_size=1 << 20)
"""


def measured(command):
    """Seconds, standard output and largest resident set (MiB) of a command on the one core."""
    begin = time.perf_counter()
    child = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True,
                             preexec_fn=lambda: os.sched_setaffinity(0, CORE))
    out, err = child.stdout.read(), child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"failed: {' '.join(map(str, command))}\n{err[-2000:]}")
    return time.perf_counter() - begin, out, usage.ru_maxrss / 1024


class Contest:
    """Runs of Quern and of the others, and the memory that they took."""

    def __init__(self, build, scratch, times):
        self.build, self.scratch, self.times, self.memory = build, scratch, times, {}

    def ours(self, *arguments):
        seconds, out, peak = measured([self.build / "quern", "parquet", *arguments])
        self.out, self.memory["quern"] = out, peak
        return seconds

    def peer(self, tool, job, *paths):
        _, out, self.memory[TOOLS[tool]] = measured(
            [sys.executable, PEERS / "parquet_job.py", tool, job, *paths])
        return float(out)

    def run(self, title, ours, job, *paths, tools=TOOLS, amount=ROWS, unit="rows", others=None):
        """A table of `ours` and of the tools at the same job. Loading of Python is not counted."""
        self.memory.clear()
        contenders = {"quern": ours}
        for tool in tools:
            contenders[f"{TOOLS[tool]}"] = lambda tool=tool: self.peer(tool, job, *paths)
        medians = in_turn({**contenders, **(others or {})}, self.times)
        table(title, medians, amount, unit)
        print("  MiB at most: " + ", ".join(f"{name} {mib:.0f}" for name, mib in self.memory.items()))
        return medians["quern"]


def bench(build, scratch, times):
    theirs, ours, out = scratch / "arrow.parquet", scratch / "quern.parquet", scratch / "out.parquet"
    measured([sys.executable, "-c", MAKE, theirs, ROWS])
    contest = Contest(build, scratch, times)
    contest.ours("rewrite", theirs, "-o", ours)
    parts = []
    for i in range(4):
        parts.append(scratch / f"part{i}.parquet")
        quarter = ROWS // 4
        contest.ours("slice", ours, "--rows", f"{i * quarter}:{(i + 1) * quarter}", "-o", parts[-1])
    print(f"\nParquet: {ROWS:,} rows x 7 columns; one core; written by pyarrow "
          f"{theirs.stat().st_size >> 20} MiB, by quern {ours.stat().st_size >> 20} MiB")

    program = build / "bench" / "bench_parquet"

    def make(*words, to=out):
        return contest.ours(*words, "--overwrite", "-o", to)

    def figure(path, name):
        told = json.loads(measured([program, path])[1])
        contest.bytes = told["bytes"]
        return told[name]

    for path, whose in ((ours, "our file"), (theirs, "pyarrow's file")):
        contest.run(f"count the rows of {whose}", lambda path=path: figure(path, "count"), "count", path,
                    amount=1, unit="tasks")
        seconds = contest.run(f"read every value of {whose}", lambda path=path: figure(path, "scan"),
                              "scan", path)
        print(f"  {contest.bytes / seconds / 1e9:.2f} GB of values a second (wanted: at least the others')")
        seconds = contest.run(f"verify {whose} (pyarrow: checksums alone)",
                              lambda path=path: contest.ours("verify", path, "--jobs", 1, "--json"),
                              "check", path, tools=["pyarrow"])
        decoded = json.loads(contest.out)["checked"]["decoded_bytes"]
        print(f"  {decoded / seconds / 1e9:.2f} GB of decoded data a second (wanted: 1)")
    contest.run("find duplicates by two columns", lambda: contest.ours(
        "verify", ours, "--jobs", 1, "--key", "time,point", "--time", "time", "--step", "15m"),
        "count", ours, tools=[])
    contest.run("stats", lambda: contest.ours("stats", ours), "stats", ours, tools=["pyarrow", "duckdb"],
                amount=1, unit="tasks")
    contest.run("rewrite, zstd", lambda: make("rewrite", theirs), "rewrite", theirs,
                scratch / "peer.parquet")
    print(f"  bytes: quern {out.stat().st_size:,}, the last of the others "
          f"{(scratch / 'peer.parquet').stat().st_size:,}")
    contest.run("rewrite, sorted by point and time",
                lambda: make("rewrite", theirs, "--sort", "point,time"), "sort", theirs,
                scratch / "peer.parquet")
    contest.run("merge of four files", lambda: make("merge", *parts), "merge", *parts,
                scratch / "peer.parquet",
                others={"cat of the bytes": lambda: measured(
                    ["sh", "-c", 'cat "$@" > "$0"', scratch / "cat", *parts])[0]})
    contest.run("cat to CSV", lambda: make("cat", theirs, to=scratch / "out.csv"), "csv", theirs,
                scratch / "peer.csv")
