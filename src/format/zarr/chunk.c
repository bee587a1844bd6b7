/* Zarr chunks and shard indexes, to bytes and back: see zarr.h. What is decoded is not trusted: the
 * chunk's size follows from the array alone, and nothing else is accepted. */
#include "format/zarr/tables.h"

#include "base/byte_order.h"
#include "base/crc32c.h"
#include "base/sys.h"

#include <blosc.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* What encoder and decoder need of the array. */
struct chunk_kind {
    enum qn_zarr_codec codec;
    int level;
    size_t item; /* bytes of an element */
    size_t size; /* bytes of a chunk */
    bool swap;   /* stored in the other byte order than the host's */
    int shuffle; /* blosc only */
};

struct qn_zarr_encoder {
    struct chunk_kind kind;
    ZSTD_CCtx *zstd;
    uint8_t *swapped; /* a chunk in the order to be stored; NULL where it is the host's */
};

struct qn_zarr_decoder {
    struct chunk_kind kind;
    ZSTD_DCtx *zstd;
};

static struct chunk_kind chunk_kind(const struct qn_zarr_array *array)
{
    size_t item = qn_dtype_bytes(array->dtype);
    bool host_big = QN_HOST_ORDER == QN_BIG_ENDIAN;
    return (struct chunk_kind){.codec = array->codec,
                               .level = array->level,
                               .item = item,
                               .size = qn_zarr_chunk_bytes(array),
                               .swap = item > 1 && array->big_endian != host_big,
                               .shuffle = qn_zarr_shuffle(array)};
}

bool qn_zarr_plain(const struct qn_zarr_array *array)
{
    return array->codec == QN_ZARR_NONE && !chunk_kind(array).swap;
}

/* Copies elements with their bytes reversed; `from` may be `to`. */
static void swap_items(const struct chunk_kind *kind, const uint8_t *from, uint8_t *to)
{
    for (size_t at = 0; at < kind->size; at += kind->item) {
        uint8_t item[8];
        for (size_t k = 0; k < kind->item; k++)
            item[k] = from[at + kind->item - 1 - k];
        memcpy(to + at, item, kind->item);
    }
}

/* ---- encoding ------------------------------------------------------------------------------- */

enum qn_status qn_zarr_encoder_new(struct qn_zarr_encoder **encoder,
                                   const struct qn_zarr_array *array, struct qn_error *err)
{
    enum qn_status status = qn_zarr_check(array, err);
    if (status)
        return status;
    struct qn_zarr_encoder *made = qn_sys.calloc(1, sizeof *made);
    if (!made)
        return qn_fail_memory(err, "a Zarr encoder", sizeof *made);
    made->kind = chunk_kind(array);
    if (made->kind.swap && !(made->swapped = qn_sys.malloc(made->kind.size))) {
        status = qn_fail_memory(err, "a Zarr chunk", made->kind.size);
        goto failed;
    }
    if (array->codec == QN_ZARR_ZSTD && !(made->zstd = ZSTD_createCCtx())) {
        status = qn_fail_memory(err, "a zstd encoder", 0);
        goto failed;
    }
    *encoder = made;
    return QN_OK;

failed:
    qn_zarr_encoder_free(made);
    return status;
}

void qn_zarr_encoder_free(struct qn_zarr_encoder *encoder)
{
    if (!encoder)
        return;
    ZSTD_freeCCtx(encoder->zstd);
    free(encoder->swapped);
    free(encoder);
}

static enum qn_status encode_zstd(struct qn_zarr_encoder *encoder, const void *values,
                                  struct qn_buf *out, struct qn_error *err)
{
    size_t size = encoder->kind.size;
    size_t bound = ZSTD_compressBound(size);
    uint8_t *to = qn_buf_reserve(out, bound);
    if (!to)
        return qn_fail_memory(err, "an encoded Zarr chunk", bound);
    size_t len = ZSTD_compressCCtx(encoder->zstd, to, bound, values, size, encoder->kind.level);
    if (ZSTD_isError(len))
        return qn_fail(err, QN_ERR_MEMORY, "zstd cannot encode a chunk of %zu bytes: %s", size,
                       ZSTD_getErrorName(len));
    out->len += len;
    return QN_OK;
}

