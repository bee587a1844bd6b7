/* What a spectrum's fit says of the plasma, and the profiles of its likelihood: see
 * kappa_likelihood.h. */
#include "compute/kappa_likelihood.h"

#include "compute/spacecraft.h"

#include <math.h>
#include <string.h>

enum { FREE = QN_KAPPA_FREE };

void qn_kappa_derive(const struct qn_kappa_model *m, const double q[FREE],
                     struct qn_kappa_derived *d)
{
    struct qn_kappa plasma = qn_kappa_plasma(q);
    struct qn_kappa ambient = plasma;
    double volts = m->u_fixed;
    d->reason = QN_FIT_OK;
    d->current = qn_kappa_current(&plasma);
    if (m->balance == QN_BALANCE_DAY)
        volts = qn_day_potential(&plasma, &d->reason);
    if (m->balance == QN_BALANCE_NIGHT) {
        volts = qn_night_potential_seen(&plasma, &d->reason);
        if (!isnan(volts) && !qn_kappa_shift(&plasma, -volts, &ambient))
            ambient = plasma;
    }
    d->of[QN_KAPPA_KAPPA] = ambient.kappa;
    d->of[QN_KAPPA_THETA] = ambient.theta;
    d->of[QN_KAPPA_TEMPERATURE] = qn_kappa_temperature(ambient.kappa, ambient.theta);
    d->of[QN_KAPPA_DENSITY] = ambient.density;
    d->of[QN_KAPPA_POTENTIAL] = volts;
}

/* ---- slopes --------------------------------------------------------------------------------- */

/* By night, of U over q: those of ln(ions) = ln(electrons less secondaries). With w = (k - 1.5) T
 * of the plasma that arrives, the ambient one has w + U, and n (1 + U / w)^(1/2 - k). */
static void night_slopes(const double q[FREE], double volts, double slope[FREE])
{
    static const double step = 1e-4;
    double k = 1 / q[QN_PER_KAPPA];
    double t = exp(q[QN_LN_TEMPERATURE]);
    double width = (k - 1.5) * t;
    double ambient_width = width + volts;
    double ions = 2 * (ambient_width / (k - 1.5) - volts); /* are as fast as the root of this */
    double by_volts = (0.5 - k) / ambient_width + (1 / (k - 1.5) - 1) / ions;
    double ions_by[FREE] = {1};
    ions_by[QN_LN_TEMPERATURE] = (0.5 - k) * (width / ambient_width - 1) + t / ions;
    ions_by[QN_PER_KAPPA] =
        -k * k *
        (log(width / ambient_width) + (0.5 - k) * (t / ambient_width - 1 / (k - 1.5)) -
         volts / ((k - 1.5) * (k - 1.5) * ions));
    slope[QN_LN_DENSITY] = 0;
    struct qn_kappa plasma = qn_kappa_plasma(q);
    double net = qn_night_net(&plasma);
    for (int l = 1; l < FREE; l++) {
        double near[FREE];
        memcpy(near, q, sizeof(near));
        near[l] += step;
        plasma = qn_kappa_plasma(near);
        slope[l] = -(ions_by[l] - log(qn_night_net(&plasma) / net) / step) / by_volts;
    }
}

/* Slopes of a quantity on the scale on which its likelihood is most nearly normal: 1/kappa, the
 * logarithms of theta, T and n, U itself. */
static void slopes_of(const struct qn_kappa_model *m, const double q[FREE],
                      enum qn_kappa_quantity quantity, double volts, double slope[FREE])
{
    double k = 1 / q[QN_PER_KAPPA];
    double t = exp(q[QN_LN_TEMPERATURE]);
    double width = (k - 1.5) * t;
    double shift = m->balance == QN_BALANCE_NIGHT && !isnan(volts) ? volts : 0;
    double by[FREE] = {0}; /* U */
    double ln_width[FREE];
    if (m->balance == QN_BALANCE_DAY)
        qn_kappa_potential(m, q, by);
    else if (shift != 0)
        night_slopes(q, volts, by);
    double shifted[FREE] = {0, -k * k * t, width}; /* w by q, w + shift in all */
    for (int l = 0; l < FREE; l++)
        ln_width[l] = (shifted[l] + (shift != 0 ? by[l] : 0)) / (width + shift);
    memset(slope, 0, FREE * sizeof(slope[0]));
    switch (quantity) {
    case QN_KAPPA_KAPPA:
        slope[QN_PER_KAPPA] = 1;
        break;
    case QN_KAPPA_THETA:
        for (int l = 0; l < FREE; l++)
            slope[l] = 0.5 * ln_width[l];
        slope[QN_PER_KAPPA] += 0.5 * k;
        break;
    case QN_KAPPA_TEMPERATURE:
        memcpy(slope, ln_width, sizeof(ln_width));
        slope[QN_PER_KAPPA] += k * k / (k - 1.5);
        break;
    case QN_KAPPA_DENSITY:
        for (int l = 0; l < FREE; l++)
            slope[l] = (0.5 - k) * (ln_width[l] - shifted[l] / width);
        slope[QN_LN_DENSITY] += 1;
        slope[QN_PER_KAPPA] += k * k * log1p(shift / width);
        break;
    default:
        memcpy(slope, by, sizeof(by));
    }
}

