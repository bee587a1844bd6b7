/* Comparing what surrounds the traces: text headers line by line as text, whatever they are encoded
 * in, the binary header field by field, the rest byte by byte. */
#ifndef QN_PIPELINES_SEGY_DIFF_HEAD_H
#define QN_PIPELINES_SEGY_DIFF_HEAD_H

#include "pipelines/segy/diff/side.h"

#define QN_DIFF_LINES  40 /* lines of text that are told */
#define QN_DIFF_FIELDS 64 /* of the binary header; there are fewer */
#define QN_DIFF_LINE   328

struct qn_diff_line {
    unsigned record, line; /* from 0 (the text header, then extended ones) and from 1 */
    char a[QN_DIFF_LINE], b[QN_DIFF_LINE];
};

struct qn_diff_piece { /* compared as bytes */
    const char *name;
    uint64_t a_bytes, b_bytes;
    uint64_t first; /* byte that differs */
};

struct qn_diff_head {
    uint64_t line_count;
    struct qn_diff_line lines[QN_DIFF_LINES]; /* the first of them */
    unsigned a_records, b_records;            /* text headers */
    bool other_encoding; /* the same text in another code or with other blanks */
    size_t field_count;
    struct {
        const struct qn_segy_field *field;
        struct qn_segy_value a, b;
    } fields[QN_DIFF_FIELDS];
    uint64_t unassigned; /* bytes of the binary header that no field has, and that differ */
    bool only_a, only_b; /* reel headers are in one of them only */
    size_t piece_count;
    struct qn_diff_piece pieces[3];
};

/* Compares both, but what `options` ignore by name: text, binary, trailer, or a field. */
enum qn_status qn_diff_heads(const struct qn_diff_side *a, const struct qn_diff_side *b,
                             const struct qn_options *options, struct qn_diff_head *head,
                             struct qn_error *err);
bool qn_diff_head_same(const struct qn_diff_head *head);

/* Whether --ignore names it. */
bool qn_diff_ignores(const struct qn_options *options, const char *name);

#endif
