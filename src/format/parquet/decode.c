/* Streaming decoders: see decode.h. */
#include "format/parquet/decode.h"

#include "base/byte_order.h"

#include <string.h>

static uint64_t mask_of(unsigned width)
{
    return width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
}

static uint64_t unzigzag(uint64_t value)
{
    return value >> 1 ^ (~(value & 1) + 1);
}

/* `width` bits, up to 57, from bit `place` on, lowest bit first. */
static inline uint64_t bits_at(const uint8_t *bytes, uint64_t place, uint64_t mask)
{
    return qn_load_u64(bytes + (place >> 3), QN_LITTLE_ENDIAN) >> (place & 7) & mask;
}

/* The same up to 64 bits. */
static inline uint64_t wide_bits_at(const uint8_t *bytes, uint64_t place, uint64_t mask)
{
    unsigned shift = place & 7;
    uint64_t low = qn_load_u64(bytes + (place >> 3), QN_LITTLE_ENDIAN) >> shift;
    uint64_t high = shift ? (uint64_t)bytes[(place >> 3) + 8] << (64 - shift) : 0;
    return (low | high) & mask;
}

static bool take_varint(const uint8_t **at, const uint8_t *end, uint64_t *value)
{
    struct qn_cursor in = {.data = *at, .len = (size_t)(end - *at)};
    *value = qn_cursor_varint(&in);
    *at += in.at;
    return !in.failed;
}

/* ---- the hybrid ----------------------------------------------------------------------------- */

void pq_hybrid_start(struct pq_hybrid *hybrid, const uint8_t *bytes, size_t len, unsigned width)
{
    *hybrid = (struct pq_hybrid){.at = bytes, .end = bytes + len, .width = width};
}

static bool next_run(struct pq_hybrid *h)
{
    uint64_t head;
    size_t value_bytes = (h->width + 7) / 8;
    if (!take_varint(&h->at, h->end, &head) || head >> 1 == 0)
        return false;
    size_t there = (size_t)(h->end - h->at);
    if (head & 1) { /* groups of eight; some writers cut the padding of the last one */
        uint64_t groups = head >> 1;
        if (groups > UINT64_MAX / 512)
            return false;
        size_t bytes = groups * h->width < there ? (size_t)groups * h->width : there;
        h->bits = h->at;
        h->place = 0;
        h->bits_end = (uint64_t)bytes * 8;
        h->left = groups * 8;
        h->at += bytes;
        return true;
    }
    if (value_bytes > there)
        return false;
    h->bits = NULL;
    h->left = head >> 1;
    h->value = 0;
    for (size_t i = 0; i < value_bytes; i++)
        h->value |= (uint32_t)h->at[i] << 8 * i;
    h->at += value_bytes;
    return true;
}

#define DEFINE_TAKE(name, type)                                                                    \
    bool name(struct pq_hybrid *h, type *values, size_t n)                                         \
    {                                                                                              \
        uint64_t mask = mask_of(h->width);                                                         \
        while (n > 0) {                                                                            \
            if (h->left == 0 && !next_run(h))                                                      \
                return false;                                                                      \
            size_t some = h->left < n ? (size_t)h->left : n;                                       \
            if (h->bits && h->place + (uint64_t)some * h->width > h->bits_end)                     \
                return false;                                                                      \
            if (h->bits) {                                                                         \
                const uint8_t *bits = h->bits;                                                     \
                uint64_t place = h->place;                                                         \
                for (size_t i = 0; i < some; i++, place += h->width)                               \
                    values[i] = (type)bits_at(bits, place, mask);                                  \
                h->place = place;                                                                  \
            } else {                                                                               \
                for (size_t i = 0; i < some; i++)                                                  \
                    values[i] = (type)h->value;                                                    \
            }                                                                                      \
            values += some;                                                                        \
            h->left -= some;                                                                       \
            n -= some;                                                                             \
        }                                                                                          \
        return true;                                                                               \
    }
DEFINE_TAKE(pq_hybrid_take, uint32_t)
DEFINE_TAKE(pq_hybrid_take_u8, uint8_t)

bool pq_take_bits(const uint8_t *bytes, size_t len, unsigned width, uint64_t from, uint8_t *values,
                  size_t n)
{
    if ((from + n) * width > (uint64_t)len * 8)
        return false;
    for (size_t i = 0; i < n; i++) {
        values[i] = 0;
        for (uint64_t bit = (from + i) * width; bit < (from + i + 1) * width; bit++)
            values[i] = (uint8_t)(values[i] << 1 | (bytes[bit >> 3] >> (7 - (bit & 7)) & 1));
    }
    return true;
}

/* ---- DELTA_BINARY_PACKED -------------------------------------------------------------------- */

