/* Exact box least squares: see bls.h. Curves are folded by bls_fold.c at eight periods side by
 * side; here every box is tried, at least as far as to know that it is not the best. */
#include "compute/bls.h"

#include "compute/bls_fold.h"
#include "compute/kernel.h"
#include "compute/robust.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { LANES = QN_FOLD_LANES, BLOCK = 64 };

struct qn_bls_grid qn_bls_autoperiod(double span, double shortest, double frequency_factor,
                                     double minimum_period, double maximum_period)
{
    double low = fmin(minimum_period, maximum_period);
    double high = fmax(minimum_period, maximum_period);
    double least = 1.0 / high;
    double most = 1.0 / low;
    double step = frequency_factor * shortest / (span * span);
    double steps = nearbyint((most - least) / step);
    bool sane = steps >= 0 && steps < 1e12;
    return (struct qn_bls_grid){
        .max_frequency = most, .step = step, .count = sane ? 1 + (size_t)steps : 0};
}

enum qn_status qn_bls_prepare(const struct qn_curve *curve, struct qn_buf *scratch,
                              struct qn_bls_data *data, struct qn_error *err)
{
    size_t n = curve->n;
    qn_buf_clear(scratch);
    double *room = (void *)qn_buf_reserve(scratch, n * 3 * sizeof(double));
    if (!room)
        return qn_fail_memory(err, "a light curve", n * 3 * sizeof(double));
    double *product = room;
    double *time = room + 2 * n;
    double first = INFINITY;
    for (size_t i = 0; i < n; i++)
        first = curve->time[i] < first ? curve->time[i] : first;
    memcpy(time, curve->flux, n * sizeof *time);
    double median = qn_median(time, n);
    *data = (struct qn_bls_data){.n = n, .time = time, .product = product, .t0 = n > 0 ? first : 0};
    for (size_t i = 0; i < n; i++) {
        double weight = curve->weight ? curve->weight[i] : 1.0;
        time[i] = curve->time[i] - first;
        product[2 * i] = (curve->flux[i] - median) * weight;
        product[2 * i + 1] = weight;
        data->sum_product += product[2 * i];
        data->sum_magnitude += fabs(product[2 * i]);
        data->sum_weight += weight;
    }
    return QN_OK;
}

/* ---- scanning ------------------------------------------------------------------------------- */

struct scan {
    const double *product; /* prefix sums */
    const double *weight;
    double sum_product;
    double sum_weight;
    double slack; /* what rounding can do to a depth * weight in * weight out */
    int width;    /* bins of the box */
};

/* Objectives of the boxes that begin at bins first..first+n (n at most BLOCK); -infinity where
 * there is no box or no dip. */
QN_INLINE void likelihoods_body(const struct scan *scan, size_t first, size_t n, double *objectives)
{
    const double *product = scan->product + first;
    const double *weight = scan->weight + first;
    size_t width = (size_t)scan->width;
    for (size_t i = 0; i < n; i++) {
        double in = weight[i + width] - weight[i];
        double sum = product[i + width] - product[i];
        double out = scan->sum_weight - in;
        double inside = sum / in;
        double outside = (scan->sum_product - sum) / out;
        double depth = outside - inside;
        double value = 0.5 * in * depth * depth;
        int use = (in >= DBL_EPSILON) & (out >= DBL_EPSILON) & (outside >= inside);
        objectives[i] = use ? value : -INFINITY;
    }
}
QN_KERNEL(likelihoods, (const struct scan *scan, size_t first, size_t n, double *objectives),
          (scan, first, n, objectives))

QN_INLINE void ratios_body(const struct scan *scan, size_t first, size_t n, double *objectives)
{
    const double *product = scan->product + first;
    const double *weight = scan->weight + first;
    size_t width = (size_t)scan->width;
    for (size_t i = 0; i < n; i++) {
        double in = weight[i + width] - weight[i];
        double sum = product[i + width] - product[i];
        double out = scan->sum_weight - in;
        double inside = sum / in;
        double outside = (scan->sum_product - sum) / out;
        double value = (outside - inside) / sqrt(1.0 / in + 1.0 / out);
        int use = (in >= DBL_EPSILON) & (out >= DBL_EPSILON) & (outside >= inside);
        objectives[i] = use ? value : -INFINITY;
    }
}
QN_KERNEL(ratios, (const struct scan *scan, size_t first, size_t n, double *objectives),
          (scan, first, n, objectives))

