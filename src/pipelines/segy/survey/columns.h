/* The columns of headers.parquet: trace_index, trace_samples where lengths differ, source_file
 * where there are several, then every kept field, each that has one followed by a double column
 * with its value that counts, then the computed headers, and last all header bytes as they are, if
 * they are kept. Workers fill them, glue names them in the footer, verify compares them, the grid
 * is made of them; all take the list from here. */
#ifndef QN_PIPELINES_SEGY_SURVEY_COLUMNS_H
#define QN_PIPELINES_SEGY_SURVEY_COLUMNS_H

#include "pipelines/segy/computed.h"
#include "pipelines/segy/survey/reader.h"

#define QN_GROUP_ROWS 65536u /* most rows of one row group: bounds a worker's memory */

enum qn_column_kind {
    QN_COLUMN_OF_TRACE, /* not of its header: see `fill` */
    QN_COLUMN_FIELD,
    QN_COLUMN_SCALED, /* a field's value that counts */
    QN_COLUMN_COMPUTED,
    QN_COLUMN_RAW /* all header bytes */
};

struct qn_column {
    char name[QN_COLUMN_NAME];
    enum qn_column_kind kind;
    const struct qn_segy_field *field; /* FIELD and SCALED */
    size_t computed;                   /* COMPUTED: index into import->computed */
    void (*fill)(const struct qn_traces *traces, void *values); /* OF_TRACE */
    enum qn_dtype dtype;                                        /* RAW: char8, but of `bytes` */
    size_t bytes;                                               /* of a value */
    void *values;   /* room for qn_rows.room rows; NULL in a list without rows */
    uint8_t *valid; /* COMPUTED: a byte per row, 0 where there is no value; NULL in others */
};

/* Rows of consecutive traces. Borrows the import. */
struct qn_rows {
    const struct qn_import *import;
    struct qn_column *columns;
    size_t column_count;
    size_t count;                  /* rows in them */
    size_t room;                   /* rows that there is room for */
    struct qn_computer *computer;  /* NULL: nothing is computed */
    struct qn_fault_count *faults; /* the caller's: as many as import->computed; may be NULL */
};

/* Makes the list of columns; qn_rows_reserve gives them room. Release with qn_rows_release. */
enum qn_status qn_rows_init(struct qn_rows *rows, const struct qn_import *import,
                            struct qn_error *err);
/* Leaves only the columns of these names, before there is room for rows. */
void qn_rows_keep(struct qn_rows *rows, const char *const *names, size_t count);
enum qn_status qn_rows_reserve(struct qn_rows *rows, size_t room, struct qn_error *err);
void qn_rows_release(struct qn_rows *rows);

/* Bytes of one row in memory. */
size_t qn_rows_bytes(const struct qn_rows *rows);

/* Appends a row for each trace. There must be room. */
void qn_rows_append(struct qn_rows *rows, const struct qn_traces *traces);

#endif
