/* Columns read back out of groups that the writer made, by its own description: what glue needs
 * to merge parts. Knows only the encodings that the writer uses. */
#include "format/parquet.h"

#include "format/parquet_encode.h"
#include "format/parquet_meta.h"
#include "format/parquet_page.h"

#include <string.h>
#include <zstd.h>

struct regroup {
    const struct qn_parquet_column *column;
    enum pq_physical physical;
    size_t width;
    const uint8_t *chunk; /* its bytes */
    uint64_t chunk_len;
    uint64_t chunk_offset; /* of the chunk in the group */
    struct pq_chunk_meta meta;
    struct qn_buf *values;
    struct qn_buf *ids;
    struct qn_buf *valid;
    struct qn_buf page;    /* unpacked */
    struct qn_buf dict;    /* the dictionary page, unpacked */
    struct qn_buf scratch; /* ids or lengths of a page */
    uint32_t texts;        /* appended to `values` so far */
};

static bool chunk_meta(const void *meta, size_t meta_len, size_t column, struct qn_buf *pages,
                       struct pq_chunk_meta *chunk)
{
    struct qn_cursor in = {.data = meta, .len = meta_len};
    uint64_t rows;
    size_t columns;
    if (!pq_meta_get_head(&in, &rows, &columns) || column >= columns)
        return false;
    for (size_t c = 0; c <= column; c++) {
        if (!pq_meta_get_chunk(&in, chunk, pages))
            return false;
    }
    return chunk->page_count > 0;
}

static uint64_t chunk_start(const struct pq_chunk_meta *chunk)
{
    return chunk->dictionary_offset != PQ_NO_DICTIONARY ? chunk->dictionary_offset
                                                        : chunk->pages[0].offset;
}

bool qn_parquet_group_span(const void *meta, size_t meta_len, size_t column, uint64_t *offset,
                           uint64_t *len)
{
    struct qn_buf pages = {0};
    struct pq_chunk_meta chunk;
    bool known = chunk_meta(meta, meta_len, column, &pages, &chunk);
    if (known) {
        *offset = chunk_start(&chunk);
        *len = chunk.stored_bytes;
    }
    qn_buf_release(&pages);
    return known;
}

/* The page at `offset` of the group, unpacked into `out`. */
static bool unpack_page(struct regroup *r, uint64_t offset, struct qn_buf *out,
                        struct pq_page_header *header)
{
    size_t head;
    uint64_t at = offset - r->chunk_offset;
    if (offset < r->chunk_offset || at > r->chunk_len ||
        !pq_get_page_header(r->chunk + at, r->chunk_len - at, header, &head) ||
        header->stored_len > r->chunk_len - at - head)
        return false;
    const uint8_t *stored = r->chunk + at + head;
    qn_buf_clear(out);
    uint8_t *to = qn_buf_reserve(out, header->raw_len + 1u);
    if (!to || pq_page_crc(stored, header->stored_len) != header->crc)
        return false;
    out->len = header->raw_len;
    if (r->meta.codec == PQ_ZSTD)
        return ZSTD_decompress(to, header->raw_len, stored, header->stored_len) == header->raw_len;
    memcpy(to, stored, header->raw_len);
    return header->raw_len == header->stored_len;
}

/* Definition levels of a page: appends to `valid`; *count is how many values are there. */
static bool take_levels(struct regroup *r, struct qn_cursor *in, size_t rows, size_t *count)
{
    uint8_t *valid = qn_buf_reserve(r->valid, rows);
    *count = rows;
    if (!valid)
        return false;
    memset(valid, 1, rows);
    r->valid->len += rows;
    if (!r->column->optional)
        return true;
    uint32_t len = qn_cursor_u32(in);
    const uint8_t *bytes = qn_cursor_bytes(in, len);
    struct qn_cursor levels = {.data = bytes, .len = len};
    qn_buf_clear(&r->scratch);
    uint32_t *each = (uint32_t *)(void *)qn_buf_reserve(&r->scratch, (rows + 1) * sizeof *each);
    if (!bytes || !each || !pq_decode_hybrid(&levels, each, rows, 1))
        return false;
    for (size_t i = 0; i < rows; i++) {
        valid[i] = (uint8_t)each[i];
        *count -= each[i] == 0;
    }
    return true;
}

/* Puts `count` values where rows are valid, zeros elsewhere. `from` may be the end of `to`. */
static void spread(uint8_t *to, const uint8_t *from, const uint8_t *valid, size_t rows,
                   size_t count, size_t width)
{
    for (size_t row = rows; row-- > 0;) {
        if (valid[row])
            memmove(to + row * width, from + --count * width, width);
        else
            memset(to + row * width, 0, width);
    }
}

static bool take_bits(struct qn_cursor *in, uint8_t *to, size_t count)
{
    const uint8_t *bits = qn_cursor_bytes(in, (count + 7) / 8);
    for (size_t i = 0; bits && i < count; i++)
        to[i] = bits[i / 8] >> i % 8 & 1;
    return bits != NULL;
}

static bool take_fixed(struct regroup *r, struct qn_cursor *in, uint8_t *to, size_t count)
{
    const uint8_t *bytes;
    switch (r->meta.coding) {
    case PQ_DELTA_BINARY_PACKED:
        return pq_decode_delta(in, to, count, r->width);
    case PQ_BYTE_STREAM_SPLIT:
        bytes = qn_cursor_bytes(in, count * r->width);
        if (bytes)
            pq_decode_split(bytes, to, count, r->width);
        return bytes != NULL;
    case PQ_PLAIN:
        if (r->physical == PQ_BOOLEAN)
            return take_bits(in, to, count);
        bytes = qn_cursor_bytes(in, count * r->width);
        if (bytes)
            memcpy(to, bytes, count * r->width);
        return bytes != NULL;
    default:
        return false;
    }
}

