/* IBM floating point arrays to and from IEEE float32: exact (see base/ibm_scalar.h for the
 * formula and its proof), vectorised, dispatched once per call through compute/cpu.h.
 *
 * Byte arrays are of any alignment; in and out must not overlap.
 */
#ifndef QN_COMPUTE_IBM_H
#define QN_COMPUTE_IBM_H

#include "base/byte_order.h"
#include "base/ibm_scalar.h"

#include <stddef.h>
#include <stdint.h>

/* Decodes `n` 4-byte IBM words in `order` to float32, rounded to nearest even. Words of magnitude
 * 2^128 and more become infinities. Returns how many did.
 *
 * Adds to *suspects (may be NULL) the words that qn_ibm_encode may not give back: all but the two
 * zeros and the normalised words of magnitudes from 0x22100000 to 0x60FFFFFF. As a rule no word of
 * a real file is one. */
uint64_t qn_ibm_decode(const void *in, enum qn_byte_order order, size_t n, float *out,
                       uint64_t *suspects);

/* Encodes `n` floats as 4-byte IBM words in `order`, rounded to nearest even. IBM has neither
 * infinities nor NaN: they become the largest word of their sign and 0. Returns how many did. */
uint64_t qn_ibm_encode(const float *in, enum qn_byte_order order, size_t n, void *out);

#endif
