/* Making templates: see tls_template.h. The steps, roundings included, are those of
 * transitleastsquares' transit.py. */
#include "compute/tls_template.h"

#include <math.h>
#include <string.h>

enum { SUPERSAMPLES = 10000 };

#define CUTOFF 1e-8 /* a signal is what is this far below 1 */
#define DEPTH  0.5

const struct qn_orbit qn_tls_orbit = {12.9, 0.03, 23.1, 89.21, 0.4804, 0.1867};
/* acos(0.99 / 23.1) in degrees */
const struct qn_orbit qn_tls_orbit_grazing = {12.9, 0.03, 23.1, 87.54371427641803, 0.4804, 0.1867};
const struct qn_orbit qn_tls_orbit_box = {29, 0.1, 26.9, 90, 0, 0};

void tls_templates_release(struct tls_templates *templates)
{
    qn_buf_release(&templates->table);
    qn_buf_release(&templates->values);
    qn_buf_release(&templates->scratch);
}

static double orbit_flux(const struct qn_orbit *orbit, double time)
{
    double phase = 2 * M_PI * time / orbit->period;
    double tilt = cos(orbit->inclination * M_PI / 180) * cos(phase);
    double z = orbit->axis * sqrt(sin(phase) * sin(phase) + tilt * tilt);
    return qn_transit_flux(orbit->radius, z, orbit->u1, orbit->u2);
}

/* Time of supersample k: numpy.linspace(-0.5, 0.5, SUPERSAMPLES). */
static double super_time(size_t k)
{
    return -0.5 + (double)k * (1.0 / (SUPERSAMPLES - 1));
}

/* y at x by straight lines through (x0 + i * step, y[i]), held at the ends. */
static double interpolate(double x, double x0, double step, const double *y, size_t n)
{
    double place = (x - x0) / step;
    if (place <= 0)
        return y[0];
    if (place >= (double)(n - 1))
        return y[n - 1];
    size_t i = (size_t)place;
    return y[i] + (y[i + 1] - y[i]) * (place - (double)i);
}

enum qn_status qn_tls_reference(const struct qn_orbit *orbit, size_t samples, double *values,
                                struct qn_error *err)
{
    struct qn_buf memory = {0};
    double *flux = (double *)(void *)qn_buf_reserve(&memory, SUPERSAMPLES * sizeof *flux);
    if (!flux)
        return qn_fail_memory(err, "a transit", SUPERSAMPLES * sizeof *flux);
    size_t first = 0;
    for (size_t k = 0; k < SUPERSAMPLES; k++)
        flux[k] = 1;
    while (first < SUPERSAMPLES / 2 && !(orbit_flux(orbit, super_time(first)) < 1))
        first++;
    for (size_t k = first; k < SUPERSAMPLES - first; k++)
        flux[k] = orbit_flux(orbit, super_time(k));
    size_t n = SUPERSAMPLES + 1 - 2 * first; /* [first : -first + 1] */
    double begin = super_time(first);
    double end = super_time(SUPERSAMPLES - first - 1);
    double least = 1;
    for (size_t i = 0; i < samples; i++) {
        double part = samples > 1 ? (double)i / (double)(samples - 1) : 0;
        values[i] = interpolate(begin + (end - begin) * part, begin, 1.0 / (SUPERSAMPLES - 1),
                                flux + first, n);
        least = fmin(least, values[i]);
    }
    qn_buf_release(&memory);
    if (!(least < 1))
        return qn_fail(err, QN_ERR_USAGE, "the template's orbit does not transit.");
    for (size_t i = 0; i < samples; i++)
        values[i] = (least - values[i]) / (least - 1);
    return QN_OK;
}

/* The reference shrunk to `occupied` of `samples` and scaled to half depth, the part below 1. */
static void put_signal(struct tls_templates *t, struct tls_template *row, const double *reference,
                       size_t occupied)
{
    double step = t->samples > 1 ? 1.0 / (double)(t->samples - 1) : 1;
    double sum = 0;
    double least = 1;
    size_t first = occupied;
    size_t last = 0;
    double *values =
        (double *)(void *)qn_buf_reserve(&t->values, 2 * (occupied + TLS_PAD) * sizeof(double));
    if (!values)
        return;
    for (size_t i = 0; i < occupied; i++) {
        double x = occupied > 1 ? -0.5 + (double)i / (double)(occupied - 1) : -0.5;
        double signal = 1 - (1 - interpolate(x, -0.5, step, reference, t->samples)) * DEPTH;
        values[i] = signal;
        if (!(signal < 1 - CUTOFF))
            continue;
        first = i < first ? i : first;
        last = i;
    }
    row->len = first < occupied ? last - first + 1 : 0;
    row->start = t->values.len / sizeof(double);
    row->squares = 0;
    for (size_t i = 0; i < row->len; i++) {
        double signal = values[first + i];
        sum += signal;
        least = fmin(least, signal);
        values[i] = (1 - signal) / DEPTH;
        row->squares += values[i] * values[i];
    }
    if (row->len > 0)
        row->overshoot = 1 / (2 - sum / (double)row->len / least);
    size_t padded = tls_padded(row->len);
    for (size_t i = row->len; i < padded; i++)
        values[i] = 0;
    for (size_t i = 0; i < padded; i++)
        values[padded + i] = values[i] * values[i];
    t->values.len += 2 * padded * sizeof(double);
}

enum qn_status tls_templates_make(struct tls_templates *t, const struct qn_orbit *orbit,
                                  const double *durations, size_t count, size_t samples,
                                  struct qn_error *err)
{
    double longest = 0;
    qn_buf_clear(&t->table);
    qn_buf_clear(&t->values);
    qn_buf_clear(&t->scratch);
    t->count = 0;
    t->samples = samples;
    double *reference =
        (double *)(void *)qn_buf_reserve(&t->scratch, (samples + 1) * sizeof(double));
    if (!reference)
        return qn_fail_memory(err, "a template", samples * sizeof(double));
    enum qn_status status = qn_tls_reference(orbit, samples, reference, err);
    for (size_t i = 0; i < count; i++)
        longest = fmax(longest, durations[i]);
    for (size_t i = 0; i < count && !status; i++) {
        size_t occupied = (size_t)(durations[i] / longest * (double)samples);
        struct tls_template row = {.duration = durations[i], .width = occupied};
        put_signal(t, &row, reference, occupied);
        qn_buf_append(&t->table, &row, sizeof row);
        t->count++;
    }
    if (!status && (t->table.failed || t->values.failed))
        status = qn_fail_memory(err, "the templates", t->values.len);
    return status;
}
