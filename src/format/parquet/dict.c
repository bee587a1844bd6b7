/* Dictionaries: see dict.h. The table is open-addressed, at most half full; a value equal
 * to the one before it, the usual case in sorted data, is not looked up. */
#include "format/parquet/dict.h"

#include "base/sys.h"
#include "format/parquet/encode.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define FIRST_SLOTS  1024u
#define TRIAL_VALUES 2048u /* of which a picky caller wants at most 3/4 distinct */

void pq_dict_release(struct pq_dict *dict)
{
    qn_buf_release(&dict->plain);
    qn_buf_release(&dict->places);
    free(dict->slots);
}

/* Makes the table empty, with that many slots. */
static bool clear_slots(struct pq_dict *dict, size_t count)
{
    if (count > dict->slot_room) {
        free(dict->slots);
        dict->slots = qn_sys.malloc(count * sizeof *dict->slots);
        dict->slot_room = dict->slots ? count : 0;
    }
    dict->slot_count = dict->slots ? count : 0;
    dict->failed |= !dict->slots;
    if (dict->slots)
        memset(dict->slots, 0, count * sizeof *dict->slots);
    return dict->slots != NULL;
}

static bool reset(struct pq_dict *dict)
{
    qn_buf_clear(&dict->plain);
    qn_buf_clear(&dict->places);
    dict->count = 0;
    dict->failed = false;
    return clear_slots(dict, FIRST_SLOTS);
}

static uint64_t mix(uint64_t value)
{
    value *= 0x9e3779b97f4a7c15u;
    return value ^ value >> 32;
}

/* Measured values are mostly decimal numbers near their neighbours: hundredths that are whole hash
 * to themselves, so that near values lie in near slots, in the cache; all others are mixed. */
static inline uint64_t hash_8(const struct pq_dict *dict, uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    double hundredths = value * 100;
    if (dict->reals && hundredths > -1e9 && hundredths < 1e9) {
        int64_t whole = (int64_t)(hundredths + (hundredths < 0 ? -0.5 : 0.5));
        double rest = hundredths - (double)whole;
        if (rest > -1e-6 && rest < 1e-6)
            return (uint64_t)whole;
    }
    return mix(bits);
}

static uint64_t hash_of(const struct pq_dict *dict, const uint8_t *bytes, size_t len)
{
    uint32_t four;
    uint64_t eight;
    switch (len) {
    case 4:
        memcpy(&four, bytes, 4);
        return mix(four);
    case 8:
        memcpy(&eight, bytes, 8);
        return hash_8(dict, eight);
    default:
        return XXH3_64bits(bytes, len);
    }
}

/* Value `id` of the dictionary, without the length that precedes a byte array. */
static struct qn_parquet_text entry(const struct pq_dict *dict, size_t width, uint32_t id)
{
    if (width > 0)
        return (struct qn_parquet_text){dict->plain.data + (size_t)id * width, (uint32_t)width};
    const uint32_t *places = (const uint32_t *)dict->places.data;
    const uint8_t *at = dict->plain.data + places[id];
    uint32_t len;
    memcpy(&len, at, sizeof len);
    return (struct qn_parquet_text){at + sizeof len, len};
}

static void insert(struct pq_dict *dict, uint64_t hash, uint32_t id)
{
    size_t slot = hash & (dict->slot_count - 1);
    while (dict->slots[slot])
        slot = (slot + 1) & (dict->slot_count - 1);
    dict->slots[slot] = id + 1;
}

static bool grow(struct pq_dict *dict, size_t width)
{
    if (!clear_slots(dict, dict->slot_count * 4))
        return false;
    for (uint32_t id = 0; id < dict->count; id++) {
        struct qn_parquet_text text = entry(dict, width, id);
        insert(dict, hash_of(dict, text.bytes, text.len), id);
    }
    return true;
}

static bool append(struct pq_dict *dict, size_t width, struct qn_parquet_text text)
{
    if (width == 0) {
        uint32_t place = (uint32_t)dict->plain.len;
        qn_buf_append(&dict->places, &place, sizeof place);
        qn_buf_u32(&dict->plain, text.len);
    }
    qn_buf_append(&dict->plain, text.bytes, text.len);
    dict->count++;
    dict->failed |= dict->plain.failed || dict->places.failed;
    return !dict->failed;
}

static bool same(struct qn_parquet_text a, struct qn_parquet_text b)
{
    return a.len == b.len && memcmp(a.bytes, b.bytes, a.len) == 0;
}

