/* CRC32C by SSE4.2 with three interleaved streams, or by table: see crc32c.h.
 *
 * The crc32 instruction has a latency of 3 and a throughput of 1 per cycle, so three
 * independent streams of BLOCK bytes run in the time of one; they are joined by multiplying
 * with x^(8*BLOCK) modulo the polynomial, done here by a table of 4 x 256 words per shift.
 */
#include "base/crc32c.h"

#include <pthread.h>
#include <string.h>

#define POLYNOMIAL 0x82F63B78u
#define BLOCK      4096u

static uint32_t byte_table[256];
static uint32_t shift_one[4][256]; /* advances a crc over BLOCK zero bytes */
static uint32_t shift_two[4][256]; /* over 2 * BLOCK */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static uint32_t advance_zeros(uint32_t crc, size_t zeros)
{
    while (zeros--)
        crc = byte_table[crc & 0xff] ^ (crc >> 8);
    return crc;
}

/* Advancing over zeros is linear over GF(2), so a table per byte follows from 32 single bits. */
static void fill_shift(uint32_t table[4][256], size_t zeros)
{
    uint32_t bits[32];
    for (int i = 0; i < 32; i++)
        bits[i] = advance_zeros(1u << i, zeros);
    for (int byte = 0; byte < 4; byte++) {
        for (int value = 0; value < 256; value++) {
            uint32_t sum = 0;
            for (int i = 0; i < 8; i++)
                sum ^= (value >> i & 1) ? bits[8 * byte + i] : 0;
            table[byte][value] = sum;
        }
    }
}

static void fill_tables(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
        byte_table[i] = crc;
    }
    fill_shift(shift_one, BLOCK);
    fill_shift(shift_two, 2 * BLOCK);
}

uint32_t qn_crc32c_portable(uint32_t crc, const void *bytes, size_t len)
{
    pthread_once(&once, fill_tables);
    const uint8_t *p = bytes;
    crc = ~crc;
    while (len--)
        crc = byte_table[(crc ^ *p++) & 0xff] ^ crc >> 8;
    return ~crc;
}

#if defined(__x86_64__)
#include <nmmintrin.h>

static uint32_t shift(uint32_t table[4][256], uint32_t crc)
{
    return table[0][crc & 0xff] ^ table[1][crc >> 8 & 0xff] ^ table[2][crc >> 16 & 0xff] ^
           table[3][crc >> 24];
}

__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(uint32_t crc, const uint8_t *p,
                                                               size_t len)
{
    uint64_t a = (uint32_t)~crc;
    for (; len >= 3 * BLOCK; len -= 3 * BLOCK, p += 3 * BLOCK) {
        uint64_t b = 0;
        uint64_t c = 0;
        for (size_t i = 0; i < BLOCK; i += 8) {
            uint64_t x;
            uint64_t y;
            uint64_t z;
            memcpy(&x, p + i, 8);
            memcpy(&y, p + BLOCK + i, 8);
            memcpy(&z, p + 2 * BLOCK + i, 8);
            a = _mm_crc32_u64(a, x);
            b = _mm_crc32_u64(b, y);
            c = _mm_crc32_u64(c, z);
        }
        a = shift(shift_two, (uint32_t)a) ^ shift(shift_one, (uint32_t)b) ^ c;
    }
    for (; len >= 8; len -= 8, p += 8) {
        uint64_t x;
        memcpy(&x, p, 8);
        a = _mm_crc32_u64(a, x);
    }
    uint32_t tail = (uint32_t)a;
    while (len--)
        tail = _mm_crc32_u8(tail, *p++);
    return ~tail;
}

uint32_t qn_crc32c(uint32_t crc, const void *bytes, size_t len)
{
    pthread_once(&once, fill_tables);
    if (__builtin_cpu_supports("sse4.2"))
        return crc32c_sse42(crc, bytes, len);
    return qn_crc32c_portable(crc, bytes, len);
}
#else
uint32_t qn_crc32c(uint32_t crc, const void *bytes, size_t len)
{
    return qn_crc32c_portable(crc, bytes, len);
}
#endif
