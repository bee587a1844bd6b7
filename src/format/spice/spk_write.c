/* Writes SPK files: see spk_write.h. */
#include "format/spice/spk_write.h"

#include "base/buf.h"
#include "base/fresh.h"
#include "base/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RECORD = 1024,
    WORD = 8,
    WORDS = RECORD / WORD,
    ND = 2,
    NI = 6,
    SUMMARY = 5,     /* words */
    PER_RECORD = 25, /* summaries */
    COMMENT_TEXT = 1000,
    DIRECTORY = 100, /* every so many epochs one is repeated */
    STATE = 6,
    MOST_WINDOW = 14
};

struct segment {
    struct qn_spk_head head;
    char name[SUMMARY * WORD + 1];
    int32_t type;
    size_t first; /* words before it in `data` */
    size_t last;  /* words up to its end */
};

struct qn_spk_writer {
    enum qn_byte_order order;
    char name[61];
    struct qn_buf comments;
    struct qn_buf segments; /* struct segment */
    struct qn_buf data;     /* words of all arrays, in the order of the file */
};

enum qn_status qn_spk_writer_new(struct qn_spk_writer **out, enum qn_byte_order order,
                                 const char *name, const char *comments, struct qn_error *err)
{
    struct qn_spk_writer *writer = *out = qn_sys.calloc(1, sizeof *writer);
    if (!writer)
        return qn_fail_memory(err, "a kernel to be written", sizeof *writer);
    writer->order = order;
    snprintf(writer->name, sizeof writer->name, "%s", name);
    if (comments)
        qn_buf_append(&writer->comments, comments, strlen(comments));
    return QN_OK;
}

void qn_spk_writer_free(struct qn_spk_writer *writer)
{
    if (!writer)
        return;
    qn_buf_release(&writer->comments);
    qn_buf_release(&writer->segments);
    qn_buf_release(&writer->data);
    free(writer);
}

/* ---- segments ------------------------------------------------------------------------------- */

static void put_real(struct qn_buf *buf, enum qn_byte_order order, double value)
{
    uint8_t bytes[WORD];
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    qn_store_u64(bytes, order, bits);
    qn_buf_append(buf, bytes, sizeof bytes);
}

static void put_int(struct qn_buf *buf, enum qn_byte_order order, int32_t value)
{
    uint8_t bytes[4];
    qn_store_u32(bytes, order, (uint32_t)value);
    qn_buf_append(buf, bytes, sizeof bytes);
}

static void put_words(struct qn_spk_writer *writer, const double *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put_real(&writer->data, writer->order, words[i]);
}

static enum qn_status finish_segment(struct qn_spk_writer *writer, const struct qn_spk_head *head,
                                     int32_t type, size_t begin, struct qn_error *err)
{
    struct segment segment = {
        .head = *head, .type = type, .first = begin / WORD, .last = writer->data.len / WORD};
    snprintf(segment.name, sizeof segment.name, "%s", head->name);
    segment.head.name = NULL; /* the copy counts */
    qn_buf_append(&writer->segments, &segment, sizeof segment);
    if (writer->data.failed || writer->segments.failed)
        return qn_fail_memory(err, "a kernel to be written", writer->data.len);
    return QN_OK;
}

/* Whether data from `from` to `to` serve a segment of those times. */
static enum qn_status check_cover(const struct qn_spk_head *head, double from, double to,
                                  struct qn_error *err)
{
    if (head->start < head->stop && from <= head->start && head->stop <= to)
        return QN_OK;
    return qn_fail(err, QN_ERR_INTERNAL,
                   "segment '%s' from %.3f to %.3f has data from %.3f to %.3f only", head->name,
                   head->start, head->stop, from, to);
}

enum qn_status qn_spk_write_hermite(struct qn_spk_writer *writer, const struct qn_spk_head *head,
                                    const double *epochs, const double *states, size_t count,
                                    unsigned window, struct qn_error *err)
{
    if (window < 2 || window > MOST_WINDOW || window % 2 != 0 || count < window)
        return qn_fail(err, QN_ERR_INTERNAL, "segment '%s': %zu states with a window of %u",
                       head->name, count, window);
    enum qn_status status = check_cover(head, epochs[0], epochs[count - 1], err);
    if (status)
        return status;
    size_t first = writer->data.len;
    put_words(writer, states, count * STATE);
    put_words(writer, epochs, count);
    for (size_t i = DIRECTORY - 1; i + 1 < count; i += DIRECTORY)
        put_words(writer, epochs + i, 1);
    const double trailer[] = {window - 1.0, (double)count};
    put_words(writer, trailer, 2);
    return finish_segment(writer, head, 13, first, err);
}

/* ---- the file ------------------------------------------------------------------------------- */

/* Records from 1 on: the file's own, comments, pairs of summaries and names, data. */
struct plan {
    size_t segments;
    size_t comment_records;
    size_t pairs;
    size_t first_summary; /* record */
    size_t first_data;    /* record */
};

