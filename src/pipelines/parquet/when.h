/* A condition on rows: the value of one column lies between two bounds. `slice --where` has it. */
#ifndef QN_PARQUET_WHEN_H
#define QN_PARQUET_WHEN_H

#include "format/parquet/record.h"
#include "pipelines/parquet/input.h"

struct qn_when {
    char column[256];            /* "": every row */
    char from[256];              /* at least this; "": no bound */
    char until[256];             /* less than this */
    uint8_t low[256], high[256]; /* the bounds as stored values of the column */
    size_t low_len, high_len;
    const struct qn_opened *opened;
    uint32_t node;
    size_t group;
    uint64_t left;
    struct qn_parquet_records *records;
};

/* Of the options where, from and until. */
enum qn_status qn_when_parse(struct qn_when *when, const struct qn_options *options,
                             struct qn_error *err);
/* Starts on a file; its group `group` comes first. */
enum qn_status qn_when_open(struct qn_when *when, const struct qn_opened *opened,
                            struct qn_error *err);
void qn_when_group(struct qn_when *when, size_t group);
/* Whether the next row is wanted. */
enum qn_status qn_when_next(struct qn_when *when, bool *keep, struct qn_error *err);
void qn_when_close(struct qn_when *when);

#endif
