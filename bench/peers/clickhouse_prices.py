"""A month of real-time prices to one Parquet file with ClickHouse on two threads; prints the seconds.

best: the schema given, duplicates removed, sorted by key, zstd. default: as it comes, no order.
"""

import sys
import time

import chdb

source, target, way = sys.argv[1:]
columns = ("DeliveryDate String, DeliveryHour Int8, DeliveryInterval Int8, SettlementPointName String, "
           "SettlementPointType String, SettlementPointPrice Float64, DSTFlag String")
key = ("DeliveryDate, DeliveryHour, DeliveryInterval, DSTFlag, SettlementPointName, "
       "SettlementPointType")
query = {
    "best": f"""
        select toDate(parseDateTime(DeliveryDate, '%m/%d/%Y')) as DeliveryDate,
               * except DeliveryDate
        from file('{source}/*.csv', CSVWithNames, '{columns}') order by {key} limit 1 by {key}""",
    "default": f"select * from file('{source}/*.csv', CSVWithNames)",
}[way]
settings = "max_threads = 2, output_format_parquet_compression_method = 'zstd'"
chdb.query("select 1")  # starting ClickHouse is not what is measured
begin = time.perf_counter()
chdb.query(f"insert into function file('{target}', Parquet) {query} settings {settings}")
print(time.perf_counter() - begin)
