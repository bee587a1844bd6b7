"""What the tests share: the program, the real files, an independent SEG-Y writer in NumPy."""

import os
import pathlib
import subprocess

import numpy

ROOT = pathlib.Path(__file__).parents[2]
BUILD = pathlib.Path(os.environ.get("QUERN_BUILD", ROOT / "build"))
SHARED = pathlib.Path(os.environ.get("QUERN_SHARED", ROOT.parent / "shared"))
REAL = SHARED / "data" / "segy"


def quern(*arguments, code=0, **options):
    """Runs quern, checks its exit code (None: any), gives what it printed."""
    result = subprocess.run(
        [BUILD / "quern", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        **options,
    )
    assert code in (None, result.returncode), f"exit {result.returncode}\n{result.stderr}{result.stdout}"
    return result


def segy_import(source, dataset, *options, code=0):
    return quern("segy", "import", source, "-o", dataset, *options, code=code)


# ---- an independent writer ------------------------------------------------------------------

NUMPY_FORMATS = {
    2: "i4", 3: "i2", 5: "f4", 6: "f8", 8: "i1", 9: "i8", 10: "u4", 11: "u2", 12: "u8", 16: "u1",
}


def ibm_bytes(values):
    """IBM System/360 floats, truncated, by exact arithmetic in double precision."""
    fraction, exponent = numpy.frexp(numpy.abs(numpy.asarray(values, "f8")))
    base16 = -(-exponent // 4)
    fraction = numpy.ldexp(fraction, exponent - 4 * base16)
    mantissa = (fraction * 2**24).astype("u4")
    word = ((base16 + 64).astype("u4") << 24) | mantissa
    word = numpy.where(mantissa == 0, 0, word).astype("u4")
    return word | (numpy.signbit(values).astype("u4") << 31)


def ibm_values(words):
    """The other way: sign * fraction * 16^(exponent - 64), rounded once to float32."""
    words = numpy.asarray(words).astype("u4")
    value = (words & 0xFFFFFF).astype("f8") / 2**24
    value *= numpy.power(16.0, ((words >> 24) & 0x7F).astype("f8") - 64)
    value = numpy.where(words >> 31, -value, value)
    with numpy.errstate(over="ignore", under="ignore"):
        return value.astype("f4")


def three_bytes(values, order):
    raw = numpy.asarray(values).astype(">i4").tobytes()
    raw = numpy.frombuffer(raw, "u1").reshape(-1, 4)[:, 1:]
    return raw[:, ::-1] if order == "<" else raw


def sample_bytes(values, code, order):
    """Rows of samples to rows of bytes."""
    values = numpy.asarray(values)
    rows = len(values)
    if code == 1:
        words = ibm_bytes(values).astype(order + "u4")
        return words.view("u1").reshape(rows, -1)
    if code in (7, 15):
        return numpy.ascontiguousarray(three_bytes(values.ravel(), order)).reshape(rows, -1)
    return values.astype(order + NUMPY_FORMATS[code]).view("u1").reshape(rows, -1)


def write_segy(
    path, samples, code=5, order=">", interval=4000, headers=None, text=None, revision=(1, 0),
    extended=0,
):
    """Writes traces of one length. `headers`: {(byte, numpy type): values per trace}."""
    traces, count = numpy.shape(samples)
    text = text or b"\x40" * 3200
    binary = numpy.zeros(400, "u1")

    def put(byte, kind, value):
        raw = numpy.array([value], order + kind).view("u1")
        binary[byte - 3201 : byte - 3201 + len(raw)] = raw

    put(3217, "u2", interval)
    put(3221, "u2", count)
    put(3225, "i2", code)
    put(3501, "u1", revision[0])
    put(3502, "u1", revision[1])
    put(3503, "i2", 1)
    put(3505, "i2", extended)
    table = numpy.zeros((traces, 240), "u1")
    fields = {(1, "i4"): numpy.arange(1, traces + 1), (115, "u2"): count, (117, "u2"): interval}
    fields.update(headers or {})
    for (byte, kind), values in fields.items():
        column = numpy.broadcast_to(values, (traces,)).astype(order + kind)
        raw = numpy.ascontiguousarray(column).view("u1").reshape(traces, -1)
        table[:, byte - 1 : byte - 1 + raw.shape[1]] = raw
    body = numpy.hstack([table, sample_bytes(samples, code, order)])
    with open(path, "wb") as file:
        file.write(text + binary.tobytes())
        for i in range(extended):
            file.write((b"C EXTENDED %05d" % i).ljust(3200))
        file.write(body.tobytes())
