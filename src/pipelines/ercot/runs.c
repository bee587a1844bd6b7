/* Runs of rows, written by tasks: see runs.h. */
#include "pipelines/ercot/runs.h"

#include "base/hash.h"
#include "base/sys.h"
#include "pipelines/ercot/clock.h"
#include "pipelines/ercot/coverage.h"
#include "pipelines/ercot/order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct qn_parquet_options er_parquet_options = {
    .codec = PQ_ZSTD, .level = 1, .page_rows = 20000, .dictionary_bytes = 1u << 20};
const struct qn_parquet_column er_source_column = {.name = "source", .type = QN_PQ_INT32};

void er_part_path(const struct qn_task *task, char path[ER_PART_PATH])
{
    char text[QN_HASH_TEXT];
    struct qn_hash hash = qn_hash_of(task->payload, task->payload_len);
    qn_hash_text(&hash, text);
    snprintf(path, ER_PART_PATH, ".quern/parts/rows-%s", text);
}

void er_scratch_release(struct er_scratch *scratch)
{
    qn_buf_release(&scratch->rows);
    qn_buf_release(&scratch->values);
    qn_buf_release(&scratch->valid);
    qn_buf_release(&scratch->bytes);
    qn_buf_release(&scratch->meta);
    qn_buf_release(&scratch->source_meta);
}

/* ---- keys ----------------------------------------------------------------------------------- */

static void put_big_endian(struct qn_buf *key, uint64_t value)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        qn_buf_u8(key, (uint8_t)(value >> shift));
}

static int64_t integer_at(const struct er_vector *vector, uint64_t row)
{
    const uint8_t *values = vector->values.data;
    switch (er_width(vector->type)) {
    case 1:
        return vector->type == ER_FLAG ? values[row] : ((const int8_t *)values)[row];
    case 4:
        return ((const int32_t *)(const void *)values)[row];
    default:
        return ((const int64_t *)(const void *)values)[row];
    }
}

/* Appends the key of a row so that memcmp tells the order. */
static void put_key(struct qn_buf *key, const struct er_table *table, uint64_t row)
{
    for (size_t k = 0; k < table->dataset->key_count; k++) {
        const struct er_vector *vector = &table->vectors[table->dataset->keys[k]];
        bool valid = er_valid(vector, row);
        qn_buf_u8(key, valid);
        if (!valid)
            continue;
        if (vector->type == ER_TEXT) {
            uint32_t id = ((const uint32_t *)(const void *)vector->values.data)[row];
            qn_buf_append(key, er_text_bytes(&vector->texts, id),
                          er_text_at(&vector->texts, id)->len);
            qn_buf_u8(key, 0);
        } else {
            put_big_endian(key, (uint64_t)integer_at(vector, row) ^ (uint64_t)1 << 63);
        }
    }
}

/* ---- groups --------------------------------------------------------------------------------- */

struct writing {
    struct er_intake *intake;
    const struct er_table *table;
    struct er_scratch *scratch;
    struct qn_output *part;
    struct qn_parquet_column *columns;
    struct qn_parquet_writer *writer;
    struct qn_parquet_writer *source_writer;
    struct texts_in_order { /* of a text column: distinct texts, ascending, and ranks of ids */
        struct qn_buf bytes;
        struct qn_buf offsets;
        uint32_t *ranks;
    } * texts;
    struct qn_buf *result;
};

static void writing_release(struct writing *w)
{
    for (size_t c = 0; w->texts && c < w->table->column_count; c++) {
        qn_buf_release(&w->texts[c].bytes);
        qn_buf_release(&w->texts[c].offsets);
        free(w->texts[c].ranks);
    }
    free(w->texts);
    free(w->columns);
    qn_parquet_writer_free(w->writer);
    qn_parquet_writer_free(w->source_writer);
}

static bool order_texts(const struct er_texts *texts, struct texts_in_order *out)
{
    uint32_t *order;
    uint32_t place = 0;
    if (!er_texts_rank(texts, &out->ranks, &order))
        return false;
    for (uint32_t rank = 0; rank < texts->count; rank++) {
        const struct er_text *entry = er_text_at(texts, order[rank]);
        qn_buf_append(&out->offsets, &place, sizeof place);
        qn_buf_append(&out->bytes, er_text_bytes(texts, order[rank]), entry->len);
        place = (uint32_t)out->bytes.len;
    }
    qn_buf_append(&out->offsets, &place, sizeof place);
    qn_buf_u8(&out->bytes, 0); /* never NULL */
    free(order);
    return !out->bytes.failed && !out->offsets.failed;
}

