/* Page headers, read. See parquet_page.h for writing them. */
#ifndef QN_FORMAT_PARQUET_HEADER_H
#define QN_FORMAT_PARQUET_HEADER_H

#include "format/parquet_reader.h"

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
