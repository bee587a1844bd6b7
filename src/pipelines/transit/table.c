/* Writing the result: see table.h. */
#include "pipelines/transit/table.h"

#include "base/sys.h"
#include "format/text/csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP_ROWS = 65536, MOST_COLUMNS = 160 };

enum text_column { CANDIDATE, TARGET, LABEL, SOURCE, STATUS, REASON, PRODUCT, FILES, SCALE, TEXTS };

static const char *const text_names[TEXTS] = {
    "candidate", "target", "label", "source", "status", "reason", "product", "files", "time_scale"};

struct column {
    struct qn_buf values;
    struct qn_buf offsets; /* texts */
    struct qn_buf valid;   /* counts */
};

struct qn_feature_table {
    bool blind;
    size_t columns;
    struct qn_parquet_column schema[MOST_COLUMNS];
    struct column data[MOST_COLUMNS];
    size_t rows; /* in the group under way */
    struct qn_parquet_writer *writer;
    struct qn_parquet_footer *footer;
    struct qn_output *parquet;
    struct qn_output *csv;
    struct qn_buf bytes;
    struct qn_buf meta;
    struct qn_buf line;
};

static void add_column(struct qn_feature_table *t, const char *name, enum qn_parquet_type type,
                       bool optional)
{
    t->schema[t->columns++] =
        (struct qn_parquet_column){.name = name, .type = type, .optional = optional};
}

/* row, [signal], the texts, synthetic, the features. */
static void lay_out(struct qn_feature_table *t)
{
    add_column(t, "row", QN_PQ_INT64, false);
    if (t->blind)
        add_column(t, "signal", QN_PQ_INT64, false);
    for (int i = 0; i < TEXTS; i++)
        add_column(t, text_names[i], QN_PQ_STRING, false);
    add_column(t, "synthetic", QN_PQ_BOOLEAN, false);
    for (size_t i = 0; i < qn_feature_count; i++)
        add_column(t, qn_feature_table[i].name,
                   qn_feature_table[i].whole ? QN_PQ_INT64 : QN_PQ_DOUBLE,
                   qn_feature_table[i].whole);
}

static enum qn_status write_header(struct qn_feature_table *t, struct qn_error *err)
{
    for (size_t i = 0; i < t->columns; i++)
        qn_buf_printf(&t->line, "%s%s", i > 0 ? "," : "", t->schema[i].name);
    qn_buf_u8(&t->line, '\n');
    return t->line.failed ? qn_fail_memory(err, "a line of the result", t->line.len)
                          : qn_output_write(t->csv, t->line.data, t->line.len, err);
}

enum qn_status qn_feature_table_begin(struct qn_feature_table **out, struct qn_glue *glue,
                                      bool blind, struct qn_error *err)
{
    struct qn_feature_table *t = *out = qn_sys.calloc(1, sizeof *t);
    if (!t)
        return qn_fail_memory(err, "the table of features", sizeof *t);
    t->blind = blind;
    lay_out(t);
    enum qn_status status =
        qn_parquet_writer_new(&t->writer, t->schema, t->columns, &qn_parquet_defaults, err);
    if (!status)
        status = qn_parquet_footer_new(&t->footer, t->schema, t->columns, err);
    if (!status)
        status = qn_glue_create(glue, "features.parquet", &t->parquet, err);
    if (!status)
        status = qn_output_write(t->parquet, QN_PARQUET_MAGIC, 4, err);
    if (!status)
        status = qn_glue_create(glue, "features.csv", &t->csv, err);
    return status ? status : write_header(t, err);
}

void qn_feature_table_free(struct qn_feature_table *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->columns; i++) {
        qn_buf_release(&t->data[i].values);
        qn_buf_release(&t->data[i].offsets);
        qn_buf_release(&t->data[i].valid);
    }
    qn_parquet_writer_free(t->writer);
    qn_parquet_footer_free(t->footer);
    qn_buf_release(&t->bytes);
    qn_buf_release(&t->meta);
    qn_buf_release(&t->line);
    free(t);
}

/* ---- cells ---------------------------------------------------------------------------------- */

static void next_cell(struct qn_feature_table *t, size_t *column)
{
    qn_buf_u8(&t->line, ',');
    (*column)++;
}

static void put_text(struct qn_feature_table *t, size_t column, const char *text)
{
    struct column *c = &t->data[column];
    uint32_t begin = 0;
    if (t->rows == 0)
        qn_buf_append(&c->offsets, &begin, sizeof begin);
    qn_buf_append(&c->values, text, strlen(text));
    uint32_t end = (uint32_t)c->values.len;
    qn_buf_append(&c->offsets, &end, sizeof end);
    qn_csv_put(&t->line, text, strlen(text));
}

static void put_whole(struct qn_feature_table *t, size_t column, int64_t value)
{
    uint8_t one = 1;
    qn_buf_append(&t->data[column].values, &value, sizeof value);
    qn_buf_append(&t->data[column].valid, &one, 1);
    qn_buf_printf(&t->line, "%lld", (long long)value);
}

