/* The verbs of `lunar` about kernels and geometry, with their options. */
#ifndef QN_PIPELINES_LUNAR_VERBS_SKY_H
#define QN_PIPELINES_LUNAR_VERBS_SKY_H

#include <quern/pipeline.h>

/* kernels: what SPICE kernels hold. */
extern const struct qn_option qn_lunar_kernels_options[];
enum qn_status qn_lunar_kernels_verb(const struct qn_options *options, struct qn_error *err);

/* track: positions and footprints at any times, as CSV. */
extern const struct qn_option qn_lunar_track_options[];
enum qn_status qn_lunar_track(const struct qn_options *options, struct qn_error *err);

#endif
