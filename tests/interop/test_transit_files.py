"""Light-curve files of every kind that is read, and damaged, wrong and odd ones: the row says so and
the run goes on."""

import os
import shutil

import numpy
import pytest
from segy_tools import quern
from transit_tools import (REAL, box_curve, features, needs_real, number, rows_of, spoc, spoc_name,
                           write_curve, write_fits, write_table)


def run(tmp_path, target="TIC 7", *options, period=2.5):
    write_table(tmp_path / "t.csv", [(target, period, 10000, 2.9, 1326)])
    (row,) = features(tmp_path / "t.csv", tmp_path / "curves", tmp_path / "ds", "--overwrite",
                      *options)
    return row


@pytest.fixture
def curves(tmp_path):
    folder = tmp_path / "curves"
    folder.mkdir()
    return folder


# ---- kinds -------------------------------------------------------------------------------------

TIME, FLUX = box_curve()
N = len(TIME)
PRODUCTS = {
    "QLP": ("hlsp_qlp_tess_ffi_s0001-0000000000000007_tess_v01_llc.fits", "TIC 7", "BTJD",
            {"TIME": TIME, "SAP_FLUX": FLUX[::-1].copy(), "KSPSAP_FLUX": FLUX,
             "KSPSAP_FLUX_ERR": numpy.full(N, 1e-3), "QUALITY": numpy.zeros(N, "i4")},
            [("ORIGIN", "MIT/QLP"), ("TICID", 7), ("TELESCOP", "TESS")]),
    "TGLC": ("hlsp_tglc_tess_ffi_gaiaid-5-s0001-cam1-ccd2_tess_v1_llc.fits", "TIC 7", "BTJD",
             {"time": TIME, "cal_psf_flux": FLUX[::-1].copy(), "cal_aper_flux": FLUX,
              "TESS_flags": numpy.zeros(N, "i4"), "TGLC_flags": numpy.zeros(N, "i4")},
             [("ORIGIN", "UCSB/TGLC"), ("TICID", 7), ("TELESCOP", "TESS"), ("SECTOR", 1)]),
    "eleanor": ("hlsp_gsfc-eleanor-lite_tess_ffi_s0001-0000000000000007_tess_v1.0_lc.fits",
                "TIC 7", "BTJD",
                {"TIME": TIME, "RAW_FLUX": FLUX[::-1].copy(), "CORR_FLUX": FLUX * 50,
                 "FLUX_ERR": numpy.full(N, 0.05), "QUALITY": numpy.zeros(N, "i4")},
                [("TELESCOP", "TESS"), ("TICID", 7)]),
    "CDIPS": ("hlsp_cdips_tess_ffi_gaiatwo0006-0001-cam1-ccd1_tess_v01_llc.fits", "TIC 7", "BTJD",
              {"TMID_BJD": TIME + 2457000, "IRM1": 12 - 2.5 * numpy.log10(FLUX),
               "IRE1": numpy.full(N, 1e-3)},
              [("TELESCOP", "TESS"), ("TICID", 7)]),
    "Kepler": ("kplr000000007-2009350155506_llc.fits", "KIC 7", "BKJD",
               {"TIME": TIME, "PDCSAP_FLUX": FLUX * 900, "PDCSAP_FLUX_ERR": numpy.full(N, 0.9),
                "SAP_QUALITY": numpy.zeros(N, "i4")},
               [("TELESCOP", "Kepler"), ("KEPLERID", 7), ("MISSION", "Kepler")]),
    "K2SFF": ("hlsp_k2sff_k2_lightcurve_200000007-c01_kepler_v1_llc.fits", "EPIC 200000007",
              "BKJD", {"T": TIME, "FRAW": FLUX[::-1].copy(), "FCOR": FLUX},
              [("TELESCOP", "Kepler"), ("MISSION", "K2"), ("KEPLERID", 200000007)]),
    "lightkurve": ("tic7.fits", "TIC 7", "BTJD",
                   {"TIME": TIME, "FLUX": FLUX, "FLUX_ERR": numpy.full(N, 1e-3),
                    "QUALITY": numpy.zeros(N, "i4")},
                   [("TELESCOP", "TESS"), ("CREATOR", "lightkurve.LightCurve.to_fits()")]),
    "TESS SPOC": (spoc_name(7), "TIC 7", "BTJD",
                  {"TIME": TIME, "PDCSAP_FLUX": FLUX * 1e4,
                   "PDCSAP_FLUX_ERR": numpy.full(N, 10.0), "QUALITY": numpy.zeros(N, "i4")},
                  [("TELESCOP", "TESS"), ("TICID", 7), ("CREATOR", "LightCurveExporter")]),
}


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_product_is_recognised_and_read(tmp_path, curves, product):
    name, target, scale, columns, primary = PRODUCTS[product]
    write_fits(curves / name, columns, primary)
    row = run(tmp_path, target)
    assert (row["status"], row["product"], row["time_scale"]) == ("ok", product, scale)
    assert number(row["bls_period"]) == pytest.approx(2.5, rel=1e-3)
    assert number(row["bls_depth"]) == pytest.approx(0.01, rel=0.08)


