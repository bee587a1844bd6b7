"""examples/section.py, as a reader of the documents would run it."""

import subprocess
import sys

import numpy
from segy_tools import ROOT, quern, segy_import

import matplotlib.image


def test_the_example_plots_an_inline(tmp_path):
    quern("synth", "segy", "--inlines", 12, "--crosslines", 30, "--samples", 100,
          "-o", tmp_path / "cube.sgy")
    segy_import(tmp_path / "cube.sgy", tmp_path / "cube.ds", "--grid", "poststack-3d")
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "section.py", tmp_path / "cube.ds", "1005",
         tmp_path / "section.png"],
        capture_output=True, text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("section.png: 30 crosslines, 100 samples\n")
    picture = matplotlib.image.imread(tmp_path / "section.png")[:, :, :3]
    coloured = numpy.ptp(picture, axis=2) > 0.3  # neither black, white nor grey
    assert coloured.mean() > 0.2
