/* Transit least squares: the search with a limb-darkened template of Hippke and Heller 2019 (A&A
 * 623, A39), as transitleastsquares 1.0.31 computes it (`exact`), and over binned folds (`fast`),
 * with the same grids, the same statistics and a few per cent of the time. */
#ifndef QN_COMPUTE_TLS_H
#define QN_COMPUTE_TLS_H

#include "base/buf.h"

#include <quern/error.h>
#include <stdbool.h>
#include <stdint.h>

/* ---- the template --------------------------------------------------------------------------- */

/* Flux of a star with quadratic limb darkening behind a dark disc of radius p at the distance z of
 * the centres, both in stellar radii (Mandel and Agol 2002, by quadrature over rings; good to
 * 2e-8). */
double qn_transit_flux(double p, double z, double u1, double u2);

struct qn_orbit { /* circular; distances in stellar radii, inclination in degrees, period in days */
    double period;
    double radius;
    double axis;
    double inclination;
    double u1;
    double u2;
};
extern const struct qn_orbit qn_tls_orbit;         /* the default template */
extern const struct qn_orbit qn_tls_orbit_grazing; /* impact parameter 0.99 */
extern const struct qn_orbit qn_tls_orbit_box;     /* a large planet, no limb darkening */

/* `samples` values over the transit of the orbit, from 0 (deepest) to 1 (out of transit). */
enum qn_status qn_tls_reference(const struct qn_orbit *orbit, size_t samples, double *values,
                                struct qn_error *err);

/* ---- grids ---------------------------------------------------------------------------------- */

struct qn_tls_star {
    double radius; /* Sun = 1 */
    double mass;
    double radius_min;
    double radius_max;
    double mass_min;
    double mass_max;
};

/* Longest transit over the period, at most 0.12; `small` leaves out the planet's size. */
double qn_tls_t14(double radius, double mass, double period, bool small);

struct qn_tls_grid {
    double span; /* days */
    double min_period;
    double max_period;
    double oversampling;
    double transits_min;
};

/* Ofir's periods, longest first, appended to *periods as doubles; returns how many. Where fewer
 * than 100 lie within the limits, all of the Sun's default grid instead (as TLS does) unless
 * `honest`. */
size_t qn_tls_periods(const struct qn_tls_star *star, const struct qn_tls_grid *grid, bool honest,
                      struct qn_buf *periods);

/* Trial durations as parts of the period, shortest first. */
size_t qn_tls_durations(const struct qn_tls_star *star, double shortest_period,
                        double longest_period, double step, struct qn_buf *durations);

/* ---- the search ----------------------------------------------------------------------------- */

enum qn_tls_method { QN_TLS_METHOD_EXACT, QN_TLS_METHOD_FAST };

struct qn_tls_shape {
    enum qn_tls_method method;
    struct qn_tls_star star;
    struct qn_orbit orbit;
    double min_period; /* 0: the grid's own ends */
    double max_period;
    double oversampling;
    double transits_min;
    double duration_step;
    double depth_min;
    double t0_margin; /* 0 to 0.1 */
    bool honest_grid; /* no fall back to the default grid */
    bool (*stop)(void *context);
    void *context;
};
extern const struct qn_tls_shape qn_tls_default;

struct qn_tls_points {
    size_t n;
    const double *time;
    const double *flux;
    const double *error;
};

struct qn_tls_result {
    size_t period_count;
    const double *periods; /* ascending; these arrays are valid until the next run */
    const double *chi2;
    const double *power;
    const double *power_raw;
    double sde;
    double sde_raw;
    double chi2_min;
    double chi2red_min;
    double period; /* NaN where nothing was fitted */
    double period_err;
    double t0;
    double duration; /* days */
    double depth;    /* level at the bottom of transit */
    double depth_mean;
    double depth_odd;
    double depth_even;
    double odd_even; /* sigma */
    double rp_rs;
    double snr;
    double fap;
    double noise;      /* deviation of the flux outside transits */
    double noise_pink; /* mean deviation of as many points in a row as a transit has, over their
                          root */
    size_t transits;
    size_t distinct_transits; /* with points */
};

struct qn_tls; /* memory, kept from run to run */
enum qn_status qn_tls_new(struct qn_tls **tls, struct qn_error *err);
void qn_tls_free(struct qn_tls *tls);

/* Times ascending, flux around 1; errors of the flux, NULL where all are equal (the fast search
 * takes them to be). Points of which a number is not finite, or flux or error not above 0, are left
 * out. */
enum qn_status qn_tls_run(struct qn_tls *tls, const struct qn_tls_points *points,
                          const struct qn_tls_shape *shape, struct qn_tls_result *result,
                          struct qn_error *err);

struct qn_tls_transit {
    double time;
    size_t points;
    double flux;     /* mean; NaN without points, as its error */
    double flux_err; /* their deviation / sqrt(points) */
    double snr;      /* 0 without points, as its like */
    double snr_pink;
};

/* Each of the result->transits of the last run. */
void qn_tls_transits(struct qn_tls *tls, const struct qn_tls_result *result,
                     struct qn_tls_transit *transits);

/* False alarm probability of an SDE in white noise; NaN below 5.651, 1/12495 at most. */
double qn_tls_fap(double sde);

#endif
