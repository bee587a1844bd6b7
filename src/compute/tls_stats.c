/* What a periodogram and its best period say: see tls_search.h. Formulas, and their oddities, are
 * those of transitleastsquares' stats.py; each oddity is named where it is. */
#include "compute/robust.h"
#include "compute/tls_search.h"

#include <math.h>
#include <string.h>

enum { KERNEL = 30 }; /* of the running median, times the oversampling */

static double greatest(const double *values, size_t n, size_t *at)
{
    *at = 0;
    for (size_t i = 1; i < n; i++)
        if (values[i] > values[*at])
            *at = i;
    return values[*at];
}

/* Subtracts the running median of `kernel` (odd) values; its ends are held. */
static void subtract_median(const double *values, size_t n, size_t kernel, double *window,
                            double *out)
{
    size_t medians = n - kernel + 1;
    size_t front = (n - medians) / 2;
    double median = 0;
    for (size_t i = 0; i < medians; i++) {
        memcpy(window, values + i, kernel * sizeof *window);
        median = qn_median(window, kernel);
        out[front + i] = values[front + i] - median;
        for (size_t k = 0; i == 0 && k < front; k++)
            out[k] = values[k] - median;
    }
    for (size_t k = front + medians; k < n; k++)
        out[k] = values[k] - median;
}

void tls_spectra(struct tls_spectrum *s, struct qn_tls_result *result)
{
    size_t n = s->count;
    size_t at;
    double least = INFINITY;
    for (size_t i = 0; i < n; i++)
        least = fmin(least, s->chi2[i]);
    for (size_t i = 0; i < n; i++)
        s->power_raw[i] = least / s->chi2[i];
    double mean = qn_mean(s->power_raw, n);
    result->chi2_min = least;
    result->sde_raw = (1 - mean) / qn_deviation(s->power_raw, n, mean);
    for (size_t i = 0; i < n; i++)
        s->power_raw[i] -= mean;
    double scale = result->sde_raw / greatest(s->power_raw, n, &at);
    for (size_t i = 0; i < n; i++)
        s->power_raw[i] *= scale;
    size_t kernel = (size_t)(KERNEL * s->oversampling);
    kernel += kernel % 2 == 0;
    result->sde = result->sde_raw;
    memcpy(s->power, s->power_raw, n * sizeof *s->power);
    if (n <= 2 * kernel)
        return;
    subtract_median(s->power_raw, n, kernel, s->scratch, s->power);
    mean = qn_mean(s->power, n);
    for (size_t i = 0; i < n; i++)
        s->power[i] -= mean;
    double most = greatest(s->power, n, &at);
    result->sde = most / qn_deviation(s->power, n, qn_mean(s->power, n));
    for (size_t i = 0; i < n; i++)
        s->power[i] *= result->sde / most;
}

/* ---- the best period ------------------------------------------------------------------------ */

/* An index below 2 n as one below n. */
static size_t wrap(size_t index, size_t n)
{
    return index < n ? index : index - n;
}

/* Epoch by trying many: residuals of template and rest, weighted as TLS does, with the flux itself,
 * shifted, in the place of errors. Folding at another epoch rotates the order of points. */
static double fit_t0(struct tls_curve *c, const struct tls_template *t, const double *values,
                     double period, double depth, double margin)
{
    size_t n = c->n;
    size_t len = t->len;
    double wanted = margin > 0 && len > 0 ? (double)n / (margin * (double)len) : (double)n;
    size_t points = (size_t)fmax(2, fmin(wanted, (double)n));
    size_t roll = len / 2 + 1; /* less than n, as templates are shorter than the curve */
    double first = c->time[0];
    double best = INFINITY;
    double t0 = 0;
    size_t shift = 0; /* of the first point at or after the trial epoch's phase */
    tls_fold(c, period, first);
    for (size_t k = 0; k < points; k++) {
        double phase = (double)k / (double)(points - 1);
        double residuals = 0;
        while (shift < n && c->phase[shift] < phase)
            shift++;
        size_t at = wrap(shift + n - roll, n);
        size_t other = wrap(at + n - roll, n);
        for (size_t j = 0; j < len; j++) {
            double flux = c->folded[at];
            double error = c->folded[other];
            at = wrap(at + 1, n);
            other = wrap(other + 1, n);
            double in = flux - (1 - values[j] * (1 - depth));
            double out = flux - 1;
            residuals += (in * in - out * out) / (error * error);
        }
        if (residuals < best) {
            best = residuals;
            t0 = first + phase * period;
        }
    }
    return t0;
}

struct means { /* of the flux inside transits */
    double sum;
    double squares;
    size_t n;
};

static void add(struct means *m, double flux)
{
    m->sum += flux - 1;
    m->squares += (flux - 1) * (flux - 1);
    m->n++;
}

static double mean_of(const struct means *m)
{
    return 1 + m->sum / (double)m->n;
}

/* Population deviation over the root of the number. */
static double error_of(const struct means *m)
{
    double mean = m->sum / (double)m->n;
    return sqrt(fmax(0, m->squares / (double)m->n - mean * mean)) / sqrt((double)m->n);
}

/* Duration in days: the part of the period, stretched by the points that are missing. */
static double days_of(const struct tls_curve *c, double duration, double period, size_t transits,
                      double *scratch)
{
    for (size_t i = 0; i + 1 < c->n; i++)
        scratch[i] = c->time[i + 1] - c->time[i];
    double expected = c->span / qn_median(scratch, c->n - 1);
    double fill = (double)(c->n - 1) / expected;
    double stretch = c->span / period / (double)transits;
    return duration * stretch * period * fill;
}

