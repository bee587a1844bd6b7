/* Codecs of pages: see codec.h. Format: apache/parquet-format, Compression.md. */
#include "format/parquet/codec.h"

#include "base/byte_order.h"
#include "base/sys.h"
#include "format/parquet/reader.h"

#include <brotli/decode.h>
#include <brotli/encode.h>
#include <libdeflate.h>
#include <lz4.h>
#include <lz4hc.h>
#include <snappy-c.h>
#include <stdlib.h>
#include <zstd.h>

/* ---- unpacking ------------------------------------------------------------------------------ */

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

/* ---- packing -------------------------------------------------------------------------------- */

bool qn_parquet_codec_levels(enum pq_codec codec, struct qn_parquet_levels *levels)
{
    static const struct {
        bool written;
        struct qn_parquet_levels levels;
    } codecs[] = {[PQ_UNCOMPRESSED] = {true, {0, 0, 0}}, [PQ_SNAPPY] = {true, {0, 0, 0}},
                  [PQ_GZIP] = {true, {1, 12, 6}},        [PQ_BROTLI] = {true, {1, 11, 4}},
                  [PQ_ZSTD] = {true, {1, 22, 1}},        [PQ_LZ4_RAW] = {true, {1, 12, 1}}};
    if ((size_t)codec >= sizeof codecs / sizeof *codecs || !codecs[codec].written)
        return false;
    *levels = codecs[codec].levels;
    return true;
}

static bool make_state(struct pq_packer *packer)
{
    switch (packer->codec) {
    case PQ_GZIP:
        packer->deflate = libdeflate_alloc_compressor(packer->level);
        return packer->deflate != NULL;
    case PQ_ZSTD:
        packer->zstd = ZSTD_createCCtx();
        return packer->zstd && !ZSTD_isError(ZSTD_CCtx_setParameter(
                                   packer->zstd, ZSTD_c_compressionLevel, packer->level));
    case PQ_LZ4_RAW:
        packer->lz4 =
            qn_sys.malloc((size_t)(packer->level > 1 ? LZ4_sizeofStateHC() : LZ4_sizeofState()));
        return packer->lz4 != NULL;
    default:
        return true;
    }
}

enum qn_status pq_packer_init(struct pq_packer *packer, enum pq_codec codec, int level,
                              struct qn_error *err)
{
    struct qn_parquet_levels levels;
    *packer = (struct pq_packer){.codec = codec, .level = level};
    if (!qn_parquet_codec_levels(codec, &levels) ||
        (levels.most > 0 && (level < levels.least || level > levels.most)))
        return qn_fail(err, QN_ERR_USAGE, "Parquet is not written with codec %s, level %d.",
                       qn_parquet_codec_name((int)codec), level);
    return make_state(packer) ? QN_OK : qn_fail_memory(err, "a codec", 1u << 20);
}

void pq_packer_release(struct pq_packer *packer)
{
    ZSTD_freeCCtx(packer->zstd);
    libdeflate_free_compressor(packer->deflate);
    free(packer->lz4);
    *packer = (struct pq_packer){0};
}

size_t pq_packed_bound(const struct pq_packer *packer, size_t len)
{
    switch (packer->codec) {
    case PQ_SNAPPY:
        return snappy_max_compressed_length(len);
    case PQ_GZIP:
        return libdeflate_gzip_compress_bound(packer->deflate, len);
    case PQ_BROTLI:
        return BrotliEncoderMaxCompressedSize(len) + 16;
    case PQ_ZSTD:
        return ZSTD_compressBound(len);
    default: /* LZ4_compressBound, of any size */
        return len + len / 255 + 16;
    }
}

static size_t pack_lz4(struct pq_packer *packer, const char *from, int len, char *to, int room)
{
    int got = packer->level > 1
                  ? LZ4_compress_HC_extStateHC(packer->lz4, from, to, len, room, packer->level)
                  : LZ4_compress_fast_extState(packer->lz4, from, to, len, room, 1);
    return got > 0 ? (size_t)got : 0;
}

size_t pq_pack(struct pq_packer *packer, const uint8_t *from, size_t len, uint8_t *to, size_t room)
{
    size_t got = room;
    switch (packer->codec) {
    case PQ_SNAPPY:
        return snappy_compress((const char *)from, len, (char *)to, &got) == SNAPPY_OK ? got : 0;
    case PQ_GZIP:
        return libdeflate_gzip_compress(packer->deflate, from, len, to, room);
    case PQ_BROTLI:
        return BrotliEncoderCompress(packer->level, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, len,
                                     from, &got, to)
                   ? got
                   : 0;
    case PQ_ZSTD:
        got = ZSTD_compress2(packer->zstd, to, room, from, len);
        return ZSTD_isError(got) ? 0 : got;
    case PQ_LZ4_RAW:
        if (len > LZ4_MAX_INPUT_SIZE)
            return 0;
        return pack_lz4(packer, (const char *)from, (int)len, (char *)to,
                        room > INT32_MAX ? INT32_MAX : (int)room);
    default:
        return 0;
    }
}
