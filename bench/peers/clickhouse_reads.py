"""Whether ClickHouse reads a table of prices as pyarrow does, cell by cell; prints the rows."""

import sys

import chdb
import pyarrow.parquet

(path,) = sys.argv[1:]
expected = pyarrow.parquet.read_table(path)
order = "max_threads = 1, input_format_parquet_preserve_order = 1"
got = chdb.query(f"select * from file('{path}', Parquet) settings {order}", "ArrowTable")
for name in expected.column_names:
    column = got[name].combine_chunks()
    if pyarrow.types.is_binary(column.type):
        column = column.cast(pyarrow.string())
    if column.cast(expected[name].type) != expected[name].combine_chunks():
        sys.exit(f"ClickHouse reads another column {name}")
print(expected.num_rows)
