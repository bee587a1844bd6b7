/* `quern segy diff`: what differs between two SEG-Y files or datasets, and where.
 *
 * diff.c is the verb and the sweep over the traces; side.h reads either kind, head.h
 * compares what surrounds the traces, compare.h the traces, tell.c tells the result.
 */
#ifndef QN_PIPELINES_SEGY_DIFF_DIFF_H
#define QN_PIPELINES_SEGY_DIFF_DIFF_H

#include "pipelines/segy/diff/compare.h"
#include "pipelines/segy/diff/head.h"

struct qn_diff {
    struct qn_diff_side a, b;
    struct qn_diff_rules rules;
    struct qn_diff_head head;
    struct qn_diff_tally tally;
    uint64_t compared; /* traces that both have */
};

bool qn_diff_same(const struct qn_diff *diff);

/* Prints to standard output. */
void qn_diff_tell(const struct qn_diff *diff);
enum qn_status qn_diff_tell_json(const struct qn_diff *diff, struct qn_error *err);

/* The verb. */
enum qn_status qn_diff_run(const struct qn_options *options, struct qn_error *err);
extern const struct qn_option qn_diff_options[];

#endif
