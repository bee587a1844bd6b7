/* What text kernels tell of leap seconds and of the Moon's orientation, as numbers to compute with.
 */
#ifndef QN_PIPELINES_LUNAR_CONSTANTS_H
#define QN_PIPELINES_LUNAR_CONSTANTS_H

#include "compute/ephemeris_time.h"
#include "compute/moon_frame.h"
#include "format/spice/kpl.h"

/* Each changes its table to what the pool says; *given is false, and the table as it was, when the
 * pool says nothing of it. QN_ERR_INPUT: numbers that make no sense, by the name of the variable.
 */
enum qn_status qn_constants_leaps(const struct qn_kpl *pool, struct qn_leaps *leaps, bool *given,
                                  struct qn_error *err);
enum qn_status qn_constants_moon(const struct qn_kpl *pool, struct qn_moon_frame *moon, bool *given,
                                 struct qn_error *err);

#endif
