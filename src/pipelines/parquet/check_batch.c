/* Values against what a type, a range and a bloom filter allow: see check_parts.h. */
#include "base/utf8.h"
#include "pipelines/parquet/check_parts.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_text(const struct qn_parquet_node *leaf)
{
    return leaf->meaning == QN_PQ_MEANS_STRING || leaf->meaning == QN_PQ_MEANS_JSON ||
           leaf->meaning == QN_PQ_MEANS_ENUM;
}

/* qn_utf8_length calls control characters ill-formed; here they are fine. */
static bool is_utf8(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t step = bytes[i] < 0x80 ? 1 : qn_utf8_length((const char *)bytes + i, len - i);
        if (step == 0 &&
            !(len - i >= 2 && bytes[i] == 0xc2 && bytes[i + 1] < 0xa0 && bytes[i + 1] >= 0x80))
            return false;
        i += step ? step : 2;
    }
    return true;
}

/* Row of the file that holds value number `value` of the batch at hand. */
static int64_t row_of_value(const struct qn_chunk_check *c, const struct qn_parquet_batch *batch,
                            size_t value)
{
    uint64_t begun = c->first_row + c->page_first_row + c->page_rows;
    for (size_t i = 0; i < batch->count; i++) {
        begun += !batch->rep || batch->rep[i] == 0;
        if ((!batch->def || batch->def[i] == c->leaf->max_def) && value-- == 0)
            break;
    }
    return (int64_t)(begun ? begun - 1 : 0);
}

/* A finding about a value of the batch at hand. */
#define TELL_VALUE(c, batch_, value_, finding_kind, ...)                                           \
    do {                                                                                           \
        struct qn_finding finding_ = (c)->base;                                                    \
        finding_.page = (int64_t)(batch_)->page->number;                                           \
        finding_.offset = (int64_t)(batch_)->page->offset;                                         \
        finding_.row = row_of_value(c, batch_, value_);                                            \
        qn_finding_set(&finding_, finding_kind, __VA_ARGS__);                                      \
        qn_check_tell((c)->check, &finding_);                                                      \
    } while (0)

/* Value `i` of the batch. */
static void check_value(struct qn_chunk_check *c, const struct qn_parquet_batch *batch, size_t i,
                        const uint8_t *bytes, size_t len)
{
    char text[64];
    if (is_text(c->leaf) && !is_utf8(bytes, len))
        TELL_VALUE(c, batch, i, QN_FIND_UTF8, "a text of %zu bytes is not UTF-8", len);
    if (c->bloom.blocks.len > 0 && !qn_parquet_bloom_may_hold(&c->bloom, bytes, len))
        TELL_VALUE(c, batch, i, QN_FIND_BLOOM, "the bloom filter at byte %" PRId64 " denies %s",
                   c->chunk.bloom, qn_chunk_shown(c, bytes, len, text));
}

/* Values in dictionary encoding: each entry is looked at once a page. */
static void add_by_id(struct qn_chunk_check *c, const struct qn_parquet_batch *batch)
{
    const struct qn_parquet_dictionary *dictionary = qn_parquet_scan_dictionary(c->scan);
    enum qn_parquet_order order = qn_parquet_order(c->leaf);
    size_t width = qn_parquet_width(c->leaf);
    uint32_t stamp = (uint32_t)batch->page->number + 1;
    for (size_t i = 0; i < batch->values; i++) {
        uint32_t id = batch->ids[i];
        if (c->stamps[id] == stamp)
            continue;
        bool first = c->stamps[id] == 0;
        c->stamps[id] = stamp;
        const uint8_t *bytes = width ? dictionary->fixed + id * width : dictionary->texts[id].bytes;
        size_t len = width ? width : dictionary->texts[id].len;
        c->distinct += first;
        if (first)
            check_value(c, batch, i, bytes, len);
        if (width == 0 && order != QN_PQ_ORDER_NONE)
            qn_span_add(&c->page_span, order, bytes, len);
    }
}

