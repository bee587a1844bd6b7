/* Opening Parquet: the footer into tables. See file.h. */
#include "format/parquet/file.h"

#include "base/sys.h"
#include "format/parquet/codec.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct qn_parquet_limits qn_parquet_default_limits = {256u << 20, 256u << 20};

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
    free(file->nodes);
    free(file->leaves);
    free(file->names);
    free(file->groups);
    free(file->chunks);
    free(file->orders);
    free(file->created_by);
    qn_buf_release(&file->footer);
    qn_buf_release(&file->key_values);
    qn_buf_release(&file->key_places);
    free(file);
}

/* ---- chunks --------------------------------------------------------------------------------- */

static void get_encodings(struct qn_thrift_reader *r, enum qn_thrift_type type,
                          struct qn_parquet_chunk *chunk)
{
    size_t count = pq_list(r, type, QN_THRIFT_I32);
    for (size_t i = 0; i < count && !r->in.failed; i++) {
        int64_t coding = qn_thrift_int(r);
        chunk->encodings |= coding >= 0 && coding < 32 ? 1u << coding : 0;
    }
}

static void get_encoding_stats(struct qn_thrift_reader *r, enum qn_thrift_type type,
                               struct qn_parquet_chunk *chunk)
{
    chunk->encoding_stats_count = pq_list(r, type, QN_THRIFT_STRUCT);
    for (size_t i = 0; i < chunk->encoding_stats_count && !r->in.failed; i++) {
        struct qn_parquet_encoding_count count = {-1, -1, -1};
        int16_t id;
        qn_thrift_open(r);
        while (pq_field(r, &id, &type)) {
            int64_t value = pq_int(r, type);
            if (id == 1)
                count.page = (int32_t)value;
            else if (id == 2)
                count.coding = (int32_t)value;
            else if (id == 3)
                count.pages = (int32_t)value;
        }
        if (i < sizeof chunk->encoding_stats / sizeof *chunk->encoding_stats)
            chunk->encoding_stats[i] = count;
    }
}

static void get_chunk_meta(struct qn_thrift_reader *r, enum qn_thrift_type type,
                           struct qn_parquet_chunk *chunk)
{
    int16_t id;
    if (!pq_struct(r, type))
        return;
    while (pq_field(r, &id, &type)) {
        int64_t *numbers[] = {
            [5] = &chunk->values,    [6] = &chunk->raw_bytes,   [7] = &chunk->stored_bytes,
            [9] = &chunk->data_page, [10] = &chunk->index_page, [11] = &chunk->dictionary_page,
            [14] = &chunk->bloom,    [15] = &chunk->bloom_bytes};
        if (id == 1)
            chunk->physical = (enum pq_physical)pq_int(r, type);
        else if (id == 2)
            get_encodings(r, type, chunk);
        else if (id == 4)
            chunk->codec = (enum pq_codec)pq_int(r, type);
        else if (id == 12)
            pq_get_statistics(r, type, &chunk->stats);
        else if (id == 13)
            get_encoding_stats(r, type, chunk);
        else if (id > 0 && id <= 15 && numbers[id] &&
                 (type == QN_THRIFT_I64 || type == QN_THRIFT_I32)) /* drafts had others as 15 */
            *numbers[id] = pq_int(r, type);
        else
            qn_thrift_skip(r, type);
    }
}

