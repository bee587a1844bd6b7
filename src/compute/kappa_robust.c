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

/* Potentials this much below those that call for exactly these rows will do: to drop a row without
 * need costs less than to find no rows for a potential at a limit. */
static const double leeway = 1.15;

struct attempt {
    struct qn_kappa_model model;
    double q[FREE];
    double scatter; /* chi2 per freedom */
    bool fits; /* the rows used are those that its potential calls for, and none lacks counts */
};

enum { TRIED = 40 }; /* potentials between two energies */

/* What is seen at one potential, taken back to the ambient plasma q were it at another: the
 * logarithm of its current over that of photoelectrons there; NaN where nothing is left of it. */
static double excess(const struct qn_kappa *seen, double shift, double volts, double q[FREE])
{
    struct qn_kappa ambient;
    if (!qn_kappa_shift(seen, shift, &ambient))
        return NAN;
    q[QN_LN_DENSITY] = log(ambient.density);
    q[QN_PER_KAPPA] = 1 / ambient.kappa;
    q[QN_LN_TEMPERATURE] = log(qn_kappa_temperature(ambient.kappa, ambient.theta));
    return log(qn_kappa_current(&ambient) / qn_photoemission(volts));
}

/* The next potential above *volts and up to `high` at which currents balance; false where there is
 * none, then q is where they come nearest to it. */
static bool next_balance(const struct qn_kappa *seen, double seen_at, double *volts, double high,
                         double q[FREE])
{
    double step = (high - *volts) / TRIED;
    double before = NAN;
    double nearest = *volts;
    double least = INFINITY;
    for (int i = 0; i <= TRIED; i++) {
        double at = high - step * (TRIED - i);
        double now = excess(seen, seen_at - at, at, q);
        if (before * now < 0) {
            *volts = at;
            return true;
        }
        if (fabs(now) < least) {
            least = fabs(now);
            nearest = at;
        }
        before = now;
    }
    excess(seen, seen_at - nearest, nearest, q);
    return false;
}

/* Photoelectrons add to the rows below `from`, nothing takes away from them: whether one above the
 * potential has clearly fewer counts than the plasma alone. */
static bool lacks_counts(const struct qn_kappa_counts *all, double from, double volts,
                         const struct attempt *attempt)
{
    static const double part_fine = 0.8;
    double mean[QN_SWEEP_ROWS];
    struct qn_kappa_model whole = attempt->model;
    qn_kappa_rows_above(all, volts, &whole.data);
    qn_kappa_lay_nodes(&whole);
    qn_kappa_expect(&whole, attempt->q, mean, NULL);
    for (size_t i = 0; i < whole.data.rows; i++)
        if (whole.data.energy_ev[i] < from &&
            whole.data.counts[i] < part_fine * mean[i] - 3 * sqrt(mean[i]))
            return true;
    return false;
}

/* A model of the rows from `from` on; false where too few are left. */
static bool take_rows(const struct qn_kappa_counts *all, double from, struct qn_kappa_model *m)
{
    qn_kappa_rows_above(all, from, &m->data);
    if (!qn_kappa_enough(&m->data))
        return false;
    m->gain2 = 0; /* until the fit has found it */
    qn_kappa_lay_nodes(m);
    return true;
}

/* From where q is. `dropped` is the highest energy below the rows, 0 for none. */
static void fit_rows(const struct qn_kappa_counts *all, double from, double dropped,
                     struct attempt *a)
{
    double mean[QN_SWEEP_ROWS];
    double slope[FREE];
    qn_kappa_maximise(&a->model, a->q);
    qn_kappa_expect(&a->model, a->q, mean, NULL);
    a->scatter =
        qn_kappa_pearson(&a->model, mean, 0, 0) / fmax((double)a->model.data.rows - FREE, 1);
    double volts = qn_kappa_potential(&a->model, a->q, slope);
    double least_ev = photoelectrons_below(volts);
    a->fits = from >= least_ev && (dropped == 0 || dropped < least_ev * leeway) &&
              !lacks_counts(all, from, volts, a);
}

