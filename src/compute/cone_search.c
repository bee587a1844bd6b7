/* Branch and bound over (U, b, beam): see cone_search.h. Boxes wait on a stack, the more promising
 * half on top; costs of a row are looked up by how many of its cells lie outside of the cone and by
 * the step of its beam. */
#include "compute/cone_search.h"

#include "base/sys.h"
#include "compute/cone_rows.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { HEAP = 4096, EFFORT_MOST = 3000, WALKS_MOST = 8, TRIED_CELLS = 6 };

struct box {
    double u[2];
    double b[2];
    int a[2]; /* steps of the beam's table */
    double bound;
    struct qn_cone_width width;
    bool tried; /* it or the box that it is a half of */
};

struct qn_cone_search {
    struct qn_cone_rows rows;
    struct qn_cone best;
    double best_cost;
    double slack;  /* gains below this part of the best are none */
    double trifle; /* nor are gains below this */
    size_t boxes;
    size_t walks;
    size_t effort; /* evaluations of all rows, roughly */
    bool overflow;
    struct box heap[HEAP]; /* the least bound on top */
    size_t waiting;
};

enum qn_status qn_cone_search_new(struct qn_cone_search **search, struct qn_error *err)
{
    *search = qn_sys.calloc(1, sizeof(**search));
    if (!*search)
        return qn_fail_memory(err, "the search of loss cones", sizeof(**search));
    return QN_OK;
}

void qn_cone_search_free(struct qn_cone_search *search)
{
    free(search);
}

/* ---- upper bounds --------------------------------------------------------------------------- */

static double limit(double x, double low, double high)
{
    return fmin(fmax(x, low), high);
}

static bool offer(struct qn_cone_search *s, const struct qn_cone *cone, double cost)
{
    if (!(cost < s->best_cost))
        return false;
    s->best_cost = cost;
    s->best = *cone;
    return true;
}

/* The best beam for U and b: from the best of some amplitudes, by parabolas through three points in
 * a shrinking bracket. Returns the cost. */
static double best_beam(const struct qn_cone_rows *rows, struct qn_cone *cone)
{
    static const double tried[] = {0, 0.01, 0.03, 0.08, 0.2, 0.4, 0.7, 1.1, 1.7, 2.6, 3.7, 5};
    enum { TRIED = sizeof(tried) / sizeof(tried[0]) };
    struct qn_cone_point point;
    qn_cone_rows_at(rows, cone->u_surface, cone->ratio, &point);
    int best = 0;
    double cost[TRIED];
    for (int i = 0; i < TRIED; i++) {
        cost[i] = qn_cone_point_cost(rows, &point, tried[i]);
        best = cost[i] < cost[best] ? i : best;
        if (point.beams == 0)
            break;
    }
    cone->beam = tried[best];
    if (point.beams == 0)
        return cost[0];
    return qn_cone_point_beam(rows, &point, tried[best > 0 ? best - 1 : 0],
                              tried[best + 1 < TRIED ? best + 1 : TRIED - 1], &cone->beam);
}

/* Steps along U, b and the beam, each halved when it leads nowhere. */
static void walk(struct qn_cone_search *s, struct qn_cone cone, double cost, double step_u,
                 double step_b)
{
    double step[3] = {step_u, step_b, fmax(0.1 * cone.beam, 0.01)};
    for (int round = 0; round < 60; round++) {
        bool better = false;
        for (int side = 0; side < 6; side++) {
            double by = (side % 2 ? -1 : 1) * step[side / 2];
            struct qn_cone tried = cone;
            if (side / 2 == 0)
                tried.u_surface =
                    limit(cone.u_surface + by, qn_cone_lowest.u_surface, qn_cone_highest.u_surface);
            else if (side / 2 == 1)
                tried.ratio = limit(cone.ratio + by, qn_cone_lowest.ratio, qn_cone_highest.ratio);
            else
                tried.beam = limit(cone.beam + by, qn_cone_lowest.beam, qn_cone_highest.beam);
            double value = qn_cone_rows_cost(&s->rows, &tried);
            s->effort++;
            if (!(value < cost))
                continue;
            cone = tried;
            cost = value;
            better = true;
        }
        if (better)
            continue;
        for (int k = 0; k < 3; k++)
            step[k] *= 0.4;
        if (step[0] < 1e-3 && step[2] < 1e-4)
            break;
    }
    offer(s, &cone, cost);
}

