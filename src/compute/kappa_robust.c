/* The fit of a spectrum by likelihood: see kappa_robust.h. Three parameters: ln n, 1/k, ln T; by
 * day of the ambient plasma, whose current tells U; by night of the plasma that arrives, from which
 * U and the ambient plasma follow. */
#include "compute/kappa_robust.h"

#include "compute/spacecraft.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { PARAMETERS = 3, LN_DENSITY = 0, PER_KAPPA = 1, LN_TEMPERATURE = 2 };
enum { NODES = 96, REACH = 12 };

static const double lowest[PARAMETERS] = {-7, 0.01, -0.7};
static const double highest[PARAMETERS] = {35, 0.645, 10};

enum balance { BALANCE_NONE, BALANCE_DAY, BALANCE_NIGHT };

struct spectrum {
    size_t rows;
    double energy_ev[QN_SWEEP_ROWS];
    double counts[QN_SWEEP_ROWS];
    double exposure[QN_SWEEP_ROWS]; /* counts per flux */
    /* Energies on a grid of the response's own width, on which the trapezoid rule folds exactly. */
    size_t nodes;
    double node_ev[NODES];
    size_t first[QN_SWEEP_ROWS];
    double response[QN_SWEEP_ROWS][REACH];
    enum balance balance;
    double u_fixed; /* with BALANCE_NONE */
    double gain2;   /* relative variance of gains */
};

/* ---- the data ------------------------------------------------------------------------------- */

bool qn_cell_sunlit(const struct qn_cells *cells, size_t cell, double phi_deg)
{
    static const double reach_deg = 7 + 11.25;
    if (fabs(cells->latitude_deg[cell]) > 30)
        return false;
    return fabs(remainder(phi_deg, 360)) <= reach_deg;
}

int qn_sweep_polarity(const struct qn_sweep *sweep)
{
    int sum = 0;
    for (size_t i = 0; i < sweep->rows; i++)
        sum += sweep->polarity[i];
    return sum > 0 ? 1 : sum < 0 ? -1 : 0;
}

/* Counts and exposure of the cells of a row on both sides of the plane across B. */
static void count_row(const struct qn_sweep *sweep, const struct qn_cells *cells,
                      enum qn_sense sense, size_t i, double counts[2], double exposure[2])
{
    static const double sin_half_cell = 0.19509032201612825; /* 11.25 degrees */
    double cosines[QN_CELLS];
    qn_pitch_cosines(cells, sweep->field_nt[i], sweep->phi_deg[i], 1, sense, cosines);
    counts[0] = counts[1] = exposure[0] = exposure[1] = 0;
    for (size_t j = 0; j < QN_CELLS; j++) {
        double flux = sweep->flux[i][j];
        if (!isfinite(flux) || !(fabs(cosines[j]) > sin_half_cell))
            continue;
        if (sweep->in_sun && qn_cell_sunlit(cells, j, sweep->phi_deg[i][j]))
            continue;
        double per_flux = qn_counts_per_flux(cells, j, sweep->energy_ev[i]);
        int side = cosines[j] > 0;
        counts[side] += rint(fmax(flux, 0) * per_flux);
        exposure[side] += per_flux;
    }
}

/* The Moon's side of each row; all on one side where no row tells. */
static void collect(const struct qn_sweep *sweep, const struct qn_cells *cells, enum qn_sense sense,
                    struct spectrum *s)
{
    double counts[QN_SWEEP_ROWS][2];
    double exposure[QN_SWEEP_ROWS][2];
    double sum[2] = {0, 0};
    int polarity = qn_sweep_polarity(sweep);
    for (size_t i = 0; i < sweep->rows; i++) {
        count_row(sweep, cells, sense, i, counts[i], exposure[i]);
        for (int side = 0; side < 2; side++)
            sum[side] += exposure[i][side] > 0 ? counts[i][side] / exposure[i][side] : 0;
    }
    if (polarity == 0)
        polarity = sum[1] >= sum[0] ? 1 : -1;
    *s = (struct spectrum){.rows = 0};
    for (size_t i = 0; i < sweep->rows; i++) {
        int side = (sweep->polarity[i] != 0 ? sweep->polarity[i] : polarity) > 0;
        if (!(exposure[i][side] > 0) || !(sweep->energy_ev[i] > 0))
            continue;
        s->energy_ev[s->rows] = sweep->energy_ev[i];
        s->counts[s->rows] = counts[i][side];
        s->exposure[s->rows++] = exposure[i][side];
    }
}

