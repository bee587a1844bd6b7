/* Guesses of what a file is and where its keys lie, from the trace headers that a scan has looked
 * at: kind of survey, inline, crossline, offset, coordinates, ensemble key, header layout; each
 * with its reason. They are guesses for people: nothing but the report says them. */
#ifndef QN_PIPELINES_SEGY_SCAN_GUESS_H
#define QN_PIPELINES_SEGY_SCAN_GUESS_H

#include "base/buf.h"
#include "pipelines/segy/scan/sample.h"

enum qn_survey_kind {
    QN_SURVEY_UNKNOWN,
    QN_SURVEY_STACK_2D,
    QN_SURVEY_STACK_3D,
    QN_SURVEY_GATHERS_2D, /* by CDP */
    QN_SURVEY_GATHERS_3D, /* by inline and crossline */
    QN_SURVEY_SHOTS       /* by field record or source point */
};

/* A field of the trace header that has a role. */
struct qn_scan_field {
    bool found;
    unsigned byte; /* from 1 */
    enum qn_position_type type;
    double min, max; /* of the traces looked at */
    double step;     /* usual one between neighbours or lines, 0: none */
    char why[160];
};

struct qn_scan_guesses {
    enum qn_survey_kind kind;
    char kind_why[160];
    struct qn_scan_field inline_, crossline, cdp, offset, x, y;
    char key[64]; /* for --ensemble-key, "" for none */
    char key_why[160];
    const char *layout; /* "standard", "petrel", ...; NULL: none that is known */
    char layout_why[160];
};

/* Guesses from a sample, ranges from `positions`, which may know more traces; `traces` are in the
 * file (0: unknown). */
enum qn_status qn_scan_guess(const struct qn_scan_sample *sample,
                             const struct qn_segy_layout *layout,
                             const struct qn_positions *positions, uint64_t traces,
                             struct qn_scan_guesses *guesses, struct qn_error *err);

/* Appends the header layout, as JSON for --layout FILE, that import needs for the guesses; false if
 * a named layout says it all. */
bool qn_scan_own_layout(const struct qn_scan_guesses *guesses, struct qn_buf *out);

const char *qn_survey_kind_name(enum qn_survey_kind kind);

#endif
