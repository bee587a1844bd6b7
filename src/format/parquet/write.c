/* Row groups: columns to pages to bytes. Every decision here (encoding, codec, page cuts) is a
 * function of the values alone, so that the same table always gives the same bytes. */
#include "format/parquet/entries.h"

#include "base/sys.h"
#include "format/parquet/bloom.h"
#include "format/parquet/codec.h"
#include "format/parquet/dict.h"
#include "format/parquet/encode.h"
#include "format/parquet/header.h"
#include "format/parquet/meta.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES (1u << 20) /* a page of byte arrays or lists is cut here */

const struct qn_parquet_options qn_parquet_defaults = {
    .codec = PQ_ZSTD, .level = 1, .page_rows = 20000, .dictionary_bytes = 256u << 10};

/* A page before compression: bytes start to start + len of the writer's raw buffer. */
struct raw_page {
    enum pq_page kind;
    size_t start;
    size_t len;
    size_t packed_start; /* the same, compressed */
    size_t packed_len;
    size_t entries; /* nulls included; in a dictionary: its values */
    size_t rows;
    size_t first_row;
    size_t first; /* of its values in the dense column; one past its last */
    size_t end;
};

struct levels {         /* of the column at hand */
    const uint8_t *def; /* NULL: all are the highest */
    const uint8_t *rep; /* NULL: an entry is a row */
    size_t count;
};

struct qn_parquet_writer {
    struct pq_layout layout;
    struct qn_parquet_options options;
    struct pq_packer packer;
    struct pq_dict dict;
    struct qn_buf scratch; /* dense values */
    struct qn_buf ids;     /* uint32_t per value */
    struct qn_buf levels;  /* of the entries of a page; lengths of texts */
    struct qn_buf raw;
    struct qn_buf packed;
    struct qn_buf trial; /* one page in the encoding that may be better */
    struct qn_buf pages; /* struct raw_page */
    struct qn_buf metas; /* struct pq_page_meta */
    struct qn_buf bloom;
    size_t page_count;
};

void qn_parquet_writer_free(struct qn_parquet_writer *writer)
{
    if (!writer)
        return;
    pq_packer_release(&writer->packer);
    pq_dict_release(&writer->dict);
    pq_layout_release(&writer->layout);
    struct qn_buf *buffers[] = {&writer->scratch, &writer->ids,    &writer->levels,
                                &writer->raw,     &writer->packed, &writer->trial,
                                &writer->pages,   &writer->metas,  &writer->bloom};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        qn_buf_release(buffers[i]);
    free(writer);
}

static enum qn_status start(struct qn_parquet_writer **out,
                            const struct qn_parquet_options *options, struct qn_error *err)
{
    struct qn_parquet_writer *writer = *out = qn_sys.calloc(1, sizeof *writer);
    if (!writer)
        return qn_fail_memory(err, "a Parquet writer", sizeof *writer);
    writer->options = options ? *options : qn_parquet_defaults;
    return pq_packer_init(&writer->packer, writer->options.codec, writer->options.level, err);
}

static enum qn_status started(struct qn_parquet_writer **writer, enum qn_status status)
{
    if (status) {
        qn_parquet_writer_free(*writer);
        *writer = NULL;
    }
    return status;
}

enum qn_status qn_parquet_writer_new(struct qn_parquet_writer **out,
                                     const struct qn_parquet_column *columns, size_t column_count,
                                     const struct qn_parquet_options *options, struct qn_error *err)
{
    enum qn_status status = start(out, options, err);
    if (!status)
        status = pq_layout_of_columns(&(*out)->layout, columns, column_count, err);
    return started(out, status);
}

enum qn_status qn_parquet_writer_like(struct qn_parquet_writer **out,
                                      const struct qn_parquet_file *file, const uint32_t *nodes,
                                      size_t count, const struct qn_parquet_options *options,
                                      struct qn_error *err)
{
    enum qn_status status = start(out, options, err);
    if (!status)
        status = pq_layout_of_file(&(*out)->layout, file, nodes, count, err);
    return started(out, status);
}

void qn_parquet_writer_bloom(struct qn_parquet_writer *writer, size_t leaf)
{
    writer->layout.leaves[leaf].bloom = qn_parquet_may_bloom(writer->layout.leaves[leaf].order);
}

/* ---- pages ---------------------------------------------------------------------------------- */

static struct raw_page *page_at(const struct qn_parquet_writer *writer, size_t i)
{
    return (struct raw_page *)writer->pages.data + i;
}

