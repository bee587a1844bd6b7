/* Slow trends out of a light curve, and outliers.
 *
 * The trend is Tukey's biweight location in a window of time (as wotan has it: Hippke et al. 2019,
 * AJ 158, 143), computed at knots a fifth of the window apart and joined by straight lines. It
 * never reaches across a gap longer than half a window. */
#ifndef QN_COMPUTE_DETREND_H
#define QN_COMPUTE_DETREND_H

#include "base/buf.h"

#include <quern/error.h>
#include <stdbool.h>

/* trend[i] for ascending times. Points with skip[i] (may be NULL) get a trend but do not shape it:
 * those inside known transits. `window` in days. Where a window holds too few points the trend is
 * the median of its stretch. `scratch` is kept memory. */
enum qn_status qn_biweight_trend(const double *time, const double *flux, const bool *skip, size_t n,
                                 double window, double *trend, struct qn_buf *scratch,
                                 struct qn_error *err);

/* Marks outliers of a flux without trend: drop[i] for points more than `above` sigma above the
 * median, and points more than `below` sigma under it whose neighbours on both sides are not (a
 * transit has company). Sigma is 1.4826 MAD. Returns how many; `scratch` holds n doubles. */
size_t qn_mark_outliers(const double *flux, size_t n, double above, double below, bool *drop,
                        double *scratch);

#endif
