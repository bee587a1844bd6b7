/* Vetting of a folded signal: see vetting.h. Points become offsets from the nearest transit; all
 * tests are sums over them. The trapezoid is in trapezoid.c. */
#include "compute/vetting.h"

#include "compute/robust.h"
#include "compute/trapezoid.h"

#include <math.h>
#include <string.h>

enum { MOST_EVENTS = 4096, CHASED = 200, PHASES_PER_DURATION = 8, MOST_PHASES = 4096 };

struct event {
    double weight;
    double sum; /* weight * (level - flux) */
    double number;
    size_t points;
};

struct vet {
    const struct qn_curve *curve;
    const double *raw;
    struct qn_ephemeris at;
    double *offset; /* from the nearest transit, days */
    double *cycle;
    double *scratch; /* n */
    struct event *events;
    size_t event_count;
    struct qn_vetting *out;
};

struct sums {
    double weight;
    double flux;
    size_t points;
};

static void add(struct sums *sums, const struct vet *v, size_t i)
{
    sums->weight += v->curve->weight[i];
    sums->flux += v->curve->weight[i] * v->curve->flux[i];
    sums->points++;
}

static void fold(struct vet *v)
{
    for (size_t i = 0; i < v->curve->n; i++) {
        double x = v->curve->time[i] - v->at.t0;
        v->cycle[i] = floor(x / v->at.period + 0.5);
        v->offset[i] = x - v->cycle[i] * v->at.period;
    }
}

/* ---- depth and noise ------------------------------------------------------------------------ */

static bool is_in(const struct vet *v, size_t i)
{
    return fabs(v->offset[i]) < 0.5 * v->at.duration;
}

static bool is_out(const struct vet *v, size_t i)
{
    return fabs(v->offset[i]) > fmin(v->at.duration, 0.4 * v->at.period);
}

static void measure_depth(struct vet *v)
{
    struct sums in = {0};
    struct sums out = {0};
    size_t n = 0;
    for (size_t i = 0; i < v->curve->n; i++) {
        if (is_in(v, i))
            add(&in, v, i);
        if (is_out(v, i)) {
            add(&out, v, i);
            v->scratch[n++] = v->curve->flux[i];
        }
    }
    v->out->level = out.flux / out.weight;
    v->out->depth = v->out->level - in.flux / in.weight;
    v->out->depth_err = sqrt(1 / in.weight + 1 / out.weight);
    v->out->snr = v->out->depth / v->out->depth_err;
    v->out->points_in = (double)in.points;
    v->out->white_noise = QN_MAD_SIGMA * qn_mad(v->scratch, n, v->out->level);
}

/* Variance of means over one duration outside transits, less what their weights explain. */
static void measure_red_noise(struct vet *v)
{
    double squares = 0;
    double expected = 0;
    size_t bins = 0;
    struct sums bin = {0};
    double start = -INFINITY;
    size_t usual = (size_t)(v->out->points_in / fmax(1, v->out->events));
    for (size_t i = 0; i <= v->curve->n; i++) {
        bool last = i == v->curve->n;
        if (!last && !is_out(v, i))
            continue;
        if (last || v->curve->time[i] >= start + v->at.duration) {
            if (bin.points >= 3 && bin.points * 2 >= usual) {
                double d = bin.flux / bin.weight - v->out->level;
                squares += d * d;
                expected += 1 / bin.weight;
                bins++;
            }
            bin = (struct sums){0};
            start = last ? 0 : v->curve->time[i];
        }
        if (!last)
            add(&bin, v, i);
    }
    v->out->red_noise = bins < 3 ? NAN : sqrt(fmax(0, (squares - expected) / (double)bins));
}

/* ---- single events -------------------------------------------------------------------------- */

static void collect_events(struct vet *v)
{
    double last = NAN;
    for (size_t i = 0; i < v->curve->n; i++) {
        if (!is_in(v, i))
            continue;
        if (v->cycle[i] != last) {
            if (v->event_count == MOST_EVENTS)
                return;
            v->events[v->event_count++] = (struct event){.number = v->cycle[i]};
            last = v->cycle[i];
        }
        struct event *event = &v->events[v->event_count - 1];
        event->weight += v->curve->weight[i];
        event->sum += v->curve->weight[i] * (v->out->level - v->curve->flux[i]);
        event->points++;
    }
    size_t kept = 0;
    for (size_t k = 0; k < v->event_count; k++)
        if (v->events[k].points >= 3)
            v->events[kept++] = v->events[k];
    v->event_count = kept;
    v->out->events = (double)kept;
    if (v->curve->n > 0) {
        double first = ceil((v->curve->time[0] - v->at.t0) / v->at.period);
        double end = floor((v->curve->time[v->curve->n - 1] - v->at.t0) / v->at.period);
        v->out->expected = end - first + 1;
    }
}