static void add_page(struct qn_parquet_writer *writer, const struct raw_page *page)
{
    qn_buf_append(&writer->pages, page, sizeof *page);
    writer->page_count++;
}

/* How far the page goes that starts at `entry`, at the beginning of a row: sets its entries, its
 * rows and the end of its values. */
static void cut_page(const struct qn_parquet_writer *writer, const struct pq_dense *dense,
                     const struct levels *levels, size_t entry, struct raw_page *page)
{
    uint8_t max_def = dense->leaf->max_def;
    size_t rest = levels->count - entry;
    size_t bytes = 0, n = 0;
    page->end = page->first;
    if (!levels->def && !levels->rep && dense->width > 0) {
        page->entries = page->rows =
            rest < writer->options.page_rows ? rest : writer->options.page_rows;
        page->end += page->entries;
        return;
    }
    for (; n < rest; n++) {
        if (!levels->rep || levels->rep[entry + n] == 0) {
            if (page->rows == writer->options.page_rows || bytes >= PAGE_BYTES)
                break;
            page->rows++;
        }
        bytes += levels->rep != NULL;
        if (levels->def && levels->def[entry + n] < max_def)
            continue;
        bytes += dense->width == 0 ? pq_plain_bytes(dense, page->end)
                 : levels->rep     ? dense->width
                                   : 0;
        page->end++;
    }
    page->entries = n;
}

/* Levels of 0 or 1, a byte each; NULL: all are 1. */
static void put_flags(struct qn_parquet_writer *writer, const uint8_t *from, size_t n)
{
    uint8_t *ones = from ? NULL : qn_buf_reserve(&writer->levels, n);
    if (ones)
        memset(ones, 1, n);
    if (from || ones)
        pq_encode_flags(&writer->raw, from ? from : ones, n);
}

/* Higher levels; NULL: all are the highest. */
static void put_high_levels(struct qn_parquet_writer *writer, const uint8_t *from, uint8_t max,
                            size_t n)
{
    uint32_t *levels = (uint32_t *)qn_buf_reserve(&writer->levels, n * sizeof *levels);
    for (size_t i = 0; levels && i < n; i++)
        levels[i] = from ? from[i] : max;
    if (levels)
        pq_encode_hybrid(&writer->raw, levels, n, pq_bits(max));
}

/* The levels of n entries, as a version 1 page has them. */
static void put_levels(struct qn_parquet_writer *writer, const uint8_t *from, uint8_t max, size_t n)
{
    size_t place = writer->raw.len;
    qn_buf_u32(&writer->raw, 0);
    qn_buf_clear(&writer->levels);
    if (max == 1)
        put_flags(writer, from, n);
    else
        put_high_levels(writer, from, max, n);
    writer->raw.failed |= writer->levels.failed;
    if (!writer->raw.failed) {
        uint32_t len = (uint32_t)(writer->raw.len - place - sizeof len);
        memcpy(writer->raw.data + place, &len, sizeof len);
    }
}

static void put_delta_lengths(const struct pq_dense *dense, size_t from, size_t to,
                              struct qn_parquet_writer *writer, struct qn_buf *out)
{
    qn_buf_clear(&writer->levels);
    int32_t *lens = (int32_t *)qn_buf_reserve(&writer->levels, (to - from + 1) * sizeof *lens);
    if (!lens) {
        out->failed = true;
        return;
    }
    for (size_t i = from; i < to; i++)
        lens[i - from] = (int32_t)pq_text_of(dense, i).len;
    pq_encode_delta(out, lens, to - from, sizeof *lens);
    for (size_t i = from; i < to; i++)
        qn_buf_append(out, pq_text_of(dense, i).bytes, pq_text_of(dense, i).len);
}

static void put_ids(const struct qn_parquet_writer *writer, size_t from, size_t to,
                    struct qn_buf *out)
{
    /* A width of 0 and a missing width byte both upset readers in the field. */
    unsigned width = writer->dict.count > 1 ? pq_bits(writer->dict.count - 1) : 1;
    if (writer->dict.ascending && writer->options.codec != PQ_UNCOMPRESSED)
        width = (width + 7) / 8 * 8; /* whole bytes repeat, and their high ones are alike */
    qn_buf_u8(out, (uint8_t)width);
    pq_encode_hybrid(out, (const uint32_t *)writer->ids.data + from, to - from, width);
}

