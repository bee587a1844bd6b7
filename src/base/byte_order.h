/* Byte orders and unaligned loads and stores in either of them. The formats that Quern reads say
 * their order at run time, so it is a parameter here; hot loops pass a constant and inline. */
#ifndef QN_BASE_BYTE_ORDER_H
#define QN_BASE_BYTE_ORDER_H

#include <stdint.h>
#include <string.h>

enum qn_byte_order { QN_BIG_ENDIAN, QN_LITTLE_ENDIAN };

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define QN_HOST_ORDER QN_LITTLE_ENDIAN
#else
#define QN_HOST_ORDER QN_BIG_ENDIAN
#endif

static inline uint16_t qn_load_u16(const void *bytes, enum qn_byte_order order)
{
    uint16_t value;
    memcpy(&value, bytes, sizeof value);
    return order == QN_HOST_ORDER ? value : __builtin_bswap16(value);
}

static inline uint32_t qn_load_u24(const void *bytes, enum qn_byte_order order)
{
    const uint8_t *b = bytes;
    return order == QN_BIG_ENDIAN ? (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2]
                                  : (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
}

static inline uint32_t qn_load_u32(const void *bytes, enum qn_byte_order order)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return order == QN_HOST_ORDER ? value : __builtin_bswap32(value);
}

static inline uint64_t qn_load_u64(const void *bytes, enum qn_byte_order order)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return order == QN_HOST_ORDER ? value : __builtin_bswap64(value);
}

static inline void qn_store_u16(void *bytes, enum qn_byte_order order, uint16_t value)
{
    value = order == QN_HOST_ORDER ? value : __builtin_bswap16(value);
    memcpy(bytes, &value, sizeof value);
}

static inline void qn_store_u24(void *bytes, enum qn_byte_order order, uint32_t value)
{
    uint8_t *b = bytes;
    b[order == QN_BIG_ENDIAN ? 0 : 2] = (uint8_t)(value >> 16);
    b[1] = (uint8_t)(value >> 8);
    b[order == QN_BIG_ENDIAN ? 2 : 0] = (uint8_t)value;
}

static inline void qn_store_u32(void *bytes, enum qn_byte_order order, uint32_t value)
{
    value = order == QN_HOST_ORDER ? value : __builtin_bswap32(value);
    memcpy(bytes, &value, sizeof value);
}

static inline void qn_store_u64(void *bytes, enum qn_byte_order order, uint64_t value)
{
    value = order == QN_HOST_ORDER ? value : __builtin_bswap64(value);
    memcpy(bytes, &value, sizeof value);
}

#endif
