"""The import of MDIO (multidimio) with its template for a stack: `mdio_import.py FILE STORE`.
The number of processes is MDIO's own setting, MDIO__IMPORT__CPU_COUNT."""

import sys

from mdio import segy_to_mdio
from mdio.builder.template_registry import TemplateRegistry
from segy.schema import HeaderField
from segy.standards import get_segy_standard

FIELDS = [("inline", 189), ("crossline", 193), ("cdp_x", 181), ("cdp_y", 185)]

if __name__ == "__main__":
    fields = [HeaderField(name=name, byte=byte, format="int32") for name, byte in FIELDS]
    segy_to_mdio(
        segy_spec=get_segy_standard(1.0).customize(trace_header_fields=fields),
        mdio_template=TemplateRegistry().get("PostStack3DTime"),
        input_path=sys.argv[1],
        output_path=sys.argv[2],
        overwrite=True,
    )
