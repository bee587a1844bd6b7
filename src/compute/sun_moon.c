/* The Sun and the Moon from ERFA's series: see sun_moon.h. */
#include "compute/sun_moon.h"

#include <erfa.h>

#define AU_KM 149597870.7
#define DAY_S 86400.0
#define J2000 2451545.0

/* From astronomical units and days. */
static void to_km(double pv[2][3], double sign, double state[6])
{
    for (int i = 0; i < 3; i++) {
        state[i] = sign * pv[0][i] * AU_KM;
        state[i + 3] = sign * pv[1][i] * AU_KM / DAY_S;
    }
}

void qn_sun_from_earth(double et, double state[6])
{
    double heliocentric[2][3];
    double barycentric[2][3];
    eraEpv00(J2000, et / DAY_S, heliocentric, barycentric); /* a status only warns of far years */
    to_km(heliocentric, -1, state);
}

void qn_moon_from_earth(double et, double state[6])
{
    double geocentric[2][3];
    eraMoon98(J2000, et / DAY_S, geocentric); /* TT in place of TDB: 2 ms, 2 m */
    to_km(geocentric, 1, state);
}
