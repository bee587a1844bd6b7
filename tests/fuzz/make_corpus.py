"""Writes the seeds of the fuzz targets: small files of every kind that the targets know, made by
Quern itself and by the independent writers of tests/interop. Run it after changing a format; what
crashed a target once (corpus/NAME/crash-*) is left alone.
"""

import gzip
import io
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import zipfile

import numpy
import pyarrow
import pyarrow.parquet

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "interop"))

from lunar_tools import THETA, day_rows, text_of  # noqa: E402
from segy_tools import BUILD, write_segy  # noqa: E402
from spice_tools import daf  # noqa: E402
from test_segy_variable import write_traces  # noqa: E402
from transit_tools import spoc, write_fits  # noqa: E402


def keep(target, name, content):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def quern(*words):
    subprocess.run([BUILD / "quern", *map(str, words)], check=True, capture_output=True)


def surveys(scratch):
    for code, order in ((1, ">"), (5, "<"), (3, ">"), (16, "<")):
        write_segy(scratch / "x.sgy", numpy.arange(12.0).reshape(3, 4), code=code, order=order)
        name = f"{code}-{'big' if order == '>' else 'little'}.sgy"
        keep("segy_layout", name, (scratch / "x.sgy").read_bytes())
    for revision in (0, 1, 2):
        quern("synth", "segy", "--inlines", 1, "--crosslines", 2, "--samples", 5, "--revision",
              revision, "-o", scratch / "y.sgy")
        keep("segy_layout", f"synth-{revision}.sgy", (scratch / "y.sgy").read_bytes())
    su = numpy.zeros((2, 256), "u1")
    su[:, 114] = 4  # four samples, little-endian
    keep("segy_layout", "two-traces.su", su.tobytes())


def damaged(scratch):
    rows = numpy.arange(60.0).reshape(6, 10)
    settings = {(29, "i2"): 1, (71, "i2"): -10, (89, "i2"): 1}
    write_segy(scratch / "d.sgy", rows, headers=settings)
    raw = (scratch / "d.sgy").read_bytes()
    keep("segy_walk", "sound.sgy", raw)
    keep("segy_walk", "cut.sgy", raw[:-30])
    keep("segy_walk", "longer.sgy", raw[:4500] + b"???" + raw[4500:])
    keep("segy_walk", "shorter.sgy", raw[:4500] + raw[4507:])
    rows = [numpy.arange(n) for n in (3, 9, 4, 7, 5)]
    write_traces(scratch / "v.sgy", rows, headers={k: [v] * 5 for k, v in settings.items()})
    keep("segy_walk", "variable.sgy", (scratch / "v.sgy").read_bytes())


def packed():
    text = b"".join(b"%d " % (i * i) for i in range(300))
    for level in (0, 1, 9):
        keep("gzip", f"level-{level}.gz", gzip.compress(text, level, mtime=0))
    members = [gzip.compress(text[i : i + 500], mtime=0) for i in range(0, len(text), 500)]
    keep("gzip", "members.gz", b"".join(members))
    keep("gzip", "zeros.gz", gzip.compress(bytes(100000), mtime=0) + bytes(9))


def archives():
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as archive:
            for name, text in (("a.csv", "a,b\n1,2\n"), ("d/", ""), ("c.csv", "x" * 3000)):
                archive.writestr(zipfile.ZipInfo(name), text, compress_type=method)
        keep("zip", f"method-{method}.zip", out.getvalue())
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in WORKBOOK.items():
            book.writestr(zipfile.ZipInfo(name), text, compress_type=zipfile.ZIP_DEFLATED)
    keep("zip", "book.xlsx", out.getvalue())
    keep("zip", "two.gz", gzip.compress(b"a,b\n", mtime=0) + gzip.compress(b"1,2\n", mtime=0))


