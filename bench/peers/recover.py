"""Best periods of many light curves by another program's blind search, one process each CPU:
`recover.py astropy|tls LOW HIGH FILE...` prints a JSON list of periods, in order."""

import json
import multiprocessing
import sys

from curves import DURATIONS, read


def by_astropy(path):
    from astropy.timeseries import BoxLeastSquares
    model = BoxLeastSquares(*read(path))
    periods = model.autoperiod(DURATIONS, minimum_period=LOW, maximum_period=HIGH,
                               frequency_factor=3)
    result = model.power(periods, DURATIONS, oversample=10)
    return float(result.period[result.power.argmax()])


def by_tls(path):
    import contextlib

    from transitleastsquares import transitleastsquares
    with contextlib.redirect_stdout(sys.stderr):
        result = transitleastsquares(*read(path)).power(
            period_min=LOW, period_max=HIGH, use_threads=1, show_progress_bar=False, verbose=False)
    return float(result.period)


LOW, HIGH = map(float, sys.argv[2:4])
if __name__ == "__main__":
    with multiprocessing.Pool(2) as pool:
        search = by_astropy if sys.argv[1] == "astropy" else by_tls
        print(json.dumps(pool.map(search, sys.argv[4:], chunksize=4)))
