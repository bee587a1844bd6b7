"""Scanning: the truth wins over headers that lie, and what is told is what NumPy sees."""

import json
import random
import re
import shlex
import struct

import numpy
import pandas
import pytest
from segy_lies import SAMPLE_BYTES, Survey, signal, variable_lengths
from segy_tools import REAL, quern, segy_import


def scan(path, *options, code=0):
    printed = quern("segy", "scan", "--json", path, *options, code=code).stdout
    document = json.loads(printed)
    assert document["quern_segy_scan"] == 1
    return document["files"][0] if len(document["files"]) == 1 else document["files"]


def differences(tmp_path, survey, *options):
    """What is decided otherwise than it is, {} if all is right."""
    path = tmp_path / "survey.sgy"
    path.write_bytes(survey.bytes())
    result = quern("segy", "scan", "--json", path, *options, code=None)
    if not result.stdout:
        return {"refused": result.stderr}
    found = json.loads(result.stdout)["files"][0]
    wrong = {k: (found["layout"][k], v) for k, v in survey.truth().items() if found["layout"][k] != v}
    return wrong if not found["refused"] else wrong | {"refused": found["refused"]}


def like(code, order=">", **more):
    return Survey(code=code, order=order, **more)


# ---- the decision ---------------------------------------------------------------------------


@pytest.mark.parametrize("order", "><")
@pytest.mark.parametrize("code", SAMPLE_BYTES)
def test_true_headers_are_believed(code, order, tmp_path):
    for revision in ((0, 0), (1, 0), (2, 1)):
        survey = like(code, order, revision=revision, constant=revision[0] == 2)
        assert differences(tmp_path, survey) == {}


# Which format codes samples can show to be wrong: another size, or another kind of number.
def can_tell(code, said):
    kinds = [{2, 10}, {3, 11}, {8, 16}, {9, 12}, {7, 15}]
    return code != said and {code, said} not in kinds


@pytest.mark.parametrize("order", "><")
@pytest.mark.parametrize("code", (1, 2, 3, 5, 6, 8))
def test_a_wrong_format_code_is_found_out(code, order, tmp_path):
    for said in (*range(-1, 18), 99, 256, 1000):
        if can_tell(code, said):
            lie = like(code, order, binary={(3225, "i2"): said})
            assert differences(tmp_path, lie) == {}, said


@pytest.mark.parametrize("order", "><")
@pytest.mark.parametrize("code", (1, 3, 8))
def test_a_wrong_number_of_samples_is_found_out(code, order, tmp_path):
    for said in (0, 50, 100, 102, 202, 1500, 32767, 65535):
        in_binary, in_trace = {(3221, "u2"): said}, {(115, "u2"): said}
        assert differences(tmp_path, like(code, order, binary=in_binary)) == {}, said
        assert differences(tmp_path, like(code, order, trace=in_trace)) == {}, said
        both = like(code, order, binary=in_binary, trace=in_trace)
        assert differences(tmp_path, both) == {}, said


LIES = {
    "constant": [{(3297, "u4"): 0x04030201}, {(3297, "u4"): 12345}],
    "revision": [{(3501, "u1"): a, (3502, "u1"): b}
                 for a, b in ((36, 37), (0, 16), (0, 100), (0, 1), (0, 2), (218, 217), (2, 0), (255, 255))],
    "fixed_length": [{(3503, "i2"): v} for v in (0, -1, 7)],
    "text_count": [{(3505, "i2"): v} for v in (1, 3, -1, 100, -7)],
    "interval": [{(3217, "u2"): v} for v in (0, 1, 65535)],
}
REVISION_2 = {
    "trace_headers": [{(3507, "i2"): v} for v in (1, 2, 77, -5)],
    "trace_count": [{(3513, "u8"): v} for v in (0, 5, 10**12)],
    "first_trace": [{(3521, "u8"): v} for v in (0, 1, 6800, 4000, 10**12)],
    "trailers": [{(3529, "i4"): v} for v in (1, -1, 5, 10**6)],
    "extended_samples": [{(3269, "u4"): v} for v in (0, 5, 100, 2**31)],
    "extended_interval": [{(3273, "f8"): v} for v in (0, -4, 1e300, float("nan"))],
}


