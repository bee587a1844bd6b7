/* The coordinator: one thread, one event loop around the scheduler. Starts the crew, feeds it,
 * records what comes back, enforces limits, obeys Ctrl-C. */
#ifndef QN_ENGINE_COORDINATE_H
#define QN_ENGINE_COORDINATE_H

#include "engine/history.h"
#include "engine/observer.h"
#include "engine/sched.h"
#include "engine/worker.h"

struct qn_work {
    struct qn_workplace *place;
    const struct qn_history *history;
    struct qn_ledger *ledger; /* open; the OPENED record is written already */
    const struct qn_observer *observer;
    bool in_process;
    const uint32_t *slice_of; /* of every task; NULL: all are to be worked on */
    uint32_t slice;           /* ... else those of this one */
    unsigned max_batch;
    uint64_t timeout_us;
    double timeout_factor;
    uint64_t max_failures;
    double max_failures_part;
};

/* Runs every open task of the slice. QN_OK when each is done or given up. Otherwise the run was
 * stopped: QN_ERR_CANCELLED, a fatal status, or QN_ERR_INPUT for too many failures; it can be
 * resumed. */
enum qn_status qn_coordinate(const struct qn_work *work, struct qn_error *err);

#endif
