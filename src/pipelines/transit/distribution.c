/* Histograms of features: see distribution.h. */
#include "pipelines/transit/distribution.h"

#include <math.h>
#include <string.h>

const struct qn_histogram_kind qn_histogram_kinds[QN_HISTOGRAMS] = {
    {"bls_period", "Period (days)", 0.1, 1000, 1},
    {"bls_depth", "Depth (ppm)", 10, 1e6, 1e6},
    {"bls_duration", "Duration (hours)", 0.3, 30, 24},
    {"bls_snr", "Signal-to-noise ratio", 1, 10000, 1},
};

static double feature_named(const struct qn_features *features, const char *name)
{
    struct qn_features copy = *features;
    for (size_t i = 0; i < qn_feature_count; i++)
        if (!strcmp(qn_feature_table[i].name, name))
            return *qn_feature_of(&copy, i);
    return NAN;
}

void qn_distributions_add(struct qn_distributions *d, const struct qn_features *features)
{
    for (int k = 0; k < QN_HISTOGRAMS; k++) {
        const struct qn_histogram_kind *kind = &qn_histogram_kinds[k];
        double value = feature_named(features, kind->name) * kind->scale;
        double place = log(value / kind->low) / log(kind->high / kind->low) * QN_HISTOGRAM_BINS;
        if (place >= 0 && place < QN_HISTOGRAM_BINS)
            d->bins[k][(size_t)place]++;
        else
            d->outside[k]++;
    }
}

json_t *qn_distributions_json(const struct qn_distributions *d)
{
    json_t *all = json_object();
    for (int k = 0; k < QN_HISTOGRAMS; k++) {
        json_t *bins = json_array();
        for (int i = 0; i < QN_HISTOGRAM_BINS; i++)
            json_array_append_new(bins, json_integer((json_int_t)d->bins[k][i]));
        json_object_set_new(all, qn_histogram_kinds[k].name,
                            json_pack("{s:f, s:f, s:o, s:I}", "low", qn_histogram_kinds[k].low,
                                      "high", qn_histogram_kinds[k].high, "bins", bins, "outside",
                                      (json_int_t)d->outside[k]));
    }
    return all;
}
