/* The vetting sheet of a candidate: light curve, periodogram, folded transit with its model, odd
 * and even transits, secondary eclipse, on one page. */
#ifndef QN_PIPELINES_TRANSIT_SHEET_H
#define QN_PIPELINES_TRANSIT_SHEET_H

#include "pipelines/transit/measure.h"

/* Appends the page as PNG. `row` is what was measured of the curve in `measured`. */
enum qn_status qn_sheet_png(const struct qn_candidate *candidate, const struct qn_row *row,
                            const struct qn_measured *measured, struct qn_buf *png,
                            struct qn_error *err);

#endif
