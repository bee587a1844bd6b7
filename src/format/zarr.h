/* Zarr stores of version 2 and 3: arrays to bytes and back. No file I/O here: the caller places
 * metadata documents, chunk files and shard files under the paths that this layer names.
 *
 *   version 3                       version 2
 *   STORE/zarr.json                 STORE/.zgroup  .zattrs  .zmetadata
 *   STORE/ARRAY/zarr.json           STORE/ARRAY/.zarray  .zattrs
 *   STORE/ARRAY/c/3/0               STORE/ARRAY/3.0
 *
 * A store is one group with arrays. Chunks are encoded on their own, by any process; a shard file
 * (version 3) is encoded chunks in any order, then the index of them. Chunks at the edge of the
 * array are stored at full size, padded with the fill value.
 * Format: zarr-specs, "Zarr core specification version 3.0", "Sharding codec" and "Zarr storage
 * specification version 2"; the zstd codec of zarr-extensions; frames of c-blosc 1.
 */
#ifndef QN_FORMAT_ZARR_H
#define QN_FORMAT_ZARR_H

#include "base/buf.h"
#include "base/dtype.h"

#include <quern/error.h>

#define QN_ZARR_DIMS        8          /* most dimensions of an array */
#define QN_ZARR_NAME        64         /* of an array or a dimension, with its NUL */
#define QN_ZARR_KEY         176        /* of a chunk, with its NUL */
#define QN_ZARR_PATH        80         /* of a metadata document, with its NUL */
#define QN_ZARR_CHUNK_BYTES 2147483631 /* most bytes of a chunk: BLOSC_MAX_BUFFERSIZE */
#define QN_ZARR_SHARD_SLOTS 16777216   /* most chunks of a shard: an index of 256 MiB */

enum qn_zarr_codec { QN_ZARR_NONE, QN_ZARR_ZSTD, QN_ZARR_BLOSC_LZ4, QN_ZARR_BLOSC_ZSTD };

/* What lies where nothing was written. xarray masks the fill value of version 2: with ZERO there,
 * every sample of exactly 0 reads as NaN. NONE or NAN avoid it. */
enum qn_zarr_fill {
    QN_ZARR_FILL_NONE, /* null in version 2; version 3 has to have one: 0 */
    QN_ZARR_FILL_ZERO,
    QN_ZARR_FILL_NAN /* floats only */
};

/* An array and how it is cut and packed. Plain data, zero-initialised; texts are borrowed. */
struct qn_zarr_array {
    char name[QN_ZARR_NAME]; /* one path component, not beginning with '.' or "__"; parsing leaves
                                it empty */
    int format;              /* 2 or 3 */
    enum qn_dtype dtype;     /* not QN_CHAR8 */
    bool boolean;            /* QN_UINT8 whose values are 0 and 1: the type bool of Zarr */
    uint32_t ndim;           /* 0 is a scalar: one chunk of one element */
    uint64_t shape[QN_ZARR_DIMS];
    uint64_t chunk[QN_ZARR_DIMS]; /* at least 1 each; may be larger than the shape */
    uint64_t shard[QN_ZARR_DIMS]; /* all 0, or equal to chunk: no shards; else a multiple of chunk
                                     in every dimension, version 3 only */
    char dimension[QN_ZARR_DIMS][QN_ZARR_NAME]; /* names, "": none. xarray needs all of them */
    enum qn_zarr_codec codec;
    int level; /* ZSTD: -131072 to 22, 0 means 3; BLOSC_*: 0 (stored) to 9; NONE: ignored */
    enum qn_zarr_fill fill;
    bool transposed; /* values lie in memory and in chunks with the FIRST dimension fastest:
                        version 3 transpose codec (inside shards), version 2 order "F". Nothing is
                        moved for it. Otherwise the last dimension is the fastest. */
    bool big_endian; /* in the chunks; memory is always host order. Quern writes little-endian */
    char separator;  /* of chunk keys; 0: '/' in version 3, '.' in version 2 */
    const char *attributes; /* JSON object; NULL: none. Without _ARRAY_DIMENSIONS, which version 2
                               gets from `dimension` */
};

/* Checks all that is said above, and that sizes do not overflow: QN_ERR_USAGE with the array's name
 * and what is wrong. The makers below call it; the functions of this section without a status
 * need an array that passed it. */
enum qn_status qn_zarr_check(const struct qn_zarr_array *array, struct qn_error *err);

/* ---- geometry: a chunk is named by its coordinates in the grid of chunks, one per dimension - */

bool qn_zarr_sharded(const struct qn_zarr_array *array);
size_t qn_zarr_chunk_bytes(const struct qn_zarr_array *array); /* unpacked, full size */

/* Path, relative to the array, of the file that holds the chunk: its own, or its shard's. */
void qn_zarr_key(const struct qn_zarr_array *array, const uint64_t *chunk, char key[QN_ZARR_KEY]);

/* Chunks of a shard, full size (edge shards have empty slots), and the chunk's place in the index
 * of its shard. Without shards 1 and 0. */
