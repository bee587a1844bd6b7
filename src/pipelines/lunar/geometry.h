/* Where the spacecraft was, where its field line meets the Moon, and where the Sun stood, for every
 * row of a sweep: a "sky" made of kernels and the attitude table. Positions in IAU_MOON on a sphere
 * of 1737.4 km, geometric, along straight field lines.
 *
 * A sky answers the same for the same row whatever was asked before. It is not for several threads;
 * worker processes open their own or share one that was opened before.
 */
#ifndef QN_PIPELINES_LUNAR_GEOMETRY_H
#define QN_PIPELINES_LUNAR_GEOMETRY_H

#include "pipelines/lunar/attitude.h"
#include "pipelines/lunar/kernels.h"

struct qn_sky;

/* Opens the kernels (orbits, leap seconds, orientation; any order but that later ones come first)
 * and the attitude table. QN_ERR_INPUT or QN_ERR_IO: a file is missing or damaged, or none of them
 * tells where Lunar Prospector was; the message says what to get from where. */
enum qn_status qn_sky_open(struct qn_sky **sky, const char *const *kernels, size_t count,
                           const char *attitude, struct qn_error *err);
void qn_sky_close(struct qn_sky *sky);

/* Lines for the log, "" when there is nothing to say. */
const char *qn_sky_notes(const struct qn_sky *sky);

/* For ephemeris times of rows: qn_et_from_utc(qn_sky_leaps(sky), utc). */
const struct qn_leaps *qn_sky_leaps(const struct qn_sky *sky);

/* Why a row has no geometry. */
enum qn_sky_gap {
    QN_SKY_OK,
    QN_SKY_NO_TIME,     /* the row's time is no time */
    QN_SKY_NO_FIELD,    /* B is not finite, or shorter than 1e-9 nT */
    QN_SKY_NO_ORBIT,    /* no kernel tells where the spacecraft was */
    QN_SKY_NO_SUN,      /* kernels with a gap between Sun and Moon */
    QN_SKY_NO_ATTITUDE, /* outside the attitude table */
    QN_SKY_NO_FRAME,    /* the Sun on the spin axis: no despun frame */
    QN_SKY_GAPS
};
const char *qn_sky_gap_name(enum qn_sky_gap gap); /* "no-orbit": for tables */

/* Geometry of a row. With a gap all numbers are NaN, polarity 0 and flags false. */
struct qn_sky_row {
    enum qn_sky_gap gap;
    double lat_deg; /* of the spacecraft: planetocentric, longitude in (-180, 180] */
    double lon_deg;
    double altitude_km;
    double position_km[3]; /* from the Moon's centre, IAU_MOON */
    double sun[3];         /* unit vector from the spacecraft to the Sun, IAU_MOON */
    double field[3];       /* B as a unit vector, IAU_MOON */
    double sun_scd[3];     /* the Sun in the despun frame, where cells look: y is 0 */
    double sun_zenith_deg; /* at the spacecraft: 0 subsolar, 180 midnight */
    bool in_sun;           /* the spacecraft */
    int8_t polarity;       /* +1: B points to the Moon, -1: -B does, 0: no foot */
    double foot_lat_deg;   /* NaN without a foot, as all that follows */
    double foot_lon_deg;
    double foot_km;         /* along the field line from the spacecraft */
    double foot_dip_deg;    /* angle of the line with the surface: 90 straight down, 0 grazing */
    double foot_zenith_deg; /* of the Sun at the foot */
    bool foot_in_sun;       /* the Sun is above its horizon; false without a foot */
};

/* `et` as from qn_sky_leaps; `field_scd` is B in the despun spacecraft frame, in any unit. Fails
 * only when a kernel cannot be read or is damaged; a gap is an answer. */
enum qn_status qn_sky_look(struct qn_sky *sky, double et, const double field_scd[3],
                           struct qn_sky_row *row, struct qn_error *err);

/* For those who have no field: a row of which nothing is known, and then latitude, longitude,
 * altitude and light of a spacecraft from `position_km` and `sun` (of any length). */
void qn_sky_clear(struct qn_sky_row *row, enum qn_sky_gap gap);
void qn_sky_place(struct qn_sky_row *row);

/* The message for a gap at that time: what is missing, what the files cover, what to get where.
 * Returns QN_ERR_INPUT. For the plan, which refuses days of which nothing is known. */
enum qn_status qn_sky_explain(struct qn_sky *sky, double et, struct qn_error *err);

#endif
