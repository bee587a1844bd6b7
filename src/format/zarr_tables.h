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
};
extern const struct qn_zarr_codec_info qn_zarr_codecs[QN_ZARR_CODECS];

/* The version 2 type of a dtype without its byte order: "i1" ... "f8". */
extern const char *const qn_zarr_v2_types[QN_DTYPE_COUNT];

static inline bool qn_zarr_is_float(enum qn_dtype dtype)
{
    return dtype == QN_FLOAT32 || dtype == QN_FLOAT64;
}

#endif
