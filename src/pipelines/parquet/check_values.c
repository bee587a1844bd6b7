/* Spans of values: see check_values.h. Rules for bounds: apache/parquet-format, parquet.thrift,
 * struct Statistics and union ColumnOrder. */
#include "pipelines/parquet/check_values.h"

#include <math.h>
#include <string.h>

void qn_span_clear(struct qn_span *span)
{
    span->any = false;
    qn_buf_clear(&span->min);
    qn_buf_clear(&span->max);
}

void qn_span_release(struct qn_span *span)
{
    qn_buf_release(&span->min);
    qn_buf_release(&span->max);
    span->any = false;
}

static void keep(struct qn_span *span, struct qn_buf *buf, const uint8_t *bytes, size_t len)
{
    qn_buf_clear(buf);
    qn_buf_append(buf, bytes, len);
    span->failed |= !qn_buf_reserve(buf, 1); /* not NULL even when it is empty */
}

void qn_span_add(struct qn_span *span, enum qn_parquet_order order, const uint8_t *bytes,
                 size_t len)
{
    if (!span->any || qn_parquet_compare(order, bytes, len, span->min.data, span->min.len) < 0)
        keep(span, &span->min, bytes, len);
    if (!span->any || qn_parquet_compare(order, bytes, len, span->max.data, span->max.len) > 0)
        keep(span, &span->max, bytes, len);
    span->any = true;
}

void qn_span_merge(struct qn_span *into, enum qn_parquet_order order, const struct qn_span *next)
{
    if (!next->any)
        return;
    qn_span_add(into, order, next->min.data, next->min.len);
    qn_span_add(into, order, next->max.data, next->max.len);
}

/* ---- many values at once -------------------------------------------------------------------- */

#define DEFINE_RANGE(name, type)                                                                   \
    static void range_##name(struct qn_span *span, enum qn_parquet_order order,                    \
                             const uint8_t *bytes, size_t n)                                       \
    {                                                                                              \
        const type *v = (const type *)(const void *)bytes;                                         \
        type min = v[0], max = v[0];                                                               \
        for (size_t i = 1; i < n; i++) {                                                           \
            min = v[i] < min ? v[i] : min;                                                         \
            max = v[i] > max ? v[i] : max;                                                         \
        }                                                                                          \
        qn_span_add(span, order, (const uint8_t *)&min, sizeof min);                               \
        qn_span_add(span, order, (const uint8_t *)&max, sizeof max);                               \
    }
DEFINE_RANGE(i32, int32_t)
DEFINE_RANGE(u32, uint32_t)
DEFINE_RANGE(i64, int64_t)
DEFINE_RANGE(u64, uint64_t)
DEFINE_RANGE(u8, uint8_t)

/* Reals: comparisons with NaN are false, so NaN changes neither bound. */
#define DEFINE_REAL_RANGE(name, type)                                                              \
    static void range_##name(struct qn_span *span, enum qn_parquet_order order,                    \
                             const uint8_t *bytes, size_t n, uint64_t *nans, uint64_t *infinities) \
    {                                                                                              \
        const type *v = (const type *)(const void *)bytes;                                         \
        type min = (type)INFINITY, max = (type)-INFINITY;                                          \
        size_t numbers = 0, infinite = 0;                                                          \
        for (size_t i = 0; i < n; i++) {                                                           \
            min = v[i] < min ? v[i] : min;                                                         \
            max = v[i] > max ? v[i] : max;                                                         \
            numbers += v[i] == v[i];                                                               \
            infinite += v[i] == (type)INFINITY || v[i] == (type)-INFINITY;                         \
        }                                                                                          \
        *nans += n - numbers;                                                                      \
        *infinities += infinite;                                                                   \
        if (numbers == 0)                                                                          \
            return;                                                                                \
        qn_span_add(span, order, (const uint8_t *)&min, sizeof min);                               \
        qn_span_add(span, order, (const uint8_t *)&max, sizeof max);                               \
    }
DEFINE_REAL_RANGE(f32, float)
DEFINE_REAL_RANGE(f64, double)

