/* Ephemeris time: seconds of barycentric dynamical time (TDB) past 2000-01-01T12:00, which SPICE
 * kernels are tabulated in, from UTC and back. Pure arithmetic on a table of leap seconds.
 *
 *   ET = UTC + dAT + 32.184 + K sin(M + EB sin M),   M = M0 + M1 * TT
 *
 * (NAIF, "Time required reading"; T. D. Moyer, Celestial Mechanics 23, 1981.) Seconds of UTC are
 * counted here without leap seconds, past 2000-01-01T12:00, as in leap-second kernels.
 */
#ifndef QN_COMPUTE_EPHEMERIS_TIME_H
#define QN_COMPUTE_EPHEMERIS_TIME_H

#include "base/calendar.h"

enum { QN_LEAPS_MAX = 128 };

struct qn_leaps {
    double delta_t_a; /* TT - TAI [s] */
    double k;         /* amplitude of TDB - TT [s] */
    double eb;        /* eccentricity of the Earth's orbit */
    double m[2];      /* mean anomaly: rad, rad/s */
    size_t count;
    struct {
        double from; /* seconds of UTC past 2000-01-01T12:00; increasing */
        double delta_at;
    } step[QN_LEAPS_MAX];
};

/* The table as of 2017-01-01, the last leap second so far (IERS Bulletin C, naif0012.tls). */
extern const struct qn_leaps qn_leaps_builtin;

/* NaN where there is no such instant: a 60th second that was none, a time before the table. */
double qn_et_from_utc(const struct qn_leaps *leaps, struct qn_utc utc);

/* The same for seconds since 1970-01-01, each day counting 86400 (Unix time). */
double qn_et_from_unix(const struct qn_leaps *leaps, double unix_s);

/* Any finite time; a leap second gives the 60th second of its minute. Times before the table are
 * given with its first difference. */
struct qn_utc qn_utc_from_et(const struct qn_leaps *leaps, double et);

#endif
