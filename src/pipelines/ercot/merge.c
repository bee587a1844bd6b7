/* Merging groups that overlap: see gluing.h.
 *
 * All rows up to K are known once K is the smallest of the last keys of all groups that are not
 * used up: what comes later is larger. So groups are opened when their first key is reached, rows
 * are taken in order, and nothing but the keys of the open groups is in memory. Rows taken are
 * noted as (group, row); when a million are there, each column is read, put in order and encoded.
 * Of rows with one key the later publication's stays; the others are compared with it and counted.
 */
#include "pipelines/ercot/gluing.h"

#include "base/io.h"
#include "base/sys.h"
#include "compute/market_time.h"
#include "pipelines/ercot/order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct key_column {
    struct qn_buf values; /* as stored; texts: see texts */
    struct qn_buf ids;
    struct qn_buf valid;
    struct qn_buf texts; /* struct er_slice: those that the ids mean */
    size_t width;        /* 0: text */
};

struct opened { /* a group whose rows are being taken */
    bool open;
    struct key_column keys[ER_KEYS];
    struct qn_buf sources; /* int32_t per row */
    struct qn_buf ranks;   /* uint32_t per source of the task */
    size_t next;           /* row */
    size_t task;           /* the first entry of the same task: it has the ranks */
    size_t out_first;      /* in `places`, and how many */
    size_t out_count;
};

struct place { /* of a row among those to put out */
    uint32_t to;
    uint32_t row;
};

struct ref {
    uint32_t entry;
    uint32_t row;
};

struct pair {        /* a row left out, and the one that stays instead of it */
    uint32_t winner; /* index of a ref */
    struct ref loser;
    uint32_t source;
    bool differs;
};

struct merging {
    struct er_gluing *gluing;
    const struct er_layout *layout;
    const struct er_entry *entries;
    size_t count;
    struct er_file *file;
    struct opened *opened; /* one per entry */
    struct qn_buf refs;    /* struct ref: rows taken */
    struct qn_buf pairs;   /* struct pair */
    struct qn_buf same;    /* struct ref: rows of the key at hand */
    struct qn_parquet_writer *writer;
    struct qn_buf bytes, meta;
    struct qn_buf places; /* struct place */
    size_t closed;        /* all entries before this one are used up */
    int64_t instant;      /* of the row taken last, and its day */
    int64_t day;
    struct qn_buf chunk, values, ids, valid; /* of a column being read */
};

/* ---- reading parts -------------------------------------------------------------------------- */

static enum qn_status read_chunk(struct merging *m, const struct er_entry *entry,
                                 struct er_slice meta, uint64_t base, size_t column,
                                 struct qn_error *err)
{
    const struct qn_job *job = qn_glue_job(m->gluing->glue);
    char part[ER_PART_PATH], path[PATH_MAX];
    uint64_t offset, len;
    int fd;
    if (!qn_parquet_group_span(meta.bytes, meta.len, column, &offset, &len))
        return qn_fail(err, QN_ERR_CORRUPT, "the description of a part is damaged.");
    bool done;
    er_part_path(qn_glue_task(m->gluing->glue, entry->task, &done), part);
    snprintf(path, sizeof path, "%s/%s", job->directory, part);
    qn_buf_clear(&m->chunk);
    uint8_t *to = qn_buf_reserve(&m->chunk, (size_t)len + 1);
    if (!to)
        return qn_fail_memory(err, "a part", len);
    enum qn_status status = qn_open_read(path, &fd, err);
    if (status)
        return status;
    status = qn_read_at(fd, path, to, (size_t)len, base + offset, err);
    m->chunk.len = (size_t)len;
    qn_sys.close(fd);
    return status;
}

/* One column of an entry's group; columns as the layout has them. */
static enum qn_status read_column(struct merging *m, const struct er_entry *entry, size_t column,
                                  int of_group, struct qn_buf *values, struct qn_buf *ids,
                                  struct qn_buf *valid, struct qn_error *err)
{
    struct qn_parquet_column alone = m->layout->parquet[column];
    struct qn_parquet_column *columns = qn_sys.calloc((size_t)of_group + 1, sizeof *columns);
    if (!columns)
        return qn_fail_memory(err, "a column", (size_t)of_group);
    columns[of_group] = alone;
    enum qn_status status =
        read_chunk(m, entry, entry->view.meta, entry->view.offset, (size_t)of_group, err);
    if (!status)
        status = qn_parquet_group_column(columns, (size_t)of_group, m->chunk.data, m->chunk.len,
                                         entry->view.meta.bytes, entry->view.meta.len, values, ids,
                                         valid, err);
    free(columns);
    return status;
}