static double event_depth(const struct event *event)
{
    return event->sum / event->weight;
}

static double red(const struct vet *v)
{
    return isfinite(v->out->red_noise) ? v->out->red_noise : 0;
}

static double event_error(const struct vet *v, const struct event *event)
{
    return sqrt(1 / event->weight + red(v) * red(v));
}

static void judge_events(struct vet *v)
{
    struct qn_vetting *out = v->out;
    double n = (double)v->event_count;
    double chi2 = 0;
    double sum = 0;
    double all = 0;
    double strongest = 0;
    out->mes = out->depth / sqrt(out->depth_err * out->depth_err + red(v) * red(v) / fmax(1, n));
    if (v->event_count == 0)
        return;
    out->ses_max = -INFINITY;
    for (size_t k = 0; k < v->event_count; k++) {
        double error = event_error(v, &v->events[k]);
        double depth = event_depth(&v->events[k]);
        out->ses_max = fmax(out->ses_max, depth / error);
        chi2 += (depth - out->depth) * (depth - out->depth) / (error * error);
        sum += depth;
        all += fmax(0, v->events[k].sum);
        strongest = fmax(strongest, v->events[k].sum);
        v->scratch[k] = depth;
    }
    if (v->event_count > 1 && chi2 > 0)
        out->chi = out->mes / sqrt(chi2 / (n - 1));
    out->depth_mean_median = sum / n / qn_median(v->scratch, v->event_count);
    out->max_event_part = all > 0 ? strongest / all : NAN;
    for (size_t k = 0; k < v->event_count; k++)
        v->scratch[k] = event_depth(&v->events[k]) / event_error(v, &v->events[k]);
    out->ses_median = qn_median(v->scratch, v->event_count);
}

static void compare_parities(struct vet *v)
{
    struct event parity[2] = {{0}};
    size_t count[2] = {0};
    for (size_t k = 0; k < v->event_count; k++) {
        int odd = fmod(v->events[k].number, 2) != 0;
        parity[odd].weight += v->events[k].weight;
        parity[odd].sum += v->events[k].sum;
        count[odd]++;
    }
    if (count[0] == 0 || count[1] == 0)
        return;
    double variance = 0;
    for (int odd = 0; odd < 2; odd++)
        variance += 1 / parity[odd].weight + red(v) * red(v) / (double)count[odd];
    v->out->depth_even = event_depth(&parity[0]);
    v->out->depth_odd = event_depth(&parity[1]);
    v->out->odd_even_diff = fabs(v->out->depth_odd - v->out->depth_even);
    v->out->odd_even_sigma = v->out->odd_even_diff / sqrt(variance);
}

