/* Results of tasks, read again: see runs.h. */
#include "pipelines/ercot/runs.h"

static struct er_slice slice(struct qn_cursor *in)
{
    uint32_t len = qn_cursor_u32(in);
    const uint8_t *bytes = qn_cursor_bytes(in, len);
    return (struct er_slice){bytes, bytes ? len : 0};
}

enum qn_status er_result_open(struct er_result_view *view, const void *bytes, size_t len,
                              struct qn_error *err)
{
    struct qn_cursor in = {.data = bytes, .len = len};
    struct er_source_view source;
    *view = (struct er_result_view){.bytes = qn_cursor_u64(&in)};
    view->source_count = qn_cursor_u32(&in);
    view->sources = in;
    for (uint32_t i = 0; i < view->source_count && !in.failed; i++)
        er_next_source(&in, &source);
    struct er_slice rejects = slice(&in);
    view->rejects = (struct qn_cursor){.data = rejects.bytes, .len = rejects.len};
    view->run_count = qn_cursor_u32(&in);
    view->runs = in;
    return in.failed ? qn_fail(err, QN_ERR_CORRUPT, "the result of a task is damaged.") : QN_OK;
}

bool er_next_source(struct qn_cursor *in, struct er_source_view *source)
{
    source->name = slice(in);
    source->dataset = qn_cursor_u32(in);
    source->published = qn_cursor_u64(in);
    source->supplement = qn_cursor_u32(in);
    source->tally.rows_in = qn_cursor_u64(in);
    source->tally.rejected = qn_cursor_u64(in);
    source->tally.identical = qn_cursor_u64(in);
    source->tally.differing = qn_cursor_u64(in);
    uint8_t reason = qn_cursor_u8(in);
    source->reason = reason < ER_REASON_COUNT ? (enum er_reason)reason : ER_FINE;
    source->bytes = qn_cursor_u64(in);
    source->first_day = (int32_t)qn_cursor_u32(in);
    source->last_day = (int32_t)qn_cursor_u32(in);
    source->columns = slice(in);
    return !in->failed;
}

bool er_next_extra(struct qn_cursor *in, struct er_extra_view *extra)
{
    extra->name = slice(in);
    uint8_t type = qn_cursor_u8(in);
    extra->type = type < ER_TYPE_COUNT ? (enum er_type)type : ER_TEXT;
    extra->unit = slice(in);
    return !in->failed;
}

bool er_next_group(struct qn_cursor *in, struct er_group_view *group)
{
    group->rows = qn_cursor_u64(in);
    group->offset = qn_cursor_u64(in);
    group->len = qn_cursor_u64(in);
    group->source_offset = qn_cursor_u64(in);
    group->source_len = qn_cursor_u64(in);
    group->meta = slice(in);
    group->source_meta = slice(in);
    group->key_min = slice(in);
    group->key_max = slice(in);
    return !in->failed;
}

bool er_next_run(struct qn_cursor *in, struct er_run_view *run)
{
    struct er_extra_view extra;
    struct er_group_view group;
    run->dataset = qn_cursor_u32(in);
    run->year = (int32_t)qn_cursor_u32(in);
    run->rows = qn_cursor_u64(in);
    run->repeats = qn_cursor_u8(in);
    run->extra_count = qn_cursor_u32(in);
    run->extras = *in;
    for (uint32_t i = 0; i < run->extra_count && !in->failed; i++)
        er_next_extra(in, &extra);
    run->coverage_offset = qn_cursor_u64(in);
    run->coverage_len = qn_cursor_u64(in);
    run->group_count = qn_cursor_u32(in);
    run->groups = *in;
    for (uint32_t i = 0; i < run->group_count && !in->failed; i++)
        er_next_group(in, &group);
    return !in->failed;
}
