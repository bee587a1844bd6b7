"""`quern lunar map` from files to dataset: the arrays that numpy.load gives, Parquet beside them, and
the same bytes however the work was done. The archive is written by lunar_tools alone."""

import hashlib
import os
import shutil
import signal
import subprocess
import time

import duckdb
import numpy
import pytest
from lunar_tools import (ENERGIES, START, arrays, day_rows, facts, lunar_map, notes, sweep_rows,
                         table, text_of, write_archive, write_tables)
from segy_tools import BUILD, quern

# Names, types and order as published (facts: section 2).
ARRAYS = [
    ("rows_spec_no", "<i8"), ("rows_utc", "<U64"), ("rows_time", "<U64"),
    ("rows_spacecraft_latitude", "<f8"), ("rows_spacecraft_longitude", "<f8"),
    ("rows_projection_latitude", "<f8"), ("rows_projection_longitude", "<f8"),
    ("rows_spacecraft_potential", "<f8"), ("rows_projected_potential", "<f8"),
    ("rows_spacecraft_in_sun", "|b1"), ("rows_projection_in_sun", "|b1"),
    ("rows_projection_polarity", "|i1"), ("rows_bs_over_bm", "<f8"), ("rows_beam_amp", "<f8"),
    ("rows_fit_chi2", "<f8"), ("rows_electron_temperature", "<f8"),
    ("rows_electron_density", "<f8"), ("rows_kappa_value", "<f8"),
    ("rows_environment_class", "|i1"), ("spec_spec_no", "<i8"), ("spec_time_start", "<U64"),
    ("spec_time_end", "<U64"), ("spec_has_fit", "|b1"), ("spec_row_count", "<i8"),
    ("spec_u_surface", "<f8"), ("spec_bs_over_bm", "<f8"), ("spec_fit_chi2", "<f8"),
    ("spec_electron_temperature", "<f8"), ("spec_electron_density", "<f8"),
    ("spec_environment_class", "|i1"),
]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Two days, of 20 and 3 sweeps; the second is of another case and in another folder."""
    folder = write_archive(tmp_path_factory.mktemp("lp") / "data", sweeps=20)
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "3d980411.tab").write_text(text_of(day_rows(3, START + 86400)))
    (folder / "3D980411.LBL").write_text("no spectra")
    return folder


@pytest.fixture(scope="module")
def dataset(archive, tmp_path_factory):
    dataset = tmp_path_factory.mktemp("ds") / "x.ds"
    lunar_map(archive, dataset)
    return dataset


def test_arrays_have_the_published_names_types_and_order(dataset):
    with arrays(dataset) as data:
        assert [(name, data[name].dtype.str) for name in data.files] == ARRAYS
        for name, _ in ARRAYS:
            assert data[name].shape == ((23 * 15,) if name.startswith("rows_") else (23,))


def test_arrays_hold_what_the_files_say(dataset):
    wanted = [row for sweep in day_rows(20) + day_rows(3, START + 86400) for row in sweep]
    with arrays(dataset) as data:
        assert data["rows_utc"].tolist() == [row["utc"] for row in wanted]
        assert data["rows_time"].tolist() == [row["time"] for row in wanted]
        assert data["spec_time_start"].tolist() == [row["time"] for row in wanted[::15]]
        assert data["spec_time_end"].tolist() == [row["time"] for row in wanted[14::15]]
        assert (data["spec_row_count"] == 15).all()


def test_numbers_of_sweeps_go_on_from_file_to_file(dataset):
    with arrays(dataset) as data:
        numbers = list(range(1, 21)) + [21 + n for n in range(1, 4)]  # the highest so far, plus 1
        assert data["spec_spec_no"].tolist() == numbers
        assert data["rows_spec_no"].tolist() == [n for n in numbers for _ in range(15)]
    assert [row["file_spec_no"] for row in table(dataset, "spectra")[-3:]] == [1, 2, 3]


def test_rows_of_a_sweep_share_its_values_and_parquet_has_the_same(dataset):
    spectra, rows = table(dataset, "spectra"), table(dataset, "rows")
    pairs = [("projected_potential",) * 2, ("spacecraft_potential",) * 2, ("bs_over_bm",) * 2,
             ("beam_amp",) * 2, ("fit_chi2",) * 2, ("electron_temperature",) * 2,
             ("electron_density",) * 2, ("kappa_value", "kappa")]
    with arrays(dataset) as data:
        for name, of_sweep in pairs:
            values = [numpy.nan if s[of_sweep] is None else s[of_sweep] for s in spectra]
            numpy.testing.assert_array_equal(data[f"rows_{name}"], numpy.repeat(values, 15))
            numpy.testing.assert_array_equal(
                [numpy.nan if r[name] is None else r[name] for r in rows], numpy.repeat(values, 15))
        for name in ("spacecraft_latitude", "projection_longitude"):
            numpy.testing.assert_array_equal(
                data[f"rows_{name}"], [numpy.nan if r[name] is None else r[name] for r in rows])
        assert data["spec_has_fit"].tolist() == [s["projected_potential"] is not None
                                                 for s in spectra]


def test_spacecraft_is_where_the_kernel_says(dataset):
    """The orbit of lunar_tools: 100 km high, a revolution in 7080 s."""
    rows = table(dataset, "rows")
    assert {round(r["spacecraft_altitude"], 1) for r in rows} == {100.0}
    lat, lon = (numpy.radians([r[f"spacecraft_{k}"] for r in rows[:15]])
                for k in ("latitude", "longitude"))
    up = numpy.array([numpy.cos(lat) * numpy.cos(lon), numpy.cos(lat) * numpy.sin(lon),
                      numpy.sin(lat)])
    steps = numpy.degrees(numpy.arccos((up[:, 1:] * up[:, :-1]).sum(axis=0)))
    assert steps == pytest.approx(360 * 5 / 7080, rel=0.005)  # the Moon turns by 0.0008 a row


def test_energies_and_times_are_in_the_rows_table(dataset):
    rows = table(dataset, "rows")[:15]
    assert [r["energy"] for r in rows] == pytest.approx(ENERGIES, abs=1e-3)
    assert [r["utc_time"].timestamp() for r in rows] == [START + 3 + 5 * i for i in range(15)]
    assert {r["missing_cells"] for r in rows} == {0}


def test_other_readers_open_the_tables(dataset):
    count = "select count(*), count(distinct spec_no) from '{}/rows.parquet'"
    assert duckdb.sql(count.format(dataset)).fetchall() == [(23 * 15, 23)]
    total = "select sum(rows), sum(sweeps) from '{}/files.parquet'"
    assert duckdb.sql(total.format(dataset)).fetchall() == [(23 * 15, 23)]
    assert "clean" in quern("verify", dataset).stdout


def snapshot(dataset):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(dataset.iterdir()) if p.suffix in (".parquet", ".npz", ".json")
            and p.name != "run.json"}


@pytest.mark.parametrize("how", [("-j", 1), ("-j", 2), ("-j", 5), ("--in-process",)], ids=str)
def test_same_bytes_for_any_number_of_workers(archive, dataset, tmp_path, how):
    lunar_map(archive, tmp_path / "x.ds", *how)
    assert snapshot(tmp_path / "x.ds") == snapshot(dataset)


def test_same_bytes_when_killed_and_resumed(tmp_path):
    folder = write_archive(tmp_path / "data", sweeps=1)
    for day in range(10, 22):
        text = text_of(day_rows(6, START + 86400 * (day - 10)))
        (folder / f"3D9804{day}.TAB").write_text(text)
    write_tables(folder, days=13)
    command = [BUILD / "quern", "lunar", "map", folder, "-j", "2", "--progress", "none", "-o"]
    subprocess.run([*command, tmp_path / "whole.ds"], check=True, capture_output=True)
    kills = 0
    for delay in numpy.linspace(0.02, 0.2, 8):
        run = subprocess.Popen([*command, tmp_path / "x.ds"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(delay)
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
            kills += 1
        run.wait()
        if (tmp_path / "x.ds").exists():
            break
    assert kills > 0
    if not (tmp_path / "x.ds").exists():
        subprocess.run([*command, tmp_path / "x.ds"], check=True, capture_output=True)
    assert snapshot(tmp_path / "x.ds") == snapshot(tmp_path / "whole.ds")


def test_full_disk_stops_the_run_and_room_lets_it_go_on(archive, dataset, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=60k", "tmpfs", disk]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no permission to mount a small disk")
    try:
        said = lunar_map(archive, disk / "x.ds", code=1).stderr
        assert "space" in said and not (disk / "x.ds").exists()
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        lunar_map(archive, disk / "x.ds")
        assert snapshot(disk / "x.ds") == snapshot(dataset)
    finally:
        subprocess.run(["umount", disk], check=True)


# ---- which files ----------------------------------------------------------------------------------

def test_a_period_names_the_archive_and_chooses_files(archive, tmp_path):
    lunar_map(archive, tmp_path / "d.ds", "--year", 1998, "--month", 4, "--day", 11)
    assert (tmp_path / "d.ds" / "potential_batch_1998_04_11.npz").exists()
    assert facts(tmp_path / "d.ds")["sweeps"] == 3
    lunar_map(archive, tmp_path / "m.ds", "--year", 1998, "--month", 4)
    assert (tmp_path / "m.ds" / "potential_batch_1998_04.npz").exists()
    assert facts(tmp_path / "m.ds")["sweeps"] == 23


def test_defect_5_the_day_comes_from_the_name_and_never_from_the_path(tmp_path):
    folder = write_archive(tmp_path / "1999" / "335_365DEC" / "10", sweeps=2)
    lunar_map(tmp_path / "1999", tmp_path / "x.ds", "--year", 1998, "--month", 4, "--day", 10)
    assert facts(tmp_path / "x.ds")["sweeps"] == 2
    said = lunar_map(tmp_path / "1999", tmp_path / "y.ds", "--year", 1999, code=1).stderr
    assert "none of the 1 files" in said and "1999" in said and folder.exists()


def test_sweeps_that_begin_outside_the_period_are_told_and_left_out(tmp_path):
    sweeps = [*day_rows(2), sweep_rows(3, START + 86400 + 10)]
    folder = write_archive(tmp_path / "data", text=text_of(sweeps))
    lunar_map(folder, tmp_path / "x.ds", "--year", 1998, "--month", 4, "--day", 10)
    assert facts(tmp_path / "x.ds")["sweeps"] == 2
    assert facts(tmp_path / "x.ds")["other_sweeps"] == 1
    (file,) = table(tmp_path / "x.ds", "files")
    assert file["other_sweeps"] == 1 and file["sweeps"] == 2


def test_a_sweep_that_runs_past_midnight_stays_whole(tmp_path):
    folder = write_archive(tmp_path / "data", text=text_of([sweep_rows(1, START + 86400 - 40)]))
    lunar_map(folder, tmp_path / "x.ds", "--year", 1998, "--month", 4, "--day", 10)
    (sweep,) = table(tmp_path / "x.ds", "spectra")
    assert sweep["rows"] == 15 and "midnight" in sweep["remarks"]


def test_a_file_named_itself_is_read_whatever_its_name(archive, tmp_path):
    shutil.copy(archive / "3D980410.TAB", tmp_path / "renamed.dat")
    lunar_map(tmp_path / "renamed.dat", tmp_path / "x.ds", archive / "THETA.TAB",
              archive / "Attitude.Tab", archive / "orbit.bsp")
    (file,) = table(tmp_path / "x.ds", "files")
    assert str(file["day"]) == "1998-04-10" and file["sweeps"] == 20


def test_one_file_for_a_day_and_the_other_is_told(tmp_path):
    folder = write_archive(tmp_path / "data", sweeps=2)
    (folder / "z").mkdir()
    shutil.copy(folder / "3D980410.TAB", folder / "z")
    lunar_map(folder, tmp_path / "x.ds")
    assert facts(tmp_path / "x.ds")["sweeps"] == 2
    assert "left aside; the first is" in notes(tmp_path / "x.ds")
    assert "z/3D980410.TAB" in notes(tmp_path / "x.ds")


MISSING = {"THETA.TAB": "theta.tab", "Attitude.Tab": "attitude.tab", "orbit.bsp": "lp_ask_980111",
           "3D980410.TAB": "3DYYMMDD"}


@pytest.mark.parametrize("name", MISSING)
def test_what_is_missing_is_named_with_its_source(tmp_path, name):
    folder = write_archive(tmp_path / "data", sweeps=2)
    (folder / name).unlink()
    said = lunar_map(folder, tmp_path / "x.ds", code=1).stderr
    assert MISSING[name] in said and ("https://" in said or "quern lunar fetch" in said)
    assert not (tmp_path / "x.ds").exists()


def test_a_kernel_that_does_not_cover_the_day_is_an_error_that_says_so(tmp_path):
    folder = write_archive(tmp_path / "data", sweeps=2)
    write_tables(folder, days=1, start=START + 86400 * 30)
    said = lunar_map(folder, tmp_path / "x.ds", code=1).stderr
    assert "1998-05" in said and "lp_ask_980111-980531.bsp" in said


def test_a_day_without_an_orbit_among_others_has_rows_with_that_reason(tmp_path):
    folder = write_archive(tmp_path / "data", sweeps=2)
    (folder / "3D980510.TAB").write_text(text_of(day_rows(2, START + 86400 * 30)))
    lunar_map(folder, tmp_path / "x.ds")
    rows = table(tmp_path / "x.ds", "rows")
    assert {r["reason"] for r in rows if str(r["day"]) == "1998-05-10"} == {"no-orbit"}
    assert {r["spacecraft_latitude"] for r in rows[30:]} == {None}


def test_an_option_that_the_profile_has_no_use_for_is_told(archive, tmp_path):
    lunar_map(archive, tmp_path / "x.ds", "--day", 11, "--losscone-fit-method", "lillis")
    assert "--losscone-fit-method is of --profile classic" in notes(tmp_path / "x.ds")


def test_overwrite_and_exit_codes(archive, tmp_path):
    lunar_map(archive, tmp_path / "x.ds", "--day", 11)
    assert "nothing to do" in lunar_map(archive, tmp_path / "x.ds", "--day", 11).stdout
    other = ["--day", 11, "--profile", "classic"]
    assert "--overwrite" in lunar_map(archive, tmp_path / "x.ds", *other, code=1).stderr
    lunar_map(archive, tmp_path / "x.ds", *other, "--overwrite")
    for wrong in (["--month", 13], ["--day", 0], ["--year", 1998, "--month", 2, "--day", 30],
                  ["--losscone-fit-method", "best"], ["--u-spacecraft", "x"]):
        lunar_map(archive, tmp_path / "y.ds", *wrong, code=2)
