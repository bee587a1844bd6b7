/* The published features of transit candidates, formula by formula, faults included: the profile
 * `classic`, for comparison with tables made by the tool they come from (exoplanet-starter's
 * 02_bls_baseline, Apache-2.0). The robust definitions are in vetting.h. */
#ifndef QN_COMPUTE_TRANSIT_CLASSIC_H
#define QN_COMPUTE_TRANSIT_CLASSIC_H

#include "base/buf.h"

#include <quern/error.h>

struct qn_flux_moments { /* population moments of the flux */
    double deviation;
    double mad; /* median absolute deviation from the median, not scaled */
    double skewness;
    double kurtosis; /* less 3 */
};

/* `scratch` holds n doubles. */
void qn_flux_moments(const double *flux, size_t n, double *scratch, struct qn_flux_moments *out);

struct qn_classic_shape { /* of a box: what the eight advanced features say */
    double duration_over_period;
    double odd_even_depth_diff;
    double transit_symmetry;
    double periodicity_strength;
    double secondary_depth;
    double ingress_egress_ratio;
    double phase_coverage;
    double red_noise;
};

/* Of points in the order given, at the box found. `scratch` grows to 2 n doubles. */
enum qn_status qn_classic_shape(const double *time, const double *flux, size_t n, double period,
                                double t0, double duration, double deviation,
                                struct qn_buf *scratch, struct qn_classic_shape *out,
                                struct qn_error *err);

#endif
