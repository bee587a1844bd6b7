"""Light curves as the peers of `quern transit` get them: times and fluxes around 1."""

import numpy

DURATIONS = [0.05, 0.10, 0.15, 0.20, 0.25, 0.33]


def read(path):
    if str(path).endswith(".fits"):
        from astropy.io import fits
        table = fits.getdata(path, 1)
        time, flux = (numpy.asarray(table[name], "f8") for name in ("TIME", "PDCSAP_FLUX"))
        keep = (table["QUALITY"] & 175 == 0) & numpy.isfinite(time) & numpy.isfinite(flux)
        time, flux = time[keep], flux[keep]
    else:
        time, flux = numpy.loadtxt(path, delimiter=",", usecols=(0, 1), skiprows=1).T
    return time, flux / numpy.median(flux)
