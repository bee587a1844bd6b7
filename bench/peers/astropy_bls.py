"""Seconds of astropy's BoxLeastSquares.power, as JSON: `astropy_bls.py CURVE LOW HIGH FACTOR EVERY`.

With the durations that lightkurve has by default; FACTOR is autoperiod's frequency_factor, of its
grid every EVERY-th period is tried. A curve is text, or a FITS file of TESS."""

import json
import sys
import time

from curves import DURATIONS, read
from astropy.timeseries import BoxLeastSquares

path, low, high, factor, every = sys.argv[1:6]
model = BoxLeastSquares(*read(path))
grid = model.autoperiod(DURATIONS, minimum_period=float(low), maximum_period=float(high),
                        frequency_factor=float(factor))
periods = grid[:: int(every)]
begin = time.perf_counter()
result = model.power(periods, DURATIONS, oversample=10)
seconds = time.perf_counter() - begin
best = result.power.argmax()
print(json.dumps({"seconds": seconds * len(grid) / len(periods), "periods": len(grid),
                  "period": result.period[best], "power": result.power[best]}))
