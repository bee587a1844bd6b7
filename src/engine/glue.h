/* Glue: the ordered step from results to dataset, and the manifest that lists what it is. */
#ifndef QN_ENGINE_GLUE_H
#define QN_ENGINE_GLUE_H

#include "engine/history.h"
#include "engine/observer.h"
#include "engine/output.h"

#include <jansson.h>
#include <signal.h>

struct qn_glue {
    struct qn_job job;
    const struct qn_pipeline *pipeline;
    const struct qn_plan_file *plan;
    const struct qn_history *history;
    const struct qn_observer *observer;
    const char *root;
    const volatile sig_atomic_t *cancelled;
    struct qn_outbox box;
    struct qn_task task;  /* what qn_glue_task points into */
    struct qn_buf result; /* of the last qn_glue_result */
    struct qn_buf part;
    json_t *facts;
    json_t *notes;     /* the plan's, then those of glue */
    uint64_t unusable; /* items of the input that are not in the dataset */
    uint64_t start_us;
};

/* Runs the pipeline's glue over `history` and writes manifest.json, durable, last. */
enum qn_status qn_glue_run(struct qn_glue *glue, struct qn_error *err);

#endif
