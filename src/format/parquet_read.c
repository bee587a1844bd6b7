/* Reading Parquet: a column of a row group into values, page by page. See parquet_file.h. */
#include "format/parquet_file.h"

#include "format/parquet_encode.h"
#include "format/parquet_page.h"

#include <string.h>

/* ---- pages ---------------------------------------------------------------------------------- */

/* A chunk being walked, page by page. */
struct walk {
    struct qn_parquet_file *file;
    const struct pq_column *column;
    const struct pq_chunk *chunk;
    size_t at; /* of the next page in file->stored */
    uint64_t rows;
    struct pq_page_header header;
    struct qn_cursor body; /* of the page at hand, unpacked */
};

static int64_t place_of(const struct walk *walk)
{
    return (int64_t)(walk->chunk->start + walk->at);
}

static enum qn_status load_chunk(struct walk *walk, struct qn_error *err)
{
    struct qn_parquet_file *file = walk->file;
    const struct pq_chunk *chunk = walk->chunk;
    if (chunk->codec != PQ_UNCOMPRESSED && chunk->codec != PQ_ZSTD)
        return qn_fail_at(err, QN_ERR_UNSUPPORTED, file->source.name, (int64_t)chunk->start,
                          "column '%s' of %s is compressed with codec %d; only zstd is read.",
                          walk->column->name, file->source.name, (int)chunk->codec);
    qn_buf_clear(&file->stored);
    uint8_t *bytes = qn_buf_reserve(&file->stored, chunk->bytes + 1);
    if (!bytes)
        return qn_fail_memory(err, "a column", chunk->bytes);
    file->stored.len = chunk->bytes;
    return file->source.read_at(file->source.context, chunk->start, bytes, chunk->bytes, err);
}

/* Levels of a version 2 page stand before its values and are never packed. */
static enum qn_status unpack(struct walk *walk, const uint8_t *stored, struct qn_error *err)
{
    struct qn_parquet_file *file = walk->file;
    const struct pq_page_header *header = &walk->header;
    uint64_t plain = (uint64_t)header->definition_len + header->repetition_len;
    bool packed = walk->chunk->codec == PQ_ZSTD && header->packed;
    walk->body = (struct qn_cursor){.data = stored, .len = header->stored_len};
    if (plain > header->stored_len || plain > header->raw_len)
        return pq_corrupt(file, err, place_of(walk),
                          "a page of column '%s' is shorter than its levels", walk->column->name);
    if (!packed)
        return header->raw_len == header->stored_len
                   ? QN_OK
                   : pq_corrupt(file, err, place_of(walk), "a page of column '%s' has two sizes",
                                walk->column->name);
    qn_buf_clear(&file->page);
    uint8_t *to = qn_buf_reserve(&file->page, (size_t)header->raw_len + 1);
    if (!to)
        return qn_fail_memory(err, "a page", header->raw_len);
    memcpy(to, stored, plain);
    size_t len = header->stored_len == plain
                     ? 0
                     : ZSTD_decompressDCtx(file->zstd, to + plain, header->raw_len - plain,
                                           stored + plain, header->stored_len - plain);
    if (ZSTD_isError(len) || len != header->raw_len - plain)
        return pq_corrupt(file, err, place_of(walk), "a page of column '%s' does not unpack",
                          walk->column->name);
    walk->body = (struct qn_cursor){.data = to, .len = header->raw_len};
    return QN_OK;
}

/* The next page, checked and unpacked; *more is false after the last one. */
static enum qn_status next_page(struct walk *walk, bool *more, struct qn_error *err)
{
    struct qn_parquet_file *file = walk->file;
    size_t len;
    *more = walk->rows < walk->chunk->values;
    if (!*more)
        return QN_OK;
    if (!pq_get_page_header(file->stored.data + walk->at, file->stored.len - walk->at,
                            &walk->header, &len) ||
        walk->header.stored_len > file->stored.len - walk->at - len)
        return pq_corrupt(file, err, place_of(walk), "a page of column '%s' has a wrong header",
                          walk->column->name);
    const uint8_t *stored = file->stored.data + walk->at + len;
    if (walk->header.has_crc && pq_page_crc(stored, walk->header.stored_len) != walk->header.crc)
        return pq_corrupt(file, err, place_of(walk), "a page of column '%s' has a wrong checksum",
                          walk->column->name);
    enum qn_status status = unpack(walk, stored, err);
    if (status)
        return status;
    walk->at += len + walk->header.stored_len;
    if (walk->header.kind != PQ_DICTIONARY_PAGE)
        walk->rows += walk->header.values;
    if (walk->rows > walk->chunk->values)
        return pq_corrupt(file, err, place_of(walk), "the pages of column '%s' hold too many rows",
                          walk->column->name);
    return QN_OK;
}

