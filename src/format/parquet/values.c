/* Values of a column: see values.h. Rules of statistics: apache/parquet-format,
 * parquet.thrift, struct Statistics and union ColumnOrder. */
#include "format/parquet/values.h"

#include "format/parquet/encode.h"

#include <math.h>
#include <string.h>

/* ---- without nulls, as stored --------------------------------------------------------------- */

static int32_t widened(const struct pq_leaf *leaf, const uint8_t *value)
{
    uint16_t two;
    if (leaf->native == 1)
        return leaf->native_unsigned ? *value : (int8_t)*value;
    memcpy(&two, value, sizeof two);
    return leaf->native_unsigned ? two : (int16_t)two;
}

static uint64_t count_valid(const struct qn_parquet_values *values, uint64_t rows)
{
    uint64_t count = rows;
    for (uint64_t row = 0; values->valid && row < rows; row++)
        count -= values->valid[row] == 0;
    return count;
}

static void gather_texts(const struct qn_parquet_values *values, uint64_t rows,
                         struct qn_parquet_text *to)
{
    const uint8_t *bytes = values->values;
    for (uint64_t row = 0; row < rows; row++) {
        if (values->valid && !values->valid[row])
            continue;
        *to++ = (struct qn_parquet_text){bytes + values->offsets[row],
                                         values->offsets[row + 1] - values->offsets[row]};
    }
}

/* The distinct texts, then the ids of the values that are not null. */
static void gather_ids(const struct qn_parquet_values *values, uint64_t rows, uint8_t *room,
                       struct pq_dense *dense)
{
    struct qn_parquet_values distinct = {values->values, values->offsets, NULL, NULL, 0};
    uint32_t *ids = (uint32_t *)(room + values->distinct * sizeof(struct qn_parquet_text));
    gather_texts(&distinct, values->distinct, (struct qn_parquet_text *)room);
    dense->distinct = values->distinct;
    dense->ids = dense->count == rows ? values->ids : ids;
    for (uint64_t row = 0; dense->count < rows && row < rows; row++) {
        if (values->valid[row])
            *ids++ = values->ids[row];
    }
}

/* Values that are there, of 1, 4 or 8 bytes: every one is written, but only those that count move
 * the place for the next. `to` has room for one more than there are. */
#define DEFINE_GATHER(name, type)                                                                  \
    static void name(const void *values, const uint8_t *valid, uint64_t rows, void *room)          \
    {                                                                                              \
        const type *from = values;                                                                 \
        type *to = room;                                                                           \
        for (uint64_t row = 0; row < rows; row++) {                                                \
            *to = from[row];                                                                       \
            to += valid[row] != 0;                                                                 \
        }                                                                                          \
    }
DEFINE_GATHER(gather_1, uint8_t)
DEFINE_GATHER(gather_4, uint32_t)
DEFINE_GATHER(gather_8, uint64_t)

static void gather_fixed(const struct pq_leaf *leaf, const struct qn_parquet_values *values,
                         uint64_t rows, uint8_t *to)
{
    const uint8_t *from = values->values;
    size_t width = leaf->width;
    if (values->valid && leaf->native == width && (width == 1 || width == 4 || width == 8)) {
        (width == 8 ? gather_8 : width == 4 ? gather_4 : gather_1)(from, values->valid, rows, to);
        return;
    }
    for (uint64_t row = 0; row < rows; row++, from += leaf->native) {
        if (values->valid && !values->valid[row])
            continue;
        if (leaf->native == leaf->width) {
            memcpy(to, from, leaf->width);
        } else {
            int32_t value = widened(leaf, from);
            memcpy(to, &value, sizeof value);
        }
        to += leaf->width;
    }
}

