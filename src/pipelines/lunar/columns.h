/* The columns of the dataset as tables: of the NumPy archive (names, types and order as published),
 * and of rows.parquet and spectra.parquet with units and help. Tasks, glue, documentation and tests
 * share them. A column is a member of a record, told by its offset.
 */
#ifndef QN_PIPELINES_LUNAR_COLUMNS_H
#define QN_PIPELINES_LUNAR_COLUMNS_H

#include "format/npz.h"
#include "format/parquet.h"
#include "pipelines/lunar/sweep.h"

enum qn_lunar_level { /* which record holds the member */
                      QN_OF_ROW,
                      QN_OF_SWEEP,
                      QN_LUNAR_LEVELS
};

enum qn_lunar_member {                         /* the type of the member, and what becomes of it */
                       QN_MEMBER_REAL,         /* double; NaN is NULL in Parquet */
                       QN_MEMBER_INT64,        /* int64_t */
                       QN_MEMBER_UINT64,       /* uint64_t */
                       QN_MEMBER_UINT32,       /* uint32_t */
                       QN_MEMBER_FLAG,         /* uint8_t, 0 or 1 */
                       QN_MEMBER_SMALL,        /* int8_t */
                       QN_MEMBER_INSTANT,      /* double, Unix seconds */
                       QN_MEMBER_DAY,          /* int32_t, from 1970-01-01 */
                       QN_MEMBER_UTC,          /* char[]; from here on, texts in Parquet */
                       QN_MEMBER_TEXT,         /* const char *; NULL is "" */
                       QN_MEMBER_TIME_TEXT,    /* double, as Python writes it */
                       QN_MEMBER_ROW_REASON,   /* uint8_t, as its name */
                       QN_MEMBER_SWEEP_REASON, /* uint8_t, as its name */
                       QN_MEMBER_FIT_REASON,   /* uint8_t, as its name */
                       QN_MEMBER_ENVIRONMENT,  /* uint8_t, as its name */
                       QN_MEMBER_REMARKS       /* uint16_t, names of its bits, blanks between */
};

/* ---- the NumPy archive ---------------------------------------------------------------------- */

enum { QN_NPZ_COLUMNS = 30 };

struct qn_npz_column {
    const char *name;
    const char *type;       /* QN_NPY_... */
    enum qn_lunar_level of; /* an element for each row, or for each sweep */
    enum qn_lunar_level in; /* which record holds it: rows have the values of their sweep */
    enum qn_lunar_member member;
    size_t offset;
};

extern const struct qn_npz_column qn_npz_columns[QN_NPZ_COLUMNS];

/* Whether a column holds numbers of sweeps, known only when all tasks are done. */
bool qn_npz_is_number(const struct qn_npz_column *column);

/* Appends the element to `values`. `row` may be NULL for a column of sweeps. */
void qn_npz_put_element(struct qn_buf *values, const struct qn_npz_column *column,
                        const struct qn_lunar_sweep *sweep, const struct qn_lunar_row *row);

/* ---- Parquet -------------------------------------------------------------------------------- */

struct qn_lunar_column {
    const char *name;
    enum qn_lunar_level in;
    enum qn_lunar_member member;
    size_t offset;
    const char *unit; /* "" for none */
    const char *help;
};

extern const struct qn_lunar_column qn_row_columns[];   /* of rows.parquet; a NULL name ends it */
extern const struct qn_lunar_column qn_sweep_columns[]; /* of spectra.parquet */

struct qn_lunar_file { /* a file of spectra, and what became of it; a record as those of rows */
    const char *path;
    int32_t day;
    uint32_t ranges; /* tasks that it was cut into */
    uint32_t failed; /* of them: the sweeps there are missing */
    uint64_t sweeps;
    uint64_t rows;
    uint64_t faulty; /* rows that are none as they stand */
    uint64_t strays;
    uint64_t others; /* sweeps outside the period asked for */
};

struct qn_lunar_stray { /* a line that belongs to no sweep */
    const char *path;
    int32_t day;
    uint64_t offset;
    uint32_t fields;
    uint32_t bad;
    uint8_t reason; /* enum qn_lunar_row_reason */
};

extern const struct qn_lunar_column qn_file_columns[];  /* of files.parquet */
extern const struct qn_lunar_column qn_stray_columns[]; /* of rejects.parquet */

/* The text of a member that is one: in `text` or a constant. */
enum { QN_LUNAR_TEXT = 128 };
const char *qn_lunar_member_text(enum qn_lunar_member member, const void *at,
                                 char text[QN_LUNAR_TEXT]);

#endif
