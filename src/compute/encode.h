/* Native arrays to samples of every SEG-Y format: the way back from samples.h, and conversion from
 * one format to another, with every loss counted.
 *
 * What was decoded from a format and is encoded to it again gives the same bytes, but for the
 * samples that the decoder counted as suspects. Values that the format does not have are rounded
 * to the nearest that it has, ties to even, each once; those beyond its range become the end of
 * the range (an infinity in IEEE formats), NaN becomes 0 where there is none.
 *
 * Pure: no allocation, no state; `out` of any alignment, not overlapping `in`.
 */
#ifndef QN_COMPUTE_ENCODE_H
#define QN_COMPUTE_ENCODE_H

#include "base/byte_order.h"
#include "base/dtype.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What was lost. Encoding adds to it; the caller zeroes it once. */
struct qn_encode_counts {
    uint64_t rounded;  /* values that the format holds only nearly */
    uint64_t clipped;  /* beyond its range */
    uint64_t nans;     /* NaN, written as 0 */
    double max_error;  /* largest |written - value| of those rounded or clipped to a finite value */
    double max_finite; /* largest |value| of all finite ones */
};

struct qn_encoder {
    enum qn_dtype dtype; /* of the values */
    int format;          /* SEG-Y format code of the samples */
    enum qn_byte_order order;
    bool inverse_gain; /* format 4: a gain of g means 2^-g */
    double scale;      /* values are multiplied by it; 1: left alone */
};

/* Bytes of one encoded sample; 0 for a code that is no format. */
size_t qn_encoded_bytes(int format);

/* Whether every value of the type is a value of the format, so that no count can rise. A scale has
 * to be looked at by the caller. */
bool qn_encodes_exactly(enum qn_dtype dtype, int format);

/* Encodes `n` values. `counts` may be NULL where the caller knows that nothing is lost, which is
 * several times as fast for IBM floats. */
void qn_encode(const struct qn_encoder *encoder, const void *in, size_t n, void *out,
               struct qn_encode_counts *counts);

/* Adds what `next` lost. */
void qn_encode_merge(struct qn_encode_counts *into, const struct qn_encode_counts *next);

#endif
