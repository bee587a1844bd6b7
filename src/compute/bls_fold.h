/* The sums of astropy's BLS over phase bins, to the bit, at many periods side by side: see
 * bls_fold.c for how. Private to src/compute, like bls.c that uses it. */
#ifndef QN_COMPUTE_BLS_FOLD_H
#define QN_COMPUTE_BLS_FOLD_H

#include "compute/bls.h"

#include <stdint.h>

enum { QN_FOLD_LANES = 16, QN_FOLD_BLOCK = 64 };

/* Of the longest table: offsets in bytes fit into 31 bits. */
#define QN_FOLD_MOST_BINS 8e6

typedef double qn_pair __attribute__((vector_size(16))); /* sum of products, sum of weights */
typedef qn_pair qn_fold_row[QN_FOLD_LANES];              /* one bin of all tables */

struct qn_fold_block { /* the range of time of QN_FOLD_BLOCK points, and a little more */
    double first;
    double last;
};

struct qn_fold {
    const struct qn_bls_data *data;
    double bin; /* days */
    double units_per_day;
    unsigned fraction;       /* a bin has 2^fraction units */
    const uint32_t *units;   /* times */
    const int32_t *unfolded; /* places of points before the first period ends */
    const struct qn_fold_block *blocks;
};

/* Bytes of memory that qn_fold_prepare uses for n points. */
size_t qn_fold_size(size_t n);

/* Once per curve, bin and longest period; `memory` is aligned for doubles, and the caller's. */
void qn_fold_prepare(struct qn_fold *fold, const struct qn_bls_data *data, double bin,
                     double longest_period, void *memory);

/* Adds every point to table l at its bin of period[l], counted from 1 on as astropy does, in the
 * order of the points. The longest period given to qn_fold_prepare is not exceeded; rows
 * 1..ceil(period / bin) + 1 are written to. */
void qn_fold_add(const struct qn_fold *fold, const double period[QN_FOLD_LANES],
                 qn_fold_row *table);

#endif
