/* The fast search for boxes, in two stages.
 *
 * First the curve is summed into cells of a tenth of the shortest duration. A period is a row of
 * cells per cycle, so folding adds whole rows, and periods are only as dense as keeps the drift of
 * a transit over the whole span within a part of the shortest duration (a constant ratio from one
 * to the next, against astropy's constant step in frequency: Ofir 2014, A&A 561, A138). Second, the
 * highest peaks are refined in period, epoch and duration with every point that lies near one of
 * their transits.
 *
 * The figure of merit is the drop in chi^2 against a constant: s^2 W / (w (W - w)) with s and w the
 * weighted sum and weight inside the box and W all weight (Kovacs 2002, eq. 5, as a chi^2).
 *
 * An event that alone makes a peak (an outlier, the single transit of another planet) is masked and
 * the search repeated: see qn_search_result.masked. */
#ifndef QN_COMPUTE_BLS_SEARCH_H
#define QN_COMPUTE_BLS_SEARCH_H

#include "compute/bls.h"

#include <stdbool.h>

enum {
    QN_SEARCH_PEAKS = 8,  /* refined */
    QN_SEARCH_MASKED = 24 /* events at most */
};

struct qn_search_shape {
    const double *durations; /* in days, ascending */
    size_t duration_count;
    double longest_fraction; /* longer boxes than this part of the period are not tried */
    double min_period;
    double max_period;
    double fineness;     /* drift over the span between two periods: shortest duration / fineness */
    size_t most_periods; /* a finer grid is made coarser to this */
    unsigned min_events; /* transits with data that a peak needs */
    bool mask_events;
    bool (*stop)(void *context); /* asked about every millisecond; may be NULL */
    void *stop_context;
};

extern const double qn_default_durations[6]; /* .05 .10 .15 .20 .25 .33 d, as lightkurve has them */

struct qn_search_peak {
    double period;
    double t0; /* middle of the first transit at or after the first time */
    double duration;
    double depth;     /* relative flux */
    double depth_err; /* as the weights have it */
    double delta_chi2;
    size_t events; /* transits with points */
};

struct qn_search_event { /* one masked: an interval of time */
    double time;
    double duration;
    double depth;
};

struct qn_search_result {
    bool found;
    struct qn_search_peak best;
    struct qn_search_peak peaks[QN_SEARCH_PEAKS]; /* of the last pass, best first */
    size_t peak_count;
    struct qn_search_event masked[QN_SEARCH_MASKED];
    size_t masked_count;
    double sde; /* (best - mean) / deviation of the square root of the power, Kovacs 2002 */
    size_t period_count; /* tried */
    double ratio;        /* of one period to the one before */
    const float *power;  /* delta chi^2 of period i = min_period * ratio^i; valid until next run */
};

struct qn_search; /* memory that grows to the largest curve, kept from one to the next */
enum qn_status qn_search_new(struct qn_search **search, struct qn_error *err);
void qn_search_free(struct qn_search *search);

/* Times ascending. QN_ERR_CANCELLED when `stop` said so. */
enum qn_status qn_search_run(struct qn_search *search, const struct qn_curve *curve,
                             const struct qn_search_shape *shape, struct qn_search_result *result,
                             struct qn_error *err);

/* Refines epoch and duration at a period held fixed, and tells the same of it: for candidates whose
 * period the curve cannot tell. Searches epochs within `reach` of t0 (the whole period if larger).
 * Uses the whole curve, masked events included. */
enum qn_status qn_search_fixed(struct qn_search *search, const struct qn_curve *curve,
                               const struct qn_search_shape *shape, double period, double t0,
                               double reach, struct qn_search_peak *peak, struct qn_error *err);

/* The same with the period free within +-part of it afterwards: the signal at a known ephemeris,
 * however strong others are. */
enum qn_status qn_search_near(struct qn_search *search, const struct qn_curve *curve,
                              const struct qn_search_shape *shape, double period, double t0,
                              double reach, double part, struct qn_search_peak *peak,
                              struct qn_error *err);

#endif
