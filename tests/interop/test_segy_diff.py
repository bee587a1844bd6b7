"""Comparisons: every difference that was made is told, with its place and both values, and nothing
else. Expected values are those that the tests put there."""

import json
import subprocess

import numpy
import pytest
from segy_tools import REAL, quern, segy_import, write_segy

TRACES, SAMPLES = 300, 50
EACH = 240 + 4 * SAMPLES


def values():
    return numpy.random.default_rng(2).normal(scale=10, size=(TRACES, SAMPLES)).astype("f4")


@pytest.fixture
def pair(tmp_path):
    """A file, and a copy to be changed."""
    write_segy(tmp_path / "a.sgy", values(), code=5, headers={(9, "i4"): 7, (71, "i2"): -10})
    return tmp_path / "a.sgy", tmp_path / "b.sgy"


def change(pair, *edits):
    """Writes the copy with bytes changed: (offset, bytes)."""
    raw = bytearray(pair[0].read_bytes())
    for offset, data in edits:
        raw[offset : offset + len(data)] = data
    pair[1].write_bytes(raw)


def diff(a, b, *options, code=3):
    return json.loads(quern("segy", "diff", a, b, "--json", *options, code=code).stdout)


def sample_at(trace, sample):
    return 3600 + trace * EACH + 240 + 4 * sample


def f4(value):
    return numpy.array(value, ">f4").tobytes()


def test_a_copy_is_the_same(pair):
    change(pair)
    assert "The same." in quern("segy", "diff", *pair).stdout
    found = diff(*pair, code=0)
    assert found["same"] and found["samples"]["compared"] == TRACES * SAMPLES
    assert found["headers_differing"] == found["samples"]["differing"] == 0


def test_changed_samples_are_found_with_both_values(pair):
    places = [(3, 4), (3, 49), (150, 0), (299, 25)]
    change(pair, *((sample_at(*p), f4(1000 + i)) for i, p in enumerate(places)))
    samples = diff(*pair)["samples"]
    assert samples["differing"] == 4 and samples["traces"] == 3
    first = [(s["trace"], s["sample"], s["b"]) for s in samples["first"]]
    assert first == [(*p, 1000.0 + i) for i, p in enumerate(places)]
    assert [s["a"] for s in samples["first"]] == [float(values()[p]) for p in places]
    distances = [abs(1000.0 + i - float(values()[p])) for i, p in enumerate(places)]
    assert samples["largest"] == max(distances)
    at = places[int(numpy.argmax(distances))]
    assert (samples["largest_at"]["trace"], samples["largest_at"]["sample"]) == at


def test_only_the_first_ten_places_are_told_in_order_whatever_the_threads(pair):
    change(pair, *((sample_at(t, 5), f4(5000 + t)) for t in range(0, 300, 7)))
    found = [diff(*pair, "-j", jobs) for jobs in (1, 2, 5)]
    assert found[0] == found[1] == found[2]
    assert found[0]["samples"]["differing"] == 43
    assert [s["trace"] for s in found[0]["samples"]["first"]] == list(range(0, 70, 7))


def test_changed_header_fields_are_told_by_name_and_trace(pair):
    change(pair, *((3600 + t * EACH + 8, (100 + t).to_bytes(4, "big")) for t in range(20, 35)),
           (3600 + 20 * EACH + 70, (-100).to_bytes(2, "big", signed=True)))
    found = diff(*pair)
    assert found["headers_differing"] == 15 and found["samples"]["differing"] == 0
    record, scalar = found["trace_headers"]
    assert (record["field"], record["byte"], record["traces"]) == ("field_record", 9, 15)
    assert record["first"] == [{"trace": t, "a": 7, "b": 100 + t} for t in range(20, 30)]
    assert (scalar["field"], scalar["traces"]) == ("scalar_coord", 1)
    assert scalar["first"] == [{"trace": 20, "a": -10, "b": -100}]
    assert diff(*pair, "--ignore", "field_record,scalar_coord", code=0)["headers_differing"] == 0
    assert diff(*pair, "--samples-only", code=0)["same"]


