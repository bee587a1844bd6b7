/* The list of stretches: see stretches.h. */
#include "pipelines/segy/survey/stretches.h"

#include "base/sys.h"

#include <stdbool.h>
#include <stdlib.h>

#define ENCODED_BYTES 32 /* of a stretch */

void qn_stretches_release(struct qn_stretches *list)
{
    free(list->at);
    *list = (struct qn_stretches){0};
}

uint64_t qn_stretches_traces(const struct qn_stretches *list)
{
    return list->count ? list->at[list->count - 1].first + list->at[list->count - 1].count : 0;
}

static enum qn_status make_room(struct qn_stretches *list, size_t room, struct qn_error *err)
{
    struct qn_stretch *at = qn_sys.realloc(list->at, room * sizeof *at);
    if (!at)
        return qn_fail_memory(err, "where the traces lie", room * sizeof *at);
    list->at = at;
    list->room = room;
    return QN_OK;
}

enum qn_status qn_stretches_add(struct qn_stretches *list, struct qn_stretch stretch,
                                struct qn_error *err)
{
    if (list->count == list->room) {
        enum qn_status status = make_room(list, list->room + list->room / 2 + 16, err);
        if (status)
            return status;
    }
    stretch.first = qn_stretches_traces(list);
    list->at[list->count++] = stretch;
    return QN_OK;
}

size_t qn_stretches_find(const struct qn_stretches *list, uint64_t trace)
{
    size_t low = 0, high = list->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        *(list->at[middle].first <= trace ? &low : &high) = middle;
    }
    return low;
}

/* Where trace `i` of the stretch begins, or about where it does. */
static uint64_t place(const struct qn_stretch *stretch, uint64_t i)
{
    uint64_t bytes = stretch->end - stretch->offset;
    return i == stretch->count ? bytes : bytes / stretch->count * i;
}

uint64_t qn_stretches_bytes(const struct qn_stretches *list, uint64_t start, uint64_t end)
{
    uint64_t bytes = 0;
    for (size_t s = qn_stretches_find(list, start); start < end && s < list->count; s++) {
        const struct qn_stretch *stretch = &list->at[s];
        uint64_t last = stretch->first + stretch->count;
        last = last < end ? last : end;
        bytes += place(stretch, last - stretch->first) - place(stretch, start - stretch->first);
        start = last;
    }
    return bytes;
}

void qn_stretches_encode(const struct qn_stretches *list, struct qn_buf *buf)
{
    qn_buf_u64(buf, list->count);
    for (size_t i = 0; i < list->count; i++) {
        const struct qn_stretch *stretch = &list->at[i];
        qn_buf_u64(buf, stretch->count);
        qn_buf_u64(buf, stretch->offset);
        qn_buf_u64(buf, stretch->end);
        qn_buf_u32(buf, stretch->file);
        qn_buf_u32(buf, stretch->samples);
    }
}

enum qn_status qn_stretches_decode(struct qn_cursor *cursor, struct qn_stretches *list,
                                   struct qn_error *err)
{
    uint64_t count = qn_cursor_u64(cursor);
    bool sound = !cursor->failed && count > 0 && count <= cursor->len / ENCODED_BYTES;
    enum qn_status status = sound ? make_room(list, (size_t)count, err) : QN_OK;
    for (uint64_t i = 0; i < count && sound && !status; i++) {
        struct qn_stretch stretch = {.count = qn_cursor_u64(cursor)};
        stretch.offset = qn_cursor_u64(cursor);
        stretch.end = qn_cursor_u64(cursor);
        stretch.file = qn_cursor_u32(cursor);
        stretch.samples = qn_cursor_u32(cursor);
        sound = !cursor->failed && stretch.count > 0 && stretch.offset < stretch.end &&
                stretch.count <= INT64_MAX - qn_stretches_traces(list);
        status = qn_stretches_add(list, stretch, err);
    }
    if (!status && !sound)
        status = qn_fail(err, QN_ERR_CORRUPT, "the plan's list of where traces lie is damaged.");
    return status;
}
