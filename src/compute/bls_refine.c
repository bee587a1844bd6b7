/* Refinement of a peak: see bls_refine.h. */
#include "compute/bls_refine.h"

#include "compute/robust.h"

#include <math.h>
#include <string.h>

enum {
    FINE = 20,       /* bins per duration */
    STEPS = 12,      /* trial periods on either side, twice: coarse, then fine */
    MOST_BINS = 4096 /* of the neighbourhood of a transit */
};

void qn_refine_release(struct refine *refine)
{
    qn_buf_release(&refine->memory);
    qn_buf_release(&refine->scratch);
    qn_buf_release(&refine->points);
}

/* Takes out the mean, so that sums inside a box tell of its depth. */
static void centre(struct refine *refine)
{
    double sum = 0;
    refine->total = 0;
    for (size_t i = 0; i < refine->n; i++) {
        sum += refine->product[i];
        refine->total += refine->weight[i];
    }
    double mean = refine->total > 0 ? sum / refine->total : 0;
    for (size_t i = 0; i < refine->n; i++)
        refine->product[i] -= mean * refine->weight[i];
}

enum qn_status qn_refine_load(struct refine *refine, const struct qn_curve *curve,
                              struct qn_error *err)
{
    size_t n = curve->n;
    qn_buf_clear(&refine->memory);
    double *room = (void *)qn_buf_reserve(&refine->memory, (3 * n + 1) * sizeof(double));
    if (!room)
        return qn_fail_memory(err, "a light curve", 3 * n * sizeof(double));
    refine->n = n;
    refine->time = room;
    refine->product = room + n;
    refine->weight = room + 2 * n;
    refine->t0 = n > 0 ? curve->time[0] : 0;
    refine->span = n > 0 ? curve->time[n - 1] - refine->t0 : 0;
    for (size_t i = 0; i < n; i++) {
        refine->time[i] = curve->time[i] - refine->t0;
        refine->weight[i] = curve->weight ? curve->weight[i] : 1;
        refine->product[i] = curve->flux[i] * refine->weight[i];
    }
    centre(refine);
    return QN_OK;
}

double qn_refine_longest(const struct qn_search_shape *shape, double period)
{
    return fmin(shape->longest_fraction * period,
                1.2 * shape->durations[shape->duration_count - 1]);
}

/* ---- the neighbourhood of the transits ------------------------------------------------------ */

enum qn_status qn_refine_gather(struct refine *refine, const struct qn_search_peak *peak,
                                double reach, struct near_points *near, struct qn_error *err)
{
    size_t n = refine->n;
    *near = (struct near_points){.reach = reach};
    qn_buf_clear(&refine->scratch);
    double *room = (void *)qn_buf_reserve(&refine->scratch, (4 * n + 1) * sizeof(double));
    if (!room)
        return qn_fail_memory(err, "the points near transits", 4 * n * sizeof(double));
    near->offset = room;
    near->cycle = room + n;
    near->product = room + 2 * n;
    near->weight = room + 3 * n;
    double middle = floor(0.5 * refine->span / peak->period);
    double inverse = 1 / peak->period;
    for (size_t i = 0; i < n; i++) {
        double cycle = floor((refine->time[i] - peak->t0) * inverse + 0.5);
        double offset = refine->time[i] - peak->t0 - cycle * peak->period;
        if (fabs(offset) > reach)
            continue;
        near->offset[near->n] = offset;
        near->cycle[near->n] = cycle - middle;
        near->product[near->n] = refine->product[i];
        near->weight[near->n] = refine->weight[i];
        near->n++;
    }
    return QN_OK;
}

struct box { /* found in a neighbourhood */
    double power;
    double change; /* of the period */
    double middle; /* offset of the middle transit's middle */
    double duration;
};

/* Sums of the neighbourhood's points in bins, with the period changed; prefix sums of both. */
static size_t bin_points(const struct near_points *near, double change, double bin, double *product,
                         double *weight)
{
    size_t bins = (size_t)ceil(2 * near->reach / bin);
    bins = bins < MOST_BINS ? bins : MOST_BINS;
    memset(product, 0, (bins + 1) * sizeof *product);
    memset(weight, 0, (bins + 1) * sizeof *weight);
    double inverse = 1 / bin;
    for (size_t i = 0; i < near->n; i++) {
        double place = (near->offset[i] - near->cycle[i] * change + near->reach) * inverse;
        if (!(place >= 0 && place < (double)bins))
            continue;
        size_t k = (size_t)place + 1;
        product[k] += near->product[i];
        weight[k] += near->weight[i];
    }
    for (size_t k = 1; k <= bins; k++) {
        product[k] += product[k - 1];
        weight[k] += weight[k - 1];
    }
    return bins;
}

