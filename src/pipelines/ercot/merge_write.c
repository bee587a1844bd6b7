/* Writing merged rows: column by column, each read from all groups that have rows to put out, put
 * in order and encoded. See merging.h. */
#include "pipelines/ercot/merging.h"

#include "base/sys.h"

#include <stdlib.h>
#include <string.h>

/* A column of all rows taken and of all rows left out, in that order. */
struct column_out {
    uint8_t *values; /* width bytes each; ids of texts */
    uint8_t *valid;
    size_t width;
    struct er_texts texts;
};

/* Which rows to put out come from which group: the places of each group's, one group after the
 * other. */
static bool sort_by_entry(struct er_merging *m)
{
    const struct er_ref *refs = (const struct er_ref *)(const void *)m->refs.data;
    const struct er_pair *pairs = (const struct er_pair *)(const void *)m->pairs.data;
    size_t count = m->refs.len / sizeof *refs, losers = m->pairs.len / sizeof *pairs;
    qn_buf_clear(&m->places);
    struct er_put_place *places = (struct er_put_place *)(void *)qn_buf_reserve(
        &m->places, (count + losers + 1) * sizeof *places);
    if (!places)
        return false;
    for (size_t e = 0; e < m->count; e++)
        m->opened[e].out_count = 0;
    for (size_t i = 0; i < count + losers; i++)
        m->opened[i < count ? refs[i].entry : pairs[i - count].loser.entry].out_count++;
    size_t at = 0;
    for (size_t e = 0; e < m->count; e++) {
        m->opened[e].out_first = at;
        at += m->opened[e].out_count;
        m->opened[e].out_count = 0;
    }
    for (size_t i = 0; i < count + losers; i++) {
        struct er_ref ref = i < count ? refs[i] : pairs[i - count].loser;
        struct er_opened *opened = &m->opened[ref.entry];
        places[opened->out_first + opened->out_count++] =
            (struct er_put_place){(uint32_t)i, ref.row};
    }
    return true;
}

static void scatter(struct er_merging *m, size_t e, struct column_out *out, const uint8_t *from)
{
    const struct er_put_place *places =
        (const struct er_put_place *)(const void *)m->places.data + m->opened[e].out_first;
    for (size_t i = 0; i < m->opened[e].out_count; i++) {
        uint32_t to = places[i].to, row = places[i].row;
        memcpy(out->values + to * out->width, from + row * out->width, out->width);
        out->valid[to] = m->valid.data[row];
    }
}

/* Ids of the group's own texts become ids of the column's. */
static bool translate(struct er_merging *m, struct column_out *out)
{
    struct qn_buf list = {0};
    uint32_t *ids = (uint32_t *)(void *)m->ids.data;
    bool ok = er_merging_texts(&m->values, &list);
    struct er_slice *texts = (struct er_slice *)(void *)list.data;
    size_t count = list.len / sizeof *texts;
    uint32_t *map = qn_sys.malloc((count + 1) * sizeof *map);
    ok = ok && map;
    for (size_t i = 0; i < count && ok; i++) {
        bool added;
        map[i] =
            er_texts_id(&out->texts, (const char *)texts[i].bytes, (uint32_t)texts[i].len, &added);
        ok = map[i] != ER_NO_TEXT;
    }
    for (size_t row = 0; ok && row < m->ids.len / sizeof *ids; row++)
        ids[row] = m->valid.data[row] ? map[ids[row]] : 0;
    free(map);
    qn_buf_release(&list);
    return ok;
}

static enum qn_status read_entry(struct er_merging *m, size_t e, size_t column,
                                 struct column_out *out, struct qn_error *err)
{
    const struct er_entry *entry = &m->entries[e];
    int of_group = er_layout_find(m->layout, entry, column);
    bool text = m->layout->columns[column].type == ER_TEXT;
    if (of_group < 0)
        return QN_OK; /* stays null */
    qn_buf_clear(&m->values);
    qn_buf_clear(&m->ids);
    qn_buf_clear(&m->valid);
    enum qn_status status =
        er_merging_column(m, entry, column, of_group, &m->values, &m->ids, &m->valid, err);
    if (status)
        return status;
    if (text && !translate(m, out))
        return qn_fail_memory(err, "the texts of a part", m->values.len);
    scatter(m, e, out, text ? m->ids.data : m->values.data);
    return QN_OK;
}

/* int32_t, as small integers are stored, back to what the writer takes. */
static void narrow(struct column_out *out, size_t n)
{
    int8_t *to = (int8_t *)out->values;
    const int32_t *from = (const int32_t *)(const void *)out->values;
    for (size_t i = 0; i < n; i++)
        to[i] = (int8_t)from[i];
}

static void compare_pairs(struct er_merging *m, const struct column_out *out, size_t refs)
{
    struct er_pair *pairs = (struct er_pair *)(void *)m->pairs.data;
    for (size_t i = 0; i < m->pairs.len / sizeof *pairs; i++) {
        size_t a = pairs[i].winner, b = refs + i;
        pairs[i].differs |= out->valid[a] != out->valid[b] ||
                            (out->valid[a] && memcmp(out->values + a * out->width,
                                                     out->values + b * out->width, out->width));
    }
}

