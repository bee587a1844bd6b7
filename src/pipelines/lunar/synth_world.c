/* The truth behind a synthetic sweep: see synth_world.h. */
#include "pipelines/lunar/synth_world.h"

#include "compute/random.h"
#include "compute/spacecraft.h"
#include "compute/vector.h"

#include <math.h>

enum { WAVES = 4 };

#define DAY_S    86400.0
#define J2000_S  946728000.0 /* Unix seconds of 2000-01-01T12:00 */
#define DEGREE   (M_PI / 180)
#define DEEPEST  (-1500.0) /* volts of the surface */
#define STRONG_B 0.36      /* smallest bs_over_bm: over strong magnetic anomalies */

/* Ranges of the undisturbed electrons, uniform in the logarithm (kappa: uniform). */
static const struct {
    const char *name;
    double density_cm3[2];
    double temperature_ev[2];
    double kappa[2];
    double field_nt[2];
} regions[QN_SYNTH_REGIONS] = {
    [QN_SYNTH_SOLAR_WIND] = {"solar_wind", {3, 10}, {9, 20}, {3, 5.5}, {3, 9}},
    [QN_SYNTH_SHEATH] = {"magnetosheath", {2, 7}, {25, 50}, {3.5, 5.5}, {8, 20}},
    [QN_SYNTH_LOBES] = {"tail_lobe", {0.06, 0.3}, {45, 110}, {3, 5.5}, {8, 14}},
    [QN_SYNTH_PLASMA_SHEET] = {"plasma_sheet", {0.15, 0.8}, {150, 600}, {3, 5.5}, {2, 6}},
    [QN_SYNTH_WAKE] = {"wake", {0.1, 1}, {15, 45}, {3, 5}, {4, 10}},
};

const char *qn_synth_region_name(enum qn_synth_region region)
{
    return regions[region].name;
}

static double within(struct qn_random *random, const double range[2])
{
    return qn_random_between(random, range[0], range[1]);
}

/* A smooth function of time of mean 0 and deviation 1: waves of periods about `period_s`. */
static double drift(uint64_t seed, uint64_t which, double period_s, double time_s)
{
    struct qn_random random = {.key = qn_random_mix(seed + which * 0x9E3779B97F4A7C15u)};
    double sum = 0;
    for (int i = 0; i < WAVES; i++) {
        double period = period_s * (0.6 + qn_random_uniform(&random));
        double phase = qn_random_uniform(&random);
        sum += sin(2 * M_PI * (time_s / period + phase));
    }
    return sum * sqrt(2.0 / WAVES);
}

/* ---- plasma --------------------------------------------------------------------------------- */

/* Degrees from full Moon, from the mean elongation of the Moon (Meeus 1998, eq. 47.2). */
static double from_full_moon(double time_s)
{
    double elongation = 297.8502 + 12.19074912 * (time_s - J2000_S) / DAY_S;
    return remainder(elongation - 180, 360);
}

static enum qn_synth_region region_at(uint64_t seed, double time_s)
{
    double phase = fabs(from_full_moon(time_s) + 2 * drift(seed, 1, 0.3 * DAY_S, time_s));
    if (phase > 40)
        return QN_SYNTH_SOLAR_WIND;
    if (phase > 26)
        return QN_SYNTH_SHEATH;
    return drift(seed, 2, 0.2 * DAY_S, time_s) > 0.6 ? QN_SYNTH_PLASMA_SHEET : QN_SYNTH_LOBES;
}

/* Along the tail near the line from Sun to Earth, else on a Parker spiral, both swinging. */
static void lay_field(uint64_t seed, struct qn_random *random, struct qn_synth_truth *truth)
{
    double time = (double)truth->start_s;
    bool tail = truth->region == QN_SYNTH_LOBES || truth->region == QN_SYNTH_PLASMA_SHEET;
    double swing = tail ? 12 : 25;
    double azimuth = (tail ? 0 : 135) + swing * drift(seed, 3, 3000, time);
    double latitude = swing * drift(seed, 4, 4000, time);
    double sector = drift(seed, 5, (tail ? 0.5 : 6) * DAY_S, time) < 0 ? -1 : 1;
    double strength = sector * within(random, regions[truth->region].field_nt);
    truth->field_nt[0] = strength * cos(azimuth * DEGREE) * cos(latitude * DEGREE);
    truth->field_nt[1] = strength * sin(azimuth * DEGREE) * cos(latitude * DEGREE);
    truth->field_nt[2] = strength * sin(latitude * DEGREE);
}

