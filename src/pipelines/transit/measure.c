/* Measuring one star: see measure.h. Reading and cleaning is in measure_points.c, the candidate's
 * box in measure_box.c; here are the features and the blind search. */
#include "pipelines/transit/measure_parts.h"

#include "base/sys.h"
#include "compute/transit_classic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- features ------------------------------------------------------------------------------- */

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
    if (!qn_measure_known(m, &known))
        return;
    m->row->features.epoch_offset = qn_measure_distance(m, &known, peak) / peak->duration;
}

static enum qn_status vet(struct qn_measure *m, const struct qn_search_peak *peak,
                          struct qn_error *err)
{
    struct qn_curve curve = qn_measure_curve(m);
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
    enum qn_status status = qn_measure_exact_box(m, false, &peak, &power, err);
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
    enum qn_status status = m->settings.exact_grid
                                ? qn_measure_exact_box(m, true, &peak, &power, err)
                                : qn_measure_find_box(m, &peak, err);
    if (status)
        return status;
    take_box(m, &peak);
    take_epoch_offset(m, &peak);
    struct qn_ephemeris at = {peak.period, peak.t0, peak.duration};
    status =
        qn_measure_detrend(m, &at, err); /* once more, with its transits kept out of the trend */
    if (status)
        return status;
    qn_measure_weigh(m);
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
    for (size_t i = 0; i < m->lc.n; i++) {
        double x = qn_measure_since(m->lc.time[i], peak->t0, peak->period);
        m->marks[i] = fabs(x) < 0.75 * peak->duration;
    }
    qn_measure_drop_marked(m);
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
    qn_measure_weigh(m);
    curve = qn_measure_curve(m);
    m->shape = qn_measure_shape(m, m->settings.min_period, high);
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
        qn_measure_input(m);
        qn_measure_say(m->row, QN_ROW_ERROR, input->candidate->trouble);
        return QN_OK;
    }
    enum qn_status status = qn_measure_prepare(m, &ready, &cause);
    if (!ready && !status)
        qn_measure_input(m);
    if (ready && m->settings.blind)
        status = search_blind(m, rows, count, &cause);
    else if (ready && m->settings.profile == QN_PROFILE_CLASSIC)
        status = measure_classic(m, &cause);
    else if (ready)
        status = measure_robust(m, &cause);
    if (status && qn_measure_for_engine(status)) {
        if (err)
            *err = cause;
        return status;
    }
    if (status)
        qn_measure_say(m->row, QN_ROW_ERROR, cause.message);
    return QN_OK;
}
