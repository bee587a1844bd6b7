/* Verifying a result beyond the manifest's hashes: a row for every candidate in both files, in
 * order, and pages of features.parquet that hold together. */
#include "format/text/delimited.h"
#include "pipelines/opened.h"
#include "pipelines/transit/job.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define MOST_BYTES ((uint64_t)1 << 32)

static uint64_t rows_wanted(struct qn_verify *verify)
{
    const char *text = qn_verify_fact(verify, "candidates");
    json_t *fact = text ? json_loads(text, 0, NULL) : NULL;
    uint64_t rows = (uint64_t)json_integer_value(json_object_get(fact, "rows"));
    json_decref(fact);
    return rows;
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
    enum qn_status status = qn_verify_table(verify, "features.parquet", rows, err);
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