@pytest.mark.parametrize("order", "><")
@pytest.mark.parametrize("field", LIES)
def test_a_lie_in_the_binary_header_is_found_out(field, order, tmp_path):
    for lie in LIES[field]:
        for code in (1, 3):
            assert differences(tmp_path, like(code, order, binary=lie)) == {}, lie


@pytest.mark.parametrize("constant", (False, True))
@pytest.mark.parametrize("field", REVISION_2)
def test_a_lie_in_the_fields_of_revision_2_is_found_out(field, constant, tmp_path):
    for lie in REVISION_2[field]:
        survey = like(5, revision=(2, 0), constant=constant, binary=lie)
        assert differences(tmp_path, survey) == {}, lie


@pytest.mark.parametrize("said", (0, 1, 3, -1, 100))
def test_text_records_are_counted_whatever_the_header_says(said, tmp_path):
    for record in (b"C EXTENDED", b"((SEG: Location))", "C EXTENDED".encode("cp500").ljust(3200, b"\x40")):
        lie = Survey(records=2, record=record, binary={(3505, "i2"): said})
        assert differences(tmp_path, lie) == {}


ODD = {
    "tape label": dict(label=True), "padding": dict(padding=1000), "ASCII": dict(text="ascii"),
    "blank text": dict(text="nul"), "no trace headers": dict(blank=True),
    "nothing at all": dict(blank=True, text="nul"), "one trace": dict(traces=1),
    "two traces": dict(traces=2), "trailers": dict(revision=(2, 0), trailers=2),
    "two headers": dict(revision=(2, 0), headers=2), "three hidden headers": dict(headers=3),
    "two hidden headers": dict(revision=(2, 0), headers=2, binary={(3507, "i2"): 0}),
}


@pytest.mark.parametrize("order", "><")
@pytest.mark.parametrize("name", ODD)
def test_odd_files_are_decided(name, order, tmp_path):
    for code in (1, 3, 5, 8):
        assert differences(tmp_path, like(code, order, **ODD[name])) == {}


def random_lies(rng):
    survey = Survey(
        code=rng.choice((1, 2, 3, 5, 6, 8)), order=rng.choice("><"), traces=rng.choice((7, 20, 60, 333)),
        samples=rng.choice((75, 101, 500)), records=rng.choice((0, 0, 1, 3)),
        revision=rng.choice(((0, 0), (1, 0), (2, 0))), text=rng.choice(("ebcdic", "ascii", "nul")),
        constant=rng.random() < 0.5, seed=rng.randrange(1000),
    )
    possible = [lie for lies in LIES.values() for lie in lies]
    possible += [lie for lies in REVISION_2.values() for lie in lies]
    possible += [{(3221, "u2"): v} for v in (0, 1000, survey.samples + 1)]
    possible += [{(3225, "i2"): v} for v in (0, 1, 3, 5, 8) if can_tell(survey.code, v)]
    for lie in rng.sample(possible, 2):
        survey.binary |= lie
    survey.trace = rng.choice(({}, {(115, "u2"): 0}, {(29, "i2"): 999}, {(1, "i4"): 0, (5, "i4"): 0}))
    return survey


def test_several_lies_at_once_are_found_out(tmp_path):
    """Where headers lie in several places, samples of 32-bit files that are few may stay in doubt
    between IBM and IEEE: those are left out above by their number."""
    rng = random.Random(7)
    wrong = []
    for i in range(120):
        survey = random_lies(rng)
        found = differences(tmp_path, survey)
        if found:
            wrong.append((found, survey))
    assert wrong == []


def test_samples_in_the_other_byte_order_than_headers(tmp_path):
    survey = Survey(code=5)
    raw = bytearray(survey.bytes())
    body = numpy.frombuffer(bytes(raw[3600:]), "u1").reshape(60, -1).copy()
    body[:, 240:] = body[:, 240:].copy().view(">f4").astype("<f4").view("u1")
    path = tmp_path / "mixed.sgy"
    path.write_bytes(raw[:3600] + body.tobytes())
    found = scan(path)
    assert (found["layout"]["byte_order"], found["layout"]["sample_byte_order"]) == ("big", "little")
    assert any("samples are little-endian" in c["text"] for c in found["contradictions"])
    segy_import(path, tmp_path / "out.ds")
    import zarr

    values = zarr.open_group(tmp_path / "out.ds/traces.zarr", mode="r")["amplitude"][:]
    numpy.testing.assert_array_equal(values, signal(60, 101, 5).astype("f4"))


