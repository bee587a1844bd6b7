/* A worker: runs tasks one after another, either as a process of its own (the usual case) or
 * inside the coordinator (--in-process). Knows the plan, the pipeline and its slot; tells the
 * coordinator of every attempt by a ledger record, ready to append. */
#ifndef QN_ENGINE_WORKER_H
#define QN_ENGINE_WORKER_H

#include "base/buf.h"
#include "engine/plan.h"
#include "engine/sched.h"

#include <quern/pipeline.h>
#include <stdatomic.h>

#define QN_STOP_ALL UINT64_MAX

/* Shared memory between the coordinator and one worker: what it does now, and whether to stop.
 * Written by one side each, read by the other at any time. */
struct qn_slot {
    _Atomic uint64_t task; /* running: index + 1; 0: none */
    _Atomic uint64_t since_us;
    _Atomic uint64_t items;   /* done in this attempt */
    _Atomic uint64_t beat;    /* counts reports of progress */
    _Atomic uint64_t attempt; /* which one this is, from 1 */
    _Atomic uint64_t stop;    /* by the coordinator: index + 1, QN_STOP_ALL, 0: go on */
    uint64_t padding[506];    /* a page: a worker has no other's slot in its memory */
};
#define QN_SLOT_BYTES 4096u
_Static_assert(sizeof(struct qn_slot) == QN_SLOT_BYTES, "a slot is a page");

struct qn_workplace { /* what all workers share; made before they start */
    const struct qn_pipeline *pipeline;
    const struct qn_plan_file *plan;
    const char *root;               /* the dataset under construction */
    const char *scratch;            /* folder in which outputs are made first, NULL: none */
    const struct qn_ledger *ledger; /* the coordinator's alone; NULL: none */
    struct qn_slot *slots;
    unsigned workers;
    uint64_t memory_limit; /* bytes per worker, 0: none */
};

struct qn_worker {
    const struct qn_workplace *place;
    unsigned index;
    struct qn_job job;
    void *state; /* the pipeline's */
    bool open;
};

/* Calls open_worker. */
enum qn_status qn_worker_open(struct qn_worker *worker, const struct qn_workplace *place,
                              unsigned index, struct qn_error *err);
void qn_worker_close(struct qn_worker *worker);

/* One attempt: runs the task, makes its outputs durable, appends its DONE or FAILED record. */
void qn_worker_attempt(struct qn_worker *worker, uint64_t task, uint32_t attempt,
                       struct qn_buf *record);

/* A worker process: serves the coordinator over `socket` until it is closed. Never returns. */
_Noreturn void qn_worker_serve(const struct qn_workplace *place, unsigned index, int socket);

/* Messages. To the worker: any number of struct qn_send. To the coordinator: records, each
 * preceded by its length as u32. A message starts with one of these as u32. */
enum qn_message {
    QN_MESSAGE_TASKS = 1,
    QN_MESSAGE_READY,
    QN_MESSAGE_CANNOT_OPEN,
    QN_MESSAGE_RECORDS
};
#define QN_MESSAGE_MAX 131072u

#endif
