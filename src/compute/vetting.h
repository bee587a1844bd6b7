/* What a folded transit signal says about its cause: the robust definitions of the features, each
 * with its uncertainty, and the tests of the vetters of Kepler and TESS.
 *
 * Sources: Pont, Zucker, Queloz 2006 (MNRAS 373, 231) for red noise; Coughlin et al. 2016 (ApJS
 * 224, 12) for the shift of the model, shape and chases; Kunimoto et al. 2025 (LEO-vetter) for MES,
 * SES, CHI, DMM; Mullally et al. 2018 for SWEET and coverage; Carter et al. 2008 (ApJ 689, 499) for
 * the errors of the ephemeris. */
#ifndef QN_COMPUTE_VETTING_H
#define QN_COMPUTE_VETTING_H

#include "compute/bls.h"

struct qn_ephemeris {
    double period;
    double t0;
    double duration;
};

struct qn_vetting { /* NaN where the points do not tell */
    double level;   /* weighted mean outside +-1 duration */
    double depth;   /* level - weighted mean inside, and its error by white noise */
    double depth_err;
    double snr;         /* depth / depth_err */
    double white_noise; /* of a point: 1.4826 MAD outside transits */
    double red_noise;   /* of a mean over one duration, beyond what white noise explains */
    double events;      /* transits with at least 3 points inside */
    double expected;    /* transits within the span */
    double points_in;   /* inside transits */
    double mes;         /* multiple event statistic: depth over white and red noise */
    double ses_max;     /* single events: the strongest, and their median */
    double ses_median;
    double chi;               /* MES / sqrt(chi^2 of the depths / (N - 1)) */
    double depth_mean_median; /* of the depths of single events */
    double max_event_part;    /* of the strongest event in the sum of all */
    double shape;         /* Fmax / (Fmax - Fmin) over all phases: near 1 dips alone, .5 waves */
    double chases;        /* how far from transits other events as strong as .6 stay: 1 far */
    double odd_even_diff; /* |depth of odd - of even transits|, and its significance */
    double odd_even_sigma;
    double depth_odd;
    double depth_even;
    double secondary_depth; /* the strongest box beyond two durations */
    double secondary_sigma;
    double secondary_phase;
    double half_depth; /* the box half a period later */
    double half_sigma;
    double positive_sigma; /* the strongest brightening */
    double false_alarm_1;  /* thresholds of Coughlin: one of 20,000 stars, and this one */
    double false_alarm_2;
    double fred;     /* red over white noise of the folded curve */
    double symmetry; /* (left - right half) / error: 0 for a planet */
    double trapezoid_depth;
    double trapezoid_duration; /* first to last contact, days */
    double ingress;            /* days */
    double egress;
    double ingress_egress_ratio;
    double trapezoid_chi2; /* reduced */
    double v_shape;        /* (ingress + egress) / duration: 0 box, 1 V */
    double sweet_half;     /* amplitude over error of a sine outside transits at P/2, P, 2P */
    double sweet_period;
    double sweet_double;
    double transit_coverage; /* filled tenths of +-1 duration */
    double phase_coverage;   /* filled fiftieths of the period */
    double periodicity; /* deviation of the medians of 20 bins of phase over that of the flux */
    double period_err;
    double t0_err;
    double duration_err;
};

/* `curve`: times ascending, weights 1/sigma^2 (not NULL). `raw`: flux before detrending, for the
 * sines, may be curve->flux. `scratch` is kept memory. */
enum qn_status qn_vet(const struct qn_curve *curve, const double *raw,
                      const struct qn_ephemeris *ephemeris, struct qn_buf *scratch,
                      struct qn_vetting *out, struct qn_error *err);

#endif
