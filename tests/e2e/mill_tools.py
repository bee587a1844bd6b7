"""What the end-to-end tests share: the mill as a program, and questions about its datasets.

The build directory is taken from the environment variable QUERN_BUILD, default: build/.
"""

import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("QUERN_BUILD", ROOT / "build")).resolve()

MASK = 2**64 - 1


def mix(x):
    """splitmix64 (Steele, Lea, Flood 2014)."""
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & MASK
    return x ^ x >> 31


def milled(grist, tasks, size):
    """The files a mill must make, {name: bytes}: the definition of tests/e2e/mill.c once more."""
    seed = 0
    for byte in grist:
        seed = mix(seed ^ byte)
    files, loaf = {}, b""
    for i in range(tasks):
        length = [size, size, 100 + i % 10, 9000 + i % 10][i % 4]
        start = mix((seed + i) & MASK)
        content = bytes(mix((start + k) & MASK) & 0xFF for k in range(length))
        if i % 4 == 0:
            files[f"flour/{i:05}.bin"] = content
        else:
            loaf += content
    return files | {"loaf.bin": loaf}


def snapshot(dataset, manifest=True):
    """Digest of every file that promises to be the same to the byte: {name: sha256}."""
    files = {}
    for path in sorted(pathlib.Path(dataset).rglob("*")):
        name = str(path.relative_to(dataset))
        aside = name in ("run.json", "report.html") or name.endswith(".png")
        aside = aside or name.split("/")[0] == ".quern" or (name == "manifest.json" and not manifest)
        if path.is_file() and not aside:
            files[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return files


def digests(files):
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def processes(*words):
    """PIDs of live processes whose command line has all of `words`. Zombies do not count: their
    command line is empty."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            line = pathlib.Path("/proc", entry, "cmdline").read_bytes() if entry.isdigit() else b""
        except OSError:
            continue
        if line and all(word.encode() in line for word in words):
            found.append(int(entry))
    return found


def parent_of(pid):
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def wait_until(condition, patience=10.0):
    """Waits until the condition holds; returns what it gave, or fails."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"waited {patience} s in vain"
        time.sleep(0.005)


class Mill:
    """The mill in one temporary folder, with its grist."""

    program = BUILD / "tests" / "mill"

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.grist = self.folder / "grist"
        self.grist.write_bytes(b"rye and wheat")

    def open_to_others(self, mode):
        """Lets other users reach folder and program, wherever the build lies."""
        temporary = pathlib.Path(tempfile.gettempdir())
        for path in (self.folder, *self.folder.parents):
            if temporary in path.parents:
                os.chmod(path, mode)
        self.program = pathlib.Path(shutil.copy(self.program, self.folder / "mill"))

    def path(self, name):
        return self.folder / name

    def command(self, *args):
        return [str(self.program), *map(str, args)]

    def run(self, *args, patience=60, **kwargs):
        """Runs `mill ARGS` to its end, as text."""
        return subprocess.run(
            self.command(*args), capture_output=True, text=True, errors="replace",
            timeout=patience, cwd=self.folder, **kwargs
        )

    def start(self, *args, **kwargs):
        """Starts `mill ARGS`; its stdout and stderr are pipes."""
        return subprocess.Popen(
            self.command(*args), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            errors="replace", cwd=self.folder, **kwargs
        )

    def job(self, dataset, *, tasks=24, size=1000, work=0, knead=0, trouble=()):
        """Arguments of a grinding job; those that shape the data."""
        args = ["grain", "grind", self.grist, "--tasks", tasks, "--bytes", size]
        args += ["--work", work] if work else []
        args += ["--knead", knead] if knead else []
        args += ["--trouble", ",".join(trouble)] if trouble else []
        return args + ["-o", self.path(dataset)]

    def grind(self, dataset, *extra, **shape):
        """Grinds and expects success; returns the dataset's path."""
        done = self.run(*self.job(dataset, **shape), *extra)
        assert done.returncode == 0, done.stderr
        return self.path(dataset)

    def json(self, *args):
        done = self.run(*args, "--json")
        assert done.returncode in (0, 1, 3), done.stderr
        return json.loads(done.stdout)

    def status(self, dataset):
        return self.json("status", self.path(dataset))

    def failures(self, dataset):
        return self.json("failures", self.path(dataset))

    def wait_for_done(self, dataset, tasks, running):
        """Waits until at least `tasks` are recorded done while the process `running` works."""

        def enough():
            assert running.poll() is None, "the run ended too early: " + running.stderr.read()
            plan = self.path(dataset + ".partial") / ".quern" / "plan.json"
            return plan.exists() and self.status(dataset)["done"] >= tasks

        wait_until(enough)

    def attempts(self, kind, task="*"):
        """How often trouble of that kind was met, at one task or at all."""
        return sum(p.stat().st_size for p in self.folder.glob(f"grist.{kind}.{task}"))

    def alive(self, dataset):
        return processes(str(self.path(dataset)))


def finish(process, patience=30):
    """Exit code and stderr of a process that was started."""
    _, err = process.communicate(timeout=patience)
    return process.returncode, err


def kill_all(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
