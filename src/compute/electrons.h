/* Sweeps of an electron spectrometer as arrays: what the Electron Reflectometer of Lunar Prospector
 * measured in 15 energies and 88 directions, the pitch angles of its cells, the counts behind its
 * fluxes. Everything that kappa.h, spacecraft.h and loss_cone.h are computed from.
 *
 * Units: eV, nT, degrees, flux in cm^-2 s^-1 sr^-1 eV^-1. Arrays are the caller's and are not
 * changed. Nothing here allocates or fails.
 */
#ifndef QN_COMPUTE_ELECTRONS_H
#define QN_COMPUTE_ELECTRONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    QN_CELLS = 88,
    QN_SWEEP_ROWS = 15 /* energies of a whole sweep */
};

/* The instrument (PDS description of LP-L-ER-3-RDR-3DELEFLUX-80SEC). */
#define QN_ER_FACTOR   0.02 /* geometric factor, cm^2 sr, of all cells of a latitude together */
#define QN_ER_SECONDS  2.5  /* accumulation time of a row */
#define QN_ER_RESPONSE 0.2101786606 /* deviation of ln E: asinh(0.25) / sqrt(2 ln 2) */

/* The 88 cells: fixed for the mission. */
struct qn_cells {
    double latitude_deg[QN_CELLS];
    double cos_latitude[QN_CELLS];
    double sin_latitude[QN_CELLS];
    double solid_angle[QN_CELLS]; /* sr; all add up to 4 pi */
    double sharing[QN_CELLS];     /* cells of this latitude: they share the geometric factor */
};

/* False unless every latitude is +-11.25, +-33.75, +-56.25 or +-78.75 (within 0.5 degrees). */
bool qn_cells_init(struct qn_cells *cells, const double latitude_deg[QN_CELLS]);

/* One sweep: 1 to QN_SWEEP_ROWS rows, energies in any order. */
struct qn_sweep {
    size_t rows;
    const double *energy_ev;
    const double (*field_nt)[3];       /* B in the despun frame of the spacecraft */
    const double (*flux)[QN_CELLS];    /* NaN: missing; 0: no counts */
    const double (*phi_deg)[QN_CELLS]; /* azimuth in the despun frame; NaN: missing */
    const int8_t *polarity; /* per row: +1 B points to the Moon, -1 away from it, 0: neither */
    bool in_sun;            /* the spacecraft */
};

/* What the angles of a cell tell: where electrons go to (as the published program has it), or where
 * the cell looks, which is where they come from. */
enum qn_sense { QN_SENSE_VELOCITY, QN_SENSE_LOOK };

/* Cosines of the pitch angles of a row: of the electrons' velocity to `sign` times B. sign +1 or -1
 * makes 1 mean towards the Moon when it is the row's polarity. NaN where phi or B is missing. */
void qn_pitch_cosines(const struct qn_cells *cells, const double field_nt[3],
                      const double phi_deg[QN_CELLS], int sign, enum qn_sense sense,
                      double cosines[QN_CELLS]);

/* acos in degrees of a cosine, clipped to [-1, 1]; NaN stays NaN. */
double qn_pitch_degrees(double cosine);

/* Counts in a cell per unit of flux at an energy: factor * E * seconds / cells of the latitude. */
static inline double qn_counts_per_flux(const struct qn_cells *cells, size_t cell, double energy_ev)
{
    return QN_ER_FACTOR * energy_ev * QN_ER_SECONDS / cells->sharing[cell];
}

/* Whether sunlight gets into a cell: within 7 degrees and half a cell of the Sun's azimuth, on the
 * two rings next to the equator. */
bool qn_cell_sunlit(const struct qn_cells *cells, size_t cell, double phi_deg);

/* The side of B that is the Moon's: the polarity of most rows, 0 where none has one. */
int qn_sweep_polarity(const struct qn_sweep *sweep);

/* ---- what fits answer ----------------------------------------------------------------------- */

/* Why a value is missing, or what to know about it. */
enum qn_fit_reason {
    QN_FIT_OK,
    QN_FIT_AT_LIMIT,     /* a value: the best lies at a limit of the fit, the truth may be beyond */
    QN_FIT_ONE_SIDED,    /* no value: only `low` or `high` is known, the other is NaN */
    QN_FIT_FEW_ROWS,     /* too few energies with counts */
    QN_FIT_FEW_CELLS,    /* too few cells to fit to */
    QN_FIT_NO_FIELD,     /* the magnetic field is missing */
    QN_FIT_NO_FOOT,      /* no row's field line meets the Moon on one side alone */
    QN_FIT_NO_SPECTRUM,  /* no fit of the spectrum to start from */
    QN_FIT_TOO_DENSE,    /* by day: more current than photoemission balances; U <= 0 */
    QN_FIT_TOO_THIN,     /* by day: less current than the photoemission curve knows; U >= 150 V */
    QN_FIT_SECONDARIES,  /* by night: every electron drives out more than itself; U >= 0 */
    QN_FIT_NO_BALANCE,   /* by night: currents balance at no potential that was tried */
    QN_FIT_NO_POTENTIAL, /* classic: no fit without a potential of the spacecraft */
    QN_FIT_POOR,         /* lillis: reduced chi2 above the limit */
    QN_FIT_NO_EDGE,      /* nothing in the sweep tells the parameter from any other */
    QN_FIT_REASONS
};
const char *qn_fit_reason_name(enum qn_fit_reason reason); /* "too-dense": for tables */
const char *qn_fit_reason_text(enum qn_fit_reason reason); /* a sentence: for people */

/* A fitted value with its 68 % interval; all NaN when missing. An end of the interval that is not
 * known is NaN; a bound is an interval without a value. */
struct qn_estimate {
    double value;
    double low;
    double high;
    enum qn_fit_reason reason;
};

#endif