/* A ColumnChunk at the reader's place; false if it makes no sense. */
static bool get_chunk(struct qn_thrift_reader *r, struct qn_parquet_chunk *chunk)
{
    int16_t id;
    enum qn_thrift_type type;
    bool described = false;
    *chunk = (struct qn_parquet_chunk){.values = -1,
                                       .raw_bytes = -1,
                                       .stored_bytes = -1,
                                       .data_page = -1,
                                       .dictionary_page = -1,
                                       .index_page = -1,
                                       .bloom = -1,
                                       .bloom_bytes = -1,
                                       .column_index = -1,
                                       .column_index_bytes = -1,
                                       .offset_index = -1,
                                       .offset_index_bytes = -1,
                                       .stats = PQ_NO_STATISTICS};
    qn_thrift_open(r);
    while (pq_field(r, &id, &type)) {
        int64_t *numbers[] = {[4] = &chunk->offset_index,
                              [5] = &chunk->offset_index_bytes,
                              [6] = &chunk->column_index,
                              [7] = &chunk->column_index_bytes};
        if (id == 3) {
            get_chunk_meta(r, type, chunk);
            described = true;
        } else if (id >= 4 && id <= 7) {
            *numbers[id] = pq_int(r, type);
        } else {
            chunk->elsewhere |= id == 1;
            chunk->encrypted |= id == 8 || id == 9;
            qn_thrift_skip(r, type);
        }
    }
    return !r->in.failed && (described || chunk->encrypted);
}

enum qn_status qn_parquet_chunk(const struct qn_parquet_file *file, size_t group, size_t leaf,
                                struct qn_parquet_chunk *chunk, struct qn_error *err)
{
    uint32_t at = file->chunks[group * file->leaf_count + leaf];
    struct qn_thrift_reader r;
    qn_thrift_read(&r, file->footer.data + at, file->footer.len - at);
    if (!get_chunk(&r, chunk))
        return pq_corrupt(file, err, (int64_t)(file->footer_at + at),
                          "the description of column %zu in row group %zu makes no sense", leaf,
                          group);
    return QN_OK;
}

int64_t qn_parquet_chunk_start(const struct qn_parquet_chunk *chunk)
{
    /* Some writers give 0 for "no dictionary". */
    return chunk->dictionary_page > 0 && chunk->dictionary_page < chunk->data_page
               ? chunk->dictionary_page
               : chunk->data_page;
}

static enum qn_status refuse_chunk(const struct qn_parquet_file *file, const char *path,
                                   const struct qn_parquet_chunk *chunk, struct qn_error *err)
{
    if (chunk->encrypted)
        return qn_fail_at(err, QN_ERR_UNSUPPORTED, file->source.name, -1,
                          "column '%s' of %s is encrypted, which is not read.", path,
                          file->source.name);
    if (chunk->elsewhere)
        return qn_fail_at(err, QN_ERR_UNSUPPORTED, file->source.name, -1,
                          "column '%s' of %s lies in another file, which is not read.", path,
                          file->source.name);
    if (!pq_codec_known(chunk->codec))
        return qn_fail_at(err, QN_ERR_UNSUPPORTED, file->source.name, -1,
                          "column '%s' of %s is compressed with %s (codec %d), which is not read.",
                          path, file->source.name,
                          chunk->codec == PQ_LZO ? "LZO" : "an unknown codec", (int)chunk->codec);
    return QN_OK;
}

enum qn_status pq_check_chunk(const struct qn_parquet_file *file, size_t group, size_t leaf,
                              const struct qn_parquet_chunk *chunk, struct qn_error *err)
{
    char path[256];
    const struct qn_parquet_node *node = qn_parquet_leaf(file, leaf);
    qn_parquet_leaf_path(file, leaf, path, sizeof path);
    enum qn_status status = refuse_chunk(file, path, chunk, err);
    if (status)
        return status;
    int64_t start = qn_parquet_chunk_start(chunk);
    if (chunk->values < 0 || chunk->stored_bytes < 0 || (start < 4 && chunk->values > 0))
        return pq_corrupt(file, err, -1, "the description of column '%s' makes no sense", path);
    if (chunk->values > 0 && chunk->physical != node->physical)
        return pq_corrupt(file, err, -1, "column '%s' is not of the type that the schema says",
                          path);
    if (chunk->values > 0 && ((uint64_t)start > file->source.size ||
                              (uint64_t)chunk->stored_bytes > file->source.size - (uint64_t)start))
        return pq_corrupt(file, err, start, "column '%s' would reach past the end of the file",
                          path);
    if (node->max_rep == 0 && (uint64_t)chunk->values != file->groups[group].rows)
        return pq_corrupt(file, err, -1, "column '%s' has another number of rows than its group",
                          path);
    return QN_OK;
}

