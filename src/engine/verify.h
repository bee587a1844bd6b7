/* Verification of a dataset against its manifest: every file's size and hash, files that are
 * missing or too many, then what the pipeline itself can check. */
#ifndef QN_ENGINE_VERIFY_H
#define QN_ENGINE_VERIFY_H

#include "engine/history.h"
#include "engine/observer.h"

#include <jansson.h>
#include <quern/pipeline.h>

struct qn_verify {
    struct qn_job job;
    const struct qn_pipeline *pipeline;
    const char *root;
    const struct qn_observer *observer;
    struct qn_plan_file plan;
    json_t *manifest;
    json_t *findings; /* array of {"file", "offset", "what"} */
    json_t *notes;    /* array of texts */
    uint64_t files;
    uint64_t bytes;
    uint64_t start_us;
    char *fact; /* last one asked for */
};

/* Runs all checks. QN_OK when they could be made, whatever they found: see findings. The caller
 * releases `verify`. */
enum qn_status qn_verify_run(struct qn_verify *verify, const char *root,
                             const struct qn_pipeline *pipeline, const struct qn_observer *observer,
                             struct qn_error *err);
void qn_verify_release(struct qn_verify *verify);

#endif
