/* The published formulas: see transit_classic.h. */
#include "compute/transit_classic.h"

#include "compute/robust.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define TINY 1e-10 /* the original's guard against division by zero */

void qn_flux_moments(const double *flux, size_t n, double *scratch, struct qn_flux_moments *out)
{
    double mean = qn_mean(flux, n);
    double deviation = qn_deviation(flux, n, mean);
    double cubes = 0;
    double fourths = 0;
    for (size_t i = 0; i < n; i++) {
        double z = (flux[i] - mean) / (deviation + TINY);
        cubes += z * z * z;
        fourths += z * z * z * z;
    }
    memcpy(scratch, flux, n * sizeof *scratch);
    double median = qn_median(scratch, n);
    memcpy(scratch, flux, n * sizeof *scratch);
    *out = (struct qn_flux_moments){.deviation = deviation,
                                    .mad = qn_mad(scratch, n, median),
                                    .skewness = cubes / (double)n,
                                    .kurtosis = fourths / (double)n - 3};
}

struct folded { /* points and one box */
    const double *time;
    const double *flux;
    size_t n;
    double period;
    double t0;
    double duration;
    double *scratch;
};

/* ((t - t0) mod P) / P, from 0 to 1. */
static double phase_of(const struct folded *f, size_t i)
{
    double x = f->time[i] - f->t0;
    double rest = fmod(x, f->period);
    if (rest < 0)
        rest += f->period;
    return rest / f->period;
}

/* The same from -0.5 to 0.5. */
static double wrapped_phase(const struct folded *f, size_t i)
{
    double phase = phase_of(f, i);
    return phase > 0.5 ? phase - 1 : phase;
}

static bool in_transit(const struct folded *f, size_t i)
{
    return fabs(wrapped_phase(f, i)) < f->duration / f->period / 2;
}

/* Parity by floor, as published: the first half of every transit counts with the one before. */
static double odd_even(const struct folded *f)
{
    double median[2];
    for (int parity = 0; parity < 2; parity++) {
        size_t n = 0;
        for (size_t i = 0; i < f->n; i++) {
            double number = floor((f->time[i] - f->t0) / f->period);
            bool odd = fmod(number, 2) != 0;
            if (in_transit(f, i) && odd == (parity == 1))
                f->scratch[n++] = 1 - f->flux[i];
        }
        if (n == 0)
            return 0;
        median[parity] = qn_median(f->scratch, n);
    }
    return fabs(median[1] - median[0]);
}

struct side { /* flux before or after mid-transit, in array order */
    size_t n;
    double first;
    double last;
};

static void extend(struct side *side, double flux)
{
    side->first = side->n == 0 ? flux : side->first;
    side->last = flux;
    side->n++;
}

/* The mean of the differences of a row of numbers is (last - first) / (n - 1). */
static double symmetry(const struct folded *f)
{
    struct side before = {0};
    struct side after = {0};
    size_t in = 0;
    for (size_t i = 0; i < f->n; i++) {
        double phase = wrapped_phase(f, i);
        if (!in_transit(f, i))
            continue;
        in++;
        if (phase < 0)
            extend(&before, f->flux[i]);
        else if (phase > 0)
            extend(&after, f->flux[i]);
    }
    if (in < 10 || before.n <= 1 || after.n <= 1)
        return 0.5;
    double a = (before.last - before.first) / (double)(before.n - 1);
    double b = (after.last - after.first) / (double)(after.n - 1);
    return fmin(fabs(a + b) / (fabs(a) + fabs(b) + TINY), 1);
}

static double ingress_egress(const struct folded *f)
{
    size_t in = 0;
    size_t before = 0;
    size_t after = 0;
    for (size_t i = 0; i < f->n; i++) {
        double phase = wrapped_phase(f, i);
        if (!in_transit(f, i))
            continue;
        in++;
        before += phase < -0.01;
        after += phase > 0.01;
    }
    return in <= 10 || before == 0 || after == 0 ? 1.0 : (double)before / (double)after;
}

static double secondary(const struct folded *f)
{
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++) {
        double phase = phase_of(f, i);
        if (phase > 0.4 && phase < 0.6)
            f->scratch[n++] = f->flux[i];
    }
    return n <= 5 ? 0 : fabs(1 - qn_median(f->scratch, n));
}

