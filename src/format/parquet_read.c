/* Reading Parquet: the footer into tables, a column of a row group into values. Nothing in a file
 * is trusted: every offset, length and count is checked before it is used. */
#include "format/parquet.h"

#include "base/sys.h"
#include "format/parquet_encode.h"
#include "format/parquet_page.h"
#include "format/thrift.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define MAX_FOOTER (1u << 30)

struct column {
    char *name;
    enum pq_physical physical;
    uint32_t length; /* FIXED */
    bool optional;
};

struct chunk {
    enum pq_codec codec;
    uint64_t values;
    uint64_t start; /* of the first page, in the file */
    uint64_t bytes;
};

struct group {
    uint64_t rows;
    struct chunk *chunks; /* column_count */
};

struct qn_parquet_file {
    struct qn_parquet_source source;
    struct column *columns;
    size_t column_count;
    struct group *groups;
    size_t group_count;
    uint64_t rows;
    struct qn_buf key_values; /* qn_buf_text pairs, each with a NUL behind it */
    ZSTD_DCtx *zstd;
    struct qn_buf stored; /* one chunk as it is in the file */
    struct qn_buf page;   /* one page, unpacked */
    struct qn_buf dictionary;
    uint32_t dictionary_count;
    struct qn_buf ids;
};

static enum qn_status __attribute__((format(printf, 4, 5)))
corrupt(const struct qn_parquet_file *file, struct qn_error *err, int64_t offset,
        const char *format, ...)
{
    char what[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return qn_fail_at(err, QN_ERR_CORRUPT, file->source.name, offset,
                      "%s is not a whole Parquet file: %s.", file->source.name, what);
}

void qn_parquet_close(struct qn_parquet_file *file)
{
    if (!file)
        return;
    for (size_t c = 0; c < file->column_count; c++)
        free(file->columns[c].name);
    for (size_t g = 0; g < file->group_count; g++)
        free(file->groups[g].chunks);
    free(file->columns);
    free(file->groups);
    ZSTD_freeDCtx(file->zstd);
    qn_buf_release(&file->key_values);
    qn_buf_release(&file->stored);
    qn_buf_release(&file->page);
    qn_buf_release(&file->dictionary);
    qn_buf_release(&file->ids);
    free(file);
}

/* ---- the footer ----------------------------------------------------------------------------- */

struct element { /* of the schema */
    struct column column;
    int64_t children;
    int64_t repetition;
};

static char *copy_text(struct qn_thrift_reader *r)
{
    size_t len;
    const uint8_t *bytes = qn_thrift_bytes(r, &len);
    char *text = bytes ? qn_sys.malloc(len + 1) : NULL;
    if (!text) {
        r->in.failed = true;
        return NULL;
    }
    memcpy(text, bytes, len);
    text[len] = 0;
    return text;
}

static void get_element(struct qn_thrift_reader *r, struct element *element)
{
    int16_t id;
    enum qn_thrift_type type;
    *element = (struct element){0};
    qn_thrift_open(r);
    while (!r->in.failed && (type = qn_thrift_field(r, &id)) != QN_THRIFT_STOP) {
        if (id == 1)
            element->column.physical = (enum pq_physical)qn_thrift_int(r);
        else if (id == 2)
            element->column.length = (uint32_t)qn_thrift_int(r);
        else if (id == 3)
            element->repetition = qn_thrift_int(r);
        else if (id == 4 && type == QN_THRIFT_BINARY && !element->column.name)
            element->column.name = copy_text(r);
        else if (id == 5)
            element->children = qn_thrift_int(r);
        else
            qn_thrift_skip(r, type);
    }
    element->column.optional = element->repetition == 1;
}

static bool column_is_known(const struct column *column)
{
    return column->name && (unsigned)column->physical <= PQ_FIXED &&
           (column->physical != PQ_FIXED || (column->length > 0 && column->length <= 1u << 20));
}

static enum qn_status get_schema(struct qn_parquet_file *file, struct qn_thrift_reader *r,
                                 struct qn_error *err)
{
    enum qn_thrift_type type;
    size_t count = qn_thrift_list_head(r, &type);
    if (type != QN_THRIFT_STRUCT || count == 0 || file->columns)
        return corrupt(file, err, -1, "its schema makes no sense");
    file->columns = qn_sys.calloc(count, sizeof *file->columns);
    if (!file->columns)
        return qn_fail_memory(err, "a schema", count * sizeof *file->columns);
    for (size_t i = 0; i < count && !r->in.failed; i++) {
        struct element element;
        get_element(r, &element);
        if (i == 0) {
            free(element.column.name);
            continue;
        }
        file->columns[file->column_count++] = element.column;
        if (element.children > 0 || element.repetition == 2)
            return qn_fail_at(err, QN_ERR_UNSUPPORTED, file->source.name, -1,
                              "column '%s' of %s is nested; only flat tables are read.",
                              element.column.name ? element.column.name : "?", file->source.name);
        if (!column_is_known(&element.column))
            r->in.failed = true;
    }
    return r->in.failed ? corrupt(file, err, -1, "its schema makes no sense") : QN_OK;
}

static void get_chunk_meta(struct qn_thrift_reader *r, struct chunk *chunk)
{
    int16_t id;
    enum qn_thrift_type type;
    int64_t data = 0, dictionary = 0, values = 0, bytes = 0;
    qn_thrift_open(r);
    while (!r->in.failed && (type = qn_thrift_field(r, &id)) != QN_THRIFT_STOP) {
        if (id == 4)
            chunk->codec = (enum pq_codec)qn_thrift_int(r);
        else if (id == 5)
            values = qn_thrift_int(r);
        else if (id == 7)
            bytes = qn_thrift_int(r);
        else if (id == 9)
            data = qn_thrift_int(r);
        else if (id == 11)
            dictionary = qn_thrift_int(r);
        else
            qn_thrift_skip(r, type);
    }
    /* Some writers give 0 for "no dictionary". */
    int64_t start = dictionary > 0 && dictionary < data ? dictionary : data;
    if (start < 4 || values < 0 || bytes < 0)
        r->in.failed = true;
    chunk->values = (uint64_t)values;
    chunk->start = (uint64_t)start;
    chunk->bytes = (uint64_t)bytes;
}

static void get_chunk(struct qn_thrift_reader *r, struct chunk *chunk)
{
    int16_t id;
    enum qn_thrift_type type;
    bool described = false;
    qn_thrift_open(r);
    while (!r->in.failed && (type = qn_thrift_field(r, &id)) != QN_THRIFT_STOP) {
        if (id == 3 && type == QN_THRIFT_STRUCT) {
            get_chunk_meta(r, chunk);
            described = true;
        } else {
            qn_thrift_skip(r, type);
        }
    }
    r->in.failed |= !described;
}

static enum qn_status get_chunks(struct qn_parquet_file *file, struct qn_thrift_reader *r,
                                 struct group *group, struct qn_error *err)
{
    enum qn_thrift_type type;
    size_t count = qn_thrift_list_head(r, &type);
    if (type != QN_THRIFT_STRUCT || count != file->column_count || group->chunks)
        return corrupt(file, err, -1, "a row group does not have the columns of the schema");
    group->chunks = qn_sys.calloc(count + 1, sizeof *group->chunks);
    if (!group->chunks)
        return qn_fail_memory(err, "a row group", count * sizeof *group->chunks);
    for (size_t c = 0; c < count && !r->in.failed; c++) {
        struct chunk *chunk = &group->chunks[c];
        get_chunk(r, chunk);
        if (!r->in.failed &&
            (chunk->start > file->source.size || chunk->bytes > file->source.size - chunk->start))
            return corrupt(file, err, (int64_t)chunk->start,
                           "column '%s' would reach past the end of the file",
                           file->columns[c].name);
    }
    return QN_OK;
}

static enum qn_status get_group(struct qn_parquet_file *file, struct qn_thrift_reader *r,
                                struct group *group, struct qn_error *err)
{
    int16_t id;
    enum qn_thrift_type type;
    enum qn_status status = QN_OK;
    int64_t rows = -1;
    qn_thrift_open(r);
    while (!status && !r->in.failed && (type = qn_thrift_field(r, &id)) != QN_THRIFT_STOP) {
        if (id == 1)
            status = get_chunks(file, r, group, err);
        else if (id == 3)
            rows = qn_thrift_int(r);
        else
            qn_thrift_skip(r, type);
    }
    if (!status && (rows < 0 || !group->chunks))
        r->in.failed = true;
    group->rows = (uint64_t)rows;
    for (size_t c = 0; !status && !r->in.failed && c < file->column_count; c++) {
        if (group->chunks[c].values != group->rows)
            return corrupt(file, err, -1, "column '%s' has another number of rows than its group",
                           file->columns[c].name);
    }
    return status;
}

static enum qn_status get_groups(struct qn_parquet_file *file, struct qn_thrift_reader *r,
                                 struct qn_error *err)
{
    enum qn_thrift_type type;
    enum qn_status status = QN_OK;
    size_t count = qn_thrift_list_head(r, &type);
    if (!file->columns || file->groups)
        return corrupt(file, err, -1, "its row groups come before its schema");
    file->groups = qn_sys.calloc(count + 1, sizeof *file->groups);
    if (!file->groups)
        return qn_fail_memory(err, "row groups", count * sizeof *file->groups);
    for (size_t g = 0; g < count && !status && !r->in.failed; g++) {
        file->group_count++;
        status = get_group(file, r, &file->groups[g], err);
    }
    return status;
}

static void get_key_values(struct qn_parquet_file *file, struct qn_thrift_reader *r)
{
    enum qn_thrift_type type;
    size_t count = qn_thrift_list_head(r, &type);
    for (size_t i = 0; i < count && !r->in.failed; i++) {
        const uint8_t *texts[2] = {(const uint8_t *)"", (const uint8_t *)""};
        size_t lens[2] = {0, 0};
        int16_t id;
        qn_thrift_open(r);
        while (!r->in.failed && (type = qn_thrift_field(r, &id)) != QN_THRIFT_STOP) {
            if ((id == 1 || id == 2) && type == QN_THRIFT_BINARY)
                texts[id - 1] = qn_thrift_bytes(r, &lens[id - 1]);
            else
                qn_thrift_skip(r, type);
        }
        for (int k = 0; k < 2 && !r->in.failed; k++) {
            qn_buf_u32(&file->key_values, (uint32_t)lens[k]);
            qn_buf_append(&file->key_values, texts[k], lens[k]);
            qn_buf_u8(&file->key_values, 0);
        }
    }
}

static enum qn_status parse_footer(struct qn_parquet_file *file, const uint8_t *bytes, size_t len,
                                   struct qn_error *err)
{
    struct qn_thrift_reader r;
    int16_t id;
    enum qn_thrift_type type;
    enum qn_status status = QN_OK;
    int64_t rows = -1;
    qn_thrift_read(&r, bytes, len);
    while (!status && !r.in.failed && (type = qn_thrift_field(&r, &id)) != QN_THRIFT_STOP) {
        if (id == 2)
            status = get_schema(file, &r, err);
        else if (id == 3)
            rows = qn_thrift_int(&r);
        else if (id == 4)
            status = get_groups(file, &r, err);
        else if (id == 5)
            get_key_values(file, &r);
        else
            qn_thrift_skip(&r, type);
    }
    if (status)
        return status;
    uint64_t sum = 0;
    for (size_t g = 0; g < file->group_count; g++)
        sum += file->groups[g].rows;
    if (r.in.failed || !file->columns || rows < 0)
        return corrupt(file, err, -1, "its footer cannot be parsed");
    if (sum != (uint64_t)rows)
        return corrupt(file, err, -1, "its footer says %" PRId64 " rows, its row groups %" PRIu64,
                       rows, sum);
    file->rows = sum;
    return QN_OK;
}

static enum qn_status read_footer(struct qn_parquet_file *file, struct qn_error *err)
{
    const struct qn_parquet_source *source = &file->source;
    uint8_t ends[12];
    uint32_t len;
    if (source->size < 12)
        return corrupt(file, err, 0, "it has only %" PRIu64 " bytes", source->size);
    enum qn_status status = source->read_at(source->context, 0, ends, 4, err);
    if (!status)
        status = source->read_at(source->context, source->size - 8, ends + 4, 8, err);
    if (status)
        return status;
    if (memcmp(ends, QN_PARQUET_MAGIC, 4) != 0 || memcmp(ends + 8, QN_PARQUET_MAGIC, 4) != 0)
        return corrupt(file, err, (int64_t)source->size - 4, "it does not start and end with PAR1");
    memcpy(&len, ends + 4, sizeof len);
    if (len > source->size - 12 || len > MAX_FOOTER)
        return corrupt(file, err, (int64_t)source->size - 8, "its footer would be %u bytes long",
                       len);
    uint8_t *bytes = qn_buf_reserve(&file->stored, len + 1u);
    if (!bytes)
        return qn_fail_memory(err, "a Parquet footer", len);
    status = source->read_at(source->context, source->size - 8 - len, bytes, len, err);
    return status ? status : parse_footer(file, bytes, len, err);
}

enum qn_status qn_parquet_open(struct qn_parquet_file **out, const struct qn_parquet_source *source,
                               struct qn_error *err)
{
    struct qn_parquet_file *file = qn_sys.calloc(1, sizeof *file);
    *out = NULL;
    if (!file)
        return qn_fail_memory(err, "a Parquet file", sizeof *file);
    file->source = *source;
    file->zstd = ZSTD_createDCtx();
    enum qn_status status =
        file->zstd ? read_footer(file, err) : qn_fail_memory(err, "a decoder", 1u << 17);
    if (status)
        qn_parquet_close(file);
    else
        *out = file;
    return status;
}

uint64_t qn_parquet_rows(const struct qn_parquet_file *file)
{
    return file->rows;
}

size_t qn_parquet_groups(const struct qn_parquet_file *file)
{
    return file->group_count;
}

uint64_t qn_parquet_group_rows(const struct qn_parquet_file *file, size_t group)
{
    return file->groups[group].rows;
}

size_t qn_parquet_columns(const struct qn_parquet_file *file)
{
    return file->column_count;
}

const char *qn_parquet_column_name(const struct qn_parquet_file *file, size_t column)
{
    return file->columns[column].name;
}

const char *qn_parquet_key_value(const struct qn_parquet_file *file, const char *key)
{
    struct qn_cursor in = {.data = file->key_values.data, .len = file->key_values.len};
    while (in.at < in.len) {
        const char *texts[2];
        for (int k = 0; k < 2; k++) {
            uint32_t len = qn_cursor_u32(&in);
            texts[k] = (const char *)qn_cursor_bytes(&in, len + 1u);
        }
        if (texts[0] && texts[1] && strcmp(texts[0], key) == 0)
            return texts[1];
    }
    return NULL;
}

/* ---- pages ---------------------------------------------------------------------------------- */

/* A chunk being walked, page by page. */
struct walk {
    struct qn_parquet_file *file;
    const struct column *column;
    const struct chunk *chunk;
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
    const struct chunk *chunk = walk->chunk;
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
        return corrupt(file, err, place_of(walk),
                       "a page of column '%s' is shorter than its levels", walk->column->name);
    if (!packed)
        return header->raw_len == header->stored_len
                   ? QN_OK
                   : corrupt(file, err, place_of(walk), "a page of column '%s' has two sizes",
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
        return corrupt(file, err, place_of(walk), "a page of column '%s' does not unpack",
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
        return corrupt(file, err, place_of(walk), "a page of column '%s' has a wrong header",
                       walk->column->name);
    const uint8_t *stored = file->stored.data + walk->at + len;
    if (walk->header.has_crc && pq_page_crc(stored, walk->header.stored_len) != walk->header.crc)
        return corrupt(file, err, place_of(walk), "a page of column '%s' has a wrong checksum",
                       walk->column->name);
    enum qn_status status = unpack(walk, stored, err);
    if (status)
        return status;
    walk->at += len + walk->header.stored_len;
    if (walk->header.kind != PQ_DICTIONARY_PAGE)
        walk->rows += walk->header.values;
    if (walk->rows > walk->chunk->values)
        return corrupt(file, err, place_of(walk), "the pages of column '%s' hold too many rows",
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

static size_t width_of(const struct column *column)
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
                 : corrupt(walk->file, err, place_of(walk), "a page of column '%s' is damaged",
                           walk->column->name);
}

static enum qn_status take_dictionary(struct walk *walk, struct qn_error *err)
{
    struct qn_parquet_file *file = walk->file;
    size_t width = width_of(walk->column);
    if (walk->header.coding != PQ_PLAIN && walk->header.coding != PQ_PLAIN_DICTIONARY)
        return unsupported(walk, err);
    if (walk->header.values > walk->body.len / (width ? width : 1) || file->dictionary.len > 0)
        return corrupt(file, err, place_of(walk), "the dictionary of column '%s' is damaged",
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
        return corrupt(walk->file, err, place_of(walk), "a page of column '%s' has wrong levels",
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
