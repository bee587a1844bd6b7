/* A run from beginning to end: plan, work, glue, publish; each restartable, each a command of its
 * own as well. The command line calls these and prints; nothing here does. */
#ifndef QN_ENGINE_RUN_H
#define QN_ENGINE_RUN_H

#include "engine/claims.h"
#include "engine/history.h"
#include "engine/observer.h"
#include "engine/rundir.h"

#include <quern/pipeline.h>

struct qn_run_config {
    const char *output; /* the dataset */
    unsigned jobs;      /* 0: as many as there are CPUs */
    bool in_process;
    bool overwrite;
    bool restart;
    bool retry_failed;   /* tasks given up before are tried afresh */
    const char *scratch; /* folder of this machine in which outputs are made; NULL: none */
    uint64_t timeout_us;
    double timeout_factor;
    uint64_t memory_limit; /* per worker; 0: a fair part of the machine's */
    uint64_t max_failures; /* UINT64_MAX: no limit */
    double max_failures_part;
    unsigned max_batch;     /* 0: adaptive */
    unsigned slice, slices; /* work: 1, 1 for all */
    bool accept_gaps;       /* glue: also while tasks are open, which are then given up */
    bool take_over;         /* work on a slice: then on those that nobody works on */
    struct qn_claimant claimant;
    const struct qn_observer *observer;
    /* Called when the dataset is complete but not yet published: writes report and pictures into
     * `root`. A failure is told, not fatal. */
    enum qn_status (*report)(const struct qn_pipeline *pipeline, const char *root,
                             struct qn_error *err);
};

struct qn_run_summary {
    bool already_complete; /* nothing was left to do */
    uint64_t tasks;
    uint64_t done;
    uint64_t gave_up;
    uint64_t open; /* tasks not tried to the end, for which glue has not made the dataset */
    double elapsed_s;
    char dataset[PATH_MAX];
};

/* All three steps; continues where an earlier run of the same job stopped. */
enum qn_status qn_run_all(const struct qn_run_config *config, const struct qn_pipeline *pipeline,
                          const char *verb, const struct qn_options *options,
                          struct qn_run_summary *summary, struct qn_error *err);

/* The steps one by one. `plan` makes DATASET.partial; `work` runs what is open of all, or of a
 * slice and then of what others left; `glue` makes and publishes the dataset; while tasks are open
 * it makes none and counts them in the summary. */
enum qn_status qn_run_plan(const struct qn_run_config *config, const struct qn_pipeline *pipeline,
                           const char *verb, const struct qn_options *options,
                           struct qn_run_summary *summary, struct qn_error *err);
enum qn_status qn_run_work(const struct qn_run_config *config, const struct qn_pipeline *pipeline,
                           struct qn_run_summary *summary, struct qn_error *err);
enum qn_status qn_run_glue(const struct qn_run_config *config, const struct qn_pipeline *pipeline,
                           struct qn_run_summary *summary, struct qn_error *err);

/* Which slices of the run in `root` have open tasks, or with `retry_failed` failed ones: wanted[1]
 * to wanted[slices]; free(). *open is the number of such tasks. */
enum qn_status qn_run_open_slices(const struct qn_plan_file *plan, const char *root,
                                  unsigned slices, bool retry_failed, bool **wanted, uint64_t *open,
                                  struct qn_error *err);

/* Work and glue of whatever was planned there before. */
enum qn_status qn_run_resume(const struct qn_run_config *config, const struct qn_pipeline *pipeline,
                             struct qn_run_summary *summary, struct qn_error *err);

/* A verb with a function of its own, which may tell of progress and ask whether to stop. */
enum qn_status qn_run_verb(const struct qn_verb *verb, const struct qn_options *options,
                           const struct qn_observer *observer, struct qn_error *err);

/* How many threads such a verb may use: its option "jobs", else QUERN_JOBS, else the CPUs of this
 * process. */
enum qn_status qn_run_threads(const struct qn_options *options, unsigned *threads,
                              struct qn_error *err);

/* One task in the foreground, in this process, for a debugger: outputs go to a scratch folder
 * `scratch` beside the dataset, which stays as it is. */
enum qn_status qn_run_task(const char *root, const struct qn_pipeline *pipeline, uint64_t task,
                           const char *scratch, struct qn_error *err);

#endif
