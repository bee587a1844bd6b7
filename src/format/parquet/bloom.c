/* Bloom filters: see bloom.h. */
#include "format/parquet/bloom.h"

#include "base/byte_order.h"
#include "format/parquet/file.h"

#include <string.h>
#include <xxhash.h>

enum { BLOCK = 32, WORDS = 8, LARGEST = 1 << 20 };

#define MAX_BLOOM   (128u << 20) /* the specification's upper bound */
#define HEADER_ROOM 64u

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

/* ---- written -------------------------------------------------------------------------------- */

static void add(uint8_t *bits, uint32_t len, struct qn_parquet_text text)
{
    uint64_t hash = XXH64(text.bytes, text.len, 0);
    uint8_t *block = bits + block_of(hash, len);
    for (int word = 0; word < WORDS; word++) {
        uint32_t value = qn_load_u32(block + 4 * word, QN_LITTLE_ENDIAN) | bit_of(hash, word);
        qn_store_u32(block + 4 * word, QN_LITTLE_ENDIAN, value);
    }
}

/* 0 and -0 are equal, and differ in their bytes: where one is, the filter knows both. */
static void add_other_zero(uint8_t *bits, uint32_t len, struct qn_parquet_text value)
{
    uint8_t other[8] = {0};
    uint8_t some = value.bytes[value.len - 1] & 0x7f;
    for (uint32_t i = 0; i + 1 < value.len; i++)
        some |= value.bytes[i];
    if (some)
        return;
    other[value.len - 1] = value.bytes[value.len - 1] ^ 0x80;
    add(bits, len, (struct qn_parquet_text){other, value.len});
}

void pq_bloom_build(const struct pq_dense *dense, size_t distinct, struct qn_buf *bits)
{
    uint32_t len = size_for(distinct);
    uint8_t *room = qn_buf_reserve(bits, len);
    if (!room)
        return;
    memset(room, 0, len);
    for (uint32_t i = 0; dense->ids && i < dense->distinct; i++)
        add(room, len, dense->texts[i]);
    for (size_t i = 0; !dense->ids && i < dense->count; i++) {
        struct qn_parquet_text value = pq_value_of(dense, i);
        add(room, len, value);
        if (pq_is_real(dense->leaf))
            add_other_zero(room, len, value);
    }
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

/* ---- read ----------------------------------------------------------------------------------- */

struct header {
    int64_t bytes;
    bool block, xxhash, plain; /* the only algorithm, hash and packing there are */
    size_t len;
};

/* A union of which only the first member exists: is it that? */
static bool is_first(struct qn_thrift_reader *r, enum qn_thrift_type type)
{
    int16_t id;
    bool first = false;
    if (!pq_struct(r, type))
        return false;
    while (pq_field(r, &id, &type)) {
        first = id == 1;
        qn_thrift_skip(r, type);
    }
    return first;
}

static enum qn_status read_header(struct qn_parquet_file *file,
                                  const struct qn_parquet_chunk *chunk, struct header *header,
                                  struct qn_error *err)
{
    uint8_t bytes[HEADER_ROOM];
    struct qn_thrift_reader r;
    int16_t id;
    enum qn_thrift_type type;
    uint64_t offset = (uint64_t)chunk->bloom;
    *header = (struct header){.bytes = -1};
    if (chunk->bloom < 4 || offset >= file->source.size)
        return pq_corrupt(file, err, chunk->bloom, "a bloom filter would lie outside of the file");
    uint64_t rest = file->source.size - offset;
    size_t room = rest < sizeof bytes ? (size_t)rest : sizeof bytes;
    enum qn_status status = file->source.read_at(file->source.context, offset, bytes, room, err);
    if (status)
        return status;
    qn_thrift_read(&r, bytes, room);
    while (pq_field(&r, &id, &type)) {
        if (id == 1)
            header->bytes = pq_int(&r, type);
        else if (id == 2)
            header->block = is_first(&r, type);
        else if (id == 3)
            header->xxhash = is_first(&r, type);
        else if (id == 4)
            header->plain = is_first(&r, type);
        else
            qn_thrift_skip(&r, type);
    }
    header->len = r.in.at;
    if (r.in.failed || header->bytes < BLOCK || header->bytes % BLOCK ||
        header->bytes > MAX_BLOOM || (uint64_t)header->bytes > rest - header->len)
        return pq_corrupt(file, err, chunk->bloom, "the header of a bloom filter makes no sense");
    return QN_OK;
}

enum qn_status qn_parquet_bloom_extent(struct qn_parquet_file *file,
                                       const struct qn_parquet_chunk *chunk, uint64_t *len,
                                       struct qn_error *err)
{
    struct header header;
    enum qn_status status = read_header(file, chunk, &header, err);
    *len = status ? 0 : header.len + (uint64_t)header.bytes;
    return status;
}

enum qn_status qn_parquet_bloom_read(struct qn_parquet_file *file,
                                     const struct qn_parquet_chunk *chunk,
                                     struct qn_parquet_bloom *bloom, struct qn_error *err)
{
    struct header header;
    enum qn_status status = read_header(file, chunk, &header, err);
    if (status)
        return status;
    if (!header.block || !header.xxhash || !header.plain)
        return qn_fail_at(err, QN_ERR_UNSUPPORTED, file->source.name, chunk->bloom,
                          "a bloom filter of %s is of a kind that is not known.",
                          file->source.name);
    qn_buf_clear(&bloom->blocks);
    uint8_t *to = qn_buf_reserve(&bloom->blocks, (size_t)header.bytes);
    if (!to)
        return qn_fail_memory(err, "a bloom filter", (uint64_t)header.bytes);
    bloom->blocks.len = (size_t)header.bytes;
    return file->source.read_at(file->source.context, (uint64_t)chunk->bloom + header.len, to,
                                (size_t)header.bytes, err);
}

void qn_parquet_bloom_release(struct qn_parquet_bloom *bloom)
{
    qn_buf_release(&bloom->blocks);
}

bool qn_parquet_bloom_may_hold(const struct qn_parquet_bloom *bloom, const uint8_t *bytes,
                               size_t len)
{
    uint64_t hash = XXH64(bytes, len, 0);
    const uint8_t *block = bloom->blocks.data + block_of(hash, (uint32_t)bloom->blocks.len);
    for (int word = 0; word < WORDS; word++) {
        if (!(qn_load_u32(block + 4 * word, QN_LITTLE_ENDIAN) & bit_of(hash, word)))
            return false;
    }
    return true;
}
