/* The spectrum of a sweep and the potential of the spacecraft: see kappa_robust.h. Which energies a
 * fit by day can use, and what is answered; kappa_likelihood.h has the rest. */
#include "compute/kappa_robust.h"

#include "compute/kappa_likelihood.h"
#include "compute/spacecraft.h"

#include <math.h>
#include <string.h>

enum { FREE = QN_KAPPA_FREE };

/* ---- the answer ----------------------------------------------------------------------------- */

/* Without a value a bound: by day at most 0 or at least 150 V, by night at least 0. */
static void bound_potential(const struct qn_kappa_model *m, const double q[FREE],
                            enum qn_fit_reason reason, struct qn_robust_spectrum *found)
{
    struct qn_estimate *u = &found->u_spacecraft;
    double slope[FREE];
    *u = (struct qn_estimate){NAN, NAN, NAN, reason};
    found->u_assumed = 0;
    if (reason == QN_FIT_TOO_THIN) {
        u->low = 150;
        found->u_assumed = qn_kappa_potential(m, q, slope);
    } else if (reason == QN_FIT_TOO_DENSE) {
        u->high = 0;
    } else if (reason == QN_FIT_SECONDARIES) {
        u->low = 0;
    }
}

static void answer(const struct qn_kappa_model *m, const double q[FREE],
                   struct qn_robust_spectrum *found)
{
    double mean[QN_SWEEP_ROWS];
    struct qn_kappa_derived best;
    struct qn_kappa_fit *fit = &found->fit;
    qn_kappa_expect(m, q, mean, NULL);
    qn_kappa_derive(m, q, &best);
    fit->chi2 = qn_kappa_pearson(m, mean, 0, 0);
    fit->rows = m->data.rows;
    fit->gain_error = sqrt(m->gain2);
    qn_kappa_profile(m, q, QN_KAPPA_KAPPA, &fit->kappa);
    qn_kappa_profile(m, q, QN_KAPPA_THETA, &fit->theta);
    qn_kappa_profile(m, q, QN_KAPPA_TEMPERATURE, &fit->temperature);
    qn_kappa_profile(m, q, QN_KAPPA_DENSITY, &fit->density);
    if (q[QN_PER_KAPPA] <= qn_kappa_lowest[QN_PER_KAPPA] ||
        q[QN_PER_KAPPA] >= qn_kappa_highest[QN_PER_KAPPA])
        fit->kappa.reason = QN_FIT_AT_LIMIT;
    struct qn_estimate *u = &found->u_spacecraft;
    double volts = best.of[QN_KAPPA_POTENTIAL];
    found->current = best.current;
    found->u_assumed = volts;
    *u = (struct qn_estimate){volts, volts, volts, QN_FIT_OK};
    if (m->balance == QN_BALANCE_NONE)
        return;
    if (best.reason != QN_FIT_OK) {
        bound_potential(m, q, best.reason, found);
        return;
    }
    qn_kappa_profile(m, q, QN_KAPPA_POTENTIAL, u);
    if (m->balance == QN_BALANCE_NIGHT && isnan(u->high))
        u->high = 0;
}

static void nothing(enum qn_fit_reason reason, double u_fixed, struct qn_robust_spectrum *found)
{
    struct qn_estimate none = {NAN, NAN, NAN, reason};
    *found = (struct qn_robust_spectrum){{none, none, none, none, NAN, 0, NAN}, none, NAN, NAN};
    if (!isnan(u_fixed))
        found->u_spacecraft = (struct qn_estimate){u_fixed, u_fixed, u_fixed, QN_FIT_OK};
    found->u_assumed = u_fixed;
}

/* ---- rows by day ---------------------------------------------------------------------------- */

/* Below this energy rows hold the spacecraft's own photoelectrons: U and three widths of the
 * response above it. */
static double photoelectrons_below(double volts)
{
    return volts * exp(3 * QN_ER_RESPONSE);
}

struct attempt {
    struct qn_kappa_model model;
    double q[FREE];
    double scatter; /* chi2 per freedom */
    bool fits;      /* the rows used are those that its potential calls for, and none lacks counts */
};

/* A start by day with a potential between low and high: the spectrum as it fits with the middle of
 * them, at the potential where its current is the curve's. False where there is none. */
static bool begin_between(const struct qn_kappa_model *m, double low, double high, double q[FREE])
{
    enum { STEPS = 24 };
    double middle = 0.5 * (low + high);
    struct qn_kappa_model given = *m;
    struct qn_kappa ambient;
    given.balance = QN_BALANCE_NONE;
    given.u_fixed = middle;
    qn_kappa_begin(&given, q);
    qn_kappa_descend(&given, q);
    struct qn_kappa plasma = qn_kappa_plasma(q);
    double before = 0;
    for (int i = 0; i <= STEPS; i++) {
        double volts = low + (high - low) * i / STEPS;
        if (!qn_kappa_shift(&plasma, middle - volts, &ambient))
            continue;
        double excess = qn_kappa_current(&ambient) - qn_photoemission(volts);
        if (before * excess < 0) {
            q[QN_LN_DENSITY] = log(ambient.density);
            q[QN_LN_TEMPERATURE] = log(qn_kappa_temperature(ambient.kappa, ambient.theta));
            return true;
        }
        before = excess;
    }
    return false;
}

