/* Parquet files of records: see table.h. */
#include "pipelines/lunar/table.h"

#include "base/sys.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP_ROWS = 65536, MOST_COLUMNS = 96 };
#define MICROSECONDS   1e6
#define MOST_INSTANT_S 9e12

struct column {
    struct qn_buf values;
    struct qn_buf offsets; /* texts */
    struct qn_buf valid;   /* reals and instants */
};

struct qn_lunar_table {
    const struct qn_lunar_column *columns;
    size_t count;
    struct qn_parquet_column schema[MOST_COLUMNS];
    struct column data[MOST_COLUMNS];
    size_t rows; /* in the group under way */
    struct qn_parquet_writer *writer;
    struct qn_parquet_footer *footer;
    struct qn_output *output;
    struct qn_buf bytes;
    struct qn_buf meta;
};

/* ---- schema --------------------------------------------------------------------------------- */

static enum qn_parquet_type type_of(enum qn_lunar_member member)
{
    static const enum qn_parquet_type types[] = {
        [QN_MEMBER_REAL] = QN_PQ_DOUBLE,   [QN_MEMBER_INT64] = QN_PQ_INT64,
        [QN_MEMBER_UINT64] = QN_PQ_INT64, /* counts and offsets: below 2^63 */
        [QN_MEMBER_UINT32] = QN_PQ_UINT32, [QN_MEMBER_FLAG] = QN_PQ_BOOLEAN,
        [QN_MEMBER_SMALL] = QN_PQ_INT8,    [QN_MEMBER_INSTANT] = QN_PQ_TIMESTAMP_US_UTC,
        [QN_MEMBER_DAY] = QN_PQ_DATE,
    };
    return member < QN_MEMBER_UTC ? types[member] : QN_PQ_STRING;
}

static bool is_optional(enum qn_lunar_member member)
{
    return member == QN_MEMBER_REAL || member == QN_MEMBER_INSTANT;
}

enum qn_status qn_lunar_table_begin(struct qn_lunar_table **out, struct qn_glue *glue,
                                    const char *name, const struct qn_lunar_column *columns,
                                    struct qn_error *err)
{
    struct qn_lunar_table *table = *out = qn_sys.calloc(1, sizeof *table);
    if (!table)
        return qn_fail_memory(err, name, sizeof *table);
    table->columns = columns;
    for (; table->count < MOST_COLUMNS && columns[table->count].name; table->count++)
        table->schema[table->count] =
            (struct qn_parquet_column){.name = columns[table->count].name,
                                       .type = type_of(columns[table->count].member),
                                       .optional = is_optional(columns[table->count].member)};
    enum qn_status status = qn_parquet_writer_new(&table->writer, table->schema, table->count,
                                                  &qn_parquet_defaults, err);
    if (!status)
        status = qn_parquet_footer_new(&table->footer, table->schema, table->count, err);
    if (!status)
        status = qn_glue_create(glue, name, &table->output, err);
    return status ? status : qn_output_write(table->output, QN_PARQUET_MAGIC, 4, err);
}

void qn_lunar_table_free(struct qn_lunar_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->count; i++) {
        qn_buf_release(&table->data[i].values);
        qn_buf_release(&table->data[i].offsets);
        qn_buf_release(&table->data[i].valid);
    }
    qn_parquet_writer_free(table->writer);
    qn_parquet_footer_free(table->footer);
    qn_buf_release(&table->bytes);
    qn_buf_release(&table->meta);
    free(table);
}

/* ---- rows ----------------------------------------------------------------------------------- */

static void put_text(struct column *column, const char *text, bool first)
{
    if (first)
        qn_buf_u32(&column->offsets, 0);
    qn_buf_append(&column->values, text, strlen(text));
    qn_buf_u32(&column->offsets, (uint32_t)column->values.len);
}

static void put_real(struct column *column, double real)
{
    qn_buf_append(&column->values, &real, sizeof real);
    qn_buf_u8(&column->valid, isfinite(real));
}

