/* From results to a published dataset: see run_steps.h. */
#include "base/json_memory.h"
#include "engine/run_steps.h"

#include "base/io.h"
#include "engine/aside.h"
#include "engine/glue.h"
#include "engine/history.h"

#include <quern/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* run.json: how it went, as far as it may differ from run to run. */
static enum qn_status write_run_json(struct qn_run *run, const struct qn_history *history,
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

void qn_run_drop_parts(const struct qn_run *run, uint64_t gave_up)
{
    char parts[PATH_MAX];
    struct qn_error err;
    if (gave_up > 0 || run->pipeline->reuses_parts)
        return;
    snprintf(parts, sizeof parts, "%s/.quern/parts", run->dir.dataset);
    if (qn_remove_tree(parts, &err))
        qn_run_say(run, QN_WARNING,
                   "parts that are not needed any more could not be removed: %s The data is "
                   "complete.",
                   err.message);
}

static enum qn_status glue_and_publish(struct qn_run *run, const struct qn_history *history,
                                       struct qn_run_summary *summary, struct qn_error *err)
{
    struct qn_error report_err;
    struct qn_glue glue = {.pipeline = run->pipeline,
                           .plan = &run->plan,
                           .history = history,
                           .observer = run->config->observer,
                           .root = run->dir.partial,
                           .cancelled = &qn_run_cancelled};
    enum qn_status status = qn_glue_run(&glue, err);
    summary->unusable = glue.unusable;
    if (!status)
        status = write_run_json(run, history, err);
    if (!status && run->config->report &&
        run->config->report(run->pipeline, run->dir.partial, &report_err))
        qn_run_say(run, QN_WARNING, "the report could not be made: %s The data is complete.",
                   report_err.message);
    if (!status)
        status = qn_aside_write(run->dir.partial, err);
    if (!status)
        status = qn_rundir_publish(&run->dir, err);
    if (!status)
        qn_run_drop_parts(run, history->gave_up);
    return status;
}

static enum qn_status check_any_done(const struct qn_run *run, const struct qn_history *history,
                                     struct qn_error *err)
{
    struct qn_buf word = {0};
    if (history->done > 0 || history->count == 0)
        return QN_OK;
    qn_buf_shell_word(&word, run->dir.dataset);
    qn_buf_u8(&word, '\0');
    const char *dataset = word.failed ? "DATASET" : (const char *)word.data;
    enum qn_status status =
        qn_fail_at(err, QN_ERR_INPUT, run->dir.partial, -1,
                   "all %llu tasks failed; there is nothing to make a dataset of. quern failures "
                   "%s tells why; quern resume --retry-failed %s tries again.",
                   (unsigned long long)history->count, dataset, dataset);
    qn_buf_release(&word);
    return status;
}

/* What is open will not be tried: the ledger says so, as of any other task given up. */
static enum qn_status give_up_open(const struct qn_run *run, struct qn_history *history,
                                   struct qn_error *err)
{
    char path[PATH_MAX];
    struct qn_ledger *ledger;
    snprintf(path, sizeof path, "%s/.quern/ledger", run->dir.partial);
    enum qn_status status = qn_ledger_open(&ledger, path, err);
    for (uint64_t i = 0; i < history->count && !status; i++) {
        if (history->tasks[i].state != QN_TASK_OPEN)
            continue;
        struct qn_record record = {.type = QN_RECORD_GAVE_UP,
                                   .task = i,
                                   .attempt = history->tasks[i].attempts,
                                   .status = QN_ERR_CANCELLED,
                                   .offset = -1,
                                   .text = "open when the dataset was glued with --accept-gaps"};
        status = qn_ledger_record(ledger, &record, err);
        history->tasks[i].state = QN_TASK_GAVE_UP;
        history->gave_up++;
    }
    if (!status)
        status = qn_ledger_commit(ledger, err);
    qn_ledger_free(ledger);
    return status;
}

static enum qn_status glue_history(struct qn_run *run, struct qn_history *history,
                                   struct qn_run_summary *summary, struct qn_error *err)
{
    uint64_t open = history->count - history->done - history->gave_up;
    summary->tasks = history->count;
    summary->done = history->done;
    enum qn_status status = QN_OK;
    if (open > 0 && !run->config->accept_gaps) {
        summary->gave_up = history->gave_up;
        summary->open = open;
        return QN_OK;
    }
    if (open > 0)
        status = give_up_open(run, history, err);
    summary->gave_up = history->gave_up;
    if (!status)
        status = check_any_done(run, history, err);
    if (!status)
        status = qn_sweep_temporaries(run->dir.partial, err);
    return status ? status : glue_and_publish(run, history, summary, err);
}

enum qn_status qn_run_glue_step(struct qn_run *run, struct qn_run_summary *summary,
                                struct qn_error *err)
{
    struct qn_history history;
    struct sigaction old[QN_RUN_SIGNALS];
    enum qn_status status =
        qn_history_read(&history, run->dir.partial, &run->plan, NULL, NULL, err);
    if (status)
        return status;
    qn_run_catch_signals(old);
    status = glue_history(run, &history, summary, err);
    qn_run_release_signals(old);
    qn_history_release(&history);
    return status;
}
