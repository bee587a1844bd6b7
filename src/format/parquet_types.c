/* The table of column types: see parquet_types.h. */
#include "format/parquet_types.h"

const struct pq_type pq_types[QN_PQ_TYPE_COUNT] = {
    /*                              physical      in out order        conv log bits */
    [QN_PQ_BOOLEAN] = {PQ_BOOLEAN, 1, 0, PQ_BOOLS, -1, 0, 0},
    [QN_PQ_INT8] = {PQ_INT32, 1, 4, PQ_SIGNED, 15, 10, 8},
    [QN_PQ_INT16] = {PQ_INT32, 2, 4, PQ_SIGNED, 16, 10, 16},
    [QN_PQ_INT32] = {PQ_INT32, 4, 4, PQ_SIGNED, -1, 0, 0},
    [QN_PQ_INT64] = {PQ_INT64, 8, 8, PQ_SIGNED, -1, 0, 0},
    [QN_PQ_UINT8] = {PQ_INT32, 1, 4, PQ_UNSIGNED, 11, 10, -8},
    [QN_PQ_UINT16] = {PQ_INT32, 2, 4, PQ_UNSIGNED, 12, 10, -16},
    [QN_PQ_UINT32] = {PQ_INT32, 4, 4, PQ_UNSIGNED, 13, 10, -32},
    [QN_PQ_UINT64] = {PQ_INT64, 8, 8, PQ_UNSIGNED, 14, 10, -64},
    [QN_PQ_FLOAT] = {PQ_FLOAT, 4, 4, PQ_REAL, -1, 0, 0},
    [QN_PQ_DOUBLE] = {PQ_DOUBLE, 8, 8, PQ_REAL, -1, 0, 0},
    [QN_PQ_STRING] = {PQ_BYTE_ARRAY, 0, 0, PQ_BYTES, 0, 1, 0},
    [QN_PQ_BINARY] = {PQ_BYTE_ARRAY, 0, 0, PQ_BYTES, -1, 0, 0},
    [QN_PQ_FIXED] = {PQ_FIXED, 0, 0, PQ_BYTES, -1, 0, 0},
    [QN_PQ_DATE] = {PQ_INT32, 4, 4, PQ_SIGNED, 6, 6, 0},
    [QN_PQ_TIMESTAMP_US_UTC] = {PQ_INT64, 8, 8, PQ_SIGNED, 10, 8, 1},
    [QN_PQ_TIMESTAMP_US_LOCAL] = {PQ_INT64, 8, 8, PQ_SIGNED, 10, 8, 0},
    [QN_PQ_DECIMAL32] = {PQ_INT32, 4, 4, PQ_SIGNED, 5, 5, 0},
    [QN_PQ_DECIMAL64] = {PQ_INT64, 8, 8, PQ_SIGNED, 5, 5, 0},
};
