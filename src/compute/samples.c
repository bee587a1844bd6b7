/* Sample converters: see samples.h. One loop body per kind of conversion, instantiated for both
 * byte orders and every CPU variant; the tables at the end are the formats of the standard. */
#include "compute/samples.h"

#include "compute/ibm.h"
#include "compute/kernel.h"

#define PARAMETERS                                                                                 \
    (const void *restrict in, size_t n, void *restrict out, struct qn_convert_counts *counts)
#define ARGUMENTS (in, n, out, counts)

/* name_body: element i of out is (type)load(in + bytes * i). */
#define NATIVE(name, bytes, type, load, order)                                                     \
    QN_INLINE void name##_body PARAMETERS                                                          \
    {                                                                                              \
        const uint8_t *from = in;                                                                  \
        type *to = out;                                                                            \
        (void)counts;                                                                              \
        for (size_t i = 0; i < n; i++)                                                             \
            to[i] = (type)load(from + (bytes)*i, order);                                           \
    }                                                                                              \
    QN_KERNEL(name, PARAMETERS, ARGUMENTS)

/* name_body: float32 of `value`, an expression of `from` and i; `lost` tells whether the value v
 * differs from the float f. */
#define TO_FLOAT(name, bytes, type, load, order, lost)                                             \
    QN_INLINE void name##_body PARAMETERS                                                          \
    {                                                                                              \
        const uint8_t *from = in;                                                                  \
        float *to = out;                                                                           \
        uint64_t inexact = 0;                                                                      \
        for (size_t i = 0; i < n; i++) {                                                           \
            type v = (type)load(from + (bytes)*i, order);                                          \
            float f = (float)v;                                                                    \
            inexact += lost(v, f);                                                                 \
            to[i] = f;                                                                             \
        }                                                                                          \
        counts->inexact += inexact;                                                                \
        counts->suspects += inexact;                                                               \
    }                                                                                              \
    QN_KERNEL(name, PARAMETERS, ARGUMENTS)

/* name_body: float32 of a double expression; counts overflows and rounding. `suspect` is an
 * expression of the value v and its float f. */
#define FROM_DOUBLE(name, bytes, load, suspect, order)                                             \
    QN_INLINE void name##_body PARAMETERS                                                          \
    {                                                                                              \
        const uint8_t *from = in;                                                                  \
        float *to = out;                                                                           \
        uint64_t inexact = 0, overflows = 0, suspects = 0;                                         \
        for (size_t i = 0; i < n; i++) {                                                           \
            double v = load(from + (bytes)*i, order);                                              \
            float f = (float)v;                                                                    \
            uint64_t differs = (double)f != v && v == v;                                           \
            uint64_t infinite = (qn_float_bits(f) & 0x7FFFFFFFu) == 0x7F800000u;                   \
            overflows += differs & infinite;                                                       \
            inexact += differs & !infinite;                                                        \
            suspects += suspect(v, f);                                                             \
            to[i] = f;                                                                             \
        }                                                                                          \
        counts->overflows += overflows;                                                            \
        counts->inexact += inexact;                                                                \
        counts->suspects += suspects;                                                              \
    }                                                                                              \
    QN_KERNEL(name, PARAMETERS, ARGUMENTS)