static void lay_nodes(struct spectrum *s)
{
    static const double step = QN_ER_RESPONSE;
    double low = INFINITY;
    double high = DBL_MIN;
    for (size_t i = 0; i < s->rows; i++) {
        low = fmin(low, s->energy_ev[i]);
        high = fmax(high, s->energy_ev[i]);
    }
    double start = log(low) - 5 * step;
    s->nodes = 0;
    while (s->nodes < NODES && start + step * (double)s->nodes < log(high) + 6 * step) {
        s->node_ev[s->nodes] = exp(start + step * (double)s->nodes);
        s->nodes++;
    }
    for (size_t i = 0; i < s->rows; i++) {
        double centre = (log(s->energy_ev[i]) - start) / step;
        double sum = 0;
        s->first[i] = (size_t)fmax(floor(centre) - 0.5 * (REACH - 2), 0);
        for (size_t k = 0; k < REACH; k++) {
            double z = (double)(s->first[i] + k) - centre;
            s->response[i][k] = s->first[i] + k < s->nodes ? exp(-0.5 * z * z) : 0;
            sum += s->response[i][k];
        }
        for (size_t k = 0; k < REACH; k++)
            s->response[i][k] /= sum;
    }
}

/* ---- the model ------------------------------------------------------------------------------ */

static struct qn_kappa plasma_of(const double q[PARAMETERS])
{
    double kappa = 1 / q[PER_KAPPA];
    return (struct qn_kappa){exp(q[LN_DENSITY]), kappa,
                             qn_kappa_theta(kappa, exp(q[LN_TEMPERATURE]))};
}

/* The potential by day, beyond the limits of the curve as well: 0 where nothing balances, its
 * second exponential beyond 150 V. */
static double day_potential(const struct qn_kappa *ambient)
{
    enum qn_fit_reason reason;
    double volts = qn_day_potential(ambient, &reason);
    if (reason == QN_FIT_TOO_DENSE)
        return 0;
    if (reason == QN_FIT_TOO_THIN)
        return fmin(-60 * log(qn_kappa_current(ambient) / 1.6e-8), 2000);
    return volts;
}

static double potential_of(const struct spectrum *s, const struct qn_kappa *plasma)
{
    if (s->balance == BALANCE_DAY)
        return day_potential(plasma);
    return s->balance == BALANCE_NONE ? s->u_fixed : 0;
}

/* Expected counts. A spacecraft at U sees E f(E - U), since f is the same along an orbit. */
static void expect(const struct spectrum *s, const double q[PARAMETERS], double *mean)
{
    double flux[NODES];
    struct qn_kappa plasma = plasma_of(q);
    double k = plasma.kappa;
    double volts = potential_of(s, &plasma);
    double t = exp(q[LN_TEMPERATURE]);
    double width = (k - 1.5) * t; /* k m theta^2 / 2 */
    double norm = exp(lgamma(k + 1) - lgamma(k - 0.5) - 1.5 * log(M_PI * k));
    double theta = plasma.theta;
    double scale = plasma.density / (theta * theta * theta) * norm * 2 /
                   (QN_ELECTRON_MASS * QN_ELECTRON_MASS) * 1e-4;
    for (size_t i = 0; i < s->nodes; i++) {
        double e = s->node_ev[i];
        flux[i] = e > volts ? scale * e * pow(1 + (e - volts) / width, -k - 1) : 0;
    }
    for (size_t i = 0; i < s->rows; i++) {
        double sum = 0;
        for (size_t n = 0; n < REACH && s->first[i] + n < s->nodes; n++)
            sum += s->response[i][n] * flux[s->first[i] + n];
        mean[i] = fmax(sum * s->exposure[i], 1e-12);
    }
}

