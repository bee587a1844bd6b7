/* A table written row by row as Parquet into a dataset: the findings, the series, the account of
 * what was read. For any pipeline's glue. */
#ifndef QN_PIPELINES_SHEET_H
#define QN_PIPELINES_SHEET_H

#include "format/parquet.h"

#include <quern/pipeline.h>

#define QN_SHEET_COLUMNS 16

struct qn_sheet {
    const struct qn_parquet_column *columns; /* STRING, INT32, INT64, DOUBLE, DATE, TIMESTAMP */
    size_t column_count;
    struct qn_output *file;
    struct qn_parquet_writer *writer;
    struct qn_parquet_footer *footer;
    struct qn_buf values[QN_SHEET_COLUMNS], offsets[QN_SHEET_COLUMNS], valid[QN_SHEET_COLUMNS];
    struct qn_buf bytes, meta;
    uint64_t rows; /* waiting */
};
enum qn_status qn_sheet_open(struct qn_sheet *sheet, struct qn_glue *glue, const char *path,
                             const struct qn_parquet_column *columns, size_t column_count,
                             struct qn_error *err);
/* The cells of a row, one call per column, in any order; then qn_sheet_row. */
void qn_sheet_text(struct qn_sheet *sheet, size_t column, const char *text); /* NULL: null */
void qn_sheet_bytes(struct qn_sheet *sheet, size_t column, const void *text, size_t len);
void qn_sheet_int(struct qn_sheet *sheet, size_t column, int64_t value);
void qn_sheet_null(struct qn_sheet *sheet, size_t column);
enum qn_status qn_sheet_row(struct qn_sheet *sheet, struct qn_error *err);
enum qn_status qn_sheet_finish(struct qn_sheet *sheet, struct qn_error *err);
void qn_sheet_release(struct qn_sheet *sheet); /* without finish: no file */

#endif
