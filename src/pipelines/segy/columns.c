/* Columns of headers.parquet, filled from trace headers: see columns.h. */
#include "pipelines/segy/columns.h"

#include "base/sys.h"

#include <stdio.h>
#include <stdlib.h>

static void fill_index(const struct qn_traces *traces, void *values)
{
    int64_t *index = values;
    for (size_t i = 0; i < traces->count; i++)
        index[i] = (int64_t)(traces->first + i);
}

static void fill_samples(const struct qn_traces *traces, void *values)
{
    uint32_t *samples = values;
    for (size_t i = 0; i < traces->count; i++)
        samples[i] = qn_traces_samples(traces, i);
}

static void fill_file(const struct qn_traces *traces, void *values)
{
    int32_t *file = values;
    for (size_t i = 0; i < traces->count; i++)
        file[i] = (int32_t)qn_traces_file(traces, i);
}

/* What is known of a trace without its header. */
static void add_own(struct qn_rows *rows, const char *name, enum qn_dtype dtype,
                    void (*fill)(const struct qn_traces *traces, void *values))
{
    struct qn_column *column = &rows->columns[rows->column_count++];
    snprintf(column->name, sizeof column->name, "%s", name);
    column->dtype = dtype;
    column->fill = fill;
}

static void add_column(struct qn_rows *rows, const struct qn_segy_field *field, bool scaled)
{
    struct qn_column *column = &rows->columns[rows->column_count++];
    column->field = field;
    column->scaled = scaled;
    if (scaled)
        qn_scaled_name(field, column->name);
    else
        snprintf(column->name, sizeof column->name, "%s", field->name);
    column->dtype = scaled ? QN_FLOAT64 : qn_segy_type_info(field->type)->dtype;
}

enum qn_status qn_rows_init(struct qn_rows *rows, const struct qn_import *import,
                            struct qn_error *err)
{
    *rows = (struct qn_rows){.import = import};
    size_t most = 3 + 2 * import->field_count;
    rows->columns = qn_sys.calloc(most, sizeof *rows->columns);
    if (!rows->columns)
        return qn_fail_memory(err, "the header columns", most * sizeof *rows->columns);
    add_own(rows, QN_TRACE_INDEX, QN_INT64, fill_index);
    if (import->layout.variable)
        add_own(rows, QN_TRACE_SAMPLES, QN_UINT32, fill_samples);
    if (import->survey.file_count > 1)
        add_own(rows, QN_SOURCE_FILE, QN_INT32, fill_file);
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
    for (size_t c = 0; c < rows->column_count; c++) {
        const struct qn_column *column = &rows->columns[c];
        void *out = (uint8_t *)column->values + rows->count * qn_dtype_bytes(column->dtype);
        if (column->fill)
            column->fill(traces, out);
        else if (column->scaled)
            qn_segy_scale(column->field, order, traces->bytes, traces->stride, traces->count, out,
                          &rows->zero_scalars);
        else
            qn_segy_extract(column->field, order, traces->bytes, traces->stride, traces->count,
                            out);
    }
    rows->count += traces->count;
}
