/* Planning a run, and finding out what a run that is there already was: see run_steps.h. */
#include "engine/run_steps.h"

#include "base/json_memory.h"
#include "base/sys.h"
#include "engine/reuse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The output must not swallow an input, nor lie inside one. */
static enum qn_status check_places(const struct qn_run *run, const struct qn_options *options,
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
static enum qn_status check_same_job(struct qn_run *run, const char *root, const char *verb,
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
        status = qn_plan_check_inputs(&plan, run->pipeline, err);
    qn_plan_close(&plan);
    return status;
}

static void tell_notes(const struct qn_run *run)
{
    size_t i;
    json_t *note;
    json_array_foreach(json_object_get(run->plan.meta, "notes"), i, note)
        qn_run_say(run, QN_INFO, "%s", json_string_value(note));
}

static void check_space(const struct qn_run *run)
{
    uint64_t expected =
        (uint64_t)json_integer_value(json_object_get(run->plan.meta, "expected_bytes"));
    uint64_t free_bytes = qn_machine_free_space(run->dir.partial);
    if (expected > free_bytes && free_bytes > 0)
        qn_run_say(
            run, QN_WARNING,
            "the dataset may take up to %.1f GB, but '%s' has %.1f GB free. If it gets full the "
            "run stops and can be resumed.",
            (double)expected / 1e9, run->dir.partial, (double)free_bytes / 1e9);
}

static enum qn_status make_plan(struct qn_run *run, const char *verb,
                                const struct qn_options *options, struct qn_error *err)
{
    char run_dir[PATH_MAX];
    struct qn_plan plan;
    struct sigaction old[QN_RUN_SIGNALS];
    qn_run_catch_signals(old);
    enum qn_status status = qn_plan_init(&plan, run->config->observer, &qn_run_cancelled, err);
    if (!status)
        status = run->pipeline->plan(options, &plan, err);
    if (!status && qn_run_cancelled)
        status = qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
    qn_run_release_signals(old);
    status = qn_json_settle(status, err); /* the options, too, are JSON */
    if (!status)
        status = qn_run_lock_as_found(run, err);
    snprintf(run_dir, sizeof run_dir, "%s/.quern", run->dir.partial);
    if (!status)
        status = qn_plan_write(&plan, run_dir, run->pipeline, verb, options, err);
    qn_plan_release(&plan);
    return status;
}

/* Removes what a run that never got a plan, or one that is to be restarted, left behind. */
static enum qn_status clear_partial(struct qn_run *run, struct qn_error *err)
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
    enum qn_status status = qn_rundir_lock(&run->dir, err);
    if (!status)
        status = qn_rundir_remove(&run->dir, err);
    qn_rundir_unlock(&run->dir);
    run->dir.partial_exists = run->dir.partial_has_plan = false;
    return status;
}

/* What to do with a dataset that is there already. */
static enum qn_status check_dataset(struct qn_run *run, const char *verb,
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

/* What the dataset that is being replaced has already. */
static enum qn_status reuse_parts(struct qn_run *run, struct qn_error *err)
{
    uint64_t count;
    enum qn_status status =
        qn_reuse_parts(run->dir.dataset, run->dir.partial, &run->plan, &count, err);
    if (!status && count > 0)
        qn_run_say(run, QN_INFO, "%llu of %llu tasks are taken over from the dataset there",
                   (unsigned long long)count, (unsigned long long)run->plan.count);
    return status;
}

enum qn_status qn_run_plan_step(struct qn_run *run, const char *verb,
                                const struct qn_options *options, bool *complete,
                                struct qn_error *err)
{
    bool fresh = false;
    enum qn_status status = check_places(run, options, err);
    if (!status && (!run->dir.partial_has_plan || run->config->restart)) {
        status = check_dataset(run, verb, options, complete, err);
        if (status || *complete)
            return status;
        status = clear_partial(run, err);
        if (!status)
            status = make_plan(run, verb, options, err);
        fresh = !status;
        if (status)
            qn_run_remove_unplanned(run);
    } else if (!status) {
        status = check_same_job(run, run->dir.partial, verb, options, err);
        status = qn_run_advise_restart(status, err);
        if (!status)
            status = qn_run_lock_as_found(run, err);
    }
    if (!status)
        status = qn_run_open_plan(run, err);
    if (!status && fresh && run->dir.dataset_is_ours && run->pipeline->reuses_parts)
        status = reuse_parts(run, err);
    if (!status) {
        tell_notes(run);
        check_space(run);
    }
    return status;
}
