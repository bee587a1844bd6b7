/* Packing and unpacking pages with the codecs of Parquet. */
#ifndef QN_FORMAT_PARQUET_CODEC_H
#define QN_FORMAT_PARQUET_CODEC_H

#include "format/parquet/types.h"

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

/* The same for packing; one per writer. A codec that is not written, or a level that it does not
 * have, is QN_ERR_USAGE. */
struct pq_packer {
    enum pq_codec codec;
    int level;
    void *zstd;
    void *deflate;
    uint8_t *lz4; /* its tables */
};
enum qn_status pq_packer_init(struct pq_packer *packer, enum pq_codec codec, int level,
                              struct qn_error *err);
void pq_packer_release(struct pq_packer *packer);

/* Bytes that `len` bytes take at most when packed. */
size_t pq_packed_bound(const struct pq_packer *packer, size_t len);
/* Packs into `to`, which has room for that; returns the bytes written, 0 on failure. */
size_t pq_pack(struct pq_packer *packer, const uint8_t *from, size_t len, uint8_t *to, size_t room);

#endif