/* First point not before `time`. */
static size_t first_at(const struct qn_curve *curve, double time)
{
    size_t low = 0;
    size_t high = curve->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (curve->time[middle] < time)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* |depth| / error of the box around `time`; 0 with fewer than 3 points. */
static double statistic_at(const struct vet *v, double time)
{
    struct sums box = {0};
    double end = time + 0.5 * v->at.duration;
    for (size_t i = first_at(v->curve, time - 0.5 * v->at.duration);
         i < v->curve->n && v->curve->time[i] < end; i++)
        add(&box, v, i);
    if (box.points < 3)
        return 0;
    return fabs(v->out->level - box.flux / box.weight) / sqrt(1 / box.weight + red(v) * red(v));
}

static void measure_chases(struct vet *v)
{
    double reach = 0.1 * v->at.period;
    double step = 0.5 * v->at.duration;
    size_t used = v->event_count < CHASED ? v->event_count : CHASED;
    if (reach <= 1.5 * v->at.duration || used == 0)
        return;
    for (size_t k = 0; k < used; k++) {
        double middle = v->at.t0 + v->events[k].number * v->at.period;
        double ses = event_depth(&v->events[k]) / event_error(v, &v->events[k]);
        double away = 1.5 * v->at.duration;
        while (away < reach && statistic_at(v, middle - away) < 0.6 * ses &&
               statistic_at(v, middle + away) < 0.6 * ses)
            away += step;
        v->scratch[k] = fmin(1, away / reach);
    }
    v->out->chases = qn_median(v->scratch, used);
}

/* ---- all phases ----------------------------------------------------------------------------- */

struct phases { /* sums of points in bins of phase, and prefix sums over two turns */
    size_t bins;
    size_t width; /* of a box */
    double weight[2 * MOST_PHASES + 1];
    double sum[2 * MOST_PHASES + 1]; /* weight * (level - flux) */
};

static void fill_phases(const struct vet *v, struct phases *p)
{
    double bins = floor(v->at.period / v->at.duration * PHASES_PER_DURATION);
    p->bins = bins > MOST_PHASES ? MOST_PHASES : bins < 8 ? 8 : (size_t)bins;
    double width = round(v->at.duration / v->at.period * (double)p->bins);
    p->width = width < 1 ? 1 : (size_t)width;
    memset(p->weight, 0, sizeof p->weight);
    memset(p->sum, 0, sizeof p->sum);
    for (size_t i = 0; i < v->curve->n; i++) {
        double turn = v->offset[i] / v->at.period;
        size_t bin = (size_t)((turn < 0 ? turn + 1 : turn) * (double)p->bins) % p->bins;
        p->weight[bin + 1] += v->curve->weight[i];
        p->sum[bin + 1] += v->curve->weight[i] * (v->out->level - v->curve->flux[i]);
    }
    memcpy(p->weight + p->bins + 1, p->weight + 1, p->bins * sizeof *p->weight);
    memcpy(p->sum + p->bins + 1, p->sum + 1, p->bins * sizeof *p->sum);
    for (size_t i = 1; i <= 2 * p->bins; i++) {
        p->weight[i] += p->weight[i - 1];
        p->sum[i] += p->sum[i - 1];
    }
}

/* Depth and error of the box that begins at `bin`; false when it holds too little. */
static bool phase_box(const struct vet *v, const struct phases *p, size_t bin, double *depth,
                      double *error)
{
    double weight = p->weight[bin + p->width] - p->weight[bin];
    double least = 0.2 * (double)p->width / (double)p->bins * p->weight[p->bins];
    if (!(weight > least))
        return false;
    double n = fmax(1, v->out->events);
    *depth = (p->sum[bin + p->width] - p->sum[bin]) / weight;
    *error = sqrt(1 / weight + red(v) * red(v) / n);
    return true;
}

static void shift_model(struct vet *v, struct phases *p)
{
    struct qn_vetting *out = v->out;
    double most = -INFINITY;
    double least = INFINITY;
    double depth;
    double error;
    double squares = 0;
    double white = 0;
    size_t n = 0;
    out->secondary_sigma = out->positive_sigma = -INFINITY;
    for (size_t bin = 0; bin < p->bins; bin++) {
        double middle = fmod((double)bin + 0.5 * (double)p->width, (double)p->bins);
        double phase = middle / (double)p->bins;
        double away = fmin(phase, 1 - phase) * v->at.period;
        if (!phase_box(v, p, bin, &depth, &error))
            continue;
        most = fmax(most, depth);
        least = fmin(least, depth);
        if (away < fmin(2 * v->at.duration, 0.3 * v->at.period))
            continue;
        squares += depth * depth;
        white += error * error;
        n++;
        out->positive_sigma = fmax(out->positive_sigma, -depth / error);
        if (depth / error <= out->secondary_sigma)
            continue;
        out->secondary_sigma = depth / error;
        out->secondary_depth = depth;
        out->secondary_phase = phase;
    }
    out->shape = most > 0 && least < 0 ? most / (most - least) : NAN;
    out->fred = n > 0 ? sqrt(squares / white) : NAN;
    if (n == 0)
        out->secondary_sigma = out->positive_sigma = NAN;
    size_t half = p->bins / 2 - p->width / 2;
    if (phase_box(v, p, half, &depth, &error)) {
        out->half_depth = depth;
        out->half_sigma = depth / error;
    }
}

/* Inverse of erfc by Newton's steps on the logarithm, for 0 < y < 1. */
static double inverse_erfc(double y)
{
    double x = y < 0.5 ? sqrt(-log(y)) : 0.5;
    for (int k = 0; k < 60; k++) {
        double f = erfc(x);
        double step = (f - y) / (-2 / sqrt(M_PI) * exp(-x * x));
        x -= step;
        if (fabs(step) < 1e-14 * (1 + fabs(x)))
            break;
    }
    return x;
}

/* ---- shape ---------------------------------------------------------------------------------- */

static void compare_halves(struct vet *v)
{
    struct sums half[2] = {{0}};
    for (size_t i = 0; i < v->curve->n; i++)
        if (is_in(v, i))
            add(&half[v->offset[i] >= 0], v, i);
    if (half[0].points < 3 || half[1].points < 3)
        return;
    double n = fmax(1, v->out->events);
    double variance = 1 / half[0].weight + 1 / half[1].weight + 2 * red(v) * red(v) / n;
    v->out->symmetry =
        (half[1].flux / half[1].weight - half[0].flux / half[0].weight) / sqrt(variance);
}

static void fit_trapezoid(struct vet *v)
{
    struct qn_trapezoid_bin bins[QN_TRAPEZOID_BINS] = {{0}};
    double reach = fmin(1.5 * v->at.duration, 0.5 * v->at.period);
    for (size_t i = 0; i < v->curve->n; i++) {
        double place = (v->offset[i] + reach) / (2 * reach) * QN_TRAPEZOID_BINS;
        if (!(place >= 0 && place < QN_TRAPEZOID_BINS))
            continue;
        struct qn_trapezoid_bin *bin = &bins[(size_t)place];
        bin->offset += v->offset[i] * v->curve->weight[i];
        bin->depth += (v->out->level - v->curve->flux[i]) * v->curve->weight[i];
        bin->weight += v->curve->weight[i];
    }
    struct qn_trapezoid fit;
    if (!qn_trapezoid_fit(bins, QN_TRAPEZOID_BINS, v->out->depth, v->at.duration, &fit))
        return;
    v->out->trapezoid_depth = fit.depth;
    v->out->trapezoid_duration = fit.duration;
    v->out->ingress = fit.ingress;
    v->out->egress = fit.egress;
    v->out->ingress_egress_ratio = fit.ingress / fit.egress;
    v->out->trapezoid_chi2 = fit.chi2;
    v->out->v_shape = (fit.ingress + fit.egress) / fit.duration;
}

/* Carter et al. 2008, eqs. 23 with a flat-bottomed transit of ingress tau. */
static void estimate_errors(struct vet *v)
{
    struct qn_vetting *out = v->out;
    double tau = isfinite(out->ingress) ? 0.5 * (out->ingress + out->egress) : 0.1 * v->at.duration;
    double full = fmax(v->at.duration - tau, 0.1 * v->at.duration);
    double ratio = fmax(tau, 0.01 * full) / full;
    double quality = fabs(out->mes);
    double n = out->events;
    out->t0_err = full / quality * sqrt(0.5 * ratio);
    out->duration_err = full / quality * sqrt(2 * ratio);
    if (n >= 2)
        out->period_err = out->t0_err * sqrt(n) * sqrt(12 / (n * (n * n - 1)));
}

/* ---- sines and coverage --------------------------------------------------------------------- */

/* Amplitude over its error of a sine at `period` through the raw flux outside transits: SWEET. */
static double sweet(const struct vet *v, double period)
{
    double ss = 0, cc = 0, sc = 0, s1 = 0, c1 = 0, sf = 0, cf = 0, f1 = 0, n = 0, ff = 0;
    for (size_t i = 0; i < v->curve->n; i++) {
        if (!is_out(v, i))
            continue;
        double turns = (v->curve->time[i] - v->at.t0) / period;
        double angle = 2 * M_PI * (turns - floor(turns));
        double s = sin(angle);
        double c = cos(angle);
        double f = v->raw[i] - 1;
        ss += s * s;
        cc += c * c;
        sc += s * c;
        s1 += s;
        c1 += c;
        sf += s * f;
        cf += c * f;
        f1 += f;
        ff += f * f;
        n += 1;
    }
    if (n < 10)
        return NAN;
    ss -= s1 * s1 / n; /* take out the constant */
    cc -= c1 * c1 / n;
    sc -= s1 * c1 / n;
    sf -= s1 * f1 / n;
    cf -= c1 * f1 / n;
    ff -= f1 * f1 / n;
    double det = ss * cc - sc * sc;
    if (!(det > 1e-12 * n * n))
        return NAN;
    double a = (sf * cc - cf * sc) / det;
    double b = (cf * ss - sf * sc) / det;
    double variance = fmax(0, ff - a * sf - b * cf) / (n - 3);
    return sqrt((a * a + b * b) / (variance * (ss + cc) / det / 2));
}

static void measure_coverage(struct vet *v)
{
    enum { PARTS = 10, FIFTIETHS = 50 };
    bool part[PARTS] = {false};
    bool fiftieth[FIFTIETHS] = {false};
    int parts = 0;
    int fiftieths = 0;
    for (size_t i = 0; i < v->curve->n; i++) {
        double place = (v->offset[i] / v->at.duration + 1) * 0.5 * PARTS;
        double turn = v->offset[i] / v->at.period;
        if (place >= 0 && place < PARTS)
            part[(size_t)place] = true;
        fiftieth[(size_t)((turn < 0 ? turn + 1 : turn) * FIFTIETHS) % FIFTIETHS] = true;
    }
    for (int k = 0; k < PARTS; k++)
        parts += part[k];
    for (int k = 0; k < FIFTIETHS; k++)
        fiftieths += fiftieth[k];
    v->out->transit_coverage = (double)parts / PARTS;
    v->out->phase_coverage = (double)fiftieths / FIFTIETHS;
}

/* Means of 20 bins of phase, the transit left out, against the scatter of a point. */
static void measure_periodicity(struct vet *v)
{
    enum { BINS = 20 };
    struct sums bin[BINS] = {{0}};
    double means[BINS];
    size_t kept = 0;
    for (size_t i = 0; i < v->curve->n; i++) {
        double turn = v->offset[i] / v->at.period;
        if (is_out(v, i))
            add(&bin[(size_t)((turn < 0 ? turn + 1 : turn) * BINS) % BINS], v, i);
    }
    for (int k = 0; k < BINS; k++)
        if (bin[k].points > 0)
            means[kept++] = bin[k].flux / bin[k].weight;
    if (kept > 5 && v->out->white_noise > 0)
        v->out->periodicity = qn_deviation(means, kept, qn_mean(means, kept)) / v->out->white_noise;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static void clear(struct qn_vetting *out)
{
    double *values = (double *)out;
    for (size_t i = 0; i < sizeof *out / sizeof(double); i++)
        values[i] = NAN;
}

enum qn_status qn_vet(const struct qn_curve *curve, const double *raw,
                      const struct qn_ephemeris *ephemeris, struct qn_buf *scratch,
                      struct qn_vetting *out, struct qn_error *err)
{
    size_t n = curve->n;
    size_t bytes = (3 * n + 3 + MOST_EVENTS) * sizeof(double) + MOST_EVENTS * sizeof(struct event) +
                   sizeof(struct phases);
    qn_buf_clear(scratch);
    double *room = (void *)qn_buf_reserve(scratch, bytes);
    if (!room)
        return qn_fail_memory(err, "a folded light curve", bytes);
    struct vet v = {.curve = curve, .raw = raw, .at = *ephemeris, .out = out};
    v.offset = room;
    v.cycle = room + n;
    v.scratch = room + 2 * n; /* n, or the events if they are more */
    v.events = (struct event *)(void *)(v.scratch + n + 1 + MOST_EVENTS);
    struct phases *phases = (struct phases *)(void *)(v.events + MOST_EVENTS);
    clear(out);
    fold(&v);
    measure_depth(&v);
    collect_events(&v);
    measure_red_noise(&v);
    judge_events(&v);
    compare_parities(&v);
    measure_chases(&v);
    fill_phases(&v, phases);
    shift_model(&v, phases);
    double part = ephemeris->duration / ephemeris->period;
    out->false_alarm_1 = M_SQRT2 * inverse_erfc(part / 20000);
    out->false_alarm_2 = M_SQRT2 * inverse_erfc(part);
    compare_halves(&v);
    fit_trapezoid(&v);
    estimate_errors(&v);
    out->sweet_half = sweet(&v, 0.5 * ephemeris->period);
    out->sweet_period = sweet(&v, ephemeris->period);
    out->sweet_double = sweet(&v, 2 * ephemeris->period);
    measure_coverage(&v);
    measure_periodicity(&v);
    return QN_OK;
}