QN_INLINE void largest_body(const double *values, size_t n, double *largest)
{
    double lane[LANES];
    for (int l = 0; l < LANES; l++)
        lane[l] = -INFINITY;
    size_t whole = n - n % LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (int l = 0; l < LANES; l++)
            lane[l] = values[i + l] > lane[l] ? values[i + l] : lane[l];
    for (size_t i = whole; i < n; i++)
        lane[0] = values[i] > lane[0] ? values[i] : lane[0];
    for (int l = 1; l < LANES; l++)
        lane[0] = lane[l] > lane[0] ? lane[l] : lane[0];
    *largest = lane[0];
}
QN_KERNEL(largest, (const double *values, size_t n, double *out), (values, n, out))

/* Whether one of n boxes may have a likelihood above `best` (> 0): without divisions, as
 *
 *   depth = (S w - s W) / (w (W - w)), likelihood = w depth^2 / 2,
 *
 * with sums s, w inside the box and S, W over all. What is left out has none, whatever rounding. */
QN_INLINE void promising_body(const struct scan *scan, size_t first, size_t n, double best,
                              int64_t *found)
{
    const double *product = scan->product + first;
    const double *weight = scan->weight + first;
    size_t width = (size_t)scan->width;
    double all = scan->sum_product;
    double total = scan->sum_weight;
    double slack = scan->slack;
    int64_t any = 0;
    best *= 2 * (1 - 1e-12);
    for (size_t i = 0; i < n; i++) {
        double in = weight[i + width] - weight[i];
        double sum = product[i + width] - product[i];
        double out = total - in;
        double deep = all * in - sum * total + slack;
        any |= (deep > 0) & (deep * deep > best * in * (out * out));
    }
    *found = any;
}
QN_KERNEL(promising, (const struct scan *scan, size_t first, size_t n, double best, int64_t *found),
          (scan, first, n, best, found))

static bool skip(const struct scan *scan, enum qn_bls_objective objective, size_t first, size_t n,
                 double best)
{
    int64_t found = 1;
    if (objective == QN_BLS_LIKELIHOOD && best > 0)
        promising(scan, first, n, best, &found);
    return !found;
}

struct best {
    double objective;
    size_t start; /* bin */
    int width;
};

/* The first box of the greatest objective among those of one width, if it beats *best. */
static void scan_width(const struct scan *scan, enum qn_bls_objective objective, size_t starts,
                       struct best *best)
{
    double values[BLOCK];
    for (size_t first = 0; first < starts; first += BLOCK) {
        size_t n = starts - first < BLOCK ? starts - first : BLOCK;
        double most;
        if (skip(scan, objective, first, n, best->objective))
            continue;
        if (objective == QN_BLS_LIKELIHOOD)
            likelihoods(scan, first, n, values);
        else
            ratios(scan, first, n, values);
        largest(values, n, &most);
        if (!(most > best->objective))
            continue;
        for (size_t i = n; i-- > 0;)
            if (values[i] == most) /* the first of them is seen last */
                *best = (struct best){most, first + i, scan->width};
    }
}

static void describe(const struct scan *scan, const struct best *best, double period, double bin,
                     double t0, struct qn_bls_result *result)
{
    size_t end = best->start + (size_t)best->width;
    double in = scan->weight[end] - scan->weight[best->start];
    double sum = scan->product[end] - scan->product[best->start];
    double out = scan->sum_weight - in;
    double depth = (scan->sum_product - sum) / out - sum / in;
    result->power = best->objective;
    result->depth = depth;
    result->depth_err = sqrt(1.0 / in + 1.0 / out);
    result->depth_snr = depth / result->depth_err;
    result->log_likelihood = 0.5 * in * depth * depth;
    result->duration = best->width * bin;
    result->transit_time = fmod((double)best->start * bin + 0.5 * result->duration, period) + t0;
}

/* Wraps the first bins of every table around as astropy does (over the last, partial bin), and
 * makes prefix sums: of table l from sums + 2 * l * room on, products, then weights. */
static void sum_up(qn_fold_row *table, const size_t bins[LANES], size_t room, int oversample,
                   double *sums)
{
    size_t most = 0;
    qn_pair sum[LANES] = {{0, 0}};
    for (int l = 0; l < LANES; l++) {
        size_t end = bins[l] - (size_t)oversample;
        for (size_t i = 1; i <= (size_t)oversample; i++)
            table[end + i - 1][l] = table[i][l];
        most = bins[l] > most ? bins[l] : most;
    }
    for (size_t i = 0; i <= most; i += 2) {
        for (int l = 0; l < LANES; l++) {
            qn_pair here = sum[l] + table[i][l];
            qn_pair next = here + table[i + 1][l];
            qn_pair products = {here[0], next[0]};
            qn_pair weights = {here[1], next[1]};
            memcpy(sums + 2 * (size_t)l * room + i, &products, sizeof products);
            memcpy(sums + (2 * (size_t)l + 1) * room + i, &weights, sizeof weights);
            sum[l] = next;
        }
    }
}

