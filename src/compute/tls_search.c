/* Trying a period: see tls_search.h. The squared residuals of a template of depth d at sample i
 * are, with weights w, residuals r = 1 - flux and template values g,
 *
 *   sum w (r - d g)^2 = sum w r^2 - 2 d sum g w r + d^2 sum w g^2,
 *
 * so that only the middle sum depends on both where weights are equal. */
#include "compute/tls_search.h"

#include "compute/kernel.h"

#include <math.h>
#include <string.h>

/* ---- folding -------------------------------------------------------------------------------- */

void tls_fold(struct tls_curve *c, double period, double t0)
{
    size_t n = c->n;
    double *phases = c->residual; /* free at this point */
    memset(c->counts, 0, (n + 1) * sizeof *c->counts);
    for (size_t i = 0; i < n; i++) {
        double turns = (c->time[i] - t0) / period;
        phases[i] = turns - floor(turns);
        size_t bucket = (size_t)(phases[i] * (double)n);
        c->counts[(bucket < n ? bucket : n - 1) + 1]++;
    }
    for (size_t k = 1; k <= n; k++)
        c->counts[k] += c->counts[k - 1];
    for (size_t i = 0; i < n; i++) {
        size_t bucket = (size_t)(phases[i] * (double)n);
        c->order[c->counts[bucket < n ? bucket : n - 1]++] = (uint32_t)i;
    }
    for (size_t i = 0; i < n; i++) { /* buckets are in order; within them points may not be */
        uint32_t index = c->order[i];
        double phase = phases[index];
        size_t k = i;
        for (; k > 0 && c->phase[k - 1] > phase; k--) {
            c->phase[k] = c->phase[k - 1];
            c->order[k] = c->order[k - 1];
        }
        c->phase[k] = phase;
        c->order[k] = index;
    }
    for (size_t i = 0; i < n; i++)
        c->folded[i] = c->flux[c->order[i]];
}

/* Widths in samples that count at this period. */
static void width_limits(const struct tls_curve *c, const struct qn_tls_star *star, double period,
                         size_t *least, size_t *most)
{
    double shortest = qn_tls_t14(star->radius_min, star->mass_min, period, true);
    double longest = qn_tls_t14(star->radius_max, star->mass_max, period, false);
    double transits = c->span / period;
    *least = (size_t)floor(shortest * (double)c->n);
    *most = (size_t)ceil(longest * (double)c->n * ((transits + 1) / transits));
}

/* ---- exact ---------------------------------------------------------------------------------- */

/* Of a template and what lies behind it, n a multiple of TLS_PAD. */
QN_INLINE void dot_body(const double *restrict a, const double *restrict b, size_t n,
                        double *restrict out)
{
    enum { LANES = TLS_PAD };
    double lane[LANES];
    for (int l = 0; l < LANES; l++)
        lane[l] = 0;
    for (size_t i = 0; i < n; i += LANES)
        for (int l = 0; l < LANES; l++)
            lane[l] += a[i + l] * b[i + l];
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++)
            lane[l] += lane[l + half];
    *out = lane[0];
}
QN_KERNEL(dot, (const double *restrict a, const double *restrict b, size_t n, double *restrict out),
          (a, b, n, out))

static void prepare_exact(struct tls_curve *c)
{
    double alike = 1 / (c->sigma * c->sigma);
    for (size_t i = 0; i < c->n; i++)
        c->folded_weight[i] = c->weighted ? c->weight[c->order[i]] : alike;
    memcpy(c->folded_weight + c->n, c->folded_weight, c->patch * sizeof *c->folded_weight);
    memcpy(c->folded + c->n, c->folded, c->patch * sizeof *c->folded);
    c->sums[0] = c->squares[0] = 0;
    for (size_t i = 0; i < c->n + c->patch; i++) {
        double residual = 1 - c->folded[i];
        c->residual[i] = residual * c->folded_weight[i];
        c->sums[i + 1] = c->sums[i] + c->folded[i];
        c->squares[i + 1] = c->squares[i] + c->residual[i] * residual;
    }
}

