/* Encodings: see parquet_encode.h. Format: apache/parquet-format, Encodings.md. */
#include "format/parquet_encode.h"

#include <string.h>

#define BLOCK      128u
#define MINIBLOCKS 4u
#define MINI       (BLOCK / MINIBLOCKS)

/* Packs n values of `width` bits (up to 64), lowest bit first; n * width must be whole bytes. */
static void pack(struct qn_buf *out, const uint64_t *values, size_t n, unsigned width)
{
    uint8_t *to = qn_buf_reserve(out, n * width / 8 + 16);
    if (!to)
        return;
    unsigned __int128 bits = 0;
    unsigned held = 0;
    for (size_t i = 0; i < n; i++) {
        bits |= (unsigned __int128)values[i] << held;
        held += width;
        while (held >= 8) {
            *to++ = (uint8_t)bits;
            bits >>= 8;
            held -= 8;
        }
    }
    out->len += n * width / 8;
}

/* ---- RLE / bit-packed hybrid ---------------------------------------------------------------- */

static void put_packed_run(struct qn_buf *out, const uint32_t *values, size_t n, unsigned width)
{
    size_t groups = (n + 7) / 8;
    qn_buf_varint(out, (uint64_t)groups << 1 | 1);
    for (size_t g = 0; g < groups; g++) {
        uint64_t eight[8] = {0};
        for (size_t i = 0; i < 8 && 8 * g + i < n; i++)
            eight[i] = values[8 * g + i];
        pack(out, eight, 8, width);
    }
}

static void put_repeated_run(struct qn_buf *out, uint32_t value, size_t n, unsigned width)
{
    qn_buf_varint(out, (uint64_t)n << 1);
    for (unsigned bit = 0; bit < width; bit += 8)
        qn_buf_u8(out, (uint8_t)(value >> bit));
}

void pq_encode_hybrid(struct qn_buf *out, const uint32_t *values, size_t n, unsigned width)
{
    size_t packed = 0; /* start of values waiting to be bit-packed */
    for (size_t i = 0; i < n;) {
        size_t end = i + 1;
        while (end < n && values[end] == values[i])
            end++;
        /* A packed run ends on a multiple of eight: what it lacks is taken from this run. */
        size_t lack = (8 - (i - packed) % 8) % 8;
        if (end - i >= lack + 8) {
            if (i > packed)
                put_packed_run(out, values + packed, i + lack - packed, width);
            i += i > packed ? lack : 0;
            put_repeated_run(out, values[i], end - i, width);
            packed = end;
        }
        i = end;
    }
    if (packed < n)
        put_packed_run(out, values + packed, n - packed, width);
}

/* ---- DELTA_BINARY_PACKED -------------------------------------------------------------------- */

static uint64_t get_value(const void *values, size_t i, size_t bytes)
{
    if (bytes == 8)
        return (uint64_t)((const int64_t *)values)[i];
    return (uint64_t)(int64_t)((const int32_t *)values)[i];
}

/* A difference in the wrap-around arithmetic of the type, sign-extended. */
static int64_t difference(uint64_t a, uint64_t b, size_t bytes)
{
    return bytes == 8 ? (int64_t)(a - b) : (int32_t)(uint32_t)(a - b);
}

static uint64_t zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

static void put_block(struct qn_buf *out, const int64_t *deltas, size_t n, size_t bytes)
{
    int64_t least = deltas[0];
    uint64_t rest[BLOCK] = {0};
    uint8_t widths[MINIBLOCKS] = {0};
    for (size_t i = 1; i < n; i++)
        least = deltas[i] < least ? deltas[i] : least;
    for (size_t i = 0; i < n; i++) {
        rest[i] = (uint64_t)deltas[i] - (uint64_t)least;
        if (bytes == 4)
            rest[i] = (uint32_t)rest[i];
        unsigned bits = pq_bits(rest[i]);
        widths[i / MINI] = bits > widths[i / MINI] ? (uint8_t)bits : widths[i / MINI];
    }
    qn_buf_varint(out, zigzag(least));
    qn_buf_append(out, widths, sizeof widths);
    for (size_t m = 0; m < MINIBLOCKS && m * MINI < n; m++)
        pack(out, rest + m * MINI, MINI, widths[m]);
}

void pq_encode_delta(struct qn_buf *out, const void *values, size_t n, size_t bytes)
{
    qn_buf_varint(out, BLOCK);
    qn_buf_varint(out, MINIBLOCKS);
    qn_buf_varint(out, n);
    qn_buf_varint(out, n ? zigzag((int64_t)get_value(values, 0, bytes)) : 0);
    for (size_t start = 1; start < n; start += BLOCK) {
        int64_t deltas[BLOCK];
        size_t count = n - start < BLOCK ? n - start : BLOCK;
        for (size_t i = 0; i < count; i++)
            deltas[i] = difference(get_value(values, start + i, bytes),
                                   get_value(values, start + i - 1, bytes), bytes);
        put_block(out, deltas, count, bytes);
    }
}

/* ---- BYTE_STREAM_SPLIT ---------------------------------------------------------------------- */

void pq_encode_split(struct qn_buf *out, const uint8_t *values, size_t n, size_t bytes)
{
    uint8_t *to = qn_buf_reserve(out, n * bytes);
    if (!to)
        return;
    for (size_t b = 0; b < bytes; b++) {
        for (size_t i = 0; i < n; i++)
            to[b * n + i] = values[i * bytes + b];
    }
    out->len += n * bytes;
}