enum qn_status pq_densify(const struct pq_leaf *leaf, const struct qn_parquet_values *values,
                          uint64_t rows, struct qn_buf *scratch, struct pq_dense *dense,
                          struct qn_error *err)
{
    size_t width = leaf->width;
    *dense = (struct pq_dense){.leaf = leaf, .width = width};
    dense->count = count_valid(values, rows);
    if (width > 0 && leaf->native == width && dense->count == rows) {
        dense->fixed = values->values;
        return QN_OK;
    }
    size_t bytes = (dense->count + 1) * (width ? width : sizeof(struct qn_parquet_text));
    if (values->ids)
        bytes = values->distinct * sizeof(struct qn_parquet_text) + dense->count * sizeof(uint32_t);
    qn_buf_clear(scratch);
    uint8_t *room = qn_buf_reserve(scratch, bytes + 1);
    if (!room)
        return qn_fail_memory(err, "a column of a table", bytes);
    if (values->ids)
        gather_ids(values, rows, room, dense);
    else if (width == 0)
        gather_texts(values, rows, (struct qn_parquet_text *)room);
    else
        gather_fixed(leaf, values, rows, room);
    dense->fixed = width ? room : NULL;
    dense->texts = width ? NULL : (const struct qn_parquet_text *)room;
    return QN_OK;
}

static void put_bits(const uint8_t *values, size_t n, struct qn_buf *out)
{
    for (size_t i = 0; i < n; i += 8) {
        uint8_t byte = 0;
        for (size_t k = 0; k < 8 && i + k < n; k++)
            byte |= (uint8_t)((values[i + k] != 0) << k);
        qn_buf_u8(out, byte);
    }
}

void pq_put_plain(const struct pq_dense *dense, size_t from, size_t to, struct qn_buf *out)
{
    if (dense->leaf->physical == PQ_BOOLEAN) {
        put_bits(dense->fixed + from, to - from, out);
    } else if (dense->width > 0) {
        qn_buf_append(out, dense->fixed + from * dense->width, (to - from) * dense->width);
    } else {
        for (size_t i = from; i < to; i++) {
            struct qn_parquet_text text = pq_text_of(dense, i);
            qn_buf_u32(out, text.len);
            qn_buf_append(out, text.bytes, text.len);
        }
    }
}

/* ---- bounds --------------------------------------------------------------------------------- */

/* Index of the least and the greatest of n values, each with the comparison of its type. The
 * greatest of equals may be any: they have the same bytes. */
#define DEFINE_RANGE(name, type)                                                                   \
    static void range_##name(const void *values, size_t n, void *min_out, void *max_out)           \
    {                                                                                              \
        const type *v = values;                                                                    \
        type min = v[0], max = v[0];                                                               \
        for (size_t i = 1; i < n; i++) {                                                           \
            if (v[i] == v[i - 1]) {                                                                \
                i += pq_same_ahead(v, sizeof *v, i + 1, n);                                        \
                continue;                                                                          \
            }                                                                                      \
            min = v[i] < min ? v[i] : min;                                                         \
            max = v[i] > max ? v[i] : max;                                                         \
        }                                                                                          \
        memcpy(min_out, &min, sizeof min);                                                         \
        memcpy(max_out, &max, sizeof max);                                                         \
    }
DEFINE_RANGE(i32, int32_t)
DEFINE_RANGE(u32, uint32_t)
DEFINE_RANGE(i64, int64_t)
DEFINE_RANGE(u64, uint64_t)
DEFINE_RANGE(u8, uint8_t)

/* The same for reals: NaN is passed over; false when nothing else is there. */
#define DEFINE_REAL_RANGE(name, type)                                                              \
    static bool range_##name(const void *values, size_t n, void *min_out, void *max_out)           \
    {                                                                                              \
        const type *v = values;                                                                    \
        type min = (type)INFINITY, max = (type)-INFINITY;                                          \
        bool any = false;                                                                          \
        for (size_t i = 0; i < n; i++) {                                                           \
            min = v[i] < min ? v[i] : min;                                                         \
            max = v[i] > max ? v[i] : max;                                                         \
            any |= v[i] == v[i];                                                                   \
        }                                                                                          \
        min = min == 0 ? (type)-0.0 : min;                                                         \
        max = max == 0 ? (type)0.0 : max;                                                          \
        memcpy(min_out, &min, sizeof min);                                                         \
        memcpy(max_out, &max, sizeof max);                                                         \
        return any;                                                                                \
    }