/* All positions of one template. */
static void lay(const struct tls_curve *c, const struct tls_template *t, const double *values,
                const struct qn_tls_shape *shape, size_t row, struct tls_fit *fit)
{
    size_t padded = tls_padded(t->len);
    double squares = t->squares / (c->sigma * c->sigma);
    size_t step = 1;
    if (shape->t0_margin > 0 && (double)t->width > shape->t0_margin)
        step = (size_t)((double)t->width / (1 / shape->t0_margin));
    step = step < 1 ? 1 : step;
    for (size_t i = 0; i + t->width <= c->n + c->patch; i += step) {
        double mean = 1 - (c->sums[i + t->width] - c->sums[i]) / (double)t->width;
        if (!(mean > shape->depth_min))
            continue;
        double product;
        dot(values, c->residual + i, padded, &product);
        if (c->weighted)
            dot(values + padded, c->folded_weight + i, padded, &squares);
        double depth = mean * t->overshoot;
        double beside = c->squares[i + t->width] - c->squares[i + t->len];
        double chi2 = c->squares[c->n] - 2 * depth * product + depth * depth * squares - beside;
        if (chi2 < fit->chi2)
            *fit = (struct tls_fit){chi2, row, 1 - depth};
    }
}

void tls_try_exact(struct tls_curve *c, const struct tls_templates *templates,
                   const struct qn_tls_shape *shape, double period, struct tls_fit *fit)
{
    size_t least;
    size_t most;
    size_t before = 0;
    *fit = (struct tls_fit){.chi2 = (double)c->n};
    tls_fold(c, period, 0);
    prepare_exact(c);
    width_limits(c, &shape->star, period, &least, &most);
    for (size_t row = 0; row < templates->count; row++) {
        const struct tls_template *t = tls_template_at(templates, row);
        bool again = row > 0 && t->width == before; /* widths in samples count once */
        before = t->width;
        if (!again && t->len > 0 && t->width >= least && t->width <= most)
            lay(c, t, tls_template_values(templates, row), shape, row, fit);
    }
}

/* ---- fast ----------------------------------------------------------------------------------- */

static const uint8_t widths[TLS_WIDTHS] = {4,  5,  6,  7,  8,  9,  10, 11, 12, 13,
                                           14, 16, 18, 20, 22, 24, 26, 28, 30};

enum qn_status tls_fast_shapes(struct tls_curve *c, const struct qn_orbit *orbit,
                               struct qn_error *err)
{
    double reference[TLS_SAMPLES];
    enum qn_status status = qn_tls_reference(orbit, TLS_SAMPLES, reference, err);
    for (int i = 0; i < TLS_SAMPLES && !status; i++)
        c->reference[i] = (float)(1 - reference[i]);
    for (int k = 0; k < TLS_WIDTHS && !status; k++) {
        size_t width = widths[k];
        double sum = 0;
        double most = 0;
        double squares = 0;
        for (size_t j = 0; j < width; j++) {
            size_t from = j * TLS_SAMPLES / width;
            size_t to = (j + 1) * TLS_SAMPLES / width;
            double value = 0;
            for (size_t i = from; i < to; i++)
                value += 1 - reference[i];
            value /= (double)(to - from);
            c->shape[k][j] = (float)value;
            sum += value;
            squares += value * value;
            most = value > most ? value : most;
        }
        double mean = 1 - 0.5 * sum / (double)width;
        c->overshoot[k] = (float)(1 / (2 - mean / (1 - 0.5 * most)));
        c->shape_squares[k] = (float)squares;
    }
    return status;
}

QN_INLINE void bins_of_body(const double *restrict time, size_t n, double inverse, double bins,
                            uint32_t *restrict out)
{
    for (size_t i = 0; i < n; i++) {
        double turns = time[i] * inverse;
        double bin = (turns - floor(turns)) * bins;
        out[i] = (uint32_t)(int32_t)(bin < bins ? bin : bins - 1);
    }
}
QN_KERNEL(bins_of,
          (const double *restrict time, size_t n, double inverse, double bins,
           uint32_t *restrict out),
          (time, n, inverse, bins, out))

