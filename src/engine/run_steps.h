/* The steps of a run, shared by the files that do them: run.c strings them together, run_plan.c,
 * run_work.c and run_glue.c are one step each. Private to src/engine/run*.c; see run.h. */
#ifndef QN_ENGINE_RUN_STEPS_H
#define QN_ENGINE_RUN_STEPS_H

#include "engine/machine.h"
#include "engine/run.h"
#include "engine/rundir.h"

#include <signal.h>

struct qn_run {
    const struct qn_run_config *config;
    const struct qn_pipeline *pipeline;
    struct qn_rundir dir;
    struct qn_plan_file plan;
    bool planned; /* plan is open */
    uint64_t start_us;
};

/* Tells the observer. */
void qn_run_say(const struct qn_run *run, enum qn_message_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

enum qn_status qn_run_open_plan(struct qn_run *run, struct qn_error *err);

/* The lock, the certainty that nobody works on a slice, and that all is as it was when this command
 * began to look. */
enum qn_status qn_run_lock_as_found(struct qn_run *run, struct qn_error *err);

/* Removes D.partial as this process made it, without a plan; it holds the lock. */
void qn_run_remove_unplanned(struct qn_run *run);

/* Adds to QN_ERR_CHANGED what to do about a run that is not the one that was begun. */
enum qn_status qn_run_advise_restart(enum qn_status status, struct qn_error *err);

/* Signals ask planning and glue, which this process does itself, to stop; work has an event loop
 * for that. A second one ends a step that does not listen. */
#define QN_RUN_SIGNALS 3
extern volatile sig_atomic_t qn_run_cancelled;
void qn_run_catch_signals(struct sigaction old[QN_RUN_SIGNALS]);
void qn_run_release_signals(const struct sigaction old[QN_RUN_SIGNALS]);

/* After this the plan is open and locked, or *complete says that there is nothing to do. */
enum qn_status qn_run_plan_step(struct qn_run *run, const char *verb,
                                const struct qn_options *options, bool *complete,
                                struct qn_error *err);
/* Runs what is open of the plan, or of this run's slice of it. */
enum qn_status qn_run_work_step(struct qn_run *run, struct qn_error *err);
/* Glues and publishes. */
enum qn_status qn_run_glue_step(struct qn_run *run, struct qn_run_summary *summary,
                                struct qn_error *err);

/* Removes the parts of a complete dataset, unless a later run may want them; one that was killed
 * after it had published may have left some. That they stay does no harm but takes space. */
void qn_run_drop_parts(const struct qn_run *run, uint64_t gave_up);

#endif