/* -2 ln likelihood against a perfect fit: of Poisson, or negative binomial with gain errors. */
static double deviance(const struct spectrum *s, const double *mean)
{
    double sum = 0;
    for (size_t i = 0; i < s->rows; i++) {
        double n = s->counts[i];
        double m = mean[i];
        double part = n > 0 ? n * log(n / m) : 0;
        if (s->gain2 > 0)
            part -= (n + 1 / s->gain2) * log1p((n - m) / (m + 1 / s->gain2));
        else
            part -= n - m;
        sum += 2 * part;
    }
    return sum;
}

static double misfit(const struct spectrum *s, const double q[PARAMETERS])
{
    double mean[QN_SWEEP_ROWS];
    expect(s, q, mean);
    return deviance(s, mean);
}

/* ---- the fit -------------------------------------------------------------------------------- */

static double limit(double x, double low, double high)
{
    return fmin(fmax(x, low), high);
}

/* Fisher's information h (packed by rows) and the gradient g of half the deviance. */
static void information(const struct spectrum *s, const double q[PARAMETERS], const double *mean,
                        double h[PARAMETERS][PARAMETERS], double g[PARAMETERS])
{
    static const double step = 1e-5;
    double slope[PARAMETERS][QN_SWEEP_ROWS];
    for (int k = 0; k < PARAMETERS; k++) {
        double near[PARAMETERS];
        memcpy(near, q, sizeof(near));
        near[k] += step;
        expect(s, near, slope[k]);
        for (size_t i = 0; i < s->rows; i++)
            slope[k][i] = (slope[k][i] - mean[i]) / step;
    }
    memset(h, 0, PARAMETERS * sizeof(h[0]));
    memset(g, 0, PARAMETERS * sizeof(g[0]));
    for (size_t i = 0; i < s->rows; i++) {
        double weight = 1 / (mean[i] + s->gain2 * mean[i] * mean[i]);
        for (int k = 0; k < PARAMETERS; k++) {
            g[k] -= weight * slope[k][i] * (s->counts[i] - mean[i]);
            for (int l = 0; l < PARAMETERS; l++)
                h[k][l] += weight * slope[k][i] * slope[l][i];
        }
    }
}

/* x = h^-1 y by Gauss, h symmetric and small; false where it is singular. */
static bool solve(const double h[PARAMETERS][PARAMETERS], const double y[PARAMETERS],
                  double x[PARAMETERS])
{
    double a[PARAMETERS][PARAMETERS + 1];
    for (int i = 0; i < PARAMETERS; i++) {
        memcpy(a[i], h[i], sizeof(h[i]));
        a[i][PARAMETERS] = y[i];
    }
    for (int i = 0; i < PARAMETERS; i++) {
        int pivot = i;
        for (int k = i + 1; k < PARAMETERS; k++)
            pivot = fabs(a[k][i]) > fabs(a[pivot][i]) ? k : pivot;
        for (int l = 0; l <= PARAMETERS; l++) {
            double swap = a[i][l];
            a[i][l] = a[pivot][l];
            a[pivot][l] = swap;
        }
        if (!(fabs(a[i][i]) > 1e-300))
            return false;
        for (int k = 0; k < PARAMETERS; k++) {
            double factor = k == i ? 0 : a[k][i] / a[i][i];
            for (int l = i; l <= PARAMETERS && k != i; l++)
                a[k][l] -= factor * a[i][l];
        }
    }
    for (int i = 0; i < PARAMETERS; i++)
        x[i] = a[i][PARAMETERS] / a[i][i];
    return true;
}

/* A damped step of scoring from q, parameters held at limits that they press against. */
static void scoring_step(double h[PARAMETERS][PARAMETERS], const double g[PARAMETERS],
                         double damping, const double q[PARAMETERS], double tried[PARAMETERS])
{
    double a[PARAMETERS][PARAMETERS];
    double y[PARAMETERS];
    double x[PARAMETERS] = {0, 0, 0};
    memcpy(a, h, sizeof(a));
    for (int k = 0; k < PARAMETERS; k++) {
        bool held = (q[k] <= lowest[k] && g[k] > 0) || (q[k] >= highest[k] && g[k] < 0);
        y[k] = held ? 0 : -g[k];
        for (int l = 0; l < PARAMETERS && held; l++)
            a[k][l] = a[l][k] = 0;
        a[k][k] = held ? 1 : a[k][k] * (1 + damping) + 1e-12;
    }
    solve((const double(*)[PARAMETERS])a, y, x);
    for (int k = 0; k < PARAMETERS; k++)
        tried[k] = limit(q[k] + limit(x[k], -1, 1), lowest[k], highest[k]);
}

