/* The two-stage search: see bls_search.h. This file holds the first stage and the passes; what
 * happens to a single peak is in bls_refine.c. */
#include "compute/bls_search.h"

#include "base/sys.h"
#include "compute/bls_refine.h"
#include "compute/kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LANES = 16,
    CELLS_PER_DURATION = 10,
    STOP_EVERY = 128, /* periods */
    MOST_DURATIONS = 64
};

const double qn_default_durations[6] = {0.05, 0.10, 0.15, 0.20, 0.25, 0.33};

struct qn_search {
    struct qn_buf memory[8];
    struct refine refine;
    /* The curve in cells, from the first time on. */
    double cell; /* days */
    size_t cells;
    float *product; /* sum of weight * (flux - mean) */
    float *weight;
    uint32_t *occupied; /* cells with points before cell i; cells + 1 */
    double total;       /* weight */
    double least;       /* weight that a box needs */
    /* One fold. */
    float *folded_product;
    float *folded_weight;
    float *prefix_product;
    float *prefix_weight;
    float *power;
};

enum { CELL_PRODUCT, CELL_WEIGHT, OCCUPIED, FOLD, PREFIX, POWER };

enum qn_status qn_search_new(struct qn_search **search, struct qn_error *err)
{
    *search = qn_sys.calloc(1, sizeof **search);
    return *search ? QN_OK : qn_fail_memory(err, "a search", sizeof **search);
}

void qn_search_free(struct qn_search *search)
{
    if (!search)
        return;
    for (size_t i = 0; i < sizeof search->memory / sizeof *search->memory; i++)
        qn_buf_release(&search->memory[i]);
    qn_refine_release(&search->refine);
    free(search);
}

/* `count` zeroed elements of 4 bytes, from a buffer that is kept. */
static void *room(struct qn_search *search, int which, size_t count)
{
    struct qn_buf *buf = &search->memory[which];
    qn_buf_clear(buf);
    void *memory = qn_buf_reserve(buf, count * 4 + 64);
    if (memory)
        memset(memory, 0, count * 4 + 64);
    return memory;
}

/* ---- cells ---------------------------------------------------------------------------------- */

static enum qn_status make_cells(struct qn_search *search, const struct refine *data,
                                 double shortest, size_t most_bins, struct qn_error *err)
{
    double span = data->span;
    search->cell = shortest / CELLS_PER_DURATION;
    if (!(span / search->cell < 1e8))
        return qn_fail(err, QN_ERR_INPUT,
                       "the light curve spans %g days, too many for cells of %g days. Check its "
                       "times.",
                       span, search->cell);
    search->cells = (size_t)(span / search->cell) + 1;
    size_t padded = search->cells + 2 * most_bins + LANES;
    search->product = room(search, CELL_PRODUCT, padded);
    search->weight = room(search, CELL_WEIGHT, padded);
    search->occupied = room(search, OCCUPIED, search->cells + 1);
    float *fold = room(search, FOLD, 2 * (most_bins + LANES));
    float *prefix = room(search, PREFIX, 4 * (most_bins + LANES));
    if (!search->product || !search->weight || !search->occupied || !fold || !prefix)
        return qn_fail_memory(err, "a folded light curve", padded * 8);
    search->folded_product = fold;
    search->folded_weight = fold + most_bins + LANES;
    search->prefix_product = prefix;
    search->prefix_weight = prefix + 2 * (most_bins + LANES);
    for (size_t i = 0; i < data->n; i++) {
        size_t cell = (size_t)(data->time[i] / search->cell);
        search->product[cell] += (float)data->product[i];
        search->weight[cell] += (float)data->weight[i];
    }
    for (size_t i = 0; i < search->cells; i++)
        search->occupied[i + 1] = search->occupied[i] + (search->weight[i] > 0);
    search->total = data->total;
    search->least = 2.5 * data->total / (double)(data->n > 0 ? data->n : 1);
    return QN_OK;
}

/* ---- one period ----------------------------------------------------------------------------- */

QN_INLINE void add_rows_body(float *restrict to_a, float *restrict to_b, const float *restrict a,
                             const float *restrict b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        to_a[i] += a[i];
        to_b[i] += b[i];
    }
}
QN_KERNEL(add_rows,
          (float *restrict to_a, float *restrict to_b, const float *restrict a,
           const float *restrict b, size_t n),
          (to_a, to_b, a, b, n))

