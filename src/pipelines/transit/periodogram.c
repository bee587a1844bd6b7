/* `quern transit periodogram`: one light curve, its periodogram on standard output. It shows what
 * the searches see, and lets other programs check it. */
#include "base/sys.h"
#include "compute/bls_search.h"
#include "compute/tls.h"
#include "format/text/delimited.h"
#include "pipelines/transit/one_curve.h"
#include "pipelines/transit/verbs.h"

#include <stdio.h>
#include <string.h>

const struct qn_option qn_periodogram_options[] = {
    {"method", QN_OPT_CHOICE, "bls|search|tls|tls-fast", "bls",
     "astropy's BLS, the fast search, or transit least squares"},
    {"min-period", QN_OPT_REAL, "DAYS", NULL, "shortest period"},
    {"max-period", QN_OPT_REAL, "DAYS", NULL, "longest period"},
    {"periods", QN_OPT_LIST, "DAYS,...", NULL, "bls: these periods instead of a grid"},
    {"durations", QN_OPT_LIST, "DAYS,...", NULL,
     "durations of boxes (default .05,.1,.15,.2,.25,.33)"},
    {"oversample", QN_OPT_INT, "N", "10", "bls: bins per shortest duration"},
    {"objective", QN_OPT_CHOICE, "likelihood|snr", "likelihood", "bls: what is greatest"},
    {"frequency-factor", QN_OPT_REAL, "X", "1", "bls: step of frequency, as astropy has it"},
    {"template", QN_OPT_CHOICE, "default|grazing|box", "default", "tls: the shape of transits"},
    {"oversampling", QN_OPT_REAL, "X", "3", "tls: of the grid of periods"},
    {"duration-step", QN_OPT_REAL, "X", "1.1", "tls: ratio of trial durations"},
    {"t0-margin", QN_OPT_REAL, "X", "0.01", "tls: step of epochs in durations"},
    {"depth-min", QN_OPT_REAL, "X", "0.00001", "tls: shallowest transit"},
    {"summary", QN_OPT_FLAG, NULL, NULL, "only the best period and what is known of it, as JSON"},
    QN_ONE_CURVE_OPTIONS,
    {0}};

/* ---- options -------------------------------------------------------------------------------- */

static enum qn_status numbers(const struct qn_options *options, const char *name,
                              struct qn_buf *out, size_t *count, struct qn_error *err)
{
    *count = qn_option_count(options, name);
    for (size_t i = 0; i < *count; i++) {
        double value;
        if (!qn_delimited_number(qn_option_item(options, name, i), &value) || value <= 0)
            return qn_fail(err, QN_ERR_USAGE, "--%s: '%s' is no number above 0.", name,
                           qn_option_item(options, name, i));
        qn_buf_append(out, &value, sizeof value);
    }
    return out->failed ? qn_fail_memory(err, name, out->len) : QN_OK;
}

/* --durations, or those that lightkurve has by default. */
static enum qn_status durations_of(const struct qn_options *options, struct qn_buf *out,
                                   size_t *count, struct qn_error *err)
{
    enum qn_status status = numbers(options, "durations", out, count, err);
    if (status || *count > 0)
        return status;
    *count = sizeof qn_default_durations / sizeof *qn_default_durations;
    qn_buf_append(out, qn_default_durations, sizeof qn_default_durations);
    return out->failed ? qn_fail_memory(err, "the durations", out->len) : QN_OK;
}

static double span_of(const struct qn_one *one)
{
    double low = INFINITY;
    double high = -INFINITY;
    for (size_t i = 0; i < one->lc.n; i++) {
        low = fmin(low, one->lc.time[i]);
        high = fmax(high, one->lc.time[i]);
    }
    return one->lc.n > 0 ? high - low : 0;
}

/* ---- box least squares ---------------------------------------------------------------------- */

struct boxes {
    struct qn_bls_shape shape;
    struct qn_buf durations;
    struct qn_buf periods;
    struct qn_buf results;
    struct qn_buf scratch;
    struct qn_buf tables;
};

static enum qn_status lay_grid(const struct qn_one *one, const struct qn_options *options,
                               struct boxes *b, size_t *count, struct qn_error *err)
{
    enum qn_status status = numbers(options, "periods", &b->periods, count, err);
    if (status || *count > 0)
        return status;
    const double *d = b->shape.durations;
    double shortest = d[0];
    double longest = d[0];
    for (size_t k = 1; k < b->shape.duration_count; k++) {
        shortest = fmin(shortest, d[k]);
        longest = fmax(longest, d[k]);
    }
    double low = qn_option_real(options, "min-period");
    double high = qn_option_real(options, "max-period");
    double span = span_of(one);
    struct qn_bls_grid grid =
        qn_bls_autoperiod(span, shortest, qn_option_real(options, "frequency-factor"),
                          low > 0 ? low : 2 * longest, high > 0 ? high : span / 2);
    *count = grid.count;
    if (*count == 0 || *count > 50000000)
        return qn_fail(err, QN_ERR_USAGE, "the grid would have %zu periods. Give other limits.",
                       *count);
    for (size_t i = 0; i < *count; i++) {
        double period = qn_bls_grid_period(&grid, i);
        qn_buf_append(&b->periods, &period, sizeof period);
    }
    return b->periods.failed ? qn_fail_memory(err, "the periods", *count * 8) : QN_OK;
}

