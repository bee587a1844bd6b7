/* Reel headers side by side: see head.h. */
#include "pipelines/segy/diff/head.h"

#include <math.h>
#include <string.h>

#define MAX_TEXT    (64u << 20) /* of extended text headers */
#define PIECE_BLOCK (1u << 20)

bool qn_diff_ignores(const struct qn_options *options, const char *name)
{
    for (size_t i = 0; i < qn_option_count(options, "ignore"); i++)
        if (!strcmp(qn_option_item(options, "ignore", i), name))
            return true;
    return false;
}

/* ---- text ----------------------------------------------------------------------------------- */

/* All text records of a side as bytes, then as UTF-8. */
static enum qn_status load_text(const struct qn_diff_side *side, struct qn_buf *raw,
                                struct qn_buf *text, unsigned *records, struct qn_error *err)
{
    enum qn_status status = qn_diff_side_piece(side, "text_header.bin", 0, MAX_TEXT, raw, err);
    if (!status)
        status = qn_diff_side_piece(side, "extended_headers.bin", 0, MAX_TEXT, raw, err);
    *records = (unsigned)(raw->len / QN_SEGY_TEXT_BYTES);
    for (unsigned i = 0; i < *records && !status; i++) {
        const uint8_t *record = raw->data + (size_t)i * QN_SEGY_TEXT_BYTES;
        qn_segy_text_decode(record, qn_segy_text_encoding(record), text);
    }
    return status || !text->failed ? status : qn_fail_memory(err, "text headers", text->len);
}

/* The next line without its end; "" at the end of the text. */
static void next_line(const struct qn_buf *text, size_t *at, char line[QN_DIFF_LINE])
{
    size_t len = 0;
    while (*at < text->len && text->data[*at] != '\n') {
        if (len + 1 < QN_DIFF_LINE)
            line[len++] = (char)text->data[*at];
        (*at)++;
    }
    (*at)++;
    line[len] = '\0';
}

static void compare_lines(const struct qn_buf *a, const struct qn_buf *b, unsigned records,
                          struct qn_diff_head *head)
{
    enum { LINES = 40 };
    size_t at_a = 0, at_b = 0;
    for (unsigned i = 0; i < records * LINES; i++) {
        struct qn_diff_line line = {.record = i / LINES, .line = i % LINES + 1};
        next_line(a, &at_a, line.a);
        next_line(b, &at_b, line.b);
        if (!strcmp(line.a, line.b))
            continue;
        if (head->line_count < QN_DIFF_LINES)
            head->lines[head->line_count] = line;
        head->line_count++;
    }
}

static enum qn_status compare_texts(const struct qn_diff_side *a, const struct qn_diff_side *b,
                                    struct qn_diff_head *head, struct qn_error *err)
{
    struct qn_buf raw_a = {0}, raw_b = {0}, text_a = {0}, text_b = {0};
    enum qn_status status = load_text(a, &raw_a, &text_a, &head->a_records, err);
    if (!status)
        status = load_text(b, &raw_b, &text_b, &head->b_records, err);
    if (!status) {
        unsigned most = head->a_records > head->b_records ? head->a_records : head->b_records;
        compare_lines(&text_a, &text_b, most, head);
        head->other_encoding = head->line_count == 0 && raw_a.len == raw_b.len && raw_a.len > 0 &&
                               memcmp(raw_a.data, raw_b.data, raw_a.len) != 0;
    }
    qn_buf_release(&raw_a);
    qn_buf_release(&raw_b);
    qn_buf_release(&text_a);
    qn_buf_release(&text_b);
    return status;
}

/* ---- the binary header ---------------------------------------------------------------------- */

static bool same_value(const struct qn_segy_value *a, const struct qn_segy_value *b)
{
    if (a->kind == QN_SEGY_VALUE_REAL)
        return a->real == b->real || (isnan(a->real) && isnan(b->real));
    return a->kind == QN_SEGY_VALUE_INT ? a->i == b->i : a->u == b->u;
}

