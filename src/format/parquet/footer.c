/* The footer: page indexes and file metadata, from descriptions of row groups. Field numbers:
 * apache/parquet-format, parquet.thrift. */
#include "format/parquet.h"

#include "base/sys.h"
#include "format/parquet/bloom.h"
#include "format/parquet/entries.h"
#include "format/parquet/meta.h"
#include "format/parquet/thrift.h"

#include <quern/version.h>
#include <stdlib.h>
#include <string.h>

#define CREATED_BY "quern version " QUERN_VERSION " (build 0)"

struct group {
    uint64_t offset; /* in the file */
    uint64_t rows;
    size_t meta; /* where its description starts in `metas`, and its length */
    size_t meta_len;
};

struct indexes { /* of one chunk, in the file; 0 bytes: none */
    uint64_t column_offset, offset_offset;
    uint32_t column_len, offset_len;
    uint64_t bloom_offset;
    uint32_t bloom_len;
};

struct qn_parquet_footer {
    struct pq_layout layout;
    uint64_t rows;
    size_t group_count;
    struct qn_buf groups;  /* struct group */
    struct qn_buf metas;   /* descriptions, one after another */
    struct qn_buf values;  /* key, value, key, value: qn_buf_text */
    struct qn_buf sorted;  /* uint32_t */
    struct qn_buf indexes; /* struct indexes, group by group */
    struct qn_buf pages;   /* of the chunk at hand */
    size_t value_count;
};

static enum qn_status made(struct qn_parquet_footer **footer, enum qn_status status)
{
    if (status) {
        qn_parquet_footer_free(*footer);
        *footer = NULL;
    }
    return status;
}

enum qn_status qn_parquet_footer_new(struct qn_parquet_footer **out,
                                     const struct qn_parquet_column *columns, size_t column_count,
                                     struct qn_error *err)
{
    struct qn_parquet_footer *footer = *out = qn_sys.calloc(1, sizeof *footer);
    if (!footer)
        return qn_fail_memory(err, "a Parquet footer", sizeof *footer);
    return made(out, pq_layout_of_columns(&footer->layout, columns, column_count, err));
}

enum qn_status qn_parquet_footer_like(struct qn_parquet_footer **out,
                                      const struct qn_parquet_file *file, const uint32_t *nodes,
                                      size_t count, struct qn_error *err)
{
    struct qn_parquet_footer *footer = *out = qn_sys.calloc(1, sizeof *footer);
    if (!footer)
        return qn_fail_memory(err, "a Parquet footer", sizeof *footer);
    return made(out, pq_layout_of_file(&footer->layout, file, nodes, count, err));
}

void qn_parquet_footer_free(struct qn_parquet_footer *footer)
{
    if (!footer)
        return;
    struct qn_buf *buffers[] = {&footer->groups, &footer->metas,   &footer->values,
                                &footer->sorted, &footer->indexes, &footer->pages};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        qn_buf_release(buffers[i]);
    pq_layout_release(&footer->layout);
    free(footer);
}

static enum qn_status damaged(struct qn_error *err)
{
    return qn_fail(err, QN_ERR_CORRUPT, "the description of a row group is damaged.");
}

enum qn_status qn_parquet_footer_group(struct qn_parquet_footer *footer, const void *meta,
                                       size_t meta_len, uint64_t file_offset, struct qn_error *err)
{
    struct qn_cursor in = {.data = meta, .len = meta_len};
    struct group group = {.offset = file_offset, .meta = footer->metas.len, .meta_len = meta_len};
    size_t columns;
    if (!pq_meta_get_head(&in, &group.rows, &columns) || columns != footer->layout.count)
        return damaged(err);
    qn_buf_append(&footer->metas, meta, meta_len);
    qn_buf_append(&footer->groups, &group, sizeof group);
    if (footer->metas.failed || footer->groups.failed)
        return qn_fail_memory(err, "a Parquet footer", footer->metas.len);
    footer->rows += group.rows;
    footer->group_count++;
    return QN_OK;
}

enum qn_status qn_parquet_footer_key_value(struct qn_parquet_footer *footer, const char *key,
                                           const char *value, struct qn_error *err)
{
    qn_buf_text(&footer->values, key);
    qn_buf_text(&footer->values, value);
    footer->value_count++;
    return footer->values.failed ? qn_fail_memory(err, "a Parquet footer", footer->values.len)
                                 : QN_OK;
}

