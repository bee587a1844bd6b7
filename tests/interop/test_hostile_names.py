"""Names that come out of inputs are only names: of members, columns, tables, downloads. None makes a
file outside of the dataset, and servers are who they say they are."""

import json
import os
import ssl
import subprocess
import zipfile

import pyarrow
import pyarrow.parquet
import pytest
from ercot_tools import RT, RT_NAME, rollup, rows
from segy_tools import quern, segy_import
from test_transit_fetch import Server
from transit_tools import write_table

UP = "../../../evil"
LINE = "03/10/2024,1,1,HB_WEST,HU,12.5,N"


def everything(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("prefix", [UP + "/", "/tmp/quern-evil/", "a/../../../", "..\\..\\"])
def test_members_of_archives_write_nothing_wherever_their_names_lead(tmp_path, prefix):
    folder = tmp_path / "deep" / "in"
    folder.mkdir(parents=True)
    name = prefix + RT_NAME.format("20240310", "1")
    with zipfile.ZipFile(folder / "x.zip", "w") as archive:
        archive.writestr(name, f"{RT}\n{LINE}\n")
    before = everything(tmp_path)
    rollup(tmp_path / "deep" / "out.ds", folder)
    new = {path for path in everything(tmp_path) - before if not path.startswith("deep/out.ds")}
    assert not new
    assert any(name in row["member"] for row in rows(tmp_path / "deep" / "out.ds", "members.parquet"))


@pytest.mark.parametrize("name", [UP, "/tmp/quern-evil", "a/b", ".."])
def test_a_schema_cannot_name_a_table_outside(tmp_path, name):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "trades.csv").write_text("a,b\n1,2\n")
    (tmp_path / "x.schema").write_text(
        f'dataset "{name}" "evil"\n  member trades*\n  column a int\n  column b int\n  header a,b\n')
    before = everything(tmp_path)
    result = rollup(tmp_path / "out.ds", folder, schema=tmp_path / "x.schema", code=None)
    assert result.returncode in (1, 2, 3), result.stderr
    new = everything(tmp_path) - before
    assert all(path.startswith("out.ds") for path in new), new


@pytest.mark.parametrize("name", [UP, "/tmp/evil", "a/b", "", "..", "x" * 65])
def test_a_mapping_cannot_name_a_field_that_is_no_name(tmp_path, name):
    quern("synth", "segy", "--inlines", 2, "--crosslines", 4, "--samples", 5, "-o", tmp_path / "a.sgy")
    (tmp_path / "m.json").write_text(json.dumps(
        {"fields": [{"name": name, "byte": 9, "type": "int32"}], "ensemble_keys": [name]}))
    before = everything(tmp_path)
    result = segy_import(tmp_path / "a.sgy", tmp_path / "a.ds", "--mapping", tmp_path / "m.json",
                         code=None)
    assert result.returncode in (1, 2), result.stderr
    assert everything(tmp_path) == before


@pytest.mark.parametrize("link", ["b.sgy.partial"])
def test_an_export_does_not_write_through_a_link(tmp_path, link):
    quern("synth", "segy", "--inlines", 2, "--crosslines", 4, "--samples", 5, "-o", tmp_path / "a.sgy")
    segy_import(tmp_path / "a.sgy", tmp_path / "a.ds")
    (tmp_path / "precious").write_text("gold")
    (tmp_path / link).symlink_to(tmp_path / "precious")
    result = quern("segy", "export", tmp_path / "a.ds", "-o", tmp_path / "b.sgy", code=1)
    assert link in result.stderr
    assert (tmp_path / "precious").read_text() == "gold"


def test_a_list_of_downloads_cannot_name_a_file_outside(tmp_path):
    server = Server(b"SIMPLE  =                    T".ljust(2880))
    write_table(tmp_path / "t.csv", [("TIC 7", 2.5, 10000, 2.9, 1326)])
    name = "tess2018206045859-s0001-0000000000000007-0120-s_lc.fits"
    (tmp_path / "list.sh").write_text("".join(
        f"curl -C - -L -o {where}{name} {server.url}/good/{name}\n"
        for where in ("../", "/tmp/", "../../", "")))
    before = everything(tmp_path)
    quern("transit", "fetch", tmp_path / "t.csv", "--list", tmp_path / "list.sh", "-o",
          tmp_path / "got" / "here")
    new = {path for path in everything(tmp_path) - before if not path.startswith("got")}
    server.shutdown()
    assert not new
    assert everything(tmp_path / "got") == {"here", "here/fetch.csv", f"here/{name}"}


def test_a_server_without_a_certificate_that_is_trusted_is_refused(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1",
         "-keyout", key, "-out", certificate, "-days", "2"], capture_output=True)
    if made.returncode != 0:
        pytest.skip("no openssl")
    server = Server(b"SIMPLE  =                    T".ljust(2880))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    write_table(tmp_path / "t.csv", [("TIC 7", 2.5, 10000, 2.9, 1326)])
    url = server.url.replace("http:", "https:") + "/good/tess2018206045859-s0001-{tic16}-0120-s_lc.fits"
    quern("transit", "fetch", tmp_path / "t.csv", "--url", url, "-o", tmp_path / "got", "--attempts",
          1, code=1)
    server.shutdown()
    told = (tmp_path / "got" / "fetch.csv").read_text()
    assert "certificate" in told
    assert not list((tmp_path / "got").glob("*.fits*"))
    assert not server.seen