/* Slices of texts that lie one after another with their lengths. */
static bool list_texts(const struct qn_buf *values, struct qn_buf *texts)
{
    struct qn_cursor in = {.data = values->data, .len = values->len};
    while (in.at < in.len && !in.failed) {
        struct er_slice text = {.len = qn_cursor_u32(&in)};
        text.bytes = qn_cursor_bytes(&in, text.len);
        qn_buf_append(texts, &text, sizeof text);
    }
    return !in.failed && !texts->failed;
}

static enum qn_status open_keys(struct merging *m, size_t e, struct qn_error *err)
{
    const struct er_dataset *dataset = m->layout->dataset;
    enum qn_status status = QN_OK;
    for (size_t k = 0; k < dataset->key_count && !status; k++) {
        struct key_column *key = &m->opened[e].keys[k];
        uint32_t column = dataset->keys[k];
        bool text = m->layout->columns[column].type == ER_TEXT;
        enum qn_parquet_type type = m->layout->parquet[column].type;
        status = read_column(m, &m->entries[e], column, (int)column, &key->values, &key->ids,
                             &key->valid, err);
        key->width = text                                       ? 0
                     : type == QN_PQ_BOOLEAN                    ? 1
                     : type == QN_PQ_INT8 || type == QN_PQ_DATE ? 4
                                                                : 8;
        if (!status && text && !list_texts(&key->values, &key->texts))
            status = qn_fail_memory(err, "the texts of a part", key->values.len);
    }
    return status;
}

/* Ranks of the sources of all tasks concerned, by precedence. */
struct ranked {
    struct er_source_view view;
    size_t entry; /* the first one of the task */
    uint32_t source;
};

static int by_precedence(const void *a, const void *b)
{
    const struct er_source_view *x = &((const struct ranked *)a)->view;
    const struct er_source_view *y = &((const struct ranked *)b)->view;
    char names[2][4096];
    snprintf(names[0], sizeof names[0], "%.*s", (int)x->name.len, (const char *)x->name.bytes);
    snprintf(names[1], sizeof names[1], "%.*s", (int)y->name.len, (const char *)y->name.bytes);
    return er_precedence(x->published, x->supplement, names[0], y->published, y->supplement,
                         names[1]);
}

static size_t entry_of_task(const struct merging *m, size_t e)
{
    size_t i = 0;
    while (m->entries[i].task != m->entries[e].task)
        i++;
    return i;
}

/* Copies of the results stay in memory while sources are ranked. */
static enum qn_status list_sources(struct merging *m, size_t e, struct qn_buf *copies,
                                   struct qn_buf *list, struct qn_error *err)
{
    const void *bytes;
    size_t len;
    struct er_result_view view;
    enum qn_status status = qn_glue_result(m->gluing->glue, m->entries[e].task, &bytes, &len, err);
    uint8_t *copy = status ? NULL : qn_sys.malloc(len + 1);
    if (status || !copy)
        return status ? status : qn_fail_memory(err, "a result", len);
    memcpy(copy, bytes, len);
    qn_buf_append(copies, &copy, sizeof copy);
    status = er_result_open(&view, copy, len, err);
    struct ranked ranked = {.entry = e};
    for (uint32_t i = 0; !status && i < view.source_count; i++) {
        er_next_source(&view.sources, &ranked.view);
        ranked.source = i;
        qn_buf_append(list, &ranked, sizeof ranked);
    }
    return status;
}

static enum qn_status rank_sources(struct merging *m, struct qn_error *err)
{
    struct qn_buf copies = {0}, list = {0};
    enum qn_status status = QN_OK;
    for (size_t e = 0; e < m->count && !status; e++) {
        m->opened[e].task = entry_of_task(m, e);
        if (m->opened[e].task == e)
            status = list_sources(m, e, &copies, &list, err);
    }
    struct ranked *ranked = (struct ranked *)(void *)list.data;
    size_t count = list.len / sizeof *ranked;
    if (!status && count > 1)
        qsort(ranked, count, sizeof *ranked, by_precedence);
    for (size_t i = 0; i < count && !status; i++) {
        struct qn_buf *ranks = &m->opened[ranked[i].entry].ranks;
        size_t need = (ranked[i].source + 1u) * sizeof(uint32_t);
        while (ranks->len < need && !ranks->failed)
            qn_buf_u32(ranks, 0);
        if (ranks->failed)
            status = qn_fail_memory(err, "ranks", need);
        else
            ((uint32_t *)(void *)ranks->data)[ranked[i].source] = (uint32_t)i;
    }
    void **blocks = (void **)(void *)copies.data;
    for (size_t i = 0; i < copies.len / sizeof *blocks; i++)
        free(blocks[i]);
    if (!status && (copies.failed || list.failed))
        status = qn_fail_memory(err, "the sources of a merge", list.len);
    qn_buf_release(&copies);
    qn_buf_release(&list);
    return status;
}

