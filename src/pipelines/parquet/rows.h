/* Rows of files, one after another, cell by cell; and what is made of them: text or Parquet. */
#ifndef QN_PARQUET_ROWS_H
#define QN_PARQUET_ROWS_H

#include "base/buf.h"
#include "format/parquet/record.h"
#include "pipelines/parquet/input.h"

/* Walks the rows of one file, group by group. */
struct qn_rows_of {
    const struct qn_opened *opened;
    const uint32_t *columns; /* nodes; borrowed */
    size_t column_count;
    size_t group;  /* the next one to open */
    uint64_t left; /* rows of the group at hand */
    struct qn_parquet_records *records;
};
void qn_rows_of_start(struct qn_rows_of *rows, const struct qn_opened *opened,
                      const uint32_t *columns, size_t column_count);
/* Moves to the next row, whose cells the caller then takes from rows->records, all of them. */
enum qn_status qn_rows_of_next(struct qn_rows_of *rows, bool *more, struct qn_error *err);
void qn_rows_of_end(struct qn_rows_of *rows);

/* ---- text ----------------------------------------------------------------------------------- */

enum qn_rows_format { QN_ROWS_TABLE, QN_ROWS_CSV, QN_ROWS_JSON };

/* Writes rows to a stream, or to a file of that name that appears when it is whole. */
struct qn_text_rows {
    enum qn_rows_format format;
    const struct qn_opened *opened;
    const uint32_t *columns;
    size_t column_count;
    struct qn_buf line;
    struct qn_buf cell;
    struct qn_buf cells; /* TABLE: all of them, as texts, before the widths are known */
    size_t row_count;
};
/* CSV: the line of names. */
void qn_text_head(struct qn_text_rows *text, struct qn_buf *out);
enum qn_status qn_text_row(struct qn_text_rows *text, struct qn_parquet_records *records,
                           struct qn_buf *out, struct qn_error *err);
/* TABLE: all rows, aligned. */
void qn_text_end(struct qn_text_rows *text, struct qn_buf *out);
void qn_text_release(struct qn_text_rows *text);

#endif
