/* Unpacking pages, whatever codec they were packed with. */
#ifndef QN_FORMAT_PARQUET_CODEC_H
#define QN_FORMAT_PARQUET_CODEC_H

#include "format/parquet_types.h"

/* State that codecs keep from page to page; one per scan. Zero-initialise, then release. */
struct pq_unpacker {
    void *zstd;
    void *deflate;
};

/* Unpacks exactly `raw_len` bytes into `to`. Returns NULL, or why it cannot be: a phrase such as
 * "does not unpack (snappy)". The caller has refused codecs that pq_codec_known does not know. */
const char *pq_unpack(struct pq_unpacker *unpacker, enum pq_codec codec, const uint8_t *from,
                      size_t len, uint8_t *to, size_t raw_len);
void pq_unpacker_release(struct pq_unpacker *unpacker);

bool pq_codec_known(enum pq_codec codec);

#endif
