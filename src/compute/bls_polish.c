/* The last refinement of a peak: the best set of points inside transits, and of all boxes that hold
 * just these the middle one. See qn_refine_polish in bls_refine.h.
 *
 * A box's power changes only when a point enters or leaves it, so its parameters are known no
 * better than to an interval. With x = time - cycle * period, a period keeps the set as long as the
 * points inside lie apart from those left and right of them; the two gaps are concave functions of
 * the period, so these periods are an interval. Its middle, and the middles of the gaps there, do
 * not depend on where the search began, nor on the origin of time. */
#include "compute/bls_refine.h"

#include <math.h>
#include <stdlib.h>

enum {
    FEW = 400,    /* points, up to which periods are tried point by point, not in bins */
    PERIODS = 18, /* tried on either side then */
    EDGES = 150,  /* points on either side of an edge that may be the next edge */
    ROUNDS = 6,
    HALVINGS = 60
};

struct point {
    double place; /* from the middle of its transit, at the period being tried */
    double offset;
    double cycle;
    double product;
    double weight;
};

struct set { /* of points in order of place: first..end */
    size_t first;
    size_t end;
    double power;
};

struct polish {
    struct point *points;
    size_t n;
    double total; /* weight of the curve */
    double least; /* weight of a box */
    double shortest;
    double longest;
    double reach;
};

static int by_place(const void *a, const void *b)
{
    double x = ((const struct point *)a)->place;
    double y = ((const struct point *)b)->place;
    return (x > y) - (x < y);
}

static void place_all(struct polish *p, double change)
{
    for (size_t i = 0; i < p->n; i++)
        p->points[i].place = p->points[i].offset - p->points[i].cycle * change;
    qsort(p->points, p->n, sizeof *p->points, by_place);
}

/* ---- the best set at one period ------------------------------------------------------------- */

static size_t first_at(const struct polish *p, double place)
{
    size_t i = 0;
    while (i < p->n && p->points[i].place < place)
        i++;
    return i;
}

/* Extends a set that begins at `first` point by point, and keeps in *best what is better. */
static void try_ends(const struct polish *p, size_t first, size_t middle, size_t last,
                     struct set *best)
{
    double sum = 0;
    double weight = 0;
    for (size_t end = first; end < last && end < p->n; end++) {
        sum += p->points[end].product;
        weight += p->points[end].weight;
        double width = p->points[end].place - p->points[first].place;
        double rest = p->total - weight;
        if (end < middle || width < p->shortest ||
            !(sum < 0 && weight > p->least && rest > p->least))
            continue;
        if (width > p->longest)
            return;
        double power = sum * sum * p->total / (weight * rest);
        if (power > best->power)
            *best = (struct set){first, end + 1, power};
    }
}

/* The best set whose edges lie near `low` and `high`. */
static struct set best_set(const struct polish *p, double low, double high)
{
    size_t first = first_at(p, low);
    size_t end = first_at(p, high);
    size_t middle = first_at(p, 0.5 * (low + high));
    struct set best = {.power = 0};
    for (size_t i = first > EDGES ? first - EDGES : 0; i < first + EDGES && i < middle; i++)
        try_ends(p, i, end > middle + EDGES ? end - EDGES : middle, end + EDGES, &best);
    return best;
}

/* ---- the middle of all boxes that hold a set ------------------------------------------------- */

struct gaps {           /* between a set and its neighbours, at one period */
    double left, low;   /* the last point before it, the first of it */
    double high, right; /* the last of it, the first behind it */
};

static struct gaps gaps_of(const struct polish *p, const struct set *set, double change)
{
    struct gaps g = {-p->reach, INFINITY, -INFINITY, p->reach};
    for (size_t i = 0; i < p->n; i++) {
        double x = p->points[i].offset - p->points[i].cycle * change;
        if (i < set->first)
            g.left = fmax(g.left, x);
        else if (i >= set->end)
            g.right = fmin(g.right, x);
        else
            g.low = fmin(g.low, x), g.high = fmax(g.high, x);
    }
    return g;
}

static bool holds(const struct polish *p, const struct set *set, double change)
{
    struct gaps g = gaps_of(p, set, change);
    return g.left < g.low && g.high < g.right;
}

