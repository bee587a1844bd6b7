/* Zarr arrays as plain data: the check that all else relies on, where chunks lie, what fills them.
 * Pure; see zarr.h. */
#include "format/zarr/tables.h"

#include <blosc.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct qn_zarr_codec_info qn_zarr_codecs[QN_ZARR_CODECS] = {
    [QN_ZARR_NONE] = {NULL, NULL, 0, 0, 0, 0},
    [QN_ZARR_ZSTD] = {"zstd", NULL, -131072, 22, 0, 0},
    [QN_ZARR_BLOSC_LZ4] = {"blosc", "lz4", 0, 9, BLOSC_BITSHUFFLE, 64u << 10},
    [QN_ZARR_BLOSC_ZSTD] = {"blosc", "zstd", 0, 9, BLOSC_SHUFFLE, 256u << 10},
};

int qn_zarr_shuffle(const struct qn_zarr_array *array)
{
    int shuffle = qn_zarr_codecs[array->codec].shuffle;
    return shuffle == BLOSC_SHUFFLE && qn_dtype_bytes(array->dtype) == 1 ? BLOSC_NOSHUFFLE
                                                                         : shuffle;
}

const char *const qn_zarr_v2_types[QN_DTYPE_COUNT] = {
    [QN_INT8] = "i1",    [QN_INT16] = "i2",   [QN_INT32] = "i4",  [QN_INT64] = "i8",
    [QN_UINT8] = "u1",   [QN_UINT16] = "u2",  [QN_UINT32] = "u4", [QN_UINT64] = "u8",
    [QN_FLOAT32] = "f4", [QN_FLOAT64] = "f8",
};

/* ---- check ---------------------------------------------------------------------------------- */

static enum qn_status wrong(const struct qn_zarr_array *array, struct qn_error *err,
                            const char *what)
{
    return qn_fail(err, QN_ERR_USAGE, "Zarr array '%s': %s", array->name, what);
}

static enum qn_status check_kind(const struct qn_zarr_array *array, struct qn_error *err)
{
    if (array->format != 2 && array->format != 3)
        return wrong(array, err, "the format is neither 2 nor 3");
    if ((unsigned)array->dtype >= QN_DTYPE_COUNT || !qn_zarr_v2_types[array->dtype])
        return wrong(array, err, "only integers and floats can be stored");
    if (array->boolean && array->dtype != QN_UINT8)
        return wrong(array, err, "booleans are bytes of 0 and 1");
    if (array->ndim > QN_ZARR_DIMS)
        return qn_fail(err, QN_ERR_UNSUPPORTED,
                       "Zarr array '%s': %u dimensions; this version handles up to %d", array->name,
                       array->ndim, QN_ZARR_DIMS);
    if ((unsigned)array->codec >= QN_ZARR_CODECS)
        return wrong(array, err, "unknown codec");
    const struct qn_zarr_codec_info *codec = &qn_zarr_codecs[array->codec];
    if (codec->id && (array->level < codec->level_min || array->level > codec->level_max))
        return qn_fail(err, QN_ERR_USAGE, "Zarr array '%s': level %d of %s; use %d to %d",
                       array->name, array->level, codec->id, codec->level_min, codec->level_max);
    if (array->fill == QN_ZARR_FILL_NAN && !qn_zarr_is_float(array->dtype))
        return wrong(array, err, "a fill value of NaN needs a float type");
    if (array->separator && array->separator != '/' && array->separator != '.')
        return wrong(array, err, "the separator of chunk keys is neither '/' nor '.'");
    return QN_OK;
}

static enum qn_status check_chunk(const struct qn_zarr_array *array, struct qn_error *err)
{
    uint64_t most = QN_ZARR_CHUNK_BYTES / qn_dtype_bytes(array->dtype);
    for (uint32_t d = 0; d < array->ndim; d++) {
        if (array->chunk[d] == 0)
            return wrong(array, err, "a chunk of length 0");
        if (array->shape[d] > INT64_MAX)
            return wrong(array, err, "a shape beyond 2^63-1");
        if (array->chunk[d] > most)
            return qn_fail(err, QN_ERR_UNSUPPORTED,
                           "Zarr array '%s': chunks larger than %d bytes; choose smaller ones",
                           array->name, QN_ZARR_CHUNK_BYTES);
        most /= array->chunk[d];
    }
    return QN_OK;
}