enum { LANES = 16, SUMS = 4, STRIDE = SUMS * LANES /* positions tried together */ };

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));
typedef float loose_lanes
    __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));

struct level {            /* bins + TLS_MARGIN values each */
    const float *sums;    /* of residuals */
    const float *sums_to; /* of all bins before */
    const float *counts_to;
    size_t bins;
};

struct fast_template {
    const float *shape;
    size_t width;
    float overshoot;
    float per_bin; /* mean of shape^2 */
};

struct drop { /* of the sum of squares: 0 where nothing fits */
    float value;
    float depth;
    size_t at;    /* first bin of the best template */
    size_t width; /* its bins */
    size_t scale; /* bins of the first level to each of those */
};

/* Sums of g * residual at STRIDE positions from `at` on. */
QN_INLINE void correlate(const float *at, const float *shape, size_t width, float *restrict out)
{
    lanes sums[SUMS] = {{0}};
    for (size_t j = 0; j < width; j++)
        for (int k = 0; k < SUMS; k++)
            sums[k] += *(const loose_lanes *)(const void *)(at + k * LANES + j) * shape[j];
    memcpy(out, sums, sizeof sums);
}

QN_INLINE void judge(const struct level *level, const struct fast_template *t, size_t at,
                     const float *product, float depth_min, float *restrict least,
                     float *restrict depths, int32_t *restrict places)
{
    const float *sums = level->sums_to + at;
    const float *counts = level->counts_to + at;
    for (int l = 0; l < LANES; l++) {
        float count = counts[t->width + l] - counts[l];
        float mean = (sums[t->width + l] - sums[l]) / count;
        float depth = mean * t->overshoot;
        float value = depth * (depth * count * t->per_bin - 2 * product[l]);
        int use = (count > 2) & (mean > depth_min) & (value < least[l]);
        least[l] = use ? value : least[l];
        depths[l] = use ? depth : depths[l];
        places[l] = use ? (int32_t)at : places[l];
    }
}

QN_INLINE void lay_fast_body(const struct level *level, const struct fast_template *t,
                             float depth_min, struct drop *drop)
{
    float least[LANES] = {0};
    float depths[LANES] = {0};
    int32_t places[LANES] = {0};
    for (size_t i = 0; i < level->bins; i += STRIDE) {
        float products[STRIDE];
        correlate(level->sums + i, t->shape, t->width, products);
        for (size_t k = 0; k < STRIDE; k += LANES)
            judge(level, t, i + k, products + k, depth_min, least, depths, places);
    }
    for (int l = 0; l < LANES; l++)
        if (least[l] < drop->value) {
            drop->value = least[l];
            drop->depth = depths[l];
            drop->at = (size_t)places[l] + (size_t)l;
            drop->width = t->width;
        }
}
QN_KERNEL(lay_fast,
          (const struct level *level, const struct fast_template *t, float depth_min,
           struct drop *drop),
          (level, t, depth_min, drop))

typedef float pair __attribute__((vector_size(2 * sizeof(float))));

/* Neighbours in time fall into the same bin, and each sum would wait for the one before: so parts
 * of the curve go to tables of their own, which are then added up. */
static void fill_bins(struct tls_curve *c, double period, size_t bins)
{
    const pair *points = (const pair *)(void *)c->points;
    pair *tables = (pair *)(void *)c->streams;
    size_t part = c->n / TLS_STREAMS;
    bins_of(c->time, c->n, 1 / period, (double)bins, c->order);
    memset(tables, 0, TLS_STREAMS * bins * sizeof *tables);
    for (size_t i = 0; i < part; i++)
        for (size_t k = 0; k < TLS_STREAMS; k++)
            tables[k * bins + c->order[k * part + i]] += points[k * part + i];
    for (size_t i = TLS_STREAMS * part; i < c->n; i++)
        tables[c->order[i]] += points[i];
    for (size_t i = 0; i < bins; i++) {
        pair sum = tables[i];
        for (size_t k = 1; k < TLS_STREAMS; k++)
            sum += tables[k * bins + i];
        c->binned[i] = sum[0];
        c->weights[i] = sum[1];
    }
}

