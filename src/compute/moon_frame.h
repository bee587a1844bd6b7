/* Frames: IAU_MOON, the frame of a map of the Moon, from polynomials, and the inertial frames that
 * orbits are tabulated in. Angles in degrees as in the text kernels that define them, time as
 * ephemeris time (compute/ephemeris_time.h).
 */
#ifndef QN_COMPUTE_MOON_FRAME_H
#define QN_COMPUTE_MOON_FRAME_H

#include <stdbool.h>
#include <stddef.h>

enum { QN_NUTATIONS_MAX = 32 };

/* The orientation of a body (B. A. Archinal and others, Celestial Mechanics 109, 2011; NAIF, "PCK
 * required reading"). T in Julian centuries and d in days past J2000, E_i = angle[i][0] +
 * angle[i][1] T + angle[i][2] T^2:
 *
 *   RA  = ra[0]  + ra[1] T  + ra[2] T^2  + sum ra_sin[i] sin E_i
 *   DEC = dec[0] + dec[1] T + dec[2] T^2 + sum dec_cos[i] cos E_i
 *   W   = pm[0]  + pm[1] d  + pm[2] d^2  + sum pm_sin[i] sin E_i
 */
struct qn_moon_frame {
    double ra[3];
    double dec[3];
    double pm[3];
    size_t count;
    double angle[QN_NUTATIONS_MAX][3];
    double ra_sin[QN_NUTATIONS_MAX];
    double dec_cos[QN_NUTATIONS_MAX];
    double pm_sin[QN_NUTATIONS_MAX];
};

/* IAU_MOON as in pck00010.tpc and pck00011.tpc. */
extern const struct qn_moon_frame qn_moon_frame_builtin;

/* The rotation from J2000 to the body's frame: R3(W) R1(90 - DEC) R3(RA + 90). */
void qn_moon_rotation(const struct qn_moon_frame *frame, double et, double rotation[3][3]);

/* The inertial frames that SPICE numbers 1 (J2000) to 21, ECLIPJ2000 (17) and B1950 (2) among them:
 * the constant rotation from J2000 to that frame. False for any other number. */
enum { QN_FRAME_J2000 = 1, QN_FRAME_B1950 = 2, QN_FRAME_ECLIPJ2000 = 17 };
bool qn_inertial_rotation(int frame, double rotation[3][3]);
const char *qn_inertial_name(int frame); /* "J2000"; NULL for any other number */

#endif
