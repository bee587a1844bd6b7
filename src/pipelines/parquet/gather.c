/* Gathering columns: see gather.h. */
#include "pipelines/parquet/gather.h"

#include "base/sys.h"

#include <stdlib.h>
#include <string.h>

/* ---- what is gathered ----------------------------------------------------------------------- */

void qn_gathered_init(struct qn_gathered *gathered, const struct qn_parquet_node *leaf)
{
    *gathered = (struct qn_gathered){
        .width = qn_parquet_width(leaf), .max_def = leaf->max_def, .max_rep = leaf->max_rep};
}

void qn_gathered_clear(struct qn_gathered *g)
{
    struct qn_buf *buffers[] = {&g->def, &g->rep, &g->values, &g->ends, &g->texts};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        qn_buf_clear(buffers[i]);
    g->entries = g->value_count = 0;
}

void qn_gathered_release(struct qn_gathered *g)
{
    struct qn_buf *buffers[] = {&g->def, &g->rep, &g->values, &g->ends, &g->texts};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        qn_buf_release(buffers[i]);
}

bool qn_gathered_failed(const struct qn_gathered *g)
{
    return g->def.failed || g->rep.failed || g->values.failed || g->ends.failed || g->texts.failed;
}

uint64_t qn_gathered_bytes(const struct qn_gathered *g)
{
    return g->def.len + g->rep.len + g->values.len + g->ends.len;
}

static void put_level(struct qn_buf *levels, uint8_t level, size_t n)
{
    uint8_t *to = qn_buf_reserve(levels, n);
    if (!to)
        return;
    memset(to, level, n);
    levels->len += n;
}

void qn_gathered_nulls(struct qn_gathered *g, uint64_t rows)
{
    put_level(&g->def, 0, rows);
    if (g->max_rep)
        put_level(&g->rep, 0, rows);
    g->entries += rows;
}

static const uint64_t *ends_of(const struct qn_gathered *g)
{
    return (const uint64_t *)(const void *)g->ends.data;
}

struct qn_parquet_entries qn_gathered_entries(struct qn_gathered *g)
{
    qn_buf_reserve(&g->values, 1); /* not NULL, even if there are no values or all are empty */
    struct qn_parquet_entries entries = {.count = g->entries,
                                         .values = g->value_count,
                                         .def = g->max_def ? g->def.data : NULL,
                                         .rep = g->max_rep ? g->rep.data : NULL,
                                         .fixed = g->values.data};
    if (g->width > 0 || qn_gathered_failed(g))
        return entries;
    const uint64_t *ends = ends_of(g);
    struct qn_parquet_text *texts =
        (void *)qn_buf_reserve(&g->texts, (g->value_count + 1) * sizeof *texts);
    uint64_t start = 0;
    for (size_t i = 0; texts && i < g->value_count; start = ends[i++])
        texts[i] = (struct qn_parquet_text){g->values.data + start, (uint32_t)(ends[i] - start)};
    entries.texts = texts;
    return entries;
}

/* ---- rows in another order ------------------------------------------------------------------ */

enum qn_status qn_row_starts_make(struct qn_row_starts *starts, const struct qn_gathered *g,
                                  uint64_t rows, struct qn_error *err)
{
    *starts = (struct qn_row_starts){NULL, NULL};
    if (g->max_def == 0)
        return QN_OK;
    if (g->entries > UINT32_MAX)
        return qn_fail(err, QN_ERR_UNSUPPORTED, "more than 2^32 values cannot be sorted at once.");
    starts->values = qn_sys.malloc((rows + 1) * sizeof *starts->values);
    if (g->max_rep)
        starts->entries = qn_sys.malloc((rows + 1) * sizeof *starts->entries);
    if (!starts->values || (g->max_rep && !starts->entries)) {
        qn_row_starts_release(starts);
        return qn_fail_memory(err, "sorting", (rows + 1) * sizeof *starts->values);
    }
    uint64_t row = 0;
    uint32_t value = 0;
    for (size_t entry = 0; entry < g->entries; entry++) {
        if (g->max_rep == 0 || g->rep.data[entry] == 0) {
            starts->values[row] = value;
            if (starts->entries)
                starts->entries[row] = (uint32_t)entry;
            row++;
        }
        value += g->def.data[entry] == g->max_def;
    }
    starts->values[row] = value;
    if (starts->entries)
        starts->entries[row] = (uint32_t)g->entries;
    return QN_OK;
}

