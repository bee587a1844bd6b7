"""A month of real-time prices to one Parquet file with Polars, streaming, no order; prints the
seconds."""

import os
import sys
import time

os.environ["POLARS_MAX_THREADS"] = "2"

import polars

source, target = sys.argv[1:3]
begin = time.perf_counter()
polars.scan_csv(f"{source}/*.csv").sink_parquet(target, compression="zstd")
print(time.perf_counter() - begin)
