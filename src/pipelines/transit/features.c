/* The columns of the result: see features.h. The help texts are what docs/transit.md and the key
 * values of features.parquet say. */
#include "pipelines/transit/features.h"

#include <stddef.h>
#include <string.h>

static const char *const status_names[QN_ROW_STATUSES] = {
    "ok", "no_data", "corrupt_file", "too_few_points", "timeout", "out_of_memory", "error"};

const char *qn_row_status_name(enum qn_row_status status)
{
    return status < QN_ROW_STATUSES ? status_names[status] : "error";
}

#define F(name, unit, help)                                                                        \
    {                                                                                              \
#name, offsetof(struct qn_features, name), false, unit, help                               \
    }
#define N(name, help)                                                                              \
    {                                                                                              \
#name, offsetof(struct qn_features, name), true, "", help                                  \
    }
#define V(name, unit, help)                                                                        \
    {                                                                                              \
#name, offsetof(struct qn_features, vetting.name), false, unit, help                       \
    }
#define W(name, help)                                                                              \
    {                                                                                              \
#name, offsetof(struct qn_features, vetting.name), true, "", help                          \
    }

const struct qn_feature qn_feature_table[] = {
    F(input_period, "d", "period of the candidate"),
    F(input_depth, "", "depth of the candidate, relative flux"),
    F(input_duration, "d", "duration of the candidate"),
    F(input_epoch, "d", "epoch of the candidate on the scale of the light curve"),
    F(flux_std, "", "standard deviation of the relative flux"),
    F(flux_mad, "", "median absolute deviation of the relative flux"),
    F(flux_skewness, "", "skewness of the relative flux"),
    F(flux_kurtosis, "", "excess kurtosis of the relative flux"),
    F(bls_period, "d", "period of the best box"),
    F(bls_t0, "d", "middle of its first transit"),
    F(bls_duration, "d", "its duration"),
    F(bls_depth, "", "its depth, relative flux"),
    F(bls_snr, "", "depth over its error by the noise of the points"),
    F(bls_power, "", "drop of chi^2 against a constant"),
    F(tls_period, "d", "period of the best transit template"),
    F(tls_depth, "", "its depth, relative flux"),
    F(tls_snr, "", "its signal-to-noise ratio"),
    F(tls_sde, "", "its signal detection efficiency"),
    F(tls_odd_even, "", "difference of odd and even depths over their errors"),
    F(duration_over_period, "", "duration of the box over its period"),
    F(odd_even_depth_diff, "", "|mean depth of odd transits - of even ones|"),
    F(transit_symmetry, "", "second half of the transit less the first, over the error"),
    F(periodicity_strength, "",
      "scatter of 20 bins of phase outside transits over that of a point"),
    F(secondary_depth, "", "depth of the strongest box outside transits"),
    F(ingress_egress_ratio, "", "ingress over egress of the fitted trapezoid"),
    F(phase_coverage, "", "part of 50 bins of phase that hold points"),
    F(red_noise, "", "noise of a mean over one duration beyond white noise"),

    N(points, "points used"),
    N(rows_read, "rows of the files used"),
    N(file_count, "files used"),
    N(files_failed, "files of this star that could not be used"),
    N(duplicates, "points dropped because another file has one at their time"),
    N(clipped, "outliers dropped"),
    F(span, "d", "last less first time"),
    F(cadence, "d", "median step of time"),
    F(raw_flux_std, "", "standard deviation before detrending and clipping"),
    F(bls_sde, "", "signal detection efficiency of the best box"),
    F(bls_delta_chi2, "", "drop of chi^2, refined with all points"),
    N(search_periods, "periods tried"),
    N(masked_events, "lone deep events masked in the search"),
    N(fixed_period, "1: the data do not tell the period, the candidate's was kept"),
    N(anchored, "1: measured at the candidate's epoch, though another signal nearby is stronger"),
    F(epoch_offset, "", "distance of transits from the candidate's, in durations"),
    F(tls_t0, "d", "middle of the first transit by the template"),
    F(tls_duration, "d", "duration by the template"),
    F(tls_rp_rs, "", "ratio of radii by the template"),
    F(tls_fap, "", "false alarm probability of tls_sde in white noise"),
    F(tls_period_err, "d", "half the width of the peak at half its height"),
    F(teff, "K", "effective temperature of the star, table or header"),
    F(logg, "", "surface gravity of the star"),
    F(radius, "Rsun", "radius of the star"),
    F(mass, "Msun", "mass of the star"),

    V(depth, "", "mean depth of the transits"),
    V(depth_err, "", "its error by white noise"),
    V(period_err, "d", "error of the period"),
    V(t0_err, "d", "error of the middle of transit"),
    V(duration_err, "d", "error of the duration"),
    W(events, "transits with points"),
    W(expected, "transits within the span"),
    W(points_in, "points inside transits"),
    V(white_noise, "", "robust scatter of a point outside transits"),
    V(mes, "", "multiple event statistic: depth over white and red noise"),
    V(ses_max, "", "single event statistic of the strongest transit"),
    V(ses_median, "", "median of the single event statistics"),
    V(chi, "", "MES over the root of the reduced chi^2 of the depths"),
    V(depth_mean_median, "", "mean over median of the depths of transits"),
    V(max_event_part, "", "part of the strongest transit in all"),
    V(shape, "", "highest over range of the box at all phases: .5 for waves"),
    V(chases, "", "distance of other events as strong, in tenths of the period"),
    V(odd_even_sigma, "", "odd_even_depth_diff over its error"),
    V(depth_odd, "", "mean depth of odd transits"),
    V(depth_even, "", "mean depth of even transits"),
    V(secondary_sigma, "", "significance of the strongest box outside transits"),
    V(secondary_phase, "", "its phase"),
    V(half_depth, "", "depth half a period after transit"),
    V(half_sigma, "", "its significance"),
    V(positive_sigma, "", "significance of the strongest brightening"),
    V(false_alarm_1, "", "threshold for one false alarm in 20,000 stars, sigma"),
    V(false_alarm_2, "", "threshold for one false alarm in this star, sigma"),
    V(fred, "", "scatter of boxes at all phases over white noise"),
    V(trapezoid_depth, "", "depth of the fitted trapezoid"),
    V(trapezoid_duration, "d", "its duration, first to last contact"),
    V(ingress, "d", "its ingress"),
    V(egress, "d", "its egress"),
    V(trapezoid_chi2, "", "reduced chi^2 of the trapezoid"),
    V(v_shape, "", "ingress and egress over duration: 1 for a V"),
    V(sweet_half, "", "sine at half the period outside transits, amplitude over error"),
    V(sweet_period, "", "the same at the period"),
    V(sweet_double, "", "the same at twice the period"),
    V(transit_coverage, "", "part of 10 bins across transit that hold points"),
};

