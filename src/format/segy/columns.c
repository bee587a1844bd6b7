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
INLINE void column_text(const uint8_t *from, size_t stride, size_t n, uint8_t *to, size_t len)
{
    for (size_t i = 0; i < n; i++) {
        memset(to + 8 * i, 0, 8);
        memcpy(to + 8 * i, from + i * stride, len);
    }
}

#define TEXT_COLUMN(name, len)                                                                     \
    static void name(const uint8_t *from, enum qn_byte_order order, size_t stride, size_t n,       \
                     void *to)                                                                     \
    {                                                                                              \
        (void)order;                                                                               \
        column_text(from, stride, n, to, len);                                                     \
    }

TEXT_COLUMN(column_ascii8, 8)
TEXT_COLUMN(column_ascii4, 4)
TEXT_COLUMN(column_ascii6, 6)

typedef void column_function(const uint8_t *from, enum qn_byte_order order, size_t stride, size_t n,
                             void *to);

static column_function *const columns[QN_SEGY_TYPE_COUNT] = {
    [QN_SEGY_INT8] = column_8,        [QN_SEGY_INT16] = column_16,
    [QN_SEGY_INT24] = column_int24,   [QN_SEGY_INT32] = column_32,
    [QN_SEGY_INT64] = column_64,      [QN_SEGY_UINT8] = column_8,
    [QN_SEGY_UINT16] = column_16,     [QN_SEGY_UINT24] = column_uint24,
    [QN_SEGY_UINT32] = column_32,     [QN_SEGY_UINT64] = column_64,
    [QN_SEGY_IEEE32] = column_32,     [QN_SEGY_IEEE64] = column_64,
    [QN_SEGY_IBM32] = column_ibm32,   [QN_SEGY_ASCII8] = column_ascii8,
    [QN_SEGY_ASCII4] = column_ascii4, [QN_SEGY_ASCII6] = column_ascii6,
};

void qn_segy_extract(const struct qn_segy_field *field, enum qn_byte_order order,
                     const uint8_t *first_header, size_t stride, size_t n, void *out)
{
    columns[field->type](first_header + field_offset(field), order, stride, n, out);
}

static struct qn_segy_value text_value(const uint8_t *p, size_t len)
{
    struct qn_segy_value value = {.kind = QN_SEGY_VALUE_TEXT};
    for (size_t i = 0; i < len; i++)
        value.text[i] = (char)(p[i] >= 0x20 && p[i] < 0x7F ? p[i] : ' ');
    value.text[len] = '\0';
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
        return text_value(p, qn_segy_type_info(field->type)->bytes);
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

INLINE double scaled(double value, double scalar)
{
    if (scalar < 0)
        return value / -scalar;
    return scalar > 1 ? value * scalar : value;
}

static double number_at(struct qn_segy_place place, enum qn_byte_order order, const uint8_t *header)
{
    struct qn_segy_field field = {.byte = place.byte, .type = place.type};
    return number(qn_segy_get(&field, order, header));
}

/* The usual case, written out for each: integers, unscaled or by an int16. */
#define SCALE(name, type, load)                                                                    \
    INLINE void name##_rows(const uint8_t *from, const uint8_t *scalar, enum qn_byte_order order,  \
                            size_t stride, size_t n, double *out)                                  \
    {                                                                                              \
        for (size_t i = 0; i < n; i++) {                                                           \
            double value = (double)(type)load(from + i * stride, order);                           \
            if (scalar)                                                                            \
                value = scaled(value, (int16_t)qn_load_u16(scalar + i * stride, order));           \
            out[i] = value;                                                                        \
        }                                                                                          \
    }                                                                                              \
    static void name(const uint8_t *from, const uint8_t *scalar, enum qn_byte_order order,         \
                     size_t stride, size_t n, double *out)                                         \
    {                                                                                              \
        if (order == QN_BIG_ENDIAN)                                                                \
            name##_rows(from, scalar, QN_BIG_ENDIAN, stride, n, out);                              \
        else                                                                                       \
            name##_rows(from, scalar, QN_LITTLE_ENDIAN, stride, n, out);                           \
    }

SCALE(scale_int16, int16_t, qn_load_u16)
SCALE(scale_uint16, uint16_t, qn_load_u16)
SCALE(scale_int32, int32_t, qn_load_u32)

static void scale_any(const struct qn_segy_field *field, struct qn_segy_place scalar,
                      enum qn_byte_order order, const uint8_t *first_header, size_t stride,
                      size_t n, double *out)
{
    for (size_t i = 0; i < n; i++) {
        const uint8_t *header = first_header + i * stride;
        double value = number(qn_segy_get(field, order, header));
        out[i] = scalar.byte ? scaled(value, number_at(scalar, order, header)) : value;
    }
}

static void override(const struct qn_segy_field *field, enum qn_byte_order order,
                     const uint8_t *first_header, size_t stride, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++) {
        double value = number_at(field->override, order, first_header + i * stride);
        if (value != 0)
            out[i] = value;
    }
}

void qn_segy_scale(const struct qn_segy_field *field, enum qn_byte_order order,
                   const uint8_t *first_header, size_t stride, size_t n, double *out)
{
    struct qn_segy_place scalar = qn_segy_scalar_place(field);
    const uint8_t *from = first_header + field_offset(field);
    const uint8_t *by = scalar.byte ? first_header + scalar.byte - 1 : NULL;
    bool plain = scalar.byte == 0 || scalar.type == QN_SEGY_INT16;
    if (plain && field->type == QN_SEGY_INT16)
        scale_int16(from, by, order, stride, n, out);
    else if (plain && field->type == QN_SEGY_UINT16)
        scale_uint16(from, by, order, stride, n, out);
    else if (plain && field->type == QN_SEGY_INT32)
        scale_int32(from, by, order, stride, n, out);
    else
        scale_any(field, scalar, order, first_header, stride, n, out);
    if (field->override.byte != 0)
        override(field, order, first_header, stride, n, out);
}
