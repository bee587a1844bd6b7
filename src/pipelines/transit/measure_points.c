/* From the files of a star to points that can be searched: see measure_parts.h. */
#include "pipelines/transit/measure_parts.h"

#include "compute/detrend.h"
#include "compute/random.h"
#include "compute/robust.h"

#include <stdio.h>
#include <string.h>

/* ---- rows that say why ---------------------------------------------------------------------- */

void qn_measure_say(struct qn_row *row, enum qn_row_status status, const char *reason)
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

bool qn_measure_for_engine(enum qn_status status)
{
    return status == QN_ERR_CANCELLED || status == QN_ERR_MEMORY || status == QN_ERR_TRANSIENT ||
           status == QN_ERR_CHANGED;
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
    for (size_t i = 0; i < input->file_count; i++) {
        const char *path = input->files[i].path;
        enum qn_status status = qn_lc_file_check(&input->files[i], &cause);
        if (!status)
            status = qn_lc_add_file(&m->lc, path, &m->settings.curve, &input->candidate->target,
                                    &m->file, &cause);
        if (status && qn_measure_for_engine(status)) {
            if (err)
                *err = cause;
            return status;
        }
        if (!status) {
            name_file(row, path);
        } else if (failed++ == 0) {
            qn_measure_say(row, row_status(status), cause.message);
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

/* What the original tool invented, for those who ask for it: 1000 points in 27.4 days. */
static enum qn_status invent(struct qn_measure *m, struct qn_row *row, struct qn_error *err)
{
    enum { POINTS = 1000 };
    const struct qn_candidate *c = m->input->candidate;
    enum qn_status status = qn_lc_reserve(&m->lc, POINTS, err);
    if (status)
        return status;
    struct qn_random random = {.key = qn_random_mix(c->row)};
    for (size_t i = 0; i < POINTS; i++) {
        double time = 27.4 * (double)i / (POINTS - 1);
        double phase = fmod(time - c->duration + c->period, c->period);
        bool in = phase < 0.5 * c->duration || phase > c->period - 0.5 * c->duration;
        m->lc.time[i] = time;
        m->lc.flux[i] = 1 + 1e-3 * qn_random_normal(&random) - (in ? c->depth : 0);
        m->lc.err[i] = NAN;
    }
    m->lc.n = m->lc.rows = POINTS;
    row->synthetic = 1;
    row->features.rows_read = POINTS;
    qn_measure_say(row, QN_ROW_OK,
                   "synthetic: made of the candidate's own period, depth and duration");
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

#define USUAL_WINDOW 1.0 /* days */
#define WIDE_WINDOW  3.0
#define PIECE        0.5 /* longer than transits, shorter than windows */

static enum qn_status detrend_in(struct qn_measure *m, double window,
                                 const struct qn_ephemeris *known, struct qn_error *err)
{
    size_t n = m->lc.n;
    bool *skip = known ? m->marks : NULL;
    for (size_t i = 0; known && i < n; i++) {
        double x = qn_measure_since(m->lc.time[i], known->t0, known->period);
        skip[i] = fabs(x) < 0.75 * known->duration;
    }
    enum qn_status status =
        qn_biweight_trend(m->lc.time, m->raw, skip, n, window, m->spare, &m->scratch, err);
    for (size_t i = 0; !status && i < n; i++)
        m->flux[i] = m->spare[i] > 0 ? m->raw[i] / m->spare[i] : m->raw[i];
    return status;
}

enum qn_status qn_measure_detrend(struct qn_measure *m, const struct qn_ephemeris *known,
                                  struct qn_error *err)
{
    double usual = fmax(USUAL_WINDOW, known ? 3 * known->duration : 0);
    if (!m->settings.detrend)
        return QN_OK;
    return detrend_in(m, m->settings.window > 0 ? m->settings.window : usual, known, err);
}

/* Whether medians of pieces of the flux scatter by more than the white noise of its points, whose
 * variance is that of differences, half. (A median's is pi / 2 times that of a mean.) */
static bool wanders(struct qn_measure *m)
{
    enum { FEWEST = 8 };
    size_t n = m->lc.n;
    double excess = 0;
    size_t pieces = 0;
    for (size_t i = 0; i + 1 < n; i++)
        m->spare[i] = m->flux[i + 1] - m->flux[i];
    double sigma = QN_MAD_SIGMA * qn_mad(m->spare, n - 1, 0) / sqrt(2);
    for (size_t i = 0, end = 0; i < n; i = end) {
        end = i + 1;
        while (end < n && m->lc.time[end] < m->lc.time[i] + PIECE)
            end++;
        size_t points = end - i;
        if (points < FEWEST)
            continue;
        memcpy(m->spare, m->flux + i, points * sizeof *m->spare);
        double away = (qn_median(m->spare, points) - 1) / sigma;
        excess += away * away * (double)points / (M_PI / 2);
        pieces++;
    }
    return excess > 1.5 * (double)pieces;
}

/* Without a known transit: a narrow window takes part of every transit with the trend (a tenth of a
 * day in one day: a tenth), so it is only used on a flux that wanders in a wide one. */
static enum qn_status detrend_blindly(struct qn_measure *m, struct qn_error *err)
{
    if (m->settings.window > 0 || !m->settings.detrend)
        return qn_measure_detrend(m, NULL, err);
    enum qn_status status = detrend_in(m, WIDE_WINDOW, NULL, err);
    return status || !wanders(m) ? status : detrend_in(m, USUAL_WINDOW, NULL, err);
}

void qn_measure_drop_marked(struct qn_measure *m)
{
    size_t kept = 0;
    for (size_t i = 0; i < m->lc.n; i++) {
        if (m->marks[i])
            continue;
        m->lc.time[kept] = m->lc.time[i];
        m->lc.err[kept] = m->lc.err[i];
        m->raw[kept] = m->raw[i];
        m->flux[kept] = m->flux[i];
        kept++;
    }
    m->lc.n = kept;
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
    qn_measure_drop_marked(m);
    m->row->features.clipped = (double)dropped;
}

void qn_measure_weigh(struct qn_measure *m)
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

struct qn_curve qn_measure_curve(const struct qn_measure *m)
{
    return (struct qn_curve){m->lc.n, m->lc.time, m->flux, m->weight};
}

/* ---- all of it ------------------------------------------------------------------------------ */

void qn_measure_input(struct qn_measure *m)
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

enum qn_status qn_measure_prepare(struct qn_measure *m, bool *ready, struct qn_error *err)
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
    qn_measure_input(m);
    bool told = !m->settings.blind && qn_measure_known(m, &known);
    status = m->settings.blind ? detrend_blindly(m, err)
                               : qn_measure_detrend(m, told ? &known : NULL, err);
    if (status)
        return status;
    clip(m);
    row->features.points = (double)m->lc.n;
    qn_measure_weigh(m);
    *ready = true;
    return QN_OK;
}
