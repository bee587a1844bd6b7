/* Records and fields of comma-separated text: see csv.h. */
#include "format/text/csv.h"

#include "format/text/csv_scan.h"

#include <string.h>

enum { STRIDE = 64 }; /* blocks of 64 bytes scanned at a time: their masks stay in the L1 cache */

void qn_csv_release(struct qn_csv *csv)
{
    qn_buf_release(&csv->ends);
    qn_buf_release(&csv->records);
    *csv = (struct qn_csv){0};
}

/* Bit i is the parity of the bits 0 to i. */
static inline uint64_t running_parity(uint64_t bits)
{
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^= bits << 32;
    return bits;
}

struct splitting {
    struct qn_csv *csv;
    uint32_t *ends;
    struct qn_csv_record *records;
    size_t fields;      /* found so far */
    size_t first_field; /* of the record at hand */
    uint32_t start;
    uint64_t inside; /* all ones: the next byte lies between quotes */
    uint64_t folded; /* not 0: a line end lies between quotes */
};

static void end_record(struct splitting *s, size_t fields, uint32_t next)
{
    s->records[s->csv->count++] = (struct qn_csv_record){s->start, (uint32_t)s->first_field,
                                                         (uint32_t)(fields - s->first_field)};
    s->first_field = fields;
    s->start = next;
}

/* Takes over the separators among 64 bytes of text from `at` on. */
static inline __attribute__((always_inline)) void take_masks(struct splitting *s, uint32_t at,
                                                             struct csv_masks masks)
{
    uint64_t separators = masks.commas | masks.lines;
    uint64_t lines = masks.lines;
    if (masks.quotes || s->inside) {
        uint64_t inside = running_parity(masks.quotes) ^ s->inside;
        s->inside = (uint64_t)((int64_t)inside >> 63);
        s->folded |= lines & inside;
        separators &= ~inside;
        lines &= ~inside;
    }
    uint32_t *ends = s->ends + s->fields;
    for (uint64_t left = separators; left; left &= left - 1)
        *ends++ = at + (uint32_t)__builtin_ctzll(left);
    for (uint64_t left = lines; left; left &= left - 1) {
        uint64_t upto = left ^ (left - 1); /* the bits up to this line end */
        end_record(s, s->fields + (size_t)__builtin_popcountll(separators & upto),
                   at + (uint32_t)__builtin_ctzll(left) + 1);
    }
    s->fields += (size_t)__builtin_popcountll(separators);
}

/* Room for the fields and records that `bytes` more bytes can hold. */
static bool make_room(struct splitting *s, size_t bytes)
{
    struct qn_csv *csv = s->csv;
    csv->ends.len = s->fields * sizeof *s->ends;
    csv->records.len = csv->count * sizeof *s->records;
    s->ends = (uint32_t *)(void *)qn_buf_reserve(&csv->ends, (bytes + 1) * sizeof *s->ends);
    s->records = (struct qn_csv_record *)(void *)qn_buf_reserve(&csv->records,
                                                                (bytes + 1) * sizeof *s->records);
    if (!s->ends || !s->records)
        return false;
    s->ends = (uint32_t *)(void *)csv->ends.data;
    s->records = (struct qn_csv_record *)(void *)csv->records.data;
    return true;
}

static inline __attribute__((always_inline)) bool take_blocks(struct splitting *s, const char *text,
                                                              size_t at, size_t blocks)
{
    struct csv_masks masks[STRIDE];
    while (blocks > 0) {
        size_t n = blocks < STRIDE ? blocks : STRIDE;
        if (!make_room(s, n * 64))
            return false;
        csv_scan(text + at, n, masks);
        for (size_t b = 0; b < n; b++)
            take_masks(s, (uint32_t)(at + 64 * b), masks[b]);
        at += n * 64;
        blocks -= n;
    }
    return true;
}

#if defined(__x86_64__)
/* The same with instructions that count and find bits. */
__attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt"))) static bool
take_blocks_avx2(struct splitting *s, const char *text, size_t at, size_t blocks)
{
    return take_blocks(s, text, at, blocks);
}
#endif

static bool split_blocks(struct splitting *s, const char *text, size_t at, size_t blocks)
{
#if defined(__x86_64__)
    if (csv_variant() > 0)
        return take_blocks_avx2(s, text, at, blocks);
#endif
    return take_blocks(s, text, at, blocks);
}

bool qn_csv_split(struct qn_csv *csv, const char *text, size_t len, enum qn_csv_end end)
{
    struct splitting s = {.csv = csv};
    char tail[64] = {0};
    size_t whole = len / 64 * 64;
    csv->text = text;
    csv->count = 0;
    qn_buf_clear(&csv->ends);
    qn_buf_clear(&csv->records);
    if (!split_blocks(&s, text, 0, len / 64) || !make_room(&s, 65))
        return false;
    if (whole < len) {
        struct csv_masks masks = {0};
        memcpy(tail, text + whole, len - whole);
        csv_scan(tail, 1, &masks);
        take_masks(&s, (uint32_t)whole, masks);
    }
    if (end == QN_CSV_LAST && s.start < len) {
        s.ends[s.fields++] = (uint32_t)len;
        end_record(&s, s.fields, (uint32_t)len);
    }
    csv->taken = s.start;
    csv->folded = s.folded != 0;
    return true;
}

static inline __attribute__((always_inline)) void
add_marks(const struct csv_masks *masks, size_t blocks, struct qn_csv_marks *marks)
{
    for (size_t b = 0; b < blocks; b++) {
        marks->quotes += (uint64_t)__builtin_popcountll(masks[b].quotes);
        marks->lines += (uint64_t)__builtin_popcountll(masks[b].lines);
    }
}

#if defined(__x86_64__)
__attribute__((target("popcnt"))) static void
add_marks_popcnt(const struct csv_masks *masks, size_t blocks, struct qn_csv_marks *marks)
{
    add_marks(masks, blocks, marks);
}
#endif

static void count_marks(const struct csv_masks *masks, size_t blocks, struct qn_csv_marks *marks)
{
#if defined(__x86_64__)
    if (csv_variant() > 0) {
        add_marks_popcnt(masks, blocks, marks);
        return;
    }
#endif
    add_marks(masks, blocks, marks);
}

void qn_csv_count(const char *text, size_t len, struct qn_csv_marks *marks)
{
    struct csv_masks masks[STRIDE];
    char tail[64] = {0};
    for (; len >= 64;) {
        size_t n = len / 64 < STRIDE ? len / 64 : STRIDE;
        csv_scan(text, n, masks);
        count_marks(masks, n, marks);
        text += n * 64;
        len -= n * 64;
    }
    if (len > 0) {
        memcpy(tail, text, len);
        csv_scan(tail, 1, masks);
        count_marks(masks, 1, marks);
    }
}

static bool needs_quotes(const char *text, size_t len)
{
    bool needs = false;
    for (size_t i = 0; i < len; i++)
        needs |= text[i] == '"' || text[i] == ',' || text[i] == '\n' || text[i] == '\r';
    return needs;
}

void qn_csv_put(struct qn_buf *out, const char *text, size_t len)
{
    if (!needs_quotes(text, len)) {
        qn_buf_append(out, text, len);
        return;
    }
    qn_buf_u8(out, '"');
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"')
            qn_buf_u8(out, '"');
        qn_buf_u8(out, (uint8_t)text[i]);
    }
    qn_buf_u8(out, '"');
}
