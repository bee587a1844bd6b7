"""Archives and tables as people have them: the archives' own tables, packed files, folders with other
things in them, light curves that change under a run, indexes that do not fit."""

import gzip
import os
import shutil
import subprocess

import numpy
import pytest
from segy_tools import BUILD, quern
from transit_tools import (box_curve, features, number, rows_of, spoc, spoc_name, write_curve,
                           write_fits, write_table)

TIME, FLUX = box_curve(cadence=0.03)


@pytest.fixture
def curves(tmp_path):
    folder = tmp_path / "curves"
    folder.mkdir()
    return folder


# ---- light curves that change ---------------------------------------------------------------------

def planned(tmp_path, curves):
    """A run that was planned and not yet worked on, as after a kill."""
    for tic in (7, 8):
        spoc(curves / spoc_name(tic), tic, TIME, FLUX)
    write_table(tmp_path / "t.csv", [(f"TIC {tic}", 2.5, 10000, 2.9, 1326) for tic in (7, 8)])
    quern("plan", "transit", "features", tmp_path / "t.csv", "--light-curves", curves, "-o",
          tmp_path / "ds")


@pytest.mark.parametrize("change", ["rewritten", "touched", "removed"])
def test_a_light_curve_that_changed_is_named_and_the_run_stops(tmp_path, curves, change):
    planned(tmp_path, curves)
    path = curves / spoc_name(8)
    if change == "rewritten":
        before = path.stat()
        spoc(path, 8, TIME[:-100], FLUX[:-100])
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    elif change == "touched":
        os.utime(path)
    else:
        path.unlink()
    for command in (["resume", tmp_path / "ds"], ["work", tmp_path / "ds"]):
        said = quern(*command, code=1).stderr
        assert spoc_name(8) in said and "--restart" in said
    features(tmp_path / "t.csv", curves, tmp_path / "ds", "--restart")
    status = [row["status"] for row in rows_of(tmp_path / "ds")]
    assert status == ["ok", "no_data" if change == "removed" else "ok"]


def test_files_of_other_stars_may_come_while_a_run_rests(tmp_path, curves):
    planned(tmp_path, curves)
    spoc(curves / spoc_name(9), 9, TIME, FLUX)
    quern("resume", tmp_path / "ds")
    assert [row["status"] for row in rows_of(tmp_path / "ds")] == ["ok", "ok"]


def test_a_finished_dataset_is_not_taken_for_one_of_changed_light_curves(tmp_path, curves):
    planned(tmp_path, curves)
    quern("resume", tmp_path / "ds")
    os.utime(curves / spoc_name(7))
    said = quern("transit", "features", tmp_path / "t.csv", "--light-curves", curves, "-o",
                 tmp_path / "ds", code=1).stderr
    assert spoc_name(7) in said and "--overwrite" in said


# ---- indexes ----------------------------------------------------------------------------------------

def indexed(tmp_path, curves, *options):
    write_table(tmp_path / "t.csv", [("TIC 7", 2.5, 10000, 2.9, 1326)])
    (row,) = features(tmp_path / "t.csv", curves, tmp_path / "ds", "--overwrite", *options)
    return row


def test_an_index_of_another_version_is_made_anew(tmp_path, curves):
    spoc(curves / spoc_name(7), 7, TIME, FLUX)
    first = indexed(tmp_path, curves, "--index", "keep")
    index = curves / ".quern-index" / "files"
    index.write_bytes(b"QNMIRR0\n" + index.read_bytes()[8:])
    assert indexed(tmp_path, curves, "--index", "keep") == first
    assert not index.read_bytes().startswith(b"QNMIRR0")


def as_nobody(*command):
    """Run without the rights of root, to whom no folder is read-only."""
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=60,
                          user=65534 if os.geteuid() == 0 else None,
                          group=65534 if os.geteuid() == 0 else None)


