"""What archives hold that they should not: every line is accounted for, every sweep is there with
its values or with a reason, and neighbours are not touched. The archive is written by lunar_tools."""

import random

import numpy
import pytest
from lunar_tools import (START, arrays, day_rows, line, lunar_map, sweep_rows, table, text_of,
                         write_archive)
from segy_tools import quern

SWEEPS = 6


def mapped(tmp_path, text, *options, code=0, lines=None):
    """The dataset of a day of that text, with every line of it accounted for."""
    folder = write_archive(tmp_path / "data", text=text)
    lunar_map(folder, tmp_path / "x.ds", *options, code=code)
    (file,) = table(tmp_path / "x.ds", "files")
    raw = (folder / "3D980410.TAB").read_bytes()
    wanted = sum(bool(part.strip()) for part in raw.split(b"\n")) if lines is None else lines
    assert file["rows"] + file["rejected_lines"] == wanted
    assert "clean" in quern("verify", tmp_path / "x.ds").stdout
    return tmp_path / "x.ds"


def spectra(dataset):
    return {row["file_spec_no"]: row for row in table(dataset, "spectra")}


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """What the same day gives without any fault."""
    return spectra(mapped(tmp_path_factory.mktemp("sound"), text_of(day_rows(SWEEPS))))


VALUES = ("kappa", "electron_temperature", "spacecraft_potential", "projected_potential", "fit_chi2")


def untouched(found, sound, but):
    for number, row in sound.items():
        if number not in but:
            assert [found[number][k] for k in VALUES] == [row[k] for k in VALUES]


# ---- lines -----------------------------------------------------------------------------------------

@pytest.mark.parametrize("change", [-1, 1])
def test_a_row_of_182_or_184_fields_is_a_row_with_a_reason(tmp_path, sound, change):
    day = day_rows(SWEEPS)
    phi = day[2][4]["phi"]
    day[2][4]["phi"] = phi[:-1] if change < 0 else [*phi, "1.00"]
    dataset = mapped(tmp_path, text_of(day), code=3)
    found = spectra(dataset)
    bad = [r for r in table(dataset, "rows") if r["reason"] == "field-count"]
    assert [(r["spec_no"], r["fields"]) for r in bad] == [(3, 183 + change)]
    assert found[3]["rows"] == 15 and found[3]["used_rows"] == 14
    assert "faulty-rows" in found[3]["remarks"]
    untouched(found, sound, {3})


@pytest.mark.parametrize("where", ["energy", "mag_y", "time"])
def test_text_for_a_number_makes_a_row_with_a_reason(tmp_path, sound, where):
    day = day_rows(SWEEPS)
    day[1][7][where] = "n/a"
    dataset = mapped(tmp_path, text_of(day), code=3)
    bad = [r for r in table(dataset, "rows") if r["reason"] == "not-a-number"]
    assert [r["spec_no"] for r in bad] == [2]
    field = {"time": 2, "energy": 3, "mag_y": 6}[where]
    assert bad[0]["bad_field"] == field
    untouched(spectra(dataset), sound, {2})


def test_a_line_without_a_number_of_a_sweep_is_rejected_with_its_place(tmp_path, sound):
    day = day_rows(SWEEPS)
    day[1][7]["spec_no"] = "?"
    text = text_of(day)
    dataset = mapped(tmp_path, text, code=3)
    (reject,) = table(dataset, "rejects")
    assert text[reject["offset"]:].startswith(line(day[1][7]))
    assert reject["reason"] == "not-a-number" and reject["bad_field"] == 4
    assert spectra(dataset)[2]["rows"] == 14
    untouched(spectra(dataset), sound, {2})


def test_cells_that_are_no_numbers_are_missing_and_the_row_is_used(tmp_path):
    day = day_rows(SWEEPS)
    day[3][2]["flux"][10] = "*********"
    dataset = mapped(tmp_path, text_of(day))
    row = table(dataset, "rows")[3 * 15 + 2]
    assert (row["missing_cells"], row["bad_field"]) == (1, 18)
    assert spectra(dataset)[4]["used_rows"] == 15
    assert "spoilt-cells" in spectra(dataset)[4]["remarks"]


@pytest.mark.parametrize("end", ["\r\n", " \n", "\n\n"], ids=repr)
def test_line_ends_make_no_difference(tmp_path, sound, end):
    untouched(spectra(mapped(tmp_path, text_of(day_rows(SWEEPS), end))), sound, set())


def test_order_of_energies_makes_no_difference(tmp_path, sound):
    day = day_rows(SWEEPS)
    day[2].reverse()
    random.Random(1).shuffle(day[4])
    found = spectra(mapped(tmp_path, text_of(day)))
    for number in (3, 5):  # rows keep their times: geometry moves with them
        for key in ("kappa", "electron_temperature"):
            assert found[number][key] == pytest.approx(sound[number][key], rel=1e-9)
    untouched(found, sound, {3, 5})


