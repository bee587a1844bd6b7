/* `quern lunar track`: where the spacecraft was, and where field lines from it meet the Moon, at
 * any times, as CSV on standard output: to check kernels and geometry with other programs. */
#include "compute/vector.h"
#include "format/text/number.h"
#include "pipelines/lunar/geometry.h"
#include "pipelines/lunar/inputs.h"
#include "pipelines/lunar/verbs_sky.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const struct qn_option qn_lunar_track_options[] = {
    {"at", QN_OPT_LIST, "UTC,...", NULL, "these times (1998-06-08T00:27:41)"},
    {"from", QN_OPT_STRING, "UTC", NULL, "first of equal steps (default: where the orbit begins)"},
    {"to", QN_OPT_STRING, "UTC", NULL, "the last one at most (default: where the orbit ends)"},
    {"step", QN_OPT_REAL, "SECONDS", "300", "between times"},
    {"field", QN_OPT_LIST, "X,Y,Z", NULL,
     "magnetic field in the despun spacecraft frame: tells the field line's foot"},
    {0}};

enum { MOST_STEPS = 100000000 };

struct track {
    struct qn_kernels *kernels; /* without --field */
    struct qn_sky *sky;         /* with --field */
    double field[3];
    uint64_t rows;
    uint64_t known; /* of them, those with a position */
};

static const struct qn_leaps *leaps_of(const struct track *track)
{
    return track->sky ? qn_sky_leaps(track->sky) : qn_kernels_leaps(track->kernels);
}

/* ---- rows ----------------------------------------------------------------------------------- */

static void print_head(const struct track *track)
{
    fprintf(stdout,
            "utc,et_s,latitude_deg,longitude_deg,altitude_km,x_km,y_km,z_km,"
            "sun_zenith_deg,in_sun%s\n",
            track->sky ? ",polarity,foot_latitude_deg,foot_longitude_deg,foot_distance_km,"
                         "foot_in_sun,gap"
                       : "");
}

static void print_number(double value)
{
    if (isnan(value))
        fputc(',', stdout);
    else
        fprintf(stdout, ",%.12g", value);
}

static void print_position(const struct qn_sky_row *row)
{
    print_number(row->lat_deg);
    print_number(row->lon_deg);
    print_number(row->altitude_km);
    for (int i = 0; i < 3; i++)
        print_number(row->position_km[i]);
    print_number(row->sun_zenith_deg);
    fprintf(stdout, ",%s", isnan(row->lat_deg) ? "" : row->in_sun ? "true" : "false");
}

static void print_foot(const struct qn_sky_row *row)
{
    fprintf(stdout, ",%d", row->polarity);
    print_number(row->foot_lat_deg);
    print_number(row->foot_lon_deg);
    print_number(row->foot_km);
    fprintf(stdout, ",%s,%s",
            row->polarity == 0 ? ""
            : row->foot_in_sun ? "true"
                               : "false",
            row->gap == QN_SKY_OK ? "" : qn_sky_gap_name(row->gap));
}

/* Without an attitude table the position alone can be told. A row of NaN where it cannot. */
static enum qn_status place(struct track *track, double et, struct qn_sky_row *row,
                            struct qn_error *err)
{
    double craft[6];
    double sun[6];
    double to_sun[3];
    double moon[3][3];
    bool known;
    qn_sky_clear(row, QN_SKY_NO_ORBIT);
    enum qn_status status = qn_kernels_find(track->kernels, QN_BODY_LUNAR_PROSPECTOR, QN_BODY_MOON,
                                            et, craft, &known, err);
    if (!status && known)
        status = qn_kernels_find(track->kernels, QN_BODY_SUN, QN_BODY_MOON, et, sun, &known, err);
    if (status || !known)
        return status;
    row->gap = QN_SKY_OK;
    qn_moon_rotation(qn_kernels_moon(track->kernels), et, moon);
    qn_along(sun, -1, craft, to_sun);
    qn_rotate((const double(*)[3])moon, craft, row->position_km);
    qn_rotate((const double(*)[3])moon, to_sun, row->sun);
    qn_sky_place(row);
    return QN_OK;
}

/* Why nothing is known of a time. */
static enum qn_status explain(struct track *track, double et, struct qn_error *err)
{
    double state[6];
    if (track->sky)
        return qn_sky_explain(track->sky, et, err);
    enum qn_status status =
        qn_kernels_state(track->kernels, QN_BODY_LUNAR_PROSPECTOR, QN_BODY_MOON, et, state, err);
    return status ? status
                  : qn_kernels_state(track->kernels, QN_BODY_SUN, QN_BODY_MOON, et, state, err);
}

static enum qn_status print_row(struct track *track, double et, struct qn_error *err)
{
    char utc[QN_UTC_TEXT];
    struct qn_sky_row row;
    enum qn_status status = track->sky ? qn_sky_look(track->sky, et, track->field, &row, err)
                                       : place(track, et, &row, err);
    if (status)
        return status;
    if (track->rows++ == 0)
        print_head(track);
    track->known += row.gap == QN_SKY_OK;
    qn_utc_print(qn_utc_from_et(leaps_of(track), et + 5e-4), 3, utc); /* to the nearest ms */
    fprintf(stdout, "%s,%.6f", utc, et);
    print_position(&row);
    if (track->sky)
        print_foot(&row);
    fputc('\n', stdout);
    return QN_OK;
}

