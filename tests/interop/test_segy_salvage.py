"""Damaged files: refused as they are, with --salvage imported as far as they are whole, with a list
of what is not."""

import json
import random
import subprocess
import time

import numpy
import pandas
import pytest
import zarr
from segy_tools import BUILD, REAL, ibm_values, quern, sample_bytes, write_segy
from test_segy_variable import contents, dice_lengths, rows_of, write_traces

SMALL = ("--chunk-traces", "16", "--shard-traces", "64", "--segment-traces", "64",
         "--durability", "process")
TRACES, SAMPLES = 400, 61
EACH = 240 + 4 * SAMPLES

# Settings that are the same in every header of a recording.
SETTINGS = {(29, "i2"): 1, (69, "i2"): -10, (71, "i2"): -100, (89, "i2"): 1, (157, "i2"): 2024}


def values(traces=TRACES, samples=SAMPLES, seed=1):
    return numpy.random.default_rng(seed).normal(size=(traces, samples)).astype("f4")


@pytest.fixture
def sound(tmp_path):
    path = tmp_path / "x.sgy"
    write_segy(path, values(), headers=SETTINGS)
    return path


def offset(trace):
    return 3600 + trace * EACH


def salvage(path, *options):
    dataset = path.with_suffix(".ds")
    result = quern("segy", "import", path, "-o", dataset, "--salvage", *SMALL, *options)
    table = pandas.read_parquet(dataset / "headers.parquet")
    stored = zarr.open_group(dataset / "traces.zarr", mode="r")["amplitude"][:]
    left = dataset / "left_out.parquet"
    quern("verify", dataset)
    return table, stored, pandas.read_parquet(left) if left.exists() else None, result.stderr


def damage(path, change):
    raw = bytearray(path.read_bytes())
    change(raw)
    path.write_bytes(raw)


def kept(table):
    """Numbers, from 0, that the traces had in the sound file."""
    return (table.trace_sequence_line - 1).tolist()


def check_rest(path, lost, reason, ranges=None):
    """All traces but `lost` are there with their samples; what is left out is told."""
    table, stored, left, notes = salvage(path)
    assert kept(table) == [i for i in range(TRACES) if i not in lost]
    numpy.testing.assert_array_equal(stored, values()[kept(table)])
    assert (left.reason == reason).all()
    assert left.about_traces.sum() == len(lost)
    if ranges:
        assert list(zip(left.first_byte, left.end_byte)) == ranges
    assert "left out:" in notes
    facts = json.loads((path.with_suffix(".ds") / "manifest.json").read_text())["facts"]
    assert facts["left_out"]["bytes"] == (left.end_byte - left.first_byte).sum()
    assert "Left out" in (path.with_suffix(".ds") / "report.html").read_text()
    return left


CUT = "the file ends within a trace"
OVERWRITTEN = "overwritten: no trace headers where they should be"
SHIFTED = "bytes were inserted or lost within these traces"


def test_a_sound_file_is_the_same_with_salvage(sound, tmp_path):
    quern("segy", "import", sound, "-o", tmp_path / "strict.ds", *SMALL)
    table, stored, left, notes = salvage(sound)
    assert left is None and "left out" not in notes
    numpy.testing.assert_array_equal(stored, values())
    pandas.testing.assert_frame_equal(table, pandas.read_parquet(tmp_path / "strict.ds/headers.parquet"))


@pytest.mark.parametrize("missing", (1, 100, 4 * SAMPLES, 4 * SAMPLES + 1, EACH - 10))
def test_a_file_cut_within_its_last_trace(sound, tmp_path, missing):
    damage(sound, lambda raw: raw.__delitem__(slice(len(raw) - missing, None)))
    error = quern("segy", "import", sound, "-o", tmp_path / "no.ds", code=1).stderr
    assert "does not hold whole traces" in error and "--salvage" in error
    check_rest(sound, [TRACES - 1], CUT, [(offset(TRACES - 1), offset(TRACES) - missing)])


BLOCKS = {  # bytes overwritten, traces lost by it
    "one header": (offset(100), offset(100) + 240, [100]),
    "the first header": (offset(0), offset(0) + 240, [0]),
    "the last header": (offset(TRACES - 1), offset(TRACES - 1) + 240, [TRACES - 1]),
    "whole traces": (offset(50), offset(53), [50, 51, 52]),
    "the first tenth": (offset(0), offset(40), list(range(40))),
}