def test_traces_of_different_lengths(tmp_path):
    path = tmp_path / "variable.sgy"
    for order in "><":
        for lengths in ([100, 120, 90, 100] * 20, [100, 140, 100, 60] * 20, [80] * 300 + [90] * 10):
            for more in ({}, {"passcal": True}, {"fixed": 1}, {"code": 3}):
                path.write_bytes(variable_lengths(lengths, order, **more))
                found = scan(path, "--all")
                assert found["layout"]["variable"] and found["traces"] == len(lengths)
                assert found["layout"]["length_at"] == ("229" if "passcal" in more else "115")
                assert found["samples"]["longest_trace"] == max(lengths)


# ---- refusals -------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", (1, 100, 400, 643))
def test_a_truncated_file_is_told_and_refused(cut, tmp_path):
    path = tmp_path / "cut.sgy"
    path.write_bytes(Survey().bytes()[:-cut])
    result = quern("segy", "scan", "--json", path, code=1)
    found = json.loads(result.stdout)["files"][0]
    assert found["layout"]["samples"] == 101 and found["layout"]["traces"] == 59
    assert "is truncated" in found["refused"] and "--salvage" in found["refused"]
    assert found["refused"] in result.stderr


NOT_SEGY = {
    b"": "is empty", b"x": "too short", bytes(3600): "", bytes(100000): "",
    b"\x1f\x8b\x08" + bytes(9000): "gzip", b"PK\x03\x04" + bytes(9000): "ZIP",
    b"some,text\n1,2\n" * 900: "text file",
    numpy.random.default_rng(1).bytes(200000): "does not look like SEG-Y",
    b"\x40" * 3200 + bytes(400): "no traces",
}


@pytest.mark.parametrize("verb", ("scan", "info"))
@pytest.mark.parametrize("content", NOT_SEGY, ids=lambda c: f"{len(c)}-{c[:4]!r}")
def test_what_is_no_segy_is_refused_in_one_line(content, verb, tmp_path):
    path = tmp_path / "x.sgy"
    path.write_bytes(content)
    result = quern("segy", verb, path, code=1)
    assert result.stderr.count("error:") == 1 and NOT_SEGY[content] in result.stderr


@pytest.mark.parametrize("verb", ("scan", "info"))
def test_what_is_no_file_is_refused(verb, tmp_path):
    assert "pipe or a device" in quern("segy", verb, "/dev/null", code=1).stderr
    assert "folder" in quern("segy", verb, tmp_path, code=1).stderr
    assert "No such file" in quern("segy", verb, tmp_path / "missing", code=1).stderr
    assert "which file" in quern("segy", "scan", code=2).stderr


def test_of_several_files_the_bad_ones_do_not_hide_the_others(tmp_path):
    good, bad = tmp_path / "good.sgy", tmp_path / "bad.sgy"
    good.write_bytes(Survey().bytes())
    bad.write_bytes(b"nothing")
    result = quern("segy", "scan", bad, good, code=1)
    assert "good.sgy" in result.stdout and "1 of the 2 files" in result.stderr


# ---- overrides ------------------------------------------------------------------------------


def decided(path, *options):
    return scan(path, *options)["layout"]


def test_every_decision_can_be_overridden(tmp_path):
    path = tmp_path / "survey.sgy"
    path.write_bytes(Survey(samples=100, traces=60, revision=(2, 0), trailers=1).bytes())
    assert decided(path, "--format", "ibm")["format"] == 1
    assert decided(path, "--sample-endian", "little")["sample_byte_order"] == "little"
    assert decided(path, "--interval", "1234.5")["interval_us"] == 1234.5
    assert decided(path, "--revision", "1")["revision"] == "1.0"
    assert decided(path, "--revision", "2.1")["revision"] == "2.1"
    assert decided(path, "--text-encoding", "ascii")["text_encoding"] == "ascii"
    # 60 traces of 640 bytes and a record of 3200: also 65 traces.
    assert decided(path, "--trailers", "0")["traces"] == 65
    shorter = decided(path, "--samples", "40", "--format", "ieee", "--trailers", "0")
    assert shorter["traces"] == 65 * 640 / (240 + 160)
    assert decided(path, "--first-trace-offset", str(3600 + 640))["traces"] == 59
    label = decided(path, "--tape-label", "--first-trace-offset", "3600", "--samples", "100",
                    "--format", "5", "--endian", "big", "--trailers", "1")
    assert label["tape_label_bytes"] == 128


