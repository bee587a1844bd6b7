/* The global minimum of the published objective of the loss cone, by branch and bound.
 *
 * The objective does not change while no cell changes sides of the edge, so gradients say nothing
 * and random searches may miss it. Per energy, sums over the cells sorted by pitch angle give what
 * any edge costs; the edges of all energies follow from b (1 + U / E), so a box of (U, b) bounds
 * where each can be, and the least sum over those bounds all that the box holds. Boxes that cannot
 * hold anything better are dropped, others halved. The beam adds its amplitude as a third side of
 * the boxes, bounded over steps of a table.
 *
 * Within boxes in which no cell changes sides and the beam changes by a table's step, the objective
 * is smooth, and a local search ends it. The same data give the same answer to the bit. */
#ifndef QN_COMPUTE_CONE_SEARCH_H
#define QN_COMPUTE_CONE_SEARCH_H

#include "compute/loss_cone.h"

#include <quern/error.h>

struct qn_cone_search; /* tables, kept from sweep to sweep: half a megabyte */
enum qn_status qn_cone_search_new(struct qn_cone_search **search, struct qn_error *err);
void qn_cone_search_free(struct qn_cone_search *search); /* NULL is fine */

struct qn_cone_best {
    struct qn_cone cone; /* in the middle of where the objective is the same */
    double chi2;         /* as qn_cone_chi2 has it; NaN without cells, then all is NaN */
    size_t cells;
    size_t boxes;   /* that were looked at */
    bool certified; /* no box was left when the search ended */
};
void qn_cone_search_run(struct qn_cone_search *search, const struct qn_cone_data *data,
                        enum qn_cone_method method, struct qn_cone_best *best);

#endif