@pytest.mark.parametrize("kind", ("zeros", "garbage"))
@pytest.mark.parametrize("name", BLOCKS)
def test_overwritten_blocks(sound, name, kind):
    start, end, lost = BLOCKS[name]
    junk = bytes(end - start) if kind == "zeros" else numpy.random.default_rng(5).bytes(end - start)
    damage(sound, lambda raw: raw.__setitem__(slice(start, end), junk))
    reason = OVERWRITTEN if lost[-1] < TRACES - 1 else "no trace begins there any more"
    check_rest(sound, lost, reason, [(offset(lost[0]), offset(lost[-1] + 1))])


@pytest.mark.parametrize("count", (1, 2, 13, 240, 3200, EACH + 1))
@pytest.mark.parametrize("place", (0, 120, 240, 300, EACH - 1))
def test_inserted_bytes_cost_the_trace_they_are_in(sound, place, count):
    at = offset(200) + place
    junk = numpy.random.default_rng(6).bytes(count)
    damage(sound, lambda raw: raw.__setitem__(slice(at, at), junk))
    lost = [200] if place else [199]  # in front of a trace: nobody can know that 199 is whole
    table, stored, left, _ = salvage(sound)
    missing = sorted(set(range(TRACES)) - set(kept(table)))
    assert set(missing) <= {199, 200} and set(lost) <= set(missing)
    numpy.testing.assert_array_equal(stored, values()[kept(table)])
    assert left.reason.tolist() == [SHIFTED]


MISSING = [  # a loss that ends in front of all settings of a header leaves a header behind
    (place, count)
    for place in (100, 150, 240, EACH - 1)
    for count in (1, 3, 239, 240, 400, EACH + 5, 10 * EACH - 7)
    if not 0 < (place + count) % EACH < 29
]


