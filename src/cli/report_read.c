/* Reads what a report is made of: see report.h. */
#include "cli/report.h"

#include "base/sys.h"
#include "engine/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum qn_status keep_slowest(void *context, const struct qn_record *record,
                                   struct qn_error *err)
{
    struct cli_run_facts *facts = context;
    size_t at = facts->slow_count;
    (void)err;
    if (record->type != QN_RECORD_DONE)
        return QN_OK;
    while (at > 0 && facts->slowest[at - 1].usage.wall_us < record->usage.wall_us)
        at--;
    if (at == CLI_SLOWEST)
        return QN_OK;
    facts->slow_count += facts->slow_count < CLI_SLOWEST;
    memmove(&facts->slowest[at + 1], &facts->slowest[at],
            (facts->slow_count - at - 1) * sizeof facts->slowest[0]);
    facts->slowest[at] = (struct cli_slow_task){record->task, record->usage};
    return QN_OK;
}

/* Replaces a text by a copy of `from`, which may be NULL. */
static enum qn_status keep_text(char **text, const char *from, struct qn_error *err)
{
    size_t size = from ? strlen(from) + 1 : 0;
    free(*text);
    *text = size > 1 ? qn_sys.malloc(size) : NULL;
    if (size <= 1)
        return QN_OK;
    if (!*text)
        return qn_fail_memory(err, "a task's failure", size);
    memcpy(*text, from, size);
    return QN_OK;
}

static enum qn_status keep_attempt(struct cli_failure *failure, const struct qn_record *record,
                                   struct qn_error *err)
{
    failure->attempts++;
    failure->status = record->status;
    failure->signal = record->signal;
    failure->offset = record->offset;
    enum qn_status status = keep_text(&failure->message, record->text, err);
    if (!status)
        status = keep_text(&failure->file, record->file, err);
    return status ? status : keep_text(&failure->tail, record->tail, err);
}

/* Fills the failures already chosen; the last record of each task stays. */
static enum qn_status keep_failure(void *context, const struct qn_record *record,
                                   struct qn_error *err)
{
    struct cli_run_facts *facts = context;
    if (record->type != QN_RECORD_FAILED && record->type != QN_RECORD_GAVE_UP)
        return QN_OK;
    for (size_t i = 0; i < facts->failure_count; i++) {
        struct cli_failure *failure = &facts->failures[i];
        if (failure->task != record->task)
            continue;
        return record->type == QN_RECORD_FAILED ? keep_attempt(failure, record, err)
                                                : keep_text(&failure->reason, record->text, err);
    }
    return QN_OK;
}

/* A second pass over the ledgers, so that memory does not grow with the number of failures. */
static enum qn_status read_failures(struct cli_run_facts *facts, struct qn_error *err)
{
    struct qn_history again;
    for (uint64_t i = 0; i < facts->history.count && facts->failure_count < CLI_FAILURES; i++) {
        if (facts->history.tasks[i].state == QN_TASK_GAVE_UP)
            facts->failures[facts->failure_count++].task = i;
    }
    if (facts->failure_count == 0)
        return QN_OK;
    enum qn_status status =
        qn_history_read(&again, facts->root, &facts->plan, keep_failure, facts, err);
    if (!status)
        qn_history_release(&again);
    return status;
}

static enum qn_status read_run(struct cli_run_facts *facts, struct qn_error *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/run.json", facts->root);
    facts->run = json_load_file(path, 0, NULL);
    if (!facts->run)
        return qn_fail_at(err, QN_ERR_CORRUPT, path, -1,
                          "'%s' is missing or damaged; the report needs it. The data is not "
                          "concerned: check it with 'quern verify'.",
                          path);
    return QN_OK;
}

enum qn_status cli_run_facts_read(struct cli_run_facts *facts, const char *root,
                                  struct qn_error *err)
{
    *facts = (struct cli_run_facts){.root = root};
    char run_dir[PATH_MAX];
    struct qn_rundir dir;
    snprintf(run_dir, sizeof run_dir, "%s/.quern", facts->root);
    enum qn_status status = qn_rundir_find(&dir, facts->root, err);
    if (status)
        return status;
    snprintf(facts->dataset, sizeof facts->dataset, "%s", dir.dataset);
    status = qn_plan_open(&facts->plan, run_dir, err);
    if (!status)
        status =
            qn_history_read(&facts->history, facts->root, &facts->plan, keep_slowest, facts, err);
    if (!status)
        status = read_failures(facts, err);
    if (!status)
        status = qn_manifest_read(facts->root, &facts->manifest, err);
    return status ? status : read_run(facts, err);
}

void cli_run_facts_release(struct cli_run_facts *facts)
{
    for (size_t i = 0; i < facts->failure_count; i++) {
        free(facts->failures[i].message);
        free(facts->failures[i].file);
        free(facts->failures[i].tail);
        free(facts->failures[i].reason);
    }
    json_decref(facts->run);
    json_decref(facts->manifest);
    qn_history_release(&facts->history);
    qn_plan_close(&facts->plan);
}
