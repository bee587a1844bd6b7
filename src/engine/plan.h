/* The plan of a run on disk: plan.json (what people read: pipeline, options, inputs, counts) and
 * plan.bin (the tasks, mapped by every process). Both lie in the run directory .quern/.
 *
 * The digest covers everything the result depends on: pipeline and version, verb, options, the
 * identity of the inputs, and all tasks. A ledger carries it; a resumed run compares it.
 */
#ifndef QN_ENGINE_PLAN_H
#define QN_ENGINE_PLAN_H

#include "base/buf.h"
#include "base/hash.h"
#include "engine/observer.h"
#include "engine/options.h"

#include <jansson.h>
#include <quern/pipeline.h>
#include <signal.h>

struct qn_plan_entry { /* of plan.bin, little-endian hosts only (all that Quern runs on) */
    uint64_t cost;
    uint64_t items;
    uint64_t payload_offset; /* from the start of plan.bin */
    uint64_t payload_len;
};

struct qn_plan { /* while planning */
    struct qn_buf entries;
    struct qn_buf payloads;
    struct qn_buf shared;
    json_t *inputs;
    json_t *notes;
    uint64_t expected_bytes;
    const struct qn_observer *observer;
    const volatile sig_atomic_t *cancelled;
    uint64_t start_us;
};

/* Borrows the observer, and the flag that a signal sets. */
enum qn_status qn_plan_init(struct qn_plan *plan, const struct qn_observer *observer,
                            const volatile sig_atomic_t *cancelled, struct qn_error *err);
void qn_plan_release(struct qn_plan *plan);

/* Writes plan.bin and plan.json into `run_dir`, plan.json last. */
enum qn_status qn_plan_write(struct qn_plan *plan, const char *run_dir,
                             const struct qn_pipeline *pipeline, const char *verb,
                             const struct qn_options *options, struct qn_error *err);

struct qn_plan_file { /* an opened plan */
    json_t *meta;     /* plan.json */
    struct qn_options options;
    char digest[QN_HASH_TEXT];
    uint64_t count;
    uint64_t total_cost;
    uint64_t total_items;
    const struct qn_plan_entry *entries;
    const uint8_t *map;
    size_t map_len;
    const void *shared;
    size_t shared_len;
};

/* Maps the plan and checks its digest. */
enum qn_status qn_plan_open(struct qn_plan_file *file, const char *run_dir, struct qn_error *err);
void qn_plan_close(struct qn_plan_file *file);
struct qn_task qn_plan_task(const struct qn_plan_file *file, uint64_t index);

/* Compares the recorded identity of every input with the file there now, and has the pipeline look
 * at the inputs of every task; a difference is QN_ERR_CHANGED and names it. */
enum qn_status qn_plan_check_inputs(const struct qn_plan_file *file,
                                    const struct qn_pipeline *pipeline, struct qn_error *err);

#endif