static struct plan make_plan(const struct qn_spk_writer *writer)
{
    struct plan plan = {.segments = writer->segments.len / sizeof(struct segment)};
    if (writer->comments.len > 0) /* and the mark of its end */
        plan.comment_records = writer->comments.len / COMMENT_TEXT + 1;
    plan.pairs = plan.segments > 0 ? (plan.segments - 1) / PER_RECORD + 1 : 1;
    plan.first_summary = 2 + plan.comment_records;
    plan.first_data = plan.first_summary + 2 * plan.pairs;
    return plan;
}

static void pad(struct qn_buf *file, uint8_t with)
{
    while (file->len % RECORD != 0 && !file->failed)
        qn_buf_u8(file, with);
}

static void put_text(struct qn_buf *file, const char *text, size_t width)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < width; i++)
        qn_buf_u8(file, i < len ? (uint8_t)text[i] : ' ');
}

static void put_file_record(struct qn_buf *file, const struct qn_spk_writer *writer,
                            const struct plan *plan)
{
    /* Tells a reader whether the file was transferred as text: NAIF, "DAF required reading". */
    static const char canary[] = "FTPSTR:\r:\n:\r\n:\r\0:\x81:\x10\xce:ENDFTP";
    enum { CANARY_AT = 699 };
    size_t last_summary = plan->first_summary + 2 * (plan->pairs - 1);
    size_t words = writer->data.len / WORD;
    put_text(file, "DAF/SPK", 8);
    put_int(file, writer->order, ND);
    put_int(file, writer->order, NI);
    put_text(file, writer->name, 60);
    put_int(file, writer->order, (int32_t)plan->first_summary);
    put_int(file, writer->order, (int32_t)last_summary);
    put_int(file, writer->order, (int32_t)((plan->first_data - 1) * WORDS + words + 1));
    put_text(file, writer->order == QN_BIG_ENDIAN ? "BIG-IEEE" : "LTL-IEEE", 8);
    while (file->len < CANARY_AT && !file->failed)
        qn_buf_u8(file, 0);
    qn_buf_append(file, canary, sizeof canary - 1);
    pad(file, 0);
}

/* A comment's lines end with a NUL, all of it with a 4. */
static void put_comments(struct qn_buf *file, const struct qn_buf *comments)
{
    for (size_t i = 0; i < comments->len; i++) {
        qn_buf_u8(file, comments->data[i] == '\n' ? 0 : comments->data[i]);
        if (i % COMMENT_TEXT == COMMENT_TEXT - 1)
            pad(file, 0);
    }
    if (comments->len > 0)
        qn_buf_u8(file, 4);
    pad(file, 0);
}

static void put_summary(struct qn_buf *file, const struct qn_spk_writer *writer,
                        const struct plan *plan, const struct segment *s)
{
    size_t before = (plan->first_data - 1) * WORDS;
    put_real(file, writer->order, s->head.start);
    put_real(file, writer->order, s->head.stop);
    put_int(file, writer->order, s->head.target);
    put_int(file, writer->order, s->head.centre);
    put_int(file, writer->order, s->head.frame);
    put_int(file, writer->order, s->type);
    put_int(file, writer->order, (int32_t)(before + s->first + 1));
    put_int(file, writer->order, (int32_t)(before + s->last));
}

static void put_pair(struct qn_buf *file, const struct qn_spk_writer *writer,
                     const struct plan *plan, size_t pair)
{
    const struct segment *segments = (const struct segment *)(const void *)writer->segments.data;
    size_t record = plan->first_summary + 2 * pair;
    size_t begin = pair * PER_RECORD;
    size_t end = begin + PER_RECORD < plan->segments ? begin + PER_RECORD : plan->segments;
    put_real(file, writer->order, pair + 1 < plan->pairs ? (double)(record + 2) : 0);
    put_real(file, writer->order, pair > 0 ? (double)(record - 2) : 0);
    put_real(file, writer->order, (double)(end - begin));
    for (size_t i = begin; i < end; i++)
        put_summary(file, writer, plan, &segments[i]);
    pad(file, 0);
    for (size_t i = begin; i < end; i++)
        put_text(file, segments[i].name, SUMMARY * WORD);
    if (begin == end)
        qn_buf_u8(file, ' ');
    pad(file, ' ');
}

enum qn_status qn_spk_writer_save(struct qn_spk_writer *writer, const char *path,
                                  struct qn_error *err)
{
    struct plan plan = make_plan(writer);
    struct qn_buf file = {0};
    if (plan.first_data * WORDS + writer->data.len / WORD > INT32_MAX)
        return qn_fail_at(err, QN_ERR_UNSUPPORTED, path, -1,
                          "'%s' would hold more than a kernel can, 16 GB. Write several.", path);
    put_file_record(&file, writer, &plan);
    put_comments(&file, &writer->comments);
    for (size_t pair = 0; pair < plan.pairs; pair++)
        put_pair(&file, writer, &plan, pair);
    qn_buf_append(&file, writer->data.data, writer->data.len);
    pad(&file, 0);
    enum qn_status status = file.failed || writer->comments.failed
                                ? qn_fail_memory(err, "a kernel to be written", file.len)
                                : qn_fresh_put(path, file.data, file.len, err);
    qn_buf_release(&file);
    return status;
}
