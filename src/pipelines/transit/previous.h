/* Rows of an earlier result, for `--retry failed`: those that are ok are taken over, the others are
 * done again. Read from its features.csv. */
#ifndef QN_PIPELINES_TRANSIT_PREVIOUS_H
#define QN_PIPELINES_TRANSIT_PREVIOUS_H

#include "format/text/delimited.h"
#include "pipelines/transit/features.h"

#include <quern/pipeline.h>

struct qn_previous { /* zero-initialise, then qn_previous_close */
    bool open;
    struct qn_delimited table;
    struct qn_row row; /* the last one found */
    int status;        /* columns */
    int target;
    int period;
};

/* Opens what --previous names, if --retry asks for it; its rows have to be as many as the
 * candidates. */
enum qn_status qn_previous_open(struct qn_previous *previous, const struct qn_options *options,
                                const struct qn_candidates *candidates, struct qn_error *err);
void qn_previous_close(struct qn_previous *previous);

/* The candidate's earlier row if it is ok and of the same star and period, else NULL; valid until
 * the next call. */
const struct qn_row *qn_previous_find(struct qn_previous *previous,
                                      const struct qn_candidate *candidate);

#endif