static void put_values(struct qn_parquet_writer *writer, const struct pq_dense *dense,
                       enum pq_coding coding, size_t from, size_t to, struct qn_buf *out)
{
    switch (coding) {
    case PQ_RLE_DICTIONARY:
        put_ids(writer, from, to, out);
        break;
    case PQ_DELTA_BINARY_PACKED:
        pq_encode_delta(out, dense->fixed + from * dense->width, to - from, dense->width);
        break;
    case PQ_DELTA_LENGTH_BYTE_ARRAY:
        put_delta_lengths(dense, from, to, writer, out);
        break;
    case PQ_BYTE_STREAM_SPLIT:
        pq_encode_split(out, dense->fixed + from * dense->width, to - from, dense->width);
        break;
    default:
        pq_put_plain(dense, from, to, out);
    }
}

/* ---- the choice of an encoding -------------------------------------------------------------- */

static bool is_integer(const struct pq_dense *dense)
{
    enum pq_physical physical = dense->leaf->physical;
    return physical == PQ_INT32 || physical == PQ_INT64;
}

/* What a column is written in when a dictionary does not pay. */
static enum pq_coding without_dictionary(const struct pq_dense *dense)
{
    enum qn_parquet_encoding wish = dense->leaf->encoding;
    enum pq_physical physical = dense->leaf->physical;
    if (wish == QN_PQ_PLAIN || physical == PQ_BOOLEAN || physical == PQ_FIXED ||
        physical == PQ_INT96)
        return PQ_PLAIN;
    if (is_integer(dense))
        return PQ_DELTA_BINARY_PACKED;
    if (physical == PQ_BYTE_ARRAY)
        return PQ_DELTA_LENGTH_BYTE_ARRAY;
    return wish == QN_PQ_BYTE_STREAM_SPLIT ? PQ_BYTE_STREAM_SPLIT : PQ_PLAIN;
}

static bool wants_dictionary(const struct pq_dense *dense)
{
    enum qn_parquet_encoding wish = dense->leaf->encoding;
    return dense->leaf->physical != PQ_BOOLEAN && (wish == QN_PQ_AUTO || wish == QN_PQ_DICTIONARY);
}

/* Whether deltas of the first page take fewer bytes than its indexes and its share of the
 * dictionary. */
static bool delta_is_smaller(struct qn_parquet_writer *writer, const struct pq_dense *dense)
{
    size_t n = dense->count < writer->options.page_rows ? dense->count : writer->options.page_rows;
    if (writer->dict.count < 2)
        return false;
    qn_buf_clear(&writer->trial);
    put_ids(writer, 0, n, &writer->trial);
    size_t with_ids =
        writer->trial.len + (size_t)((unsigned __int128)writer->dict.plain.len * n / dense->count);
    bool failed = writer->trial.failed;
    qn_buf_clear(&writer->trial);
    put_values(writer, dense, PQ_DELTA_BINARY_PACKED, 0, n, &writer->trial);
    writer->trial.failed |= failed;
    return writer->trial.len < with_ids;
}

static enum pq_coding choose(struct qn_parquet_writer *writer, const struct pq_dense *dense)
{
    bool automatic = dense->leaf->encoding == QN_PQ_AUTO;
    writer->dict.failed = false;
    qn_buf_clear(&writer->trial);
    qn_buf_clear(&writer->ids);
    uint32_t *ids = (uint32_t *)qn_buf_reserve(&writer->ids, (dense->count + 1) * sizeof *ids);
    if (!wants_dictionary(dense) || !ids ||
        !pq_dict_build(&writer->dict, dense, writer->options.dictionary_bytes, automatic, ids))
        return without_dictionary(dense);
    if (automatic && is_integer(dense) && delta_is_smaller(writer, dense))
        return PQ_DELTA_BINARY_PACKED;
    return PQ_RLE_DICTIONARY;
}

/* ---- a column ------------------------------------------------------------------------------- */

static void put_pages(struct qn_parquet_writer *writer, const struct pq_dense *dense,
                      const struct levels *levels, enum pq_coding coding)
{
    const struct pq_leaf *leaf = dense->leaf;
    if (coding == PQ_RLE_DICTIONARY) {
        struct raw_page page = {.kind = PQ_DICTIONARY_PAGE, .entries = writer->dict.count};
        qn_buf_append(&writer->raw, writer->dict.plain.data, writer->dict.plain.len);
        page.len = writer->raw.len;
        add_page(writer, &page);
    }
    for (size_t entry = 0, row = 0, first = 0; entry < levels->count;) {
        struct raw_page page = {
            .kind = PQ_DATA_PAGE, .start = writer->raw.len, .first_row = row, .first = first};
        cut_page(writer, dense, levels, entry, &page);
        if (leaf->max_rep)
            put_levels(writer, levels->rep + entry, leaf->max_rep, page.entries);
        if (leaf->max_def)
            put_levels(writer, levels->def ? levels->def + entry : NULL, leaf->max_def,
                       page.entries);
        put_values(writer, dense, coding, page.first, page.end, &writer->raw);
        page.len = writer->raw.len - page.start;
        add_page(writer, &page);
        entry += page.entries;
        row += page.rows;
        first = page.end;
    }
}

