/* Columns read back out of groups that the writer made, by its own description: what glue needs
 * to merge parts. */
#include "format/parquet/codec.h"
#include "format/parquet/decode.h"
#include "format/parquet/header.h"
#include "format/parquet/meta.h"

#include <string.h>

struct regroup {
    struct pq_leaf leaf;
    const uint8_t *chunk; /* its bytes */
    uint64_t chunk_len;
    uint64_t chunk_offset; /* of the chunk in the group */
    struct pq_chunk_meta meta;
    struct qn_buf *values;
    struct qn_buf *ids;
    struct qn_buf *valid;
    struct qn_buf page;    /* unpacked */
    struct qn_buf dict;    /* the dictionary page, unpacked */
    struct qn_buf scratch; /* ids or texts of a page */
    struct pq_unpacker unpacker;
    struct pq_values decoder;
    struct qn_parquet_dictionary dictionary;
    uint32_t texts; /* appended to `values` so far */
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
                        struct pq_header *header)
{
    uint64_t at = offset - r->chunk_offset;
    if (offset < r->chunk_offset || at > r->chunk_len ||
        pq_get_header(r->chunk + at, r->chunk_len - at, header) != PQ_HEADER_WHOLE ||
        header->stored_len > r->chunk_len - at - header->page.header_bytes)
        return false;
    const uint8_t *stored = r->chunk + at + header->page.header_bytes;
    size_t raw_len = header->page.raw_len;
    qn_buf_clear(out);
    uint8_t *to = qn_buf_reserve(out, raw_len + PQ_SLACK);
    if (!to || pq_page_crc(stored, header->stored_len) != header->crc)
        return false;
    memset(to + raw_len, 0, PQ_SLACK);
    out->len = raw_len;
    if (r->meta.codec != PQ_UNCOMPRESSED)
        return pq_unpack(&r->unpacker, r->meta.codec, stored, header->stored_len, to, raw_len) ==
               NULL;
    if (raw_len == header->stored_len)
        memcpy(to, stored, raw_len);
    return raw_len == header->stored_len;
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
    if (r->leaf.max_def == 0)
        return true;
    uint32_t len = qn_cursor_u32(in);
    const uint8_t *bytes = qn_cursor_bytes(in, len);
    struct pq_hybrid levels;
    if (!bytes)
        return false;
    pq_hybrid_start(&levels, bytes, len, 1);
    if (!pq_hybrid_take_u8(&levels, valid, rows))
        return false;
    for (size_t i = 0; i < rows; i++)
        *count -= valid[i] == 0;
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

static void *scratch_for(struct regroup *r, size_t bytes)
{
    qn_buf_clear(&r->scratch);
    return qn_buf_reserve(&r->scratch, bytes + 1);
}

static bool take_fixed(struct regroup *r, const uint8_t *at, size_t len, uint8_t *to, size_t count)
{
    uint32_t *ids = scratch_for(r, count * sizeof *ids);
    return ids && pq_values_start(&r->decoder, at, len) &&
           pq_values_take(&r->decoder, count, to, NULL, ids);
}

/* Ids of a page of texts in dictionary encoding. */
static bool take_ids(struct regroup *r, const uint8_t *at, size_t len, uint32_t *to, size_t count)
{
    struct pq_hybrid ids;
    if (len == 0 || at[0] > 32)
        return false;
    pq_hybrid_start(&ids, at + 1, len - 1, at[0]);
    if (!pq_hybrid_take(&ids, to, count))
        return false;
    uint32_t highest = 0;
    for (size_t i = 0; i < count; i++)
        highest = to[i] > highest ? to[i] : highest;
    return count == 0 || highest < r->dictionary.count;
}

static bool take_texts(struct regroup *r, const uint8_t *at, size_t len, uint32_t *to, size_t count)
{
    struct qn_parquet_text *texts = scratch_for(r, count * sizeof *texts);
    if (!texts || !pq_values_start(&r->decoder, at, len) ||
        !pq_values_take(&r->decoder, count, NULL, texts, NULL))
        return false;
    for (size_t i = 0; i < count; i++) {
        qn_buf_u32(r->values, texts[i].len);
        qn_buf_append(r->values, texts[i].bytes, texts[i].len);
        to[i] = r->texts++;
    }
    return true;
}

/* One data page: its values behind those already there, a row each. */
static bool take_page(struct regroup *r, const struct pq_page_meta *page)
{
    struct pq_header header;
    if (!unpack_page(r, page->offset, &r->page, &header) || header.page.entries != page->rows)
        return false;
    struct qn_cursor in = {.data = r->page.data, .len = r->page.len};
    size_t rows = page->rows;
    size_t count;
    if (!take_levels(r, &in, rows, &count))
        return false;
    bool text = r->leaf.width == 0;
    size_t width = text ? sizeof(uint32_t) : r->leaf.width;
    struct qn_buf *out = text ? r->ids : r->values;
    uint8_t *to = qn_buf_reserve(out, rows * width + 8);
    if (!to)
        return false;
    const uint8_t *at = in.data + in.at;
    size_t len = in.len - in.at;
    bool whole = !text ? take_fixed(r, at, len, to, count)
                 : r->meta.coding == PQ_RLE_DICTIONARY
                     ? take_ids(r, at, len, (uint32_t *)(void *)to, count)
                     : take_texts(r, at, len, (uint32_t *)(void *)to, count);
    if (whole && count < rows)
        spread(to, to, r->valid->data + r->valid->len - rows, rows, count, width);
    out->len += rows * width;
    return whole;
}

static bool take_dictionary(struct regroup *r)
{
    struct pq_header header;
    if (r->meta.dictionary_offset == PQ_NO_DICTIONARY)
        return true;
    if (!unpack_page(r, r->meta.dictionary_offset, &r->dict, &header) ||
        (r->leaf.width > 0 && header.page.entries > r->dict.len / r->leaf.width))
        return false;
    r->dictionary =
        (struct qn_parquet_dictionary){.count = header.page.entries, .fixed = r->dict.data};
    if (r->leaf.width == 0) /* PLAIN and qn_buf_text are the same bytes */
        qn_buf_append(r->values, r->dict.data, r->dict.len);
    return true;
}

enum qn_status qn_parquet_group_column(const struct qn_parquet_column *columns, size_t column,
                                       const void *group, size_t group_len, const void *meta,
                                       size_t meta_len, struct qn_buf *values, struct qn_buf *ids,
                                       struct qn_buf *valid, struct qn_error *err)
{
    struct qn_buf pages = {0};
    struct regroup r = {.leaf = pq_leaf_of_column(&columns[column]),
                        .chunk = group,
                        .chunk_len = group_len,
                        .values = values,
                        .ids = ids,
                        .valid = valid};
    bool whole = chunk_meta(meta, meta_len, column, &pages, &r.meta);
    r.chunk_offset = whole ? chunk_start(&r.meta) : 0;
    r.decoder = (struct pq_values){.coding = r.meta.coding,
                                   .physical = r.leaf.physical,
                                   .width = r.leaf.width,
                                   .unfolded_limit = UINT64_MAX,
                                   .dictionary = &r.dictionary};
    whole = whole && take_dictionary(&r);
    for (uint32_t i = 0; whole && i < r.meta.page_count; i++)
        whole = take_page(&r, &r.meta.pages[i]);
    bool memory = values->failed || valid->failed || (ids && ids->failed) || r.page.failed ||
                  r.dict.failed || r.scratch.failed || r.decoder.scratch.failed || pages.failed;
    qn_buf_release(&r.page);
    qn_buf_release(&r.dict);
    qn_buf_release(&r.scratch);
    pq_values_release(&r.decoder);
    pq_unpacker_release(&r.unpacker);
    qn_buf_release(&pages);
    if (memory)
        return qn_fail_memory(err, "a column of a part", group_len);
    return whole ? QN_OK
                 : qn_fail(err, QN_ERR_CORRUPT, "a part is damaged: column '%s' cannot be read.",
                           columns[column].name);
}
