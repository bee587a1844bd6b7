"""Downloads from a server on this machine that misbehaves on purpose."""

import csv
import fcntl
import time

import numpy
import pytest
from bad_server import Server
from segy_tools import quern
from transit_tools import box_curve, features, number, rows_of, spoc, write_table


@pytest.fixture
def server(tmp_path):
    content = spoc(tmp_path / "served.fits", 7, *box_curve()).read_bytes()
    server = Server(content)
    yield server
    server.shutdown()


def fetch(tmp_path, server, manner, *options, stars=(7,), code=0):
    write_table(tmp_path / "t.csv", [(f"TIC {tic}", 2.5, 10000, 2.9, 1326) for tic in stars])
    url = f"{server.url}/{manner}/tess2018206045859-s0001-{{tic16}}-0120-s_lc.fits"
    result = quern("transit", "fetch", tmp_path / "t.csv", "--url", url, "-o", tmp_path / "got",
                   "--backoff", "0.05", "--stall-timeout", "1", *options, code=code)
    with open(tmp_path / "got" / "fetch.csv", newline="") as file:
        return list(csv.DictReader(file)), result


@pytest.mark.parametrize("manner", ["good", "busy", "broken", "short", "odd", "html", "empty",
                                    "redirect", "stall", "unasked"])
def test_what_may_pass_is_tried_again_and_the_file_is_right(tmp_path, server, manner):
    (line,), _ = fetch(tmp_path, server, manner)
    assert line["state"] == "fetched", line
    assert (tmp_path / "got" / line["file"]).read_bytes() == server.content
    assert not list((tmp_path / "got").glob("*.part"))


def test_a_server_that_says_how_long_to_wait_is_obeyed(tmp_path, server):
    begin = time.monotonic()
    fetch(tmp_path, server, "busy")
    assert time.monotonic() - begin > 1.9


def test_what_does_not_exist_is_listed_and_not_tried_again(tmp_path, server):
    (line,), _ = fetch(tmp_path, server, "missing")
    assert line["state"] == "missing" and line["attempts"] == "1"


def test_a_server_that_never_recovers_is_given_up(tmp_path, server):
    (line,), result = fetch(tmp_path, server, "dead", "--attempts", 3, code=1)
    assert line["state"] == "failed" and line["attempts"] == "3" and "500" in line["message"]
    assert "Run the same command again" in result.stderr


def test_what_is_there_is_not_fetched_again(tmp_path, server):
    fetch(tmp_path, server, "good")
    (line,), _ = fetch(tmp_path, server, "good")
    assert line["state"] == "present"
    assert list(server.seen.values()) == [1]


def test_a_file_that_another_process_is_fetching_is_left_to_it(tmp_path, server):
    part = tmp_path / "got" / "tess2018206045859-s0001-0000000000000007-0120-s_lc.fits.part"
    part.parent.mkdir()
    with open(part, "wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        (line,), _ = fetch(tmp_path, server, "good", code=1)
        assert line["state"] == "failed" and "another process is writing" in line["message"]
        assert part.stat().st_size == 0
    (line,), _ = fetch(tmp_path, server, "good")
    assert line["state"] == "fetched"


def test_no_more_than_asked_for_at_once(tmp_path, server):
    lines, _ = fetch(tmp_path, server, "slow", "--at-once", 3, stars=range(10, 22))
    assert {line["state"] for line in lines} == {"fetched"}
    assert 2 <= server.most_at_once <= 3


def test_lists_of_curl_commands_are_read(tmp_path, server):
    name = "tess2018206045859-s0001-{:016d}-0120-s_lc.fits"
    (tmp_path / "list.sh").write_text("#!/bin/sh\n" + "".join(
        f"curl -C - -L -o {name.format(tic)} {server.url}/good/?uri=mast:{name.format(tic)}\n"
        for tic in (6, 7, 8)))
    write_table(tmp_path / "t.csv", [("TIC 7", 2.5, 10000, 2.9, 1326)])
    quern("transit", "fetch", tmp_path / "t.csv", "--list", tmp_path / "list.sh", "-o",
          tmp_path / "got")
    assert [p.name for p in (tmp_path / "got").glob("*.fits")] == [name.format(7)]


def test_what_was_fetched_is_found_and_measured(tmp_path, server):
    fetch(tmp_path, server, "good")
    (row,) = features(tmp_path / "t.csv", tmp_path / "got", tmp_path / "ds")
    assert number(row["bls_period"]) == pytest.approx(2.5, rel=1e-3)
    assert numpy.isfinite(number(row["bls_snr"]))


# ---- features from addresses -----------------------------------------------------------------------

def from_addresses(tmp_path, server, manner, table, *options, code=0):
    url = f"{server.url}/{manner}/tess2018206045859-s0001-{{tic16}}-0120-s_lc.fits"
    result = quern("transit", "features", table, "--light-curves", url, "-o", tmp_path / "ds",
                   "--backoff", "0.02", *options, code=code)
    return rows_of(tmp_path / "ds") if code == 0 else result


def test_features_fetch_what_addresses_name(tmp_path, server):
    write_table(tmp_path / "t.csv", [("TIC 7", 2.5, 10000, 2.9, 1326)] * 2)
    first, second = from_addresses(tmp_path, server, "good", tmp_path / "t.csv")
    assert first["status"] == second["status"] == "ok"
    assert number(first["bls_period"]) == pytest.approx(2.5, rel=1e-3)
    assert list(server.seen.values()) == [1]  # one file for both rows
    kept = list((tmp_path / "t.csv.light-curves").glob("*.fits"))
    assert [path.read_bytes() for path in kept] == [server.content]
    write_table(tmp_path / "t.csv", [("TIC 7", 2.5, 10000, 2.9, 1326)])
    from_addresses(tmp_path, server, "good", tmp_path / "t.csv", "--overwrite")
    assert list(server.seen.values()) == [1]  # it was there


def test_features_say_in_the_row_what_cannot_be_fetched(tmp_path, server):
    """One star's address fails for good, one does not exist; the row tells the two apart."""
    server.manners = {"8": "dead", "9": "missing"}
    write_table(tmp_path / "t.csv",
                [(f"TIC {tic}", 2.5, 10000, 2.9, 1326) for tic in (7, 8, 9)])
    rows = from_addresses(tmp_path, server, "by-star", tmp_path / "t.csv")
    assert [row["status"] for row in rows] == ["ok", "error", "no_data"]
    assert "could not be fetched" in rows[1]["reason"] and "500" in rows[1]["reason"]


def test_an_address_with_a_password_is_not_kept_in_a_dataset(tmp_path, server):
    write_table(tmp_path / "t.csv", [("TIC 7", 2.5, 10000, 2.9, 1326)])
    secret = server.url.replace("//", "//user:gold@") + "/good/{tic}.fits"
    result = quern("transit", "features", tmp_path / "t.csv", "--light-curves", secret, "-o",
                   tmp_path / "ds", code=2)
    assert "password" in result.stderr and "gold" not in result.stderr
    assert not server.seen and not (tmp_path / "ds.partial").exists()


def test_features_stop_when_nothing_can_be_fetched(tmp_path, server):
    write_table(tmp_path / "t.csv", [(f"TIC {tic}", 2.5, 10000, 2.9, 1326) for tic in (7, 8)])
    result = from_addresses(tmp_path, server, "dead", tmp_path / "t.csv", code=1)
    assert "500" in result.stderr
    assert not (tmp_path / "ds").exists()
