/* Reading a Parquet file with one thread and nothing else: its footer, and every value of every
 * column into memory. bench/parts/parquet.py sets it beside pyarrow, DuckDB and Polars.
 *
 *   bench_parquet FILE     prints a JSON object: seconds, rows, values and bytes of values
 */
#include "bench.h"

#include "pipelines/opened.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct sum {
    uint64_t values, bytes;
};

static void fail(const struct qn_error *err)
{
    fprintf(stderr, "bench_parquet: %s\n", err->message);
    exit(1);
}

static void read_column(struct qn_parquet_file *file, size_t group, size_t leaf, struct sum *sum)
{
    struct qn_parquet_scan *scan;
    struct qn_parquet_batch batch = {.count = 1};
    struct qn_error err = {.offset = -1};
    size_t width = qn_parquet_width(qn_parquet_leaf(file, leaf));
    enum qn_status status = qn_parquet_scan_open(&scan, file, group, leaf, &err);
    while (!status && batch.count > 0) {
        status = qn_parquet_scan_next(scan, &batch, &err);
        sum->values += status ? 0 : batch.values;
        sum->bytes += status ? 0 : batch.values * width;
        for (size_t i = 0; !status && width == 0 && i < batch.values; i++)
            sum->bytes += batch.texts[i].len;
    }
    qn_parquet_scan_close(scan);
    if (status)
        fail(&err);
}

int main(int argc, char **argv)
{
    static struct qn_opened opened;
    struct qn_error err = {.offset = -1};
    struct sum sum = {0, 0};
    if (argc != 2) {
        fprintf(stderr, "usage: bench_parquet FILE\n");
        return 2;
    }
    double begin = seconds();
    if (qn_opened_open(&opened, argv[1], QN_PARQUET_STRICT, &err))
        fail(&err);
    uint64_t rows = qn_parquet_rows(opened.file);
    double counted = seconds();
    for (size_t g = 0; g < qn_parquet_groups(opened.file); g++) {
        for (size_t leaf = 0; leaf < qn_parquet_leaf_count(opened.file); leaf++)
            read_column(opened.file, g, leaf, &sum);
    }
    printf("{\"count\": %.6f, \"scan\": %.6f, \"rows\": %" PRIu64 ", \"values\": %" PRIu64
           ", \"bytes\": %" PRIu64 "}\n",
           counted - begin, seconds() - counted, rows, sum.values, sum.bytes);
    qn_opened_close(&opened);
    return 0;
}
