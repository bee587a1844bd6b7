/* Verifying a result beyond the manifest's hashes: a row for every candidate in both files, in
 * order, and pages of features.parquet that hold together. */
#include "base/io.h"
#include "base/sys.h"
#include "format/parquet.h"
#include "format/text/delimited.h"
#include "pipelines/transit/job.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define MOST_BYTES ((uint64_t)1 << 32)

struct opened {
    char path[PATH_MAX];
    int fd;
};

static enum qn_status read_at(void *context, uint64_t offset, void *bytes, size_t len,
                              struct qn_error *err)
{
    struct opened *file = context;
    return qn_read_at(file->fd, file->path, bytes, len, offset, err);
}

static uint64_t rows_wanted(struct qn_verify *verify)
{
    const char *text = qn_verify_fact(verify, "candidates");
    json_t *fact = text ? json_loads(text, 0, NULL) : NULL;
    uint64_t rows = (uint64_t)json_integer_value(json_object_get(fact, "rows"));
    json_decref(fact);
    return rows;
}

static enum qn_status check_parquet(struct qn_verify *verify, uint64_t rows, struct qn_error *err)
{
    struct opened file;
    struct stat st;
    struct qn_error cause;
    uint64_t pages = 0;
    snprintf(file.path, sizeof file.path, "%s/features.parquet", qn_verify_job(verify)->directory);
    enum qn_status status = qn_open_read(file.path, &file.fd, err);
    if (status)
        return status;
    struct qn_parquet_source source = {.context = &file, .read_at = read_at, .name = file.path};
    struct qn_parquet_file *parquet = NULL;
    source.size = qn_sys.fstat(file.fd, &st) < 0 ? 0 : (uint64_t)st.st_size;
    if (qn_parquet_open(&parquet, &source, &cause) || qn_parquet_check(parquet, &pages, &cause))
        qn_verify_finding(verify, "features.parquet", cause.offset, "%s", cause.message);
    else if (qn_parquet_rows(parquet) != rows)
        qn_verify_finding(verify, "features.parquet", -1, "%llu rows, %llu were measured",
                          (unsigned long long)qn_parquet_rows(parquet), (unsigned long long)rows);
    else
        qn_verify_note(verify, "features.parquet: %llu rows in %llu pages",
                       (unsigned long long)rows, (unsigned long long)pages);
    qn_parquet_close(parquet);
    qn_sys.close(file.fd);
    return QN_OK;
}

/* Rows of features.csv in order of the candidates: none missing, none twice. */
static void check_order(struct qn_verify *verify, const struct qn_delimited *table)
{
    double before = -1;
    uint64_t stars = 0;
    for (size_t i = 0; i < table->rows; i++) {
        double row;
        if (!qn_delimited_number(qn_delimited_cell(table, i, 0), &row) ||
            (row != before && row != before + 1)) {
            qn_verify_finding(verify, "features.csv", -1, "row %zu is out of order", i);
            return;
        }
        stars += row != before;
        before = row;
    }
    if (stars != qn_verify_count(verify))
        qn_verify_finding(verify, "features.csv", -1, "%llu candidates of %llu have rows",
                          (unsigned long long)stars, (unsigned long long)qn_verify_count(verify));
}

enum qn_status qn_transit_verify(struct qn_verify *verify, struct qn_error *err)
{
    char path[PATH_MAX];
    struct qn_delimited table = {0};
    struct qn_error cause;
    uint64_t rows = rows_wanted(verify);
    enum qn_status status = check_parquet(verify, rows, err);
    if (status)
        return status;
    snprintf(path, sizeof path, "%s/features.csv", qn_verify_job(verify)->directory);
    if (qn_delimited_read(&table, path, MOST_BYTES, &cause))
        qn_verify_finding(verify, "features.csv", -1, "%s", cause.message);
    else if (table.rows != rows)
        qn_verify_finding(verify, "features.csv", -1, "%zu rows, %llu were measured", table.rows,
                          (unsigned long long)rows);
    else
        check_order(verify, &table);
    qn_delimited_release(&table);
    return QN_OK;
}