/* What does not compress, blosc stores: 16 bytes more than the values always suffice. */
static enum qn_status encode_blosc(struct qn_zarr_encoder *encoder, const void *values,
                                   struct qn_buf *out, struct qn_error *err)
{
    const struct chunk_kind *kind = &encoder->kind;
    size_t bound = kind->size + BLOSC_MAX_OVERHEAD;
    uint8_t *to = qn_buf_reserve(out, bound);
    if (!to)
        return qn_fail_memory(err, "an encoded Zarr chunk", bound);
    const struct qn_zarr_codec_info *codec = &qn_zarr_codecs[kind->codec];
    int len = blosc_compress_ctx(kind->level, kind->shuffle, kind->item, kind->size, values, to,
                                 bound, codec->cname, codec->block, 1);
    if (len <= 0)
        return qn_fail(err, QN_ERR_INTERNAL,
                       "blosc (%s) cannot encode a chunk of %zu bytes: code %d; use another codec",
                       codec->cname, kind->size, len);
    out->len += (size_t)len;
    return QN_OK;
}

enum qn_status qn_zarr_encode(struct qn_zarr_encoder *encoder, const void *values,
                              struct qn_buf *out, struct qn_error *err)
{
    if (encoder->swapped) {
        swap_items(&encoder->kind, values, encoder->swapped);
        values = encoder->swapped;
    }
    if (encoder->kind.codec == QN_ZARR_ZSTD)
        return encode_zstd(encoder, values, out, err);
    if (encoder->kind.codec != QN_ZARR_NONE)
        return encode_blosc(encoder, values, out, err);
    qn_buf_append(out, values, encoder->kind.size);
    return out->failed ? qn_fail_memory(err, "a Zarr chunk", encoder->kind.size) : QN_OK;
}

/* ---- decoding ------------------------------------------------------------------------------- */

enum qn_status qn_zarr_decoder_new(struct qn_zarr_decoder **decoder,
                                   const struct qn_zarr_array *array, struct qn_error *err)
{
    enum qn_status status = qn_zarr_check(array, err);
    if (status)
        return status;
    struct qn_zarr_decoder *made = qn_sys.calloc(1, sizeof *made);
    if (!made)
        return qn_fail_memory(err, "a Zarr decoder", sizeof *made);
    made->kind = chunk_kind(array);
    if (array->codec == QN_ZARR_ZSTD && !(made->zstd = ZSTD_createDCtx())) {
        qn_zarr_decoder_free(made);
        return qn_fail_memory(err, "a zstd decoder", 0);
    }
    *decoder = made;
    return QN_OK;
}

void qn_zarr_decoder_free(struct qn_zarr_decoder *decoder)
{
    if (!decoder)
        return;
    ZSTD_freeDCtx(decoder->zstd);
    free(decoder);
}

static enum qn_status damaged(const struct chunk_kind *kind, size_t len, const char *why,
                              struct qn_error *err)
{
    return qn_fail(err, QN_ERR_CORRUPT,
                   "a stored chunk of %zu bytes does not give the %zu bytes of its array: %s; "
                   "the file is damaged or belongs to another array",
                   len, kind->size, why);
}

static enum qn_status decode_plain(const struct chunk_kind *kind, const void *bytes, size_t len,
                                   void *values, struct qn_error *err)
{
    if (len != kind->size)
        return damaged(kind, len, "it is not compressed and has another length", err);
    memcpy(values, bytes, len);
    return QN_OK;
}

static enum qn_status decode_zstd(struct qn_zarr_decoder *decoder, const void *bytes, size_t len,
                                  void *values, struct qn_error *err)
{
    const struct chunk_kind *kind = &decoder->kind;
    size_t got = ZSTD_decompressDCtx(decoder->zstd, values, kind->size, bytes, len);
    if (ZSTD_isError(got))
        return damaged(kind, len, ZSTD_getErrorName(got), err);
    if (got != kind->size)
        return damaged(kind, len, "the zstd frame is shorter", err);
    return QN_OK;
}

