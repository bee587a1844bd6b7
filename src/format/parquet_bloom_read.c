/* Bloom filters: see parquet_bloom_read.h. */
#include "format/parquet_bloom_read.h"

#include "format/parquet_file.h"

#include <string.h>
#include <xxhash.h>

#define BLOCK_BYTES 32u
#define MAX_BLOOM   (128u << 20) /* the specification's upper bound */
#define HEADER_ROOM 64u

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
    if (r.in.failed || header->bytes < BLOCK_BYTES || header->bytes % BLOCK_BYTES ||
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
    static const uint32_t salts[8] = {0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d,
                                      0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31};
    uint64_t hash = XXH64(bytes, len, 0);
    uint64_t count = bloom->blocks.len / BLOCK_BYTES;
    const uint8_t *block = bloom->blocks.data + ((hash >> 32) * count >> 32) * BLOCK_BYTES;
    for (size_t i = 0; i < 8; i++) {
        uint32_t word;
        memcpy(&word, block + 4 * i, sizeof word);
        if (!(word >> ((uint32_t)hash * salts[i] >> 27) & 1))
            return false;
    }
    return true;
}
