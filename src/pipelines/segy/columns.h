/* The columns of headers.parquet: trace_index, trace_samples where lengths differ, source_file
 * where there are several, then every kept field, each scaled one followed by a double column with
 * its scalar applied. Workers fill them, glue names them in the footer, verify compares them; all
 * three take the list from here. */
#ifndef QN_PIPELINES_SEGY_COLUMNS_H
#define QN_PIPELINES_SEGY_COLUMNS_H

#include "pipelines/segy/reader.h"

#define QN_GROUP_ROWS 65536u /* most rows of one row group: bounds a worker's memory */

struct qn_column {
    char name[QN_COLUMN_NAME];
    const struct qn_segy_field *field; /* NULL: of the trace, not of its header */
    void (*fill)(const struct qn_traces *traces, void *values); /* with field NULL */
    bool scaled; /* the field with its scalar applied */
    enum qn_dtype dtype;
    void *values; /* room for qn_rows.room rows; NULL in a list without rows */
};

/* Rows of consecutive traces. Borrows the import. */
struct qn_rows {
    const struct qn_import *import;
    struct qn_column *columns;
    size_t column_count;
    size_t count; /* rows in them */
    size_t room;
    uint64_t zero_scalars; /* scalars of 0 met, which count as 1 */
};

/* Makes the list of columns; qn_rows_reserve gives them room. Release with qn_rows_release. */
enum qn_status qn_rows_init(struct qn_rows *rows, const struct qn_import *import,
                            struct qn_error *err);
enum qn_status qn_rows_reserve(struct qn_rows *rows, size_t room, struct qn_error *err);
void qn_rows_release(struct qn_rows *rows);

/* Appends a row for each trace. There must be room. */
void qn_rows_append(struct qn_rows *rows, const struct qn_traces *traces);

#endif