/* Ids of a dictionary page, one per value. */
static uint32_t *take_ids(struct regroup *r, struct qn_cursor *in, size_t count)
{
    unsigned width = qn_cursor_u8(in);
    qn_buf_clear(&r->scratch);
    uint32_t *ids = (uint32_t *)(void *)qn_buf_reserve(&r->scratch, (count + 1) * sizeof *ids);
    return ids && !in->failed && pq_decode_hybrid(in, ids, count, width) ? ids : NULL;
}

static bool look_up(struct regroup *r, struct qn_cursor *in, uint8_t *to, size_t count)
{
    const uint32_t *ids = take_ids(r, in, count);
    size_t entries = r->dict.len / r->width;
    for (size_t i = 0; ids && i < count; i++) {
        if (ids[i] >= entries)
            return false;
        memcpy(to + i * r->width, r->dict.data + ids[i] * r->width, r->width);
    }
    return ids != NULL;
}

static bool take_texts(struct regroup *r, struct qn_cursor *in, uint32_t *to, size_t count)
{
    qn_buf_clear(&r->scratch);
    int32_t *lens = (int32_t *)(void *)qn_buf_reserve(&r->scratch, (count + 1) * sizeof *lens);
    bool delta = r->meta.coding == PQ_DELTA_LENGTH_BYTE_ARRAY;
    if (!lens || (delta && !pq_decode_delta(in, lens, count, sizeof *lens)))
        return false;
    for (size_t i = 0; i < count; i++) {
        uint32_t len = delta ? (uint32_t)lens[i] : qn_cursor_u32(in);
        const uint8_t *text = qn_cursor_bytes(in, len);
        if (!text)
            return false;
        qn_buf_u32(r->values, len);
        qn_buf_append(r->values, text, len);
        to[i] = r->texts++;
    }
    return true;
}

/* One data page: its values behind those already there, a row each. */
static bool take_page(struct regroup *r, const struct pq_page_meta *page)
{
    struct pq_page_header header;
    if (!unpack_page(r, page->offset, &r->page, &header) || header.values != page->rows)
        return false;
    struct qn_cursor in = {.data = r->page.data, .len = r->page.len};
    size_t rows = page->rows;
    size_t count;
    if (!take_levels(r, &in, rows, &count))
        return false;
    bool text = r->physical == PQ_BYTE_ARRAY;
    size_t width = text ? sizeof(uint32_t) : r->width;
    struct qn_buf *out = text ? r->ids : r->values;
    uint8_t *to = qn_buf_reserve(out, rows * width + 8);
    if (!to)
        return false;
    bool whole;
    if (text && r->meta.coding == PQ_RLE_DICTIONARY) {
        const uint32_t *ids = take_ids(r, &in, count);
        whole = ids != NULL;
        if (whole)
            memcpy(to, ids, count * sizeof *ids);
    } else if (text) {
        whole = take_texts(r, &in, (uint32_t *)(void *)to, count);
    } else if (r->meta.coding == PQ_RLE_DICTIONARY) {
        whole = look_up(r, &in, to, count);
    } else {
        whole = take_fixed(r, &in, to, count);
    }
    if (whole && count < rows)
        spread(to, to, r->valid->data + r->valid->len - rows, rows, count, width);
    out->len += rows * width;
    return whole;
}

static bool take_dictionary(struct regroup *r)
{
    struct pq_page_header header;
    if (r->meta.dictionary_offset == PQ_NO_DICTIONARY)
        return true;
    if (!unpack_page(r, r->meta.dictionary_offset, &r->dict, &header))
        return false;
    if (r->physical == PQ_BYTE_ARRAY) /* PLAIN and qn_buf_text are the same bytes */
        qn_buf_append(r->values, r->dict.data, r->dict.len);
    return true;
}

enum qn_status qn_parquet_group_column(const struct qn_parquet_column *columns, size_t column,
                                       const void *group, size_t group_len, const void *meta,
                                       size_t meta_len, struct qn_buf *values, struct qn_buf *ids,
                                       struct qn_buf *valid, struct qn_error *err)
{
    struct qn_buf pages = {0};
    struct regroup r = {.column = &columns[column],
                        .physical = pq_types[columns[column].type].physical,
                        .width =
                            columns[column].type == QN_PQ_BOOLEAN ? 1 : pq_width(&columns[column]),
                        .chunk = group,
                        .chunk_len = group_len,
                        .values = values,
                        .ids = ids,
                        .valid = valid};
    bool whole = chunk_meta(meta, meta_len, column, &pages, &r.meta);
    r.chunk_offset = whole ? chunk_start(&r.meta) : 0;
    whole = whole && take_dictionary(&r);
    for (uint32_t i = 0; whole && i < r.meta.page_count; i++)
        whole = take_page(&r, &r.meta.pages[i]);
    bool memory = values->failed || valid->failed || (ids && ids->failed) || r.page.failed ||
                  r.dict.failed || r.scratch.failed || pages.failed;
    qn_buf_release(&r.page);
    qn_buf_release(&r.dict);
    qn_buf_release(&r.scratch);
    qn_buf_release(&pages);
    if (memory)
        return qn_fail_memory(err, "a column of a part", group_len);
    return whole ? QN_OK
                 : qn_fail(err, QN_ERR_CORRUPT, "a part is damaged: column '%s' cannot be read.",
                           columns[column].name);
}
