"""NumPy archives as numpy.load and Python's zipfile read them: types, pieces, sizes beyond 32 bits."""

import subprocess
import zipfile
import zlib

import numpy
import pytest
from segy_tools import BUILD

ELEMENTS = 10007


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    def make(kind):
        path = tmp_path_factory.mktemp("npz") / f"{kind}.npz"
        subprocess.run([BUILD / "tests" / "npz_sample", kind, path], check=True)
        return path

    return make


def texts():
    return [f"text {i}" if i % 5 else "" for i in range(ELEMENTS)]


def test_numpy_reads_every_type_put_together_of_pieces(sample):
    i = numpy.arange(ELEMENTS)
    with numpy.load(sample("small"), allow_pickle=False) as data:
        assert data.files == ["i1", "b1", "i8", "f8", "last"]
        numpy.testing.assert_array_equal(data["i1"], (i % 256).astype("u1").view("i1"))
        numpy.testing.assert_array_equal(data["b1"], i % 3 == 0)
        numpy.testing.assert_array_equal(data["i8"], i * i * 1000003)
        numpy.testing.assert_array_equal(data["f8"], i / 7)
        assert data["last"].dtype == "<U64" and data["last"].tolist() == texts()


def test_zip_tools_find_lengths_and_checksums_right(sample):
    path = sample("small")
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {m.compress_type for m in archive.infolist()} == {zipfile.ZIP_DEFLATED}
        assert {m.date_time for m in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_same_values_give_the_same_bytes(sample):
    assert sample("small").read_bytes() == sample("small").read_bytes()


def after_zeros(crc, count):
    """The CRC-32 `crc` when `count` zero bytes follow: the register moves by a matrix for every bit,
    and its powers come by squaring."""
    def times(matrix, vector):
        result = 0
        for i in range(32):
            if vector >> i & 1:
                result ^= matrix[i]
        return result

    register, bits = crc ^ 0xFFFFFFFF, 8 * count
    matrix = [0xEDB88320] + [1 << i for i in range(31)]
    while bits:
        if bits & 1:
            register = times(matrix, register)
        matrix = [times(matrix, row) for row in matrix]
        bits >>= 1
    return register ^ 0xFFFFFFFF


def test_an_array_of_5_gib_has_its_length_and_checksum(sample):
    """Read up to its first values, and the array behind it: 5 GiB need not be unpacked for that."""
    assert after_zeros(zlib.crc32(b"x"), 1000) == zlib.crc32(b"x" + bytes(1000))
    path, size = sample("large"), 80 * (64 << 20)
    with zipfile.ZipFile(path) as archive:
        zeros, last = archive.infolist()
        header = zeros.file_size - size
        with archive.open(zeros) as member:
            crc = zlib.crc32(member.read(header))
        with archive.open(zeros) as member:
            assert numpy.lib.format.read_magic(member) == (1, 0)
            shape, _, dtype = numpy.lib.format.read_array_header_1_0(member)
            assert shape == (size // 8,) and dtype == "<f8"
            assert member.tell() == header and member.read(1000) == bytes(1000)
        with archive.open(last) as member:
            assert numpy.lib.format.read_array(member).tolist() == texts()
    assert zeros.CRC == after_zeros(crc, size)
    with open(path, "rb") as raw:
        raw.seek(zeros.header_offset + 30)
        assert raw.read(13) == b"zeros.npy\x01\0\x10\0"  # the local header's field of zip64
