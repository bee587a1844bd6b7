/* The NumPy archive of the dataset: see arrays.h. Columns come from the tasks' parts as they are;
 * only the numbers of sweeps are packed here. */
#include "pipelines/lunar/arrays.h"

#include <stdio.h>
#include <string.h>

enum { CHUNK_BYTES = 1 << 20 };

struct writing {
    const struct qn_lunar_arrays *arrays;
    struct qn_glue *glue;
    struct qn_output *output;
    struct qn_npz_packer *packer;
    struct qn_npz_writer *writer;
    struct qn_buf values;
    struct qn_buf packed;
};

void qn_lunar_arrays_release(struct qn_lunar_arrays *arrays)
{
    qn_buf_release(&arrays->tasks);
    qn_buf_release(&arrays->sweeps);
}

void qn_lunar_npz_name(const struct qn_lunar_period *period, char name[QN_LUNAR_NPZ_NAME])
{
    int len = snprintf(name, QN_LUNAR_NPZ_NAME, "potential_batch");
    if (period->year)
        len += snprintf(name + len, QN_LUNAR_NPZ_NAME - (size_t)len, "_%04d", period->year);
    if (period->month)
        len += snprintf(name + len, QN_LUNAR_NPZ_NAME - (size_t)len, "_%02d", period->month);
    if (period->day)
        len += snprintf(name + len, QN_LUNAR_NPZ_NAME - (size_t)len, "_%02d", period->day);
    bool all = !period->year && !period->month && !period->day;
    snprintf(name + len, QN_LUNAR_NPZ_NAME - (size_t)len, "%s.npz", all ? "_all" : "");
}

static enum qn_status put(void *output, const void *bytes, size_t len, struct qn_error *err)
{
    return qn_output_write(output, bytes, len, err);
}

/* ---- numbers of sweeps ---------------------------------------------------------------------- */

static enum qn_status pack_values(struct writing *w, struct qn_npz_piece *all, struct qn_error *err)
{
    struct qn_npz_piece piece;
    if (w->values.failed)
        return qn_fail_memory(err, "numbers of sweeps", w->values.len);
    enum qn_status status =
        qn_npz_pack(w->packer, w->values.data, w->values.len, &w->packed, &piece, err);
    if (!status)
        qn_npz_add_piece(all, &piece);
    qn_buf_clear(&w->values);
    return status;
}

static enum qn_status write_numbers(struct writing *w, const struct qn_npz_column *column,
                                    struct qn_error *err)
{
    const struct qn_lunar_numbered *sweeps =
        (const struct qn_lunar_numbered *)(const void *)w->arrays->sweeps.data;
    struct qn_npz_piece all = {0};
    enum qn_status status = QN_OK;
    bool of_rows = column->of == QN_OF_ROW;
    qn_buf_clear(&w->values);
    qn_buf_clear(&w->packed);
    for (uint64_t i = 0; i < w->arrays->sweep_count && !status; i++) {
        for (uint64_t k = of_rows ? sweeps[i].rows : 1; k > 0; k--)
            qn_buf_u64(&w->values, (uint64_t)sweeps[i].spec_no);
        if (w->values.len >= CHUNK_BYTES)
            status = pack_values(w, &all, err);
    }
    if (!status)
        status = pack_values(w, &all, err);
    if (!status)
        status = qn_npz_begin(w->writer, column->name, column->type,
                              of_rows ? w->arrays->row_count : w->arrays->sweep_count, &all, err);
    if (!status)
        status = qn_npz_put(w->writer, w->packed.data, w->packed.len, err);
    return status ? status : qn_npz_end(w->writer, err);
}

/* ---- columns of the tasks ------------------------------------------------------------------- */

static const struct qn_lunar_task_arrays *task_at(const struct qn_lunar_arrays *arrays, size_t i)
{
    return (const struct qn_lunar_task_arrays *)(const void *)arrays->tasks.data + i;
}

static uint64_t offset_of(const struct qn_lunar_task_arrays *task, size_t column)
{
    uint64_t offset = 0;
    for (size_t i = 0; i < column; i++)
        offset += task->pieces[i].packed;
    return offset;
}

static enum qn_status write_column(struct writing *w, size_t column, struct qn_error *err)
{
    const struct qn_lunar_arrays *arrays = w->arrays;
    const struct qn_npz_column *told = &qn_npz_columns[column];
    size_t count = arrays->tasks.len / sizeof(struct qn_lunar_task_arrays);
    struct qn_npz_piece all = {0};
    for (size_t i = 0; i < count; i++)
        qn_npz_add_piece(&all, &task_at(arrays, i)->pieces[column]);
    enum qn_status status =
        qn_npz_begin(w->writer, told->name, told->type,
                     told->of == QN_OF_ROW ? arrays->row_count : arrays->sweep_count, &all, err);
    for (size_t i = 0; i < count && !status; i++) {
        const struct qn_lunar_task_arrays *task = task_at(arrays, i);
        char part[QN_LUNAR_PART];
        qn_lunar_part_name(task->task, part);
        if (task->pieces[column].packed > 0)
            status = qn_output_append_file(w->output, w->glue, part, offset_of(task, column),
                                           task->pieces[column].packed, err);
        qn_npz_passed(w->writer, task->pieces[column].packed);
    }
    return status ? status : qn_npz_end(w->writer, err);
}

static enum qn_status write_columns(struct writing *w, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < QN_NPZ_COLUMNS && !status; i++) {
        if (qn_glue_cancelled(w->glue))
            return qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
        status = qn_npz_is_number(&qn_npz_columns[i]) ? write_numbers(w, &qn_npz_columns[i], err)
                                                      : write_column(w, i, err);
    }
    return status ? status : qn_npz_finish(w->writer, err);
}

enum qn_status qn_lunar_arrays_write(const struct qn_lunar_arrays *arrays, struct qn_glue *glue,
                                     const char *name, struct qn_error *err)
{
    struct writing w = {.arrays = arrays, .glue = glue};
    enum qn_status status = qn_glue_create(glue, name, &w.output, err);
    struct qn_npz_sink sink = {w.output, put};
    if (!status)
        status = qn_npz_packer_new(&w.packer, err);
    if (!status)
        status = qn_npz_writer_new(&w.writer, &sink, w.packer, err);
    if (!status)
        status = write_columns(&w, err);
    if (!status)
        status = qn_output_commit(w.output, err);
    qn_npz_writer_free(w.writer);
    qn_npz_packer_free(w.packer);
    qn_buf_release(&w.values);
    qn_buf_release(&w.packed);
    return status;
}
