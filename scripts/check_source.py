#!/usr/bin/env python3
"""Checks the rules of CONTRIBUTING.md that no compiler knows: layers, the seam, layout of lines.

Usage: check_source.py FILE...   Prints one line per finding; exit code 1 if there are any.
"""

import re
import sys
from pathlib import Path

# What a folder under src/ may include. A pipeline may include itself, never another one.
LAYERS = {
    "base": {"base"},
    "engine": {"engine", "base"},
    "format": {"format", "base"},
    "compute": {"compute", "base"},
    "render": {"render", "base"},
    "pipelines": {"pipelines", "engine", "format", "compute", "render", "base"},
    "cluster": {"cluster", "base"},
    "cli": {"cli", "cluster", "engine", "render", "base"},
}
MAY_INCLUDE_ALSO = {("src/cli/quern.c", "pipelines"), ("src/pipelines/pipelines.c", "pipelines")}

# Calls that the seam does not carry, but that allocate behind its back.
HIDDEN_ALLOCATIONS = {"strdup", "strndup", "asprintf", "vasprintf", "getline"}
SEAM = ("src/base/sys.h", "src/base/sys.c")
# Sockets of the event loop and descriptors of the keeper, whose failure ends the process anyway.
EVENT_LOOP = ("src/engine/coordinate.c", "src/engine/coordinator_crew.c", "src/engine/crew.c")
EVENT_LOOP_CALLS = {"open", "close", "read", "write", "sendmsg", "recvmsg"}

# Who starts threads besides base/parallel.c: all of it is run by scripts/tsan.sh.
THREADS = ("src/pipelines/ercot/infer.c", "src/pipelines/segy/grid/scan.c",
           "src/pipelines/segy/import/report.c", "src/pipelines/segy/scan/all.c")

# Functions that must not be called: where, which, why. The first path prefix in a list of
# exceptions that fits ends the rule.
BANNED = [
    ("", (), "strcpy strcat sprintf vsprintf gets", "knows no size: use snprintf"),
    ("", (), "atoi atol atoll", "tells no error: use qn_parse_size or strtoll"),
    ("", (), "strtok", "keeps state: use strcspn, or strtok_r"),
    ("", (), "alloca", "cannot fail cleanly: use qn_sys.malloc"),
    ("src/", (), "system popen", "starts a shell"),
    ("src/", ("src/cluster/program.c",),
     "execl execlp execle execv execve execvp execvpe fexecve posix_spawn posix_spawnp",
     "only src/cluster/program.c starts programs"),
    ("src/", ("src/base/parallel.c", *THREADS), "pthread_create thrd_create",
     "use base/parallel.h; where that does not fit, let scripts/tsan.sh run it too"),
    ("src/", (), "umask chmod fchmod fchmodat", "the user's umask decides"),
    ("", (), "tmpnam tempnam mktemp", "a name that others can take first"),
    ("src/", ("src/cli/",), "printf vprintf puts putchar perror", "only src/cli prints"),
    ("src/", ("src/cli/",), "exit abort", "only src/cli ends the program: return a status"),
]


def seam_calls():
    """The names of the members of struct qn_sys: whoever calls them goes through it."""
    header = Path(SEAM[0]).read_text(encoding="utf-8")
    return set(re.findall(r"\(\*(\w+)\)\(", header)) | HIDDEN_ALLOCATIONS


def without_comments_and_strings(text):
    """The same text with comments, strings and characters blanked, lines kept."""
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m[0]), text, flags=re.S)


def calls(names):
    """A pattern of calls by bare name: not of members, not of longer names."""
    return re.compile(r"(?<![\w.>])(" + "|".join(sorted(names)) + r")\s*\(")


def check_lines(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        if "\t" in line:
            yield number, "a tab: indent with spaces"
        if line != line.rstrip():
            yield number, "blanks at the end of the line"
        if len(line) > 100:
            yield number, f"{len(line)} columns: 100 are allowed"
        if re.search(r"\b(TODO|FIXME|XXX)\b(?!.*#\d)", line):
            yield number, "a TODO without an issue number"
    if not text.startswith("/*"):
        yield 1, "no first comment that says what the file is"
    if not text.endswith("\n") or text.endswith("\n\n"):
        yield text.count("\n"), "does not end with exactly one newline"


def check_includes(path, text):
    parts = Path(path).parts
    for number, line in enumerate(text.split("\n"), 1):
        match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
        if not match:
            continue
        included = match[1]
        layer = included.split("/")[0]
        if parts[0] in ("include", "examples"):
            yield number, f'"{included}": only public headers <quern/...> may be included here'
        elif parts[0] != "src" or (path, layer) in MAY_INCLUDE_ALSO:
            continue
        elif layer not in LAYERS.get(parts[1], ()):
            yield number, f"src/{parts[1]} must not include {included}"
        elif layer == "pipelines" and included.count("/") > 1 and included.split("/")[1] != parts[2]:
            yield number, f"pipeline {parts[2]} must not include another's {included}"


def check_calls(path, code, seam):
    rules = [(calls(names.split()), why) for where, but, names, why in BANNED
             if path.startswith(where) and not path.startswith(but or ("\0",))]
    if path.startswith("src/") and not path.startswith("src/cli/") and path not in SEAM:
        direct = EVENT_LOOP_CALLS if path in EVENT_LOOP else set()
        rules.append((calls(seam - direct), "goes through qn_sys, so that tests can make it fail"))
    for number, line in enumerate(code.split("\n"), 1):
        for pattern, why in rules:
            for match in pattern.finditer(line):
                yield number, f"{match[1]}(): {why}"


def main(paths):
    seam = seam_calls()
    findings = 0
    for path in paths:
        text = Path(path).read_text(encoding="utf-8")
        code = without_comments_and_strings(text)
        for check in (check_lines(path, text), check_includes(path, text),
                      check_calls(path, code, seam)):
            for number, what in check:
                print(f"{path}:{number}: {what}")
                findings += 1
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