static enum qn_status writing_init(struct writing *w, struct qn_error *err)
{
    const struct er_table *table = w->table;
    w->columns = qn_sys.calloc(table->column_count, sizeof *w->columns);
    w->texts = qn_sys.calloc(table->column_count, sizeof *w->texts);
    if (!w->columns || !w->texts)
        return qn_fail_memory(err, "the columns of a table", table->column_count);
    for (size_t c = 0; c < table->column_count; c++) {
        w->columns[c] = er_parquet_column(&table->columns[c], table->decimal);
        if (table->columns[c].type == ER_TEXT &&
            !order_texts(&table->vectors[c].texts, &w->texts[c]))
            return qn_fail_memory(err, "the texts of a column", table->vectors[c].texts.bytes.len);
    }
    enum qn_status status = qn_parquet_writer_new(&w->writer, w->columns, table->column_count,
                                                  &er_parquet_options, err);
    if (!status)
        status = qn_parquet_writer_new(&w->source_writer, &er_source_column, 1, &er_parquet_options,
                                       err);
    return status;
}

static void gather(uint8_t *to, const uint8_t *from, const uint32_t *rows, size_t n, size_t width)
{
    if (width == 8) {
        for (size_t i = 0; i < n; i++)
            ((uint64_t *)(void *)to)[i] = ((const uint64_t *)(const void *)from)[rows[i]];
    } else if (width == 4) {
        for (size_t i = 0; i < n; i++)
            ((uint32_t *)(void *)to)[i] = ((const uint32_t *)(const void *)from)[rows[i]];
    } else {
        for (size_t i = 0; i < n; i++)
            to[i] = from[rows[i]];
    }
}

/* Rows of a group: where they are in the table. */
struct picked {
    const uint32_t *rows;
    size_t n;
    bool as_they_lie; /* one after another: nothing has to be moved */
};

static struct picked pick(const uint32_t *rows, size_t n)
{
    bool follow = true;
    for (size_t i = 1; i < n; i++)
        follow &= rows[i] == rows[i - 1] + 1;
    return (struct picked){rows, n, follow};
}

/* The rows' values, in `scratch` if they have to be moved; NULL when out of memory. */
static const uint8_t *gathered(const struct qn_buf *from, const struct picked *rows, size_t width,
                               struct qn_buf *scratch)
{
    if (rows->as_they_lie)
        return from->data + rows->rows[0] * width;
    qn_buf_clear(scratch);
    uint8_t *to = qn_buf_reserve(scratch, rows->n * width);
    if (to)
        gather(to, from->data, rows->rows, rows->n, width);
    return to;
}

/* Ids of texts become their ranks. */
static bool rank_texts(struct writing *w, size_t column, const struct picked *rows,
                       struct qn_parquet_values *values)
{
    const struct er_vector *vector = &w->table->vectors[column];
    const uint32_t *ids = (const uint32_t *)(const void *)vector->values.data;
    const struct texts_in_order *texts = &w->texts[column];
    qn_buf_clear(&w->scratch->values);
    uint32_t *to = (uint32_t *)(void *)qn_buf_reserve(&w->scratch->values, rows->n * sizeof *to);
    if (!to)
        return false;
    for (size_t i = 0; i < rows->n; i++)
        to[i] = values->valid && !values->valid[i] ? 0 : texts->ranks[ids[rows->rows[i]]];
    values->ids = to;
    values->values = texts->bytes.data;
    values->offsets = (const uint32_t *)(const void *)texts->offsets.data;
    values->distinct = vector->texts.count;
    return true;
}

/* The rows' values of one column, in the form that Parquet's writer takes. */
static bool values_of(struct writing *w, size_t column, const struct picked *rows,
                      struct qn_parquet_values *values)
{
    const struct er_vector *vector = &w->table->vectors[column];
    *values = (struct qn_parquet_values){0};
    if (vector->valid.len > 0) {
        values->valid = gathered(&vector->valid, rows, 1, &w->scratch->valid);
        if (!values->valid)
            return false;
    }
    if (vector->type == ER_TEXT)
        return rank_texts(w, column, rows, values);
    values->values = gathered(&vector->values, rows, er_width(vector->type), &w->scratch->values);
    return values->values != NULL;
}