/* A bin for each point: what transitleastsquares does with all curves. */
static void fill_points(struct tls_curve *c, double period)
{
    tls_fold(c, period, 0);
    for (size_t i = 0; i < c->n; i++) {
        c->binned[i] = (float)(1 - c->folded[i]);
        c->weights[i] = 1;
    }
}

/* Halves the bins of the level before, in place; an odd one goes to its neighbour. */
static size_t halve(struct tls_curve *c, size_t bins)
{
    for (size_t i = 0; i < bins / 2; i++) {
        c->binned[i] = c->binned[2 * i] + c->binned[2 * i + 1];
        c->weights[i] = c->weights[2 * i] + c->weights[2 * i + 1];
    }
    if (bins % 2 == 1) {
        c->binned[bins / 2 - 1] += c->binned[bins - 1];
        c->weights[bins / 2 - 1] += c->weights[bins - 1];
    }
    return bins / 2;
}

/* Continues the bins behind their end and sums them up. */
static struct level finish_level(struct tls_curve *c, size_t bins)
{
    float *sums_to = c->binned_to;
    float *counts_to = c->weights_to;
    double sum = 0;
    double count = 0;
    for (size_t i = 0; i < TLS_MARGIN; i++) {
        c->binned[bins + i] = c->binned[i % bins];
        c->weights[bins + i] = c->weights[i % bins];
    }
    for (size_t i = 0; i < bins + TLS_MARGIN; i++) {
        sums_to[i] = (float)sum;
        counts_to[i] = (float)count;
        sum += (double)c->binned[i];
        count += (double)c->weights[i];
    }
    return (struct level){c->binned, sums_to, counts_to, bins};
}

/* Bins that a fold needs for its shortest template, a multiple of 64, so that halves are whole. */
static size_t fast_bins(double shortest)
{
    return ((size_t)ceil(TLS_DENSE_WIDTH / shortest) + 63) / 64 * 64;
}

struct range { /* of durations, parts of the period */
    double shortest;
    double longest;
};

static struct drop try_levels(struct tls_curve *c, const struct qn_tls_shape *shape,
                              const struct range *range, size_t bins, bool narrow)
{
    struct drop drop = {0};
    size_t scale = 1;
    for (int k = 0; k < TLS_LEVELS; k++, scale *= 2) {
        struct level level = finish_level(c, bins);
        float before = drop.value;
        for (int w = k == 0 && narrow ? 0 : TLS_DENSE; w < TLS_WIDTHS; w++) {
            size_t width = widths[w];
            double part = (double)width / (double)bins;
            struct fast_template t = {c->shape[w], width, c->overshoot[w],
                                      c->shape_squares[w] / (float)width};
            if (part >= 0.97 * range->shortest && part <= 1.03 * range->longest && width < bins)
                lay_fast(&level, &t, (float)shape->depth_min, &drop);
        }
        drop.scale = drop.value < before ? scale : drop.scale;
        if (bins < 64 || widths[TLS_WIDTHS - 1] / (double)bins >= range->longest)
            break;
        bins = halve(c, bins);
    }
    return drop;
}

struct window { /* bins of the first level, in order across the end of the fold */
    const double *sums;
    const double *sums_to; /* running */
    const double *counts_to;
    size_t len;
};