static void try_point(struct qn_cone_search *s, double u, double b, double step_u, double step_b)
{
    struct qn_cone cone = {u, b, 0};
    double cost = best_beam(&s->rows, &cone);
    if (cost < s->best_cost || (s->walks < WALKS_MOST && cost < 1.02 * s->best_cost)) {
        s->walks++;
        walk(s, cone, cost, step_u, step_b);
    }
}

/* ---- boxes ---------------------------------------------------------------------------------- */

static bool worth(const struct qn_cone_search *s, double bound)
{
    return bound < s->best_cost - s->slack * s->best_cost - s->trifle;
}

static void push(struct qn_cone_search *s, struct box *box)
{
    box->bound = qn_cone_rows_bound(&s->rows, box->u, box->b, box->a, &box->width);
    if (!worth(s, box->bound))
        return;
    if (s->waiting == HEAP) {
        s->overflow = true;
        return;
    }
    size_t at = s->waiting++;
    for (; at > 0 && s->heap[(at - 1) / 2].bound > box->bound; at = (at - 1) / 2)
        s->heap[at] = s->heap[(at - 1) / 2];
    s->heap[at] = *box;
}

static struct box pop(struct qn_cone_search *s)
{
    struct box top = s->heap[0];
    struct box last = s->heap[--s->waiting];
    size_t at = 0;
    for (size_t child = 1; child < s->waiting; child = 2 * at + 1) {
        if (child + 1 < s->waiting && s->heap[child + 1].bound < s->heap[child].bound)
            child++;
        if (!(s->heap[child].bound < last.bound))
            break;
        s->heap[at] = s->heap[child];
        at = child;
    }
    s->heap[at] = last;
    return top;
}

enum side { SIDE_U, SIDE_B, SIDE_BEAM, SIDE_NONE };

/* Which side of a box leaves most open. */
static enum side side_to_halve(const struct box *box)
{
    const struct qn_cone_width *width = &box->width;
    bool small = box->u[1] - box->u[0] < 0.05 && box->b[1] - box->b[0] < 1e-4;
    double beam = box->a[1] - box->a[0] > 1 ? width->beam : 0;
    if (width->cells > 0 && !small && width->cells >= 0.5 * beam)
        return width->by_u > width->by_b ? SIDE_U : SIDE_B;
    if (beam > 0)
        return SIDE_BEAM;
    if (width->beam_by_u > 1 && box->u[1] - box->u[0] > 0.05)
        return SIDE_U;
    return SIDE_NONE;
}

static void divide(struct qn_cone_search *s, const struct box *box, enum side side)
{
    struct box one = *box;
    struct box other = *box;
    if (side == SIDE_U)
        one.u[1] = other.u[0] = 0.5 * (box->u[0] + box->u[1]);
    else if (side == SIDE_B)
        one.b[1] = other.b[0] = 0.5 * (box->b[0] + box->b[1]);
    else
        one.a[1] = other.a[0] = (box->a[0] + box->a[1]) / 2;
    push(s, &one);
    push(s, &other);
}

/* The least of a parabola through the costs at 0, 1/2 and 1 of a side. */
static double vertex(const double cost[3], double *at)
{
    double bend = cost[0] - 2 * cost[1] + cost[2];
    double slope = cost[2] - cost[0];
    *at = cost[0] < cost[2] ? 0 : 1;
    if (bend > 0)
        *at = limit(0.5 - 0.25 * slope / bend, 0, 1);
    double t = 2 * *at - 1;
    return fmin(cost[1] + 0.5 * t * slope + 0.5 * t * t * bend, cost[1]);
}

/* A box in which next to no cell changes sides: what is at its middle, for three beams, and
 * whether it may lead below the best. */
static void settle(struct qn_cone_search *s, const struct box *box)
{
    double u = 0.5 * (box->u[0] + box->u[1]);
    double b = 0.5 * (box->b[0] + box->b[1]);
    double low = s->rows.step[box->a[0]];
    double high = s->rows.step[box->a[1]];
    struct qn_cone_point point;
    double cost[3];
    double at;
    qn_cone_rows_at(&s->rows, u, b, &point);
    for (int i = 0; i < 3; i++)
        cost[i] = qn_cone_point_cost(&s->rows, &point, low + 0.5 * i * (high - low));
    double least = vertex(cost, &at);
    s->effort += 4;
    if (least > s->best_cost &&
        (s->walks >= WALKS_MOST || least > s->best_cost * (1 + 4 * s->slack)))
        return;
    struct qn_cone cone = {u, b, low + at * (high - low)};
    s->walks++;
    walk(s, cone, qn_cone_point_cost(&s->rows, &point, cone.beam), box->u[1] - box->u[0],
         box->b[1] - box->b[0]);
}