struct limits { /* of the boxes tried, in bins */
    size_t shortest;
    size_t longest;
    size_t step;
    double total; /* weight of the curve */
    double least; /* weight of a box */
};

static void try_boxes(const double *product, const double *weight, size_t bins,
                      const struct limits *limits, double bin, double reach, struct box *best)
{
    for (size_t width = limits->shortest; width <= limits->longest && width <= bins;
         width += limits->step) {
        for (size_t i = 0; i + width <= bins; i++) {
            double s = product[i + width] - product[i];
            double w = weight[i + width] - weight[i];
            double rest = limits->total - w;
            /* s * s / (w * rest) > power / total, without the division */
            if (s >= 0 || w <= limits->least || rest <= limits->least ||
                s * s * limits->total <= best->power * w * rest)
                continue;
            best->power = s * s * limits->total / (w * rest);
            best->middle = ((double)i + 0.5 * (double)width) * bin - reach;
            best->duration = (double)width * bin;
        }
    }
}

static struct limits limits_around(const struct refine *refine, double duration, double bin,
                                   double longest)
{
    double high = fmin(1.6 * duration, longest);
    struct limits limits = {.shortest = (size_t)fmax(1, floor(0.5 * duration / bin)),
                            .longest = (size_t)fmax(1, floor(high / bin)),
                            .step = 1,
                            .total = refine->total};
    limits.least = 2.5 * refine->total / (double)(refine->n > 0 ? refine->n : 1);
    return limits;
}

/* Best box over 2 * STEPS + 1 periods, `step` apart, around centre->change. */
static void try_changes(const struct near_points *near, const struct limits *limits, double bin,
                        double step, double centre_change, struct box *best)
{
    double product[MOST_BINS + 1];
    double weight[MOST_BINS + 1];
    for (int k = -STEPS; k <= STEPS; k++) {
        double change = centre_change + k * step;
        double before = best->power;
        size_t bins = bin_points(near, change, bin, product, weight);
        try_boxes(product, weight, bins, limits, bin, near->reach, best);
        if (best->power > before)
            best->change = change;
    }
}

/* ---- what the box holds --------------------------------------------------------------------- */

struct tally { /* of one transit or of several */
    double product;
    double weight;
    size_t points;
};

static double first_middle(double t0, double period)
{
    double first = t0 - period * floor(t0 / period);
    return first >= 0 ? first : first + period;
}

static bool inside(const struct qn_search_peak *peak, double time, double *cycle)
{
    *cycle = floor((time - peak->t0) / peak->period + 0.5);
    return fabs(time - peak->t0 - *cycle * peak->period) < 0.5 * peak->duration;
}

void qn_refine_describe(const struct refine *refine, struct qn_search_peak *peak)
{
    struct tally all = {0};
    double cycle;
    double last = -1;
    peak->t0 = first_middle(peak->t0, peak->period);
    peak->events = 0;
    for (size_t i = 0; i < refine->n; i++) {
        if (!inside(peak, refine->time[i], &cycle))
            continue;
        all.product += refine->product[i];
        all.weight += refine->weight[i];
        peak->events += cycle != last;
        last = cycle;
    }
    double rest = refine->total - all.weight;
    if (!(all.weight > 0 && rest > 0)) {
        peak->depth = peak->depth_err = NAN;
        peak->delta_chi2 = 0;
        return;
    }
    peak->depth = -all.product / all.weight - all.product / rest;
    peak->depth_err = sqrt(1 / all.weight + 1 / rest);
    peak->delta_chi2 = all.product * all.product * refine->total / (all.weight * rest);
}

enum qn_status qn_refine_peak(struct refine *refine, const struct qn_search_shape *shape,
                              double part, struct qn_search_peak *peak, struct qn_error *err)
{
    struct near_points near;
    double cycles = fmax(1, refine->span / peak->period);
    double drift = part * peak->period * 0.5 * cycles; /* at either end of the span */
    double longest = qn_refine_longest(shape, peak->period);
    double reach = fmin(1.25 * peak->duration + drift, 0.5 * peak->period);
    enum qn_status status = qn_refine_gather(refine, peak, reach, &near, err);
    if (status)
        return status;
    double bin = peak->duration / FINE;
    double step = part * peak->period / STEPS;
    struct box best = {.power = 0};
    struct limits limits = limits_around(refine, peak->duration, bin, longest);
    limits.step = 2;
    try_changes(&near, &limits, bin, step, 0, &best);
    limits =
        limits_around(refine, best.duration > 0 ? best.duration : peak->duration, bin, longest);
    try_changes(&near, &limits, bin, step / STEPS, best.change, &best);
    if (best.power > 0) {
        double middle = floor(0.5 * refine->span / peak->period);
        peak->t0 += middle * peak->period + best.middle; /* the middle transit */
        peak->period += best.change;
        peak->duration = best.duration;
    }
    qn_refine_describe(refine, peak);
    return QN_OK;
}

