/* Plasma through the analyser: see response.h. */
#include "pipelines/lunar/response.h"

#include <math.h>

enum { NODES = 7 };

/* Gauss-Hermite nodes and weights for a mean over a normal distribution (Abramowitz and Stegun
 * 1964, table 25.10, n = 7; nodes times sqrt 2, weights over sqrt pi). */
static const double nodes[NODES][2] = {{0, 0.45714285714285715},
                                       {1.1544053947399682, 0.24012317860501271},
                                       {-1.1544053947399682, 0.24012317860501271},
                                       {2.3667594107345415, 0.030757123967586497},
                                       {-2.3667594107345415, 0.030757123967586497},
                                       {3.7504397177257423, 0.00054826885597221779},
                                       {-3.7504397177257423, 0.00054826885597221779}};

double qn_seen_flux(const struct qn_kappa *ambient, double volts, double energy_ev)
{
    double ambient_ev = energy_ev - volts;
    if (!(ambient_ev > 0))
        return 0;
    return qn_kappa_flux(ambient, ambient_ev) * energy_ev / ambient_ev;
}

double qn_response_flux(const struct qn_kappa *ambient, double volts, double energy_ev)
{
    double sum = 0;
    for (int i = 0; i < NODES; i++)
        sum += nodes[i][1] *
               qn_seen_flux(ambient, volts, energy_ev * exp(QN_ER_RESPONSE * nodes[i][0]));
    return sum;
}