static enum qn_status open_group(struct merging *m, size_t e, struct qn_error *err)
{
    const struct er_entry *entry = &m->entries[e];
    struct opened *opened = &m->opened[e];
    opened->open = true;
    opened->next = 0;
    enum qn_status status = open_keys(m, e, err);
    if (!status)
        status = read_chunk(m, entry, entry->view.source_meta, entry->view.source_offset, 0, err);
    qn_buf_clear(&m->valid);
    if (!status)
        status = qn_parquet_group_column(&er_source_column, 0, m->chunk.data, m->chunk.len,
                                         entry->view.source_meta.bytes, entry->view.source_meta.len,
                                         &opened->sources, NULL, &m->valid, err);
    return status;
}

static void close_group(struct opened *opened)
{
    for (size_t k = 0; k < ER_KEYS; k++) {
        struct key_column *key = &opened->keys[k];
        qn_buf_release(&key->values);
        qn_buf_release(&key->ids);
        qn_buf_release(&key->valid);
        qn_buf_release(&key->texts);
    }
    qn_buf_release(&opened->sources);
    opened->open = false;
}

/* ---- comparing rows ------------------------------------------------------------------------- */

static int64_t integer_at(const struct key_column *key, size_t row)
{
    if (key->width == 1)
        return key->values.data[row];
    if (key->width == 4)
        return ((const int32_t *)(const void *)key->values.data)[row];
    return ((const int64_t *)(const void *)key->values.data)[row];
}

