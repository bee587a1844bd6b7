/* Carrying row groups over: see carry.h. Every field that is not a place in the file is
 * copied as it is, whether this version knows it or not. */
#include "format/parquet/carry.h"

#include "base/sys.h"
#include "format/parquet/bloom.h"
#include "format/parquet/file.h"

#include <quern/version.h>
#include <stdlib.h>
#include <string.h>

#define CREATED_BY "quern version " QUERN_VERSION " (build 0)"

struct chunk_places {                      /* of a chunk in the new file */
    int64_t shift;                         /* what its page offsets change by */
    int64_t bloom;                         /* 0: none */
    size_t column_index, column_index_len; /* in `indexes`; length 0: none */
    size_t offset_index, offset_index_len;
};

struct group {
    size_t description, description_len; /* RowGroup of the source, in `descriptions` */
    uint64_t at;
    size_t places; /* of its first chunk in `places` */
};

struct qn_parquet_carrier {
    size_t leaf_count;
    struct qn_buf schema, orders, key_values; /* values of the fields, as bytes */
    struct qn_buf groups, places, descriptions, indexes;
    size_t group_count;
    uint64_t rows;
};

enum qn_status qn_parquet_carrier_new(struct qn_parquet_carrier **out,
                                      const struct qn_parquet_file *first, struct qn_error *err)
{
    struct qn_parquet_carrier *carrier = *out = qn_sys.calloc(1, sizeof *carrier);
    if (!carrier)
        return qn_fail_memory(err, "a Parquet footer", sizeof *carrier);
    carrier->leaf_count = first->leaf_count;
    struct qn_thrift_reader r;
    int16_t id;
    enum qn_thrift_type type;
    qn_thrift_read(&r, first->footer.data, first->footer.len);
    while (pq_field(&r, &id, &type)) {
        size_t start = r.in.at;
        qn_thrift_skip(&r, type);
        struct qn_buf *to = id == 2   ? &carrier->schema
                            : id == 5 ? &carrier->key_values
                            : id == 7 ? &carrier->orders
                                      : NULL;
        if (to && type == QN_THRIFT_LIST)
            qn_buf_append(to, first->footer.data + start, r.in.at - start);
    }
    if (!carrier->schema.failed && !carrier->key_values.failed && !carrier->orders.failed)
        return QN_OK;
    qn_parquet_carrier_free(carrier);
    *out = NULL;
    return qn_fail_memory(err, "a Parquet footer", first->footer.len);
}

void qn_parquet_carrier_free(struct qn_parquet_carrier *carrier)
{
    if (!carrier)
        return;
    struct qn_buf *buffers[] = {&carrier->schema, &carrier->orders, &carrier->key_values,
                                &carrier->groups, &carrier->places, &carrier->descriptions,
                                &carrier->indexes};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        qn_buf_release(buffers[i]);
    free(carrier);
}

bool qn_parquet_same_schema(const struct qn_parquet_file *first, const struct qn_parquet_file *file)
{
    if (first->node_count != file->node_count)
        return false;
    for (uint32_t n = 1; n < file->nodes[0].next; n = file->nodes[n].next) {
        if (strcmp(first->nodes[n].name, file->nodes[n].name) != 0 ||
            first->nodes[n].repetition != file->nodes[n].repetition ||
            !qn_parquet_column_fits(file, n, first, n))
            return false;
    }
    return true;
}

/* ---- one group ------------------------------------------------------------------------------ */

static enum qn_status read_index(struct qn_parquet_file *file, int64_t offset, int64_t len,
                                 struct qn_buf *to, struct qn_error *err)
{
    if (offset < 4 || len < 0 || (uint64_t)offset > file->source.size ||
        (uint64_t)len > file->source.size - (uint64_t)offset ||
        (uint64_t)len > file->limits.page_bytes)
        return pq_corrupt(file, err, offset, "a page index would lie outside of the file");
    uint8_t *room = qn_buf_reserve(to, (size_t)len + 1);
    if (!room)
        return qn_fail_memory(err, "a page index", (uint64_t)len);
    to->len += (size_t)len;
    return file->source.read_at(file->source.context, (uint64_t)offset, room, (size_t)len, err);
}

/* An offset that makes no sense stays one, and may wrap. */
static int64_t moved(int64_t offset, int64_t shift)
{
    return (int64_t)((uint64_t)offset + (uint64_t)shift);
}

