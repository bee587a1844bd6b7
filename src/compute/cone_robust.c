/* The likelihood of the loss cone over (U, b): see cone_robust.h. What a row costs is tabulated by
 * the height of its edge, -cos of the pitch angle there: sqrt(1 - x), x = b (1 + U / (E - U_sc)).
 */
#include "compute/cone_robust.h"

#include "base/sys.h"
#include "compute/cone_cells.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { US = 64, BS = 36, SIDE = 24, POINTS = SIDE * SIDE, STARTS = 4 };

static const double u_limits[2] = {-2000, 20};
static const double b_limits[2] = {0.05, 1.1};
static const double beam_highest = 5;

struct sample {
    double u;
    double b;
    double beam;
    double beam_variance;
    double weight;
};

struct qn_cone_robust {
    struct qn_cone_cells cells;
    struct qn_cone_table soft;
    struct qn_cone_table hard;
    struct sample sample[POINTS];
    size_t samples;
};

enum qn_status qn_cone_robust_new(struct qn_cone_robust **cone, struct qn_error *err)
{
    *cone = qn_sys.calloc(1, sizeof(**cone));
    if (!*cone)
        return qn_fail_memory(err, "the likelihood of loss cones", sizeof(**cone));
    return QN_OK;
}

void qn_cone_robust_free(struct qn_cone_robust *cone)
{
    free(cone);
}

static double limit(double x, double low, double high)
{
    return fmin(fmax(x, low), high);
}

/* ---- the objective -------------------------------------------------------------------------- */

struct place {
    double u;
    double b;
    double cost; /* -2 ln likelihood with the best beam */
    double beam;
    double beam_variance; /* infinite where no row has a beam */
};

static void look(const struct qn_cone_table *t, struct place *p)
{
    double cost = 0;
    double product = 0;
    double length = 0;
    double drop = t->u_spacecraft - p->u;
    for (size_t i = 0; i < t->rows; i++) {
        double x = p->b * (1 + p->u * t->per_ev[i]);
        double height = sqrt(1 - fmin(fmax(x, 0), 1)) * t->steps;
        size_t k = (size_t)height;
        double part = t->hard ? 0 : height - (double)k;
        const struct qn_cone_cost *c = &t->cost[i][k];
        cost += c[0].plain + part * (c[1].plain - c[0].plain);
        if (!(drop > 0) || fabs(t->energy_ev[i] - fmax(drop, QN_CONE_BEAM_EV)) > 60)
            continue;
        double beam = qn_cone_beam_energy(drop, t->energy_ev[i]);
        product += beam * (c[0].product + part * (c[1].product - c[0].product));
        length += beam * beam * t->length[i];
    }
    p->beam = length > 0 ? limit(product / length, 0, beam_highest) : 0;
    p->beam_variance = length > 0 ? 1 / length : INFINITY;
    p->cost = cost - 2 * p->beam * product + p->beam * p->beam * length;
}

/* ---- the optimum ---------------------------------------------------------------------------- */

/* Steps along b and along U at the same edge, halved where they lead nowhere. */
static void walk(const struct qn_cone_table *t, struct place *at, double step_u, double step_b)
{
    for (int round = 0; round < 80 && step_u > 1e-4; round++) {
        bool better = false;
        for (int side = 0; side < 8; side++) {
            static const double along[8][2] = {{1, 0}, {-1, 0},  {0, 1},  {0, -1},
                                               {1, 1}, {-1, -1}, {1, -1}, {-1, 1}};
            struct place tried = {
                .u = limit(at->u + along[side][0] * step_u, u_limits[0], u_limits[1]),
                .b = limit(at->b + along[side][1] * step_b, b_limits[0], b_limits[1])};
            look(t, &tried);
            if (tried.cost < at->cost) {
                *at = tried;
                better = true;
            }
        }
        if (!better) {
            step_u *= 0.5;
            step_b *= 0.5;
        }
    }
}

static void keep_best(struct place kept[STARTS], size_t *count, const struct place *p)
{
    size_t at = *count;
    while (at > 0 && kept[at - 1].cost > p->cost)
        at--;
    if (at == STARTS)
        return;
    *count = *count < STARTS ? *count + 1 : STARTS;
    for (size_t k = *count - 1; k > at; k--)
        kept[k] = kept[k - 1];
    kept[at] = *p;
}

