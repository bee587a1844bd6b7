/* The verbs of `lunar` that bring data in and show it, with their options. */
#ifndef QN_PIPELINES_LUNAR_VERBS_SHOW_H
#define QN_PIPELINES_LUNAR_VERBS_SHOW_H

#include <quern/pipeline.h>

/* fetch: spectra, kernels and tables of a day, a month or a year, by HTTP. */
extern const struct qn_option qn_lunar_fetch_options[];
enum qn_status qn_lunar_fetch(const struct qn_options *options, struct qn_error *err);

/* synth: an archive with known potentials. */
extern const struct qn_option qn_lunar_synth_options[];
enum qn_status qn_lunar_synth(const struct qn_options *options, struct qn_error *err);

/* sweep: one sweep with its fits, as text, JSON or a picture. */
extern const struct qn_option qn_lunar_sweep_options[];
enum qn_status qn_lunar_show_sweep(const struct qn_options *options, struct qn_error *err);

#endif