/* How far the period can go from `change` on in steps of `by` until another set is inside. */
static double last_that_holds(const struct polish *p, const struct set *set, double change,
                              double by)
{
    double outside = change + by;
    if (holds(p, set, outside))
        return outside;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = 0.5 * (change + outside);
        if (holds(p, set, middle))
            change = middle;
        else
            outside = middle;
    }
    return change;
}

struct found {
    double power;
    double change;
    double low; /* edges of the box, from the middle of the middle transit before */
    double high;
};

static struct found middle_of(const struct polish *p, const struct set *set, double change,
                              double range)
{
    double least = last_that_holds(p, set, change, -range);
    double most = last_that_holds(p, set, change, range);
    change = 0.5 * (least + most);
    struct gaps g = gaps_of(p, set, change);
    return (struct found){set->power, change, 0.5 * (g.left + g.low), 0.5 * (g.high + g.right)};
}

/* Goes from the middle of one set to the best set there, until none is better. */
static struct found climb(struct polish *p, struct found at, double range)
{
    for (int round = 0; round < ROUNDS; round++) {
        place_all(p, at.change);
        struct set set = best_set(p, at.low, at.high);
        if (!(set.power > at.power))
            break;
        at = middle_of(p, &set, at.change, range);
    }
    return at;
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* With few points: the best of the sets at periods within the range. */
static struct found scan(struct polish *p, struct found begin, double range)
{
    struct found best = {.power = 0};
    for (int k = -PERIODS; k <= PERIODS; k++) {
        double change = begin.change + range * k / PERIODS;
        place_all(p, change);
        struct set set = best_set(p, begin.low, begin.high);
        if (set.power > best.power)
            best = middle_of(p, &set, change, range);
    }
    return best;
}

static enum qn_status take_points(struct polish *p, struct refine *refine,
                                  const struct near_points *near, struct qn_error *err)
{
    qn_buf_clear(&refine->points);
    p->n = near->n;
    p->points = (void *)qn_buf_reserve(&refine->points, (p->n + 1) * sizeof *p->points);
    if (!p->points)
        return qn_fail_memory(err, "the points near transits", p->n * sizeof *p->points);
    for (size_t i = 0; i < p->n; i++)
        p->points[i] = (struct point){near->offset[i], near->offset[i], near->cycle[i],
                                      near->product[i], near->weight[i]};
    return QN_OK;
}

static enum qn_status polish(struct refine *refine, const struct qn_search_shape *shape,
                             double range, struct qn_search_peak *peak, struct qn_error *err)
{
    struct near_points near;
    struct polish p = {.total = refine->total,
                       .least = 2.5 * refine->total / (double)(refine->n > 0 ? refine->n : 1),
                       .shortest = 0.5 * peak->duration,
                       .longest =
                           fmin(1.6 * peak->duration, qn_refine_longest(shape, peak->period)),
                       .reach = fmin(1.25 * peak->duration, 0.5 * peak->period)};
    if (!(peak->duration > 0))
        return QN_OK;
    enum qn_status status = qn_refine_gather(refine, peak, p.reach, &near, err);
    if (!status)
        status = take_points(&p, refine, &near, err);
    if (status)
        return status;
    struct found found = {0, 0, -0.5 * peak->duration, 0.5 * peak->duration};
    if (p.n <= FEW && range > 0)
        found = scan(&p, found, range);
    found = climb(&p, found, range);
    if (!(found.power > 0))
        return QN_OK;
    struct qn_search_peak polished = *peak;
    polished.t0 +=
        floor(0.5 * refine->span / peak->period) * peak->period + 0.5 * (found.low + found.high);
    polished.period += found.change;
    polished.duration = found.high - found.low;
    qn_refine_describe(refine, &polished);
    if (polished.delta_chi2 >= peak->delta_chi2)
        *peak = polished;
    return QN_OK;
}

enum qn_status qn_refine_polish(struct refine *refine, const struct qn_search_shape *shape,
                                struct qn_search_peak *peak, struct qn_error *err)
{
    /* Periods that move the outermost transits by up to half the duration. */
    double range = refine->span > 0 ? peak->duration / refine->span * peak->period : 0;
    return polish(refine, shape, range, peak, err);
}

enum qn_status qn_refine_edges(struct refine *refine, const struct qn_search_shape *shape,
                               struct qn_search_peak *peak, struct qn_error *err)
{
    return polish(refine, shape, 0, peak, err);
}