def test_a_folder_that_cannot_be_written_is_used_without_index(tmp_path, curves):
    spoc(curves / spoc_name(7), 7, TIME, FLUX)
    for folder in (tmp_path, *tmp_path.parents):
        if "pytest" in str(folder):
            folder.chmod(0o755)
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(0o777)
    write_table(tmp_path / "t.csv", [("TIC 7", 2.5, 10000, 2.9, 1326)])
    program = shutil.copy(BUILD / "quern", out / "quern")
    curves.chmod(0o555)
    command = [program, "transit", "features", tmp_path / "t.csv", "--light-curves", curves]
    run = as_nobody(*command, "-o", out / "a")
    assert run.returncode == 0, run.stderr
    assert [row["status"] for row in rows_of(out / "a")] == ["ok"]
    run = as_nobody(*command, "-o", out / "b", "--index", "keep")
    assert run.returncode == 1 and ".quern-index" in run.stderr
    assert "--index" in run.stderr


def test_two_runs_at_once_may_share_an_index(tmp_path, curves):
    spoc(curves / spoc_name(7), 7, TIME, FLUX)
    write_table(tmp_path / "t.csv", [("TIC 7", 2.5, 10000, 2.9, 1326)])
    runs = [subprocess.Popen([BUILD / "quern", "transit", "features", tmp_path / "t.csv",
                              "--light-curves", curves, "--index", "keep", "-o", tmp_path / f"d{i}",
                              "--in-process", "--progress", "none"], stderr=subprocess.PIPE)
            for i in range(3)]
    for i, run in enumerate(runs):
        _, said = run.communicate(timeout=60)
        assert run.returncode == 0, said
        assert rows_of(tmp_path / f"d{i}")[0]["status"] == "ok"
    assert [p.name for p in (curves / ".quern-index").iterdir()] == ["files"]


# ---- what lies about ----------------------------------------------------------------------------------

def test_packed_light_curves_and_tables_are_read_as_they_would_be_unpacked(tmp_path, curves):
    plain = spoc(tmp_path / "plain.fits", 7, TIME, FLUX).read_bytes()
    (curves / f"{spoc_name(7)}.gz").write_bytes(gzip.compress(plain))
    (curves / "curve.fits.gz").write_bytes(  # only its header tells the star
        gzip.compress(spoc(tmp_path / "p.fits", 8, TIME, FLUX).read_bytes()))
    write_curve(tmp_path / "c.csv", TIME, FLUX)
    (curves / "tic9.csv.gz").write_bytes(gzip.compress((tmp_path / "c.csv").read_bytes()))
    (curves / "tic10.fits.gz").write_bytes(gzip.compress(plain)[:-3000])
    table = "target_id,period,depth,duration,epoch\n" + "".join(
        f"TIC {tic},2.5,10000,2.9,1326\n" for tic in (7, 8, 9, 10))
    (tmp_path / "t.csv").write_bytes(gzip.compress(table.encode()))
    rows = features(tmp_path / "t.csv", curves, tmp_path / "ds")
    assert [row["status"] for row in rows] == ["ok", "ok", "ok", "corrupt_file"]
    assert "tic10.fits.gz" in rows[3]["reason"]
    for row in rows[:3]:
        assert number(row["bls_period"]) == pytest.approx(2.5, rel=1e-3)


def test_what_is_no_light_curve_is_left_out_and_said(tmp_path, curves):
    spoc(curves / spoc_name(7), 7, TIME, FLUX)
    pixels = {"TIME": TIME, "FLUX": FLUX}
    header = [("TELESCOP", "TESS"), ("TICID", 7), ("SECTOR", 1)]
    for name in (spoc_name(7).replace("_lc", "_tp"), "kplr000000007-2009350155506_lpd-targ.fits.gz",
                 "tess2018206190142-s0001-s0013-0000000000000007-00106_dvt.fits"):
        write_fits(curves / name, pixels, header)
    write_fits(curves / "renamed.fits", pixels,
               [*header, ("CREATOR", "1234 TargetPixelExporterPipelineModule")])
    write_table(tmp_path / "t.csv", [("TIC 7", 2.5, 10000, 2.9, 1326)])
    result = quern("transit", "features", tmp_path / "t.csv", "--light-curves", curves, "-o",
                   tmp_path / "ds")
    (row,) = rows_of(tmp_path / "ds")
    assert (row["status"], row["reason"], row["files"]) == ("ok", "", spoc_name(7))
    assert "no light curves (target pixels, reports): 4" in result.stderr