@pytest.mark.parametrize("text", ["time,flux,flux_err", "# BTJD,flux,flux_err", "", "magnitudes",
                                  "blanks", "relative"])
def test_text_of_many_kinds_is_read(tmp_path, curves, text):
    table = numpy.transpose([TIME, FLUX, numpy.full(N, 1e-3)])
    options = []
    delimiter = " " if text == "blanks" else ","
    if text == "magnitudes":
        table[:, 1] = 12 - 2.5 * numpy.log10(FLUX)
        options = ["--flux-unit", "mag"]
    if text == "relative":
        table[:, 1] -= 1
    header = text if "," in text else ""
    numpy.savetxt(curves / "tic7.csv", table, delimiter=delimiter, header=header, comments="",
                  fmt="%.10g")
    row = run(tmp_path, "TIC 7", *options)
    assert row["status"] == "ok"
    assert number(row["bls_depth"]) == pytest.approx(0.01, rel=0.08)


@pytest.mark.parametrize("zero, scale", [(2457000, "BTJD"), (0, "days")])
def test_text_in_julian_dates_is_told_by_their_size(tmp_path, curves, zero, scale):
    write_curve(curves / "tic7.csv", TIME + zero, FLUX)
    row = run(tmp_path)
    assert (row["status"], row["time_scale"]) == ("ok", scale)
    assert number(row["epoch_offset"]) < 0.3


@pytest.mark.parametrize("mask, bit, used", [("default", 128, False), ("default", 64, True),
                                             ("hard", 64, False), ("none", 128, True)])
def test_quality_masks_are_lightkurves(tmp_path, curves, mask, bit, used):
    quality = numpy.zeros(N, "i4")
    quality[100:200] = bit
    spoc(curves / spoc_name(7), 7, TIME, FLUX, quality)
    row = run(tmp_path, "TIC 7", "--mask", mask, "--clip", "0")
    assert number(row["points"]) == (N if used else N - 100)


@pytest.mark.parametrize("layout", [
    "", "tid/s0001/0000/0000/0000/0007", "mastDownload/TESS/tess2018-s0001-s", "sector_01"])
def test_any_layout_of_folders_will_do(tmp_path, curves, layout):
    (curves / layout).mkdir(parents=True, exist_ok=True)
    spoc(curves / layout / spoc_name(7), 7, TIME, FLUX)
    assert run(tmp_path)["status"] == "ok"


def age(folder):
    """Makes folders look changed an hour ago: changes of the last seconds are not trusted."""
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            os.utime(path, (path.stat().st_mtime - 3600,) * 2)


