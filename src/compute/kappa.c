/* Kappa distributions in closed form: see kappa.h. */
#include "compute/kappa.h"

#include <math.h>

enum { SIMPSON_POINTS = 2048 };

#define MASS_EV (QN_ELECTRON_MASS_KG / QN_CHARGE) /* eV s^2 m^-2 */

void qn_kappa_fluxes(const struct qn_kappa *plasma, const double *energy_ev, size_t n, double *flux)
{
    double k = plasma->kappa;
    double theta = plasma->theta;
    double norm = tgamma(k + 1) / (pow(M_PI * k, 1.5) * tgamma(k - 0.5));
    double scale =
        4 * M_PI * (plasma->density / (theta * theta * theta) * norm) / QN_ELECTRON_MASS * 1e-4;
    for (size_t i = 0; i < n; i++) {
        double v2 = 2 * energy_ev[i] / QN_ELECTRON_MASS;
        flux[i] = scale * v2 * pow(1 + v2 / (k * theta * theta), -k - 1);
    }
}

double qn_kappa_flux(const struct qn_kappa *plasma, double energy_ev)
{
    double flux;
    qn_kappa_fluxes(plasma, &energy_ev, 1, &flux);
    return flux;
}

double qn_kappa_temperature(double kappa, double theta)
{
    return kappa / (kappa - 1.5) * MASS_EV * theta * theta / 2;
}

double qn_kappa_theta(double kappa, double temperature_ev)
{
    return sqrt(2 * (kappa - 1.5) / kappa * temperature_ev / MASS_EV);
}

double qn_kappa_current(const struct qn_kappa *plasma)
{
    double k = plasma->kappa;
    double t = qn_kappa_temperature(k, plasma->theta);
    return plasma->density * QN_CHARGE * sqrt(t / (2 * M_PI * MASS_EV)) * sqrt(k - 1.5) *
           exp(lgamma(k - 1) - lgamma(k - 0.5));
}

/* The weights of Simpson's rule over the two intervals h0 and h1 between three points. */
static double simpson_pair(const double *y, double h0, double h1)
{
    double sum = h0 + h1;
    double ratio = h0 / h1;
    return sum / 6 * (y[0] * (2 - 1 / ratio) + y[1] * (sum * sum / (h0 * h1)) + y[2] * (2 - ratio));
}

/* The last interval of an even number of points, from the parabola through the last three. */
static double simpson_end(const double *y, double h0, double h1)
{
    double last = (2 * h1 * h1 + 3 * h0 * h1) / (6 * (h1 + h0));
    double middle = (h1 * h1 + 3 * h1 * h0) / (6 * h0);
    double first = h1 * h1 * h1 / (6 * h0 * (h0 + h1));
    return last * y[2] + middle * y[1] - first * y[0];
}

double qn_kappa_current_between(const struct qn_kappa *plasma, double low_ev, double high_ev,
                                size_t points)
{
    double x[SIMPSON_POINTS];
    double y[SIMPSON_POINTS];
    if (points < 3 || points > SIMPSON_POINTS)
        return 0;
    double step = log(high_ev / low_ev) / (double)(points - 1);
    for (size_t i = 0; i < points; i++)
        x[i] = low_ev * exp(step * (double)i);
    qn_kappa_fluxes(plasma, x, points, y);
    double sum = 0;
    for (size_t i = 0; i + 2 < points; i += 2)
        sum += simpson_pair(&y[i], x[i + 1] - x[i], x[i + 2] - x[i + 1]);
    if (points % 2 == 0) {
        size_t i = points - 3;
        sum += simpson_end(&y[i], x[i + 1] - x[i], x[i + 2] - x[i + 1]);
    }
    return QN_CHARGE * 0.25 * sum * 1e4;
}

bool qn_kappa_shift(const struct qn_kappa *plasma, double volts, struct qn_kappa *seen)
{
    double k = plasma->kappa;
    double scale_ev = k * MASS_EV * plasma->theta * plasma->theta / 2;
    double left_ev = scale_ev - volts;
    if (!(left_ev > 0))
        return false;
    double ratio = left_ev / scale_ev;
    seen->kappa = k;
    seen->theta = plasma->theta * sqrt(ratio);
    seen->density = plasma->density * pow(ratio, 0.5 - k);
    return true;
}

double qn_debye_length(double temperature_ev, double density)
{
    static const double permittivity = 8.8541878128e-12; /* F/m */
    return sqrt(permittivity * temperature_ev / (density * QN_CHARGE));
}

static const struct {
    const char *name;
    double below_ev;
} environments[QN_ENVIRONMENTS] = {
    [QN_ENVIRONMENT_UNKNOWN] = {"unknown", 0},
    [QN_ENVIRONMENT_SOLAR_WIND] = {"solar-wind", 30},
    [QN_ENVIRONMENT_MAGNETOSHEATH] = {"magnetosheath", 80},
    [QN_ENVIRONMENT_TAIL_LOBES] = {"tail-lobes", 150},
    [QN_ENVIRONMENT_PLASMA_SHEET] = {"plasma-sheet", INFINITY},
    [QN_ENVIRONMENT_WAKE] = {"wake", 0},
};

enum qn_environment qn_environment_of(double temperature_ev, bool foot_in_sun)
{
    if (isnan(temperature_ev))
        return QN_ENVIRONMENT_UNKNOWN;
    if (!foot_in_sun)
        return QN_ENVIRONMENT_WAKE;
    enum qn_environment e = QN_ENVIRONMENT_SOLAR_WIND;
    while (e < QN_ENVIRONMENT_PLASMA_SHEET && temperature_ev >= environments[e].below_ev)
        e++;
    return e;
}

const char *qn_environment_name(enum qn_environment environment)
{
    return environments[environment].name;
}