enum qn_status qn_parquet_footer_sorted(struct qn_parquet_footer *footer, uint32_t column,
                                        struct qn_error *err)
{
    qn_buf_append(&footer->sorted, &column, sizeof column);
    return footer->sorted.failed ? qn_fail_memory(err, "a Parquet footer", footer->sorted.len)
                                 : QN_OK;
}

/* ---- page indexes --------------------------------------------------------------------------- */

/* Whether every page with values has bounds: otherwise there can be no ColumnIndex. */
static bool has_column_index(const struct pq_chunk_meta *chunk)
{
    for (uint32_t i = 0; i < chunk->page_count; i++) {
        if (!chunk->pages[i].bounds.known && chunk->pages[i].nulls < chunk->pages[i].entries)
            return false;
    }
    return true;
}

static int boundary_order(enum qn_parquet_order order, const struct pq_chunk_meta *chunk)
{
    const struct pq_bounds *last = NULL;
    bool rising = true, falling = true;
    for (uint32_t i = 0; i < chunk->page_count; i++) {
        const struct pq_bounds *next = &chunk->pages[i].bounds;
        if (!next->known)
            continue;
        if (last) {
            int min = qn_parquet_compare(order, last->min, last->min_len, next->min, next->min_len);
            int max = qn_parquet_compare(order, last->max, last->max_len, next->max, next->max_len);
            rising &= min <= 0 && max <= 0;
            falling &= min >= 0 && max >= 0;
        }
        last = next;
    }
    return rising ? 1 : falling ? 2 : 0;
}

static void put_column_index(struct qn_buf *out, const struct pq_leaf *leaf,
                             const struct pq_chunk_meta *chunk)
{
    struct qn_thrift_writer w;
    qn_thrift_begin(&w, out);
    qn_thrift_list(&w, 1, QN_THRIFT_FALSE, chunk->page_count);
    for (uint32_t i = 0; i < chunk->page_count; i++)
        qn_thrift_put_bool(&w, !chunk->pages[i].bounds.known);
    qn_thrift_list(&w, 2, QN_THRIFT_BINARY, chunk->page_count);
    for (uint32_t i = 0; i < chunk->page_count; i++)
        qn_thrift_put_binary(&w, chunk->pages[i].bounds.min,
                             chunk->pages[i].bounds.known ? chunk->pages[i].bounds.min_len : 0);
    qn_thrift_list(&w, 3, QN_THRIFT_BINARY, chunk->page_count);
    for (uint32_t i = 0; i < chunk->page_count; i++)
        qn_thrift_put_binary(&w, chunk->pages[i].bounds.max,
                             chunk->pages[i].bounds.known ? chunk->pages[i].bounds.max_len : 0);
    qn_thrift_i32(&w, 4, boundary_order(leaf->order, chunk));
    qn_thrift_list(&w, 5, QN_THRIFT_I64, chunk->page_count);
    for (uint32_t i = 0; i < chunk->page_count; i++)
        qn_thrift_put_i64(&w, chunk->pages[i].nulls);
    if (pq_is_real(leaf)) {
        qn_thrift_list(&w, 8, QN_THRIFT_I64, chunk->page_count);
        for (uint32_t i = 0; i < chunk->page_count; i++)
            qn_thrift_put_i64(&w, chunk->pages[i].nans);
    }
    qn_thrift_end(&w);
}

static void put_offset_index(struct qn_buf *out, const struct pq_chunk_meta *chunk,
                             uint64_t group_offset)
{
    struct qn_thrift_writer w;
    qn_thrift_begin(&w, out);
    qn_thrift_list(&w, 1, QN_THRIFT_STRUCT, chunk->page_count);
    for (uint32_t i = 0; i < chunk->page_count; i++) {
        qn_thrift_element(&w);
        qn_thrift_i64(&w, 1, (int64_t)(group_offset + chunk->pages[i].offset));
        qn_thrift_i32(&w, 2, (int32_t)chunk->pages[i].bytes);
        qn_thrift_i64(&w, 3, (int64_t)chunk->pages[i].first_row);
        qn_thrift_end(&w);
    }
    qn_thrift_end(&w);
}

/* Calls `visit` for every chunk of the file, in order. */
typedef void chunk_visitor(struct qn_parquet_footer *footer, const struct group *group,
                           size_t column, const struct pq_chunk_meta *chunk, void *context);

