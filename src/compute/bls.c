/* Exact box least squares: see bls.h. Eight periods are folded side by side, so that the sums of
 * one do not wait for each other; each table of sums still receives its points in time order, as
 * astropy's loop adds them, and so holds the same bits. */
#include "compute/bls.h"

#include "compute/kernel.h"
#include "compute/robust.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { LANES = 8, BLOCK = 64 };

typedef double pair __attribute__((vector_size(16))); /* sum of products, sum of weights */

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
        data->sum_weight += weight;
    }
    return QN_OK;
}

/* ---- folding -------------------------------------------------------------------------------- */

struct fold { /* LANES tables at once */
    double period[LANES];
    double bin;
    pair *table[LANES];
};

/* Bins of `n` times (at most BLOCK) folded at one period. Multiplying by a reciprocal gives the bin
 * of the division unless one of the two quotients is next to a whole number; *unsure tells. */
QN_INLINE void places_body(const double *restrict time, size_t n, double period, double bin,
                           int32_t *restrict places, uint64_t *restrict unsure)
{
    double inverse = 1.0 / period;
    double inverse_bin = 1.0 / bin;
    uint64_t close = 0;
    for (size_t i = 0; i < n; i++) {
        double cycles = time[i] * inverse;
        double whole = floor(cycles);
        double place = (time[i] - period * whole) * inverse_bin;
        double a = cycles - whole - 0.5;
        double b = place - floor(place) - 0.5;
        places[i] = (int32_t)place + 1;
        close |= (uint64_t)(fabs(a) > 0.5 - 1e-9) | (uint64_t)(fabs(b) > 0.5 - 1e-9);
    }
    *unsure = close;
}
QN_KERNEL(places,
          (const double *restrict time, size_t n, double period, double bin, int32_t *restrict out,
           uint64_t *restrict unsure),
          (time, n, period, bin, out, unsure))

static void exact_places(const double *time, size_t n, double period, double bin, int32_t *places)
{
    for (size_t i = 0; i < n; i++) {
        double phase = time[i] - period * floor(time[i] / period);
        places[i] = (int32_t)(phase / bin) + 1;
    }
}

static void scatter(pair *const table[LANES], const pair *points, size_t n,
                    int32_t places_of[LANES][BLOCK])
{
    for (size_t i = 0; i < n; i++) {
        pair point = points[i];
        for (int l = 0; l < LANES; l++)
            table[l][places_of[l][i]] += point;
    }
}

static void fold_all(const struct fold *fold, const struct qn_bls_data *data)
{
    int32_t places_of[LANES][BLOCK];
    const pair *points = (const pair *)data->product;
    for (size_t start = 0; start < data->n; start += BLOCK) {
        size_t n = data->n - start < BLOCK ? data->n - start : BLOCK;
        const double *time = data->time + start;
        for (int l = 0; l < LANES; l++) {
            uint64_t unsure;
            places(time, n, fold->period[l], fold->bin, places_of[l], &unsure);
            if (unsure)
                exact_places(time, n, fold->period[l], fold->bin, places_of[l]);
        }
        scatter(fold->table, points + start, n, places_of);
    }
}

/* ---- scanning ------------------------------------------------------------------------------- */

struct scan {
    const double *product; /* prefix sums */
    const double *weight;
    double sum_product;
    double sum_weight;
    int width; /* bins of the box */
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

/* One folded table: wraps its first bins around as astropy does (over the last, partial bin), makes
 * prefix sums and tries every box. */
static void search_table(pair *table, size_t bins, const struct qn_bls_data *data,
                         const struct qn_bls_shape *shape, double bin, double *prefix,
                         struct qn_bls_result *result)
{
    size_t oversample = (size_t)shape->oversample;
    for (size_t i = 1; i <= oversample; i++)
        table[bins - oversample + i - 1] = table[i];
    double *product = prefix;
    double *weight = prefix + bins + 1;
    pair sum = {0, 0};
    for (size_t i = 0; i <= bins; i++) {
        sum += table[i];
        product[i] = sum[0];
        weight[i] = sum[1];
    }
    struct best best = {.objective = -INFINITY};
    struct scan scan = {.product = product,
                        .weight = weight,
                        .sum_product = data->sum_product,
                        .sum_weight = data->sum_weight};
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

/* Periods first..first+LANES; those beyond the end repeat the last one and are dropped. */
static void try_lanes(const struct qn_bls_data *data, const struct qn_bls_shape *shape, double bin,
                      const double *periods, size_t n, pair *tables, size_t room, double *prefix,
                      struct qn_bls_result *results)
{
    struct fold fold = {.bin = bin};
    size_t bins[LANES];
    for (int l = 0; l < LANES; l++) {
        fold.period[l] = periods[(size_t)l < n ? (size_t)l : n - 1];
        fold.table[l] = tables + (size_t)l * room;
        bins[l] = bins_of(fold.period[l], bin, shape->oversample);
        memset(fold.table[l], 0, (bins[l] + 1) * sizeof(pair));
    }
    fold_all(&fold, data);
    for (size_t l = 0; l < n; l++) {
        results[l] =
            (struct qn_bls_result){fold.period[l], -INFINITY, NAN, NAN, NAN, NAN, NAN, NAN};
        search_table(fold.table[l], bins[l], data, shape, bin, prefix, &results[l]);
    }
}

enum qn_status qn_bls_power(const struct qn_bls_data *data, const struct qn_bls_shape *shape,
                            const double *periods, size_t count, struct qn_buf *tables,
                            struct qn_bls_result *results, struct qn_error *err)
{
    double shortest;
    double longest;
    enum qn_status status = check(shape, periods, count, &shortest, &longest, err);
    if (status || count == 0)
        return status;
    double bin = shortest / (double)shape->oversample;
    if (!(longest / bin < 1e8))
        return qn_fail(err, QN_ERR_USAGE, "a period of %g d has too many bins of %g d.", longest,
                       bin);
    size_t room = bins_of(longest, bin, shape->oversample) + 2;
    size_t bytes = (LANES + 1) * room * sizeof(pair) + sizeof(pair);
    qn_buf_clear(tables);
    uint8_t *memory = qn_buf_reserve(tables, bytes);
    if (!memory)
        return qn_fail_memory(err, "the folded curves", bytes);
    pair *aligned = (pair *)(void *)(memory + (16 - (uintptr_t)memory % 16) % 16);
    for (size_t i = 0; i < count; i += LANES)
        try_lanes(data, shape, bin, periods + i, count - i < LANES ? count - i : LANES, aligned,
                  room, (double *)(aligned + LANES * room), results + i);
    return QN_OK;
}
