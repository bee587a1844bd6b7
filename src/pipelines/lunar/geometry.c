/* The geometry of rows: see geometry.h. */
#include "pipelines/lunar/geometry.h"

#include "base/sys.h"
#include "compute/field_line.h"
#include "compute/vector.h"
#include "pipelines/lunar/archive.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEGREE  (M_PI / 180)
#define LEAST_B 1e-9 /* nT: B shorter than that has no direction */

struct qn_sky {
    struct qn_kernels *kernels;
    struct qn_attitude *attitude;
    double ecliptic[3][3]; /* from J2000 to ECLIPJ2000 */
    struct qn_buf notes;
};

/* ---- opening -------------------------------------------------------------------------------- */

/* Some kernel has to tell of the spacecraft; without one of the Sun, series are taken. */
static enum qn_status check_bodies(struct qn_sky *sky, size_t count, struct qn_error *err)
{
    double start;
    double stop;
    char from[QN_UTC_TEXT];
    char to[QN_UTC_TEXT];
    const struct qn_leaps *leaps = qn_kernels_leaps(sky->kernels);
    if (!qn_kernels_coverage(sky->kernels, QN_BODY_LUNAR_PROSPECTOR, &start, &stop))
        return qn_fail(err, QN_ERR_INPUT,
                       "of %zu kernels none tells where Lunar Prospector was (body -25). Add "
                       "those of the months wanted, %s and others, from the folder of %s .",
                       count, qn_archive_files[0].name, qn_archive_files[0].url);
    if (!qn_kernels_coverage(sky->kernels, QN_BODY_SUN, &start, &stop)) {
        qn_buf_printf(&sky->notes, "No kernel tells where the Sun was: series of the IAU's SOFA "
                                   "library are taken, right to 1e-7 of a radian.\n");
        return QN_OK;
    }
    qn_utc_print(qn_utc_from_et(leaps, start), 0, from);
    qn_utc_print(qn_utc_from_et(leaps, stop), 0, to);
    if (start > qn_et_from_unix(leaps, 883612800) || stop < qn_et_from_unix(leaps, 933465600))
        qn_buf_printf(&sky->notes,
                      "The kernels tell where the Sun was from %s to %s; at other times series of "
                      "the IAU's SOFA library are taken, right to 1e-7 of a radian.\n",
                      from, to);
    return QN_OK;
}

static enum qn_status open_files(struct qn_sky *sky, const char *const *kernels, size_t count,
                                 const char *attitude, struct qn_error *err)
{
    enum qn_status status = qn_kernels_new(&sky->kernels, err);
    for (size_t i = 0; i < count && !status; i++)
        status = qn_kernels_load(sky->kernels, kernels[i], err);
    if (!status)
        status = qn_kernels_ready(sky->kernels, err);
    if (!status)
        qn_buf_printf(&sky->notes, "%s", qn_kernels_notes(sky->kernels));
    if (!status)
        status = check_bodies(sky, count, err);
    if (!status)
        status = qn_attitude_read(&sky->attitude, attitude, qn_kernels_leaps(sky->kernels), err);
    if (!status && sky->notes.failed)
        status = qn_fail_memory(err, "notes", sky->notes.len);
    return status;
}

enum qn_status qn_sky_open(struct qn_sky **out, const char *const *kernels, size_t count,
                           const char *attitude, struct qn_error *err)
{
    *out = NULL;
    struct qn_sky *sky = qn_sys.calloc(1, sizeof *sky);
    if (!sky)
        return qn_fail_memory(err, "the sky", sizeof *sky);
    qn_inertial_rotation(QN_FRAME_ECLIPJ2000, sky->ecliptic);
    enum qn_status status = open_files(sky, kernels, count, attitude, err);
    if (status)
        qn_sky_close(sky);
    else
        *out = sky;
    return status;
}

void qn_sky_close(struct qn_sky *sky)
{
    if (!sky)
        return;
    qn_kernels_free(sky->kernels);
    qn_attitude_free(sky->attitude);
    qn_buf_release(&sky->notes);
    free(sky);
}

const char *qn_sky_notes(const struct qn_sky *sky)
{
    return sky->notes.len > 0 ? (const char *)sky->notes.data : "";
}

