/* The published fit of a spectrum: see kappa_classic.h. */
#include "compute/kappa_classic.h"

#include "compute/spacecraft.h"

#include <math.h>

#define EPS 1e-6

static const double kappa_limits[2] = {2.5, 6};
static const double log_theta_limits[2] = {6, 8};

/* ---- the data ------------------------------------------------------------------------------- */

void qn_classic_spectrum(const struct qn_sweep *sweep, const struct qn_cells *cells,
                         enum qn_sense sense, struct qn_classic_spectrum *spectrum)
{
    spectrum->rows = sweep->rows;
    for (size_t i = 0; i < sweep->rows; i++) {
        double phi[QN_CELLS];
        double cosines[QN_CELLS];
        for (size_t j = 0; j < QN_CELLS; j++)
            phi[j] = qn_classic_phi(sweep->phi_deg[i][j]);
        qn_pitch_cosines(cells, sweep->field_nt[i], phi, -1, sense, cosines);
        double energy = sweep->energy_ev[i];
        double flux = 0;
        double counts = 0;
        for (size_t j = 0; j < QN_CELLS; j++) {
            double f = qn_classic_flux(sweep->flux[i][j]);
            if (qn_pitch_degrees(cosines[j]) < 90)
                flux += f * cells->solid_angle[j];
            counts += rint(fmax(f, 0) * qn_counts_per_flux(cells, j, energy));
        }
        spectrum->energy_ev[i] = energy;
        spectrum->flux[i] = 2 * flux;
        spectrum->counts[i] = counts;
    }
}

static double speed(double energy_ev)
{
    return sqrt(2 * energy_ev * QN_CHARGE / QN_ELECTRON_MASS_KG);
}

/* m^-3, a sum over rows of F / v * E / 2. */
static double density_of(const struct qn_classic_spectrum *spectrum)
{
    double sum = 0;
    for (size_t i = 0; i < spectrum->rows; i++) {
        double energy = spectrum->energy_ev[i];
        sum += spectrum->flux[i] / (speed(energy) * 100) * (1.25 - 0.75) * energy;
    }
    return sum * 1e6;
}

/* w[i][j]: how much of the flux at energy j is counted at energy i; rows add up to 1. */
static void fill_response(const double *energy_ev, size_t n, double w[QN_SWEEP_ROWS][QN_SWEEP_ROWS])
{
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t j = 0; j < n; j++) {
            double distance = log(energy_ev[i] / energy_ev[j]) / QN_ER_RESPONSE;
            w[i][j] = exp(-0.5 * distance * distance);
            sum += w[i][j];
        }
        for (size_t j = 0; j < n; j++)
            w[i][j] /= sum;
    }
}

/* ---- the objective -------------------------------------------------------------------------- */

struct objective {
    size_t n;
    double density;
    double energy_ev[QN_SWEEP_ROWS];
    double log_flux[QN_SWEEP_ROWS];
    double weight[QN_SWEEP_ROWS];
    double response[QN_SWEEP_ROWS][QN_SWEEP_ROWS];
};

static double weight_of(double flux, double counts)
{
    double sigma =
        sqrt(counts + (0.05 * counts) * (0.05 * counts) + (0.1 * counts) * (0.1 * counts));
    double sigma_ln = (sigma / (counts + EPS) * flux) / (flux + EPS) + EPS;
    return 1 / (sigma_ln + EPS);
}

static void objective_init(struct objective *o, const struct qn_classic_spectrum *spectrum,
                           double density)
{
    o->n = spectrum->rows;
    o->density = density;
    for (size_t i = 0; i < o->n; i++) {
        o->energy_ev[i] = spectrum->energy_ev[i];
        o->log_flux[i] = log(spectrum->flux[i] + EPS);
        o->weight[i] = weight_of(spectrum->flux[i], spectrum->counts[i]);
    }
    fill_response(o->energy_ev, o->n, o->response);
}