static int compare_text(const struct key_column *a, size_t i, const struct key_column *b, size_t j)
{
    const struct er_slice *x = (const struct er_slice *)(const void *)a->texts.data +
                               ((const uint32_t *)(const void *)a->ids.data)[i];
    const struct er_slice *y = (const struct er_slice *)(const void *)b->texts.data +
                               ((const uint32_t *)(const void *)b->ids.data)[j];
    size_t len = x->len < y->len ? x->len : y->len;
    int order = len ? memcmp(x->bytes, y->bytes, len) : 0;
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

static int compare(const struct merging *m, struct ref a, struct ref b)
{
    for (size_t k = 0; k < m->layout->dataset->key_count; k++) {
        const struct key_column *x = &m->opened[a.entry].keys[k];
        const struct key_column *y = &m->opened[b.entry].keys[k];
        bool valid = x->valid.data[a.row], other = y->valid.data[b.row];
        if (valid != other)
            return valid ? 1 : -1;
        if (!valid)
            continue;
        int64_t i = x->width ? integer_at(x, a.row) : 0;
        int64_t j = x->width ? integer_at(y, b.row) : 0;
        int order = x->width ? (i > j) - (i < j) : compare_text(x, a.row, y, b.row);
        if (order)
            return order;
    }
    return 0;
}

static uint32_t source_at(const struct merging *m, struct ref ref)
{
    return (uint32_t)((const int32_t *)(const void *)m->opened[ref.entry].sources.data)[ref.row];
}

static uint32_t rank_at(const struct merging *m, struct ref ref)
{
    const struct opened *task = &m->opened[m->opened[ref.entry].task];
    return ((const uint32_t *)(const void *)task->ranks.data)[source_at(m, ref)];
}

/* ---- taking rows ---------------------------------------------------------------------------- */

/* The rows of one key: the best source's stay (the last one of them, or all where repeats are
 * real). */
static void take_key(struct merging *m)
{
    const struct ref *same = (const struct ref *)(const void *)m->same.data;
    size_t n = m->same.len / sizeof *same;
    bool repeats = m->entries[same[0].entry].repeats;
    uint32_t best = 0;
    size_t winner = 0;
    if (m->layout->dataset->key_count == 0) { /* nothing tells rows apart */
        qn_buf_append(&m->refs, same, n * sizeof *same);
        return;
    }
    for (size_t i = 0; i < n && n > 1; i++) {
        uint32_t rank = rank_at(m, same[i]);
        if (rank >= best) {
            best = rank;
            winner = i;
        }
    }
    uint32_t place = (uint32_t)(m->refs.len / sizeof *same);
    qn_buf_append(&m->refs, &same[winner], sizeof *same);
    for (size_t i = 0; i < n; i++) {
        if (i == winner)
            continue;
        if (repeats && rank_at(m, same[i]) == best) {
            qn_buf_append(&m->refs, &same[i], sizeof *same);
            continue;
        }
        struct pair pair = {.winner = place, .loser = same[i], .source = source_at(m, same[i])};
        qn_buf_append(&m->pairs, &pair, sizeof pair);
    }
}

/* Opens the groups whose rows may come next; *least is the one with the smallest next row, or
 * m->count at the end. */
static enum qn_status find_least(struct merging *m, size_t *unopened, size_t *least,
                                 struct qn_error *err)
{
    *least = m->count;
    for (size_t e = m->closed; e < *unopened; e++) {
        if (!m->opened[e].open)
            continue;
        struct ref at = {(uint32_t)e, (uint32_t)m->opened[e].next};
        struct ref best = {(uint32_t)*least, 0};
        if (*least < m->count)
            best.row = (uint32_t)m->opened[*least].next;
        if (*least == m->count || compare(m, at, best) < 0)
            *least = e;
    }
    while (*unopened < m->count) { /* entries come in order of their first keys */
        size_t e = *unopened;
        enum qn_status status = open_group(m, e, err);
        if (status)
            return status;
        ++*unopened;
        struct ref at = {(uint32_t)e, 0};
        struct ref best = {(uint32_t)*least, 0};
        if (*least < m->count)
            best.row = (uint32_t)m->opened[*least].next;
        if (*least < m->count && compare(m, at, best) > 0)
            break;
        if (*least == m->count || compare(m, at, best) < 0)
            *least = e;
    }
    return QN_OK;
}

static void take_equal(struct merging *m, size_t unopened, size_t least)
{
    struct ref first = {(uint32_t)least, (uint32_t)m->opened[least].next};
    qn_buf_clear(&m->same);
    for (size_t e = m->closed; e < unopened; e++) {
        struct opened *opened = &m->opened[e];
        while (opened->open && opened->next < m->entries[e].view.rows) {
            struct ref at = {(uint32_t)e, (uint32_t)opened->next};
            if (compare(m, at, first) != 0)
                break;
            qn_buf_append(&m->same, &at, sizeof at);
            opened->next++;
        }
    }
    take_key(m);
}

/* ---- writing what was taken ----------------------------------------------------------------- */

/* A column of all rows taken and of all rows left out, in that order. */
struct column_out {
    uint8_t *values; /* width bytes each; ids of texts */
    uint8_t *valid;
    size_t width;
    struct er_texts texts;
};

/* Which rows to put out come from which group: the places of each group's, one group after the
 * other. */
static bool sort_by_entry(struct merging *m)
{
    const struct ref *refs = (const struct ref *)(const void *)m->refs.data;
    const struct pair *pairs = (const struct pair *)(const void *)m->pairs.data;
    size_t count = m->refs.len / sizeof *refs, losers = m->pairs.len / sizeof *pairs;
    qn_buf_clear(&m->places);
    struct place *places =
        (struct place *)(void *)qn_buf_reserve(&m->places, (count + losers + 1) * sizeof *places);
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
        struct ref ref = i < count ? refs[i] : pairs[i - count].loser;
        struct opened *opened = &m->opened[ref.entry];
        places[opened->out_first + opened->out_count++] = (struct place){(uint32_t)i, ref.row};
    }
    return true;
}

static void scatter(struct merging *m, size_t e, struct column_out *out, const uint8_t *from)
{
    const struct place *places =
        (const struct place *)(const void *)m->places.data + m->opened[e].out_first;
    for (size_t i = 0; i < m->opened[e].out_count; i++) {
        uint32_t to = places[i].to, row = places[i].row;
        memcpy(out->values + to * out->width, from + row * out->width, out->width);
        out->valid[to] = m->valid.data[row];
    }
}