#define BOTH(macro, name, ...)                                                                     \
    macro(name##_be, __VA_ARGS__, QN_BIG_ENDIAN) macro(name##_le, __VA_ARGS__, QN_LITTLE_ENDIAN)
#define BOTH_LOST(name, bytes, type, load, lost)                                                   \
    TO_FLOAT(name##_be, bytes, type, load, QN_BIG_ENDIAN, lost)                                    \
    TO_FLOAT(name##_le, bytes, type, load, QN_LITTLE_ENDIAN, lost)

QN_INLINE uint8_t load_u8(const uint8_t *bytes, enum qn_byte_order order)
{
    (void)order;
    return *bytes;
}

/* Shifting the sign bit of 24 up to that of 32 and back fills the upper byte with it. */
QN_INLINE int32_t load_i24(const uint8_t *bytes, enum qn_byte_order order)
{
    return (int32_t)(qn_load_u24(bytes, order) << 8) >> 8;
}

QN_INLINE double load_f64(const uint8_t *bytes, enum qn_byte_order order)
{
    uint64_t bits = qn_load_u64(bytes, order);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Fixed point with gain: mantissa times 2^(+gain) or 2^(-gain); gain is one byte, so the power
 * of two is always a normal double and the product is exact. */
QN_INLINE double gained(const uint8_t *bytes, enum qn_byte_order order, int sign)
{
    uint32_t word = qn_load_u32(bytes, order);
    int gain = (int)(word >> 16 & 0xFF);
    uint64_t bits = (uint64_t)(1023 + sign * gain) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return (double)(int16_t)(word & 0xFFFF) * power;
}

QN_INLINE double load_gain(const uint8_t *bytes, enum qn_byte_order order)
{
    return gained(bytes, order, 1);
}

QN_INLINE double load_inverse_gain(const uint8_t *bytes, enum qn_byte_order order)
{
    return gained(bytes, order, -1);
}

#define LOST_NEVER(v, f)  0
#define LOST_DOUBLE(v, f) ((double)(f) != (double)(v))
#define LOST_SIGNED(v, f) wider_than_24_bits((v) < 0 ? 0 - (uint64_t)(v) : (uint64_t)(v))
#define LOST_WIDE(v, f)   wider_than_24_bits(v)

/* NaNs differ from themselves, and their payloads are lost. */
#define UNEQUAL(v, f) ((double)(f) != (v))
#define ANY(v, f)     1

/* float32 holds an integer exactly when its bits from the first to the last 1 are at most 24. */
QN_INLINE uint64_t wider_than_24_bits(uint64_t magnitude)
{
    if (magnitude < (1u << 24))
        return 0;
    return 64 - __builtin_clzll(magnitude) - __builtin_ctzll(magnitude) > 24;
}

NATIVE(copy_1, 1, uint8_t, load_u8, QN_BIG_ENDIAN)
BOTH(NATIVE, copy_2, 2, uint16_t, qn_load_u16)
BOTH(NATIVE, copy_4, 4, uint32_t, qn_load_u32)
BOTH(NATIVE, copy_8, 8, uint64_t, qn_load_u64)
BOTH(NATIVE, widen_i24, 3, int32_t, load_i24)
BOTH(NATIVE, widen_u24, 3, uint32_t, qn_load_u24)

TO_FLOAT(float_i8, 1, int8_t, load_u8, QN_BIG_ENDIAN, LOST_NEVER)
TO_FLOAT(float_u8, 1, uint8_t, load_u8, QN_BIG_ENDIAN, LOST_NEVER)
BOTH_LOST(float_i16, 2, int16_t, qn_load_u16, LOST_NEVER)
BOTH_LOST(float_u16, 2, uint16_t, qn_load_u16, LOST_NEVER)
BOTH_LOST(float_i24, 3, int32_t, load_i24, LOST_NEVER)
BOTH_LOST(float_u24, 3, uint32_t, qn_load_u24, LOST_NEVER)
BOTH_LOST(float_i32, 4, int32_t, qn_load_u32, LOST_DOUBLE)
BOTH_LOST(float_u32, 4, uint32_t, qn_load_u32, LOST_DOUBLE)
BOTH_LOST(float_i64, 8, int64_t, qn_load_u64, LOST_SIGNED)
BOTH_LOST(float_u64, 8, uint64_t, qn_load_u64, LOST_WIDE)
BOTH(FROM_DOUBLE, float_f64, 8, load_f64, UNEQUAL)
BOTH(FROM_DOUBLE, gain, 4, load_gain, ANY)
BOTH(FROM_DOUBLE, inverse_gain, 4, load_inverse_gain, ANY)

static void ibm_be PARAMETERS
{
    counts->overflows += qn_ibm_decode(in, QN_BIG_ENDIAN, n, out, &counts->suspects);
}

static void ibm_le PARAMETERS
{
    counts->overflows += qn_ibm_decode(in, QN_LITTLE_ENDIAN, n, out, &counts->suspects);
}

/* A row of each table: format, bytes in the file, element type, its bytes, function. */
#define ROWS(suffix)                                                                               \
    {                                                                                              \
        {1, 4, QN_FLOAT32, 4, ibm_##suffix}, {2, 4, QN_INT32, 4, copy_4_##suffix},                 \
            {3, 2, QN_INT16, 2, copy_2_##suffix}, {4, 4, QN_FLOAT32, 4, gain_##suffix},            \
            {5, 4, QN_FLOAT32, 4, copy_4_##suffix}, {6, 8, QN_FLOAT64, 8, copy_8_##suffix},        \
            {7, 3, QN_INT32, 4, widen_i24_##suffix}, {8, 1, QN_INT8, 1, copy_1},                   \
            {9, 8, QN_INT64, 8, copy_8_##suffix}, {10, 4, QN_UINT32, 4, copy_4_##suffix},          \
            {11, 2, QN_UINT16, 2, copy_2_##suffix}, {12, 8, QN_UINT64, 8, copy_8_##suffix},        \
            {15, 3, QN_UINT32, 4, widen_u24_##suffix},                                             \
        {                                                                                          \
            16, 1, QN_UINT8, 1, copy_1                                                             \
        }                                                                                          \
    }

#define FLOAT_ROWS(suffix)                                                                         \
    {                                                                                              \
        {1, 4, QN_FLOAT32, 4, ibm_##suffix}, {2, 4, QN_FLOAT32, 4, float_i32_##suffix},            \
            {3, 2, QN_FLOAT32, 4, float_i16_##suffix}, {4, 4, QN_FLOAT32, 4, gain_##suffix},       \
            {5, 4, QN_FLOAT32, 4, copy_4_##suffix}, {6, 8, QN_FLOAT32, 4, float_f64_##suffix},     \
            {7, 3, QN_FLOAT32, 4, float_i24_##suffix}, {8, 1, QN_FLOAT32, 4, float_i8},            \
            {9, 8, QN_FLOAT32, 4, float_i64_##suffix}, {10, 4, QN_FLOAT32, 4, float_u32_##suffix}, \
            {11, 2, QN_FLOAT32, 4, float_u16_##suffix},                                            \
            {12, 8, QN_FLOAT32, 4, float_u64_##suffix},                                            \
            {15, 3, QN_FLOAT32, 4, float_u24_##suffix},                                            \
        {                                                                                          \
            16, 1, QN_FLOAT32, 4, float_u8                                                         \
        }                                                                                          \
    }

#define FORMATS 14

/* [enum qn_sample_output][enum qn_byte_order][row] */
static const struct qn_sample_converter converters[2][2][FORMATS] = {
    {ROWS(be), ROWS(le)},
    {FLOAT_ROWS(be), FLOAT_ROWS(le)},
};

const struct qn_sample_converter *qn_samples_find(int format, enum qn_byte_order order,
                                                  enum qn_sample_output output)
{
    const struct qn_sample_converter *table = converters[output][order];
    for (size_t i = 0; i < FORMATS; i++)
        if (table[i].format == format)
            return &table[i];
    return NULL;
}

const struct qn_sample_converter *qn_samples_find_inverse_gain(enum qn_byte_order order)
{
    static const struct qn_sample_converter inverse[2] = {
        {4, 4, QN_FLOAT32, 4, inverse_gain_be},
        {4, 4, QN_FLOAT32, 4, inverse_gain_le},
    };
    return &inverse[order];
}
