"""An import of a survey, beside segyio with zarr, MDIO and plain copying."""

import json
import pathlib
import shutil
import sys
import tempfile

from common import PEERS, in_turn, run, table

IN_MEMORY = True
TRACES = 200_000
HEADERS = (
    "trace_sequence_line,trace_sequence_file,field_record,trace_number,energy_source_point,cdp,"
    "trace_number_cdp,trace_id_code,offset,scalar_coord,source_x,source_y,receiver_x,receiver_y,"
    "sample_count,sample_interval,cdp_x,cdp_y,inline,crossline"
)


def bench(build, scratch, times):
    traces, quern, survey = TRACES, build / "quern", scratch / "survey.sgy"
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
        script = PEERS / "segyio_zarr.py"
        return run([sys.executable, script, survey, out, processes, codec])[0]

    def mdio():
        fresh()
        script = PEERS / "mdio_import.py"
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