def test_a_kept_index_spares_folders_that_did_not_change(tmp_path, curves):
    (curves / "a").mkdir()
    unnamed = curves / "a" / "curve.fits"  # only its header tells the star
    spoc(unnamed, 7, TIME, FLUX)
    age(curves)
    assert run(tmp_path, "TIC 7", "--index", "keep")["status"] == "ok"
    spoc(unnamed, 8, TIME, FLUX)  # in place: its folder does not change
    assert run(tmp_path, "TIC 7", "--index", "keep")["status"] == "corrupt_file"
    assert run(tmp_path, "TIC 7", "--index", "none")["status"] == "no_data"
    assert run(tmp_path, "TIC 7")["status"] == "corrupt_file"


def test_a_kept_index_sees_what_comes_and_goes(tmp_path, curves):
    for name in "ab":
        (curves / name).mkdir()
    spoc(curves / "a" / spoc_name(7), 7, TIME, FLUX)
    age(curves)
    assert run(tmp_path, "TIC 7", "--index", "keep")["file_count"] == "1"
    (curves / "b" / "c").mkdir()
    spoc(curves / "b" / "c" / spoc_name(7, 2), 7, TIME + 30, FLUX, sector=2)
    assert run(tmp_path, "TIC 7", "--index", "keep")["file_count"] == "2"
    os.remove(curves / "a" / spoc_name(7))
    assert run(tmp_path, "TIC 7", "--index", "keep")["files"] == spoc_name(7, 2)


def test_a_damaged_index_is_made_anew(tmp_path, curves):
    spoc(curves / spoc_name(7), 7, TIME, FLUX)
    first = run(tmp_path, "TIC 7", "--index", "keep")
    index = curves / ".quern-index" / "files"
    whole = index.read_bytes()
    for damaged in (whole[:-3], b"", whole[:40] + bytes([whole[40] ^ 1]) + whole[41:]):
        index.write_bytes(damaged)
        assert run(tmp_path, "TIC 7", "--index", "keep") == first
        assert len(index.read_bytes()) == len(whole)


def test_sectors_in_reverse_are_put_in_order(tmp_path, curves):
    half = N // 2
    spoc(curves / spoc_name(7, 2), 7, TIME[:half], FLUX[:half], sector=2)
    spoc(curves / spoc_name(7, 1), 7, TIME[half:], FLUX[half:] * 3, sector=1)
    row = run(tmp_path)
    assert number(row["file_count"]) == 2
    assert number(row["bls_period"]) == pytest.approx(2.5, rel=1e-3)


def test_points_that_two_files_have_count_once(tmp_path, curves):
    spoc(curves / spoc_name(7, 1), 7, TIME, FLUX)
    spoc(curves / spoc_name(7, 2), 7, TIME, FLUX, sector=2)
    row = run(tmp_path)
    assert number(row["duplicates"]) == N and number(row["rows_read"]) == 2 * N


# ---- damage ------------------------------------------------------------------------------------

def test_a_file_cut_anywhere_is_said_to_be_damaged(tmp_path, curves):
    whole = spoc(tmp_path / "whole.fits", 7, TIME, FLUX).read_bytes()
    cuts = [*range(0, len(whole), 2880), 1, 80, 2879, len(whole) - 1, len(whole) - 2881, 6000]
    for cut in cuts:
        (curves / f"tic{1000 + cut}.fits").write_bytes(whole[:cut])
    write_table(tmp_path / "t.csv", [(f"TIC {1000 + cut}", 2.5, 9000, 2.4, "") for cut in cuts])
    rows = features(tmp_path / "t.csv", curves, tmp_path / "ds")
    for cut, row in zip(cuts, rows, strict=True):
        assert row["status"] == "corrupt_file", cut
        assert f"tic{1000 + cut}.fits" in row["reason"], cut
        assert row["bls_period"] == ""