static void put_instant(struct column *column, double seconds)
{
    bool valid = fabs(seconds) < MOST_INSTANT_S;
    int64_t instant = valid ? (int64_t)llround(seconds * MICROSECONDS) : 0;
    qn_buf_append(&column->values, &instant, sizeof instant);
    qn_buf_u8(&column->valid, valid);
}

static void put_member(struct column *column, enum qn_lunar_member member, const void *at,
                       bool first)
{
    static const uint8_t sizes[] = {
        [QN_MEMBER_INT64] = 8, [QN_MEMBER_UINT64] = 8, [QN_MEMBER_UINT32] = 4,
        [QN_MEMBER_FLAG] = 1,  [QN_MEMBER_SMALL] = 1,  [QN_MEMBER_DAY] = 4};
    char text[QN_LUNAR_TEXT];
    double real;
    if (member >= QN_MEMBER_UTC) {
        put_text(column, qn_lunar_member_text(member, at, text), first);
        return;
    }
    if (!is_optional(member)) {
        qn_buf_append(&column->values, at, sizes[member]);
        return;
    }
    memcpy(&real, at, sizeof real);
    if (member == QN_MEMBER_REAL)
        put_real(column, real);
    else
        put_instant(column, real);
}

static enum qn_status flush(struct qn_lunar_table *table, struct qn_error *err)
{
    struct qn_parquet_values values[MOST_COLUMNS];
    bool failed = false;
    if (table->rows == 0)
        return QN_OK;
    for (size_t i = 0; i < table->count; i++) {
        struct column *c = &table->data[i];
        failed |= c->values.failed || c->offsets.failed || c->valid.failed;
        values[i] =
            (struct qn_parquet_values){.values = c->values.data ? (const void *)c->values.data : "",
                                       .offsets = (const uint32_t *)(const void *)c->offsets.data,
                                       .valid = table->schema[i].optional ? c->valid.data : NULL};
    }
    if (failed)
        return qn_fail_memory(err, "a row group", table->rows);
    qn_buf_clear(&table->bytes);
    qn_buf_clear(&table->meta);
    uint64_t at = qn_output_tell(table->output);
    enum qn_status status = qn_parquet_encode_group(table->writer, values, table->rows,
                                                    &table->bytes, &table->meta, err);
    if (!status)
        status = qn_output_write(table->output, table->bytes.data, table->bytes.len, err);
    if (!status)
        status = qn_parquet_footer_group(table->footer, table->meta.data, table->meta.len, at, err);
    for (size_t i = 0; i < table->count; i++) {
        qn_buf_clear(&table->data[i].values);
        qn_buf_clear(&table->data[i].offsets);
        qn_buf_clear(&table->data[i].valid);
    }
    table->rows = 0;
    return status;
}

enum qn_status qn_lunar_table_add(struct qn_lunar_table *table,
                                  const void *const records[QN_LUNAR_LEVELS], struct qn_error *err)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct qn_lunar_column *column = &table->columns[i];
        put_member(&table->data[i], column->member,
                   (const char *)records[column->in] + column->offset, table->rows == 0);
    }
    return ++table->rows < GROUP_ROWS ? QN_OK : flush(table, err);
}

enum qn_status qn_lunar_table_end(struct qn_lunar_table *table, struct qn_error *err)
{
    enum qn_status status = flush(table, err);
    qn_buf_clear(&table->bytes);
    for (size_t i = 0; i < table->count && !status; i++) {
        const struct qn_lunar_column *column = &table->columns[i];
        char text[256];
        snprintf(text, sizeof text, "%s%s%s%s", column->help, column->unit[0] ? " [" : "",
                 column->unit, column->unit[0] ? "]" : "");
        status = qn_parquet_footer_key_value(table->footer, column->name, text, err);
    }
    if (!status)
        status = qn_parquet_footer_finish(table->footer, qn_output_tell(table->output),
                                          &table->bytes, err);
    if (!status)
        status = qn_output_write(table->output, table->bytes.data, table->bytes.len, err);
    return status ? status : qn_output_commit(table->output, err);
}
