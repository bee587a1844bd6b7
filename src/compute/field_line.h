/* Where straight lines meet the Moon: latitudes and longitudes, the foot of a field line, shadow.
 * Positions in km from the centre of the Moon, in its own frame. The Moon is a sphere.
 */
#ifndef QN_COMPUTE_FIELD_LINE_H
#define QN_COMPUTE_FIELD_LINE_H

#include <stdbool.h>
#include <stdint.h>

#define QN_MOON_RADIUS_KM 1737.4

/* Planetocentric, in degrees: latitude asin(z/r), longitude atan2(y, x) in (-180, 180]. */
void qn_lat_lon(const double position[3], double *lat_deg, double *lon_deg);

/* The distance from `position` along the unit vector `direction` to the sphere of `radius`: the
 * nearest that is more than 0. NaN when the ray passes it by. */
double qn_ray_to_sphere(const double position[3], const double direction[3], double radius);

struct qn_foot {
    int8_t polarity;    /* +1: the Moon lies along B, -1: along -B, 0: neither, or inside it */
    double distance_km; /* along the line, NaN with polarity 0 */
    double point[3];    /* where the line enters the Moon, NaN with polarity 0 */
};

/* The foot of the straight field line through `position`; `field` is B as a unit vector. Exactly
 * one of its two directions must lead to the Moon. */
struct qn_foot qn_field_foot(const double position[3], const double field[3], double radius);

/* The rotation from the despun spacecraft frame to that of `spin` and `sun` (unit vectors): Z is
 * the spin axis, X the Sun's direction projected on the plane across it, Y = Z x X. False when the
 * Sun stands on the axis (X shorter than 1e-8). */
bool qn_despun_frame(const double spin[3], const double sun[3], double rotation[3][3]);

#endif
