/* Codecs of pages: see parquet_codec.h. Format: apache/parquet-format, Compression.md. */
#include "format/parquet_codec.h"

#include "base/byte_order.h"

#include <brotli/decode.h>
#include <libdeflate.h>
#include <lz4.h>
#include <snappy-c.h>
#include <zstd.h>

static bool unpack_snappy(const uint8_t *from, size_t len, uint8_t *to, size_t raw_len)
{
    size_t told;
    if (snappy_uncompressed_length((const char *)from, len, &told) != SNAPPY_OK || told != raw_len)
        return false;
    size_t got = raw_len;
    return snappy_uncompress((const char *)from, len, (char *)to, &got) == SNAPPY_OK &&
           got == raw_len;
}

/* One or more gzip members, one after another. */
static bool unpack_gzip(struct pq_unpacker *unpacker, const uint8_t *from, size_t len, uint8_t *to,
                        size_t raw_len)
{
    if (!unpacker->deflate)
        unpacker->deflate = libdeflate_alloc_decompressor();
    while (unpacker->deflate && len > 0) {
        size_t used, got;
        if (libdeflate_gzip_decompress_ex(unpacker->deflate, from, len, to, raw_len, &used, &got) !=
            LIBDEFLATE_SUCCESS)
            return false;
        from += used;
        len -= used;
        to += got;
        raw_len -= got;
    }
    return len == 0 && raw_len == 0;
}

static bool unpack_brotli(const uint8_t *from, size_t len, uint8_t *to, size_t raw_len)
{
    size_t got = raw_len;
    return BrotliDecoderDecompress(len, from, &got, to) == BROTLI_DECODER_RESULT_SUCCESS &&
           got == raw_len;
}

static bool unpack_lz4(const uint8_t *from, size_t len, uint8_t *to, size_t raw_len)
{
    return len <= INT32_MAX && raw_len <= INT32_MAX &&
           LZ4_decompress_safe((const char *)from, (char *)to, (int)len, (int)raw_len) ==
               (int)raw_len;
}

/* Hadoop's frames: length unpacked and length packed, both big-endian, then an LZ4 block. */
static bool unpack_hadoop(const uint8_t *from, size_t len, uint8_t *to, size_t raw_len)
{
    while (len >= 8) {
        uint32_t raw = qn_load_u32(from, QN_BIG_ENDIAN);
        uint32_t packed = qn_load_u32(from + 4, QN_BIG_ENDIAN);
        if (raw > raw_len || packed > len - 8 || !unpack_lz4(from + 8, packed, to, raw))
            return false;
        from += 8 + (size_t)packed;
        len -= 8 + (size_t)packed;
        to += raw;
        raw_len -= raw;
    }
    return len == 0 && raw_len == 0;
}

static bool unpack_zstd(struct pq_unpacker *unpacker, const uint8_t *from, size_t len, uint8_t *to,
                        size_t raw_len)
{
    if (!unpacker->zstd)
        unpacker->zstd = ZSTD_createDCtx();
    return unpacker->zstd && ZSTD_decompressDCtx(unpacker->zstd, to, raw_len, from, len) == raw_len;
}

const char *pq_unpack(struct pq_unpacker *unpacker, enum pq_codec codec, const uint8_t *from,
                      size_t len, uint8_t *to, size_t raw_len)
{
    switch (codec) {
    case PQ_SNAPPY:
        return unpack_snappy(from, len, to, raw_len) ? NULL : "does not unpack (snappy)";
    case PQ_GZIP:
        return unpack_gzip(unpacker, from, len, to, raw_len) ? NULL : "does not unpack (gzip)";
    case PQ_BROTLI:
        return unpack_brotli(from, len, to, raw_len) ? NULL : "does not unpack (brotli)";
    case PQ_LZ4:
        return unpack_hadoop(from, len, to, raw_len) || unpack_lz4(from, len, to, raw_len)
                   ? NULL
                   : "does not unpack (lz4)";
    case PQ_ZSTD:
        return unpack_zstd(unpacker, from, len, to, raw_len) ? NULL : "does not unpack (zstd)";
    case PQ_LZ4_RAW:
        return unpack_lz4(from, len, to, raw_len) ? NULL : "does not unpack (lz4_raw)";
    default:
        return "is packed with a codec that is not known";
    }
}

bool pq_codec_known(enum pq_codec codec)
{
    return (unsigned)codec <= PQ_LZ4_RAW && codec != PQ_LZO;
}

void pq_unpacker_release(struct pq_unpacker *unpacker)
{
    ZSTD_freeDCtx(unpacker->zstd);
    libdeflate_free_decompressor(unpacker->deflate);
    *unpacker = (struct pq_unpacker){0};
}