def test_variable_and_seismic_unix_can_be_said(tmp_path):
    path = tmp_path / "survey.sgy"
    survey = Survey(samples=100)
    path.write_bytes(survey.bytes())
    assert decided(path, "--variable")["variable"]
    assert not decided(path, "--no-variable")["variable"]
    path.write_bytes(survey.bytes()[3600:])
    assert decided(path)["seismic_unix"] and decided(path, "--seismic-unix")["traces"] == 60
    assert "SEG-Y" in quern("segy", "scan", path, "--no-seismic-unix", code=1).stderr


def test_overrides_that_cannot_be_are_usage_errors(tmp_path):
    path = tmp_path / "survey.sgy"
    path.write_bytes(Survey().bytes())
    for options in (["--format", "13"], ["--samples", "0"], ["--interval", "-1"], ["--trailers", "-1"],
                    ["--samples", "10", "--variable"], ["--preview", "-1"], ["--revision", "3"]):
        assert "error:" in quern("segy", "scan", path, *options, code=2).stderr


# ---- scan, then import ----------------------------------------------------------------------


def test_import_decides_as_scan_does_and_says_so(tmp_path):
    path = tmp_path / "survey.sgy"
    path.write_bytes(Survey(code=5, binary={(3225, "i2"): 1, (3221, "u2"): 7}).bytes())
    found = scan(path)
    notes = segy_import(path, tmp_path / "out.ds").stderr
    for row in found["decided"]:
        assert f"{row['what']}: {row['value']}" in notes
    for contradiction in found["contradictions"]:
        assert contradiction["text"] in notes
    assert f"evidence: {found['evidence']['chosen']['score']} of 100 points" in notes


def test_import_takes_the_decisions_of_a_scan(tmp_path):
    path, decisions = tmp_path / "survey.sgy", tmp_path / "scan.json"
    path.write_bytes(Survey(code=2, binary={(3225, "i2"): 10}).bytes())
    decisions.write_text(quern("segy", "scan", "--json", path, "--format", "int32").stdout)
    segy_import(path, tmp_path / "a.ds", "--scan", decisions)
    segy_import(path, tmp_path / "b.ds", "--scan", decisions, "--format", "uint32")
    facts = [json.loads((tmp_path / d / "manifest.json").read_text())["facts"]["survey"] for d in ("a.ds", "b.ds")]
    assert [f["sample_format"] for f in facts] == ["int32", "uint32"]


def test_a_scan_of_another_file_is_not_taken(tmp_path):
    path, decisions = tmp_path / "survey.sgy", tmp_path / "scan.json"
    path.write_bytes(Survey().bytes())
    decisions.write_text(quern("segy", "scan", "--json", path).stdout)
    path.write_bytes(Survey(traces=61).bytes())
    assert "when it was scanned" in segy_import(path, tmp_path / "x.ds", "--scan", decisions, code=1).stderr
    other = tmp_path / "other.sgy"
    other.write_bytes(Survey().bytes())
    both = quern("segy", "scan", "--json", path, path.rename(tmp_path / "third.sgy"), code=1)
    decisions.write_text("{")
    assert "no JSON" in segy_import(other, tmp_path / "x.ds", "--scan", decisions, code=1).stderr
    decisions.write_text('{"quern_segy_scan": 2, "files": []}')
    assert "Scan" in segy_import(other, tmp_path / "x.ds", "--scan", decisions, code=1).stderr
    assert both.returncode == 1


def test_several_files_take_each_its_own_decisions(tmp_path):
    files = [tmp_path / f"{i}.sgy" for i in range(3)]
    for i, file in enumerate(files):
        lie = {(3225, "i2"): 1} if i == 1 else {}
        file.write_bytes(Survey(code=5, binary=lie, seed=i).bytes())
    decisions = tmp_path / "scan.json"
    decisions.write_text(quern("segy", "scan", "--json", *files).stdout)
    quern("segy", "import", *files, "--scan", decisions, "-o", tmp_path / "out.ds")
    import zarr

    values = zarr.open_group(tmp_path / "out.ds/traces.zarr", mode="r")["amplitude"][:]
    expected = numpy.vstack([signal(60, 101, 5, seed).astype("f4") for seed in range(3)])
    numpy.testing.assert_array_equal(values, expected)


