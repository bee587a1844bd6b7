/* The spectrum of a sweep and the potential of the spacecraft by likelihood: counts instead of
 * fluxes, so that an empty row is a small number and not an infinite weight; the density fitted
 * with the rest; the energy response folded without a grid's edges; U found together with the
 * plasma, by Liouville's theorem; intervals along the profiles of the likelihood on everything.
 *
 * Counts of a row are negative binomial: Poisson, with a relative error of each row's gain that is
 * estimated from the scatter of the rows about the fit (0 where counting explains it).
 *
 * By day energies below 1.88 U hold photoelectrons and are dropped. Every potential that balances
 * the currents is tried, the lowest first: see docs/lunar.md, "Potentials of many volts". */
#ifndef QN_COMPUTE_KAPPA_ROBUST_H
#define QN_COMPUTE_KAPPA_ROBUST_H

#include "compute/kappa.h"

struct qn_robust_spectrum {
    struct qn_kappa_fit fit; /* of the ambient plasma */
    struct qn_estimate u_spacecraft;
    double u_assumed; /* the value, or the most likely one where there is only a bound; NaN: none */
    double current;   /* of electrons that arrive, A/m^2 */
};

/* `u_fixed`: the potential where it is known, NaN: found. Cells are those that move to the Moon by
 * more than 11.25 degrees against the plane across B, without the sunlit sector by day; without any
 * polarity those of the half with more counts. */
void qn_kappa_robust(const struct qn_sweep *sweep, const struct qn_cells *cells,
                     enum qn_sense sense, double u_fixed, struct qn_robust_spectrum *found);

#endif