def texts():
    keep("csv", "prices.csv", b"DeliveryDate,HourEnding,SettlementPoint,SettlementPointPrice\n"
         b"03/10/2024,01:00,HB_WEST, -38.25\n03/10/2024,02:00,HB_WEST,.01\n" * 3)
    keep("csv", "quoted.csv", b'"a","b ""c"", d","e\nf"\r\n"","","1e308"\r\n\r\n"open')


WORKBOOK = {
    "xl/workbook.xml": '<workbook><sheets><sheet name="S &amp; T" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<Relationships><Relationship Id="rId1" '
                                  'Target="worksheets/sheet1.xml"/></Relationships>',
    "xl/sharedStrings.xml": "<sst><si><t>a</t></si><si><r><t>b</t></r><r><t>c,</t></r></si></sst>",
    "xl/worksheets/sheet1.xml": '<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c>'
                                '<c r="C1" t="s"><v>1</v></c></row><row r="3"><c r="B3"><v>2.5</v>'
                                '</c><c t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
                                "</worksheet>",
}


def mappings():
    fields = [
        {"name": "inline", "byte": 9, "type": "int32"},
        {"name": "x", "byte": 73, "type": "ibm32", "scalar": "coordinates", "description": "m"},
        {"name": "text", "byte": 233, "type": "ascii8"},
    ]
    keep("segy_mapping", "list.json",
         json.dumps({"fields": fields, "ensemble_keys": ["inline"]}).encode())
    old = {"cdp": {"name": "cdp", "byte_position": 21, "format": "i", "description": ""}}
    keep("segy_mapping", "object.json",
         json.dumps({"fields": old, "ensemble_keys": ["cdp"], "computed_fields": []}).encode())


    keep("segy_mapping", "extends.json", json.dumps({
        "extends": "petrel",
        "fields": [{"name": "x", "byte": 73, "type": "int32",
                    "override": {"byte": 337, "type": "ieee64"}}],
        "computed": [{"name": "line", "expression": "cdp // 1000", "type": "int32"}],
        "ensemble_keys": ["line", "x_scaled"]}).encode())


def layouts():
    entries = (("iline", 189, "int4"), ("sht_x", 73, "coor4"), ("co_scal", 71, "int2"),
               ("smeasure", 225, "scale6"))
    lines = [f'<entry name="{n}" byte="{b}" type="{t}"/>' for n, b, t in entries]
    more = '<extension name="SEG00001"><entry name="sht_x" byte="97" type="ieee64" ' \
           'if-non-zero="1"/></extension>'
    xml = '((SEG:Layout:text/xml))\n<?xml version="1.0" encoding="utf-8"?>\n' \
          '<segy-layout name="mine">' + "\n".join(lines) + more + "</segy-layout>"
    keep("segy_xml", "ascii.txt", xml.ljust(3200).encode())
    keep("segy_xml", "ebcdic.txt", xml.ljust(3200).encode("cp500"))
    for i, text in enumerate(("round(a / 1000) // -b ** 2", "atan2(min(a, b, 3), pi) % 1e-3",
                              "-(sqrt(abs(a)) + floor(.5))")):
        keep("expression", f"{i}.txt", text.encode())


def stores(scratch):
    quern("synth", "segy", "--inlines", 2, "--crosslines", 5, "--samples", 6, "-o", scratch / "z.sgy")
    for codec in ("none", "zstd", "blosc-lz4", "blosc-zstd"):
        for version in (2, 3):
            dataset = scratch / f"{codec}-{version}.ds"
            quern("segy", "import", scratch / "z.sgy", "-o", dataset, "--codec", codec, "--zarr",
                  version, "--chunk-traces", 4)
            folder = dataset / "traces.zarr" / "amplitude"
            document = folder / (".zarray" if version == 2 else "zarr.json")
            chunk = folder / ("0.0" if version == 2 else "c/0/0")
            keep("zarr", f"{codec}-{version}",
                 bytes([version % 2 == 0]) + document.read_bytes() + b"\0" + chunk.read_bytes())
    keep("ledger", "import", (dataset / ".quern" / "ledger").read_bytes())


