"""What the documents show works: their commands, their Python, the options they name, their links."""

import json
import re
import shlex
import shutil
import subprocess

import numpy
import pandas
import pyarrow
import pyarrow.parquet
import pytest
from segy_tools import BUILD, ROOT, quern, write_segy

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(document, kind):
    return re.findall(rf"```{kind}\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """survey.sgy, and survey.ds as the README makes it."""
    path = tmp_path_factory.mktemp("readme")
    quern("synth", "segy", "--inlines", 60, "--crosslines", 20, "--samples", 100,
          "-o", path / "survey.sgy")
    for line in (ROOT / "README.md").read_text().splitlines():
        if line.startswith("    $ quern"):
            quern(*shlex.split(line)[2:], cwd=path)
    for line in (ROOT / "docs/segy.md").read_text().splitlines():
        if line.startswith("    quern segy import survey.sgy --grid"):
            quern(*shlex.split(line)[1:], cwd=path)
    assert (path / "survey.ds" / "manifest.json").exists()
    return path


def test_the_readmes_python_runs(folder, monkeypatch):
    monkeypatch.chdir(folder)
    names = {}
    (code,) = blocks("README.md", "python")
    exec(code, names)
    assert names["section"].shape == (20, 100)
    names["amplitude"] = names["traces"]
    for code in blocks("docs/segy.md", "python"):
        exec(code, names)
    assert numpy.shape(names["samples"]) == (20, 100)
    assert names["grid"].amplitude.shape == (60, 20, 100)
    headers = pandas.read_parquet("gridded.ds/headers.parquet")
    row = headers.iloc[names["row"]]
    assert (row.inline, row.crossline) == (1010, 2007)


def test_the_dataset_has_the_files_that_the_documents_list(folder):
    listed = re.search(r"```\nsurvey.ds/\n(.*?)```", (ROOT / "docs/segy.md").read_text(), re.DOTALL)
    names = re.findall(r"^  ([\w.]+)/? ", listed[1], re.MULTILINE)
    assert len(names) > 10
    for name in names:
        assert (folder / "survey.ds" / name).exists(), name


def test_what_the_chapter_on_scanning_shows_is_what_scan_says(folder):
    chapter = (ROOT / "docs/segy.md").read_text().split("\n## Scanning\n")[1].split("\n## ")[0]
    printed = quern("segy", "scan", "survey.sgy", cwd=folder).stdout.splitlines()
    (shown,) = re.findall(r"```\n(.*?)```", chapter, re.DOTALL)
    assert [line for line in shown.splitlines() if line not in printed] == []
    for name in "ab":
        shutil.copy(folder / "survey.sgy", folder / f"swath-{name}.sgy")
    for line in re.findall(r"^    (quern segy .*)", chapter, re.MULTILINE):
        command = line.replace("quern", shlex.quote(str(BUILD / "quern")), 1)
        subprocess.run(command, shell=True, cwd=folder, check=True)


def test_the_layout_of_the_documents_is_accepted(tmp_path):
    (layout,) = blocks("docs/segy.md", "json")
    json.loads(layout)
    (tmp_path / "mine.json").write_text(layout)
    write_segy(tmp_path / "x.sgy", numpy.ones((10, 20)))
    quern("segy", "import", tmp_path / "x.sgy", "-o", tmp_path / "x.ds",
          "--layout", tmp_path / "mine.json")


def test_the_computed_headers_of_the_documents_are_computed(folder):
    lines = (ROOT / "docs/segy.md").read_text().splitlines()
    (line,) = [l for l in lines if l.startswith("    quern") and "--compute '" in l]
    words = shlex.split(line)
    quern(*[w.replace("survey.ds", "computed.ds") for w in words[1:]], cwd=folder)
    columns = pandas.read_parquet(folder / "computed.ds" / "headers.parquet").columns
    assert {"line", "azimuth"} <= set(columns)


def test_every_named_layout_is_in_the_documents():
    listed = re.findall(r"^(\w+) ", quern("segy", "layouts").stdout, re.MULTILINE)
    assert listed == re.findall(r"^\| `(\w+)` \| (?:standard|the same|SEG-Y)",
                                (ROOT / "docs/segy.md").read_text(), re.MULTILINE)


def test_the_commands_for_exports_and_comparisons_do_what_is_said(folder):
    text = (ROOT / "docs/segy.md").read_text()
    chapters = text[text.index("## Export") : text.index("## Checking a dataset")]
    commands = re.findall(r"^    quern (segy (?:export|diff) .*)$", chapters, re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        quern(*shlex.split(command), cwd=folder)
    assert (folder / "copy.sgy").read_bytes() == (folder / "survey.sgy").read_bytes()
    each = 240 + 100 * 4
    assert (folder / "part.sgy").stat().st_size == 3600 + 10 * 10 * each
    manual = quern("help", "--man", "segy").stdout.replace("\\-", "-")
    for option in set(re.findall(r"`(--[a-z-]+)", chapters)):
        assert option.replace("--no-", "--") in manual or option == "--retry-failed", option


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    """prices.ds and meters.ds, as docs/ercot.md makes them."""
    path = tmp_path_factory.mktemp("market")
    (path / "meters").mkdir()
    (path / "meters" / "m_1.csv").write_text("id,day,kwh\n1,2024-05-01,2.5\n")
    for line in (ROOT / "docs/ercot.md").read_text().splitlines():
        if line.startswith("    $ quern"):
            quern(*shlex.split(line)[2:], cwd=path, code=3 if " prices -o" in line else 0)
    return path


def test_the_market_documents_python_runs(market, monkeypatch):
    monkeypatch.chdir(market)
    names = {}
    for code in blocks("docs/ercot.md", "python"):
        exec(code, names)
    assert len(names["prices"]) > 150
    assert set(names["reasons"]["reason"]) >= {"bad_key", "field_count"}


def test_a_market_dataset_has_the_files_that_the_document_lists(market):
    listed = re.search(r"```\nprices.ds/\n(.*?)```", (ROOT / "docs/ercot.md").read_text(), re.DOTALL)
    names = re.findall(r"^  ([\w.-]+)/? ", listed[1], re.MULTILINE)
    assert len(names) == 10
    for name in names:
        assert (market / "prices.ds" / name).exists(), name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.name)
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
        assert target.startswith("http") or (document.parent / target).exists(), target


def test_examples_of_the_help_are_in_the_manual_and_their_options_exist():
    manual = quern("help", "--man", "segy").stdout.replace("\\-", "-")
    options = set(re.findall(r"--[a-z][a-z-]+", quern("segy", "import", "--help").stdout))
    for line in re.findall(r"quern segy import .*", manual):
        assert set(re.findall(r"--[a-z][a-z-]+", line)) <= options
    for option in options - {"--help"}:
        assert option in manual or option in quern("help", "--man").stdout.replace("\\-", "-")


def test_the_commands_of_the_parquet_page_work(tmp_path):
    times = numpy.arange(96 * 3) * 900_000_000 + 1_710_028_800_000_000  # from 2024-03-10 00:00 UTC
    pyarrow.parquet.write_table(pyarrow.table({
        "time": pyarrow.array(times, pyarrow.timestamp("us", "UTC")),
        "point": ["HB_NORTH"] * len(times), "price": numpy.linspace(20, 30, len(times)),
    }), tmp_path / "prices.parquet")
    (commands,) = blocks("docs/parquet.md", "sh")
    for line in commands.splitlines():
        quern(*shlex.split(line)[1:], cwd=tmp_path)
    assert (tmp_path / "day.csv").read_text().count("\n") == 97
    assert (tmp_path / "findings.ds" / "report.html").exists()
    verbs = re.findall(r'\.name = "([a-z]+)"', (ROOT / "src/pipelines/parquet/parquet.c").read_text())
    shown = {line.split()[2] for line in commands.splitlines()}
    assert shown == set(verbs) - {"parquet"}
    (schema,) = blocks("docs/parquet.md", "json")
    (tmp_path / "schema.json").write_text(schema)
    quern("parquet", "verify", "prices.parquet", "--schema", "schema.json", cwd=tmp_path)


def test_every_kind_of_finding_is_documented():
    page = (ROOT / "docs/parquet.md").read_text()
    source = (ROOT / "src/pipelines/parquet/findings.c").read_text()
    kinds = re.findall(r'\{\s*"([a-z0-9-]+)",\s*QN_FOUND_', source)
    assert len(kinds) > 30 and all(f"| `{kind}` |" in page for kind in kinds)
