"""`make bench`: Quern beside other tools doing the same job in the same run.

Each file of bench/parts is one part: its bench(build, scratch, times) prints tables. A part with
IN_MEMORY set gets its files in memory (/dev/shm) where there is room, so that disks do not decide.
"""

import argparse
import importlib
import pathlib
import shutil
import tempfile

PARTS = sorted(path.stem for path in (pathlib.Path(__file__).parent / "parts").glob("*.py"))
ROOM = 4 << 30  # bytes that a part in memory may need


def folder_of(part):
    memory = pathlib.Path("/dev/shm")
    enough = memory.is_dir() and shutil.disk_usage(memory).free > ROOM
    return memory if part.IN_MEMORY and enough else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--times", type=int, default=3, help="runs of each contender")
    parser.add_argument("--only", choices=PARTS, action="append")
    arguments = parser.parse_args()
    for name in arguments.only or PARTS:
        part = importlib.import_module(f"parts.{name}")
        with tempfile.TemporaryDirectory(prefix="quern-bench-", dir=folder_of(part)) as scratch:
            part.bench(arguments.build, pathlib.Path(scratch), arguments.times)


if __name__ == "__main__":
    main()
