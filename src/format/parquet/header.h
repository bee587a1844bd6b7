/* Page headers, written and read. */
#ifndef QN_FORMAT_PARQUET_HEADER_H
#define QN_FORMAT_PARQUET_HEADER_H

#include "format/parquet/reader.h"

/* Appends the header of a page whose stored bytes are given (for their CRC) and which takes
 * raw_len bytes unpacked. Returns the header's size. */
size_t pq_put_page_header(struct qn_buf *out, enum pq_page kind, size_t values,
                          enum pq_coding coding, size_t raw_len, const void *stored,
                          size_t stored_len);

/* CRC-32 (of zlib) of a stored page. */
uint32_t pq_page_crc(const void *stored, size_t len);

struct pq_header {
    struct qn_parquet_page page; /* all but number, offset, bytes and crc_wrong */
    uint32_t stored_len;
    uint32_t crc;
    uint32_t def_len; /* version 2: bytes of the levels, which are never packed */
    uint32_t rep_len;
    bool packed; /* version 2: whether the values are */
};

/* Reads a header from `bytes`. PQ_HEADER_CUT: it may go on behind them. */
enum pq_header_state { PQ_HEADER_WHOLE, PQ_HEADER_CUT, PQ_HEADER_WRONG };
enum pq_header_state pq_get_header(const uint8_t *bytes, size_t available,
                                   struct pq_header *header);

#endif
