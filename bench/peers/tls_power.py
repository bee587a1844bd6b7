"""Seconds of transitleastsquares on its default grid with one process, as JSON: `tls_power.py CURVE`.
What it prints itself goes to standard error."""

import contextlib
import json
import sys
import time

from curves import read
from transitleastsquares import transitleastsquares


def power(curve):
    with contextlib.redirect_stdout(sys.stderr):
        return transitleastsquares(*curve).power(use_threads=1, show_progress_bar=False,
                                                 verbose=False)


if __name__ == "__main__":
    curve = read(sys.argv[1])
    part = tuple(values[: len(values) // 8] for values in curve)
    power(part)  # numba compiles at the first call
    begin = time.perf_counter()
    result = power(curve)
    print(json.dumps({"seconds": time.perf_counter() - begin, "periods": len(result.periods),
                      "period": float(result.period), "sde": float(result.SDE)}))
