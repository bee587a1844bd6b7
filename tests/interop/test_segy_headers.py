"""Trace headers: layouts by name, from files and inside SEG-Y, computed headers against Python
itself, raw headers, keys of any type, and what is said about headers."""

import ast
import json
import math
import random
import re
import warnings
import xml.etree.ElementTree as ElementTree

import numpy
import pandas
import pyarrow.parquet
import pytest
from segy_tools import (
    HEADER_TYPES, REAL, header_bytes, header_columns, ibm_bytes, ibm_values, quern, segy_import,
    write_segy,
)

TRACES = 300
FAST = ("--durability", "process")


def headers_of(dataset):
    return pandas.read_parquet(dataset / "headers.parquet")


def fact(dataset, name="headers"):
    return json.loads((dataset / "manifest.json").read_text())["facts"][name]


def header_facts(dataset):
    facts = json.loads((dataset / "manifest.json").read_text())["facts"]
    return {k: v for k, v in facts.items() if "header" in k or "computed" in k}


@pytest.fixture
def survey(tmp_path):
    """x.sgy, made of any headers; imported into x.ds with any options."""

    def make(headers, *options, traces=TRACES, order=">", code=0, layout=None, **more):
        write_segy(tmp_path / "x.sgy", numpy.ones((traces, 4)), order=order, headers=headers, **more)
        if layout is not None:
            (tmp_path / "mine.json").write_text(json.dumps(layout))
            options = (*options, "--layout", tmp_path / "mine.json")
        result = segy_import(tmp_path / "x.sgy", tmp_path / "x.ds", "--overwrite", *FAST, *options,
                             code=code)
        return result.stderr if code else tmp_path / "x.ds"

    return make


# ---- layouts that a file brings along -----------------------------------------------------------

MAPPINGS = sorted((REAL / "segyio/test-data").glob("mapping-*.sgy"))
USELESS = {  # and words of the reason
    "mapping-unparsable.sgy": "not well-formed",
    "mapping-invalid-root.sgy": "not well-formed",
    "mapping-invalid-attribute.sgy": "lacks its name, byte or type",
    "mapping-invalid-value.sgy": "bytes 1 to 240: 'sm_unit'",
    "mapping-empty.sgy": "no entries",
}
D8_TYPES = {
    "int2": "i2", "int4": "i4", "int8": "i8", "uint2": "u2", "uint4": "u4", "uint8": "u8",
    "ibmfp": "ibm", "ieee32": "f4", "ieee64": "f8", "linetrc": "u4", "reeltrc": "u4",
    "linetrc8": "u8", "reeltrc8": "u8", "coor4": "i4", "elev4": "i4", "time2": "i2",
    "spnum4": "i4", "scale6": "i4",
}
D8_NAMES = {
    "iline": "inline", "xline": "crossline", "offset": "offset", "dt": "sample_interval",
    "delay": "delay_recording_time", "cdp": "cdp", "sht_x": "source_x", "co_scal": "scalar_coord",
    "trans_const": "transduction_mantissa", "ffid": "field_record", "linetrc": "trace_sequence_line",
}
SCALARS = {"coor4": "co_scal", "elev4": "ed_scal", "time2": "tm_scal", "spnum4": "sp_scal"}


def read_d8(path):
    """The file's entries as (header, name, byte in all headers, type), and its header bytes. Read
    by Python's own XML parser and NumPy."""
    data = path.read_bytes()
    start = re.search(rb"(?i)\(\(SEG:Layout[^)]*\)\)\s*", data).end()
    end = data.index(b"</segy-layout>") + len(b"</segy-layout>")
    root = ElementTree.fromstring(data[start:end].decode())
    order = "<" if data[3224:3226] == b"\x01\x00" else ">"
    ints = {name: numpy.frombuffer(data, order + "i2", 1, at)[0]
            for name, at in (("samples", 3220), ("texts", 3504), ("extra", 3506))}
    count = 240 * (1 + ints["extra"])
    rows = numpy.frombuffer(data, "u1", offset=3600 + 3200 * ints["texts"])
    rows = rows.reshape(-1, count + 4 * ints["samples"])[:, :count]
    names = []
    for k in range(1, 1 + ints["extra"]):
        raw = rows[0, 240 * k + 232 : 240 * k + 240].tobytes()
        text = raw if all(c == 0 or 0x20 <= c < 0x80 for c in raw) else raw.decode("cp500").encode()
        names.append(text.decode().strip("\0 "))
    entries = []
    for header in [root, *root.findall("extension")]:
        k = 0 if header is root else 1 + names.index(header.get("name")) \
            if header.get("name") in names else None
        if k is not None:
            entries += [(header.get("name") if k else "", e.get("name"),
                         240 * k + int(e.get("byte")), e.get("type"), e.get("if-non-zero") == "1")
                        for e in header.findall("entry")]
    return entries, rows, order