static bool search_boxes(struct qn_cone_search *s)
{
    struct box all = {{qn_cone_lowest.u_surface, qn_cone_highest.u_surface},
                      {qn_cone_lowest.ratio, qn_cone_highest.ratio},
                      {0, QN_BEAM_STEPS},
                      0,
                      {0, 0, 0, 0, 0},
                      false};
    s->waiting = s->boxes = s->walks = s->effort = 0;
    s->overflow = false;
    push(s, &all);
    while (s->waiting > 0 && s->effort < EFFORT_MOST) {
        struct box box = pop(s);
        s->boxes++;
        s->effort += 2;
        if (!worth(s, box.bound)) {
            s->waiting = 0; /* nor is any other */
            break;
        }
        if (box.width.cells <= TRIED_CELLS && !box.tried) {
            try_point(s, 0.5 * (box.u[0] + box.u[1]), 0.5 * (box.b[0] + box.b[1]),
                      box.u[1] - box.u[0], box.b[1] - box.b[0]);
            box.tried = true;
        }
        enum side side = side_to_halve(&box);
        if (side == SIDE_NONE)
            settle(s, &box);
        else
            divide(s, &box, side);
    }
    return s->waiting == 0 && !s->overflow;
}

/* ---- the answer ----------------------------------------------------------------------------- */

/* U within which b can keep every cell on its side, from where the best is: by bisection, since the
 * cell of the plane (b, b U) is convex. Puts b into the middle of its range at U. */
static bool keep_sides(struct qn_cone_search *s, const struct qn_cone_sides *sides, double u,
                       struct qn_cone *cone)
{
    double range[2];
    if (!qn_cone_rows_room(&s->rows, sides, u, range))
        return false;
    cone->u_surface = u;
    cone->ratio = 0.5 * (range[0] + range[1]);
    return true;
}

static void u_range(struct qn_cone_search *s, const struct qn_cone_sides *sides, double range[2])
{
    struct qn_cone cone;
    for (int end = 0; end < 2; end++) {
        double good = s->best.u_surface;
        double bad = end ? qn_cone_highest.u_surface : qn_cone_lowest.u_surface;
        if (keep_sides(s, sides, bad, &cone))
            good = bad;
        for (int i = 0; i < 40 && fabs(good - bad) > 1e-9; i++) {
            double middle = 0.5 * (good + bad);
            if (keep_sides(s, sides, middle, &cone))
                good = middle;
            else
                bad = middle;
        }
        range[end] = good;
    }
}

/* One step of Newton's method in U and the beam while every cell keeps its side, by differences,
 * halved until it leads down; along the beam alone where U is at an end of its range. */
static bool newton(struct qn_cone_search *s, const struct qn_cone_sides *sides,
                   const double range[2])
{
    static const double step[2] = {1e-3, 1e-4};
    struct qn_cone at = s->best;
    struct qn_cone_point point;
    double f[3][3];
    for (int i = 0; i < 3; i++) {
        qn_cone_rows_held(&s->rows, sides, at.u_surface + (i - 1) * step[0], &point);
        for (int j = 0; j < 3; j++)
            f[i][j] = qn_cone_point_cost(&s->rows, &point, at.beam + (j - 1) * step[1]);
    }
    double g[2] = {(f[2][1] - f[0][1]) / 2, (f[1][2] - f[1][0]) / 2};
    double h[3] = {f[2][1] - 2 * f[1][1] + f[0][1], (f[2][2] - f[2][0] - f[0][2] + f[0][0]) / 4,
                   f[1][2] - 2 * f[1][1] + f[1][0]};
    double det = h[0] * h[2] - h[1] * h[1];
    double by[2] = {0, 0};
    if (det > 1e-9 * h[0] * h[2] && h[0] > 0) {
        by[0] = -(h[2] * g[0] - h[1] * g[1]) / det * step[0];
        by[1] = -(h[0] * g[1] - h[1] * g[0]) / det * step[1];
    } else {
        by[0] = g[0] > 0 ? -0.3 : g[0] < 0 ? 0.3 : 0;
    }
    double u = limit(at.u_surface + by[0], range[0], range[1]);
    if (u != at.u_surface + by[0] && h[2] > 0) /* the beam that is best at the end of the range */
        by[1] = -(g[1] + h[1] * (u - at.u_surface) / step[0]) / h[2] * step[1];
    by[0] = u - at.u_surface;
    for (int i = 0; i < 8; i++) {
        double part = ldexp(1, -i);
        struct qn_cone tried = at;
        tried.beam = limit(at.beam + part * by[1], qn_cone_lowest.beam, qn_cone_highest.beam);
        if (keep_sides(s, sides, at.u_surface + part * by[0], &tried) &&
            offer(s, &tried, qn_cone_rows_cost(&s->rows, &tried)))
            return true;
    }
    return false;
}

