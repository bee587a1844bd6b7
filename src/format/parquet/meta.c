/* Descriptions of row groups: see meta.h. */
#include "format/parquet/meta.h"

#define META_MAGIC 0x32475051u /* "QPG2" */

static void put_bytes(struct qn_buf *out, const uint8_t *bytes, size_t len)
{
    qn_buf_u8(out, (uint8_t)len);
    qn_buf_append(out, bytes, len);
}

static uint8_t get_bytes(struct qn_cursor *in, uint8_t *bytes)
{
    uint8_t len = qn_cursor_u8(in);
    const uint8_t *from = len <= PQ_STAT_BYTES ? qn_cursor_bytes(in, len) : NULL;
    if (!from) {
        in->failed = true;
        return 0;
    }
    for (size_t i = 0; i < len; i++)
        bytes[i] = from[i];
    return len;
}

static void put_page(struct qn_buf *out, const struct pq_page_meta *page)
{
    const struct pq_bounds *bounds = &page->bounds;
    qn_buf_u64(out, page->offset);
    qn_buf_u32(out, page->bytes);
    qn_buf_u64(out, page->first_row);
    qn_buf_u32(out, page->rows);
    qn_buf_u32(out, page->entries);
    qn_buf_u32(out, page->nulls);
    qn_buf_u32(out, page->nans);
    qn_buf_u8(out, (uint8_t)(bounds->known | bounds->exact_min << 1 | bounds->exact_max << 2));
    put_bytes(out, bounds->min, bounds->min_len);
    put_bytes(out, bounds->max, bounds->max_len);
}

static void get_page(struct qn_cursor *in, struct pq_page_meta *page)
{
    page->offset = qn_cursor_u64(in);
    page->bytes = qn_cursor_u32(in);
    page->first_row = qn_cursor_u64(in);
    page->rows = qn_cursor_u32(in);
    page->entries = qn_cursor_u32(in);
    page->nulls = qn_cursor_u32(in);
    page->nans = qn_cursor_u32(in);
    uint8_t flags = qn_cursor_u8(in);
    page->bounds.known = flags & 1;
    page->bounds.exact_min = flags & 2;
    page->bounds.exact_max = flags & 4;
    page->bounds.min_len = get_bytes(in, page->bounds.min);
    page->bounds.max_len = get_bytes(in, page->bounds.max);
}

void pq_meta_put_head(struct qn_buf *out, uint64_t rows, size_t columns)
{
    qn_buf_u32(out, META_MAGIC);
    qn_buf_u64(out, rows);
    qn_buf_u32(out, (uint32_t)columns);
}

bool pq_meta_get_head(struct qn_cursor *in, uint64_t *rows, size_t *columns)
{
    bool known = qn_cursor_u32(in) == META_MAGIC;
    *rows = qn_cursor_u64(in);
    *columns = qn_cursor_u32(in);
    return known && !in->failed;
}

void pq_meta_put_chunk(struct qn_buf *out, const struct pq_chunk_meta *chunk)
{
    qn_buf_u8(out, (uint8_t)chunk->codec);
    qn_buf_u8(out, (uint8_t)chunk->coding);
    qn_buf_u64(out, chunk->dictionary_offset);
    qn_buf_u64(out, chunk->raw_bytes);
    qn_buf_u64(out, chunk->stored_bytes);
    qn_buf_u64(out, chunk->text_bytes);
    qn_buf_u32(out, chunk->page_count);
    for (uint32_t i = 0; i < chunk->page_count; i++)
        put_page(out, &chunk->pages[i]);
    qn_buf_u32(out, chunk->bloom_len);
    qn_buf_append(out, chunk->bloom, chunk->bloom_len);
}

bool pq_meta_get_chunk(struct qn_cursor *in, struct pq_chunk_meta *chunk, struct qn_buf *pages)
{
    chunk->codec = qn_cursor_u8(in);
    chunk->coding = qn_cursor_u8(in);
    chunk->dictionary_offset = qn_cursor_u64(in);
    chunk->raw_bytes = qn_cursor_u64(in);
    chunk->stored_bytes = qn_cursor_u64(in);
    chunk->text_bytes = qn_cursor_u64(in);
    chunk->page_count = qn_cursor_u32(in);
    if (in->failed || chunk->page_count > in->len)
        return false;
    qn_buf_clear(pages);
    chunk->pages = (struct pq_page_meta *)qn_buf_reserve(pages, (chunk->page_count + 1) *
                                                                    sizeof *chunk->pages);
    if (!chunk->pages)
        return false;
    for (uint32_t i = 0; i < chunk->page_count; i++)
        get_page(in, &chunk->pages[i]);
    chunk->bloom_len = qn_cursor_u32(in);
    chunk->bloom = qn_cursor_bytes(in, chunk->bloom_len);
    return !in->failed;
}
