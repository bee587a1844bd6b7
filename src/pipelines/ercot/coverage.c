/* Coverage and gaps: see coverage.h. */
#include "pipelines/ercot/coverage.h"

#include "base/sys.h"
#include "compute/market_time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_MAX = 366 * 24 * 60 };

static bool has_grid(const struct er_dataset *dataset)
{
    return dataset->point >= 0 &&
           (dataset->time == ER_TIME_HOUR || dataset->time == ER_TIME_PERIOD ||
            dataset->time == ER_TIME_NUMBERED);
}

/* ---- in a task ------------------------------------------------------------------------------ */

/* The point that pictures show, if the table has it. */
static uint32_t pictured(const struct er_texts *texts, const char *point)
{
    static const char *const usual[] = {"HB_HUBAVG", "HB_BUSAVG", "HB_HOUSTON", "LZ_HOUSTON",
                                        "REGUP"};
    for (size_t i = 0; i < (point ? 1 : sizeof usual / sizeof *usual); i++) {
        const char *name = point ? point : usual[i];
        for (uint32_t id = 0; id < texts->count; id++) {
            if (er_text_at(texts, id)->len == strlen(name) &&
                !memcmp(er_text_bytes(texts, id), name, strlen(name)))
                return id;
        }
    }
    return ER_NO_TEXT;
}

static void put_series(const struct er_table *table, const uint32_t *rows, size_t count,
                       const char *point, struct qn_buf *out)
{
    const struct er_vector *points = &table->vectors[table->dataset->point];
    const struct er_vector *values =
        table->dataset->value >= 0 ? &table->vectors[table->dataset->value] : NULL;
    const int64_t *instants = (const int64_t *)(const void *)table->vectors[0].values.data;
    const uint32_t *ids = (const uint32_t *)(const void *)points->values.data;
    uint32_t id = values ? pictured(&points->texts, point) : ER_NO_TEXT;
    uint32_t len = id != ER_NO_TEXT ? er_text_at(&points->texts, id)->len : 0;
    qn_buf_u32(out, len);
    if (len > 0)
        qn_buf_append(out, er_text_bytes(&points->texts, id), len);
    size_t place = out->len;
    uint32_t n = 0;
    qn_buf_u32(out, 0);
    for (size_t i = 0; id != ER_NO_TEXT && i < count; i++) {
        uint32_t row = rows[i];
        if (ids[row] != id || !er_valid(points, row) || !er_valid(values, row))
            continue;
        double value;
        memcpy(&value, values->values.data + 8 * (size_t)row, 8);
        if (values->decimal) {
            int64_t millionths;
            memcpy(&millionths, &value, 8);
            value = (double)millionths / 1e6;
        }
        qn_buf_u64(out, (uint64_t)instants[row]);
        qn_buf_real(out, value);
        n++;
    }
    if (!out->failed)
        memcpy(out->data + place, &n, sizeof n);
}

bool er_coverage_put(const struct er_table *table, const uint32_t *rows, size_t count,
                     const char *point, struct qn_buf *out)
{
    const struct er_dataset *dataset = table->dataset;
    if (!has_grid(dataset) || count == 0)
        return true;
    const int64_t *instants = (const int64_t *)(const void *)table->vectors[0].values.data;
    const struct er_vector *points = &table->vectors[dataset->point];
    const uint32_t *ids = (const uint32_t *)(const void *)points->values.data;
    int64_t unit = dataset->minutes * QN_MINUTE_US;
    int64_t first = instants[rows[0]], last = first;
    for (size_t i = 1; i < count; i++) {
        first = instants[rows[i]] < first ? instants[rows[i]] : first;
        last = instants[rows[i]] > last ? instants[rows[i]] : last;
    }
    uint32_t slots = (uint32_t)((last - first) / unit) + 1;
    size_t stride = (slots + 7) / 8;
    uint8_t *bits = qn_sys.calloc((size_t)points->texts.count + 1, stride);
    if (!bits)
        return false;
    int64_t now = first;
    size_t slot = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t row = rows[i];
        if (instants[row] != now) {
            now = instants[row];
            slot = (size_t)((now - first) / unit);
        }
        if (er_valid(points, row))
            bits[ids[row] * stride + slot / 8] |= (uint8_t)(1u << slot % 8);
    }
    qn_buf_u64(out, (uint64_t)first);
    qn_buf_u32(out, (uint32_t)dataset->minutes);
    qn_buf_u32(out, slots);
    qn_buf_u32(out, points->texts.count);
    for (uint32_t id = 0; id < points->texts.count; id++) {
        qn_buf_u32(out, er_text_at(&points->texts, id)->len);
        qn_buf_append(out, er_text_bytes(&points->texts, id), er_text_at(&points->texts, id)->len);
        qn_buf_append(out, bits + id * stride, stride);
    }
    free(bits);
    put_series(table, rows, count, point, out);
    return !out->failed;
}