/* Validation reads the frame's own lengths, so that blosc never looks behind `len`. */
static enum qn_status decode_blosc(const struct chunk_kind *kind, const void *bytes, size_t len,
                                   void *values, struct qn_error *err)
{
    size_t size = 0;
    if (blosc_cbuffer_validate(bytes, len, &size))
        return damaged(kind, len, "it is not a whole blosc frame", err);
    if (size != kind->size)
        return damaged(kind, len, "the blosc frame holds another number of bytes", err);
    int got = blosc_decompress_ctx(bytes, values, size, 1);
    if (got < 0 || (size_t)got != size)
        return damaged(kind, len, "the blosc frame cannot be decoded", err);
    return QN_OK;
}

enum qn_status qn_zarr_decode(struct qn_zarr_decoder *decoder, const void *bytes, size_t len,
                              void *values, struct qn_error *err)
{
    const struct chunk_kind *kind = &decoder->kind;
    enum qn_status status;
    if (kind->codec == QN_ZARR_NONE)
        status = decode_plain(kind, bytes, len, values, err);
    else if (kind->codec == QN_ZARR_ZSTD)
        status = decode_zstd(decoder, bytes, len, values, err);
    else
        status = decode_blosc(kind, bytes, len, values, err);
    if (!status && kind->swap)
        swap_items(kind, values, values);
    return status;
}

/* ---- shard index ---------------------------------------------------------------------------- */

void qn_zarr_index_encode(const struct qn_zarr_span *spans, size_t slots, struct qn_buf *out)
{
    size_t len = qn_zarr_index_bytes(slots);
    uint8_t *index = qn_buf_reserve(out, len);
    if (!index)
        return;
    for (size_t i = 0; i < slots; i++) {
        qn_store_u64(index + 16 * i, QN_LITTLE_ENDIAN, spans[i].offset);
        qn_store_u64(index + 16 * i + 8, QN_LITTLE_ENDIAN, spans[i].bytes);
    }
    qn_store_u32(index + 16 * slots, QN_LITTLE_ENDIAN, qn_crc32c(0, index, 16 * slots));
    out->len += len;
}

/* A span is in order if it is wholly missing, or wholly in the `room` bytes before the index. */
static bool span_fits(const struct qn_zarr_span *span, uint64_t room)
{
    if (span->offset == QN_ZARR_MISSING && span->bytes == QN_ZARR_MISSING)
        return true;
    return span->offset <= room && span->bytes <= room - span->offset;
}

enum qn_status qn_zarr_index_parse(const void *bytes, size_t len, uint64_t shard_bytes,
                                   struct qn_zarr_span *spans, size_t slots, struct qn_error *err)
{
    const uint8_t *index = bytes;
    if (len != qn_zarr_index_bytes(slots) || shard_bytes < len)
        return qn_fail(err, QN_ERR_CORRUPT,
                       "a shard of %" PRIu64 " bytes is too short for the index of its %zu chunks; "
                       "the file is cut off or belongs to another array",
                       shard_bytes, slots);
    if (qn_load_u32(index + 16 * slots, QN_LITTLE_ENDIAN) != qn_crc32c(0, index, 16 * slots))
        return qn_fail(err, QN_ERR_CORRUPT,
                       "the checksum of the shard's index is wrong; the file is damaged or not a "
                       "shard of %zu chunks",
                       slots);
    for (size_t i = 0; i < slots; i++) {
        spans[i].offset = qn_load_u64(index + 16 * i, QN_LITTLE_ENDIAN);
        spans[i].bytes = qn_load_u64(index + 16 * i + 8, QN_LITTLE_ENDIAN);
        if (!span_fits(&spans[i], shard_bytes - len))
            return qn_fail(err, QN_ERR_CORRUPT,
                           "chunk %zu of the shard is said to lie at %" PRIu64 ", %" PRIu64
                           " bytes long, outside of the shard's %" PRIu64 "; the file is damaged",
                           i, spans[i].offset, spans[i].bytes, shard_bytes - (uint64_t)len);
    }
    return QN_OK;
}