/* ---- row groups ----------------------------------------------------------------------------- */

static enum qn_status get_chunks(struct qn_parquet_file *file, struct qn_thrift_reader *r,
                                 enum qn_thrift_type type, size_t group, struct qn_error *err)
{
    size_t count = pq_list(r, type, QN_THRIFT_STRUCT);
    if (!r->in.failed && count != file->leaf_count)
        return pq_corrupt(file, err, -1, "row group %zu has %zu columns, the schema %zu", group,
                          count, file->leaf_count);
    for (size_t c = 0; c < count && !r->in.failed; c++) {
        struct qn_parquet_chunk chunk;
        file->chunks[group * file->leaf_count + c] = (uint32_t)r->in.at;
        if (!get_chunk(r, &chunk))
            r->in.failed = true;
    }
    return QN_OK;
}

static enum qn_status get_group(struct qn_parquet_file *file, struct qn_thrift_reader *r,
                                size_t index, struct qn_error *err)
{
    int16_t id;
    enum qn_thrift_type type;
    enum qn_status status = QN_OK;
    struct pq_group *group = &file->groups[index];
    int64_t rows = -1;
    bool has_chunks = false;
    group->at = (uint32_t)r->in.at;
    qn_thrift_open(r);
    while (!status && pq_field(r, &id, &type)) {
        if (id == 1) {
            status = get_chunks(file, r, type, index, err);
            has_chunks = true;
        } else if (id == 3) {
            rows = pq_int(r, type);
        } else {
            group->sorting =
                id == 4 && type == QN_THRIFT_LIST ? (uint32_t)r->in.at : group->sorting;
            qn_thrift_skip(r, type);
        }
    }
    if (!status && !r->in.failed && (rows < 0 || !has_chunks))
        return pq_corrupt(file, err, -1, "row group %zu has no rows or columns", index);
    group->rows = (uint64_t)rows;
    group->len = (uint32_t)r->in.at - group->at;
    return status;
}

static enum qn_status get_groups(struct qn_parquet_file *file, struct qn_thrift_reader *r,
                                 enum qn_thrift_type type, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    size_t count = pq_list(r, type, QN_THRIFT_STRUCT);
    if (!file->nodes || file->groups)
        return pq_corrupt(file, err, -1, "its row groups come before its schema");
    /* Each chunk takes some bytes of the footer, which bounds both tables. */
    if (count > 0 && file->leaf_count > file->footer.len / count)
        return pq_corrupt(file, err, -1, "its footer is too short for its row groups");
    file->groups = qn_sys.calloc(count + 1, sizeof *file->groups);
    file->chunks = qn_sys.calloc(count * file->leaf_count + 1, sizeof *file->chunks);
    if (!file->groups || !file->chunks)
        return qn_fail_memory(err, "row groups", count * sizeof *file->groups);
    for (size_t g = 0; g < count && !status && !r->in.failed; g++) {
        file->group_count++;
        status = get_group(file, r, g, err);
    }
    return status;
}

size_t qn_parquet_group_sorting(const struct qn_parquet_file *file, size_t group,
                                struct qn_parquet_sorting *sorting, size_t most)
{
    uint32_t at = file->groups[group].sorting;
    struct qn_thrift_reader r;
    if (at == 0)
        return 0;
    qn_thrift_read(&r, file->footer.data + at, file->footer.len - at);
    size_t count = pq_list(&r, QN_THRIFT_LIST, QN_THRIFT_STRUCT);
    for (size_t i = 0; i < count && i < most && !r.in.failed; i++) {
        int16_t id;
        enum qn_thrift_type type;
        sorting[i] = (struct qn_parquet_sorting){.leaf = -1};
        qn_thrift_open(&r);
        while (pq_field(&r, &id, &type)) {
            if (id == 1)
                sorting[i].leaf = (int32_t)pq_int(&r, type);
            else if (id == 2)
                sorting[i].descending = pq_bool(&r, type);
            else if (id == 3)
                sorting[i].nulls_first = pq_bool(&r, type);
            else
                qn_thrift_skip(&r, type);
        }
    }
    return r.in.failed ? 0 : count < most ? count : most;
}

