/* The commands over a run, and what its steps share: see run.h, run_steps.h. */
#include "engine/run_steps.h"

#include "base/io.h"
#include "engine/history.h"
#include "engine/manifest.h"
#include "engine/worker.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- what the steps share ------------------------------------------------------------------- */

void qn_run_say(const struct qn_run *run, enum qn_message_level level, const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    run->config->observer->message(run->config->observer->context, level, text);
}

enum qn_status qn_run_open_plan(struct qn_run *run, struct qn_error *err)
{
    char run_dir[PATH_MAX];
    snprintf(run_dir, sizeof run_dir, "%s/.quern", run->dir.partial);
    enum qn_status status = qn_plan_open(&run->plan, run_dir, err);
    run->planned = !status;
    return status;
}

void qn_run_remove_unplanned(struct qn_run *run)
{
    struct qn_rundir now;
    if (run->dir.lock >= 0 && !qn_rundir_find(&now, run->dir.dataset, NULL) &&
        !now.partial_has_plan)
        qn_rundir_remove(&run->dir, NULL);
}

/* Slices that others work on: see work_slice in run_work.c. */
static enum qn_status refuse_slices(struct qn_run *run, struct qn_error *err)
{
    char holder[QN_CLAIM_HOLDER];
    unsigned held;
    enum qn_status status =
        qn_claims_held(run->dir.partial, &run->config->claimant, 0, &held, holder, err);
    if (status || held == 0)
        return status;
    return qn_fail_at(err, QN_ERR_EXISTS, run->dir.partial, -1,
                      "'%s' is being worked on: %u slice%s by others, one by %s. Wait for them, or "
                      "stop them.",
                      run->dir.partial, held, held == 1 ? " is claimed" : "s are claimed", holder);
}

enum qn_status qn_run_lock_as_found(struct qn_run *run, struct qn_error *err)
{
    struct qn_rundir now;
    enum qn_status status = qn_rundir_lock(&run->dir, err);
    if (!status)
        status = refuse_slices(run, err);
    if (!status)
        status = qn_rundir_find(&now, run->dir.dataset, err);
    if (!status && (now.partial_has_plan != run->dir.partial_has_plan ||
                    now.dataset_exists != run->dir.dataset_exists)) {
        status = qn_rundir_overtaken(&run->dir, err);
        qn_run_remove_unplanned(run);
    }
    return status;
}

enum qn_status qn_run_advise_restart(enum qn_status status, struct qn_error *err)
{
    if (status != QN_ERR_CHANGED || !err)
        return status;
    return qn_fail_at(err, status, err->file, err->offset,
                      "%s Go back to what the run began with, choose another output, or start "
                      "over with --restart.",
                      err->message);
}

/* ---- signals -------------------------------------------------------------------------------- */

static const int signals[QN_RUN_SIGNALS] = {SIGINT, SIGTERM, SIGHUP};
volatile sig_atomic_t qn_run_cancelled;

static void cancel(int signal_number)
{
    (void)signal_number;
    qn_run_cancelled = 1;
}

void qn_run_catch_signals(struct sigaction old[QN_RUN_SIGNALS])
{
    struct sigaction action = {.sa_handler = cancel, .sa_flags = (int)SA_RESETHAND};
    qn_run_cancelled = 0;
    for (int i = 0; i < QN_RUN_SIGNALS; i++)
        sigaction(signals[i], &action, &old[i]);
}

void qn_run_release_signals(const struct sigaction old[QN_RUN_SIGNALS])
{
    for (int i = 0; i < QN_RUN_SIGNALS; i++)
        sigaction(signals[i], &old[i], NULL);
}

static enum qn_status begin(struct qn_run *run, const struct qn_run_config *config,
                            const struct qn_pipeline *pipeline, struct qn_run_summary *summary,
                            struct qn_error *err)
{
    *run = (struct qn_run){.config = config, .pipeline = pipeline, .start_us = qn_now_us()};
    *summary = (struct qn_run_summary){0};
    enum qn_status status = qn_rundir_find(&run->dir, config->output, err);
    snprintf(summary->dataset, sizeof summary->dataset, "%s", run->dir.dataset);
    return status ? status : qn_rundir_settle(&run->dir, err);
}

static void end(struct qn_run *run, struct qn_run_summary *summary)
{
    summary->elapsed_s = (double)(qn_now_us() - run->start_us) / 1e6;
    if (run->planned)
        qn_plan_close(&run->plan);
    qn_rundir_unlock(&run->dir);
}

/* ---- the commands --------------------------------------------------------------------------- */

static enum qn_status all_complete(struct qn_run *run, struct qn_run_summary *summary,
                                   struct qn_error *err)
{
    char run_dir[PATH_MAX];
    struct qn_history history;
    snprintf(run_dir, sizeof run_dir, "%s/.quern", run->dir.dataset);
    enum qn_status status = qn_plan_open(&run->plan, run_dir, err);
    if (status)
        return status;
    run->planned = true;
    status = qn_history_read(&history, run->dir.dataset, &run->plan, NULL, NULL, err);
    if (status)
        return status;
    summary->already_complete = true;
    summary->tasks = history.count;
    summary->done = history.done;
    summary->gave_up = history.gave_up;
    qn_history_release(&history);
    qn_run_drop_parts(run, summary->gave_up);
    json_t *manifest = NULL;
    status = qn_manifest_read(run->dir.dataset, &manifest, err);
    summary->unusable = (uint64_t)json_integer_value(json_object_get(manifest, "unusable"));
    json_decref(manifest);
    return status;
}