static void check_integers(struct qn_chunk_check *c, const struct qn_parquet_batch *batch)
{
    int bits = abs(c->leaf->bits);
    const int32_t *values = (const int32_t *)(const void *)batch->fixed;
    if (c->leaf->meaning != QN_PQ_MEANS_INTEGER || bits > 16 || !values)
        return;
    int32_t low = c->leaf->bits < 0 ? 0 : -(1 << (bits - 1));
    int32_t high = c->leaf->bits < 0 ? (1 << bits) - 1 : (1 << (bits - 1)) - 1;
    for (size_t i = 0; i < batch->values; i++) {
        if (values[i] < low || values[i] > high) {
            TELL_VALUE(c, batch, i, QN_FIND_INTEGER_RANGE, "%" PRId32 " is not from %d to %d",
                       values[i], low, high);
            return;
        }
    }
}

static double big_endian(const uint8_t *bytes, size_t len)
{
    double value = len > 0 && bytes[0] & 0x80 ? -1 : 0;
    for (size_t i = 0; i < len; i++)
        value = value * 256 + bytes[i];
    return value;
}

/* Value i of a batch as a double, for --range; of types that qn_check_has_numbers knows. */
static double number_at(const struct qn_parquet_node *leaf, const struct qn_parquet_batch *batch,
                        size_t i)
{
    size_t width = qn_parquet_width(leaf);
    const uint8_t *bytes = batch->texts ? batch->texts[i].bytes : batch->fixed + i * width;
    int64_t wide;
    int32_t narrow;
    float single;
    double value;
    switch (leaf->physical) {
    case PQ_DOUBLE:
        memcpy(&value, bytes, sizeof value);
        return value;
    case PQ_FLOAT:
        memcpy(&single, bytes, sizeof single);
        return (double)single;
    case PQ_INT32:
        memcpy(&narrow, bytes, sizeof narrow);
        value = leaf->bits < 0 ? (double)(uint32_t)narrow : narrow;
        break;
    case PQ_INT64:
        memcpy(&wide, bytes, sizeof wide);
        value = leaf->bits < 0 ? (double)(uint64_t)wide : (double)wide;
        break;
    default:
        value = big_endian(bytes, batch->texts ? batch->texts[i].len : width);
    }
    return leaf->meaning == QN_PQ_MEANS_DECIMAL ? value / pow(10, leaf->scale) : value;
}

bool qn_check_has_numbers(const struct qn_parquet_node *leaf)
{
    return leaf->physical == PQ_INT32 || leaf->physical == PQ_INT64 || leaf->physical == PQ_FLOAT ||
           leaf->physical == PQ_DOUBLE || leaf->meaning == QN_PQ_MEANS_DECIMAL;
}

static void check_range(struct qn_chunk_check *c, const struct qn_parquet_batch *batch)
{
    bool there = c->range && (batch->fixed || batch->texts);
    for (size_t i = 0; there && i < batch->values; i++) {
        double value = number_at(c->leaf, batch, i);
        if ((value >= c->range->min && value <= c->range->max) ||
            (isnan(value) && !c->range->finite))
            continue;
        TELL_VALUE(c, batch, i, QN_FIND_RANGE, "%.17g is not from %g to %g", value, c->range->min,
                   c->range->max);
    }
}

void qn_chunk_add_values(struct qn_chunk_check *c, const struct qn_parquet_batch *batch)
{
    enum qn_parquet_order order = qn_parquet_order(c->leaf);
    size_t width = qn_parquet_width(c->leaf);
    if (batch->fixed)
        qn_span_add_fixed(&c->page_span, c->leaf, batch->fixed, batch->values, &c->page_nans,
                          &c->infinities);
    check_integers(c, batch);
    check_range(c, batch);
    if (batch->ids) {
        add_by_id(c, batch);
        return;
    }
    bool one_by_one = batch->texts || c->bloom.blocks.len > 0;
    for (size_t i = 0; one_by_one && i < batch->values; i++) {
        const uint8_t *bytes = batch->texts ? batch->texts[i].bytes : batch->fixed + i * width;
        size_t len = batch->texts ? batch->texts[i].len : width;
        check_value(c, batch, i, bytes, len);
        if (batch->texts && order != QN_PQ_ORDER_NONE)
            qn_span_add(&c->page_span, order, bytes, len);
    }
}
