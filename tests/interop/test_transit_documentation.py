"""What docs/transit.md shows works."""

import re
import shlex

import pytest
from segy_tools import ROOT, quern

TEXT = (ROOT / "docs/transit.md").read_text()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("transit")
    (commands,) = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    for line in commands.splitlines():
        quern(*shlex.split(line)[1:], cwd=path)
    return path


def test_the_python_of_the_document_runs(folder, monkeypatch):
    monkeypatch.chdir(folder)
    names = {}
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    exec(code, names)
    assert len(names["X"]) > 3 and names["X"].notna().all().all()


def test_the_dataset_has_the_files_that_the_document_lists(folder):
    listed = re.search(r"```\nfeatures.ds/\n(.*?)```", TEXT, re.DOTALL)
    for name in re.findall(r"^  ([\w.]+)/? ", listed[1], re.MULTILINE):
        assert (folder / "features.ds" / name).exists(), name


def test_options_that_the_document_names_exist():
    known = "".join(quern("transit", verb, "--help").stdout
                    for verb in ("features", "search", "fetch", "periodogram", "synth"))
    for option in set(re.findall(r"`?(--[a-z][a-z-]+)", TEXT)):
        assert option in known, option


def test_every_column_has_an_explanation_in_the_file(folder):
    import pyarrow.parquet
    file = pyarrow.parquet.read_schema(folder / "features.ds" / "features.parquet")
    for name in file.names[11:]:
        assert len(file.metadata[name.encode()]) > 8, name