/* Ids of the group's own texts become ids of the column's. */
static bool translate(struct merging *m, struct column_out *out)
{
    struct qn_buf list = {0};
    uint32_t *ids = (uint32_t *)(void *)m->ids.data;
    bool ok = list_texts(&m->values, &list);
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

static enum qn_status read_entry(struct merging *m, size_t e, size_t column, struct column_out *out,
                                 struct qn_error *err)
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
        read_column(m, entry, column, of_group, &m->values, &m->ids, &m->valid, err);
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

static void compare_pairs(struct merging *m, const struct column_out *out, size_t refs)
{
    struct pair *pairs = (struct pair *)(void *)m->pairs.data;
    for (size_t i = 0; i < m->pairs.len / sizeof *pairs; i++) {
        size_t a = pairs[i].winner, b = refs + i;
        pairs[i].differs |= out->valid[a] != out->valid[b] ||
                            (out->valid[a] && memcmp(out->values + a * out->width,
                                                     out->values + b * out->width, out->width));
    }
}

/* Hands the column to the writer: texts as a dictionary in order. */
static enum qn_status put_column(struct merging *m, size_t column, struct column_out *out,
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

static enum qn_status write_column(struct merging *m, size_t column, size_t refs,
                                   struct qn_error *err)
{
    size_t all = refs + m->pairs.len / sizeof(struct pair);
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
static enum qn_status note_losses(struct merging *m, struct qn_error *err)
{
    const struct pair *pairs = (const struct pair *)(const void *)m->pairs.data;
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

static enum qn_status flush(struct merging *m, struct qn_error *err)
{
    size_t refs = m->refs.len / sizeof(struct ref);
    enum qn_status status = QN_OK;
    if (refs == 0)
        return QN_OK;
    qn_buf_clear(&m->bytes);
    qn_buf_clear(&m->meta);
    if (!sort_by_entry(m))
        return qn_fail_memory(err, "rows to merge", refs * sizeof(struct place));
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

/* Whether the next row of the group is the first one of its day. */
static bool begins_day(struct merging *m, size_t e)
{
    const struct er_dataset *dataset = m->layout->dataset;
    const int64_t day_us = 24 * QN_HOUR_US;
    bool repeated;
    if (dataset->time == ER_TIME_NONE || dataset->key_count == 0 || dataset->keys[0] != 0)
        return false; /* its first key is no instant */
    int64_t now = integer_at(&m->opened[e].keys[0], m->opened[e].next);
    if (now == m->instant)
        return false;
    int64_t local = qn_market_to_local(now, &repeated);
    int64_t before = m->day;
    m->instant = now;
    m->day = (local - (local % day_us + day_us) % day_us) / day_us;
    return m->day != before;
}

/* Groups have about a million rows and end with a day, unless days are too long for that. */
static bool is_enough(struct merging *m, size_t least)
{
    size_t rows = m->refs.len / sizeof(struct ref);
    bool at_day = begins_day(m, least);
    return at_day ? rows >= ER_GROUP_ROWS / 8 * 7 : rows >= ER_GROUP_ROWS / 4 * 5;
}

static enum qn_status take_all(struct merging *m, struct qn_error *err)
{
    size_t unopened = 0, least;
    enum qn_status status = QN_OK;
    for (;;) {
        status = find_least(m, &unopened, &least, err);
        if (status || least == m->count)
            return status ? status : flush(m, err);
        if (is_enough(m, least)) {
            status = flush(m, err);
            if (!status && qn_glue_cancelled(m->gluing->glue))
                status = qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
            if (status)
                return status;
        }
        take_equal(m, unopened, least);
        if (m->refs.failed || m->pairs.failed || m->same.failed)
            return qn_fail_memory(err, "rows to merge", m->refs.len);
        for (size_t e = m->closed; e < unopened; e++) {
            if (m->opened[e].open && m->opened[e].next == m->entries[e].view.rows)
                close_group(&m->opened[e]);
        }
        while (m->closed < unopened && !m->opened[m->closed].open)
            m->closed++;
    }
}

enum qn_status er_merge(struct er_gluing *gluing, const struct er_layout *layout,
                        const struct er_entry *entries, size_t count, struct er_file *file,
                        struct qn_error *err)
{
    struct merging m = {
        .gluing = gluing, .layout = layout, .entries = entries, .count = count, .file = file};
    m.opened = qn_sys.calloc(count, sizeof *m.opened);
    enum qn_status status =
        m.opened ? rank_sources(&m, err) : qn_fail_memory(err, "a merge", count * sizeof *m.opened);
    if (!status)
        status = qn_parquet_writer_new(&m.writer, layout->parquet, layout->count,
                                       &er_parquet_options, err);
    if (!status)
        status = take_all(&m, err);
    for (size_t e = 0; e < count && m.opened; e++) {
        close_group(&m.opened[e]);
        qn_buf_release(&m.opened[e].ranks);
    }
    free(m.opened);
    qn_parquet_writer_free(m.writer);
    struct qn_buf *buffers[] = {&m.places, &m.refs,  &m.pairs,  &m.same, &m.bytes,
                                &m.meta,   &m.chunk, &m.values, &m.ids,  &m.valid};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        qn_buf_release(buffers[i]);
    return status;
}
