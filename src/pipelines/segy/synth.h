/* Synthetic surveys for demonstrations and tests: faulted, dipping layers convolved with a Ricker
 * wavelet, with noise, under correct text, binary and trace headers. The same parameters give the
 * same bytes on every machine. Writes as it goes: memory does not grow with the survey. */
#ifndef QN_PIPELINES_SEGY_SYNTH_H
#define QN_PIPELINES_SEGY_SYNTH_H

#include "base/byte_order.h"

#include <quern/error.h>
#include <stdint.h>

/* The traces, at most 2147483647, are inlines x crosslines x offsets, offsets fastest. One inline
 * and several offsets is a 2D line of CDP gathers; one offset is a stack. */
struct qn_segy_synth {
    const char *path;    /* file to write; replaced when it exists */
    uint32_t inlines;    /* 1 to 100000; numbers start at 1001 in bytes 189-192 */
    uint32_t crosslines; /* 1 to 100000; numbers start at 2001 in bytes 193-196 */
    uint32_t offsets;    /* 1 to 10000; 100 m apart from 100 m in bytes 37-40 (0 m for a stack) */
    uint32_t samples;    /* 1 to 65535, with revision 2 to 10000000 */
    double interval_us;  /* > 0; whole microseconds up to 65535 unless revision 2 */
    int format;          /* SEG-Y format code, any of the 14 */
    enum qn_byte_order order; /* little-endian files below revision 2 exist, against the rules */
    int revision;             /* 0, 1 or 2 */
    uint64_t seed;            /* keys the noise */
};

/* A 20 x 50 stack of 500 samples at 4 ms, IBM floats, big-endian, revision 1; no path. */
extern const struct qn_segy_synth qn_segy_synth_default;

/* Writes the file. Parameters out of range are QN_ERR_USAGE and name the parameter. */
enum qn_status qn_segy_synthesize(const struct qn_segy_synth *parameters, struct qn_error *err);

#endif