/* From a grid that is denser where U is small, down from its best points. */
static struct place optimum(const struct qn_cone_table *t)
{
    struct place kept[STARTS];
    size_t count = 0;
    for (int i = 0; i < US; i++) {
        double part = (double)i / (US - 1);
        double u = u_limits[1] - (u_limits[1] - u_limits[0]) * part * part * part;
        for (int j = 0; j < BS; j++) {
            struct place p = {.u = u,
                              .b = b_limits[0] + (b_limits[1] - b_limits[0]) * (j + 0.5) / BS};
            look(t, &p);
            keep_best(kept, &count, &p);
        }
    }
    struct place best = kept[0];
    for (size_t k = 0; k < count; k++) {
        walk(t, &kept[k], fmax(0.05 * fabs(kept[k].u), 2), 0.02);
        if (kept[k].cost < best.cost)
            best = kept[k];
    }
    return best;
}

/* The same near a place that another table found. */
static struct place optimum_near(const struct qn_cone_table *t, const struct place *near)
{
    struct place best = *near;
    look(t, &best);
    for (int i = -8; i <= 8; i++)
        for (int j = -8; j <= 8; j++) {
            struct place p = {
                .u = limit(near->u + 0.01 * i * fmax(fabs(near->u), 20), u_limits[0], u_limits[1]),
                .b = limit(near->b + 0.005 * j, b_limits[0], b_limits[1])};
            look(t, &p);
            if (p.cost < best.cost)
                best = p;
        }
    walk(t, &best, fmax(0.01 * fabs(best.u), 1), 0.004);
    return best;
}

/* ---- the distribution ----------------------------------------------------------------------- */

/* A frame of the plane (p, q) = (b, b U), in which edges are linear: a middle and two axes. */
struct frame {
    double middle[2];
    double axis[2][2];
};

/* How far along an axis the cost rises by 6: the edge of what matters. */
static double reach(const struct qn_cone_table *t, const struct place *best, const double axis[2],
                    double sign)
{
    double good = 0;
    double bad = 0;
    double far = 1e-4;
    for (int i = 0; i < 40; i++) {
        double length = bad > 0 ? 0.5 * (good + bad) : far;
        double b = best->b + sign * length * axis[0];
        struct place p = {.b = b, .u = (best->b * best->u + sign * length * axis[1]) / b};
        bool inside =
            b >= b_limits[0] && b <= b_limits[1] && p.u >= u_limits[0] && p.u <= u_limits[1];
        if (inside)
            look(t, &p);
        if (inside && p.cost < best->cost + 6) {
            good = length;
            far *= 4;
        } else {
            bad = length;
        }
        if (bad > 0 && bad - good < 0.02 * bad)
            break;
    }
    return fmax(good, 1e-7);
}

/* Axes along which the edge moves at the lower energies alone and at the higher ones alone. */
static void first_frame(const struct qn_cone_table *t, const struct place *best, struct frame *f)
{
    double low = 0;
    double high = INFINITY;
    for (size_t i = 0; i < t->rows; i++) {
        low = fmax(low, t->per_ev[i]);
        high = fmin(high, t->per_ev[i]);
    }
    if (best->u < 0)
        low = fmax(fmin(low, 0.8 / -best->u), 2 * high);
    double axes[2][2] = {{-high, 1}, {low, -1}}; /* p + q high stays; p + q low stays */
    f->middle[0] = best->b;
    f->middle[1] = best->b * best->u;
    for (int k = 0; k < 2; k++) {
        double scale = k == 0 ? 1 / (low - high) : 1 / (low - high);
        double axis[2] = {axes[k][0] * scale, axes[k][1] * scale};
        double up = reach(t, best, axis, 1);
        double down = reach(t, best, axis, -1);
        for (int l = 0; l < 2; l++) {
            f->axis[k][l] = 0.55 * (up + down) * axis[l];
            f->middle[l] += 0.5 * (up - down) * axis[l];
        }
    }
}

