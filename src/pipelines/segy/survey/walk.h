/* Where the traces of a file lie when it takes following them to know: traces of different
 * lengths, and files of which only what is whole is wanted. Only planning does it. */
#ifndef QN_PIPELINES_SEGY_SURVEY_WALK_H
#define QN_PIPELINES_SEGY_SURVEY_WALK_H

#include "format/segy/mark.h"
#include "pipelines/segy/survey/survey.h"

#include <quern/pipeline.h>

/* How far planning has got, in bytes of all files. */
struct qn_walk_progress {
    struct qn_plan *plan; /* NULL: it is a verb of its own that looks */
    uint64_t before;      /* bytes of the files before this one */
    uint64_t total;
};

/* Tells of the progress at byte `at` of the file; QN_ERR_CANCELLED when it is time to stop. */
enum qn_status qn_walk_tell(const struct qn_walk_progress *progress, uint64_t at,
                            struct qn_error *err);

enum qn_walk_mode {
    QN_WALK_STRICT, /* what breaks is QN_ERR_INPUT with the byte */
    QN_WALK_SALVAGE /* what breaks is left out */
};

/* Follows the traces of file `file`, adds their stretches and what is left out to the survey's, and
 * puts into the file's layout what only the end of the walk tells: trace_count, samples of the
 * longest, trailing_bytes, variable false where all turn out to be of one length. `mark` is that of
 * the file's headers. A file without a whole trace is QN_ERR_INPUT in any mode. */
enum qn_status qn_walk_file(const struct qn_walk_progress *progress, enum qn_walk_mode mode,
                            struct qn_survey *survey, size_t file, const struct qn_segy_mark *mark,
                            const struct qn_segy_source *source, struct qn_error *err);

#endif
