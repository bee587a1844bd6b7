/* Planning a verification: see verify.h. */
#include "base/sys.h"
#include "pipelines/parquet/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNIT_BYTES (64u << 20) /* stored, of a unit and of a task; at least one row group */
#define UNIT_ROWS  (4u << 20)

void qn_outline_release(struct qn_outline *outline)
{
    qn_buf_release(&outline->texts);
    free(outline->files);
    free(outline->units);
    *outline = (struct qn_outline){.file_count = 0};
}

/* ---- encoding ------------------------------------------------------------------------------- */

struct planning {
    const struct qn_options *options;
    struct qn_plan *plan;
    struct qn_paths paths;
    struct qn_buf files; /* encoded */
    struct qn_buf units; /* encoded, after the files */
    uint32_t unit_count;
    struct qn_verify_task task; /* being filled */
    uint64_t task_bytes, task_rows;
    uint64_t rows;
};

static void put_file(struct planning *p, const char *path, const struct qn_opened *opened,
                     enum qn_status status, const struct qn_error *cause)
{
    qn_buf_text(&p->files, path);
    qn_buf_u8(&p->files, status == QN_OK);
    qn_buf_u8(&p->files, status == QN_ERR_UNSUPPORTED);
    if (!status) {
        qn_buf_u64(&p->files, qn_parquet_about(opened->file).size);
        qn_buf_u64(&p->files, qn_parquet_rows(opened->file));
        qn_buf_u64(&p->files, qn_parquet_groups(opened->file));
        qn_buf_u64(&p->files, (uint64_t)-1);
        qn_buf_text(&p->files, "");
        return;
    }
    for (int i = 0; i < 3; i++)
        qn_buf_u64(&p->files, 0);
    qn_buf_u64(&p->files, (uint64_t)cause->offset);
    qn_buf_text(&p->files, cause->message);
}

static char *take_text(struct qn_cursor *in, char **room)
{
    uint32_t len = qn_cursor_u32(in);
    const uint8_t *bytes = qn_cursor_bytes(in, len);
    char *text = *room;
    if (!bytes)
        return NULL;
    memcpy(text, bytes, len);
    text[len] = '\0';
    *room += len + 1u;
    return text;
}

static void take_file(struct qn_cursor *in, struct qn_verified_file *file, char **room)
{
    file->path = take_text(in, room);
    file->opened = qn_cursor_u8(in);
    file->unsupported = qn_cursor_u8(in);
    file->size = qn_cursor_u64(in);
    file->rows = qn_cursor_u64(in);
    file->groups = qn_cursor_u64(in);
    file->offset = (int64_t)qn_cursor_u64(in);
    file->problem = take_text(in, room);
}

enum qn_status qn_outline_decode(struct qn_outline *outline, const void *bytes, size_t len,
                                 struct qn_error *err)
{
    struct qn_cursor in = {.data = bytes, .len = len};
    *outline = (struct qn_outline){.file_count = qn_cursor_u32(&in)};
    outline->unit_count = qn_cursor_u32(&in);
    if (outline->file_count > len || outline->unit_count > len)
        return qn_fail(err, QN_ERR_CORRUPT, "the plan of the verification is damaged.");
    char *room = (char *)qn_buf_reserve(&outline->texts, len + 2 * outline->file_count);
    outline->files = qn_sys.calloc(outline->file_count + 1, sizeof *outline->files);
    outline->units = qn_sys.calloc(outline->unit_count + 1, sizeof *outline->units);
    if (!room || !outline->files || !outline->units) {
        qn_outline_release(outline);
        return qn_fail_memory(err, "the plan", len);
    }
    for (size_t i = 0; i < outline->file_count && !in.failed; i++)
        take_file(&in, &outline->files[i], &room);
    for (size_t i = 0; i < outline->unit_count && !in.failed; i++) {
        struct qn_unit *unit = &outline->units[i];
        unit->file = qn_cursor_u32(&in);
        unit->first_group = qn_cursor_u32(&in);
        unit->groups = qn_cursor_u32(&in);
        unit->first_row = qn_cursor_u64(&in);
        unit->rows = qn_cursor_u64(&in);
        unit->bytes = qn_cursor_u64(&in);
        in.failed |= unit->file >= outline->file_count;
    }
    if (!in.failed)
        return QN_OK;
    qn_outline_release(outline);
    return qn_fail(err, QN_ERR_CORRUPT, "the plan of the verification is damaged.");
}

/* ---- units and tasks ------------------------------------------------------------------------ */

static enum qn_status end_task(struct planning *p, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    if (p->task.units > 0)
        status =
            qn_plan_add(p->plan, p->task_bytes + 1, p->task_rows, &p->task, sizeof p->task, err);
    p->task = (struct qn_verify_task){.first_unit = p->unit_count};
    p->task_bytes = p->task_rows = 0;
    return status;
}

static enum qn_status add_unit(struct planning *p, const struct qn_unit *unit, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    if (p->task.units > 0 &&
        (p->task_bytes + unit->bytes > UNIT_BYTES || p->task_rows + unit->rows > UNIT_ROWS))
        status = end_task(p, err);
    qn_buf_u32(&p->units, unit->file);
    qn_buf_u32(&p->units, unit->first_group);
    qn_buf_u32(&p->units, unit->groups);
    qn_buf_u64(&p->units, unit->first_row);
    qn_buf_u64(&p->units, unit->rows);
    qn_buf_u64(&p->units, unit->bytes);
    p->unit_count++;
    p->task.units++;
    p->task_bytes += unit->bytes;
    p->task_rows += unit->rows;
    return status;
}

