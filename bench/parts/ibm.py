"""Conversion of IBM floats: every word there is."""

from common import show

IN_MEMORY = False


def bench(build, scratch, times):
    print("\nIBM floats, all 2^32 words against double precision:", flush=True)
    show([build / "bench" / "bench_ibm"])
