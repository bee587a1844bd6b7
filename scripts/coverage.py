#!/usr/bin/env python3
"""Which lines of src/ the tests ran: `coverage.py BUILD`, after tests of a build with QUERN_COVERAGE.

Prints a table of folders, then the files below 90 % in engine and format, worst first, each with its
lines that never ran. Exit code 1 if engine or format as a whole is below 90 %.
"""

import collections
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

WANTED = {"engine": 90.0, "format": 90.0}


def counts(build):
    """{file below src/: {line: times}}, over all programs."""
    lines = collections.defaultdict(lambda: collections.defaultdict(int))
    root = pathlib.Path.cwd()
    data = [str(path.resolve()) for path in build.glob("CMakeFiles/quern_objects.dir/src/**/*.gcda")]
    with tempfile.TemporaryDirectory() as scratch:
        for i in range(0, len(data), 50):
            subprocess.run(["gcov", "--json-format", "--preserve-paths", *data[i : i + 50]],
                           cwd=scratch, check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
        for path in pathlib.Path(scratch).glob("*.gcov.json.gz"):
            report = json.loads(gzip.decompress(path.read_bytes()))
            for file in report["files"]:
                full = pathlib.Path(report["current_working_directory"], file["file"]).resolve()
                if not full.is_relative_to(root / "src"):
                    continue
                for line in file["lines"]:
                    lines[str(full.relative_to(root / "src"))][line["line_number"]] += line["count"]
    return lines


def folder_of(name):
    parts = name.split("/")
    return "/".join(parts[: 2 if parts[0] == "pipelines" else 1])


def spans(numbers):
    """1, 2, 3, 7 as "1-3 7"."""
    out, start, last = [], None, None
    for n in [*sorted(numbers), None]:
        if start is not None and (n is None or n != last + 1):
            out.append(f"{start}-{last}" if last > start else str(start))
            start = None
        if start is None:
            start = n
        last = n
    return " ".join(out)


def main(build):
    lines = counts(pathlib.Path(build))
    folders = collections.defaultdict(lambda: [0, 0])
    for name, of_file in lines.items():
        folders[folder_of(name)][0] += sum(1 for times in of_file.values() if times)
        folders[folder_of(name)][1] += len(of_file)
    print(f"{'folder':<24}{'lines':>8}{'run':>8}{'part':>8}")
    for folder, (run, total) in sorted(folders.items()):
        print(f"{folder:<24}{total:>8}{run:>8}{100 * run / total:>7.1f}%")
    worst = sorted((sum(1 for t in f.values() if t) / len(f), n) for n, f in lines.items()
                   if n.split("/")[0] in WANTED)
    for part, name in worst:
        if part < 0.9:
            missing = [n for n, times in lines[name].items() if not times]
            print(f"{name}: {100 * part:.1f} %, never run: {spans(missing)}")
    low = [f for f, least in WANTED.items()
           if 100 * folders[f][0] < least * max(1, folders[f][1])]
    for folder in low:
        print(f"coverage: {folder} is below {WANTED[folder]:.0f} %")
    return 1 if low or not lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
