/* Hands results to the pipeline in plan order: see glue.h. */
#include "engine/glue.h"

#include "base/io.h"
#include "base/json_memory.h"
#include "base/sys.h"
#include "engine/json_text.h"
#include "engine/machine.h"
#include "engine/manifest.h"
#include "engine/part.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct qn_job *qn_glue_job(const struct qn_glue *glue)
{
    return &glue->job;
}

uint64_t qn_glue_count(const struct qn_glue *glue)
{
    return glue->plan->count;
}

const struct qn_task *qn_glue_task(const struct qn_glue *glue, uint64_t i, bool *done)
{
    struct qn_task *task = (struct qn_task *)&glue->task;
    *task = qn_plan_task(glue->plan, i);
    *done = glue->history->tasks[i].state == QN_TASK_DONE;
    return task;
}

enum qn_status qn_glue_failure(const struct qn_glue *glue, uint64_t i)
{
    const struct qn_task_history *task = &glue->history->tasks[i];
    return task->state == QN_TASK_DONE ? QN_OK
           : task->why                 ? (enum qn_status)task->why
                                       : QN_ERR_CRASH;
}

static enum qn_status inline_result(struct qn_glue *glue, const struct qn_task_history *task,
                                    struct qn_error *err)
{
    char path[PATH_MAX];
    int fd;
    snprintf(path, sizeof path, "%s/.quern/%s", glue->root, glue->history->ledgers[task->ledger]);
    qn_buf_clear(&glue->result);
    if (!qn_buf_reserve(&glue->result, (size_t)task->result_len + 1))
        return qn_fail_memory(err, "a result", task->result_len);
    enum qn_status status = qn_open_read(path, &fd, err);
    if (status)
        return status;
    status = qn_read_at(fd, path, glue->result.data, task->result_len, task->result_offset, err);
    glue->result.len = task->result_len;
    qn_sys.close(fd);
    return status;
}

enum qn_status qn_glue_result(struct qn_glue *glue, uint64_t i, const void **bytes, size_t *len,
                              struct qn_error *err)
{
    const struct qn_task_history *task = &glue->history->tasks[i];
    if (task->state != QN_TASK_DONE)
        return qn_fail(err, QN_ERR_INTERNAL, "task %llu has no result.", (unsigned long long)i);
    if (!task->in_part) {
        enum qn_status status = inline_result(glue, task, err);
        *bytes = glue->result.data;
        *len = glue->result.len;
        return status;
    }
    struct qn_part part;
    enum qn_status status = qn_part_read(glue->root, glue->plan->digest, i, &part, err);
    qn_buf_release(&glue->part);
    glue->part = part.bytes;
    *bytes = part.result;
    *len = part.result_len;
    return status;
}

enum qn_status qn_glue_create(struct qn_glue *glue, const char *path, struct qn_output **output,
                              struct qn_error *err)
{
    return qn_outbox_create(&glue->box, path, output, err);
}

enum qn_status qn_glue_write(struct qn_glue *glue, const char *path, const void *bytes, size_t len,
                             struct qn_error *err)
{
    struct qn_output *output;
    enum qn_status status = qn_glue_create(glue, path, &output, err);
    if (status)
        return status;
    status = qn_output_write(output, bytes, len, err);
    if (!status)
        return qn_output_commit(output, err);
    qn_output_discard(output);
    return status;
}

enum qn_status qn_output_append_file(struct qn_output *output, struct qn_glue *glue,
                                     const char *path, uint64_t offset, uint64_t len,
                                     struct qn_error *err)
{
    enum { BLOCK = 1 << 20 };
    char full[PATH_MAX];
    int fd;
    snprintf(full, sizeof full, "%s/%s", glue->root, path);
    uint8_t *block = qn_sys.malloc(BLOCK);
    if (!block)
        return qn_fail_memory(err, "copying a part", BLOCK);
    enum qn_status status = qn_open_read(full, &fd, err);
    if (status) {
        free(block);
        return status;
    }
    while (!status && len > 0) {
        size_t n = len < BLOCK ? (size_t)len : BLOCK;
        status = qn_read_at(fd, full, block, n, offset, err);
        if (!status)
            status = qn_output_write(output, block, n, err);
        offset += n;
        len -= n;
    }
    qn_sys.close(fd);
    free(block);
    return status;
}

enum qn_status qn_glue_fact(struct qn_glue *glue, const char *name, const char *text,
                            struct qn_error *err)
{
    json_error_t where;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &where);
    if (!value)
        return qn_fail(err, QN_ERR_INTERNAL, "the fact '%s' is no JSON: %s.", name, where.text);
    return json_object_set_new(glue->facts, name, value) ? qn_fail_memory(err, "a fact", 1) : QN_OK;
}

enum qn_status qn_glue_note(struct qn_glue *glue, struct qn_error *err, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (json_array_append_new(glue->notes, qn_json_text(text)))
        return qn_fail_memory(err, "a note", sizeof text);
    glue->observer->message(glue->observer->context, QN_INFO, text);
    return QN_OK;
}

void qn_glue_unusable(struct qn_glue *glue, uint64_t items)
{
    glue->unusable = items;
}

void qn_glue_progress(struct qn_glue *glue, uint64_t done, uint64_t total)
{
    qn_observe_step(glue->observer, "glue", "parts", done, total, glue->start_us);
}

bool qn_glue_cancelled(const struct qn_glue *glue)
{
    return *glue->cancelled != 0;
}

enum qn_status qn_glue_run(struct qn_glue *glue, struct qn_error *err)
{
    qn_json_watch_anew();
    glue->start_us = qn_now_us();
    glue->facts = json_object();
    glue->notes = json_copy(json_object_get(glue->plan->meta, "notes"));
    glue->job = (struct qn_job){.options = &glue->plan->options,
                                .shared = glue->plan->shared,
                                .shared_len = glue->plan->shared_len,
                                .directory = glue->root};
    qn_outbox_init(&glue->box, glue->root, NULL, UINT64_MAX, 1);
    enum qn_status status = glue->facts && glue->notes ? glue->pipeline->glue(glue, err)
                                                       : qn_fail_memory(err, "facts", 1);
    if (!status && *glue->cancelled)
        status = qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
    status = qn_json_settle(status, err); /* facts and metadata may lack something */
    if (!status)
        status = qn_outbox_sync(&glue->box, err);
    if (!status)
        status = qn_json_settle(qn_manifest_write(glue, err), err);
    qn_outbox_release(&glue->box);
    qn_buf_release(&glue->result);
    qn_buf_release(&glue->part);
    json_decref(glue->facts);
    json_decref(glue->notes);
    return status;
}