static bool is_half_nan(const uint8_t *bytes)
{
    uint16_t half;
    memcpy(&half, bytes, sizeof half);
    return (half & 0x7fff) > 0x7c00;
}

static void range_bytes(struct qn_span *span, enum qn_parquet_order order, const uint8_t *values,
                        size_t n, size_t width, uint64_t *nans)
{
    for (size_t i = 0; i < n; i++) {
        const uint8_t *value = values + i * width;
        if (order == QN_PQ_ORDER_FLOAT16 && is_half_nan(value))
            ++*nans;
        else
            qn_span_add(span, order, value, width);
    }
}

void qn_span_add_fixed(struct qn_span *span, const struct qn_parquet_node *leaf,
                       const uint8_t *values, size_t n, uint64_t *nans, uint64_t *infinities)
{
    enum qn_parquet_order order = qn_parquet_order(leaf);
    if (n == 0 || order == QN_PQ_ORDER_NONE)
        return;
    switch (order) {
    case QN_PQ_ORDER_I32:
        range_i32(span, order, values, n);
        break;
    case QN_PQ_ORDER_U32:
        range_u32(span, order, values, n);
        break;
    case QN_PQ_ORDER_I64:
        range_i64(span, order, values, n);
        break;
    case QN_PQ_ORDER_U64:
        range_u64(span, order, values, n);
        break;
    case QN_PQ_ORDER_BOOLEAN:
        range_u8(span, order, values, n);
        break;
    case QN_PQ_ORDER_FLOAT:
        range_f32(span, order, values, n, nans, infinities);
        break;
    case QN_PQ_ORDER_DOUBLE:
        range_f64(span, order, values, n, nans, infinities);
        break;
    default:
        range_bytes(span, order, values, n, qn_parquet_width(leaf), nans);
    }
}

/* ---- claims --------------------------------------------------------------------------------- */

static bool is_nan(enum qn_parquet_order order, struct qn_parquet_bytes claimed)
{
    float single;
    double real;
    if (order == QN_PQ_ORDER_FLOAT16)
        return is_half_nan(claimed.data);
    if (order == QN_PQ_ORDER_FLOAT) {
        memcpy(&single, claimed.data, sizeof single);
        return isnan(single);
    }
    if (order != QN_PQ_ORDER_DOUBLE)
        return false;
    memcpy(&real, claimed.data, sizeof real);
    return isnan(real);
}

/* A bound of a long text may be cut: a minimum to its front, a maximum to a front raised by one,
 * which is then no longer than the text. */
static bool looks_cut(enum qn_bound which, struct qn_parquet_bytes claimed,
                      const struct qn_buf *actual)
{
    if (which == QN_BOUND_MIN)
        return claimed.len < actual->len && !memcmp(claimed.data, actual->data, claimed.len);
    return claimed.len <= actual->len;
}

enum qn_bound_verdict qn_judge_bound(const struct qn_parquet_node *leaf, enum qn_bound which,
                                     struct qn_parquet_bytes claimed, int exact,
                                     const struct qn_span *span)
{
    enum qn_parquet_order order = qn_parquet_order(leaf);
    size_t width = qn_parquet_width(leaf);
    const struct qn_buf *actual = which == QN_BOUND_MIN ? &span->min : &span->max;
    bool bytes = order == QN_PQ_ORDER_BYTES;
    if (!bytes && width > 0 && claimed.len != width)
        return QN_BOUND_ODD;
    if (is_nan(order, claimed))
        return QN_BOUND_NAN;
    if (!span->any)
        return QN_BOUND_RIGHT; /* bounds of nothing hold */
    int side = qn_parquet_compare(order, claimed.data, claimed.len, actual->data, actual->len);
    side = which == QN_BOUND_MIN ? side : -side;
    if (side > 0)
        return QN_BOUND_WRONG;
    if (side == 0)
        return QN_BOUND_RIGHT;
    if (exact == 0 || (bytes && exact < 0 && looks_cut(which, claimed, actual)))
        return QN_BOUND_RIGHT;
    return QN_BOUND_LOOSE;
}
