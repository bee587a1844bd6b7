/* The tables of market files as declared in a schema file (datasets.schema is the one built in):
 * which members hold them, their columns under all spellings, what tells when, keys, history.
 * The format is described in docs/ercot.md and at the head of datasets.schema.
 */
#ifndef QN_PIPELINES_ERCOT_SCHEMA_H
#define QN_PIPELINES_ERCOT_SCHEMA_H

#include "base/buf.h"
#include "format/parquet.h"

#include <limits.h>

enum er_type {             /* of a column; as stored */
               ER_TEXT,    /* uint32_t id of a text */
               ER_REAL,    /* double */
               ER_PRICE,   /* double or, with --price-type decimal, int64_t in millionths */
               ER_INT,     /* int64_t */
               ER_DATE,    /* int32_t, days */
               ER_STAMP,   /* int64_t, microseconds of local time */
               ER_FLAG,    /* uint8_t */
               ER_INSTANT, /* int64_t, microseconds UTC; derived only */
               ER_SMALL,   /* int8_t; derived only */
               ER_TYPE_COUNT
};
enum { ER_PRICE_SCALE = 6 };

enum er_time { /* which columns tell when */
               ER_TIME_NONE,
               ER_TIME_HOUR,    /* date, hour ending, flag */
               ER_TIME_PERIOD,  /* date, hour ending, period of the hour, flag */
               ER_TIME_STAMP,   /* local date and time, flag */
               ER_TIME_NUMBERED /* local date (and time), number of the period in the day */
};

enum er_role { /* of a field that tells when */
               ER_ROLE_DATE,
               ER_ROLE_HOUR,
               ER_ROLE_PERIOD,
               ER_ROLE_FLAG,
               ER_ROLE_STAMP,
               ER_ROLE_COUNT
};

enum { ER_NO_DAY = INT32_MIN, ER_KEYS = 8, ER_COLUMNS_MAX = 4096 };

struct er_column {
    const char *name;
    enum er_type type;
    const char *unit; /* "" if it has none */
    int32_t since;    /* operating day of the first and the last file with it, or ER_NO_DAY */
    int32_t until;
    bool derived; /* made of the fields with roles */
};

struct er_rest { /* columns that come and go */
    const char *pattern;
    enum er_type type;
    const char *unit;
};

struct er_alias { /* `other` (may hold *) means `name`; both normalized */
    const char *name;
    const char *other;
};

struct er_dataset {
    const char *name;
    const char *title;
    const char **members;
    size_t member_count;
    enum er_time time;
    int minutes;                      /* of a period; 60 for hours */
    const char *roles[ER_ROLE_COUNT]; /* field names; NULL: none */
    struct er_column *columns;        /* derived ones first: the columns of the output */
    size_t column_count;
    size_t derived_count;
    uint32_t keys[ER_KEYS]; /* columns, in order */
    size_t key_count;
    bool repeats; /* rows with equal keys in one file are all real */
    int point;    /* column, or -1 */
    int value;    /* column, or -1 */
    int year;     /* column of a date that tells the year where time does not; or -1 */
    int tag;      /* column, or -1 */
    const char *tag_pattern;
    struct er_rest *rests;
    size_t rest_count;
    struct er_alias *aliases;
    size_t alias_count;
    const char **headers; /* comma-separated names */
    size_t header_count;
};

struct er_schema {
    struct er_dataset *datasets;
    size_t count;
    struct er_alias *aliases; /* of all datasets */
    size_t alias_count;
    struct qn_buf blocks; /* void *: what is to be freed */
};

/* The schema built in. */
extern const char er_builtin_schema[];
extern const size_t er_builtin_schema_len;

/* Adds the datasets of a schema text; `name` is for messages ("line 12: ..."). A dataset of the
 * same name replaces the one that is there. Zero-initialise *schema; release it in any case. */
enum qn_status er_schema_parse(struct er_schema *schema, const char *text, size_t len,
                               const char *name, struct qn_error *err);
void er_schema_release(struct er_schema *schema);

/* The built-in one, and the file's over it when `path` is not NULL. */
enum qn_status er_schema_load(struct er_schema *schema, const char *path, struct qn_error *err);

/* The name without case, blanks, '_', '-', at most size - 1 characters; for comparing. Returns its
 * length. */
size_t er_normalize(const char *name, size_t len, char *out, size_t size);

/* Whether a normalized header cell means the field of that name. */
bool er_means(const struct er_schema *schema, const struct er_dataset *dataset, const char *cell,
              const char *field);

/* Whether `text` fits a pattern with * and ?, without regard to case. What the first * stands for
 * is told when `star` is not NULL. */
struct er_span {
    const char *text;
    size_t len;
};
bool er_match(const char *pattern, const char *text, size_t len, struct er_span *star);

/* The column as Parquet has it. */
struct qn_parquet_column er_parquet_column(const struct er_column *column, bool decimal);

#endif
