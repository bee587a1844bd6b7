/* Taking over the parts of the dataset that is being replaced: a task with the same payload, under
 * the same options, of the same version of the pipeline leaves the same part. Only for pipelines
 * that say so (qn_pipeline.reuses_parts), whose part files do not depend on the place of a task in
 * the plan. */
#ifndef QN_ENGINE_REUSE_H
#define QN_ENGINE_REUSE_H

#include "engine/plan.h"

/* Puts parts of `dataset` that tasks of `plan` would leave again into `partial`, where the run
 * finds and checks them before it starts; *count is how many. Parts that cannot be taken over are
 * simply made again. */
enum qn_status qn_reuse_parts(const char *dataset, const char *partial,
                              const struct qn_plan_file *plan, uint64_t *count,
                              struct qn_error *err);

#endif
