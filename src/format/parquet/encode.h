/* Parquet's encodings of values, written; decode.h reads them. Pure functions over memory.
 */
#ifndef QN_FORMAT_PARQUET_ENCODE_H
#define QN_FORMAT_PARQUET_ENCODE_H

#include "base/buf.h"

#include <string.h>

/* How many of the values from i (at least 1) up to n are equal to the one before them all, as far
 * as whole steps of 32 tell: sorted data has long runs. */
static inline size_t pq_same_ahead(const void *values, size_t width, size_t i, size_t n)
{
    enum { STEP = 32 };
    const uint8_t *bytes = values;
    size_t at = i;
    while (n - at >= STEP &&
           memcmp(bytes + at * width, bytes + (at - 1) * width, STEP * width) == 0)
        at += STEP;
    return at - i;
}

/* RLE / bit-packed hybrid of n values of `width` bits (1..32), without length prefix. */
void pq_encode_hybrid(struct qn_buf *out, const uint32_t *values, size_t n, unsigned width);

/* The same of n bytes 0 or 1, in 1 bit each: definition levels. */
void pq_encode_flags(struct qn_buf *out, const uint8_t *flags, size_t n);

/* DELTA_BINARY_PACKED of 32- or 64-bit integers (`bytes` 4 or 8); blocks of 128 in 4 miniblocks. */
void pq_encode_delta(struct qn_buf *out, const void *values, size_t n, size_t bytes);

/* BYTE_STREAM_SPLIT of values of `bytes` bytes. */
void pq_encode_split(struct qn_buf *out, const uint8_t *values, size_t n, size_t bytes);

/* Bits to hold `value`. */
static inline unsigned pq_bits(uint64_t value)
{
    return value ? 64u - (unsigned)__builtin_clzll(value) : 0;
}

#endif
