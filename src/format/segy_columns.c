/* Header fields of one record or of many: reading, writing, extracting columns, applying scalars.
 * Pure functions over bytes; see segy.h. */
#include "format/segy.h"

#include "base/ibm_scalar.h"

#include <math.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

/* The first byte of a field in a record that starts where the field's table does. */
static size_t field_offset(const struct qn_segy_field *field)
{
    return field->byte - (field->byte > QN_SEGY_TEXT_BYTES ? QN_SEGY_TEXT_BYTES : 0u) - 1u;
}

/* One loader per type: bytes at p in `order` to the element type of the column. */
INLINE uint8_t load_8(const uint8_t *p, enum qn_byte_order order)
{
    (void)order;
    return *p;
}

INLINE int32_t load_int24(const uint8_t *p, enum qn_byte_order order)
{
    return (int32_t)(qn_load_u24(p, order) << 8) >> 8;
}

INLINE float load_ieee32(const uint8_t *p, enum qn_byte_order order)
{
    return qn_float_from_bits(qn_load_u32(p, order));
}

INLINE double load_ieee64(const uint8_t *p, enum qn_byte_order order)
{
    uint64_t bits = qn_load_u64(p, order);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

INLINE float load_ibm32(const uint8_t *p, enum qn_byte_order order)
{
    return qn_ibm_to_float(qn_load_u32(p, order));
}

#define COLUMN(name, type, load)                                                                   \
    INLINE void name##_column(const uint8_t *from, enum qn_byte_order order, size_t stride,        \
                              size_t n, type *to)                                                  \
    {                                                                                              \
        for (size_t i = 0; i < n; i++)                                                             \
            to[i] = (type)load(from + i * stride, order);                                          \
    }                                                                                              \
    static void name(const uint8_t *from, enum qn_byte_order order, size_t stride, size_t n,       \
                     void *to)                                                                     \
    {                                                                                              \
        if (order == QN_BIG_ENDIAN)                                                                \
            name##_column(from, QN_BIG_ENDIAN, stride, n, to);                                     \
        else                                                                                       \
            name##_column(from, QN_LITTLE_ENDIAN, stride, n, to);                                  \
    }

COLUMN(column_8, uint8_t, load_8)
COLUMN(column_16, uint16_t, qn_load_u16)
COLUMN(column_int24, int32_t, load_int24)
COLUMN(column_uint24, uint32_t, qn_load_u24)
COLUMN(column_32, uint32_t, qn_load_u32)
COLUMN(column_64, uint64_t, qn_load_u64)
COLUMN(column_ibm32, float, load_ibm32)

/* Text has no byte order. */
static void column_ascii8(const uint8_t *from, enum qn_byte_order order, size_t stride, size_t n,
                          void *to)
{
    (void)order;
    for (size_t i = 0; i < n; i++)
        memcpy((uint8_t *)to + 8 * i, from + i * stride, 8);
}

typedef void column_function(const uint8_t *from, enum qn_byte_order order, size_t stride, size_t n,
                             void *to);

static column_function *const columns[QN_SEGY_TYPE_COUNT] = {
    [QN_SEGY_INT8] = column_8,      [QN_SEGY_INT16] = column_16,
    [QN_SEGY_INT24] = column_int24, [QN_SEGY_INT32] = column_32,
    [QN_SEGY_INT64] = column_64,    [QN_SEGY_UINT8] = column_8,
    [QN_SEGY_UINT16] = column_16,   [QN_SEGY_UINT24] = column_uint24,
    [QN_SEGY_UINT32] = column_32,   [QN_SEGY_UINT64] = column_64,
    [QN_SEGY_IEEE32] = column_32,   [QN_SEGY_IEEE64] = column_64,
    [QN_SEGY_IBM32] = column_ibm32, [QN_SEGY_ASCII8] = column_ascii8,
};

void qn_segy_extract(const struct qn_segy_field *field, enum qn_byte_order order,
                     const uint8_t *first_header, size_t stride, size_t n, void *out)
{
    columns[field->type](first_header + field_offset(field), order, stride, n, out);
}

static struct qn_segy_value text_value(const uint8_t *p)
{
    struct qn_segy_value value = {.kind = QN_SEGY_VALUE_TEXT};
    for (size_t i = 0; i < 8; i++)
        value.text[i] = (char)(p[i] >= 0x20 && p[i] < 0x7F ? p[i] : ' ');
    value.text[8] = '\0';
    return value;
}

static struct qn_segy_value int_value(int64_t i)
{
    return (struct qn_segy_value){.kind = QN_SEGY_VALUE_INT, .i = i};
}