/* The index of `text`, which is appended if it is new; UINT32_MAX when that cannot be done. */
static uint32_t look_up(struct pq_dict *dict, size_t width, struct qn_parquet_text text,
                        size_t max_bytes)
{
    uint64_t hash = hash_of(dict, text.bytes, text.len);
    for (size_t slot = hash & (dict->slot_count - 1); dict->slots[slot];
         slot = (slot + 1) & (dict->slot_count - 1)) {
        uint32_t id = dict->slots[slot] - 1;
        if (same(entry(dict, width, id), text))
            return id;
    }
    size_t more = text.len + (width ? 0 : 4);
    if (dict->plain.len + more > max_bytes || !append(dict, width, text))
        return UINT32_MAX;
    insert(dict, hash, dict->count - 1);
    if ((size_t)dict->count * 2 > dict->slot_count && !grow(dict, width))
        return UINT32_MAX;
    return dict->count - 1;
}

/* Whether all values have the same bytes: compared with themselves, one place on. */
static bool constant(const struct pq_dense *dense)
{
    return dense->width > 0 && dense->count > 0 &&
           memcmp(dense->fixed, dense->fixed + dense->width, (dense->count - 1) * dense->width) ==
               0;
}

static inline struct qn_parquet_text value_at(const struct pq_dense *dense, size_t width, size_t i)
{
    if (width == 0)
        return pq_text_of(dense, i);
    return (struct qn_parquet_text){dense->fixed + i * width, (uint32_t)width};
}

/* Inlined for each width, so that comparing values is a single instruction for the usual ones. */
static inline __attribute__((always_inline)) bool build(struct pq_dict *dict,
                                                        const struct pq_dense *dense, size_t width,
                                                        size_t max_bytes, bool picky, uint32_t *ids)
{
    for (size_t i = 0; i < dense->count; i++) {
        struct qn_parquet_text text = value_at(dense, width, i);
        if (i > 0 && same(text, value_at(dense, width, i - 1))) {
            ids[i] = ids[i - 1];
            continue;
        }
        ids[i] = look_up(dict, width, text, max_bytes);
        if (ids[i] == UINT32_MAX)
            return false;
        if (picky && i == TRIAL_VALUES && dict->count > TRIAL_VALUES / 4 * 3)
            return false;
    }
    return true;
}

/* The dictionary that the caller brought, without what does not occur. */
static bool adopt(struct pq_dict *dict, const struct pq_dense *dense, size_t max_bytes,
                  uint32_t *ids)
{
    uint32_t *places = qn_sys.malloc((dense->distinct + 1u) * sizeof *places);
    bool fits = true;
    dict->failed |= !places;
    if (!places)
        return false;
    memset(places, 0, (dense->distinct + 1u) * sizeof *places);
    for (size_t i = 0; i < dense->count; i++)
        places[dense->ids[i]] = 1;
    for (uint32_t d = 0; d < dense->distinct && fits; d++) {
        if (!places[d])
            continue;
        places[d] = dict->count;
        fits = dict->plain.len + 4 + dense->texts[d].len <= max_bytes &&
               append(dict, 0, dense->texts[d]);
    }
    for (size_t i = 0; i < dense->count && fits; i++)
        ids[i] = places[dense->ids[i]];
    free(places);
    return fits;
}

/* Fixed values of 4 or 8 bytes as integers: what build does, without going over bytes. */
#define DEFINE_BUILD(name, type, hash)                                                             \
    static bool name(struct pq_dict *dict, const struct pq_dense *dense, size_t max_bytes,         \
                     bool picky, uint32_t *ids)                                                    \
    {                                                                                              \
        const type *values = (const type *)(const void *)dense->fixed;                             \
        for (size_t i = 0; i < dense->count; i++) {                                                \
            type value = values[i];                                                                \
            if (i > 0 && value == values[i - 1]) {                                                 \
                size_t more = pq_same_ahead(values, sizeof value, i + 1, dense->count);            \
                for (size_t k = 0; k <= more; k++)                                                 \
                    ids[i + k] = ids[i - 1];                                                       \
                i += more;                                                                         \
                continue;                                                                          \
            }                                                                                      \
            const type *known = (const type *)(const void *)dict->plain.data;                      \
            size_t mask = dict->slot_count - 1;                                                    \
            size_t slot = hash & mask;                                                             \
            while (dict->slots[slot] && known[dict->slots[slot] - 1] != value)                     \
                slot = (slot + 1) & mask;                                                          \
            ids[i] = dict->slots[slot] - 1;                                                        \
            if (ids[i] == UINT32_MAX) /* a free slot: look_up appends */                           \
                ids[i] =                                                                           \
                    look_up(dict, sizeof value,                                                    \
                            (struct qn_parquet_text){(const uint8_t *)&values[i], sizeof value},   \
                            max_bytes);                                                            \
            if (ids[i] == UINT32_MAX ||                                                            \
                (picky && i == TRIAL_VALUES && dict->count > TRIAL_VALUES / 4 * 3))                \
                return false;                                                                      \
        }                                                                                          \
        return true;                                                                               \
    }
