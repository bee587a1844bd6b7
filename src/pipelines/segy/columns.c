/* Columns of headers.parquet, filled from trace headers: see columns.h. */
#include "pipelines/segy/columns.h"

#include "base/sys.h"

#include <stdio.h>
#include <stdlib.h>

static void add_column(struct qn_rows *rows, const struct qn_segy_field *field, bool scaled)
{
    struct qn_column *column = &rows->columns[rows->column_count++];
    column->field = field;
    column->scaled = scaled;
    if (scaled)
        qn_scaled_name(field, column->name);
    else
        snprintf(column->name, sizeof column->name, "%s", field ? field->name : QN_TRACE_INDEX);
    if (!field)
        column->dtype = QN_INT64;
    else
        column->dtype = scaled ? QN_FLOAT64 : qn_segy_type_info(field->type)->dtype;
}

enum qn_status qn_rows_init(struct qn_rows *rows, const struct qn_import *import,
                            struct qn_error *err)
{
    *rows = (struct qn_rows){.import = import};
    size_t most = 1 + 2 * import->field_count;
    rows->columns = qn_sys.calloc(most, sizeof *rows->columns);
    if (!rows->columns)
        return qn_fail_memory(err, "the header columns", most * sizeof *rows->columns);
    add_column(rows, NULL, false);
    for (size_t i = 0; i < import->field_count; i++) {
        const struct qn_segy_field *field = &import->fields[i];
        add_column(rows, field, false);
        if (field->scaling != QN_SEGY_UNSCALED)
            add_column(rows, field, true);
    }
    return QN_OK;
}

enum qn_status qn_rows_reserve(struct qn_rows *rows, size_t room, struct qn_error *err)
{
    if (room <= rows->room)
        return QN_OK;
    for (size_t i = 0; i < rows->column_count; i++) {
        struct qn_column *column = &rows->columns[i];
        size_t bytes = room * qn_dtype_bytes(column->dtype);
        void *values = qn_sys.realloc(column->values, bytes);
        if (!values)
            return qn_fail_memory(err, "the header columns", bytes);
        column->values = values;
    }
    rows->room = room;
    return QN_OK;
}

void qn_rows_release(struct qn_rows *rows)
{
    for (size_t i = 0; i < rows->column_count; i++)
        free(rows->columns[i].values);
    free(rows->columns);
    *rows = (struct qn_rows){0};
}

void qn_rows_append(struct qn_rows *rows, const struct qn_traces *traces)
{
    enum qn_byte_order order = rows->import->layout.order;
    int64_t *index = (int64_t *)rows->columns[0].values + rows->count;
    for (size_t i = 0; i < traces->count; i++)
        index[i] = (int64_t)(traces->first + i);
    for (size_t c = 1; c < rows->column_count; c++) {
        const struct qn_column *column = &rows->columns[c];
        void *out = (uint8_t *)column->values + rows->count * qn_dtype_bytes(column->dtype);
        if (column->scaled)
            qn_segy_scale(column->field, order, traces->bytes, traces->stride, traces->count, out,
                          &rows->zero_scalars);
        else
            qn_segy_extract(column->field, order, traces->bytes, traces->stride, traces->count,
                            out);
    }
    rows->count += traces->count;
}
