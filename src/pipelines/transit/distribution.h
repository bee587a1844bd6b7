/* Distributions of what was found, for the report: histograms over fixed bins, equally spaced in
 * the logarithm. */
#ifndef QN_PIPELINES_TRANSIT_DISTRIBUTION_H
#define QN_PIPELINES_TRANSIT_DISTRIBUTION_H

#include "pipelines/transit/features.h"

#include <jansson.h>

enum { QN_HISTOGRAM_BINS = 30, QN_HISTOGRAMS = 4 };

struct qn_histogram_kind {
    const char *name;  /* of the feature */
    const char *label; /* of the axis */
    double low;        /* lower end of the first bin */
    double high;
    double scale; /* of the feature for the axis: 1e6 for ppm */
};
extern const struct qn_histogram_kind qn_histogram_kinds[QN_HISTOGRAMS];

struct qn_distributions { /* zero-initialise */
    uint64_t bins[QN_HISTOGRAMS][QN_HISTOGRAM_BINS];
    uint64_t outside[QN_HISTOGRAMS]; /* beyond the ends */
};

void qn_distributions_add(struct qn_distributions *distributions,
                          const struct qn_features *features);
json_t *qn_distributions_json(const struct qn_distributions *distributions);

#endif