/* ---- all of a year -------------------------------------------------------------------------- */

bool er_coverage_init(struct er_coverage *coverage, int year, int minutes)
{
    *coverage = (struct er_coverage){.minutes = minutes};
    er_texts_init(&coverage->points);
    int32_t day = qn_days_from_civil(year, 1, 1);
    int32_t next = qn_days_from_civil(year + 1, 1, 1);
    int64_t end;
    if (qn_market_instant(day, 1, 1, 60, QN_LABELS_FLAG, false, &coverage->first) ||
        qn_market_instant(next, 1, 1, 60, QN_LABELS_FLAG, false, &end))
        return false;
    coverage->slots = (uint32_t)((end - coverage->first) / (minutes * QN_MINUTE_US));
    return true;
}

void er_coverage_release(struct er_coverage *coverage)
{
    er_texts_release(&coverage->points);
    qn_buf_release(&coverage->bits);
    qn_buf_release(&coverage->series);
}

/* The bits of a point in the year, which is added if it is new. */
static uint8_t *bits_of(struct er_coverage *coverage, const uint8_t *name, uint32_t len)
{
    bool added;
    size_t stride = (coverage->slots + 7) / 8;
    uint32_t id = er_texts_id(&coverage->points, (const char *)name, len, &added);
    if (id == ER_NO_TEXT)
        return NULL;
    if (added) {
        uint8_t *room = qn_buf_reserve(&coverage->bits, stride);
        if (!room)
            return NULL;
        memset(room, 0, stride);
        coverage->bits.len += stride;
    }
    return coverage->bits.data + id * stride;
}

/* Sets the bits of `to` from `at` on that are set in `from`. */
static void or_bits(uint8_t *to, size_t to_bits, int64_t at, const uint8_t *from, uint32_t bits)
{
    size_t bytes = (bits + 7) / 8;
    unsigned shift = (unsigned)(at & 7);
    if (at >= 0 && (uint64_t)at + 8 * (bytes + 1) <= to_bits) {
        to += at / 8;
        for (size_t i = 0; i < bytes; i++) {
            unsigned both = (unsigned)from[i] << shift;
            to[i] |= (uint8_t)both;
            to[i + 1] |= (uint8_t)(both >> 8);
        }
        return;
    }
    for (uint32_t i = 0; i < bits; i++, at++) {
        if (from[i / 8] >> i % 8 & 1 && at >= 0 && (uint64_t)at < to_bits)
            to[at / 8] |= (uint8_t)(1u << at % 8);
    }
}

static bool add_point(struct er_coverage *coverage, struct qn_cursor *in, int64_t shift,
                      uint32_t slots)
{
    uint32_t len = qn_cursor_u32(in);
    const uint8_t *name = qn_cursor_bytes(in, len);
    const uint8_t *from = qn_cursor_bytes(in, (slots + 7) / 8);
    bool any = false;
    for (size_t i = 0; from && i < (slots + 7) / 8; i++)
        any |= from[i] != 0;
    if (!name || !from || !any) /* a name of another year's rows */
        return name && from;
    uint8_t *to = bits_of(coverage, name, len);
    if (to)
        or_bits(to, coverage->slots, shift, from, slots);
    return to != NULL;
}

static bool add_series(struct er_coverage *coverage, struct qn_cursor *in)
{
    uint32_t len = qn_cursor_u32(in);
    const uint8_t *name = qn_cursor_bytes(in, len);
    uint32_t count = qn_cursor_u32(in);
    bool wanted = name && len > 0 && len < sizeof coverage->pictured &&
                  (!coverage->pictured[0] ||
                   (strlen(coverage->pictured) == len && !memcmp(coverage->pictured, name, len)));
    if (wanted && count > 0)
        snprintf(coverage->pictured, sizeof coverage->pictured, "%.*s", (int)len,
                 (const char *)name);
    for (uint32_t i = 0; i < count && !in->failed; i++) {
        struct er_price price = {.instant = (int64_t)qn_cursor_u64(in)};
        price.value = qn_cursor_real(in);
        if (wanted)
            qn_buf_append(&coverage->series, &price, sizeof price);
    }
    return !in->failed && !coverage->series.failed;
}

enum qn_status er_coverage_add(struct er_coverage *coverage, const void *bytes, size_t len,
                               struct qn_error *err)
{
    struct qn_cursor in = {.data = bytes, .len = len};
    int64_t first = (int64_t)qn_cursor_u64(&in);
    uint32_t minutes = qn_cursor_u32(&in);
    uint32_t slots = qn_cursor_u32(&in);
    uint32_t points = qn_cursor_u32(&in);
    bool ok = !in.failed && minutes == (uint32_t)coverage->minutes && slots <= SLOTS_MAX;
    int64_t shift = ok ? (first - coverage->first) / (coverage->minutes * QN_MINUTE_US) : 0;
    for (uint32_t i = 0; i < points && ok; i++)
        ok = add_point(coverage, &in, shift, slots);
    ok = ok && add_series(coverage, &in);
    if (coverage->series.failed || coverage->bits.failed)
        return qn_fail_memory(err, "the coverage of a year", coverage->bits.len);
    return ok ? QN_OK : qn_fail(err, QN_ERR_CORRUPT, "the coverage of a part is damaged.");
}