@pytest.mark.parametrize("place,count", MISSING)
def test_missing_bytes_cost_the_traces_they_are_of(sound, place, count):
    at = offset(200) + place
    damage(sound, lambda raw: raw.__delitem__(slice(at, at + count)))
    table, stored, left, _ = salvage(sound)
    touched = set(range(200, 200 + (place + count - 1) // EACH + 1))
    missing = set(range(TRACES)) - set(kept(table))
    assert touched <= missing <= touched | {199}
    numpy.testing.assert_array_equal(stored, values()[kept(table)])
    assert left.reason.tolist() == [SHIFTED]


def test_strict_fails_the_segment_with_garbage_and_says_where(sound, tmp_path):
    junk = numpy.random.default_rng(5).bytes(240)
    damage(sound, lambda raw: raw.__setitem__(slice(offset(100), offset(100) + 240), junk))
    result = quern("segy", "import", sound, "-o", tmp_path / "x.ds", *SMALL, code=3)
    failures = json.loads(quern("failures", "--json", tmp_path / "x.ds").stdout)
    assert [f["task"] for f in failures] == [1]
    assert failures[0]["what"] == (
        f"traces 64 to 127: bytes {offset(64)} to {offset(128) - 1} of x.sgy"
    )
    assert f"what stands at byte {offset(100)}, where trace 100 should begin" in failures[0]["message"]
    assert "--salvage" in failures[0]["message"]
    assert "quern task" in quern("failures", tmp_path / "x.ds").stdout
    assert "resume --retry-failed" in result.stderr


def test_strict_tells_of_empty_headers_and_keeps_their_traces(sound, tmp_path):
    damage(sound, lambda raw: raw.__setitem__(slice(offset(100), offset(101)), bytes(EACH)))
    result = quern("segy", "import", sound, "-o", tmp_path / "x.ds", *SMALL)
    assert "1 traces have headers unlike the others, the first is trace 100" in result.stderr
    assert len(pandas.read_parquet(tmp_path / "x.ds" / "headers.parquet")) == TRACES


def test_headers_that_change_from_line_to_line_are_no_damage(tmp_path):
    """Other days, coordinates, scalars, units and filters halfway; auxiliary traces between."""
    half = numpy.arange(TRACES) >= TRACES // 2
    headers = {
        (29, "i2"): numpy.where(numpy.arange(TRACES) % 50 < 3, 6, 1),
        (69, "i2"): 1, (71, "i2"): numpy.where(half, -10, -100), (89, "i2"): 1,
        (157, "i2"): numpy.where(half, 2024, 2023), (159, "i2"): numpy.where(half, 12, 340),
        (73, "i4"): numpy.where(half, 4400000, 51000000), (141, "i2"): numpy.where(half, 60, 80),
    }
    write_segy(tmp_path / "x.sgy", values(), headers=headers)
    table, stored, left, _ = salvage(tmp_path / "x.sgy")
    assert left is None and len(table) == TRACES
    numpy.testing.assert_array_equal(stored, values())


def test_traces_of_different_lengths(tmp_path):
    lengths = dice_lengths(900, 20, 80)
    rows = rows_of(lengths)
    sound = write_traces(tmp_path / "x.sgy", rows, headers={k: [v] * 900 for k, v in SETTINGS.items()})
    places = 3600 + numpy.concatenate([[0], numpy.cumsum([240 + 4 * n for n in lengths])])

    def change(raw):  # from the back, so that places stay right
        del raw[-5:]
        raw[places[700] + 300 : places[700] + 300] = b"\x55" * 11
        del raw[places[500] + 250 : places[500] + 260]
        raw[places[100] : places[103]] = bytes(places[103] - places[100])
    damage(sound, change)
    table, stored, left, _ = salvage(sound)
    assert kept(table) == [i for i in range(900) if i not in (100, 101, 102, 500, 700, 899)]
    for i, row in enumerate(kept(table)):
        numpy.testing.assert_array_equal(stored[i, : lengths[row]], rows[row])
        assert numpy.isnan(stored[i, lengths[row] :]).all()
    assert left.reason.tolist() == [OVERWRITTEN, SHIFTED, SHIFTED, CUT]


def test_several_files(sound, tmp_path):
    other = tmp_path / "y.sgy"
    write_segy(other, values(seed=2), headers=SETTINGS)
    damage(sound, lambda raw: raw.__delitem__(slice(-50, None)))
    damage(other, lambda raw: raw.__setitem__(slice(offset(7), offset(8)), bytes(EACH)))
    quern("segy", "import", sound, other, "-o", tmp_path / "x.ds", "--salvage", *SMALL)
    left = pandas.read_parquet(tmp_path / "x.ds" / "left_out.parquet")
    assert left.file.tolist() == ["x.sgy", "y.sgy"] and left.source_file.tolist() == [0, 1]
    assert left.next_trace.tolist() == [TRACES - 1, TRACES - 1 + 7]
    stored = zarr.open_group(tmp_path / "x.ds/traces.zarr", mode="r")["amplitude"][:]
    expected = numpy.concatenate([values()[:-1], numpy.delete(values(seed=2), 7, 0)])
    numpy.testing.assert_array_equal(stored, expected)


@pytest.mark.parametrize("code,order", [(1, ">"), (3, "<"), (8, ">"), (6, "<")])
def test_other_formats_and_byte_orders(code, order, tmp_path):
    whole = numpy.arange(TRACES * 30).reshape(TRACES, 30) % 100
    write_segy(tmp_path / "x.sgy", whole, code=code, order=order, headers=SETTINGS)
    each = 240 + sample_bytes(whole[:1], code, order).size
    damage(tmp_path / "x.sgy", lambda raw: raw.__delitem__(slice(3600 + 9 * each + 250, 3600 + 9 * each + 255)))
    table, stored, left, _ = salvage(tmp_path / "x.sgy")
    assert kept(table) == [i for i in range(TRACES) if i != 9]
    numpy.testing.assert_array_equal(stored, whole[kept(table)])


def test_a_real_line_with_holes(tmp_path):
    """The first 500 of 534 traces of 1501 IBM floats."""
    sources = list(REAL.rglob("31_81_PR.sgy"))
    if not sources:
        pytest.skip("no 31_81_PR.sgy")
    each = 240 + 4 * 1501
    sound = sources[0].read_bytes()[: 3600 + 500 * each]
    (tmp_path / "sound.sgy").write_bytes(sound)
    quern("segy", "import", tmp_path / "sound.sgy", "-o", tmp_path / "sound.ds")
    (tmp_path / "x.sgy").write_bytes(sound)

    def change(raw):
        raw[3600 + 400 * each : 3600 + 405 * each] = bytes(5 * each)
        del raw[3600 + 300 * each + 1000 : 3600 + 300 * each + 1512]
        raw[3600 + 200 * each + 777 : 3600 + 200 * each + 777] = b"?" * 4096
        del raw[-1000:]
    damage(tmp_path / "x.sgy", change)
    table, stored, left, _ = salvage(tmp_path / "x.sgy")
    rest = [i for i in range(500) if i not in (200, 300, 400, 401, 402, 403, 404, 499)]
    assert left.reason.tolist() == [SHIFTED, SHIFTED, OVERWRITTEN, CUT]
    columns = [c for c in table if c != "trace_index"]
    whole = pandas.read_parquet(tmp_path / "sound.ds" / "headers.parquet")
    pandas.testing.assert_frame_equal(table[columns], whole[columns].iloc[rest].reset_index(drop=True))
    samples = zarr.open_group(tmp_path / "sound.ds/traces.zarr", mode="r")["amplitude"][:]
    numpy.testing.assert_array_equal(stored, samples[rest])


def test_the_real_file_that_is_cut_short(tmp_path):
    """Four samples a trace, three traces and 68 bytes of a fourth."""
    sources = list(REAL.rglob("broken.sgy"))
    if not sources:
        pytest.skip("no broken.sgy")
    quern("segy", "import", sources[0], "-o", tmp_path / "x.ds", "--salvage")
    left = pandas.read_parquet(tmp_path / "x.ds" / "left_out.parquet")
    assert left[["first_byte", "end_byte", "reason"]].values.tolist() == [[10768, 10836, CUT]]
    raw = numpy.frombuffer(sources[0].read_bytes()[10000:10768], "u1").reshape(3, 256)
    expected = numpy.ascontiguousarray(raw[:, 240:])
    stored = zarr.open_group(tmp_path / "x.ds/traces.zarr", mode="r")["amplitude"][:]
    numpy.testing.assert_array_equal(stored, ibm_values(expected.view(">u4")))


def test_nothing_whole_is_refused(tmp_path):
    write_segy(tmp_path / "x.sgy", values(2), headers=SETTINGS)
    damage(tmp_path / "x.sgy", lambda raw: raw.__delitem__(slice(3600 + EACH - 9, None)))
    error = quern("segy", "import", tmp_path / "x.sgy", "-o", tmp_path / "x.ds", "--salvage", code=1).stderr
    assert "shorter than one trace" in error


def test_same_bytes_for_any_number_of_workers_and_after_kills(sound, tmp_path):
    def change(raw):
        raw[offset(300) : offset(302)] = bytes(2 * EACH)
        del raw[offset(100) + 300 : offset(100) + 307]
    damage(sound, change)
    command = [BUILD / "quern", "segy", "import", sound, "--salvage", *SMALL]
    found = []
    for i, how in enumerate((["-j1"], ["-j5", "--batch", "1"], ["-j2"])):
        dataset = tmp_path / f"{i}.ds"
        for wait in (0.01, 0.03, 0.05, 0.08) if i == 2 else ():
            run = subprocess.Popen([*command, "-o", dataset, *how], stderr=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL)
            time.sleep(wait)
            run.kill()
            run.wait()
        quern(*command[1:], "-o", dataset, *how)
        found.append(contents(dataset))
    assert found[0] == found[1] == found[2] and "left_out.parquet" in found[0]


@pytest.mark.parametrize("seed", range(20))
def test_random_damage(seed, tmp_path):
    """What is imported was there, in order; what was not touched is imported; traces and what is left
    out make up the file."""
    dice, junk = random.Random(seed), numpy.random.default_rng(seed)
    path = tmp_path / "x.sgy"
    write_segy(path, values(), headers=SETTINGS)
    raw = path.read_bytes()
    places = sorted(dice.sample(range(3600, len(raw)), dice.randint(1, 8)), reverse=True)
    touched, unsure = set(), set()
    for at in places:
        trace, count = (at - 3600) // EACH, dice.choice((1, 5, 100, 512, 4096))
        count = min(count, len(raw) - at)
        kind = dice.choice(("zeros", "garbage", "insert", "lose"))
        hit = set(range(trace, (at + count - 3600 - 1) // EACH + 1))
        if kind == "insert":
            raw = raw[:at] + junk.bytes(count) + raw[at:]
            touched |= {trace}
        elif kind == "lose":
            raw = raw[:at] + raw[at + count :]
            touched |= hit
        else:
            raw = raw[:at] + (bytes(count) if kind == "zeros" else junk.bytes(count)) + raw[at + count :]
            touched |= hit
        unsure |= {min(hit) - 1, max(hit) + 1, trace - 1, trace + 1}
    path.write_bytes(raw)
    table, stored, left, _ = salvage(path)
    sure = table.trace_sequence_line.between(1, TRACES)
    rows = numpy.array(kept(table))
    whole = [i for i, row in enumerate(rows) if sure[i] and row not in touched]
    assert (numpy.diff(rows[whole]) > 0).all()
    numpy.testing.assert_array_equal(stored[whole], values()[rows[whole]])
    assert set(range(TRACES)) - touched - unsure <= set(rows[whole])
    gaps = 0 if left is None else int((left.end_byte - left.first_byte).sum())
    assert 3600 + len(table) * EACH + gaps == len(raw)
