/* Parquet files of an import: see table.h. */
#include "pipelines/segy/table.h"

#include "base/sys.h"

#include <stdio.h>
#include <stdlib.h>

void qn_header_part(uint64_t task, char path[QN_PART_PATH])
{
    snprintf(path, QN_PART_PATH, ".quern/parts/headers-%llu", (unsigned long long)task);
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
    qn_glue_task(glue, i, done);
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