/* ---- the footer ----------------------------------------------------------------------------- */

static void get_key_values(struct qn_parquet_file *file, struct qn_thrift_reader *r,
                           enum qn_thrift_type type)
{
    size_t count = pq_list(r, type, QN_THRIFT_STRUCT);
    for (size_t i = 0; i < count && !r->in.failed; i++) {
        struct qn_parquet_bytes texts[2] = {{(const uint8_t *)"", 0}, {(const uint8_t *)"", 0}};
        int16_t id;
        qn_thrift_open(r);
        while (pq_field(r, &id, &type)) {
            if (id == 1 || id == 2)
                texts[id - 1] = pq_bytes(r, type);
            else
                qn_thrift_skip(r, type);
        }
        for (int k = 0; k < 2 && !r->in.failed; k++) {
            uint32_t place = (uint32_t)file->key_values.len;
            qn_buf_append(&file->key_places, &place, sizeof place);
            qn_buf_append(&file->key_values, texts[k].data, texts[k].len);
            qn_buf_u8(&file->key_values, 0);
        }
        file->key_value_count++;
    }
}

static enum qn_status get_orders(struct qn_parquet_file *file, struct qn_thrift_reader *r,
                                 enum qn_thrift_type type, struct qn_error *err)
{
    size_t count = pq_list(r, type, QN_THRIFT_STRUCT);
    free(file->orders);
    file->orders = qn_sys.calloc(count + 1, 1);
    file->order_count = file->orders ? count : 0;
    if (!file->orders)
        return qn_fail_memory(err, "a Parquet footer", count + 1);
    for (size_t i = 0; i < count && !r->in.failed; i++) {
        int16_t id;
        qn_thrift_open(r);
        while (pq_field(r, &id, &type)) {
            file->orders[i] = id > 0 && id < 255 ? (uint8_t)id : 255;
            qn_thrift_skip(r, type);
        }
    }
    return QN_OK;
}

static enum qn_status get_created_by(struct qn_parquet_file *file, struct qn_thrift_reader *r,
                                     enum qn_thrift_type type, struct qn_error *err)
{
    struct qn_parquet_bytes text = pq_bytes(r, type);
    if (r->in.failed || file->created_by)
        return QN_OK;
    file->created_by = qn_sys.malloc(text.len + 1);
    if (!file->created_by)
        return qn_fail_memory(err, "a Parquet footer", text.len + 1);
    if (text.len > 0)
        memcpy(file->created_by, text.data, text.len);
    file->created_by[text.len] = '\0';
    return QN_OK;
}

static enum qn_status check_chunks(const struct qn_parquet_file *file, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < file->group_count * file->leaf_count && !status; i++) {
        struct qn_parquet_chunk chunk;
        size_t group = i / file->leaf_count, leaf = i % file->leaf_count;
        status = qn_parquet_chunk(file, group, leaf, &chunk, err);
        if (!status)
            status = pq_check_chunk(file, group, leaf, &chunk, err);
        if (status == QN_ERR_UNSUPPORTED)
            status = QN_OK; /* other columns can be read */
    }
    return status;
}

static enum qn_status parse_footer(struct qn_parquet_file *file, struct qn_error *err)
{
    struct qn_thrift_reader r;
    int16_t id;
    enum qn_thrift_type type;
    enum qn_status status = QN_OK;
    int64_t rows = -1;
    qn_thrift_read(&r, file->footer.data, file->footer.len);
    while (!status && pq_field(&r, &id, &type)) {
        if (id == 1)
            file->version = (int32_t)pq_int(&r, type);
        else if (id == 2)
            status = pq_get_schema(file, &r, type, err);
        else if (id == 3)
            rows = pq_int(&r, type);
        else if (id == 4)
            status = get_groups(file, &r, type, err);
        else if (id == 5)
            get_key_values(file, &r, type);
        else if (id == 6)
            status = get_created_by(file, &r, type, err);
        else if (id == 7)
            status = get_orders(file, &r, type, err);
        else {
            file->encrypted |= id == 8;
            qn_thrift_skip(&r, type);
        }
    }
    if (status)
        return status;
    if (file->key_values.failed || file->key_places.failed)
        return qn_fail_memory(err, "a Parquet footer", file->footer.len);
    if (r.in.failed || !file->nodes || rows < 0)
        return pq_corrupt(file, err, (int64_t)(file->footer_at + r.in.at),
                          "its footer cannot be parsed");
    file->rows = (uint64_t)rows;
    return QN_OK;
}

