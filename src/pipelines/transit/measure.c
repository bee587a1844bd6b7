/* Measuring one star: see measure.h. */
#include "pipelines/transit/measure.h"

#include "base/sys.h"
#include "compute/detrend.h"
#include "compute/robust.h"
#include "compute/transit_classic.h"
#include "pipelines/transit/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FINENESS      3.0 /* periods per shortest duration of drift */
#define LONGEST_PART  0.25
#define MOST_PERIODS  4000000
#define ANCHOR_SNR    5.0   /* of a signal at the candidate's own epoch */
#define ANCHOR_PART   0.002 /* how far its period may be off */
#define SHORT_OF_SPAN 1e7   /* periods that the exact grid may have */

struct qn_measure {
    struct qn_settings settings;
    struct qn_lc lc;
    struct qn_search *search;
    struct qn_search_result result;
    struct qn_search_shape shape;
    struct qn_template *template;
    struct qn_buf file;
    struct qn_buf arrays;  /* those below */
    struct qn_buf scratch; /* of whichever step runs */
    struct qn_buf tables;
    double *raw;    /* as stitched */
    double *flux;   /* detrended */
    double *weight; /* 1 / sigma^2 */
    double *spare;
    bool *marks;
    const struct qn_measure_input *input;
    struct qn_row *row;
};

enum qn_status qn_measure_new(struct qn_measure **measure, const struct qn_settings *settings,
                              struct qn_error *err)
{
    struct qn_measure *m = *measure = qn_sys.calloc(1, sizeof *m);
    if (!m)
        return qn_fail_memory(err, "a worker", sizeof *m);
    m->settings = *settings;
    enum qn_status status = qn_search_new(&m->search, err);
    if (!status && settings->tls != QN_TLS_OFF)
        status = qn_template_new(&m->template, settings->tls == QN_TLS_EXACT, err);
    return status;
}

void qn_measure_free(struct qn_measure *m)
{
    if (!m)
        return;
    struct qn_buf *buffers[] = {&m->file, &m->arrays, &m->scratch, &m->tables};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        qn_buf_release(buffers[i]);
    qn_search_free(m->search);
    qn_template_free(m->template);
    qn_lc_release(&m->lc);
    free(m);
}

void qn_measure_last(const struct qn_measure *m, struct qn_measured *out)
{
    *out = (struct qn_measured){.n = m->lc.n,
                                .time = m->lc.time,
                                .flux = m->flux,
                                .raw = m->raw,
                                .search = &m->result,
                                .min_period = m->shape.min_period};
}

/* ---- rows that say why ---------------------------------------------------------------------- */

static void say(struct qn_row *row, enum qn_row_status status, const char *reason)
{
    row->status = status;
    snprintf(row->reason, sizeof row->reason, "%s", reason);
}

static enum qn_row_status row_status(enum qn_status status)
{
    switch (status) {
    case QN_ERR_INPUT:
    case QN_ERR_UNSUPPORTED:
    case QN_ERR_CORRUPT:
    case QN_ERR_IO:
        return QN_ROW_CORRUPT_FILE;
    default:
        return QN_ROW_ERROR;
    }
}

static bool for_engine(enum qn_status status)
{
    return status == QN_ERR_CANCELLED || status == QN_ERR_MEMORY || status == QN_ERR_TRANSIENT;
}

/* ---- points --------------------------------------------------------------------------------- */

static void name_file(struct qn_row *row, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t used = strlen(row->files);
    snprintf(row->files + used, sizeof row->files - used, "%s%s", used > 0 ? ";" : "",
             slash ? slash + 1 : path);
}

/* Reads every file; one that cannot be read is said in the row and left out. */
static enum qn_status load(struct qn_measure *m, struct qn_row *row, struct qn_error *err)
{
    const struct qn_measure_input *input = m->input;
    struct qn_error cause;
    size_t failed = 0;
    for (size_t i = 0; i < input->path_count; i++) {
        enum qn_status status = qn_lc_add_file(&m->lc, input->paths[i], &m->settings.curve,
                                               &input->candidate->target, &m->file, &cause);
        if (status && for_engine(status)) {
            if (err)
                *err = cause;
            return status;
        }
        if (!status) {
            name_file(row, input->paths[i]);
        } else if (failed++ == 0) {
            say(row, row_status(status), cause.message);
        }
    }
    row->features.files_failed = (double)failed;
    row->features.file_count = (double)m->lc.files;
    row->features.rows_read = (double)m->lc.rows;
    row->scale = m->lc.scale;
    memcpy(row->product, m->lc.product, sizeof row->product);
    if (m->lc.files > 0)
        row->status = QN_ROW_OK; /* what failed stays in the reason */
    return qn_lc_finish(&m->lc, err);
}

