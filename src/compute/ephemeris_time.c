/* UTC to ephemeris time and back: see ephemeris_time.h. */
#include "compute/ephemeris_time.h"

#include <math.h>

#define DAY_S 86400.0

enum { J2000_DAY = 10957 }; /* 2000-01-01, in days from 1970-01-01 */

/* The beginning of a day, counted from 2000-01-01, in seconds past noon of that day. */
#define MIDNIGHT(day) ((day)*DAY_S - DAY_S / 2)

const struct qn_leaps qn_leaps_builtin = {
    .delta_t_a = 32.184,
    .k = 1.657e-3,
    .eb = 1.671e-2,
    .m = {6.239996, 1.99096871e-7},
    .count = 28,
    .step =
        {
            {MIDNIGHT(-10227), 10}, /* 1972-01-01 */
            {MIDNIGHT(-10045), 11}, /* 1972-07-01 */
            {MIDNIGHT(-9861), 12},  /* 1973-01-01 */
            {MIDNIGHT(-9496), 13},  /* 1974-01-01 */
            {MIDNIGHT(-9131), 14},  /* 1975-01-01 */
            {MIDNIGHT(-8766), 15},  /* 1976-01-01 */
            {MIDNIGHT(-8400), 16},  /* 1977-01-01 */
            {MIDNIGHT(-8035), 17},  /* 1978-01-01 */
            {MIDNIGHT(-7670), 18},  /* 1979-01-01 */
            {MIDNIGHT(-7305), 19},  /* 1980-01-01 */
            {MIDNIGHT(-6758), 20},  /* 1981-07-01 */
            {MIDNIGHT(-6393), 21},  /* 1982-07-01 */
            {MIDNIGHT(-6028), 22},  /* 1983-07-01 */
            {MIDNIGHT(-5297), 23},  /* 1985-07-01 */
            {MIDNIGHT(-4383), 24},  /* 1988-01-01 */
            {MIDNIGHT(-3652), 25},  /* 1990-01-01 */
            {MIDNIGHT(-3287), 26},  /* 1991-01-01 */
            {MIDNIGHT(-2740), 27},  /* 1992-07-01 */
            {MIDNIGHT(-2375), 28},  /* 1993-07-01 */
            {MIDNIGHT(-2010), 29},  /* 1994-07-01 */
            {MIDNIGHT(-1461), 30},  /* 1996-01-01 */
            {MIDNIGHT(-914), 31},   /* 1997-07-01 */
            {MIDNIGHT(-365), 32},   /* 1999-01-01 */
            {MIDNIGHT(2192), 33},   /* 2006-01-01 */
            {MIDNIGHT(3288), 34},   /* 2009-01-01 */
            {MIDNIGHT(4565), 35},   /* 2012-07-01 */
            {MIDNIGHT(5660), 36},   /* 2015-07-01 */
            {MIDNIGHT(6210), 37},   /* 2017-01-01 */
        },
};

/* TDB - TT [s]. */
static double tdb_minus_tt(const struct qn_leaps *leaps, double tt)
{
    double anomaly = leaps->m[0] + leaps->m[1] * tt;
    return leaps->k * sin(anomaly + leaps->eb * sin(anomaly));
}

/* The last step that is not after `utc`; `count` when there is none. */
static size_t step_at(const struct qn_leaps *leaps, double utc)
{
    size_t i = leaps->count;
    while (i > 0 && leaps->step[i - 1].from > utc)
        i--;
    return i > 0 ? i - 1 : leaps->count;
}

double qn_et_from_utc(const struct qn_leaps *leaps, struct qn_utc utc)
{
    double midnight = MIDNIGHT((double)utc.day - J2000_DAY);
    size_t i = step_at(leaps, midnight);
    if (i == leaps->count || !(utc.second >= 0))
        return NAN;
    double inserted = 0; /* how much longer this day is */
    if (i + 1 < leaps->count && leaps->step[i + 1].from <= midnight + DAY_S)
        inserted = leaps->step[i + 1].delta_at - leaps->step[i].delta_at;
    if (utc.second >= DAY_S + inserted)
        return NAN;
    double tt = midnight + utc.second + leaps->step[i].delta_at + leaps->delta_t_a;
    return tt + tdb_minus_tt(leaps, tt);
}

double qn_et_from_unix(const struct qn_leaps *leaps, double unix_s)
{
    double day = floor(unix_s / DAY_S);
    if (!(fabs(day) < INT32_MAX))
        return NAN;
    return qn_et_from_utc(leaps, (struct qn_utc){(int32_t)day, unix_s - day * DAY_S});
}

struct qn_utc qn_utc_from_et(const struct qn_leaps *leaps, double et)
{
    double tt = et;
    for (int round = 0; round < 3; round++) /* the correction changes by 1e-10 of itself */
        tt = et - tdb_minus_tt(leaps, tt);
    double tai = tt - leaps->delta_t_a;
    size_t i = leaps->count;
    while (i > 1 && leaps->step[i - 1].from + leaps->step[i - 1].delta_at > tai)
        i--;
    double utc = leaps->count > 0 ? tai - leaps->step[i - 1].delta_at : tai;
    double midnight = floor((utc + DAY_S / 2) / DAY_S);
    /* Beyond the next step, but before it has come: within the leap second. */
    if (i < leaps->count && utc >= leaps->step[i].from)
        midnight -= 1;
    return (struct qn_utc){(int32_t)midnight + J2000_DAY, utc - MIDNIGHT(midnight)};
}
