/* Statistics over blocks of samples. The same block gives the same bits on every CPU: values are
 * added into 16 fixed lanes (value i into lane i % 16), lanes are added in a fixed tree, and
 * blocks are merged in the order in which the caller does it (plan order). */
#ifndef QN_COMPUTE_STATS_H
#define QN_COMPUTE_STATS_H

#include "base/dtype.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialise with qn_stats_init. Minimum, maximum and sums are over finite values only. */
struct qn_stats {
    uint64_t count; /* all values */
    uint64_t zeros; /* values equal to 0, -0 included */
    uint64_t nans;
    uint64_t infs;      /* of both signs */
    double min;         /* +infinity when there is no finite value */
    double max;         /* -infinity when there is no finite value */
    double sum;         /* of finite values */
    double sum_squares; /* of finite values */
};

void qn_stats_init(struct qn_stats *stats);

/* Statistics of `n` values of a numeric dtype, aligned to their size. 64-bit integers are taken
 * as the nearest double. Overwrites *stats. */
void qn_stats_block(enum qn_dtype dtype, const void *values, size_t n, struct qn_stats *stats);

/* Adds `next` to `into`. Sums depend on the order of merging: use plan order. */
void qn_stats_merge(struct qn_stats *into, const struct qn_stats *next);

/* Of the finite values; NaN when there are none. */
double qn_stats_mean(const struct qn_stats *stats);
double qn_stats_rms(const struct qn_stats *stats);

/* Whether all `n` values are zero (-0 counts as zero): a dead trace. True for n = 0. */
bool qn_stats_is_dead(enum qn_dtype dtype, const void *values, size_t n);

#endif