/* Uniform deviates of a counter (SplitMix64), two to a normal one (Box and Muller). */
static double uniform(uint64_t seed, uint64_t counter)
{
    uint64_t z = seed * 0xD1342543DE82EF95u + (counter + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

/* What the original tool invented, for those who ask for it: 1000 points in 27.4 days. */
static enum qn_status invent(struct qn_measure *m, struct qn_row *row, struct qn_error *err)
{
    enum { POINTS = 1000 };
    const struct qn_candidate *c = m->input->candidate;
    enum qn_status status = qn_lc_reserve(&m->lc, POINTS, err);
    if (status)
        return status;
    for (size_t i = 0; i < POINTS; i++) {
        double time = 27.4 * (double)i / (POINTS - 1);
        double phase = fmod(time - c->duration + c->period, c->period);
        double u = uniform(c->row, 2 * i);
        double v = uniform(c->row, 2 * i + 1);
        bool in = phase < 0.5 * c->duration || phase > c->period - 0.5 * c->duration;
        m->lc.time[i] = time;
        m->lc.flux[i] = 1 + 1e-3 * sqrt(-2 * log(1 - u)) * cos(2 * M_PI * v) - (in ? c->depth : 0);
        m->lc.err[i] = NAN;
    }
    m->lc.n = m->lc.rows = POINTS;
    row->synthetic = 1;
    row->features.rows_read = POINTS;
    say(row, QN_ROW_OK, "synthetic: made of the candidate's own period, depth and duration");
    return QN_OK;
}

static enum qn_status no_data(struct qn_measure *m, struct qn_row *row, struct qn_error *err)
{
    const struct qn_candidate *c = m->input->candidate;
    char star[QN_TARGET_NAME];
    qn_target_text(&c->target, star);
    if (m->settings.allow_synthetic && c->period > 0 && c->duration > 0 && isfinite(c->depth))
        return invent(m, row, err);
    row->status = QN_ROW_NO_DATA;
    snprintf(row->reason, sizeof row->reason, "there is no light curve of %s", star);
    return QN_OK;
}

static enum qn_status make_room(struct qn_measure *m, struct qn_error *err)
{
    size_t n = m->lc.n;
    qn_buf_clear(&m->arrays);
    double *room = (double *)(void *)qn_buf_reserve(&m->arrays, n * (4 * sizeof(double) + 1) + 64);
    if (!room)
        return qn_fail_memory(err, "a light curve", n * 33);
    m->raw = room;
    m->flux = room + n;
    m->weight = room + 2 * n;
    m->spare = room + 3 * n;
    m->marks = (void *)(room + 4 * n);
    return QN_OK;
}

static double median_step(struct qn_measure *m)
{
    size_t n = m->lc.n;
    for (size_t i = 0; i + 1 < n; i++)
        m->spare[i] = m->lc.time[i + 1] - m->lc.time[i];
    return qn_median(m->spare, n - 1);
}

/* Median 1 again, over all files. */
static void normalise(struct qn_measure *m)
{
    memcpy(m->spare, m->lc.flux, m->lc.n * sizeof(double));
    double median = qn_median(m->spare, m->lc.n);
    for (size_t i = 0; i < m->lc.n; i++) {
        m->raw[i] = m->lc.flux[i] / median;
        m->flux[i] = m->raw[i];
    }
}

/* ---- trend, outliers, weights --------------------------------------------------------------- */

/* Flux over its trend; points inside transits of the ephemeris do not shape the trend. */
static enum qn_status detrend(struct qn_measure *m, const struct qn_ephemeris *known,
                              struct qn_error *err)
{
    size_t n = m->lc.n;
    double window = m->settings.window;
    bool *skip = known ? m->marks : NULL;
    if (!m->settings.detrend)
        return QN_OK;
    if (!(window > 0))
        window = fmax(1.0, known ? 3 * known->duration : 0);
    for (size_t i = 0; known && i < n; i++) {
        double x = m->lc.time[i] - known->t0;
        x -= known->period * floor(x / known->period + 0.5);
        skip[i] = fabs(x) < 0.75 * known->duration;
    }
    enum qn_status status =
        qn_biweight_trend(m->lc.time, m->raw, skip, n, window, m->spare, &m->scratch, err);
    for (size_t i = 0; !status && i < n; i++)
        m->flux[i] = m->spare[i] > 0 ? m->raw[i] / m->spare[i] : m->raw[i];
    return status;
}

static void clip(struct qn_measure *m)
{
    size_t n = m->lc.n;
    if (!(m->settings.clip_high > 0))
        return;
    size_t dropped = qn_mark_outliers(m->flux, n, m->settings.clip_high, m->settings.clip_low,
                                      m->marks, m->spare);
    if (dropped == 0)
        return;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (m->marks[i])
            continue;
        m->lc.time[kept] = m->lc.time[i];
        m->lc.err[kept] = m->lc.err[i];
        m->raw[kept] = m->raw[i];
        m->flux[kept] = m->flux[i];
        kept++;
    }
    m->lc.n = kept;
    m->row->features.clipped = (double)dropped;
}

/* Weights by the errors of the files, scaled so that the median error is the scatter seen. */
static void weigh(struct qn_measure *m)
{
    size_t n = m->lc.n;
    memcpy(m->spare, m->flux, n * sizeof(double));
    double median = qn_median(m->spare, n);
    memcpy(m->spare, m->flux, n * sizeof(double));
    double sigma = QN_MAD_SIGMA * qn_mad(m->spare, n, median);
    size_t known = 0;
    for (size_t i = 0; i < n; i++)
        if (m->lc.err[i] > 0)
            m->spare[known++] = m->lc.err[i];
    double usual = known == n ? qn_median(m->spare, n) : NAN;
    if (!(sigma > 0))
        sigma = usual > 0 ? usual : 1e-6;
    for (size_t i = 0; i < n; i++) {
        double scaled = usual > 0 ? m->lc.err[i] / usual * sigma : sigma;
        m->weight[i] = 1 / (scaled * scaled);
    }
}

static struct qn_curve curve_of(const struct qn_measure *m)
{
    return (struct qn_curve){m->lc.n, m->lc.time, m->flux, m->weight};
}

/* ---- the robust search ---------------------------------------------------------------------- */

static struct qn_search_shape shape_of(const struct qn_measure *m, double low, double high)
{
    return (struct qn_search_shape){.durations = m->settings.durations,
                                    .duration_count = m->settings.duration_count,
                                    .longest_fraction = LONGEST_PART,
                                    .min_period = low,
                                    .max_period = high,
                                    .fineness = FINENESS,
                                    .most_periods = MOST_PERIODS,
                                    .min_events = 2,
                                    .mask_events = true,
                                    .stop = m->input->stop,
                                    .stop_context = m->input->context};
}

/* The candidate's ephemeris on the curve's scale; false without an epoch. */
static bool known_ephemeris(const struct qn_measure *m, struct qn_ephemeris *known)
{
    const struct qn_candidate *c = m->input->candidate;
    double epoch = qn_candidate_epoch(c, m->lc.scale);
    *known = (struct qn_ephemeris){c->period, epoch, c->duration > 0 ? c->duration : 0.1};
    return isfinite(epoch) && c->period > 0;
}

/* The box at the candidate's own period: near its epoch if there is one, else anywhere. */
static enum qn_status hold_period(struct qn_measure *m, struct qn_search_peak *peak,
                                  struct qn_error *err)
{
    struct qn_curve curve = curve_of(m);
    struct qn_ephemeris known;
    bool told = known_ephemeris(m, &known);
    double middle = 0.5 * (m->lc.time[0] + m->lc.time[m->lc.n - 1]);
    double reach = told ? fmax(3 * known.duration, 0.02 * known.period) : 0.5 * known.period;
    m->row->features.fixed_period = 1;
    return qn_search_fixed(m->search, &curve, &m->shape, known.period, told ? known.t0 : middle,
                           reach, peak, err);
}

/* Distance of the candidate's transits from the peak's at the middle of the data, in days. */
static double distance_from(const struct qn_measure *m, const struct qn_ephemeris *known,
                            const struct qn_search_peak *peak)
{
    double middle = 0.5 * (m->lc.time[0] + m->lc.time[m->lc.n - 1]);
    double transit = known->t0 + known->period * floor((middle - known->t0) / known->period + 0.5);
    double x = (transit - peak->t0) / peak->period;
    return fabs(x - floor(x + 0.5)) * peak->period;
}

/* Where the strongest signal is not at the candidate's epoch, but there is one: takes that. */
static enum qn_status anchor(struct qn_measure *m, const struct qn_curve *curve,
                             struct qn_search_peak *peak, struct qn_error *err)
{
    struct qn_ephemeris known;
    struct qn_search_peak near;
    m->row->features.anchored = 0;
    if (!known_ephemeris(m, &known) ||
        distance_from(m, &known, peak) < fmax(3 * known.duration, 0.02 * known.period))
        return QN_OK;
    enum qn_status status =
        qn_search_near(m->search, curve, &m->shape, known.period, known.t0,
                       fmax(1.5 * known.duration, 0.005 * known.period), ANCHOR_PART, &near, err);
    if (status || !(near.depth > ANCHOR_SNR * near.depth_err))
        return status;
    *peak = near;
    m->row->features.anchored = 1;
    return QN_OK;
}

static enum qn_status find_box(struct qn_measure *m, struct qn_search_peak *peak,
                               struct qn_error *err)
{
    double period = m->input->candidate->period;
    double span = m->lc.time[m->lc.n - 1] - m->lc.time[0];
    struct qn_curve curve = curve_of(m);
    m->shape = shape_of(m, 0.8 * period, 1.2 * period);
    m->result = (struct qn_search_result){0};
    m->row->features.fixed_period = 0;
    if (period >= span)
        return hold_period(m, peak, err);
    enum qn_status status = qn_search_run(m->search, &curve, &m->shape, &m->result, err);
    if (status)
        return status;
    m->row->features.bls_sde = m->result.sde;
    m->row->features.search_periods = (double)m->result.period_count;
    m->row->features.masked_events = (double)m->result.masked_count;
    *peak = m->result.best;
    return m->result.found ? anchor(m, &curve, peak, err) : hold_period(m, peak, err);
}

/* ---- astropy's grid ------------------------------------------------------------------------- */

/* The published search: periods within a fifth of the candidate's, held to 0.5 and 20 days. */
static enum qn_status exact_box(struct qn_measure *m, bool weighted, struct qn_search_peak *peak,
                                double *power, struct qn_error *err)
{
    const struct qn_settings *s = &m->settings;
    double period = m->input->candidate->period;
    bool classic = s->profile == QN_PROFILE_CLASSIC;
    struct qn_curve curve = curve_of(m);
    struct qn_bls_data data;
    struct qn_bls_shape shape = {s->durations, s->duration_count, 10, QN_BLS_LIKELIHOOD};
    double span = m->lc.time[m->lc.n - 1] - m->lc.time[0];
    double low = classic ? fmax(0.5, 0.8 * period) : 0.8 * period;
    double high = classic ? fmin(20, 1.2 * period) : 1.2 * period;
    struct qn_bls_grid grid = qn_bls_autoperiod(span, s->durations[0], 3, low, high);
    *peak = (struct qn_search_peak){0};
    *power = NAN;
    curve.weight = weighted ? curve.weight : NULL;
    if (grid.count == 0 || (double)grid.count > SHORT_OF_SPAN)
        return qn_fail(
            err, QN_ERR_INPUT,
            "astropy's grid has more than 10 million periods here. Use --bls-grid fast.");
    enum qn_status status = qn_bls_prepare(&curve, &m->scratch, &data, err);
    struct qn_bls_result best = {.power = -INFINITY};
    enum { BATCH = 64 };
    double periods[BATCH];
    struct qn_bls_result results[BATCH];
    for (size_t i = 0; !status && i < grid.count; i += BATCH) {
        size_t n = grid.count - i < BATCH ? grid.count - i : BATCH;
        for (size_t k = 0; k < n; k++)
            periods[k] = qn_bls_grid_period(&grid, i + k);
        if (m->input->stop && m->input->stop(m->input->context))
            return qn_fail(err, QN_ERR_CANCELLED, "the search was stopped.");
        status = qn_bls_power(&data, &shape, periods, n, &m->tables, results, err);
        for (size_t k = 0; !status && k < n; k++)
            if (results[k].power > best.power)
                best = results[k];
    }
    *power = best.power;
    *peak = (struct qn_search_peak){.period = best.period,
                                    .t0 = best.transit_time,
                                    .duration = best.duration,
                                    .depth = best.depth,
                                    .depth_err = best.depth_err,
                                    .delta_chi2 = 2 * best.log_likelihood};
    m->row->features.search_periods = (double)grid.count;
    return status;
}

/* ---- features ------------------------------------------------------------------------------- */

static void take_input(struct qn_measure *m)
{
    const struct qn_candidate *c = m->input->candidate;
    struct qn_features *f = &m->row->features;
    f->input_period = c->period;
    f->input_depth = c->depth;
    f->input_duration = c->duration;
    f->input_epoch = qn_candidate_epoch(c, m->lc.scale);
    f->teff = isfinite(c->teff) ? c->teff : m->lc.star.teff;
    f->logg = isfinite(c->logg) ? c->logg : m->lc.star.logg;
    f->radius = isfinite(c->radius) ? c->radius : m->lc.star.radius;
    f->mass = c->mass;
}

static void take_moments(struct qn_measure *m, const double *flux)
{
    struct qn_flux_moments moments;
    struct qn_features *f = &m->row->features;
    qn_flux_moments(flux, m->lc.n, m->spare, &moments);
    f->flux_std = moments.deviation;
    f->flux_mad = moments.mad;
    f->flux_skewness = moments.skewness;
    f->flux_kurtosis = moments.kurtosis;
}

static void take_box(struct qn_measure *m, const struct qn_search_peak *peak)
{
    struct qn_features *f = &m->row->features;
    f->bls_period = peak->period;
    f->bls_t0 = peak->t0;
    f->bls_duration = peak->duration;
    f->bls_depth = peak->depth;
    f->bls_snr = peak->depth / peak->depth_err;
    f->bls_power = f->bls_delta_chi2 = peak->delta_chi2;
    f->duration_over_period = peak->duration / peak->period;
}

static void take_epoch_offset(struct qn_measure *m, const struct qn_search_peak *peak)
{
    struct qn_ephemeris known;
    if (!known_ephemeris(m, &known))
        return;
    /* The candidate's transit nearest to the middle of the data. */
    double middle = 0.5 * (m->lc.time[0] + m->lc.time[m->lc.n - 1]);
    double transit = known.t0 + known.period * floor((middle - known.t0) / known.period + 0.5);
    double x = (transit - peak->t0) / peak->period;
    m->row->features.epoch_offset = fabs(x - floor(x + 0.5)) * peak->period / peak->duration;
}

static enum qn_status vet(struct qn_measure *m, const struct qn_search_peak *peak,
                          struct qn_error *err)
{
    struct qn_curve curve = curve_of(m);
    struct qn_ephemeris at = {peak->period, peak->t0, peak->duration};
    return qn_vet(&curve, m->raw, &at, &m->scratch, &m->row->features.vetting, err);
}

/* The published names for what vetting measured. */
static void take_vetting(struct qn_features *f)
{
    const struct qn_vetting *v = &f->vetting;
    f->bls_snr = v->snr;
    f->bls_depth = v->depth;
    f->odd_even_depth_diff = v->odd_even_diff;
    f->transit_symmetry = v->symmetry;
    f->periodicity_strength = v->periodicity;
    f->secondary_depth = v->secondary_depth;
    f->ingress_egress_ratio = v->ingress_egress_ratio;
    f->phase_coverage = v->phase_coverage;
    f->red_noise = v->red_noise;
}

static enum qn_status run_template(struct qn_measure *m, double low, double high,
                                   struct qn_error *err)
{
    struct qn_features *f = &m->row->features;
    struct qn_template_input input = {.time = m->lc.time,
                                      .flux = m->flux,
                                      .n = m->lc.n,
                                      .min_period = low,
                                      .max_period = high,
                                      .teff = f->teff,
                                      .logg = f->logg,
                                      .radius = f->radius,
                                      .mass = f->mass,
                                      .kepler = m->lc.scale == QN_LC_BKJD,
                                      .plain = m->settings.profile == QN_PROFILE_CLASSIC,
                                      .stop = m->input->stop,
                                      .context = m->input->context};
    struct qn_template_result result;
    if (!m->template)
        return QN_OK;
    enum qn_status status = qn_template_run(m->template, &input, &result, err);
    if (status)
        return status;
    f->tls_period = result.period;
    f->tls_depth = m->settings.profile == QN_PROFILE_CLASSIC ? result.level : 1 - result.level;
    f->tls_snr = result.snr;
    f->tls_sde = result.sde;
    f->tls_odd_even = result.odd_even;
    f->tls_t0 = result.t0;
    f->tls_duration = result.duration;
    f->tls_rp_rs = result.rp_rs;
    f->tls_fap = result.fap;
    f->tls_period_err = result.period_err;
    return QN_OK;
}

/* The published formulas on the curve as stitched. */
static enum qn_status measure_classic(struct qn_measure *m, struct qn_error *err)
{
    struct qn_features *f = &m->row->features;
    struct qn_search_peak peak;
    struct qn_classic_shape shape;
    double power;
    double period = m->input->candidate->period;
    take_moments(m, m->raw);
    if (isnan(f->input_epoch))
        f->input_epoch = m->lc.time[0];
    enum qn_status status = exact_box(m, false, &peak, &power, err);
    if (status)
        return status;
    take_box(m, &peak);
    f->bls_snr = f->bls_power = power; /* as published */
    status = qn_classic_shape(m->lc.time, m->raw, m->lc.n, peak.period, peak.t0, peak.duration,
                              f->flux_std, &m->scratch, &shape, err);
    if (status)
        return status;
    f->odd_even_depth_diff = shape.odd_even_depth_diff;
    f->transit_symmetry = shape.transit_symmetry;
    f->periodicity_strength = shape.periodicity_strength;
    f->secondary_depth = shape.secondary_depth;
    f->ingress_egress_ratio = shape.ingress_egress_ratio;
    f->phase_coverage = shape.phase_coverage;
    f->red_noise = shape.red_noise;
    status = vet(m, &peak, err);
    return status ? status : run_template(m, fmax(0.5, 0.8 * period), fmin(20, 1.2 * period), err);
}

static enum qn_status measure_robust(struct qn_measure *m, struct qn_error *err)
{
    struct qn_features *f = &m->row->features;
    struct qn_search_peak peak;
    double power;
    double period = m->input->candidate->period;
    enum qn_status status =
        m->settings.exact_grid ? exact_box(m, true, &peak, &power, err) : find_box(m, &peak, err);
    if (status)
        return status;
    take_box(m, &peak);
    take_epoch_offset(m, &peak);
    struct qn_ephemeris at = {peak.period, peak.t0, peak.duration};
    status = detrend(m, &at, err); /* once more, with its transits kept out of the trend */
    if (status)
        return status;
    weigh(m);
    take_moments(m, m->flux);
    status = vet(m, &peak, err);
    if (status)
        return status;
    take_vetting(f);
    return run_template(m, 0.8 * period, 1.2 * period, err);
}

/* ---- blind search --------------------------------------------------------------------------- */

/* Takes the transits of a signal out of the curve. */
static void remove_transits(struct qn_measure *m, const struct qn_search_peak *peak)
{
    size_t kept = 0;
    for (size_t i = 0; i < m->lc.n; i++) {
        double x = m->lc.time[i] - peak->t0;
        x -= peak->period * floor(x / peak->period + 0.5);
        if (fabs(x) < 0.75 * peak->duration)
            continue;
        m->lc.time[kept] = m->lc.time[i];
        m->lc.err[kept] = m->lc.err[i];
        m->raw[kept] = m->raw[i];
        m->flux[kept] = m->flux[i];
        kept++;
    }
    m->lc.n = kept;
}

static void begin_signal(struct qn_measure *m, struct qn_row *rows, size_t count)
{
    m->row = &rows[count];
    if (count > 0) {
        *m->row = rows[0];
        double *values = (double *)(void *)&m->row->features.vetting;
        for (size_t i = 0; i < sizeof m->row->features.vetting / sizeof *values; i++)
            values[i] = NAN;
    }
    m->row->order = (uint32_t)count + 1;
}

static enum qn_status search_once(struct qn_measure *m, double high, struct qn_error *err)
{
    struct qn_features *f = &m->row->features;
    struct qn_curve curve;
    weigh(m);
    curve = curve_of(m);
    m->shape = shape_of(m, m->settings.min_period, high);
    enum qn_status status = qn_search_run(m->search, &curve, &m->shape, &m->result, err);
    if (status || !m->result.found)
        return status;
    take_box(m, &m->result.best);
    f->bls_sde = m->result.sde;
    f->search_periods = (double)m->result.period_count;
    f->masked_events = (double)m->result.masked_count;
    f->fixed_period = 0;
    take_moments(m, m->flux);
    status = vet(m, &m->result.best, err);
    take_vetting(f);
    return status ? status : run_template(m, m->settings.min_period, high, err);
}

static enum qn_status search_blind(struct qn_measure *m, struct qn_row *rows, size_t *count,
                                   struct qn_error *err)
{
    double span = m->lc.time[m->lc.n - 1] - m->lc.time[0];
    double high = m->settings.max_period > 0 ? m->settings.max_period : 0.5 * span;
    enum qn_status status = QN_OK;
    *count = 0;
    while (!status && *count < m->settings.planets) {
        begin_signal(m, rows, *count);
        if (high < m->settings.min_period || m->lc.n < m->settings.least_points)
            break;
        status = search_once(m, high, err);
        if (status || !m->result.found || !(m->row->features.bls_snr >= m->settings.min_snr))
            break;
        if (++*count < m->settings.planets)
            remove_transits(m, &m->result.best);
    }
    if (!status && *count == 0) { /* the star gets a row that says so */
        struct qn_features blank = rows[0].features;
        rows[0].order = 0;
        snprintf(rows[0].reason, sizeof rows[0].reason,
                 "no signal above %g sigma; the strongest has %.1f", m->settings.min_snr,
                 m->result.found ? blank.bls_snr : 0);
        *count = 1;
    }
    return status;
}

/* ---- one star ------------------------------------------------------------------------------- */

/* Points ready to be searched; false when the row says why not. */
static enum qn_status prepare(struct qn_measure *m, bool *ready, struct qn_error *err)
{
    struct qn_row *row = m->row;
    struct qn_ephemeris known;
    *ready = false;
    enum qn_status status = load(m, row, err);
    if (!status && m->lc.n == 0 && row->status == QN_ROW_OK)
        status = no_data(m, row, err);
    if (status || row->status != QN_ROW_OK)
        return status;
    row->features.points = (double)m->lc.n;
    row->features.duplicates = (double)m->lc.duplicates;
    if (m->lc.n < m->settings.least_points) {
        row->status = QN_ROW_TOO_FEW_POINTS;
        snprintf(row->reason, sizeof row->reason,
                 "%zu points pass the quality mask, %zu are needed", m->lc.n,
                 m->settings.least_points);
        return QN_OK;
    }
    status = make_room(m, err);
    if (status)
        return status;
    row->features.span = m->lc.time[m->lc.n - 1] - m->lc.time[0];
    row->features.cadence = median_step(m);
    row->features.clipped = 0;
    normalise(m);
    row->features.raw_flux_std = qn_deviation(m->raw, m->lc.n, qn_mean(m->raw, m->lc.n));
    take_input(m);
    bool told = !m->settings.blind && known_ephemeris(m, &known);
    status = detrend(m, told ? &known : NULL, err);
    if (status)
        return status;
    clip(m);
    row->features.points = (double)m->lc.n;
    weigh(m);
    *ready = true;
    return QN_OK;
}

enum qn_status qn_measure_run(struct qn_measure *m, const struct qn_measure_input *input,
                              struct qn_row *rows, size_t *count, struct qn_error *err)
{
    bool ready = false;
    struct qn_error cause = {.offset = -1};
    m->input = input;
    m->row = &rows[0];
    *count = 1;
    qn_row_clear(m->row);
    m->row->index = input->candidate->row;
    qn_lc_clear(&m->lc);
    m->result = (struct qn_search_result){0};
    if (input->candidate->trouble[0]) {
        take_input(m);
        say(m->row, QN_ROW_ERROR, input->candidate->trouble);
        return QN_OK;
    }
    enum qn_status status = prepare(m, &ready, &cause);
    if (!ready && !status)
        take_input(m);
    if (ready && m->settings.blind)
        status = search_blind(m, rows, count, &cause);
    else if (ready && m->settings.profile == QN_PROFILE_CLASSIC)
        status = measure_classic(m, &cause);
    else if (ready)
        status = measure_robust(m, &cause);
    if (status && for_engine(status)) {
        if (err)
            *err = cause;
        return status;
    }
    if (status)
        say(m->row, QN_ROW_ERROR, cause.message);
    return QN_OK;
}
