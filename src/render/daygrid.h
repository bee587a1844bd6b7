/* Pictures of a year by day and hour, and of values in order of size (a duration curve). Drawn with
 * Cairo; the same data give the same bytes on the same machine.
 */
#ifndef QN_RENDER_DAYGRID_H
#define QN_RENDER_DAYGRID_H

#include "base/buf.h"

#include <quern/error.h>

enum { QN_DAYGRID_WIDTH = 1100, QN_DAYGRID_HEIGHT = 420 }; /* of the PNGs, in pixels */

enum qn_daygrid_scale {
    QN_DAYGRID_SHARE,    /* values from 0 (white) to 1 (blue) */
    QN_DAYGRID_DIVERGING /* below zero blue, above red; see amplitude.h */
};

struct qn_daygrid {
    const float *values; /* values[day * 24 + hour]; NaN is drawn grey */
    size_t days;         /* columns, at least 1 */
    const char *first;   /* "2024-01-01": the label of day 0 */
    const size_t *marks; /* days on which months begin, and their labels */
    const char *const *labels;
    size_t mark_count;
    enum qn_daygrid_scale scale;
    const char *title;
    const char *unit; /* under the colour bar */
    const char *caption;
};
enum qn_status qn_daygrid_png(const struct qn_daygrid *grid, struct qn_buf *png,
                              struct qn_error *err);

struct qn_duration {
    const double *values; /* in descending order, finite */
    size_t count;         /* at least 1 */
    const char *title;
    const char *unit;
};
/* Values against the share of the time in which they are reached. What is beyond the 99.5th and
 * the 0.5th percentile is cut off and told in the caption. */
enum qn_status qn_duration_png(const struct qn_duration *curve, struct qn_buf *png,
                               struct qn_error *err);

#endif
