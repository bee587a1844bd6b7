"""Seconds of reading four columns of FITS files, as JSON:
`fits_columns.py fitsio|astropy|bytes FILE...`. fitsio is cfitsio's own reading of rows; `bytes` is
what the kernel takes to hand over the files, looking at none of them."""

import json
import sys
import time

NAMES = ["TIME", "PDCSAP_FLUX", "PDCSAP_FLUX_ERR", "QUALITY"]
if sys.argv[1] == "fitsio":
    import fitsio

    def read(path):
        return fitsio.read(path, ext=1, columns=NAMES)
elif sys.argv[1] == "bytes":
    room = bytearray(1 << 24)

    def read(path):
        with open(path, "rb", buffering=0) as file:
            while file.readinto(room):
                pass
else:
    from astropy.io import fits

    def read(path):
        with fits.open(path, memmap=False) as hdus:
            return [hdus[1].data[name].astype("f8") for name in NAMES]

least = float("inf")
for _ in range(3):
    begin = time.perf_counter()
    for path in sys.argv[2:]:
        read(path)
    least = min(least, time.perf_counter() - begin)
print(json.dumps({"seconds": least, "files": len(sys.argv) - 2}))