/* Adds up the rows of cells; returns the number of bins, the length of the longest row. */
static size_t fold(struct qn_search *search, double period)
{
    double row = period / search->cell;
    size_t bins = (size_t)ceil(row);
    memset(search->folded_product, 0, (bins + 1) * sizeof(float));
    memset(search->folded_weight, 0, (bins + 1) * sizeof(float));
    size_t start = 0;
    for (size_t cycle = 1; start < search->cells; cycle++) {
        size_t end = (size_t)((double)cycle * row + 0.5);
        size_t last = end < search->cells ? end : search->cells;
        if (search->occupied[last] > search->occupied[start])
            add_rows(search->folded_product, search->folded_weight, search->product + start,
                     search->weight + start, last - start);
        start = end;
    }
    return bins;
}

/* Prefix sums over the bins and once more over the first `more` of them. */
static void sum_up(struct qn_search *search, size_t bins, size_t more)
{
    double product = 0;
    double weight = 0;
    search->prefix_product[0] = search->prefix_weight[0] = 0;
    for (size_t i = 0; i < bins; i++) {
        product += (double)search->folded_product[i];
        weight += (double)search->folded_weight[i];
        search->prefix_product[i + 1] = (float)product;
        search->prefix_weight[i + 1] = (float)weight;
    }
    for (size_t i = 0; i < more; i++) {
        product += (double)search->folded_product[i];
        weight += (double)search->folded_weight[i];
        search->prefix_product[bins + i + 1] = (float)product;
        search->prefix_weight[bins + i + 1] = (float)weight;
    }
}

/* The greatest s^2 / (w (W - w)) over the boxes of one width with a dip, or 0. */
QN_INLINE void best_box_body(const float *restrict product, const float *restrict weight,
                             size_t bins, size_t width, float total, float least,
                             float *restrict best)
{
    float lane[LANES];
    for (int l = 0; l < LANES; l++)
        lane[l] = 0;
    size_t whole = bins - bins % LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (int l = 0; l < LANES; l++) {
            float s = product[i + width + l] - product[i + l];
            float w = weight[i + width + l] - weight[i + l];
            float value = s * s / (w * (total - w));
            int use = (s < 0) & (w > least) & (total - w > least) & (value > lane[l]);
            lane[l] = use ? value : lane[l];
        }
    for (size_t i = whole; i < bins; i++) {
        float s = product[i + width] - product[i];
        float w = weight[i + width] - weight[i];
        float value = s * s / (w * (total - w));
        int use = (s < 0) & (w > least) & (total - w > least) & (value > lane[0]);
        lane[0] = use ? value : lane[0];
    }
    for (int l = 1; l < LANES; l++)
        lane[0] = lane[l] > lane[0] ? lane[l] : lane[0];
    *best = lane[0];
}
QN_KERNEL(best_box,
          (const float *restrict product, const float *restrict weight, size_t bins, size_t width,
           float total, float least, float *restrict best),
          (product, weight, bins, width, total, least, best))

struct widths { /* of the durations, in cells */
    size_t count;
    size_t cells[MOST_DURATIONS];
};

static size_t widths_at(const struct widths *widths, const struct qn_search_shape *shape,
                        double period, double cell)
{
    size_t n = 1;
    while (n < widths->count && (double)widths->cells[n] * cell <= shape->longest_fraction * period)
        n++;
    return n;
}

static float try_period(struct qn_search *search, const struct qn_search_shape *shape,
                        const struct widths *widths, double period)
{
    size_t bins = fold(search, period);
    size_t count = widths_at(widths, shape, period, search->cell);
    size_t longest = widths->cells[count - 1];
    float most = 0;
    if (longest >= bins)
        return 0;
    sum_up(search, bins, longest);
    for (size_t k = 0; k < count; k++) {
        float best;
        best_box(search->prefix_product, search->prefix_weight, bins, widths->cells[k],
                 (float)search->total, (float)search->least, &best);
        most = best > most ? best : most;
    }
    return most * (float)search->total;
}

/* Where the best box of a period lies: its middle from the first time on, and its width. */
static void locate(struct qn_search *search, const struct qn_search_shape *shape,
                   const struct widths *widths, struct qn_search_peak *peak)
{
    size_t bins = fold(search, peak->period);
    size_t count = widths_at(widths, shape, peak->period, search->cell);
    double most = -1;
    sum_up(search, bins, widths->cells[count - 1]);
    for (size_t k = 0; k < count; k++) {
        for (size_t i = 0; i < bins; i++) {
            size_t width = widths->cells[k];
            double s = (double)(search->prefix_product[i + width] - search->prefix_product[i]);
            double w = (double)(search->prefix_weight[i + width] - search->prefix_weight[i]);
            double rest = search->total - w;
            if (!(s < 0 && w > search->least && rest > search->least && s * s / (w * rest) > most))
                continue;
            most = s * s / (w * rest);
            peak->t0 = ((double)i + 0.5 * (double)width) * search->cell;
            peak->duration = (double)width * search->cell;
        }
    }
    peak->delta_chi2 = most > 0 ? most * search->total : 0;
}

