/* Row groups: columns to pages to bytes. Every decision here (encoding, codec, page cuts) is a
 * function of the values alone, so that the same table always gives the same bytes. */
#include "format/parquet.h"

#include "base/sys.h"
#include "format/parquet_bloom.h"
#include "format/parquet_dict.h"
#include "format/parquet_encode.h"
#include "format/parquet_meta.h"
#include "format/parquet_page.h"
#include "format/parquet_values.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define PAGE_BYTES (1u << 20) /* a page of byte arrays is cut here */

const struct qn_parquet_options qn_parquet_defaults = {
    .zstd_level = 1, .page_rows = 20000, .dictionary_bytes = 256u << 10};

/* A page before compression: bytes start to start + len of the writer's raw buffer. */
struct raw_page {
    enum pq_page kind;
    size_t start;
    size_t len;
    size_t packed_start; /* the same, compressed */
    size_t packed_len;
    size_t values; /* nulls included; in a dictionary: entries */
    size_t first_row;
    size_t first; /* of its values in the dense column; one past its last */
    size_t end;
};

struct qn_parquet_writer {
    const struct qn_parquet_column *columns;
    size_t column_count;
    struct qn_parquet_options options;
    ZSTD_CCtx *zstd;
    struct pq_dict dict;
    struct qn_buf scratch; /* dense values */
    struct qn_buf ids;     /* uint32_t per value */
    struct qn_buf levels;  /* a byte per row; lengths of texts */
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
    ZSTD_freeCCtx(writer->zstd);
    pq_dict_release(&writer->dict);
    struct qn_buf *buffers[] = {&writer->scratch, &writer->ids,    &writer->levels,
                                &writer->raw,     &writer->packed, &writer->trial,
                                &writer->pages,   &writer->metas,  &writer->bloom};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        qn_buf_release(buffers[i]);
    free(writer);
}

enum qn_status qn_parquet_writer_new(struct qn_parquet_writer **out,
                                     const struct qn_parquet_column *columns, size_t column_count,
                                     const struct qn_parquet_options *options, struct qn_error *err)
{
    *out = NULL;
    struct qn_parquet_writer *writer = qn_sys.calloc(1, sizeof *writer);
    if (!writer)
        return qn_fail_memory(err, "a Parquet writer", sizeof *writer);
    writer->columns = columns;
    writer->column_count = column_count;
    writer->options = options ? *options : qn_parquet_defaults;
    writer->zstd = ZSTD_createCCtx();
    if (!writer->zstd) {
        qn_parquet_writer_free(writer);
        return qn_fail_memory(err, "a Parquet writer", 1u << 20);
    }
    ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_compressionLevel, writer->options.zstd_level);
    *out = writer;
    return QN_OK;
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

/* Rows of the page that starts at `row`, whose first value is dense value `first`. */
static size_t page_rows(const struct qn_parquet_writer *writer, const struct pq_dense *dense,
                        const uint8_t *valid, size_t row, size_t rows, size_t first, size_t *end)
{
    size_t n = 0;
    size_t bytes = 0;
    size_t most = rows - row < writer->options.page_rows ? rows - row : writer->options.page_rows;
    if (!valid && dense->width > 0) {
        *end = first + most;
        return most;
    }
    *end = first;
    for (; n < most && bytes < PAGE_BYTES; n++) {
        if (valid && !valid[row + n])
            continue;
        bytes += dense->width ? 0 : pq_plain_bytes(dense, *end);
        ++*end;
    }
    return n;
}

/* Definition levels: 1 for a value, 0 for a null. */
static void put_levels(struct qn_parquet_writer *writer, const uint8_t *valid, size_t row, size_t n)
{
    size_t place = writer->raw.len;
    qn_buf_u32(&writer->raw, 0);
    qn_buf_clear(&writer->levels);
    uint8_t *levels = valid ? NULL : qn_buf_reserve(&writer->levels, n);
    if (!valid && !levels) {
        writer->raw.failed = true;
        return;
    }
    if (levels)
        memset(levels, 1, n);
    pq_encode_flags(&writer->raw, valid ? valid + row : levels, n);
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
    if (writer->dict.ascending && writer->options.zstd_level > 0)
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
    enum pq_physical physical = pq_types[dense->column->type].physical;
    return physical == PQ_INT32 || physical == PQ_INT64;
}

/* What a column is written in when a dictionary does not pay. */
static enum pq_coding without_dictionary(const struct pq_dense *dense)
{
    enum qn_parquet_encoding wish = dense->column->encoding;
    enum pq_physical physical = pq_types[dense->column->type].physical;
    if (wish == QN_PQ_PLAIN || physical == PQ_BOOLEAN || physical == PQ_FIXED)
        return PQ_PLAIN;
    if (is_integer(dense))
        return PQ_DELTA_BINARY_PACKED;
    if (physical == PQ_BYTE_ARRAY)
        return PQ_DELTA_LENGTH_BYTE_ARRAY;
    return wish == QN_PQ_BYTE_STREAM_SPLIT ? PQ_BYTE_STREAM_SPLIT : PQ_PLAIN;
}