bool pq_delta_start(struct pq_delta *delta, const uint8_t *bytes, size_t len)
{
    uint64_t block, minis, head;
    *delta = (struct pq_delta){.at = bytes, .end = bytes + len, .first = true};
    if (!take_varint(&delta->at, delta->end, &block) ||
        !take_varint(&delta->at, delta->end, &minis) ||
        !take_varint(&delta->at, delta->end, &delta->total) ||
        !take_varint(&delta->at, delta->end, &head))
        return false;
    if (block == 0 || block > 1u << 20 || block % 128 || minis == 0 || minis > block / 32 ||
        block % minis || block / minis % 32)
        return false;
    delta->left = delta->total;
    delta->value = unzigzag(head);
    delta->minis = (uint32_t)minis;
    delta->mini_values = (uint32_t)(block / minis);
    delta->mini = delta->minis; /* the first block is still to come */
    return true;
}

/* Puts the next miniblock at hand. */
static bool next_mini(struct pq_delta *d)
{
    if (d->mini == d->minis) {
        if (!take_varint(&d->at, d->end, &d->least) || (size_t)(d->end - d->at) < d->minis)
            return false;
        d->least = unzigzag(d->least);
        d->widths = d->at;
        d->at += d->minis;
        d->mini = 0;
    }
    d->width = d->widths[d->mini++];
    size_t bytes = (size_t)d->mini_values * d->width / 8;
    if (d->width > 64 || bytes > (size_t)(d->end - d->at))
        return false;
    d->bits = d->at;
    d->at += bytes;
    d->used = 0;
    return true;
}

static bool at_new_mini(const struct pq_delta *d)
{
    return !d->bits || d->used == d->mini_values;
}

bool pq_delta_take(struct pq_delta *d, int64_t *values, size_t n)
{
    if (n > d->left)
        return false;
    d->left -= n;
    if (n > 0 && d->first) {
        *values++ = (int64_t)d->value;
        d->first = false;
        n--;
    }
    while (n > 0) {
        if (at_new_mini(d) && !next_mini(d))
            return false;
        size_t some = d->mini_values - d->used < n ? d->mini_values - d->used : n;
        uint64_t mask = mask_of(d->width);
        uint64_t value = d->value;
        uint64_t place = (uint64_t)d->used * d->width;
        for (size_t i = 0; i < some; i++, place += d->width) {
            uint64_t rest =
                d->width <= 57 ? bits_at(d->bits, place, mask) : wide_bits_at(d->bits, place, mask);
            value += d->least + rest;
            values[i] = (int64_t)value;
        }
        d->value = value;
        d->used += (uint32_t)some;
        values += some;
        n -= some;
    }
    return true;
}

const uint8_t *pq_delta_end(const struct pq_delta *delta)
{
    struct pq_delta d = *delta;
    uint64_t left = d.left > 0 ? d.left - d.first : 0;
    if (!at_new_mini(&d))
        left -= left < d.mini_values - d.used ? left : d.mini_values - d.used;
    while (left > 0) {
        if (!next_mini(&d))
            return NULL;
        left -= left < d.mini_values ? left : d.mini_values;
    }
    return d.at;
}

/* ---- values of a page ----------------------------------------------------------------------- */

bool pq_coding_fits(enum pq_coding coding, enum pq_physical physical)
{
    switch (coding) {
    case PQ_PLAIN:
        return true;
    case PQ_PLAIN_DICTIONARY:
    case PQ_RLE_DICTIONARY:
        return physical != PQ_BOOLEAN;
    case PQ_RLE:
        return physical == PQ_BOOLEAN;
    case PQ_DELTA_BINARY_PACKED:
        return physical == PQ_INT32 || physical == PQ_INT64;
    case PQ_DELTA_LENGTH_BYTE_ARRAY:
        return physical == PQ_BYTE_ARRAY;
    case PQ_DELTA_BYTE_ARRAY:
        return physical == PQ_BYTE_ARRAY || physical == PQ_FIXED;
    case PQ_BYTE_STREAM_SPLIT:
        return physical != PQ_BOOLEAN && physical != PQ_BYTE_ARRAY && physical != PQ_INT96;
    default:
        return false;
    }
}

/* Lengths first, then the bytes: finds where those start. */
static bool start_lengths(struct pq_values *v, struct pq_delta *lengths, const uint8_t *from)
{
    if (!pq_delta_start(lengths, from, (size_t)(v->end - from)))
        return false;
    v->at = pq_delta_end(lengths);
    return v->at != NULL;
}

