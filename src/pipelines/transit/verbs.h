/* The verbs of `transit` that do everything themselves, with their options. */
#ifndef QN_PIPELINES_TRANSIT_VERBS_H
#define QN_PIPELINES_TRANSIT_VERBS_H

#include <quern/pipeline.h>

/* periodogram: of one light curve, to standard output. */
extern const struct qn_option qn_periodogram_options[];
enum qn_status qn_transit_periodogram(const struct qn_options *options, struct qn_error *err);

/* vet: everything measured of one light curve at a given ephemeris, as JSON. */
extern const struct qn_option qn_vet_options[];
enum qn_status qn_transit_vet(const struct qn_options *options, struct qn_error *err);

/* fetch: light curves of a candidate table by HTTP. */
extern const struct qn_option qn_fetch_options[];
enum qn_status qn_transit_fetch(const struct qn_options *options, struct qn_error *err);

/* synth: light curves with known transits. */
extern const struct qn_option qn_transit_synth_options[];
enum qn_status qn_transit_synth(const struct qn_options *options, struct qn_error *err);

#endif