def test_one_damaged_sector_of_two_is_left_out_and_named(tmp_path, curves):
    spoc(curves / spoc_name(7, 1), 7, TIME, FLUX)
    other = spoc(curves / spoc_name(7, 2), 7, TIME + 28, FLUX, sector=2)
    other.write_bytes(other.read_bytes()[:9000])
    row = run(tmp_path)
    assert row["status"] == "ok" and number(row["files_failed"]) == 1
    assert spoc_name(7, 2) in row["reason"]


def test_a_file_of_another_star_is_refused(tmp_path, curves):
    spoc(curves / spoc_name(7), 8, TIME, FLUX)
    row = run(tmp_path)
    assert row["status"] == "corrupt_file"
    assert "TIC 7" in row["reason"] and "TIC 8" in row["reason"]


@pytest.mark.parametrize("what, status", [
    ("all NaN", "corrupt_file"), ("one point", "too_few_points"), ("zero bytes", "corrupt_file"),
    ("no flux", "corrupt_file"), ("negative", "corrupt_file"), ("no FITS", "corrupt_file")])
def test_unusable_files_get_a_row_that_says_why(tmp_path, curves, what, status):
    path = curves / spoc_name(7)
    if what == "all NaN":
        spoc(path, 7, TIME, FLUX * numpy.nan)
    elif what == "one point":
        spoc(path, 7, TIME[:1], FLUX[:1])
    elif what == "negative":
        spoc(path, 7, TIME, -FLUX)
    elif what == "no flux":
        write_fits(path, {"TIME": TIME, "FLUXES": FLUX}, [("TELESCOP", "TESS"), ("TICID", 7)])
    else:
        path.write_bytes(b"" if what == "zero bytes" else b"nonsense" * 999)
    row = run(tmp_path)
    assert row["status"] == status and len(row["reason"]) > 20
    assert row["bls_period"] == ""


def test_constant_flux_gives_a_row(tmp_path, curves):
    spoc(curves / spoc_name(7), 7, TIME, numpy.ones(N))
    assert run(tmp_path)["status"] in ("ok", "error")


def test_header_sizes_beyond_the_file_are_refused(tmp_path, curves):
    path = spoc(curves / spoc_name(7), 7, TIME, FLUX)
    path.write_bytes(path.read_bytes().replace(f"{N:>20}".encode(), b"          2000000000", 1))
    assert run(tmp_path)["status"] == "corrupt_file"


# ---- tables --------------------------------------------------------------------------------------

def test_candidates_from_parquet_are_those_from_csv(tmp_path, curves):
    import pyarrow
    import pyarrow.parquet
    spoc(curves / spoc_name(7), 7, TIME, FLUX)
    columns = {"tic_id": [7, 7, None], "toi": ["7.01", "a\0b", None], "other": [[1], None, [2]],
               "Period (days)": [2.5, 2.4999999999999996, 1.0], "depth_ppm": [1e4, 9e3, None],
               "duration_hours": [2.88, 2.8, 2.7], "epoch_bjd": [2458326.0, 1326.0, None]}
    table = pyarrow.table(columns)
    for codec, version in (("snappy", "1.0"), ("zstd", "2.0")):
        pyarrow.parquet.write_table(table, tmp_path / "t.parquet", compression=codec,
                                    data_page_version=version, row_group_size=2)
        rows = features(tmp_path / "t.parquet", curves, tmp_path / codec)
        names = [n for n in columns if n != "other"]
        cells = [["" if v is None else str(v).replace("\0", " ") for v in row]
                 for row in zip(*(columns[n] for n in names), strict=True)]
        write_table(tmp_path / "t.csv", cells, ",".join(names))
        assert rows == features(tmp_path / "t.csv", curves, tmp_path / f"{codec}-csv")
        assert [row["status"] for row in rows] == ["ok", "ok", "error"]
        assert [row["candidate"] for row in rows] == ["7.01", "a b", ""]