static bool start_coding(struct pq_values *v)
{
    size_t len = (size_t)(v->end - v->at);
    switch (v->coding) {
    case PQ_PLAIN_DICTIONARY:
    case PQ_RLE_DICTIONARY:
        if (len == 0) { /* a page of nulls may have nothing at all */
            pq_hybrid_start(&v->hybrid, v->at, 0, 0);
            return true;
        }
        pq_hybrid_start(&v->hybrid, v->at + 1, len - 1, v->at[0]);
        return v->at[0] <= 32;
    case PQ_RLE:
        if (len < 4)
            return len == 0;
        pq_hybrid_start(&v->hybrid, v->at + 4, len - 4, 1);
        return qn_load_u32(v->at, QN_LITTLE_ENDIAN) <= len - 4;
    case PQ_DELTA_BINARY_PACKED:
        return len == 0 || pq_delta_start(&v->delta, v->at, len);
    case PQ_DELTA_LENGTH_BYTE_ARRAY:
        return len == 0 || start_lengths(v, &v->delta, v->at);
    case PQ_DELTA_BYTE_ARRAY:
        qn_buf_clear(&v->last);
        return len == 0 ||
               (start_lengths(v, &v->delta, v->at) && start_lengths(v, &v->suffixes, v->at));
    case PQ_BYTE_STREAM_SPLIT:
        return len % v->width == 0;
    default:
        return true;
    }
}

bool pq_values_start(struct pq_values *v, const uint8_t *bytes, size_t len)
{
    v->at = bytes;
    v->end = bytes + len;
    v->taken = 0;
    v->unfolded = 0;
    v->problem = NULL;
    v->over_limit = false;
    v->delta = v->suffixes = (struct pq_delta){0};
    pq_hybrid_start(&v->hybrid, bytes, 0, 0);
    if (start_coding(v))
        return true;
    v->problem = "starts with a header that makes no sense";
    return false;
}

static bool take_plain(struct pq_values *v, size_t n, uint8_t *fixed, struct qn_parquet_text *texts)
{
    size_t there = (size_t)(v->end - v->at);
    if (v->physical == PQ_BOOLEAN) {
        if ((v->taken + n + 7) / 8 > there)
            return false;
        for (size_t i = 0; i < n; i++)
            fixed[i] = v->at[(v->taken + i) / 8] >> ((v->taken + i) % 8) & 1;
        return true;
    }
    if (v->width > 0) {
        if (n > there / v->width)
            return false;
        memcpy(fixed, v->at, n * v->width);
        v->at += n * v->width;
        return true;
    }
    for (size_t i = 0; i < n; i++) {
        there = (size_t)(v->end - v->at);
        uint32_t len = there < 4 ? 0 : qn_load_u32(v->at, QN_LITTLE_ENDIAN);
        if (there < 4 || len > there - 4)
            return false;
        texts[i] = (struct qn_parquet_text){v->at + 4, len};
        v->at += 4 + (size_t)len;
    }
    return true;
}

/* ids to values, with a copy of known size for the usual widths. */
static void look_up(const uint8_t *dictionary, size_t width, const uint32_t *ids, size_t n,
                    uint8_t *to)
{
    if (width == 8) {
        for (size_t i = 0; i < n; i++)
            memcpy(to + 8 * i, dictionary + 8 * (size_t)ids[i], 8);
    } else if (width == 4) {
        for (size_t i = 0; i < n; i++)
            memcpy(to + 4 * i, dictionary + 4 * (size_t)ids[i], 4);
    } else {
        for (size_t i = 0; i < n; i++)
            memcpy(to + width * i, dictionary + width * ids[i], width);
    }
}

static bool take_ids(struct pq_values *v, size_t n, uint8_t *fixed, struct qn_parquet_text *texts,
                     uint32_t *ids)
{
    const struct qn_parquet_dictionary *dictionary = v->dictionary;
    if (n == 0)
        return true;
    if (!pq_hybrid_take(&v->hybrid, ids, n))
        return false;
    uint32_t highest = 0;
    for (size_t i = 0; i < n; i++)
        highest = ids[i] > highest ? ids[i] : highest;
    if (highest >= dictionary->count) {
        v->problem = dictionary->count ? "names an entry that its dictionary does not have"
                                       : "has no dictionary";
        return false;
    }
    if (v->width > 0) {
        look_up(dictionary->fixed, v->width, ids, n, fixed);
    } else {
        for (size_t i = 0; i < n; i++)
            texts[i] = dictionary->texts[ids[i]];
    }
    return true;
}

static int64_t *room_for(struct qn_buf *scratch, size_t n)
{
    qn_buf_clear(scratch);
    return (int64_t *)(void *)qn_buf_reserve(scratch, (n + 1) * sizeof(int64_t));
}

static bool take_integers(struct pq_values *v, size_t n, uint8_t *fixed)
{
    if (v->width == 8)
        return pq_delta_take(&v->delta, (int64_t *)(void *)fixed, n);
    int64_t *wide = room_for(&v->scratch, n);
    if (!wide || !pq_delta_take(&v->delta, wide, n))
        return false;
    int32_t *narrow = (int32_t *)(void *)fixed;
    for (size_t i = 0; i < n; i++)
        narrow[i] = (int32_t)wide[i];
    return true;
}