DEFINE_BUILD(build_4, uint32_t, mix(value))
DEFINE_BUILD(build_8, uint64_t, hash_8(dict, value))

struct ranked {     /* an entry of a dictionary of doubles */
    uint64_t order; /* compares as the value does */
    uint32_t id;
};

static int by_order(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return (x->order > y->order) - (x->order < y->order);
}

/* Sorts by digits of eight bits, those that differ; the result may lie in `spare`. */
static struct ranked *sort_ranked(struct ranked *ranked, struct ranked *spare, size_t n)
{
    enum { FEW = 256, DIGITS = 8 };
    uint32_t counts[DIGITS][256] = {{0}};
    if (n < FEW) {
        qsort(ranked, n, sizeof *ranked, by_order);
        return ranked;
    }
    for (size_t i = 0; i < n; i++) {
        for (unsigned d = 0; d < DIGITS; d++)
            counts[d][ranked[i].order >> 8 * d & 255]++;
    }
    for (unsigned d = 0; d < DIGITS; d++) {
        uint32_t at = 0;
        if (counts[d][ranked[0].order >> 8 * d & 255] == n)
            continue;
        for (size_t b = 0; b < 256; b++) {
            uint32_t count = counts[d][b];
            counts[d][b] = at;
            at += count;
        }
        for (size_t i = 0; i < n; i++)
            spare[counts[d][ranked[i].order >> 8 * d & 255]++] = ranked[i];
        struct ranked *swap = ranked;
        ranked = spare;
        spare = swap;
    }
    return ranked;
}

/* Puts the entries of a dictionary of doubles in ascending order: near values get near indexes,
 * which pack better. */
static bool sort_reals(struct pq_dict *dict, uint32_t *ids, size_t n)
{
    const uint64_t sign = (uint64_t)1 << 63;
    uint64_t *values = (uint64_t *)(void *)dict->plain.data;
    struct ranked *room = qn_sys.malloc(2 * (dict->count + (size_t)1) * sizeof *room);
    uint32_t *ranks = qn_sys.malloc((dict->count + (size_t)1) * sizeof *ranks);
    bool ok = room && ranks;
    dict->failed |= !ok;
    for (uint32_t i = 0; ok && i < dict->count; i++)
        room[i] = (struct ranked){values[i] & sign ? ~values[i] : values[i] | sign, i};
    const struct ranked *ranked = ok ? sort_ranked(room, room + dict->count, dict->count) : NULL;
    for (uint32_t rank = 0; ok && rank < dict->count; rank++) {
        ranks[ranked[rank].id] = rank;
        values[rank] = ranked[rank].order & sign ? ranked[rank].order ^ sign : ~ranked[rank].order;
    }
    for (size_t i = 0; ok && i < n; i++)
        ids[i] = ranks[ids[i]];
    free(room);
    free(ranks);
    return ok;
}

bool pq_dict_build(struct pq_dict *dict, const struct pq_dense *dense, size_t max_bytes, bool picky,
                   uint32_t *ids)
{
    if (!reset(dict))
        return false;
    dict->reals = dense->leaf->physical == PQ_DOUBLE;
    dict->ascending = dict->reals || dense->ids;
    if (dense->ids)
        return adopt(dict, dense, max_bytes, ids);
    if (constant(dense)) {
        memset(ids, 0, dense->count * sizeof *ids);
        return append(dict, dense->width, value_at(dense, dense->width, 0));
    }
    switch (dense->width) {
    case 4:
        return build_4(dict, dense, max_bytes, picky, ids);
    case 8:
        return build_8(dict, dense, max_bytes, picky, ids) &&
               (!dict->reals || sort_reals(dict, ids, dense->count));
    case 0:
        return build(dict, dense, 0, max_bytes, picky, ids);
    default:
        return build(dict, dense, dense->width, max_bytes, picky, ids);
    }
}