def test_text_and_binary_headers_are_compared_as_what_they_say(pair):
    text = "C 1 SAME".ljust(3200)
    raw = bytearray(pair[0].read_bytes())
    raw[:3200] = text.encode("cp500")
    pair[0].write_bytes(raw)
    change(pair, (0, text.encode("ascii")))
    found = diff(*pair, code=0)
    assert found["text_lines"] == 0 and found["text_other_bytes"]
    change(pair, (80, "C 2 OTHER".ljust(80).encode("cp500")), (3216, (2000).to_bytes(2, "big")))
    found = diff(*pair)
    assert found["text"] == [{"record": 0, "line": 2, "a": "", "b": "C 2 OTHER"}]
    assert found["binary_header"] == [{"field": "interval_us", "byte": 3217, "a": 4000, "b": 2000}]
    assert diff(*pair, "--ignore", "text,interval_us", code=0)["same"]
    change(pair, (3200 + 150, b"x"))
    assert diff(*pair)["binary_unassigned_bytes"] == 1


def test_missing_traces_and_trailing_bytes_are_told(pair):
    pair[1].write_bytes(pair[0].read_bytes()[: 3600 + 290 * EACH])
    found = diff(*pair)
    assert (found["a"]["traces"], found["b"]["traces"], found["traces_compared"]) == (300, 290, 290)
    assert "300 in A, 290 in B" in quern("segy", "diff", *pair, code=3).stdout


@pytest.mark.parametrize("code, order", [(1, ">"), (1, "<"), (2, ">"), (3, "<"), (6, "<"), (9, ">")])
def test_values_are_compared_whatever_they_are_written_in(code, order, tmp_path):
    whole = numpy.random.default_rng(4).integers(-3000, 3000, (40, 30))
    write_segy(tmp_path / "a.sgy", whole, code=5)
    write_segy(tmp_path / "b.sgy", whole, code=code, order=order)
    found = diff(tmp_path / "a.sgy", tmp_path / "b.sgy", "--ignore", "format", code=0)
    assert found["same"] and found["samples"]["compared"] == 1200
    found = diff(tmp_path / "a.sgy", tmp_path / "b.sgy")
    assert [f["field"] for f in found["binary_header"]] == ["format"]


def test_large_integers_are_compared_exactly(tmp_path):
    """2^53 + 1 is no double."""
    a = numpy.full((5, 40), 2**53, "i8")
    b = a.copy()
    b[2, 3] += 1
    write_segy(tmp_path / "a.sgy", a, code=9)
    write_segy(tmp_path / "b.sgy", b, code=9)
    write_segy(tmp_path / "c.sgy", a, code=6)
    assert diff(tmp_path / "a.sgy", tmp_path / "b.sgy")["samples"]["differing"] == 1
    found = diff(tmp_path / "b.sgy", tmp_path / "c.sgy", "--ignore", "format")
    assert found["samples"]["differing"] == 1 and found["samples"]["largest"] == 1


def test_the_same_value_in_other_bits_is_no_difference_but_told(tmp_path):
    write_segy(tmp_path / "a.sgy", numpy.ones((10, 30)), code=1)
    raw = bytearray((tmp_path / "a.sgy").read_bytes())
    start = 3600 + 3 * (240 + 120) + 240
    raw[start : start + 4] = bytes.fromhex("42010000")  # 1.0, not normalised
    (tmp_path / "b.sgy").write_bytes(raw)
    found = diff(tmp_path / "a.sgy", tmp_path / "b.sgy", code=0)
    assert found["samples"]["other_bits"] == 1 and found["samples"]["differing"] == 0


def test_nan_is_the_same_as_nan_and_nothing_else(pair):
    change(pair, (sample_at(1, 2), f4(numpy.nan)))
    found = diff(*pair)
    assert found["samples"]["differing"] == 1 and found["samples"]["first"][0]["b"] == "NaN"
    pair[0].write_bytes(pair[1].read_bytes())
    assert diff(*pair, code=0)["same"]