/* ---- profiles ------------------------------------------------------------------------------- */

/* Where a quantity is highest (sign 1) or lowest among the places `left` above the deviance here,
 * were the deviance a parabola and the quantity linear: by[] away from here, less held parameters.
 * Returns how far the quantity changes, over *deviation of it; NaN where nothing moves it. */
static double stride(double h[FREE][FREE], const double g[FREE], const double slope[FREE],
                     const bool held[FREE], double left, double sign, double by[FREE])
{
    double a[FREE][FREE];
    double y[FREE];
    double s[FREE];
    double along[FREE];
    double back[FREE];
    for (int k = 0; k < FREE; k++) {
        for (int l = 0; l < FREE; l++)
            a[k][l] = held[k] || held[l] ? (k == l) : h[k][l];
        y[k] = held[k] ? 0 : g[k];
        s[k] = held[k] ? 0 : slope[k];
    }
    if (!qn_kappa_solve(a, s, along) || !qn_kappa_solve(a, y, back))
        return NAN;
    double price = 0;
    double change = 0;
    for (int k = 0; k < FREE; k++) {
        left += y[k] * back[k];
        price += s[k] * along[k];
    }
    double length = sign * sqrt(fmax(left, 0) / price);
    for (int k = 0; k < FREE; k++) {
        by[k] = length * along[k] - back[k];
        change += s[k] * by[k];
    }
    return price > 0 ? change / sqrt(price) : NAN;
}

/* Holds parameters that a stride would take beyond their limits; false where there are none. */
static bool hold(double q[FREE], const double by[FREE], bool held[FREE])
{
    bool any = false;
    for (int k = 0; k < FREE; k++) {
        bool below = q[k] + by[k] < qn_kappa_lowest[k];
        bool above = q[k] + by[k] > qn_kappa_highest[k];
        if (held[k] || !(below || above))
            continue;
        q[k] = below ? qn_kappa_lowest[k] : qn_kappa_highest[k];
        held[k] = any = true;
    }
    return any;
}

/* To where the profile of a quantity has risen to a deviance, by strides along which the other
 * parameters are optimised as well (Venzon & Moolgavkar 1988). */
static double profile_end(const struct qn_kappa_model *m, const double start[FREE], double deviance,
                          enum qn_kappa_quantity quantity, double sign)
{
    double q[FREE];
    bool held[FREE] = {false, false, false};
    memcpy(q, start, sizeof(q));
    for (int round = 0; round < 15; round++) {
        struct qn_kappa_derived d;
        double h[FREE][FREE];
        double g[FREE];
        double slope[FREE];
        double by[FREE];
        double left = deviance - qn_kappa_information(m, q, h, g);
        qn_kappa_derive(m, q, &d);
        slopes_of(m, q, quantity, d.of[QN_KAPPA_POTENTIAL], slope);
        double change = stride(h, g, slope, held, left, sign, by);
        if (fabs(left) < 0.03 && fabs(change) < 0.01)
            return d.of[quantity];
        if (isnan(change))
            return NAN;
        if (hold(q, by, held))
            continue;
        for (int k = 0; k < FREE; k++)
            q[k] += by[k];
    }
    return NAN;
}

/* By night the potential may jump from one balance to another on the way to an end: an end on the
 * wrong side tells nothing. */
static void hold_value(struct qn_estimate *e)
{
    if (e->low > e->value)
        e->low = NAN;
    if (e->high < e->value)
        e->high = NAN;
}

void qn_kappa_profile(const struct qn_kappa_model *m, const double q[FREE],
                      enum qn_kappa_quantity quantity, struct qn_estimate *e)
{
    double mean[QN_SWEEP_ROWS];
    struct qn_kappa_derived best;
    qn_kappa_expect(m, q, mean, NULL);
    qn_kappa_derive(m, q, &best);
    double deviance = qn_kappa_deviance(m, mean) + 1;
    double sign = quantity == QN_KAPPA_KAPPA ? -1 : 1; /* its slopes are those of 1/kappa */
    *e = (struct qn_estimate){best.of[quantity], NAN, NAN, QN_FIT_OK};
    e->low = profile_end(m, q, deviance, quantity, -sign);
    e->high = profile_end(m, q, deviance, quantity, sign);
    hold_value(e);
}
