/* Running transit least squares over its grid: see tls.h. */
#include "compute/tls.h"

#include "base/sys.h"
#include "compute/robust.h"
#include "compute/tls_search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_POINTS = 20 };

const struct qn_tls_shape qn_tls_default = {.method = QN_TLS_METHOD_EXACT,
                                            .star = {1, 1, 0.13, 3.5, 0.1, 1},
                                            .orbit = {12.9, 0.03, 23.1, 89.21, 0.4804, 0.1867},
                                            .oversampling = 3,
                                            .transits_min = 2,
                                            .duration_step = 1.1,
                                            .depth_min = 10e-6,
                                            .t0_margin = 0.01};

enum { POINTS, FOLDS, ORDERS, BINS, PAIRS, PERIODS, DURATIONS, SPECTRA, BUFFERS };

struct qn_tls {
    struct qn_buf memory[BUFFERS];
    struct tls_curve curve;
    struct tls_templates templates;
};

enum qn_status qn_tls_new(struct qn_tls **tls, struct qn_error *err)
{
    *tls = qn_sys.calloc(1, sizeof **tls);
    return *tls ? QN_OK : qn_fail_memory(err, "a search with templates", sizeof **tls);
}

void qn_tls_free(struct qn_tls *tls)
{
    if (!tls)
        return;
    for (int i = 0; i < BUFFERS; i++)
        qn_buf_release(&tls->memory[i]);
    tls_templates_release(&tls->templates);
    free(tls);
}

static void *room(struct qn_tls *tls, int which, size_t bytes)
{
    qn_buf_clear(&tls->memory[which]);
    return qn_buf_reserve(&tls->memory[which], bytes);
}

/* ---- the curve ------------------------------------------------------------------------------ */

static bool usable(const struct qn_tls_points *p, size_t i)
{
    bool weighs = !p->error || (isfinite(p->error[i]) && p->error[i] > 0);
    return isfinite(p->time[i]) && isfinite(p->flux[i]) && p->flux[i] > 0 && weighs;
}

static enum qn_status clean(struct qn_tls *tls, const struct qn_tls_points *p, struct qn_error *err)
{
    struct tls_curve *c = &tls->curve;
    double *room_for = room(tls, POINTS, 3 * (p->n + 1) * sizeof(double));
    if (!room_for)
        return qn_fail_memory(err, "a light curve", 3 * p->n * sizeof(double));
    c->time = room_for;
    c->flux = room_for + p->n + 1;
    c->weight = room_for + 2 * (p->n + 1);
    c->weighted = p->error != NULL;
    c->n = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (!usable(p, i))
            continue;
        c->time[c->n] = p->time[i];
        c->flux[c->n] = p->flux[i];
        c->weight[c->n++] = c->weighted ? p->error[i] : 1;
    }
    double error = qn_mean(c->weight, c->n);
    for (size_t i = 0; i < c->n; i++)
        c->weight[i] = (error / c->weight[i]) * (error / c->weight[i]);
    if (c->n < LEAST_POINTS)
        return qn_fail(err, QN_ERR_INPUT, "%zu points are too few to fit transits to.", c->n);
    c->span = c->time[c->n - 1] - c->time[0];
    c->sigma = qn_deviation(c->flux, c->n, qn_mean(c->flux, c->n));
    if (!(c->sigma > 0 && c->span > 0))
        return qn_fail(err, QN_ERR_INPUT, "the flux is the same at all times.");
    return QN_OK;
}

