/* IBM floating point loops: see ibm.h. The formulas are in base/ibm_scalar.h; here they are only
 * put into loops that a compiler can vectorise, and odd words are counted on the way. */
#include "compute/ibm.h"

#include "compute/kernel.h"

/* Counts are kept in 32 bits inside a block, which vectorises; blocks are far below 2^32. */
#define BLOCK ((size_t)1 << 20)

/* A word without its sign, shifted left by 1: the exponents from 0x22 to 0x60 are those of
 * magnitudes that float32 holds normally whatever the fraction. */
#define LEAST_SURE 0x44000000u
#define ABOVE_SURE 0xC2000000u

QN_INLINE uint32_t is_suspect(uint32_t word)
{
    uint32_t magnitude = word << 1;
    int32_t above = (int32_t)(magnitude - LEAST_SURE - 0x80000000u);
    uint32_t out_of_range = above >= (int32_t)(ABOVE_SURE - LEAST_SURE - 0x80000000u);
    uint32_t not_normalised = (word & 0x00F00000u) == 0;
    return (out_of_range | not_normalised) & (magnitude != 0);
}

/* Returns the suspects, which all words that become infinite are among. */
QN_INLINE uint64_t decode(const uint8_t *restrict in, enum qn_byte_order order, size_t n,
                          float *restrict out)
{
    uint32_t suspects = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t word = qn_load_u32(in + 4 * i, order);
        suspects += is_suspect(word);
        out[i] = qn_ibm_to_float(word);
    }
    return suspects;
}

static uint64_t count_infinities(const float *values, size_t n)
{
    uint64_t infinities = 0;
    for (size_t i = 0; i < n; i++)
        infinities += (qn_float_bits(values[i]) & 0x7FFFFFFFu) == 0x7F800000u;
    return infinities;
}

QN_INLINE uint64_t encode(const float *restrict in, enum qn_byte_order order, size_t n,
                          uint8_t *restrict out)
{
    uint32_t not_finite = 0;
    for (size_t i = 0; i < n; i++) {
        not_finite += (qn_float_bits(in[i]) & 0x7F800000u) == 0x7F800000u;
        qn_store_u32(out + 4 * i, order, qn_float_to_ibm(in[i]));
    }
    return not_finite;
}

QN_INLINE void decode_big_body(const uint8_t *in, size_t n, float *out, uint64_t *count)
{
    *count = decode(in, QN_BIG_ENDIAN, n, out);
}

QN_INLINE void decode_little_body(const uint8_t *in, size_t n, float *out, uint64_t *count)
{
    *count = decode(in, QN_LITTLE_ENDIAN, n, out);
}

QN_INLINE void encode_big_body(const float *in, size_t n, uint8_t *out, uint64_t *count)
{
    *count = encode(in, QN_BIG_ENDIAN, n, out);
}

QN_INLINE void encode_little_body(const float *in, size_t n, uint8_t *out, uint64_t *count)
{
    *count = encode(in, QN_LITTLE_ENDIAN, n, out);
}

QN_KERNEL(decode_big, (const uint8_t *in, size_t n, float *out, uint64_t *count),
          (in, n, out, count))
QN_KERNEL(decode_little, (const uint8_t *in, size_t n, float *out, uint64_t *count),
          (in, n, out, count))
QN_KERNEL(encode_big, (const float *in, size_t n, uint8_t *out, uint64_t *count),
          (in, n, out, count))
QN_KERNEL(encode_little, (const float *in, size_t n, uint8_t *out, uint64_t *count),
          (in, n, out, count))

uint64_t qn_ibm_decode(const void *in, enum qn_byte_order order, size_t n, float *out,
                       uint64_t *suspects)
{
    const uint8_t *bytes = in;
    uint64_t infinities = 0;
    for (size_t at = 0; at < n; at += BLOCK) {
        size_t len = n - at < BLOCK ? n - at : BLOCK;
        uint64_t count;
        (order == QN_BIG_ENDIAN ? decode_big : decode_little)(bytes + 4 * at, len, out + at,
                                                              &count);
        if (count > 0)
            infinities += count_infinities(out + at, len);
        if (suspects)
            *suspects += count;
    }
    return infinities;
}

uint64_t qn_ibm_encode(const float *in, enum qn_byte_order order, size_t n, void *out)
{
    uint8_t *bytes = out;
    uint64_t total = 0;
    for (size_t at = 0; at < n; at += BLOCK) {
        size_t len = n - at < BLOCK ? n - at : BLOCK;
        uint64_t count;
        (order == QN_BIG_ENDIAN ? encode_big : encode_little)(in + at, len, bytes + 4 * at, &count);
        total += count;
    }
    return total;
}
