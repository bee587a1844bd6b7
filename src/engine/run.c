/* Plan, work, glue, publish: see run.h. */
#include "engine/run.h"

#include "base/io.h"
#include "base/sys.h"
#include "engine/coordinate.h"
#include "engine/glue.h"
#include "engine/json_text.h"
#include "engine/machine.h"
#include "engine/manifest.h"
#include "engine/part.h"

#include <dirent.h>
#include <errno.h>
#include <quern/version.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct run {
    const struct qn_run_config *config;
    const struct qn_pipeline *pipeline;
    struct qn_rundir dir;
    struct qn_plan_file plan;
    bool planned; /* plan is open */
    uint64_t start_us;
};

static void say(const struct run *run, enum qn_message_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(const struct run *run, enum qn_message_level level, const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    run->config->observer->message(run->config->observer->context, level, text);
}

static enum qn_status begin(struct run *run, const struct qn_run_config *config,
                            const struct qn_pipeline *pipeline, struct qn_run_summary *summary,
                            struct qn_error *err)
{
    *run = (struct run){.config = config, .pipeline = pipeline, .start_us = qn_now_us()};
    *summary = (struct qn_run_summary){0};
    enum qn_status status = qn_rundir_find(&run->dir, config->output, err);
    snprintf(summary->dataset, sizeof summary->dataset, "%s", run->dir.dataset);
    return status ? status : qn_rundir_settle(&run->dir, err);
}

static void end(struct run *run, struct qn_run_summary *summary)
{
    summary->elapsed_s = (double)(qn_now_us() - run->start_us) / 1e6;
    if (run->planned)
        qn_plan_close(&run->plan);
    qn_rundir_unlock(&run->dir);
}

/* ---- plan ----------------------------------------------------------------------------------- */

/* The output must not swallow an input, nor lie inside one. */
static enum qn_status check_places(const struct run *run, const struct qn_options *options,
                                   struct qn_error *err)
{
    size_t out_len = strlen(run->dir.dataset);
    for (size_t i = 0; i < qn_option_inputs(options); i++) {
        const char *input = qn_option_input(options, i);
        size_t in_len = strlen(input);
        bool output_inside = !strncmp(input, run->dir.dataset, in_len) &&
                             (run->dir.dataset[in_len] == '/' || run->dir.dataset[in_len] == '\0');
        bool input_inside = !strncmp(run->dir.dataset, input, out_len) && input[out_len] == '/';
        if (output_inside || input_inside)
            return qn_fail_at(err, QN_ERR_USAGE, run->dir.dataset, -1,
                              "the output '%s' and the input '%s' lie inside each other; the "
                              "input could be overwritten. Choose an output somewhere else (-o).",
                              run->dir.dataset, input);
    }
    return QN_OK;
}

/* QN_ERR_CHANGED with the reason if the plan in `root` is not the job asked for. */
static enum qn_status check_same_job(struct run *run, const char *root, const char *verb,
                                     const struct qn_options *options, struct qn_error *err)
{
    char run_dir[PATH_MAX];
    struct qn_plan_file plan;
    snprintf(run_dir, sizeof run_dir, "%s/.quern", root);
    enum qn_status status = qn_plan_open(&plan, run_dir, err);
    if (status)
        return status;
    const char *pipeline = json_string_value(json_object_get(plan.meta, "pipeline"));
    const char *planned = json_string_value(json_object_get(plan.meta, "verb"));
    json_int_t version = json_integer_value(json_object_get(plan.meta, "pipeline_version"));
    const char *name = qn_options_difference(&plan.options, options);
    if (!pipeline || !planned || strcmp(pipeline, run->pipeline->name) || strcmp(planned, verb))
        status = qn_fail_at(err, QN_ERR_CHANGED, root, -1,
                            "'%s' was begun by 'quern %s %s', not by 'quern %s %s'.", root,
                            pipeline, planned, run->pipeline->name, verb);
    else if (version != run->pipeline->version)
        status = qn_fail_at(err, QN_ERR_CHANGED, root, -1,
                            "'%s' was begun by another version of the pipeline '%s', whose output "
                            "differs.",
                            root, pipeline);
    else if (name)
        status = qn_fail_at(err, QN_ERR_CHANGED, root, -1, "'%s' was begun with another %s%s.",
                            root, strcmp(name, "inputs") ? "--" : "", name);
    else
        status = qn_plan_check_inputs(&plan, err);
    qn_plan_close(&plan);
    return status;
}

/* What to do about a run that is not the one that was begun. */
static enum qn_status advise_restart(enum qn_status status, struct qn_error *err)
{
    if (status != QN_ERR_CHANGED || !err)
        return status;
    return qn_fail_at(err, status, err->file, err->offset,
                      "%s Go back to what the run began with, choose another output, or start "
                      "over with --restart.",
                      err->message);
}

static void tell_notes(const struct run *run)
{
    size_t i;
    json_t *note;
    json_array_foreach(json_object_get(run->plan.meta, "notes"), i, note)
        say(run, QN_INFO, "%s", json_string_value(note));
}

static void check_space(const struct run *run)
{
    uint64_t expected =
        (uint64_t)json_integer_value(json_object_get(run->plan.meta, "expected_bytes"));
    uint64_t free_bytes = qn_machine_free_space(run->dir.partial);
    if (expected > free_bytes && free_bytes > 0)
        say(run, QN_WARNING,
            "the dataset may take up to %.1f GB, but '%s' has %.1f GB free. If it gets full the "
            "run stops and can be resumed.",
            (double)expected / 1e9, run->dir.partial, (double)free_bytes / 1e9);
}

static enum qn_status open_plan(struct run *run, struct qn_error *err)
{
    char run_dir[PATH_MAX];
    snprintf(run_dir, sizeof run_dir, "%s/.quern", run->dir.partial);
    enum qn_status status = qn_plan_open(&run->plan, run_dir, err);
    run->planned = !status;
    return status;
}

/* Removes D.partial as this process made it, without a plan; it holds the lock. */
static void remove_unplanned(struct run *run)
{
    struct qn_rundir now;
    if (run->dir.lock >= 0 && !qn_rundir_find(&now, run->dir.dataset, NULL) &&
        !now.partial_has_plan)
        qn_rundir_remove(&run->dir, NULL);
}

/* The lock, and the certainty that all is as it was when this command began to look. */
static enum qn_status lock_as_found(struct run *run, const char *slice, struct qn_error *err)
{
    struct qn_rundir now;
    enum qn_status status = qn_rundir_lock(&run->dir, slice, err);
    if (!status)
        status = qn_rundir_find(&now, run->dir.dataset, err);
    if (!status && (now.partial_has_plan != run->dir.partial_has_plan ||
                    now.dataset_exists != run->dir.dataset_exists)) {
        status = qn_rundir_overtaken(&run->dir, err);
        remove_unplanned(run);
    }
    return status;
}

/* Signals ask planning and glue, which this process does itself, to stop; work has an event loop
 * for that. A second one ends a plan that does not listen. */
#define SIGNALS 3
static const int signals[SIGNALS] = {SIGINT, SIGTERM, SIGHUP};
static volatile sig_atomic_t cancelled;

static void cancel(int signal_number)
{
    (void)signal_number;
    cancelled = 1;
}

static void catch_signals(struct sigaction old[SIGNALS])
{
    struct sigaction action = {.sa_handler = cancel, .sa_flags = (int)SA_RESETHAND};
    cancelled = 0;
    for (int i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &action, &old[i]);
}

static void release_signals(const struct sigaction old[SIGNALS])
{
    for (int i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &old[i], NULL);
}

static enum qn_status make_plan(struct run *run, const char *verb, const struct qn_options *options,
                                struct qn_error *err)
{
    char run_dir[PATH_MAX];
    struct qn_plan plan;
    struct sigaction old[SIGNALS];
    catch_signals(old);
    enum qn_status status = qn_plan_init(&plan, run->config->observer, &cancelled, err);
    if (!status)
        status = run->pipeline->plan(options, &plan, err);
    if (!status && cancelled)
        status = qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
    release_signals(old);
    if (!status)
        status = lock_as_found(run, NULL, err);
    snprintf(run_dir, sizeof run_dir, "%s/.quern", run->dir.partial);
    if (!status)
        status = qn_plan_write(&plan, run_dir, run->pipeline, verb, options, err);
    qn_plan_release(&plan);
    return status;
}

/* Removes what a run that never got a plan, or one that is to be restarted, left behind. */
static enum qn_status clear_partial(struct run *run, struct qn_error *err)
{
    char run_dir[PATH_MAX];
    struct stat st;
    if (!run->dir.partial_exists)
        return QN_OK;
    snprintf(run_dir, sizeof run_dir, "%s/.quern", run->dir.partial);
    if (qn_sys.stat(run_dir, &st) < 0 && qn_sys.rmdir(run->dir.partial) < 0 && errno != ENOENT)
        return qn_fail_at(err, QN_ERR_EXISTS, run->dir.partial, -1,
                          "'%s' is in the way: it was not made by Quern. Move it, or choose "
                          "another output.",
                          run->dir.partial);
    enum qn_status status = qn_rundir_lock(&run->dir, NULL, err);
    if (!status)
        status = qn_rundir_remove(&run->dir, err);
    qn_rundir_unlock(&run->dir);
    run->dir.partial_exists = run->dir.partial_has_plan = false;
    return status;
}

/* What to do with a dataset that is there already. */
static enum qn_status check_dataset(struct run *run, const char *verb,
                                    const struct qn_options *options, bool *complete,
                                    struct qn_error *err)
{
    *complete = false;
    if (!run->dir.dataset_exists)
        return QN_OK;
    if (!run->dir.dataset_is_ours)
        return qn_fail_at(err, QN_ERR_EXISTS, run->dir.dataset, -1,
                          "'%s' exists and is no dataset of Quern; it is left alone. Choose "
                          "another output.",
                          run->dir.dataset);
    if (run->config->overwrite)
        return QN_OK;
    if (run->config->restart)
        return qn_fail_at(err, QN_ERR_EXISTS, run->dir.dataset, -1,
                          "the dataset '%s' exists; --restart forgets an unfinished run only. Use "
                          "--overwrite to replace the dataset, or choose another output.",
                          run->dir.dataset);
    struct qn_error reason;
    if (!check_same_job(run, run->dir.dataset, verb, options, &reason)) {
        *complete = true;
        return QN_OK;
    }
    return qn_fail_at(err, QN_ERR_EXISTS, run->dir.dataset, -1,
                      "the dataset '%s' exists and is of another job: %s Use --overwrite to "
                      "replace it, or choose another output.",
                      run->dir.dataset, reason.message);
}

/* After this the plan is open and locked, or *complete says that there is nothing to do. */
static enum qn_status plan_step(struct run *run, const char *verb, const struct qn_options *options,
                                bool *complete, struct qn_error *err)
{
    enum qn_status status = check_places(run, options, err);
    if (!status && (!run->dir.partial_has_plan || run->config->restart)) {
        status = check_dataset(run, verb, options, complete, err);
        if (status || *complete)
            return status;
        status = clear_partial(run, err);
        if (!status)
            status = make_plan(run, verb, options, err);
        if (status)
            remove_unplanned(run);
    } else if (!status) {
        status = check_same_job(run, run->dir.partial, verb, options, err);
        status = advise_restart(status, err);
        if (!status)
            status = lock_as_found(run, NULL, err);
    }
    if (!status)
        status = open_plan(run, err);
    if (!status) {
        tell_notes(run);
        check_space(run);
    }
    return status;
}

/* ---- work ----------------------------------------------------------------------------------- */

/* Parts that were published but never recorded are taken over once their hashes are checked. */
static enum qn_status adopt_parts(struct run *run, struct qn_history *history,
                                  struct qn_ledger *ledger, struct qn_error *err)
{
    char path[PATH_MAX];
    enum qn_status status = QN_OK;
    snprintf(path, sizeof path, "%s/.quern/parts", run->dir.partial);
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && !status && (entry = readdir(dir));) {
        char *end;
        uint64_t task = strtoull(entry->d_name, &end, 10);
        struct qn_part part;
        if (end == entry->d_name || strcmp(end, ".part") != 0 || task >= history->count ||
            task % run->config->slices != run->config->slice - 1 ||
            history->tasks[task].state == QN_TASK_DONE ||
            qn_part_read(run->dir.partial, run->plan.digest, task, &part, NULL))
            continue;
        if (qn_part_files_stand(run->dir.partial, &part, QN_PART_HASHES)) {
            struct qn_record record = {.type = QN_RECORD_DONE,
                                       .task = task,
                                       .attempt = history->tasks[task].attempts + 1,
                                       .in_part = true,
                                       .part_size = part.bytes.len,
                                       .part_hash = qn_hash_of(part.bytes.data, part.bytes.len)};
            status = qn_ledger_record(ledger, &record, err);
            history->tasks[task].state = QN_TASK_DONE;
            history->done++;
        }
        qn_buf_release(&part.bytes);
    }
    if (dir)
        closedir(dir);
    return status;
}