const size_t qn_feature_count = sizeof qn_feature_table / sizeof *qn_feature_table;

void qn_row_clear(struct qn_row *row)
{
    double *values = (double *)(void *)&row->features;
    memset(row, 0, sizeof *row);
    for (size_t i = 0; i < sizeof row->features / sizeof *values; i++)
        values[i] = NAN;
}

void qn_row_encode(const struct qn_row *row, struct qn_buf *buf)
{
    const double *values = (const double *)(const void *)&row->features;
    qn_buf_u64(buf, row->index);
    qn_buf_u32(buf, row->order);
    qn_buf_u32(buf, row->status);
    qn_buf_u32(buf, row->scale);
    qn_buf_u32(buf, row->synthetic);
    qn_buf_text(buf, row->product);
    qn_buf_text(buf, row->files);
    qn_buf_text(buf, row->reason);
    for (size_t i = 0; i < sizeof row->features / sizeof *values; i++)
        qn_buf_real(buf, isnan(values[i]) ? NAN : values[i]); /* one NaN, of one sign */
}

bool qn_row_decode(struct qn_cursor *cursor, struct qn_row *row)
{
    double *values = (double *)(void *)&row->features;
    row->index = qn_cursor_u64(cursor);
    row->order = qn_cursor_u32(cursor);
    row->status = qn_cursor_u32(cursor);
    row->scale = qn_cursor_u32(cursor);
    row->synthetic = qn_cursor_u32(cursor);
    qn_cursor_text(cursor, row->product, sizeof row->product);
    qn_cursor_text(cursor, row->files, sizeof row->files);
    qn_cursor_text(cursor, row->reason, sizeof row->reason);
    for (size_t i = 0; i < sizeof row->features / sizeof *values; i++)
        values[i] = qn_cursor_real(cursor);
    return !cursor->failed && row->status < QN_ROW_STATUSES && row->scale < QN_LC_SCALES;
}
