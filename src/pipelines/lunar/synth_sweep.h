/* From a truth to the fluxes of a sweep: the electrons of synth_world.h as the instrument counts
 * them.
 *
 *   ambient    f isotropic, a kappa distribution; at measured energy E the flux is
 *              j(E) = j_ambient(E - U_sc) E / (E - U_sc)   (Liouville), 0 for E <= U_sc
 *   response   its mean over a Gaussian in ln E, of dE/E 0.5 between half maxima
 *   loss cone  returning electrons within alpha_c of the field: 5 % of them come back;
 *              sin^2 alpha_c = (B_S/B_M) (1 + U / (E - U_sc))   (Halekas et al. 2008, eq. 3)
 *   beam       electrons from the surface at the energy of the potential's drop
 *   counts     Poisson of flux * 0.02 cm^2 sr * E * 2.5 s / (cells at that latitude), and back
 *
 * While the spacecraft is in sunlight, cells that look at the Sun count light too.
 */
#ifndef QN_PIPELINES_LUNAR_SYNTH_SWEEP_H
#define QN_PIPELINES_LUNAR_SYNTH_SWEEP_H

#include "compute/random.h"
#include "format/er3d.h"
#include "pipelines/lunar/synth_world.h"

/* The instrument as it is simulated. */
struct qn_synth_instrument {
    double theta_deg[QN_ER_CELLS];
    double step_deg[QN_ER_CELLS]; /* between neighbours in azimuth */
    double cells[QN_ER_CELLS];    /* at that latitude */
    double energy_ev[QN_ER_ROWS]; /* in the order of the rows */
    unsigned angles;              /* directions across a cell, each way; 1: its middle */
    bool sunlight;
    bool looking; /* cells are told by where they look, not by where electrons go */
    bool noise;
};

void qn_synth_instrument_init(struct qn_synth_instrument *instrument);

/* Fluxes and azimuths of all rows. */
void qn_synth_sweep(const struct qn_synth_instrument *instrument,
                    const struct qn_synth_truth *truth, struct qn_random *random,
                    double flux[QN_ER_ROWS][QN_ER_CELLS], double phi_deg[QN_ER_ROWS][QN_ER_CELLS]);

#endif
