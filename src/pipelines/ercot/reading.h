/* The text of a member on its way to records, for intake.c alone: a window that moves over it.
 *
 * A large text is read by several tasks, each of its own span. A span begins with the first record
 * that starts at or behind `from` and whose first field differs from that of the record before
 * (rows of one time stay together), and ends where the next one begins. Whether a place lies
 * between quotes is known by counting the quotes before it.
 */
#ifndef QN_PIPELINES_ERCOT_READING_H
#define QN_PIPELINES_ERCOT_READING_H

#include "pipelines/ercot/intake.h"

enum { ER_EDGE = 64 };

enum er_edge { ER_EDGE_BEFORE, ER_EDGE_AT, ER_EDGE_PASSED };

struct er_boundary { /* one end of a span, found record by record */
    uint64_t offset;
    enum er_edge edge;
    uint32_t len;
    char first[ER_EDGE]; /* field of the record at the offset */
};

struct er_reading {
    struct er_intake *intake;
    const struct er_leaf *leaf;
    size_t source;          /* index of it */
    struct er_table *table; /* NULL until recognized */
    uint64_t offset;        /* of the text at hand, in the member */
    uint64_t line;          /* of its first record, from 1 */
    size_t at;              /* of the text at hand, in the buffer */
    size_t len;             /* of the text at hand */
    bool ended;             /* the buffer reaches the end of the member */
    bool failing;           /* too many bad rows: the rest is only counted */
    bool skipping;          /* behind a record that is too long, up to its line end */
    bool done;              /* the span is read */
    struct er_boundary begin, end;
};

static inline struct er_source *er_source_of(struct er_reading *r)
{
    return &r->intake->sources[r->source];
}

static inline char *er_text_of(struct er_reading *r)
{
    return (char *)r->intake->text.data + r->at;
}

/* Forgets the first n bytes of the text, and reads on until the buffer is full or the text ends. */
enum qn_status er_advance(struct er_reading *r, size_t n, struct qn_error *err);

/* Skips what lies before the span without looking for records; ends at the start of one. */
enum qn_status er_skip_to_span(struct er_reading *r, struct qn_error *err);

/* Narrows the records [*first, *end) of the block just split to those that lie in the span. */
void er_find_span(struct er_reading *r, size_t *first, size_t *end);

#endif
