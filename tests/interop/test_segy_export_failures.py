"""What can go wrong with an export: damage, datasets that make no sense, full disks, kills; and that
nothing is left behind when one does not finish."""

import json
import os
import signal
import subprocess
import time

import pyarrow.parquet
import pytest
import xxhash
from export_tools import QUICK, export, make_cube
from segy_tools import BUILD, quern, segy_import


@pytest.fixture(scope="module")
def cube(tmp_path_factory):
    return make_cube(tmp_path_factory.mktemp("cube"))


def test_an_existing_file_is_left_alone_unless_told(cube, tmp_path):
    out = tmp_path / "out.sgy"
    out.write_text("precious")
    assert "--overwrite" in export(cube[1], out, code=1).stderr
    assert out.read_text() == "precious"
    export(cube[1], out, "--overwrite")
    assert out.read_bytes() == cube[0].read_bytes()


def test_damage_is_found_and_nothing_is_left(cube, tmp_path):
    copy = tmp_path / "copy.ds"
    subprocess.run(["cp", "-r", cube[1], copy], check=True)
    shard = copy / "traces.zarr/amplitude/c/2/0"
    raw = bytearray(shard.read_bytes())
    raw[10:200] = bytes(190)
    shard.write_bytes(raw)
    assert "c/2/0" in export(copy, tmp_path / "out.sgy", code=1).stderr
    shard.unlink()
    assert "traces 128 to 143" in export(copy, tmp_path / "out.sgy", code=1).stderr
    assert not list(tmp_path.glob("out*"))
    export(copy, tmp_path / "out.sgy", "--traces", "0:128")


def test_traces_without_a_row_are_named_and_can_be_left_out(cube, tmp_path):
    """As in a dataset of which a segment failed: traces 64 to 127 are in no row group."""
    copy = tmp_path / "copy.ds"
    subprocess.run(["cp", "-r", cube[1], copy], check=True)
    table = pyarrow.parquet.read_table(copy / "headers.parquet")
    whole = pyarrow.schema([field.with_nullable(False) for field in table.schema])
    with pyarrow.parquet.ParquetWriter(copy / "headers.parquet", whole, compression="zstd") as file:
        for start, end in ((0, 64), (128, 200), (200, 360)):
            file.write_table(table.slice(start, end - start).cast(whole))
    assert "trace 64 is not in" in export(copy, tmp_path / "out.sgy", code=1).stderr
    raw = cube[0].read_bytes()
    each = 240 + 4 * 80
    for start, end in ((0, 64), (128, 360), (190, 210)):
        export(copy, tmp_path / "out.sgy", "--traces", f"{start}:{end}", "--overwrite")
        assert (tmp_path / "out.sgy").read_bytes()[3600:] == raw[3600 + start * each : 3600 + end * each]
    export(copy, tmp_path / "out.sgy", "--select", "inline=1003:1005", "--overwrite")
    assert (tmp_path / "out.sgy").stat().st_size == 3600 + (4 + 22) * each


def linked_copy(dataset, copy):
    """A dataset like another one, of which single files can be replaced."""
    copy.mkdir()
    for name in ("manifest.json", "traces.zarr", "headers.parquet", "raw"):
        (copy / name).symlink_to(dataset / name)


def write_manifest(copy, manifest):
    del manifest["xxh3_128"]
    text = json.dumps(manifest)[:-1] + ",\n"
    seal = xxhash.xxh3_128_hexdigest(text.encode())
    (copy / "manifest.json").unlink()
    (copy / "manifest.json").write_text(f'{text}  "xxh3_128": "{seal}"\n}}\n')


@pytest.mark.parametrize("dtype, cell", [
    (pyarrow.binary(4000), b"A" * 4000), (pyarrow.binary(3), b"abc"), (pyarrow.string(), "a"),
])
def test_a_column_of_another_type_than_its_field_is_refused(dtype, cell, cube, tmp_path):
    copy = tmp_path / "copy.ds"
    linked_copy(cube[1], copy)
    table = pyarrow.parquet.read_table(copy / "headers.parquet")
    column = table.schema.get_field_index("field_record")
    field = pyarrow.field("field_record", dtype, nullable=False)
    table = table.set_column(column, field, pyarrow.array([cell] * len(table), dtype))
    (copy / "headers.parquet").unlink()
    pyarrow.parquet.write_table(table, copy / "headers.parquet")
    assert "does not fit" in export(copy, tmp_path / "out.sgy", code=1).stderr