static double descend(const struct spectrum *s, double q[PARAMETERS])
{
    double mean[QN_SWEEP_ROWS];
    expect(s, q, mean);
    double value = deviance(s, mean);
    double damping = 1e-3;
    for (int iteration = 0; iteration < 40; iteration++) {
        double h[PARAMETERS][PARAMETERS];
        double g[PARAMETERS];
        information(s, q, mean, h, g);
        double before = value;
        for (int attempt = 0; attempt < 10; attempt++) {
            double tried[PARAMETERS];
            double there[QN_SWEEP_ROWS];
            scoring_step(h, g, damping, q, tried);
            expect(s, tried, there);
            double now = deviance(s, there);
            if (now < value) {
                memcpy(q, tried, sizeof(tried));
                memcpy(mean, there, sizeof(there));
                value = now;
                damping = fmax(damping * 0.1, 1e-9);
                break;
            }
            damping *= 8;
        }
        if (!(before - value > 1e-7))
            break;
    }
    return value;
}

/* The best of a grid of k and T; n is what makes the sum of counts right. */
static void begin(const struct spectrum *s, double q[PARAMETERS])
{
    static const double kappas[] = {1.8, 2.6, 4, 8, 30};
    double best = INFINITY;
    double counts = 0;
    for (size_t i = 0; i < s->rows; i++)
        counts += s->counts[i];
    for (size_t i = 0; i < sizeof(kappas) / sizeof(kappas[0]); i++)
        for (int j = 0; j < 9; j++) {
            double tried[PARAMETERS] = {log(1e6), 1 / kappas[i], log(6) + 0.75 * j};
            double mean[QN_SWEEP_ROWS];
            for (int round = 0; round < 2; round++) { /* U by day depends on n */
                double sum = 0;
                expect(s, tried, mean);
                for (size_t row = 0; row < s->rows; row++)
                    sum += mean[row];
                tried[LN_DENSITY] = limit(tried[LN_DENSITY] + log(counts / sum), lowest[LN_DENSITY],
                                          highest[LN_DENSITY]);
            }
            double value = misfit(s, tried);
            if (value < best) {
                best = value;
                memcpy(q, tried, sizeof(tried));
            }
        }
}

static double pearson(const struct spectrum *s, const double *mean, double mean_least, double gain2)
{
    double sum = 0;
    for (size_t i = 0; i < s->rows; i++) {
        double r = s->counts[i] - mean[i];
        if (mean[i] >= mean_least)
            sum += r * r / (mean[i] + gain2 * mean[i] * mean[i]);
    }
    return sum;
}

/* The variance of gains that makes the scatter about the fit what it should be, up to 50 %. Rows
 * with few counts do not take part: a single count where 0.1 is expected is no matter of gains. */
static double gain_variance(const struct spectrum *s, const double q[PARAMETERS])
{
    static const double mean_least = 10;
    double mean[QN_SWEEP_ROWS];
    double freedom = -PARAMETERS;
    expect(s, q, mean);
    for (size_t i = 0; i < s->rows; i++)
        freedom += mean[i] >= mean_least;
    if (freedom < 1 || pearson(s, mean, mean_least, 0) <= freedom)
        return 0;
    double low = 1e-14;
    double high = 0.25;
    for (int i = 0; i < 40; i++) {
        double middle = sqrt(low * high);
        if (pearson(s, mean, mean_least, middle) > freedom)
            low = middle;
        else
            high = middle;
    }
    return high;
}

/* From where q is. */
static double fit(struct spectrum *s, double q[PARAMETERS])
{
    s->gain2 = 0;
    double value = descend(s, q);
    for (int round = 0; round < 3; round++) {
        double before = s->gain2;
        s->gain2 = gain_variance(s, q);
        if (fabs(s->gain2 - before) <= 0.02 * s->gain2)
            break;
        value = descend(s, q);
    }
    return value;
}

/* ---- what follows from it ------------------------------------------------------------------- */

