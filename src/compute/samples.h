/* Samples of every SEG-Y format to native arrays: a table of pure functions.
 *
 *   code  source                native   to float32
 *   1     IBM float 4 bytes     float32  the same
 *   2     int32                 int32    rounded beyond 2^24
 *   3     int16                 int16    exact
 *   4     fixed point + gain    float32  the same
 *   5     IEEE float 4 bytes    float32  the same, bits kept (also of NaN)
 *   6     IEEE float 8 bytes    float64  rounded
 *   7     int24                 int32    exact
 *   8     int8                  int8     exact
 *   9     int64                 int64    rounded
 *   10    uint32                uint32   rounded beyond 2^24
 *   11    uint16                uint16   exact
 *   12    uint64                uint64   rounded
 *   15    uint24                uint32   exact
 *   16    uint8                 uint8    exact
 *
 * Converters take bytes of any alignment, allocate nothing, keep no state; out must not overlap
 * in. Which vector variant runs is decided in compute/cpu.h; all give the same bits.
 */
#ifndef QN_COMPUTE_SAMPLES_H
#define QN_COMPUTE_SAMPLES_H

#include "base/byte_order.h"
#include "base/dtype.h"

#include <stddef.h>
#include <stdint.h>

/* Converters add to these; the caller zeroes them once. */
struct qn_convert_counts {
    uint64_t overflows; /* finite values beyond float32: written as an infinity */
    uint64_t inexact;   /* finite values that float32 rounds (overflows not included). For IBM
                           these are only magnitudes below 2^-126 and are not counted. */
    uint64_t suspects;  /* samples that qn_encode may not give back to the bit: 0 says that it
                           gives back all. Every sample of format 4 is one. */
};

struct qn_sample_converter {
    int format;          /* SEG-Y format code */
    size_t source_bytes; /* bytes of one sample in the file */
    enum qn_dtype dtype; /* element type of `out` */
    size_t dtype_bytes;  /* bytes of one element of `out` */
    /* Converts `n` samples. */
    void (*convert)(const void *in, size_t n, void *out, struct qn_convert_counts *counts);
};

enum qn_sample_output {
    QN_SAMPLES_NATIVE, /* the column "native" above */
    QN_SAMPLES_FLOAT32 /* always float32 */
};

/* The converter of a format, or NULL when SEG-Y has no such format. Static storage. */
const struct qn_sample_converter *qn_samples_find(int format, enum qn_byte_order order,
                                                  enum qn_sample_output output);

/* Format 4 is a byte unused, a gain byte g, an int16 mantissa m. qn_samples_find takes it as
 * m * 2^g. Some writers mean m * 2^-g: this is the converter for their files. */
const struct qn_sample_converter *qn_samples_find_inverse_gain(enum qn_byte_order order);

#endif