def test_tolerances_are_absolute_and_relative(pair):
    a = values()
    b = a * numpy.float32(1.001)
    change(pair, *((sample_at(t, 0), b[t].astype(">f4").tobytes()) for t in range(TRACES)))
    distance = numpy.abs(a.astype("f8") - b.astype("f8"))
    larger = numpy.maximum(numpy.abs(a), numpy.abs(b)).astype("f8")
    for absolute, relative in ((0.01, 0), (0, 0.0009), (0.005, 0.0005)):
        expected = int((distance > absolute + relative * larger).sum())
        options = ("--tolerance", absolute, "--relative", relative)
        found = diff(*pair, *options, code=3 if expected else 0)
        assert found["samples"]["differing"] == expected
    assert diff(*pair, "--relative", "0.002", code=0)["same"]


def test_a_dataset_is_the_file_that_it_was_made_of(pair, tmp_path):
    segy_import(pair[0], tmp_path / "a.ds", "--durability", "process", "--chunk-traces", "16")
    assert diff(pair[0], tmp_path / "a.ds", code=0)["same"]
    change(pair, (sample_at(17, 3), f4(99)))
    found = diff(tmp_path / "a.ds", pair[1])
    assert found["samples"]["first"] == [
        {"trace": 17, "sample": 3, "a": float(values()[17, 3]), "b": 99.0}
    ]
    segy_import(pair[1], tmp_path / "b.ds", "--durability", "process", "--codec", "none")
    assert diff(tmp_path / "a.ds", tmp_path / "b.ds")["samples"]["differing"] == 1
    assert diff(tmp_path / "a.ds", tmp_path / "b.ds", "--headers-only", code=0)["samples"] is None


def test_headers_only_reads_no_sample(pair, tmp_path):
    segy_import(pair[0], tmp_path / "a.ds", "--durability", "process")
    subprocess.run(["rm", "-r", tmp_path / "a.ds/traces.zarr/amplitude/c"], check=True)
    assert diff(pair[0], tmp_path / "a.ds", "--headers-only", code=0)["same"]


def test_a_dataset_of_rounded_samples_is_compared_by_the_values_it_has(tmp_path):
    whole = numpy.random.default_rng(4).integers(2**40, 2**60, (2000, 60)) | 1
    write_segy(tmp_path / "a.sgy", whole, code=9)
    segy_import(tmp_path / "a.sgy", tmp_path / "a.ds", "--durability", "process", "--sample-type",
                "float32")
    found = diff(tmp_path / "a.sgy", tmp_path / "a.ds")
    assert found["samples"]["differing"] == int((whole != whole.astype("f4").astype("i8")).sum())
    assert diff(tmp_path / "a.sgy", tmp_path / "a.ds", "--relative", 2**-24, code=0)["same"]


@pytest.mark.parametrize("a, b", [
    ("segyio/test-data/small.sgy", "segyio/test-data/small-lsb.sgy"),
    ("segyio/test-data/f3.sgy", "segyio/test-data/f3-lsb.sgy"),
])
def test_real_files_of_either_byte_order_are_the_same(a, b):
    if not (REAL / a).exists():
        pytest.skip("no real SEG-Y files")
    found = diff(REAL / a, REAL / b, "--ignore", "text,binary", code=0)
    assert found["same"] and found["samples"]["compared"] > 1000


def test_what_cannot_be_compared_is_refused(pair, tmp_path):
    change(pair)
    assert "which two" in quern("segy", "diff", pair[0], code=2).stderr
    assert "Did you mean 'inline'" in quern("segy", "diff", *pair, "--ignore", "inlin", code=2).stderr
    assert "nothing to compare" in quern(
        "segy", "diff", *pair, "--headers-only", "--samples-only", code=2).stderr
    assert "none.sgy" in quern("segy", "diff", pair[0], tmp_path / "none.sgy", code=1).stderr
    segy_import(pair[0], tmp_path / "x.ds", "--durability", "process", "--headers", "inline")
    assert "--raw-headers" in quern("segy", "diff", *pair[:1], tmp_path / "x.ds", code=1).stderr
