/* Merging groups that overlap: see gluing.h.
 *
 * All rows up to K are known once K is the smallest of the last keys of all groups that are not
 * used up: what comes later is larger. So groups are opened when their first key is reached, rows
 * are taken in order, and nothing but the keys of the open groups is in memory. Rows taken are
 * noted as (group, row); when a million are there, each column is read, put in order and encoded.
 * Of rows with one key the later publication's stays; the others are compared with it and counted.
 */
#include "pipelines/ercot/merging.h"

#include "base/sys.h"
#include "compute/market_time.h"

#include <stdlib.h>
#include <string.h>

/* ---- comparing rows ------------------------------------------------------------------------- */

static int64_t integer_at(const struct er_key_column *key, size_t row)
{
    if (key->width == 1)
        return key->values.data[row];
    if (key->width == 4)
        return ((const int32_t *)(const void *)key->values.data)[row];
    return ((const int64_t *)(const void *)key->values.data)[row];
}

static int compare_text(const struct er_key_column *a, size_t i, const struct er_key_column *b,
                        size_t j)
{
    const struct er_slice *x = (const struct er_slice *)(const void *)a->texts.data +
                               ((const uint32_t *)(const void *)a->ids.data)[i];
    const struct er_slice *y = (const struct er_slice *)(const void *)b->texts.data +
                               ((const uint32_t *)(const void *)b->ids.data)[j];
    size_t len = x->len < y->len ? x->len : y->len;
    int order = len ? memcmp(x->bytes, y->bytes, len) : 0;
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

static int compare(const struct er_merging *m, struct er_ref a, struct er_ref b)
{
    for (size_t k = 0; k < m->layout->dataset->key_count; k++) {
        const struct er_key_column *x = &m->opened[a.entry].keys[k];
        const struct er_key_column *y = &m->opened[b.entry].keys[k];
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

static uint32_t source_at(const struct er_merging *m, struct er_ref ref)
{
    return (uint32_t)((const int32_t *)(const void *)m->opened[ref.entry].sources.data)[ref.row];
}

static uint32_t rank_at(const struct er_merging *m, struct er_ref ref)
{
    const struct er_opened *task = &m->opened[m->opened[ref.entry].task];
    return ((const uint32_t *)(const void *)task->ranks.data)[source_at(m, ref)];
}

/* ---- taking rows ---------------------------------------------------------------------------- */

/* The rows of one key: the best source's stay (the last one of them, or all where repeats are
 * real). */
static void take_key(struct er_merging *m)
{
    const struct er_ref *same = (const struct er_ref *)(const void *)m->same.data;
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
        struct er_pair pair = {.winner = place, .loser = same[i], .source = source_at(m, same[i])};
        qn_buf_append(&m->pairs, &pair, sizeof pair);
    }
}

/* Opens the groups whose rows may come next; *least is the one with the smallest next row, or
 * m->count at the end. */
static enum qn_status find_least(struct er_merging *m, size_t *unopened, size_t *least,
                                 struct qn_error *err)
{
    *least = m->count;
    for (size_t e = m->closed; e < *unopened; e++) {
        if (!m->opened[e].open)
            continue;
        struct er_ref at = {(uint32_t)e, (uint32_t)m->opened[e].next};
        struct er_ref best = {(uint32_t)*least, 0};
        if (*least < m->count)
            best.row = (uint32_t)m->opened[*least].next;
        if (*least == m->count || compare(m, at, best) < 0)
            *least = e;
    }
    while (*unopened < m->count) { /* entries come in order of their first keys */
        size_t e = *unopened;
        enum qn_status status = er_merging_open(m, e, err);
        if (status)
            return status;
        ++*unopened;
        struct er_ref at = {(uint32_t)e, 0};
        struct er_ref best = {(uint32_t)*least, 0};
        if (*least < m->count)
            best.row = (uint32_t)m->opened[*least].next;
        if (*least < m->count && compare(m, at, best) > 0)
            break;
        if (*least == m->count || compare(m, at, best) < 0)
            *least = e;
    }
    return QN_OK;
}

static void take_equal(struct er_merging *m, size_t unopened, size_t least)
{
    struct er_ref first = {(uint32_t)least, (uint32_t)m->opened[least].next};
    qn_buf_clear(&m->same);
    for (size_t e = m->closed; e < unopened; e++) {
        struct er_opened *opened = &m->opened[e];
        while (opened->open && opened->next < m->entries[e].view.rows) {
            struct er_ref at = {(uint32_t)e, (uint32_t)opened->next};
            if (compare(m, at, first) != 0)
                break;
            qn_buf_append(&m->same, &at, sizeof at);
            opened->next++;
        }
    }
    take_key(m);
}

/* Whether the next row of the group is the first one of its day. */
static bool begins_day(struct er_merging *m, size_t e)
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
static bool is_enough(struct er_merging *m, size_t least)
{
    size_t rows = m->refs.len / sizeof(struct er_ref);
    bool at_day = begins_day(m, least);
    return at_day ? rows >= ER_GROUP_ROWS / 8 * 7 : rows >= ER_GROUP_ROWS / 4 * 5;
}

static enum qn_status take_all(struct er_merging *m, struct qn_error *err)
{
    size_t unopened = 0, least;
    enum qn_status status = QN_OK;
    for (;;) {
        status = find_least(m, &unopened, &least, err);
        if (status || least == m->count)
            return status ? status : er_merging_flush(m, err);
        if (is_enough(m, least)) {
            status = er_merging_flush(m, err);
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
                er_merging_close(&m->opened[e]);
        }
        while (m->closed < unopened && !m->opened[m->closed].open)
            m->closed++;
    }
}

enum qn_status er_merge(struct er_gluing *gluing, const struct er_layout *layout,
                        const struct er_entry *entries, size_t count, struct er_file *file,
                        struct qn_error *err)
{
    struct er_merging m = {
        .gluing = gluing, .layout = layout, .entries = entries, .count = count, .file = file};
    m.opened = qn_sys.calloc(count, sizeof *m.opened);
    enum qn_status status = m.opened ? er_merging_rank(&m, err)
                                     : qn_fail_memory(err, "a merge", count * sizeof *m.opened);
    if (!status)
        status = qn_parquet_writer_new(&m.writer, layout->parquet, layout->count,
                                       &er_parquet_options, err);
    if (!status)
        status = take_all(&m, err);
    for (size_t e = 0; e < count && m.opened; e++) {
        er_merging_close(&m.opened[e]);
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