static bool take_lengths(struct pq_values *v, size_t n, struct qn_parquet_text *texts)
{
    int64_t *lengths = room_for(&v->scratch, n);
    if (!lengths || !pq_delta_take(&v->delta, lengths, n))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (lengths[i] < 0 || lengths[i] > v->end - v->at || lengths[i] > UINT32_MAX)
            return false;
        texts[i] = (struct qn_parquet_text){v->at, (uint32_t)lengths[i]};
        v->at += lengths[i];
    }
    return true;
}

/* One value of front coding, made at the end of the arena; *before is where the one before it
 * starts there, and becomes its own place. */
static bool unfold(struct pq_values *v, int64_t prefix, int64_t suffix, size_t *before)
{
    size_t previous = v->arena.len - *before;
    if (prefix < 0 || suffix < 0 || (uint64_t)prefix > previous || suffix > v->end - v->at)
        return false;
    size_t len = (size_t)prefix + (size_t)suffix;
    v->unfolded += len;
    if (v->unfolded > v->unfolded_limit || v->arena.len + len > UINT32_MAX) {
        v->over_limit = true;
        return false;
    }
    uint8_t *to = qn_buf_reserve(&v->arena, len + PQ_SLACK);
    if (!to)
        return false;
    memcpy(to, v->arena.data + *before, (size_t)prefix);
    memcpy(to + prefix, v->at, (size_t)suffix);
    v->at += suffix;
    *before = v->arena.len;
    v->arena.len += len;
    return true;
}

static bool take_front_coded(struct pq_values *v, size_t n, uint8_t *fixed,
                             struct qn_parquet_text *texts)
{
    int64_t *lengths = room_for(&v->scratch, 2 * n);
    if (!lengths || !pq_delta_take(&v->delta, lengths, n) ||
        !pq_delta_take(&v->suffixes, lengths + n, n))
        return false;
    size_t before = 0;
    qn_buf_clear(&v->arena);
    qn_buf_append(&v->arena, v->last.data, v->last.len);
    size_t start = v->arena.len;
    for (size_t i = 0; i < n; i++) {
        if (!unfold(v, lengths[i], lengths[n + i], &before))
            return false;
        lengths[i] = (int64_t)(v->arena.len - before);
        if (v->width > 0 && (size_t)lengths[i] != v->width)
            return false;
    }
    for (size_t i = 0; i < n; start += (size_t)lengths[i], i++) {
        if (v->width > 0)
            memcpy(fixed + i * v->width, v->arena.data + start, v->width);
        else
            texts[i] = (struct qn_parquet_text){v->arena.data + start, (uint32_t)lengths[i]};
    }
    qn_buf_clear(&v->last);
    qn_buf_append(&v->last, v->arena.data + before, v->arena.len - before);
    return !v->last.failed;
}

static bool take_split(struct pq_values *v, size_t n, uint8_t *fixed)
{
    size_t total = (size_t)(v->end - v->at) / v->width;
    if (n > total - v->taken)
        return false;
    for (size_t b = 0; b < v->width; b++) {
        const uint8_t *plane = v->at + b * total + v->taken;
        for (size_t i = 0; i < n; i++)
            fixed[i * v->width + b] = plane[i];
    }
    return true;
}

static bool take(struct pq_values *v, size_t n, uint8_t *fixed, struct qn_parquet_text *texts,
                 uint32_t *ids)
{
    switch (v->coding) {
    case PQ_PLAIN_DICTIONARY:
    case PQ_RLE_DICTIONARY:
        return take_ids(v, n, fixed, texts, ids);
    case PQ_RLE:
        return pq_hybrid_take_u8(&v->hybrid, fixed, n);
    case PQ_DELTA_BINARY_PACKED:
        return take_integers(v, n, fixed);
    case PQ_DELTA_LENGTH_BYTE_ARRAY:
        return take_lengths(v, n, texts);
    case PQ_DELTA_BYTE_ARRAY:
        return take_front_coded(v, n, fixed, texts);
    case PQ_BYTE_STREAM_SPLIT:
        return take_split(v, n, fixed);
    default:
        return take_plain(v, n, fixed, texts);
    }
}

bool pq_values_take(struct pq_values *v, size_t n, uint8_t *fixed, struct qn_parquet_text *texts,
                    uint32_t *ids)
{
    if (!take(v, n, fixed, texts, ids)) {
        if (v->over_limit)
            v->problem = "unfolds to more than the limit for a page";
        else if (!v->problem)
            v->problem = "ends before its values do";
        return false;
    }
    v->taken += n;
    return true;
}

void pq_values_release(struct pq_values *v)
{
    qn_buf_release(&v->last);
    qn_buf_release(&v->arena);
    qn_buf_release(&v->scratch);
}
