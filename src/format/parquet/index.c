/* Page indexes: see index.h. Field numbers: apache/parquet-format, parquet.thrift. */
#include "format/parquet/index.h"

#include "format/parquet/file.h"

#define MAX_INDEX (32u << 20)

static enum qn_status load(struct qn_parquet_file *file, int64_t offset, int64_t len,
                           struct qn_buf *to, struct qn_error *err)
{
    qn_buf_clear(to);
    if (offset < 4 || len < 0 || len > MAX_INDEX || (uint64_t)offset > file->source.size ||
        (uint64_t)len > file->source.size - (uint64_t)offset)
        return pq_corrupt(file, err, offset, "a page index would lie outside of the file");
    uint8_t *bytes = qn_buf_reserve(to, (size_t)len + 1);
    if (!bytes)
        return qn_fail_memory(err, "a page index", (uint64_t)len);
    to->len = (size_t)len;
    return file->source.read_at(file->source.context, (uint64_t)offset, bytes, (size_t)len, err);
}

static void get_place(struct qn_thrift_reader *r, struct qn_buf *places)
{
    struct qn_parquet_page_place place = {-1, -1, -1};
    int16_t id;
    enum qn_thrift_type type;
    qn_thrift_open(r);
    while (pq_field(r, &id, &type)) {
        if (id == 1)
            place.offset = pq_int(r, type);
        else if (id == 2)
            place.bytes = (int32_t)pq_int(r, type);
        else if (id == 3)
            place.first_row = pq_int(r, type);
        else
            qn_thrift_skip(r, type);
    }
    qn_buf_append(places, &place, sizeof place);
}

static bool get_offset_index(const struct qn_buf *bytes, struct qn_parquet_page_index *index)
{
    struct qn_thrift_reader r;
    int16_t id;
    enum qn_thrift_type type;
    qn_thrift_read(&r, bytes->data, bytes->len);
    while (pq_field(&r, &id, &type)) {
        if (id != 1) {
            qn_thrift_skip(&r, type);
            continue;
        }
        index->place_count = pq_list(&r, type, QN_THRIFT_STRUCT);
        for (size_t i = 0; i < index->place_count && !r.in.failed; i++)
            get_place(&r, &index->places);
    }
    return !r.in.failed &&
           index->places.len == index->place_count * sizeof(struct qn_parquet_page_place);
}

static struct qn_parquet_page_bounds *bounds_room(struct qn_parquet_page_index *index, size_t count)
{
    struct qn_parquet_page_bounds none = {.nulls = -1};
    if (index->bounds_count == 0) {
        for (size_t i = 0; i < count; i++)
            qn_buf_append(&index->bounds, &none, sizeof none);
        index->bounds_count = count;
    }
    return count == index->bounds_count && !index->bounds.failed
               ? (struct qn_parquet_page_bounds *)(void *)index->bounds.data
               : NULL;
}

/* One of the parallel lists of a ColumnIndex. */
static void get_list(struct qn_thrift_reader *r, int16_t id, enum qn_thrift_type type,
                     struct qn_parquet_page_index *index)
{
    static const enum qn_thrift_type types[] = {
        0, QN_THRIFT_TRUE, QN_THRIFT_BINARY, QN_THRIFT_BINARY, 0, QN_THRIFT_I64};
    size_t count = pq_list(r, type, types[id]);
    struct qn_parquet_page_bounds *bounds = bounds_room(index, count);
    if (!bounds && count > 0)
        r->in.failed = true;
    for (size_t i = 0; i < count && !r->in.failed; i++) {
        if (id == 1)
            bounds[i].null_page = qn_cursor_u8(&r->in) == 1;
        else if (id == 2)
            bounds[i].min = pq_bytes(r, QN_THRIFT_BINARY);
        else if (id == 3)
            bounds[i].max = pq_bytes(r, QN_THRIFT_BINARY);
        else
            bounds[i].nulls = pq_int(r, QN_THRIFT_I64);
    }
}

static bool get_column_index(struct qn_parquet_page_index *index)
{
    struct qn_thrift_reader r;
    int16_t id;
    enum qn_thrift_type type;
    qn_thrift_read(&r, index->bytes.data, index->bytes.len);
    while (pq_field(&r, &id, &type)) {
        if (id >= 1 && id <= 5 && id != 4)
            get_list(&r, id, type, index);
        else if (id == 4)
            index->order = (int32_t)pq_int(&r, type);
        else
            qn_thrift_skip(&r, type);
    }
    return !r.in.failed;
}

enum qn_status qn_parquet_index_read(struct qn_parquet_file *file,
                                     const struct qn_parquet_chunk *chunk,
                                     struct qn_parquet_page_index *index, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    qn_buf_clear(&index->places);
    qn_buf_clear(&index->bounds);
    index->place_count = index->bounds_count = 0;
    if (chunk->offset_index > 0) {
        status = load(file, chunk->offset_index, chunk->offset_index_bytes, &index->bytes, err);
        if (!status && !get_offset_index(&index->bytes, index))
            status = index->places.failed ? qn_fail_memory(err, "a page index", index->places.len)
                                          : pq_corrupt(file, err, chunk->offset_index,
                                                       "an offset index makes no sense");
    }
    if (!status && chunk->column_index > 0) {
        status = load(file, chunk->column_index, chunk->column_index_bytes, &index->bytes, err);
        if (!status && !get_column_index(index))
            status = index->bounds.failed ? qn_fail_memory(err, "a page index", index->bounds.len)
                                          : pq_corrupt(file, err, chunk->column_index,
                                                       "a column index makes no sense");
    }
    return status;
}

void qn_parquet_index_release(struct qn_parquet_page_index *index)
{
    qn_buf_release(&index->bytes);
    qn_buf_release(&index->places);
    qn_buf_release(&index->bounds);
}