# ---- trace headers --------------------------------------------------------------------------


def columns(path, traces, trace_bytes, order):
    """Every header position under every type, by NumPy: byte, type and values."""
    rows = numpy.fromfile(path, "u1")[3600 : 3600 + traces * trace_bytes].reshape(traces, -1)
    kinds = {"int16": "i2", "uint16": "u2", "int32": "i4", "ieee32": "f4"}
    for byte in range(1, 238):
        for name, kind in kinds.items():
            raw = numpy.ascontiguousarray(rows[:, byte - 1 : byte - 1 + int(kind[1])])
            yield byte, name, raw.view(order + kind).ravel()
        words = numpy.ascontiguousarray(rows[:, byte - 1 : byte + 3]).view(order + "u4").ravel()
        scale = numpy.power(16.0, (words >> 24 & 0x7F).astype("f8") - 64)
        sign = numpy.where(words >> 31, -1.0, 1.0)
        yield byte, "ibm32", sign * (words & 0xFFFFFF) / 2**24 * scale


@pytest.mark.parametrize("order", "><")
@pytest.mark.parametrize("traces", (60, 2500, 70000))
def test_positions_are_what_numpy_finds(traces, order, tmp_path):
    path = tmp_path / "survey.sgy"
    noise = numpy.random.default_rng(3).integers(-(2**31), 2**31, traces)
    survey = Survey(code=3, order=order, traces=traces, samples=10, trace={(37, "i4"): noise, (200, "i2"): noise >> 16})
    path.write_bytes(survey.bytes())
    found = scan(path, "--all")
    assert found["headers"]["all"] and found["headers"]["traces"] == traces
    positions = {row["byte"]: row for row in found["headers"]["positions"]}
    for byte, name, values in columns(path, traces, 260, order):
        if byte not in positions:
            assert not values.any()
            continue
        row = positions[byte][name]
        finite = values[numpy.isfinite(values)].astype("f8")
        assert row["min"] == (finite.min() if len(finite) else None)
        assert row["max"] == (finite.max() if len(finite) else None)
        with numpy.errstate(invalid="ignore", over="ignore"):
            wide = values.astype("f8")
            steps = wide[1:] - wide[:-1]
            rises, falls = (wide[1:] > wide[:-1]).sum(), (wide[1:] < wide[:-1]).sum()
        assert (row["rises"], row["falls"]) == (rises, falls)
        assert row["ties"] == (wide[1:] == wide[:-1]).sum()
        if "int" in name:
            assert row["ones"] == (steps == 1).sum()


def test_about_how_many_values_there_are(tmp_path):
    path = tmp_path / "survey.sgy"
    rng = numpy.random.default_rng(3)
    expected = {37: 5, 41: 100, 45: 1000, 49: 3000}
    values = {(byte, "i4"): rng.integers(0, n, 20000) * 7919 for byte, n in expected.items()}
    path.write_bytes(Survey(code=3, traces=20000, samples=10, trace=values).bytes())
    positions = {row["byte"]: row for row in scan(path, "--all")["headers"]["positions"]}
    for byte, n in expected.items():
        assert abs(positions[byte]["distinct"] - n) <= max(2, 0.1 * n)


def test_a_sample_is_told_as_such_and_is_the_same_each_time(tmp_path):
    path = tmp_path / "survey.sgy"
    path.write_bytes(Survey(code=3, traces=5000, samples=10).bytes())
    first, second = scan(path), scan(path)
    assert first == second and not first["headers"]["all"]
    assert first["headers"]["traces"] == 2048 and first["traces"] == 5000


# ---- guesses --------------------------------------------------------------------------------


