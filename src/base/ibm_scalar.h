/* IBM System/360 hexadecimal floating point, one 32-bit word at a time: exact, branch-free.
 *
 * A word is sign (1 bit), exponent e (7), fraction f (24): (-1)^s * f / 2^24 * 16^(e - 64). There
 * is no hidden bit, no infinity and no NaN; a fraction with leading zero digits is legal.
 * The vector loops of compute/ibm.c inline these functions, so that there is one definition.
 * Needs -ffp-contract=off, no -ffast-math, and subnormals on (no FTZ/DAZ).
 */
#ifndef QN_BASE_IBM_SCALAR_H
#define QN_BASE_IBM_SCALAR_H

#include <stdint.h>
#include <string.h>

static inline float qn_float_from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t qn_float_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* The nearest float32 to an IBM word in host order, ties to even; beyond the range of float32 it
 * is an infinity, and the sign of zero is kept.
 *
 * The value is f * 2^k with k = 4e - 280. f converts exactly (24 bits). 2^k may lie outside the
 * normal floats, so it is applied as two factors 2^(k/2) that do not: the first product is exact,
 * the second rounds once. Clamping k to [-174, 128] keeps both factors normal and changes no
 * result: f <= 2^24 - 1 gives 0 below, and f >= 1 gives infinity above. */
static inline float qn_ibm_to_float(uint32_t word)
{
    int32_t k = (int32_t)((word >> 22) & 0x1FC) - 280;
    k = k < -174 ? -174 : k;
    k = k > 128 ? 128 : k;
    int32_t half = k >> 1;
    float fraction = (float)(int32_t)(word & 0xFFFFFF);
    float first = qn_float_from_bits((uint32_t)(half + 127) << 23);
    float second = qn_float_from_bits((uint32_t)(k - half + 127) << 23);
    return qn_float_from_bits(qn_float_bits(fraction * first * second) | (word & 0x80000000u));
}

/* The nearest IBM word to a float32, ties to even. Infinities become the largest word of their
 * sign (0x7FFFFFFF, 0xFFFFFFFF), NaN becomes 0; both are for the caller to count.
 *
 * |value| = m / 2^24 * 2^E with 2^23 <= m < 2^24; h = ceil(E / 4) is the power of 16, and m moves
 * right by 4h - E, which is 0 to 3 bits, rounded. No carry can leave 24 bits: a shift of 0 does
 * not round, and a shift of 1 or more ends at 2^23 at most. */
static inline uint32_t qn_float_to_ibm(float value)
{
    uint32_t bits = qn_float_bits(value);
    uint32_t sign = bits & 0x80000000u;
    uint32_t magnitude = bits & 0x7FFFFFFFu;
    /* A subnormal is multiplied by 2^24, which makes it normal; all others by 1. */
    uint32_t raised_by = magnitude < 0x00800000u ? 24 : 0;
    float factor = qn_float_from_bits((127u + raised_by) << 23);
    uint32_t normal = qn_float_bits(qn_float_from_bits(magnitude) * factor);
    int32_t e = (int32_t)(normal >> 23) - 126 - (int32_t)raised_by;
    uint32_t m = (normal & 0x7FFFFFu) | 0x800000u;
    int32_t h = (e + 3) >> 2;
    uint32_t shift = (uint32_t)(4 * h - e) & 3u;
    uint32_t half_less_one = (1u << shift) >> 1;
    half_less_one -= half_less_one != 0;
    m = (m + half_less_one + ((m >> shift) & (shift != 0))) >> shift;
    uint32_t word = (uint32_t)(h + 64) << 24 | m;
    word &= 0u - (magnitude != 0);
    word |= (0u - (magnitude == 0x7F800000u)) & 0x7FFFFFFFu;
    return (sign | word) & (0u - (magnitude <= 0x7F800000u));
}

#endif
