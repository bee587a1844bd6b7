"""What the tests share: the program, the real files, an independent SEG-Y writer in NumPy."""

import json
import os
import pathlib
import subprocess

import numpy
import pyarrow.parquet

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


# ---- headers back from a dataset ------------------------------------------------------------

HEADER_TYPES = {
    "int8": "i1", "int16": "i2", "int32": "i4", "int64": "i8", "uint8": "u1", "uint16": "u2",
    "uint32": "u4", "uint64": "u8", "ieee32": "f4", "ieee64": "f8",
}


def header_columns(dataset):
    """What headers.parquet says of its columns: {name: {"byte": ..., "type": ...}}."""
    metadata = pyarrow.parquet.read_schema(dataset / "headers.parquet").metadata
    return {row["name"]: row for row in json.loads(metadata[b"quern.headers"])["fields"]}


def header_bytes(dataset, count, order):
    """All header bytes of all traces, from raw_header if it is kept, else from the columns."""
    table = pyarrow.parquet.read_table(dataset / "headers.parquet")
    if "raw_header" in table.column_names:
        raw = b"".join(table["raw_header"].to_pylist())
        return numpy.frombuffer(raw, "u1").reshape(len(table), count)
    out = numpy.zeros((len(table), count), "u1")
    filled = numpy.zeros(count, bool)
    for name, field in header_columns(dataset).items():
        if field["type"].startswith("ascii"):
            size = int(field["type"][5:])
            raw = b"".join(v[:size] for v in table[name].to_pylist())
        elif field["type"] in ("int24", "uint24"):
            size, raw = 3, three_bytes(table[name].to_numpy(), order).tobytes()
        else:
            values = table[name].to_numpy().astype(order + HEADER_TYPES[field["type"]])
            size, raw = values.itemsize, values.tobytes()
        place = slice(field["byte"] - 1, field["byte"] - 1 + size)
        out[:, place] = numpy.frombuffer(raw, "u1").reshape(len(table), size)
        filled[place] = True
    assert filled.all()
    return out