/* Compresses every page; true when that made the column smaller. */
static bool pack_pages(struct qn_parquet_writer *writer)
{
    qn_buf_clear(&writer->packed);
    for (size_t i = 0; i < writer->page_count; i++) {
        struct raw_page *page = page_at(writer, i);
        size_t room = pq_packed_bound(&writer->packer, page->len);
        uint8_t *to = qn_buf_reserve(&writer->packed, room);
        size_t len =
            to ? pq_pack(&writer->packer, writer->raw.data + page->start, page->len, to, room) : 0;
        if (len == 0) {
            writer->packed.failed = true;
            return false;
        }
        page->packed_start = writer->packed.len;
        page->packed_len = len;
        writer->packed.len += len;
    }
    return writer->packed.len < writer->raw.len;
}

/* Writes one page; describes a data page in `meta`. Returns its size with header, unpacked. */
static uint64_t emit_page(struct qn_parquet_writer *writer, const struct pq_dense *dense,
                          const struct raw_page *page, const struct pq_chunk_meta *chunk,
                          size_t group_start, struct qn_buf *bytes)
{
    bool packed = chunk->codec != PQ_UNCOMPRESSED;
    const uint8_t *stored =
        packed ? writer->packed.data + page->packed_start : writer->raw.data + page->start;
    size_t stored_len = packed ? page->packed_len : page->len;
    size_t start = bytes->len;
    size_t header = pq_put_page_header(bytes, page->kind, page->entries, chunk->coding, page->len,
                                       stored, stored_len);
    qn_buf_append(bytes, stored, stored_len);
    if (page->kind == PQ_DATA_PAGE) {
        struct pq_page_meta meta = {.offset = start - group_start,
                                    .bytes = (uint32_t)(bytes->len - start),
                                    .first_row = page->first_row,
                                    .rows = (uint32_t)page->rows,
                                    .entries = (uint32_t)page->entries,
                                    .nulls = (uint32_t)(page->entries - (page->end - page->first)),
                                    .nans = pq_count_nans(dense, page->first, page->end)};
        pq_bounds_of(dense, page->first, page->end, &meta.bounds);
        qn_buf_append(&writer->metas, &meta, sizeof meta);
    }
    return header + page->len;
}

static void emit_column(struct qn_parquet_writer *writer, const struct pq_dense *dense,
                        enum pq_coding coding, size_t group_start, struct qn_buf *bytes,
                        struct qn_buf *meta)
{
    struct pq_chunk_meta chunk = {.coding = coding, .dictionary_offset = PQ_NO_DICTIONARY};
    bool dictionary = coding == PQ_RLE_DICTIONARY;
    bool small = writer->options.codec != PQ_UNCOMPRESSED && pack_pages(writer);
    chunk.codec = small ? writer->options.codec : PQ_UNCOMPRESSED;
    size_t begin = bytes->len;
    if (dictionary)
        chunk.dictionary_offset = begin - group_start;
    qn_buf_clear(&writer->metas);
    for (size_t i = 0; i < writer->page_count; i++)
        chunk.raw_bytes += emit_page(writer, dense, page_at(writer, i), &chunk, group_start, bytes);
    for (size_t i = 0; dense->texts && i < dense->count; i++)
        chunk.text_bytes += pq_text_of(dense, i).len;
    chunk.stored_bytes = bytes->len - begin;
    chunk.page_count = (uint32_t)(writer->metas.len / sizeof(struct pq_page_meta));
    chunk.pages = (struct pq_page_meta *)writer->metas.data;
    qn_buf_clear(&writer->bloom);
    if (dense->leaf->bloom)
        pq_bloom_build(dense, dictionary ? writer->dict.count : dense->count, &writer->bloom);
    chunk.bloom = writer->bloom.data;
    chunk.bloom_len = (uint32_t)writer->bloom.len;
    pq_meta_put_chunk(meta, &chunk);
}