def test_missions_of_one_number_are_kept_apart(tmp_path, curves):
    """TIC 7, KIC 7 and EPIC 7 are three stars."""
    for name, keys, period in (
            (spoc_name(7), [("TELESCOP", "TESS"), ("TICID", 7)], 2.5),
            ("kplr000000007-2009350155506_llc.fits", [("TELESCOP", "Kepler"), ("KEPLERID", 7)], 3.1),
            ("ktwo000000007-c01_llc.fits",
             [("TELESCOP", "Kepler"), ("MISSION", "K2"), ("KEPLERID", 7)], 3.7)):
        time, flux = box_curve(period=period, cadence=0.03)
        write_fits(curves / name, {"TIME": time, "PDCSAP_FLUX": flux,
                                   "SAP_QUALITY": numpy.zeros(len(time), "i4")}, keys)
    write_table(tmp_path / "t.csv", [("TIC 7", 2.5, "", "", ""), ("KIC 7", 3.1, "", "", ""),
                                     ("EPIC 7", 3.7, "", "", "")])
    rows = features(tmp_path / "t.csv", curves, tmp_path / "ds")
    assert [number(r["bls_period"]) for r in rows] == pytest.approx([2.5, 3.1, 3.7], rel=2e-3)


def test_a_star_of_many_sectors_lists_them_all(tmp_path, curves):
    names = [spoc_name(7, sector) for sector in range(1, 41)]
    for sector, name in enumerate(names):
        spoc(curves / name, 7, TIME[:100] + 27 * sector, FLUX[:100], sector=sector + 1)
    row = indexed(tmp_path, curves)
    assert row["files"].split(";") == names


# ---- the archives' own tables ---------------------------------------------------------------------------

EXOFOP = ('"TIC ID","TOI","Previous CTOI","Master","TFOPWG Disposition","Epoch (BJD)",'
          '"Epoch (BJD) err","Period (days)","Period (days) err","Duration (hours)",'
          '"Duration (hours) err","Depth (mmag)","Depth (ppm)","Depth (ppm) err",'
          '"Stellar Eff Temp (K)","Stellar log(g) (cm/s^2)","Stellar Radius (R_Sun)",'
          '"Stellar Mass (M_Sun)"\n'
          '"7","7.01","","5","PC","2458326.0","0.01","2.5","0.001","2.88","0.1","10.9","10000",'
          '"50","5700","4.4","1.1","1.05"\n')
PIPES = EXOFOP.replace('","', "|").replace('"', "")
NASA_TOI = """# This file was produced by the NASA Exoplanet Archive
#
# COLUMN toi:        TESS Object of Interest
# COLUMN tid:        TESS Input Catalog ID
#
toi,tid,tfopwg_disp,rastr,pl_tranmid,pl_tranmiderr1,pl_orbper,pl_trandurh,pl_trandep,st_teff,st_logg,st_rad
7.01,7,PC,00h00m,2458326.0,0.01,2.5,2.88,10000,5700,4.4,1.1
"""
KOI = """# COLUMN kepid:          KepID
# COLUMN koi_period:     Orbital Period [days]
kepid,kepoi_name,kepler_name,koi_disposition,koi_pdisposition,koi_period,koi_time0bk,koi_impact,\
koi_duration,koi_depth,koi_steff,koi_slogg,koi_srad
7,K00001.01,Kepler-1 b,CONFIRMED,CANDIDATE,2.5,1326.0,0.1,2.88,10000,5700,4.4,1.1
"""
K2 = """# COLUMN pl_name:        Planet Name
pl_name,hostname,epic_hostname,tic_id,disposition,pl_orbper,pl_tranmid,pl_trandur,pl_trandep,st_teff,st_logg,st_rad
K2-7 b,K2-7,EPIC 200000007,TIC 999999,CONFIRMED,2.5,2456159.0,2.88,1.0,5700,4.4,1.1
"""
TCE = """ticid,tce_plnt_num,tce_period,tce_time0bt,tce_duration,tce_depth,tce_steff
7,1,2.5,1326.0,2.88,10000,5700
"""
LABELS = '''KepID,KOI Name,Orbital Period [days],Transit Epoch [BKJD],Transit Duration [hours],\
Transit Depth [ppm]
7,K00001.01,2.5,1326.0,2.88,10000
'''
TABLES = {  # text, star's file, header of it, name, label, whether the star is told
    "ExoFOP": (EXOFOP, "T", "7.01", "PC", True),
    "ExoFOP with upright lines": (PIPES, "T", "7.01", "PC", True),
    "ExoFOP saved by Excel": ("\ufeff" + EXOFOP.replace("\n", "\r\n"), "T", "7.01", "PC", True),
    "NASA TOI": (NASA_TOI, "T", "7.01", "PC", True),
    "NASA KOI": (KOI, "K", "K00001.01", "CONFIRMED", True),
    "NASA KOI with labels": (LABELS, "K", "K00001.01", "", False),
    "NASA K2": (K2, "2", "K2-7 b", "CONFIRMED", True),
    "TCE": (TCE, "T", "", "", False),
}