static enum qn_status check_ends(const struct qn_parquet_file *file, const uint8_t *ends,
                                 struct qn_error *err)
{
    if (!memcmp(ends + 8, "PARE", 4))
        return qn_fail_at(err, QN_ERR_UNSUPPORTED, file->source.name,
                          (int64_t)file->source.size - 4,
                          "%s is an encrypted Parquet file (its footer ends with PARE), which is "
                          "not read. Decrypt it with the tool that wrote it.",
                          file->source.name);
    if (memcmp(ends, QN_PARQUET_MAGIC, 4) != 0 || memcmp(ends + 8, QN_PARQUET_MAGIC, 4) != 0)
        return pq_corrupt(file, err, (int64_t)file->source.size - 4,
                          "it does not start and end with PAR1");
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
    if (!status)
        status = check_ends(file, ends, err);
    if (status)
        return status;
    memcpy(&len, ends + 4, sizeof len);
    if (len > source->size - 12)
        return pq_corrupt(file, err, (int64_t)source->size - 8, "its footer would be %u bytes long",
                          len);
    if (len > file->limits.footer_bytes)
        return qn_fail_at(err, QN_ERR_UNSUPPORTED, source->name, (int64_t)source->size - 8,
                          "the footer of %s takes %u bytes; the limit is %" PRIu64 ".",
                          source->name, len, file->limits.footer_bytes);
    file->footer_at = source->size - 8 - len;
    uint8_t *bytes = qn_buf_reserve(&file->footer, len + 1u);
    if (!bytes)
        return qn_fail_memory(err, "a Parquet footer", len);
    file->footer.len = len;
    status = source->read_at(source->context, file->footer_at, bytes, len, err);
    return status ? status : parse_footer(file, err);
}

enum qn_status qn_parquet_open_any(struct qn_parquet_file **out,
                                   const struct qn_parquet_source *source,
                                   const struct qn_parquet_limits *limits,
                                   enum qn_parquet_trust trust, struct qn_error *err)
{
    struct qn_parquet_file *file = qn_sys.calloc(1, sizeof *file);
    *out = NULL;
    if (!file)
        return qn_fail_memory(err, "a Parquet file", sizeof *file);
    file->source = *source;
    file->trust = trust;
    file->limits = limits ? *limits : qn_parquet_default_limits;
    enum qn_status status = read_footer(file, err);
    if (!status && trust == QN_PARQUET_STRICT)
        status = check_chunks(file, err);
    if (status)
        qn_parquet_close(file);
    else
        *out = file;
    return status;
}

/* ---- what the footer says ------------------------------------------------------------------- */

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

struct qn_parquet_about qn_parquet_about(const struct qn_parquet_file *file)
{
    return (struct qn_parquet_about){.rows = file->rows,
                                     .size = file->source.size,
                                     .footer_at = file->footer_at,
                                     .footer_len = file->footer.len,
                                     .version = file->version,
                                     .created_by = file->created_by ? file->created_by : "",
                                     .key_values = file->key_value_count};
}

bool qn_parquet_has_order(const struct qn_parquet_file *file, size_t leaf)
{
    return file->order_count == 0 || (leaf < file->order_count && file->orders[leaf] == 1);
}

void qn_parquet_key_value_at(const struct qn_parquet_file *file, size_t i, const char **key,
                             const char **value)
{
    const char *texts = (const char *)file->key_values.data;
    const uint32_t *places = (const uint32_t *)(const void *)file->key_places.data + 2 * i;
    *key = texts + places[0];
    *value = texts + places[1];
}