/* A PageLocation with its offset moved. */
static void move_location(struct qn_thrift_reader *r, struct qn_thrift_writer *w, int64_t shift)
{
    int16_t id;
    enum qn_thrift_type type;
    qn_thrift_open(r);
    qn_thrift_element(w);
    while (pq_field(r, &id, &type)) {
        size_t start = r->in.at;
        if (id == 1) {
            qn_thrift_i64(w, 1, moved(pq_int(r, type), shift));
            continue;
        }
        qn_thrift_skip(r, type);
        qn_thrift_raw(w, id, type, r->in.data + start, r->in.at - start);
    }
    qn_thrift_end(w);
}

/* An OffsetIndex with every offset moved; false if it makes no sense. */
static bool move_offset_index(const struct qn_buf *index, int64_t shift, struct qn_buf *out)
{
    struct qn_thrift_reader r;
    struct qn_thrift_writer w;
    int16_t id;
    enum qn_thrift_type type;
    qn_thrift_read(&r, index->data, index->len);
    qn_thrift_begin(&w, out);
    while (pq_field(&r, &id, &type)) {
        size_t start = r.in.at;
        if (id == 1) {
            size_t count = pq_list(&r, type, QN_THRIFT_STRUCT);
            qn_thrift_list(&w, 1, QN_THRIFT_STRUCT, count);
            for (size_t i = 0; i < count && !r.in.failed; i++)
                move_location(&r, &w, shift);
            continue;
        }
        qn_thrift_skip(&r, type);
        qn_thrift_raw(&w, id, type, r.in.data + start, r.in.at - start);
    }
    qn_thrift_end(&w);
    return !r.in.failed;
}

static enum qn_status carry_indexes(struct qn_parquet_carrier *carrier,
                                    struct qn_parquet_file *file,
                                    const struct qn_parquet_chunk *chunk,
                                    struct chunk_places *places, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    places->column_index = carrier->indexes.len;
    if (chunk->column_index > 0 && chunk->column_index_bytes > 0)
        status = read_index(file, chunk->column_index, chunk->column_index_bytes, &carrier->indexes,
                            err);
    places->column_index_len = carrier->indexes.len - places->column_index;
    places->offset_index = carrier->indexes.len;
    if (status || chunk->offset_index <= 0 || chunk->offset_index_bytes <= 0)
        return status;
    struct qn_buf index = {0};
    status = read_index(file, chunk->offset_index, chunk->offset_index_bytes, &index, err);
    if (!status && !move_offset_index(&index, places->shift, &carrier->indexes))
        status = pq_corrupt(file, err, chunk->offset_index, "an offset index makes no sense");
    places->offset_index_len = carrier->indexes.len - places->offset_index;
    qn_buf_release(&index);
    return status;
}

static void add_piece(struct qn_buf *pieces, uint64_t offset, uint64_t len)
{
    struct qn_parquet_piece piece = {offset, len};
    qn_buf_append(pieces, &piece, sizeof piece);
}

/* Chunks first, then the bloom filters of the group. */
static enum qn_status carry_chunks(struct qn_parquet_carrier *carrier, struct qn_parquet_file *file,
                                   size_t group, uint64_t at, struct chunk_places *places,
                                   struct qn_buf *pieces, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    struct qn_parquet_chunk chunk;
    for (size_t leaf = 0; leaf < file->leaf_count && !status; leaf++) {
        status = qn_parquet_chunk(file, group, leaf, &chunk, err);
        if (!status)
            status = pq_check_chunk(file, group, leaf, &chunk, err);
        if (status)
            return status;
        int64_t start = chunk.values > 0 ? qn_parquet_chunk_start(&chunk) : (int64_t)at;
        places[leaf].shift = (int64_t)at - start;
        add_piece(pieces, (uint64_t)start, chunk.values > 0 ? (uint64_t)chunk.stored_bytes : 0);
        at += chunk.values > 0 ? (uint64_t)chunk.stored_bytes : 0;
        status = carry_indexes(carrier, file, &chunk, &places[leaf], err);
    }
    for (size_t leaf = 0; leaf < file->leaf_count && !status; leaf++) {
        uint64_t len = 0;
        status = qn_parquet_chunk(file, group, leaf, &chunk, err);
        bool may = qn_parquet_may_bloom(qn_parquet_order(qn_parquet_leaf(file, leaf)));
        if (!status && chunk.bloom > 0 && may)
            status = qn_parquet_bloom_extent(file, &chunk, &len, err);
        if (status || len == 0)
            continue;
        add_piece(pieces, (uint64_t)chunk.bloom, len);
        places[leaf].bloom = (int64_t)at;
        at += len;
    }
    return status;
}