def values_at(rows, order, byte, kind):
    size = 4 if kind == "ibm" else int(kind[1])
    raw = numpy.ascontiguousarray(rows[:, byte - 1 : byte - 1 + size])
    if kind == "ibm":
        return ibm_values(raw.view(order + "u4").ravel())
    return raw.view(order + kind).ravel()


@pytest.mark.parametrize("path", [p for p in MAPPINGS if p.name not in USELESS],
                         ids=lambda p: p.name)
def test_a_layout_in_the_file_is_followed(path, tmp_path):
    result = segy_import(path, tmp_path / "x.ds", *FAST)
    assert "header layout: '" in result.stderr and "SEG:Layout" in result.stderr
    entries, rows, order = read_d8(path)
    frame, columns = headers_of(tmp_path / "x.ds"), header_columns(tmp_path / "x.ds")
    at = {}
    for name, field in columns.items():
        at.setdefault(field["byte"], name)
    places = {name: (byte, kind) for header, name, byte, kind, _ in entries if not header}
    for header, name, byte, kind, _ in entries:
        column = at[byte]
        expected = values_at(rows, order, byte, D8_TYPES[kind])
        unsigned = name in ("nsamps", "dt") and not header and kind == "int2"
        expected = expected.view(expected.dtype.str.replace("i", "u")) if unsigned else expected
        numpy.testing.assert_array_equal(frame[column], expected, err_msg=f"{header} {name}")
        if not header and name in D8_NAMES:
            assert column == D8_NAMES[name]
        if SCALARS.get(kind) in places:
            scalar = values_at(rows, order, places[SCALARS[kind]][0],
                               D8_TYPES[places[SCALARS[kind]][1]]).astype("f8")
            factor = numpy.where(scalar < 0, -1 / numpy.where(scalar == 0, 1, scalar),
                                 numpy.where(scalar == 0, 1, scalar))
            numpy.testing.assert_allclose(frame[column + "_scaled"], expected * factor, rtol=1e-15)
        if kind == "scale6":
            numpy.testing.assert_array_equal(
                frame[column.replace("_mantissa", "_exponent")],
                values_at(rows, order, byte + 4, "i2"))
    numpy.testing.assert_array_equal(header_bytes(tmp_path / "x.ds", rows.shape[1], order), rows)


@pytest.mark.parametrize("name, grid", [
    ("default", ([1, 2, 3], [20, 21], [1])), ("shifted", ([1, 2, 3], [20, 21], [1])),
    ("minimal", ([1, 2, 3], [20, 21], [1])), ("multiple-stanzas", ([1, 2, 3], [20, 21], [1])),
])
def test_inlines_and_crosslines_are_those_that_segyio_expects(name, grid, tmp_path):
    """Of its test of the same files, python/test/segy.py: test_open_with_custom_mapping."""
    path = REAL / f"segyio/test-data/mapping-{name}.sgy"
    if not path.exists():
        pytest.skip(f"no {path.name}")
    segy_import(path, tmp_path / "x.ds", *FAST)
    frame = headers_of(tmp_path / "x.ds")
    assert [sorted(set(frame[c])) for c in ("inline", "crossline", "offset")] == list(grid)