static struct qn_segy_value uint_value(uint64_t u)
{
    return (struct qn_segy_value){.kind = QN_SEGY_VALUE_UINT, .u = u};
}

static struct qn_segy_value real_value(double real)
{
    return (struct qn_segy_value){.kind = QN_SEGY_VALUE_REAL, .real = real};
}

struct qn_segy_value qn_segy_get(const struct qn_segy_field *field, enum qn_byte_order order,
                                 const uint8_t *record)
{
    const uint8_t *p = record + field_offset(field);
    switch ((enum qn_segy_type)field->type) {
    case QN_SEGY_INT8:
        return int_value((int8_t)*p);
    case QN_SEGY_INT16:
        return int_value((int16_t)qn_load_u16(p, order));
    case QN_SEGY_INT24:
        return int_value(load_int24(p, order));
    case QN_SEGY_INT32:
        return int_value((int32_t)qn_load_u32(p, order));
    case QN_SEGY_INT64:
        return int_value((int64_t)qn_load_u64(p, order));
    case QN_SEGY_UINT8:
        return uint_value(*p);
    case QN_SEGY_UINT16:
        return uint_value(qn_load_u16(p, order));
    case QN_SEGY_UINT24:
        return uint_value(qn_load_u24(p, order));
    case QN_SEGY_UINT32:
        return uint_value(qn_load_u32(p, order));
    case QN_SEGY_UINT64:
        return uint_value(qn_load_u64(p, order));
    case QN_SEGY_IEEE32:
        return real_value((double)load_ieee32(p, order));
    case QN_SEGY_IEEE64:
        return real_value(load_ieee64(p, order));
    case QN_SEGY_IBM32:
        return real_value((double)load_ibm32(p, order));
    default:
        return text_value(p);
    }
}

/* The bits that a float field holds for an integer. */
static uint64_t real_bits(enum qn_segy_type type, int64_t value)
{
    double real = (double)value;
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    if (type == QN_SEGY_IEEE32)
        return qn_float_bits((float)value);
    return type == QN_SEGY_IBM32 ? qn_float_to_ibm((float)value) : bits;
}

void qn_segy_put(const struct qn_segy_field *field, enum qn_byte_order order, uint8_t *record,
                 int64_t value)
{
    uint8_t *p = record + field_offset(field);
    enum qn_segy_type type = (enum qn_segy_type)field->type;
    bool real = type == QN_SEGY_IEEE32 || type == QN_SEGY_IEEE64 || type == QN_SEGY_IBM32;
    uint64_t bits = real ? real_bits(type, value) : (uint64_t)value;
    switch (qn_segy_type_info(type)->bytes) {
    case 1:
        *p = (uint8_t)bits;
        break;
    case 2:
        qn_store_u16(p, order, (uint16_t)bits);
        break;
    case 3:
        qn_store_u24(p, order, (uint32_t)bits);
        break;
    case 4:
        qn_store_u32(p, order, (uint32_t)bits);
        break;
    default:
        qn_store_u64(p, order, bits);
    }
}

static double number(struct qn_segy_value value)
{
    switch (value.kind) {
    case QN_SEGY_VALUE_INT:
        return (double)value.i;
    case QN_SEGY_VALUE_UINT:
        return (double)value.u;
    case QN_SEGY_VALUE_REAL:
        return value.real;
    default:
        return NAN;
    }
}

/* Where the int16 scalar of a rule lies in the trace header, from 0; 0 for none. */
static size_t scalar_offset(enum qn_segy_scaling scaling)
{
    static const unsigned char bytes[] = {[QN_SEGY_BY_ELEVATION_SCALAR] = 69,
                                          [QN_SEGY_BY_COORDINATE_SCALAR] = 71,
                                          [QN_SEGY_BY_TIME_SCALAR] = 215,
                                          [QN_SEGY_BY_SHOTPOINT_SCALAR] = 201};
    return scaling == QN_SEGY_UNSCALED ? 0 : bytes[scaling] - 1u;
}

void qn_segy_scale(const struct qn_segy_field *field, enum qn_byte_order order,
                   const uint8_t *first_header, size_t stride, size_t n, double *out,
                   uint64_t *zero_scalars)
{
    size_t at = scalar_offset((enum qn_segy_scaling)field->scaling);
    uint64_t zeros = 0;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *header = first_header + i * stride;
        double value = number(qn_segy_get(field, order, header));
        int scalar = at ? (int16_t)qn_load_u16(header + at, order) : 1;
        zeros += scalar == 0;
        if (scalar < 0)
            value /= -scalar;
        else if (scalar > 1)
            value *= scalar;
        out[i] = value;
    }
    if (zero_scalars)
        *zero_scalars += zeros;
}
