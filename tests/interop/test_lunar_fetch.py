"""Downloads of `quern lunar fetch` from a server on this machine that misbehaves on purpose."""

import csv
import hashlib
import os
import pathlib
import subprocess
import sys

import pytest
from bad_server import CHANGED, Server
from lunar_tools import THETA
from segy_tools import BUILD, SHARED, quern

sys.path.append(str(pathlib.Path(__file__).parents[1] / "fault"))
import disk  # noqa: E402

PCK = SHARED / "data" / "lunar" / "kernels" / "pck00011.tpc"
ROW = b"1998-04-01T00:00:24  891388824.0  16680.334     1" + b" 1.0" * 179 + b"\n"
DAY = ROW * 40
TABLES = {"theta.tab": "\n".join(f"{t:8.2f}" for t in THETA).encode(),
          "attitude.tab": b"1998-04-01T00:00, 12.000, 242.00, -88.00\r\n"}


def archive(path, kernel=DAY):
    """What a server has: days, tables, and as kernels whatever it is told."""
    name = path.rsplit("/", 1)[1]
    return TABLES.get(name, kernel if "kernels" in path or "spice" in path else DAY)


def fetch(folder, server, *options, code=0):
    result = quern("lunar", "fetch", "--year", 1998, "-o", folder, "--base-url", server.url,
                   "--backoff", "0.05", "--stall-timeout", "1", *options, code=code)
    if not (folder / "fetch.csv").exists():
        return {}, result
    with open(folder / "fetch.csv", newline="") as file:
        return {line["file"]: line for line in csv.DictReader(file)}, result


def day_of(path):
    return int(path.rsplit("3D9804", 1)[1][:2])


MANNERS = {2: "busy", 3: "broken", 4: "short", 5: "html", 6: "empty", 7: "redirect", 8: "stall",
           9: "missing", 10: "odd", 11: "unsized", 12: "garbage"}


@pytest.fixture(scope="module")
def month(tmp_path_factory):
    """A month from a server that has a fault of its own for each of the first days."""
    server = Server(DAY, lambda path: MANNERS.get(day_of(path), "slow"))
    folder = tmp_path_factory.mktemp("lp")
    lines, result = fetch(folder, server, "--month", 4, "--no-kernels", "--at-once", 3)
    server.shutdown()
    return folder, lines, result, server


def test_every_day_of_a_month_lies_where_the_archive_has_it(month):
    folder, lines, _, server = month
    assert len(lines) == 30
    asked = {path.split("?")[0] for path in server.seen}
    for day in range(1, 31):
        name = f"1998/091_120APR/3D9804{day:02d}.TAB"
        assert f"/data/lp-er-calibrated/data-3deleflux/{name}" in asked
        assert (folder / name).exists() == (day != 9)


@pytest.mark.parametrize("day", set(MANNERS) - {9})
def test_what_may_pass_is_tried_again_and_the_file_is_right(month, day):
    folder, lines, _, server = month
    name = f"3D9804{day:02d}.TAB"
    assert lines[name]["state"] == "fetched", lines[name]
    assert (folder / "1998/091_120APR" / name).read_bytes() == DAY
    assert int(lines[name]["attempts"]) > 1 or MANNERS[day] == "redirect"


def test_a_day_that_the_archive_lacks_is_listed_and_costs_nothing_else(month):
    folder, lines, result, _ = month
    assert lines["3D980409.TAB"]["state"] == "missing"
    assert "29 fetched, 0 were there, 1 do not exist, 0 failed" in result.stderr
    assert not list(folder.rglob("*.part"))


def test_no_more_than_asked_for_at_once(month):
    assert 2 <= month[3].most_at_once <= 3


@pytest.fixture
def begun(tmp_path):
    """A file of which an earlier process has left 1000 bytes, of the version of the server."""
    part = tmp_path / "1998" / "091_120APR" / "3D980401.TAB.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(DAY[:1000])
    os.utime(part, (CHANGED, CHANGED))
    return part


def go_on(folder, manner, later=DAY, tries=1):
    """Fetches one day from a server that has been asked for it before; what lies there then, and from
    which bytes on the server was asked to go on."""
    server = Server(DAY, lambda path: manner)
    server.later = later
    server.seen["/data/lp-er-calibrated/data-3deleflux/1998/091_120APR/3D980401.TAB"] = tries
    fetch(folder, server, "--month", 4, "--day", 1, "--no-kernels")
    server.shutdown()
    assert not list(folder.rglob("*.part"))
    return (folder / "1998/091_120APR/3D980401.TAB").read_bytes(), server.continued


def test_an_interrupted_file_goes_on_where_it_stopped(tmp_path, begun):
    assert go_on(tmp_path, "short") == (DAY, [1000])


def test_a_part_of_an_unknown_version_is_begun_again(tmp_path, begun):
    begun.write_bytes(b"x" * 1000)
    assert go_on(tmp_path, "short") == (DAY, [])


