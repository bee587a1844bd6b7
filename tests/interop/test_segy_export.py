"""Exports: the file that was imported, to the byte; parts of it as segyio cuts them; conversions as
exact arithmetic makes them."""

import json
import os
import pathlib
import random
import subprocess

import numpy
import pandas
import pytest
import segyio
from export_tools import QUICK, SMALL, export, make_cube
from segy_tools import BUILD, REAL, ibm_values, quern, segy_import, write_segy

BYTES = {1: 4, 2: 4, 3: 2, 4: 4, 5: 4, 6: 8, 7: 3, 8: 1, 9: 8, 10: 4, 11: 2, 12: 8, 15: 3, 16: 1}

FILES = sorted(
    str(p.relative_to(REAL))
    for p in REAL.rglob("*")
    if p.suffix.lower() in (".sgy", ".segy", ".su") or p.name.endswith("first_trace")
)
NO_TRACES = {"broken.sgy", "text.sgy"}  # refused by import


def round_trip(path, tmp_path, *options):
    """The exported bytes, and what export said."""
    segy_import(path, tmp_path / "x.ds", *SMALL, *options)
    said = export(tmp_path / "x.ds", tmp_path / "out.sgy").stdout
    return (tmp_path / "out.sgy").read_bytes(), said


def lossless(dataset):
    return json.loads((dataset / "manifest.json").read_text())["facts"]["lossless"]


# ---- the same to the byte -------------------------------------------------------------------


@pytest.mark.parametrize("name", [f for f in FILES if pathlib.Path(f).name not in NO_TRACES])
def test_a_real_file_comes_back_to_the_byte(name, tmp_path):
    back, said = round_trip(REAL / name, tmp_path)
    assert back == (REAL / name).read_bytes()
    assert "to the byte" in said


def any_bytes(dice, count):
    return bytes(dice.getrandbits(8) for _ in range(count)) if count else b""


def put(record, byte, order, size, value):
    record[byte - 1 : byte - 1 + size] = value.to_bytes(size, "big" if order == ">" else "little")