static enum qn_status make_room(struct qn_tls *tls, struct qn_error *err)
{
    struct tls_curve *c = &tls->curve;
    size_t all = c->n + c->patch + TLS_PAD;
    double *folds = room(tls, FOLDS, 6 * all * sizeof(double));
    uint32_t *orders = room(tls, ORDERS, 2 * all * sizeof(uint32_t));
    size_t bins = c->most_bins + TLS_MARGIN;
    float *binned = room(tls, BINS, 6 * bins * sizeof(float));
    float *pairs = room(tls, PAIRS, 2 * (c->n + TLS_STREAMS * bins) * sizeof(float));
    if (!folds || !orders || !binned || !pairs)
        return qn_fail_memory(err, "folded light curves", all * 64);
    c->phase = folds;
    c->folded = folds + all;
    c->residual = folds + 2 * all;
    c->sums = folds + 3 * all;
    c->squares = folds + 4 * all;
    c->folded_weight = folds + 5 * all;
    memset(c->residual + c->n + c->patch, 0, TLS_PAD * sizeof *c->residual);
    memset(c->folded_weight + c->n + c->patch, 0, TLS_PAD * sizeof *c->folded_weight);
    c->order = orders;
    c->counts = orders + all;
    c->points = pairs;
    c->streams = pairs + 2 * c->n;
    c->binned = binned;
    c->weights = binned + bins;
    c->binned_to = binned + 2 * bins;
    c->weights_to = binned + 3 * bins;
    c->binned_first = binned + 4 * bins;
    c->weights_first = binned + 5 * bins;
    c->total = 0;
    for (size_t i = 0; i < c->n; i++) {
        c->total += (1 - c->flux[i]) * (1 - c->flux[i]);
        c->points[2 * i] = (float)(1 - c->flux[i]);
        c->points[2 * i + 1] = 1;
    }
    return QN_OK;
}

/* ---- grids ---------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static enum qn_status lay_grids(struct qn_tls *tls, const struct qn_tls_shape *shape, size_t *count,
                                struct qn_error *err)
{
    struct tls_curve *c = &tls->curve;
    struct qn_tls_grid grid = {c->span, shape->min_period, shape->max_period, shape->oversampling,
                               shape->transits_min};
    struct qn_buf *periods = &tls->memory[PERIODS];
    struct qn_buf *durations = &tls->memory[DURATIONS];
    qn_buf_clear(periods);
    qn_buf_clear(durations);
    *count = qn_tls_periods(&shape->star, &grid, shape->honest_grid, periods);
    if (periods->failed)
        return qn_fail_memory(err, "the periods", periods->len);
    if (*count == 0)
        return qn_fail(err, QN_ERR_INPUT,
                       "no period between %g and %g days has %g transits within %g days.",
                       shape->min_period, shape->max_period, shape->transits_min, c->span);
    double *values = (double *)(void *)periods->data;
    qsort(values, *count, sizeof *values, ascending);
    size_t rows = qn_tls_durations(&shape->star, values[0], values[*count - 1],
                                   shape->duration_step, durations);
    if (durations->failed)
        return qn_fail_memory(err, "the durations", durations->len);
    const double *d = (const double *)(const void *)durations->data;
    double longest = d[rows - 1];
    size_t samples = (size_t)(fmax(longest, d[0]) * (double)c->n);
    samples += samples % 2;
    c->patch = samples < c->n ? samples : c->n;
    c->most_bins = c->n + 128; /* a fold has at most a bin for every point */
    return tls_templates_make(&tls->templates, &shape->orbit, d, rows, samples, err);
}

/* ---- all periods ---------------------------------------------------------------------------- */

struct fits {
    double *chi2;
    double *depth;
    size_t *row;
};

static enum qn_status try_all(struct qn_tls *tls, const struct qn_tls_shape *shape, size_t count,
                              struct fits *fits, struct qn_error *err)
{
    const double *periods = (const double *)(const void *)tls->memory[PERIODS].data;
    bool exact = shape->method == QN_TLS_METHOD_EXACT;
    for (size_t i = 0; i < count; i++) {
        struct tls_fit fit;
        if ((exact || i % 32 == 0) && shape->stop && shape->stop(shape->context))
            return qn_fail(err, QN_ERR_CANCELLED, "the search was stopped.");
        if (exact)
            tls_try_exact(&tls->curve, &tls->templates, shape, periods[i], &fit);
        else
            tls_try_fast(&tls->curve, shape, periods[i], &fit);
        fits->chi2[i] = fit.chi2;
        fits->depth[i] = fit.depth;
        fits->row[i] = fit.row;
    }
    return QN_OK;
}

