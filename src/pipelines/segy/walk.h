/* Where the traces of a file lie when it takes following them to know: traces of different
 * lengths. Only planning does it. */
#ifndef QN_PIPELINES_SEGY_WALK_H
#define QN_PIPELINES_SEGY_WALK_H

#include "pipelines/segy/survey.h"

#include <quern/pipeline.h>

/* How far planning has got, in bytes of all files. */
struct qn_walk_progress {
    struct qn_plan *plan;
    uint64_t before; /* bytes of the files before this one */
    uint64_t total;
};

/* Tells of the progress at byte `at` of the file; QN_ERR_CANCELLED when it is time to stop. */
enum qn_status qn_walk_tell(const struct qn_walk_progress *progress, uint64_t at,
                            struct qn_error *err);

/* Follows the traces of file `file`, adds their stretches to the survey's, and puts into the file's
 * layout what only the end of the walk tells: trace_count, samples of the longest, trailing_bytes,
 * variable false where all turn out to be of one length. A chain that breaks is QN_ERR_INPUT with
 * the byte. */
enum qn_status qn_walk_file(const struct qn_walk_progress *progress, struct qn_survey *survey,
                            size_t file, const struct qn_segy_source *source, struct qn_error *err);

#endif