def test_a_binary_header_behind_the_traces_is_none(cube, tmp_path):
    copy = tmp_path / "copy.ds"
    linked_copy(cube[1], copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    file = manifest["facts"]["layout"]["files"][0]
    file["bytes"] = 1 << 40
    binary = next(p for p in file["pieces"] if p["path"] == "raw/binary_header.bin")
    file["pieces"].append({**binary, "offset": (1 << 40) - 400})
    binary["path"] = "raw/gap.bin"
    (copy / "raw").unlink()
    subprocess.run(["cp", "-r", cube[1] / "raw", copy / "raw"], check=True)
    (copy / "raw/gap.bin").write_bytes((copy / "raw/binary_header.bin").read_bytes())
    write_manifest(copy, manifest)
    export(copy, tmp_path / "out.sgy", "--format", "int16")
    assert (tmp_path / "out.sgy").read_bytes()[:3600] == cube[0].read_bytes()[:3600]


@pytest.mark.parametrize("fact, value", [
    ("layout", None), ("lossless", {"lossless": True}), ("survey", {"traces": -1}),
    ("layout", {"trace_header_bytes": 1 << 40}),
])
def test_a_manifest_that_makes_no_sense_is_refused(fact, value, cube, tmp_path):
    copy = tmp_path / "copy.ds"
    linked_copy(cube[1], copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    if value is None:
        del manifest["facts"][fact]
    elif "traces" in value or "trace_header_bytes" in value:
        manifest["facts"][fact].update(value)
    else:
        manifest["facts"][fact] = value
    write_manifest(copy, manifest)
    refusal = export(copy, tmp_path / "out.sgy", code=1).stderr
    assert "does not say what an export needs" in refusal


def test_what_is_no_dataset_is_refused(cube, tmp_path):
    assert "there is no dataset" in export(tmp_path / "none.ds", tmp_path / "o.sgy", code=1).stderr
    assert "no manifest.json" in export(cube[0], tmp_path / "o.sgy", code=1).stderr
    assert "which dataset" in quern("segy", "export", "-o", tmp_path / "o.sgy", code=2).stderr
    assert "where to" in quern("segy", "export", cube[1], code=2).stderr


def test_a_folder_that_cannot_be_written_is_named(cube, tmp_path):
    assert "nowhere" in export(cube[1], tmp_path / "nowhere" / "o.sgy", code=1).stderr


def test_a_full_disk_leaves_nothing(cube, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", disk],
                      capture_output=True).returncode:
        pytest.skip("no permission to mount a small disk")
    try:
        result = export(cube[1], disk / "out.sgy", code=1)
        assert "free" in result.stderr
        assert os.listdir(disk) == []
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Some 150 MB: an export that can be interrupted."""
    folder = tmp_path_factory.mktemp("large")
    quern("synth", "segy", "--inlines", 100, "--crosslines", 250, "--samples", 1500, "--format",
          "int24", "-o", folder / "x.sgy")
    segy_import(folder / "x.sgy", folder / "x.ds", *QUICK, "--codec", "blosc-zstd", "--level", "3")
    yield folder
    subprocess.run(["rm", "-rf", folder], check=True)


def interrupt(large, path, number, delays=(0.08, 0.04, 0.02, 0.01)):
    """Stops an export while it writes; returns its exit code and last words."""
    command = [BUILD / "quern", "segy", "export", large / "x.ds", "-o", path, *QUICK, "-j1"]
    for delay in delays:
        run = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        time.sleep(delay)
        run.send_signal(number)
        words = run.communicate(timeout=30)[1]
        if run.returncode != 0:
            return run.returncode, words
        path.unlink()
    pytest.skip("this machine finished before it was stopped")


def test_ctrl_c_stops_at_once_and_leaves_nothing(large, tmp_path):
    code, words = interrupt(large, tmp_path / "out.sgy", signal.SIGINT)
    assert code == 130 and "stopped at your request" in words
    assert os.listdir(tmp_path) == []


def test_a_killed_export_leaves_nothing_under_the_name_and_is_no_hindrance(large, tmp_path):
    code, _ = interrupt(large, tmp_path / "out.sgy", signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert not (tmp_path / "out.sgy").exists()
    export(large / "x.ds", tmp_path / "out.sgy")
    assert os.listdir(tmp_path) == ["out.sgy"]
    subprocess.run(["cmp", large / "x.sgy", tmp_path / "out.sgy"], check=True)


def test_two_exports_of_one_name_do_not_mix(large, tmp_path):
    command = [BUILD / "quern", "segy", "export", large / "x.ds", "-o", tmp_path / "out.sgy", *QUICK]
    runs = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    words = [run.communicate(timeout=60)[1] for run in runs]
    assert sorted(run.returncode for run in runs) == [0, 1], words
    subprocess.run(["cmp", large / "x.sgy", tmp_path / "out.sgy"], check=True)
