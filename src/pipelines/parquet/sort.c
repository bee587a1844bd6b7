/* Sorting rows: see sort.h. A row is compared by a number of 64 bits first that orders as the first
 * key does: exactly for numbers, by its first eight bytes for byte arrays. */
#include "pipelines/parquet/sort.h"

#include "base/byte_order.h"
#include "base/sys.h"

#include <stdlib.h>
#include <string.h>

struct ranked {
    uint64_t rank;
    uint64_t row;
};

struct sorting {
    const struct qn_sort_key *keys;
    size_t key_count;
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
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    for (size_t k = 0; k < sorting->key_count; k++) {
        int order = compare_key(&sorting->keys[k], x->row, y->row);
        if (order != 0)
            return order;
    }
    return (x->row > y->row) - (x->row < y->row);
}

enum qn_status qn_sort_rows(const struct qn_sort_key *keys, size_t key_count, uint64_t rows,
                            uint64_t **order, struct qn_error *err)
{
    struct sorting sorting = {keys, key_count};
    struct ranked *ranked = qn_sys.malloc((rows + 1) * sizeof *ranked);
    *order = NULL;
    if (!ranked)
        return qn_fail_memory(err, "sorting", rows * sizeof *ranked);
    for (uint64_t row = 0; row < rows; row++) {
        size_t len = 0;
        const uint8_t *value = qn_gathered_value(keys[0].gathered, keys[0].starts, row, &len);
        ranked[row] = (struct ranked){value ? rank_of(keys[0].order, value, len) : UINT64_MAX, row};
    }
    qsort_r(ranked, rows, sizeof *ranked, compare_rows, &sorting);
    uint64_t *out =
        (uint64_t *)ranked; /* packed in place: each is read before it is written over */
    for (uint64_t row = 0; row < rows; row++)
        out[row] = ranked[row].row;
    *order = out;
    return QN_OK;
}
