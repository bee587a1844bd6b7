/* Kappa distributions of electrons: their fluxes, temperature and currents, and the fit to a sweep.
 *
 * Phase-space density f(v) = n / theta^3 * Gamma(k+1) / ((pi k)^1.5 Gamma(k-1/2))
 *                            * (1 + v^2 / (k theta^2))^(-k-1)   (Vasyliunas 1968)
 * with n in m^-3 and theta in m/s. Energies in eV, temperatures in eV, currents in A/m^2.
 */
#ifndef QN_COMPUTE_KAPPA_H
#define QN_COMPUTE_KAPPA_H

#include "compute/electrons.h"

/* The published program takes temperatures, densities and currents with the mass in kg, fluxes with
 * the rounded mass in eV; they differ by 2e-8. */
#define QN_ELECTRON_MASS_KG 9.1093837015e-31
#define QN_ELECTRON_MASS    5.685630e-12    /* eV s^2 m^-2 */
#define QN_CHARGE           1.602176634e-19 /* C */

struct qn_kappa {
    double density; /* m^-3 */
    double kappa;
    double theta; /* m/s */
};

/* Omnidirectional flux 4 pi f v^2 / m * 1e-4, cm^-2 s^-1 eV^-1. */
double qn_kappa_flux(const struct qn_kappa *plasma, double energy_ev);
void qn_kappa_fluxes(const struct qn_kappa *plasma, const double *energy_ev, size_t n,
                     double *flux);

/* T = k / (k - 1.5) * m theta^2 / 2, and its inverse. */
double qn_kappa_temperature(double kappa, double theta);
double qn_kappa_theta(double kappa, double temperature_ev);

/* One-sided current in closed form: n e sqrt(kT / (2 pi m)) sqrt(k-1.5) Gamma(k-1)/Gamma(k-1/2). */
double qn_kappa_current(const struct qn_kappa *plasma);

/* The same current between two energies as the published program integrates it: Simpson's rule on
 * `points` energies evenly spread in the logarithm, with the end correction of Cartwright for an
 * even number of them (SciPy 1.11 and later). At most 2,048 points; 0 on more. */
double qn_kappa_current_between(const struct qn_kappa *plasma, double low_ev, double high_ev,
                                size_t points);

/* The distribution as it is seen where the potential is `volts`, by Liouville's theorem: kappa
 * stays, k m theta^2 / 2 loses `volts`, f at the same total energy stays. False where no electron
 * distribution of this form is left (k m theta^2 / 2 <= volts). With -volts: the way back. */
bool qn_kappa_shift(const struct qn_kappa *plasma, double volts, struct qn_kappa *seen);

/* Debye length in m: sqrt(eps0 T / (n e)). */
double qn_debye_length(double temperature_ev, double density);

/* Regions of plasma by electron temperature. */
enum qn_environment {
    QN_ENVIRONMENT_UNKNOWN,
    QN_ENVIRONMENT_SOLAR_WIND,    /* below 30 eV */
    QN_ENVIRONMENT_MAGNETOSHEATH, /* below 80 eV */
    QN_ENVIRONMENT_TAIL_LOBES,    /* below 150 eV */
    QN_ENVIRONMENT_PLASMA_SHEET,
    QN_ENVIRONMENT_WAKE, /* the footpoint is in the dark */
    QN_ENVIRONMENTS
};
enum qn_environment qn_environment_of(double temperature_ev, bool foot_in_sun);
const char *qn_environment_name(enum qn_environment environment); /* "solar-wind" */

/* ---- the fit -------------------------------------------------------------------------------- */

struct qn_kappa_fit {
    struct qn_estimate kappa;
    struct qn_estimate theta;       /* m/s */
    struct qn_estimate temperature; /* eV */
    struct qn_estimate density;     /* m^-3 */
    double chi2;
    size_t rows;       /* energies that were fitted */
    double gain_error; /* robust: relative scatter between energies beyond counting */
};

#endif
