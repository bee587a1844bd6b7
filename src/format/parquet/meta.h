/* Descriptions of encoded row groups: what the writer tells the footer, in bytes of our own. */
#ifndef QN_FORMAT_PARQUET_META_H
#define QN_FORMAT_PARQUET_META_H

#include "format/parquet/values.h"

#define PQ_NO_DICTIONARY UINT64_MAX

struct pq_page_meta {
    uint64_t offset;    /* of the page's header, from the start of the group */
    uint32_t bytes;     /* stored, with header */
    uint64_t first_row; /* within the group */
    uint32_t rows;
    uint32_t entries; /* values, nulls and empty lists */
    uint32_t nulls;   /* entries without a value */
    uint32_t nans;
    struct pq_bounds bounds;
};

struct pq_chunk_meta {
    enum pq_codec codec;
    enum pq_coding coding;      /* of the data pages */
    uint64_t dictionary_offset; /* from the start of the group, or PQ_NO_DICTIONARY */
    uint64_t raw_bytes;         /* uncompressed, headers included */
    uint64_t stored_bytes;      /* headers included */
    uint64_t text_bytes;        /* of byte arrays, without lengths */
    uint32_t page_count;
    struct pq_page_meta *pages;
    const uint8_t *bloom; /* the bits of its Bloom filter */
    uint32_t bloom_len;   /* 0: it has none */
};

/* A group: row count, then every column's chunk, page after page. */
void pq_meta_put_head(struct qn_buf *out, uint64_t rows, size_t columns);
void pq_meta_put_chunk(struct qn_buf *out, const struct pq_chunk_meta *chunk);

/* False if damaged. Pages of a chunk are put into `pages`, which the chunk then points into. */
bool pq_meta_get_head(struct qn_cursor *in, uint64_t *rows, size_t *columns);
bool pq_meta_get_chunk(struct qn_cursor *in, struct pq_chunk_meta *chunk, struct qn_buf *pages);

#endif
