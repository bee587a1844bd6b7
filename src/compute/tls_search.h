/* Inside of transit least squares: the curve, folds and the two ways to try a period. Private to
 * src/compute; tls.c runs them, tls_stats.c sums up. */
#ifndef QN_COMPUTE_TLS_SEARCH_H
#define QN_COMPUTE_TLS_SEARCH_H

#include "compute/tls_template.h"

enum {
    TLS_WIDTHS = 19,      /* of templates over bins: */
    TLS_DENSE = 11,       /* from here on, those of every level */
    TLS_DENSE_WIDTH = 16, /* the width there */
    TLS_LONGEST = 30,     /* the last width */
    TLS_LEVELS = 12,
    TLS_MARGIN = 96,   /* bins beyond the end of a fold */
    TLS_STREAMS = 4,   /* parts of the curve that are folded side by side */
    TLS_SAMPLES = 2048 /* of the reference shape */
};

struct tls_fit { /* the best template at one period */
    double chi2;
    size_t row;   /* of the templates; exact only */
    double depth; /* level at the bottom; 0 where nothing fits */
};

struct tls_curve {
    size_t n;
    double *time; /* cleaned */
    double *flux;
    double *weight; /* (mean error / error)^2 */
    bool weighted;  /* else the weight of every point is 1 / sigma^2 */
    double span;
    double sigma;   /* population deviation of the flux */
    double *phase;  /* sorted; n + patch + TLS_PAD each */
    double *folded; /* flux in order of phase, its beginning once more behind its end */
    double *folded_weight;
    double *residual; /* 1 - folded, times weight; TLS_PAD zeros behind the end */
    double *sums;     /* running sums of folded */
    double *squares;  /* running sums of residual^2, times weight */
    uint32_t *order;
    uint32_t *counts;
    size_t patch;
    /* Binned folds, most_bins + TLS_MARGIN values each. */
    float *points;  /* 1 - flux and 1, pairs: what a point adds to its bin */
    float *streams; /* TLS_STREAMS tables of such pairs */
    float *binned;
    float *weights;
    float *binned_to; /* running sums */
    float *weights_to;
    float *binned_first; /* the first level, kept */
    float *weights_first;
    float reference[TLS_SAMPLES]; /* the template, 1 at its bottom */
    size_t most_bins;
    double total;                         /* sum of all squared residuals */
    float shape[TLS_WIDTHS][TLS_LONGEST]; /* template of each width in bins */
    float overshoot[TLS_WIDTHS];
    float shape_squares[TLS_WIDTHS];
};

/* Sorts the points by phase (stable) with epoch t0 and fills phase and folded. */
void tls_fold(struct tls_curve *curve, double period, double t0);

void tls_try_exact(struct tls_curve *curve, const struct tls_templates *templates,
                   const struct qn_tls_shape *shape, double period, struct tls_fit *fit);

/* Prepares shape[], overshoot[] and shape_squares[]. */
enum qn_status tls_fast_shapes(struct tls_curve *curve, const struct qn_orbit *orbit,
                               struct qn_error *err);
void tls_try_fast(struct tls_curve *curve, const struct qn_tls_shape *shape, double period,
                  struct tls_fit *fit);

/* tls_stats.c: from chi^2 of all periods to SDE, and from the best period to the rest. */
struct tls_spectrum {
    size_t count;
    const double *periods; /* ascending */
    const double *chi2;
    double *power_raw;
    double *power;
    double *scratch; /* count */
    double oversampling;
};
void tls_spectra(struct tls_spectrum *spectrum, struct qn_tls_result *result);
void tls_describe(struct tls_curve *curve, const struct tls_templates *templates,
                  const struct qn_tls_shape *shape, size_t row, struct qn_tls_result *result);
void tls_each_transit(struct tls_curve *curve, const struct qn_tls_result *result,
                      struct qn_tls_transit *transits);

#endif