static enum qn_status encode_group(struct writing *w, const struct picked *rows, size_t *group_len,
                                   struct qn_error *err)
{
    struct er_scratch *s = w->scratch;
    struct qn_parquet_values values;
    enum qn_status status = QN_OK;
    qn_buf_clear(&s->bytes);
    qn_buf_clear(&s->meta);
    qn_buf_clear(&s->source_meta);
    qn_parquet_group_begin(w->writer, rows->n, &s->meta);
    for (size_t c = 0; c < w->table->column_count && !status; c++) {
        if (!values_of(w, c, rows, &values))
            return qn_fail_memory(err, "a column", rows->n * 8);
        status = qn_parquet_group_add(w->writer, c, &values, rows->n, 0, &s->bytes, &s->meta, err);
    }
    *group_len = s->bytes.len;
    values =
        (struct qn_parquet_values){.values = gathered(&w->table->sources, rows, 4, &s->values)};
    if (!status && !values.values)
        status = qn_fail_memory(err, "a column", rows->n * 4);
    return status ? status
                  : qn_parquet_encode_group(w->source_writer, &values, rows->n, &s->bytes,
                                            &s->source_meta, err);
}

static void put_slice(struct qn_buf *out, const void *bytes, size_t len)
{
    qn_buf_u32(out, (uint32_t)len);
    qn_buf_append(out, bytes, len);
}

static enum qn_status write_group(struct writing *w, const uint32_t *rows, size_t n,
                                  struct qn_error *err)
{
    struct er_scratch *s = w->scratch;
    size_t len = 0;
    struct picked picked = pick(rows, n);
    enum qn_status status = encode_group(w, &picked, &len, err);
    if (status)
        return status;
    qn_buf_u64(w->result, n);
    qn_buf_u64(w->result, qn_output_tell(w->part));
    qn_buf_u64(w->result, len);
    qn_buf_u64(w->result, qn_output_tell(w->part) + len);
    qn_buf_u64(w->result, s->bytes.len - len);
    put_slice(w->result, s->meta.data, s->meta.len);
    put_slice(w->result, s->source_meta.data, s->source_meta.len);
    qn_buf_clear(&s->values);
    for (int end = 0; end < 2; end++) {
        qn_buf_rewind(&s->values);
        put_key(&s->values, w->table, end ? rows[n - 1] : rows[0]);
        put_slice(w->result, s->values.data, s->values.len);
    }
    w->result->failed |= s->values.failed;
    return qn_output_write(w->part, s->bytes.data, s->bytes.len, err);
}

/* Rows of the next group: a million, less what belongs to a day that goes on. */
static size_t group_rows(const struct er_table *table, const uint32_t *rows, size_t left)
{
    if (left <= ER_GROUP_ROWS)
        return left;
    int32_t next, day;
    if (!er_clock_day(table, rows[ER_GROUP_ROWS], &next))
        return ER_GROUP_ROWS;
    for (size_t n = ER_GROUP_ROWS; n > ER_GROUP_ROWS / 2; n--) {
        if (er_clock_day(table, rows[n - 1], &day) && day != next)
            return n;
    }
    return ER_GROUP_ROWS;
}

static void put_extras(struct writing *w)
{
    size_t own = w->table->dataset->column_count;
    qn_buf_u32(w->result, (uint32_t)(w->table->column_count - own));
    for (size_t c = own; c < w->table->column_count; c++) {
        qn_buf_text(w->result, w->table->columns[c].name);
        qn_buf_u8(w->result, (uint8_t)w->table->columns[c].type);
        qn_buf_text(w->result, w->table->columns[c].unit);
    }
}

static enum qn_status write_coverage(struct writing *w, const uint32_t *rows, size_t count,
                                     const char *point, struct qn_error *err)
{
    struct qn_buf *bytes = &w->scratch->bytes;
    qn_buf_clear(bytes);
    if (!er_coverage_put(w->table, rows, count, point, bytes))
        return qn_fail_memory(err, "the coverage of a table", bytes->len);
    qn_buf_u64(w->result, qn_output_tell(w->part));
    qn_buf_u64(w->result, bytes->len);
    return qn_output_write(w->part, bytes->data, bytes->len, err);
}

