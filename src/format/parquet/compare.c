/* How values compare: see qn_parquet_compare. Rules: apache/parquet-format, parquet.thrift, union
 * ColumnOrder. */
#include "format/parquet/reader.h"

#include <string.h>

static int by_bytes(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    size_t len = a_len < b_len ? a_len : b_len;
    int order = len ? memcmp(a, b, len) : 0;
    return order ? order : (a_len > b_len) - (a_len < b_len);
}

/* Byte `place` of a two's complement number of `len` bytes extended to `all`. */
static uint8_t extended(const uint8_t *bytes, size_t len, size_t all, size_t place)
{
    if (place >= all - len)
        return bytes[place - (all - len)];
    return len && bytes[0] & 0x80 ? 0xff : 0;
}

static int by_decimal(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    size_t len = a_len > b_len ? a_len : b_len;
    bool a_negative = a_len && a[0] & 0x80, b_negative = b_len && b[0] & 0x80;
    if (a_negative != b_negative)
        return a_negative ? -1 : 1;
    for (size_t i = 0; i < len; i++) {
        uint8_t x = extended(a, a_len, len, i), y = extended(b, b_len, len, i);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return 0;
}

/* Half floats that are not NaN order as their magnitudes with their signs. */
static int by_half(const uint8_t *a, const uint8_t *b)
{
    uint16_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    if ((x & 0x7fff) > 0x7c00 || (y & 0x7fff) > 0x7c00)
        return 0;
    int32_t i = x & 0x8000 ? -(int32_t)(x & 0x7fff) : x;
    int32_t j = y & 0x8000 ? -(int32_t)(y & 0x7fff) : y;
    return (i > j) - (i < j);
}

#define COMPARE_AS(type)                                                                           \
    do {                                                                                           \
        type x, y;                                                                                 \
        if (a_len != sizeof x || b_len != sizeof y)                                                \
            return by_bytes(a, a_len, b, b_len);                                                   \
        memcpy(&x, a, sizeof x);                                                                   \
        memcpy(&y, b, sizeof y);                                                                   \
        return (x > y) - (x < y);                                                                  \
    } while (0)

int qn_parquet_compare(enum qn_parquet_order order, const uint8_t *a, size_t a_len,
                       const uint8_t *b, size_t b_len)
{
    switch (order) {
    case QN_PQ_ORDER_I32:
        COMPARE_AS(int32_t);
    case QN_PQ_ORDER_U32:
        COMPARE_AS(uint32_t);
    case QN_PQ_ORDER_I64:
        COMPARE_AS(int64_t);
    case QN_PQ_ORDER_U64:
        COMPARE_AS(uint64_t);
    case QN_PQ_ORDER_FLOAT:
        COMPARE_AS(float);
    case QN_PQ_ORDER_DOUBLE:
        COMPARE_AS(double);
    case QN_PQ_ORDER_BOOLEAN:
        COMPARE_AS(uint8_t);
    case QN_PQ_ORDER_FLOAT16:
        return a_len == 2 && b_len == 2 ? by_half(a, b) : by_bytes(a, a_len, b, b_len);
    case QN_PQ_ORDER_DECIMAL:
        return by_decimal(a, a_len, b, b_len);
    default:
        return by_bytes(a, a_len, b, b_len);
    }
}
