/* What astropy's BoxLeastSquares.compute_stats says of one box: depths of the box and of its
 * variants by masks, transits one by one, and a sine in the box's place. See bls.h. */
#include "compute/bls.h"

#include <math.h>
#include <string.h>

struct sums { /* weighted, of the points under a mask */
    double weight;
    double flux;
    size_t count;
};

struct box {
    double period;
    double duration;
    double transit_time;
};

static double weight_of(const struct qn_curve *curve, size_t i)
{
    return curve->weight ? curve->weight[i] : 1.0;
}

/* Python's %: the result has the sign of the divisor. */
static double modulo(double x, double y)
{
    double r = fmod(x, y);
    return r != 0 && (r < 0) != (y < 0) ? r + y : r;
}

/* Distance in time from the nearest of the times transit_time + shift + k * period. */
static double distance(const struct box *box, double time, double period, double shift)
{
    double half = 0.5 * period;
    return fabs(modulo(time - box->transit_time - shift + half, period) - half);
}

enum mask { IN, ODD, EVEN, PHASED, HALF, MASKS };

static void masks_of(const struct box *box, double time, bool in[MASKS])
{
    double reach = 0.5 * box->duration;
    double period = box->period;
    in[IN] = distance(box, time, period, 0) < reach;
    in[ODD] = distance(box, time, 2 * period, period) < reach;
    in[EVEN] = distance(box, time, 2 * period, 0) < reach;
    in[PHASED] = distance(box, time, period, 0.5 * period) < reach;
    in[HALF] = distance(box, time, 0.5 * period, 0) < reach;
}

static void add(struct sums *sums, double flux, double weight)
{
    sums->weight += weight;
    sums->flux += flux * weight;
    sums->count++;
}

static struct qn_bls_depth depth_of(const struct sums *in, const struct sums *out)
{
    if (in->count == 0 || out->count == 0)
        return (struct qn_bls_depth){0, INFINITY};
    return (struct qn_bls_depth){out->flux / out->weight - in->flux / in->weight,
                                 sqrt(1 / in->weight + 1 / out->weight)};
}

/* ---- the sine ------------------------------------------------------------------------------- */

/* Solves the symmetric 3 x 3 system a x = b by elimination with pivots; false if singular. */
static bool solve3(double a[3][3], double b[3])
{
    for (int k = 0; k < 3; k++) {
        int pivot = k;
        for (int i = k + 1; i < 3; i++)
            pivot = fabs(a[i][k]) > fabs(a[pivot][k]) ? i : pivot;
        if (a[pivot][k] == 0)
            return false;
        for (int j = 0; j < 3 && pivot != k; j++) {
            double t = a[k][j];
            a[k][j] = a[pivot][j];
            a[pivot][j] = t;
        }
        double t = b[k];
        b[k] = b[pivot];
        b[pivot] = t;
        for (int i = k + 1; i < 3; i++) {
            double factor = a[i][k] / a[k][k];
            for (int j = k; j < 3; j++)
                a[i][j] -= factor * a[k][j];
            b[i] -= factor * b[k];
        }
    }
    for (int k = 2; k >= 0; k--) {
        for (int j = k + 1; j < 3; j++)
            b[k] -= a[k][j] * b[j];
        b[k] /= a[k][k];
    }
    return true;
}

static void basis(double time, double period, double row[3])
{
    double angle = 2 * M_PI * time / period;
    row[0] = sin(angle);
    row[1] = cos(angle);
    row[2] = 1;
}

/* Log likelihood of the best sine of this period plus a constant; its amplitude. */
static double sine_fit(const struct qn_curve *curve, double t0, double period, double *amplitude)
{
    double a[3][3] = {{0}};
    double b[3] = {0};
    double row[3];
    double sum = 0;
    for (size_t i = 0; i < curve->n; i++) {
        double weight = weight_of(curve, i);
        basis(curve->time[i] - t0, period, row);
        for (int j = 0; j < 3; j++) {
            b[j] += row[j] * curve->flux[i] * weight;
            for (int k = 0; k < 3; k++)
                a[j][k] += row[j] * row[k] * weight;
        }
    }
    *amplitude = NAN;
    if (!solve3(a, b))
        return NAN;
    *amplitude = sqrt(b[0] * b[0] + b[1] * b[1]);
    for (size_t i = 0; i < curve->n; i++) {
        basis(curve->time[i] - t0, period, row);
        double rest = curve->flux[i] - (row[0] * b[0] + row[1] * b[1] + row[2] * b[2]);
        sum += rest * rest * weight_of(curve, i);
    }
    return -0.5 * sum;
}

