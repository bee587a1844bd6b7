"""A month of real-time prices to one Parquet file with DuckDB on two threads; prints the seconds.

best: the schema and date format given, duplicates removed, sorted by key, zstd. default: as anyone
would begin, no order, but with the date format, without which it takes days for months and fails.
"""

import sys
import time

import duckdb

source, target, way = sys.argv[1:]
duckdb.sql("set threads = 2")
columns = {"DeliveryDate": "DATE", "DeliveryHour": "TINYINT", "DeliveryInterval": "TINYINT",
           "SettlementPointName": "VARCHAR", "SettlementPointType": "VARCHAR",
           "SettlementPointPrice": "DOUBLE", "DSTFlag": "VARCHAR"}
key = ("DeliveryDate, DeliveryHour, DeliveryInterval, DSTFlag, SettlementPointName, "
       "SettlementPointType")
best = f"""
    select * exclude again from (
        select *, row_number() over (partition by {key}) as again
        from read_csv('{source}/*.csv', header = true, dateformat = '%m/%d/%Y', columns = {columns}))
    where again = 1 order by {key}"""
default = f"select * from read_csv('{source}/*.csv', dateformat = '%m/%d/%Y')"
begin = time.perf_counter()
query = best if way == "best" else default
duckdb.sql(f"copy ({query}) to '{target}' (format parquet, compression zstd)")
print(time.perf_counter() - begin)
