/* The work of a run: its ledger, what earlier sessions left, the coordinator: see run_steps.h. */
#include "engine/run_steps.h"

#include "base/io.h"
#include "base/sys.h"
#include "engine/coordinate.h"
#include "engine/json_text.h"
#include "engine/part.h"

#include <dirent.h>
#include <quern/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Parts that were published but never recorded are taken over once their hashes are checked. */
static enum qn_status adopt_parts(struct qn_run *run, struct qn_history *history,
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
static void drop_lost_parts(struct qn_run *run, struct qn_history *history)
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

static enum qn_status record_opened(struct qn_run *run, struct qn_ledger *ledger, unsigned jobs,
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

static uint64_t memory_limit(const struct qn_run *run, unsigned jobs)
{
    if (run->config->memory_limit)
        return run->config->memory_limit;
    return qn_machine_memory() / 10 * 9 / jobs;
}

static enum qn_status work_locked(struct qn_run *run, struct qn_history *history,
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

enum qn_status qn_run_work_step(struct qn_run *run, struct qn_error *err)
{
    char path[PATH_MAX];
    char name[64];
    struct qn_history history;
    struct qn_ledger *ledger = NULL;
    qn_run_slice_name(run, "ledger", name, sizeof name);
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
