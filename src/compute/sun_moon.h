/* The Sun and the Moon without a planetary kernel, from the series of the IAU's SOFA library
 * (ERFA): VSOP2000 for the Earth's orbit (eraEpv00) and Meeus' ELP-2000/82 for the Moon
 * (eraMoon98). The direction from Moon to Sun is right to 1e-7 of a radian for 1900 to 2100, the
 * distance to 20 km.
 */
#ifndef QN_COMPUTE_SUN_MOON_H
#define QN_COMPUTE_SUN_MOON_H

/* States in J2000: km and km/s. Costs some 60 us: keep and interpolate. */
void qn_sun_from_earth(double et, double state[6]);
void qn_moon_from_earth(double et, double state[6]);

#endif