enum qn_status qn_refine_fixed(struct refine *refine, const struct qn_search_shape *shape,
                               double period, double t0, double reach, struct qn_search_peak *peak,
                               struct qn_error *err)
{
    struct near_points near;
    double product[MOST_BINS + 1];
    double weight[MOST_BINS + 1];
    double longest = qn_refine_longest(shape, period);
    *peak = (struct qn_search_peak){.period = period, .t0 = t0};
    enum qn_status status =
        qn_refine_gather(refine, peak, fmin(reach + 0.5 * longest, 0.5 * period), &near, err);
    if (status)
        return status;
    double bin = fmax(shape->durations[0] / FINE, 2 * near.reach / (MOST_BINS - 1));
    struct box best = {.power = 0};
    struct limits limits = limits_around(refine, shape->durations[0], bin, longest);
    limits.longest = (size_t)fmax(1, longest / bin);
    size_t bins = bin_points(&near, 0, bin, product, weight);
    try_boxes(product, weight, bins, &limits, bin, near.reach, &best);
    peak->t0 += best.middle;
    peak->duration = best.power > 0 ? best.duration : shape->durations[0];
    qn_refine_describe(refine, peak);
    return QN_OK;
}

/* ---- lone events ---------------------------------------------------------------------------- */

struct event {
    double cycle;
    struct tally in;
};

enum { MOST_EVENTS = 2048 };

/* Sums of each transit that holds points, in order of time. */
static size_t split_events(const struct refine *refine, const struct qn_search_peak *peak,
                           struct event events[MOST_EVENTS])
{
    size_t n = 0;
    double cycle = NAN;
    for (size_t i = 0; i < refine->n; i++) {
        if (!inside(peak, refine->time[i], &cycle))
            continue;
        if (n == 0 || events[n - 1].cycle != cycle) {
            if (n == MOST_EVENTS)
                break;
            events[n++] = (struct event){.cycle = cycle};
        }
        events[n - 1].in.product += refine->product[i];
        events[n - 1].in.weight += refine->weight[i];
        events[n - 1].in.points++;
    }
    return n;
}

static double depth_of(const struct event *event)
{
    return -event->in.product / event->in.weight;
}

/* Mean depth of all events but one, and their weight. */
static double rest_depth(const struct event *events, size_t n, size_t but, double *weight)
{
    struct event rest = {0};
    for (size_t k = 0; k < n; k++) {
        rest.in.product += k == but ? 0 : events[k].in.product;
        rest.in.weight += k == but ? 0 : events[k].in.weight;
    }
    *weight = rest.in.weight;
    return depth_of(&rest);
}

bool qn_refine_lone_event(const struct refine *refine, const struct qn_search_peak *peak,
                          struct qn_search_event *event)
{
    struct event events[MOST_EVENTS];
    double depths[MOST_EVENTS];
    size_t n = split_events(refine, peak, events);
    size_t strongest = 0;
    size_t others = 0;
    double weight = 0;
    for (size_t k = 1; k < n; k++)
        strongest = events[k].in.product < events[strongest].in.product ? k : strongest;
    for (size_t k = 0; k < n; k++) {
        /* Transits with few points tell little of their depth. */
        if (k == strongest || events[k].in.weight < 0.2 * events[strongest].in.weight)
            continue;
        depths[others++] = depth_of(&events[k]);
        weight += events[k].in.weight;
    }
    if (n < 2)
        return false;
    double depth = depth_of(&events[strongest]);
    double usual =
        others > 0 ? qn_median(depths, others) : rest_depth(events, n, strongest, &weight);
    double error = 1.25 / sqrt(weight); /* of a median */
    *event = (struct qn_search_event){.time = peak->t0 + events[strongest].cycle * peak->period,
                                      .duration = peak->duration,
                                      .depth = depth};
    return usual + 3 * error < 0.5 * depth &&
           (depth - usual) * sqrt(events[strongest].in.weight) > 6;
}

void qn_refine_mask(struct refine *refine, const struct qn_search_event *event)
{
    size_t kept = 0;
    for (size_t i = 0; i < refine->n; i++) {
        if (fabs(refine->time[i] - event->time) < event->duration)
            continue;
        refine->time[kept] = refine->time[i];
        refine->product[kept] = refine->product[i];
        refine->weight[kept] = refine->weight[i];
        kept++;
    }
    refine->n = kept;
    centre(refine);
}
