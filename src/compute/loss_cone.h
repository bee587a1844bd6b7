/* The loss cone: which electrons come back from the Moon. Surface potential U, ratio of magnetic
 * fields b (at the spacecraft over at the surface: B_S/B_M, at most 1 where field lines converge),
 * and the amplitude of the beam of secondaries that the surface sends up.
 *
 * Halekas et al. 2008 (JGR 113, A09102): sin^2 a_c = b (1 + U / (E - U_sc)); electrons with pitch
 * angles up to 180 - a_c are there (1), those beyond are not (0.05), and a beam of 15 eV and 7.5
 * degrees comes along the field line with the energy U_sc - U.
 */
#ifndef QN_COMPUTE_LOSS_CONE_H
#define QN_COMPUTE_LOSS_CONE_H

#include "compute/electrons.h"

#define QN_CONE_LOST     0.05 /* what is left of the flux inside of the cone */
#define QN_CONE_BEAM_EV  15.0 /* width of the beam in energy, also its lowest energy */
#define QN_CONE_BEAM_DEG 7.5  /* and in pitch angle */
enum {
    QN_CONE_LILLIS_CELLS = 5 /* fewer are not fitted */
};

enum qn_cone_method { QN_CONE_HALEKAS, QN_CONE_LILLIS };
enum qn_cone_norm { QN_CONE_RATIO, QN_CONE_RATIO2 };

struct qn_cone {
    double u_surface;
    double ratio; /* b */
    double beam;
};
/* Limits of the fit: U -2000 to 20 V, b 0.3 to 1.1, beam 0 to 5. */
extern const struct qn_cone qn_cone_lowest;
extern const struct qn_cone qn_cone_highest;

/* The normalised flux that the model expects at a pitch angle [degrees]. */
double qn_cone_model(const struct qn_cone *cone, double u_spacecraft, double energy_ev,
                     double pitch_deg);

/* Its parts: the beam of amplitude 1 over energy, where electrons gain `drop_ev` = U_sc - U (0
 * unless that is positive), and over pitch angle. */
double qn_cone_beam_energy(double drop_ev, double energy_ev);
double qn_cone_beam_pitch(double pitch_deg);

/* Cells of a sweep, normalised: what the published objective compares with the model. */
struct qn_cone_data {
    size_t rows;
    double energy_ev[QN_SWEEP_ROWS];
    double pitch_deg[QN_SWEEP_ROWS][QN_CELLS];
    double norm[QN_SWEEP_ROWS][QN_CELLS];  /* NaN: no value */
    bool in_band[QN_SWEEP_ROWS][QN_CELLS]; /* 0.07 < flux / highest incident flux < 0.79 */
    double u_spacecraft;
};

/* The published preparation: rows in their order, flags kept as numbers as they stood in the file,
 * polarity 0 a row without values. */
void qn_cone_prepare_classic(const struct qn_sweep *sweep, const struct qn_cells *cells,
                             double u_spacecraft, enum qn_cone_norm norm, enum qn_sense sense,
                             struct qn_cone_data *data);

/* The published objective, cell by cell in order: halekas the sum of squares of ln, lillis the
 * reduced sum of squares (NaN with fewer than 5 cells in the band). */
double qn_cone_chi2(const struct qn_cone_data *data, enum qn_cone_method method,
                    const struct qn_cone *cone);

/* Whether a cell takes part in it. */
bool qn_cone_uses(const struct qn_cone_data *data, enum qn_cone_method method, size_t row,
                  size_t cell);

struct qn_cone_fit {
    struct qn_estimate u_surface;
    struct qn_estimate ratio;
    struct qn_estimate beam;
    double chi2;       /* classic: the published objective; robust: -2 ln likelihood per freedom */
    double edge_deg;   /* robust: softness of the edge; 0 hard */
    size_t cells;      /* that took part */
    bool identifiable; /* robust: the 68 % interval of U is at most 200 V wide, off the limits */
};

#endif