/* The run of a year; `alone`: the table has rows of no other. */
static enum qn_status write_run(struct writing *w, int year, bool alone, const char *point,
                                struct qn_error *err)
{
    uint32_t groups = 0;
    enum qn_status status =
        er_order(w->table, w->intake, alone ? NULL : &year, &w->scratch->rows, err);
    const uint32_t *rows = (const uint32_t *)(const void *)w->scratch->rows.data;
    size_t count = w->scratch->rows.len / sizeof *rows;
    if (status)
        return status;
    qn_buf_u32(w->result, (uint32_t)(w->table->dataset - w->intake->schema->datasets));
    qn_buf_u32(w->result, (uint32_t)year);
    qn_buf_u64(w->result, count);
    qn_buf_u8(w->result, w->table->repeats);
    put_extras(w);
    status = write_coverage(w, rows, count, point, err);
    size_t place = w->result->len;
    qn_buf_u32(w->result, 0);
    for (size_t at = 0; at < count && !status; groups++) {
        size_t n = group_rows(w->table, rows + at, count - at);
        status = write_group(w, rows + at, n, err);
        at += n;
    }
    if (!w->result->failed)
        memcpy(w->result->data + place, &groups, sizeof groups);
    return status;
}

static enum qn_status write_table(struct writing *w, const char *point, uint32_t *runs,
                                  struct qn_error *err)
{
    int years[ER_YEARS_MAX];
    size_t count = er_years(w->table, years);
    enum qn_status status = count ? writing_init(w, err) : QN_OK;
    for (size_t y = 0; y < count && !status; y++)
        status = write_run(w, years[y], count == 1, point, err);
    *runs += (uint32_t)count;
    writing_release(w);
    return status;
}

/* ---- the account ---------------------------------------------------------------------------- */

static void put_sources(const struct er_intake *intake, struct qn_buf *result)
{
    qn_buf_u32(result, (uint32_t)intake->source_count);
    for (size_t i = 0; i < intake->source_count; i++) {
        const struct er_source *source = &intake->sources[i];
        qn_buf_text(result, source->name);
        qn_buf_u32(result, source->dataset ? (uint32_t)(source->dataset - intake->schema->datasets)
                                           : UINT32_MAX);
        qn_buf_u64(result, source->published);
        qn_buf_u32(result, source->supplement);
        qn_buf_u64(result, source->tally.rows_in);
        qn_buf_u64(result, source->tally.rejected);
        qn_buf_u64(result, source->tally.identical);
        qn_buf_u64(result, source->tally.differing);
        qn_buf_u8(result, (uint8_t)source->reason);
        qn_buf_u64(result, source->bytes);
        qn_buf_u32(result, (uint32_t)source->first_day);
        qn_buf_u32(result, (uint32_t)source->last_day);
        qn_buf_text(result, source->columns ? source->columns : "");
    }
}

enum qn_status er_runs_write(struct er_intake *intake, const char *point,
                             struct er_scratch *scratch, struct qn_task_run *run,
                             struct qn_error *err)
{
    struct qn_buf runs = {0}, head = {0};
    struct qn_output *part;
    char path[ER_PART_PATH];
    uint32_t count = 0;
    er_part_path(qn_task_of(run), path);
    enum qn_status status = qn_task_create(run, path, &part, err);
    if (status)
        return status;
    for (size_t i = 0; i < intake->schema->count && !status; i++) {
        if (!intake->tables[i].columns || intake->tables[i].rows == 0)
            continue;
        struct writing w = {.intake = intake,
                            .table = &intake->tables[i],
                            .scratch = scratch,
                            .part = part,
                            .result = &runs};
        status = write_table(&w, point, &count, err);
    }
    if (!status)
        status = qn_output_commit(part, err);
    else
        qn_output_discard(part);
    qn_buf_u64(&head, intake->bytes);
    put_sources(intake, &head);
    put_slice(&head, intake->rejects.data, intake->rejects.len);
    qn_buf_u32(&head, count);
    if (!status && (head.failed || runs.failed))
        status = qn_fail_memory(err, "the result of a task", head.len + runs.len);
    if (!status)
        status = qn_task_result(run, head.data, head.len, err);
    if (!status && runs.len > 0)
        status = qn_task_result(run, runs.data, runs.len, err);
    qn_buf_release(&head);
    qn_buf_release(&runs);
    return status;
}