static enum qn_status start_walk(struct qn_parquet_file *file, size_t group, size_t column,
                                 struct walk *walk, struct qn_error *err)
{
    *walk = (struct walk){.file = file,
                          .column = &file->columns[column],
                          .chunk = &file->groups[group].chunks[column]};
    file->dictionary_count = 0;
    qn_buf_clear(&file->dictionary);
    return load_chunk(walk, err);
}

/* ---- values --------------------------------------------------------------------------------- */

static size_t width_of(const struct pq_column *column)
{
    static const uint8_t widths[] = {1, 4, 8, 12, 4, 8, 0, 0};
    return column->physical == PQ_FIXED ? column->length : widths[column->physical];
}

static enum qn_status unsupported(const struct walk *walk, struct qn_error *err)
{
    return qn_fail_at(err, QN_ERR_UNSUPPORTED, walk->file->source.name, place_of(walk),
                      "column '%s' of %s is of a type or encoding (%d) that is not read.",
                      walk->column->name, walk->file->source.name, (int)walk->header.coding);
}

static bool get_plain(struct walk *walk, uint8_t *to, size_t n)
{
    size_t width = width_of(walk->column);
    bool bits = walk->column->physical == PQ_BOOLEAN;
    const uint8_t *from = qn_cursor_bytes(&walk->body, bits ? (n + 7) / 8 : n * width);
    if (from && bits) {
        for (size_t i = 0; i < n; i++)
            to[i] = from[i / 8] >> (i % 8) & 1;
    } else if (from) {
        memcpy(to, from, n * width);
    }
    return from != NULL;
}

static bool get_by_id(struct walk *walk, uint8_t *to, size_t n)
{
    struct qn_parquet_file *file = walk->file;
    size_t width = width_of(walk->column);
    qn_buf_clear(&file->ids);
    uint32_t *ids = (uint32_t *)qn_buf_reserve(&file->ids, (n + 1) * sizeof *ids);
    unsigned bits = qn_cursor_u8(&walk->body);
    if (!ids || walk->body.failed || bits > 32 || !pq_decode_hybrid(&walk->body, ids, n, bits))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (ids[i] >= file->dictionary_count)
            return false;
        memcpy(to + i * width, file->dictionary.data + ids[i] * width, width);
    }
    return true;
}

static bool get_split(struct walk *walk, uint8_t *to, size_t n)
{
    size_t width = width_of(walk->column);
    const uint8_t *from = qn_cursor_bytes(&walk->body, n * width);
    if (from)
        pq_decode_split(from, to, n, width);
    return from != NULL;
}

/* n values that are not null, of the page at hand. */
static enum qn_status get_values(struct walk *walk, uint8_t *to, size_t n, struct qn_error *err)
{
    enum pq_physical physical = walk->column->physical;
    bool integer = physical == PQ_INT32 || physical == PQ_INT64;
    bool whole;
    switch (walk->header.coding) {
    case PQ_PLAIN:
        whole = get_plain(walk, to, n);
        break;
    case PQ_PLAIN_DICTIONARY:
    case PQ_RLE_DICTIONARY:
        whole = get_by_id(walk, to, n);
        break;
    case PQ_DELTA_BINARY_PACKED:
        if (!integer)
            return unsupported(walk, err);
        whole = pq_decode_delta(&walk->body, to, n, width_of(walk->column));
        break;
    case PQ_BYTE_STREAM_SPLIT:
        if (physical == PQ_BOOLEAN)
            return unsupported(walk, err);
        whole = get_split(walk, to, n);
        break;
    default:
        return unsupported(walk, err);
    }
    return whole ? QN_OK
                 : pq_corrupt(walk->file, err, place_of(walk), "a page of column '%s' is damaged",
                              walk->column->name);
}

static enum qn_status take_dictionary(struct walk *walk, struct qn_error *err)
{
    struct qn_parquet_file *file = walk->file;
    size_t width = width_of(walk->column);
    if (walk->header.coding != PQ_PLAIN && walk->header.coding != PQ_PLAIN_DICTIONARY)
        return unsupported(walk, err);
    if (walk->header.values > walk->body.len / (width ? width : 1) || file->dictionary.len > 0)
        return pq_corrupt(file, err, place_of(walk), "the dictionary of column '%s' is damaged",
                          walk->column->name);
    qn_buf_append(&file->dictionary, walk->body.data, walk->body.len);
    file->dictionary_count = walk->header.values;
    return file->dictionary.failed ? qn_fail_memory(err, "a dictionary", walk->body.len) : QN_OK;
}