def any_segy(dice):
    """A valid file of any kind: every header byte that decides nothing, and every sample, is
    random."""
    order = dice.choice("<>")
    code = dice.choice(list(BYTES))
    revision = dice.choice([0, 1, 2])
    extra = dice.choice([0, 0, 1, 2]) if revision == 2 else 0
    texts = dice.choice([0, 0, 1, 3]) if revision else 0
    samples = dice.randrange(20, 90)
    traces = dice.randrange(5, 60)
    label = b"0001SY1.0RECORD".ljust(128, b" ") if revision and dice.random() < 0.3 else b""
    gap = dice.choice([0, 100, 3200]) if revision == 2 and not label else 0
    trailer = dice.choice([0, 0, 3200]) if revision == 2 else 0
    first = len(label) + 3600 + 3200 * texts + gap
    binary = bytearray(any_bytes(dice, 400))
    binary[60:100] = binary[300:332] = b""  # what revision 2 added is set below
    binary = binary[:60] + bytes(40) + binary[60:260] + bytes(32) + binary[260:]
    assert len(binary) == 400
    put(binary, 17, order, 2, 2000)
    put(binary, 21, order, 2, samples)
    put(binary, 25, order, 2, code)
    binary[300] = revision
    binary[301] = 0
    put(binary, 303, order, 2, 1 if revision else 0)
    put(binary, 305, order, 2, texts)
    if revision == 2:
        put(binary, 69, order, 4, samples)
        put(binary, 97, order, 4, 0x01020304)
        put(binary, 307, order, 2, extra)
        put(binary, 313, order, 8, traces)
        put(binary, 321, order, 8, first)
        put(binary, 329, order, 4, trailer // 3200)
    out = [label, "C 1 RANDOM".ljust(3200).encode("cp500"), bytes(binary)]
    out += [("EXTENDED %d" % i).ljust(3200).encode() for i in range(texts)]
    out.append(any_bytes(dice, gap))
    for _ in range(traces):
        header = bytearray(any_bytes(dice, 240 * (1 + extra)))
        put(header, 115, order, 2, samples)
        put(header, 117, order, 2, 2000)
        if extra:
            header[472:480] = b"SEG00001"
            put(header, 377, order, 4, samples)
        out += [bytes(header), any_bytes(dice, samples * BYTES[code])]
    out.append(any_bytes(dice, trailer))
    return b"".join(out)


@pytest.mark.parametrize("seed", range(40))
def test_a_random_file_of_any_kind_comes_back_to_the_byte(seed, tmp_path):
    dice = random.Random(seed)
    source = tmp_path / "x.sgy"
    source.write_bytes(any_segy(dice))
    store = dice.choice([SMALL, (*SMALL, "--codec", "none"), (*SMALL, "--codec", "zstd"),
                         (*SMALL, "--shape", "sample-major"), ("--zarr", "2"), ("--no-shards",)])
    segy_import(source, tmp_path / "x.ds", *QUICK, *store)
    export(tmp_path / "x.ds", tmp_path / "out.sgy")
    assert (tmp_path / "out.sgy").read_bytes() == source.read_bytes()


# Words that float32 does not give back by itself: not normalised, a zero with an exponent, beyond
# its range on either side, subnormal and rounded. And words that it does, the largest too.
ODD_WORDS = [0x42010000, 0x45000010, 0x46000001, 0x42000001, 0x7F000000, 0x1B400000, 0x1B400001,
             0x1BC00000, 0x1DA7C000, 0x1DA84001, 0x20FFFFF4, 0x20FFFFF5, 0x61100000,
             0x61100001, 0xC0000001]
PLAIN_WORDS = [0, 0x80000000, 0x41100000, 0xC276A000, 0x4312C000, 0x40800000, 0x21400000,
               0x60FFFFFF, 0x413243F7, 0x7FFFFFFF, 0xFFFFFFFF, 0x21100000, 0x20FFFFF8,
               0x213FFFFF]


def write_words(path, words, order=">"):
    """One word a sample, in rows of 25."""
    rows = numpy.resize(numpy.array(words, "u4"), (40, 25))
    write_segy(path, numpy.zeros(rows.shape, "f4"), code=1, order=order)
    raw = bytearray(path.read_bytes())
    for i, row in enumerate(rows):
        start = 3600 + i * (240 + 100) + 240
        raw[start : start + 100] = row.astype(order + "u4").tobytes()
    path.write_bytes(raw)
    return rows


@pytest.mark.parametrize("order", [">", "<"])
def test_ibm_words_that_float32_does_not_give_back_are_kept(order, tmp_path):
    rows = write_words(tmp_path / "x.sgy", ODD_WORDS + PLAIN_WORDS, order)
    back, _ = round_trip(tmp_path / "x.sgy", tmp_path)
    assert back == (tmp_path / "x.sgy").read_bytes()
    table = pandas.read_parquet(tmp_path / "x.ds" / "exceptions.parquet")
    trace, sample = numpy.nonzero(numpy.isin(rows, numpy.array(ODD_WORDS, "u4")))
    assert table.trace_index.tolist() == trace.tolist()
    assert table["sample"].tolist() == sample.tolist()
    assert table.bits.tolist() == rows[trace, sample].tolist()


def test_ordinary_ibm_words_need_no_exceptions(tmp_path):
    write_words(tmp_path / "x.sgy", PLAIN_WORDS)
    back, _ = round_trip(tmp_path / "x.sgy", tmp_path)
    assert back == (tmp_path / "x.sgy").read_bytes()
    assert not (tmp_path / "x.ds" / "exceptions.parquet").exists()
    assert lossless(tmp_path / "x.ds") == {
        "lossless": True, "headers": True, "samples": True, "whole": True, "exceptions": 0,
        "reasons": [],
    }


@pytest.mark.parametrize("code", [2, 3, 6, 7, 9, 12])
def test_float32_gives_back_what_it_can_and_keeps_the_rest(code, tmp_path):
    values = numpy.arange(2000, dtype="i8").reshape(50, 40)
    if code not in (3, 7):
        values[3, 5] = 2**24 + 1
        values[7, 9] = 2**31 - 3
    write_segy(tmp_path / "x.sgy", values, code=code)
    back, _ = round_trip(tmp_path / "x.sgy", tmp_path, "--sample-type", "float32")
    assert back == (tmp_path / "x.sgy").read_bytes()
    assert lossless(tmp_path / "x.ds")["exceptions"] == (0 if code in (3, 7) else 2)


def test_too_many_exceptions_are_not_kept_and_export_says_so(tmp_path):
    dice = numpy.random.default_rng(1)
    values = dice.integers(2**40, 2**62, (200, 1000)) | 1
    write_segy(tmp_path / "x.sgy", values, code=9)
    result = segy_import(tmp_path / "x.sgy", tmp_path / "x.ds", *QUICK, "--sample-type", "float32")
    assert "too many" in result.stderr
    fact = lossless(tmp_path / "x.ds")
    assert not fact["lossless"] and not fact["samples"] and fact["headers"]
    assert "do not come back" in fact["reasons"][0]
    assert not (tmp_path / "x.ds" / "exceptions.parquet").exists()
    refusal = export(tmp_path / "x.ds", tmp_path / "out.sgy", code=1).stderr
    assert "do not come back" in refusal and "--format ieee" in refusal
    export(tmp_path / "x.ds", tmp_path / "out.sgy", "--format", "ieee")
    with segyio.open(tmp_path / "out.sgy", ignore_geometry=True) as file:
        numpy.testing.assert_array_equal(file.trace.raw[:], values.astype("f4"))


def variable_file(path):
    """Traces of 20 to 90 samples, each as long as its header says."""
    dice = random.Random(7)
    out = [b"\x40" * 3200, bytearray(400)]
    put(out[1], 17, ">", 2, 2000)
    put(out[1], 21, ">", 2, 50)
    put(out[1], 25, ">", 2, 3)
    out[1][300] = 1
    lengths = [50, *(dice.randrange(20, 90) for _ in range(299))]
    for i, length in enumerate(lengths):
        header = bytearray(240)
        put(header, 1, ">", 4, i + 1)
        put(header, 29, ">", 2, 1)
        put(header, 115, ">", 2, length)
        put(header, 117, ">", 2, 2000)
        out += [header, any_bytes(dice, 2 * length)]
    path.write_bytes(b"".join(out))
    return lengths


def test_traces_of_different_lengths_come_back_in_their_true_length(tmp_path):
    lengths = variable_file(tmp_path / "x.sgy")
    back, _ = round_trip(tmp_path / "x.sgy", tmp_path)
    raw = (tmp_path / "x.sgy").read_bytes()
    assert back == raw
    export(tmp_path / "x.ds", tmp_path / "part.sgy", "--traces", "100:130")
    starts = 3600 + numpy.concatenate([[0], numpy.cumsum([240 + 2 * n for n in lengths])])
    assert (tmp_path / "part.sgy").read_bytes()[3600:] == raw[starts[100] : starts[130]]


def three_files(tmp_path):
    paths = []
    for i, text in enumerate(b"ABC"):
        path = tmp_path / f"{i}.sgy"
        write_segy(path, numpy.full((30 + i, 20), i), code=5, text=bytes([text]) * 3200,
                   headers={(9, "i4"): 100 * i + numpy.arange(30 + i)})
        paths.append(path)
    return paths


def test_each_of_several_files_comes_back_and_all_join_to_one(tmp_path):
    paths = three_files(tmp_path)
    quern("segy", "import", *paths, "-o", tmp_path / "x.ds", *SMALL)
    for i, path in enumerate(paths):
        export(tmp_path / "x.ds", tmp_path / "out.sgy", "--file", i, "--overwrite")
        assert (tmp_path / "out.sgy").read_bytes() == path.read_bytes()
    export(tmp_path / "x.ds", tmp_path / "all.sgy")
    joined = paths[0].read_bytes() + b"".join(p.read_bytes()[3600:] for p in paths[1:])
    assert (tmp_path / "all.sgy").read_bytes() == joined
    assert "numbered from 0" in export(tmp_path / "x.ds", tmp_path / "n.sgy", "--file", 3, code=2).stderr


# ---- surveys that all of the following use ---------------------------------------------------


@pytest.fixture(scope="module")
def cube(tmp_path_factory):
    return make_cube(tmp_path_factory.mktemp("cube"))


def test_any_number_of_threads_writes_the_same_bytes(cube, tmp_path):
    for jobs in (1, 2, 7):
        export(cube[1], tmp_path / "out.sgy", "-j", jobs, "--overwrite")
        assert (tmp_path / "out.sgy").read_bytes() == cube[0].read_bytes()


def test_a_dataset_without_its_run_directory_is_as_good(cube, tmp_path):
    copy = tmp_path / "copy.ds"
    subprocess.run(["cp", "-r", cube[1], copy], check=True)
    subprocess.run(["rm", "-r", copy / ".quern"], check=True)
    export(copy, tmp_path / "out.sgy")
    assert (tmp_path / "out.sgy").read_bytes() == cube[0].read_bytes()


# ---- parts ----------------------------------------------------------------------------------


def segyio_part(source, chosen, path):
    """The chosen traces of a file, written by segyio."""
    with segyio.open(source, ignore_geometry=True) as file:
        spec = segyio.spec()
        spec.samples = file.samples
        spec.format = int(file.format)
        spec.tracecount = len(chosen)
        with segyio.create(path, spec) as part:
            for i, trace in enumerate(chosen):
                part.header[i] = file.header[int(trace)]
                part.trace[i] = file.trace[int(trace)]
    return numpy.fromfile(path, "u1")[3600:].reshape(len(chosen), -1)


INLINE = 1001 + numpy.arange(360) // 30
CROSSLINE = 2001 + numpy.arange(360) % 30
PARTS = {
    ("--traces", "40:55"): slice(40, 55),
    ("--traces", ":7"): slice(0, 7),
    ("--traces", "350:"): slice(350, 360),
    ("--traces", "17"): slice(17, 18),
    ("--select", "inline=1003:1005"): (INLINE >= 1003) & (INLINE <= 1005),
    ("--select", "inline=1003:1005,crossline=2010"):
        (INLINE >= 1003) & (INLINE <= 1005) & (CROSSLINE == 2010),
    ("--select", "inline=1002,inline=1009"): (INLINE == 1002) | (INLINE == 1009),
    ("--select", "crossline=2001::5"): (CROSSLINE - 2001) % 5 == 0,
    ("--select", "crossline=2001:2020:3", "--traces", "100:200"):
        ((CROSSLINE - 2001) % 3 == 0) & (CROSSLINE <= 2020)
        & (numpy.arange(360) >= 100) & (numpy.arange(360) < 200),
}


@pytest.mark.parametrize("options", PARTS, ids=" ".join)
def test_a_part_is_what_segyio_cuts_out(options, cube, tmp_path):
    chosen = numpy.arange(360)[PARTS[options]]
    expected = segyio_part(cube[0], chosen, tmp_path / "theirs.sgy")
    said = export(cube[1], tmp_path / "ours.sgy", *options).stdout
    ours = numpy.fromfile(tmp_path / "ours.sgy", "u1")
    traces = ours[3600:].reshape(len(chosen), -1)
    expected[:, 232:240] = numpy.frombuffer(b"SEG00000", "u1")  # which segyio does not copy
    numpy.testing.assert_array_equal(traces, expected)
    # Of all that stands before the traces only their number changes.
    before = bytearray(cube[0].read_bytes()[:3600])
    put(before, 3513, ">", 8, len(chosen))
    assert ours[:3600].tobytes() == before
    assert f"trace_count: 360 becomes {len(chosen)}" in said


def test_scaled_columns_select_too(cube, tmp_path):
    table = pandas.read_parquet(cube[1] / "headers.parquet")
    low, high = numpy.quantile(table.cdp_x_scaled, [0.25, 0.6])
    wanted = table.cdp_x_scaled.between(low, high)
    assert (table.cdp_x_scaled != table.cdp_x).all() and 0 < wanted.sum() < 360
    export(cube[1], tmp_path / "out.sgy", "--select", f"cdp_x_scaled={low}:{high}")
    raw = numpy.fromfile(cube[0], "u1")[3600:].reshape(360, -1)
    ours = numpy.fromfile(tmp_path / "out.sgy", "u1")[3600:].reshape(wanted.sum(), -1)
    numpy.testing.assert_array_equal(ours, raw[wanted])


@pytest.mark.parametrize(
    "options, words",
    [
        (("--traces", "5:5"), "360 traces"),
        (("--traces", "100:400"), "numbered 0 to 359"),
        (("--traces", "x"), "no range of traces"),
        (("--select", "inlin=1"), "Did you mean 'inline'"),
        (("--select", "inline=9999"), "1001 to 1012"),
        (("--select", "inline"), "NAME=A:B"),
        (("--select", "header_name=1"), "holds text"),
    ],
)
def test_a_part_that_does_not_exist_is_refused(options, words, cube, tmp_path):
    assert words in export(cube[1], tmp_path / "out.sgy", *options, code=2).stderr
    assert not (tmp_path / "out.sgy").exists()


def test_traces_per_ensemble_follow_the_gathers_that_are_left(tmp_path):
    quern("synth", "segy", "--inlines", 1, "--crosslines", 20, "--offsets", 12, "--samples", 30,
          "-o", tmp_path / "x.sgy")
    segy_import(tmp_path / "x.sgy", tmp_path / "x.ds", *SMALL, "--ensemble-key", "cdp")
    said = export(tmp_path / "x.ds", tmp_path / "near.sgy", "--select", "trace_number_cdp=1:5").stdout
    assert "traces_per_ensemble: 12 becomes 5" in said
    said = export(tmp_path / "x.ds", tmp_path / "few.sgy", "--select", "cdp=1:3").stdout
    assert "ensemble: 12" not in said


# ---- conversions ----------------------------------------------------------------------------


def nearest_ibm(values):
    """The nearest IBM words by exact integer arithmetic, ties to even."""
    words = []
    for value in map(float, values):
        if value == 0:
            words.append(0)
            continue
        fraction, exponent = abs(value), 64
        numerator, denominator = fraction.as_integer_ratio()
        while numerator >= denominator:
            denominator *= 16
            exponent += 1
        while numerator * 16 < denominator:
            numerator *= 16
            exponent -= 1
        mantissa, rest = divmod(numerator << 24, denominator)
        mantissa += 2 * rest > denominator or (2 * rest == denominator and mantissa & 1)
        if mantissa == 1 << 24:
            mantissa, exponent = 1 << 20, exponent + 1
        words.append((1 << 31 if value < 0 else 0) | exponent << 24 | mantissa)
    return numpy.array(words, "u4")


def traces_of(path, header=240):
    with segyio.open(path, ignore_geometry=True) as file:
        return file.trace.raw[:]


def test_ieee_becomes_the_nearest_ibm_word(tmp_path):
    """Floats are not always IBM words: segyio and others cut digits off, which is not nearest."""
    values = numpy.random.default_rng(3).normal(size=(60, 50)).astype("f4")
    known = {0x40490FDB: 0x413243F7, 0x7F7FFFFF: 0x60FFFFFF, 0x3E200000: 0x40280000}
    values[0, :3] = numpy.array(list(known), "u4").view("f4")
    write_segy(tmp_path / "x.sgy", values, code=5)
    segy_import(tmp_path / "x.sgy", tmp_path / "x.ds", *SMALL)
    said = export(tmp_path / "x.ds", tmp_path / "ibm.sgy", "--format", "ibm").stdout
    raw = numpy.fromfile(tmp_path / "ibm.sgy", "u1")[3600:].reshape(60, -1)
    words = numpy.ascontiguousarray(raw[:, 240:]).view(">u4")
    numpy.testing.assert_array_equal(words.ravel(), nearest_ibm(values.ravel()))
    assert words[0, :3].tolist() == list(known.values())
    exact = (words & 0xFFFFFF) * 16.0 ** ((words >> 24 & 127).astype("f8") - 70)
    error = numpy.abs(exact - numpy.abs(values.astype("f8")))
    assert f"samples: {(error > 0).sum()} values were rounded, 0 were beyond" in said
    assert f"largest error: {error.max():.9g}" in said
    assert "format: 5 becomes 1" in said


def test_ibm_becomes_ieee_as_the_standard_rounds(tmp_path):
    rows = write_words(tmp_path / "x.sgy", ODD_WORDS + PLAIN_WORDS)
    segy_import(tmp_path / "x.sgy", tmp_path / "x.ds", *SMALL)
    export(tmp_path / "x.ds", tmp_path / "ieee.sgy", "--format", "ieee")
    numpy.testing.assert_array_equal(traces_of(tmp_path / "ieee.sgy"), ibm_values(rows))


@pytest.mark.parametrize("name, code, kind", [
    ("int16", 3, "i2"), ("int8", 8, "i1"), ("uint8", 16, "u1"), ("int32", 2, "i4"),
    ("uint16", 11, "u2"), ("float64", 6, "f8"),
])
def test_floats_become_the_nearest_integers_and_losses_are_counted(name, code, kind, tmp_path):
    values = numpy.random.default_rng(5).normal(scale=100, size=(30, 40)).astype("f4")
    values[2, 3], values[4, 5], values[6, 7] = 1e6, -1e6, numpy.nan
    write_segy(tmp_path / "x.sgy", values, code=5)
    segy_import(tmp_path / "x.sgy", tmp_path / "x.ds", *SMALL)
    said = export(tmp_path / "x.ds", tmp_path / "out.sgy", "--format", name).stdout
    raw = numpy.fromfile(tmp_path / "out.sgy", "u1")[3600:].reshape(30, -1)
    ours = numpy.ascontiguousarray(raw[:, 240:]).view(">" + kind)
    if kind == "f8":
        numpy.testing.assert_array_equal(ours, values)
        assert "every value is exact" in said
        return
    limits = numpy.iinfo(kind)
    rounded = numpy.rint(numpy.nan_to_num(values.astype("f8")))
    expected = numpy.clip(rounded, limits.min, limits.max)
    numpy.testing.assert_array_equal(ours, expected)
    clipped = (rounded != expected).sum()
    inexact = ((rounded == expected) & (rounded != values) & ~numpy.isnan(values)).sum()
    assert f"{inexact} values were rounded, {clipped} were beyond the range of {name}" in said
    assert "1 were not numbers" in said
    error = numpy.nanmax(numpy.abs(expected - values.astype("f8")))
    assert f"largest error: {error:.9g}, with values up to 1000000" in said


def test_a_scale_is_applied_and_told(tmp_path):
    values = numpy.random.default_rng(6).uniform(-1, 1, (20, 30)).astype("f4")
    write_segy(tmp_path / "x.sgy", values, code=5)
    segy_import(tmp_path / "x.sgy", tmp_path / "x.ds", *SMALL)
    said = export(tmp_path / "x.ds", tmp_path / "out.sgy", "--format", "int16", "--scale", 30000).stdout
    numpy.testing.assert_array_equal(
        traces_of(tmp_path / "out.sgy"), numpy.rint(values.astype("f8") * 30000)
    )
    assert "multiplied by 30000" in said


@pytest.mark.parametrize("name", [
    "segyio/test-data/f3.sgy", "segyio/test-data/small.sgy",
    "segyio/test-data/trace-header-extension1.sgy", "segyio/test-data_multiformats/Format6msb.sgy",
])
def test_the_byte_order_there_and_back_is_the_same_file(name, tmp_path):
    if not (REAL / name).exists():
        pytest.skip("no real SEG-Y files")
    segy_import(REAL / name, tmp_path / "big.ds", *SMALL)
    export(tmp_path / "big.ds", tmp_path / "little.sgy", "--endian", "little")
    quern("segy", "diff", REAL / name, tmp_path / "little.sgy", "--ignore",
          "extended_text_count,samples,format,revision_major,revision_minor,first_trace_offset")
    segy_import(tmp_path / "little.sgy", tmp_path / "little.ds", *SMALL)
    export(tmp_path / "little.ds", tmp_path / "back.sgy", "--endian", "big")
    original, back = (REAL / name).read_bytes(), (tmp_path / "back.sgy").read_bytes()
    assert back[3600:] == original[3600:]


def test_segyio_reads_the_other_byte_order_the_same(cube, tmp_path):
    export(cube[1], tmp_path / "little.sgy", "--endian", "little")
    with (
        segyio.open(cube[0]) as theirs,
        segyio.open(tmp_path / "little.sgy", endian="little") as ours,
    ):
        numpy.testing.assert_array_equal(ours.trace.raw[:], theirs.trace.raw[:])
        assert list(ours.ilines) == list(theirs.ilines)
        for i in range(0, 360, 17):
            assert ours.header[i] == theirs.header[i]
        # segyio 1.9 swaps the two bytes of the revision and leaves the fields of revision 2.
        unswapped = {"SEGYRevision", "SEGYRevisionMinor", "ExtSamples"}
        for key, value in theirs.bin.items():
            assert str(key) in unswapped or ours.bin[key] == value


def test_a_revision_is_written_with_what_it_needs(tmp_path):
    write_segy(tmp_path / "x.sgy", numpy.ones((7, 50)), code=5, interval=1500)
    segy_import(tmp_path / "x.sgy", tmp_path / "x.ds", *SMALL)
    export(tmp_path / "x.ds", tmp_path / "two.sgy", "--revision", "2")
    raw = (tmp_path / "two.sgy").read_bytes()
    assert raw[3500:3502] == b"\2\0" and raw[3296:3300] == b"\1\2\3\4"
    assert int.from_bytes(raw[3268:3272], "big") == 50
    assert numpy.frombuffer(raw[3272:3280], ">f8")[0] == 1500
    assert int.from_bytes(raw[3512:3520], "big") == 7
    assert int.from_bytes(raw[3520:3528], "big") == 3600
    segy_import(tmp_path / "two.sgy", tmp_path / "two.ds", *SMALL)
    export(tmp_path / "two.ds", tmp_path / "one.sgy", "--revision", "1")
    assert (tmp_path / "one.sgy").read_bytes() == (tmp_path / "x.sgy").read_bytes()
    refusal = export(tmp_path / "two.ds", tmp_path / "old.sgy", "--revision", "1", "--format", "int24",
                     code=2).stderr
    assert "int24" in refusal


def test_lies_are_put_right_only_where_bytes_change_anyway(tmp_path):
    values = numpy.arange(600.0).reshape(20, 30)
    write_segy(tmp_path / "x.sgy", values, code=5)
    raw = bytearray((tmp_path / "x.sgy").read_bytes())
    put(raw, 3225, ">", 2, 1)  # IEEE that says it is IBM
    (tmp_path / "x.sgy").write_bytes(raw)
    segy_import(tmp_path / "x.sgy", tmp_path / "x.ds", *SMALL, "--format", "ieee")
    export(tmp_path / "x.ds", tmp_path / "same.sgy")
    assert (tmp_path / "same.sgy").read_bytes() == raw
    said = export(tmp_path / "x.ds", tmp_path / "part.sgy", "--traces", "3:9").stdout
    assert "format: 1 becomes 5" in said
    numpy.testing.assert_array_equal(traces_of(tmp_path / "part.sgy"), values[3:9])


# ---- datasets that do not keep all ------------------------------------------------------------


def test_headers_that_are_not_kept_come_from_the_source_or_are_rebuilt_or_refused(cube, tmp_path):
    segy_import(cube[0], tmp_path / "x.ds", *SMALL, "--headers", "inline,crossline,offset")
    refusal = export(tmp_path / "x.ds", tmp_path / "out.sgy", code=1).stderr
    assert "bytes 1-36, 41-188, 197-240" in refusal and "--source" in refusal
    export(tmp_path / "x.ds", tmp_path / "out.sgy", "--source", cube[0])
    assert (tmp_path / "out.sgy").read_bytes() == cube[0].read_bytes()
    export(tmp_path / "x.ds", tmp_path / "rebuilt.sgy", "--rebuild-headers")
    with segyio.open(tmp_path / "rebuilt.sgy") as ours, segyio.open(cube[0]) as theirs:
        numpy.testing.assert_array_equal(ours.trace.raw[:], theirs.trace.raw[:])
        kept = {189, 193, 37}
        for i in (0, 100, 359):
            for key, value in theirs.header[i].items():
                assert ours.header[i][key] == (value if int(key) in kept else 0)


def test_info_says_whether_an_export_gives_back_the_source(cube, tmp_path):
    assert "gives back the source to the byte" in quern("segy", "info", cube[1]).stdout
    segy_import(cube[0], tmp_path / "x.ds", *SMALL, "--headers", "inline")
    assert "no column keeps bytes 1-188" in quern("segy", "info", tmp_path / "x.ds").stdout


def test_another_source_is_refused(cube, tmp_path):
    segy_import(cube[0], tmp_path / "x.ds", *SMALL, "--headers", "inline")
    (tmp_path / "other.sgy").write_bytes(cube[0].read_bytes() + b"x")
    refusal = export(tmp_path / "x.ds", tmp_path / "out.sgy", "--source", tmp_path / "other.sgy",
                     code=1).stderr
    assert "cube.sgy" in refusal


# ---- other programs -------------------------------------------------------------------------


def test_mdio_imports_an_export_like_the_original(cube, tmp_path):
    """In an environment of its own: it needs other versions of what the tests use."""
    python = pathlib.Path(os.environ.get("QUERN_MDIO_PYTHON", BUILD / "venv-bench/bin/python"))
    if not python.exists():
        pytest.skip("MDIO reading an export (no build/venv-bench: 'make bench' makes it)")
    export(cube[1], tmp_path / "ieee.sgy", "--format", "ieee", "--select", "inline=1002:1005")
    script = pathlib.Path(__file__).with_name("mdio_reads.py")
    found = subprocess.run(
        [python, script, tmp_path / "ieee.sgy", tmp_path / "x.mdio"], capture_output=True, text=True
    )
    assert found.returncode == 0, found.stderr
    answer = json.loads(found.stdout.splitlines()[-1])
    assert answer["inline"] == [1002, 1003, 1004, 1005]
    assert answer["crossline"] == list(range(2001, 2031))
    with segyio.open(cube[0]) as file:
        samples = file.trace.raw[:].reshape(12, 30, 80)[1:5]
    assert answer["sum"] == float(samples.astype("f8").sum())
    assert answer["first"] == samples[0, 0].tolist()
