/* What the files of the Zarr layer share: the names of codecs and types, and the one check of
 * names. Not for others: see zarr.h. */
#ifndef QN_FORMAT_ZARR_TABLES_H
#define QN_FORMAT_ZARR_TABLES_H

#include "format/zarr.h"

#define QN_ZARR_CODECS 4

/* Rows in the order of enum qn_zarr_codec. */
struct qn_zarr_codec_info {
    const char *id;    /* in metadata of both versions; NULL: no codec */
    const char *cname; /* blosc only: the compressor inside */
    int level_min;
    int level_max;
    int shuffle;  /* blosc only: BLOSC_SHUFFLE or BLOSC_BITSHUFFLE */
    size_t block; /* blosc only: bytes that are shuffled and packed together */
};

/* Shuffle and block size are what packs seismic samples best, measured on real surveys: LZ4 is
 * twice as fast on bit planes as on byte planes and packs as well; zstd wants byte planes and
 * larger blocks than blosc chooses. */
extern const struct qn_zarr_codec_info qn_zarr_codecs[QN_ZARR_CODECS];

/* How blosc shuffles the array's values: those of one byte have no byte planes. */
int qn_zarr_shuffle(const struct qn_zarr_array *array);

/* The version 2 type of a dtype without its byte order: "i1" ... "f8". */
extern const char *const qn_zarr_v2_types[QN_DTYPE_COUNT];

/* The types of an array of booleans, in either version. */
#define QN_ZARR_BOOL    "bool"
#define QN_ZARR_BOOL_V2 "b1"

static inline bool qn_zarr_is_float(enum qn_dtype dtype)
{
    return dtype == QN_FLOAT32 || dtype == QN_FLOAT64;
}

#endif