def test_a_damaged_parquet_table_is_refused(tmp_path, curves):
    import pyarrow
    import pyarrow.parquet
    pyarrow.parquet.write_table(pyarrow.table({"tic_id": [7], "period": [2.5]}),
                                tmp_path / "t.parquet")
    whole = (tmp_path / "t.parquet").read_bytes()
    for cut in (5, len(whole) // 2, len(whole) - 1):
        (tmp_path / "t.parquet").write_bytes(whole[:cut])
        result = quern("transit", "features", tmp_path / "t.parquet", "--light-curves", curves,
                       "-o", tmp_path / "ds", code=1)
        assert "t.parquet" in result.stderr


@pytest.mark.parametrize("cells, reason", [
    (("TIC 7", "abc", 1, 1, 1), "no number"), (("TIC 7", "", 1, 1, 1), "no period"),
    (("TIC 7", -3, 1, 1, 1), "above zero"), (("", 2.5, 1, 1, 1), "no star")])
def test_unusable_candidates_get_a_row_that_says_why(tmp_path, curves, cells, reason):
    spoc(curves / spoc_name(7), 7, TIME, FLUX)
    write_table(tmp_path / "t.csv", [cells, ("TIC 7", 2.5, 10000, 2.9, 1326)])
    bad, good = features(tmp_path / "t.csv", curves, tmp_path / "ds")
    assert bad["status"] == "error" and reason in bad["reason"]
    assert good["status"] == "ok"


@pytest.mark.parametrize("factor, unit", [(1, "days"), (24, "hours"), (1440, "minutes")])
def test_durations_in_another_unit_are_told_by_their_size_and_said(tmp_path, curves, factor, unit):
    spoc(curves / spoc_name(7), 7, TIME, FLUX)
    write_table(tmp_path / "t.csv", [("TIC 7", 2.5, 10000, 0.12 * factor, 1326)])
    result = quern("transit", "features", tmp_path / "t.csv", "--light-curves", curves, "-o",
                   tmp_path / "ds")
    (row,) = rows_of(tmp_path / "ds")
    assert number(row["input_duration"]) == pytest.approx(0.12)
    assert f"durations are taken as {unit}" in result.stderr


def test_a_star_that_needs_too_much_memory_gets_a_row_that_says_so(tmp_path, curves):
    spoc(curves / spoc_name(7), 7, TIME, FLUX)
    many = numpy.arange(1325, 1352, 27 / 1.5e6)  # a point every two seconds
    numpy.savetxt(curves / "tic8.csv", numpy.transpose([many, numpy.ones(len(many))]),
                  fmt="%.6f", delimiter=",")
    write_table(tmp_path / "t.csv", [(f"TIC {n}", 2.5, 10000, 2.9, 1326) for n in (7, 8)])
    good, bad = features(tmp_path / "t.csv", curves, tmp_path / "ds", "--memory", "96M", "--jobs",
                         2, code=3) or rows_of(tmp_path / "ds")
    assert (good["status"], bad["status"]) == ("ok", "out_of_memory")
    assert bad["bls_period"] == ""


def test_repeated_candidates_each_get_a_row(tmp_path, curves):
    spoc(curves / spoc_name(7), 7, TIME, FLUX)
    write_table(tmp_path / "t.csv", [("TIC 7", 2.5, 10000, 2.9, 1326)] * 2)
    result = quern("transit", "features", tmp_path / "t.csv", "--light-curves", curves, "-o",
                   tmp_path / "ds")
    a, b = rows_of(tmp_path / "ds")
    assert {**a, "row": ""} == {**b, "row": ""}
    assert "1 rows repeat the star and period" in result.stderr


def test_unknown_periods_hide_no_repeated_candidates(tmp_path, curves):
    spoc(curves / spoc_name(7), 7, TIME, FLUX)
    periods = [2.5, "nan", 2.5, "nan", 3.5, 2.5]
    write_table(tmp_path / "t.csv", [("TIC 7", p, 10000, 2.9, 1326) for p in periods])
    result = quern("transit", "features", tmp_path / "t.csv", "--light-curves", curves, "-o",
                   tmp_path / "ds", code=None)
    assert "2 rows repeat the star and period" in result.stderr


def test_more_rows_than_a_table_of_candidates_has_are_refused(tmp_path, curves):
    (tmp_path / "t.csv").write_text("tic_id,period\n" + "7,2\n" * (2**22 + 1))
    result = quern("transit", "features", tmp_path / "t.csv", "--light-curves", curves, "-o",
                   tmp_path / "ds", code=1)
    assert "too many for a table of candidates" in result.stderr


def test_a_table_without_periods_is_refused(tmp_path, curves):
    (tmp_path / "t.csv").write_text("target_id,label\nTIC 7,1\n")
    result = quern("transit", "features", tmp_path / "t.csv", "--light-curves", curves, "-o",
                   tmp_path / "ds", code=1)
    assert "period" in result.stderr


def test_the_archives_own_column_names_are_known(tmp_path, curves):
    spoc(curves / spoc_name(7), 7, TIME, FLUX)
    (tmp_path / "t.csv").write_text(
        "TIC ID,TOI,TFOPWG Disposition,Period (days),Depth (ppm),Duration (hours),Epoch (BJD)\n"
        '7,"7.01",PC,2.5,10000,2.88,2458326.0\n')
    text = (tmp_path / "t.csv").read_text().replace("TIC ID", "tic_id")
    (tmp_path / "t.csv").write_text(text)
    (row,) = features(tmp_path / "t.csv", curves, tmp_path / "ds")
    assert row["candidate"] == "7.01" and row["status"] == "ok"
    assert number(row["input_duration"]) == pytest.approx(0.12)
    assert number(row["input_epoch"]) == pytest.approx(1326)


# ---- real files ------------------------------------------------------------------------------------

@needs_real
def test_the_kepler_layout_of_2009_is_refused_by_name(tmp_path, curves):
    shutil.copy(REAL / "fits/kepler/kplr000757076-2009166043257_llc.fits", curves)
    row = run(tmp_path, "KIC 757076")
    assert row["status"] == "corrupt_file" and "2009" in row["reason"]


@needs_real
@pytest.mark.parametrize("file, target, product, points", [
    ("k2/hlsp_k2sff_k2_lightcurve_201367065-c01_kepler_v1_llc.fits", "EPIC 201367065", "K2SFF",
     3632),
    ("lightkurve/wasp18b.fits", "TIC 100100827", "lightkurve", 18299),
    ("other/6479535620075955328_llc.fits", "6479535620075955328_llc", "CDIPS", 1149),
    ("tess/tess2018234235059-s0002-0000000402026209-0121-s_lc.fits", "TIC 402026209", "TESS SPOC",
     18316),
    ("kepler/0114/011442793/kplr011442793-2009350155506_llc.fits", "KIC 11442793", "Kepler", 4119),
])
def test_real_files_are_read_whole(tmp_path, curves, file, target, product, points):
    shutil.copy(REAL / "fits" / file, curves)
    row = run(tmp_path, target, "--clip", "0", period=1.7)
    assert row["product"] == product
    if product not in ("Kepler", "CDIPS"):
        assert number(row["points"]) == points
    else:
        fits = pytest.importorskip("astropy.io.fits")
        table = fits.getdata(REAL / "fits" / file, 1)
        if product == "CDIPS":
            good = numpy.isfinite(table["TMID_BJD"]) & numpy.isfinite(table["IRM1"])
        else:
            good = (numpy.isfinite(table["TIME"]) & numpy.isfinite(table["PDCSAP_FLUX"])
                    & (table["SAP_QUALITY"] & 1130799 == 0))
        assert number(row["points"]) == good.sum()
