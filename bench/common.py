"""What all parts of `make bench` share: running commands, taking turns, printing tables.

Every figure is the median of several runs, taken in turn with those it is compared with. Speeds of
other machines mean little: the ratios are what counts.
"""

import mmap
import os
import pathlib
import statistics
import subprocess
import sys
import time

PEERS = pathlib.Path(__file__).parent / "peers"


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


def show(command):
    """Runs a command that prints its own figures."""
    subprocess.run([str(word) for word in command], check=True)


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