static bool visit_group(struct qn_parquet_footer *footer, const struct group *group,
                        chunk_visitor *visit, void *context)
{
    struct qn_cursor in = {.data = footer->metas.data + group->meta, .len = group->meta_len};
    uint64_t rows;
    size_t columns;
    bool whole = pq_meta_get_head(&in, &rows, &columns);
    for (size_t c = 0; c < footer->layout.count && whole; c++) {
        struct pq_chunk_meta chunk;
        whole = pq_meta_get_chunk(&in, &chunk, &footer->pages);
        if (whole)
            visit(footer, group, c, &chunk, context);
    }
    return whole;
}

static const struct group *group_at(const struct qn_parquet_footer *footer, size_t i)
{
    return (const struct group *)footer->groups.data + i;
}

struct placing { /* where indexes go */
    struct qn_buf *out;
    size_t start; /* of `out`, where file_offset is */
    uint64_t file_offset;
};

static uint64_t place_of(const struct placing *placing)
{
    return placing->file_offset + (placing->out->len - placing->start);
}

static void place_bloom(struct qn_parquet_footer *footer, const struct group *group, size_t column,
                        const struct pq_chunk_meta *chunk, void *context)
{
    (void)group;
    (void)column;
    struct placing *placing = context;
    struct indexes indexes = {.bloom_offset = place_of(placing)};
    if (chunk->bloom_len > 0)
        pq_bloom_put(placing->out, chunk->bloom, chunk->bloom_len);
    indexes.bloom_len = (uint32_t)(place_of(placing) - indexes.bloom_offset);
    qn_buf_append(&footer->indexes, &indexes, sizeof indexes);
}

static struct indexes *indexes_of(struct qn_parquet_footer *footer, const struct group *group,
                                  size_t column)
{
    size_t i = (size_t)(group - group_at(footer, 0)) * footer->layout.count + column;
    return (struct indexes *)footer->indexes.data + i;
}

static void place_column_index(struct qn_parquet_footer *footer, const struct group *group,
                               size_t column, const struct pq_chunk_meta *chunk, void *context)
{
    struct placing *placing = context;
    struct indexes *indexes = indexes_of(footer, group, column);
    indexes->column_offset = place_of(placing);
    if (has_column_index(chunk))
        put_column_index(placing->out, &footer->layout.leaves[column], chunk);
    indexes->column_len = (uint32_t)(place_of(placing) - indexes->column_offset);
}

static void place_offset_index(struct qn_parquet_footer *footer, const struct group *group,
                               size_t column, const struct pq_chunk_meta *chunk, void *context)
{
    struct placing *placing = context;
    struct indexes *indexes = indexes_of(footer, group, column);
    indexes->offset_offset = place_of(placing);
    put_offset_index(placing->out, chunk, group->offset);
    indexes->offset_len = (uint32_t)(place_of(placing) - indexes->offset_offset);
}

static bool put_indexes(struct qn_parquet_footer *footer, uint64_t file_offset, struct qn_buf *out)
{
    struct placing placing = {.out = out, .start = out->len, .file_offset = file_offset};
    qn_buf_clear(&footer->indexes);
    for (size_t g = 0; g < footer->group_count; g++) {
        if (!visit_group(footer, group_at(footer, g), place_bloom, &placing))
            return false;
    }
    for (size_t g = 0; g < footer->group_count && !footer->indexes.failed; g++)
        visit_group(footer, group_at(footer, g), place_column_index, &placing);
    for (size_t g = 0; g < footer->group_count && !footer->indexes.failed; g++)
        visit_group(footer, group_at(footer, g), place_offset_index, &placing);
    return true;
}

/* ---- file metadata -------------------------------------------------------------------------- */

static void put_statistics(struct qn_thrift_writer *w, const struct pq_leaf *leaf,
                           const struct pq_chunk_meta *chunk)
{
    struct pq_bounds all = {0};
    int64_t nulls = 0;
    int64_t nans = 0;
    bool complete = true; /* a page without bounds makes those of the chunk unknown, for texts */
    for (uint32_t i = 0; i < chunk->page_count; i++) {
        const struct pq_page_meta *page = &chunk->pages[i];
        pq_bounds_merge(leaf->order, &all, &page->bounds);
        nulls += page->nulls;
        nans += page->nans;
        complete &= page->bounds.known || page->nulls == page->entries || pq_is_real(leaf);
    }
    qn_thrift_struct(w, 12);
    qn_thrift_i64(w, 3, nulls);
    if (all.known && complete) {
        qn_thrift_binary(w, 5, all.max, all.max_len);
        qn_thrift_binary(w, 6, all.min, all.min_len);
        qn_thrift_bool(w, 7, all.exact_max);
        qn_thrift_bool(w, 8, all.exact_min);
    }
    if (pq_is_real(leaf))
        qn_thrift_i64(w, 9, nans);
    qn_thrift_end(w);
}

