/* IBM floating point loops: see ibm.h. The formulas are in base/ibm_scalar.h; here they are only
 * put into loops that a compiler can vectorise, and infinities are counted on the way. */
#include "compute/ibm.h"

#include "compute/kernel.h"

/* Counts are kept in 32 bits inside a block, which vectorises; blocks are far below 2^32. */
#define BLOCK ((size_t)1 << 20)

QN_INLINE uint64_t decode(const uint8_t *restrict in, enum qn_byte_order order, size_t n,
                          float *restrict out)
{
    uint32_t infinities = 0;
    for (size_t i = 0; i < n; i++) {
        float value = qn_ibm_to_float(qn_load_u32(in + 4 * i, order));
        infinities += (qn_float_bits(value) & 0x7FFFFFFFu) == 0x7F800000u;
        out[i] = value;
    }
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

uint64_t qn_ibm_decode(const void *in, enum qn_byte_order order, size_t n, float *out)
{
    const uint8_t *bytes = in;
    uint64_t total = 0;
    for (size_t at = 0; at < n; at += BLOCK) {
        size_t len = n - at < BLOCK ? n - at : BLOCK;
        uint64_t count;
        (order == QN_BIG_ENDIAN ? decode_big : decode_little)(bytes + 4 * at, len, out + at,
                                                              &count);
        total += count;
    }
    return total;
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
