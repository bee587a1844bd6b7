/* Row groups of trace headers, written by tasks and glued under one footer: see headers.h. */
#include "pipelines/segy/headers.h"

#include "base/sys.h"
#include "pipelines/segy/table.h"

#include <stdio.h>
#include <stdlib.h>

struct qn_header_writer {
    struct qn_rows rows;
    struct qn_parquet_column *columns;
    struct qn_parquet_values *values;
    struct qn_parquet_writer *parquet;
    struct qn_buf bytes;
    struct qn_buf meta;

    uint64_t group_rows;     /* of all row groups of the task but the last */
    struct qn_output *part;  /* owned by the attempt */
    struct qn_items *groups; /* of the task's result */
};

/* ---- in a task ------------------------------------------------------------------------------ */

void qn_header_writer_free(struct qn_header_writer *writer)
{
    if (!writer)
        return;
    qn_parquet_writer_free(writer->parquet);
    qn_rows_release(&writer->rows);
    qn_buf_release(&writer->bytes);
    qn_buf_release(&writer->meta);
    free(writer->columns);
    free(writer->values);
    free(writer);
}

static enum qn_status prepare(struct qn_header_writer *writer, const struct qn_import *import,
                              struct qn_error *err)
{
    enum qn_status status = qn_rows_init(&writer->rows, import, err);
    if (status)
        return status;
    size_t count = writer->rows.column_count;
    writer->values = qn_sys.calloc(count, sizeof *writer->values);
    if (!writer->values)
        return qn_fail_memory(err, "the header columns", count * sizeof *writer->values);
    status = qn_header_columns(&writer->rows, &writer->columns, err);
    if (!status)
        status = qn_parquet_writer_new(&writer->parquet, writer->columns, count, NULL, err);
    return status;
}

enum qn_status qn_header_writer_new(const struct qn_import *import, struct qn_header_writer **out,
                                    struct qn_error *err)
{
    *out = NULL;
    struct qn_header_writer *writer = qn_sys.calloc(1, sizeof *writer);
    if (!writer)
        return qn_fail_memory(err, "a header writer", sizeof *writer);
    enum qn_status status = prepare(writer, import, err);
    if (status)
        qn_header_writer_free(writer);
    else
        *out = writer;
    return status;
}

enum qn_status qn_header_writer_begin(struct qn_header_writer *writer, struct qn_task_run *run,
                                      uint64_t rows, struct qn_items *groups, struct qn_error *err)
{
    uint64_t count = (rows + QN_GROUP_ROWS - 1) / QN_GROUP_ROWS;
    char path[QN_PART_PATH];
    writer->group_rows = (rows + count - 1) / count;
    writer->groups = groups;
    writer->rows.count = 0;
    writer->rows.zero_scalars = 0;
    enum qn_status status = qn_rows_reserve(&writer->rows, writer->group_rows, err);
    qn_header_part(qn_task_of(run)->index, path);
    return status ? status : qn_task_create(run, path, &writer->part, err);
}

static enum qn_status flush(struct qn_header_writer *writer, struct qn_error *err)
{
    struct qn_items *groups = writer->groups;
    if (writer->rows.count == 0)
        return QN_OK;
    qn_buf_clear(&writer->bytes);
    qn_buf_clear(&writer->meta);
    for (size_t c = 0; c < writer->rows.column_count; c++)
        writer->values[c].values = writer->rows.columns[c].values;
    enum qn_status status = qn_parquet_encode_group(
        writer->parquet, writer->values, writer->rows.count, &writer->bytes, &writer->meta, err);
    if (status)
        return status;
    qn_buf_u64(&groups->bytes, qn_output_tell(writer->part));
    qn_buf_u64(&groups->bytes, writer->bytes.len);
    qn_buf_u32(&groups->bytes, (uint32_t)writer->meta.len);
    qn_buf_append(&groups->bytes, writer->meta.data, writer->meta.len);
    groups->count++;
    writer->rows.count = 0;
    return qn_output_write(writer->part, writer->bytes.data, writer->bytes.len, err);
}

enum qn_status qn_header_writer_add(struct qn_header_writer *writer, const struct qn_traces *traces,
                                    struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (size_t done = 0; done < traces->count && !status;) {
        uint64_t room = writer->group_rows - writer->rows.count;
        size_t left = traces->count - done;
        struct qn_traces now = qn_traces_part(traces, done, left < room ? left : (size_t)room);
        qn_rows_append(&writer->rows, &now);
        done += now.count;
        if (writer->rows.count == writer->group_rows)
            status = flush(writer, err);
    }
    return status;
}

enum qn_status qn_header_writer_end(struct qn_header_writer *writer, uint64_t *zero_scalars,
                                    struct qn_error *err)
{
    enum qn_status status = flush(writer, err);
    *zero_scalars += writer->rows.zero_scalars;
    return status ? status : qn_output_commit(writer->part, err);
}

/* ---- glue ----------------------------------------------------------------------------------- */

/* Copies one task's row groups behind those already there. */
static enum qn_status append_groups(struct qn_glue *glue, struct qn_table *table, uint64_t task,
                                    const struct qn_result_view *view, struct qn_error *err)
{
    struct qn_cursor groups = view->groups;
    char path[QN_PART_PATH];
    enum qn_status status = QN_OK;
    qn_header_part(task, path);
    for (uint32_t g = 0; g < view->group_count && !status; g++) {
        uint64_t offset = qn_cursor_u64(&groups);
        uint64_t len = qn_cursor_u64(&groups);
        uint32_t meta_len = qn_cursor_u32(&groups);
        const uint8_t *meta = qn_cursor_bytes(&groups, meta_len);
        if (!meta)
            return qn_fail(err, QN_ERR_CORRUPT, "the result of task %llu is damaged.",
                           (unsigned long long)task);
        status = qn_parquet_footer_group(table->footer, meta, meta_len, qn_output_tell(table->file),
                                         err);
        if (!status)
            status = qn_output_append_file(table->file, glue, path, offset, len, err);
    }
    return status;
}

static enum qn_status append_all(struct qn_glue *glue, struct qn_table *table, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    uint64_t count = qn_glue_count(glue);
    for (uint64_t i = 0; i < count && !status; i++) {
        struct qn_result_view view;
        bool done;
        if (qn_glue_cancelled(glue))
            return qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
        status = qn_result_of_task(glue, i, &view, &done, err);
        if (!status && done)
            status = append_groups(glue, table, i, &view, err);
        qn_glue_progress(glue, i + 1, count);
    }
    return status;
}

enum qn_status qn_headers_glue(struct qn_glue *glue, const struct qn_import *import,
                               struct qn_error *err)
{
    struct qn_rows rows;
    struct qn_parquet_column *columns = NULL;
    struct qn_table table = {0};
    enum qn_status status = qn_rows_init(&rows, import, err);
    if (!status)
        status = qn_header_columns(&rows, &columns, err);
    if (!status)
        status = qn_table_begin(&table, glue, QN_HEADERS_FILE, columns, rows.column_count, err);
    if (!status)
        status = append_all(glue, &table, err);
    if (!status)
        status = qn_parquet_footer_sorted(table.footer, 0, err);
    if (!status)
        status = qn_table_end(&table, err);
    qn_table_release(&table);
    free(columns);
    qn_rows_release(&rows);
    return status;
}