def text(content):
    return struct.pack("<I", len(content)) + content


def done(task, attempt=1, result=b"flour", in_part=0):
    """A worker's record of success: qn_record_encode in src/engine/ledger.c."""
    head = struct.pack("<BQII6QB", 2, task, attempt, 0, 10**15, 5000, 4000, 3000, 10, 20, 0)
    return head + struct.pack("<BQ16sI", in_part, 0, bytes(16), len(result)) + result


def failed(task, status, attempt=1):
    head = struct.pack("<BQII6QB", 3, task, attempt, 0, 10**15, 5000, 4000, 3000, 10, 20, status)
    return head + struct.pack("<iq", 0, -1) + text(b"/grist") + text(b"a stone in it") + text(b"")


def records(*payloads):
    return struct.pack("<I", 4) + b"".join(map(text, payloads))


def messages():
    """What workers say: ready; done, failed in every class; a worker that cannot be opened."""
    ready, cannot = struct.pack("<I", 2), struct.pack("<II", 3, 5) + text(b"no kernels")

    def series(*sent):
        return b"".join(struct.pack("<BH", w, len(m)) + m for w, m in sent)

    classes = [records(failed(5, status)) for status in range(1, 16)]
    talks = {
        "two-workers": [(0, ready), (1, ready), (0, records(done(5))), (1, records(done(4))),
                        (0, records(done(3), done(2))), (1, records(done(1), done(0)))],
        "failures": [(0, ready)] + [(0, m) for m in classes],
        "twice": [(0, ready), (0, records(done(5))), (0, records(done(5))), (0, ready)],
        "part": [(0, ready), (0, records(done(5, in_part=1, result=b"")))],
        "cannot-open": [(0, cannot), (1, ready)],
    }
    for name, sent in talks.items():
        keep("protocol", name, series(*sent))


def parts():
    def listed(*paths):
        files = b"".join(
            text(p) + struct.pack("<Q16sI", 1000, bytes(16), 2) + bytes(8) +
            struct.pack("<I", 1) + bytes(8) for p in paths)
        return b"QNP2" + bytes(4) + text(b"") + struct.pack("<Q", 0) + text(b"result") + \
            struct.pack("<I", len(paths)) + files

    keep("part", "two-files", listed(b"flour/00000.bin", b"loaf.bin"))
    keep("part", "no-file", listed())
    keep("part", "outside", listed(b"flour/../../../etc/passwd"))
    keep("part", "absolute", listed(b"/etc/passwd"))


