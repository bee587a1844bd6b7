"""`make bench`: Quern beside other tools doing the same job in the same run.

Every figure is the median of several runs, taken in turn with those it is compared with. Files are
in memory (/dev/shm) where there is room, so that disks do not decide; one more line says what a
disk makes of it. Speeds of other machines mean little: the ratios are what counts.
"""

import argparse
import json
import mmap
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
HEADERS = (
    "trace_sequence_line,trace_sequence_file,field_record,trace_number,energy_source_point,cdp,"
    "trace_number_cdp,trace_id_code,offset,scalar_coord,source_x,source_y,receiver_x,receiver_y,"
    "sample_count,sample_interval,cdp_x,cdp_y,inline,crossline"
)


def run(command, **environment):
    """Seconds, standard output and the largest resident set (MiB) of a command."""
    begin = time.perf_counter()
    result = subprocess.run(
        [str(word) for word in command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - begin
    if result.returncode != 0:
        sys.exit(f"failed: {' '.join(map(str, command))}\n{result.stderr[-2000:]}")
    return seconds, result.stdout


def warm_memory(size=3 << 30):
    """Touches memory, so that the host of a virtual machine has it ready for whoever runs next."""
    with mmap.mmap(-1, size) as memory:
        for page in range(0, size, mmap.PAGESIZE):
            memory[page] = 1


def in_turn(contenders, times):
    """Runs each contender `times` times, round after round; median seconds of each."""
    seconds = {name: [] for name in contenders}
    for _ in range(times):
        for name, once in contenders.items():
            warm_memory()
            seconds[name].append(once())
    return {name: statistics.median(values) for name, values in seconds.items()}


def table(title, medians, count, unit, target=None):
    """Prints one line per contender: time, rate, and how many times longer than the first."""
    print(f"\n{title}")
    first = next(iter(medians.values()))
    for name, seconds in medians.items():
        rate = count / seconds
        cost = f"{seconds / count * 1e6:8.1f} us each" if unit == "tasks" else f"{rate:10,.0f} {unit}/s"
        print(f"  {name:<44}{seconds:8.2f} s  {cost}  {seconds / first:6.2f} x")
    if target:
        print(f"  {target}")


# ---- the engine -----------------------------------------------------------------------------


def bench_engine(build, scratch, times):
    program, count = build / "bench" / "bench_engine", 100_000

    def quern(*options):
        folder = scratch / "empty.ds"
        shutil.rmtree(folder, ignore_errors=True)
        return run(
            [program, "empty", "run", __file__, "--tasks", count, "--jobs", 2, "-o", folder,
             "--progress", "none", *options]
        )[0]

    def python(kind, chunk=1):
        script = HERE / "peers" / "empty_tasks.py"
        return float(run([sys.executable, script, kind, count, chunk])[1])

    def parallel():
        numbers = " ".join(map(str, range(1000)))
        return run(["sh", "-c", f"parallel --will-cite -j2 true ::: {numbers}"])[0] * count / 1000

    contenders = {
        "quern, 2 workers, durable": quern,
        "quern, one task at a time, durable": lambda: quern("--batch", 1),
        "multiprocessing imap, chunks of 64": lambda: python("imap", 64),
        "multiprocessing imap": lambda: python("imap", 1),
        "ProcessPoolExecutor": lambda: python("executor"),
        "GNU parallel (1,000 run, scaled)": parallel,
    }
    table(
        f"{count:,} empty tasks on two processes; only Quern's are recorded durably",
        in_turn(contenders, times),
        count,
        "tasks",
        "wanted: at most 10 us, one at a time 100 us",
    )


# ---- SEG-Y ----------------------------------------------------------------------------------


def bench_segy(build, scratch, times, traces):
    quern, survey = build / "quern", scratch / "survey.sgy"
    crosslines = 500
    run(
        [quern, "synth", "segy", "--inlines", traces // crosslines, "--crosslines", crosslines,
         "--samples", 1500, "--interval", 2000, "-o", survey]
    )
    out, memory = scratch / "out", {}

    def fresh():
        shutil.rmtree(out, ignore_errors=True)

    def ours(codec, jobs, *options):
        fresh()
        seconds, _ = run(
            [quern, "segy", "import", survey, "-o", out, "--headers", HEADERS, "--codec", codec,
             "--jobs", jobs, "--progress", "none", *options]
        )
        memory[codec] = json.loads((out / "run.json").read_text())["max_worker_rss_mib"]
        return seconds

    def segyio_zarr(processes, codec):
        fresh()
        script = HERE / "peers" / "segyio_zarr.py"
        return run([sys.executable, script, survey, out, processes, codec])[0]

    def mdio():
        fresh()
        script = HERE / "peers" / "mdio_import.py"
        return run([sys.executable, script, survey, out], MDIO__IMPORT__CPU_COUNT="2")[0]

    def copy():
        fresh()
        out.mkdir()
        half = survey.stat().st_size // 2 >> 18
        parts = (f"dd if={survey} of={out}/{i} bs=256K skip={i * half} count={half}" for i in (0, 1))
        return run(["sh", "-c", " & ".join(parts) + " & wait"])[0]

    def cp():
        fresh()
        out.mkdir()
        return run(["cp", "--reflink=never", survey, out / "copy.sgy"])[0]

    for codec, wanted in (("none", 800_000), ("zstd", None), ("blosc-lz4", 300_000)):
        contenders = {
            "quern -j2": lambda: ours(codec, 2),
            "cp of the file": cp,
            "the same bytes copied by two dd": copy,
            "quern -j1": lambda: ours(codec, 1),
            "segyio + zarr, 2 processes": lambda: segyio_zarr(2, codec),
            "segyio + zarr, 1 process": lambda: segyio_zarr(1, codec),
        }
        if codec != "none":
            contenders["MDIO, 2 processes (its own codec)"] = mdio
        medians = in_turn(contenders, times)
        table(
            f"{traces:,} traces x 1500 IBM samples with 20 header columns, codec {codec}",
            medians,
            traces,
            "traces",
            wanted and f"wanted: at least {wanted:,} traces/s with two workers",
        )
        stages(build, scratch, survey, codec, medians["quern -j1"])
    print(f"\n  memory of a worker: {max(memory.values()):.0f} MiB at most (wanted: under 150)")
    fresh()
    on_disk(quern, survey, traces)


def stages(build, scratch, survey, codec, whole):
    """What each stage of an import takes alone on one core, beside the whole import on one."""
    program = build / "bench" / "bench_segy_stages"
    seconds = json.loads(run([program, survey, codec, scratch / "stages.bin"])[1])
    parts = ", ".join(f"{name} {value:.2f}" for name, value in seconds.items())
    print(f"  stages alone on one core, s: {parts}; sum {sum(seconds.values()):.2f}, ", end="")
    print(f"whole import -j1 {whole:.2f}")


def on_disk(quern, survey, traces):
    """The same with every file synced to the disk of the temporary folder."""
    with tempfile.TemporaryDirectory(prefix="quern-bench-") as folder:
        source = pathlib.Path(folder) / "survey.sgy"
        shutil.copy(survey, source)
        seconds, _ = run(
            [quern, "segy", "import", source, "-o", pathlib.Path(folder) / "out", "--headers",
             HEADERS, "--jobs", 2, "--progress", "none"]
        )
        print(
            f"  on the disk of {tempfile.gettempdir()}, synced, blosc-lz4: {seconds:.2f} s, "
            f"{traces / seconds:,.0f} traces/s"
        )


# ---- market files ---------------------------------------------------------------------------


def bench_ercot(build, scratch, times, days, points):
    """A month of real-time prices (2,976 files) and a day of SCED (188 quoted columns), 2 workers:
    typed, sorted, without duplicates, with page indexes and checksums. The others do what comes
    nearest: see bench/peers."""
    quern, peers = build / "quern", HERE / "peers"
    month, out = scratch / "month", scratch / "ercot.ds"
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--times", type=int, default=3, help="runs of each contender")
    parser.add_argument("--traces", type=int, default=200_000)
    parser.add_argument("--days", type=int, default=31, help="of market files; a year has 12 times that")
    parser.add_argument("--points", type=int, default=1011, help="rows of a market file")
    parser.add_argument("--only", choices=["engine", "segy", "ibm", "ercot"], action="append")
    arguments = parser.parse_args()
    parts = arguments.only or ["engine", "segy", "ibm", "ercot"]
    shm = pathlib.Path("/dev/shm")
    room = shutil.disk_usage(shm).free if shm.is_dir() else 0
    memory = shm if room > arguments.traces * 6240 * 3 else None
    with tempfile.TemporaryDirectory(prefix="quern-bench-", dir=memory) as folder:
        scratch = pathlib.Path(folder)
        if "segy" in parts:
            bench_segy(arguments.build, scratch, arguments.times, arguments.traces)
        if "ercot" in parts:
            bench_ercot(arguments.build, scratch, arguments.times, arguments.days,
                        arguments.points)
    with tempfile.TemporaryDirectory(prefix="quern-bench-") as folder:
        if "engine" in parts:
            bench_engine(arguments.build, pathlib.Path(folder), arguments.times)
    if "ibm" in parts:
        print("\nIBM floats, all 2^32 words against double precision:", flush=True)
        subprocess.run([arguments.build / "bench" / "bench_ibm"], check=True)


if __name__ == "__main__":
    main()
