/* The truth behind a synthetic sweep: which plasma the Moon was in, how the field lay, what the
 * potentials of spacecraft and surface were. A function of the seed and the time alone.
 *
 * Regions follow the Moon's phase (the tail of the magnetosphere about full Moon, its sheath on
 * both sides, the solar wind else; the wake where the Moon shades them), densities and temperatures
 * are those of Halekas et al. 2008 (doi 10.1029/2008JA013194) and of textbooks, potentials of the
 * surface a few times the electrons' temperature in shadow and small in sunlight.
 */
#ifndef QN_PIPELINES_LUNAR_SYNTH_WORLD_H
#define QN_PIPELINES_LUNAR_SYNTH_WORLD_H

#include "compute/kappa.h"
#include "pipelines/lunar/geometry.h"

enum qn_synth_region {
    QN_SYNTH_SOLAR_WIND,
    QN_SYNTH_SHEATH,
    QN_SYNTH_LOBES,
    QN_SYNTH_PLASMA_SHEET,
    QN_SYNTH_WAKE,
    QN_SYNTH_REGIONS
};
const char *qn_synth_region_name(enum qn_synth_region region); /* "solar_wind" ... */

struct qn_synth_truth {
    int64_t start_s; /* Unix seconds */
    enum qn_synth_region region;
    struct qn_kappa plasma; /* the undisturbed electrons */
    double temperature_ev;  /* theirs */
    double u_spacecraft;    /* volts, against the plasma */
    bool balanced;          /* currents to the spacecraft balance at u_spacecraft */
    double u_surface;       /* volts, against the plasma, at the foot of the field line */
    double bs_over_bm;      /* field at the spacecraft over that at the surface */
    double beam;            /* of electrons from the surface, over the incident flux */
    double field_nt[3];     /* in the despun frame of the spacecraft */
    struct qn_sky_row sky;  /* at the sweep's first row */
    bool steady;            /* light, shadow and foot are the same all along the sweep */
};

/* Longest time from a sweep's first row to its last. */
enum { QN_SYNTH_ROW_S = 5, QN_SYNTH_SPAN_S = 70 };

enum qn_status qn_synth_truth(struct qn_sky *sky, uint64_t seed, int64_t start_s,
                              struct qn_synth_truth *truth, struct qn_error *err);

#endif
