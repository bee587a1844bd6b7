/* Small tables in text: comma-separated with quotes (RFC 4180), or separated by semicolons, tabs,
 * upright lines or runs of blanks; packed by gzip or not; lines that begin with '#' are comments.
 * For candidate lists and light curves that fit into memory. Cells are texts; numbers are asked for
 * one by one. */
#ifndef QN_FORMAT_DELIMITED_H
#define QN_FORMAT_DELIMITED_H

#include "base/buf.h"

#include <quern/error.h>
#include <stdbool.h>

struct qn_delimited { /* zero-initialise, then qn_delimited_release */
    size_t rows;      /* of values; a header is not one */
    size_t columns;   /* of the first row; further cells of others are left out */
    bool has_header;
    char delimiter; /* ' ' for blanks */
    struct qn_buf text;
    struct qn_buf cells;  /* const char *; those that the rows have, header first if there is one */
    struct qn_buf starts; /* size_t: the first cell of each; one past the last at the end */
};

/* Reads the file. The first line is a header when a cell of it that is not empty is no number; a
 * comment line directly before the first row is taken as the header when it has as many cells.
 * QN_ERR_INPUT for a file without rows, with NUL bytes or larger than `limit`. */
enum qn_status qn_delimited_read(struct qn_delimited *table, const char *path, uint64_t limit,
                                 struct qn_error *err);
void qn_delimited_release(struct qn_delimited *table);

/* A table of cells that another format held: `texts` are NUL-terminated, row by row, the names of
 * the `columns` first. Takes their memory over. QN_ERR_INPUT without rows; `path` is for it. */
enum qn_status qn_delimited_take(struct qn_delimited *table, struct qn_buf *texts, size_t columns,
                                 const char *path, struct qn_error *err);

/* Cell texts, "" where a row is short; blanks around them are gone. */
const char *qn_delimited_cell(const struct qn_delimited *table, size_t row, size_t column);
const char *qn_delimited_name(const struct qn_delimited *table, size_t column); /* "" without */

/* The cell as a number: true when it is one and nothing else follows. "nan", "" and "null" are
 * not. */
bool qn_delimited_number(const char *cell, double *value);

#endif
