/* Split-block Bloom filters of Parquet: whether a text can be in a column chunk at all. Format:
 * apache/parquet-format, BloomFilter.md. */
#ifndef QN_FORMAT_PARQUET_BLOOM_H
#define QN_FORMAT_PARQUET_BLOOM_H

#include "format/parquet_values.h"

/* Appends the bits of the filter of all values of a column of byte arrays: about one wrong "maybe"
 * in a hundred. */
void pq_bloom_build(const struct pq_dense *dense, struct qn_buf *bits);

/* Appends header and bits as they lie in a file. */
void pq_bloom_put(struct qn_buf *out, const uint8_t *bits, uint32_t len);

/* Whether the filter says "maybe". */
bool pq_bloom_has(const uint8_t *bits, uint32_t len, const void *text, size_t text_len);

#endif
