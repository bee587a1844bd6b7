"""Kernels written by NAIF's CSPICE, read by Quern and by CSPICE: the same states, frames, times.

States of segments are random numbers, not orbits: an interpolation over any other window of points
than CSPICE's would differ in the first digit.
"""

import subprocess

import numpy
import pytest
import spiceypy
from segy_tools import BUILD, SHARED
from spice_tools import daf

LUNAR = SHARED / "data" / "lunar"
KERNELS = LUNAR / "kernels"
needs_archive = pytest.mark.skipif(not KERNELS.is_dir(), reason="real SPICE kernels")

BODY, CENTRE = -25, 301
START, STOP = -5.0e7, -5.0e7 + 40000.0
GM_MOON = 4902.80


def ask(kernels, questions):
    """What Quern answers to each question: a list of arrays, or of texts where it refuses."""
    result = subprocess.run(
        [BUILD / "tests" / "spice_ask", *map(str, kernels)],
        input="\n".join(questions) + "\n", capture_output=True, text=True, timeout=60,
    )
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert len(lines) == len(questions)
    return [line if line.startswith("- ") else numpy.array(line.split(), float)
            for line in lines]


def states(kernels, epochs, target=BODY, centre=CENTRE):
    return ask(kernels, [f"state {target} {centre} {epoch!r}" for epoch in map(float, epochs)])


class Spice:
    """CSPICE with some kernels loaded, for a while."""

    def __init__(self, *kernels):
        self.kernels = kernels

    def __enter__(self):
        for kernel in self.kernels:
            spiceypy.furnsh(str(kernel))
        return spiceypy

    def __exit__(self, *_):
        spiceypy.kclear()


def assert_same_states(kernels, epochs, target=BODY, centre=CENTRE):
    with Spice(*kernels) as spice:
        expected = numpy.array(
            [spice.spkgeo(target, float(epoch), "J2000", centre)[0] for epoch in epochs])
    found = states(kernels, epochs, target, centre)
    refused = [answer for answer in found if isinstance(answer, str)]
    assert not refused, refused[0]
    found = numpy.array(found)
    # Relative to the size of what is interpolated: a component may pass through zero.
    for part in (slice(0, 3), slice(3, 6)):
        scale = numpy.linalg.norm(expected[:, part], axis=1)
        error = numpy.linalg.norm(found[:, part] - expected[:, part], axis=1)
        assert numpy.all(error <= 1e-9 * numpy.maximum(scale, numpy.median(scale))), \
            (error / scale).max()


def random_times(generator, n=300):
    """Anywhere in the segment, its ends and points of the tables among them."""
    return numpy.concatenate([generator.uniform(START, STOP, n), [START, STOP],
                              generator.integers(START, STOP, 20)])


def rough_states(generator, n):
    return numpy.ascontiguousarray(
        generator.normal(size=(n, 6)) * [1800, 1800, 1800, 1.6, 1.6, 1.6])


def circular(epochs, radius=1837.4):
    rate = numpy.sqrt(GM_MOON / radius**3)
    phase = rate * (numpy.asarray(epochs) - START)
    position = numpy.array([numpy.cos(phase), 0.2 * numpy.sin(phase), numpy.sin(phase)]) * radius
    velocity = numpy.array([-numpy.sin(phase), 0.2 * numpy.cos(phase), numpy.cos(phase)])
    return numpy.ascontiguousarray(numpy.vstack([position, velocity * radius * rate]).T)


def uneven_epochs(generator, n):
    epochs = numpy.sort(generator.uniform(START, STOP, n))
    epochs[0], epochs[-1] = START, STOP
    return epochs


