/* Encodings: see encode.h. Format: apache/parquet-format, Encodings.md. */
#include "format/parquet/encode.h"

#include <endian.h>
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

/* Indexes of whole bytes, as dictionaries in ascending order have them: no bits to shift. */
static void pack_bytes(uint8_t *to, const uint32_t *values, size_t n, unsigned width)
{
    if (width == 8) {
        for (size_t i = 0; i < n; i++)
            to[i] = (uint8_t)values[i];
    } else if (width == 16) {
        for (size_t i = 0; i < n; i++) {
            uint16_t value = htole16((uint16_t)values[i]);
            memcpy(to + 2 * i, &value, sizeof value);
        }
    } else {
        for (size_t i = 0; i < n; i++) {
            uint32_t value = htole32(values[i]);
            memcpy(to + i * width / 8, &value, width / 8);
        }
    }
}

static void put_packed_run(struct qn_buf *out, const uint32_t *values, size_t n, unsigned width)
{
    size_t groups = (n + 7) / 8;
    qn_buf_varint(out, (uint64_t)groups << 1 | 1);
    if (width % 8 == 0) {
        uint8_t *to = qn_buf_reserve(out, groups * width);
        if (!to)
            return;
        memset(to + n * width / 8, 0, (groups * 8 - n) * width / 8);
        pack_bytes(to, values, n, width);
        out->len += groups * width;
        return;
    }
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
            end += 1 + pq_same_ahead(values, sizeof *values, end + 1, n);
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

/* Eight flags as bits, the first one lowest: each byte's bit is shifted to a place of its own in
 * the top byte of the product. */
static uint8_t eight_flags(const uint8_t *flags)
{
    uint64_t bytes;
    memcpy(&bytes, flags, sizeof bytes);
    return (uint8_t)(le64toh(bytes) * 0x0102040810204080u >> 56);
}

static void put_packed_flags(struct qn_buf *out, const uint8_t *flags, size_t n)
{
    size_t whole = n / 8, groups = (n + 7) / 8;
    if (n == 0)
        return;
    qn_buf_varint(out, (uint64_t)groups << 1 | 1);
    uint8_t *to = qn_buf_reserve(out, groups);
    if (!to)
        return;
    for (size_t g = 0; g < whole; g++)
        to[g] = eight_flags(flags + 8 * g);
    if (whole < groups)
        to[whole] = 0;
    for (size_t i = 8 * whole; i < n; i++)
        to[whole] |= (uint8_t)(flags[i] << i % 8);
    out->len += groups;
}

/* How many flags from the first on are like it. */
static size_t run_of_flags(const uint8_t *flags, size_t n)
{
    const uint64_t eight = flags[0] ? 0x0101010101010101u : 0;
    size_t i = 0;
    for (uint64_t bytes; n - i >= 8; i += 8) {
        memcpy(&bytes, flags + i, sizeof bytes);
        if (bytes != eight)
            break;
    }
    while (i < n && flags[i] == flags[0])
        i++;
    return i;
}

void pq_encode_flags(struct qn_buf *out, const uint8_t *flags, size_t n)
{
    enum { LONG_RUN = 64 };      /* shorter ones take less packed, with those around them */
    size_t packed = 0;           /* start of flags waiting to be packed */
    for (size_t i = 0; i < n;) { /* in steps of eight from there */
        size_t run = run_of_flags(flags + i, n - i);
        if (run < LONG_RUN && run < n) {
            i += run < 8 ? 8 : run / 8 * 8;
            continue;
        }
        run -= i + run < n ? run % 8 : 0;
        put_packed_flags(out, flags + packed, i - packed);
        put_repeated_run(out, flags[i], run, 1);
        packed = i += run;
    }
    if (packed < n)
        put_packed_flags(out, flags + packed, n - packed);
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