@pytest.mark.parametrize("name", [p.name for p in MAPPINGS if p.name in USELESS])
def test_a_layout_that_cannot_be_used_is_named_and_the_standard_one_taken(name, tmp_path):
    result = segy_import(REAL / "segyio/test-data" / name, tmp_path / "x.ds", *FAST)
    assert "header layout: standard; that in the file's stanza" in result.stderr
    assert USELESS[name] in result.stderr
    assert len(header_columns(tmp_path / "x.ds")) == 91
    assert fact(tmp_path / "x.ds")["layout"] == "standard"


def stanza(layout, code):
    text = "((SEG:Layout:text/xml))" + layout
    return text.ljust(-(-len(text) // 3200) * 3200).encode(code)


@pytest.mark.parametrize("code", ["ascii", "cp500"])
def test_a_layout_in_ebcdic_is_read_like_one_in_ascii(code, tmp_path, survey):
    layout = '<segy-layout name="e"><desc>%s</desc><entry name="iline" byte="7" type="uint2"/>' \
             "</segy-layout>" % ("long " * 700)
    text = stanza(layout, code)
    write_segy(tmp_path / "y.sgy", numpy.ones((5, 4)), headers={(7, "u2"): numpy.arange(5)},
               extended=len(text) // 3200)
    data = bytearray((tmp_path / "y.sgy").read_bytes())
    data[3600 : 3600 + len(text)] = text
    (tmp_path / "y.sgy").write_bytes(data)
    segy_import(tmp_path / "y.sgy", tmp_path / "y.ds", *FAST)
    assert headers_of(tmp_path / "y.ds")["inline"].tolist() == [0, 1, 2, 3, 4]


def test_the_users_layout_goes_before_the_files_own(tmp_path):
    path = REAL / "segyio/test-data/mapping-shifted.sgy"
    if not path.exists():
        pytest.skip("no mapping-shifted.sgy")
    segy_import(path, tmp_path / "x.ds", "--layout", "petrel", *FAST)
    assert header_columns(tmp_path / "x.ds")["inline"]["byte"] == 5


# ---- extension headers --------------------------------------------------------------------------


def test_values_of_extension_1_count_where_they_are_not_zero(tmp_path):
    """Two headers a trace, the second called SEG00001; every other trace leaves it at 0."""
    traces, extended = 6, numpy.zeros((6, 240), "u1")
    write_segy(tmp_path / "x.sgy", numpy.ones((traces, 4)), revision=(2, 0), headers={
        (71, "i2"): -10, (73, "i4"): 1005, (21, "i4"): 7, (37, "i4"): 50})
    plain = numpy.fromfile(tmp_path / "x.sgy", "u1")
    head, body = plain[:3600], plain[3600:].reshape(traces, -1)
    head[3506:3508] = (0, 1)
    x = numpy.where(numpy.arange(traces) % 2, 430125.0625, 0)
    cdp = numpy.where(numpy.arange(traces) % 2, 2**40, 0)
    extended[:, 96:104] = x.astype(">f8").view("u1").reshape(traces, 8)
    extended[:, 24:32] = cdp.astype(">i8").view("u1").reshape(traces, 8)
    extended[:, 232:240] = numpy.frombuffer(b"SEG00001", "u1")
    numpy.concatenate([head, numpy.hstack([body[:, :240], extended, body[:, 240:]]).ravel()]).tofile(
        tmp_path / "x.sgy")
    segy_import(tmp_path / "x.sgy", tmp_path / "x.ds", "--ensemble-key", "cdp_scaled", *FAST)
    frame = headers_of(tmp_path / "x.ds")
    assert (frame.source_x == 1005).all() and (frame.cdp == 7).all()
    numpy.testing.assert_array_equal(frame.ext1_source_x, x)
    numpy.testing.assert_array_equal(frame.source_x_scaled, numpy.where(x == 0, 100.5, x))
    numpy.testing.assert_array_equal(frame.cdp_scaled, numpy.where(cdp == 0, 7, cdp))
    numpy.testing.assert_array_equal(frame.offset_scaled, 50)
    gathers = pandas.read_parquet(tmp_path / "x.ds" / "ensembles.parquet")
    assert gathers.cdp_scaled.tolist() == [7, 2**40, 7, 2**40, 7, 2**40]


# ---- layouts by name and from files -------------------------------------------------------------


NAMED = ["standard", "rev2", "petrel", "kingdom", "su", "passcal"]


def test_layouts_are_listed_by_name():
    assert re.findall(r"^(\w+) ", quern("segy", "layouts").stdout, re.MULTILINE) == NAMED


@pytest.mark.parametrize("name", NAMED)
def test_a_named_layout_is_the_same_as_its_file(name, tmp_path):
    random.seed(name)
    write_segy(tmp_path / "x.sgy", numpy.ones((20, 4)), headers={
        (b, "u1"): [random.randrange(256) for _ in range(20)]
        for b in range(1, 241) if b not in (115, 116)})
    extra = ["--trace-headers", "2", "--samples", "4"] if name == "rev2" else []
    if name == "rev2":
        data = numpy.fromfile(tmp_path / "x.sgy", "u1")
        body = data[3600:].reshape(20, -1)
        numpy.concatenate([data[:3600], numpy.hstack([body[:, :240], body]).ravel()]).tofile(
            tmp_path / "x.sgy")
    (tmp_path / "mine.json").write_text(quern("segy", "layouts", name, "--json").stdout)
    segy_import(tmp_path / "x.sgy", tmp_path / "a.ds", "--layout", name, *extra, *FAST)
    segy_import(tmp_path / "x.sgy", tmp_path / "b.ds", "--layout", tmp_path / "mine.json", *extra,
                *FAST)
    pandas.testing.assert_frame_equal(headers_of(tmp_path / "a.ds"), headers_of(tmp_path / "b.ds"))


def test_petrels_fields_are_where_segysak_has_them(survey):
    """segysak's petrel_3d: inline 5, crossline 21, cdp_x 73, cdp_y 77."""
    n = numpy.arange(TRACES)
    dataset = survey({(5, "i4"): n, (21, "i4"): 2 * n, (71, "i2"): -100, (73, "i4"): 3 * n,
                      (77, "i4"): -n, (189, "i4"): 9}, "--layout", "petrel")
    frame = headers_of(dataset)
    numpy.testing.assert_array_equal(frame.inline, n)
    numpy.testing.assert_array_equal(frame.crossline, 2 * n)
    numpy.testing.assert_array_equal(frame.cdp_x_scaled, 3 * n / 100)
    numpy.testing.assert_array_equal(frame.cdp_y_scaled, -n / 100)
    assert "source_x" not in frame and fact(dataset)["lossless"] and "raw_header" in frame


def test_the_recording_delay_is_read_where_the_layout_has_it(survey):
    dataset = survey({(105, "i2"): 120, (109, "i2"): 7}, "--layout", "kingdom")
    assert fact(dataset, "survey")["first_sample_ms"] == 120
    dataset = survey({(105, "i2"): 120, (109, "i2"): 7})
    assert fact(dataset, "survey")["first_sample_ms"] == 7


def test_passcal_names_its_stations(survey):
    dataset = survey({(181, "S6"): b"ABC12", (195, "S4"): b"HHZ", (221, "f4"): 1.5,
                      (215, "i2"): 59, (103, "i2"): -3}, "--layout", "passcal")
    frame = headers_of(dataset)
    assert set(frame.station_name) == {b"ABC12\0\0\0"} and set(frame.channel_name) == {b"HHZ\0\0\0\0\0"}
    assert (frame.scale_factor == 1.5).all() and (frame.total_static == -3).all()
    assert "total_static_scaled" not in frame  # 215 is a minute there, no scalar


def test_an_unknown_layout_is_refused_with_those_that_there_are(survey):
    message = survey({}, "--layout", "petrell", code=2)
    assert "Did you mean 'petrel'?" in message and "kingdom" in message
    assert "missing.json" in survey({}, "--layout", "missing.json", code=1)


# ---- computed headers ---------------------------------------------------------------------------

VALUES = [0.0, -0.0, 1.0, -1.0, 0.5, 2.5, -2.5, 3.0, 7.0, -7.0, 1e-300, 1e300, -1e300, 1e308,
          5e-324, 1e16, 0.1, 123456.789, math.pi, math.inf, -math.inf, math.nan]
VARIABLES = ["a", "b", "c"]
ONE = ["round", "floor", "ceil", "abs", "sqrt", "sin", "cos", "tan"]


def random_expression(depth):
    kind = random.randrange(10) if depth > 0 else random.randrange(2)
    if kind == 0:
        return random.choice(VARIABLES)
    if kind == 1:
        return random.choice(["2.0", "0.5", "3.0", "10.0", "1e3", "0.0", "pi", "e", "7."])
    if kind in (2, 3, 4, 5):
        op = random.choice(["+", "-", "*", "/", "//", "%", "**"])
        text = f"{random_expression(depth - 1)} {op} {random_expression(depth - 1)}"
        return text if random.random() < 0.5 else f"({text})"
    if kind == 6:
        return f"-{random_expression(depth - 1)}"
    if kind == 7:
        return f"{random.choice(ONE)}({random_expression(depth - 1)})"
    if kind == 8:
        many = ", ".join(random_expression(depth - 1) for _ in range(random.randrange(2, 4)))
        return f"{random.choice(['min', 'max'])}({many})"
    return f"atan2({random_expression(depth - 1)}, {random_expression(depth - 1)})"


def real_power(a, b):
    result = a**b
    if isinstance(result, complex):
        raise ValueError("complex")
    return result


class RealPowers(ast.NodeTransformer):
    def visit_BinOp(self, node):
        self.generic_visit(node)
        if isinstance(node.op, ast.Pow):
            return ast.Call(ast.Name("real_power", ast.Load()), [node.left, node.right], [])
        return node


FUNCTIONS = {
    "round": lambda x: float(round(x)), "floor": lambda x: float(math.floor(x)),
    "ceil": lambda x: float(math.ceil(x)), "abs": abs, "min": min, "max": max, "sqrt": math.sqrt,
    "sin": math.sin, "cos": math.cos, "tan": math.tan, "atan2": math.atan2, "pi": math.pi,
    "e": math.e, "real_power": real_power,
}


def python_values(expression, rows):
    """What Python makes of it, None where it raises an exception or gives no finite number."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.fix_missing_locations(RealPowers().visit(ast.parse(expression, mode="eval")))
        code = compile(tree, expression, "eval")
    out = []
    for row in rows:
        try:
            value = eval(code, {"__builtins__": {}}, FUNCTIONS | row)
        except (ArithmeticError, ValueError):
            value = None
        out.append(float(value) if value is not None and math.isfinite(value) else None)
    return out


@pytest.mark.parametrize("seed", range(4))
def test_computed_headers_are_what_python_computes(seed, survey):
    """Some hundred random expressions over random and special values, compared to the bit."""
    random.seed(seed)
    rows = [{v: random.choice(VALUES) if random.random() < 0.5 else random.uniform(-20, 20)
             for v in VARIABLES} for _ in range(TRACES)]
    expressions = [random_expression(random.randrange(1, 6)) for _ in range(250)]
    layout = {
        "fields": [{"name": v, "byte": 193 + 8 * i, "type": "ieee64"}
                   for i, v in enumerate(VARIABLES)],
        "computed": [{"name": f"x{i}", "expression": text} for i, text in enumerate(expressions)],
    }
    dataset = survey({(193 + 8 * i, "f8"): [r[v] for r in rows] for i, v in enumerate(VARIABLES)},
                     layout=layout)
    table = pyarrow.parquet.read_table(dataset / "headers.parquet")
    failed = {c["name"]: c["without_value"] for c in fact(dataset, "computed_headers")}
    for i, text in enumerate(expressions):
        expected, found = python_values(text, rows), table[f"x{i}"].to_pylist()
        assert failed[f"x{i}"] == expected.count(None)
        for row, want, got in zip(rows, expected, found):
            same = want == got and (want is None or math.copysign(1, want) == math.copysign(1, got))
            assert same, f"{text} of {row}: {got}, not {want}"


def test_computed_headers_may_need_each_other_in_any_order(survey):
    n = numpy.arange(TRACES)
    dataset = survey({(21, "i4"): 3 * n}, "--compute", "c: int32 = b + a", "--compute",
                     "a = cdp * 2", "--compute", "b = a + trace_index", "--headers", "cdp,b")
    frame = headers_of(dataset)
    assert list(frame.columns) == ["trace_index", "cdp", "a", "b", "c"]
    numpy.testing.assert_array_equal(frame.c, 13 * n)
    assert frame.c.dtype == "int32" and frame.a.dtype == "float64"


def test_computed_headers_use_fields_that_are_no_columns(survey):
    layout = {"extends": "standard",
              "computed": [{"name": "half", "expression": "cdp / 2"},
                           {"name": "line", "expression": "round(half)", "type": "int16"},
                           {"name": "unused", "expression": "offset"}]}
    dataset = survey({(21, "i4"): numpy.arange(TRACES)}, "--headers", "line", layout=layout)
    frame = headers_of(dataset)
    assert list(frame.columns) == ["trace_index", "line"]
    numpy.testing.assert_array_equal(frame.line, numpy.rint(numpy.arange(TRACES) / 2))


def test_rows_without_a_value_are_null_and_told_of(survey):
    n = numpy.arange(TRACES) % 3 - 1
    dataset = survey({(21, "i4"): n, (37, "i4"): 1000 * numpy.arange(TRACES)},
                     "--compute", "q: int32 = offset / cdp", "--compute", "r = q + 1",
                     "--compute", "s: int8 = offset", "--compute", "t: int8 = cdp / 2")
    frame = pyarrow.parquet.read_table(dataset / "headers.parquet").to_pydict()
    expected = [None if c == 0 else int(1000 * i / c) for i, c in enumerate(n)]
    assert frame["q"] == expected
    assert frame["r"] == [None if v is None else v + 1 for v in expected]
    assert frame["s"] == [0] + [None] * (TRACES - 1)
    assert frame["t"] == [None if c else 0 for c in n]
    q, r, s, t = fact(dataset, "computed_headers")
    assert q["without_value"] == r["without_value"] == 100
    assert q["reasons"] == {"division by zero": 100}
    first = [f for f in fact(dataset, "computed_failures") if f["header"] == "q"]
    assert [f["trace"] for f in first] == list(range(1, 31, 3))
    assert first[0] == {"header": "q", "trace": 1, "reason": "division by zero",
                        "inputs": {"offset": 1000, "cdp": 0}}
    assert list(r["reasons"]) == ["a header it is computed from has no value"]
    assert list(s["reasons"]) == ["beyond the range of its type"]
    assert list(t["reasons"]) == ["not a whole number"]
    notes = json.loads((dataset / "manifest.json").read_text())["notes"]
    (note,) = [x for x in notes if "header q " in x]
    assert "100 of 300 traces: 100 division by zero. First trace 1: offset = 1000, cdp = 0" in note
    assert "header q" in (dataset / "report.html").read_text()


@pytest.mark.parametrize("options, words", [
    (("a = b + 1", "b = c", "c = a"), "a needs b, b needs c, c needs a"),
    (("a = a",), "a needs a"),
    (("x = a", "a = b", "b = a"), "a needs b, b needs a"),
    (("a = ofset + 1",), "Did you mean 'offset'?"),
    (("a = header_name",), "'header_name', which is no column"),
    (("a = source_x_scled",), "Did you mean 'source_x_scaled'?"),
    (("a = offset +",), "computed header 'a'"),
    (("offset = 3",), "two columns 'offset'"),
    (("source_x_scaled = 3",), "two columns 'source_x_scaled'"),
    (("trace_index = 3",), "two columns 'trace_index'"),
    (("a = 1", "a = 2"), "given twice"),
    (("nonsense",), "is no computed header"),
])
def test_computed_headers_that_cannot_be_are_refused(options, words, survey):
    arguments = [part for option in options for part in ("--compute", option)]
    message = survey({}, *arguments, code=1 if "two columns" in words else 2)
    assert words in message


# ---- keys ---------------------------------------------------------------------------------------


def gathers_of(dataset):
    return pyarrow.parquet.read_table(dataset / "ensembles.parquet").to_pydict()


def runs(values):
    """(value, start, end) of runs of equal values."""
    starts = [i for i, v in enumerate(values) if i == 0 or v != values[i - 1]]
    return [(values[s], s, e) for s, e in zip(starts, [*starts[1:], len(values)])]


@pytest.mark.parametrize("kind", ["u1", "i1", "u2", "i4", "i8", "u8", "f4", "f8", "ibm"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_keys_of_any_type_at_any_byte(kind, order, survey):
    values = (numpy.arange(TRACES) // 7 % 5 - 2).astype("i8" if kind == "ibm" else kind)
    raw = ibm_bytes(values.astype("f8")) if kind == "ibm" else values
    names = {v: k for k, v in HEADER_TYPES.items()} | {"ibm": "ibm32"}
    layout = {"fields": [{"name": "k", "byte": 203, "type": names[kind]}], "ensemble_keys": ["k"]}
    dataset = survey({(203, "u4" if kind == "ibm" else kind): raw}, layout=layout, order=order)
    found = gathers_of(dataset)
    assert list(zip(found["k"], found["start"], found["end"])) == runs(values.tolist())


def test_composite_keys_mix_types_bytes_and_computed_headers(survey):
    n = numpy.arange(TRACES)
    layout = {"extends": "standard",
              "fields": [{"name": "k8", "byte": 240, "type": "uint8"},
                         {"name": "kf", "byte": 233, "type": "ieee32"}],
              "computed": [{"name": "line", "expression": "cdp // 100", "type": "int16"}],
              "ensemble_keys": ["line", "kf", "k8", "source_x_scaled"]}
    dataset = survey({(21, "i4"): n, (240, "u1"): n // 30 + 200, (233, "f4"): n // 50 / 4,
                      (71, "i2"): -10, (73, "i4"): n // 90}, layout=layout)
    found = gathers_of(dataset)
    keys = [(int(i // 100), i // 50 / 4, int(i // 30 + 200), i // 90 / 10) for i in n]
    columns = ("line", "kf", "k8", "source_x_scaled", "start", "end")
    assert list(zip(*(found[c] for c in columns))) == [(*k, s, e) for k, s, e in runs(keys)]


def test_a_key_without_a_value_is_null(survey):
    n = numpy.arange(TRACES) // 20 % 3
    dataset = survey({(21, "i4"): n}, "--compute", "k = 6 / cdp", "--ensemble-key", "k")
    found = gathers_of(dataset)
    expected = runs([None if v == 0 else 6 / v for v in n.tolist()])
    assert list(zip(found["k"], found["start"], found["end"])) == expected


def test_segments_are_cut_at_computed_keys(survey, tmp_path):
    n = numpy.arange(2000)
    dataset = survey({(21, "i4"): n}, "--compute", "k = cdp // 130", "--ensemble-key", "k",
                     "--segment-traces", "256", "--chunk-traces", "64", "--shard-traces", "64",
                     traces=2000)
    groups = pyarrow.parquet.ParquetFile(dataset / "headers.parquet").metadata
    bounds = numpy.cumsum([groups.row_group(g).num_rows for g in range(groups.num_row_groups)])
    assert len(bounds) > 4 and all(b % 130 == 0 for b in bounds[:-1])
    assert len(gathers_of(dataset)["k"]) == 16


# ---- raw headers --------------------------------------------------------------------------------


def noise(order=">"):
    rng = numpy.random.default_rng(1)
    return {(b, "u1"): rng.integers(0, 256, TRACES) for b in range(1, 241) if b not in range(115, 119)}


@pytest.mark.parametrize("options, raw, lossless", [
    ((), False, True),
    (("--raw-headers",), True, True),
    (("--headers", "cdp"), False, False),
    (("--headers", "cdp", "--raw-headers"), True, True),
    (("--headers", "cdp,raw_header"), True, True),
    (("--layout", "petrel"), True, True),
    (("--layout", "petrel", "--no-raw-headers"), False, False),
])
def test_raw_headers_are_kept_where_columns_lose_bytes(options, raw, lossless, survey):
    dataset = survey(noise(), *options)
    assert ("raw_header" in headers_of(dataset)) == raw == fact(dataset)["raw_header"]
    assert fact(dataset)["lossless"] == lossless
    if lossless:
        rows = numpy.fromfile(dataset.with_suffix(".sgy"), "u1")[3600:].reshape(TRACES, -1)
        numpy.testing.assert_array_equal(header_bytes(dataset, 240, ">"), rows[:, :240])
    quern("verify", dataset)


def test_ibm_fields_do_not_count_as_kept(survey):
    """0x00123456 and 0x42000001 are not normalised: float32 does not give them back."""
    layout = {"extends": "standard", "fields": [{"name": "x", "byte": 73, "type": "ibm32"}]}
    dataset = survey({(73, "u4"): 0x00123456}, layout=layout)
    assert fact(dataset)["raw_header"] and fact(dataset)["lossless"]
    assert "bytes 73-76 whole" in " ".join(
        json.loads((dataset / "manifest.json").read_text())["notes"])


def test_raw_headers_pack_well(tmp_path):
    quern("synth", "segy", "--inlines", 100, "--crosslines", 100, "--samples", 5, "-o",
          tmp_path / "x.sgy")
    segy_import(tmp_path / "x.sgy", tmp_path / "x.ds", "--raw-headers", *FAST)
    group = pyarrow.parquet.ParquetFile(tmp_path / "x.ds/headers.parquet").metadata.row_group(0)
    raw = group.column(group.num_columns - 1)
    assert raw.path_in_schema == "raw_header"
    assert raw.total_compressed_size < group.num_rows * 24  # a tenth


# ---- what is said about headers -----------------------------------------------------------------


def odd_survey():
    n = numpy.arange(TRACES)
    cdp = n.copy()
    cdp[100:102] = 99  # traces 99 to 101 have the same header but for bytes 1 to 8
    return {
        (5, "i4"): n + 1,
        (21, "i4"): cdp,
        (29, "i2"): numpy.where(n % 50 == 3, 2, 1),
        (45, "i4"): numpy.where(n < 40, 100, 0),
        (69, "i2"): 0,
        (71, "i2"): numpy.where(n == 200, 7, numpy.where(n > 250, -32768, -100)),
        (73, "i4"): 5,
        (115, "u2"): numpy.where(n == 60, 5, numpy.where(n == 30, 0, 4)),
        (117, "u2"): numpy.where(n >= 290, 2000, 4000),
    }


def test_odd_headers_are_counted(survey):
    dataset = survey(odd_survey())
    headers = fact(dataset)
    odd = {o["what"]: (o["traces"], o["first_trace"], o["value"])
           for o in fact(dataset, "header_oddities")}
    assert odd == {
        "scalar of elevations is 0 where there are some": (40, 0, 0),
        "scalar of coordinates is not legal": (50, 200, 7),
        "marked dead by trace_id_code": (6, 3, 2),
        "sample_count is not the trace's": (1, 60, 5),
        "sample_interval is not the survey's": (10, 290, 2000),
        "header repeats that of the trace before": (2, 100, 0),
    }
    assert set(headers["varying"]) == {
        "trace_sequence_line", "trace_sequence_file", "cdp", "trace_id_code", "source_elevation",
        "scalar_coord", "sample_count", "sample_interval"}
    assert headers["constant"] == {"source_x": 5}
    assert len(headers["all_zero"]) == 91 - 8 - 1


def test_counts_do_not_depend_on_how_the_file_is_cut(survey, tmp_path):
    whole = survey(odd_survey(), "--compute", "x = 1 / (cdp % 7)")
    expected = header_facts(whole)
    assert len(expected) == 4
    cut = ("--segment-traces", "10", "--chunk-traces", "10", "--shard-traces", "10")
    for jobs in ("1", "3", "7"):
        dataset = survey(odd_survey(), "--compute", "x = 1 / (cdp % 7)", *cut, "-j", jobs)
        assert header_facts(dataset) == expected


def test_nothing_odd_says_nothing(survey):
    n = numpy.arange(TRACES)
    dataset = survey({(29, "i2"): 1, (69, "i2"): 1, (71, "i2"): -100, (73, "i4"): n, (45, "i4"): 3})
    assert "header_oddities" not in header_facts(dataset)
