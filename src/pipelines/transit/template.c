/* From a star to a template and back: see template.h. */
#include "pipelines/transit/template.h"

#include "base/sys.h"
#include "compute/tls.h"

#include <math.h>
#include <stdlib.h>

struct qn_template {
    struct qn_tls *tls;
    bool exact;
};

enum qn_status qn_template_new(struct qn_template **template, bool exact, struct qn_error *err)
{
    struct qn_template *t = *template = qn_sys.calloc(1, sizeof *t);
    if (!t)
        return qn_fail_memory(err, "a template", sizeof *t);
    t->exact = exact;
    return qn_tls_new(&t->tls, err);
}

void qn_template_free(struct qn_template *template)
{
    if (!template)
        return;
    qn_tls_free(template->tls);
    free(template);
}

/* Quadratic limb darkening of a dwarf, from the tables of Claret (2017, A&A 600, A30) for TESS and
 * of Claret and Bloemen (2011, A&A 529, A75) for Kepler: coefficients at log g = 4.5, straight
 * lines between; gravity matters by a few hundredths. */
static const struct darkening {
    double teff;
    double tess[2];
    double kepler[2];
} darkenings[] = {
    {2600, {0.3363, 0.5091}, {0.9838, -0.0082}}, {3000, {0.1693, 0.5023}, {0.7073, 0.2311}},
    {3400, {0.1819, 0.4364}, {0.4182, 0.3244}},  {3700, {0.2315, 0.3808}, {0.4146, 0.2976}},
    {4000, {0.3390, 0.2994}, {0.5068, 0.2043}},  {4200, {0.4429, 0.2201}, {0.6217, 0.1114}},
    {4500, {0.5037, 0.1581}, {0.7010, 0.0462}},  {5000, {0.4376, 0.1924}, {0.6147, 0.1061}},
    {5500, {0.3862, 0.2061}, {0.5226, 0.1650}},  {6000, {0.3345, 0.2282}, {0.4703, 0.1893}},
    {6500, {0.3079, 0.2295}, {0.3814, 0.2385}},  {7000, {0.2847, 0.2310}, {0.3765, 0.2538}},
    {8000, {0.2331, 0.2353}, {0.2475, 0.3559}},  {10000, {0.1602, 0.2331}, {0.2481, 0.2739}},
};

static void limb_darkening(double teff, bool kepler, double *u1, double *u2)
{
    enum { COUNT = sizeof darkenings / sizeof *darkenings };
    size_t i = 0;
    while (i + 2 < COUNT && darkenings[i + 1].teff < teff)
        i++;
    const struct darkening *a = &darkenings[i];
    const struct darkening *b = &darkenings[i + 1];
    double part = fmax(0, fmin(1, (teff - a->teff) / (b->teff - a->teff)));
    const double *low = kepler ? a->kepler : a->tess;
    const double *high = kepler ? b->kepler : b->tess;
    *u1 = low[0] + (high[0] - low[0]) * part;
    *u2 = low[1] + (high[1] - low[1]) * part;
}

/* The search's star and template where the star is known; TLS's defaults where it is not. */
static void take_star(const struct qn_template_input *input, struct qn_tls_shape *shape)
{
    double mass = input->mass;
    if (input->plain)
        return;
    if (input->teff > 2000)
        limb_darkening(input->teff, input->kepler, &shape->orbit.u1, &shape->orbit.u2);
    if (!(input->radius > 0.05 && input->radius < 20))
        return;
    if (!(mass > 0.05) && input->logg > 0) /* g / g_sun = M / R^2, log g_sun = 4.438 */
        mass = pow(10, input->logg - 4.438) * input->radius * input->radius;
    if (!(mass > 0.05 && mass < 20))
        return;
    shape->star.radius = input->radius;
    shape->star.mass = mass;
    shape->star.radius_max = fmax(shape->star.radius_max, 1.5 * input->radius);
    shape->star.mass_max = fmax(shape->star.mass_max, mass);
}

static const struct qn_template_result nothing = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};

enum qn_status qn_template_run(struct qn_template *template, const struct qn_template_input *input,
                               struct qn_template_result *result, struct qn_error *err)
{
    struct qn_tls_points points = {input->n, input->time, input->flux, NULL};
    struct qn_tls_shape shape = qn_tls_default;
    struct qn_tls_result found;
    shape.method = template->exact ? QN_TLS_METHOD_EXACT : QN_TLS_METHOD_FAST;
    shape.min_period = input->min_period;
    shape.max_period = input->max_period;
    shape.honest_grid = !input->plain;
    shape.stop = input->stop;
    shape.context = input->context;
    take_star(input, &shape);
    *result = nothing;
    enum qn_status status = qn_tls_run(template->tls, &points, &shape, &found, err);
    if (status == QN_ERR_INPUT) /* too few transits within the span, or a flat curve */
        return QN_OK;
    if (!status)
        *result = (struct qn_template_result){.period = found.period,
                                              .period_err = found.period_err,
                                              .t0 = found.t0,
                                              .duration = found.duration,
                                              .level = found.depth,
                                              .rp_rs = found.rp_rs,
                                              .snr = found.snr,
                                              .sde = found.sde,
                                              .odd_even = found.odd_even,
                                              .fap = found.fap};
    return status;
}
