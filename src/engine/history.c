/* Reads all ledgers of a run: see history.h. */
#include "engine/history.h"

#include "base/listing.h"
#include "base/sys.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    struct qn_history *history;
    const struct qn_plan_file *plan;
    const char *path;
    unsigned ledger;
    qn_ledger_visit *visit;
    void *context;
};

static enum qn_status check_digest(const struct reading *reading, const struct qn_record *record,
                                   struct qn_error *err)
{
    json_t *opened = json_loads(record->text, 0, NULL);
    const char *digest = json_string_value(json_object_get(opened, "digest"));
    bool same = digest && !strcmp(digest, reading->plan->digest);
    json_decref(opened);
    if (same)
        return QN_OK;
    return qn_fail_at(err, QN_ERR_CHANGED, reading->path, 0,
                      "the ledger '%s' belongs to another plan. Start over with --restart.",
                      reading->path);
}

static void add_usage(struct qn_history *history, const struct qn_usage *usage)
{
    history->attempts++;
    history->cpu_us += usage->cpu_us;
    history->wall_us += usage->wall_us;
    history->read_bytes += usage->read_bytes;
    history->write_bytes += usage->write_bytes;
    if (usage->max_rss_kib > history->max_rss_kib)
        history->max_rss_kib = usage->max_rss_kib;
}

static void take_done(struct reading *reading, struct qn_task_history *task,
                      const struct qn_record *record)
{
    struct qn_history *history = reading->history;
    history->done += task->state != QN_TASK_DONE;
    history->gave_up -= task->state == QN_TASK_GAVE_UP;
    task->state = QN_TASK_DONE;
    task->ledger = reading->ledger;
    task->in_part = record->in_part;
    task->result_len = (uint32_t)record->result_len;
    task->result_offset = record->result_offset;
    task->part_size = record->part_size;
    add_usage(history, &record->usage);
}

static enum qn_status take_record(void *context, const struct qn_record *record,
                                  struct qn_error *err)
{
    struct reading *reading = context;
    struct qn_history *history = reading->history;
    if (record->type == QN_RECORD_OPENED) {
        enum qn_status status = check_digest(reading, record, err);
        if (status)
            return status;
        history->sessions++;
    } else if (record->type != QN_RECORD_EVENT) {
        if (record->task >= history->count)
            return qn_fail_at(err, QN_ERR_CORRUPT, reading->path, -1,
                              "the ledger '%s' names task %llu of a plan of %llu.", reading->path,
                              (unsigned long long)record->task, (unsigned long long)history->count);
        struct qn_task_history *task = &history->tasks[record->task];
        if (record->attempt > task->attempts)
            task->attempts = record->attempt;
        if (record->type == QN_RECORD_DONE) {
            take_done(reading, task, record);
        } else if (record->type == QN_RECORD_FAILED) {
            history->failures++;
            add_usage(history, &record->usage);
        } else if (task->state == QN_TASK_OPEN) {
            task->state = QN_TASK_GAVE_UP;
            task->why = (uint8_t)record->status;
            history->gave_up++;
        }
    }
    return reading->visit ? reading->visit(reading->context, record, err) : QN_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static enum qn_status add_ledger(struct qn_history *history, const char *name, struct qn_error *err)
{
    if (history->ledger_count % 64 == 0) {
        void *more = qn_sys.realloc(history->ledgers, (history->ledger_count + 64ul) * 64);
        if (!more)
            return qn_fail_memory(err, "the list of ledgers", history->ledger_count * 64ul);
        history->ledgers = more;
    }
    snprintf(history->ledgers[history->ledger_count++], 64, "%s", name);
    return QN_OK;
}

static enum qn_status list_ledgers(struct qn_history *history, const char *root,
                                   struct qn_error *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/.quern", root);
    struct qn_listing listing;
    enum qn_status status = qn_listing_open(&listing, path, err);
    while (qn_listing_next(&listing, &status, err))
        if (strncmp(listing.name, "ledger", 6) == 0 && strlen(listing.name) < 64)
            status = add_ledger(history, listing.name, err);
    qn_listing_close(&listing);
    if (history->ledger_count > 1)
        qsort(history->ledgers, history->ledger_count, sizeof history->ledgers[0], by_name);
    return status;
}

enum qn_status qn_history_read(struct qn_history *history, const char *root,
                               const struct qn_plan_file *plan, qn_ledger_visit *visit,
                               void *context, struct qn_error *err)
{
    *history = (struct qn_history){.count = plan->count};
    history->tasks = qn_sys.calloc(plan->count + 1, sizeof *history->tasks);
    if (!history->tasks)
        return qn_fail_memory(err, "the tasks' history", plan->count * sizeof *history->tasks);
    enum qn_status status = list_ledgers(history, root, err);
    for (unsigned i = 0; !status && i < history->ledger_count; i++) {
        char path[PATH_MAX];
        uint64_t valid;
        snprintf(path, sizeof path, "%s/.quern/%s", root, history->ledgers[i]);
        struct reading reading = {.history = history,
                                  .plan = plan,
                                  .path = path,
                                  .ledger = i,
                                  .visit = visit,
                                  .context = context};
        status = qn_ledger_scan(path, take_record, &reading, &valid, err);
    }
    if (status)
        qn_history_release(history);
    return status;
}

void qn_history_release(struct qn_history *history)
{
    free(history->tasks);
    free(history->ledgers);
    history->tasks = NULL;
    history->ledgers = NULL;
}