/* Adds counts and likelihoods of every transit. */
static enum qn_status add_transits(const struct qn_one *one, const struct qn_bls_result *r,
                                   size_t n, json_t *object, struct qn_error *err)
{
    struct qn_bls_stats s;
    struct qn_buf memory = {0};
    double *likelihoods = (double *)(void *)qn_buf_reserve(&memory, (n + 1) * 2 * sizeof(double));
    if (!likelihoods)
        return qn_fail_memory(err, "the transits", n * 16);
    uint64_t *counts = (uint64_t *)(void *)(likelihoods + n + 1);
    qn_bls_stats(&one->curve, r->period, r->duration, r->transit_time, &s, counts, likelihoods, n);
    json_t *count_list = json_array();
    json_t *likelihood_list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(count_list, json_integer((json_int_t)counts[i]));
        json_array_append_new(likelihood_list, qn_one_real(likelihoods[i]));
    }
    json_object_set_new(object, "per_transit_count", count_list);
    json_object_set_new(object, "per_transit_log_likelihood", likelihood_list);
    qn_buf_release(&memory);
    return QN_OK;
}

static enum qn_status box_summary(const struct qn_one *one, const struct qn_bls_result *r,
                                  size_t periods, struct qn_error *err)
{
    struct qn_bls_stats s;
    qn_bls_stats(&one->curve, r->period, r->duration, r->transit_time, &s, NULL, NULL, 0);
    const struct qn_named values[] = {
        {"periods", (double)periods},
        {"period", r->period},
        {"power", r->power},
        {"depth", r->depth},
        {"depth_err", r->depth_err},
        {"duration", r->duration},
        {"transit_time", r->transit_time},
        {"depth_snr", r->depth_snr},
        {"log_likelihood", r->log_likelihood},
        {"stats_depth", s.depth.depth},
        {"stats_depth_err", s.depth.error},
        {"depth_odd", s.odd.depth},
        {"depth_odd_err", s.odd.error},
        {"depth_even", s.even.depth},
        {"depth_even_err", s.even.error},
        {"depth_half", s.half.depth},
        {"depth_half_err", s.half.error},
        {"depth_phased", s.phased.depth},
        {"depth_phased_err", s.phased.error},
        {"harmonic_amplitude", s.harmonic_amplitude},
        {"harmonic_delta_log_likelihood", s.harmonic_delta_log_likelihood},
        {"first_transit", s.first_transit},
    };
    json_t *object = qn_one_object(values, sizeof values / sizeof *values);
    enum qn_status status = add_transits(one, r, s.transit_count, object, err);
    if (!status)
        return qn_one_print(object, err);
    json_decref(object);
    return status;
}

static enum qn_status print_boxes(const struct qn_one *one, const struct qn_options *options,
                                  const struct qn_bls_result *r, size_t count, struct qn_error *err)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        if (r[i].power > r[best].power)
            best = i;
    if (qn_option_flag(options, "summary"))
        return box_summary(one, &r[best], count, err);
    fprintf(stdout,
            "period,power,depth,depth_err,duration,transit_time,depth_snr,log_likelihood\n");
    for (size_t i = 0; i < count; i++)
        fprintf(stdout, "%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g\n", r[i].period,
                r[i].power, r[i].depth, r[i].depth_err, r[i].duration, r[i].transit_time,
                r[i].depth_snr, r[i].log_likelihood);
    return QN_OK;
}

/* Tries `count` periods of b->periods and prints what is asked for. */
static enum qn_status try_boxes(const struct qn_one *one, const struct qn_options *options,
                                struct boxes *b, size_t count, struct qn_error *err)
{
    struct qn_bls_data data;
    const double *periods = (const double *)(const void *)b->periods.data;
    struct qn_bls_result *results =
        (struct qn_bls_result *)(void *)qn_buf_reserve(&b->results, count * sizeof *results);
    if (!results)
        return qn_fail_memory(err, "the periodogram", count * sizeof *results);
    enum qn_status status = qn_bls_prepare(&one->curve, &b->scratch, &data, err);
    if (!status)
        status = qn_bls_power(&data, &b->shape, periods, count, &b->tables, results, err);
    return status ? status : print_boxes(one, options, results, count, err);
}