class Writer:
    """An SPK that CSPICE writes."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self.handle = spiceypy.spkopn(str(self.path), "written by CSPICE", 0)
        return self.handle

    def __exit__(self, *_):
        spiceypy.spkcls(self.handle)


def head(frame="J2000", first=START, last=STOP, body=BODY, centre=CENTRE):
    return body, centre, frame, first, last, "a segment"


# ---- every type -----------------------------------------------------------------------------

@pytest.mark.parametrize("degree", [3, 13])
def test_chebyshev_positions_are_those_of_cspice(tmp_path, degree):
    generator = numpy.random.default_rng(2)
    n, records = degree + 1, 40
    with Writer(tmp_path / "2.bsp") as handle:
        spiceypy.spkw02(handle, *head(), (STOP - START) / records, records, degree,
                        generator.normal(size=records * 3 * n), START)
    assert_same_states([tmp_path / "2.bsp"], random_times(generator))


def test_chebyshev_states_are_those_of_cspice(tmp_path):
    generator = numpy.random.default_rng(3)
    with Writer(tmp_path / "3.bsp") as handle:
        spiceypy.spkw03(handle, *head(), (STOP - START) / 25, 25, 9,
                        generator.normal(size=25 * 6 * 10), START)
    assert_same_states([tmp_path / "3.bsp"], random_times(generator))


@pytest.mark.parametrize("n", [1, 2, 99, 100, 101, 402])
def test_two_body_states_are_those_of_cspice(tmp_path, n):
    generator = numpy.random.default_rng(5)
    epochs = uneven_epochs(generator, n) if n > 1 else numpy.array([START + 100])
    table = circular(epochs)
    table[::3, 3:] *= 1.2  # ellipses
    table[1::3, 3:] *= 1.6  # hyperbolas
    with Writer(tmp_path / "5.bsp") as handle:
        spiceypy.spkw05(handle, *head(), GM_MOON, n, table, epochs)
    assert_same_states([tmp_path / "5.bsp"], random_times(generator))


@pytest.mark.parametrize("degree", [1, 4, 7, 15])
def test_lagrange_states_at_equal_steps_are_those_of_cspice(tmp_path, degree):
    generator = numpy.random.default_rng(8)
    with Writer(tmp_path / "8.bsp") as handle:
        spiceypy.spkw08(handle, *head(), degree, 501, rough_states(generator, 501), START, 80.0)
    assert_same_states([tmp_path / "8.bsp"], random_times(generator))


@pytest.mark.parametrize("degree, n", [(1, 2), (3, 100), (4, 101), (7, 400), (11, 129)])
def test_lagrange_states_are_those_of_cspice(tmp_path, degree, n):
    generator = numpy.random.default_rng(9)
    epochs = numpy.linspace(START, STOP, n)
    epochs[1:-1] += generator.uniform(-0.3, 0.3, n - 2) * (STOP - START) / n
    with Writer(tmp_path / "9.bsp") as handle:
        spiceypy.spkw09(handle, *head(), degree, n, rough_states(generator, n), epochs)
    assert_same_states([tmp_path / "9.bsp"], random_times(generator))


@pytest.mark.parametrize("degree", [3, 7, 15])
def test_hermite_states_at_equal_steps_are_those_of_cspice(tmp_path, degree):
    generator = numpy.random.default_rng(12)
    with Writer(tmp_path / "12.bsp") as handle:
        spiceypy.spkw12(handle, *head(), degree, 501, rough_states(generator, 501), START, 80.0)
    assert_same_states([tmp_path / "12.bsp"], random_times(generator))


@pytest.mark.parametrize("degree, n", [(3, 2), (7, 128), (11, 257), (5, 300)])
def test_hermite_states_are_those_of_cspice(tmp_path, degree, n):
    generator = numpy.random.default_rng(13)
    epochs = numpy.linspace(START, STOP, n)
    epochs[1:-1] += generator.uniform(-0.3, 0.3, n - 2) * (STOP - START) / n
    with Writer(tmp_path / "13.bsp") as handle:
        spiceypy.spkw13(handle, *head(), degree, n, rough_states(generator, n), epochs)
    assert_same_states([tmp_path / "13.bsp"], random_times(generator))


def difference_lines(generator, n, terms, epochs):
    """Lines of random contents in the layout of types 1 and 21."""
    lines = numpy.zeros((n, 4 * terms + 11))
    for i in range(n):
        begin = epochs[i - 1] if i > 0 else START
        highest = int(generator.integers(2, terms + 1))
        lines[i, 0] = begin
        lines[i, 1:1 + terms] = numpy.cumsum(generator.uniform(50, 150, terms))
        lines[i, 1 + terms:7 + terms:2] = generator.normal(size=3) * 1800
        lines[i, 2 + terms:7 + terms:2] = generator.normal(size=3) * 1.6
        lines[i, 7 + terms:7 + 4 * terms] = generator.normal(size=3 * terms) * 1e-3
        lines[i, 7 + 4 * terms] = highest
        lines[i, 8 + 4 * terms:] = generator.integers(1, highest, 3)
    return lines


def write_array(path, words, kind, first=START, last=STOP, frame=1, **rest):
    path.write_bytes(daf([((first, last, BODY, CENTRE, frame, kind), words)], **rest))


@pytest.mark.parametrize("kind, terms", [(1, 15), (21, 15), (21, 25)])
def test_difference_lines_are_evaluated_as_cspice_does(tmp_path, kind, terms):
    generator = numpy.random.default_rng(kind * 100 + terms)
    n = 250
    epochs = uneven_epochs(generator, n + 1)[1:]
    lines = difference_lines(generator, n, terms, epochs)
    trailer = [n] if kind == 1 else [terms, n]
    words = numpy.concatenate([lines.ravel(), epochs, epochs[99::100], trailer])
    write_array(tmp_path / "lines.bsp", words, kind)
    assert_same_states([tmp_path / "lines.bsp"], random_times(generator))


# ---- frames and time ------------------------------------------------------------------------

def test_all_inertial_frames_are_those_of_cspice():
    found = ask([], [f"frame {number}" for number in range(1, 22)])
    for number in range(1, 22):
        name = spiceypy.frmnam(number)
        expected = spiceypy.pxform("J2000", name, 0.0)
        assert numpy.abs(found[number - 1].reshape(3, 3) - expected).max() < 1e-14, name


@pytest.mark.parametrize("frame", ["B1950", "FK4", "ECLIPJ2000", "GALACTIC"])
def test_segments_in_other_frames_are_turned(tmp_path, frame):
    generator = numpy.random.default_rng(14)
    with Writer(tmp_path / "f.bsp") as handle:
        spiceypy.spkw08(handle, *head(frame), 3, 501, rough_states(generator, 501), START, 80.0)
    assert_same_states([tmp_path / "f.bsp"], random_times(generator, 50))


@needs_archive
@pytest.mark.parametrize("given", [["naif0012.tls", "pck00011.tpc"], []])
def test_the_moon_turns_as_with_cspice(given):
    generator = numpy.random.default_rng(15)
    epochs = generator.uniform(-5e8, 5e8, 300)
    found = ask([KERNELS / name for name in given], [f"moon {float(epoch)!r}" for epoch in epochs])
    with Spice(KERNELS / "pck00011.tpc") as spice:
        for epoch, rotation in zip(epochs, found):
            expected = spice.pxform("J2000", "IAU_MOON", epoch)
            assert numpy.abs(rotation.reshape(3, 3) - expected).max() < 1e-12


@needs_archive
@pytest.mark.parametrize("given", [["naif0012.tls"], []])
def test_ephemeris_time_is_that_of_cspice(given):
    generator = numpy.random.default_rng(16)
    days = generator.integers(2 * 365, 50 * 365, 300)
    texts = [str(numpy.datetime64("1972-01-01") + int(day)) + f"T{int(s) // 3600:02}:"
             f"{int(s) // 60 % 60:02}:{s % 60:09.6f}"
             for day, s in zip(days, generator.uniform(0, 86399, 300))]
    texts += ["1998-12-31T23:59:59.5", "1998-12-31T23:59:60", "1998-12-31T23:59:60.999",
              "1999-01-01T00:00:00", "1997-06-30T23:59:60.25", "2016-12-31T23:59:60"]
    with Spice(KERNELS / "naif0012.tls") as spice:
        expected = numpy.array([spice.str2et(text) for text in texts])
        found = ask([KERNELS / name for name in given], [f"et {text}" for text in texts])
        assert numpy.abs(numpy.concatenate(found) - expected).max() < 1e-6
        assert numpy.all(numpy.abs(numpy.concatenate(found) - expected) <=
                         1e-9 * numpy.abs(expected))
        middle = [epoch + 2e-7 for epoch in expected]  # clear of where digits are cut
        result = subprocess.run([BUILD / "tests" / "spice_ask"], text=True, capture_output=True,
                                input="".join(f"utc {float(epoch)!r}\n" for epoch in middle), check=True)
        shown = [spice.timout(epoch, "YYYY-MM-DDTHR:MN:SC.######") for epoch in middle]
        assert result.stdout.split() == shown


def test_a_60th_second_that_was_none_is_no_time():
    texts = ["1998-12-30T23:59:60", "1998-06-31T00:00:00", "1998-12-31T23:58:60",
             "1998-12-31 24:00:00", "1971-12-31T23:59:59"]
    assert numpy.all(numpy.isnan(numpy.concatenate(ask([], [f"et {text}" for text in texts]))))


# ---- many segments --------------------------------------------------------------------------

def test_later_files_and_later_segments_come_first(tmp_path):
    generator = numpy.random.default_rng(17)
    paths = [tmp_path / f"{i}.bsp" for i in range(3)]
    for path in paths:
        with Writer(path) as handle:
            for _ in range(12):
                first, last = numpy.sort(generator.uniform(START, STOP, 2))
                spiceypy.spkw08(handle, *head(first=first, last=last), 3, 501,
                                rough_states(generator, 501), START, 80.0)
    with Writer(tmp_path / "all.bsp") as handle:  # so that there is no gap
        spiceypy.spkw08(handle, *head(), 1, 501, rough_states(generator, 501), START, 80.0)
    assert_same_states([tmp_path / "all.bsp", *paths], random_times(generator, 500))
    assert_same_states([*paths[::-1], tmp_path / "all.bsp"], random_times(generator, 50))


def test_bodies_are_chained_to_a_common_centre(tmp_path):
    generator = numpy.random.default_rng(18)
    tree = {-25: 301, 301: 3, 399: 3, 3: 0, 10: 0, 4: 0, 499: 4}
    for name, frame in (("a", "J2000"), ("b", "ECLIPJ2000")):
        with Writer(tmp_path / f"{name}.bsp") as handle:
            for body, centre in tree.items():
                if (body % 2 == 0) == (name == "a"):
                    spiceypy.spkw08(handle, *head(frame, body=body, centre=centre), 3, 501,
                                    rough_states(generator, 501), START, 80.0)
    kernels = [tmp_path / "a.bsp", tmp_path / "b.bsp"]
    for target, centre in ((10, -25), (-25, 10), (-25, 0), (0, -25), (499, 399), (301, -25),
                           (399, 301), (3, 301), (-25, -25)):
        assert_same_states(kernels, generator.uniform(START, STOP, 20), target, centre)


def test_more_segments_than_fit_a_record_of_summaries(tmp_path):
    generator = numpy.random.default_rng(19)
    edges = numpy.linspace(START, STOP, 81)
    with Writer(tmp_path / "many.bsp") as handle:
        for first, last in zip(edges, edges[1:]):
            spiceypy.spkw08(handle, *head(first=first, last=last), 3, 501,
                            rough_states(generator, 501), START, 80.0)
    assert_same_states([tmp_path / "many.bsp"], random_times(generator))


def test_a_gap_says_between_which_times(tmp_path):
    generator = numpy.random.default_rng(20)
    table = rough_states(generator, 501)
    with Writer(tmp_path / "gap.bsp") as handle:
        spiceypy.spkw08(handle, *head(last=START + 1000), 3, 501, table, START, 80.0)
        spiceypy.spkw08(handle, *head(first=START + 3000), 3, 501, table, START, 80.0)
    between, before, after = (states([tmp_path / "gap.bsp"], [epoch])[0]
                              for epoch in (START + 2000, START - 10, STOP + 10))
    assert "there is a gap from 1998-06-01T19:22:16 to 1998-06-01T19:55:36" in between
    assert "lp_ask_980601-981031.bsp from https://naif" in between
    assert "they begin at 1998-06-01T19:05:36" in before
    assert "they end at 1998-06-02T06:12:16" in after
    (other,) = states([tmp_path / "gap.bsp"], [START + 10], target=-53)
    assert "where body -53 was at" in other and "none of them is about it" in other


@needs_archive
def test_real_kernels_of_planets_and_asteroids(tmp_path):
    generator = numpy.random.default_rng(21)
    assert_same_states([KERNELS / "de421_excerpt_2021-12_2026-02.bsp"],
                       generator.uniform(7.0e8, 8.2e8, 100), 10, 301)
    ceres = KERNELS / "type1" / "Ceres_Vesta.bsp"
    for body in (2000001, 2000004):
        assert_same_states([ceres], generator.uniform(-1e8, 2e8, 100), body, 10)


@needs_archive
def test_a_sun_without_a_planetary_kernel_is_right_to_the_ten_millionth(tmp_path):
    de421 = KERNELS / "de421_excerpt_2021-12_2026-02.bsp"
    epochs = numpy.random.default_rng(22).uniform(7.0e8, 8.2e8, 200)
    found = numpy.array(states([], epochs, 10, 301))
    with Spice(de421) as spice:
        expected = numpy.array([spice.spkgeo(10, e, "J2000", 301)[0] for e in epochs])
    error = numpy.linalg.norm(found[:, :3] - expected[:, :3], axis=1)
    assert error.max() < 20  # of 150 million kilometres
    assert numpy.linalg.norm(found[:, 3:] - expected[:, 3:], axis=1).max() < 1e-4


def test_an_unsupported_type_is_named(tmp_path):
    write_array(tmp_path / "t.bsp", numpy.zeros(100), 17)
    (answer,) = states([tmp_path / "t.bsp"], [START + 10])
    assert "segments of type 17, which are not supported" in answer


def test_an_unsupported_frame_is_named(tmp_path):
    write_array(tmp_path / "t.bsp", numpy.zeros(100), 8, frame=10020)
    (answer,) = states([tmp_path / "t.bsp"], [START + 10])
    assert "in frame 10020, which is not supported" in answer


# ---- containers -----------------------------------------------------------------------------

@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("word, form", [(b"DAF/SPK ", None), (b"NAIF/DAF", None),
                                        (b"NAIF/DAF", b" " * 8), (b"NAIF/DAF", b"\0" * 8)])
def test_either_byte_order_and_files_that_do_not_tell_it(tmp_path, order, word, form):
    generator = numpy.random.default_rng(23)
    table = rough_states(generator, 501)
    words = numpy.concatenate([table.ravel(), [START, 80.0, 3, 501]])
    write_array(tmp_path / "new.bsp", words, 8)
    write_array(tmp_path / "x.bsp", words, 8, order=order, word=word, form=form)
    times = random_times(generator, 50)
    assert_same_states([tmp_path / "new.bsp"], times)
    assert numpy.array_equal(states([tmp_path / "new.bsp"], times),
                             states([tmp_path / "x.bsp"], times))


def refusal(*kernels):
    result = subprocess.run([BUILD / "tests" / "spice_ask", *map(str, kernels)], text=True, input="",
                            capture_output=True, timeout=60)
    assert result.returncode == 1
    return result.stderr


def test_files_that_are_no_kernels_of_orbits_are_named(tmp_path):
    (tmp_path / "a.bsp").write_text("<html>Not found</html>")
    assert "a.bsp' is no SPICE kernel" in refusal(tmp_path / "a.bsp")
    (tmp_path / "b.xsp").write_text("DAFETF NAIF DAF ENCODED TRANSFER FILE\n'DAF/SPK '\n")
    assert "transfer format. Convert it with NAIF's program tobin" in refusal(tmp_path / "b.xsp")
    (tmp_path / "c.bsp").write_bytes(daf([], word=b"DAF/SPK ").replace(b"LTL-IEEE", b"VAX-GFLT"))
    assert "as a VAX wrote them (VAX-GFLT)" in refusal(tmp_path / "c.bsp")
    (tmp_path / "empty.bsp").write_bytes(b"")
    assert "is no SPICE kernel" in refusal(tmp_path / "empty.bsp")


def test_a_file_of_the_archive_that_is_missing_says_where_it_comes_from(tmp_path):
    said = refusal(tmp_path / "lp_ask_980601-981031.bsp")
    assert "No such file" in said and "https://naif.jpl.nasa.gov/pub/naif/LPM/kernels/spk/" in said


def test_a_name_longer_than_a_message_is_opened(tmp_path):
    folder = tmp_path
    for _ in range(4):
        folder = folder / ("x" * 200)
    folder.mkdir(parents=True)
    generator = numpy.random.default_rng(24)
    words = numpy.concatenate([rough_states(generator, 501).ravel(), [START, 80.0, 3, 501]])
    write_array(folder / "long.bsp", words, 8)
    assert not isinstance(states([folder / "long.bsp"], [START + 10])[0], str)


@needs_archive
def test_other_binary_kernels_are_left_aside():
    words = KERNELS / "moon_pa_de421_1900-2050.bpc"
    (rotation,) = ask([words], ["moon 0"])
    assert rotation.size == 9


# ---- what is known of real kernels ----------------------------------------------------------

@needs_archive
def test_the_truth_of_an_asteroid_from_another_program():
    """States of Ceres by JPL's Horizons, about the centre of the Sun."""
    table = numpy.genfromtxt(KERNELS / "type1" / "Ceres_jpl.csv", delimiter=",",
                             usecols=(0, 2, 3, 4, 5, 6, 7))
    epochs = (table[:, 0] - 2451545.0) * 86400
    found = numpy.array(states([KERNELS / "type1" / "Ceres_Vesta.bsp"], epochs, 2000001, 10))
    assert len(table) > 100
    assert numpy.abs(found[:, :3] - table[:, 1:4]).max() < 0.2  # of 400 million kilometres
    assert numpy.abs(found[:, 3:] - table[:, 4:]).max() < 1e-6


