/* From one sweep to all that it tells: spectrum, potential of the spacecraft, potential of the
 * surface. The one entry of pipelines; kappa.h, spacecraft.h and loss_cone.h are its parts.
 *
 * `classic` is the published program, defects included; `robust` mends them and gives intervals.
 * The same sweep gives the same bits, whatever was measured before.
 */
#ifndef QN_COMPUTE_POTENTIALS_H
#define QN_COMPUTE_POTENTIALS_H

#include "compute/kappa.h"
#include "compute/loss_cone.h"

#include <quern/error.h>

enum qn_potential_profile { QN_POTENTIAL_ROBUST, QN_POTENTIAL_CLASSIC };

struct qn_potential_options {
    enum qn_potential_profile profile;
    enum qn_cone_method method; /* classic: robust has an objective of its own */
    enum qn_cone_norm norm;
    enum qn_sense sense;
    double u_spacecraft; /* V, taken for every sweep; NaN: found from the sweep */
};
extern const struct qn_potential_options qn_potential_default; /* robust, halekas, ratio, NaN */

struct qn_potentials {
    struct qn_kappa_fit spectrum; /* of the ambient plasma: the potential is taken out */
    struct qn_estimate u_spacecraft;
    double u_assumed; /* the potential of the spacecraft that the loss cone was fitted with */
    double current;   /* of electrons to the spacecraft, A/m^2; NaN when not known */
    struct qn_cone_fit cone;
    double debye_m; /* Debye length of the ambient plasma */
};

struct qn_potential_work; /* memory, kept from sweep to sweep; one per worker */
enum qn_status qn_potential_work_new(struct qn_potential_work **work, struct qn_error *err);
void qn_potential_work_free(struct qn_potential_work *work); /* NULL is fine */

/* Measures a sweep. Never fails: every value that is missing has its reason. */
void qn_potentials_measure(struct qn_potential_work *work, const struct qn_sweep *sweep,
                           const struct qn_cells *cells, const struct qn_potential_options *options,
                           struct qn_potentials *found);

#endif
