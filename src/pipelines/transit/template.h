/* Fitting a transit template to a star's light curve: limb darkening and radii from the table or
 * the file's header where they are there, TLS's defaults otherwise. */
#ifndef QN_PIPELINES_TRANSIT_TEMPLATE_H
#define QN_PIPELINES_TRANSIT_TEMPLATE_H

#include <quern/error.h>
#include <stdbool.h>
#include <stddef.h>

struct qn_template_input {
    const double *time; /* ascending */
    const double *flux;
    size_t n;
    double min_period;
    double max_period;
    double teff; /* NaN: not known, as the next three */
    double logg;
    double radius;
    double mass;
    bool kepler; /* the band: Kepler's or TESS's */
    bool plain;  /* the default template and star, whatever is known: classic */
    bool (*stop)(void *context);
    void *context;
};

struct qn_template_result { /* NaN where nothing fits */
    double period, period_err, t0, duration, level, rp_rs, snr, sde, odd_even, fap;
};

struct qn_template;
enum qn_status qn_template_new(struct qn_template **template, bool exact, struct qn_error *err);
void qn_template_free(struct qn_template *template);

/* A window that no grid of periods fits gives NaN, not a failure. */
enum qn_status qn_template_run(struct qn_template *template, const struct qn_template_input *input,
                               struct qn_template_result *result, struct qn_error *err);

#endif
