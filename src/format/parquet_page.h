/* Page headers, written and read, and pages out of a file, unpacked and checked. */
#ifndef QN_FORMAT_PARQUET_PAGE_H
#define QN_FORMAT_PARQUET_PAGE_H

#include "format/parquet_types.h"

/* Appends the header of a page whose stored bytes are given (for their CRC) and which takes
 * raw_len bytes unpacked. Returns the header's size. */
size_t pq_put_page_header(struct qn_buf *out, enum pq_page kind, size_t values,
                          enum pq_coding coding, size_t raw_len, const void *stored,
                          size_t stored_len);

struct pq_page_header {
    enum pq_page kind;
    uint32_t raw_len;
    uint32_t stored_len;
    bool has_crc;
    uint32_t crc;
    uint32_t values; /* nulls included */
    uint32_t nulls;  /* version 2 only */
    enum pq_coding coding;
    enum pq_coding level_coding;
    uint32_t definition_len; /* version 2: bytes of the levels, which are never packed */
    uint32_t repetition_len;
    bool packed; /* version 2: whether the values are */
};

/* Reads a header from `bytes`; *len is its size. False if it makes no sense. */
bool pq_get_page_header(const void *bytes, size_t available, struct pq_page_header *header,
                        size_t *len);

/* CRC-32 (of zlib) of a stored page. */
uint32_t pq_page_crc(const void *stored, size_t len);

#endif