/* Photoelectrons add to the rows below, nothing takes away from them: whether one has fewer counts
 * than the plasma alone, by more than a factor of 1.25. */
static bool lacks_counts(const struct qn_kappa_counts *all, const struct attempt *attempt)
{
    static const double gain_fine = 0.8;
    double mean[QN_SWEEP_ROWS];
    struct qn_kappa_model whole = attempt->model;
    whole.data = *all;
    qn_kappa_lay_nodes(&whole);
    qn_kappa_expect(&whole, attempt->q, mean, NULL);
    for (size_t i = 0; i < all->rows; i++)
        if (all->counts[i] < gain_fine * mean[i] - 3 * sqrt(mean[i]))
            return true;
    return false;
}

/* Fits to the rows from `from` on; false where too few are left. `dropped` is the highest energy
 * below, 0 for none. */
static bool attempt_from(const struct qn_kappa_counts *all, enum qn_balance balance, double u_fixed,
                         double from, double dropped, struct attempt *attempt)
{
    struct qn_kappa_model *m = &attempt->model;
    double mean[QN_SWEEP_ROWS];
    double slope[FREE];
    memset(attempt->q, 0, sizeof(attempt->q));
    m->balance = balance;
    m->u_fixed = u_fixed;
    m->gain2 = 0; /* until the fit has found it */
    qn_kappa_rows_above(all, from, &m->data);
    if (!qn_kappa_enough(&m->data))
        return false;
    qn_kappa_lay_nodes(m);
    double widths = photoelectrons_below(1);
    if (balance != QN_BALANCE_DAY ||
        !begin_between(m, dropped / widths, from / widths, attempt->q))
        qn_kappa_begin(m, attempt->q);
    qn_kappa_maximise(m, attempt->q);
    qn_kappa_expect(m, attempt->q, mean, NULL);
    attempt->scatter = qn_kappa_pearson(m, mean, 0, 0) / fmax((double)m->data.rows - FREE, 1);
    double least_ev = photoelectrons_below(qn_kappa_potential(m, attempt->q, slope));
    attempt->fits = from >= least_ev && (dropped == 0 || dropped < least_ev) &&
                    !lacks_counts(all, attempt);
    return true;
}

static double next_energy(const struct qn_kappa_counts *all, double above)
{
    double next = INFINITY;
    for (size_t i = 0; i < all->rows; i++)
        if (all->energy_ev[i] > above)
            next = fmin(next, all->energy_ev[i]);
    return next;
}

static bool better(const struct attempt *a, const struct attempt *b)
{
    return a->fits != b->fits ? a->fits : a->scatter < b->scatter;
}

/* A first row to begin at that agrees with the potential that follows: all rows where they fit,
 * else of the first seven the one that fits best. A potential of a hundred volts looks like a far
 * lower one in a denser plasma to all rows but those that it empties. */
static bool fit_day(const struct qn_kappa_counts *all, struct attempt *best)
{
    static const double gain_fine = 0.2; /* fluxes are trusted to a factor of 1.25 */
    double dropped = 0;
    double from = next_energy(all, 0);
    struct attempt attempt;
    bool any = false;
    for (int i = 0; i < 7 && attempt_from(all, QN_BALANCE_DAY, NAN, from, dropped, &attempt); i++) {
        if (!any || better(&attempt, best))
            *best = attempt;
        any = true;
        if (best->fits && best->model.gain2 < gain_fine * gain_fine)
            break;
        dropped = from;
        from = next_energy(all, from);
    }
    return any;
}

void qn_kappa_robust(const struct qn_sweep *sweep, const struct qn_cells *cells,
                     enum qn_sense sense, double u_fixed, struct qn_robust_spectrum *found)
{
    struct qn_kappa_counts all;
    struct attempt best;
    bool any;
    qn_kappa_count(sweep, cells, sense, &all);
    if (isnan(u_fixed) && sweep->in_sun)
        any = fit_day(&all, &best);
    else if (isnan(u_fixed))
        any = attempt_from(&all, QN_BALANCE_NIGHT, NAN, 0, 0, &best);
    else
        any = attempt_from(&all, QN_BALANCE_NONE, u_fixed, photoelectrons_below(u_fixed), 0, &best);
    if (any)
        answer(&best.model, best.q, found);
    else
        nothing(QN_FIT_FEW_ROWS, u_fixed, found);
}
