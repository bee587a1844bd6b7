/* Page headers: see parquet_page.h. Field numbers: apache/parquet-format, parquet.thrift. */
#include "format/parquet_page.h"

#include "format/thrift.h"

#include <libdeflate.h>

uint32_t pq_page_crc(const void *stored, size_t len)
{
    return libdeflate_crc32(0, stored, len);
}

size_t pq_put_page_header(struct qn_buf *out, enum pq_page kind, size_t values,
                          enum pq_coding coding, size_t raw_len, const void *stored,
                          size_t stored_len)
{
    struct qn_thrift_writer w;
    size_t start = out->len;
    qn_thrift_begin(&w, out);
    qn_thrift_i32(&w, 1, (int32_t)kind);
    qn_thrift_i32(&w, 2, (int32_t)raw_len);
    qn_thrift_i32(&w, 3, (int32_t)stored_len);
    qn_thrift_i32(&w, 4, (int32_t)pq_page_crc(stored, stored_len));
    if (kind == PQ_DICTIONARY_PAGE) {
        qn_thrift_struct(&w, 7);
        qn_thrift_i32(&w, 1, (int32_t)values);
        qn_thrift_i32(&w, 2, PQ_PLAIN);
    } else {
        qn_thrift_struct(&w, 5);
        qn_thrift_i32(&w, 1, (int32_t)values);
        qn_thrift_i32(&w, 2, (int32_t)coding);
        qn_thrift_i32(&w, 3, PQ_RLE);
        qn_thrift_i32(&w, 4, PQ_RLE);
    }
    qn_thrift_end(&w);
    qn_thrift_end(&w);
    return out->len - start;
}

static uint32_t size_field(struct qn_thrift_reader *r)
{
    int64_t value = qn_thrift_int(r);
    if (value < 0 || value > INT32_MAX)
        r->in.failed = true;
    return r->in.failed ? 0 : (uint32_t)value;
}

static void get_data_header(struct qn_thrift_reader *r, struct pq_page_header *header)
{
    int16_t id;
    enum qn_thrift_type type;
    qn_thrift_open(r);
    while (!r->in.failed && (type = qn_thrift_field(r, &id)) != QN_THRIFT_STOP) {
        if (id == 1)
            header->values = size_field(r);
        else if (id == 2)
            header->coding = size_field(r);
        else if (id == 3 && header->kind == PQ_DATA_PAGE)
            header->level_coding = size_field(r);
        else
            qn_thrift_skip(r, type);
    }
}

static void get_v2_header(struct qn_thrift_reader *r, struct pq_page_header *header)
{
    int16_t id;
    enum qn_thrift_type type;
    qn_thrift_open(r);
    while (!r->in.failed && (type = qn_thrift_field(r, &id)) != QN_THRIFT_STOP) {
        if (id == 1)
            header->values = size_field(r);
        else if (id == 2)
            header->nulls = size_field(r);
        else if (id == 4)
            header->coding = size_field(r);
        else if (id == 5)
            header->definition_len = size_field(r);
        else if (id == 6)
            header->repetition_len = size_field(r);
        else if (id == 7)
            header->packed = type == QN_THRIFT_TRUE;
        else
            qn_thrift_skip(r, type);
    }
}

bool pq_get_page_header(const void *bytes, size_t available, struct pq_page_header *header,
                        size_t *len)
{
    struct qn_thrift_reader r;
    int16_t id;
    enum qn_thrift_type type;
    bool described = false;
    *header = (struct pq_page_header){.level_coding = PQ_RLE, .packed = true};
    qn_thrift_read(&r, bytes, available);
    while (!r.in.failed && (type = qn_thrift_field(&r, &id)) != QN_THRIFT_STOP) {
        if (id == 1) {
            header->kind = size_field(&r);
        } else if (id == 2) {
            header->raw_len = size_field(&r);
        } else if (id == 3) {
            header->stored_len = size_field(&r);
        } else if (id == 4) {
            header->has_crc = true;
            header->crc = (uint32_t)qn_thrift_int(&r);
        } else if ((id == 5 || id == 7) && type == QN_THRIFT_STRUCT) {
            get_data_header(&r, header);
            described = true;
        } else if (id == 8 && type == QN_THRIFT_STRUCT) {
            get_v2_header(&r, header);
            described = true;
        } else {
            qn_thrift_skip(&r, type);
        }
    }
    *len = r.in.at;
    return !r.in.failed && described;
}
