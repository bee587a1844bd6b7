"""Everything that arrives and should not: never a crash, never a silent loss."""

import gzip
import io
import math
import os
import signal
import struct
import subprocess
import time
import zipfile

import pytest
from ercot_tools import (DAM, DAM_NAME, facts, rejects, rollup, rows, table, total,
                         write)
from segy_tools import BUILD, quern

NAME = DAM_NAME.format("20240301.120000")
LINES = [DAM, *(f"03/02/2024,{h:02}:00,HB_WEST,{h}.5,N" for h in range(1, 25))]
TEXT = ("\n".join(LINES) + "\n").encode()
TABLE = "dam_spp/2024.parquet"


def rolled(folder, code=0, **options):
    """The sums of a rollup, checked, verified."""
    rollup(folder / "out.ds", folder / "in", code=code, **options)
    quern("verify", folder / "out.ds")
    sums = total(folder / "out.ds")
    assert sums["rows_in"] == (sums["rows_out"] + sums["rejected"] + sums["duplicates_identical"]
                               + sums["duplicates_differing"])
    return sums


def put(folder, name, content):
    (folder / "in").mkdir(exist_ok=True)
    (folder / "in" / name).write_bytes(content)


def zipped(*members, **options):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def reasons(folder):
    return sorted({reject["reason"] for reject in rejects(folder / "out.ds")})


GOOD = {
    "plain": TEXT,
    "gzip": gzip.compress(TEXT),
    "two gzip members": gzip.compress(TEXT[:300]) + gzip.compress(TEXT[300:]),
    "byte order mark": b"\xef\xbb\xbf" + TEXT,
    "CR LF": TEXT.replace(b"\n", b"\r\n"),
    "no final newline": TEXT[:-1],
    "blank lines": TEXT.replace(b"\n", b"\n\n"),
    "leading blanks": TEXT.replace(b",HB_WEST,", b",HB_WEST,       "),
    "all quoted": b"\n".join(b",".join(b'"' + cell + b'"' for cell in line.split(b","))
                             for line in TEXT.strip().split(b"\n")),
}


@pytest.mark.parametrize("kind", GOOD)
def test_odd_but_right(tmp_path, kind):
    put(tmp_path, NAME + (".gz" if "gzip" in kind else ""), GOOD[kind])
    assert rolled(tmp_path)["rows_out"] == 24
    assert [row["SettlementPointPrice"] for row in rows(tmp_path / "out.ds", TABLE)] == [
        h + 0.5 for h in range(1, 25)]


