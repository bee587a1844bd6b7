/* The fluxes of a synthetic sweep: see synth_sweep.h. */
#include "pipelines/lunar/synth_sweep.h"

#include "compute/electrons.h"
#include "compute/vector.h"
#include "pipelines/lunar/response.h"

#include <math.h>

#define DEGREE    (M_PI / 180)
#define FIRST_EV  16680.334 /* of the archive's first sweep, as the next */
#define LAST_EV   38.641
#define LEFT      0.05 /* of the flux inside the loss cone: scattered electrons */
#define BEAM_EV   15
#define BEAM_DEG  7.5
#define GLARE_DEG 18.25 /* half a cell and half the width of the feature, 14 degrees */
#define GLARE     60    /* counts of the Sun's light in a cell that looks at it */

/* Latitudes from the equator outwards, north first, as upstream archives of this kind have them. */
void qn_synth_instrument_init(struct qn_synth_instrument *instrument)
{
    static const struct {
        double theta_deg;
        int cells;
    } belts[] = {{11.25, 16}, {33.75, 16}, {56.25, 8}, {78.75, 4}};
    int cell = 0;
    for (int belt = 0; belt < 4; belt++) {
        for (int i = 0; i < 2 * belts[belt].cells; i++, cell++) {
            instrument->theta_deg[cell] = belts[belt].theta_deg * (i < belts[belt].cells ? 1 : -1);
            instrument->step_deg[cell] = 360.0 / belts[belt].cells;
            instrument->cells[cell] = belts[belt].cells;
        }
    }
    for (int row = 0; row < QN_ER_ROWS; row++)
        instrument->energy_ev[row] =
            FIRST_EV * pow(LAST_EV / FIRST_EV, row / (double)(QN_ER_ROWS - 1));
}

/* ---- electrons ------------------------------------------------------------------------------ */

/* How the flux of a row depends on direction. */
struct row_shape {
    double field[3];  /* towards the Moon; all 0 without a foot */
    double edge;      /* cosine of the pitch angle where the loss cone begins */
    double beam;      /* over the incident flux, along the field away from the Moon */
    double light[3];  /* to the Sun; all 0 in shadow */
    double direction; /* 1: cells are told by where electrons go, -1: by where they look */
};

static void shape_row(const struct qn_synth_instrument *instrument,
                      const struct qn_synth_truth *truth, double energy_ev, struct row_shape *shape)
{
    const double *b = truth->field_nt;
    double strength = qn_norm(b);
    double ambient_ev = fmax(energy_ev - truth->u_spacecraft, 1e-12);
    double drop = truth->u_spacecraft - truth->u_surface;
    double sine2 = truth->bs_over_bm * (1 + truth->u_surface / ambient_ev);
    double away = (energy_ev - fmax(drop, BEAM_EV)) / BEAM_EV;
    *shape = (struct row_shape){.edge = -sqrt(1 - fmin(1, fmax(0, sine2))),
                                .direction = instrument->looking ? -1 : 1};
    for (int i = 0; i < 3; i++) {
        shape->field[i] = truth->sky.polarity * b[i] / strength;
        shape->light[i] = instrument->sunlight && truth->sky.in_sun ? truth->sky.sun_scd[i] : 0;
    }
    shape->beam = drop > 0 ? truth->beam * exp(-0.5 * away * away) : 0;
}

/* Flux from one direction over the incident one. */
static double relative(const struct row_shape *shape, const double direction[3])
{
    double cosine = shape->direction * qn_dot(shape->field, direction);
    double value = cosine >= shape->edge ? 1 : LEFT;
    if (shape->beam > 0 && cosine < -0.8) {
        double away = (180 - acos(fmax(-1, cosine)) / DEGREE) / BEAM_DEG;
        value += shape->beam * exp(-0.5 * away * away);
    }
    return value;
}

static void unit_vector(double theta_deg, double phi_deg, double out[3])
{
    double theta = theta_deg * DEGREE;
    double phi = phi_deg * DEGREE;
    out[0] = cos(phi) * cos(theta);
    out[1] = sin(phi) * cos(theta);
    out[2] = sin(theta);
}

/* The mean over a cell: a grid of directions weighted by their solid angles. */
static double cell_mean(const struct qn_synth_instrument *instrument, const struct row_shape *shape,
                        int cell, double phi_deg)
{
    unsigned n = instrument->angles;
    double sum = 0;
    double weights = 0;
    double direction[3];
    for (unsigned i = 0; i < n; i++) {
        double theta = instrument->theta_deg[cell] + 22.5 * ((i + 0.5) / n - 0.5);
        double weight = cos(theta * DEGREE);
        for (unsigned k = 0; k < n; k++) {
            double phi = phi_deg + instrument->step_deg[cell] * ((k + 0.5) / n - 0.5);
            unit_vector(theta, phi, direction);
            sum += weight * relative(shape, direction);
            weights += weight;
        }
    }
    return sum / weights;
}

/* ---- counts --------------------------------------------------------------------------------- */

static double glare(const struct row_shape *shape, double theta_deg, double phi_deg)
{
    double direction[3];
    unit_vector(theta_deg, phi_deg, direction);
    double cosine = shape->direction * qn_dot(shape->light, direction);
    return cosine > cos(GLARE_DEG * DEGREE) ? GLARE : 0;
}

static void count_row(const struct qn_synth_instrument *instrument, const struct row_shape *shape,
                      double energy_ev, double flux, double turn_deg, struct qn_random *random,
                      double out[QN_ER_CELLS], double phi_deg[QN_ER_CELLS])
{
    double first_deg = 0;
    for (int cell = 0; cell < QN_ER_CELLS; cell++) {
        double counts_per_flux = QN_ER_FACTOR * energy_ev * QN_ER_SECONDS / instrument->cells[cell];
        bool belt_begins =
            cell == 0 || instrument->theta_deg[cell] != instrument->theta_deg[cell - 1];
        first_deg = belt_begins ? turn_deg : first_deg + instrument->step_deg[cell];
        phi_deg[cell] = fmod(round(100 * first_deg) / 100, 360);
        double mean = flux * cell_mean(instrument, shape, cell, phi_deg[cell]) * counts_per_flux;
        mean += glare(shape, instrument->theta_deg[cell], phi_deg[cell]);
        double counts = instrument->noise ? (double)qn_random_poisson(random, mean) : mean;
        out[cell] = counts / counts_per_flux;
    }
}

void qn_synth_sweep(const struct qn_synth_instrument *instrument,
                    const struct qn_synth_truth *truth, struct qn_random *random,
                    double flux[QN_ER_ROWS][QN_ER_CELLS], double phi_deg[QN_ER_ROWS][QN_ER_CELLS])
{
    double turn_deg = 22.5 * qn_random_uniform(random);
    for (int row = 0; row < QN_ER_ROWS; row++) {
        struct row_shape shape;
        double energy_ev = instrument->energy_ev[row];
        double passed =
            qn_response_flux(&truth->plasma, truth->u_spacecraft, energy_ev) / (4 * M_PI);
        shape_row(instrument, truth, energy_ev, &shape);
        count_row(instrument, &shape, energy_ev, passed, fmod(turn_deg + 1.4 * row, 360), random,
                  flux[row], phi_deg[row]);
    }
}