/* A task recorded done whose files are gone must run again; its later DONE record counts. */
static void drop_lost_parts(struct run *run, struct qn_history *history)
{
    for (uint64_t i = 0; i < history->count; i++) {
        struct qn_task_history *task = &history->tasks[i];
        struct qn_part part;
        if (task->state != QN_TASK_DONE || !task->in_part)
            continue;
        bool stands = !qn_part_read(run->dir.partial, run->plan.digest, i, &part, NULL);
        if (stands) {
            stands = qn_part_files_stand(run->dir.partial, &part, QN_PART_SIZES);
            qn_buf_release(&part.bytes);
        }
        if (!stands) {
            task->state = QN_TASK_OPEN;
            history->done--;
        }
    }
}

static enum qn_status record_opened(struct run *run, struct qn_ledger *ledger, unsigned jobs,
                                    struct qn_error *err)
{
    char host[128] = "?";
    gethostname(host, sizeof host - 1);
    json_t *opened = json_pack(
        "{s:s, s:s, s:i, s:i, s:s, s:i, s:i, s:I}", "quern", QUERN_VERSION, "digest",
        run->plan.digest, "slice", (int)run->config->slice, "slices", (int)run->config->slices,
        "host", host, "pid", (int)getpid(), "jobs", (int)jobs, "time_us", (json_int_t)qn_wall_us());
    char *text = qn_json_dump(opened, JSON_COMPACT);
    struct qn_record record = {.type = QN_RECORD_OPENED, .offset = -1, .text = text};
    enum qn_status status =
        text ? qn_ledger_record(ledger, &record, err) : qn_fail_memory(err, "a ledger record", 1);
    if (!status)
        status = qn_ledger_commit(ledger, err);
    free(text);
    json_decref(opened);
    return status;
}

