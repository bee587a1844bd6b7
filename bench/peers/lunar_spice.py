"""The geometry of rows with NAIF's CSPICE: what bench_lunar_sky computes, by the five calls that it
takes and NumPy for the rest. Prints microseconds, of the calls alone and of all, and the feet found.

    lunar_spice.py DATE ROWS KERNEL...
"""

import json
import sys
import time

import numpy
import spiceypy

RADIUS = 1737.4


def hits(position, direction):
    along = position @ direction
    square = RADIUS**2 - position @ position + along**2
    return square >= 0 and -along + numpy.sqrt(square) > 0


def main(date, rows, *kernels):
    for kernel in kernels:
        spiceypy.furnsh(kernel)
    longitude, latitude = numpy.radians([242.0, -88.0])
    z = numpy.array([numpy.cos(longitude) * numpy.cos(latitude),
                     numpy.sin(longitude) * numpy.cos(latitude), numpy.sin(latitude)])
    first = spiceypy.str2et(date)
    calls = feet = 0
    begin = time.perf_counter()
    for i in range(int(rows)):
        epoch = first + 5.0 * i
        start = time.perf_counter()
        craft = spiceypy.spkpos("-25", epoch, "IAU_MOON", "NONE", "301")[0]
        spiceypy.spkpos("10", epoch, "IAU_MOON", "NONE", "-25")
        sun = spiceypy.spkpos("10", epoch, "ECLIPJ2000", "NONE", "-25")[0]
        spiceypy.spkpos("10", epoch, "IAU_MOON", "NONE", "301")
        turn = spiceypy.pxform("ECLIPJ2000", "IAU_MOON", epoch)
        calls += time.perf_counter() - start
        sun = sun / numpy.linalg.norm(sun)
        x = sun - (sun @ z) * z
        x /= numpy.linalg.norm(x)
        b = numpy.array([3 + i % 7, 2 - i % 5, 4 - i % 9], dtype=float)
        b = turn @ (numpy.array([x, numpy.cross(z, x), z]).T @ (b / numpy.linalg.norm(b)))
        feet += hits(craft, b) != hits(craft, -b)
    whole = time.perf_counter() - begin
    print(json.dumps({"feet": int(feet), "calls_us": calls / int(rows) * 1e6,
                      "us": whole / int(rows) * 1e6}))


main(*sys.argv[1:])