enum { KAPPA, THETA, TEMPERATURE, DENSITY, POTENTIAL, QUANTITIES };

struct derived {
    double of[QUANTITIES]; /* the potential NaN where nothing balances */
    double current;
    enum qn_fit_reason reason;
};

static void derive(const struct spectrum *s, const double q[PARAMETERS], struct derived *d)
{
    struct qn_kappa plasma = plasma_of(q);
    struct qn_kappa ambient = plasma;
    d->reason = QN_FIT_OK;
    d->current = qn_kappa_current(&plasma);
    double volts = s->u_fixed;
    if (s->balance == BALANCE_DAY)
        volts = qn_day_potential(&plasma, &d->reason);
    if (s->balance == BALANCE_NIGHT) {
        volts = qn_night_potential_seen(&plasma, &d->reason);
        if (!isnan(volts) && !qn_kappa_shift(&plasma, -volts, &ambient))
            ambient = plasma;
    }
    d->of[KAPPA] = ambient.kappa;
    d->of[THETA] = ambient.theta;
    d->of[TEMPERATURE] = qn_kappa_temperature(ambient.kappa, ambient.theta);
    d->of[DENSITY] = ambient.density;
    d->of[POTENTIAL] = volts;
}

/* Quantities on the scale on which their likelihood is most nearly normal, and back. */
static double straighten(int quantity, double value)
{
    if (quantity == KAPPA)
        return 1 / value;
    return quantity == POTENTIAL ? value : log(value);
}

/* Where the deviance has risen by 1 in the direction in which the quantity changes most for its
 * price: C grad / sigma, C the inverse information. NaN: not before a limit of the fit. */
static double interval_end(const struct spectrum *s, const double q[PARAMETERS], double least,
                           const double direction[PARAMETERS], double sign, int quantity)
{
    double length = 1;
    for (int round = 0; round < 3; round++) {
        double there[PARAMETERS];
        for (int k = 0; k < PARAMETERS; k++)
            there[k] = q[k] + sign * length * direction[k];
        for (int k = 0; k < PARAMETERS; k++)
            if (there[k] < lowest[k] || there[k] > highest[k])
                return NAN;
        double rise = misfit(s, there) - least;
        if (!(rise > 0.01))
            rise = 0.01;
        if (fabs(rise - 1) < 0.02)
            break;
        length *= fmin(fmax(1 / sqrt(rise), 0.2), 5);
    }
    double there[PARAMETERS];
    struct derived d;
    for (int k = 0; k < PARAMETERS; k++)
        there[k] = limit(q[k] + sign * length * direction[k], lowest[k], highest[k]);
    derive(s, there, &d);
    return d.of[quantity];
}

/* By night the potential may jump from one balance to another on the way to an end, so that ends
 * change sides: an end on the wrong side tells nothing. */
static void hold_value(struct qn_estimate *e)
{
    if (e->low > e->high) {
        double low = e->low;
        e->low = e->high;
        e->high = low;
    }
    if (e->low > e->value)
        e->low = NAN;
    if (e->high < e->value)
        e->high = NAN;
}

static void estimate(const struct spectrum *s, const double q[PARAMETERS], double least,
                     double h[PARAMETERS][PARAMETERS], const struct derived *best, int quantity,
                     struct qn_estimate *e)
{
    static const double step = 1e-4;
    double gradient[PARAMETERS];
    double direction[PARAMETERS];
    *e = (struct qn_estimate){best->of[quantity], NAN, NAN, QN_FIT_OK};
    for (int k = 0; k < PARAMETERS; k++) {
        double near[PARAMETERS];
        struct derived d;
        memcpy(near, q, sizeof(near));
        near[k] += near[k] + step <= highest[k] ? step : -step;
        derive(s, near, &d);
        gradient[k] =
            (straighten(quantity, d.of[quantity]) - straighten(quantity, best->of[quantity])) /
            (near[k] - q[k]);
    }
    if (!solve((const double(*)[PARAMETERS])h, gradient, direction))
        return;
    double variance = 0;
    for (int k = 0; k < PARAMETERS; k++)
        variance += gradient[k] * direction[k];
    if (!(variance > 0))
        return;
    for (int k = 0; k < PARAMETERS; k++)
        direction[k] /= sqrt(variance);
    double sign = quantity == KAPPA ? -1 : 1;
    e->low = interval_end(s, q, least, direction, -sign, quantity);
    e->high = interval_end(s, q, least, direction, sign, quantity);
    hold_value(e);
}