static void put_feature(struct qn_feature_table *t, size_t column, bool whole, double value)
{
    struct column *c = &t->data[column];
    uint8_t valid = isfinite(value);
    int64_t number = valid && fabs(value) < 9e18 ? (int64_t)value : 0;
    if (whole)
        qn_buf_append(&c->values, &number, sizeof number);
    else
        qn_buf_append(&c->values, &value, sizeof value);
    qn_buf_append(&c->valid, &valid, 1);
    if (valid && whole)
        qn_buf_printf(&t->line, "%lld", (long long)number);
    else if (valid)
        qn_buf_printf(&t->line, "%.17g", value);
}

static void put_texts(struct qn_feature_table *t, size_t *column,
                      const struct qn_candidate *candidate, const struct qn_row *row)
{
    char star[QN_TARGET_NAME];
    qn_target_text(&candidate->target, star);
    const char *texts[TEXTS] = {
        [CANDIDATE] = candidate->name,
        [TARGET] = star,
        [LABEL] = candidate->label,
        [SOURCE] = candidate->source,
        [REASON] = row->reason,
        [PRODUCT] = row->product,
        [FILES] = row->files,
        [STATUS] = qn_row_status_name(row->status),
        [SCALE] = row->product[0] || row->synthetic ? qn_scale_name(row->scale) : ""};
    for (int i = 0; i < TEXTS; i++) {
        put_text(t, *column, texts[i]);
        next_cell(t, column);
    }
}

/* ---- rows ----------------------------------------------------------------------------------- */

static enum qn_status flush(struct qn_feature_table *t, struct qn_error *err)
{
    struct qn_parquet_values values[MOST_COLUMNS];
    bool failed = false;
    if (t->rows == 0)
        return QN_OK;
    for (size_t i = 0; i < t->columns; i++) {
        struct column *c = &t->data[i];
        failed |= c->values.failed || c->offsets.failed || c->valid.failed;
        values[i] =
            (struct qn_parquet_values){.values = c->values.data ? (const void *)c->values.data : "",
                                       .offsets = (const uint32_t *)(const void *)c->offsets.data,
                                       .valid = t->schema[i].optional ? c->valid.data : NULL};
    }
    qn_buf_clear(&t->bytes);
    qn_buf_clear(&t->meta);
    if (failed)
        return qn_fail_memory(err, "a row group", t->rows);
    uint64_t at = qn_output_tell(t->parquet);
    enum qn_status status =
        qn_parquet_encode_group(t->writer, values, t->rows, &t->bytes, &t->meta, err);
    if (!status)
        status = qn_output_write(t->parquet, t->bytes.data, t->bytes.len, err);
    if (!status)
        status = qn_parquet_footer_group(t->footer, t->meta.data, t->meta.len, at, err);
    for (size_t i = 0; i < t->columns; i++) {
        qn_buf_clear(&t->data[i].values);
        qn_buf_clear(&t->data[i].offsets);
        qn_buf_clear(&t->data[i].valid);
    }
    t->rows = 0;
    return status;
}

enum qn_status qn_feature_table_add(struct qn_feature_table *t,
                                    const struct qn_candidate *candidate, const struct qn_row *row,
                                    struct qn_error *err)
{
    struct qn_features features = row->features;
    size_t column = 0;
    qn_buf_clear(&t->line);
    put_whole(t, column, (int64_t)row->index);
    next_cell(t, &column);
    if (t->blind) {
        put_whole(t, column, row->order);
        next_cell(t, &column);
    }
    put_texts(t, &column, candidate, row);
    uint8_t synthetic = row->synthetic != 0;
    qn_buf_append(&t->data[column].values, &synthetic, 1);
    qn_buf_printf(&t->line, "%s", synthetic ? "true" : "false");
    for (size_t i = 0; i < qn_feature_count; i++) {
        next_cell(t, &column);
        put_feature(t, column, qn_feature_table[i].whole, *qn_feature_of(&features, i));
    }
    qn_buf_u8(&t->line, '\n');
    t->rows++;
    if (t->line.failed)
        return qn_fail_memory(err, "a line of the result", t->line.len);
    enum qn_status status = qn_output_write(t->csv, t->line.data, t->line.len, err);
    return status || t->rows < GROUP_ROWS ? status : flush(t, err);
}

enum qn_status qn_feature_table_end(struct qn_feature_table *t, struct qn_error *err)
{
    enum qn_status status = flush(t, err);
    qn_buf_clear(&t->bytes);
    for (size_t i = 0; i < qn_feature_count && !status; i++) {
        char text[256];
        snprintf(text, sizeof text, "%s%s%s%s", qn_feature_table[i].help,
                 qn_feature_table[i].unit[0] ? " [" : "", qn_feature_table[i].unit,
                 qn_feature_table[i].unit[0] ? "]" : "");
        status = qn_parquet_footer_key_value(t->footer, qn_feature_table[i].name, text, err);
    }
    if (!status)
        status = qn_parquet_footer_finish(t->footer, qn_output_tell(t->parquet), &t->bytes, err);
    if (!status)
        status = qn_output_write(t->parquet, t->bytes.data, t->bytes.len, err);
    if (!status)
        status = qn_output_commit(t->parquet, err);
    return status ? status : qn_output_commit(t->csv, err);
}