/* Weights on a grid over the frame, exp(-cost/2) / b: flat in U and b. */
static void sample_frame(struct qn_cone_robust *cone, const struct qn_cone_table *t,
                         const struct frame *f, double least)
{
    double sum = 0;
    cone->samples = 0;
    for (int i = 0; i < POINTS; i++) {
        double r = ((i / SIDE) + 0.5) * (2.0 / SIDE) - 1;
        double s = ((i % SIDE) + 0.5) * (2.0 / SIDE) - 1;
        double b = f->middle[0] + r * f->axis[0][0] + s * f->axis[1][0];
        double q = f->middle[1] + r * f->axis[0][1] + s * f->axis[1][1];
        struct place p = {.b = b, .u = q / b};
        if (!(b >= b_limits[0] && b <= b_limits[1] && p.u >= u_limits[0] && p.u <= u_limits[1]))
            continue;
        look(t, &p);
        double weight = exp(-0.5 * (p.cost - least)) / b;
        cone->sample[cone->samples++] = (struct sample){p.u, p.b, p.beam, p.beam_variance, weight};
        sum += weight;
    }
    for (size_t i = 0; i < cone->samples; i++)
        cone->sample[i].weight /= sum;
}

/* The frame of the samples' covariance: four deviations along its axes. */
static void fit_frame(const struct qn_cone_robust *cone, struct frame *f)
{
    double mean[2] = {0, 0};
    double cov[3] = {0, 0, 0};
    for (size_t i = 0; i < cone->samples; i++) {
        const struct sample *s = &cone->sample[i];
        mean[0] += s->weight * s->b;
        mean[1] += s->weight * s->b * s->u;
    }
    for (size_t i = 0; i < cone->samples; i++) {
        const struct sample *s = &cone->sample[i];
        double d[2] = {s->b - mean[0], s->b * s->u - mean[1]};
        cov[0] += s->weight * d[0] * d[0];
        cov[1] += s->weight * d[0] * d[1];
        cov[2] += s->weight * d[1] * d[1];
    }
    if (!(cov[0] > 0 && cov[2] > 0))
        return;
    /* Cholesky's factor spans the same ellipse as the principal axes. */
    double a = sqrt(cov[0]);
    double c = cov[1] / a;
    double d = sqrt(fmax(cov[2] - c * c, 1e-6 * cov[2]));
    *f = (struct frame){{mean[0], mean[1]}, {{3.5 * a, 3.5 * c}, {0, 3.5 * d}}};
}

static int by_value(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;
    return (x[0] > y[0]) - (x[0] < y[0]);
}

/* Quantiles at 16, 50 and 84 % of a weighted list of pairs (value, weight), which is sorted. */
static void quantiles(double (*pairs)[2], size_t n, double q[3])
{
    static const double parts[3] = {0.16, 0.5, 0.84};
    qsort(pairs, n, sizeof(pairs[0]), by_value);
    double sum = 0;
    int next = 0;
    for (size_t i = 0; i < n && next < 3; i++) {
        double before = sum;
        sum += pairs[i][1];
        while (next < 3 && sum >= parts[next]) {
            double from = i > 0 ? 0.5 * (pairs[i - 1][0] + pairs[i][0]) : pairs[i][0];
            double to = i + 1 < n ? 0.5 * (pairs[i][0] + pairs[i + 1][0]) : pairs[i][0];
            double part = pairs[i][1] > 0 ? (parts[next] - before) / pairs[i][1] : 0.5;
            q[next++] = from + part * (to - from);
        }
    }
    while (next < 3)
        q[next++] = n > 0 ? pairs[n - 1][0] : NAN;
}

static void distribute(struct qn_cone_robust *cone, const struct qn_cone_table *t,
                       const struct place *best)
{
    struct frame f;
    first_frame(t, best, &f);
    for (int round = 0; round < 3; round++) {
        sample_frame(cone, t, &f, best->cost);
        if (round < 2)
            fit_frame(cone, &f);
    }
}

/* ---- the answer ----------------------------------------------------------------------------- */