/* Without a value a bound: by day at most 0 or at least 150 V, by night at least 0. */
static void bound_potential(const double q[PARAMETERS], enum qn_fit_reason reason,
                            struct qn_robust_spectrum *found)
{
    struct qn_estimate *u = &found->u_spacecraft;
    *u = (struct qn_estimate){NAN, NAN, NAN, reason};
    struct qn_kappa plasma = plasma_of(q);
    found->u_assumed = 0;
    if (reason == QN_FIT_TOO_THIN) {
        u->low = 150;
        found->u_assumed = day_potential(&plasma);
    } else if (reason == QN_FIT_TOO_DENSE) {
        u->high = 0;
    } else if (reason == QN_FIT_SECONDARIES) {
        u->low = 0;
    }
}

static void answer(const struct spectrum *s, const double q[PARAMETERS], double least,
                   struct qn_robust_spectrum *found)
{
    double mean[QN_SWEEP_ROWS];
    double h[PARAMETERS][PARAMETERS];
    double g[PARAMETERS];
    struct derived best;
    expect(s, q, mean);
    information(s, q, mean, h, g);
    derive(s, q, &best);
    found->fit.chi2 = pearson(s, mean, 0, 0);
    found->fit.rows = s->rows;
    found->fit.gain_error = sqrt(s->gain2);
    found->current = best.current;
    struct qn_estimate *const estimates[QUANTITIES] = {
        [KAPPA] = &found->fit.kappa,
        [THETA] = &found->fit.theta,
        [TEMPERATURE] = &found->fit.temperature,
        [DENSITY] = &found->fit.density,
        [POTENTIAL] = &found->u_spacecraft,
    };
    for (int i = 0; i < QUANTITIES; i++)
        if (i != POTENTIAL || (s->balance != BALANCE_NONE && best.reason == QN_FIT_OK))
            estimate(s, q, least, h, &best, i, estimates[i]);
    if (q[PER_KAPPA] <= lowest[PER_KAPPA] || q[PER_KAPPA] >= highest[PER_KAPPA])
        found->fit.kappa.reason = QN_FIT_AT_LIMIT;
    found->u_assumed = best.of[POTENTIAL];
    if (s->balance == BALANCE_NONE)
        found->u_spacecraft = (struct qn_estimate){s->u_fixed, s->u_fixed, s->u_fixed, QN_FIT_OK};
    else if (best.reason != QN_FIT_OK)
        bound_potential(q, best.reason, found);
    else if (s->balance == BALANCE_NIGHT && isnan(found->u_spacecraft.high))
        found->u_spacecraft.high = 0;
}

static void nothing(enum qn_fit_reason reason, double u_fixed, struct qn_robust_spectrum *found)
{
    struct qn_estimate none = {NAN, NAN, NAN, reason};
    *found = (struct qn_robust_spectrum){{none, none, none, none, NAN, 0, NAN}, none, NAN, NAN};
    if (!isnan(u_fixed))
        found->u_spacecraft = (struct qn_estimate){u_fixed, u_fixed, u_fixed, QN_FIT_OK};
    found->u_assumed = u_fixed;
}

static bool enough(const struct spectrum *s)
{
    size_t filled = 0;
    double counts = 0;
    for (size_t i = 0; i < s->rows; i++) {
        filled += s->counts[i] > 0;
        counts += s->counts[i];
    }
    return filled >= PARAMETERS + 1 && counts >= 30;
}

/* Below this energy rows hold the spacecraft's own photoelectrons: U and three widths of the
 * response above it. */
static double photoelectrons_below(double volts)
{
    return volts * exp(3 * QN_ER_RESPONSE);
}

static void take_rows_above(const struct spectrum *all, double energy_ev, struct spectrum *s)
{
    *s = *all;
    s->rows = 0;
    for (size_t i = 0; i < all->rows; i++)
        if (all->energy_ev[i] >= energy_ev) {
            s->energy_ev[s->rows] = all->energy_ev[i];
            s->counts[s->rows] = all->counts[i];
            s->exposure[s->rows++] = all->exposure[i];
        }
}

