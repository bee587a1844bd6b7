/* States out of the tables that orbits are kept in: Chebyshev polynomials, difference lines,
 * Lagrange and Hermite interpolation, two-body motion. Arrays in, a state out; no allocation.
 *
 * A state is x, y, z [km] and its rate [km/s]; times are ephemeris time [s]. What is evaluated is
 * chosen by format/spice/spk.h; both speak NAIF's language ("SPK required reading").
 */
#ifndef QN_COMPUTE_ORBIT_H
#define QN_COMPUTE_ORBIT_H

#include <stdbool.h>
#include <stddef.h>

/* Most points of a window and terms of a difference line. */
enum { QN_WINDOW_MAX = 32, QN_DIFFERENCE_MAX = 25 };

/* Type 2: `n` coefficients each for x, y, z over [mid - radius, mid + radius]; the rate is the
 * derivative. */
void qn_orbit_chebyshev(const double *coefficients, size_t n, double mid, double radius, double et,
                        double state[6]);

/* Type 3: the rate has coefficients of its own: x, y, z, dx, dy, dz. */
void qn_orbit_chebyshev_rates(const double *coefficients, size_t n, double mid, double radius,
                              double et, double state[6]);

/* Types 1 (`terms` 15) and 21: a modified difference array of Shampine and Gordon. `line` holds 4 *
 * terms + 11 numbers. False when its orders or steps make no sense. */
bool qn_orbit_difference_line(const double *line, size_t terms, double et, double state[6]);

/* Types 8 and 9: every component of the state on its own; `states` holds n * 6, 1 <= n <=
 * QN_WINDOW_MAX, epochs differ. */
void qn_orbit_lagrange(const double *epochs, const double *states, size_t n, double et,
                       double state[6]);

/* Types 12 and 13: positions and their rates together; the rate is the derivative. */
void qn_orbit_hermite(const double *epochs, const double *states, size_t n, double et,
                      double state[6]);

/* Type 5: both neighbours carried to `et` on conics about a mass of `gm` [km3/s2], blended by a
 * cosine; n is 1 (beyond the ends) or 2. False when a neighbour's state defines no conic. */
bool qn_orbit_two_body(const double *epochs, const double *states, size_t n, double gm, double et,
                       double state[6]);

/* Carries a state on a conic, by universal variables. */
bool qn_orbit_propagate(double gm, const double from[6], double dt, double to[6]);

#endif
