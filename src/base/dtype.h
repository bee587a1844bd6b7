/* Element types of native arrays and columns, as they lie in memory in host order. Readers say
 * with them what they produce, numerics what they take, writers map them to the file's own. */
#ifndef QN_BASE_DTYPE_H
#define QN_BASE_DTYPE_H

#include <stddef.h>

enum qn_dtype {
    QN_INT8,
    QN_INT16,
    QN_INT32,
    QN_INT64,
    QN_UINT8,
    QN_UINT16,
    QN_UINT32,
    QN_UINT64,
    QN_FLOAT32,
    QN_FLOAT64,
    QN_CHAR8, /* eight bytes of text, not NUL-terminated */
    QN_DTYPE_COUNT
};

/* Bytes of one element. */
static inline size_t qn_dtype_bytes(enum qn_dtype dtype)
{
    static const unsigned char bytes[QN_DTYPE_COUNT] = {1, 2, 4, 8, 1, 2, 4, 8, 4, 8, 8};
    return bytes[dtype];
}

/* "int8" ... "float64", "char8": the names that numpy and Zarr v3 use for the numeric ones. */
static inline const char *qn_dtype_name(enum qn_dtype dtype)
{
    static const char *const names[QN_DTYPE_COUNT] = {"int8",    "int16",   "int32",  "int64",
                                                      "uint8",   "uint16",  "uint32", "uint64",
                                                      "float32", "float64", "char8"};
    return names[dtype];
}

#endif
