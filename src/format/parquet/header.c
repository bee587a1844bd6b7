/* Page headers: see header.h. Field numbers: apache/parquet-format, parquet.thrift. */
#include "format/parquet/header.h"

#include "format/parquet/file.h"

#include <libdeflate.h>

/* ---- written -------------------------------------------------------------------------------- */

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

/* ---- read ----------------------------------------------------------------------------------- */

static uint32_t get_size(struct qn_thrift_reader *r, enum qn_thrift_type type)
{
    int64_t value = pq_int(r, type);
    if (value < 0 || value > INT32_MAX)
        r->in.failed = true;
    return r->in.failed ? 0 : (uint32_t)value;
}

/* DataPageHeader and DictionaryPageHeader: they begin alike. */
static void get_data(struct qn_thrift_reader *r, bool dictionary, struct pq_header *header)
{
    struct qn_parquet_page *page = &header->page;
    int16_t id;
    enum qn_thrift_type type;
    qn_thrift_open(r);
    while (pq_field(r, &id, &type)) {
        if (id == 1)
            page->entries = get_size(r, type);
        else if (id == 2)
            page->coding = (enum pq_coding)get_size(r, type);
        else if (id == 3 && !dictionary)
            page->def_coding = (enum pq_coding)get_size(r, type);
        else if (id == 4 && !dictionary)
            page->rep_coding = (enum pq_coding)get_size(r, type);
        else if (id == 5 && !dictionary)
            pq_get_statistics(r, type, &page->stats);
        else
            qn_thrift_skip(r, type);
    }
}

static void get_v2(struct qn_thrift_reader *r, struct pq_header *header)
{
    struct qn_parquet_page *page = &header->page;
    int16_t id;
    enum qn_thrift_type type;
    qn_thrift_open(r);
    while (pq_field(r, &id, &type)) {
        if (id == 1)
            page->entries = get_size(r, type);
        else if (id == 2)
            page->nulls = get_size(r, type);
        else if (id == 3)
            page->rows = get_size(r, type);
        else if (id == 4)
            page->coding = (enum pq_coding)get_size(r, type);
        else if (id == 5)
            header->def_len = get_size(r, type);
        else if (id == 6)
            header->rep_len = get_size(r, type);
        else if (id == 7)
            header->packed = pq_bool(r, type);
        else if (id == 8)
            pq_get_statistics(r, type, &page->stats);
        else
            qn_thrift_skip(r, type);
    }
}

enum pq_header_state pq_get_header(const uint8_t *bytes, size_t available, struct pq_header *header)
{
    struct qn_thrift_reader r;
    struct qn_parquet_page *page = &header->page;
    int16_t id;
    enum qn_thrift_type type;
    int described = -1; /* the kind of page that it describes */
    *header = (struct pq_header){.packed = true,
                                 .page = {.def_coding = PQ_RLE,
                                          .rep_coding = PQ_RLE,
                                          .nulls = -1,
                                          .rows = -1,
                                          .stats = PQ_NO_STATISTICS}};
    qn_thrift_read(&r, bytes, available);
    while (pq_field(&r, &id, &type)) {
        if (id == 1) {
            page->kind = (enum pq_page)get_size(&r, type);
        } else if (id == 2) {
            page->raw_len = get_size(&r, type);
        } else if (id == 3) {
            header->stored_len = get_size(&r, type);
        } else if (id == 4) {
            page->has_crc = true;
            header->crc = (uint32_t)pq_int(&r, type);
        } else if ((id == 5 || id == 7) && type == QN_THRIFT_STRUCT) {
            described = id == 7 ? PQ_DICTIONARY_PAGE : PQ_DATA_PAGE;
            get_data(&r, id == 7, header);
        } else if (id == 8 && type == QN_THRIFT_STRUCT) {
            described = PQ_DATA_PAGE_V2;
            get_v2(&r, header);
        } else {
            qn_thrift_skip(&r, type);
        }
    }
    page->header_bytes = (uint32_t)r.in.at;
    if (r.in.failed)
        return r.in.at + 10 >= available ? PQ_HEADER_CUT : PQ_HEADER_WRONG;
    return described == (int)page->kind || page->kind == PQ_INDEX_PAGE ? PQ_HEADER_WHOLE
                                                                       : PQ_HEADER_WRONG;
}
