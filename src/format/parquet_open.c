/* Opening Parquet: the footer into tables. See parquet_file.h. */
#include "format/parquet_file.h"

#include "base/sys.h"
#include "format/thrift.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FOOTER (1u << 30)

enum qn_status pq_corrupt(const struct qn_parquet_file *file, struct qn_error *err, int64_t offset,
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
    struct pq_column column;
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

static bool column_is_known(const struct pq_column *column)
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
        return pq_corrupt(file, err, -1, "its schema makes no sense");
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
    return r->in.failed ? pq_corrupt(file, err, -1, "its schema makes no sense") : QN_OK;
}

static void get_chunk_meta(struct qn_thrift_reader *r, struct pq_chunk *chunk)
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
    if ((start < 4 && values > 0) || start < 0 || values < 0 || bytes < 0)
        r->in.failed = true;
    chunk->values = (uint64_t)values;
    chunk->start = (uint64_t)start;
    chunk->bytes = (uint64_t)bytes;
}

static void get_chunk(struct qn_thrift_reader *r, struct pq_chunk *chunk)
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
                                 struct pq_group *group, struct qn_error *err)
{
    enum qn_thrift_type type;
    size_t count = qn_thrift_list_head(r, &type);
    if (type != QN_THRIFT_STRUCT || count != file->column_count || group->chunks)
        return pq_corrupt(file, err, -1, "a row group does not have the columns of the schema");
    group->chunks = qn_sys.calloc(count + 1, sizeof *group->chunks);
    if (!group->chunks)
        return qn_fail_memory(err, "a row group", count * sizeof *group->chunks);
    for (size_t c = 0; c < count && !r->in.failed; c++) {
        struct pq_chunk *chunk = &group->chunks[c];
        get_chunk(r, chunk);
        if (!r->in.failed &&
            (chunk->start > file->source.size || chunk->bytes > file->source.size - chunk->start))
            return pq_corrupt(file, err, (int64_t)chunk->start,
                              "column '%s' would reach past the end of the file",
                              file->columns[c].name);
    }
    return QN_OK;
}

static enum qn_status get_group(struct qn_parquet_file *file, struct qn_thrift_reader *r,
                                struct pq_group *group, struct qn_error *err)
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
            return pq_corrupt(file, err, -1,
                              "column '%s' has another number of rows than its group",
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
        return pq_corrupt(file, err, -1, "its row groups come before its schema");
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
        return pq_corrupt(file, err, -1, "its footer cannot be parsed");
    if (sum != (uint64_t)rows)
        return pq_corrupt(file, err, -1,
                          "its footer says %" PRId64 " rows, its row groups %" PRIu64, rows, sum);
    file->rows = sum;
    return QN_OK;
}

static enum qn_status read_footer(struct qn_parquet_file *file, struct qn_error *err)
{
    const struct qn_parquet_source *source = &file->source;
    uint8_t ends[12];
    uint32_t len;
    if (source->size < 12)
        return pq_corrupt(file, err, 0, "it has only %" PRIu64 " bytes", source->size);
    enum qn_status status = source->read_at(source->context, 0, ends, 4, err);
    if (!status)
        status = source->read_at(source->context, source->size - 8, ends + 4, 8, err);
    if (status)
        return status;
    if (memcmp(ends, QN_PARQUET_MAGIC, 4) != 0 || memcmp(ends + 8, QN_PARQUET_MAGIC, 4) != 0)
        return pq_corrupt(file, err, (int64_t)source->size - 4,
                          "it does not start and end with PAR1");
    memcpy(&len, ends + 4, sizeof len);
    if (len > source->size - 12 || len > MAX_FOOTER)
        return pq_corrupt(file, err, (int64_t)source->size - 8, "its footer would be %u bytes long",
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