DEFINE_REAL_RANGE(f32, float)
DEFINE_REAL_RANGE(f64, double)

static bool range_f16(const void *values, size_t n, void *min_out, void *max_out)
{
    const uint8_t *v = values;
    uint16_t min = 0x7c00, max = 0xfc00; /* the infinities */
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        uint16_t value;
        memcpy(&value, v + 2 * i, sizeof value);
        if ((value & 0x7fff) > 0x7c00)
            continue;
        const uint8_t *at = v + 2 * i;
        if (qn_parquet_compare(QN_PQ_ORDER_FLOAT16, at, 2, (uint8_t *)&min, 2) < 0)
            min = value;
        if (qn_parquet_compare(QN_PQ_ORDER_FLOAT16, at, 2, (uint8_t *)&max, 2) > 0)
            max = value;
        any = true;
    }
    min = (min & 0x7fff) == 0 ? 0x8000 : min;
    max = (max & 0x7fff) == 0 ? 0 : max;
    memcpy(min_out, &min, sizeof min);
    memcpy(max_out, &max, sizeof max);
    return any;
}

/* Whether byte i of a text starts a character (any byte does, in binary data). */
static bool starts_character(const struct pq_leaf *leaf, const uint8_t *bytes, size_t i)
{
    return !leaf->utf8 || (bytes[i] & 0xc0) != 0x80;
}

static void set_min(const struct pq_leaf *leaf, struct pq_bounds *bounds,
                    struct qn_parquet_text text)
{
    size_t len = text.len;
    bounds->exact_min = len <= PQ_STAT_BYTES;
    if (!bounds->exact_min) {
        len = PQ_STAT_BYTES;
        while (len > 0 && !starts_character(leaf, text.bytes, len))
            len--;
    }
    bounds->min_len = (uint8_t)len;
    memcpy(bounds->min, text.bytes, len);
}

/* Whether a prefix that ends with that byte can be made larger by raising it. In text that keeps it
 * valid UTF-8: an ASCII character, or the last byte of a longer one, before the end of its range.
 */
static bool can_be_raised(const struct pq_leaf *leaf, uint8_t last)
{
    return leaf->utf8 ? last < 0x7f || (last >= 0x80 && last < 0xbf) : last < 0xff;
}

/* An upper bound in at most PQ_STAT_BYTES: a prefix of whole characters whose last byte is raised
 * by one. False when there is none. */
static bool set_max(const struct pq_leaf *leaf, struct pq_bounds *bounds,
                    struct qn_parquet_text text)
{
    size_t len = text.len;
    bounds->exact_max = len <= PQ_STAT_BYTES;
    if (!bounds->exact_max) {
        len = PQ_STAT_BYTES;
        while (len > 0 && (!starts_character(leaf, text.bytes, len) ||
                           !can_be_raised(leaf, text.bytes[len - 1])))
            len--;
        if (len == 0)
            return false;
    }
    bounds->max_len = (uint8_t)len;
    memcpy(bounds->max, text.bytes, len);
    bounds->max[len ? len - 1 : 0] += !bounds->exact_max;
    return true;
}

/* Byte arrays and values of fixed width that compare as bytes or as large decimals. */
static void bounds_of_bytes(const struct pq_dense *dense, size_t from, size_t to,
                            struct pq_bounds *bounds)
{
    enum qn_parquet_order order = dense->leaf->order;
    struct qn_parquet_text min = pq_value_of(dense, from);
    struct qn_parquet_text max = min;
    if (dense->ids) { /* in ascending order */
        uint32_t first, last;
        range_u32(dense->ids + from, to - from, &first, &last);
        min = dense->texts[first];
        max = dense->texts[last];
    }
    for (size_t i = from + 1; i < to && !dense->ids; i++) {
        struct qn_parquet_text text = pq_value_of(dense, i);
        if (qn_parquet_compare(order, text.bytes, text.len, min.bytes, min.len) < 0)
            min = text;
        if (qn_parquet_compare(order, text.bytes, text.len, max.bytes, max.len) > 0)
            max = text;
    }
    if (order == QN_PQ_ORDER_DECIMAL && (min.len > PQ_STAT_BYTES || max.len > PQ_STAT_BYTES)) {
        bounds->known = false; /* a number cannot be cut */
        return;
    }
    set_min(dense->leaf, bounds, min);
    bounds->known = set_max(dense->leaf, bounds, max);
}