/* Tries every box of one table. */
static void search_table(const double *sums, size_t room, size_t bins,
                         const struct qn_bls_data *data, const struct qn_bls_shape *shape,
                         double bin, struct qn_bls_result *result)
{
    struct best best = {.objective = -INFINITY};
    struct scan scan = {.product = sums,
                        .weight = sums + room,
                        .sum_product = data->sum_product,
                        .sum_weight = data->sum_weight,
                        .slack = 32 * DBL_EPSILON * data->sum_magnitude * data->sum_weight};
    for (size_t k = 0; k < shape->duration_count; k++) {
        double width = round(shape->durations[k] / bin);
        if (width < 1 || width > (double)bins)
            continue;
        scan.width = (int)width;
        scan_width(&scan, shape->objective, bins - (size_t)scan.width + 1, &best);
    }
    if (best.width > 0)
        describe(&scan, &best, result->period, bin, data->t0, result);
}

/* ---- periods -------------------------------------------------------------------------------- */

static enum qn_status check(const struct qn_bls_shape *shape, const double *periods, size_t count,
                            double *shortest, double *longest_period, struct qn_error *err)
{
    double longest = 0;
    *shortest = INFINITY;
    *longest_period = 0;
    for (size_t k = 0; k < shape->duration_count; k++) {
        *shortest = fmin(*shortest, shape->durations[k]);
        longest = fmax(longest, shape->durations[k]);
    }
    if (!(*shortest > 0) || shape->oversample < 1)
        return qn_fail(err, QN_ERR_USAGE,
                       "durations have to be above zero and the oversampling at least 1.");
    for (size_t i = 0; i < count; i++) {
        if (!(periods[i] > longest))
            return qn_fail(err, QN_ERR_USAGE,
                           "the period %g d is not longer than the longest duration, %g d. Raise "
                           "the shortest period or drop long durations.",
                           periods[i], longest);
        *longest_period = fmax(*longest_period, periods[i]);
    }
    return QN_OK;
}

static size_t bins_of(double period, double bin, int oversample)
{
    return (size_t)ceil(period / bin) + (size_t)oversample;
}

/* The n periods from `periods` on; for those missing to LANES the last one is folded again. */
static void try_lanes(const struct qn_fold *fold, const struct qn_bls_shape *shape,
                      const double *periods, size_t n, size_t room, qn_fold_row *table,
                      struct qn_bls_result *results)
{
    double *sums = (double *)(table + room);
    double period[LANES];
    size_t bins[LANES];
    for (int l = 0; l < LANES; l++) {
        period[l] = periods[(size_t)l < n ? (size_t)l : n - 1];
        bins[l] = bins_of(period[l], fold->bin, shape->oversample);
    }
    memset(table, 0, room * sizeof *table);
    qn_fold_add(fold, period, table);
    sum_up(table, bins, room, shape->oversample, sums);
    for (size_t l = 0; l < n; l++) {
        results[l] = (struct qn_bls_result){period[l], -INFINITY, NAN, NAN, NAN, NAN, NAN, NAN};
        search_table(sums + 2 * l * room, room, bins[l], fold->data, shape, fold->bin, &results[l]);
    }
}

enum qn_status qn_bls_power(const struct qn_bls_data *data, const struct qn_bls_shape *shape,
                            const double *periods, size_t count, struct qn_buf *tables,
                            struct qn_bls_result *results, struct qn_error *err)
{
    struct qn_fold fold;
    double shortest;
    double longest;
    enum qn_status status = check(shape, periods, count, &shortest, &longest, err);
    if (status || count == 0)
        return status;
    double bin = shortest / (double)shape->oversample;
    if (!(longest / bin < QN_FOLD_MOST_BINS))
        return qn_fail(err, QN_ERR_USAGE, "a period of %g d has too many bins of %g d.", longest,
                       bin);
    size_t room = bins_of(longest, bin, shape->oversample) + 2;
    size_t bytes = 64 + 2 * room * sizeof(qn_fold_row) + qn_fold_size(data->n);
    qn_buf_clear(tables);
    uint8_t *memory = qn_buf_reserve(tables, bytes);
    if (!memory)
        return qn_fail_memory(err, "the folded curves", bytes);
    qn_fold_row *table = (qn_fold_row *)(void *)(memory + (64 - (uintptr_t)memory % 64) % 64);
    qn_fold_prepare(&fold, data, bin, longest, table + 2 * room);
    for (size_t i = 0; i < count; i += LANES)
        try_lanes(&fold, shape, periods + i, count - i < LANES ? count - i : LANES, room, table,
                  results + i);
    return QN_OK;
}
