/* Verbs of a pipeline that do everything themselves: their progress, and how they are stopped. */
#include "engine/run_steps.h"

#include <stdatomic.h>

/* One verb runs in a process, from its main thread. */
static const struct qn_observer *observer;
static uint64_t start_us;
static atomic_bool asked; /* whether to stop: from then on signals are caught */
static struct sigaction old[QN_RUN_SIGNALS];

enum qn_status qn_run_verb(const struct qn_verb *verb, const struct qn_options *options,
                           const struct qn_observer *told, struct qn_error *err)
{
    observer = told;
    start_us = qn_now_us();
    enum qn_status status = verb->run(options, err);
    if (atomic_exchange(&asked, false))
        qn_run_release_signals(old);
    observer = NULL;
    return status;
}

void qn_verb_progress(const char *phase, const char *unit, uint64_t done, uint64_t total)
{
    if (observer)
        qn_observe_step(observer, phase, unit, done, total, start_us);
}

bool qn_verb_cancelled(void)
{
    if (!atomic_exchange(&asked, true))
        qn_run_catch_signals(old);
    return qn_run_cancelled != 0;
}