/* p: kappa, log10 theta. Returns chi2; residuals may be NULL. */
static double evaluate(const struct objective *o, const double p[2], double *residuals)
{
    double flux[QN_SWEEP_ROWS] = {0};
    struct qn_kappa plasma = {o->density, p[0], pow(10, p[1])};
    qn_kappa_fluxes(&plasma, o->energy_ev, o->n, flux);
    double chi2 = 0;
    for (size_t i = 0; i < o->n; i++) {
        double model = 0;
        for (size_t j = 0; j < o->n; j++)
            model += o->response[i][j] * flux[j];
        double r = o->weight[i] * (log(model + EPS) - o->log_flux[i]);
        if (residuals)
            residuals[i] = r;
        chi2 += r * r;
    }
    return chi2;
}

/* ---- its minimum ---------------------------------------------------------------------------- */

static double clip(double x, const double limits[2])
{
    return fmin(fmax(x, limits[0]), limits[1]);
}

/* The normal equations of the residuals: h is J^T J (00, 01, 11), g is J^T r, by differences. */
static void normal_equations(const struct objective *o, const double p[2], const double *residuals,
                             double h[3], double g[2])
{
    double jacobian[2][QN_SWEEP_ROWS];
    for (int k = 0; k < 2; k++) {
        static const double step = 1e-6;
        double up[QN_SWEEP_ROWS];
        double q[2] = {p[0], p[1]};
        q[k] += step; /* the model goes on beyond the limits */
        evaluate(o, q, up);
        for (size_t i = 0; i < o->n; i++)
            jacobian[k][i] = (up[i] - residuals[i]) / step;
    }
    h[0] = h[1] = h[2] = g[0] = g[1] = 0;
    for (size_t i = 0; i < o->n; i++) {
        h[0] += jacobian[0][i] * jacobian[0][i];
        h[1] += jacobian[0][i] * jacobian[1][i];
        h[2] += jacobian[1][i] * jacobian[1][i];
        g[0] += jacobian[0][i] * residuals[i];
        g[1] += jacobian[1][i] * residuals[i];
    }
}

/* A parameter at a limit against which the gradient presses stays there. */
static bool pinned(const double p[2], const double g[2], int k)
{
    const double *limits = k == 0 ? kappa_limits : log_theta_limits;
    return (p[k] <= limits[0] && g[k] > 0) || (p[k] >= limits[1] && g[k] < 0);
}

static void damped_step(const double p[2], const double h[3], const double g[2], double damping,
                        double q[2])
{
    double a = h[0] * (1 + damping);
    double c = h[2] * (1 + damping);
    bool hold0 = pinned(p, g, 0) || !(a > 0);
    bool hold1 = pinned(p, g, 1) || !(c > 0);
    double b = hold0 || hold1 ? 0 : h[1];
    double det = a * c - b * b;
    q[0] =
        hold0 ? p[0] : clip(p[0] - (b == 0 ? g[0] / a : (c * g[0] - b * g[1]) / det), kappa_limits);
    q[1] = hold1 ? p[1]
                 : clip(p[1] - (b == 0 ? g[1] / c : (a * g[1] - b * g[0]) / det), log_theta_limits);
}

/* Levenberg and Marquardt from p downhill, within the limits. Returns chi2. */
static double descend(const struct objective *o, double p[2])
{
    double residuals[QN_SWEEP_ROWS];
    double chi2 = evaluate(o, p, residuals);
    double damping = 1e-3;
    for (int iteration = 0; iteration < 60; iteration++) {
        double h[3];
        double g[2];
        normal_equations(o, p, residuals, h, g);
        bool better = false;
        double gain = 0;
        for (int attempt = 0; attempt < 12 && !better; attempt++) {
            double q[2];
            double tried[QN_SWEEP_ROWS];
            damped_step(p, h, g, damping, q);
            double value = evaluate(o, q, tried);
            better = value < chi2;
            damping = better ? damping * 0.1 : damping * 8;
            if (!better)
                continue;
            gain = chi2 - value;
            chi2 = value;
            for (int k = 0; k < 2; k++)
                p[k] = q[k];
            for (size_t i = 0; i < o->n; i++)
                residuals[i] = tried[i];
        }
        if (!better || gain <= 1e-13 * chi2)
            break;
        damping = fmax(damping, 1e-12);
    }
    return chi2;
}