static void compare_fields(const struct qn_diff_side *a, const struct qn_diff_side *b,
                           const uint8_t *binary_a, const uint8_t *binary_b,
                           const struct qn_options *options, struct qn_diff_head *head)
{
    bool assigned[QN_SEGY_BINARY_BYTES] = {false};
    for (const struct qn_segy_field *field = qn_segy_binary_fields; field->name; field++) {
        struct qn_segy_value va = qn_segy_get(field, a->layout.order, binary_a);
        struct qn_segy_value vb = qn_segy_get(field, b->layout.order, binary_b);
        unsigned bytes = qn_segy_type_info((enum qn_segy_type)field->type)->bytes;
        memset(assigned + field->byte - QN_SEGY_TEXT_BYTES - 1, true, bytes);
        if (same_value(&va, &vb) || qn_diff_ignores(options, field->name) ||
            head->field_count == QN_DIFF_FIELDS)
            continue;
        head->fields[head->field_count].field = field;
        head->fields[head->field_count].a = va;
        head->fields[head->field_count++].b = vb;
    }
    for (size_t i = 0; i < QN_SEGY_BINARY_BYTES; i++)
        head->unassigned += !assigned[i] && binary_a[i] != binary_b[i];
}

static enum qn_status compare_binary(const struct qn_diff_side *a, const struct qn_diff_side *b,
                                     const struct qn_options *options, struct qn_diff_head *head,
                                     struct qn_error *err)
{
    struct qn_buf bytes_a = {0}, bytes_b = {0};
    static const char name[] = "binary_header.bin";
    enum qn_status status = qn_diff_side_piece(a, name, 0, QN_SEGY_BINARY_BYTES, &bytes_a, err);
    if (!status)
        status = qn_diff_side_piece(b, name, 0, QN_SEGY_BINARY_BYTES, &bytes_b, err);
    bool has_a = bytes_a.len == QN_SEGY_BINARY_BYTES, has_b = bytes_b.len == QN_SEGY_BINARY_BYTES;
    if (!status && has_a && has_b)
        compare_fields(a, b, bytes_a.data, bytes_b.data, options, head);
    head->only_a = has_a && !has_b;
    head->only_b = has_b && !has_a;
    qn_buf_release(&bytes_a);
    qn_buf_release(&bytes_b);
    return status;
}

/* ---- the rest ------------------------------------------------------------------------------- */

/* Compares a piece block by block, up to the first byte that differs. */
static enum qn_status compare_piece(const struct qn_diff_side *a, const struct qn_diff_side *b,
                                    const char *name, struct qn_diff_head *head,
                                    struct qn_error *err)
{
    struct qn_diff_piece piece = {.name = name, .first = UINT64_MAX};
    struct qn_buf bytes_a = {0}, bytes_b = {0};
    enum qn_status status = QN_OK;
    do {
        qn_buf_clear(&bytes_a);
        qn_buf_clear(&bytes_b);
        status = qn_diff_side_piece(a, name, piece.a_bytes, PIECE_BLOCK, &bytes_a, err);
        if (!status)
            status = qn_diff_side_piece(b, name, piece.b_bytes, PIECE_BLOCK, &bytes_b, err);
        size_t both = bytes_a.len < bytes_b.len ? bytes_a.len : bytes_b.len;
        size_t same = 0;
        while (piece.first == UINT64_MAX && same < both && bytes_a.data[same] == bytes_b.data[same])
            same++;
        if (piece.first == UINT64_MAX && (same < both || bytes_a.len != bytes_b.len))
            piece.first = piece.a_bytes + same;
        piece.a_bytes += bytes_a.len;
        piece.b_bytes += bytes_b.len;
    } while (!status && (bytes_a.len > 0 || bytes_b.len > 0));
    if (!status && piece.first != UINT64_MAX)
        head->pieces[head->piece_count++] = piece;
    qn_buf_release(&bytes_a);
    qn_buf_release(&bytes_b);
    return status;
}

enum qn_status qn_diff_heads(const struct qn_diff_side *a, const struct qn_diff_side *b,
                             const struct qn_options *options, struct qn_diff_head *head,
                             struct qn_error *err)
{
    static const char *const pieces[] = {"tape_label.bin", "gap.bin", "trailer.bin"};
    enum qn_status status = QN_OK;
    memset(head, 0, sizeof *head);
    if (!qn_diff_ignores(options, "text"))
        status = compare_texts(a, b, head, err);
    if (!status && !qn_diff_ignores(options, "binary"))
        status = compare_binary(a, b, options, head, err);
    for (size_t i = 0; i < 3 && !status; i++)
        if (i < 2 || !qn_diff_ignores(options, "trailer"))
            status = compare_piece(a, b, pieces[i], head, err);
    return status;
}

bool qn_diff_head_same(const struct qn_diff_head *head)
{
    return head->line_count == 0 && head->a_records == head->b_records && head->field_count == 0 &&
           head->unassigned == 0 && !head->only_a && !head->only_b && head->piece_count == 0;
}