static double next_energy(const struct qn_kappa_counts *all, double above)
{
    double next = INFINITY;
    for (size_t i = 0; i < all->rows; i++)
        if (all->energy_ev[i] > above)
            next = fmin(next, all->energy_ev[i]);
    return next;
}

/* Of two that fit, the one with the higher potential only where it halves the scatter. */
static bool better(const struct attempt *later, const struct attempt *best)
{
    if (later->fits != best->fits)
        return later->fits;
    return later->scatter < (best->fits ? 0.25 : 1) * best->scatter;
}

/* Fits at every balance that calls for the rows of a model, those from `from` on; true when one
 * will do. */
static bool try_rows(const struct qn_kappa_counts *all, const struct qn_kappa_model *rows,
                     double from, double dropped, struct attempt *best)
{
    static const double gain_fine = 0.03;
    double widths = photoelectrons_below(1);
    double volts = dropped / widths / leeway;
    double high = from / widths;
    struct attempt attempt = {.model = *rows};
    struct qn_kappa_model *m = &attempt.model;
    m->balance = QN_BALANCE_NONE;
    m->u_fixed = 0.5 * (volts + high);
    qn_kappa_begin(m, attempt.q);
    qn_kappa_descend(m, attempt.q);
    struct qn_kappa seen = qn_kappa_plasma(attempt.q);
    m->balance = QN_BALANCE_DAY;
    bool balanced = next_balance(&seen, m->u_fixed, &volts, high, attempt.q);
    do {
        fit_rows(all, from, dropped, &attempt);
        if (better(&attempt, best))
            *best = attempt;
        if (best->fits && best->model.gain2 < gain_fine * gain_fine)
            return true;
    } while (balanced && next_balance(&seen, m->u_fixed, &volts, high, attempt.q));
    return false;
}

/* A first row to begin at that agrees with the potential that follows: all rows where they fit to a
 * few per cent, else of the first seven the one that fits best. To rows far above it a potential of
 * a hundred volts looks like a far lower one in a denser plasma; the rows next to it tell. */
static bool fit_day(const struct qn_kappa_counts *all, struct attempt *best)
{
    struct qn_kappa_model rows;
    double dropped = 0;
    double from = next_energy(all, 0);
    *best = (struct attempt){.scatter = INFINITY, .fits = false};
    for (int i = 0; i < 7 && take_rows(all, from, &rows); i++) {
        if (try_rows(all, &rows, from, dropped, best))
            break;
        dropped = from;
        from = next_energy(all, from);
    }
    return isfinite(best->scatter);
}

/* With a potential that is known, or by night, where no row holds photoelectrons. */
static bool fit_above(const struct qn_kappa_counts *all, double from, enum qn_balance balance,
                      double u_fixed, struct attempt *best)
{
    best->model.balance = balance;
    best->model.u_fixed = u_fixed;
    if (!take_rows(all, from, &best->model))
        return false;
    qn_kappa_begin(&best->model, best->q);
    qn_kappa_maximise(&best->model, best->q);
    return true;
}

void qn_kappa_robust(const struct qn_sweep *sweep, const struct qn_cells *cells,
                     enum qn_sense sense, double u_fixed, struct qn_robust_spectrum *found)
{
    struct qn_kappa_counts all;
    struct attempt best;
    bool any;
    qn_kappa_count(sweep, cells, sense, &all);
    if (!isnan(u_fixed))
        any = fit_above(&all, photoelectrons_below(u_fixed), QN_BALANCE_NONE, u_fixed, &best);
    else if (sweep->in_sun)
        any = fit_day(&all, &best);
    else
        any = fit_above(&all, 0, QN_BALANCE_NIGHT, NAN, &best);
    if (any)
        answer(&best.model, best.q, found);
    else
        nothing(QN_FIT_FEW_ROWS, u_fixed, found);
}