def oracle(beginning):
    """Lines of the oracle that begin so: what follows, with its numbers."""
    return [line for line in (LUNAR / "spice_oracle.txt").read_text().splitlines()
            if line.startswith(beginning)]


@needs_archive
def test_states_of_the_oracle():
    for line in oracle("type1 Ceres"):
        words = line.replace("km/s", "").replace("km", "").replace(":", " ").split()
        (found,) = states([KERNELS / "type1" / "Ceres_Vesta.bsp"], [words[5]], 2000001, 10)
        assert numpy.allclose(found, [float(w) for w in words[6:12]], rtol=1e-12, atol=0), line
    for line in oracle("type2 DE421"):
        words = line.split()
        (found,) = states([KERNELS / "de421_excerpt_2021-12_2026-02.bsp"], [words[7]], 10, 301)
        assert numpy.allclose(found[:3], [float(w) for w in words[9:12]], rtol=1e-12), line
    kernels = {kind: KERNELS / "synthetic" / f"synth_lp_type{kind}.bsp" for kind in
               ("05", "08", "09", "12", "13")}
    checked = 0
    for line in oracle("synth_lp_type"):
        words = line.split()
        kernel = kernels[words[0][-2:]]
        if kernel.exists():
            (found,) = states([kernel], [words[2]])
            state = words[words.index("state") + 1:][:6]
            # Epochs are printed to the microsecond: 1.6 mm of the orbit.
            assert numpy.allclose(found, [float(w) for w in state], rtol=0, atol=1.6e-6), line
            checked += 1
    assert checked >= 12


@needs_archive
def test_rotations_of_the_oracle():
    lines = (LUNAR / "spice_oracle.txt").read_text().splitlines()
    for i, line in enumerate(lines):
        if line.startswith("UTC"):
            epoch, found = ask([KERNELS / "naif0012.tls", KERNELS / "pck00011.tpc"],
                               [f"et {line.split()[1]}", f"moon {line.split()[3]}"])
            assert abs(epoch[0] - float(line.split()[3])) < 1e-7
            assert numpy.allclose(found, [float(w) for w in lines[i + 1].split()[1:]], rtol=0,
                                  atol=2e-12)