/* ---- all periods ---------------------------------------------------------------------------- */

static enum qn_status lay_grid(const struct qn_search_shape *shape, double span,
                               struct qn_search_result *result, struct qn_error *err)
{
    double range = log(shape->max_period / shape->min_period);
    if (!(shape->min_period > 0 && range >= 0 && shape->duration_count > 0 &&
          shape->duration_count <= MOST_DURATIONS && shape->durations[0] > 0))
        return qn_fail(err, QN_ERR_USAGE,
                       "periods from %g to %g days cannot be searched. Give a shortest period "
                       "above 0 and a longest one that is not below it.",
                       shape->min_period, shape->max_period);
    double step = shape->durations[0] / (shape->fineness * (span > 0 ? span : 1));
    double count = ceil(range / step) + 1;
    if (count > (double)shape->most_periods) {
        count = (double)shape->most_periods;
        step = range / (count - 1);
    }
    result->period_count = (size_t)count;
    result->ratio = exp(step);
    return QN_OK;
}

static double period_at(const struct qn_search_shape *shape, const struct qn_search_result *result,
                        size_t i)
{
    double period = shape->min_period * exp(log(result->ratio) * (double)i);
    return period < shape->max_period ? period : shape->max_period;
}

static enum qn_status try_periods(struct qn_search *search, const struct qn_search_shape *shape,
                                  const struct widths *widths, struct qn_search_result *result,
                                  struct qn_error *err)
{
    double period = shape->min_period;
    for (size_t i = 0; i < result->period_count; i++) {
        if (i % STOP_EVERY == 0) { /* exact anew: products drift */
            period = period_at(shape, result, i);
            if (shape->stop && shape->stop(shape->stop_context))
                return qn_fail(err, QN_ERR_CANCELLED, "the search was stopped.");
        }
        search->power[i] = try_period(search, shape, widths,
                                      period < shape->max_period ? period : shape->max_period);
        period *= result->ratio;
    }
    return QN_OK;
}

/* Signal detection efficiency of the square root of the power. */
static double efficiency(const float *power, size_t count)
{
    double most = 0;
    double sum = 0;
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        double value = sqrt((double)power[i]);
        most = value > most ? value : most;
        sum += value;
        squares += value * value;
    }
    double mean = sum / (double)count;
    double variance = squares / (double)count - mean * mean;
    return variance > 0 ? (most - mean) / sqrt(variance) : NAN;
}

/* Appends the highest local maxima, highest first, none within `apart` grid steps of another. */
static size_t pick_peaks(const float *power, size_t count, size_t apart,
                         size_t picked[QN_SEARCH_PEAKS])
{
    size_t n = 0;
    while (n < QN_SEARCH_PEAKS) {
        float most = 0;
        size_t at = count;
        for (size_t i = 0; i < count; i++) {
            bool near = !(power[i] > most) || (i > 0 && power[i - 1] > power[i]) ||
                        (i + 1 < count && power[i + 1] > power[i]);
            for (size_t k = 0; k < n && !near; k++)
                near = (picked[k] > i ? picked[k] - i : i - picked[k]) <= apart;
            if (near)
                continue;
            most = power[i];
            at = i;
        }
        if (at == count)
            break;
        picked[n++] = at;
    }
    return n;
}

static void sort_peaks(struct qn_search_peak *peaks, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct qn_search_peak peak = peaks[i];
        size_t k = i;
        for (; k > 0 && peaks[k - 1].delta_chi2 < peak.delta_chi2; k--)
            peaks[k] = peaks[k - 1];
        peaks[k] = peak;
    }
}

/* ---- passes --------------------------------------------------------------------------------- */

static void fill_widths(const struct qn_search *search, const struct qn_search_shape *shape,
                        struct widths *widths)
{
    widths->count = shape->duration_count;
    for (size_t k = 0; k < widths->count; k++)
        widths->cells[k] = (size_t)fmax(1, round(shape->durations[k] / search->cell));
}