const struct qn_leaps *qn_sky_leaps(const struct qn_sky *sky)
{
    return qn_kernels_leaps(sky->kernels);
}

const char *qn_sky_gap_name(enum qn_sky_gap gap)
{
    static const char *const names[QN_SKY_GAPS] = {
        [QN_SKY_OK] = "ok",
        [QN_SKY_NO_TIME] = "no-time",
        [QN_SKY_NO_FIELD] = "no-field",
        [QN_SKY_NO_ORBIT] = "no-orbit",
        [QN_SKY_NO_SUN] = "no-sun",
        [QN_SKY_NO_ATTITUDE] = "no-attitude",
        [QN_SKY_NO_FRAME] = "no-frame",
    };
    return (unsigned)gap < QN_SKY_GAPS ? names[gap] : "unknown";
}

/* ---- rows ----------------------------------------------------------------------------------- */

void qn_sky_clear(struct qn_sky_row *row, enum qn_sky_gap gap)
{
    *row = (struct qn_sky_row){.gap = gap};
    row->lat_deg = row->lon_deg = row->altitude_km = row->sun_zenith_deg = NAN;
    for (int i = 0; i < 3; i++)
        row->position_km[i] = row->sun[i] = row->field[i] = row->sun_scd[i] = NAN;
    row->foot_lat_deg = row->foot_lon_deg = row->foot_km = row->foot_dip_deg =
        row->foot_zenith_deg = NAN;
}

static bool to_unit(const double a[3], double least, double unit[3])
{
    double length = qn_norm(a);
    if (!(length > least) || !isfinite(length))
        return false;
    for (int i = 0; i < 3; i++)
        unit[i] = a[i] / length;
    return true;
}

static double clamped(double x)
{
    return fmax(-1, fmin(1, x));
}

/* From the despun frame to J2000, by way of the ecliptic. */
static bool despun_to_j2000(const struct qn_sky *sky, double longitude_deg, double latitude_deg,
                            const double sun_j2000[3], double rotation[3][3])
{
    double lon = longitude_deg * DEGREE;
    double lat = latitude_deg * DEGREE;
    const double spin[3] = {cos(lon) * cos(lat), sin(lon) * cos(lat), sin(lat)};
    double sun[3];
    double to_ecliptic[3][3];
    double column[3];
    double turned[3];
    qn_rotate((const double(*)[3])sky->ecliptic, sun_j2000, sun);
    if (!qn_despun_frame(spin, sun, to_ecliptic))
        return false;
    for (int j = 0; j < 3; j++) {
        for (int i = 0; i < 3; i++)
            column[i] = to_ecliptic[i][j];
        qn_rotate_back((const double(*)[3])sky->ecliptic, column, turned);
        for (int i = 0; i < 3; i++)
            rotation[i][j] = turned[i];
    }
    return true;
}

void qn_sky_place(struct qn_sky_row *row)
{
    double r = qn_norm(row->position_km);
    to_unit(row->sun, 0, row->sun);
    qn_lat_lon(row->position_km, &row->lat_deg, &row->lon_deg);
    row->altitude_km = r - QN_MOON_RADIUS_KM;
    row->sun_zenith_deg = acos(clamped(qn_dot(row->position_km, row->sun) / r)) / DEGREE;
    row->in_sun = isnan(qn_ray_to_sphere(row->position_km, row->sun, QN_MOON_RADIUS_KM));
}

/* `sun` is the unit vector from the Moon's centre to the Sun. */
static void place_foot(struct qn_sky_row *row, const double sun[3])
{
    struct qn_foot foot = qn_field_foot(row->position_km, row->field, QN_MOON_RADIUS_KM);
    row->polarity = foot.polarity;
    if (foot.polarity == 0)
        return;
    double height = qn_dot(foot.point, sun) / QN_MOON_RADIUS_KM;
    double dip = qn_dot(foot.point, row->field) / QN_MOON_RADIUS_KM;
    qn_lat_lon(foot.point, &row->foot_lat_deg, &row->foot_lon_deg);
    row->foot_km = foot.distance_km;
    row->foot_dip_deg = asin(clamped(fabs(dip))) / DEGREE;
    row->foot_zenith_deg = acos(clamped(height)) / DEGREE;
    row->foot_in_sun = height > 0;
}

