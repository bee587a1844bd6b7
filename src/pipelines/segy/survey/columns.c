/* Columns of headers.parquet, filled from trace headers: see columns.h. */
#include "pipelines/segy/survey/columns.h"

#include "base/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static struct qn_column *add(struct qn_rows *rows, enum qn_column_kind kind, const char *name,
                             enum qn_dtype dtype)
{
    struct qn_column *column = &rows->columns[rows->column_count++];
    snprintf(column->name, sizeof column->name, "%s", name);
    column->kind = kind;
    column->dtype = dtype;
    column->bytes = qn_dtype_bytes(dtype);
    return column;
}

/* What is known of a trace without its header. */
static void add_own(struct qn_rows *rows, const char *name, enum qn_dtype dtype,
                    void (*fill)(const struct qn_traces *traces, void *values))
{
    add(rows, QN_COLUMN_OF_TRACE, name, dtype)->fill = fill;
}

static void add_field(struct qn_rows *rows, const struct qn_segy_field *field)
{
    char scaled[QN_COLUMN_NAME];
    enum qn_dtype dtype = qn_segy_type_info((enum qn_segy_type)field->type)->dtype;
    add(rows, QN_COLUMN_FIELD, field->name, dtype)->field = field;
    qn_scaled_name(field, scaled);
    if (qn_segy_is_scaled(field))
        add(rows, QN_COLUMN_SCALED, scaled, QN_FLOAT64)->field = field;
}

static void add_all(struct qn_rows *rows)
{
    const struct qn_import *import = rows->import;
    add_own(rows, QN_TRACE_INDEX, QN_INT64, fill_index);
    if (import->layout.variable)
        add_own(rows, QN_TRACE_SAMPLES, QN_UINT32, fill_samples);
    if (import->survey.file_count > 1)
        add_own(rows, QN_SOURCE_FILE, QN_INT32, fill_file);
    for (size_t i = 0; i < import->field_count; i++)
        add_field(rows, &import->fields[i]);
    for (size_t k = 0; k < import->computed_count; k++)
        if (import->computed[k].column)
            add(rows, QN_COLUMN_COMPUTED, import->computed[k].name, import->computed[k].dtype)
                ->computed = k;
    if (import->raw_headers)
        add(rows, QN_COLUMN_RAW, QN_RAW_HEADER, QN_CHAR8)->bytes =
            import->layout.trace_header_bytes;
}

enum qn_status qn_rows_init(struct qn_rows *rows, const struct qn_import *import,
                            struct qn_error *err)
{
    *rows = (struct qn_rows){.import = import};
    size_t most = 4 + 2 * import->field_count + import->computed_count;
    rows->columns = qn_sys.calloc(most, sizeof *rows->columns);
    if (!rows->columns)
        return qn_fail_memory(err, "the header columns", most * sizeof *rows->columns);
    add_all(rows);
    return import->computed_count ? qn_computer_new(import, &rows->computer, err) : QN_OK;
}

void qn_rows_keep(struct qn_rows *rows, const char *const *names, size_t count)
{
    bool computed = false;
    size_t kept = 0;
    for (size_t c = 0; c < rows->column_count; c++) {
        size_t i = 0;
        while (i < count && strcmp(names[i], rows->columns[c].name))
            i++;
        if (i == count)
            continue;
        computed |= rows->columns[c].kind == QN_COLUMN_COMPUTED;
        rows->columns[kept++] = rows->columns[c];
    }
    rows->column_count = kept;
    if (!computed) {
        qn_computer_free(rows->computer);
        rows->computer = NULL;
    }
}

enum qn_status qn_rows_reserve(struct qn_rows *rows, size_t room, struct qn_error *err)
{
    if (room <= rows->room)
        return QN_OK;
    for (size_t i = 0; i < rows->column_count; i++) {
        struct qn_column *column = &rows->columns[i];
        void *values = qn_sys.realloc(column->values, room * column->bytes);
        if (!values)
            return qn_fail_memory(err, "the header columns", room * column->bytes);
        column->values = values;
        if (column->kind != QN_COLUMN_COMPUTED)
            continue;
        uint8_t *valid = qn_sys.realloc(column->valid, room);
        if (!valid)
            return qn_fail_memory(err, "the header columns", room);
        column->valid = valid;
    }
    rows->room = room;
    return QN_OK;
}

void qn_rows_release(struct qn_rows *rows)
{
    for (size_t i = 0; i < rows->column_count; i++) {
        free(rows->columns[i].values);
        free(rows->columns[i].valid);
    }
    free(rows->columns);
    qn_computer_free(rows->computer);
    *rows = (struct qn_rows){0};
}

size_t qn_rows_bytes(const struct qn_rows *rows)
{
    size_t bytes = 0;
    for (size_t i = 0; i < rows->column_count; i++)
        bytes += rows->columns[i].bytes;
    return bytes;
}

/* ---- filling -------------------------------------------------------------------------------- */

static void fill_raw(const struct qn_traces *traces, size_t bytes, uint8_t *out)
{
    for (size_t i = 0; i < traces->count; i++)
        memcpy(out + i * bytes, traces->bytes + i * traces->stride, bytes);
}

static void fill(const struct qn_column *column, enum qn_byte_order order,
                 const struct qn_traces *traces, void *out)
{
    switch (column->kind) {
    case QN_COLUMN_OF_TRACE:
        column->fill(traces, out);
        break;
    case QN_COLUMN_FIELD:
        qn_segy_extract(column->field, order, traces->bytes, traces->stride, traces->count, out);
        break;
    case QN_COLUMN_SCALED:
        qn_segy_scale(column->field, order, traces->bytes, traces->stride, traces->count, out);
        break;
    case QN_COLUMN_RAW:
        fill_raw(traces, column->bytes, out);
        break;
    default:
        break; /* computed ones are filled together */
    }
}

/* The computed columns of at most QN_COMPUTED_BLOCK traces, from row `row` on. */
static void fill_computed(struct qn_rows *rows, const struct qn_traces *traces, size_t row)
{
    qn_computer_run(rows->computer, traces);
    for (size_t k = 0; rows->faults && k < rows->import->computed_count; k++)
        qn_computer_count(rows->computer, k, &rows->faults[k]);
    for (size_t c = 0; c < rows->column_count; c++) {
        const struct qn_column *column = &rows->columns[c];
        if (column->kind == QN_COLUMN_COMPUTED)
            qn_computer_store(rows->computer, column->computed,
                              (uint8_t *)column->values + row * column->bytes, column->valid + row);
    }
}

void qn_rows_append(struct qn_rows *rows, const struct qn_traces *traces)
{
    enum qn_byte_order order = rows->import->layout.order;
    for (size_t c = 0; c < rows->column_count; c++) {
        const struct qn_column *column = &rows->columns[c];
        fill(column, order, traces, (uint8_t *)column->values + rows->count * column->bytes);
    }
    for (size_t done = 0; rows->computer && done < traces->count;) {
        size_t left = traces->count - done;
        struct qn_traces now =
            qn_traces_part(traces, done, left < QN_COMPUTED_BLOCK ? left : QN_COMPUTED_BLOCK);
        fill_computed(rows, &now, rows->count + done);
        done += now.count;
    }
    rows->count += traces->count;
}