def test_defect_11_every_row_has_its_own_energy(tmp_path, sound):
    """The instrument had two tables of energies. A day in which every other sweep has the other one
    gives each sweep what it gives on a day of its own."""
    mixed, alone = day_rows(SWEEPS), day_rows(SWEEPS)
    for k, sweep in enumerate(mixed):
        for row, single in zip(sweep, alone[k]):
            single["energy"] = f"{float(row['energy']) * 0.6:.3f}"
            if k % 2:
                row["energy"] = single["energy"]
    for name, day in (("mixed", mixed), ("alone", alone)):
        (tmp_path / name).mkdir()
    found = spectra(mapped(tmp_path / "mixed", text_of(mixed)))
    others = spectra(mapped(tmp_path / "alone", text_of(alone)))
    for number in sound:
        wanted = sound[number] if number % 2 else others[number]
        assert [found[number][k] for k in VALUES] == [wanted[k] for k in VALUES]


# ---- sweeps ----------------------------------------------------------------------------------------

def test_defect_4_a_sweep_of_14_rows_does_not_shift_those_behind_it(tmp_path, sound):
    day = day_rows(SWEEPS)
    del day[1][5]
    dataset = mapped(tmp_path, text_of(day))
    found = spectra(dataset)
    assert found[2]["rows"] == 14 and found[2]["remarks"] == "short"
    assert found[2]["reason"] == ""
    untouched(found, sound, {2})
    with arrays(dataset) as data:
        assert data["spec_row_count"].tolist() == [15, 14, 15, 15, 15, 15]
        assert (data["rows_spec_no"] == 2).sum() == 14


@pytest.mark.parametrize("field", [0.0, 2000.0])
def test_a_sweep_with_no_field_or_a_saturated_one_is_not_fitted(tmp_path, sound, field):
    day = day_rows(SWEEPS)
    day[2][3].update(mag_x="0", mag_y="0", mag_z=f"{field}")
    found = spectra(mapped(tmp_path, text_of(day)))
    assert found[3]["reason"] == "bad-field"
    assert {found[3][k] for k in VALUES} == {None}
    untouched(found, sound, {3})


def test_defect_3_a_sweep_whose_clock_was_not_set_is_not_fitted(tmp_path, sound):
    day = day_rows(SWEEPS)
    for row in day[4]:
        row.update(utc="1970-01-01T00:00:00", time="0.0")
    found = spectra(mapped(tmp_path, text_of(day)))
    assert found[5]["reason"] == "bad-time" and found[5]["projected_potential"] is None
    untouched(found, sound, {5})


@pytest.mark.parametrize("utc", ["1998-13-45T00:00:00", "yesterday", "1998-04-10T24:00:00"])
def test_a_row_without_a_time_has_no_place_but_its_spectrum_is_used(tmp_path, sound, utc):
    day = day_rows(SWEEPS)
    day[2][6]["utc"] = utc
    dataset = mapped(tmp_path, text_of(day))
    row = table(dataset, "rows")[2 * 15 + 6]
    assert (row["reason"], row["utc"], row["utc_time"]) == ("no-time", utc, None)
    assert row["spacecraft_latitude"] is None
    assert spectra(dataset)[3]["used_rows"] == 15
    untouched(spectra(dataset), sound, {3})


def test_classic_leaves_sweeps_without_a_field_out_of_the_archive_as_published(tmp_path):
    day = day_rows(SWEEPS)
    day[2][3].update(mag_x="0", mag_y="0", mag_z="0")
    dataset = mapped(tmp_path, text_of(day), "--profile", "classic")
    with arrays(dataset) as data:
        assert data["spec_spec_no"].tolist() == [1, 2, 4, 5, 6]
        assert len(data["rows_utc"]) == 75
    assert spectra(dataset)[3]["reason"] == "bad-field"


def test_defect_2_flags_of_both_producers_are_no_fluxes(tmp_path, sound):
    """Masked cells change a fit as little as cells left out; as fluxes of 1e-98 they would wreck it."""
    day = day_rows(SWEEPS)
    for row in day[0]:
        for cell, flag in ((5, "9.999E-99"), (40, "-9.99E-99")):
            row["flux"][cell] = flag
        row["phi"][60], row["phi"][80] = "999.99", "998.99"
    found = spectra(mapped(tmp_path, text_of(day)))
    assert found[1]["missing_cells"] == 4 * 15
    assert found[1]["electron_temperature"] == pytest.approx(sound[1]["electron_temperature"],
                                                             rel=0.05)
    assert found[1]["electron_density"] == pytest.approx(sound[1]["electron_density"], rel=0.1)
    untouched(found, sound, {1})