static enum qn_status check_shard(const struct qn_zarr_array *array, struct qn_error *err)
{
    static const uint64_t none[QN_ZARR_DIMS];
    if (memcmp(array->shard, none, array->ndim * sizeof *none) == 0)
        return QN_OK;
    uint64_t most = QN_ZARR_SHARD_SLOTS;
    for (uint32_t d = 0; d < array->ndim; d++) {
        if (array->shard[d] == 0 || array->shard[d] % array->chunk[d])
            return wrong(array, err, "the shard is not a multiple of the chunk");
        if (array->shard[d] / array->chunk[d] > most)
            return qn_fail(err, QN_ERR_UNSUPPORTED,
                           "Zarr array '%s': more than %d chunks in a shard; choose smaller shards",
                           array->name, QN_ZARR_SHARD_SLOTS);
        most /= array->shard[d] / array->chunk[d];
    }
    if (array->format == 2 && qn_zarr_sharded(array))
        return wrong(array, err, "version 2 has no shards; use version 3");
    return QN_OK;
}

enum qn_status qn_zarr_check(const struct qn_zarr_array *array, struct qn_error *err)
{
    enum qn_status status = check_kind(array, err);
    if (!status)
        status = check_chunk(array, err);
    if (!status)
        status = check_shard(array, err);
    return status;
}

/* ---- geometry ------------------------------------------------------------------------------- */

static uint64_t slots_along(const struct qn_zarr_array *array, uint32_t dim)
{
    return array->shard[dim] ? array->shard[dim] / array->chunk[dim] : 1;
}

bool qn_zarr_sharded(const struct qn_zarr_array *array)
{
    return qn_zarr_shard_slots(array) > 1;
}

size_t qn_zarr_chunk_bytes(const struct qn_zarr_array *array)
{
    size_t bytes = qn_dtype_bytes(array->dtype);
    for (uint32_t d = 0; d < array->ndim; d++)
        bytes *= array->chunk[d];
    return bytes;
}

void qn_zarr_key(const struct qn_zarr_array *array, const uint64_t *chunk, char key[QN_ZARR_KEY])
{
    char separator = array->separator ? array->separator : array->format == 3 ? '/' : '.';
    const char *none = array->format == 3 ? "c" : "0";
    size_t len = 0;
    if (array->format == 3 || array->ndim == 0)
        len = (size_t)snprintf(key, QN_ZARR_KEY, "%s", none);
    for (uint32_t d = 0; d < array->ndim; d++) {
        if (len)
            key[len++] = separator;
        len += (size_t)snprintf(key + len, QN_ZARR_KEY - len, "%" PRIu64,
                                chunk[d] / slots_along(array, d));
    }
}

size_t qn_zarr_shard_slots(const struct qn_zarr_array *array)
{
    size_t slots = 1;
    for (uint32_t d = 0; d < array->ndim; d++)
        slots *= slots_along(array, d);
    return slots;
}

size_t qn_zarr_slot(const struct qn_zarr_array *array, const uint64_t *chunk)
{
    size_t slot = 0;
    for (uint32_t d = 0; d < array->ndim; d++)
        slot = slot * slots_along(array, d) + chunk[d] % slots_along(array, d);
    return slot;
}

void qn_zarr_fill(const struct qn_zarr_array *array, void *values, size_t count)
{
    static const uint32_t nan32 = 0x7fc00000;
    static const uint64_t nan64 = 0x7ff8000000000000;
    size_t size = qn_dtype_bytes(array->dtype);
    const void *nan = size == 4 ? (const void *)&nan32 : &nan64;
    if (array->fill != QN_ZARR_FILL_NAN) {
        memset(values, 0, count * size);
        return;
    }
    for (size_t i = 0; i < count; i++)
        memcpy((uint8_t *)values + i * size, nan, size);
}
