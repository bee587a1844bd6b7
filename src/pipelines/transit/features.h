/* The rows of the result: what is measured of a candidate, as one struct, and the table of columns
 * that task, glue, documentation and tests share. */
#ifndef QN_PIPELINES_TRANSIT_FEATURES_H
#define QN_PIPELINES_TRANSIT_FEATURES_H

#include "compute/vetting.h"
#include "pipelines/transit/candidates.h"

enum qn_row_status {
    QN_ROW_OK,
    QN_ROW_NO_DATA,        /* no light curve of this star */
    QN_ROW_CORRUPT_FILE,   /* none of its files could be read */
    QN_ROW_TOO_FEW_POINTS, /* after masks */
    QN_ROW_TIMEOUT,
    QN_ROW_OUT_OF_MEMORY,
    QN_ROW_ERROR, /* the candidate itself, a crash, anything else: see the reason */
    QN_ROW_STATUSES
};
const char *qn_row_status_name(enum qn_row_status status);

struct qn_features { /* all double, NaN where there is nothing */
    /* The 27 published features, in their order. */
    double input_period, input_depth, input_duration, input_epoch;
    double flux_std, flux_mad, flux_skewness, flux_kurtosis;
    double bls_period, bls_t0, bls_duration, bls_depth, bls_snr, bls_power;
    double tls_period, tls_depth, tls_snr, tls_sde, tls_odd_even;
    double duration_over_period, odd_even_depth_diff, transit_symmetry, periodicity_strength;
    double secondary_depth, ingress_egress_ratio, phase_coverage, red_noise;
    /* Where it came from. */
    double points, rows_read, file_count, files_failed, duplicates, clipped;
    double span, cadence, raw_flux_std;
    /* How it was found. */
    double bls_sde, bls_delta_chi2, search_periods, masked_events, fixed_period, anchored,
        epoch_offset;
    double tls_t0, tls_duration, tls_rp_rs, tls_fap, tls_period_err;
    double teff, logg, radius, mass;
    struct qn_vetting vetting;
};

struct qn_row {
    uint64_t index; /* of the candidate; of the star for a blind search */
    uint32_t order; /* of the detection, from 1; 0 for candidates */
    uint32_t status;
    uint32_t scale; /* enum qn_lc_scale */
    uint32_t synthetic;
    char product[32];
    char files[8192]; /* names, separated by semicolons */
    char reason[512];
    struct qn_features features;
};

void qn_row_clear(struct qn_row *row);
void qn_row_encode(const struct qn_row *row, struct qn_buf *buf);
bool qn_row_decode(struct qn_cursor *cursor, struct qn_row *row);

struct qn_feature {
    const char *name;
    uint32_t offset; /* in struct qn_features */
    bool whole;      /* a count */
    const char *unit;
    const char *help;
};
extern const struct qn_feature qn_feature_table[]; /* the 27 first */
extern const size_t qn_feature_count;

static inline double *qn_feature_of(struct qn_features *features, size_t i)
{
    return (double *)(void *)((char *)features + qn_feature_table[i].offset);
}

#endif
