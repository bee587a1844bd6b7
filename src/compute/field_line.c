/* Straight lines and the Moon: see field_line.h. */
#include "compute/field_line.h"

#include "compute/vector.h"

#include <math.h>

#define DEGREE (M_PI / 180)

void qn_lat_lon(const double position[3], double *lat_deg, double *lon_deg)
{
    double r = qn_norm(position);
    *lat_deg = asin(fmax(-1, fmin(1, position[2] / r))) / DEGREE;
    *lon_deg = atan2(position[1], position[0]) / DEGREE;
}

double qn_ray_to_sphere(const double position[3], const double direction[3], double radius)
{
    double nearest[3]; /* of the whole line to the centre */
    double along = qn_dot(position, direction);
    qn_along(position, -along, direction, nearest);
    double half_chord2 = radius * radius - qn_dot(nearest, nearest);
    if (!(half_chord2 >= 0))
        return NAN;
    double half_chord = sqrt(half_chord2);
    double enter = -along - half_chord;
    double leave = -along + half_chord;
    return enter > 0 ? enter : leave > 0 ? leave : NAN;
}

struct qn_foot qn_field_foot(const double position[3], const double field[3], double radius)
{
    struct qn_foot foot = {0, NAN, {NAN, NAN, NAN}};
    const double back[3] = {-field[0], -field[1], -field[2]};
    double ahead = qn_ray_to_sphere(position, field, radius);
    double behind = qn_ray_to_sphere(position, back, radius);
    if (isnan(ahead) == isnan(behind))
        return foot;
    foot.polarity = isnan(ahead) ? -1 : 1;
    foot.distance_km = isnan(ahead) ? behind : ahead;
    qn_along(position, foot.polarity * foot.distance_km, field, foot.point);
    return foot;
}

bool qn_despun_frame(const double spin[3], const double sun[3], double rotation[3][3])
{
    double x[3];
    double y[3];
    qn_along(sun, -qn_dot(sun, spin), spin, x);
    double length = qn_norm(x);
    if (!(length >= 1e-8))
        return false;
    for (int i = 0; i < 3; i++)
        x[i] /= length;
    qn_cross(spin, x, y);
    for (int i = 0; i < 3; i++) {
        rotation[i][0] = x[i];
        rotation[i][1] = y[i];
        rotation[i][2] = spin[i];
    }
    return true;
}
