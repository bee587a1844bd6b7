/* Traces counted by where they lie, in square bins whose size follows the data: 2^level map units,
 * aligned to the origin of coordinates. When there are too many bins, neighbours are joined four to
 * one, which is exact, so that counts of parts of a survey can be merged whatever size each came
 * to.
 */
#ifndef QN_PIPELINES_SEGY_MAP_BINS_H
#define QN_PIPELINES_SEGY_MAP_BINS_H

#include "base/buf.h"

#include <quern/error.h>

struct qn_bin {
    int64_t x, y;       /* of the bin: it spans x to x + 1, times 2^level */
    uint64_t traces;    /* 0: an empty slot */
    uint64_t positions; /* traces whose position is not that of the trace before */
};

struct qn_bins { /* zero-initialise, then qn_bins_init */
    int level;
    int finest;   /* the level that an empty map has */
    double scale; /* 2^-level */
    size_t most;  /* bins kept apart */
    size_t count; /* bins with traces */
    /* Private. */
    struct qn_bin *slots; /* a hash table */
    size_t room;          /* of it, a power of two */
    struct qn_bin *spare; /* most + 1 of them */
};

#define QN_BINS_FINEST (-16) /* 2^-16 units: finer than any coordinate is known */
#define QN_BINS_REACH  1e13  /* positions beyond are no positions */

/* `finest`, at least QN_BINS_FINEST, is a level at which the survey has far more bins than are
 * kept: what is finer would only be joined again. */
enum qn_status qn_bins_init(struct qn_bins *bins, int finest, size_t most, struct qn_error *err);
void qn_bins_release(struct qn_bins *bins);
void qn_bins_clear(struct qn_bins *bins); /* empty and finest again */

/* Counts traces at a position within QN_BINS_REACH. */
void qn_bins_add(struct qn_bins *bins, double x, double y, uint64_t traces, uint64_t positions);

/* To bytes, in order of y and x; and adds bins from bytes. False: the bytes are damaged. */
void qn_bins_encode(const struct qn_bins *bins, struct qn_buf *buf);
bool qn_bins_merge(struct qn_bins *bins, struct qn_cursor *cursor);

/* The bins with traces in order of y and x: bins->count of them into `list`. */
void qn_bins_list(const struct qn_bins *bins, struct qn_bin *list);

#endif