enum qn_status qn_parquet_carry(struct qn_parquet_carrier *carrier, struct qn_parquet_file *file,
                                size_t group, uint64_t at, struct qn_buf *pieces,
                                struct qn_error *err)
{
    const struct pq_group *source = &file->groups[group];
    struct group next = {.description = carrier->descriptions.len,
                         .description_len = source->len,
                         .at = at,
                         .places = carrier->places.len / sizeof(struct chunk_places)};
    size_t bytes = carrier->leaf_count * sizeof(struct chunk_places);
    qn_buf_clear(pieces);
    struct chunk_places *places =
        (struct chunk_places *)(void *)qn_buf_reserve(&carrier->places, bytes + 1);
    if (!places)
        return qn_fail_memory(err, "a Parquet footer", bytes);
    memset(places, 0, bytes);
    enum qn_status status = carry_chunks(carrier, file, group, at, places, pieces, err);
    if (status)
        return status;
    carrier->places.len += bytes;
    qn_buf_append(&carrier->descriptions, file->footer.data + source->at, source->len);
    qn_buf_append(&carrier->groups, &next, sizeof next);
    if (carrier->descriptions.failed || carrier->groups.failed || carrier->indexes.failed ||
        pieces->failed)
        return qn_fail_memory(err, "a Parquet footer", carrier->descriptions.len);
    carrier->group_count++;
    carrier->rows += source->rows;
    return QN_OK;
}

/* ---- the footer ----------------------------------------------------------------------------- */

/* Writes a struct anew: fields for which `change` writes something (or leaves them out on purpose)
 * are its own affair, all others are copied. */
struct changing {
    const struct chunk_places *places; /* of the chunk at hand */
    uint64_t index_at;                 /* where `indexes` begin in the new file */
    const struct group *group;
    size_t ordinal;
    size_t leaf_count;
    const struct chunk_places *all; /* places of all chunks of the group */
};
typedef bool change_function(struct qn_thrift_reader *r, struct qn_thrift_writer *w, int16_t id,
                             enum qn_thrift_type type, struct changing *changing);

static void change_struct(struct qn_thrift_reader *r, struct qn_thrift_writer *w,
                          change_function *change, struct changing *changing)
{
    int16_t id;
    enum qn_thrift_type type;
    qn_thrift_open(r);
    while (pq_field(r, &id, &type)) {
        size_t start = r->in.at;
        if (change(r, w, id, type, changing))
            continue;
        if (type == QN_THRIFT_TRUE || type == QN_THRIFT_FALSE) {
            qn_thrift_bool(w, id, type == QN_THRIFT_TRUE);
            continue;
        }
        qn_thrift_skip(r, type);
        qn_thrift_raw(w, id, type, r->in.data + start, r->in.at - start);
    }
    qn_thrift_end(w);
}

static bool change_meta(struct qn_thrift_reader *r, struct qn_thrift_writer *w, int16_t id,
                        enum qn_thrift_type type, struct changing *changing)
{
    bool page = id == 9 || id == 10 || id == 11;
    if (id == 15 && changing->places->bloom == 0) { /* the length of a filter that is left out */
        pq_int(r, type);
        return true;
    }
    if ((!page && id != 14) || type != QN_THRIFT_I64)
        return false;
    int64_t offset = pq_int(r, type);
    if (page) /* 0 is how some say that there is no such page */
        qn_thrift_i64(w, id, offset > 0 ? moved(offset, changing->places->shift) : offset);
    else if (changing->places->bloom > 0)
        qn_thrift_i64(w, id, changing->places->bloom);
    return true;
}