/* ---- gaps ----------------------------------------------------------------------------------- */

static bool bit(const uint8_t *bits, uint32_t slot)
{
    return bits[slot / 8] >> slot % 8 & 1;
}

struct stretch { /* first and last slot that are there */
    uint32_t first, last;
    bool any;
};

static struct stretch stretch_of(const uint8_t *bits, uint32_t slots)
{
    struct stretch s = {0};
    size_t first = 0, end = (slots + 7) / 8;
    while (first < end && !bits[first])
        first++;
    while (end > first && !bits[end - 1])
        end--;
    if (first == end)
        return s;
    s.any = true;
    s.first = (uint32_t)first * 8 + (uint32_t)__builtin_ctz(bits[first]);
    s.last = (uint32_t)end * 8 - 1 - ((uint32_t)__builtin_clz(bits[end - 1]) - 24);
    return s;
}

/* The first slot from `slot` up to `end` whose bit is `value`; whole bytes are passed at once. */
static uint32_t find_bit(const uint8_t *bits, uint32_t slot, uint32_t end, bool value)
{
    const uint8_t other = value ? 0x00 : 0xff;
    while (slot < end && bit(bits, slot) != value)
        slot += slot % 8 == 0 && bits[slot / 8] == other ? 8 : 1;
    return slot < end ? slot : end;
}

/* Gaps of one line of bits between its first and its last. */
static uint64_t find_gaps(const struct er_coverage *coverage, const uint8_t *bits, uint32_t point,
                          struct qn_buf *gaps, uint64_t *present)
{
    struct stretch s = stretch_of(bits, coverage->slots);
    int64_t unit = coverage->minutes * QN_MINUTE_US;
    uint64_t missing = 0;
    for (uint32_t slot = s.first; s.any && slot <= s.last;) {
        uint32_t end = find_bit(bits, slot, s.last + 1, false);
        *present += end - slot;
        slot = find_bit(bits, end, s.last + 1, true);
        if (slot == end)
            continue;
        struct er_gap gap = {point, coverage->first + end * unit, coverage->first + slot * unit,
                             slot - end};
        qn_buf_append(gaps, &gap, sizeof gap);
        missing += slot - end;
    }
    return missing;
}

/* Adds a point's bits to the counts of hours. */
static void count_hours(const uint8_t *bits, size_t stride, uint32_t per_hour, uint32_t slots,
                        uint32_t *hours)
{
    static const uint8_t ones[16] = {0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4};
    for (size_t i = 0; i < stride; i++) {
        if (!bits[i])
            continue;
        if (per_hour == 4) {
            hours[2 * i] += ones[bits[i] & 15];
            hours[2 * i + 1] += ones[bits[i] >> 4];
            continue;
        }
        for (uint32_t slot = (uint32_t)i * 8; slot < i * 8 + 8 && slot < slots; slot++)
            hours[slot / per_hour] += bit(bits, slot);
    }
}

bool er_coverage_sum(const struct er_coverage *coverage, struct er_coverage_sum *sum)
{
    size_t stride = (coverage->slots + 7) / 8;
    uint32_t per_hour = 60u / (uint32_t)coverage->minutes;
    uint32_t hours = (coverage->slots + per_hour - 1) / per_hour;
    uint32_t *ranks = NULL, *order = NULL;
    *sum = (struct er_coverage_sum){.points = coverage->points.count};
    uint8_t *all = qn_sys.calloc(stride + 1, 1);
    uint32_t *days = (uint32_t *)(void *)qn_buf_reserve(&sum->days, (hours + 2) * sizeof *days);
    bool ok = all && days && er_texts_rank(&coverage->points, &ranks, &order);
    if (days)
        memset(days, 0, (hours + 2) * sizeof *days);
    for (uint32_t rank = 0; ok && rank < coverage->points.count; rank++) {
        const uint8_t *bits = coverage->bits.data + order[rank] * stride;
        for (size_t i = 0; i < stride; i++)
            all[i] |= bits[i];
        count_hours(bits, stride, per_hour, coverage->slots, days);
        sum->missing += find_gaps(coverage, bits, rank, &sum->gaps, &sum->present);
    }
    if (ok) {
        sum->days.len = hours * sizeof *days;
        sum->missing_intervals = find_gaps(coverage, all, UINT32_MAX, &sum->gaps, &sum->intervals);
    }
    free(all);
    free(ranks);
    free(order);
    return ok && !sum->gaps.failed;
}

void er_coverage_sum_release(struct er_coverage_sum *sum)
{
    qn_buf_release(&sum->gaps);
    qn_buf_release(&sum->days);
}
