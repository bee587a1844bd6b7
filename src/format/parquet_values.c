/* Values of a column: see parquet_values.h. Rules of statistics: apache/parquet-format,
 * parquet.thrift, struct Statistics and union ColumnOrder. */
#include "format/parquet_values.h"

#include "format/parquet_encode.h"

#include <math.h>
#include <string.h>

/* ---- without nulls, as stored --------------------------------------------------------------- */

static int32_t widened(const struct qn_parquet_column *column, const void *values, uint64_t row)
{
    switch (column->type) {
    case QN_PQ_INT8:
        return ((const int8_t *)values)[row];
    case QN_PQ_INT16:
        return ((const int16_t *)values)[row];
    case QN_PQ_UINT8:
        return ((const uint8_t *)values)[row];
    default:
        return ((const uint16_t *)values)[row];
    }
}

static uint64_t count_valid(const struct qn_parquet_values *values, uint64_t rows)
{
    uint64_t count = rows;
    for (uint64_t row = 0; values->valid && row < rows; row++)
        count -= values->valid[row] == 0;
    return count;
}

static void gather_texts(const struct qn_parquet_values *values, uint64_t rows, struct pq_text *to)
{
    const uint8_t *bytes = values->values;
    for (uint64_t row = 0; row < rows; row++) {
        if (values->valid && !values->valid[row])
            continue;
        *to++ = (struct pq_text){bytes + values->offsets[row],
                                 values->offsets[row + 1] - values->offsets[row]};
    }
}

