/* One sweep from counts to potentials, by either profile: see potentials.h. */
#include "compute/potentials.h"

#include "base/sys.h"
#include "compute/cone_robust.h"
#include "compute/cone_search.h"
#include "compute/kappa_classic.h"
#include "compute/kappa_robust.h"

#include <math.h>
#include <stdlib.h>

const struct qn_potential_options qn_potential_default = {
    .profile = QN_POTENTIAL_ROBUST,
    .method = QN_CONE_HALEKAS,
    .norm = QN_CONE_RATIO,
    .sense = QN_SENSE_VELOCITY,
    .u_spacecraft = NAN,
};

struct qn_potential_work {
    struct qn_cone_data data;
    struct qn_cone_search *search;
    struct qn_cone_robust *robust;
};

enum qn_status qn_potential_work_new(struct qn_potential_work **work, struct qn_error *err)
{
    *work = qn_sys.calloc(1, sizeof(**work));
    if (!*work)
        return qn_fail_memory(err, "the fits of sweeps", sizeof(**work));
    enum qn_status status = qn_cone_search_new(&(*work)->search, err);
    if (!status)
        status = qn_cone_robust_new(&(*work)->robust, err);
    if (status) {
        qn_potential_work_free(*work);
        *work = NULL;
    }
    return status;
}

void qn_potential_work_free(struct qn_potential_work *work)
{
    if (!work)
        return;
    qn_cone_search_free(work->search);
    qn_cone_robust_free(work->robust);
    free(work);
}

static struct qn_estimate missing(enum qn_fit_reason reason)
{
    return (struct qn_estimate){NAN, NAN, NAN, reason};
}

static struct qn_estimate point(double value, enum qn_fit_reason otherwise)
{
    return (struct qn_estimate){value, NAN, NAN, isnan(value) ? otherwise : QN_FIT_OK};
}

/* ---- as published --------------------------------------------------------------------------- */

/* Photoemission's two ends, and the one of shadow, as reasons. */
static enum qn_fit_reason why_no_potential(bool day, double current)
{
    if (!day)
        return QN_FIT_NO_BALANCE;
    return current > 1e-7 ? QN_FIT_TOO_DENSE : QN_FIT_TOO_THIN;
}

static void classic_spectrum(const struct qn_sweep *sweep, const struct qn_cells *cells,
                             const struct qn_potential_options *options,
                             struct qn_potentials *found)
{
    struct qn_classic_spectrum spectrum;
    struct qn_classic_fit fit;
    double volts = options->u_spacecraft;
    qn_classic_spectrum(sweep, cells, options->sense, &spectrum);
    found->current = NAN;
    if (!isnan(volts))
        qn_classic_kappa_fit(&spectrum, &fit);
    else if (sweep->in_sun)
        volts = qn_classic_day(&spectrum, &fit, &found->current);
    else
        volts = qn_classic_night(&spectrum, &fit, &found->current);
    struct qn_kappa_fit *k = &found->spectrum;
    k->kappa = point(fit.plasma.kappa, QN_FIT_FEW_ROWS);
    k->theta = point(fit.plasma.theta, QN_FIT_FEW_ROWS);
    k->temperature =
        point(qn_kappa_temperature(fit.plasma.kappa, fit.plasma.theta), QN_FIT_FEW_ROWS);
    k->density = point(fit.plasma.density, QN_FIT_FEW_ROWS);
    k->chi2 = fit.chi2;
    k->rows = spectrum.rows;
    k->gain_error = NAN;
    found->u_spacecraft =
        point(volts, isnan(fit.chi2) ? QN_FIT_NO_SPECTRUM
                                     : why_no_potential(sweep->in_sun, found->current));
    found->u_assumed = volts;
}

static enum qn_fit_reason why_no_cone(const struct qn_sweep *sweep, double u_spacecraft)
{
    if (isnan(u_spacecraft))
        return QN_FIT_NO_POTENTIAL;
    for (size_t i = 0; i < sweep->rows; i++)
        if (sweep->polarity[i] != 0)
            return QN_FIT_FEW_CELLS;
    return QN_FIT_NO_FOOT;
}

static void classic_cone(struct qn_potential_work *work, const struct qn_sweep *sweep,
                         const struct qn_cells *cells, const struct qn_potential_options *options,
                         double u_spacecraft, struct qn_cone_fit *fit)
{
    static const double chi2_highest = 2; /* lillis */
    struct qn_cone_best best;
    qn_cone_prepare_classic(sweep, cells, u_spacecraft, options->norm, options->sense, &work->data);
    qn_cone_search_run(work->search, &work->data, options->method, &best);
    enum qn_fit_reason reason = why_no_cone(sweep, u_spacecraft);
    if (options->method == QN_CONE_LILLIS && best.chi2 > chi2_highest) {
        best.cone = (struct qn_cone){NAN, NAN, NAN};
        reason = QN_FIT_POOR;
    }
    fit->u_surface = point(best.cone.u_surface, reason);
    fit->ratio = point(best.cone.ratio, reason);
    fit->beam = point(best.cone.beam, reason);
    fit->chi2 = best.chi2;
    fit->edge_deg = 0;
    fit->cells = best.cells;
    fit->identifiable = false;
}

/* ---- both ----------------------------------------------------------------------------------- */

static bool field_known(const struct qn_sweep *sweep)
{
    for (size_t i = 0; i < sweep->rows; i++)
        for (int k = 0; k < 3; k++)
            if (!isfinite(sweep->field_nt[i][k]))
                return false;
    return sweep->rows > 0;
}

static void all_missing(enum qn_fit_reason reason, struct qn_potentials *found)
{
    struct qn_estimate none = missing(reason);
    *found = (struct qn_potentials){
        .spectrum = {none, none, none, none, NAN, 0, NAN},
        .u_spacecraft = none,
        .u_assumed = NAN,
        .current = NAN,
        .cone = {none, none, none, NAN, NAN, 0, false},
        .debye_m = NAN,
    };
}

void qn_potentials_measure(struct qn_potential_work *work, const struct qn_sweep *sweep,
                           const struct qn_cells *cells, const struct qn_potential_options *options,
                           struct qn_potentials *found)
{
    all_missing(QN_FIT_NO_FIELD, found);
    if (!field_known(sweep))
        return;
    if (options->profile == QN_POTENTIAL_CLASSIC) {
        classic_spectrum(sweep, cells, options, found);
        classic_cone(work, sweep, cells, options, found->u_assumed, &found->cone);
    } else {
        struct qn_robust_spectrum spectrum;
        qn_kappa_robust(sweep, cells, options->sense, options->u_spacecraft, &spectrum);
        found->spectrum = spectrum.fit;
        found->u_spacecraft = spectrum.u_spacecraft;
        found->u_assumed = spectrum.u_assumed;
        found->current = spectrum.current;
        qn_cone_robust_run(work->robust, sweep, cells, options->sense, found->u_assumed,
                           &found->cone);
    }
    found->debye_m =
        qn_debye_length(found->spectrum.temperature.value, found->spectrum.density.value);
}