/* ---- times ---------------------------------------------------------------------------------- */

static enum qn_status read_time(const struct track *track, const char *text, double *et,
                                struct qn_error *err)
{
    struct qn_utc utc;
    *et = qn_utc_parse(text, strlen(text), &utc) ? qn_et_from_utc(leaps_of(track), utc) : NAN;
    return !isnan(*et) ? QN_OK
                       : qn_fail(err, QN_ERR_USAGE,
                                 "'%s' is no time: write UTC as 1998-06-08T00:27:41.", text);
}

static enum qn_status print_list(struct track *track, const struct qn_options *options,
                                 struct qn_error *err)
{
    enum qn_status status = QN_OK;
    double et = 0;
    for (size_t i = 0; i < qn_option_count(options, "at") && !status; i++) {
        status = read_time(track, qn_option_item(options, "at", i), &et, err);
        if (!status)
            status = print_row(track, et, err);
    }
    return status || track->known > 0 ? status : explain(track, et, err);
}

static enum qn_status print_steps(struct track *track, const struct qn_options *options,
                                  struct qn_error *err)
{
    double from;
    double to;
    double step = qn_option_real(options, "step");
    enum qn_status status = QN_OK;
    if (!qn_kernels_coverage(track->kernels, QN_BODY_LUNAR_PROSPECTOR, &from, &to))
        return explain(track, 0, err);
    if (qn_option_given(options, "from"))
        status = read_time(track, qn_option_string(options, "from"), &from, err);
    if (!status && qn_option_given(options, "to"))
        status = read_time(track, qn_option_string(options, "to"), &to, err);
    if (status)
        return status;
    double steps = floor((to - from) / step + 1e-6); /* both ends are doubles */
    if (!(step > 0) || !(steps >= 0 && steps < MOST_STEPS))
        return qn_fail(err, QN_ERR_USAGE,
                       "--step %g from the first time to the last gives no list of times. Say "
                       "--from and --to, and a step above 0.",
                       step);
    for (int64_t i = 0; i <= (int64_t)steps && !status; i++) {
        if (qn_verb_cancelled())
            return qn_fail(err, QN_ERR_CANCELLED, "cancelled");
        status = print_row(track, from + (double)i * step, err);
    }
    return status || track->known > 0 ? status : explain(track, from, err);
}

/* ---- the verb ------------------------------------------------------------------------------- */

static enum qn_status read_field(const struct qn_options *options, double field[3],
                                 struct qn_error *err)
{
    for (size_t i = 0; i < 3; i++) {
        const char *text = qn_option_item(options, "field", i);
        if (!text || !qn_parse_real(text, strlen(text), &field[i]) ||
            qn_option_count(options, "field") != 3)
            return qn_fail(err, QN_ERR_USAGE, "--field takes three numbers, X,Y,Z.");
    }
    return QN_OK;
}

static enum qn_status open_kernels(struct track *track, const struct qn_lunar_inputs *inputs,
                                   struct qn_error *err)
{
    enum qn_status status = qn_kernels_new(&track->kernels, err);
    for (size_t i = 0; i < inputs->kernel_count && !status; i++)
        status = qn_kernels_load(track->kernels, qn_lunar_kernels(inputs)[i], err);
    return status ? status : qn_kernels_ready(track->kernels, err);
}

static enum qn_status open_track(struct track *track, const struct qn_options *options,
                                 const struct qn_lunar_inputs *inputs, struct qn_error *err)
{
    enum qn_status status = open_kernels(track, inputs, err);
    if (status || !qn_option_given(options, "field"))
        return status;
    status = read_field(options, track->field, err);
    if (!status && !inputs->attitude)
        status = qn_fail(err, QN_ERR_INPUT,
                         "--field needs the attitude table (attitude.tab) beside the kernels. Name "
                         "it, or the folder where it is.");
    if (!status)
        status = qn_sky_open(&track->sky, qn_lunar_kernels(inputs), inputs->kernel_count,
                             inputs->attitude, err);
    return status;
}

static bool stop(void *context)
{
    (void)context;
    return qn_verb_cancelled();
}

enum qn_status qn_lunar_track(const struct qn_options *options, struct qn_error *err)
{
    struct qn_lunar_inputs inputs = {0};
    struct track track = {0};
    enum qn_status status = QN_OK;
    if (qn_option_inputs(options) == 0)
        return qn_fail(err, QN_ERR_USAGE, "name SPICE kernels, or folders with them.");
    for (size_t i = 0; i < qn_option_inputs(options) && !status; i++)
        status = qn_lunar_inputs_add(&inputs, qn_option_input(options, i), stop, NULL, err);
    if (!status) {
        qn_lunar_inputs_sort(&inputs);
        status = open_track(&track, options, &inputs, err);
    }
    if (!status) {
        fprintf(stderr, "%s",
                track.sky ? qn_sky_notes(track.sky) : qn_kernels_notes(track.kernels));
        status = qn_option_given(options, "at") ? print_list(&track, options, err)
                                                : print_steps(&track, options, err);
    }
    qn_sky_close(track.sky);
    qn_kernels_free(track.kernels);
    qn_lunar_inputs_release(&inputs);
    return status;
}