def volume(inline, crossline, kind="i4", traces=600, per_line=30):
    number = numpy.arange(traces)
    fields = {(inline, kind): number // per_line * 2 + 1001, (crossline, kind): number % per_line * 3 + 2001}
    blank = {(byte, "i4"): 0 for byte in (9, 21, 189, 193) if byte not in (inline, crossline)}
    return Survey(code=3, traces=traces, samples=20, trace=blank | fields)


PLACES = {(189, 193): "standard", (5, 21): "petrel", (9, 21): "kingdom", (213, 217): None, (221, 225): None,
          (197, 205): None}


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_inline_and_crossline_are_found_where_they_are(place, tmp_path):
    path = tmp_path / "survey.sgy"
    path.write_bytes(volume(*place).bytes())
    guesses = scan(path)["guesses"]
    assert guesses["survey"]["value"] == "stacked 3D volume"
    assert (guesses["inline"]["byte"], guesses["crossline"]["byte"]) == place
    assert (guesses["inline"]["step"], guesses["crossline"]["step"]) == (2, 3)
    assert (guesses["inline"]["min"], guesses["crossline"]["max"]) == (1001, 2088)
    assert guesses["header_layout"]["value"] == PLACES[place]


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_the_command_that_a_scan_proposes_imports_what_it_guessed(place, tmp_path):
    survey = volume(*place)
    (tmp_path / "survey.sgy").write_bytes(survey.bytes())
    printed = quern("segy", "scan", tmp_path / "survey.sgy").stdout.splitlines()
    at = next(i for i, line in enumerate(printed) if line.startswith("  quern segy import"))
    if "--layout layout.json" in printed[at]:
        (tmp_path / "layout.json").write_text(printed[at + 2])
        assert json.loads(printed[at + 2]) == scan(tmp_path / "survey.sgy")["guesses"]["layout_file"]
    quern(*shlex.split(printed[at])[1:], cwd=tmp_path)
    headers = pandas.read_parquet(tmp_path / "survey.ds/headers.parquet")
    ensembles = pandas.read_parquet(tmp_path / "survey.ds/ensembles.parquet")
    for name, byte in zip(("inline", "crossline"), place):
        assert headers[name].to_list() == survey.trace[byte, "i4"].tolist()
    assert ensembles["inline"].to_list() == sorted(set(survey.trace[place[0], "i4"].tolist()))


def gathers(key, counter, traces=600, fold=12):
    number = numpy.arange(traces)
    fields = {(key, "i4"): number // fold + 500, (counter, "i4"): number % fold + 1, (37, "i4"): number % fold * 50}
    blank = {(byte, "i4"): 0 for byte in (5, 9, 21, 189, 193, 73, 77, 181, 185) if byte != key}
    return Survey(code=3, traces=traces, samples=20, trace=blank | fields)


def test_gathers_are_told_from_shots(tmp_path):
    path = tmp_path / "survey.sgy"
    path.write_bytes(gathers(21, 25).bytes())
    cdp = scan(path)["guesses"]
    path.write_bytes(gathers(9, 13).bytes())
    shots = scan(path)["guesses"]
    assert (cdp["survey"]["value"], cdp["ensemble_key"]["value"]) == ("CDP gathers of a line", "cdp")
    assert (shots["survey"]["value"], shots["ensemble_key"]["value"]) == ("shot records", "field_record")
    assert cdp["offset"]["byte"] == shots["offset"]["byte"] == 37


def test_coordinates_that_are_floats_are_found_out(tmp_path):
    path = tmp_path / "survey.sgy"
    where = numpy.arange(60) * 12.5 + 430000.25
    for byte, zeros in ((73, (181, 185)), (181, ())):
        trace = {(byte, "f4"): where, (byte + 4, "f4"): where * 3} | {(z, "i4"): 0 for z in zeros}
        path.write_bytes(Survey(trace=trace).bytes())
        guess = scan(path)["guesses"]["x"]
        assert (guess["byte"], guess["type"]) == (byte, "ieee32")
        assert guess["min"] == pytest.approx(430000.25)


# ---- what people see ------------------------------------------------------------------------


def test_the_report_fits_a_terminal_and_has_no_escapes_in_a_pipe(tmp_path):
    path = tmp_path / "survey.sgy"
    path.write_bytes(Survey(code=5, binary={(3225, "i2"): 1}).bytes())
    for options in ([], ["--preview", "9"]):
        printed = quern("segy", "scan", path, *options).stdout
        assert "\x1b" not in printed and max(map(len, printed.splitlines())) <= 104
        assert printed == quern("segy", "scan", path, *options).stdout


def test_the_report_says_what_was_found(tmp_path):
    path = tmp_path / "survey.sgy"
    path.write_bytes(Survey(code=5, binary={(3225, "i2"): 1}).bytes())
    printed = quern("segy", "scan", path).stdout
    for words in ("60 traces of 101 samples every 4 ms", "as the samples look", "say format 1 (ibm)",
                  "5 x 12 nodes", "quern segy import survey.sgy -o survey.ds --ensemble-key inline"):
        assert words in printed


def test_the_preview_shows_text_fields_and_traces(tmp_path):
    path = tmp_path / "survey.sgy"
    path.write_bytes(Survey(code=3, records=1, record=b"C EXTENDED TEXT").bytes())
    printed = quern("segy", "scan", path, "--preview", "3").stdout
    lines = re.sub(" +", " ", printed).splitlines()
    for words in (" C 1 LINE 1 OF THE TEXT HEADER", " C40 LINE 40 OF THE TEXT HEADER", " C EXTENDED TEXT",
                  " 189 inline 100 100 100", " 193 crossline 300 301 302",
                  " 3221 samples 101 samples per trace"):
        assert words in lines
    values = signal(60, 101, 3)
    assert " smallest " + " ".join(f"{v:.5g}" for v in values[:3].min(axis=1)) in lines
    assert " largest " + " ".join(f"{v:.5g}" for v in values[:3].max(axis=1)) in lines


def test_json_has_the_first_traces_on_request(tmp_path):
    path = tmp_path / "survey.sgy"
    path.write_bytes(Survey(code=3).bytes())
    rows = scan(path, "--preview", "4")["first_traces"]
    assert [row["header"]["crossline"] for row in rows] == [300, 301, 302, 303]
    values = signal(60, 101, 3)[:4]
    assert [(row["min"], row["max"]) for row in rows] == [(v.min(), v.max()) for v in values]


def test_the_picture_is_a_png(tmp_path):
    path, picture = tmp_path / "survey.sgy", tmp_path / "picture.png"
    path.write_bytes(Survey().bytes())
    quern("segy", "scan", path, "--picture", picture)
    header = picture.read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", header[16:]) == (1200, 800)


def test_info_is_short_for_files_and_datasets(tmp_path):
    path = tmp_path / "survey.sgy"
    path.write_bytes(Survey().bytes())
    segy_import(path, tmp_path / "out.ds", "--ensemble-key", "inline")
    printed = quern("segy", "info", path, tmp_path / "out.ds").stdout
    assert len(printed.splitlines()) < 30
    assert "stacked 3D volume" in printed and "5 gathers" in printed and "0 to 400 ms" in printed


# ---- real files -----------------------------------------------------------------------------

SURVEYS = {
    "segyio/test-data/f3.sgy": ("stacked 3D volume", "inline"),
    "segyio/test-data/small-ps.sgy": ("CDP gathers of a volume", "inline,crossline"),
    "segyio/test-data/shot-gather.sgy": ("shot records", "field_record"),
    "seisplot/31_81_PR.sgy": ("stacked 2D line", None),
    "segysak/examples_data/volve10-migvel-depth-sub3d.sgy": ("stacked 3D volume", "inline"),
    "seismic-zfp/test_data/small-irregular.sgy": ("stacked 3D volume", "inline"),
}


@pytest.mark.parametrize("name", SURVEYS if REAL.exists() else [])
def test_kinds_of_real_files(name):
    guesses = scan(REAL / name)["guesses"]
    assert (guesses["survey"]["value"], guesses["ensemble_key"]["value"]) == SURVEYS[name]


def test_lies_of_real_files_are_told():
    if not REAL.exists():
        pytest.skip("the real files, and what their headers say wrongly")
    said = {
        "segyio/test-data_multiformats/Format4msb.sgy": "say format 4 (gain), but the samples are 5",
        "obspy/00001034.sgy_first_trace": "say format 1 (ibm), but the samples are 5",
        "segyio/test-data/mapping-empty.sgy": "say 0 extended text records, but there is 1",
        "segyio/test-data/f3.sgy": "trace headers say 462 samples",
    }
    for name, words in said.items():
        texts = [c["text"] for c in scan(REAL / name)["contradictions"]]
        assert any(words in text for text in texts), (name, texts)
