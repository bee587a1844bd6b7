"""A month of prices and a day of SCED, beside DuckDB and Polars."""

import json
import shutil
import sys

from common import PEERS, in_turn, run, table

IN_MEMORY = True

def bench(build, scratch, times):
    """A month of real-time prices (2,976 files) and a day of SCED (188 quoted columns), 2 workers:
    typed, sorted, without duplicates, with page indexes and checksums. The others do what comes
    nearest: see bench/peers."""
    quern, peers = build / "quern", PEERS
    month, out = scratch / "month", scratch / "ercot.ds"
    run([quern, "synth", "ercot", "-o", month, "--days", 31, "--start", "2024-05-01"])

    def ours(source):
        shutil.rmtree(out, ignore_errors=True)
        seconds, _ = run([quern, "ercot", "rollup", source, "-o", out, "--jobs", 2,
                          "--progress", "none"])
        memory.append(json.loads((out / "run.json").read_text())["max_worker_rss_mib"])
        return seconds

    def peer(program, *options):
        target = scratch / "peer.parquet"
        run_seconds, printed = run([sys.executable, peers / program, month, target, *options])
        sizes[" ".join([program.split("_")[0], *options])] = target.stat().st_size
        return float(printed) if printed.strip() else run_seconds

    memory, sizes = [], {}
    medians = in_turn({
        "quern": lambda: ours(month),
        "DuckDB, given the schema, dedup and sort": lambda: peer("duckdb_prices.py", "best"),
        "DuckDB, as it comes, no order": lambda: peer("duckdb_prices.py", "default"),
        "Polars, no order": lambda: peer("polars_prices.py"),
    }, times)
    sizes["quern"] = (out / "rt_spp" / "2024.parquet").stat().st_size
    table("a month of real-time prices: 2,976 files, 120 MB", medians, 3_008_736, "rows",
          "wanted: at most 0.25 s; five times as fast as DuckDB at its best")
    print("  bytes: " + ", ".join(f"{name} {size:,}" for name, size in sizes.items()))
    for pack in ("csv", "zip"):
        run([quern, "synth", "ercot", "-o", scratch / pack, "--table", "sced", "--points", 1051,
             "--pack", pack])
        medians = in_turn({"quern": lambda: ours(scratch / pack)}, times)
        table(f"a day of SCED, 99,840 rows x 188 quoted columns, {pack}", medians, 99_840, "rows",
              "wanted: at most 0.25 s")
    print(f"\n  memory of a worker: {max(memory):.0f} MiB at most (wanted: under 150)")
    year = scratch / "year"
    run([quern, "synth", "ercot", "-o", year, "--days", 366, "--start", "2024-01-01", "--points", 200])
    table("a year of files with a fifth of the rows: 35,136 files", {"quern": ours(year)},
          7_027_200, "rows")