/* Hands the column to the writer: texts as a dictionary in order. */
static enum qn_status put_column(struct er_merging *m, size_t column, struct column_out *out,
                                 size_t refs, struct qn_error *err)
{
    struct qn_parquet_values values = {.values = out->values};
    struct qn_buf bytes = {0}, offsets = {0};
    uint32_t *ranks = NULL, *order = NULL;
    enum qn_status status = QN_OK;
    if (m->layout->parquet[column].optional)
        values.valid = out->valid;
    if (m->layout->columns[column].type == ER_TEXT) {
        uint32_t *ids = (uint32_t *)(void *)out->values;
        if (!er_texts_rank(&out->texts, &ranks, &order))
            return qn_fail_memory(err, "the texts of a file", out->texts.bytes.len);
        for (uint32_t i = 0; i <= out->texts.count; i++) {
            qn_buf_u32(&offsets, (uint32_t)bytes.len);
            if (i < out->texts.count)
                qn_buf_append(&bytes, er_text_bytes(&out->texts, order[i]),
                              er_text_at(&out->texts, order[i])->len);
        }
        qn_buf_u8(&bytes, 0);
        for (size_t i = 0; i < refs; i++)
            ids[i] = out->valid[i] ? ranks[ids[i]] : 0;
        values = (struct qn_parquet_values){.values = bytes.data,
                                            .offsets = (const uint32_t *)(void *)offsets.data,
                                            .valid = values.valid,
                                            .ids = ids,
                                            .distinct = out->texts.count};
        if (bytes.failed || offsets.failed)
            status = qn_fail_memory(err, "the texts of a file", bytes.len);
    }
    if (!status)
        status =
            qn_parquet_group_add(m->writer, column, &values, refs, 0, &m->bytes, &m->meta, err);
    free(ranks);
    free(order);
    qn_buf_release(&bytes);
    qn_buf_release(&offsets);
    return status;
}

static size_t stored_width(const struct er_layout *layout, size_t column)
{
    if (layout->columns[column].type == ER_SMALL)
        return 4;
    return er_width(layout->columns[column].type);
}

static enum qn_status write_column(struct er_merging *m, size_t column, size_t refs,
                                   struct qn_error *err)
{
    size_t all = refs + m->pairs.len / sizeof(struct er_pair);
    struct column_out out = {.width = stored_width(m->layout, column)};
    enum qn_status status = QN_OK;
    er_texts_init(&out.texts);
    out.values = qn_sys.calloc(all + 1, out.width);
    out.valid = qn_sys.calloc(all + 1, 1);
    if (!out.values || !out.valid) {
        free(out.values);
        free(out.valid);
        return qn_fail_memory(err, "a column", all * out.width);
    }
    for (size_t e = 0; e < m->count && !status; e++) {
        if (m->opened[e].out_count > 0)
            status = read_entry(m, e, column, &out, err);
    }
    if (!status) {
        compare_pairs(m, &out, refs);
        if (m->layout->columns[column].type == ER_SMALL)
            narrow(&out, refs);
        status = put_column(m, column, &out, refs, err);
    }
    er_texts_release(&out.texts);
    free(out.values);
    free(out.valid);
    return status;
}

/* The losses of a group, added to those of the run. */
static enum qn_status note_losses(struct er_merging *m, struct qn_error *err)
{
    const struct er_pair *pairs = (const struct er_pair *)(const void *)m->pairs.data;
    struct qn_buf *losses = &m->gluing->losses;
    for (size_t i = 0; i < m->pairs.len / sizeof *pairs; i++) {
        uint64_t task = m->entries[pairs[i].loser.entry].task;
        struct er_loss *last =
            losses->len ? (struct er_loss *)(void *)(losses->data + losses->len) - 1 : NULL;
        if (!last || last->task != task || last->source != pairs[i].source) {
            struct er_loss loss = {.task = task, .source = pairs[i].source};
            qn_buf_append(losses, &loss, sizeof loss);
            if (losses->failed)
                return qn_fail_memory(err, "the list of duplicates", losses->len);
            last = (struct er_loss *)(void *)(losses->data + losses->len) - 1;
        }
        last->identical += !pairs[i].differs;
        last->differing += pairs[i].differs;
    }
    return QN_OK;
}

enum qn_status er_merging_flush(struct er_merging *m, struct qn_error *err)
{
    size_t refs = m->refs.len / sizeof(struct er_ref);
    enum qn_status status = QN_OK;
    if (refs == 0)
        return QN_OK;
    qn_buf_clear(&m->bytes);
    qn_buf_clear(&m->meta);
    if (!sort_by_entry(m))
        return qn_fail_memory(err, "rows to merge", refs * sizeof(struct er_put_place));
    qn_parquet_group_begin(m->writer, refs, &m->meta);
    for (size_t c = 0; c < m->layout->count && !status; c++)
        status = write_column(m, c, refs, err);
    if (!status)
        status = er_file_group(m->file, m->bytes.data, m->bytes.len, m->meta.data, m->meta.len,
                               refs, err);
    if (!status)
        status = note_losses(m, err);
    qn_buf_clear(&m->refs);
    qn_buf_clear(&m->pairs);
    return status;
}
