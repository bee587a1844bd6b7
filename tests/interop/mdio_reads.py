"""Imports a 3-D stack with MDIO and says what it holds, as JSON: `mdio_reads.py FILE.sgy OUT.mdio`.
Run by test_segy_export.py in an environment with multidimio."""

import json
import os
import sys

os.environ["MDIO__IMPORT__CPU_COUNT"] = "1"

from mdio import open_mdio, segy_to_mdio
from mdio.builder.template_registry import TemplateRegistry
from segy.schema import HeaderField
from segy.standards import get_segy_standard

FIELDS = [("inline", 189), ("crossline", 193), ("cdp_x", 181), ("cdp_y", 185)]


def main(source, target):
    fields = [HeaderField(name=name, byte=byte, format="int32") for name, byte in FIELDS]
    segy_to_mdio(
        segy_spec=get_segy_standard(1.0).customize(trace_header_fields=fields),
        mdio_template=TemplateRegistry().get("PostStack3DTime"),
        input_path=source,
        output_path=target,
    )
    dataset = open_mdio(target)
    amplitude = dataset.amplitude.values
    print(json.dumps({
        "inline": dataset.inline.values.tolist(),
        "crossline": dataset.crossline.values.tolist(),
        "sum": float(amplitude.astype("f8").sum()),
        "first": amplitude[0, 0].tolist(),
    }))


if __name__ == "__main__":
    main(*sys.argv[1:])
