/* `quern transit vet`: everything measured of one light curve at a given ephemeris, as JSON. */
#include "compute/vetting.h"
#include "pipelines/transit/one_curve.h"
#include "pipelines/transit/verbs.h"

const struct qn_option qn_vet_options[] = {
    {"period", QN_OPT_REAL, "DAYS", NULL, "of the transits"},
    {"epoch", QN_OPT_REAL, "DAYS", NULL, "middle of one, on the light curve's scale"},
    {"duration", QN_OPT_REAL, "DAYS", NULL, "of a transit"},
    QN_ONE_CURVE_OPTIONS,
    {0}};

#define FIELD(name)                                                                                \
    {                                                                                              \
#name, v.name                                                                              \
    }

static enum qn_status print_vetting(const struct qn_vetting *vetting, struct qn_error *err)
{
    struct qn_vetting v = *vetting;
    const struct qn_named values[] = {FIELD(level),
                                      FIELD(depth),
                                      FIELD(depth_err),
                                      FIELD(snr),
                                      FIELD(white_noise),
                                      FIELD(red_noise),
                                      FIELD(events),
                                      FIELD(expected),
                                      FIELD(points_in),
                                      FIELD(mes),
                                      FIELD(ses_max),
                                      FIELD(ses_median),
                                      FIELD(chi),
                                      FIELD(depth_mean_median),
                                      FIELD(max_event_part),
                                      FIELD(shape),
                                      FIELD(chases),
                                      FIELD(odd_even_diff),
                                      FIELD(odd_even_sigma),
                                      FIELD(depth_odd),
                                      FIELD(depth_even),
                                      FIELD(secondary_depth),
                                      FIELD(secondary_sigma),
                                      FIELD(secondary_phase),
                                      FIELD(half_depth),
                                      FIELD(half_sigma),
                                      FIELD(positive_sigma),
                                      FIELD(false_alarm_1),
                                      FIELD(false_alarm_2),
                                      FIELD(fred),
                                      FIELD(symmetry),
                                      FIELD(trapezoid_depth),
                                      FIELD(trapezoid_duration),
                                      FIELD(ingress),
                                      FIELD(egress),
                                      FIELD(ingress_egress_ratio),
                                      FIELD(trapezoid_chi2),
                                      FIELD(v_shape),
                                      FIELD(sweet_half),
                                      FIELD(sweet_period),
                                      FIELD(sweet_double),
                                      FIELD(transit_coverage),
                                      FIELD(phase_coverage),
                                      FIELD(periodicity),
                                      FIELD(period_err),
                                      FIELD(t0_err),
                                      FIELD(duration_err)};
    return qn_one_print(qn_one_object(values, sizeof values / sizeof *values), err);
}

enum qn_status qn_transit_vet(const struct qn_options *options, struct qn_error *err)
{
    struct qn_one one = {0};
    struct qn_vetting vetting;
    struct qn_buf scratch = {0};
    struct qn_ephemeris at = {qn_option_real(options, "period"), qn_option_real(options, "epoch"),
                              qn_option_real(options, "duration")};
    if (!(at.period > 0 && at.duration > 0 && at.duration < at.period))
        return qn_fail(err, QN_ERR_USAGE,
                       "give --period, --epoch and --duration in days, the duration below the "
                       "period.");
    enum qn_status status = qn_one_open(&one, options, true, err);
    double *unit = NULL;
    if (!status && !one.curve.weight) { /* 1 each: errors come out in units of one point */
        unit = (double *)(void *)one.weights.data;
        for (size_t i = 0; i < one.lc.n; i++)
            unit[i] = 1;
        one.curve.weight = unit;
    }
    if (!status)
        status = qn_vet(&one.curve, one.curve.flux, &at, &scratch, &vetting, err);
    if (!status)
        status = print_vetting(&vetting, err);
    qn_buf_release(&scratch);
    qn_one_release(&one);
    return status;
}
