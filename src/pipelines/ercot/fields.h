/* The fields of a block of CSV as values of columns: one column at a time. What cannot be read is
 * told to the list of rejects. */
#ifndef QN_PIPELINES_ERCOT_FIELDS_H
#define QN_PIPELINES_ERCOT_FIELDS_H

#include "pipelines/ercot/table.h"

struct er_fields { /* one column of a block */
    struct er_table *table;
    const struct qn_csv *csv;
    const struct qn_csv_record *records;
    size_t count;
    uint32_t field;
    uint64_t row;       /* of the first */
    const char *column; /* its name, for rejects */
    bool key;           /* a cell that cannot be read rejects its row */
    struct qn_buf *rejects;
    struct er_tally *tally;
};

/* Appends the cells to a column, or to what the table knows of their role in time. False when out
 * of memory. */
bool er_read_column(struct er_fields *fields, struct er_vector *vector);
bool er_read_role(struct er_fields *fields, enum er_role role);

#endif
