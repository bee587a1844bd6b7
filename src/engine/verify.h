/* Verification of a dataset: what lies beside the data, every file's size and hash against the
 * manifest, files that are missing or too many, then what the pipeline itself can check. */
#ifndef QN_ENGINE_VERIFY_H
#define QN_ENGINE_VERIFY_H

#include "engine/blocks.h"
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
    json_t *findings; /* array of {"file", "offset", "bytes", "what"}; offset -1: the whole file;
                         bytes 0: it is not known how many */
    json_t *notes;    /* array of texts */
    uint64_t files;
    uint64_t bytes;
    uint64_t start_us;
    struct qn_buf blocks_bytes; /* .quern/blocks */
    struct qn_cursor blocks;    /* ... from its next entry on */
    struct qn_blocks listed;    /* ... the last one read */
    char *fact;                 /* last one asked for */
};

/* Runs all checks. QN_OK when they could be made, whatever they found: see findings. Without a
 * pipeline, as when the plan that names it is damaged, its own checks are left out. The caller
 * releases `verify`. */
enum qn_status qn_verify_run(struct qn_verify *verify, const char *root,
                             const struct qn_pipeline *pipeline, const struct qn_observer *observer,
                             struct qn_error *err);
void qn_verify_release(struct qn_verify *verify);

#endif
