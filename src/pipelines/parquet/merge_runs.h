/* Runs of sorted keys read as one sorted stream, in memory that is shared out among them. */
#ifndef QN_PARQUET_MERGE_RUNS_H
#define QN_PARQUET_MERGE_RUNS_H

#include "pipelines/parquet/keys.h"

struct qn_runs {        /* zero-initialise */
    struct qn_buf list; /* struct run */
    size_t count;
    size_t *heap; /* runs, the one with the least entry first */
    size_t heap_count;
    struct qn_key_entry *room; /* buffers of all runs */
    size_t room_each;
};

/* A run of `entries` at `offset` of a file; the path is copied. */
enum qn_status qn_merge_runs_add(struct qn_runs *runs, const char *path, uint64_t offset,
                                 uint64_t entries, struct qn_error *err);
enum qn_status qn_runs_start(struct qn_runs *runs, struct qn_error *err);
/* The next entry in order; *entry is NULL at the end, valid until the next call. */
enum qn_status qn_runs_next(struct qn_runs *runs, const struct qn_key_entry **entry,
                            struct qn_error *err);
void qn_runs_release(struct qn_runs *runs);

#endif
