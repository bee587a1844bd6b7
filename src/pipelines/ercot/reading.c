/* A member's text, and the ends of a span in it: see reading.h. */
#include "pipelines/ercot/reading.h"

#include <string.h>

enum qn_status er_advance(struct er_reading *r, size_t n, struct qn_error *err)
{
    struct qn_buf *text = &r->intake->text;
    r->at += n;
    r->offset += n;
    r->len -= n;
    if (!r->ended && r->at > 0) {
        memmove(text->data, text->data + r->at, r->len);
        r->at = 0;
    }
    while (!r->ended && r->len < text->cap) {
        size_t got;
        enum qn_status status = r->leaf->stream.read(r->leaf->stream.context, text->data + r->len,
                                                     text->cap - r->len, &got, err);
        if (status)
            return status;
        r->len += got;
        r->ended = got == 0;
        er_source_of(r)->bytes += got;
    }
    if (r->intake->cancelled && r->intake->cancelled(r->intake->context))
        return qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
    return QN_OK;
}

/* ---- edges of a span ------------------------------------------------------------------------ */

/* Looks at the next record; true once the boundary lies at or before it. */
static bool passes(struct er_boundary *boundary, uint64_t offset, const struct qn_csv_field *first)
{
    uint32_t len = first->len < ER_EDGE ? first->len : ER_EDGE;
    if (boundary->edge == ER_EDGE_PASSED)
        return true;
    if (boundary->edge == ER_EDGE_BEFORE && offset >= boundary->offset) {
        boundary->edge = ER_EDGE_AT;
        boundary->len = len;
        memcpy(boundary->first, first->text, len);
    } else if (boundary->edge == ER_EDGE_AT &&
               (len != boundary->len || memcmp(first->text, boundary->first, len) != 0)) {
        boundary->edge = ER_EDGE_PASSED;
    }
    return boundary->edge == ER_EDGE_PASSED;
}

void er_find_span(struct er_reading *r, size_t *first, size_t *end)
{
    const struct qn_csv *csv = &r->intake->csv;
    const struct qn_csv_record *records =
        (const struct qn_csv_record *)(const void *)csv->records.data;
    if (r->begin.edge == ER_EDGE_PASSED && r->end.offset == UINT64_MAX)
        return;
    for (size_t i = *first; i < *end; i++) {
        struct qn_csv_field field = qn_csv_get(csv, &records[i], 0);
        uint64_t offset = r->offset + records[i].start;
        if (passes(&r->end, offset, &field)) {
            r->done = true;
            *end = i;
            *first = *first < i ? *first : i;
            return;
        }
        if (!passes(&r->begin, offset, &field))
            *first = i + 1;
    }
}

/* Goes on to the end of the record at hand, whose text from `at` on lies between quotes or not. A
 * span in which no record begins is done. */
static enum qn_status end_record(struct er_reading *r, size_t at, bool inside, struct qn_error *err)
{
    for (;;) {
        const char *text = er_text_of(r);
        for (; at < r->len; at++) {
            inside ^= text[at] == '"';
            r->line += text[at] == '\n';
            if (text[at] == '\n' && !inside)
                return er_advance(r, at + 1, err);
        }
        r->done = r->ended || r->offset + r->len >= r->end.offset;
        if (r->done)
            return QN_OK;
        enum qn_status status = er_advance(r, r->len, err);
        if (status)
            return status;
        at = 0;
    }
}

/* Moves to the byte before the span, by what planning has found out. */
static enum qn_status jump_to_span(struct er_reading *r, struct qn_csv_marks *marks,
                                   struct qn_error *err)
{
    *marks = r->intake->span.before;
    *r->leaf->at = r->begin.offset - 1;
    r->offset = r->begin.offset - 1;
    r->at = r->len = 0;
    r->ended = false;
    r->line = 1;
    return er_advance(r, 0, err);
}

enum qn_status er_skip_to_span(struct er_reading *r, struct qn_error *err)
{
    struct qn_csv_marks marks = {0};
    uint64_t target = r->begin.offset;
    enum qn_status status = QN_OK;
    if (r->leaf->at && r->intake->span.marked && r->offset + r->len < target)
        status = jump_to_span(r, &marks, err);
    while (!status && r->len > 0 && r->offset + r->len < target) {
        qn_csv_count(er_text_of(r), r->len, &marks);
        status = er_advance(r, r->len, err);
    }
    if (status || r->len == 0)
        return status;
    size_t at = target > r->offset ? (size_t)(target - r->offset) - 1 : 0;
    qn_csv_count(er_text_of(r), at, &marks);
    r->line += marks.lines;
    return end_record(r, at, marks.quotes & 1, err);
}
