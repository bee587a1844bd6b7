/* The likelihood of the loss cone over (U, b): see cone_robust.h. What a row costs is tabulated by
 * the height of its edge, -cos of the pitch angle there: sqrt(1 - x), x = b (1 + U / (E - U_sc)).
 */
#include "compute/cone_robust.h"

#include "base/sys.h"
#include "compute/cone_cells.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIDE = 24,
    SIDE_ROUGH = 14,
    POINTS = SIDE * SIDE,
    HEAP = 2048,
    BOXES_SOFT = 150,
    BOXES_HARD = 500
};

static const double u_limits[2] = {-2000, 20};
static const double b_limits[2] = {0.05, 1.1};
static const double beam_highest = 5;

struct sample {
    double u;
    double b;
    double beam; /* without limits */
    double beam_variance;
    double weight;
};

struct box {
    double u[2];
    double b[2];
    double bound;
};

struct qn_cone_robust {
    struct qn_cone_cells cells;
    struct qn_cone_table soft;
    struct qn_cone_table hard;
    struct sample sample[POINTS];
    size_t samples;
    struct box heap[HEAP]; /* the least bound on top */
    size_t waiting;
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
    return qn_lesser(qn_greater(x, low), high);
}

/* ---- the objective -------------------------------------------------------------------------- */

struct place {
    double u;
    double b;
    double cost; /* -2 ln likelihood with the best beam */
    double beam;
    double beam_peak;     /* the same without limits: may be below 0 */
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
        double part;
        size_t k = qn_cone_step(t, i, sqrt(1 - qn_lesser(qn_greater(x, 0), 1)), &part);
        const struct qn_cone_cost *c = &t->cost[i][k];
        cost += c[0].plain + part * (c[1].plain - c[0].plain);
        if (!(drop > 0) || fabs(t->energy_ev[i] - qn_greater(drop, QN_CONE_BEAM_EV)) > 60)
            continue;
        double beam = qn_cone_beam_energy(drop, t->energy_ev[i]);
        product += beam * (c[0].product + part * (c[1].product - c[0].product));
        length += beam * beam * (c[0].length + part * (c[1].length - c[0].length));
    }
    p->beam_peak = length > 0 ? product / length : 0;
    p->beam = limit(p->beam_peak, 0, beam_highest);
    p->beam_variance = length > 0 ? 1 / length : INFINITY;
    p->cost = cost - 2 * p->beam * product + p->beam * p->beam * length;
}

/* ---- the optimum ---------------------------------------------------------------------------- */

/* Steps in the plane (b, b U), along which all edges move alike, or those of the lower and of the
 * higher energies alone; halved where they lead nowhere. */