static uint64_t memory_limit(const struct run *run, unsigned jobs)
{
    if (run->config->memory_limit)
        return run->config->memory_limit;
    return qn_machine_memory() / 10 * 9 / jobs;
}

static enum qn_status work_locked(struct run *run, struct qn_history *history,
                                  struct qn_ledger *ledger, struct qn_error *err)
{
    const struct qn_run_config *config = run->config;
    unsigned jobs = config->jobs ? config->jobs : qn_machine_cpus();
    char parts[PATH_MAX];
    if (config->in_process)
        jobs = 1;
    if (jobs > 4096)
        return qn_fail(err, QN_ERR_USAGE, "--jobs %u is more than 4096.", jobs);
    struct qn_workplace place = {.pipeline = run->pipeline,
                                 .plan = &run->plan,
                                 .root = run->dir.partial,
                                 .workers = jobs,
                                 .memory_limit = memory_limit(run, jobs)};
    struct qn_work work = {.place = &place,
                           .history = history,
                           .ledger = ledger,
                           .observer = config->observer,
                           .in_process = config->in_process,
                           .slice = config->slice,
                           .slices = config->slices,
                           .max_batch = config->max_batch,
                           .timeout_us = config->timeout_us,
                           .timeout_factor = config->timeout_factor,
                           .max_failures = config->max_failures,
                           .max_failures_part = config->max_failures_part};
    enum qn_status status = record_opened(run, ledger, jobs, err);
    snprintf(parts, sizeof parts, "%s/.quern/parts", run->dir.partial);
    if (!status)
        status = qn_make_dirs(parts, err);
    if (!status && config->slices == 1)
        status = qn_sweep_temporaries(run->dir.partial, err);
    if (!status)
        status = adopt_parts(run, history, ledger, err);
    if (!status)
        status = qn_ledger_commit(ledger, err);
    return status ? status : qn_coordinate(&work, err);
}

