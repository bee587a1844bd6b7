/* Verbs of a pipeline that do everything themselves: their progress, and how they are stopped. */
#include "engine/run_steps.h"

#include "base/json_memory.h"
#include "engine/options.h"

#include <stdatomic.h>
#include <stdlib.h>

#define MAX_THREADS 256

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
    enum qn_status status = qn_json_settle(verb->run(options, err), err);
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

enum qn_status qn_run_threads(const struct qn_options *options, unsigned *threads,
                              struct qn_error *err)
{
    const char *environment = getenv("QUERN_JOBS");
    bool given = qn_option_given(options, "jobs");
    int64_t jobs = qn_machine_cpus(NULL);
    if (given)
        jobs = qn_option_int(options, "jobs");
    else if (environment && *environment && !qn_parse_size(environment, &jobs))
        jobs = 0;
    if (jobs < 1 || (given && jobs > MAX_THREADS))
        return qn_fail(err, QN_ERR_USAGE, "%s makes no sense: expected a number from 1 to %d.",
                       given ? "--jobs" : "QUERN_JOBS", MAX_THREADS);
    *threads = jobs < MAX_THREADS ? (unsigned)jobs : MAX_THREADS;
    return QN_OK;
}