struct attempt {
    struct spectrum s;
    double q[PARAMETERS];
    double least;
    double scatter; /* chi2 per freedom */
    bool fits;      /* the rows used are those that its potential calls for */
};

/* A start by day with a potential between low and high, the ones that call for these rows: the
 * spectrum as it fits with the middle of them, at the potential where its current is the curve's.
 * False where there is none. */
static bool begin_between(struct spectrum *s, double low, double high, double q[PARAMETERS])
{
    enum { STEPS = 24 };
    double middle = 0.5 * (low + high);
    struct spectrum given = *s;
    struct qn_kappa ambient;
    given.balance = BALANCE_NONE;
    given.u_fixed = middle;
    given.gain2 = 0;
    begin(&given, q);
    descend(&given, q);
    struct qn_kappa plasma = plasma_of(q);
    double before = 0;
    for (int i = 0; i <= STEPS; i++) {
        double volts = low + (high - low) * i / STEPS;
        if (!qn_kappa_shift(&plasma, middle - volts, &ambient))
            continue;
        double excess = qn_kappa_current(&ambient) - qn_photoemission(volts);
        if (before * excess < 0) {
            q[LN_DENSITY] = log(ambient.density);
            q[LN_TEMPERATURE] = log(qn_kappa_temperature(ambient.kappa, ambient.theta));
            return true;
        }
        before = excess;
    }
    return false;
}

/* Fits to the rows from `from` on; false where too few are left. `dropped` is the highest energy
 * below, 0 for none. */
static bool attempt_from(const struct spectrum *all, double from, double dropped,
                         struct attempt *attempt)
{
    struct spectrum *s = &attempt->s;
    double mean[QN_SWEEP_ROWS];
    memset(attempt->q, 0, sizeof(attempt->q));
    take_rows_above(all, from, s);
    s->gain2 = 0; /* until the fit has found it */
    if (!enough(s))
        return false;
    lay_nodes(s);
    double widths = photoelectrons_below(1);
    if (dropped == 0 || !begin_between(s, dropped / widths, from / widths, attempt->q))
        begin(s, attempt->q);
    attempt->least = fit(s, attempt->q);
    expect(s, attempt->q, mean);
    attempt->scatter = pearson(s, mean, 0, 0) / fmax((double)s->rows - PARAMETERS, 1);
    struct qn_kappa plasma = plasma_of(attempt->q);
    double least_ev = photoelectrons_below(potential_of(s, &plasma));
    attempt->fits = from >= least_ev && (dropped == 0 || dropped < least_ev);
    return true;
}

static double next_energy(const struct spectrum *all, double above)
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
static bool fit_day(const struct spectrum *all, struct attempt *best)
{
    static const double gain_fine = 0.2; /* fluxes are trusted to a factor of 1.25 */
    double dropped = 0;
    double from = next_energy(all, 0);
    struct attempt attempt;
    bool any = false;
    for (int i = 0; i < 7 && attempt_from(all, from, dropped, &attempt); i++) {
        if (!any || better(&attempt, best))
            *best = attempt;
        any = true;
        if (best->fits && best->s.gain2 < gain_fine * gain_fine)
            break;
        dropped = from;
        from = next_energy(all, from);
    }
    return any;
}

void qn_kappa_robust(const struct qn_sweep *sweep, const struct qn_cells *cells,
                     enum qn_sense sense, double u_fixed, struct qn_robust_spectrum *found)
{
    struct spectrum all;
    struct attempt best = {.fits = false, .scatter = INFINITY};
    collect(sweep, cells, sense, &all);
    all.u_fixed = u_fixed;
    all.balance = !isnan(u_fixed) ? BALANCE_NONE : sweep->in_sun ? BALANCE_DAY : BALANCE_NIGHT;
    bool any;
    if (all.balance == BALANCE_DAY)
        any = fit_day(&all, &best);
    else
        any = attempt_from(&all, isnan(u_fixed) ? 0 : photoelectrons_below(u_fixed), 0, &best);
    if (any)
        answer(&best.s, best.q, best.least, found);
    else
        nothing(QN_FIT_FEW_ROWS, u_fixed, found);
}
