/* Results of segments, to bytes and back: see result.h. */
#include "pipelines/segy/result.h"

#include <math.h>
#include <string.h>

#define FORMAT_VERSION 2u

void qn_tally_init(struct qn_tally *tally)
{
    *tally =
        (struct qn_tally){.first_odd = UINT64_MAX, .delay_min = INFINITY, .delay_max = -INFINITY};
    qn_stats_init(&tally->stats);
}

void qn_tally_merge(struct qn_tally *into, const struct qn_tally *next)
{
    into->header_rows += next->header_rows;
    into->sample_rows += next->sample_rows;
    into->dead_traces += next->dead_traces;
    into->odd_headers += next->odd_headers;
    into->first_odd = next->first_odd < into->first_odd ? next->first_odd : into->first_odd;
    into->stored_bytes += next->stored_bytes;
    into->converted.overflows += next->converted.overflows;
    into->converted.inexact += next->converted.inexact;
    qn_stats_merge(&into->stats, &next->stats);
    into->delay_min = fmin(into->delay_min, next->delay_min);
    into->delay_max = fmax(into->delay_max, next->delay_max);
}

static void put_tally(struct qn_buf *buf, const struct qn_tally *tally)
{
    const struct qn_stats *stats = &tally->stats;
    qn_buf_u64(buf, tally->header_rows);
    qn_buf_u64(buf, tally->sample_rows);
    qn_buf_u64(buf, tally->dead_traces);
    qn_buf_u64(buf, tally->odd_headers);
    qn_buf_u64(buf, tally->first_odd);
    qn_buf_u64(buf, tally->stored_bytes);
    qn_buf_u64(buf, tally->converted.overflows);
    qn_buf_u64(buf, tally->converted.inexact);
    qn_buf_u64(buf, stats->count);
    qn_buf_u64(buf, stats->zeros);
    qn_buf_u64(buf, stats->nans);
    qn_buf_u64(buf, stats->infs);
    qn_buf_real(buf, stats->min);
    qn_buf_real(buf, stats->max);
    qn_buf_real(buf, stats->sum);
    qn_buf_real(buf, stats->sum_squares);
    qn_buf_real(buf, tally->delay_min);
    qn_buf_real(buf, tally->delay_max);
}

static void get_tally(struct qn_cursor *cursor, struct qn_tally *tally)
{
    struct qn_stats *stats = &tally->stats;
    tally->header_rows = qn_cursor_u64(cursor);
    tally->sample_rows = qn_cursor_u64(cursor);
    tally->dead_traces = qn_cursor_u64(cursor);
    tally->odd_headers = qn_cursor_u64(cursor);
    tally->first_odd = qn_cursor_u64(cursor);
    tally->stored_bytes = qn_cursor_u64(cursor);
    tally->converted.overflows = qn_cursor_u64(cursor);
    tally->converted.inexact = qn_cursor_u64(cursor);
    stats->count = qn_cursor_u64(cursor);
    stats->zeros = qn_cursor_u64(cursor);
    stats->nans = qn_cursor_u64(cursor);
    stats->infs = qn_cursor_u64(cursor);
    stats->min = qn_cursor_real(cursor);
    stats->max = qn_cursor_real(cursor);
    stats->sum = qn_cursor_real(cursor);
    stats->sum_squares = qn_cursor_real(cursor);
    tally->delay_min = qn_cursor_real(cursor);
    tally->delay_max = qn_cursor_real(cursor);
}

static void put_items(struct qn_buf *buf, const struct qn_items *items)
{
    qn_buf_u32(buf, items->count);
    qn_buf_u64(buf, items->bytes.len);
    qn_buf_append(buf, items->bytes.data, items->bytes.len);
    buf->failed |= items->bytes.failed;
}

static void get_items(struct qn_cursor *cursor, uint32_t *count, struct qn_cursor *items)
{
    *count = qn_cursor_u32(cursor);
    uint64_t len = qn_cursor_u64(cursor);
    if (len > cursor->len)
        cursor->failed = true;
    else
        *items =
            (struct qn_cursor){.data = qn_cursor_bytes(cursor, (size_t)len), .len = (size_t)len};
}

void qn_result_clear(struct qn_result *result)
{
    struct qn_items *lists[] = {&result->groups, &result->checks, &result->runs, &result->picture};
    qn_tally_init(&result->tally);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        lists[i]->count = 0;
        qn_buf_clear(&lists[i]->bytes);
    }
}

void qn_result_release(struct qn_result *result)
{
    qn_buf_release(&result->groups.bytes);
    qn_buf_release(&result->checks.bytes);
    qn_buf_release(&result->runs.bytes);
    qn_buf_release(&result->picture.bytes);
}

void qn_result_encode(const struct qn_result *result, struct qn_buf *buf)
{
    qn_buf_u32(buf, FORMAT_VERSION);
    put_tally(buf, &result->tally);
    put_items(buf, &result->groups);
    put_items(buf, &result->checks);
    put_items(buf, &result->runs);
    put_items(buf, &result->picture);
}

enum qn_status qn_result_decode(const void *bytes, size_t len, struct qn_result_view *view,
                                struct qn_error *err)
{
    struct qn_cursor cursor = {.data = bytes, .len = len};
    *view = (struct qn_result_view){0};
    bool known = qn_cursor_u32(&cursor) == FORMAT_VERSION;
    get_tally(&cursor, &view->tally);
    get_items(&cursor, &view->group_count, &view->groups);
    get_items(&cursor, &view->check_count, &view->checks);
    get_items(&cursor, &view->run_count, &view->runs);
    get_items(&cursor, &view->picture_count, &view->picture);
    if (!known || cursor.failed)
        return qn_fail(err, QN_ERR_CORRUPT,
                       "the result of a segment is damaged or of another version of Quern. Start "
                       "the import anew with --restart.");
    return QN_OK;
}
