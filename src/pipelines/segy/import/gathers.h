/* Gathers: runs of consecutive traces with the same ensemble key, found while headers pass by,
 * joined over segment boundaries afterwards. The rows of ensembles.parquet. */
#ifndef QN_PIPELINES_SEGY_IMPORT_GATHERS_H
#define QN_PIPELINES_SEGY_IMPORT_GATHERS_H

#include "pipelines/segy/dataset/keys.h"
#include "pipelines/segy/result.h"

/* Finds the runs of one segment and appends each to `out`. */
struct qn_gather_finder {
    struct qn_key_maker *maker;
    struct qn_items *out;
    size_t key_bytes;
    uint8_t key[QN_MAX_KEY_BYTES]; /* of the open run */
    struct qn_trace_range run;     /* empty: none is open */
};

/* The maker makes keys of `key_bytes`, and is borrowed; 0: there is no key, and nothing is found.
 */
void qn_gather_finder_init(struct qn_gather_finder *finder, struct qn_key_maker *maker,
                           size_t key_bytes, struct qn_items *out);
/* The traces right after those before. */
void qn_gather_finder_add(struct qn_gather_finder *finder, const struct qn_traces *traces);
void qn_gather_finder_end(struct qn_gather_finder *finder);

/* Gathers of the whole survey, a batch at a time: columns of ensembles.parquet. */
struct qn_gather_list {
    size_t key_bytes;
    size_t count; /* complete gathers */
    size_t room;
    int64_t *start; /* first trace */
    int64_t *end;   /* the trace after the last */
    int64_t *size;  /* traces */
    uint8_t *keys;  /* key_bytes each */
    /* The last run so far, which may go on in the next segment. */
    struct qn_trace_range open;
    uint8_t open_key[QN_MAX_KEY_BYTES];
};

enum qn_status qn_gather_list_init(struct qn_gather_list *list, size_t key_bytes, size_t room,
                                   struct qn_error *err);
void qn_gather_list_release(struct qn_gather_list *list);

/* Takes runs from `runs` until it is empty (*more false) or the list is full (*more true: use the
 * rows, set count to 0, call again). Runs with the same key that touch are one gather. */
enum qn_status qn_gather_list_take(struct qn_gather_list *list, struct qn_cursor *runs, bool *more,
                                   struct qn_error *err);

/* Completes the last gather; needs room for one row. */
void qn_gather_list_end(struct qn_gather_list *list);

#endif
