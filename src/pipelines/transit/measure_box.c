/* The candidate's box: the two-stage search around its period, or astropy's grid. See
 * measure_parts.h. */
#include "pipelines/transit/measure_parts.h"

#define FINENESS         3.0 /* periods per shortest duration of drift */
#define LONGEST_PART     0.25
#define MOST_PERIODS     4000000
#define ANCHOR_SNR       5.0   /* of a signal at the candidate's own epoch */
#define ANCHOR_PART      0.002 /* how far its period may be off */
#define SHORT_OF_SPAN    1e7   /* periods that the exact grid may have */
#define PICTURED_PERIODS 20000

/* ---- the robust search ---------------------------------------------------------------------- */

struct qn_search_shape qn_measure_shape(const struct qn_measure *m, double low, double high)
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

bool qn_measure_known(const struct qn_measure *m, struct qn_ephemeris *known)
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
    struct qn_curve curve = qn_measure_curve(m);
    struct qn_ephemeris known;
    bool told = qn_measure_known(m, &known);
    double middle = 0.5 * (m->lc.time[0] + m->lc.time[m->lc.n - 1]);
    double reach = told ? fmax(3 * known.duration, 0.02 * known.period) : 0.5 * known.period;
    m->row->features.fixed_period = 1;
    return qn_search_fixed(m->search, &curve, &m->shape, known.period, told ? known.t0 : middle,
                           reach, peak, err);
}

double qn_measure_distance(const struct qn_measure *m, const struct qn_ephemeris *known,
                           const struct qn_search_peak *peak)
{
    double middle = 0.5 * (m->lc.time[0] + m->lc.time[m->lc.n - 1]);
    double transit = middle - qn_measure_since(middle, known->t0, known->period);
    return fabs(qn_measure_since(transit, peak->t0, peak->period));
}

/* Where the strongest signal is not at the candidate's epoch, but there is one: takes that. */
static enum qn_status anchor(struct qn_measure *m, const struct qn_curve *curve,
                             struct qn_search_peak *peak, struct qn_error *err)
{
    struct qn_ephemeris known;
    struct qn_search_peak near;
    m->row->features.anchored = 0;
    if (!qn_measure_known(m, &known) ||
        qn_measure_distance(m, &known, peak) < fmax(3 * known.duration, 0.02 * known.period))
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

enum qn_status qn_measure_find_box(struct qn_measure *m, struct qn_search_peak *peak,
                                   struct qn_error *err)
{
    double period = m->input->candidate->period;
    double span = m->lc.time[m->lc.n - 1] - m->lc.time[0];
    struct qn_curve curve = qn_measure_curve(m);
    m->shape = qn_measure_shape(m, 0.8 * period, 1.2 * period);
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

enum qn_status qn_measure_around(struct qn_measure *m, double min_period, double max_period,
                                 struct qn_error *err)
{
    struct qn_curve curve = qn_measure_curve(m);
    double span = m->lc.time[m->lc.n - 1] - m->lc.time[0];
    double high = fmin(max_period, span);
    if (high < 1.1 * min_period)
        return QN_OK;
    m->shape = qn_measure_shape(m, min_period, high);
    m->shape.most_periods = PICTURED_PERIODS;
    return qn_search_run(m->search, &curve, &m->shape, &m->result, err);
}

/* ---- astropy's grid ------------------------------------------------------------------------- */

/* The published search: periods within a fifth of the candidate's, held to 0.5 and 20 days. */
enum qn_status qn_measure_exact_box(struct qn_measure *m, bool weighted,
                                    struct qn_search_peak *peak, double *power,
                                    struct qn_error *err)
{
    const struct qn_settings *s = &m->settings;
    double period = m->input->candidate->period;
    bool classic = s->profile == QN_PROFILE_CLASSIC;
    struct qn_curve curve = qn_measure_curve(m);
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
