/* Bloom filters: see parquet_bloom.h. */
#include "format/parquet_bloom.h"

#include "base/byte_order.h"
#include "format/thrift.h"

#include <string.h>
#include <xxhash.h>

enum { BLOCK = 32, WORDS = 8, LARGEST = 1 << 20 };

static const uint32_t salts[WORDS] = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU, 0xa2b7289dU,
                                      0x705495c7U, 0x2df1424bU, 0x9efc4947U, 0x5c6bfb31U};

/* 10.5 bits a value make one wrong answer in a hundred; whole powers of two, as readers like. */
static uint32_t size_for(uint64_t values)
{
    uint32_t size = BLOCK;
    while (size < LARGEST && (uint64_t)size * 8 < values * 21 / 2)
        size *= 2;
    return size;
}

static size_t block_of(uint64_t hash, uint32_t len)
{
    return (size_t)(((hash >> 32) * (len / BLOCK)) >> 32) * BLOCK;
}

static uint32_t bit_of(uint64_t hash, int word)
{
    return 1u << (((uint32_t)hash * salts[word]) >> 27);
}

static void add(uint8_t *bits, uint32_t len, struct pq_text text)
{
    uint64_t hash = XXH64(text.bytes, text.len, 0);
    uint8_t *block = bits + block_of(hash, len);
    for (int word = 0; word < WORDS; word++) {
        uint32_t value = qn_load_u32(block + 4 * word, QN_LITTLE_ENDIAN) | bit_of(hash, word);
        qn_store_u32(block + 4 * word, QN_LITTLE_ENDIAN, value);
    }
}

bool pq_bloom_has(const uint8_t *bits, uint32_t len, const void *text, size_t text_len)
{
    uint64_t hash = XXH64(text, text_len, 0);
    const uint8_t *block = bits + block_of(hash, len);
    bool all = true;
    for (int word = 0; word < WORDS; word++)
        all &= (qn_load_u32(block + 4 * word, QN_LITTLE_ENDIAN) & bit_of(hash, word)) != 0;
    return all;
}

void pq_bloom_build(const struct pq_dense *dense, struct qn_buf *bits)
{
    size_t texts = dense->ids ? dense->distinct : dense->count;
    uint32_t len = size_for(texts);
    uint8_t *room = qn_buf_reserve(bits, len);
    if (!room)
        return;
    memset(room, 0, len);
    for (size_t i = 0; i < texts; i++)
        add(room, len, dense->texts[i]);
    bits->len += len;
}

void pq_bloom_put(struct qn_buf *out, const uint8_t *bits, uint32_t len)
{
    struct qn_thrift_writer w;
    qn_thrift_begin(&w, out);
    qn_thrift_i32(&w, 1, (int32_t)len);
    for (int16_t field = 2; field <= 4; field++) { /* BLOCK, XXHASH, UNCOMPRESSED */
        qn_thrift_struct(&w, field);
        qn_thrift_struct(&w, 1);
        qn_thrift_end(&w);
        qn_thrift_end(&w);
    }
    qn_thrift_end(&w);
    qn_buf_append(out, bits, len);
}
