/* Draws which series have data when: a row of cells per series, a column per period, coloured by
 * the part of what is expected that is there. */
#ifndef QN_RENDER_COVERAGE_H
#define QN_RENDER_COVERAGE_H

#include "base/buf.h"

#include <quern/error.h>

struct qn_coverage {
    size_t series, periods;
    const float *parts;       /* series * periods, 0 to 1; NaN: nothing is expected */
    const char *const *names; /* of the series */
    const char *const *dates; /* of the periods, as they shall be labelled */
    const char *title;
};

/* Appends a PNG. At most as many rows as fit are drawn; what lies on one pixel shows its worst. */
enum qn_status qn_coverage_png(const struct qn_coverage *coverage, struct qn_buf *png,
                               struct qn_error *err);

#endif