static enum qn_status run_boxes(const struct qn_one *one, const struct qn_options *options,
                                struct qn_error *err)
{
    struct boxes b = {0};
    size_t count = 0;
    int64_t oversample = qn_option_int(options, "oversample");
    enum qn_status status = durations_of(options, &b.durations, &b.shape.duration_count, err);
    b.shape.durations = (const double *)(const void *)b.durations.data;
    b.shape.oversample = oversample < 1 || oversample > 1000 ? 0 : (int)oversample;
    b.shape.objective =
        strcmp(qn_option_string(options, "objective"), "snr") ? QN_BLS_LIKELIHOOD : QN_BLS_SNR;
    if (!status)
        status = lay_grid(one, options, &b, &count, err);
    if (!status)
        status = try_boxes(one, options, &b, count, err);
    struct qn_buf *buffers[] = {&b.durations, &b.periods, &b.results, &b.scratch, &b.tables};
    for (size_t i = 0; i < 5; i++)
        qn_buf_release(buffers[i]);
    return status;
}

/* ---- the fast search ------------------------------------------------------------------------ */

static enum qn_status print_search(const struct qn_options *options,
                                   const struct qn_search_shape *shape,
                                   const struct qn_search_result *r, struct qn_error *err)
{
    if (qn_option_flag(options, "summary")) {
        const struct qn_named values[] = {{"periods", (double)r->period_count},
                                          {"period", r->found ? r->best.period : NAN},
                                          {"t0", r->best.t0},
                                          {"duration", r->best.duration},
                                          {"depth", r->best.depth},
                                          {"depth_err", r->best.depth_err},
                                          {"delta_chi2", r->best.delta_chi2},
                                          {"events", (double)r->best.events},
                                          {"masked", (double)r->masked_count},
                                          {"sde", r->sde}};
        return qn_one_print(qn_one_object(values, sizeof values / sizeof *values), err);
    }
    fprintf(stdout, "period,delta_chi2\n");
    for (size_t i = 0; i < r->period_count; i++)
        fprintf(stdout, "%.12g,%.7g\n", shape->min_period * exp(log(r->ratio) * (double)i),
                (double)r->power[i]);
    return QN_OK;
}

static enum qn_status run_search(const struct qn_one *one, const struct qn_options *options,
                                 struct qn_error *err)
{
    struct qn_buf durations = {0};
    struct qn_search *search = NULL;
    struct qn_search_result result;
    double low = qn_option_real(options, "min-period");
    double high = qn_option_real(options, "max-period");
    struct qn_search_shape shape = {.longest_fraction = 0.25,
                                    .min_period = low > 0 ? low : 0.5,
                                    .max_period = high > 0 ? high : span_of(one) / 2,
                                    .fineness = 3,
                                    .most_periods = 10000000,
                                    .min_events = 2,
                                    .mask_events = true};
    enum qn_status status = durations_of(options, &durations, &shape.duration_count, err);
    shape.durations = (const double *)(const void *)durations.data;
    if (!status)
        status = qn_search_new(&search, err);
    if (!status)
        status = qn_search_run(search, &one->curve, &shape, &result, err);
    if (!status)
        status = print_search(options, &shape, &result, err);
    qn_search_free(search);
    qn_buf_release(&durations);
    return status;
}

/* ---- transit least squares ------------------------------------------------------------------ */

/* Adds lists of what is known of each transit. */
static enum qn_status add_template_transits(struct qn_tls *tls, const struct qn_tls_result *r,
                                            json_t *object, struct qn_error *err)
{
    enum { COUNT, TIME, FLUX, FLUX_ERR, SNR, SNR_PINK, LISTS };
    static const char *const names[LISTS] = {"per_transit_count", "transit_times",
                                             "transit_depths",    "transit_depths_uncertainties",
                                             "snr_per_transit",   "snr_pink_per_transit"};
    struct qn_buf memory = {0};
    struct qn_tls_transit *each =
        (struct qn_tls_transit *)(void *)qn_buf_reserve(&memory, (r->transits + 1) * sizeof *each);
    if (!each)
        return qn_fail_memory(err, "the transits", r->transits * sizeof *each);
    qn_tls_transits(tls, r, each);
    for (int k = 0; k < LISTS; k++) {
        json_t *list = json_array();
        for (size_t i = 0; i < r->transits; i++) {
            const double values[LISTS] = {
                [TIME] = each[i].time, [FLUX] = each[i].flux,         [FLUX_ERR] = each[i].flux_err,
                [SNR] = each[i].snr,   [SNR_PINK] = each[i].snr_pink,
            };
            json_array_append_new(list, k == COUNT ? json_integer((json_int_t)each[i].points)
                                                   : qn_one_real(values[k]));
        }
        json_object_set_new(object, names[k], list);
    }
    qn_buf_release(&memory);
    return QN_OK;
}