/* How far U (or b) can go from the best by up to `reach` without costing more. */
static double room(const struct qn_cone_search *s, bool of_u, double reach)
{
    double from = of_u ? s->best.u_surface : s->best.ratio;
    double low = of_u ? qn_cone_lowest.u_surface : qn_cone_lowest.ratio;
    double high = of_u ? qn_cone_highest.u_surface : qn_cone_highest.ratio;
    double good = from;
    double bad = limit(from + reach, low, high);
    for (int i = 0; i < 24; i++) {
        double middle = i == 0 ? bad : 0.5 * (good + bad);
        struct qn_cone tried = s->best;
        *(of_u ? &tried.u_surface : &tried.ratio) = middle;
        if (qn_cone_rows_cost(&s->rows, &tried) <= s->best_cost)
            good = middle;
        else
            bad = middle;
        if (good == bad)
            break;
    }
    return good - from;
}

/* To the middle of where the objective is the same. */
static void centre(struct qn_cone_search *s, bool of_u)
{
    double reach = of_u ? 64 : 0.064;
    struct qn_cone tried = s->best;
    double by = 0.5 * (room(s, of_u, reach) + room(s, of_u, -reach));
    *(of_u ? &tried.u_surface : &tried.ratio) += by;
    if (qn_cone_rows_cost(&s->rows, &tried) <= s->best_cost)
        s->best = tried;
}

/* While cells keep their sides a beam may still match one energy or another: the best beam at
 * potentials a third of its width apart. */
static void scan_beams(struct qn_cone_search *s, const struct qn_cone_sides *sides,
                       const double range[2])
{
    enum { STEPS_MOST = 64 };
    int steps = 1 + (int)fmin((range[1] - range[0]) * (3 / QN_CONE_BEAM_EV), STEPS_MOST - 1);
    for (int i = 0; i <= steps; i++) {
        struct qn_cone tried;
        if (keep_sides(s, sides, range[0] + (range[1] - range[0]) * i / steps, &tried)) {
            double cost = best_beam(&s->rows, &tried);
            offer(s, &tried, cost);
        }
    }
}

/* The minimum within its cell of the plane; of all its places the one in the middle, without a beam
 * where a beam changes nothing. */
static void finish(struct qn_cone_search *s)
{
    struct qn_cone_sides sides;
    double range[2];
    qn_cone_rows_sides(&s->rows, &s->best, &sides);
    u_range(s, &sides, range);
    scan_beams(s, &sides, range);
    for (int i = 0; i < 20 && newton(s, &sides, range); i++)
        continue;
    struct qn_cone without = s->best;
    without.beam = 0;
    if (qn_cone_rows_cost(&s->rows, &without) <= s->best_cost)
        s->best = without;
    centre(s, false);
    centre(s, true);
    centre(s, false);
}

void qn_cone_search_run(struct qn_cone_search *s, const struct qn_cone_data *data,
                        enum qn_cone_method method, struct qn_cone_best *best)
{
    *best = (struct qn_cone_best){.cone = {NAN, NAN, NAN}, .chi2 = NAN};
    best->cells = qn_cone_rows_init(&s->rows, data, method);
    if (best->cells == 0 || (method == QN_CONE_LILLIS && best->cells < QN_CONE_LILLIS_CELLS))
        return;
    s->best_cost = DBL_MAX;
    s->slack = 1e-8;
    s->trifle = 1e-15 * (double)best->cells;
    best->certified = search_boxes(s);
    finish(s);
    best->boxes = s->boxes;
    best->cone = s->best;
    best->chi2 = qn_cone_chi2(data, method, &s->best);
}
