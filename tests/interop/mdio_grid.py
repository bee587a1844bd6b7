"""Imports a stack with MDIO, opens that and a grid.zarr with MDIO's own reader, and says as JSON
how they differ: `mdio_grid.py FILE.sgy OUT.mdio GRID.zarr`. Run by test_segy_grid.py in an
environment with multidimio."""

import json
import os
import sys

os.environ["MDIO__IMPORT__CPU_COUNT"] = "1"

import numpy
from mdio import open_mdio, segy_to_mdio
from mdio.builder.template_registry import TemplateRegistry
from segy.schema import HeaderField
from segy.standards import get_segy_standard

FIELDS = [("inline", 189), ("crossline", 193), ("cdp_x", 181), ("cdp_y", 185)]
COMPARED = ["amplitude", "trace_mask", "inline", "crossline", "cdp_x", "cdp_y"]


def main(source, target, grid):
    fields = [HeaderField(name=name, byte=byte, format="int32") for name, byte in FIELDS]
    segy_to_mdio(
        segy_spec=get_segy_standard(1.0).customize(trace_header_fields=fields),
        mdio_template=TemplateRegistry().get("PostStack3DTime"),
        input_path=source,
        output_path=target,
    )
    theirs, ours = open_mdio(target), open_mdio(grid)
    print(json.dumps({
        "different": [name for name in COMPARED if theirs[name].dims != ours[name].dims or not
                      numpy.allclose(theirs[name].values, ours[name].values, equal_nan=True)],
        "coordinates": [sorted(map(str, theirs.coords)), sorted(map(str, ours.coords))],
        "attributes": [[d.attrs["name"], d.attrs["attributes"]] for d in (theirs, ours)],
    }))


if __name__ == "__main__":
    main(*sys.argv[1:])