enum qn_status qn_run_all(const struct qn_run_config *config, const struct qn_pipeline *pipeline,
                          const char *verb, const struct qn_options *options,
                          struct qn_run_summary *summary, struct qn_error *err)
{
    struct qn_run run;
    bool complete = false;
    enum qn_status status = begin(&run, config, pipeline, summary, err);
    if (!status)
        status = qn_run_plan_step(&run, verb, options, &complete, err);
    if (!status && complete) {
        status = all_complete(&run, summary, err);
    } else if (!status) {
        status = qn_run_work_step(&run, err);
        if (!status)
            status = qn_run_glue_step(&run, summary, err);
    }
    end(&run, summary);
    return status;
}

enum qn_status qn_run_plan(const struct qn_run_config *config, const struct qn_pipeline *pipeline,
                           const char *verb, const struct qn_options *options,
                           struct qn_run_summary *summary, struct qn_error *err)
{
    struct qn_run run;
    enum qn_status status = begin(&run, config, pipeline, summary, err);
    if (!status)
        status = qn_run_plan_step(&run, verb, options, &summary->already_complete, err);
    if (!status && run.planned)
        summary->tasks = run.plan.count;
    end(&run, summary);
    return status;
}

/* Opens the plan that is there; takes the lock, unless this is about a slice, which is claimed. */
static enum qn_status join_run(struct qn_run *run, struct qn_error *err)
{
    if (!run->dir.partial_has_plan)
        return qn_fail_at(err, QN_ERR_USAGE, run->dir.dataset, -1,
                          "there is no run to continue for '%s'%s.", run->dir.dataset,
                          run->dir.dataset_is_ours ? ": the dataset is complete" : "");
    enum qn_status status = QN_OK;
    if (run->config->slices == 1)
        status = qn_run_lock_as_found(run, err);
    if (!status)
        status = qn_run_open_plan(run, err);
    if (status)
        return status;
    return qn_run_advise_restart(qn_plan_check_inputs(&run->plan, run->pipeline, err), err);
}

enum qn_status qn_run_work(const struct qn_run_config *config, const struct qn_pipeline *pipeline,
                           struct qn_run_summary *summary, struct qn_error *err)
{
    struct qn_run run;
    enum qn_status status = begin(&run, config, pipeline, summary, err);
    if (!status)
        status = join_run(&run, err);
    if (!status) {
        summary->tasks = run.plan.count;
        status = qn_run_work_step(&run, err);
    }
    end(&run, summary);
    return status;
}

enum qn_status qn_run_glue(const struct qn_run_config *config, const struct qn_pipeline *pipeline,
                           struct qn_run_summary *summary, struct qn_error *err)
{
    struct qn_run run;
    enum qn_status status = begin(&run, config, pipeline, summary, err);
    if (!status)
        status = join_run(&run, err);
    if (!status)
        status = qn_run_glue_step(&run, summary, err);
    end(&run, summary);
    return status;
}

enum qn_status qn_run_resume(const struct qn_run_config *config, const struct qn_pipeline *pipeline,
                             struct qn_run_summary *summary, struct qn_error *err)
{
    struct qn_run run;
    enum qn_status status = begin(&run, config, pipeline, summary, err);
    if (!status && !run.dir.partial_has_plan && run.dir.dataset_is_ours) {
        status = all_complete(&run, summary, err);
        if (status || summary->gave_up == 0 || !config->retry_failed) {
            end(&run, summary);
            return status;
        }
        qn_plan_close(&run.plan);
        run.planned = summary->already_complete = false;
        status = qn_rundir_reopen(&run.dir, err);
    }
    if (!status)
        status = join_run(&run, err);
    if (!status)
        status = qn_run_work_step(&run, err);
    if (!status)
        status = qn_run_glue_step(&run, summary, err);
    end(&run, summary);
    return status;
}

enum qn_status qn_run_task(const char *root, const struct qn_pipeline *pipeline, uint64_t task,
                           const char *scratch, struct qn_error *err)
{
    char run_dir[PATH_MAX];
    struct qn_plan_file plan;
    struct qn_worker worker;
    struct qn_slot slot = {0};
    struct qn_buf payload = {0};
    struct qn_buf strings = {0};
    snprintf(run_dir, sizeof run_dir, "%s/.quern", root);
    enum qn_status status = qn_plan_open(&plan, run_dir, err);
    if (status)
        return status;
    struct qn_workplace place = {
        .pipeline = pipeline, .plan = &plan, .root = scratch, .slots = &slot, .workers = 1};
    snprintf(run_dir, sizeof run_dir, "%s/.quern/parts", scratch);
    if (task >= plan.count)
        status = qn_fail(err, QN_ERR_USAGE, "task %llu does not exist; the plan has 0 to %llu.",
                         (unsigned long long)task, (unsigned long long)plan.count - 1);
    if (!status)
        status = qn_make_dirs(run_dir, err);
    if (!status)
        status = qn_worker_open(&worker, &place, 0, err);
    if (!status) {
        struct qn_record record;
        qn_worker_attempt(&worker, task, 1, &payload);
        if (!qn_record_decode(&record, payload.data, payload.len, &strings))
            status = qn_fail_memory(err, "a record", payload.len);
        else if (record.type == QN_RECORD_FAILED)
            status = qn_fail_at(err, record.status, record.file, record.offset, "%s", record.text);
        qn_worker_close(&worker);
    }
    qn_buf_release(&strings);
    qn_buf_release(&payload);
    qn_plan_close(&plan);
    return status;
}