@pytest.mark.parametrize("manner", ["changing", "careless"])
@pytest.mark.parametrize("tries", [0, 1], ids=["one run", "two runs"])
def test_a_file_that_changed_meanwhile_is_not_glued_from_two_versions(tmp_path, begun, manner, tries):
    later = DAY.replace(b"1.0", b"2.0")
    if tries == 0:
        begun.unlink()
    assert go_on(tmp_path, manner, later, tries)[0] == later


@pytest.mark.parametrize("manner", ["another-range", "emptied"])
def test_an_answer_that_is_not_the_rest_is_not_taken_for_it(tmp_path, begun, manner):
    assert go_on(tmp_path, manner)[0] == DAY


def test_a_killed_fetch_goes_on_where_it_stopped(tmp_path):
    server = Server(DAY, lambda path: "stall")
    options = ["lunar", "fetch", "--year", "1998", "--month", "4", "--day", "1", "--no-kernels",
               "-o", str(tmp_path), "--base-url", server.url]
    part = tmp_path / "1998/091_120APR/3D980401.TAB.part"
    process = subprocess.Popen([BUILD / "quern", *options])
    while not (part.exists() and part.stat().st_size == len(DAY) // 3):
        assert process.poll() is None
    process.kill()
    process.wait()
    quern(*options)
    server.shutdown()
    assert (tmp_path / "1998/091_120APR/3D980401.TAB").read_bytes() == DAY
    assert server.continued == [len(DAY) // 3]


def test_a_file_has_its_name_on_the_disk_before_it_counts_as_fetched(tmp_path):
    server = Server(DAY, lambda path: "good")
    folder = tmp_path / "lp" / "1998/091_120APR"
    folder.mkdir(parents=True)
    log = tmp_path / "log"
    subprocess.run([BUILD / "tests" / "witness_quern", "lunar", "fetch", "--year", "1998", "--month",
                    "4", "--day", "1", "--no-kernels", "-o", tmp_path / "lp", "--base-url",
                    server.url], check=True, capture_output=True,
                   env={**os.environ, "QUERN_WITNESS": str(log), "QUERN_ROOT": str(tmp_path / "lp")})
    server.shutdown()
    calls = [(operation, os.fsdecode(path)) for operation, path, *_ in disk.read_records(log)]
    renamed = calls.index((disk.RENAME, f"{folder}/3D980401.TAB.part"))
    assert (disk.SYNC, str(folder)) in calls[renamed:]


def test_the_list_can_be_read_whatever_is_in_it(tmp_path):
    folder = tmp_path / 'a "b", c'
    (folder / "1998/091_120APR/3D980401.TAB.part").mkdir(parents=True)
    server = Server(DAY, lambda path: "good")
    lines, _ = fetch(folder, server, "--month", 4, "--day", 1, "--no-kernels", code=1)
    server.shutdown()
    assert f'"b", c/1998' in lines["3D980401.TAB"]["message"]
    assert lines["3D980401.TAB"]["url"].startswith(server.url)


def test_a_password_in_an_address_is_sent_but_never_shown(tmp_path):
    server = Server(DAY, lambda path: "forbidden")
    base = server.url.replace("//", "//user:gold@")
    result = quern("lunar", "fetch", "--year", 1998, "--month", 4, "--day", 1, "--no-kernels", "-o",
                   tmp_path, "--base-url", base, "--attempts", 1, code=1)
    server.shutdown()
    shown = result.stdout + result.stderr + (tmp_path / "fetch.csv").read_text()
    assert f"{server.url}/data/" in shown and "gold" not in shown
    assert server.authorizations == ["Basic dXNlcjpnb2xk"]


@pytest.mark.skipif(not PCK.exists(), reason="no real kernel")
def test_checksums_decide_what_a_kernel_is(tmp_path):
    real = PCK.read_bytes()
    server = Server(lambda path: archive(path, real if path.endswith("pck00011.tpc") else DAY),
                    lambda path: "good")
    lines, result = fetch(tmp_path, server, "--month", 4, "--day", 1, "--attempts", 2, code=1)
    server.shutdown()
    assert lines["pck00011.tpc"]["state"] == "fetched"
    assert (tmp_path / "spice_kernels" / "pck00011.tpc").read_bytes() == real
    orbit = lines["lp_ask_980111-980531.bsp"]
    assert orbit["state"] == "failed" and orbit["attempts"] == "2"
    assert hashlib.sha1(DAY).hexdigest() in orbit["message"]
    assert not (tmp_path / "spice_kernels" / "lp_ask_980111-980531.bsp").exists()
    assert "lp_ask_980601-981031.bsp" not in lines  # of other months
    assert "Run the same command again" in result.stderr


def test_files_placed_by_hand_are_taken_and_wrong_ones_are_named(tmp_path):
    server = Server(archive, lambda path: "good")
    (tmp_path / "spice_kernels").mkdir()
    (tmp_path / "spice_kernels" / "naif0012.tls").write_text("KPL/LSK of somebody else")
    for name, table in TABLES.items():
        (tmp_path / name).write_bytes(table)
    lines, _ = fetch(tmp_path, server, "--month", 4, "--day", 1, "--attempts", 1, code=1)
    server.shutdown()
    assert lines["theta.tab"]["state"] == lines["attitude.tab"]["state"] == "present"
    wrong = lines["naif0012.tls"]
    assert wrong["state"] == "failed" and wrong["attempts"] == "0"
    assert "09d4bd44f3f72e01d02bc6df06b5db1a6a877351" in wrong["message"]
    assert "take the file away" in wrong["message"]
    assert (tmp_path / "spice_kernels" / "naif0012.tls").read_text().endswith("else")


def test_what_nothing_can_be_mapped_without_is_an_error_with_its_place(tmp_path):
    server = Server(lambda path: archive(path, None), lambda path: "good")
    lines, result = fetch(tmp_path, server, "--month", 6, "--day", 1, code=1)
    server.shutdown()
    assert lines["3D980601.TAB"]["state"] == lines["attitude.tab"]["state"] == "fetched"
    assert {lines[n]["state"] for n in ("naif0012.tls", "lp_ask_980601-981031.bsp")} == {"missing"}
    assert f"place it as {tmp_path}/spice_kernels/lp_ask_980601-981031.bsp" in result.stderr


def test_pages_in_place_of_tables_are_no_tables(tmp_path):
    server = Server(lambda path: b"<html>moved</html>" * 200, lambda path: "good")
    lines, _ = fetch(tmp_path, server, "--month", 4, "--day", 1, "--attempts", 1, code=1)
    server.shutdown()
    wanted = {"3D980401.TAB": "table of spectra", "theta.tab": "latitudes", "attitude.tab": "attitude"}
    for name, word in wanted.items():
        assert lines[name]["state"] == "failed" and word in lines[name]["message"]
    assert {p.name for p in tmp_path.rglob("*") if p.is_file()} == {"fetch.csv"}


def test_a_month_of_which_the_archive_has_nothing_is_an_error(tmp_path):
    server = Server(None, lambda path: "missing")
    lines, result = fetch(tmp_path, server, "--month", 4, "--no-kernels", code=1)
    server.shutdown()
    assert {line["state"] for line in lines.values()} == {"missing"}
    assert "none of the days" in result.stderr and "--base-url" in result.stderr


def test_refusals_that_do_not_pass_are_told_with_the_address(tmp_path):
    server = Server(DAY, lambda path: {1: "dead", 2: "forbidden", 3: "loop"}[day_of(path)])
    states = {1: ("500", "2"), 2: ("403", "1"), 3: ("redirect", "1")}  # what it says, attempts
    for day, (word, attempts) in states.items():
        folder = tmp_path / str(day)
        lines, result = fetch(folder, server, "--month", 4, "--day", day, "--no-kernels",
                              "--attempts", 2, code=1)
        (line,) = lines.values()
        assert (line["state"], line["attempts"]) == ("failed", attempts)
        assert word in line["message"] and line["url"] in result.stderr
    server.shutdown()


def test_a_proxy_is_asked_when_the_environment_names_one(tmp_path):
    server = Server(DAY, lambda path: "good")
    quern("lunar", "fetch", "--year", 1998, "--month", 4, "--day", 1, "--no-kernels", "-o", tmp_path,
          "--base-url", "http://archive.invalid", env={"http_proxy": server.url})
    server.shutdown()
    (asked,) = server.seen
    assert asked.startswith("http://archive.invalid/data/") and asked.endswith("3D980401.TAB")
    assert (tmp_path / "1998/091_120APR/3D980401.TAB").read_bytes() == DAY


def test_the_list_names_address_place_and_checksum(tmp_path):
    listed = quern("lunar", "fetch", "--year", 1999, "--month", 7, "-o", tmp_path / "lp", "--list")
    rows = {row["path"].rsplit("/", 1)[1]: row for row in csv.DictReader(listed.stdout.splitlines())}
    assert not (tmp_path / "lp").exists()
    assert "3D990729.TAB" in rows and "3D990730.TAB" not in rows  # the archive's last day
    assert rows["3D990701.TAB"]["url"].endswith("/1999/182_212JUL/3D990701.TAB")
    kernel = rows["lp_ask_990401-990730.bsp"]
    assert kernel["sha1"] == "d0d1e3d67ab8f2640a288eed8f452e4895503b0d"
    assert kernel["path"].endswith("lp/spice_kernels/lp_ask_990401-990730.bsp")


@pytest.mark.parametrize("options", [["--year", 1997], ["--year", 1998, "--month", 13], [],
                                     ["--year", 1998, "--day", 3],
                                     ["--year", 1998, "--month", 2, "--day", 30],
                                     ["--year", 1998, "--month", 1, "--day", 3]])
def test_days_that_the_archive_cannot_have_are_refused(tmp_path, options):
    result = quern("lunar", "fetch", *options, "-o", tmp_path / "lp", code=2)
    assert "1998-01-16" in result.stderr
