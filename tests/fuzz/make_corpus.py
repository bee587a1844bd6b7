"""Writes the seeds of the fuzz targets: small files of every kind that the targets know, made by
Quern itself and by the independent writers of tests/interop. Run it after changing a format; what
crashed a target once (corpus/NAME/crash-*) is left alone.
"""

import gzip
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import numpy

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "interop"))

from segy_tools import BUILD, write_segy  # noqa: E402


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


def main():
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)
        surveys(scratch)
        mappings()
        archives()
        texts()
        stores(scratch)
    files = [p for p in (HERE / "corpus").rglob("*") if p.is_file()]
    print(f"{len(files)} seeds, {sum(os.path.getsize(p) for p in files)} bytes")


if __name__ == "__main__":
    main()
