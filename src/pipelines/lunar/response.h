/* What the analyser passes of a plasma: for synthetic sweeps and for pictures of fits. */
#ifndef QN_PIPELINES_LUNAR_RESPONSE_H
#define QN_PIPELINES_LUNAR_RESPONSE_H

#include "compute/kappa.h"

/* Omnidirectional flux [cm^-2 s^-1 eV^-1] of an ambient plasma as measured at an energy where the
 * potential is `volts`: by Liouville's theorem F(E - U) E / (E - U), 0 for E <= U, averaged over
 * the analyser's response, a Gaussian in ln E of deviation QN_ER_RESPONSE. */
double qn_response_flux(const struct qn_kappa *ambient, double volts, double energy_ev);

#endif