/* Name of the lock or ledger of this run's slice. */
static void slice_name(const struct run *run, const char *what, char *name, size_t size)
{
    if (run->config->slices == 1)
        snprintf(name, size, "%s", what);
    else
        snprintf(name, size, "%s.%u-of-%u", what, run->config->slice, run->config->slices);
}

static enum qn_status work_step(struct run *run, struct qn_error *err)
{
    char path[PATH_MAX];
    char name[64];
    struct qn_history history;
    struct qn_ledger *ledger = NULL;
    slice_name(run, "ledger", name, sizeof name);
    snprintf(path, sizeof path, "%s/.quern/%s", run->dir.partial, name);
    enum qn_status status = qn_ledger_open(&ledger, path, err);
    if (!status)
        status = qn_history_read(&history, run->dir.partial, &run->plan, NULL, NULL, err);
    if (status) {
        qn_ledger_free(ledger);
        return status;
    }
    drop_lost_parts(run, &history);
    for (uint64_t i = 0; run->config->retry_failed && i < history.count; i++) {
        if (history.tasks[i].state == QN_TASK_GAVE_UP)
            history.tasks[i].state = QN_TASK_OPEN;
    }
    status = work_locked(run, &history, ledger, err);
    qn_ledger_free(ledger);
    qn_history_release(&history);
    return status;
}