void qn_row_starts_release(struct qn_row_starts *starts)
{
    free(starts->entries);
    free(starts->values);
    *starts = (struct qn_row_starts){NULL, NULL};
}

static void copy_texts(struct qn_gathered *to, const struct qn_gathered *from, uint64_t first,
                       uint64_t end)
{
    const uint64_t *ends = ends_of(from);
    for (uint64_t i = first; i < end; i++) {
        uint64_t start = i ? ends[i - 1] : 0;
        qn_buf_append(&to->values, from->values.data + start, ends[i] - start);
        qn_buf_u64(&to->ends, to->values.len);
    }
}

void qn_gathered_copy_row(struct qn_gathered *to, const struct qn_gathered *from,
                          const struct qn_row_starts *starts, uint64_t row)
{
    uint64_t entry = starts->entries ? starts->entries[row] : row;
    uint64_t entry_end = starts->entries ? starts->entries[row + 1] : row + 1;
    uint64_t value = starts->values ? starts->values[row] : row;
    uint64_t value_end = starts->values ? starts->values[row + 1] : row + 1;
    if (from->max_def)
        qn_buf_append(&to->def, from->def.data + entry, entry_end - entry);
    if (from->max_rep)
        qn_buf_append(&to->rep, from->rep.data + entry, entry_end - entry);
    if (from->width > 0 && value_end > value)
        qn_buf_append(&to->values, from->values.data + value * from->width,
                      (value_end - value) * from->width);
    else if (from->width == 0)
        copy_texts(to, from, value, value_end);
    to->entries += entry_end - entry;
    to->value_count += value_end - value;
}

const uint8_t *qn_gathered_value(const struct qn_gathered *g, const struct qn_row_starts *starts,
                                 uint64_t row, size_t *len)
{
    static const uint8_t empty[1];
    uint64_t value = starts->values ? starts->values[row] : row;
    if (g->max_def && g->def.data[row] != g->max_def)
        return NULL;
    if (g->width > 0) {
        *len = g->width;
        return g->values.data + value * g->width;
    }
    const uint64_t *ends = ends_of(g);
    uint64_t start = value ? ends[value - 1] : 0;
    *len = (size_t)(ends[value] - start);
    return *len ? g->values.data + start : empty;
}

/* ---- where it comes from -------------------------------------------------------------------- */

enum qn_status qn_tap_open(struct qn_tap *tap, struct qn_parquet_file *file, size_t group,
                           size_t leaf, struct qn_error *err)
{
    *tap = (struct qn_tap){.leaf = qn_parquet_leaf(file, leaf)};
    return qn_parquet_scan_open(&tap->scan, file, group, leaf, err);
}

void qn_tap_close(struct qn_tap *tap)
{
    qn_parquet_scan_close(tap->scan);
    *tap = (struct qn_tap){.scan = NULL};
}

static enum qn_status fetch(struct qn_tap *tap, struct qn_error *err)
{
    if (tap->entry < tap->batch.count)
        return QN_OK;
    tap->entry = tap->value = 0;
    return qn_parquet_scan_next(tap->scan, &tap->batch, err);
}