static void put_encodings(struct qn_thrift_writer *w, const struct pq_chunk_meta *chunk)
{
    bool dictionary = chunk->dictionary_offset != PQ_NO_DICTIONARY;
    bool plain = dictionary || chunk->coding == PQ_PLAIN;
    qn_thrift_list(w, 2, QN_THRIFT_I32, 1u + plain + (chunk->coding != PQ_PLAIN));
    if (plain)
        qn_thrift_put_i64(w, PQ_PLAIN);
    if (chunk->coding != PQ_PLAIN)
        qn_thrift_put_i64(w, chunk->coding);
    qn_thrift_put_i64(w, PQ_RLE); /* of the levels */
}

static void put_encoding_stats(struct qn_thrift_writer *w, const struct pq_chunk_meta *chunk)
{
    bool dictionary = chunk->dictionary_offset != PQ_NO_DICTIONARY;
    qn_thrift_list(w, 13, QN_THRIFT_STRUCT, 1u + dictionary);
    if (dictionary) {
        qn_thrift_element(w);
        qn_thrift_i32(w, 1, PQ_DICTIONARY_PAGE);
        qn_thrift_i32(w, 2, PQ_PLAIN);
        qn_thrift_i32(w, 3, 1);
        qn_thrift_end(w);
    }
    qn_thrift_element(w);
    qn_thrift_i32(w, 1, PQ_DATA_PAGE);
    qn_thrift_i32(w, 2, (int32_t)chunk->coding);
    qn_thrift_i32(w, 3, (int32_t)chunk->page_count);
    qn_thrift_end(w);
}

static int64_t entries_of(const struct pq_chunk_meta *chunk)
{
    int64_t entries = 0;
    for (uint32_t i = 0; i < chunk->page_count; i++)
        entries += chunk->pages[i].entries;
    return entries;
}

static void put_column_meta(struct qn_thrift_writer *w, const struct pq_layout *layout,
                            size_t column, const struct pq_chunk_meta *chunk,
                            const struct group *group, const struct indexes *indexes)
{
    const struct pq_leaf *leaf = &layout->leaves[column];
    qn_thrift_struct(w, 3);
    qn_thrift_i32(w, 1, (int32_t)leaf->physical);
    put_encodings(w, chunk);
    qn_thrift_raw(w, 3, QN_THRIFT_LIST, layout->paths.data + leaf->path, leaf->path_len);
    qn_thrift_i32(w, 4, (int32_t)chunk->codec);
    qn_thrift_i64(w, 5, entries_of(chunk));
    qn_thrift_i64(w, 6, (int64_t)chunk->raw_bytes);
    qn_thrift_i64(w, 7, (int64_t)chunk->stored_bytes);
    qn_thrift_i64(w, 9, (int64_t)(group->offset + chunk->pages[0].offset));
    if (chunk->dictionary_offset != PQ_NO_DICTIONARY)
        qn_thrift_i64(w, 11, (int64_t)(group->offset + chunk->dictionary_offset));
    put_statistics(w, leaf, chunk);
    put_encoding_stats(w, chunk);
    if (indexes->bloom_len > 0) {
        qn_thrift_i64(w, 14, (int64_t)indexes->bloom_offset);
        qn_thrift_i32(w, 15, (int32_t)indexes->bloom_len);
    }
    qn_thrift_end(w);
}

struct totals {
    struct qn_thrift_writer *w;
    int64_t raw;
    int64_t stored;
};

static void put_chunk(struct qn_parquet_footer *footer, const struct group *group, size_t column,
                      const struct pq_chunk_meta *chunk, void *context)
{
    struct totals *totals = context;
    struct qn_thrift_writer *w = totals->w;
    const struct indexes *indexes = indexes_of(footer, group, column);
    qn_thrift_element(w);
    qn_thrift_i64(w, 2, 0);
    put_column_meta(w, &footer->layout, column, chunk, group, indexes);
    qn_thrift_i64(w, 4, (int64_t)indexes->offset_offset);
    qn_thrift_i32(w, 5, (int32_t)indexes->offset_len);
    if (indexes->column_len > 0) {
        qn_thrift_i64(w, 6, (int64_t)indexes->column_offset);
        qn_thrift_i32(w, 7, (int32_t)indexes->column_len);
    }
    qn_thrift_end(w);
    totals->raw += (int64_t)chunk->raw_bytes;
    totals->stored += (int64_t)chunk->stored_bytes;
}

