/* The loss cone by likelihood: counts, cells as wide as they are, and a distribution over (U, b)
 * instead of a point.
 *
 * A cell that the edge cuts holds the part of its width outside of the cone; a beam is averaged
 * over it too. Where counts show that cells act as points (a hard edge), they are taken as such.
 * Counts vary by Poisson, by the scatter of gains that the incident cells show, and by what the
 * shape of cells leaves open at the edge, estimated from the residuals there; the level inside of
 * the cone is estimated as well. The amplitude of the beam is solved for in closed form at every
 * (U, b).
 *
 * Intervals of U and b are the central 68 % of the likelihood over U in [-2000, 20] V and b in
 * [0.05, 1.1], flat in both, values its medians. Where its profile has risen by 1 tells less: with
 * a hard edge it is a plateau, and 91 % of such intervals hold U; with a soft one the nearest
 * valley of several is taken for all, and 60 % do. The beam's is that of a mean that cannot be
 * negative. */
#ifndef QN_COMPUTE_CONE_ROBUST_H
#define QN_COMPUTE_CONE_ROBUST_H

#include "compute/loss_cone.h"

#include <quern/error.h>

struct qn_cone_robust; /* tables, kept from sweep to sweep */
enum qn_status qn_cone_robust_new(struct qn_cone_robust **cone, struct qn_error *err);
void qn_cone_robust_free(struct qn_cone_robust *cone); /* NULL is fine */

/* `u_spacecraft` NaN: nothing is fitted (QN_FIT_NO_SPECTRUM). */
void qn_cone_robust_run(struct qn_cone_robust *cone, const struct qn_sweep *sweep,
                        const struct qn_cells *cells, enum qn_sense sense, double u_spacecraft,
                        struct qn_cone_fit *fit);

/* The interval of 68 % of a mean that cannot be negative, from a measurement of deviation 1
 * (Feldman & Cousins 1998, Phys. Rev. D 57, sec. IV B): of each mean those measurements are
 * accepted that are the likeliest beside the best mean. A central interval would hold a mean of 0
 * in 84 of 100 cases. */
void qn_positive_interval(double measured, double interval[2]);

#endif