/* Medians of 20 bins of phase counted from the first time. */
static double periodicity(const struct folded *f, double deviation)
{
    enum { BINS = 20 };
    double medians[BINS];
    size_t kept = 0;
    struct folded from_start = *f;
    from_start.t0 = INFINITY;
    for (size_t i = 0; i < f->n; i++)
        from_start.t0 = fmin(from_start.t0, f->time[i]);
    for (int bin = 0; bin < BINS; bin++) {
        size_t n = 0;
        for (size_t i = 0; i < f->n; i++) {
            double phase = phase_of(&from_start, i);
            if (phase >= bin * (1.0 / BINS) && phase < (bin + 1) * (1.0 / BINS))
                f->scratch[n++] = f->flux[i];
        }
        if (n > 0)
            medians[kept++] = qn_median(f->scratch, n);
    }
    if (kept <= 5)
        return 0;
    return fmin(qn_deviation(medians, kept, qn_mean(medians, kept)) / (deviation + TINY), 1);
}

static double coverage(const struct folded *f)
{
    enum { BINS = 50 };
    bool filled[BINS] = {false};
    int count = 0;
    for (size_t i = 0; i < f->n; i++) {
        int bin = (int)(phase_of(f, i) * BINS);
        filled[bin < BINS ? bin : BINS - 1] = true;
    }
    for (int bin = 0; bin < BINS; bin++)
        count += filled[bin];
    return (double)count / BINS;
}

/* |sum of x_j exp(-2 pi i j k / n)|^2, by a rotation that is set right every 256 points. */
static double power_at(const double *x, size_t n, size_t k)
{
    double re = 0;
    double im = 0;
    double step_re = cos(2 * M_PI * (double)k / (double)n);
    double step_im = -sin(2 * M_PI * (double)k / (double)n);
    double c = 1;
    double s = 0;
    for (size_t j = 0; j < n; j++) {
        if (j % 256 == 0) {
            double angle = -2 * M_PI * (double)((uint64_t)j * k % n) / (double)n;
            c = cos(angle);
            s = sin(angle);
        }
        re += x[j] * c;
        im += x[j] * s;
        double next = c * step_re - s * step_im;
        s = c * step_im + s * step_re;
        c = next;
    }
    return re * re + im * im;
}

/* Median of the one-sided density of power between 0 and 1 cycle a day, gaps ignored as the
 * original does (scipy.signal.periodogram). */
static enum qn_status red_noise(const struct folded *f, double deviation, struct qn_buf *memory,
                                double *out, struct qn_error *err)
{
    size_t n = f->n;
    *out = deviation * deviation;
    if (n <= 100)
        return QN_OK;
    for (size_t i = 0; i + 1 < n; i++)
        f->scratch[i] = f->time[i + 1] - f->time[i];
    double rate = 1 / qn_median(f->scratch, n - 1);
    double *flux = f->scratch; /* less its mean */
    double mean = qn_mean(f->flux, n);
    for (size_t i = 0; i < n; i++)
        flux[i] = f->flux[i] - mean;
    size_t bins = 0;
    while (bins + 1 <= n / 2 && (double)(bins + 1) * rate / (double)n < 1)
        bins++;
    if (bins <= 5 || !(rate > 0))
        return QN_OK;
    double *densities = (void *)qn_buf_reserve(memory, bins * sizeof *densities);
    if (!densities)
        return qn_fail_memory(err, "a power spectrum", bins * sizeof *densities);
    for (size_t k = 1; k <= bins; k++) {
        double once = 2 * k == n ? 1 : 2; /* Nyquist's is not doubled */
        densities[k - 1] = once * power_at(flux, n, k) / (rate * (double)n);
    }
    *out = qn_median(densities, bins);
    return QN_OK;
}

enum qn_status qn_classic_shape(const double *time, const double *flux, size_t n, double period,
                                double t0, double duration, double deviation,
                                struct qn_buf *scratch, struct qn_classic_shape *out,
                                struct qn_error *err)
{
    struct qn_buf densities = {0};
    qn_buf_clear(scratch);
    double *room = (void *)qn_buf_reserve(scratch, (n + 1) * sizeof(double));
    if (!room)
        return qn_fail_memory(err, "a folded light curve", n * sizeof(double));
    struct folded f = {time, flux, n, period, t0, duration, room};
    *out = (struct qn_classic_shape){.duration_over_period = duration / period,
                                     .odd_even_depth_diff = odd_even(&f),
                                     .transit_symmetry = symmetry(&f),
                                     .periodicity_strength = periodicity(&f, deviation),
                                     .secondary_depth = secondary(&f),
                                     .ingress_egress_ratio = ingress_egress(&f),
                                     .phase_coverage = coverage(&f)};
    enum qn_status status = red_noise(&f, deviation, &densities, &out->red_noise, err);
    qn_buf_release(&densities);
    return status;
}