static double modulo(double x, double y)
{
    return x - y * floor(x / y);
}

/* Means over all transits, even and odd ones (counted from the first in the data). */
static void sum_transits(struct tls_curve *c, struct qn_tls_result *result, struct means *all,
                         struct means parity[2])
{
    size_t i = 0;
    result->distinct_transits = 0;
    for (size_t k = 0; k < result->transits; k++) {
        double middle = result->t0 + (double)k * result->period;
        size_t before = all->n;
        while (i < c->n && c->time[i] <= middle - 0.5 * result->duration)
            i++;
        for (; i < c->n && c->time[i] < middle + 0.5 * result->duration; i++) {
            add(all, c->flux[i]);
            add(&parity[k % 2], c->flux[i]);
        }
        result->distinct_transits += all->n > before;
    }
}

/* The flux outside transits, where outside is beyond the duration as a part of the period taken as
 * days, as TLS has it; returns how many points. */
static size_t take_outside(const struct tls_curve *c, const struct qn_tls_result *result,
                           double duration, double *outside)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        double x = modulo(c->time[i] - result->t0 + 0.5 * result->period, result->period);
        if (!(fabs(x - 0.5 * result->period) < duration))
            outside[n++] = c->flux[i];
    }
    return n;
}

/* Mean deviation of `width` points in a row, over sqrt(width). */
static double pink_noise(const double *values, size_t n, size_t width)
{
    double sum = 0;
    double squares = 0;
    double deviations = 0;
    if (width == 0 || width > n)
        return NAN;
    for (size_t i = 0; i < n; i++) {
        sum += values[i] - 1;
        squares += (values[i] - 1) * (values[i] - 1);
        if (i + 1 < width)
            continue;
        double mean = sum / (double)width;
        deviations += sqrt(fmax(0, squares / (double)width - mean * mean));
        double first = values[i + 1 - width] - 1;
        sum -= first;
        squares -= first * first;
    }
    return deviations / (double)(n - width + 1) / sqrt((double)width);
}

static double half_width(const struct qn_tls_result *r, size_t at)
{
    double half = 0.5 * r->power[at];
    size_t high = at + 1;
    size_t low = at;
    while (high < r->period_count && r->power[high] > half)
        high++;
    while (low > 0 && r->power[low - 1] > half)
        low--;
    if (high >= r->period_count || low == 0)
        return INFINITY;
    return 0.5 * (r->periods[high] - r->periods[low - 1]);
}

void tls_describe(struct tls_curve *c, const struct tls_templates *templates,
                  const struct qn_tls_shape *shape, size_t row, struct qn_tls_result *r)
{
    const struct tls_template *t = tls_template_at(templates, row);
    struct means all = {0};
    struct means parity[2] = {{0}};
    size_t at;
    greatest(r->power, r->period_count, &at);
    r->period_err = half_width(r, at);
    r->fap = qn_tls_fap(r->sde);
    r->t0 =
        fit_t0(c, t, tls_template_values(templates, row), r->period, r->depth, shape->t0_margin);
    if (r->t0 < c->time[0])
        r->t0 += r->period;
    r->transits = (size_t)floor((c->time[c->n - 1] - r->t0) / r->period) + 1;
    r->duration = days_of(c, t->duration, r->period, r->transits, c->phase);
    sum_transits(c, r, &all, parity);
    double u1 = shape->orbit.u1;
    double u2 = shape->orbit.u2;
    r->rp_rs = sqrt(fmax(0, (1 - r->depth) * (1 - u1 / 3 - u2 / 6)));
    if (all.n == 0)
        return;
    r->depth_mean = mean_of(&all);
    size_t outside = take_outside(c, r, t->duration, c->phase);
    r->noise = qn_deviation(c->phase, outside, qn_mean(c->phase, outside));
    r->noise_pink = pink_noise(c->phase, outside, all.n / r->transits);
    r->snr = (1 - r->depth_mean) / r->noise * sqrt((double)all.n);
    if (parity[0].n == 0 || parity[1].n == 0)
        return;
    r->depth_even = mean_of(&parity[0]);
    r->depth_odd = mean_of(&parity[1]);
    r->odd_even =
        fabs(r->depth_odd - r->depth_even) / (error_of(&parity[0]) + error_of(&parity[1]));
}

void tls_each_transit(struct tls_curve *c, const struct qn_tls_result *r,
                      struct qn_tls_transit *transits)
{
    for (size_t k = 0; k < r->transits; k++) {
        struct means in = {0};
        double middle = r->t0 + (double)k * r->period;
        transits[k] = (struct qn_tls_transit){.time = middle, .flux = NAN, .flux_err = NAN};
        for (size_t i = 0; i < c->n; i++)
            if (c->time[i] > middle - 0.5 * r->duration && c->time[i] < middle + 0.5 * r->duration)
                add(&in, c->flux[i]);
        if (in.n == 0)
            continue;
        transits[k].points = in.n;
        transits[k].flux = mean_of(&in);
        transits[k].flux_err = error_of(&in);
        transits[k].snr = (1 - mean_of(&in)) / r->noise * sqrt((double)in.n);
        transits[k].snr_pink = (1 - mean_of(&in)) / r->noise_pink;
    }
}