/* Pages hold lengths and counts of 31 bits: only a single row can be larger. */
static bool pages_fit(const struct qn_parquet_writer *writer)
{
    for (size_t i = 0; i < writer->page_count; i++) {
        if (page_at(writer, i)->len > INT32_MAX || page_at(writer, i)->entries > INT32_MAX)
            return false;
    }
    return true;
}

static enum qn_status add_column(struct qn_parquet_writer *writer, const struct pq_dense *dense,
                                 const struct levels *levels, size_t group_start,
                                 struct qn_buf *bytes, struct qn_buf *meta, struct qn_error *err)
{
    qn_buf_clear(&writer->raw);
    qn_buf_clear(&writer->packed);
    qn_buf_clear(&writer->pages);
    writer->page_count = 0;
    enum pq_coding coding = choose(writer, dense);
    /* What was chosen for want of memory would make other bytes. */
    if (writer->dict.failed || writer->ids.failed || writer->trial.failed)
        return qn_fail_memory(err, "a dictionary", writer->dict.plain.len);
    put_pages(writer, dense, levels, coding);
    bool fit = writer->pages.failed || pages_fit(writer);
    if (!writer->raw.failed && !writer->pages.failed && fit)
        emit_column(writer, dense, coding, group_start, bytes, meta);
    if (writer->raw.failed || writer->pages.failed || writer->packed.failed ||
        writer->metas.failed || writer->bloom.failed || bytes->failed || meta->failed)
        return qn_fail_memory(err, "a row group", writer->raw.len);
    return fit ? QN_OK
               : qn_fail(err, QN_ERR_UNSUPPORTED,
                         "a row of a column takes more than 2 GiB, which no page can hold.");
}

void qn_parquet_group_begin(const struct qn_parquet_writer *writer, uint64_t rows,
                            struct qn_buf *meta)
{
    pq_meta_put_head(meta, rows, writer->layout.count);
}

enum qn_status qn_parquet_group_add(struct qn_parquet_writer *writer, size_t column,
                                    const struct qn_parquet_values *values, uint64_t rows,
                                    size_t group_start, struct qn_buf *bytes, struct qn_buf *meta,
                                    struct qn_error *err)
{
    struct pq_dense dense;
    const struct pq_leaf *leaf = &writer->layout.leaves[column];
    const struct levels levels = {.def = leaf->max_def ? values->valid : NULL, .count = rows};
    enum qn_status status = pq_densify(leaf, values, rows, &writer->scratch, &dense, err);
    if (!status && leaf->max_def == 0 && dense.count != rows)
        status = qn_fail(err, QN_ERR_INTERNAL, "nulls were given for a column that has none.");
    return status ? status : add_column(writer, &dense, &levels, group_start, bytes, meta, err);
}

enum qn_status qn_parquet_group_entries(struct qn_parquet_writer *writer, size_t leaf,
                                        const struct qn_parquet_entries *entries, uint64_t rows,
                                        size_t group_start, struct qn_buf *bytes,
                                        struct qn_buf *meta, struct qn_error *err)
{
    const struct pq_leaf *of = &writer->layout.leaves[leaf];
    const struct pq_dense dense = {.leaf = of,
                                   .width = of->width,
                                   .count = entries->values,
                                   .fixed = of->width ? entries->fixed : NULL,
                                   .texts = of->width ? NULL : entries->texts};
    const struct levels levels = {
        .def = entries->def, .rep = entries->rep, .count = entries->count};
    if (!entries->rep && entries->count != rows)
        return qn_fail(err, QN_ERR_INTERNAL, "a column of %zu entries was given for %llu rows.",
                       entries->count, (unsigned long long)rows);
    return add_column(writer, &dense, &levels, group_start, bytes, meta, err);
}

enum qn_status qn_parquet_encode_group(struct qn_parquet_writer *writer,
                                       const struct qn_parquet_values *values, uint64_t rows,
                                       struct qn_buf *bytes, struct qn_buf *meta,
                                       struct qn_error *err)
{
    if (rows == 0 || rows > INT32_MAX)
        return qn_fail(err, QN_ERR_INTERNAL, "a row group of %llu rows was asked for.",
                       (unsigned long long)rows);
    size_t group_start = bytes->len;
    qn_parquet_group_begin(writer, rows, meta);
    enum qn_status status = QN_OK;
    for (size_t c = 0; c < writer->layout.count && !status; c++)
        status = qn_parquet_group_add(writer, c, &values[c], rows, group_start, bytes, meta, err);
    return status;
}
