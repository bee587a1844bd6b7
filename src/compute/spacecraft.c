/* Currents to a spacecraft and where they balance: see spacecraft.h. */
#include "compute/spacecraft.h"

#include "compute/root.h"

#include <math.h>

/* ---- by day --------------------------------------------------------------------------------- */

static const double day_highest = 150; /* V */

double qn_photoemission(double volts)
{
    return 1.07e-6 * exp(-volts / 5) + 1.6e-8 * exp(-volts / 60);
}

double qn_photoemission_slope(double volts)
{
    return -1.07e-6 / 5 * exp(-volts / 5) - 1.6e-8 / 60 * exp(-volts / 60);
}

static double photoemission_excess(const void *context, double volts)
{
    return qn_photoemission(volts) - *(const double *)context;
}

double qn_photoemission_potential(double current)
{
    return qn_root(photoemission_excess, &current, 0, day_highest, 1e-10);
}

double qn_day_potential(const struct qn_kappa *ambient, enum qn_fit_reason *reason)
{
    double current = qn_kappa_current(ambient);
    double volts = qn_photoemission_potential(current);
    *reason = QN_FIT_OK;
    if (isnan(volts))
        *reason = current > qn_photoemission(0) ? QN_FIT_TOO_DENSE : QN_FIT_TOO_THIN;
    return volts;
}

/* ---- by night ------------------------------------------------------------------------------- */

double qn_secondary_yield(double energy_ev)
{
    if (!(energy_ev > 0))
        return 0;
    double x = energy_ev / 500;
    return 7.4 * 1.5 * x * exp(-2 * sqrt(x));
}

static double ion_current(const struct qn_kappa *ambient, double volts)
{
    double t = qn_kappa_temperature(ambient->kappa, ambient->theta);
    return QN_CHARGE * ambient->density *
           sqrt(QN_CHARGE * (t - volts) / (2 * M_PI * QN_PROTON_MASS));
}

/* What the electrons that arrive drive out: the trapezoid rule over ln E, where the integrand falls
 * off smoothly on both sides, errs by less than 1e-6 of the whole. */
static double secondary_current(const struct qn_kappa *seen)
{
    enum { STEPS = 32 };
    static const double first = -4; /* ln E */
    static const double step = 0.5; /* to 98 keV, where hardly one electron is driven out */
    double energy[STEPS];
    double flux[STEPS];
    for (int i = 0; i < STEPS; i++)
        energy[i] = exp(first + step * i);
    qn_kappa_fluxes(seen, energy, STEPS, flux);
    double sum = 0;
    for (int i = 0; i < STEPS; i++)
        sum += qn_secondary_yield(energy[i]) * flux[i] * energy[i];
    return QN_CHARGE * 0.25 * sum * step * 1e4;
}

static struct qn_currents night_currents(const struct qn_kappa *ambient, double volts)
{
    struct qn_currents currents = {0, 0, 0};
    struct qn_kappa seen;
    if (qn_kappa_shift(ambient, volts, &seen)) {
        currents.electrons = qn_kappa_current(&seen);
        currents.secondaries = secondary_current(&seen);
        currents.ions = ion_current(ambient, volts);
    }
    return currents;
}

static double night_excess(const void *context, double volts)
{
    struct qn_currents currents = night_currents(context, volts);
    return currents.ions + currents.secondaries - currents.electrons;
}

/* Repelled electrons become fewer with every volt and ions more, but 100 temperatures are more
 * than are ever needed. */
double qn_night_potential(const struct qn_kappa *ambient, enum qn_fit_reason *reason)
{
    double t = qn_kappa_temperature(ambient->kappa, ambient->theta);
    double deepest = -100 * t;
    *reason = QN_FIT_OK;
    if (!(t > 0 && ambient->density > 0) || night_excess(ambient, 0) >= 0) {
        *reason = QN_FIT_SECONDARIES;
        return NAN;
    }
    double volts = qn_root(night_excess, ambient, deepest, 0, 1e-7 * t);
    if (isnan(volts))
        *reason = QN_FIT_NO_BALANCE;
    return volts;
}

double qn_night_net(const struct qn_kappa *seen)
{
    return qn_kappa_current(seen) - secondary_current(seen);
}

struct seen_balance {
    struct qn_kappa seen;
    double net;
};

static double seen_excess(const void *context, double volts)
{
    const struct seen_balance *balance = context;
    struct qn_kappa ambient;
    if (!qn_kappa_shift(&balance->seen, -volts, &ambient))
        return INFINITY; /* ever colder plasmas are ever denser */
    return ion_current(&ambient, volts) - balance->net;
}

double qn_night_potential_seen(const struct qn_kappa *seen, enum qn_fit_reason *reason)
{
    struct seen_balance balance = {*seen, qn_night_net(seen)};
    *reason = QN_FIT_OK;
    if (!(seen_excess(&balance, 0) < 0)) {
        *reason = QN_FIT_SECONDARIES;
        return NAN;
    }
    /* At -(k-1.5) T of what is seen nothing is left of the ambient temperature. */
    double t = qn_kappa_temperature(seen->kappa, seen->theta);
    double deepest = -(seen->kappa - 1.5) * t * (1 - 1e-9);
    double volts = qn_root(seen_excess, &balance, deepest, 0, 1e-9 * t);
    if (isnan(volts))
        *reason = QN_FIT_NO_BALANCE;
    return volts;
}

/* ---- as published --------------------------------------------------------------------------- */

struct qn_currents qn_classic_night_currents(const struct qn_kappa *fitted, double volts)
{
    enum { POINTS = 500 };
    struct qn_currents currents = {0, 0, 0};
    double k = fitted->kappa;
    double t = qn_kappa_temperature(k, fitted->theta) + volts / (k - 1.5);
    if (!(t > 0))
        return currents;
    struct qn_kappa cooled = {fitted->density, k, qn_kappa_theta(k, t)};
    double energy[POINTS];
    double flux[POINTS];
    double step = log(20000.0) / (POINTS - 1);
    for (int i = 0; i < POINTS; i++)
        energy[i] = exp(step * i);
    qn_kappa_fluxes(&cooled, energy, POINTS, flux);
    double secondaries_before = 0;
    bool first = true;
    for (int i = 0; i < POINTS; i++) {
        if (energy[i] < fabs(volts))
            continue;
        double secondaries = qn_secondary_yield(energy[i] - fabs(volts)) * flux[i];
        if (!first) {
            double part = 0.5 * QN_CHARGE * 0.25e4 * (energy[i] - energy[i - 1]);
            currents.electrons += part * (flux[i] + flux[i - 1]);
            currents.secondaries += part * (secondaries + secondaries_before);
        }
        secondaries_before = secondaries;
        first = false;
    }
    currents.ions = QN_CHARGE * fitted->density *
                    sqrt(QN_CHARGE * t / (2 * M_PI * QN_PROTON_MASS)) * sqrt(1 - volts / t);
    return currents;
}

static double classic_excess(const void *context, double volts)
{
    const struct qn_kappa *fitted = context;
    double k = fitted->kappa;
    if (!(qn_kappa_temperature(k, fitted->theta) + volts / (k - 1.5) > 0))
        return 1e12;
    struct qn_currents currents = qn_classic_night_currents(fitted, volts);
    return currents.ions + currents.secondaries - currents.electrons;
}

double qn_classic_night_potential(const struct qn_kappa *fitted)
{
    double deepest = -1500;
    for (int i = 0; i <= 10; i++) {
        double volts = qn_root(classic_excess, fitted, deepest, 0, 1e-3);
        if (!isnan(volts))
            return volts;
        deepest *= 1.5;
    }
    return NAN;
}