/* Copies `len` bins from `start` on; memory of the exact search serves. */
static struct window open_window(struct tls_curve *c, size_t bins, size_t start, size_t len)
{
    double sum = 0;
    double count = 0;
    for (size_t i = 0, bin = start % bins; i < len; i++, bin = bin + 1 < bins ? bin + 1 : 0) {
        c->residual[i] = (double)c->binned_first[bin];
        c->sums[i] = sum;
        c->squares[i] = count;
        sum += c->residual[i];
        count += (double)c->weights_first[bin];
    }
    memset(c->residual + len, 0, TLS_PAD * sizeof *c->residual);
    c->sums[len] = sum;
    c->squares[len] = count;
    return (struct window){c->residual, c->sums, c->squares, len};
}

/* A template of any width at all places in the window; a shape of 2048 samples is read at the
 * middles of the bins. */
static void lay_all(struct tls_curve *c, const struct window *window, size_t width,
                    struct drop *drop)
{
    double *shape = c->phase;
    size_t padded = tls_padded(width);
    double squares = 0;
    double mean_shape = 0;
    double step = (double)TLS_SAMPLES / (double)width;
    for (size_t j = 0; j < width; j++) {
        shape[j] = (double)c->reference[(size_t)(((double)j + 0.5) * step)];
        squares += shape[j] * shape[j];
        mean_shape += shape[j];
    }
    memset(shape + width, 0, (padded - width) * sizeof *shape);
    double overshoot = 1 / (2 - (1 - 0.5 * mean_shape / (double)width) / 0.5);
    for (size_t at = 0; at + width <= window->len; at++) {
        double count = window->counts_to[at + width] - window->counts_to[at];
        double sum = window->sums_to[at + width] - window->sums_to[at];
        double depth = count > 2 ? sum / count * overshoot : 0;
        double product;
        if (!(depth > 0))
            continue;
        dot(shape, window->sums + at, padded, &product);
        double value = depth * (depth * count * squares / (double)width - 2 * product);
        if (value < (double)drop->value) {
            drop->value = (float)value;
            drop->depth = (float)depth;
        }
    }
}

/* The best template of a coarse level again, in the bins of the first. */
static void refine(struct tls_curve *c, size_t bins, struct drop *drop)
{
    static const double stretch[] = {0.94, 0.97, 1, 1.03, 1.06};
    if (drop->scale < 2 || !(drop->value < 0))
        return;
    size_t scale = drop->scale;
    size_t middle = drop->at * scale + drop->width * scale / 2;
    for (size_t k = 0; k < sizeof stretch / sizeof *stretch; k++) {
        size_t width = (size_t)((double)(drop->width * scale) * stretch[k] + 0.5);
        if (width + 2 * scale >= bins)
            continue;
        size_t start = middle + 2 * bins - width / 2 - scale;
        struct window window = open_window(c, bins, start, width + 2 * scale);
        lay_all(c, &window, width, drop);
    }
}

void tls_try_fast(struct tls_curve *c, const struct qn_tls_shape *shape, double period,
                  struct tls_fit *fit)
{
    double n = (double)c->n;
    size_t least;
    size_t most;
    width_limits(c, &shape->star, period, &least, &most);
    size_t bins = fast_bins(fmax((double)least, 3) / n);
    bool sparse = bins > c->n / 2; /* than two points to a bin */
    struct range range = {fmax((double)least, 3) / n, fmin((double)most / n, 0.5)};
    if (sparse) {
        bins = c->n;
        fill_points(c, period);
    } else {
        fill_bins(c, period, bins);
    }
    memcpy(c->binned_first, c->binned, bins * sizeof *c->binned);
    memcpy(c->weights_first, c->weights, bins * sizeof *c->weights);
    struct drop drop = try_levels(c, shape, &range, bins, sparse);
    refine(c, bins, &drop);
    double weight = 1 / (c->sigma * c->sigma);
    double chi2 = weight * (c->total + (double)drop.value);
    *fit = (struct tls_fit){.chi2 = n};
    if (drop.value < 0 && chi2 < fit->chi2)
        *fit = (struct tls_fit){.chi2 = chi2, .depth = 1 - (double)drop.depth};
}
