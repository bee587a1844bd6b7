/* One light curve and JSON of what is known of it: see one_curve.h. */
#include "pipelines/transit/one_curve.h"

#include "base/json_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void qn_one_release(struct qn_one *one)
{
    qn_lc_release(&one->lc);
    qn_buf_release(&one->memory);
    qn_buf_release(&one->weights);
}

static enum qn_lc_unit unit_of(const char *name)
{
    static const char *const names[] = {"flux", "mag", "relative", "auto"};
    for (int i = 0; i < 4; i++)
        if (!strcmp(name, names[i]))
            return (enum qn_lc_unit)i;
    return QN_LC_UNIT_RAW;
}

/* Takes out the points that have no error, or one that is not finite. */
static enum qn_status keep_weighed(struct qn_lc *lc, struct qn_error *err)
{
    size_t kept = 0;
    for (size_t i = 0; i < lc->n; i++) {
        if (!(lc->err[i] > 0 && isfinite(lc->err[i])))
            continue;
        lc->time[kept] = lc->time[i];
        lc->flux[kept] = lc->flux[i];
        lc->err[kept++] = lc->err[i];
    }
    lc->n = kept;
    if (kept == 0)
        return qn_fail(err, QN_ERR_INPUT, "no point has an error: leave --errors out.");
    return QN_OK;
}

enum qn_status qn_one_open(struct qn_one *one, const struct qn_options *options, bool in_order,
                           struct qn_error *err)
{
    if (qn_option_inputs(options) != 1)
        return qn_fail(err, QN_ERR_USAGE, "give one light curve, FITS or text.");
    struct qn_lc_options how = {.unit = unit_of(qn_option_string(options, "flux-unit")),
                                .flux_column = qn_option_string(options, "flux-column")};
    qn_lc_clear(&one->lc);
    enum qn_status status =
        qn_lc_add_file(&one->lc, qn_option_input(options, 0), &how, NULL, &one->memory, err);
    if (!status && in_order)
        status = qn_lc_sort(&one->lc, err);
    if (!status && qn_option_flag(options, "errors"))
        status = keep_weighed(&one->lc, err);
    size_t n = one->lc.n;
    double *weights = (double *)(void *)qn_buf_reserve(&one->weights, (n + 1) * sizeof(double));
    if (!weights)
        return status ? status : qn_fail_memory(err, "the weights", n * sizeof(double));
    for (size_t i = 0; i < n; i++)
        weights[i] = one->lc.err[i] > 0 ? 1 / (one->lc.err[i] * one->lc.err[i]) : 1;
    one->curve = (struct qn_curve){n, one->lc.time, one->lc.flux,
                                   qn_option_flag(options, "errors") ? weights : NULL};
    return status;
}

enum qn_status qn_one_print(json_t *value, struct qn_error *err)
{
    char *text = value ? qn_json_dump(value, JSON_INDENT(1) | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(value);
    if (!text)
        return qn_fail_memory(err, "the summary", 1);
    fprintf(stdout, "%s\n", text);
    free(text);
    return QN_OK;
}

json_t *qn_one_real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *qn_one_object(const struct qn_named *values, size_t count)
{
    json_t *object = json_object();
    for (size_t i = 0; i < count; i++)
        json_object_set_new(object, values[i].name, qn_one_real(values[i].value));
    return object;
}