REFUSED = {
    "empty": (b"", "file_empty"),
    "UTF-16": (TEXT.decode().encode("utf-16"), "file_not_text"),
    "binary": (bytes(range(256)) * 50, "file_not_text"),
    "unknown header": (b"a,b,c\n1,2,3\n", "file_unknown"),
    "100,000 columns": (b",".join(b"c%d" % i for i in range(100000)) + b"\n", "file_unknown"),
    "truncated zip": (zipped((NAME, TEXT))[:-30], "file_damaged"),
    "truncated gzip": (gzip.compress(TEXT * 50)[:-200], "file_damaged"),
    "gzip with a wrong checksum": (gzip.compress(TEXT)[:-8] + bytes(8), "file_damaged"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_file_that_cannot_be_used_is_named_and_the_others_are_read(tmp_path, kind):
    content, reason = REFUSED[kind]
    suffix = ".zip" if "zip" in kind and "gzip" not in kind else ".gz" if "gzip" in kind else ""
    put(tmp_path, "DAMSPNP4190_other.csv" + suffix, content)
    put(tmp_path, NAME, TEXT)
    assert rolled(tmp_path, code=3)["rows_out"] == 24
    assert reasons(tmp_path) == [reason]


def test_a_header_alone_is_no_fault(tmp_path):
    put(tmp_path, NAME, (DAM + "\n").encode())
    assert rolled(tmp_path)["rows_in"] == 0


def directory_at(archive):
    return struct.unpack("<I", archive[-6:-2])[0]


def test_a_central_directory_that_lies_is_put_right_by_the_local_header(tmp_path):
    archive = bytearray(zipped((NAME, TEXT)))
    at = directory_at(archive)
    archive[at + 16:at + 20] = b"\0\0\0\0"
    archive[at + 24:at + 28] = struct.pack("<I", 7)
    put(tmp_path, "a.zip", archive)
    assert rolled(tmp_path)["rows_out"] == 24


class Pipe(io.RawIOBase):
    """What cannot be sought in: zipfile then writes bit 3 and a descriptor."""

    content = b""

    def write(self, data):
        self.content += bytes(data)
        return len(data)


def test_a_local_header_without_sizes_is_read(tmp_path):
    out = Pipe()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(NAME, TEXT)
    assert out.content[6] & 8
    put(tmp_path, "a.zip", out.content)
    assert rolled(tmp_path)["rows_out"] == 24


def test_a_member_that_fits_neither_header_is_refused(tmp_path):
    archive = bytearray(zipped((NAME, TEXT), ("b" + NAME, TEXT)))
    at = directory_at(archive)
    archive[14:18] = b"\1\2\3\4"
    archive[at + 16:at + 20] = b"\1\2\3\4"
    put(tmp_path, "a.zip", archive)
    sums = rolled(tmp_path, code=3)
    assert (sums["rows_out"], sums["refused_members"]) == (24, 1)
    assert reasons(tmp_path) == ["file_damaged"]


def test_an_encrypted_member_is_refused(tmp_path):
    archive = bytearray(zipped((NAME, TEXT)))
    archive[6] |= 1
    archive[directory_at(archive) + 8] |= 1
    put(tmp_path, "a.zip", archive)
    put(tmp_path, NAME, TEXT)
    rolled(tmp_path, code=3)
    assert reasons(tmp_path) == ["file_encrypted"]


def test_a_zip_bomb_is_stopped(tmp_path):
    bomb = b"03/02/2024,01:00,HB_WEST,1,N\n" * (1 << 23)
    put(tmp_path, "a.zip", zipped((NAME, DAM.encode() + b"\n" + bomb)))
    put(tmp_path, "b" + NAME, TEXT)
    start = time.monotonic()
    rolled(tmp_path, code=3)
    assert time.monotonic() - start < 30
    assert "bomb" in [r["raw"] for r in rejects(tmp_path / "out.ds")][-1]


def test_archives_in_archives_have_an_end(tmp_path):
    content = TEXT
    for depth in range(8):
        content = zipped((NAME if depth == 0 else f"{depth}.zip", content))
    put(tmp_path, "a.zip", content)
    put(tmp_path, NAME, TEXT)
    rolled(tmp_path, code=3)
    assert reasons(tmp_path) == ["file_damaged"]


def test_archives_in_archives_do_not_multiply(tmp_path):
    row = b"03/02/2024,01:00,HB_WEST,1,N\n"
    content = gzip.compress(gzip.compress(DAM.encode() + b"\n" + row * (1 << 22)))
    put(tmp_path, NAME + ".gz", content)
    put(tmp_path, "b" + NAME, TEXT)
    rolled(tmp_path, code=3)
    assert "bytes for each of its own" in rejects(tmp_path / "out.ds")[-1]["raw"]


def test_members_that_share_their_bytes_are_refused(tmp_path):
    archive = zipped((NAME, TEXT))
    place, end = directory_at(archive), len(archive) - 22
    entry, tail = archive[place:end], bytearray(archive[end:])
    struct.pack_into("<HHI", tail, 8, 2, 2, 2 * len(entry))
    put(tmp_path, "a.zip", archive[:place] + 2 * entry + tail)
    put(tmp_path, NAME, TEXT)
    assert rolled(tmp_path, code=3)["rows_out"] == 24
    assert reasons(tmp_path) == ["file_damaged"]
    assert "the same place" in rejects(tmp_path / "out.ds")[0]["raw"]


def workbook(folder, sheet):
    """Of one sheet, whose XML is given."""
    with zipfile.ZipFile(folder / "in" / (NAME[:-4] + ".xlsx"), "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/workbook.xml", '<workbook><sheets><sheet name="S" r:id="r1"/></sheets>')
        book.writestr("xl/_rels/workbook.xml.rels", '<Relationship Id="r1" Target="s.xml"/>')
        book.writestr("xl/s.xml", f"<sheetData>{sheet}</sheetData>")


def row_of(*cells):
    texts = "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells)
    return f"<row>{texts}</row>"


def test_a_workbook_is_read_in_pieces(tmp_path):
    (tmp_path / "in").mkdir()
    hours = [f"02/{day:02}/2024,{h:02}:00,HB_&#x1F600;,1,N" for day in range(1, 29)
             for h in range(1, 25) for _ in range(3)]
    workbook(tmp_path, "".join(row_of(*line.split(",")) for line in [DAM, *hours]))
    assert rolled(tmp_path)["rows_out"] == len(hours) // 3
    assert {row["SettlementPoint"] for row in rows(tmp_path / "out.ds", TABLE)} == {"HB_\U0001f600"}


def test_a_damaged_cell_deep_in_a_workbook_costs_the_workbook(tmp_path):
    (tmp_path / "in").mkdir()
    lines = [row_of(*line.split(",")) for line in LINES]
    workbook(tmp_path, "".join(lines) + 3000 * lines[-1] + '<row><c r="1A"/></row>')
    put(tmp_path, NAME, TEXT)
    rolled(tmp_path, code=3)
    assert reasons(tmp_path) == ["file_damaged"]


def test_names_that_lead_out_of_an_archive_are_only_names(tmp_path):
    put(tmp_path, "a.zip", zipped(("../../../" + NAME, TEXT)))
    before = set(tmp_path.iterdir())
    assert rolled(tmp_path)["rows_out"] == 24
    assert set(tmp_path.iterdir()) - before == {tmp_path / "out.ds"}


def test_the_report_of_a_hostile_rollup_stays_inside(tmp_path):
    put(tmp_path, NAME, TEXT)
    rolled(tmp_path)
    pictures = tmp_path / "out.ds/.quern/pictures.bin"
    sound = pictures.read_bytes()
    assert sound.endswith(bytes(8))  # a point without a name, no prices
    prices = [(2**63 - 1, 1.0), (-(2**63), 1.0), (0, math.nan), (0, 1e300), (0, -math.inf)]
    outside = set(tmp_path.iterdir())
    for hostile in (
        sound.replace(b"dam_spp", b"../evil"),
        sound.replace(struct.pack("<i", 2024), struct.pack("<i", 2**31 - 1)),
        sound[:-4] + struct.pack("<I", 5) + b"".join(struct.pack("<qd", *p) for p in prices),
    ):
        assert hostile != sound
        pictures.write_bytes(hostile)
        quern("report", tmp_path / "out.ds")
        assert set(tmp_path.iterdir()) == outside


def test_newlines_in_quotes_stay_in_their_field(tmp_path):
    put(tmp_path, NAME, TEXT + b'03/03/2024,01:00,"HB\nWEST",1,N\n03/03/2024,02:00,"A""B",2,N\n')
    assert rolled(tmp_path)["rows_out"] == 26
    names = {row["SettlementPoint"] for row in rows(tmp_path / "out.ds", TABLE)}
    assert names == {"HB_WEST", "HB\nWEST", 'A"B'}


def test_a_quote_that_never_ends_costs_its_own_line(tmp_path):
    many = b"".join(b"04/%02d/2024,%02d:00,P%05d,1,N\n" % (3 + i // 20000, 1 + i % 24, i)
                    for i in range(200000))
    put(tmp_path, NAME, TEXT + b'03/03/2024,01:00,"HB_WEST,1,N\n' + many)
    sums = rolled(tmp_path, code=3)
    assert (sums["rows_in"], sums["rejected"]) == (200025, 1)
    assert reasons(tmp_path) == ["too_long"]


def test_a_line_without_end_is_one_reject(tmp_path):
    put(tmp_path, NAME, TEXT + b"x" * (20 << 20) + b"\n" + b"03/03/2024,01:00,HB_WEST,1,N\n")
    sums = rolled(tmp_path, code=3)
    assert (sums["rows_out"], sums["rejected"]) == (25, 1)


def test_a_line_longer_than_the_pieces_of_a_file_is_one_reject(tmp_path):
    put(tmp_path, NAME, TEXT + b"x" * (80 << 20) + b"\n" + b"03/03/2024,01:00,HB_WEST,1,N\n")
    sums = rolled(tmp_path, code=3)
    assert (sums["rows_out"], sums["rejected"]) == (25, 1)
    assert [(r["line"], r["reason"]) for r in rejects(tmp_path / "out.ds")] == [(26, "too_long")]


def test_nul_bytes_and_bad_utf8_do_not_become_text(tmp_path):
    more = b"".join(b"03/04/2024,01:00,P%d,1,N\n" % i for i in range(300))
    put(tmp_path, NAME, TEXT + more + b"03/03/2024,01:00,HB\0WEST,1,N\n03/03/2024,02:00,HB\xff,1,N\n")
    assert rolled(tmp_path, code=3)["rejected"] == 2
    assert {r["raw"] for r in rejects(tmp_path / "out.ds")} == {"HB\ufffdWEST", "HB\ufffd"}


def test_rows_with_too_few_and_too_many_fields_are_listed(tmp_path):
    put(tmp_path, NAME, TEXT + b"03/03/2024,01:00\n03/03/2024,01:00,A,1,N,more\n")
    rolled(tmp_path, code=3)
    assert [(r["line"], r["reason"]) for r in rejects(tmp_path / "out.ds")] == [
        (26, "field_count"), (27, "field_count")]


def test_a_column_of_blanks_is_null(tmp_path):
    put(tmp_path, NAME, b"\n".join(line.rsplit(b",", 2)[0] + b",,N" if i else line for i, line in
                                   enumerate(TEXT.strip().split(b"\n"))))
    rolled(tmp_path)
    assert table(tmp_path / "out.ds", TABLE)["SettlementPointPrice"].null_count == 24


def test_cop_files_without_a_header_lose_no_row(tmp_path):
    lines = [f"10/{d:02}/2014,QSE1,UNIT{u},{h:02}:00,ON,10,1,12,0,0,0,0,0"
             for d in (1, 2) for u in (1, 2) for h in range(1, 25)]
    write(tmp_path / "in", "CompleteCOP_12012014.csv", *lines)
    assert rolled(tmp_path)["rows_out"] == len(lines)
    row = rows(tmp_path / "out.ds", "cop_snapshot/2014.parquet")[0]
    assert (row["Status"], row["High Sustained Limit"], row["RRS"]) == ("ON", 10, 0)


def test_columns_that_no_schema_knows_are_kept_as_text_and_told(tmp_path):
    put(tmp_path, NAME, TEXT)
    late = [DAM + ",Note", "03/05/2024,01:00,HB_WEST,1,N,hello"]
    write(tmp_path / "in", DAM_NAME.format("20240304.120000"), *late)
    rolled(tmp_path)
    assert rows(tmp_path / "out.ds", TABLE)[-1]["Note"] == "hello"
    assert facts(tmp_path / "out.ds")["versions"][1]["new_columns"] == ["Note"]


def test_killed_at_random_moments_the_bytes_are_the_same(tmp_path):
    quern("synth", "ercot", "-o", tmp_path / "in", "--points", 1000, "--days", 12)
    rollup(tmp_path / "whole.ds", tmp_path / "in")
    for delay in (0.03, 0.08, 0.15, 0.25, 0.4):
        run = subprocess.Popen([BUILD / "quern", "ercot", "rollup", tmp_path / "in", "-o",
                                tmp_path / "out.ds"], start_new_session=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    rollup(tmp_path / "out.ds", tmp_path / "in")
    assert ((tmp_path / "out.ds" / "manifest.json").read_bytes()
            == (tmp_path / "whole.ds" / "manifest.json").read_bytes())


def test_large_texts_are_cut_without_losing_or_doubling_a_row(tmp_path):
    """One file of 60 MB, with quoted line ends, read in pieces by several tasks."""
    header = "SCEDTimestamp,RepeatedHourFlag,SettlementPoint,LMP"
    name = "cdr.00012300.0000000000000000.20240302.000516.LMPSROSNODENP6788_20240302_000516"
    lines = [f'03/02/2024 {t // 12:02}:{t % 12 * 5:02}:16,N,"P{p:05}\n{"x" * 60}",{t}.{p % 100:02}'
             for t in range(288) for p in range(2000)]
    lines.append("03/02/2024 23:59:59,N,LATE,text")
    path = write(tmp_path / "in", name + ".csv", header, *lines)
    sums = rolled(tmp_path)
    (late,) = rejects(tmp_path / "out.ds")
    assert late["line"] == 2 * len(lines)
    assert late["byte_offset"] == path.stat().st_size - len(lines[-1]) - 1
    assert facts(tmp_path / "out.ds")["files"][0]["row_groups"] > 1
    assert (sums["rows_in"], sums["rows_out"]) == (len(lines), len(lines))
    put(tmp_path, name + ".csv.gz", gzip.compress((tmp_path / "in" / f"{name}.csv").read_bytes(), 1))
    (tmp_path / "in" / f"{name}.csv").unlink()
    rollup(tmp_path / "gz.ds", tmp_path / "in")
    assert table(tmp_path / "gz.ds", "sced_lmp/2024.parquet").equals(
        table(tmp_path / "out.ds", "sced_lmp/2024.parquet"))
