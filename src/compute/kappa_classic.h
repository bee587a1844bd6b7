/* The published fit of a kappa distribution to a sweep, and the published way from it to the
 * potential of the spacecraft, defects included: rows without counts weigh most, the density is a
 * plain sum, flags are numbers. kappa.h has the rest, kappa_robust.h mends it.
 *
 * Where the published program starts L-BFGS-B ten times at random, the minimum that it looks for is
 * found from a grid instead: chi2 is never above theirs by more than a millionth, kappa and theta
 * agree to about 1e-6 (the tolerance of L-BFGS-B), more loosely only where chi2 hardly depends on
 * them. */
#ifndef QN_COMPUTE_KAPPA_CLASSIC_H
#define QN_COMPUTE_KAPPA_CLASSIC_H

#include "compute/kappa.h"

/* The fluxes that the published program sees: missing ones are 9.999E-99, missing azimuths 999.99
 * degrees, as the instrument's team flags them. */
static inline double qn_classic_flux(double flux)
{
    return flux == flux ? flux : 9.999e-99;
}
static inline double qn_classic_phi(double phi_deg)
{
    return phi_deg == phi_deg ? phi_deg : 999.99;
}

struct qn_classic_spectrum {
    size_t rows;
    double energy_ev[QN_SWEEP_ROWS];
    double flux[QN_SWEEP_ROWS];   /* omnidirectional, cm^-2 s^-1 eV^-1 */
    double counts[QN_SWEEP_ROWS]; /* of all cells */
};

/* Twice the flux of the cells that move against B, whatever the polarity. */
void qn_classic_spectrum(const struct qn_sweep *sweep, const struct qn_cells *cells,
                         enum qn_sense sense, struct qn_classic_spectrum *spectrum);

struct qn_classic_fit {
    struct qn_kappa plasma; /* density NaN where nothing was fitted */
    double chi2;
};

/* kappa in [2.5, 6], theta in [1e6, 1e8] m/s; the density [m^-3] is not fitted but summed. */
void qn_classic_kappa_fit(const struct qn_classic_spectrum *spectrum, struct qn_classic_fit *fit);

/* U by day and by night, NaN when there is none. By day the fit is that of the energies less U, by
 * night its theta is that of the temperature corrected for U, as the published program returns
 * them. */
double qn_classic_day(const struct qn_classic_spectrum *spectrum, struct qn_classic_fit *fit,
                      double *current);
double qn_classic_night(const struct qn_classic_spectrum *spectrum, struct qn_classic_fit *fit,
                        double *current);

#endif