static void answer_edges(struct qn_cone_robust *cone, struct qn_cone_fit *fit)
{
    double pairs[POINTS][2];
    double q[3];
    double at_lowest = 0;
    for (size_t i = 0; i < cone->samples; i++) {
        pairs[i][0] = cone->sample[i].u;
        pairs[i][1] = cone->sample[i].weight;
        if (cone->sample[i].u < 0.95 * u_limits[0])
            at_lowest += cone->sample[i].weight;
    }
    quantiles(pairs, cone->samples, q);
    fit->u_surface = (struct qn_estimate){q[1], q[0], q[2], QN_FIT_OK};
    if (at_lowest > 0.02)
        fit->u_surface = (struct qn_estimate){NAN, NAN, q[2], QN_FIT_ONE_SIDED};
    fit->identifiable = at_lowest <= 0.02 && q[2] - q[0] <= 200;
    for (size_t i = 0; i < cone->samples; i++) {
        pairs[i][0] = cone->sample[i].b;
        pairs[i][1] = cone->sample[i].weight;
    }
    quantiles(pairs, cone->samples, q);
    fit->ratio = (struct qn_estimate){q[1], q[0], q[2], QN_FIT_OK};
    if (q[2] > b_limits[1] - 0.002 || q[0] < b_limits[0] + 0.002)
        fit->ratio.reason = QN_FIT_AT_LIMIT;
}

static void answer_beam(const struct qn_cone_robust *cone, struct qn_cone_fit *fit)
{
    double mean = 0;
    double square = 0;
    double seen = 0;
    for (size_t i = 0; i < cone->samples; i++) {
        const struct sample *s = &cone->sample[i];
        if (!(s->beam_variance < 25))
            continue;
        seen += s->weight;
        mean += s->weight * s->beam;
        square += s->weight * (s->beam * s->beam + s->beam_variance);
    }
    fit->beam = (struct qn_estimate){NAN, NAN, NAN, QN_FIT_NO_EDGE};
    if (seen < 0.9)
        return;
    mean /= seen;
    double deviation = sqrt(fmax(square / seen - mean * mean, 0));
    fit->beam = (struct qn_estimate){mean, fmax(mean - deviation, 0),
                                     fmin(mean + deviation, beam_highest), QN_FIT_OK};
}

static void nothing(enum qn_fit_reason reason, struct qn_cone_fit *fit)
{
    struct qn_estimate none = {NAN, NAN, NAN, reason};
    *fit = (struct qn_cone_fit){none, none, none, NAN, NAN, 0, false};
}

void qn_cone_robust_run(struct qn_cone_robust *cone, const struct qn_sweep *sweep,
                        const struct qn_cells *cells, enum qn_sense sense, double u_spacecraft,
                        struct qn_cone_fit *fit)
{
    static const size_t rows_least = 3;
    static const size_t cells_least = 30;
    struct qn_cone_cells *c = &cone->cells;
    nothing(QN_FIT_NO_SPECTRUM, fit);
    if (isnan(u_spacecraft))
        return;
    enum qn_fit_reason reason = qn_cone_cells_init(c, sweep, cells, sense, u_spacecraft);
    if (reason == QN_FIT_OK && c->rows < rows_least)
        reason = QN_FIT_FEW_ROWS;
    if (reason == QN_FIT_OK && c->count < cells_least)
        reason = QN_FIT_FEW_CELLS;
    nothing(reason, fit);
    if (reason != QN_FIT_OK)
        return;
    qn_cone_table_build(c, &cone->soft, false);
    struct place soft = optimum(&cone->soft);
    /* With what the residuals of the first fit say about noise at the edge and the level inside. */
    qn_cone_cells_adjust(c, &cone->soft, soft.u, soft.b, soft.beam);
    qn_cone_table_build(c, &cone->soft, false);
    soft = optimum_near(&cone->soft, &soft);
    qn_cone_table_build(c, &cone->hard, true);
    struct place hard = optimum_near(&cone->hard, &soft);
    bool is_hard = hard.cost < soft.cost;
    const struct qn_cone_table *table = is_hard ? &cone->hard : &cone->soft;
    const struct place *best = is_hard ? &hard : &soft;
    distribute(cone, table, best);
    answer_edges(cone, fit);
    answer_beam(cone, fit);
    fit->cells = c->count;
    fit->edge_deg = is_hard ? 0 : 11.25;
    fit->chi2 = qn_cone_cells_misfit(c, is_hard, best->u, best->b, best->beam);
}