/* ---- glue ----------------------------------------------------------------------------------- */

/* run.json: how it went, as far as it may differ from run to run. */
static enum qn_status write_run_json(struct run *run, const struct qn_history *history,
                                     struct qn_error *err)
{
    char path[PATH_MAX];
    char host[128] = "?";
    gethostname(host, sizeof host - 1);
    json_t *json =
        json_pack("{s:s, s:s, s:I, s:f, s:I, s:I, s:I, s:f, s:f, s:f, s:I, s:I}", "quern",
                  QUERN_VERSION, "host", host, "finished_us", (json_int_t)qn_wall_us(),
                  "last_session_s", (double)(qn_now_us() - run->start_us) / 1e6, "sessions",
                  (json_int_t)history->sessions, "attempts", (json_int_t)history->attempts,
                  "failed_attempts", (json_int_t)history->failures, "worker_cpu_s",
                  (double)history->cpu_us / 1e6, "worker_wall_s", (double)history->wall_us / 1e6,
                  "max_worker_rss_mib", (double)history->max_rss_kib / 1024, "read_bytes",
                  (json_int_t)history->read_bytes, "write_bytes", (json_int_t)history->write_bytes);
    char *text = qn_json_dump(json, JSON_INDENT(2));
    snprintf(path, sizeof path, "%s/run.json", run->dir.partial);
    enum qn_status status =
        text ? qn_write_file(path, text, strlen(text), err) : qn_fail_memory(err, "run.json", 1);
    free(text);
    json_decref(json);
    return status;
}

static enum qn_status glue_and_publish(struct run *run, const struct qn_history *history,
                                       struct qn_error *err)
{
    struct qn_error report_err;
    struct qn_glue glue = {.pipeline = run->pipeline,
                           .plan = &run->plan,
                           .history = history,
                           .observer = run->config->observer,
                           .root = run->dir.partial,
                           .cancelled = &cancelled};
    enum qn_status status = qn_glue_run(&glue, err);
    if (!status)
        status = write_run_json(run, history, err);
    if (!status && run->config->report &&
        run->config->report(run->pipeline, run->dir.partial, &report_err))
        say(run, QN_WARNING, "the report could not be made: %s The data is complete.",
            report_err.message);
    if (!status)
        status = qn_rundir_publish(&run->dir, err);
    if (!status && history->gave_up == 0) {
        char parts[PATH_MAX];
        snprintf(parts, sizeof parts, "%s/.quern/parts", run->dir.dataset);
        status = qn_remove_tree(parts, err);
    }
    return status;
}

static enum qn_status check_all_tried(const struct run *run, const struct qn_history *history,
                                      struct qn_error *err)
{
    uint64_t open = history->count - history->done - history->gave_up;
    if (open > 0)
        return qn_fail_at(err, QN_ERR_CHANGED, run->dir.partial, -1,
                          "%llu of %llu tasks are still open. Run 'quern work %s' first.",
                          (unsigned long long)open, (unsigned long long)history->count,
                          run->dir.dataset);
    if (history->done == 0 && history->count > 0)
        return qn_fail_at(err, QN_ERR_INPUT, run->dir.partial, -1,
                          "all %llu tasks failed; there is nothing to make a dataset of. 'quern "
                          "failures %s' tells why; 'quern resume --retry-failed %s' tries again.",
                          (unsigned long long)history->count, run->dir.dataset, run->dir.dataset);
    return QN_OK;
}