static size_t index_of(const double *values, size_t n, bool most)
{
    size_t at = 0;
    for (size_t i = 1; i < n; i++)
        if (most ? values[i] > values[at] : values[i] < values[at])
            at = i;
    return at;
}

static void nothing_fitted(struct qn_tls_result *r)
{
    r->period = r->period_err = r->t0 = r->duration = r->depth = NAN;
    r->depth_mean = r->depth_odd = r->depth_even = NAN;
    r->odd_even = r->rp_rs = r->snr = r->fap = r->noise = r->noise_pink = NAN;
}

static void sum_up(struct qn_tls *tls, const struct qn_tls_shape *shape, const struct fits *fits,
                   struct tls_spectrum *spectrum, struct qn_tls_result *r)
{
    size_t n = spectrum->count;
    size_t lowest = index_of(fits->chi2, n, false);
    double highest = fits->chi2[index_of(fits->chi2, n, true)];
    nothing_fitted(r);
    r->chi2_min = fits->chi2[lowest];
    r->chi2red_min = r->chi2_min / (double)(tls->curve.n - 4);
    memset(spectrum->power, 0, n * sizeof(double));
    memset(spectrum->power_raw, 0, n * sizeof(double));
    if (r->chi2_min == highest)
        return; /* a flat periodogram: nothing was fitted anywhere */
    tls_spectra(spectrum, r);
    size_t peak = index_of(spectrum->power, n, true);
    size_t row = fits->row[lowest]; /* which may be of another period: so TLS has it */
    r->period = spectrum->periods[peak];
    r->depth = fits->depth[peak];
    if (shape->method == QN_TLS_METHOD_FAST) {
        struct tls_fit fit;
        tls_try_exact(&tls->curve, &tls->templates, shape, r->period, &fit);
        r->depth = fit.depth;
        row = fit.row;
    }
    tls_describe(&tls->curve, &tls->templates, shape, row, r);
}

enum qn_status qn_tls_run(struct qn_tls *tls, const struct qn_tls_points *points,
                          const struct qn_tls_shape *shape, struct qn_tls_result *result,
                          struct qn_error *err)
{
    size_t count = 0;
    *result = (struct qn_tls_result){0};
    nothing_fitted(result);
    enum qn_status status = clean(tls, points, err);
    if (!status)
        status = lay_grids(tls, shape, &count, err);
    if (!status)
        status = make_room(tls, err);
    if (!status && shape->method == QN_TLS_METHOD_FAST)
        status = tls_fast_shapes(&tls->curve, &shape->orbit, err);
    if (status)
        return status;
    double *spectra = room(tls, SPECTRA, count * (5 * sizeof(double) + sizeof(size_t)));
    if (!spectra)
        return qn_fail_memory(err, "a periodogram", count * 48);
    struct fits fits = {spectra, spectra + count, (size_t *)(void *)(spectra + 5 * count)};
    struct tls_spectrum spectrum = {.count = count,
                                    .periods = (double *)(void *)tls->memory[PERIODS].data,
                                    .chi2 = fits.chi2,
                                    .power_raw = spectra + 2 * count,
                                    .power = spectra + 3 * count,
                                    .scratch = spectra + 4 * count,
                                    .oversampling = shape->oversampling};
    status = try_all(tls, shape, count, &fits, err);
    if (status)
        return status;
    result->period_count = count;
    result->periods = spectrum.periods;
    result->chi2 = fits.chi2;
    result->power = spectrum.power;
    result->power_raw = spectrum.power_raw;
    sum_up(tls, shape, &fits, &spectrum, result);
    return QN_OK;
}

void qn_tls_transits(struct qn_tls *tls, const struct qn_tls_result *result,
                     struct qn_tls_transit *transits)
{
    tls_each_transit(&tls->curve, result, transits);
}