static uint64_t group_bytes(const struct qn_parquet_file *file, size_t group)
{
    uint64_t bytes = 0;
    for (size_t leaf = 0; leaf < qn_parquet_leaf_count(file); leaf++) {
        struct qn_parquet_chunk chunk;
        if (!qn_parquet_chunk(file, group, leaf, &chunk, NULL) && chunk.stored_bytes > 0)
            bytes += (uint64_t)chunk.stored_bytes;
    }
    return bytes < UINT64_C(1) << 50 ? bytes : UINT64_C(1) << 50;
}

/* A file without row groups has a unit too: there is its footer to check. */
static enum qn_status add_units(struct planning *p, uint32_t index,
                                const struct qn_parquet_file *file, struct qn_error *err)
{
    struct qn_unit unit = {.file = index};
    enum qn_status status = QN_OK;
    for (size_t g = 0; g < qn_parquet_groups(file) && !status; g++) {
        uint64_t bytes = group_bytes(file, g), rows = qn_parquet_group_rows(file, g);
        if (unit.groups > 0 && (unit.bytes + bytes > UNIT_BYTES || unit.rows + rows > UNIT_ROWS)) {
            status = add_unit(p, &unit, err);
            unit = (struct qn_unit){
                .file = index, .first_group = (uint32_t)g, .first_row = unit.first_row + unit.rows};
        }
        unit.groups++;
        unit.bytes += bytes;
        unit.rows += rows;
    }
    return status ? status : add_unit(p, &unit, err);
}

static enum qn_status plan_file(struct planning *p, uint32_t index, struct qn_error *err)
{
    struct qn_opened *opened = qn_sys.calloc(1, sizeof *opened);
    struct qn_error cause = {.offset = -1};
    const char *path = p->paths.paths[index];
    if (!opened)
        return qn_fail_memory(err, "a file", sizeof *opened);
    enum qn_status status = qn_plan_input(p->plan, path, err);
    if (!status) {
        status = qn_opened_open(opened, path, QN_PARQUET_LENIENT, &cause);
        if (status && !qn_check_is_finding(status)) {
            if (err)
                *err = cause;
        } else {
            put_file(p, path, opened, status, &cause);
            status = status ? QN_OK : add_units(p, index, opened->file, err);
        }
        qn_opened_close(opened);
    }
    free(opened);
    return status;
}

static enum qn_status plan_files(struct planning *p, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (uint32_t i = 0; i < p->paths.count && !status; i++) {
        qn_plan_progress(p->plan, "files", i, p->paths.count);
        if (qn_plan_cancelled(p->plan))
            return qn_fail(err, QN_ERR_CANCELLED, "stopped while planning.");
        status = plan_file(p, i, err);
    }
    if (!status)
        status = end_task(p, err);
    struct qn_buf shared = {0};
    qn_buf_u32(&shared, (uint32_t)p->paths.count);
    qn_buf_u32(&shared, p->unit_count);
    qn_buf_append(&shared, p->files.data, p->files.len);
    qn_buf_append(&shared, p->units.data, p->units.len);
    if (!status && (shared.failed || p->files.failed || p->units.failed))
        status = qn_fail_memory(err, "the plan", shared.len);
    if (!status)
        status = qn_plan_shared(p->plan, shared.data, shared.len, err);
    qn_buf_release(&shared);
    return status;
}

enum qn_status qn_verify_plan(const struct qn_options *options, struct qn_plan *plan,
                              struct qn_error *err)
{
    struct planning p = {.options = options, .plan = plan};
    struct qn_settings *settings = qn_sys.calloc(1, sizeof *settings);
    if (!settings)
        return qn_fail_memory(err, "settings", sizeof *settings);
    enum qn_status status = qn_settings_read(settings, options, err);
    if (!status && qn_option_string(options, "schema"))
        status = qn_plan_input(plan, qn_option_string(options, "schema"), err);
    if (!status)
        status = qn_paths_of_inputs(&p.paths, options, err);
    if (!status)
        status = plan_files(&p, err);
    qn_settings_release(settings);
    free(settings);
    qn_paths_release(&p.paths);
    qn_buf_release(&p.files);
    qn_buf_release(&p.units);
    return status;
}

void qn_verify_describe(const struct qn_job *job, const struct qn_task *task, char *text,
                        size_t size)
{
    struct qn_outline outline;
    struct qn_verify_task wanted;
    snprintf(text, size, "task %llu", (unsigned long long)task->index);
    if (task->payload_len != sizeof wanted ||
        qn_outline_decode(&outline, job->shared, job->shared_len, NULL))
        return;
    memcpy(&wanted, task->payload, sizeof wanted);
    if (outline.units && wanted.first_unit < outline.unit_count) {
        const struct qn_unit *unit = &outline.units[wanted.first_unit];
        const char *name = qn_base_name(outline.files[unit->file].path);
        if (wanted.units == 1)
            snprintf(text, size, "row groups %u to %u of %s", unit->first_group,
                     unit->first_group + (unit->groups ? unit->groups - 1 : 0), name);
        else
            snprintf(text, size, "%u files from %s on", wanted.units, name);
    }
    qn_outline_release(&outline);
}
