/* The fold of a grid, by counting: how many traces each bin (inline and crossline) has, bins joined
 * to blocks where there are more than a picture can show. */
#ifndef QN_PIPELINES_SEGY_MAP_FOLD_H
#define QN_PIPELINES_SEGY_MAP_FOLD_H

#include "pipelines/segy/import.h"

struct qn_fold {
    const struct qn_axis *axes[2]; /* inline, crossline */
    uint64_t side[2];              /* values of an axis in one block */
    uint64_t blocks[2];
    uint32_t *traces; /* of each block, crosslines counting fastest; owned */
};

/* Whether the import has a grid by inline and crossline. */
bool qn_fold_there_is(const struct qn_import *import);

/* Counts the traces of all tiles. Release in any case. */
enum qn_status qn_fold_count(struct qn_glue *glue, const struct qn_import *import,
                             struct qn_fold *fold, struct qn_error *err);
void qn_fold_release(struct qn_fold *fold);

/* Bins of a block: fewer at the end of an axis. */
uint64_t qn_fold_bins(const struct qn_fold *fold, uint64_t a, uint64_t b);

/* The middle of block `a` along axis `which`, as a line number, and the mean step of the axis. */
double qn_fold_middle(const struct qn_fold *fold, unsigned which, uint64_t a);
double qn_fold_step(const struct qn_fold *fold, unsigned which);

#endif