void pq_bounds_of(const struct pq_dense *dense, size_t from, size_t to, struct pq_bounds *bounds)
{
    enum qn_parquet_order order = dense->leaf->order;
    size_t n = to - from;
    *bounds = (struct pq_bounds){
        .known = n > 0 && order != QN_PQ_ORDER_NONE, .exact_min = true, .exact_max = true};
    if (!bounds->known)
        return;
    if (order == QN_PQ_ORDER_BYTES || order == QN_PQ_ORDER_DECIMAL) {
        bounds_of_bytes(dense, from, to, bounds);
        return;
    }
    const uint8_t *values = dense->fixed + from * dense->width;
    bounds->min_len = bounds->max_len = (uint8_t)dense->width;
    switch (order) {
    case QN_PQ_ORDER_I32:
        range_i32(values, n, bounds->min, bounds->max);
        break;
    case QN_PQ_ORDER_U32:
        range_u32(values, n, bounds->min, bounds->max);
        break;
    case QN_PQ_ORDER_I64:
        range_i64(values, n, bounds->min, bounds->max);
        break;
    case QN_PQ_ORDER_U64:
        range_u64(values, n, bounds->min, bounds->max);
        break;
    case QN_PQ_ORDER_FLOAT:
        bounds->known = range_f32(values, n, bounds->min, bounds->max);
        break;
    case QN_PQ_ORDER_DOUBLE:
        bounds->known = range_f64(values, n, bounds->min, bounds->max);
        break;
    case QN_PQ_ORDER_FLOAT16:
        bounds->known = range_f16(values, n, bounds->min, bounds->max);
        break;
    default: /* booleans */
        range_u8(values, n, bounds->min, bounds->max);
    }
}

void pq_bounds_merge(enum qn_parquet_order order, struct pq_bounds *into,
                     const struct pq_bounds *next)
{
    if (!next->known)
        return;
    if (!into->known) {
        *into = *next;
        return;
    }
    if (qn_parquet_compare(order, next->min, next->min_len, into->min, into->min_len) < 0) {
        into->exact_min = next->exact_min;
        into->min_len = next->min_len;
        memcpy(into->min, next->min, next->min_len);
    }
    if (qn_parquet_compare(order, next->max, next->max_len, into->max, into->max_len) > 0) {
        into->exact_max = next->exact_max;
        into->max_len = next->max_len;
        memcpy(into->max, next->max, next->max_len);
    }
}

static uint32_t count_half_nans(const struct pq_dense *dense, size_t from, size_t to)
{
    uint32_t count = 0;
    for (size_t i = from; i < to; i++) {
        uint16_t value;
        memcpy(&value, dense->fixed + 2 * i, sizeof value);
        count += (value & 0x7fff) > 0x7c00;
    }
    return count;
}

uint32_t pq_count_nans(const struct pq_dense *dense, size_t from, size_t to)
{
    uint32_t count = 0;
    if (!pq_is_real(dense->leaf))
        return 0;
    if (dense->width == 2)
        return count_half_nans(dense, from, to);
    if (dense->width == 8) {
        const double *values = (const double *)(const void *)dense->fixed;
        for (size_t i = from; i < to; i++)
            count += values[i] != values[i];
        return count;
    }
    const float *values = (const float *)(const void *)dense->fixed;
    for (size_t i = from; i < to; i++)
        count += values[i] != values[i];
    return count;
}