/* The best points of a grid that are no neighbours of each other, best first. */
enum { GRID_KAPPA = 5, GRID_THETA = 17, STARTS = 3 };

static size_t best_of_grid(const struct objective *o, double starts[STARTS][2])
{
    double value[STARTS];
    size_t count = 0;
    for (int i = 0; i < GRID_KAPPA; i++)
        for (int j = 0; j < GRID_THETA; j++) {
            double p[2] = {kappa_limits[0] +
                               (kappa_limits[1] - kappa_limits[0]) * i / (GRID_KAPPA - 1),
                           log_theta_limits[0] +
                               (log_theta_limits[1] - log_theta_limits[0]) * j / (GRID_THETA - 1)};
            double chi2 = evaluate(o, p, NULL);
            size_t at = count;
            while (at > 0 && value[at - 1] > chi2)
                at--;
            if (at == STARTS)
                continue;
            count = count < STARTS ? count + 1 : STARTS;
            for (size_t k = count - 1; k > at; k--) {
                value[k] = value[k - 1];
                starts[k][0] = starts[k - 1][0];
                starts[k][1] = starts[k - 1][1];
            }
            value[at] = chi2;
            starts[at][0] = p[0];
            starts[at][1] = p[1];
        }
    return count;
}

void qn_classic_kappa_fit(const struct qn_classic_spectrum *spectrum, struct qn_classic_fit *fit)
{
    struct objective o = {.n = 0};
    fit->plasma = (struct qn_kappa){NAN, NAN, NAN};
    fit->chi2 = NAN;
    double density = density_of(spectrum);
    if (!(density > 0) || isinf(density))
        return;
    objective_init(&o, spectrum, density);
    double starts[STARTS][2];
    size_t count = best_of_grid(&o, starts);
    for (size_t i = 0; i < count; i++) {
        double chi2 = descend(&o, starts[i]);
        if (!(chi2 >= fit->chi2)) {
            fit->chi2 = chi2;
            fit->plasma = (struct qn_kappa){density, starts[i][0], pow(10, starts[i][1])};
        }
    }
}

/* ---- the spacecraft ------------------------------------------------------------------------- */

double qn_classic_day(const struct qn_classic_spectrum *spectrum, struct qn_classic_fit *fit,
                      double *current)
{
    qn_classic_kappa_fit(spectrum, fit);
    *current = qn_kappa_current_between(&fit->plasma, 10, 20000, 10);
    double volts = qn_photoemission_potential(*current);
    if (isnan(volts))
        return volts;
    struct qn_classic_spectrum shifted = *spectrum;
    for (size_t i = 0; i < shifted.rows; i++)
        shifted.energy_ev[i] = fmax(shifted.energy_ev[i] - volts, EPS);
    qn_classic_kappa_fit(&shifted, fit);
    *current = qn_kappa_current_between(&fit->plasma, 10, 20000, 100);
    return qn_photoemission_potential(*current);
}

double qn_classic_night(const struct qn_classic_spectrum *spectrum, struct qn_classic_fit *fit,
                        double *current)
{
    qn_classic_kappa_fit(spectrum, fit);
    double volts = qn_classic_night_potential(&fit->plasma);
    *current = NAN;
    if (isnan(volts))
        return volts;
    *current = qn_classic_night_currents(&fit->plasma, volts).electrons;
    double k = fit->plasma.kappa;
    double t = qn_kappa_temperature(k, fit->plasma.theta) + volts / (k - 1.5);
    fit->plasma.theta = qn_kappa_theta(k, t);
    return volts;
}
