/* Parquet files of an import: see table.h. */
#include "pipelines/segy/dataset/table.h"

#include "base/sys.h"

#include <stdio.h>
#include <stdlib.h>

void qn_table_part(const char *table, uint64_t task, char path[QN_PART_PATH])
{
    snprintf(path, QN_PART_PATH, ".quern/parts/%s-%llu", table, (unsigned long long)task);
}

enum qn_status qn_table_put_group(struct qn_output *part, const struct qn_buf *bytes,
                                  const struct qn_buf *meta, struct qn_items *groups,
                                  struct qn_error *err)
{
    qn_buf_u64(&groups->bytes, qn_output_tell(part));
    qn_buf_u64(&groups->bytes, bytes->len);
    qn_buf_u32(&groups->bytes, (uint32_t)meta->len);
    qn_buf_append(&groups->bytes, meta->data, meta->len);
    groups->count++;
    return qn_output_write(part, bytes->data, bytes->len, err);
}

enum qn_parquet_type qn_table_type(enum qn_dtype dtype)
{
    static const enum qn_parquet_type types[QN_DTYPE_COUNT] = {
        [QN_INT8] = QN_PQ_INT8,      [QN_INT16] = QN_PQ_INT16,   [QN_INT32] = QN_PQ_INT32,
        [QN_INT64] = QN_PQ_INT64,    [QN_UINT8] = QN_PQ_UINT8,   [QN_UINT16] = QN_PQ_UINT16,
        [QN_UINT32] = QN_PQ_UINT32,  [QN_UINT64] = QN_PQ_UINT64, [QN_FLOAT32] = QN_PQ_FLOAT,
        [QN_FLOAT64] = QN_PQ_DOUBLE, [QN_CHAR8] = QN_PQ_FIXED,
    };
    return types[dtype];
}

enum qn_status qn_header_columns(const struct qn_rows *rows, struct qn_parquet_column **out,
                                 struct qn_error *err)
{
    struct qn_parquet_column *columns = *out = qn_sys.calloc(rows->column_count, sizeof *columns);
    if (!columns)
        return qn_fail_memory(err, "the header columns", rows->column_count * sizeof *columns);
    for (size_t c = 0; c < rows->column_count; c++) {
        const struct qn_column *column = &rows->columns[c];
        columns[c].name = column->name;
        columns[c].type = qn_table_type(column->dtype);
        columns[c].length = (uint32_t)column->bytes; /* of text and raw headers only */
        columns[c].optional = column->kind == QN_COLUMN_COMPUTED;
    }
    return QN_OK;
}

enum qn_status qn_result_of_task(struct qn_glue *glue, uint64_t i, struct qn_result_view *view,
                                 bool *done, struct qn_error *err)
{
    const void *bytes;
    size_t len;
    bool has_result;
    *done = qn_task_kind(qn_glue_task(glue, i, &has_result)) == QN_TASK_SEGMENT && has_result;
    if (!*done)
        return QN_OK;
    enum qn_status status = qn_glue_result(glue, i, &bytes, &len, err);
    return status ? status : qn_result_decode(bytes, len, view, err);
}

/* ---- one file ------------------------------------------------------------------------------- */

enum qn_status qn_table_begin(struct qn_table *table, struct qn_glue *glue, const char *path,
                              const struct qn_parquet_column *columns, size_t count,
                              struct qn_error *err)
{
    enum qn_status status = qn_parquet_footer_new(&table->footer, columns, count, err);
    if (!status)
        status = qn_glue_create(glue, path, &table->file, err);
    return status ? status : qn_output_write(table->file, QN_PARQUET_MAGIC, 4, err);
}

enum qn_status qn_table_append(struct qn_table *table, struct qn_glue *glue, const char *part,
                               uint32_t count, struct qn_cursor groups, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (uint32_t g = 0; g < count && !status; g++) {
        uint64_t offset = qn_cursor_u64(&groups);
        uint64_t len = qn_cursor_u64(&groups);
        uint32_t meta_len = qn_cursor_u32(&groups);
        const uint8_t *meta = qn_cursor_bytes(&groups, meta_len);
        if (!meta)
            return qn_fail_at(err, QN_ERR_CORRUPT, part, -1,
                              "the description of '%s' in the result of its task is damaged.",
                              part);
        status = qn_parquet_footer_group(table->footer, meta, meta_len, qn_output_tell(table->file),
                                         err);
        if (!status)
            status = qn_output_append_file(table->file, glue, part, offset, len, err);
    }
    return status;
}

enum qn_status qn_table_end(struct qn_table *table, struct qn_error *err)
{
    struct qn_buf bytes = {0};
    enum qn_status status =
        qn_parquet_footer_finish(table->footer, qn_output_tell(table->file), &bytes, err);
    if (!status)
        status = qn_output_write(table->file, bytes.data, bytes.len, err);
    qn_buf_release(&bytes);
    return status ? status : qn_output_commit(table->file, err);
}

void qn_table_release(struct qn_table *table)
{
    qn_parquet_footer_free(table->footer); /* the file is the glue's */
}
