/* A task: takes its pieces in and leaves runs. Also: payloads, and what a task is called. */
#include "pipelines/ercot/pieces.h"
#include "pipelines/ercot/runs.h"
#include "pipelines/ercot/steps.h"

#include "base/sys.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct worker {
    const struct qn_job *job;
    struct er_schema schema;
    struct er_intake intake;
    struct er_scratch scratch;
};

void er_piece_put(struct qn_buf *payload, const struct er_piece *piece)
{
    qn_buf_text(payload, piece->path);
    qn_buf_u64(payload, piece->extent.size);
    qn_buf_u64(payload, (uint64_t)piece->extent.mtime_ns);
    qn_buf_u32(payload, piece->extent.first_entry);
    qn_buf_u32(payload, piece->extent.entries);
    qn_buf_u64(payload, piece->span.from);
    qn_buf_u64(payload, piece->span.to);
    qn_buf_u8(payload, piece->span.marked);
    qn_buf_u64(payload, piece->span.before.quotes);
    qn_buf_u64(payload, piece->span.before.lines);
}

/* The next piece of a payload; its path is put into `path`. False at the end, or when damaged
 * (in->failed). */
static bool next_piece(struct qn_cursor *in, struct er_piece *piece, char path[PATH_MAX])
{
    if (in->at >= in->len)
        return false;
    qn_cursor_text(in, path, PATH_MAX);
    piece->path = path;
    piece->extent.size = qn_cursor_u64(in);
    piece->extent.mtime_ns = (int64_t)qn_cursor_u64(in);
    piece->extent.first_entry = qn_cursor_u32(in);
    piece->extent.entries = qn_cursor_u32(in);
    piece->span.from = qn_cursor_u64(in);
    piece->span.to = qn_cursor_u64(in);
    piece->span.marked = qn_cursor_u8(in);
    piece->span.before.quotes = qn_cursor_u64(in);
    piece->span.before.lines = qn_cursor_u64(in);
    return !in->failed;
}

enum qn_status er_job_schema(const void *shared, size_t len, struct er_schema *schema,
                             struct qn_error *err)
{
    *schema = (struct er_schema){0};
    enum qn_status status = er_schema_load(schema, NULL, err);
    return status ? status : er_schema_parse(schema, shared, len, "--schema", err);
}

static bool cancelled(void *context)
{
    return qn_task_cancelled(context);
}

enum qn_status er_open_worker(const struct qn_job *job, void **out, struct qn_error *err)
{
    *out = NULL;
    struct worker *worker = qn_sys.calloc(1, sizeof *worker);
    if (!worker)
        return qn_fail_memory(err, "a worker", sizeof *worker);
    worker->job = job;
    /* What a task frees is what the next one needs: giving it back to the system and taking it
     * again costs as much as reading the files. */
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    enum qn_status status = er_job_schema(job->shared, job->shared_len, &worker->schema, err);
    if (!status)
        status = er_intake_init(&worker->intake, &worker->schema, err);
    if (status) {
        er_close_worker(worker);
        return status;
    }
    worker->intake.decimal = !strcmp(qn_option_string(job->options, "price-type"), "decimal");
    worker->intake.max_bad_ratio = qn_option_real(job->options, "max-bad-ratio");
    *out = worker;
    return QN_OK;
}

void er_close_worker(void *opaque)
{
    struct worker *worker = opaque;
    if (!worker)
        return;
    er_intake_release(&worker->intake);
    er_scratch_release(&worker->scratch);
    er_schema_release(&worker->schema);
    free(worker);
}

enum qn_status er_run_task(void *opaque, struct qn_task_run *run, struct qn_error *err)
{
    struct worker *worker = opaque;
    const struct qn_task *task = qn_task_of(run);
    struct qn_cursor in = {.data = task->payload, .len = task->payload_len};
    struct er_piece piece;
    char path[PATH_MAX];
    uint64_t done = 0;
    enum qn_status status = QN_OK;
    er_intake_clear(&worker->intake);
    worker->intake.cancelled = cancelled;
    worker->intake.context = run;
    worker->intake.expected = task->cost;
    while (!status && next_piece(&in, &piece, path)) {
        status = er_intake_file(&worker->intake, path, &piece.extent, &piece.span, err);
        done += piece.span.from == 0 && piece.extent.first_entry == 0;
        qn_task_progress(run, done);
    }
    if (!status && in.failed)
        status = qn_fail(err, QN_ERR_CORRUPT, "the plan of a task is damaged.");
    if (!status)
        status = er_runs_write(&worker->intake, qn_option_string(worker->job->options, "point"),
                               &worker->scratch, run, err);
    return status;
}

void er_describe(const struct qn_job *job, const struct qn_task *task, char *text, size_t size)
{
    struct qn_cursor in = {.data = task->payload, .len = task->payload_len};
    struct er_piece piece;
    char path[PATH_MAX], first[PATH_MAX];
    size_t count = 0;
    (void)job;
    first[0] = '\0';
    while (next_piece(&in, &piece, path)) {
        if (count++ == 0)
            snprintf(first, sizeof first, "%s", path);
    }
    const char *slash = strrchr(first, '/');
    const char *name = slash ? slash + 1 : first;
    if (count == 1 && piece.span.from > 0)
        snprintf(text, size, "%.200s from byte %llu", name, (unsigned long long)piece.span.from);
    else if (count == 1)
        snprintf(text, size, "%.200s", name);
    else
        snprintf(text, size, "%zu files from %.200s on", count, name);
}
