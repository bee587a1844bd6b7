/* A task of a verification: checks its units, spills the keys of their rows. See verify.h. */
#include "base/sys.h"
#include "pipelines/parquet/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct worker {
    struct qn_outline outline;
    struct qn_settings settings;
    struct qn_opened opened;
    uint32_t file; /* the one that is open */
    struct qn_keys keys;
};

struct task { /* being run */
    struct worker *worker;
    struct qn_task_run *run;
    struct qn_check check;
    struct qn_output *spill; /* of keys; made when needed */
    struct qn_buf runs;      /* u64 each: entries */
    struct qn_buf totals;    /* u32 file, struct qn_check_totals */
    uint64_t rows_done;
};

void qn_verify_close_worker(void *context)
{
    struct worker *worker = context;
    qn_opened_close(&worker->opened);
    qn_settings_release(&worker->settings);
    qn_outline_release(&worker->outline);
    qn_keys_release(&worker->keys);
    free(worker);
}

enum qn_status qn_verify_open_worker(const struct qn_job *job, void **out, struct qn_error *err)
{
    struct worker *worker = qn_sys.calloc(1, sizeof *worker);
    if (!worker)
        return qn_fail_memory(err, "a worker", sizeof *worker);
    enum qn_status status = qn_outline_decode(&worker->outline, job->shared, job->shared_len, err);
    if (!status)
        status = qn_settings_read(&worker->settings, job->options, err);
    if (status) {
        qn_outline_release(&worker->outline);
        free(worker);
        return status;
    }
    *out = worker;
    return QN_OK;
}

/* ---- keys ----------------------------------------------------------------------------------- */

static enum qn_status write_run(struct task *task, struct qn_error *err)
{
    struct qn_keys *keys = &task->worker->keys;
    char path[64];
    enum qn_status status = QN_OK;
    if (qn_keys_count(keys) == 0)
        return QN_OK;
    qn_keys_sort(keys);
    snprintf(path, sizeof path, QN_KEYS_PART, (unsigned long long)qn_task_of(task->run)->index);
    if (!task->spill)
        status = qn_task_create(task->run, path, &task->spill, err);
    if (!status)
        status = qn_output_write(task->spill, keys->entries.data, keys->entries.len, err);
    qn_buf_u64(&task->runs, qn_keys_count(keys));
    qn_buf_clear(&keys->entries);
    return status;
}

static enum qn_status add_keys(struct task *task, uint32_t unit, size_t group, uint32_t row,
                               uint64_t first_row, struct qn_error *err)
{
    struct worker *worker = task->worker;
    if (!worker->settings.has_key && !worker->settings.time[0])
        return QN_OK;
    enum qn_status status = qn_keys_add_group(&worker->keys, &task->check, &worker->settings, group,
                                              unit, row, first_row, err);
    return !status && qn_keys_count(&worker->keys) >= QN_RUN_ENTRIES ? write_run(task, err)
                                                                     : status;
}

/* ---- units ---------------------------------------------------------------------------------- */

static enum qn_status cancelled(const struct task *task, struct qn_error *err)
{
    return qn_task_cancelled(task->run) ? qn_fail(err, QN_ERR_CANCELLED, "stopped.") : QN_OK;
}

static enum qn_status check_group(struct task *task, size_t group, uint64_t first_row,
                                  struct qn_error *err)
{
    struct qn_parquet_file *file = task->worker->opened.file;
    enum qn_status status = QN_OK;
    for (size_t leaf = 0; leaf < qn_parquet_leaf_count(file) && !status; leaf++) {
        status = cancelled(task, err);
        if (!status)
            status = qn_check_chunk(&task->check, group, leaf, first_row, err);
        qn_task_progress(task->run, task->rows_done);
    }
    if (!status)
        status = qn_check_order(&task->check, group, first_row, err);
    task->check.totals.rows += qn_parquet_group_rows(file, group);
    return status;
}

static enum qn_status open_file(struct task *task, uint32_t file, struct qn_error *err)
{
    struct worker *worker = task->worker;
    if (worker->opened.file && worker->file == file)
        return QN_OK;
    qn_opened_close(&worker->opened);
    worker->file = file;
    return qn_opened_open(&worker->opened, worker->outline.files[file].path, QN_PARQUET_LENIENT,
                          err);
}

static enum qn_status check_unit(struct task *task, uint32_t index, struct qn_error *err)
{
    const struct qn_unit *unit = &task->worker->outline.units[index];
    enum qn_status status = open_file(task, unit->file, err);
    uint64_t row = 0;
    if (status)
        return status;
    task->check.opened = &task->worker->opened;
    task->check.file = unit->file;
    task->check.totals = (struct qn_check_totals){.chunks = 0};
    if (unit->first_group == 0)
        status = qn_check_file(&task->check, err);
    for (uint32_t g = unit->first_group; g < unit->first_group + unit->groups && !status; g++) {
        uint64_t rows = qn_parquet_group_rows(task->worker->opened.file, g);
        status = check_group(task, g, unit->first_row + row, err);
        if (!status && row + rows < QN_KEY_TWICE)
            status = add_keys(task, index, g, (uint32_t)row, unit->first_row + row, err);
        row += rows;
        task->rows_done += rows;
        qn_task_progress(task->run, task->rows_done);
    }
    qn_buf_u32(&task->totals, unit->file);
    qn_buf_append(&task->totals, &task->check.totals, sizeof task->check.totals);
    return status;
}

static enum qn_status put_part(struct task *task, const struct qn_buf *part, struct qn_error *err)
{
    uint64_t len = part->len;
    if (part->failed)
        return qn_fail_memory(err, "a result", len);
    enum qn_status status = qn_task_result(task->run, &len, sizeof len, err);
    return status ? status : qn_task_result(task->run, part->data, part->len, err);
}

static enum qn_status check_units(struct task *task, const struct qn_verify_task *wanted,
                                  struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (uint32_t i = 0; i < wanted->units && !status; i++)
        status = check_unit(task, wanted->first_unit + i, err);
    if (!status)
        status = write_run(task, err);
    if (!status && task->spill) {
        status = qn_output_commit(task->spill, err);
        task->spill = NULL;
    }
    const struct qn_buf *parts[] = {&task->totals, &task->check.findings, &task->runs,
                                    &task->worker->keys.names};
    for (size_t i = 0; i < sizeof parts / sizeof *parts && !status; i++)
        status = put_part(task, parts[i], err);
    return status;
}

enum qn_status qn_verify_run_task(void *context, struct qn_task_run *run, struct qn_error *err)
{
    struct worker *worker = context;
    struct task *task = qn_sys.calloc(1, sizeof *task);
    struct qn_verify_task wanted;
    if (!task)
        return qn_fail_memory(err, "a task", sizeof *task);
    memcpy(&wanted, qn_task_of(run)->payload, sizeof wanted);
    task->worker = worker;
    task->run = run;
    task->check.ranges = worker->settings.ranges;
    task->check.range_count = worker->settings.range_count;
    qn_keys_release(&worker->keys);
    worker->keys = (struct qn_keys){.name_count = 0};
    enum qn_status status = check_units(task, &wanted, err);
    qn_output_discard(task->spill);
    qn_check_release(&task->check);
    qn_buf_release(&task->runs);
    qn_buf_release(&task->totals);
    free(task);
    return status;
}
