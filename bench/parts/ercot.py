"""A month of prices, a year of them and a day of SCED, beside DuckDB, ClickHouse and Polars."""

import json
import os
import shutil
import sys

from common import PEERS, in_turn, run, table

IN_MEMORY = True
DAYS = int(os.environ.get("QUERN_BENCH_DAYS", 31))  # a year has twelve times as many
POINTS = int(os.environ.get("QUERN_BENCH_POINTS", 1011))  # rows of a file


def bench(build, scratch, times):
    """A month of real-time prices (2,976 files) and a day of SCED (188 quoted columns), 2 workers:
    typed, sorted, without duplicates, with page indexes and checksums. The others do what comes
    nearest: see bench/peers."""
    quern, peers = build / "quern", PEERS
    month, out = scratch / "month", scratch / "ercot.ds"
    days, points = DAYS, POINTS
    files = 96 * days
    run([quern, "synth", "ercot", "-o", month, "--days", days, "--start", "2024-05-01", "--points",
         points])

    def ours(source):
        shutil.rmtree(out, ignore_errors=True)
        seconds, _ = run([quern, "ercot", "rollup", source, "-o", out, "--jobs", 2,
                          "--progress", "none"])
        memory.append(json.loads((out / "run.json").read_text())["max_worker_rss_mib"])
        return seconds

    def peer(program, *options):
        target = scratch / "peer.parquet"
        target.unlink(missing_ok=True)
        run_seconds, printed = run([sys.executable, peers / program, month, target, *options])
        sizes[" ".join([program.split("_")[0], *options])] = target.stat().st_size
        return float(printed) if printed.strip() else run_seconds

    memory, sizes = [], {}
    medians = in_turn({
        "quern": lambda: ours(month),
        "DuckDB, given the schema, dedup and sort": lambda: peer("duckdb_prices.py", "best"),
        "ClickHouse, given the schema, dedup and sort": lambda: peer("clickhouse_prices.py", "best"),
        "Polars, no order": lambda: peer("polars_prices.py"),
    }, times)
    once = {  # slow, and no headline
        "DuckDB, as it comes, no order": peer("duckdb_prices.py", "default"),
        "ClickHouse, as it comes, no order": peer("clickhouse_prices.py", "default"),
    }
    sizes["quern"] = (out / "rt_spp" / "2024.parquet").stat().st_size
    table(f"a month of real-time prices: {files:,} files, {files * points * 39 / 1e6:.0f} MB",
          {**medians, **once}, files * points, "rows",
          "wanted: at most 0.25 s; five times as fast as DuckDB at its best")
    ratio = medians["DuckDB, given the schema, dedup and sort"] / medians["quern"]
    print(f"  DuckDB at its best takes {ratio:.1f} times as long (wanted: at least 5)")
    print("  bytes: " + ", ".join(f"{name} {size:,}" for name, size in sizes.items())
          + " (wanted: no larger than the others')")
    _, rows = run([sys.executable, peers / "clickhouse_reads.py", out / "rt_spp" / "2024.parquet"])
    print(f"  ClickHouse reads the same {int(rows):,} rows, cell by cell")
    for pack in ("csv", "zip"):
        run([quern, "synth", "ercot", "-o", scratch / pack, "--table", "sced", "--points",
             points + 40, "--pack", pack])
        medians = in_turn({"quern": lambda: ours(scratch / pack)}, times)
        rows = 96 * (points + 29)
        table(f"a day of SCED, {rows:,} rows x 188 quoted columns, {pack}", medians, rows, "rows",
              "wanted: at most 0.25 s")
    print(f"\n  memory of a worker: {max(memory):.0f} MiB at most (wanted: under 150)")
    shutil.rmtree(month)
    year = scratch / "year"
    run([quern, "synth", "ercot", "-o", year, "--days", 12 * days - 6, "--start", "2024-01-01",
         "--points", points])
    seconds = ours(year)
    table(f"a year: {96 * (12 * days - 6):,} files", {"quern": seconds},
          96 * (12 * days - 6) * points, "rows", "wanted: as many rows a second as for a month")
    print(f"  memory of a worker: {memory[-1]:.0f} MiB at most")
