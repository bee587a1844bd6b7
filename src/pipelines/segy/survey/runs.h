/* From single traces to stretches: runs of one length become even stretches, short runs between
 * them chains. */
#ifndef QN_PIPELINES_SEGY_SURVEY_RUNS_H
#define QN_PIPELINES_SEGY_SURVEY_RUNS_H

#include "pipelines/segy/survey/stretches.h"

struct qn_runs { /* zero-initialise but for the first three */
    struct qn_stretches *list;
    uint32_t file;
    bool chains;             /* headers say the lengths, so that short runs may become chains */
    struct qn_stretch run;   /* traces of one length under way; count 0: none */
    struct qn_stretch chain; /* short runs before it */
};

/* The next trace, which may begin anywhere after the one before. */
enum qn_status qn_runs_add(struct qn_runs *runs, uint64_t offset, uint64_t bytes, uint32_t samples,
                           struct qn_error *err);
enum qn_status qn_runs_end(struct qn_runs *runs, struct qn_error *err);

#endif