static bool wants_dictionary(const struct pq_dense *dense)
{
    enum qn_parquet_encoding wish = dense->column->encoding;
    return dense->column->type != QN_PQ_BOOLEAN && (wish == QN_PQ_AUTO || wish == QN_PQ_DICTIONARY);
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
    bool automatic = dense->column->encoding == QN_PQ_AUTO;
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
                      const uint8_t *valid, size_t rows, enum pq_coding coding)
{
    if (coding == PQ_RLE_DICTIONARY) {
        struct raw_page page = {.kind = PQ_DICTIONARY_PAGE, .values = writer->dict.count};
        qn_buf_append(&writer->raw, writer->dict.plain.data, writer->dict.plain.len);
        page.len = writer->raw.len;
        add_page(writer, &page);
    }
    for (size_t row = 0, first = 0; row < rows;) {
        struct raw_page page = {.kind = PQ_DATA_PAGE, .start = writer->raw.len, .first_row = row};
        page.first = first;
        page.values = page_rows(writer, dense, valid, row, rows, first, &page.end);
        if (dense->column->optional)
            put_levels(writer, valid, row, page.values);
        put_values(writer, dense, coding, page.first, page.end, &writer->raw);
        page.len = writer->raw.len - page.start;
        add_page(writer, &page);
        row += page.values;
        first = page.end;
    }
}

/* Compresses every page; true when that made the column smaller. */
static bool pack_pages(struct qn_parquet_writer *writer)
{
    qn_buf_clear(&writer->packed);
    for (size_t i = 0; i < writer->page_count; i++) {
        struct raw_page *page = page_at(writer, i);
        size_t room = ZSTD_compressBound(page->len);
        uint8_t *to = qn_buf_reserve(&writer->packed, room);
        size_t len =
            to ? ZSTD_compress2(writer->zstd, to, room, writer->raw.data + page->start, page->len)
               : 0;
        if (!to || ZSTD_isError(len)) {
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
    bool packed = chunk->codec == PQ_ZSTD;
    const uint8_t *stored =
        packed ? writer->packed.data + page->packed_start : writer->raw.data + page->start;
    size_t stored_len = packed ? page->packed_len : page->len;
    size_t start = bytes->len;
    size_t header = pq_put_page_header(bytes, page->kind, page->values, chunk->coding, page->len,
                                       stored, stored_len);
    qn_buf_append(bytes, stored, stored_len);
    if (page->kind == PQ_DATA_PAGE) {
        struct pq_page_meta meta = {.offset = start - group_start,
                                    .bytes = (uint32_t)(bytes->len - start),
                                    .first_row = page->first_row,
                                    .rows = (uint32_t)page->values,
                                    .nulls = (uint32_t)(page->values - (page->end - page->first)),
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
    bool small = writer->options.zstd_level > 0 && pack_pages(writer);
    chunk.codec = small ? PQ_ZSTD : PQ_UNCOMPRESSED;
    size_t start = bytes->len;
    if (coding == PQ_RLE_DICTIONARY)
        chunk.dictionary_offset = start - group_start;
    qn_buf_clear(&writer->metas);
    for (size_t i = 0; i < writer->page_count; i++)
        chunk.raw_bytes += emit_page(writer, dense, page_at(writer, i), &chunk, group_start, bytes);
    for (size_t i = 0; dense->texts && i < dense->count; i++)
        chunk.text_bytes += pq_text_of(dense, i).len;
    chunk.stored_bytes = bytes->len - start;
    chunk.page_count = (uint32_t)(writer->metas.len / sizeof(struct pq_page_meta));
    chunk.pages = (struct pq_page_meta *)writer->metas.data;
    qn_buf_clear(&writer->bloom);
    if (dense->column->bloom && dense->texts)
        pq_bloom_build(dense, &writer->bloom);
    chunk.bloom = writer->bloom.data;
    chunk.bloom_len = (uint32_t)writer->bloom.len;
    pq_meta_put_chunk(meta, &chunk);
}

void qn_parquet_group_begin(const struct qn_parquet_writer *writer, uint64_t rows,
                            struct qn_buf *meta)
{
    pq_meta_put_head(meta, rows, writer->column_count);
}

enum qn_status qn_parquet_group_add(struct qn_parquet_writer *writer, size_t column,
                                    const struct qn_parquet_values *values, uint64_t rows,
                                    size_t group_start, struct qn_buf *bytes, struct qn_buf *meta,
                                    struct qn_error *err)
{
    struct pq_dense dense;
    enum qn_status status =
        pq_densify(&writer->columns[column], values, rows, &writer->scratch, &dense, err);
    if (status)
        return status;
    qn_buf_clear(&writer->raw);
    qn_buf_clear(&writer->pages);
    writer->page_count = 0;
    enum pq_coding coding = choose(writer, &dense);
    /* What was chosen for want of memory would make other bytes. */
    if (writer->dict.failed || writer->ids.failed || writer->trial.failed)
        return qn_fail_memory(err, "a dictionary", writer->dict.plain.len);
    put_pages(writer, &dense, values->valid, rows, coding);
    if (!writer->raw.failed && !writer->pages.failed)
        emit_column(writer, &dense, coding, group_start, bytes, meta);
    if (writer->raw.failed || writer->pages.failed || writer->packed.failed ||
        writer->metas.failed || writer->bloom.failed || bytes->failed || meta->failed)
        return qn_fail_memory(err, "a row group", writer->raw.len);
    return QN_OK;
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
    for (size_t c = 0; c < writer->column_count && !status; c++)
        status = qn_parquet_group_add(writer, c, &values[c], rows, group_start, bytes, meta, err);
    return status;
}
