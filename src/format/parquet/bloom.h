/* Split-block Bloom filters of Parquet: whether a value can be in a column chunk at all. Format:
 * apache/parquet-format, BloomFilter.md. */
#ifndef QN_FORMAT_PARQUET_BLOOM_H
#define QN_FORMAT_PARQUET_BLOOM_H

#include "format/parquet/values.h"

/* Appends the bits of the filter of all values of a column, of which at most `distinct` differ:
 * about one wrong "maybe" in a hundred. */
void pq_bloom_build(const struct pq_dense *dense, size_t distinct, struct qn_buf *bits);

/* Appends header and bits as they lie in a file. */
void pq_bloom_put(struct qn_buf *out, const uint8_t *bits, uint32_t len);

/* Bytes that a chunk's filter takes in the file, with its header. */
enum qn_status qn_parquet_bloom_extent(struct qn_parquet_file *file,
                                       const struct qn_parquet_chunk *chunk, uint64_t *len,
                                       struct qn_error *err);

struct qn_parquet_bloom { /* zero-initialise */
    struct qn_buf blocks; /* of 32 bytes */
};
/* Reads a chunk's filter; QN_ERR_UNSUPPORTED for algorithms, hashes and packings that do not exist
 * today. */
enum qn_status qn_parquet_bloom_read(struct qn_parquet_file *file,
                                     const struct qn_parquet_chunk *chunk,
                                     struct qn_parquet_bloom *bloom, struct qn_error *err);
void qn_parquet_bloom_release(struct qn_parquet_bloom *bloom);

/* Whether the filter may hold a value, given in its plain form. */
bool qn_parquet_bloom_may_hold(const struct qn_parquet_bloom *bloom, const uint8_t *bytes,
                               size_t len);

#endif