static void put_group(struct qn_thrift_writer *w, struct qn_parquet_footer *footer, size_t g)
{
    const struct group *group = group_at(footer, g);
    struct totals totals = {.w = w};
    qn_thrift_element(w);
    qn_thrift_list(w, 1, QN_THRIFT_STRUCT, footer->layout.count);
    visit_group(footer, group, put_chunk, &totals);
    qn_thrift_i64(w, 2, totals.raw);
    qn_thrift_i64(w, 3, (int64_t)group->rows);
    if (footer->sorted.len > 0) {
        size_t keys = footer->sorted.len / sizeof(uint32_t);
        qn_thrift_list(w, 4, QN_THRIFT_STRUCT, keys);
        for (size_t k = 0; k < keys; k++) {
            qn_thrift_element(w);
            qn_thrift_i32(w, 1, (int32_t)((const uint32_t *)footer->sorted.data)[k]);
            qn_thrift_bool(w, 2, false);
            qn_thrift_bool(w, 3, false);
            qn_thrift_end(w);
        }
    }
    qn_thrift_i64(w, 5, (int64_t)group->offset);
    qn_thrift_i64(w, 6, totals.stored);
    if (g <= INT16_MAX)
        qn_thrift_i16(w, 7, (int16_t)g);
    qn_thrift_end(w);
}

static void put_key_values(struct qn_thrift_writer *w, const struct qn_parquet_footer *footer)
{
    struct qn_cursor in = {.data = footer->values.data, .len = footer->values.len};
    if (footer->value_count == 0)
        return;
    qn_thrift_list(w, 5, QN_THRIFT_STRUCT, footer->value_count);
    for (size_t i = 0; i < footer->value_count; i++) {
        qn_thrift_element(w);
        for (int16_t id = 1; id <= 2; id++) {
            uint32_t len = qn_cursor_u32(&in);
            qn_thrift_binary(w, id, qn_cursor_bytes(&in, len), len);
        }
        qn_thrift_end(w);
    }
}

static void put_file_metadata(struct qn_parquet_footer *footer, struct qn_buf *out)
{
    struct qn_thrift_writer w;
    qn_thrift_begin(&w, out);
    qn_thrift_i32(&w, 1, 1);
    qn_thrift_raw(&w, 2, QN_THRIFT_LIST, footer->layout.schema.data, footer->layout.schema.len);
    qn_thrift_i64(&w, 3, (int64_t)footer->rows);
    qn_thrift_list(&w, 4, QN_THRIFT_STRUCT, footer->group_count);
    for (size_t g = 0; g < footer->group_count; g++)
        put_group(&w, footer, g);
    put_key_values(&w, footer);
    qn_thrift_binary(&w, 6, CREATED_BY, sizeof CREATED_BY - 1);
    qn_thrift_list(&w, 7, QN_THRIFT_STRUCT, footer->layout.count);
    for (size_t c = 0; c < footer->layout.count; c++) {
        qn_thrift_element(&w);
        qn_thrift_struct(&w, 1); /* TYPE_ORDER */
        qn_thrift_end(&w);
        qn_thrift_end(&w);
    }
    qn_thrift_end(&w);
}

enum qn_status qn_parquet_footer_finish(struct qn_parquet_footer *footer, uint64_t file_offset,
                                        struct qn_buf *out, struct qn_error *err)
{
    bool whole = put_indexes(footer, file_offset, out);
    if (out->failed || footer->indexes.failed || footer->pages.failed)
        return qn_fail_memory(err, "the indexes of a Parquet file", out->len);
    if (!whole)
        return damaged(err);
    size_t start = out->len;
    put_file_metadata(footer, out);
    size_t len = out->len - start;
    qn_buf_u32(out, (uint32_t)len);
    qn_buf_append(out, QN_PARQUET_MAGIC, 4);
    if (out->failed || footer->indexes.failed || footer->pages.failed)
        return qn_fail_memory(err, "a Parquet footer", len);
    if (len > INT32_MAX)
        return qn_fail(err, QN_ERR_UNSUPPORTED,
                       "the footer of a Parquet file would take %zu bytes; readers stop at 2 GiB. "
                       "Write fewer columns or larger row groups.",
                       len);
    return QN_OK;
}