static void walk(const struct qn_cone_table *t, struct place *at, double step_u, double step_b)
{
    static const double along[8][2] = {{1, 0}, {-1, 0},  {0, 1},  {0, -1},
                                       {1, 1}, {-1, -1}, {1, -1}, {-1, 1}};
    for (int round = 0; round < 60 && (step_b > 1e-6 || step_u > 1e-4); round++) {
        bool better = false;
        for (int side = 0; side < 8; side++) {
            double b = limit(at->b + along[side][0] * step_b, b_limits[0], b_limits[1]);
            double q = at->b * at->u + along[side][1] * step_u * at->b;
            struct place tried = {.b = b, .u = limit(q / b, u_limits[0], u_limits[1])};
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

/* The least cost of a row while its edge is between two steps of the table. */
static double least_between(const struct qn_cone_table *t, size_t row, size_t from, size_t to,
                            bool beam)
{
    double least = INFINITY;
    if (to - from > 2 * QN_CONE_BLOCK) {
        for (size_t k = from / QN_CONE_BLOCK; k <= to / QN_CONE_BLOCK; k++)
            least = qn_lesser(least, t->block[row][beam][k]);
        return least;
    }
    size_t last = t->hard ? to : to + 1;
    for (size_t k = from; k <= last; k++)
        least = qn_lesser(least, beam ? t->cost[row][k].least : t->cost[row][k].plain);
    return least;
}

static double bound(const struct qn_cone_table *t, const struct box *box)
{
    double sum = 0;
    double drop[2] = {t->u_spacecraft - box->u[1], t->u_spacecraft - box->u[0]};
    for (size_t i = 0; i < t->rows; i++) {
        double y[2] = {1 + box->u[0] * t->per_ev[i], 1 + box->u[1] * t->per_ev[i]};
        double x[2] = {y[0] * (y[0] < 0 ? box->b[1] : box->b[0]),
                       y[1] * (y[1] < 0 ? box->b[0] : box->b[1])};
        double part;
        size_t from = qn_cone_step(t, i, sqrt(1 - limit(x[1], 0, 1)), &part);
        size_t to = qn_cone_step(t, i, sqrt(1 - limit(x[0], 0, 1)), &part);
        double nearest = limit(t->energy_ev[i], qn_greater(drop[0], QN_CONE_BEAM_EV),
                               qn_greater(drop[1], QN_CONE_BEAM_EV));
        bool beam = drop[1] > 0 && fabs(t->energy_ev[i] - nearest) <= 60;
        sum += least_between(t, i, from, to, beam);
    }
    return sum;
}

/* The side along which edges move more. */
static bool wider_in_u(const struct qn_cone_table *t, const struct box *box)
{
    double by_u = 0;
    double by_b = 0;
    for (size_t i = 0; i < t->rows; i++) {
        double y = 1 + 0.5 * (box->u[0] + box->u[1]) * t->per_ev[i];
        by_u += qn_lesser(box->b[1] * t->per_ev[i] * (box->u[1] - box->u[0]), 1);
        by_b += qn_lesser(fabs(y) * (box->b[1] - box->b[0]), 1);
    }
    return by_u > by_b;
}

static void push(struct qn_cone_robust *cone, const struct box *box)
{
    if (cone->waiting == HEAP)
        return;
    size_t at = cone->waiting++;
    for (; at > 0 && cone->heap[(at - 1) / 2].bound > box->bound; at = (at - 1) / 2)
        cone->heap[at] = cone->heap[(at - 1) / 2];
    cone->heap[at] = *box;
}

static struct box pop(struct qn_cone_robust *cone)
{
    struct box top = cone->heap[0];
    struct box last = cone->heap[--cone->waiting];
    size_t at = 0;
    for (size_t child = 1; child < cone->waiting; child = 2 * at + 1) {
        if (child + 1 < cone->waiting && cone->heap[child + 1].bound < cone->heap[child].bound)
            child++;
        if (!(cone->heap[child].bound < last.bound))
            break;
        cone->heap[at] = cone->heap[child];
        at = child;
    }
    cone->heap[at] = last;
    return top;
}

/* By branch and bound over boxes of (U, b), the most promising first, until none promises more than
 * half a unit; a walk from every middle that is the best so far. */
static struct place optimum(struct qn_cone_robust *cone, const struct qn_cone_table *t, int boxes)
{
    struct box box = {{u_limits[0], u_limits[1]}, {b_limits[0], b_limits[1]}, -INFINITY};
    struct place best = {.cost = INFINITY};
    cone->waiting = 0;
    push(cone, &box);
    for (int i = 0; i < boxes && cone->waiting > 0; i++) {
        box = pop(cone);
        if (box.bound > best.cost - 0.5)
            break;
        struct place middle = {.u = 0.5 * (box.u[0] + box.u[1]), .b = 0.5 * (box.b[0] + box.b[1])};
        look(t, &middle);
        if (middle.cost < best.cost) {
            best = middle;
            walk(t, &best, 0.25 * (box.u[1] - box.u[0]), 0.25 * (box.b[1] - box.b[0]));
        }
        struct box half[2] = {box, box};
        if (wider_in_u(t, &box))
            half[0].u[1] = half[1].u[0] = middle.u;
        else
            half[0].b[1] = half[1].b[0] = middle.b;
        for (int k = 0; k < 2; k++) {
            half[k].bound = bound(t, &half[k]);
            if (half[k].bound < best.cost - 0.5)
                push(cone, &half[k]);
        }
    }
    walk(t, &best, 1, 0.002);
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
    return qn_greater(good, 1e-7);
}

/* Axes along which the edge moves at the lower energies alone and at the higher ones alone. */
static void first_frame(const struct qn_cone_table *t, const struct place *best, struct frame *f)
{
    double low = 0;
    double high = INFINITY;
    for (size_t i = 0; i < t->rows; i++) {
        low = qn_greater(low, t->per_ev[i]);
        high = qn_lesser(high, t->per_ev[i]);
    }
    if (best->u < 0)
        low = qn_greater(qn_lesser(low, 0.8 / -best->u), 2 * high);
    double axes[2][2] = {{-high, 1}, {low, -1}}; /* p + q high stays; p + q low stays */
    f->middle[0] = best->b;
    f->middle[1] = best->b * best->u;
    for (int k = 0; k < 2; k++) {
        double scale = 1 / (low - high);
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
                         const struct frame *f, int side, double least)
{
    double sum = 0;
    cone->samples = 0;
    for (int i = 0; i < side * side; i++) {
        int row = i / side;
        double r = (row + 0.5) * (2.0 / side) - 1;
        double s = (i - row * side + 0.5) * (2.0 / side) - 1;
        double b = f->middle[0] + r * f->axis[0][0] + s * f->axis[1][0];
        double q = f->middle[1] + r * f->axis[0][1] + s * f->axis[1][1];
        struct place p = {.b = b, .u = q / b};
        if (!(b >= b_limits[0] && b <= b_limits[1] && p.u >= u_limits[0] && p.u <= u_limits[1]))
            continue;
        look(t, &p);
        double weight = exp(-0.5 * (p.cost - least)) / b;
        cone->sample[cone->samples++] =
            (struct sample){p.u, p.b, p.beam_peak, p.beam_variance, weight};
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
    double d = sqrt(qn_greater(cov[2] - c * c, 1e-6 * cov[2]));
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

/* The area of a frame: it settles as the frame comes to fit. */
static double area(const struct frame *f)
{
    return fabs(f->axis[0][0] * f->axis[1][1] - f->axis[0][1] * f->axis[1][0]);
}

static void distribute(struct qn_cone_robust *cone, const struct qn_cone_table *t,
                       const struct place *best)
{
    struct frame f;
    first_frame(t, best, &f);
    for (int round = 0; round < 14; round++) {
        double before = area(&f);
        sample_frame(cone, t, &f, SIDE_ROUGH, best->cost);
        fit_frame(cone, &f);
        if (round > 2 && fabs(log(area(&f) / before)) < 0.1)
            break;
    }
    sample_frame(cone, t, &f, SIDE, best->cost);
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
    if (isnan(q[1]))
        return;
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

static double below(double deviations) /* the part of a normal distribution */
{
    return 0.5 * erfc(-deviations * M_SQRT1_2);
}

void qn_positive_interval(double x, double interval[2])
{
    static const double part = 0.6827;
    double low[2] = {0, x};
    double high[2] = {0, 1};
    interval[0] = qn_greater(x - 1, 0);
    interval[1] = x + 1;
    for (int i = 0; i < 40 && x < 2 && below(x) > part; i++) {
        double mean = 0.5 * (low[0] + low[1]);
        double d = x - mean;
        double other = d < mean ? -d : (mean * mean - d * d) / (2 * mean) - mean;
        low[below(d) - below(other) < part] = mean;
        interval[0] = mean;
    }
    for (int i = 0; i < 40 && x < 0; i++) {
        double mean = 0.5 * (high[0] + high[1]);
        high[below(sqrt(mean * mean - 2 * mean * x)) - below(x - mean) > part] = mean;
        interval[1] = mean;
    }
    if (below(x) <= part)
        interval[0] = 0;
}

static void answer_beam(const struct qn_cone_robust *cone, struct qn_cone_fit *fit)
{
    double mean = 0;
    double square = 0;
    double seen = 0;
    double interval[2];
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
    double deviation = sqrt(square / seen - mean * mean);
    qn_positive_interval(mean / deviation, interval);
    fit->beam = (struct qn_estimate){limit(mean, 0, beam_highest), interval[0] * deviation,
                                     qn_lesser(interval[1] * deviation, beam_highest), QN_FIT_OK};
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
    struct place soft = optimum(cone, &cone->soft, BOXES_SOFT);
    /* With what the residuals of the first fit say about noise at the edge and the level inside. */
    qn_cone_cells_adjust(c, soft.u, soft.b, soft.beam);
    qn_cone_table_build(c, &cone->soft, false);
    look(&cone->soft, &soft);
    walk(&cone->soft, &soft, qn_greater(0.05 * fabs(soft.u), 2), 0.02);
    const struct qn_cone_table *table = &cone->soft;
    struct place best = soft;
    if (qn_cone_cells_look_hard(c, soft.u, soft.b, soft.beam)) {
        qn_cone_table_build(c, &cone->hard, true);
        struct place hard = optimum(cone, &cone->hard, BOXES_HARD);
        if (qn_cone_cells_misfit(c, true, hard.u, hard.b, hard.beam) <
            qn_cone_cells_misfit(c, false, soft.u, soft.b, soft.beam)) {
            table = &cone->hard;
            best = hard;
        }
    }
    distribute(cone, table, &best);
    nothing(QN_FIT_NO_EDGE, fit);
    answer_edges(cone, fit);
    answer_beam(cone, fit);
    fit->cells = c->count;
    fit->edge_deg = table->hard ? 0 : 11.25;
    fit->chi2 = qn_cone_cells_misfit(c, table->hard, best.u, best.b, best.beam);
}
