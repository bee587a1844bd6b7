/* Slices of a plan: which tasks go together when several coordinators share the work. A function
 * of the plan and of the number of slices only, so that everyone finds the same. */
#ifndef QN_ENGINE_SLICES_H
#define QN_ENGINE_SLICES_H

#include "engine/plan.h"

/* Deals the tasks out to `slices` slices, longest processing time first: each task, in the order of
 * falling cost, to the slice that has the least so far. *slice_of gets the slice of every task,
 * from 1; free() it. */
enum qn_status qn_slices_deal(const struct qn_plan_file *plan, unsigned slices, uint32_t **slice_of,
                              struct qn_error *err);

#endif
