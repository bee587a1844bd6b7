"""A month of prices, a day of SCED and a year of prices, beside DuckDB, ClickHouse and Polars."""

import json
import os
import shutil
import sys

from common import PEERS, in_turn, run, table

IN_MEMORY = True
DAYS = int(os.environ.get("QUERN_BENCH_DAYS", 31))  # smaller for a try
POINTS = int(os.environ.get("QUERN_BENCH_POINTS", 1011))


class Rollup:
    """Rollups with two workers, and the largest of their workers."""

    def __init__(self, quern, out):
        self.quern, self.out, self.memory = quern, out, 0

    def __call__(self, source):
        shutil.rmtree(self.out, ignore_errors=True)
        seconds, _ = run([self.quern, "ercot", "rollup", source, "-o", self.out, "--jobs", 2,
                          "--progress", "none"])
        facts = json.loads((self.out / "run.json").read_text())
        self.memory = max(self.memory, facts["max_worker_rss_mib"])
        return seconds


def synth(quern, folder, *options):
    run([quern, "synth", "ercot", "-o", folder, *options])
    return folder


def month(rollup, scratch, times):
    """Typed, sorted, without duplicates, with page indexes and checksums. The others do what comes
    nearest: see bench/peers. What they do when nothing is told them is measured once."""
    files = 96 * DAYS
    source = synth(rollup.quern, scratch / "month", "--days", DAYS, "--start", "2024-05-01",
                   "--points", POINTS)
    sizes = {}

    def peer(program, way):
        target = scratch / "peer.parquet"
        target.unlink(missing_ok=True)
        seconds, printed = run([sys.executable, PEERS / f"{program}_prices.py", source, target, way])
        sizes[f"{program} {way}"] = target.stat().st_size
        return float(printed) if printed.strip() else seconds

    duckdb = "DuckDB, given the schema, dedup and sort"
    medians = in_turn({
        "quern": lambda: rollup(source),
        duckdb: lambda: peer("duckdb", "best"),
        "ClickHouse, given the schema, dedup and sort": lambda: peer("clickhouse", "best"),
        "Polars, no order": lambda: peer("polars", ""),
    }, times)
    once = {
        "DuckDB, as it comes, no order": peer("duckdb", "default"),
        "ClickHouse, as it comes, no order": peer("clickhouse", "default"),
    }
    out = rollup.out / "rt_spp" / "2024.parquet"
    sizes["quern"] = out.stat().st_size
    table(f"a month of real-time prices: {files:,} files, {files * POINTS * 39 / 1e6:.0f} MB",
          {**medians, **once}, files * POINTS, "rows",
          "wanted: at most 0.25 s; five times as fast as DuckDB at its best")
    print(f"  DuckDB at its best takes {medians[duckdb] / medians['quern']:.1f} times as long")
    print("  bytes: " + ", ".join(f"{name} {size:,}" for name, size in sizes.items())
          + " (wanted: no larger than the others')")
    _, rows = run([sys.executable, PEERS / "clickhouse_reads.py", out])
    print(f"  ClickHouse reads the same {int(rows):,} rows, cell by cell")
    shutil.rmtree(source)


def sced(rollup, scratch, times, pack):
    rows = 96 * (POINTS + 29)
    source = synth(rollup.quern, scratch / pack, "--table", "sced", "--points", POINTS + 40, "--pack",
                   pack)
    table(f"a day of SCED, {rows:,} rows x 188 quoted columns, {pack}",
          in_turn({"quern": lambda: rollup(source)}, times), rows, "rows", "wanted: at most 0.25 s")
    shutil.rmtree(source)


def year(rollup, scratch):
    days = 12 * DAYS - 6
    source = synth(rollup.quern, scratch / "year", "--days", days, "--start", "2024-01-01",
                   "--points", POINTS)
    table(f"a year: {96 * days:,} files", {"quern": rollup(source)}, 96 * days * POINTS, "rows",
          "wanted: as many rows a second as for a month")


def bench(build, scratch, times):
    rollup = Rollup(build / "quern", scratch / "ercot.ds")
    month(rollup, scratch, times)
    for pack in ("csv", "zip"):
        sced(rollup, scratch, times, pack)
    year(rollup, scratch)
    print(f"\n  memory of a worker: {rollup.memory:.0f} MiB at most (wanted: under 150)")
