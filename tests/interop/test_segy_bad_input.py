"""Bad input and bad arguments: one clear error, the right exit code, nothing left behind."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import numpy
import pytest
from segy_tools import BUILD, quern, write_segy


@pytest.fixture
def survey(tmp_path):
    path = tmp_path / "in" / "x.sgy"
    path.parent.mkdir()
    write_segy(path, numpy.arange(40 * 25).reshape(40, 25))
    return path


def refuse(survey, tmp_path, *options, code=1, output="out.ds"):
    before = sorted(tmp_path.rglob("*"))
    result = quern("segy", "import", survey, "-o", tmp_path / output, *options, code=code)
    errors = [line for line in result.stderr.splitlines() if "error:" in line]
    assert len(errors) == 1 and result.stderr.splitlines()[-1] == errors[0]
    assert sorted(tmp_path.rglob("*")) == before
    return errors[0]


CUTS = {
    0: "is empty",
    1000: "too short for SEG-Y",
    3600: "headers but no traces",
    3700: "shorter than one trace",
    3600 + 10 * 340 + 17: "does not hold whole traces",
}


@pytest.mark.parametrize("size", CUTS)
def test_a_cut_file(survey, tmp_path, size):
    survey.write_bytes(survey.read_bytes()[:size])
    error = refuse(survey, tmp_path)
    assert CUTS[size] in error and str(survey) in error


OTHERS = {
    b"PK\x03\x04": "zip", b"\x1f\x8b\x08": "gzip", b"%PDF-1.7": "PDF", b"\x89PNG\r\n\x1a\n": "PNG",
    b"\x89HDF\r\n\x1a\n": "HDF5", b"# a,b\n1,2\n" * 400: "text",
}


@pytest.mark.parametrize("magic", OTHERS, ids=OTHERS.values())
def test_what_is_not_segy_is_named(survey, tmp_path, magic):
    survey.write_bytes(magic if len(magic) > 3600 else magic + bytes(5000))
    assert OTHERS[magic].lower() in refuse(survey, tmp_path).lower()


def test_random_bytes(survey, tmp_path):
    survey.write_bytes(numpy.random.default_rng(1).bytes(100000))
    assert "does not look like SEG-Y" in refuse(survey, tmp_path)


def test_no_such_file(survey, tmp_path):
    assert "No such file" in refuse(tmp_path / "missing.sgy", tmp_path)


def test_a_folder_and_a_pipe(survey, tmp_path):
    assert "is a folder" in refuse(survey.parent, tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert "pipe" in refuse(tmp_path / "pipe", tmp_path)


def test_traces_of_different_lengths(survey, tmp_path):
    raw = bytearray(survey.read_bytes())
    for trace, samples in ((0, 25), (7, 20), (20, 30)):
        at = 3600 + trace * 340 + 114
        raw[at : at + 2] = samples.to_bytes(2, "big")
    raw[3502:3504] = b"\0\0"
    survey.write_bytes(raw + bytes(range(100)))
    assert refuse(survey, tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_no_permission_to_read_or_write(survey, tmp_path):
    os.chmod(survey, 0o600)
    temporary = pathlib.Path(tempfile.gettempdir())
    for folder in (survey.parent, *survey.parent.parents):
        if temporary in folder.parents:
            os.chmod(folder, 0o755)
    program = shutil.copy(BUILD / "quern", tmp_path)  # the build may lie in a closed folder

    def as_nobody(*arguments):
        return subprocess.run(
            [program, *arguments], user=65534, group=65534, capture_output=True, text=True
        )

    result = as_nobody("segy", "import", survey, "-o", "/tmp/never.ds")
    assert result.returncode == 1 and "Permission denied" in result.stderr
    os.chmod(survey, 0o644)
    result = as_nobody("segy", "import", survey, "-o", tmp_path / "out.ds")
    assert result.returncode == 1 and "Permission denied" in result.stderr
    assert str(tmp_path) in result.stderr and not (tmp_path / "out.ds").exists()


USAGE = [
    (["--codec", "gzip"], "--codec"),
    (["--format", "13"], "--format '13'"),
    (["--level", "77"], "--level 77"),
    (["--ensemble-key", "cpd"], "'cpd'"),
    (["--headers", "nope"], "'nope'"),
    (["--samples", "0"], "--samples"),
    (["--samples", "many"], "--samples"),
    (["--nonsense"], "--nonsense"),
    (["--zarr", "2", "--shard-traces", "10"], "--shard-traces"),
    (["--chunk-traces", "7", "--shard-traces", "20"], "--shard-traces 20"),
]


@pytest.mark.parametrize("options,words", USAGE, ids=lambda v: " ".join(v))
def test_wrong_options(survey, tmp_path, options, words):
    assert words in refuse(survey, tmp_path, *options, code=2)


def test_output_and_input_inside_each_other(survey, tmp_path):
    assert "inside each other" in refuse(survey, tmp_path, code=2, output="in/x.sgy")
    assert "inside each other" in refuse(survey, tmp_path, code=2, output="in/x.sgy/y")
    assert "inside each other" in refuse(survey, tmp_path, code=2, output="in")


def test_an_output_that_is_something_else(survey, tmp_path):
    (tmp_path / "out.ds").mkdir()
    (tmp_path / "out.ds" / "thesis.tex").write_text("years of work")
    assert "is no dataset" in refuse(survey, tmp_path)
    assert "is no dataset" in refuse(survey, tmp_path, "--overwrite")


def test_a_layout_file_that_makes_no_sense(survey, tmp_path):
    path = tmp_path / "map.json"
    for text, words in (
        ("{", "map.json"),
        ('{"fields": [{"name": "a", "byte": 239, "type": "int32"}]}', "'a'"),
        ('{"fields": [{"name": "a", "byte": 1, "type": "int33"}]}', "int33"),
        ('{"fields": [{"name": "a", "byte": 1, "type": "int32"}], "ensemble_keys": ["b"]}', "b"),
    ):
        path.write_text(text)
        assert words in refuse(survey, tmp_path, "--layout", path)