static enum qn_status glue_step(struct run *run, struct qn_run_summary *summary,
                                struct qn_error *err)
{
    struct qn_history history;
    enum qn_status status =
        qn_history_read(&history, run->dir.partial, &run->plan, NULL, NULL, err);
    if (status)
        return status;
    summary->tasks = history.count;
    summary->done = history.done;
    summary->gave_up = history.gave_up;
    struct sigaction old[SIGNALS];
    catch_signals(old);
    status = check_all_tried(run, &history, err);
    if (!status)
        status = glue_and_publish(run, &history, err);
    release_signals(old);
    qn_history_release(&history);
    return status;
}

/* ---- the commands --------------------------------------------------------------------------- */

static enum qn_status all_complete(struct run *run, struct qn_run_summary *summary,
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
    return QN_OK;
}

enum qn_status qn_run_all(const struct qn_run_config *config, const struct qn_pipeline *pipeline,
                          const char *verb, const struct qn_options *options,
                          struct qn_run_summary *summary, struct qn_error *err)
{
    struct run run;
    bool complete = false;
    enum qn_status status = begin(&run, config, pipeline, summary, err);
    if (!status)
        status = plan_step(&run, verb, options, &complete, err);
    if (!status && complete) {
        status = all_complete(&run, summary, err);
    } else if (!status) {
        status = work_step(&run, err);
        if (!status)
            status = glue_step(&run, summary, err);
    }
    end(&run, summary);
    return status;
}

enum qn_status qn_run_plan(const struct qn_run_config *config, const struct qn_pipeline *pipeline,
                           const char *verb, const struct qn_options *options,
                           struct qn_run_summary *summary, struct qn_error *err)
{
    struct run run;
    enum qn_status status = begin(&run, config, pipeline, summary, err);
    if (!status)
        status = plan_step(&run, verb, options, &summary->already_complete, err);
    if (!status && run.planned)
        summary->tasks = run.plan.count;
    end(&run, summary);
    return status;
}

/* Opens the plan that is there and takes the lock of the slice. */
static enum qn_status join_run(struct run *run, struct qn_error *err)
{
    char name[64];
    if (!run->dir.partial_has_plan)
        return qn_fail_at(err, QN_ERR_USAGE, run->dir.dataset, -1,
                          "there is no run to continue for '%s'%s.", run->dir.dataset,
                          run->dir.dataset_is_ours ? ": the dataset is complete" : "");
    slice_name(run, "lock", name, sizeof name);
    enum qn_status status = lock_as_found(run, run->config->slices > 1 ? name : NULL, err);
    if (!status)
        status = open_plan(run, err);
    return status ? status : advise_restart(qn_plan_check_inputs(&run->plan, err), err);
}

enum qn_status qn_run_work(const struct qn_run_config *config, const struct qn_pipeline *pipeline,
                           struct qn_run_summary *summary, struct qn_error *err)
{
    struct run run;
    enum qn_status status = begin(&run, config, pipeline, summary, err);
    if (!status)
        status = join_run(&run, err);
    if (!status) {
        summary->tasks = run.plan.count;
        status = work_step(&run, err);
    }
    end(&run, summary);
    return status;
}

enum qn_status qn_run_glue(const struct qn_run_config *config, const struct qn_pipeline *pipeline,
                           struct qn_run_summary *summary, struct qn_error *err)
{
    struct run run;
    enum qn_status status = begin(&run, config, pipeline, summary, err);
    if (!status)
        status = join_run(&run, err);
    if (!status)
        status = glue_step(&run, summary, err);
    end(&run, summary);
    return status;
}

enum qn_status qn_run_resume(const struct qn_run_config *config, const struct qn_pipeline *pipeline,
                             struct qn_run_summary *summary, struct qn_error *err)
{
    struct run run;
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
        status = work_step(&run, err);
    if (!status)
        status = glue_step(&run, summary, err);
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