/* Definition levels of the page at hand, one byte per row; returns the number of values. */
static bool get_levels(struct walk *walk, uint8_t *valid, size_t *values)
{
    struct qn_parquet_file *file = walk->file;
    size_t rows = walk->header.values;
    bool v2 = walk->header.kind == PQ_DATA_PAGE_V2;
    *values = rows;
    memset(valid, 1, rows);
    if (v2)
        qn_cursor_bytes(&walk->body, walk->header.repetition_len);
    if (!walk->column->optional) {
        qn_cursor_bytes(&walk->body, walk->header.definition_len);
        return !walk->body.failed;
    }
    size_t len = v2 ? walk->header.definition_len : qn_cursor_u32(&walk->body);
    struct qn_cursor levels = {.data = qn_cursor_bytes(&walk->body, len), .len = len};
    qn_buf_clear(&file->ids);
    uint32_t *ids = (uint32_t *)qn_buf_reserve(&file->ids, (rows + 1) * sizeof *ids);
    if (walk->header.level_coding != PQ_RLE || !levels.data || !ids ||
        !pq_decode_hybrid(&levels, ids, rows, 1))
        return false;
    for (size_t i = 0; i < rows; i++) {
        valid[i] = (uint8_t)ids[i];
        *values -= ids[i] == 0;
    }
    return true;
}

/* Moves `count` values at the front of `values` to the rows that are not null; zeros between. */
static void spread(uint8_t *values, size_t count, const uint8_t *valid, size_t rows, size_t width)
{
    for (size_t row = rows; row-- > 0 && count < row + 1;) {
        if (valid[row])
            memmove(values + row * width, values + --count * width, width);
        else
            memset(values + row * width, 0, width);
    }
}

static enum qn_status take_data(struct walk *walk, struct qn_buf *values, struct qn_buf *valid,
                                struct qn_error *err)
{
    size_t rows = walk->header.values;
    size_t width = width_of(walk->column);
    size_t count;
    uint8_t *to = qn_buf_reserve(values, rows * width + 1);
    uint8_t *levels = qn_buf_reserve(valid, rows + 1);
    if (!to || !levels)
        return qn_fail_memory(err, "a column", rows * width);
    if (!get_levels(walk, levels, &count))
        return pq_corrupt(walk->file, err, place_of(walk), "a page of column '%s' has wrong levels",
                          walk->column->name);
    enum qn_status status = get_values(walk, to, count, err);
    if (status)
        return status;
    spread(to, count, levels, rows, width);
    values->len += rows * width;
    valid->len += rows;
    return QN_OK;
}

enum qn_status qn_parquet_read_column(struct qn_parquet_file *file, size_t group, size_t column,
                                      struct qn_buf *values, struct qn_buf *valid,
                                      struct qn_error *err)
{
    struct walk walk;
    struct qn_buf unwanted = {0};
    bool more = true;
    enum qn_status status = start_walk(file, group, column, &walk, err);
    if (!status && (width_of(walk.column) == 0 || walk.column->physical == PQ_INT96))
        status = unsupported(&walk, err);
    while (!status) {
        status = next_page(&walk, &more, err);
        if (status || !more)
            break;
        if (walk.header.kind == PQ_DICTIONARY_PAGE)
            status = take_dictionary(&walk, err);
        else if (walk.header.kind == PQ_DATA_PAGE || walk.header.kind == PQ_DATA_PAGE_V2)
            status = take_data(&walk, values, valid ? valid : &unwanted, err);
        qn_buf_clear(&unwanted);
    }
    qn_buf_release(&unwanted);
    return status;
}

enum qn_status qn_parquet_check(struct qn_parquet_file *file, uint64_t *pages, struct qn_error *err)
{
    *pages = 0;
    for (size_t g = 0; g < file->group_count; g++) {
        for (size_t c = 0; c < file->column_count; c++) {
            struct walk walk;
            bool more = true;
            enum qn_status status = start_walk(file, g, c, &walk, err);
            while (!status && more) {
                status = next_page(&walk, &more, err);
                *pages += !status && more;
            }
            if (status)
                return status;
        }
    }
    return QN_OK;
}