# ---- names on terminals and pages --------------------------------------------------------------

ESCAPE = "\x1b]0;evil\x07\x1b[2J\x9b1m"  # sets the title, clears the screen; a C1 introducer
CONTROLS = {chr(code) for code in (*range(9), *range(11, 32), *range(127, 160))}


def is_tame(*texts):
    return not CONTROLS & set("".join(texts))


def test_names_in_messages_cannot_command_a_terminal(tmp_path):
    lost = quern("segy", "import", tmp_path / f"{ESCAPE}.sgy", "-o", tmp_path / "a.ds", code=1)
    assert "evil" in lost.stderr and is_tame(lost.stderr)
    table = pyarrow.table({f"a{ESCAPE}": [f"b{ESCAPE}"]}).replace_schema_metadata({"k": f"c{ESCAPE}"})
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    for verb in ("schema", "stats", "head"):
        words = ["--format", "table"] if verb == "head" else []
        shown = quern("parquet", verb, tmp_path / "t.parquet", *words)
        assert "\ufffd]0;evil" in shown.stdout and is_tame(shown.stdout)


def test_names_in_findings_and_failures_cannot_command_a_terminal(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    with zipfile.ZipFile(folder / "x.zip", "w") as archive:
        archive.writestr(RT_NAME.format("20240310", "1"), f"{RT}\n{LINE}\n")
        archive.writestr(f"{ESCAPE}.zip", b"PK no zip")
    said = rollup(tmp_path / "out.ds", folder, code=3)
    assert is_tame(said.stdout, said.stderr)
    (tmp_path / "out.ds" / f"x{ESCAPE}").write_text("surplus")
    found = quern("verify", tmp_path / "out.ds", code=1)
    assert "FOUND x\ufffd]0;evil" in found.stdout and is_tame(found.stdout)


def test_the_name_of_a_folder_cannot_command_a_terminal(tmp_path):
    """Not even in commands that are told to be copied: they then name nothing."""
    folder = tmp_path / f"in{ESCAPE}"
    folder.mkdir()
    data = folder / "a.ds"
    source = folder / "a.sgy"
    size = ["--inlines", 2, "--crosslines", 4, "--samples", 5]
    commands = [["synth", "segy", *size, "-o", source], ["segy", "import", source, "-o", data],
                ["status", data], ["verify", data], ["failures", data], ["resume", data],
                ["report", data], ["doctor", folder], ["segy", "info", data],
                ["segy", "export", data, "-o", folder / "b.sgy"],
                ["plan", "segy", "import", source, "-o", folder / "b.ds"],
                ["task", folder / "b.ds", 0], ["glue", folder / "b.ds"], ["work", folder / "b.ds"],
                ["synth", "lunar", "-o", folder / "moon"],
                ["lunar", "kernels", folder / "moon/spice_kernels/lp_synthetic.bsp"]]
    for command in commands:
        said = quern(*command, code=None)
        assert said.returncode in (0, 3), said.stderr
        assert "evil" not in said.stdout + said.stderr or "\ufffd]0;evil" in said.stdout + said.stderr
        assert is_tame(said.stdout, said.stderr), command


def test_a_dataset_in_a_folder_with_a_name_that_is_no_text_can_be_looked_at(tmp_path):
    quern("synth", "segy", "--inlines", 2, "--crosslines", 4, "--samples", 5, "-o", tmp_path / "a.sgy")
    segy_import(tmp_path / "a.sgy", tmp_path / "a.ds")
    moved = os.fsencode(tmp_path) + b"/b\xffd"
    os.rename(tmp_path / "a.ds", moved)
    os.symlink(moved, tmp_path / "link")
    for command in ("status", "verify", "failures", "report", "resume"):
        quern(command, tmp_path / "link")
    assert json.loads(quern("status", "--json", tmp_path / "link").stdout)["path"].endswith("b\ufffdd")


def test_a_temporary_folder_with_a_name_that_is_no_text_is_refused(tmp_path):
    pyarrow.parquet.write_table(pyarrow.table({"a": [1]}), tmp_path / "t.parquet")
    folder = os.fsencode(tmp_path) + b"/b\xffd"
    os.mkdir(folder)
    said = quern("parquet", "verify", tmp_path / "t.parquet", env={**os.environb, b"TMPDIR": folder}, code=2)
    assert "TMPDIR" in said.stderr
    assert os.listdir(folder) == []


def test_a_name_in_a_report_is_no_markup(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    name = "<script>alert(1)</script>"
    with zipfile.ZipFile(folder / "<img src=x onerror=alert(2)>.zip", "w") as archive:
        archive.writestr(RT_NAME.format("20240310", "1"),
                         f"{RT}\n{LINE.replace('HB_WEST', name)}\n")
        archive.writestr("<b>.zip", b"PK no zip")
    rollup(tmp_path / "out.ds", folder, code=3)
    page = (tmp_path / "out.ds" / "report.html").read_text().lower()
    assert "&lt;img src=x" in page
    assert not any(word in page for word in ("<script", "<img src=x", "<b>"))
