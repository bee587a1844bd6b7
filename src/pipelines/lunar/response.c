/* Plasma through the analyser: see response.h. */
#include "pipelines/lunar/response.h"

#include <math.h>

enum { PANELS = 24 };

#define REACH 5.0                 /* deviations on either side */
#define GAUSS 0.57735026918962576 /* 1 / sqrt(3): Gauss' two points of a panel */

static double seen_flux(const struct qn_kappa *ambient, double volts, double energy_ev)
{
    double ambient_ev = energy_ev - volts;
    if (!(ambient_ev > 0))
        return 0;
    return qn_kappa_flux(ambient, ambient_ev) * energy_ev / ambient_ev;
}

/* The spectrum begins with a step at E = U, where the integral begins then, too. */
double qn_response_flux(const struct qn_kappa *ambient, double volts, double energy_ev)
{
    double from = volts > 0 ? fmax(-REACH, log(volts / energy_ev) / QN_ER_RESPONSE) : -REACH;
    double half = (REACH - from) / (2 * PANELS);
    double sum = 0;
    for (int i = 0; i < PANELS && half > 0; i++) {
        double middle = from + half * (2 * i + 1);
        for (int side = -1; side <= 1; side += 2) {
            double x = middle + side * half * GAUSS;
            sum +=
                exp(-0.5 * x * x) * seen_flux(ambient, volts, energy_ev * exp(QN_ER_RESPONSE * x));
        }
    }
    return half > 0 ? sum * half / sqrt(2 * M_PI) : 0;
}