static bool change_chunk(struct qn_thrift_reader *r, struct qn_thrift_writer *w, int16_t id,
                         enum qn_thrift_type type, struct changing *changing)
{
    const struct chunk_places *places = changing->places;
    if (id == 3 && type == QN_THRIFT_STRUCT) {
        qn_thrift_struct(w, id);
        change_struct(r, w, change_meta, changing);
        return true;
    }
    if (id != 2 && (id < 4 || id > 7))
        return false;
    pq_int(r, type);
    if (id == 2)
        qn_thrift_i64(w, id, 0);
    else if (id == 4 && places->offset_index_len)
        qn_thrift_i64(w, id, (int64_t)(changing->index_at + places->offset_index));
    else if (id == 5 && places->offset_index_len)
        qn_thrift_i32(w, id, (int32_t)places->offset_index_len);
    else if (id == 6 && places->column_index_len)
        qn_thrift_i64(w, id, (int64_t)(changing->index_at + places->column_index));
    else if (id == 7 && places->column_index_len)
        qn_thrift_i32(w, id, (int32_t)places->column_index_len);
    return true;
}

static bool change_group(struct qn_thrift_reader *r, struct qn_thrift_writer *w, int16_t id,
                         enum qn_thrift_type type, struct changing *changing)
{
    if (id == 1) {
        size_t count = pq_list(r, type, QN_THRIFT_STRUCT);
        qn_thrift_list(w, 1, QN_THRIFT_STRUCT, count);
        for (size_t i = 0; i < count && i < changing->leaf_count && !r->in.failed; i++) {
            changing->places = &changing->all[i];
            qn_thrift_element(w);
            change_struct(r, w, change_chunk, changing);
        }
        return true;
    }
    if (id != 5 && id != 7)
        return false;
    pq_int(r, type);
    if (id == 5)
        qn_thrift_i64(w, id, (int64_t)changing->group->at);
    else if (changing->ordinal <= INT16_MAX)
        qn_thrift_i16(w, id, (int16_t)changing->ordinal);
    return true;
}

static bool put_groups(const struct qn_parquet_carrier *carrier, struct qn_thrift_writer *w,
                       uint64_t index_at)
{
    const struct group *groups = (const struct group *)(const void *)carrier->groups.data;
    bool whole = true;
    qn_thrift_list(w, 4, QN_THRIFT_STRUCT, carrier->group_count);
    for (size_t g = 0; g < carrier->group_count && whole; g++) {
        struct qn_thrift_reader r;
        struct changing changing = {
            .index_at = index_at,
            .group = &groups[g],
            .ordinal = g,
            .leaf_count = carrier->leaf_count,
            .all =
                (const struct chunk_places *)(const void *)carrier->places.data + groups[g].places};
        qn_thrift_read(&r, carrier->descriptions.data + groups[g].description,
                       groups[g].description_len);
        qn_thrift_element(w);
        change_struct(&r, w, change_group, &changing);
        whole = !r.in.failed;
    }
    return whole;
}

enum qn_status qn_parquet_carrier_finish(struct qn_parquet_carrier *carrier, uint64_t at,
                                         struct qn_buf *out, struct qn_error *err)
{
    struct qn_thrift_writer w;
    qn_buf_append(out, carrier->indexes.data, carrier->indexes.len);
    size_t start = out->len;
    qn_thrift_begin(&w, out);
    qn_thrift_i32(&w, 1, 1);
    qn_thrift_raw(&w, 2, QN_THRIFT_LIST, carrier->schema.data, carrier->schema.len);
    qn_thrift_i64(&w, 3, (int64_t)carrier->rows);
    bool whole = put_groups(carrier, &w, at);
    if (carrier->key_values.len > 0)
        qn_thrift_raw(&w, 5, QN_THRIFT_LIST, carrier->key_values.data, carrier->key_values.len);
    qn_thrift_binary(&w, 6, CREATED_BY, sizeof CREATED_BY - 1);
    if (carrier->orders.len > 0)
        qn_thrift_raw(&w, 7, QN_THRIFT_LIST, carrier->orders.data, carrier->orders.len);
    qn_thrift_end(&w);
    if (out->len - start > UINT32_MAX)
        return qn_fail(err, QN_ERR_UNSUPPORTED, "the footer would be longer than 4 GiB.");
    qn_buf_u32(out, (uint32_t)(out->len - start));
    qn_buf_append(out, QN_PARQUET_MAGIC, 4);
    if (!whole)
        return qn_fail(err, QN_ERR_CORRUPT, "the description of a row group is damaged.");
    return out->failed ? qn_fail_memory(err, "a Parquet footer", out->len) : QN_OK;
}