static enum qn_status template_summary(struct qn_tls *tls, const struct qn_tls_result *r,
                                       struct qn_error *err)
{
    size_t low = r->period_count > 0 ? r->period_count - 1 : 0;
    double most = -INFINITY, least = INFINITY, raw_most = -INFINITY, raw_least = INFINITY;
    for (size_t i = 0; i < r->period_count; i++) {
        most = fmax(most, r->power[i]);
        least = fmin(least, r->power[i]);
        raw_most = fmax(raw_most, r->power_raw[i]);
        raw_least = fmin(raw_least, r->power_raw[i]);
    }
    const struct qn_named values[] = {
        {"periods", (double)r->period_count},
        {"period_min", r->periods[0]},
        {"period_max", r->periods[low]},
        {"power_max", most},
        {"power_min", least},
        {"power_raw_max", raw_most},
        {"power_raw_min", raw_least},
        {"SDE", r->sde},
        {"SDE_raw", r->sde_raw},
        {"chi2_min", r->chi2_min},
        {"chi2red_min", r->chi2red_min},
        {"period", r->period},
        {"period_uncertainty", r->period_err},
        {"T0", r->t0},
        {"duration", r->duration},
        {"depth", r->depth},
        {"depth_mean", r->depth_mean},
        {"depth_mean_odd", r->depth_odd},
        {"depth_mean_even", r->depth_even},
        {"odd_even_mismatch", r->odd_even},
        {"rp_rs", r->rp_rs},
        {"snr", r->snr},
        {"FAP", r->fap},
        {"transit_count", (double)r->transits},
        {"distinct_transit_count", (double)r->distinct_transits},
        {"empty_transit_count", (double)(r->transits - r->distinct_transits)}};
    json_t *object = qn_one_object(values, sizeof values / sizeof *values);
    enum qn_status status = add_template_transits(tls, r, object, err);
    if (!status)
        return qn_one_print(object, err);
    json_decref(object);
    return status;
}

static enum qn_status run_template(const struct qn_one *one, const struct qn_options *options,
                                   bool fast, struct qn_error *err)
{
    struct qn_tls_shape shape = qn_tls_default;
    struct qn_tls_result result;
    struct qn_tls *tls = NULL;
    const char *name = qn_option_string(options, "template");
    shape.method = fast ? QN_TLS_METHOD_FAST : QN_TLS_METHOD_EXACT;
    shape.min_period = qn_option_real(options, "min-period");
    shape.max_period = qn_option_real(options, "max-period");
    shape.oversampling = qn_option_real(options, "oversampling");
    shape.duration_step = qn_option_real(options, "duration-step");
    shape.t0_margin = fmax(0, fmin(0.1, qn_option_real(options, "t0-margin")));
    shape.depth_min = qn_option_real(options, "depth-min");
    shape.orbit = !strcmp(name, "grazing") ? qn_tls_orbit_grazing
                  : !strcmp(name, "box")   ? qn_tls_orbit_box
                                           : qn_tls_orbit;
    bool errors = qn_option_flag(options, "errors");
    if (errors && fast)
        return qn_fail(err, QN_ERR_USAGE,
                       "--method tls-fast gives all points the same weight: leave --errors out or "
                       "use --method tls.");
    if (!(shape.oversampling >= 1 && shape.duration_step > 1.001))
        return qn_fail(err, QN_ERR_USAGE,
                       "--oversampling has to be at least 1 and --duration-step above 1.001.");
    struct qn_tls_points points = {one->lc.n, one->lc.time, one->lc.flux,
                                   errors ? one->lc.err : NULL};
    enum qn_status status = qn_tls_new(&tls, err);
    if (!status)
        status = qn_tls_run(tls, &points, &shape, &result, err);
    if (!status && qn_option_flag(options, "summary")) {
        status = template_summary(tls, &result, err);
    } else if (!status) {
        fprintf(stdout, "period,chi2,power_raw,power\n");
        for (size_t i = 0; i < result.period_count; i++)
            fprintf(stdout, "%.17g,%.17g,%.17g,%.17g\n", result.periods[i], result.chi2[i],
                    result.power_raw[i], result.power[i]);
    }
    qn_tls_free(tls);
    return status;
}

enum qn_status qn_transit_periodogram(const struct qn_options *options, struct qn_error *err)
{
    struct qn_one one = {0};
    const char *method = qn_option_string(options, "method");
    enum qn_status status = qn_one_open(&one, options, strcmp(method, "bls") != 0, err);
    if (!status && !strcmp(method, "bls"))
        status = run_boxes(&one, options, err);
    else if (!status && !strcmp(method, "search"))
        status = run_search(&one, options, err);
    else if (!status)
        status = run_template(&one, options, !strcmp(method, "tls-fast"), err);
    qn_one_release(&one);
    return status;
}