def blocks():
    """Entries whose hashes the target sets right only when there is one; see fuzz_blocks.c."""
    def entry(path, length, size):
        count = -(-size // length) if path else 0
        return text(path) + struct.pack("<IQ", length, size) + bytes(8 * count) + bytes(8)

    keep("blocks", "one", b"QNBLOCK1" + entry(b"loaf.bin", 65536, 200000))
    keep("blocks", "three", b"QNBLOCK1" + entry(b".quern/parts/0.part", 65536, 10) +
         entry(b"manifest.json", 256, 1000) + entry(b"", 1, 2))
    keep("blocks", "none", b"QNBLOCK1" + entry(b"", 1, 0))
    keep("blocks", "endless", b"QNBLOCK1" + text(b"loaf.bin") + struct.pack("<IQ", 1, 2**64 - 1))


def more_texts():
    schema = (HERE.parents[1] / "src/pipelines/ercot/datasets.schema").read_text()
    for i, block in enumerate(schema.split("\n\n")[1:9]):
        keep("schema", f"{i}.schema", block.encode() + b"\n")
    keep("delimited", "candidates.csv", b'id,"period, d",depth\n1,3.25,1e-3\n2,nan,\n')
    keep("delimited", "blanks.txt", b"# time flux\n1.5  0.99\n2.5\t1.01\n\n# end\n")
    keep("delimited", "semicolons.csv", b"1;2;3\r\n4;5\r\n")


def tables(scratch):
    """Parquet of every codec and page version, with lists, maps, texts, indexes and checksums."""
    rows = 60
    table = pyarrow.table({
        "i": list(range(rows)), "s": [f"text {i % 9}" for i in range(rows)],
        "l": [[7, None], None, []] * (rows // 3), "d": [i / 3 for i in range(rows)],
        "m": pyarrow.array([[("k", i)] for i in range(rows)],
                           pyarrow.map_(pyarrow.string(), pyarrow.int64())),
    })
    for i, codec in enumerate(["none", "snappy", "gzip", "brotli", "lz4", "zstd"]):
        path = scratch / f"{codec}.parquet"
        pyarrow.parquet.write_table(
            table, path, compression=codec, use_dictionary=i % 2 == 0, row_group_size=40,
            data_page_version=f"{i % 2 + 1}.0", write_page_index=True, write_page_checksum=i > 3,
            store_schema=False)
        keep("parquet", path.name, path.read_bytes())


def kernels():
    """Binary kernels with a segment of every type, and text kernels."""
    def segment(kind, words):
        return (0.0, 100.0, -25, 301, 1, kind), numpy.asarray(words, float)

    states = numpy.arange(24.0) + 1
    line = numpy.concatenate([[0], numpy.arange(1, 16) * 9, numpy.ones(6), numpy.ones(45) * 1e-3,
                              [4, 2, 3, 3]])
    record = [50, 50, 1, 2, 3, 4, 5, 6]
    epochs = [0, 30, 70, 100]
    even = [
        segment(1, [*line, 100, 1]), segment(2, [*record, 0, 100, 8, 1]),
        segment(3, [*record, 1, 1, 1, 1, 1, 1, 0, 100, 14, 1]),
        segment(8, [*states, 0, 30, 3, 4]), segment(12, [*states, 0, 30, 1, 4]),
    ]
    uneven = [
        segment(5, [*states, *epochs, 4902.8, 4]), segment(9, [*states, *epochs, 2, 4]),
        segment(13, [*states, *epochs, 1, 4]), segment(21, [*line, 100, 15, 1]),
    ]
    for order, arrays in (("<", even), (">", even), ("<", uneven), (">", uneven)):
        name = f"{'even' if arrays is even else 'uneven'}-{'big' if order == '>' else 'little'}.bsp"
        keep("daf", name, daf(arrays, order, comments=b"first\0second\0"))
    keep("daf", "old.bsp", daf(uneven[1:2], ">", word=b"NAIF/DAF", form=bytes(8)))
    keep("kpl", "leaps.tls", b"KPL/LSK\n\\begindata\nDELTET/K = 1.657D-3\nDELTET/DELTA_AT = "
         b"( 10, @1972-JAN-1\n 11, @1-JUL-1972/12:00:30.5 )\n\\begintext\nNo = data\n")
    keep("kpl", "texts.tf", b"\\begindata\r\nA = ( 'it''s' 'two' )\r\nA += 'three'\r\nB=(1,-.5e3)")
    keep("kpl", "attitude.tab", b"1998-01-07T04:00, 12.000,242.00,-88.00\r\n"
         b"1998-02-07T04:00, 12.000,  2.00,-87.00\r\n")


def plans(scratch):
    """What tasks get of their plans: a byte for the pipeline, what all share, and one task's."""
    def keep_tasks(pipeline, name, dataset):
        plan = (dataset / ".quern/plan.bin").read_bytes()
        count, _, _, at, length = struct.unpack_from("<5Q", plan, 8)
        shared = struct.pack("<BI", pipeline, length) + plan[at : at + length]
        for task in {0, count - 1}:
            place, size = struct.unpack_from("<2Q", plan, 48 + 32 * task + 16)
            keep("plan", f"{name}-{task}", shared + plan[place : place + size])

    quern("synth", "segy", "--inlines", 2, "--crosslines", 3, "--samples", 5, "-o",
          scratch / "p.sgy")
    quern("segy", "import", scratch / "p.sgy", "--grid", "inline,crossline", "-o",
          scratch / "p.ds")
    keep_tasks(0, "grid", scratch / "p.ds")
    packed = gzip.compress((scratch / "p.sgy").read_bytes(), mtime=0)
    (scratch / "p.sgy.gz").write_bytes(packed)
    quern("segy", "import", scratch / "p.sgy.gz", "-o", scratch / "packed.ds")
    keep_tasks(0, "packed", scratch / "packed.ds")


def spectra():
    day = [sweep[:2] for sweep in day_rows(3)]
    keep("er3d", "three-sweeps.tab", text_of(day).encode())
    day[1][0]["flux"] = day[1][0]["flux"][:-1]
    day[2][1]["spec_no"] = "none"
    day[0][1]["flux"][3], day[0][1]["phi"][4] = "9.999E-99", "999.99"
    keep("er3d", "faults.tab", text_of(day, "\r\n").encode())
    keep("er3d", "theta.tab", " ".join(f"{t:.2f}" for t in THETA).encode())
    keep("er3d", "attitude.tab", b"1998-01-07T04:00,  12.00, 242.00, -88.00\r\n"
         b"1999-05-31T12:00,  12.00, 242.00, -88.00\r\n")


def stars(scratch):
    """FITS tables of every type, tables of candidates, light curves in text."""
    time = numpy.linspace(1325, 1330, 12)
    flux = 1 + 0.01 * numpy.cos(time)
    keep("fits", "spoc.fits", spoc(scratch / "a.fits", 7, time, flux).read_bytes())
    write_fits(scratch / "b.fits", {"D": time, "E": flux.astype("f4"), "J": numpy.arange(12, dtype="i4"),
                                    "I": numpy.arange(12, dtype="i2")},
               [("TICID", 7), ("OBJECT", "TIC 7")],
               [("TSCAL3", 0.5), ("TZERO4", 32768), ("TNULL3", 3)])
    keep("fits", "types.fits", (scratch / "b.fits").read_bytes())
    text = "target_id,toi,period,depth,duration,epoch\nTIC 7,7.01,2.5,1000,2.4,2458326.5\n" \
           "x,\"a, b\",nan,,,\n"
    keep("candidates", "toi.csv", text.encode())
    keep("candidates", "koi.tsv", b"# KOI\nkepid\tkoi_period\tkoi_time0bk\n7\t3.5\t140.1\n")
    curve = "".join(f"{t!r},{f!r},0.001\n" for t, f in zip(time.tolist(), flux.tolist()))
    keep("candidates", "curve.csv", ("time,flux,flux_err\n" + curve).encode())
    keep("candidates", "curve.txt", curve.replace(",", " ").encode())
    table = pyarrow.table({"tic_id": [7, None], "period": [2.5, 3.5], "toi": ["7.01", None]})
    for codec in ("none", "zstd"):
        pyarrow.parquet.write_table(table, scratch / "t.parquet", compression=codec,
                                    store_schema=False)
        keep("candidates", f"{codec}.parquet", (scratch / "t.parquet").read_bytes())


def main():
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)
        surveys(scratch)
        damaged(scratch)
        packed()
        mappings()
        layouts()
        archives()
        texts()
        kernels()
        spectra()
        plans(scratch)
        more_texts()
        messages()
        parts()
        blocks()
        stores(scratch)
        tables(scratch)
        stars(scratch)
    files = [p for p in (HERE / "corpus").rglob("*") if p.is_file()]
    print(f"{len(files)} seeds, {sum(os.path.getsize(p) for p in files)} bytes")


if __name__ == "__main__":
    main()