/* What a time tells, in J2000 unless named otherwise. */
struct scene {
    double craft[6];     /* from the Moon */
    double sun[6];       /* from the Moon */
    double to_sun[3];    /* unit vector from the spacecraft */
    double despun[3][3]; /* from the despun frame */
    double moon[3][3];   /* to IAU_MOON */
};

static enum qn_status set_scene(struct qn_sky *sky, double et, struct scene *scene,
                                enum qn_sky_gap *gap, struct qn_error *err)
{
    bool known;
    double longitude;
    double latitude;
    *gap = QN_SKY_NO_ORBIT;
    enum qn_status status = qn_kernels_find(sky->kernels, QN_BODY_LUNAR_PROSPECTOR, QN_BODY_MOON,
                                            et, scene->craft, &known, err);
    if (status || !known)
        return status;
    *gap = QN_SKY_NO_SUN;
    status = qn_kernels_find(sky->kernels, QN_BODY_SUN, QN_BODY_MOON, et, scene->sun, &known, err);
    if (status || !known)
        return status;
    *gap = QN_SKY_NO_ATTITUDE;
    if (!qn_attitude_at(sky->attitude, et, &longitude, &latitude))
        return QN_OK;
    *gap = QN_SKY_NO_FRAME;
    qn_along(scene->sun, -1, scene->craft, scene->to_sun);
    if (to_unit(scene->to_sun, 0, scene->to_sun) &&
        despun_to_j2000(sky, longitude, latitude, scene->to_sun, scene->despun))
        *gap = QN_SKY_OK;
    qn_moon_rotation(qn_kernels_moon(sky->kernels), et, scene->moon);
    return QN_OK;
}

enum qn_status qn_sky_look(struct qn_sky *sky, double et, const double field_scd[3],
                           struct qn_sky_row *row, struct qn_error *err)
{
    struct scene scene;
    enum qn_sky_gap gap = QN_SKY_NO_TIME;
    enum qn_status status = QN_OK;
    double field[3];
    double turned[3];
    if (isfinite(et))
        gap = to_unit(field_scd, LEAST_B, field) ? QN_SKY_OK : QN_SKY_NO_FIELD;
    if (gap == QN_SKY_OK)
        status = set_scene(sky, et, &scene, &gap, err);
    qn_sky_clear(row, gap);
    if (status || gap != QN_SKY_OK)
        return status;
    const double(*despun)[3] = (const double(*)[3])scene.despun;
    const double(*moon)[3] = (const double(*)[3])scene.moon;
    qn_rotate_back(despun, scene.to_sun, row->sun_scd);
    qn_rotate(moon, scene.craft, row->position_km);
    qn_rotate(moon, scene.to_sun, row->sun);
    qn_rotate(despun, field, turned);
    qn_rotate(moon, turned, row->field);
    qn_sky_place(row);
    qn_rotate(moon, scene.sun, turned);
    to_unit(turned, 0, turned);
    place_foot(row, turned);
    return QN_OK;
}

enum qn_status qn_sky_explain(struct qn_sky *sky, double et, struct qn_error *err)
{
    static const int bodies[] = {QN_BODY_LUNAR_PROSPECTOR, QN_BODY_SUN};
    double state[6];
    char when[QN_UTC_TEXT];
    char from[QN_UTC_TEXT];
    char to[QN_UTC_TEXT];
    const struct qn_leaps *leaps = qn_sky_leaps(sky);
    for (size_t i = 0; i < 2; i++) {
        enum qn_status status =
            qn_kernels_state(sky->kernels, bodies[i], QN_BODY_MOON, et, state, err);
        if (status)
            return status;
    }
    qn_utc_print(qn_utc_from_et(leaps, et), 0, when);
    qn_utc_print(qn_utc_from_et(leaps, qn_attitude_start(sky->attitude)), 0, from);
    qn_utc_print(qn_utc_from_et(leaps, qn_attitude_stop(sky->attitude)), 0, to);
    return qn_fail(err, QN_ERR_INPUT,
                   "the attitude table does not tell where the spin axis pointed at %s UTC: it "
                   "goes from %s to %s. Add a table that does.",
                   when, from, to);
}
