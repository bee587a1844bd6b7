/* The model of the loss cone, and the published preparation and objective: see loss_cone.h. */
#include "compute/loss_cone.h"

#include "compute/kappa_classic.h"

#include <math.h>

#define EPS 1e-6

const struct qn_cone qn_cone_lowest = {-2000, 0.3, 0};
const struct qn_cone qn_cone_highest = {20, 1.1, 5};

/* ---- the model ------------------------------------------------------------------------------ */

/* The pitch angle of the edge, 90 to 180 degrees. */
static double edge_deg(const struct qn_cone *cone, double u_spacecraft, double energy_ev)
{
    double ambient_ev = fmax(energy_ev - u_spacecraft, 1e-12);
    double x = cone->ratio * (1 + cone->u_surface / ambient_ev);
    return 180 - asin(sqrt(fmin(fmax(x, 0), 1))) * (180 / M_PI);
}

double qn_cone_beam_energy(double drop_ev, double energy_ev)
{
    if (!(drop_ev > 0))
        return 0;
    double z = (energy_ev - fmax(drop_ev, QN_CONE_BEAM_EV)) / QN_CONE_BEAM_EV;
    return exp(-0.5 * z * z);
}

double qn_cone_beam_pitch(double pitch_deg)
{
    double z = (pitch_deg - 180) / QN_CONE_BEAM_DEG;
    return exp(-0.5 * z * z);
}

double qn_cone_model(const struct qn_cone *cone, double u_spacecraft, double energy_ev,
                     double pitch_deg)
{
    double value = pitch_deg <= edge_deg(cone, u_spacecraft, energy_ev) ? 1 : QN_CONE_LOST;
    double beam = cone->beam * qn_cone_beam_energy(u_spacecraft - cone->u_surface, energy_ev);
    return value + (beam > 0 ? beam * qn_cone_beam_pitch(pitch_deg) : 0);
}

/* ---- the published preparation -------------------------------------------------------------- */

static bool incident(double pitch_deg, double flux)
{
    return pitch_deg < 90 && isfinite(flux) && flux > 0;
}

/* Divided by the mean of the incident cells. */
static void norm_by_mean(const double flux[QN_CELLS], const double pitch_deg[QN_CELLS],
                         double norm[QN_CELLS])
{
    double sum = 0;
    size_t count = 0;
    for (size_t j = 0; j < QN_CELLS; j++)
        if (incident(pitch_deg[j], flux[j])) {
            sum += flux[j];
            count++;
        }
    double mean = count > 0 ? fmax(sum / (double)count, EPS) : NAN;
    for (size_t j = 0; j < QN_CELLS; j++)
        norm[j] = flux[j] / mean;
}

/* Incident cells are 1, each other one is divided by the incident cell of the mirrored pitch. */
static void norm_by_mirror(const double flux[QN_CELLS], const double pitch_deg[QN_CELLS],
                           double norm[QN_CELLS])
{
    for (size_t j = 0; j < QN_CELLS; j++) {
        double nearest = INFINITY;
        norm[j] = pitch_deg[j] < 90 ? 1 : NAN;
        if (pitch_deg[j] < 90)
            continue;
        for (size_t k = 0; k < QN_CELLS; k++) {
            double distance = fabs(pitch_deg[k] - (180 - pitch_deg[j]));
            if (incident(pitch_deg[k], flux[k]) && distance < nearest) {
                nearest = distance;
                norm[j] = flux[j] / fmax(flux[k], EPS);
            }
        }
    }
}

static void mark_band(const double flux[QN_CELLS], const double pitch_deg[QN_CELLS],
                      bool in_band[QN_CELLS])
{
    double highest = 0;
    for (size_t j = 0; j < QN_CELLS; j++)
        if (incident(pitch_deg[j], flux[j]))
            highest = fmax(highest, flux[j]);
    for (size_t j = 0; j < QN_CELLS; j++) {
        double relative = flux[j] / highest;
        in_band[j] = isfinite(flux[j]) && flux[j] > 0 && relative > 0.07 && relative < 0.79;
    }
}

void qn_cone_prepare_classic(const struct qn_sweep *sweep, const struct qn_cells *cells,
                             double u_spacecraft, enum qn_cone_norm norm, enum qn_sense sense,
                             struct qn_cone_data *data)
{
    data->rows = sweep->rows;
    data->u_spacecraft = u_spacecraft;
    for (size_t i = 0; i < sweep->rows; i++) {
        double phi[QN_CELLS];
        double flux[QN_CELLS];
        double *pitch = data->pitch_deg[i];
        for (size_t j = 0; j < QN_CELLS; j++) {
            phi[j] = qn_classic_phi(sweep->phi_deg[i][j]);
            flux[j] = sweep->polarity[i] == 0 ? NAN : qn_classic_flux(sweep->flux[i][j]);
        }
        data->energy_ev[i] = sweep->energy_ev[i];
        qn_pitch_cosines(cells, sweep->field_nt[i], phi, sweep->polarity[i], sense, pitch);
        for (size_t j = 0; j < QN_CELLS; j++)
            pitch[j] = qn_pitch_degrees(pitch[j]);
        if (norm == QN_CONE_RATIO2)
            norm_by_mirror(flux, pitch, data->norm[i]);
        else
            norm_by_mean(flux, pitch, data->norm[i]);
        mark_band(flux, pitch, data->in_band[i]);
    }
}

/* ---- the published objective ---------------------------------------------------------------- */

bool qn_cone_uses(const struct qn_cone_data *data, enum qn_cone_method method, size_t row,
                  size_t cell)
{
    double norm = data->norm[row][cell];
    if (!(data->energy_ev[row] >= data->u_spacecraft) || !isfinite(norm))
        return false;
    return method == QN_CONE_LILLIS ? data->in_band[row][cell] : norm > 0;
}

double qn_cone_chi2(const struct qn_cone_data *data, enum qn_cone_method method,
                    const struct qn_cone *cone)
{
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < data->rows; i++) {
        double energy = data->energy_ev[i];
        double edge = edge_deg(cone, data->u_spacecraft, energy);
        double beam =
            cone->beam * qn_cone_beam_energy(data->u_spacecraft - cone->u_surface, energy);
        for (size_t j = 0; j < QN_CELLS; j++) {
            if (!qn_cone_uses(data, method, i, j))
                continue;
            double pitch = data->pitch_deg[i][j];
            double model = pitch <= edge ? 1 : QN_CONE_LOST;
            if (beam > 0)
                model += beam * qn_cone_beam_pitch(pitch);
            double norm = data->norm[i][j];
            double r = method == QN_CONE_LILLIS ? norm - model : log(norm + EPS) - log(model + EPS);
            sum += r * r;
            count++;
        }
    }
    if (method == QN_CONE_HALEKAS)
        return count > 0 ? sum : NAN;
    return count >= QN_CONE_LILLIS_CELLS ? sum / fmax((double)count - 3, 1) : NAN;
}