@pytest.fixture(scope="module")
def three_missions(tmp_path_factory):
    folder = tmp_path_factory.mktemp("missions")
    spoc(folder / spoc_name(7), 7, TIME, FLUX)
    for name, keys in (("kplr000000007-2009350155506_llc.fits", [("KEPLERID", 7)]),
                       ("ktwo200000007-c01_llc.fits", [("KEPLERID", 200000007), ("MISSION", "K2")])):
        write_fits(folder / name, {"TIME": TIME, "PDCSAP_FLUX": FLUX,
                                   "SAP_QUALITY": numpy.zeros(len(TIME), "i4")},
                   [("TELESCOP", "Kepler"), *keys])
    return folder


@pytest.mark.parametrize("table", TABLES)
def test_the_archives_tables_need_no_change(tmp_path, three_missions, table):
    text, mission, name, label, star = TABLES[table]
    (tmp_path / "t.csv").write_text(text, newline="")
    (row,) = features(tmp_path / "t.csv", three_missions, tmp_path / "ds")
    assert row["status"] == "ok", row["reason"]
    assert row["target"] == {"T": "TIC 7", "K": "KIC 7", "2": "EPIC 200000007"}[mission]
    assert (row["candidate"], row["label"]) == (name, label)
    assert number(row["input_period"]) == 2.5
    assert number(row["input_depth"]) == pytest.approx(0.01)
    assert number(row["input_duration"]) == pytest.approx(0.12)
    assert number(row["input_epoch"]) == pytest.approx(1326, abs=1e-6)
    assert number(row["epoch_offset"]) < 0.3
    if star:
        assert [number(row[k]) for k in ("teff", "logg", "radius")] == [5700, 4.4, 1.1]


# ---- trouble outside ------------------------------------------------------------------------------------

def test_a_full_disk_stops_the_run_which_goes_on_when_there_is_room(tmp_path, curves):
    disk = tmp_path / "disk"
    disk.mkdir()
    size = "600k"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", disk],
                      capture_output=True).returncode:
        pytest.skip("a file system of its own needs the rights of root")
    try:
        spoc(curves / spoc_name(7), 7, TIME, FLUX)
        write_table(tmp_path / "t.csv", [("TIC 7", 2.5, 10000, 2.9, 1326)] * 300)
        (disk / "ballast").write_bytes(b"x" * 100_000)
        command = ["transit", "features", tmp_path / "t.csv", "--light-curves", curves, "-o",
                   disk / "ds", "--progress", "none"]
        said = quern(*command, code=1).stderr
        assert "No space left" in said
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        quern(*command)
        assert {row["status"] for row in rows_of(disk / "ds")} == {"ok"}
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.parametrize("words, says", [
    (["t.csv"], "--light-curves"), (["t.csv", "--light-curves", "nowhere"], "nowhere"),
    (["t.csv", "t.csv", "--light-curves", "."], "one table"),
    (["nothing.csv", "--light-curves", "."], "nothing.csv"),
    (["t.csv", "--light-curves", ".", "--author", "nasa"], "tess-spoc"),
    (["t.csv", "--light-curves", ".", "--durations", "0.1,x"], "'x'"),
    (["t.csv", "--light-curves", ".", "--profile", "seed"], "robust"),
    (["t.csv", "--light-curves", ".", "--retry", "failed"], "--previous")])
def test_wrong_words_are_answered_with_what_to_do(tmp_path, words, says):
    write_table(tmp_path / "t.csv", [("TIC 7", 2.5, 10000, 2.9, 1326)])
    result = quern("transit", "features", *words, "-o", "ds", code=None, cwd=tmp_path)
    assert result.returncode in (1, 2) and says in result.stderr
    assert not (tmp_path / "ds").exists()
