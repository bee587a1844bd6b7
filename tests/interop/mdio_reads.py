"""Imports a 3-D stack with MDIO and says what it holds, as JSON: `mdio_reads.py FILE.sgy OUT.mdio`.
Run by test_segy_export.py in an environment with multidimio."""

import json
import os
import sys

os.environ["MDIO__IMPORT__CPU_COUNT"] = "1"

import mdio
from segy.standards import get_segy_standard


def main(source, target):
    spec = get_segy_standard(1.0)
    template = mdio.builder.template_registry.TemplateRegistry().get("PostStack3DTime")
    mdio.segy_to_mdio(segy_spec=spec, mdio_template=template, input_path=source, output_path=target)
    dataset = mdio.open_mdio(target)
    amplitude = dataset.amplitude.values
    print(json.dumps({
        "inline": dataset.inline.values.tolist(),
        "crossline": dataset.crossline.values.tolist(),
        "sum": float(amplitude.astype("f8").sum()),
        "first": amplitude[0, 0].tolist(),
    }))


if __name__ == "__main__":
    main(*sys.argv[1:])
