/* The keys of rows, spilled for the search of duplicates and gaps: a task writes an entry for each
 * row in sorted runs; glue merges all runs, in memory that does not grow with the rows. */
#ifndef QN_PARQUET_KEYS_H
#define QN_PARQUET_KEYS_H

#include "base/hash.h"
#include "pipelines/parquet/settings.h"

#define QN_RUN_ENTRIES (1u << 20) /* of a run, at most: 40 MiB */
#define QN_NO_TIME     INT64_MIN

struct qn_key_entry {      /* of a row; 40 bytes, compared from the front */
    struct qn_hash series; /* of the key without the time */
    int64_t time;          /* microseconds since 1970, UTC; QN_NO_TIME without a time column */
    uint64_t content;      /* hash of all other columns */
    uint32_t unit;         /* the row: of a unit of the plan, counted from its first row */
    uint32_t row;          /* QN_KEY_TWICE: its local time is one that clocks show twice */
};
#define QN_KEY_TWICE (1u << 31)

/* Order of runs: series, time, then place. */
int qn_key_compare(const struct qn_key_entry *a, const struct qn_key_entry *b);

struct qn_keys { /* being collected by a task; zero-initialise */
    struct qn_buf entries;
    struct qn_buf names; /* qn_hash and text of every series seen, in order of first appearance */
    struct qn_buf slots; /* hash table over them */
    size_t name_count;
    struct qn_buf cell, row;
};
void qn_keys_release(struct qn_keys *keys);

/* Adds the rows of one group; `row` is the first one's number in the unit. Null keys and times that
 * do not exist are findings. A file without the columns of the key adds nothing: that is told by
 * the comparison of schemas. */
enum qn_status qn_keys_add_group(struct qn_keys *keys, struct qn_check *check,
                                 const struct qn_settings *settings, size_t group, uint32_t unit,
                                 uint32_t row, uint64_t first_row, struct qn_error *err);
size_t qn_keys_count(const struct qn_keys *keys);
/* Sorts the entries; the caller writes them as a run and clears the buffer. */
void qn_keys_sort(struct qn_keys *keys);

/* The top-level leaf of that name, if it is one whose values can be keys. */
bool qn_sort_key_column(const struct qn_opened *opened, const char *name, uint32_t *node);

#endif
