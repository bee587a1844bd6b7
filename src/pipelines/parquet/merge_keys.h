/* Merging the runs of keys that the tasks spilled: duplicates, gaps, completeness. */
#ifndef QN_PARQUET_MERGE_KEYS_H
#define QN_PARQUET_MERGE_KEYS_H

#include "pipelines/parquet/verify.h"
#include "pipelines/sheet.h"

#define QN_SERIES_SHEET       "series.parquet"
#define QN_COMPLETENESS_SHEET "completeness.parquet"
enum {
    QN_COMPLETENESS_SERIES,
    QN_COMPLETENESS_PERIOD,
    QN_COMPLETENESS_EXPECTED,
    QN_COMPLETENESS_HAVE
}; /* its columns */

/* What came out, for the report. */
struct qn_key_totals {
    uint64_t rows, series;
    uint64_t duplicates, duplicates_equal; /* of them, in all other columns too */
    uint64_t gaps, missing, off_grid, short_series;
    uint64_t expected, have;
    int64_t first, last; /* microseconds */
};

struct qn_key_merge; /* zero-cost until a run is added */
enum qn_status qn_key_merge_new(struct qn_key_merge **merge, struct qn_glue *glue,
                                const struct qn_settings *settings,
                                const struct qn_outline *outline, struct qn_error *err);
void qn_key_merge_free(struct qn_key_merge *merge);

/* A task's runs, one after another in its part file: their lengths as u64. And its names. */
enum qn_status qn_key_merge_add(struct qn_key_merge *merge, uint64_t task, const void *runs,
                                size_t runs_len, const void *names, size_t names_len,
                                struct qn_error *err);

/* Merges everything; findings are appended, the sheets written when there is a time. */
enum qn_status qn_key_merge_run(struct qn_key_merge *merge, struct qn_buf *findings,
                                struct qn_key_totals *totals, struct qn_error *err);

#endif
