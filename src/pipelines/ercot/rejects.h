/* What could not be used, as data: every row, cell or file with its place, its text and a reason.
 *
 * Each entry says how many rows it stands for: 1 for a row, 0 for a cell whose row was kept (the
 * cell is NULL then), and for a file all its rows that are not listed one by one. So the sum over
 * all entries is the number of rejected rows.
 */
#ifndef QN_PIPELINES_ERCOT_REJECTS_H
#define QN_PIPELINES_ERCOT_REJECTS_H

#include "base/buf.h"

enum er_reason {
    ER_FINE,
    ER_BAD_VALUE,      /* cell: no number, date, flag of its type, or text that is not UTF-8 */
    ER_BAD_KEY,        /* row: a cell that tells rows apart, or when, is empty or makes no sense */
    ER_NO_SUCH_HOUR,   /* row: not an hour of its day */
    ER_SKIPPED_HOUR,   /* row: the hour that does not exist in spring */
    ER_NOT_REPEATED,   /* row: marked as the repeated hour, which it cannot be */
    ER_NO_SUCH_PERIOD, /* row: an interval that its hour does not have */
    ER_FIELD_COUNT,    /* row: more or fewer fields than the header */
    ER_TOO_LONG,       /* row: a line longer than the limit */
    ER_FILE_BAD_ROWS,  /* file: too many of its rows are bad */
    ER_FILE_UNKNOWN,   /* file: of no known table */
    ER_FILE_NOT_TEXT,  /* file: UTF-16 or binary */
    ER_FILE_DAMAGED,   /* file: cut off, wrong checksum, broken archive, bomb */
    ER_FILE_ENCRYPTED, /* file */
    ER_FILE_EMPTY,     /* file: no byte in it */
    ER_REASON_COUNT
};

const char *er_reason_name(enum er_reason reason);

struct er_reject {
    uint32_t source; /* which of the task's */
    enum er_reason reason;
    uint64_t line;   /* from 1; 0: of no line */
    uint64_t offset; /* of the row, in the member */
    uint64_t rows;
    const char *column; /* "" if it is not of one column */
    const char *raw;    /* what stands there, cut */
    size_t raw_len;
};

enum { ER_RAW_MAX = 200 }; /* bytes of a text that are kept */

/* Appends an entry to a list; texts are made valid UTF-8. */
void er_reject_put(struct qn_buf *list, const struct er_reject *reject);

/* The next entry of a list; its texts point into `text`, which it overwrites. False at the end. */
struct er_reject_text {
    char column[3 * ER_RAW_MAX + 1];
    char raw[3 * ER_RAW_MAX + 1];
};
bool er_reject_next(struct qn_cursor *in, struct er_reject *reject, struct er_reject_text *text);

#endif
