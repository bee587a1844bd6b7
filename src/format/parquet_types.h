/* Inside of the Parquet layer: the table of types, and enums of the format. Numbers are those of
 * parquet.thrift. */
#ifndef QN_FORMAT_PARQUET_TYPES_H
#define QN_FORMAT_PARQUET_TYPES_H

#include "format/parquet.h"

enum pq_physical {
    PQ_BOOLEAN,
    PQ_INT32,
    PQ_INT64,
    PQ_INT96,
    PQ_FLOAT,
    PQ_DOUBLE,
    PQ_BYTE_ARRAY,
    PQ_FIXED
};
enum pq_coding {
    PQ_PLAIN = 0,
    PQ_PLAIN_DICTIONARY = 2,
    PQ_RLE = 3,
    PQ_BIT_PACKED = 4, /* levels of old files */
    PQ_DELTA_BINARY_PACKED = 5,
    PQ_DELTA_LENGTH_BYTE_ARRAY = 6,
    PQ_DELTA_BYTE_ARRAY = 7,
    PQ_RLE_DICTIONARY = 8,
    PQ_BYTE_STREAM_SPLIT = 9
};
enum pq_codec {
    PQ_UNCOMPRESSED,
    PQ_SNAPPY,
    PQ_GZIP,
    PQ_LZO,
    PQ_BROTLI,
    PQ_LZ4, /* deprecated: Hadoop's frames, or blocks as in LZ4_RAW */
    PQ_ZSTD,
    PQ_LZ4_RAW
};
enum pq_page { PQ_DATA_PAGE, PQ_INDEX_PAGE, PQ_DICTIONARY_PAGE, PQ_DATA_PAGE_V2 };

/* How values compare for statistics. */
enum pq_order { PQ_SIGNED, PQ_UNSIGNED, PQ_REAL, PQ_BYTES, PQ_BOOLS };

struct pq_type {
    enum pq_physical physical;
    uint8_t native_bytes;   /* of a value as the caller gives it; 0: varies */
    uint8_t physical_bytes; /* as stored plain; 0: varies */
    enum pq_order order;
    int8_t converted; /* ConvertedType, -1: none */
    int8_t logical;   /* field of the LogicalType union, 0: none */
    int8_t bits;      /* INTEGER: width; negative: unsigned */
};

extern const struct pq_type pq_types[QN_PQ_TYPE_COUNT];

/* Bytes of a stored value; 0 for byte arrays. */
static inline size_t pq_width(const struct qn_parquet_column *column)
{
    return column->type == QN_PQ_FIXED ? column->length : pq_types[column->type].physical_bytes;
}

#define PQ_STAT_BYTES 64u /* longer bounds of byte arrays are cut */

struct pq_bounds { /* of a page or chunk */
    bool known;    /* false: no value, or none that may stand in statistics */
    bool exact_min, exact_max;
    uint8_t min_len, max_len;
    uint8_t min[PQ_STAT_BYTES];
    uint8_t max[PQ_STAT_BYTES];
};

#endif
