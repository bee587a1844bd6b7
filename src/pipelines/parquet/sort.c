/* Sorting rows: see sort.h. Rows are compared by a number of 64 bits for each of the first two keys
 * that orders as the key does: exactly for numbers, by eight bytes behind what all have in common
 * for byte arrays. Only where these are equal the values themselves are compared. */
#include "pipelines/parquet/sort.h"

#include "base/byte_order.h"
#include "base/sys.h"

#include <stdlib.h>
#include <string.h>

#define RANKS 2u

struct ranked {
    uint64_t rank[RANKS];
    uint64_t row;
};

struct sorting {
    const struct qn_sort_key *keys;
    size_t key_count;
    size_t common[RANKS]; /* bytes that all values of a key begin with */
    bool exact[RANKS];    /* rows of equal rank have equal keys, unless the rank is the highest */
};

/* Bits of a real, whose sign bit is `sign`, as a number that orders as it does; -0 is 0. */
static uint64_t rank_real(uint64_t bits, uint64_t sign, bool nan)
{
    if (nan)
        return UINT64_MAX;
    return bits & sign ? sign - (bits & ~sign) : sign + bits;
}

static uint64_t rank_bytes(const uint8_t *bytes, size_t len)
{
    uint8_t first[8] = {0};
    memcpy(first, bytes, len < sizeof first ? len : sizeof first);
    return qn_load_u64(first, QN_BIG_ENDIAN);
}

/* A value as a number that orders as it does, as far as 64 bits can tell. */
static uint64_t rank_of(enum qn_parquet_order order, const uint8_t *bytes, size_t len)
{
    const uint64_t sign = (uint64_t)1 << 63;
    float single;
    double real;
    switch (order) {
    case QN_PQ_ORDER_BOOLEAN:
        return bytes[0];
    case QN_PQ_ORDER_I32:
        return (uint64_t)(int64_t)(int32_t)qn_load_u32(bytes, QN_LITTLE_ENDIAN) ^ sign;
    case QN_PQ_ORDER_U32:
        return qn_load_u32(bytes, QN_LITTLE_ENDIAN);
    case QN_PQ_ORDER_I64:
        return qn_load_u64(bytes, QN_LITTLE_ENDIAN) ^ sign;
    case QN_PQ_ORDER_U64:
        return qn_load_u64(bytes, QN_LITTLE_ENDIAN);
    case QN_PQ_ORDER_FLOAT16:
        return rank_real(qn_load_u16(bytes, QN_LITTLE_ENDIAN), 0x8000,
                         (qn_load_u16(bytes, QN_LITTLE_ENDIAN) & 0x7fff) > 0x7c00);
    case QN_PQ_ORDER_FLOAT:
        memcpy(&single, bytes, sizeof single);
        return rank_real(qn_load_u32(bytes, QN_LITTLE_ENDIAN), (uint64_t)1 << 31, single != single);
    case QN_PQ_ORDER_DOUBLE:
        memcpy(&real, bytes, sizeof real);
        return rank_real(qn_load_u64(bytes, QN_LITTLE_ENDIAN), sign, real != real);
    case QN_PQ_ORDER_BYTES:
        return rank_bytes(bytes, len);
    default:
        return 0; /* compared in full */
    }
}

static int compare_key(const struct qn_sort_key *key, uint64_t x, uint64_t y)
{
    size_t x_len = 0, y_len = 0;
    const uint8_t *a = qn_gathered_value(key->gathered, key->starts, x, &x_len);
    const uint8_t *b = qn_gathered_value(key->gathered, key->starts, y, &y_len);
    if (!a || !b)
        return !a - !b;
    uint64_t i = rank_of(key->order, a, x_len), j = rank_of(key->order, b, y_len);
    if (i != j)
        return i < j ? -1 : 1;
    if (key->order != QN_PQ_ORDER_BYTES && key->order != QN_PQ_ORDER_DECIMAL)
        return 0;
    return qn_parquet_compare(key->order, a, x_len, b, y_len);
}

static int compare_rows(const void *a, const void *b, void *context)
{
    const struct sorting *sorting = context;
    const struct ranked *x = a, *y = b;
    for (size_t k = 0; k < sorting->key_count; k++) {
        bool ranked = k < RANKS;
        if (ranked && x->rank[k] != y->rank[k])
            return x->rank[k] < y->rank[k] ? -1 : 1;
        if (ranked && sorting->exact[k] && x->rank[k] != UINT64_MAX)
            continue;
        int order = compare_key(&sorting->keys[k], x->row, y->row);
        if (order != 0)
            return order;
    }
    return (x->row > y->row) - (x->row < y->row);
}

/* What all values of a key of byte arrays begin with, and whether eight bytes more tell them all
 * apart. */
static void find_common(struct sorting *sorting, size_t k, uint64_t rows)
{
    const struct qn_sort_key *key = &sorting->keys[k];
    const uint8_t *first = NULL;
    size_t first_len = 0, common = 0;
    bool same_length = true;
    for (uint64_t row = 0; row < rows; row++) {
        size_t len = 0;
        const uint8_t *value = qn_gathered_value(key->gathered, key->starts, row, &len);
        if (!value)
            continue;
        if (!first) {
            first = value;
            first_len = common = len;
        }
        common = len < common ? len : common;
        for (size_t i = 0; i < common; i++)
            common = value[i] == first[i] ? common : i;
        same_length &= len == first_len;
    }
    sorting->common[k] = common;
    sorting->exact[k] = same_length && first_len - common <= sizeof(uint64_t);
}

static uint64_t rank_row(const struct sorting *sorting, size_t k, uint64_t row)
{
    const struct qn_sort_key *key = &sorting->keys[k];
    size_t len = 0;
    const uint8_t *value = qn_gathered_value(key->gathered, key->starts, row, &len);
    if (!value)
        return UINT64_MAX;
    if (key->order == QN_PQ_ORDER_BYTES)
        return rank_bytes(value + sorting->common[k], len - sorting->common[k]);
    return rank_of(key->order, value, len);
}

enum qn_status qn_sort_rows(const struct qn_sort_key *keys, size_t key_count, uint64_t rows,
                            uint64_t **order, struct qn_error *err)
{
    struct sorting sorting = {.keys = keys, .key_count = key_count};
    size_t ranks = key_count < RANKS ? key_count : RANKS;
    struct ranked *ranked = qn_sys.calloc(rows + 1, sizeof *ranked);
    *order = NULL;
    if (!ranked)
        return qn_fail_memory(err, "sorting", rows * sizeof *ranked);
    for (size_t k = 0; k < ranks; k++) {
        sorting.exact[k] = keys[k].order != QN_PQ_ORDER_DECIMAL;
        if (keys[k].order == QN_PQ_ORDER_BYTES)
            find_common(&sorting, k, rows);
    }
    for (uint64_t row = 0; row < rows; row++) {
        ranked[row].row = row;
        for (size_t k = 0; k < ranks; k++)
            ranked[row].rank[k] = rank_row(&sorting, k, row);
    }
    qsort_r(ranked, rows, sizeof *ranked, compare_rows, &sorting);
    uint64_t *out =
        (uint64_t *)ranked; /* packed in place: each is read before it is written over */
    for (uint64_t row = 0; row < rows; row++)
        out[row] = ranked[row].row;
    *order = out;
    return QN_OK;
}