def test_a_sweep_of_flags_alone_has_no_value_and_says_why(tmp_path, sound):
    day = day_rows(SWEEPS)
    for row in day[3]:
        row["flux"] = ["9.999E-99"] * 88
    found = spectra(mapped(tmp_path, text_of(day)))
    assert found[4]["reason"] == "no-rows" and found[4]["used_rows"] == 0
    assert {found[4][k] for k in VALUES} == {None}
    untouched(found, sound, {4})


def test_times_that_go_back_are_told(tmp_path, sound):
    day = day_rows(SWEEPS)
    day[2], day[3] = day[3], day[2]
    dataset = mapped(tmp_path, text_of(day))
    rows = table(dataset, "spectra")
    assert [r["file_spec_no"] for r in rows] == [1, 2, 4, 3, 5, 6]
    assert [r["spec_no"] for r in rows] == [1, 2, 4, 8, 10, 11]  # unique, growing
    assert "time-back" in rows[3]["remarks"] and "number-repeated" in rows[3]["remarks"]
    untouched(spectra(dataset), sound, set())


def test_rows_of_a_sweep_whose_times_go_back_are_told(tmp_path, sound):
    day = day_rows(SWEEPS)
    day[2][4]["utc"], day[2][5]["utc"] = day[2][5]["utc"], day[2][4]["utc"]
    found = spectra(mapped(tmp_path, text_of(day)))
    assert found[3]["remarks"] == "time-back" and found[3]["used_rows"] == 15
    untouched(found, sound, {3})


def test_the_same_number_again_is_another_sweep(tmp_path):
    day = [*day_rows(2), sweep_rows(2, START + 160), sweep_rows(1, START + 240)]
    dataset = mapped(tmp_path, text_of(day))
    rows = table(dataset, "spectra")
    assert [r["file_spec_no"] for r in rows] == [1, 2, 2, 1]
    assert len({r["spec_no"] for r in rows}) == 4
    assert "number-repeated" in rows[2]["remarks"] and "number-repeated" in rows[3]["remarks"]


# ---- files -----------------------------------------------------------------------------------------

GARBAGE = {
    "nothing": b"",
    "blank lines": b"\n \r\n\n",
    "binary": bytes(range(256)) * 400,
    "NUL": bytes(5000),
    "another table": b"a,b,c\n1,2,3\n" * 50,
    "one line of 3 MB": b"x" * 3_000_000,
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_a_file_of_something_else_is_listed_line_by_line(tmp_path, kind):
    folder = write_archive(tmp_path / "data", sweeps=2)
    (folder / "3D980411.TAB").write_bytes(GARBAGE[kind])
    lines = sum(bool(part.strip(b" \t\r")) for part in GARBAGE[kind].split(b"\n"))
    lunar_map(folder, tmp_path / "x.ds", code=3 if lines else 0)
    files = table(tmp_path / "x.ds", "files")
    assert [f["sweeps"] for f in files] == [2, 0]
    assert files[1]["rejected_lines"] == lines == len(table(tmp_path / "x.ds", "rejects"))


def test_random_damage_never_loses_a_line(tmp_path):
    """Bytes changed anywhere: the map is made, and lines in are rows and rejected lines."""
    rng = numpy.random.default_rng(4)
    text = bytearray(text_of(day_rows(20)).encode())
    for place in rng.integers(0, len(text), 300):
        text[place] = rng.integers(32, 127)
    mapped(tmp_path, bytes(text), code=3)


def test_a_file_cut_off_in_a_row_is_whole_up_to_there(tmp_path, sound):
    text = text_of(day_rows(SWEEPS))
    dataset = mapped(tmp_path, text[:-300], code=3)
    found = spectra(dataset)
    assert found[6]["rows"] == 15 and found[6]["used_rows"] == 14
    untouched(found, sound, {6})


@pytest.mark.parametrize("name, damage, says", [
    ("THETA.TAB", lambda raw: raw.replace(b"78.75", b"70.00"), "latitude"),
    ("THETA.TAB", lambda raw: raw[:-20], "numbers"),
    ("Attitude.Tab", lambda raw: b"no table\n", "Attitude.Tab"),
    ("orbit.bsp", lambda raw: raw[:1500], "orbit.bsp"),
    ("orbit.bsp", lambda raw: b"KPL/XX" + raw[6:], "orbit.bsp"),
])
def test_damaged_tables_and_kernels_are_errors_that_name_them(tmp_path, name, damage, says):
    folder = write_archive(tmp_path / "data", sweeps=2)
    raw = (folder / name).read_bytes()
    (folder / name).write_bytes(damage(raw))
    said = lunar_map(folder, tmp_path / "x.ds", code=1).stderr
    assert says in said and "error: " in said