static void take_texts(struct qn_gathered *to, const struct qn_parquet_text *texts, size_t n)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++)
        bytes += texts[i].len;
    uint8_t *at = qn_buf_reserve(&to->values, bytes + 1);
    uint64_t *ends = (uint64_t *)(void *)qn_buf_reserve(&to->ends, n * sizeof *ends);
    if (!at || !ends)
        return;
    uint64_t end = to->values.len;
    for (size_t i = 0; i < n; i++) {
        memcpy(at, texts[i].bytes, texts[i].len);
        at += texts[i].len;
        ends[i] = end += texts[i].len;
    }
    to->values.len += bytes;
    to->ends.len += n * sizeof *ends;
}

/* Moves n entries on; they are gathered unless `to` is NULL. */
static void pass(struct qn_tap *tap, size_t n, struct qn_gathered *to)
{
    const struct qn_parquet_batch *batch = &tap->batch;
    size_t values = n;
    for (size_t i = 0; batch->def && i < n; i++)
        values -= batch->def[tap->entry + i] != tap->leaf->max_def;
    if (to && to->max_def) {
        if (batch->def)
            qn_buf_append(&to->def, batch->def + tap->entry, n);
        else
            put_level(&to->def, to->max_def, n);
    }
    if (to && to->max_rep)
        qn_buf_append(&to->rep, batch->rep + tap->entry, n);
    if (to && to->width > 0)
        qn_buf_append(&to->values, batch->fixed + tap->value * to->width, values * to->width);
    else if (to)
        take_texts(to, batch->texts + tap->value, values);
    if (to) {
        to->entries += n;
        to->value_count += values;
    }
    tap->entry += n;
    tap->value += values;
}

/* Rows of a column without lists: an entry each. `rows` of the batch are left. */
static void pass_rows(struct qn_tap *tap, size_t rows, const uint8_t *keep, struct qn_gathered *to)
{
    if (!keep) {
        pass(tap, rows, to);
        return;
    }
    for (size_t row = 0; row < rows;) {
        size_t end = row + 1;
        while (end < rows && !keep[end] == !keep[row])
            end++;
        pass(tap, end - row, keep[row] ? to : NULL);
        row = end;
    }
}

struct progress { /* through rows of a column with lists */
    uint64_t begun;
    uint64_t rows;
    const uint8_t *keep;
    bool wanted; /* the row at hand */
    bool done;   /* the next entry begins a row that is not asked for */
};

/* Passes entries of the batch up to where the wish for them changes. */
static void pass_lists(struct qn_tap *tap, struct progress *progress, struct qn_gathered *to)
{
    const uint8_t *rep = tap->batch.rep + tap->entry;
    size_t n = 0, left = tap->batch.count - tap->entry;
    for (; n < left; n++) {
        if (rep[n] != 0)
            continue;
        progress->done = progress->begun == progress->rows;
        bool next = !progress->done && (!progress->keep || progress->keep[progress->begun]);
        if (progress->done || (n > 0 && next != progress->wanted))
            break;
        progress->wanted = next;
        progress->begun++;
    }
    pass(tap, n, progress->wanted ? to : NULL);
}

enum qn_status qn_tap_rows(struct qn_tap *tap, uint64_t rows, const uint8_t *keep,
                           struct qn_gathered *to, struct qn_error *err)
{
    struct progress progress = {.rows = rows, .keep = keep};
    bool lists = tap->leaf->max_rep > 0;
    while (lists ? !progress.done : progress.begun < rows) {
        enum qn_status status = fetch(tap, err);
        if (status)
            return status;
        if (tap->batch.count == 0)
            break;
        if (lists) {
            pass_lists(tap, &progress, to);
            continue;
        }
        size_t left = tap->batch.count - tap->entry;
        size_t n = left < rows - progress.begun ? left : (size_t)(rows - progress.begun);
        pass_rows(tap, n, keep ? keep + progress.begun : NULL, to);
        progress.begun += n;
    }
    if (progress.begun < rows)
        return qn_fail(err, QN_ERR_CORRUPT, "column '%s' has fewer rows than its group.",
                       tap->leaf->name);
    return qn_gathered_failed(to) ? qn_fail_memory(err, "rows", to->entries) : QN_OK;
}