/* ---- transits one by one -------------------------------------------------------------------- */

struct levels {
    double in;
    double out;
};

static double whole_likelihood(const struct qn_curve *curve, const struct box *box,
                               const struct levels *levels)
{
    double sum = 0;
    for (size_t i = 0; i < curve->n; i++) {
        bool in = distance(box, curve->time[i], box->period, 0) < 0.5 * box->duration;
        double rest = curve->flux[i] - (in ? levels->in : levels->out);
        sum += rest * rest * weight_of(curve, i);
    }
    return -0.5 * sum;
}

static void each_transit(const struct qn_curve *curve, const struct box *box,
                         const struct levels *levels, struct qn_bls_stats *stats, uint64_t *counts,
                         double *likelihoods, size_t capacity)
{
    double first = INFINITY;
    double last = -INFINITY;
    for (size_t i = 0; i < curve->n; i++) {
        if (distance(box, curve->time[i], box->period, 0) >= 0.5 * box->duration)
            continue;
        double number = nearbyint((curve->time[i] - box->transit_time) / box->period);
        first = fmin(first, number);
        last = fmax(last, number);
    }
    stats->transit_count = last >= first ? (size_t)(last - first) + 1 : 0;
    stats->first_transit = box->period * first + box->transit_time;
    for (size_t k = 0; k < capacity && k < stats->transit_count; k++) {
        if (counts)
            counts[k] = 0;
        if (likelihoods)
            likelihoods[k] = 0;
    }
    for (size_t i = 0; i < curve->n && stats->transit_count > 0; i++) {
        if (distance(box, curve->time[i], box->period, 0) >= 0.5 * box->duration)
            continue;
        double number = nearbyint((curve->time[i] - box->transit_time) / box->period);
        size_t k = (size_t)(number - first);
        double in = curve->flux[i] - levels->in;
        double out = curve->flux[i] - levels->out;
        if (k < capacity && counts)
            counts[k]++;
        if (k < capacity && likelihoods)
            likelihoods[k] += -0.5 * weight_of(curve, i) * (in * in - out * out);
    }
}

void qn_bls_stats(const struct qn_curve *curve, double period, double duration, double transit_time,
                  struct qn_bls_stats *stats, uint64_t *counts, double *log_likelihoods,
                  size_t capacity)
{
    struct box box = {period, duration, transit_time};
    struct sums under[MASKS] = {{0}};
    struct sums outside = {0};
    struct sums not_phased = {0};
    struct sums not_half = {0};
    double t0 = INFINITY;
    for (size_t i = 0; i < curve->n; i++) {
        bool in[MASKS];
        double weight = weight_of(curve, i);
        t0 = fmin(t0, curve->time[i]);
        masks_of(&box, curve->time[i], in);
        for (int m = 0; m < MASKS; m++)
            if (in[m])
                add(&under[m], curve->flux[i], weight);
        if (!in[IN])
            add(&outside, curve->flux[i], weight);
        if (!in[IN] && !in[PHASED])
            add(&not_phased, curve->flux[i], weight);
        if (!in[HALF])
            add(&not_half, curve->flux[i], weight);
    }
    *stats = (struct qn_bls_stats){.depth = depth_of(&under[IN], &outside),
                                   .odd = depth_of(&under[ODD], &outside),
                                   .even = depth_of(&under[EVEN], &outside),
                                   .half = depth_of(&under[HALF], &not_half),
                                   .phased = depth_of(&under[PHASED], &not_phased)};
    struct levels levels = {.out = outside.flux / outside.weight};
    levels.in = levels.out - stats->depth.depth;
    each_transit(curve, &box, &levels, stats, counts, log_likelihoods, capacity);
    stats->harmonic_delta_log_likelihood = sine_fit(curve, t0, period, &stats->harmonic_amplitude) -
                                           whole_likelihood(curve, &box, &levels);
}
