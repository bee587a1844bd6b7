"""Exports, and a survey for them."""

from segy_tools import quern, segy_import

QUICK = ("--durability", "process")
SMALL = ("--chunk-traces", "16", "--shard-traces", "64", "--segment-traces", "64", *QUICK)


def export(dataset, path, *options, code=0):
    return quern("segy", "export", dataset, "-o", path, *options, *QUICK, code=code)


def make_cube(folder):
    """12 inlines of 30 crosslines, IBM, as a file and as a dataset."""
    quern("synth", "segy", "--inlines", 12, "--crosslines", 30, "--samples", 80, "--revision", 2,
          "-o", folder / "cube.sgy")
    segy_import(folder / "cube.sgy", folder / "cube.ds", *SMALL, "--ensemble-key", "inline")
    return folder / "cube.sgy", folder / "cube.ds"
