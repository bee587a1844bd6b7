"""What a task costs that does nothing, beside other ways to run many tasks."""

import shutil
import sys

from common import PEERS, in_turn, run, table

IN_MEMORY = False

def bench(build, scratch, times):
    program, count = build / "bench" / "bench_engine", 100_000

    def quern(*options):
        folder = scratch / "empty.ds"
        shutil.rmtree(folder, ignore_errors=True)
        return run(
            [program, "empty", "run", __file__, "--tasks", count, "--jobs", 2, "-o", folder,
             "--progress", "none", *options]
        )[0]

    def python(kind, chunk=1):
        script = PEERS / "empty_tasks.py"
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