/* The shadow of the Moon in a wind is its wake; in the tail, which streams little, it is not. */
static void fill_plasma(struct qn_random *random, struct qn_synth_truth *truth)
{
    bool wind = truth->region == QN_SYNTH_SOLAR_WIND || truth->region == QN_SYNTH_SHEATH;
    if (wind && !truth->sky.in_sun)
        truth->region = QN_SYNTH_WAKE;
    truth->plasma.density = 1e6 * within(random, regions[truth->region].density_cm3);
    truth->temperature_ev = within(random, regions[truth->region].temperature_ev);
    const double *kappa = regions[truth->region].kappa;
    truth->plasma.kappa = kappa[0] + (kappa[1] - kappa[0]) * qn_random_uniform(random);
    truth->plasma.theta = qn_kappa_theta(truth->plasma.kappa, truth->temperature_ev);
}

/* Where currents balance at no potential, they nearly do at the end of the range. */
static void charge_spacecraft(struct qn_synth_truth *truth)
{
    enum qn_fit_reason reason = QN_FIT_OK;
    truth->u_spacecraft = truth->sky.in_sun ? qn_day_potential(&truth->plasma, &reason)
                                            : qn_night_potential(&truth->plasma, &reason);
    truth->balanced = isfinite(truth->u_spacecraft);
    if (!truth->balanced)
        truth->u_spacecraft = reason == QN_FIT_TOO_THIN ? 150 : 0;
}

/* ---- surface -------------------------------------------------------------------------------- */

/* Crustal magnetism of a Moon that is not ours: patches of tens of degrees, the same always. */
static double crust_nt(double lat_deg, double lon_deg)
{
    static const double patches[][4] = {/* lat, lon, radius [deg], strength [nT] */
                                        {-22, 170, 18, 9}, {-40, -165, 22, 7}, {30, 60, 14, 5},
                                        {5, -60, 10, 8},   {-60, 20, 15, 4},   {65, -100, 20, 3}};
    double sum = 0.12;
    for (size_t i = 0; i < sizeof patches / sizeof *patches; i++) {
        const double *p = patches[i];
        double cosine = sin(p[0] * DEGREE) * sin(lat_deg * DEGREE) +
                        cos(p[0] * DEGREE) * cos(lat_deg * DEGREE) * cos((lon_deg - p[1]) * DEGREE);
        double away = acos(fmin(1, fmax(-1, cosine))) / DEGREE / p[2];
        sum += p[3] * exp(-away * away);
    }
    return sum;
}

static void charge_surface(struct qn_random *random, struct qn_synth_truth *truth)
{
    double strength =
        sqrt(truth->field_nt[0] * truth->field_nt[0] + truth->field_nt[1] * truth->field_nt[1] +
             truth->field_nt[2] * truth->field_nt[2]);
    double crust = crust_nt(truth->sky.foot_lat_deg, truth->sky.foot_lon_deg);
    double depth = 1.5 + 2 * qn_random_uniform(random);
    double low_sun = fmax(0, (truth->sky.foot_zenith_deg - 60) / 30); /* 1 at the terminator */
    bool beam = qn_random_uniform(random) < 0.5;
    truth->bs_over_bm = fmax(STRONG_B, strength / (strength + crust));
    if (!truth->sky.foot_in_sun)
        truth->u_surface = -depth * truth->temperature_ev;
    else if (truth->region == QN_SYNTH_PLASMA_SHEET)
        truth->u_surface = -0.5 * depth * truth->temperature_ev;
    else
        truth->u_surface = 8 - depth * (3 + 12 * low_sun);
    truth->u_surface = fmax(DEEPEST, truth->u_surface);
    truth->beam = 0.2 + 1.8 * qn_random_uniform(random);
    if (!beam || truth->u_surface > truth->u_spacecraft - 15)
        truth->beam = 0;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static enum qn_status look(struct qn_sky *sky, const struct qn_synth_truth *truth, int after_s,
                           struct qn_sky_row *row, struct qn_error *err)
{
    double et = qn_et_from_unix(qn_sky_leaps(sky), (double)truth->start_s + after_s);
    return qn_sky_look(sky, et, truth->field_nt, row, err);
}

enum qn_status qn_synth_truth(struct qn_sky *sky, uint64_t seed, int64_t start_s,
                              struct qn_synth_truth *truth, struct qn_error *err)
{
    struct qn_random random = {.key = qn_random_mix(seed ^ qn_random_mix((uint64_t)start_s))};
    struct qn_sky_row end;
    *truth =
        (struct qn_synth_truth){.start_s = start_s, .region = region_at(seed, (double)start_s)};
    lay_field(seed, &random, truth);
    enum qn_status status = look(sky, truth, 0, &truth->sky, err);
    if (!status)
        status = look(sky, truth, QN_SYNTH_SPAN_S, &end, err);
    if (status)
        return status;
    truth->steady = truth->sky.in_sun == end.in_sun && truth->sky.polarity == end.polarity &&
                    truth->sky.foot_in_sun == end.foot_in_sun;
    fill_plasma(&random, truth);
    charge_spacecraft(truth);
    charge_surface(&random, truth);
    return QN_OK;
}
