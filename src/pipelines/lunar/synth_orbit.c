/* Kernels and attitude of a synthetic archive: see synth_orbit.h. */
#include "pipelines/lunar/synth_orbit.h"

#include "base/buf.h"
#include "base/fresh.h"
#include "base/sys.h"
#include "compute/ephemeris_time.h"
#include "compute/field_line.h"
#include "compute/moon_frame.h"
#include "compute/sun_moon.h"
#include "compute/vector.h"
#include "format/spice/spk_write.h"
#include "pipelines/lunar/kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { WINDOW = 8, SHORT_STEP_S = 60, LONG_STEP_S = 3600, MARGIN_S = 7200, DAY_S = 86400 };

#define MOON_GM     4902.8001 /* km3/s2 */
#define ALTITUDE_KM 100

/* The state at a time: of the spacecraft, the Moon or the Sun. */
struct path {
    double along[3]; /* unit vectors of the orbit's plane */
    double pole[3];
    double begin; /* ephemeris time at which it crosses the equator northwards */
    void (*series)(double et, double state[6]);
};

static void state_at(const struct path *path, double et, double state[6])
{
    if (path->series) {
        path->series(et, state);
        return;
    }
    double radius = QN_MOON_RADIUS_KM + ALTITUDE_KM;
    double rate = sqrt(MOON_GM / radius) / radius;
    double angle = rate * (et - path->begin);
    for (int i = 0; i < 3; i++) {
        state[i] = radius * (cos(angle) * path->along[i] + sin(angle) * path->pole[i]);
        state[3 + i] = radius * rate * (cos(angle) * path->pole[i] - sin(angle) * path->along[i]);
    }
}

static double first_et(const struct qn_synth_orbit *orbit)
{
    return qn_et_from_unix(&qn_leaps_builtin, (double)orbit->first_day * DAY_S) - MARGIN_S;
}

static enum qn_status add_segment(struct qn_spk_writer *writer, const struct qn_synth_orbit *orbit,
                                  const struct path *path, struct qn_spk_head *head, double step_s,
                                  struct qn_error *err)
{
    double begin = first_et(orbit);
    double span = (double)orbit->days * DAY_S + 2.0 * MARGIN_S;
    size_t count = (size_t)ceil(span / step_s) + WINDOW;
    double *numbers = qn_sys.calloc(count, 7 * sizeof *numbers);
    if (!numbers)
        return qn_fail_memory(err, "an orbit", count * 7 * sizeof *numbers);
    for (size_t i = 0; i < count; i++) {
        numbers[i] = begin + (double)i * step_s;
        state_at(path, numbers[i], numbers + count + 6 * i);
    }
    head->start = begin;
    head->stop = numbers[count - 1];
    enum qn_status status =
        qn_spk_write_hermite(writer, head, numbers, numbers + count, count, WINDOW, err);
    free(numbers);
    return status;
}

/* Across the Moon's equator at the node, and over its pole. */
static struct path polar_orbit(const struct qn_synth_orbit *orbit)
{
    struct path path = {.begin = first_et(orbit)};
    double to_moon[3][3];
    double node = orbit->node_deg * M_PI / 180;
    const double x[3] = {1, 0, 0};
    double east[3];
    double north[3];
    qn_moon_rotation(&qn_moon_frame_builtin, path.begin, to_moon);
    for (int i = 0; i < 3; i++)
        path.pole[i] = to_moon[2][i];
    qn_cross(path.pole, x, north); /* in the equator's plane, across J2000's x */
    double length = qn_norm(north);
    qn_cross(north, path.pole, east);
    for (int i = 0; i < 3; i++)
        path.along[i] = (cos(node) * east[i] + sin(node) * north[i]) / length;
    return path;
}

enum qn_status qn_synth_write_orbit(const struct qn_synth_orbit *orbit, const char *path,
                                    struct qn_error *err)
{
    struct qn_spk_writer *writer;
    struct path polar = polar_orbit(orbit);
    struct qn_spk_head head = {.target = QN_BODY_LUNAR_PROSPECTOR,
                               .centre = QN_BODY_MOON,
                               .frame = QN_FRAME_J2000,
                               .name = "SYNTHETIC POLAR ORBIT"};
    enum qn_status status = qn_spk_writer_new(
        &writer, orbit->order, "quern synth lunar",
        "A circular polar orbit made by quern synth lunar. Not the orbit of Lunar Prospector.\n",
        err);
    if (status)
        return status;
    status = add_segment(writer, orbit, &polar, &head, SHORT_STEP_S, err);
    if (!status)
        status = qn_spk_writer_save(writer, path, err);
    qn_spk_writer_free(writer);
    return status;
}

enum qn_status qn_synth_write_planets(const struct qn_synth_orbit *orbit, const char *path,
                                      struct qn_error *err)
{
    struct qn_spk_writer *writer;
    struct path moon = {.series = qn_moon_from_earth};
    struct path sun = {.series = qn_sun_from_earth};
    struct qn_spk_head head = {
        .target = QN_BODY_MOON, .centre = QN_BODY_EARTH, .frame = QN_FRAME_J2000, .name = "MOON"};
    enum qn_status status = qn_spk_writer_new(&writer, orbit->order, "quern synth lunar",
                                              "Moon and Sun by the series of SOFA.\n", err);
    if (status)
        return status;
    status = add_segment(writer, orbit, &moon, &head, LONG_STEP_S, err);
    head.target = QN_BODY_SUN;
    head.name = "SUN";
    if (!status)
        status = add_segment(writer, orbit, &sun, &head, LONG_STEP_S, err);
    if (!status)
        status = qn_spk_writer_save(writer, path, err);
    qn_spk_writer_free(writer);
    return status;
}

enum qn_status qn_synth_write_attitude(const struct qn_synth_orbit *orbit, const char *path,
                                       struct qn_error *err)
{
    struct qn_buf text = {0};
    int32_t last = orbit->first_day + (int32_t)orbit->days + 1;
    for (int32_t day = orbit->first_day - 1; day <= last; day++) {
        struct qn_civil date = qn_civil_from_days(day);
        int since = (int)((unsigned)day % 7); /* days since the manoeuvre */
        qn_buf_printf(&text, "%04d-%02u-%02uT00:00,%7.3f,%7.2f,%7.2f\r\n", date.year, date.month,
                      date.day, 12.0, 242 + 0.15 * since, -88 + 0.05 * since);
        if (since == 6) /* the record before the next one */
            qn_buf_printf(&text, "%04d-%02u-%02uT23:00,%7.3f,%7.2f,%7.2f\r\n", date.year,
                          date.month, date.day, 12.0, 243.05, -87.65);
    }
    enum qn_status status = text.failed ? qn_fail_memory(err, "the attitude table", text.len)
                                        : qn_fresh_put(path, text.data, text.len, err);
    qn_buf_release(&text);
    return status;
}