size_t qn_zarr_shard_slots(const struct qn_zarr_array *array);
size_t qn_zarr_slot(const struct qn_zarr_array *array, const uint64_t *chunk);

/* Sets `count` elements to the fill value (0 for NONE), in host order. */
void qn_zarr_fill(const struct qn_zarr_array *array, void *values, size_t count);

/* ---- metadata ------------------------------------------------------------------------------- */

struct qn_zarr_group {
    int format;                         /* that of its arrays, too */
    const char *attributes;             /* JSON object; NULL: none */
    const struct qn_zarr_array *arrays; /* borrowed; names differ */
    size_t array_count;
    bool consolidated; /* version 3: repeat the arrays' documents in the group's; version 2 always
                          has .zmetadata */
};

/* The documents of a store, in the order in which they are to be written: the group's own come
 * last. Document i < count gets its path relative to the store and its text, which is appended to
 * `text`: the same bytes for the same group, always. A group that contradicts
 * itself, or attributes that are not a JSON object: QN_ERR_USAGE. */
size_t qn_zarr_document_count(const struct qn_zarr_group *group);
enum qn_status qn_zarr_document(const struct qn_zarr_group *group, size_t i,
                                char path[QN_ZARR_PATH], struct qn_buf *text, struct qn_error *err);

/* Reads what the writer writes and what others commonly write within the codecs above: either byte
 * order, either key separator, codecs as plain names, blosc with any shuffle. `attributes` becomes
 * the attributes as JSON text with a NUL behind it (not counted in its len), to which
 * array->attributes points; it may be NULL: none are kept. Anything else legal is
 * QN_ERR_UNSUPPORTED and says what; what is not a Zarr array document is QN_ERR_CORRUPT. The
 * error's file is left to the caller, who knows where the text came from. */
enum qn_status qn_zarr_parse_v3(const char *zarr_json, size_t len, struct qn_zarr_array *array,
                                struct qn_buf *attributes, struct qn_error *err);

/* The same of .zarray and .zattrs; the latter NULL where there is none. */
enum qn_status qn_zarr_parse_v2(const char *zarray, size_t zarray_len, const char *zattrs,
                                size_t zattrs_len, struct qn_zarr_array *array,
                                struct qn_buf *attributes, struct qn_error *err);

/* ---- chunks --------------------------------------------------------------------------------- */

/* True where a stored chunk is byte for byte its values in memory (codec NONE, host order), so that
 * the caller may write them directly and need not hold a whole chunk. */
bool qn_zarr_plain(const struct qn_zarr_array *array);

/* Scratch memory and codec state for the chunks of one array; one per worker. Copies what it needs
 * of the array. */
struct qn_zarr_encoder;
enum qn_status qn_zarr_encoder_new(struct qn_zarr_encoder **encoder,
                                   const struct qn_zarr_array *array, struct qn_error *err);
void qn_zarr_encoder_free(struct qn_zarr_encoder *encoder); /* NULL is fine */

/* Appends the stored form of a full-size chunk of qn_zarr_chunk_bytes to `out`: at most 16 bytes
 * (blosc) or half a percent and 128 bytes (zstd) more than that where nothing can be gained. */
enum qn_status qn_zarr_encode(struct qn_zarr_encoder *encoder, const void *values,
                              struct qn_buf *out, struct qn_error *err);

struct qn_zarr_decoder;
enum qn_status qn_zarr_decoder_new(struct qn_zarr_decoder **decoder,
                                   const struct qn_zarr_array *array, struct qn_error *err);
void qn_zarr_decoder_free(struct qn_zarr_decoder *decoder); /* NULL is fine */

/* Decodes a stored chunk into qn_zarr_chunk_bytes at `values`. Bytes that do not give exactly that
 * many are QN_ERR_CORRUPT; `values` is undefined then. */
enum qn_status qn_zarr_decode(struct qn_zarr_decoder *decoder, const void *bytes, size_t len,
                              void *values, struct qn_error *err);

/* ---- shards: chunks, then the index --------------------------------------------------------- */

#define QN_ZARR_MISSING UINT64_MAX

struct qn_zarr_span { /* of an encoded chunk in its shard; both QN_ZARR_MISSING: not there */
    uint64_t offset;
    uint64_t bytes;
};

/* Bytes of the index of a shard, which are the last ones of its file: 16 per slot, and a CRC32C. */
static inline size_t qn_zarr_index_bytes(size_t slots)
{
    return 16 * slots + 4;
}

/* Appends the index; spans[qn_zarr_slot(...)] says where a chunk lies. */
void qn_zarr_index_encode(const struct qn_zarr_span *spans, size_t slots, struct qn_buf *out);

/* Reads the last qn_zarr_index_bytes of a shard of `shard_bytes` into spans[slots]. A wrong length
 * or checksum, half a missing slot, or a span that leaves the part before the index is
 * QN_ERR_CORRUPT. */
enum qn_status qn_zarr_index_parse(const void *bytes, size_t len, uint64_t shard_bytes,
                                   struct qn_zarr_span *spans, size_t slots, struct qn_error *err);

#endif