/* The distinct texts, then the ids of the values that are not null. */
static void gather_ids(const struct qn_parquet_values *values, uint64_t rows, uint8_t *room,
                       struct pq_dense *dense)
{
    struct qn_parquet_values distinct = {values->values, values->offsets, NULL, NULL, 0};
    uint32_t *ids = (uint32_t *)(room + values->distinct * sizeof(struct pq_text));
    gather_texts(&distinct, values->distinct, (struct pq_text *)room);
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

static void gather_fixed(const struct qn_parquet_column *column,
                         const struct qn_parquet_values *values, uint64_t rows, size_t native,
                         size_t width, uint8_t *to)
{
    const uint8_t *from = values->values;
    if (values->valid && native == width && (width == 1 || width == 4 || width == 8)) {
        (width == 8 ? gather_8 : width == 4 ? gather_4 : gather_1)(from, values->valid, rows, to);
        return;
    }
    for (uint64_t row = 0; row < rows; row++) {
        if (values->valid && !values->valid[row])
            continue;
        if (native == width) {
            memcpy(to, from + row * native, width);
        } else {
            int32_t value = widened(column, values->values, row);
            memcpy(to, &value, sizeof value);
        }
        to += width;
    }
}

enum qn_status pq_densify(const struct qn_parquet_column *column,
                          const struct qn_parquet_values *values, uint64_t rows,
                          struct qn_buf *scratch, struct pq_dense *dense, struct qn_error *err)
{
    const struct pq_type *type = &pq_types[column->type];
    size_t native = column->type == QN_PQ_FIXED ? column->length : type->native_bytes;
    size_t width = column->type == QN_PQ_BOOLEAN ? 1 : pq_width(column);
    *dense = (struct pq_dense){.column = column, .width = width};
    dense->count = count_valid(values, rows);
    if (width > 0 && native == width && dense->count == rows) {
        dense->fixed = values->values;
        return QN_OK;
    }
    size_t bytes = (dense->count + 1) * (width ? width : sizeof(struct pq_text));
    if (values->ids)
        bytes = values->distinct * sizeof(struct pq_text) + dense->count * sizeof(uint32_t);
    qn_buf_clear(scratch);
    uint8_t *room = qn_buf_reserve(scratch, bytes + 1);
    if (!room)
        return qn_fail_memory(err, "a column of a table", bytes);
    if (values->ids)
        gather_ids(values, rows, room, dense);
    else if (width == 0)
        gather_texts(values, rows, (struct pq_text *)room);
    else
        gather_fixed(column, values, rows, native, width, room);
    dense->fixed = width ? room : NULL;
    dense->texts = width ? NULL : (const struct pq_text *)room;
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
    if (dense->column->type == QN_PQ_BOOLEAN) {
        put_bits(dense->fixed + from, to - from, out);
    } else if (dense->width > 0) {
        qn_buf_append(out, dense->fixed + from * dense->width, (to - from) * dense->width);
    } else {
        for (size_t i = from; i < to; i++) {
            struct pq_text text = pq_text_of(dense, i);
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

static int compare_bytes(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    size_t len = a_len < b_len ? a_len : b_len;
    int order = len ? memcmp(a, b, len) : 0;
    return order ? order : (a_len > b_len) - (a_len < b_len);
}

static struct pq_text text_at(const struct pq_dense *dense, size_t i)
{
    if (dense->texts)
        return pq_text_of(dense, i);
    return (struct pq_text){dense->fixed + i * dense->width, (uint32_t)dense->width};
}

/* Whether byte i of a text starts a character (any byte does, in binary data). */
static bool starts_character(const struct qn_parquet_column *column, const uint8_t *bytes, size_t i)
{
    return column->type != QN_PQ_STRING || (bytes[i] & 0xc0) != 0x80;
}

static void set_min(const struct qn_parquet_column *column, struct pq_bounds *bounds,
                    struct pq_text text)
{
    size_t len = text.len;
    bounds->exact_min = len <= PQ_STAT_BYTES;
    if (!bounds->exact_min) {
        len = PQ_STAT_BYTES;
        while (len > 0 && !starts_character(column, text.bytes, len))
            len--;
    }
    bounds->min_len = (uint8_t)len;
    memcpy(bounds->min, text.bytes, len);
}

/* An upper bound in at most PQ_STAT_BYTES: a prefix whose last byte is raised by one. In text only
 * an ASCII character is raised, which keeps it valid UTF-8. False when there is none. */
static bool set_max(const struct qn_parquet_column *column, struct pq_bounds *bounds,
                    struct pq_text text)
{
    size_t len = text.len;
    bounds->exact_max = len <= PQ_STAT_BYTES;
    if (!bounds->exact_max) {
        uint8_t last = column->type == QN_PQ_STRING ? 0x7e : 0xfe;
        len = PQ_STAT_BYTES;
        while (len > 0 && text.bytes[len - 1] > last)
            len--;
        if (len == 0)
            return false;
    }
    bounds->max_len = (uint8_t)len;
    memcpy(bounds->max, text.bytes, len);
    bounds->max[len ? len - 1 : 0] += !bounds->exact_max;
    return true;
}

static void bounds_of_texts(const struct pq_dense *dense, size_t from, size_t to,
                            struct pq_bounds *bounds)
{
    struct pq_text min = text_at(dense, from);
    struct pq_text max = min;
    if (dense->ids) { /* in ascending order */
        uint32_t first, last;
        range_u32(dense->ids + from, to - from, &first, &last);
        min = dense->texts[first];
        max = dense->texts[last];
    }
    for (size_t i = from + 1; i < to && !dense->ids; i++) {
        struct pq_text text = text_at(dense, i);
        if (compare_bytes(text.bytes, text.len, min.bytes, min.len) < 0)
            min = text;
        if (compare_bytes(text.bytes, text.len, max.bytes, max.len) > 0)
            max = text;
    }
    set_min(dense->column, bounds, min);
    bounds->known = set_max(dense->column, bounds, max);
}

void pq_bounds_of(const struct pq_dense *dense, size_t from, size_t to, struct pq_bounds *bounds)
{
    enum pq_order order = pq_types[dense->column->type].order;
    *bounds = (struct pq_bounds){.known = from < to, .exact_min = true, .exact_max = true};
    if (from == to)
        return;
    if (order == PQ_BYTES) {
        bounds_of_texts(dense, from, to, bounds);
        return;
    }
    const uint8_t *values = dense->fixed + from * dense->width;
    size_t n = to - from;
    bool wide = dense->width == 8;
    bounds->min_len = bounds->max_len = (uint8_t)dense->width;
    if (order == PQ_REAL)
        bounds->known = (wide ? range_f64 : range_f32)(values, n, bounds->min, bounds->max);
    else if (order == PQ_SIGNED)
        (wide ? range_i64 : range_i32)(values, n, bounds->min, bounds->max);
    else if (order == PQ_UNSIGNED)
        (wide ? range_u64 : range_u32)(values, n, bounds->min, bounds->max);
    else
        range_u8(values, n, bounds->min, bounds->max);
}

#define COMPARE_AS(type)                                                                           \
    do {                                                                                           \
        type x, y;                                                                                 \
        memcpy(&x, a, sizeof x);                                                                   \
        memcpy(&y, b, sizeof y);                                                                   \
        return (x > y) - (x < y);                                                                  \
    } while (0)

int pq_compare(const struct qn_parquet_column *column, const uint8_t *a, size_t a_len,
               const uint8_t *b, size_t b_len)
{
    bool wide = a_len == 8;
    switch (pq_types[column->type].order) {
    case PQ_SIGNED:
        if (wide)
            COMPARE_AS(int64_t);
        COMPARE_AS(int32_t);
    case PQ_UNSIGNED:
        if (wide)
            COMPARE_AS(uint64_t);
        COMPARE_AS(uint32_t);
    case PQ_REAL:
        if (wide)
            COMPARE_AS(double);
        COMPARE_AS(float);
    default:
        return compare_bytes(a, a_len, b, b_len);
    }
}

void pq_bounds_merge(const struct qn_parquet_column *column, struct pq_bounds *into,
                     const struct pq_bounds *next)
{
    if (!next->known)
        return;
    if (!into->known) {
        *into = *next;
        return;
    }
    if (pq_compare(column, next->min, next->min_len, into->min, into->min_len) < 0) {
        into->exact_min = next->exact_min;
        into->min_len = next->min_len;
        memcpy(into->min, next->min, next->min_len);
    }
    if (pq_compare(column, next->max, next->max_len, into->max, into->max_len) > 0) {
        into->exact_max = next->exact_max;
        into->max_len = next->max_len;
        memcpy(into->max, next->max, next->max_len);
    }
}

uint32_t pq_count_nans(const struct pq_dense *dense, size_t from, size_t to)
{
    uint32_t count = 0;
    if (pq_types[dense->column->type].order != PQ_REAL)
        return 0;
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
