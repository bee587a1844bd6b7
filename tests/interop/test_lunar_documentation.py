"""What docs/lunar.md shows works."""

import re
import shlex

import pytest
from segy_tools import ROOT, quern

TEXT = (ROOT / "docs/lunar.md").read_text()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("lunar")
    (commands,) = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    for line in commands.splitlines():
        quern(*shlex.split(line)[1:], cwd=path)
    return path


def test_the_python_of_the_document_runs(folder, monkeypatch):
    monkeypatch.chdir(folder)
    names = {}
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    exec(code, names)
    assert len(names["dark"]) > 50 and names["dark"].projected_potential.notna().all()
    assert len(names["arrays"]["spec_spec_no"]) == len(names["sweeps"])


def test_the_dataset_has_the_files_that_the_document_lists(folder):
    listed = re.search(r"```\napril.ds/\n(.*?)```", TEXT, re.DOTALL)
    names = re.findall(r"^  ([\w.-]+) ", listed[1], re.MULTILINE)
    assert len(names) > 8
    for name in names:
        assert (folder / "april.ds" / name).exists(), name
    assert (folder / "sweep.png").exists()


def test_options_that_the_document_names_exist():
    known = "".join(quern("lunar", verb, "--help").stdout
                    for verb in ("map", "fetch", "sweep", "synth", "kernels", "track"))
    for option in set(re.findall(r"`?(--[a-z][a-z-]+)", TEXT)) - {"--fast"}:
        assert option in known, option


def test_all_thirteen_defects_are_answered():
    chapter = TEXT.split("\n## Two profiles\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| (\d+) \|", chapter, re.MULTILINE) == [str(i) for i in range(1, 14)]
