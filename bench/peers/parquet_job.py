"""One job on Parquet files with one thread of another tool; prints the seconds that it took.

    parquet_job.py TOOL JOB INPUT... [OUTPUT]

TOOL: pyarrow, duckdb, polars. JOB: count, scan, check, stats, rewrite, sort, merge, csv.
"""

import os
import sys
import time

os.environ["POLARS_MAX_THREADS"] = "1"
KEYS = ["point", "time"]


def pyarrow_jobs():
    import pyarrow
    import pyarrow.csv
    import pyarrow.parquet as pq

    pyarrow.set_cpu_count(1)
    options = {"compression": "zstd", "compression_level": 1, "write_page_index": True,
               "write_page_checksum": True}

    def read(path, **more):
        return pq.read_table(path, use_threads=False, **more)

    def stats(path):
        metadata = pq.read_metadata(path)
        return [metadata.row_group(g).column(c).statistics.to_dict()
                for g in range(metadata.num_row_groups) for c in range(metadata.num_columns)]

    def rewrite(source, target):
        with pq.ParquetWriter(target, pq.read_schema(source), **options) as writer:
            for batch in pq.ParquetFile(source).iter_batches(1 << 20, use_threads=False):
                writer.write_batch(batch, 1 << 20)

    def merge(*paths):
        with pq.ParquetWriter(paths[-1], pq.read_schema(paths[0]), **options) as writer:
            for path in paths[:-1]:
                writer.write_table(read(path))

    def csv(source, target):
        file = pq.ParquetFile(source)
        with pyarrow.csv.CSVWriter(target, file.schema_arrow) as writer:
            for batch in file.iter_batches(1 << 17, use_threads=False):
                writer.write_batch(batch)

    return {
        "count": lambda path: pq.read_metadata(path).num_rows,
        "scan": read,
        "check": lambda path: read(path, page_checksum_verification=True),
        "stats": stats,
        "rewrite": rewrite,
        "sort": lambda a, b: pq.write_table(
            read(a).sort_by([(key, "ascending") for key in KEYS]), b, **options),
        "merge": merge,
        "csv": csv,
    }


def duckdb_jobs():
    import duckdb

    connection = duckdb.connect()
    connection.execute("set threads = 1")
    connection.execute("set enable_progress_bar = false")

    def scan(path):
        names = [row[0] for row in connection.sql(f"describe from '{path}'").fetchall()]
        sums = ", ".join(f"max({name})" for name in names)
        connection.execute(f"select {sums} from '{path}'")

    def copy(query, target, how="format parquet, codec zstd"):
        connection.execute(f"copy ({query}) to '{target}' ({how})")

    return {
        "count": lambda p: connection.execute(f"select count(*) from '{p}'").fetchall(),
        "scan": scan,
        "stats": lambda p: connection.execute(f"from parquet_metadata('{p}')").fetchall(),
        "rewrite": lambda a, b: copy(f"from '{a}'", b),
        "sort": lambda a, b: copy(f"from '{a}' order by {', '.join(KEYS)}", b),
        "merge": lambda *paths: copy(f"from read_parquet({[str(p) for p in paths[:-1]]})", paths[-1]),
        "csv": lambda a, b: copy(f"from '{a}'", b, "format csv"),
    }


def polars_jobs():
    import polars

    def lazy(*paths):
        return polars.scan_parquet(list(paths))

    def sink(frame, target):
        frame.sink_parquet(target, compression="zstd", compression_level=1)

    return {
        "count": lambda path: lazy(path).select(polars.len()).collect(),
        "scan": polars.read_parquet,
        "rewrite": lambda a, b: sink(lazy(a), b),
        "sort": lambda a, b: sink(lazy(a).sort(KEYS), b),
        "merge": lambda *paths: sink(lazy(*paths[:-1]), paths[-1]),
        "csv": lambda a, b: lazy(a).sink_csv(b),
    }


tool, job, *paths = sys.argv[1:]
do = {"pyarrow": pyarrow_jobs, "duckdb": duckdb_jobs, "polars": polars_jobs}[tool]()[job]
begin = time.perf_counter()
do(*paths)
print(time.perf_counter() - begin)