/* Refines the peaks; those with too few transits are left out. */
static enum qn_status refine_peaks(struct qn_search *search, const struct qn_search_shape *shape,
                                   const struct widths *widths, struct qn_search_result *result,
                                   struct qn_error *err)
{
    size_t picked[QN_SEARCH_PEAKS];
    size_t n =
        pick_peaks(search->power, result->period_count, (size_t)(4 * shape->fineness), picked);
    result->peak_count = 0;
    for (size_t k = 0; k < n; k++) {
        struct qn_search_peak *peak = &result->peaks[result->peak_count];
        *peak = (struct qn_search_peak){.period = period_at(shape, result, picked[k])};
        locate(search, shape, widths, peak);
        if (!(peak->delta_chi2 > 0))
            continue;
        enum qn_status status =
            qn_refine_peak(&search->refine, shape, 1.5 * (result->ratio - 1), peak, err);
        if (status)
            return status;
        if (peak->events >= shape->min_events)
            result->peak_count++;
    }
    sort_peaks(result->peaks, result->peak_count);
    return QN_OK;
}

/* One pass over all periods, less what is masked. */
static enum qn_status pass(struct qn_search *search, const struct qn_search_shape *shape,
                           struct qn_search_result *result, struct qn_error *err)
{
    struct widths widths = {0};
    size_t most_bins =
        (size_t)ceil(shape->max_period * CELLS_PER_DURATION / shape->durations[0]) + 2 * LANES;
    enum qn_status status =
        make_cells(search, &search->refine, shape->durations[0], most_bins, err);
    if (status)
        return status;
    fill_widths(search, shape, &widths);
    status = try_periods(search, shape, &widths, result, err);
    return status ? status : refine_peaks(search, shape, &widths, result, err);
}

enum qn_status qn_search_run(struct qn_search *search, const struct qn_curve *curve,
                             const struct qn_search_shape *shape, struct qn_search_result *result,
                             struct qn_error *err)
{
    *result = (struct qn_search_result){0};
    enum qn_status status = qn_refine_load(&search->refine, curve, err);
    if (!status)
        status = lay_grid(shape, search->refine.span, result, err);
    if (status)
        return status;
    search->power = room(search, POWER, result->period_count);
    if (!search->power)
        return qn_fail_memory(err, "a periodogram", result->period_count * sizeof(float));
    for (;;) {
        struct qn_search_event event;
        status = pass(search, shape, result, err);
        if (status || result->peak_count == 0 || !shape->mask_events ||
            result->masked_count == QN_SEARCH_MASKED ||
            !qn_refine_lone_event(&search->refine, &result->peaks[0], &event))
            break;
        result->masked[result->masked_count++] = event;
        qn_refine_mask(&search->refine, &event);
    }
    if (!status && result->peak_count > 0)
        status = qn_refine_polish(&search->refine, shape, &result->peaks[0], err);
    result->power = search->power;
    result->sde = efficiency(search->power, result->period_count);
    result->found = !status && result->peak_count > 0;
    result->best = result->peaks[0];
    for (size_t k = 0; k < result->peak_count; k++)
        result->peaks[k].t0 += search->refine.t0;
    result->best.t0 += search->refine.t0;
    for (size_t k = 0; k < result->masked_count; k++)
        result->masked[k].time += search->refine.t0;
    return status;
}

enum qn_status qn_search_fixed(struct qn_search *search, const struct qn_curve *curve,
                               const struct qn_search_shape *shape, double period, double t0,
                               double reach, struct qn_search_peak *peak, struct qn_error *err)
{
    enum qn_status status = qn_refine_load(&search->refine, curve, err);
    if (!status)
        status = qn_refine_fixed(&search->refine, shape, period, t0 - search->refine.t0, reach,
                                 peak, err);
    if (!status)
        status = qn_refine_edges(&search->refine, shape, peak, err);
    peak->t0 += search->refine.t0;
    return status;
}

enum qn_status qn_search_near(struct qn_search *search, const struct qn_curve *curve,
                              const struct qn_search_shape *shape, double period, double t0,
                              double reach, double part, struct qn_search_peak *peak,
                              struct qn_error *err)
{
    enum qn_status status = qn_search_fixed(search, curve, shape, period, t0, reach, peak, err);
    if (status || !(peak->delta_chi2 > 0))
        return status;
    peak->t0 -= search->refine.t0;
    status = qn_refine_peak(&search->refine, shape, part, peak, err);
    if (!status)
        status = qn_refine_polish(&search->refine, shape, peak, err);
    peak->t0 += search->refine.t0;
    return status;
}
