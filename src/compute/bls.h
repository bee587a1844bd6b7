/* Box least squares as astropy's BoxLeastSquares(method="fast") computes it, to the bit: the same
 * grid, the same additions in the same order, the same first-wins rule, its quirks included. The
 * faster search of bls_search.h starts from other grids and ends in exact figures too.
 *
 * Kovacs, Zucker, Mazeh 2002 (A&A 391, 369); astropy/timeseries/periodograms/bls/bls.c. */
#ifndef QN_COMPUTE_BLS_H
#define QN_COMPUTE_BLS_H

#include "base/buf.h"

#include <quern/error.h>

/* A light curve: `n` times in days and relative fluxes. `weight` is 1/sigma^2 per point, NULL for 1
 * each. Times need not be sorted here. All arrays are the caller's. */
struct qn_curve {
    size_t n;
    const double *time;
    const double *flux;
    const double *weight;
};

enum qn_bls_objective { QN_BLS_LIKELIHOOD, QN_BLS_SNR };

/* Trial durations, and the grid's fineness: a phase bin is the shortest duration / oversample. */
struct qn_bls_shape {
    const double *durations;
    size_t duration_count;
    int oversample;
    enum qn_bls_objective objective;
};

struct qn_bls_result { /* the best box at one period */
    double period;
    double power; /* the objective */
    double depth;
    double depth_err;
    double duration;
    double transit_time; /* middle of the first transit at or after the first time */
    double depth_snr;
    double log_likelihood;
};

/* astropy's autoperiod: periods equally spaced in frequency, ascending. */
struct qn_bls_grid {
    double max_frequency;
    double step; /* of frequency */
    size_t count;
};

/* With frequency_factor * shortest duration / span^2 as the step. Swapped bounds are put right. */
struct qn_bls_grid qn_bls_autoperiod(double span, double shortest, double frequency_factor,
                                     double minimum_period, double maximum_period);

static inline double qn_bls_grid_period(const struct qn_bls_grid *grid, size_t i)
{
    return 1.0 / (grid->max_frequency - grid->step * (double)i);
}

/* The curve as `power` sees it: times from the first on, flux less its median, times weight.
 * `scratch` owns the memory; a curve has to be prepared before periods are tried on it. */
struct qn_bls_data {
    size_t n;
    const double *time;    /* less t0 */
    const double *product; /* (flux - median) * weight, weight: pairs */
    double t0;             /* the first time */
    double sum_product;
    double sum_weight;
    double sum_magnitude; /* of the products */
};
enum qn_status qn_bls_prepare(const struct qn_curve *curve, struct qn_buf *scratch,
                              struct qn_bls_data *data, struct qn_error *err);

/* Tries `count` periods; result i is that of periods[i]. A period at which no box holds points
 * has power -infinity and NaN elsewhere. QN_ERR_USAGE when a period is not longer than the longest
 * duration. `tables` is scratch that grows to 512 bytes * bins of the longest period, and 8 a
 * point. */
enum qn_status qn_bls_power(const struct qn_bls_data *data, const struct qn_bls_shape *shape,
                            const double *periods, size_t count, struct qn_buf *tables,
                            struct qn_bls_result *results, struct qn_error *err);

/* astropy's compute_stats for one box. */
struct qn_bls_depth {
    double depth;
    double error;
};

struct qn_bls_stats {
    struct qn_bls_depth depth;
    struct qn_bls_depth odd; /* the fiducial transit and every second one are even */
    struct qn_bls_depth even;
    struct qn_bls_depth half;   /* at half the period */
    struct qn_bls_depth phased; /* half a period later */
    double harmonic_amplitude;
    double harmonic_delta_log_likelihood; /* above 0: a sine fits better than the box */
    size_t transit_count;
    double first_transit;
};

/* `counts` and `log_likelihoods` (one per transit, from stats->first_transit on) may be NULL; they
 * are filled up to `capacity`. */
void qn_bls_stats(const struct qn_curve *curve, double period, double duration, double transit_time,
                  struct qn_bls_stats *stats, uint64_t *counts, double *log_likelihoods,
                  size_t capacity);

#endif
