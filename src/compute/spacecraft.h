/* What potential a spacecraft floats at among electrons of a kappa distribution: by day
 * photoemission balances the electrons' current, by night ions and secondary electrons do.
 *
 * Potentials in V against the ambient plasma, currents in A/m^2 of surface. `classic` functions
 * follow the published program, the others Liouville's theorem (electrons of the ambient energy
 * E + |U| arrive with E). Pure functions.
 */
#ifndef QN_COMPUTE_SPACECRAFT_H
#define QN_COMPUTE_SPACECRAFT_H

#include "compute/kappa.h"

#define QN_PROTON_MASS 1.67262192e-27 /* kg */

/* Current of photoelectrons that escape from a surface at U >= 0: A exp(-U/B) + C exp(-U/D) with
 * 1.07e-6 A/m^2, 5 V, 1.6e-8 A/m^2, 60 V (Halekas et al. 2008, par. 23). */
double qn_photoemission(double volts);
double qn_photoemission_slope(double volts); /* per volt */

/* Its inverse within [0, 150] V; NaN outside of the currents there (1.0860e-6 to 1.3134e-9). */
double qn_photoemission_potential(double current);

/* Secondary electrons per electron of an energy (Sternglass 1954 with 500 eV and 1.5):
 * 7.4 * 1.5 * (E/500) exp(-2 sqrt(E/500)); 0 for E <= 0. */
double qn_secondary_yield(double energy_ev);

struct qn_currents { /* A/m^2, all positive */
    double electrons;
    double secondaries;
    double ions;
};

/* By day: the potential of a spacecraft in the ambient plasma, from 0 to 150 V. Otherwise NaN, and
 * *reason says why (QN_FIT_TOO_DENSE, QN_FIT_TOO_THIN). */
double qn_day_potential(const struct qn_kappa *ambient, enum qn_fit_reason *reason);

/* By night: where the currents to a plane in the ambient plasma balance, at most 0; ions are as hot
 * as electrons and enter with n e sqrt(e T / (2 pi m_p)) sqrt(1 - U/T). Otherwise NaN and *reason
 * (QN_FIT_SECONDARIES, QN_FIT_NO_BALANCE). */
double qn_night_potential(const struct qn_kappa *ambient, enum qn_fit_reason *reason);

/* Electrons less the secondaries that they drive out, of the plasma that arrives: what ions have to
 * bring. */
double qn_night_net(const struct qn_kappa *seen);

/* The balance from the plasma as the spacecraft sees it, electrons slowed down by its potential. */
double qn_night_potential_seen(const struct qn_kappa *seen, enum qn_fit_reason *reason);

/* The published currents in shadow: no cooling of the fitted density, no loss of the repelled
 * electrons' flux, 500 energies from 1 eV to 20 keV. Nothing but zeros where the temperature
 * corrected for `volts` is not positive. */
struct qn_currents qn_classic_night_currents(const struct qn_kappa *fitted, double volts);

/* Their balance (Brent's method in [-1500, 0], the lower end stretched by 1.5 up to ten times);
 * NaN when they do not balance. */
double qn_classic_night_potential(const struct qn_kappa *fitted);

#endif
