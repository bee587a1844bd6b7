/* IAU_MOON and the inertial frames: see moon_frame.h. */
#include "compute/moon_frame.h"

#include "compute/vector.h"

#include <math.h>
#include <string.h>

#define DAY_S     86400.0
#define CENTURY_D 36525.0
#define DEGREE    (M_PI / 180)
#define ARCSECOND (M_PI / 648000)

const struct qn_moon_frame qn_moon_frame_builtin = {
    .ra = {269.9949, 0.0031, 0},
    .dec = {66.5392, 0.0130, 0},
    .pm = {38.3213, 13.17635815, -1.4e-12},
    .count = 13,
    .angle = {{125.045, -1935.5364525},
              {250.089, -3871.072905},
              {260.008, 475263.3328725},
              {176.625, 487269.629985},
              {357.529, 35999.0509575},
              {311.589, 964468.49931},
              {134.963, 477198.869325},
              {276.617, 12006.300765},
              {34.226, 63863.5132425},
              {15.134, -5806.6093575},
              {119.743, 131.84064},
              {239.961, 6003.1503825},
              {25.053, 473327.79642}},
    .ra_sin = {-3.8787, -0.1204, 0.0700, -0.0172, 0, 0.0072, 0, 0, 0, -0.0052, 0, 0, 0.0043},
    .dec_cos = {1.5419, 0.0239, -0.0278, 0.0068, 0, -0.0029, 0.0009, 0, 0, 0.0008, 0, 0, -0.0009},
    .pm_sin = {3.5610, 0.1208, -0.0642, 0.0158, 0.0252, -0.0066, -0.0047, -0.0046, 0.0028, 0.0052,
               0.0040, 0.0019, -0.0044},
};

static double polynomial(const double coefficient[3], double x)
{
    return coefficient[0] + x * (coefficient[1] + x * coefficient[2]);
}

void qn_moon_rotation(const struct qn_moon_frame *frame, double et, double rotation[3][3])
{
    double d = et / DAY_S;
    double t = d / CENTURY_D;
    double ra = polynomial(frame->ra, t);
    double dec = polynomial(frame->dec, t);
    double w = polynomial(frame->pm, d);
    for (size_t i = 0; i < frame->count; i++) {
        double e = fmod(polynomial(frame->angle[i], t), 360) * DEGREE;
        double sine = sin(e);
        ra += frame->ra_sin[i] * sine;
        dec += frame->dec_cos[i] * cos(e);
        w += frame->pm_sin[i] * sine;
    }
    ra = fmod(ra + 90, 360) * DEGREE;
    w = fmod(w, 360) * DEGREE;
    /* R3(w) R1(90 - dec) R3(ra), multiplied out. */
    double cr = cos(ra), sr = sin(ra), cw = cos(w), sw = sin(w);
    double cd = sin(dec * DEGREE), sd = cos(dec * DEGREE);
    const double product[3][3] = {{cw * cr - sw * cd * sr, cw * sr + sw * cd * cr, sw * sd},
                                  {-sw * cr - cw * cd * sr, -sw * sr + cw * cd * cr, cw * sd},
                                  {sd * sr, -sd * cr, cd}};
    memcpy(rotation, product, sizeof product);
}

/* ---- inertial frames ------------------------------------------------------------------------ */

/* A frame is made of an earlier one by up to three rotations, the last one first: [a]_i [b]_j [c]_k
 * (NAIF, CHGIRF). In seconds of arc, about axes 1 to 3. */
static const struct {
    const char *name;
    int from;
    struct {
        double arcsec;
        int axis;
    } turn[3];
} frames[] = {
    [1] = {"J2000", 0, {{0}}},
    [2] = {"B1950", 1, {{1152.84248596724, 3}, {-1002.26108439117, 2}, {1153.04066200330, 3}}},
    [3] = {"FK4", 2, {{0.525, 3}}},
    [4] = {"DE-118", 2, {{0.53155, 3}}},
    [5] = {"DE-96", 2, {{0.4107, 3}}},
    [6] = {"DE-102", 2, {{0.1359, 3}}},
    [7] = {"DE-108", 2, {{0.4775, 3}}},
    [8] = {"DE-111", 2, {{0.5880, 3}}},
    [9] = {"DE-114", 2, {{0.5529, 3}}},
    [10] = {"DE-122", 2, {{0.5316, 3}}},
    [11] = {"DE-125", 2, {{0.5754, 3}}},
    [12] = {"DE-130", 2, {{0.5247, 3}}},
    [13] = {"GALACTIC", 3, {{1177200.0, 3}, {225360.0, 1}, {1016100.0, 3}}},
    [14] = {"DE-200", 1, {{0}}},
    [15] = {"DE-202", 1, {{0}}},
    [16] = {"MARSIAU", 1, {{324000.0, 3}, {133610.4, 2}, {-152348.4, 3}}},
    [17] = {"ECLIPJ2000", 1, {{84381.448, 1}}},
    [18] = {"ECLIPB1950", 2, {{84404.836, 1}}},
    [19] = {"DE-140", 1, {{1152.71013777252, 3}, {-1002.25042010533, 2}, {1153.75719544491, 3}}},
    [20] = {"DE-142", 1, {{1152.72061453864, 3}, {-1002.25052830351, 2}, {1153.74663857521, 3}}},
    [21] = {"DE-143", 1, {{1153.03919093833, 3}, {-1002.24822382286, 2}, {1153.42900222357, 3}}},
};

enum { FRAMES = sizeof frames / sizeof *frames };

/* The rotation of a frame about one of its axes, 1 to 3. */
static void turn(double angle, int axis, double rotation[3][3])
{
    int i = axis % 3;
    int j = (axis + 1) % 3;
    memset(rotation, 0, 9 * sizeof rotation[0][0]);
    rotation[axis - 1][axis - 1] = 1;
    rotation[i][i] = rotation[j][j] = cos(angle);
    rotation[i][j] = sin(angle);
    rotation[j][i] = -sin(angle);
}

bool qn_inertial_rotation(int frame, double rotation[3][3])
{
    static const double identity[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    if (frame < 1 || frame >= FRAMES)
        return false;
    memcpy(rotation, identity, sizeof identity);
    for (; frame > 0; frame = frames[frame].from) {
        for (int i = 0; i < 3 && frames[frame].turn[i].axis; i++) {
            double next[3][3];
            double product[3][3];
            turn(frames[frame].turn[i].arcsec * ARCSECOND, frames[frame].turn[i].axis, next);
            qn_compose((const double(*)[3])rotation, (const double(*)[3])next, product);
            memcpy(rotation, product, sizeof product);
        }
    }
    return true;
}

const char *qn_inertial_name(int frame)
{
    return frame >= 1 && frame < FRAMES ? frames[frame].name : NULL;
}
