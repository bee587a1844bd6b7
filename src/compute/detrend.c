/* Biweight trends and outliers: see detrend.h. */
#include "compute/detrend.h"

#include "compute/robust.h"

#include <math.h>
#include <string.h>

enum { KNOTS_PER_WINDOW = 5, ITERATIONS = 6, LEAST = 8 };

#define TUNING 5.0 /* residuals beyond this many MAD weigh nothing */

/* Biweight location of values[0..n), which are overwritten; `copy` has room for n. */
static double biweight(double *values, size_t n, double *copy)
{
    memcpy(copy, values, n * sizeof *copy);
    double centre = qn_median(copy, n);
    memcpy(copy, values, n * sizeof *copy);
    double reach = TUNING * qn_mad(copy, n, centre);
    if (!(reach > 0))
        return centre;
    for (int k = 0; k < ITERATIONS; k++) {
        double sum = 0;
        double weight = 0;
        for (size_t i = 0; i < n; i++) {
            double u = (values[i] - centre) / reach;
            double w = 1 - u * u;
            w = fabs(u) < 1 ? w * w : 0;
            sum += w * (values[i] - centre);
            weight += w;
        }
        double step = sum / weight;
        centre += step;
        if (fabs(step) < 1e-6 * reach)
            break;
    }
    return centre;
}

struct stretch { /* points without a long gap between them */
    const double *time;
    const double *flux;
    const bool *skip; /* NULL: none */
    size_t n;
    double window;
    double *values;
    double *copy;
};

/* Location of the points within half a window of `time`; NaN with too few. `*first` is where the
 * window begins, from call to call. */
static double location_at(const struct stretch *s, double time, size_t *first, size_t least)
{
    double half = 0.5 * s->window;
    size_t n = 0;
    while (*first < s->n && s->time[*first] < time - half)
        (*first)++;
    for (size_t i = *first; i < s->n && s->time[i] <= time + half; i++)
        if (!s->skip || !s->skip[i])
            s->values[n++] = s->flux[i];
    return n < least ? NAN : biweight(s->values, n, s->copy);
}

static double whole_median(const struct stretch *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (!s->skip || !s->skip[i])
            s->values[n++] = s->flux[i];
    if (n == 0) {
        memcpy(s->values, s->flux, s->n * sizeof *s->values);
        n = s->n;
    }
    return qn_median(s->values, n);
}

static void trend_of(const struct stretch *s, double *trend)
{
    double span = s->time[s->n - 1] - s->time[0];
    size_t steps = (size_t)ceil(span / s->window * KNOTS_PER_WINDOW);
    double step = steps > 0 ? span / (double)steps : 1;
    double fallback = whole_median(s);
    size_t first = 0;
    size_t point = 0;
    double before = NAN;
    for (size_t k = 0; k <= steps; k++) {
        double at = s->time[0] + (double)k * step;
        double value = location_at(s, at, &first, LEAST);
        value = isnan(value) ? fallback : value;
        before = k == 0 ? value : before;
        for (; point < s->n && (s->time[point] <= at || k == steps); point++) {
            double part = k == 0 ? 1 : fmin(1, (s->time[point] - at) / step + 1);
            trend[point] = before + (value - before) * part;
        }
        before = value;
    }
}

enum qn_status qn_biweight_trend(const double *time, const double *flux, const bool *skip, size_t n,
                                 double window, double *trend, struct qn_buf *scratch,
                                 struct qn_error *err)
{
    qn_buf_clear(scratch);
    double *room = (void *)qn_buf_reserve(scratch, (2 * n + 2) * sizeof(double));
    if (!room)
        return qn_fail_memory(err, "a trend", 2 * n * sizeof(double));
    size_t start = 0;
    for (size_t i = 1; i <= n; i++) {
        if (i < n && time[i] - time[i - 1] <= 0.5 * window)
            continue;
        struct stretch s = {.time = time + start,
                            .flux = flux + start,
                            .skip = skip ? skip + start : NULL,
                            .n = i - start,
                            .window = window,
                            .values = room,
                            .copy = room + n + 1};
        trend_of(&s, trend + start);
        start = i;
    }
    return QN_OK;
}

size_t qn_mark_outliers(const double *flux, size_t n, double above, double below, bool *drop,
                        double *scratch)
{
    size_t dropped = 0;
    memcpy(scratch, flux, n * sizeof *scratch);
    double median = qn_median(scratch, n);
    memcpy(scratch, flux, n * sizeof *scratch);
    double sigma = QN_MAD_SIGMA * qn_mad(scratch, n, median);
    double low = median - below * sigma;
    double shallow = median - 0.4 * below * sigma; /* company may be on the way in or out */
    for (size_t i = 0; i < n; i++) {
        bool lone = (i == 0 || flux[i - 1] > shallow) && (i + 1 == n || flux[i + 1] > shallow);
        drop[i] = flux[i] > median + above * sigma || (flux[i] < low && lone);
        dropped += drop[i];
    }
    return dropped;
}
