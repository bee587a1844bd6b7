"""Several files as one survey: the traces of all, in the order in which the files are named."""

import hashlib
import json

import numpy
import pandas
import pytest
import segyio
import zarr
from segy_tools import REAL, quern, segy_import, write_segy

F3 = sorted((REAL / "segysak").rglob("f3-iline-*.sgy"))
real = pytest.mark.skipif(not F3, reason="no files of F3")

# Chunks, shards and segments whose ends lie inside files.
SMALL = ("--chunk-traces", "16", "--shard-traces", "64", "--segment-traces", "64",
         "--durability", "process")


def amplitude(dataset):
    return zarr.open_group(dataset / "traces.zarr", mode="r")["amplitude"][:]


def survey_of(dataset):
    return json.loads((dataset / "manifest.json").read_text())["facts"]["survey"]


def contents(dataset):
    return {
        str(path.relative_to(dataset)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(dataset.rglob("*"))
        if path.is_file() and path.name not in ("run.json", "report.html", "overview.png", "section.png")
        and ".quern" not in path.parts
    }


@pytest.fixture(scope="module")
def f3(tmp_path_factory):
    dataset = tmp_path_factory.mktemp("f3") / "f3.ds"
    quern("segy", "import", *F3, "-o", dataset, "--ensemble-key", "inline", *SMALL)
    return dataset


@real
def test_the_files_of_f3_are_what_segyio_reads_of_each(f3):
    assert len(F3) == 23
    samples, inlines = [], []
    for path in F3:
        with segyio.open(path, ignore_geometry=True) as file:
            samples.append(file.trace.raw[:])
            inlines.append(file.attributes(189)[:])
    numpy.testing.assert_array_equal(amplitude(f3), numpy.concatenate(samples))
    frame = pandas.read_parquet(f3 / "headers.parquet")
    numpy.testing.assert_array_equal(frame.inline, numpy.concatenate(inlines))
    counts = [len(s) for s in samples]
    numpy.testing.assert_array_equal(frame.source_file, numpy.repeat(range(23), counts))
    numpy.testing.assert_array_equal(frame.trace_index, range(sum(counts)))


@real
def test_f3_is_the_import_of_one_file_with_all_traces(f3, tmp_path):
    with open(tmp_path / "all.sgy", "wb") as file:
        file.write(F3[0].read_bytes())
        for path in F3[1:]:
            file.write(path.read_bytes()[3600:])
    quern("segy", "import", tmp_path / "all.sgy", "-o", tmp_path / "all.ds",
          "--ensemble-key", "inline", *SMALL)
    several, one = contents(f3), contents(tmp_path / "all.ds")
    shards = [name for name in one if "/c/" in name]
    assert len(shards) > 5
    for name in [*shards, "ensembles.parquet"]:
        assert several[name] == one[name], name
    mine = pandas.read_parquet(f3 / "headers.parquet").drop(columns="source_file")
    pandas.testing.assert_frame_equal(mine, pandas.read_parquet(tmp_path / "all.ds/headers.parquet"))


@real
def test_gathers_follow_the_files(f3):
    gathers = pandas.read_parquet(f3 / "ensembles.parquet")
    assert gathers.inline.tolist() == list(range(111, 134))


@real
def test_headers_of_every_file_are_kept(f3):
    for i, path in enumerate(F3):
        raw = path.read_bytes()
        folder = f3 / "raw" / f"{i:04}"
        assert (folder / "text_header.bin").read_bytes() == raw[:3200]
        assert (folder / "binary_header.bin").read_bytes() == raw[3200:3600]
    assert len(json.loads((f3 / "binary_header.json").read_text())) == 23
    text = (f3 / "text_header.txt").read_text()
    assert all(path.name in text for path in F3)


@real
def test_sources_are_named_in_manifest_and_store(f3):
    names = [{"name": path.name, "bytes": path.stat().st_size} for path in F3]
    survey = survey_of(f3)
    assert survey["sources"] == names
    assert survey["source"] == f"{F3[0].name} and 22 more"
    assert zarr.open_group(f3 / "traces.zarr", mode="r").attrs["sources"] == names
    assert f"{F3[0].name} and 22 more" in (f3 / "report.html").read_text()


@real
def test_verify_compares_with_every_file(f3):
    result = quern("verify", f3)
    assert "every sample compared with the source" in result.stdout


@real
@pytest.mark.parametrize("how", (["-j1"], ["-j4", "--batch", "1"], ["--in-process"]), ids=" ".join)
def test_same_bytes_however_it_is_run(f3, tmp_path, how):
    quern("segy", "import", *F3, "-o", tmp_path / "x.ds", "--ensemble-key", "inline", *SMALL, *how)
    assert contents(tmp_path / "x.ds") == contents(f3)


# ---- files made here ------------------------------------------------------------------------

def write(folder, name, start, traces=30, samples=20, **options):
    values = numpy.arange(start, start + traces * samples).reshape(traces, samples)
    write_segy(folder / name, values, **options)
    return folder / name


def test_traces_come_in_the_order_in_which_files_are_named(tmp_path):
    a, b = write(tmp_path, "a.sgy", 0), write(tmp_path, "b.sgy", 5000, traces=7)
    quern("segy", "import", b, a, "-o", tmp_path / "x.ds")
    assert amplitude(tmp_path / "x.ds")[[0, 7], 0].tolist() == [5000, 0]
    assert [s["name"] for s in survey_of(tmp_path / "x.ds")["sources"]] == ["b.sgy", "a.sgy"]


def test_tape_labels_extended_headers_and_trailers_differ_from_file_to_file(tmp_path):
    a, b = write(tmp_path, "a.sgy", 0, extended=2), write(tmp_path, "b.sgy", 600)
    label = b"   1SY1.0RECORD".ljust(128)
    b.write_bytes(label + b.read_bytes())
    quern("segy", "import", a, b, "-o", tmp_path / "x.ds")
    numpy.testing.assert_array_equal(
        amplitude(tmp_path / "x.ds"), numpy.arange(1200).reshape(60, 20)
    )
    raw = tmp_path / "x.ds" / "raw"
    assert (raw / "0000/extended_headers.bin").read_bytes() == a.read_bytes()[3600:10000]
    assert (raw / "0001/tape_label.bin").read_bytes() == label
    assert not (raw / "0000/tape_label.bin").exists()


def refuse(tmp_path, files, code=1):
    result = quern("segy", "import", *files, "-o", tmp_path / "x.ds", code=code)
    assert not (tmp_path / "x.ds").exists() and not (tmp_path / "x.ds.partial").exists()
    return result.stderr.splitlines()[-1]


ODD = {
    "the sample format is 2, int32, but 5, ieee": {"code": 2},
    "the byte order is little-endian, but big-endian": {"order": "<"},
    "the sample interval is 2000 us, but 4000 us": {"interval": 2000},
}


@pytest.mark.parametrize("place", (0, 1, 2))
@pytest.mark.parametrize("words", ODD)
def test_the_odd_file_out_is_named_wherever_it_stands(tmp_path, words, place):
    files = [write(tmp_path, f"{i}.sgy", 0, **(ODD[words] if i == place else {})) for i in range(3)]
    error = refuse(tmp_path, files)
    assert f"'{files[place]}' does not belong with the others" in error and words in error
    assert str(files[0 if place else 1]) in error


def test_files_that_differ_by_a_lie_are_made_alike_by_an_option(tmp_path):
    files = [write(tmp_path, "a.sgy", 0), write(tmp_path, "b.sgy", 0, interval=2000)]
    quern("segy", "import", *files, "-o", tmp_path / "x.ds", "--interval", "4000")
    assert survey_of(tmp_path / "x.ds")["sample_interval_us"] == 4000


def test_junk_among_the_files_is_named(tmp_path):
    files = [write(tmp_path, f"{i}.sgy", 0) for i in range(3)]
    (tmp_path / "readme.txt").write_text("what is in here\n" * 500)
    error = refuse(tmp_path, [files[0], tmp_path / "readme.txt", *files[1:]])
    assert "a text file" in error and "readme.txt" in error and "file 2 of the 4 given" in error


def test_a_folder_an_empty_file_and_a_file_named_twice(tmp_path):
    a = write(tmp_path, "a.sgy", 0)
    (tmp_path / "empty.sgy").touch()
    (tmp_path / "folder").mkdir()
    assert "is a folder" in refuse(tmp_path, [a, tmp_path / "folder"])
    assert "is empty" in refuse(tmp_path, [a, tmp_path / "empty.sgy"])
    assert "is given twice" in refuse(tmp_path, [a, tmp_path / "empty.sgy", a], code=2)


def test_a_changed_file_is_named_when_a_run_goes_on(tmp_path):
    files = [write(tmp_path, f"{i}.sgy", 0) for i in range(3)]
    quern("plan", "segy", "import", *files, "-o", tmp_path / "x.ds")
    write(tmp_path, "1.sgy", 7)
    error = quern("work", tmp_path / "x.ds", code=1).stderr
    assert "1.sgy" in error and "is not the one the run began with" in error


def test_verify_says_which_file_is_not_there_any_more(tmp_path):
    files = [write(tmp_path, f"{i}.sgy", 0) for i in range(3)]
    quern("segy", "import", *files, "-o", tmp_path / "x.ds")
    files[2].unlink()
    result = quern("verify", tmp_path / "x.ds")
    assert "not compared with the source" in result.stdout and "2.sgy" in result.stdout


def test_a_failed_segment_is_told_with_its_bytes_of_every_file(tmp_path):
    settings = {(29, "i2"): 1, (71, "i2"): -10, (89, "i2"): 1}
    files = [write(tmp_path, f"{i}.sgy", 0, headers=settings) for i in range(3)]
    raw = bytearray(files[1].read_bytes())
    each = 240 + 4 * 20
    raw[3600 + 5 * each : 3600 + 6 * each] = numpy.random.default_rng(1).bytes(each)
    files[1].write_bytes(raw)
    quern("segy", "import", *files, "-o", tmp_path / "x.ds", "--chunk-traces", 16,
          "--shard-traces", 16, "--segment-traces", 32, code=3)
    (failure,) = json.loads(quern("failures", "--json", tmp_path / "x.ds").stdout)
    assert failure["what"] == (
        f"traces 32 to 63: bytes {3600 + 2 * each} to {3600 + 30 * each - 1} of 1.sgy, "
        f"bytes 3600 to {3600 + 4 * each - 1} of 2.sgy"
    )
    assert f"what stands at byte {3600 + 5 * each}, where trace 35" in failure["message"]
    assert failure["file"] == str(files[1]) and failure["offset"] == 3600 + 5 * each


def test_hundreds_of_files(tmp_path):
    files = [write(tmp_path, f"{i:03}.sgy", i * 40, traces=2) for i in range(400)]
    quern("segy", "import", *files, "-o", tmp_path / "x.ds", *SMALL)
    numpy.testing.assert_array_equal(
        amplitude(tmp_path / "x.ds"), numpy.arange(16000).reshape(800, 20)
    )


def test_non_ascii_names(tmp_path):
    files = [write(tmp_path, name, 0) for name in ("小文件.sgy", "Ölfeld Süd.sgy")]
    quern("segy", "import", *files, "-o", tmp_path / "résultat.ds")
    names = [s["name"] for s in survey_of(tmp_path / "résultat.ds")["sources"]]
    assert names == ["小文件.sgy", "Ölfeld Süd.sgy"]
    quern("verify", tmp_path / "résultat.ds")
