/* One column of one row group, page by page, against all that is said about it: see check.h. */
#include "pipelines/parquet/check.h"

#include "base/sys.h"
#include "base/utf8.h"
#include "format/parquet_bloom.h"
#include "format/parquet_index.h"
#include "format/parquet_text.h"
#include "pipelines/parquet/check_values.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct chunk_check {
    struct qn_check *check;
    const struct qn_parquet_node *leaf;
    struct qn_parquet_chunk chunk;
    struct qn_parquet_scan *scan;
    struct qn_parquet_page_index index;
    struct qn_parquet_bloom bloom;
    const struct qn_check_range *range;
    struct qn_finding base; /* where things are, without kind and message */
    struct qn_span page_span, chunk_span;
    uint64_t page_values, page_entries, page_rows;
    uint64_t page_leaf_nulls, leaf_nulls; /* null where there is a place for a value */
    uint64_t values, rows, first_row;     /* rows of the group so far; of the file before it */
    uint64_t page_first_row;              /* of the group */
    uint64_t nans, infinities, page_nans;
    uint64_t raw_bytes, data_pages, pages_without_crc;
    int64_t first_data_page;
    uint32_t codings;            /* of the data pages; bit n: encoding n */
    uint32_t page_counts[4][16]; /* pages by kind and encoding */
    uint32_t *stamps;            /* per entry of the dictionary: the last page that used it, + 1 */
    uint32_t distinct;
    bool all_by_id;
    bool statistics_mean; /* the column's order is one that we know */
};

bool qn_check_is_finding(enum qn_status status)
{
    return status == QN_ERR_CORRUPT || status == QN_ERR_UNSUPPORTED || status == QN_ERR_INPUT;
}

struct qn_finding *qn_check_tell(struct qn_check *check, struct qn_finding *finding)
{
    if (check->seen[finding->kind]++ < QN_CHECK_MOST)
        qn_finding_put(&check->findings, finding);
    return finding;
}

#define TELL(c, finding_kind, ...)                                                                 \
    do {                                                                                           \
        struct qn_finding finding_ = (c)->base;                                                    \
        qn_finding_set(&finding_, finding_kind, __VA_ARGS__);                                      \
        qn_check_tell((c)->check, &finding_);                                                      \
    } while (0)

/* The same about the page at hand. */
#define TELL_PAGE(c, page_, finding_kind, ...)                                                     \
    do {                                                                                           \
        struct qn_finding finding_ = (c)->base;                                                    \
        finding_.page = (int64_t)(page_)->number;                                                  \
        finding_.offset = (int64_t)(page_)->offset;                                                \
        finding_.row = (int64_t)((c)->first_row + (c)->page_first_row);                            \
        qn_finding_set(&finding_, finding_kind, __VA_ARGS__);                                      \
        qn_check_tell((c)->check, &finding_);                                                      \
    } while (0)

/* A value for a message, in text[64]. */
static const char *shown(const struct chunk_check *c, const uint8_t *bytes, size_t len,
                         char text[64])
{
    struct qn_buf out = {0};
    size_t width = qn_parquet_width(c->leaf);
    text[0] = '\0';
    if (bytes && (width == 0 || len == width))
        qn_parquet_put_value(&out, c->leaf, bytes, len, QN_PARQUET_JSON);
    else
        qn_buf_printf(&out, "%zu bytes", len);
    qn_buf_u8(&out, 0);
    if (!out.failed)
        snprintf(text, 64, "%.60s", (const char *)out.data);
    qn_buf_release(&out);
    return text;
}

/* ---- bounds --------------------------------------------------------------------------------- */

/* One claimed bound against the values; `what` says whose it is. */
static void judge(struct chunk_check *c, const struct qn_finding *where, enum qn_finding_kind kind,
                  const char *what, enum qn_bound which, struct qn_parquet_bytes claimed, int exact,
                  const struct qn_span *span)
{
    if (!claimed.data || !c->statistics_mean)
        return;
    enum qn_bound_verdict verdict = qn_judge_bound(c->leaf, which, claimed, exact, span);
    if (verdict == QN_BOUND_RIGHT)
        return;
    const struct qn_buf *actual = which == QN_BOUND_MIN ? &span->min : &span->max;
    const char *side = which == QN_BOUND_MIN ? "min" : "max";
    char a[64], b[64];
    struct qn_finding finding = *where;
    shown(c, claimed.data, claimed.len, a);
    shown(c, span->any ? actual->data : NULL, actual->len, b);
    if (verdict == QN_BOUND_ODD)
        qn_finding_set(&finding, kind, "%s %s takes %zu bytes, which is no value of the type", what,
                       side, claimed.len);
    else if (verdict == QN_BOUND_NAN)
        qn_finding_set(&finding, QN_FIND_NAN_STATISTICS, "%s %s is NaN", what, side);
    else if (verdict == QN_BOUND_LOOSE)
        qn_finding_set(&finding, QN_FIND_LOOSE_STATISTICS, "%s %s is %s; the values only reach %s",
                       what, side, a, b);
    else
        qn_finding_set(&finding, kind, "%s %s is %s, but a value is %s", what, side, a, b);
    qn_check_tell(c->check, &finding);
}

static void judge_statistics(struct chunk_check *c, const struct qn_finding *where,
                             enum qn_finding_kind kind, const char *what,
                             const struct qn_parquet_statistics *stats, const struct qn_span *span)
{
    enum qn_parquet_order order = qn_parquet_order(c->leaf);
    judge(c, where, kind, what, QN_BOUND_MIN, stats->min, stats->min_exact, span);
    judge(c, where, kind, what, QN_BOUND_MAX, stats->max, stats->max_exact, span);
    /* The deprecated bounds mean something only where order is that of signed numbers. */
    bool is_signed = order == QN_PQ_ORDER_I32 || order == QN_PQ_ORDER_I64 ||
                     order == QN_PQ_ORDER_FLOAT || order == QN_PQ_ORDER_DOUBLE ||
                     order == QN_PQ_ORDER_BOOLEAN;
    if (is_signed && !stats->min.data && !stats->max.data) {
        judge(c, where, kind, what, QN_BOUND_MIN, stats->old_min, -1, span);
        judge(c, where, kind, what, QN_BOUND_MAX, stats->old_max, -1, span);
    }
}

/* ---- values --------------------------------------------------------------------------------- */

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
static int64_t row_of_value(const struct chunk_check *c, const struct qn_parquet_batch *batch,
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
static void check_value(struct chunk_check *c, const struct qn_parquet_batch *batch, size_t i,
                        const uint8_t *bytes, size_t len)
{
    char text[64];
    if (is_text(c->leaf) && !is_utf8(bytes, len))
        TELL_VALUE(c, batch, i, QN_FIND_UTF8, "a text of %zu bytes is not UTF-8", len);
    if (c->bloom.blocks.len > 0 && !qn_parquet_bloom_may_hold(&c->bloom, bytes, len))
        TELL_VALUE(c, batch, i, QN_FIND_BLOOM, "the bloom filter at byte %" PRId64 " denies %s",
                   c->chunk.bloom, shown(c, bytes, len, text));
}

/* Values in dictionary encoding: each entry is looked at once a page. */
static void add_by_id(struct chunk_check *c, const struct qn_parquet_batch *batch)
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

static void check_integers(struct chunk_check *c, const struct qn_parquet_batch *batch)
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

/* A number as a double, for --range; NaN if it is none. */
static double number_at(const struct qn_parquet_node *leaf, const uint8_t *fixed, size_t i)
{
    int64_t wide;
    int32_t narrow;
    float single;
    double value = (double)NAN;
    switch (leaf->physical) {
    case PQ_DOUBLE:
        memcpy(&value, fixed + 8 * i, 8);
        return value;
    case PQ_FLOAT:
        memcpy(&single, fixed + 4 * i, 4);
        return (double)single;
    case PQ_INT32:
        memcpy(&narrow, fixed + 4 * i, 4);
        value = leaf->bits < 0 ? (double)(uint32_t)narrow : narrow;
        break;
    case PQ_INT64:
        memcpy(&wide, fixed + 8 * i, 8);
        value = leaf->bits < 0 ? (double)(uint64_t)wide : (double)wide;
        break;
    default:
        return value;
    }
    return leaf->meaning == QN_PQ_MEANS_DECIMAL ? value / pow(10, leaf->scale) : value;
}

static void check_range(struct chunk_check *c, const struct qn_parquet_batch *batch)
{
    for (size_t i = 0; c->range && batch->fixed && i < batch->values; i++) {
        double value = number_at(c->leaf, batch->fixed, i);
        if ((value >= c->range->min && value <= c->range->max) ||
            (isnan(value) && !c->range->finite))
            continue;
        TELL_VALUE(c, batch, i, QN_FIND_RANGE, "%.17g is not from %g to %g", value, c->range->min,
                   c->range->max);
    }
}

static void add_values(struct chunk_check *c, const struct qn_parquet_batch *batch)
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

/* ---- pages ---------------------------------------------------------------------------------- */

/* Whether a null count is right. In lists, some writers count only the elements that are null,
 * others the lists that are null or empty too. */
static bool nulls_hold(const struct chunk_check *c, int64_t claimed, uint64_t all, uint64_t of_leaf)
{
    return claimed < 0 || (uint64_t)claimed == all ||
           (c->leaf->max_def > 1 && (uint64_t)claimed >= of_leaf && (uint64_t)claimed <= all);
}

static void check_bounds_of_index(struct chunk_check *c, const struct qn_parquet_page *page,
                                  uint64_t nulls)
{
    const struct qn_parquet_page_bounds *bounds = qn_parquet_bounds(&c->index, page->number);
    struct qn_finding where = c->base;
    where.page = (int64_t)page->number;
    where.offset = c->chunk.column_index;
    where.row = (int64_t)(c->first_row + c->page_first_row);
    if (bounds->null_page != (c->page_values == 0))
        TELL_PAGE(c, page, QN_FIND_PAGE_INDEX, "the column index says that page %" PRIu64 " %s",
                  page->number,
                  bounds->null_page ? "holds nulls only, but there are values"
                                    : "holds values, but there are nulls only");
    if (!nulls_hold(c, bounds->nulls, nulls, c->page_leaf_nulls))
        TELL_PAGE(c, page, QN_FIND_PAGE_INDEX,
                  "the column index counts %" PRId64 " nulls in page %" PRIu64
                  ", there are %" PRIu64,
                  bounds->nulls, page->number, nulls);
    if (bounds->null_page || c->page_values == 0)
        return;
    judge(c, &where, QN_FIND_PAGE_INDEX, "the page's", QN_BOUND_MIN, bounds->min,
          qn_parquet_width(c->leaf) ? -1 : 0, &c->page_span);
    judge(c, &where, QN_FIND_PAGE_INDEX, "the page's", QN_BOUND_MAX, bounds->max,
          qn_parquet_width(c->leaf) ? -1 : 0, &c->page_span);
}

static void check_place(struct chunk_check *c, const struct qn_parquet_page *page)
{
    const struct qn_parquet_page_place *place = qn_parquet_place(&c->index, page->number);
    if (place->offset != (int64_t)page->offset || place->bytes != (int32_t)page->bytes)
        TELL_PAGE(c, page, QN_FIND_PAGE_INDEX,
                  "the offset index says that page %" PRIu64 " is %" PRId32
                  " bytes at byte %" PRId64 "; it is %" PRIu32 " bytes at byte %" PRIu64,
                  page->number, place->bytes, place->offset, page->bytes, page->offset);
    if (place->first_row != (int64_t)c->page_first_row)
        TELL_PAGE(c, page, QN_FIND_PAGE_INDEX,
                  "the offset index says that page %" PRIu64 " begins with row %" PRId64
                  " of its group; it is row %" PRIu64,
                  page->number, place->first_row, c->page_first_row);
}

static void note_page(struct chunk_check *c, const struct qn_parquet_page *page)
{
    c->raw_bytes += (uint64_t)page->raw_len + page->header_bytes;
    c->pages_without_crc += !page->has_crc;
    c->check->totals.pages++;
    if ((unsigned)page->kind < 4 && (unsigned)page->coding < 16)
        c->page_counts[page->kind][page->coding]++;
    if (page->crc_wrong)
        TELL_PAGE(c, page, QN_FIND_PAGE_CRC, "the checksum of %s at byte %" PRIu64 " is wrong",
                  page->kind == PQ_DICTIONARY_PAGE ? "the dictionary" : "the page", page->offset);
}

static void end_page(struct chunk_check *c, const struct qn_parquet_page *page)
{
    uint64_t nulls = c->page_entries - c->page_values;
    struct qn_finding where = c->base;
    where.page = (int64_t)page->number;
    where.offset = (int64_t)page->offset;
    where.row = (int64_t)(c->first_row + c->page_first_row);
    if (!nulls_hold(c, page->nulls, nulls, c->page_leaf_nulls))
        TELL_PAGE(c, page, QN_FIND_PAGE_COUNT,
                  "the header counts %" PRId64 " nulls, there are %" PRIu64, page->nulls, nulls);
    if (page->rows >= 0 && (uint64_t)page->rows != c->page_rows)
        TELL_PAGE(c, page, QN_FIND_PAGE_COUNT,
                  "the header counts %" PRId64 " rows, there are %" PRIu64, page->rows,
                  c->page_rows);
    if (!nulls_hold(c, page->stats.nulls, nulls, c->page_leaf_nulls))
        TELL_PAGE(c, page, QN_FIND_PAGE_STATISTICS,
                  "the header counts %" PRId64 " nulls, there are %" PRIu64, page->stats.nulls,
                  nulls);
    judge_statistics(c, &where, QN_FIND_PAGE_STATISTICS, "the page's", &page->stats, &c->page_span);
    if (page->number < c->index.bounds_count)
        check_bounds_of_index(c, page, nulls);
    if (page->number < c->index.place_count)
        check_place(c, page);
    qn_span_merge(&c->chunk_span, qn_parquet_order(c->leaf), &c->page_span);
    qn_span_clear(&c->page_span);
    c->nans += c->page_nans;
    c->page_first_row += c->page_rows;
    c->data_pages++;
    c->leaf_nulls += c->page_leaf_nulls;
    c->page_values = c->page_entries = c->page_rows = c->page_nans = c->page_leaf_nulls = 0;
}

static bool make_stamps(struct chunk_check *c)
{
    uint32_t count = qn_parquet_scan_dictionary(c->scan)->count;
    if (!c->stamps && count > 0)
        c->stamps = qn_sys.calloc(count, sizeof *c->stamps);
    return c->stamps || count == 0;
}

static size_t leaf_nulls(const struct chunk_check *c, const struct qn_parquet_batch *batch)
{
    size_t nulls = 0;
    bool optional = c->leaf->repetition == QN_PQ_OPTIONAL;
    for (size_t i = 0; optional && batch->def && i < batch->count; i++)
        nulls += batch->def[i] + 1 == c->leaf->max_def;
    return nulls;
}

static size_t rows_begun(const struct qn_parquet_batch *batch)
{
    size_t rows = 0;
    for (size_t i = 0; batch->rep && i < batch->count; i++)
        rows += batch->rep[i] == 0;
    return batch->rep ? rows : batch->count;
}

static enum qn_status take_batch(struct chunk_check *c, const struct qn_parquet_batch *batch,
                                 struct qn_error *err)
{
    if (c->page_entries == 0) {
        note_page(c, batch->page);
        if (c->first_data_page < 0)
            c->first_data_page = (int64_t)batch->page->offset;
        c->codings |= (unsigned)batch->page->coding < 32 ? 1u << batch->page->coding : 0;
        c->all_by_id &= batch->ids != NULL;
    }
    if (batch->ids && !make_stamps(c))
        return qn_fail_memory(err, "a dictionary", qn_parquet_scan_dictionary(c->scan)->count);
    if (batch->values > 0)
        add_values(c, batch);
    c->page_entries += batch->count;
    c->page_values += batch->values;
    c->page_rows += rows_begun(batch);
    c->page_leaf_nulls += c->leaf->max_def > 1 ? leaf_nulls(c, batch) : 0;
    c->values += batch->values;
    uint64_t bytes = batch->values * qn_parquet_width(c->leaf);
    for (size_t i = 0; batch->texts && i < batch->values; i++)
        bytes += batch->texts[i].len;
    c->check->totals.decoded_bytes += bytes;
    if (batch->page_ends)
        end_page(c, batch->page);
    return QN_OK;
}

/* ---- the chunk as a whole ------------------------------------------------------------------- */

/* Whether the bounds of the pages really rise or fall as the index says. */
static void check_boundary_order(struct chunk_check *c)
{
    const struct qn_parquet_page_bounds *last = NULL;
    enum qn_parquet_order order = qn_parquet_order(c->leaf);
    if ((c->index.order != 1 && c->index.order != 2) || order == QN_PQ_ORDER_NONE)
        return;
    for (size_t i = 0; i < c->index.bounds_count; i++) {
        const struct qn_parquet_page_bounds *next = qn_parquet_bounds(&c->index, i);
        if (next->null_page || !next->min.data || !next->max.data)
            continue;
        if (last) {
            int min = qn_parquet_compare(order, last->min.data, last->min.len, next->min.data,
                                         next->min.len);
            int max = qn_parquet_compare(order, last->max.data, last->max.len, next->max.data,
                                         next->max.len);
            if (c->index.order == 1 ? min > 0 || max > 0 : min < 0 || max < 0) {
                TELL(c, QN_FIND_PAGE_INDEX,
                     "the column index says that pages are in %s order; page %zu is not",
                     c->index.order == 1 ? "ascending" : "descending", i);
                return;
            }
        }
        last = next;
    }
}

static void check_index_counts(struct chunk_check *c)
{
    if (c->index.place_count > 0 && c->index.place_count != c->data_pages)
        TELL(c, QN_FIND_PAGE_INDEX, "the offset index lists %zu pages, there are %" PRIu64,
             c->index.place_count, c->data_pages);
    if (c->index.bounds_count > 0 && c->index.bounds_count != c->data_pages)
        TELL(c, QN_FIND_PAGE_INDEX, "the column index lists %zu pages, there are %" PRIu64,
             c->index.bounds_count, c->data_pages);
    if (c->statistics_mean)
        check_boundary_order(c);
}

static void check_encodings(struct chunk_check *c)
{
    const struct qn_parquet_chunk *chunk = &c->chunk;
    uint32_t dictionary = 1u << PQ_PLAIN_DICTIONARY | 1u << PQ_RLE_DICTIONARY;
    for (int coding = 0; coding < 32; coding++) {
        uint32_t bit = 1u << coding;
        bool listed = chunk->encodings & bit ||
                      (bit & dictionary && chunk->encodings & dictionary); /* two names of one */
        if (c->codings & bit && !listed)
            TELL(c, QN_FIND_ENCODINGS, "there are pages in %s, which the footer does not list",
                 qn_parquet_coding_name(coding));
    }
    size_t told = chunk->encoding_stats_count;
    for (size_t i = 0; told <= 16 && i < told; i++) {
        const struct qn_parquet_encoding_count *count = &chunk->encoding_stats[i];
        if (count->page < 0 || count->page > 3 || count->coding < 0 || count->coding > 15)
            continue;
        uint32_t pages = c->page_counts[count->page][count->coding];
        if (count->page == PQ_DATA_PAGE) /* Arrow counts pages of version 2 under version 1 */
            pages += c->page_counts[PQ_DATA_PAGE_V2][count->coding];
        if ((int64_t)pages != count->pages)
            TELL(c, QN_FIND_ENCODINGS,
                 "the footer counts %" PRId32 " pages of kind %" PRId32
                 " in %s, there are %" PRIu32,
                 count->pages, count->page, qn_parquet_coding_name(count->coding), pages);
    }
}

static void check_places(struct chunk_check *c)
{
    const struct qn_parquet_chunk *chunk = &c->chunk;
    const struct qn_parquet_dictionary *dictionary = qn_parquet_scan_dictionary(c->scan);
    int64_t start = qn_parquet_chunk_start(chunk);
    int64_t stored = (int64_t)qn_parquet_scan_at(c->scan) - start;
    bool has_dictionary = dictionary->page.bytes > 0;
    if (has_dictionary && chunk->dictionary_page <= 0 &&
        chunk->data_page == (int64_t)dictionary->page.offset) {
        TELL(c, QN_FIND_OLD_OFFSETS, "the footer places the dictionary as the first data page");
        has_dictionary = false;
    } else if (c->first_data_page >= 0 && chunk->data_page != c->first_data_page)
        TELL(c, QN_FIND_OFFSETS,
             "the footer places the first data page at byte %" PRId64 "; it is at byte %" PRId64,
             chunk->data_page, c->first_data_page);
    if (has_dictionary && chunk->dictionary_page != (int64_t)dictionary->page.offset)
        TELL(c, QN_FIND_OFFSETS, "the footer %s the dictionary, which is at byte %" PRIu64,
             chunk->dictionary_page > 0 ? "misplaces" : "does not place", dictionary->page.offset);
    if (stored != chunk->stored_bytes)
        TELL(c, QN_FIND_SIZES,
             "the footer says that the column takes %" PRId64 " bytes; its pages take %" PRId64,
             chunk->stored_bytes, stored);
    if (chunk->raw_bytes >= 0 && (uint64_t)chunk->raw_bytes != c->raw_bytes)
        TELL(c, QN_FIND_SIZES,
             "the footer says that the column takes %" PRId64 " bytes unpacked; its pages take "
             "%" PRIu64,
             chunk->raw_bytes, c->raw_bytes);
}

static void check_statistics(struct chunk_check *c)
{
    const struct qn_parquet_statistics *stats = &c->chunk.stats;
    uint64_t nulls = (uint64_t)c->chunk.values - c->values;
    struct qn_finding where = c->base;
    where.offset = -1;
    if (!nulls_hold(c, stats->nulls, nulls, c->leaf_nulls))
        TELL(c, QN_FIND_STATISTICS, "the footer counts %" PRId64 " nulls, there are %" PRIu64,
             stats->nulls, nulls);
    if (stats->nans >= 0 && (uint64_t)stats->nans != c->nans)
        TELL(c, QN_FIND_STATISTICS, "the footer counts %" PRId64 " NaN, there are %" PRIu64,
             stats->nans, c->nans);
    if (stats->distinct >= 0 && c->all_by_id && c->distinct != (uint64_t)stats->distinct)
        TELL(c, QN_FIND_DISTINCT,
             "the footer counts %" PRId64 " distinct values, there are %" PRIu32, stats->distinct,
             c->distinct);
    judge_statistics(c, &where, QN_FIND_STATISTICS, "the column's", stats, &c->chunk_span);
}

/* What the chunk lacks is added up; a column of nulls only has nothing to have bounds of. */
static void count_lacks(struct chunk_check *c)
{
    struct qn_check_totals *totals = &c->check->totals;
    const struct qn_parquet_statistics *stats = &c->chunk.stats;
    bool boundless = !c->chunk_span.any || qn_parquet_order(c->leaf) == QN_PQ_ORDER_NONE;
    totals->chunks++;
    totals->values += c->values;
    totals->nulls += (uint64_t)c->chunk.values - c->values;
    totals->stored_bytes += (uint64_t)c->chunk.stored_bytes;
    totals->nans += c->nans;
    totals->infinities += c->infinities;
    if (c->data_pages == 0)
        return;
    totals->no_statistics +=
        !boundless && !(stats->min.data && stats->max.data) && !stats->old_min.data;
    totals->no_null_count += stats->nulls < 0;
    totals->no_page_index += c->index.place_count == 0;
    totals->no_crc += c->pages_without_crc > 0;
}

static void finish(struct chunk_check *c)
{
    const struct qn_parquet_dictionary *dictionary = qn_parquet_scan_dictionary(c->scan);
    if (dictionary->page.bytes > 0)
        note_page(c, &dictionary->page);
    check_index_counts(c);
    if (c->chunk.values > 0) {
        check_encodings(c);
        check_places(c);
    }
    check_statistics(c);
    count_lacks(c);
    if (c->nans + c->infinities > 0) {
        struct qn_finding finding = c->base;
        qn_finding_set(&finding, QN_FIND_NON_FINITE, "%" PRIu64 " NaN, %" PRIu64 " infinities",
                       c->nans, c->infinities);
        finding.count = (int64_t)(c->nans + c->infinities);
        qn_check_tell(c->check, &finding);
    }
}

/* ---- the walk ------------------------------------------------------------------------------- */

/* A failure that is the file's fault becomes a finding. */
static enum qn_status as_finding(struct chunk_check *c, enum qn_finding_kind kind,
                                 enum qn_status status, const struct qn_error *cause,
                                 struct qn_error *err)
{
    if (!status)
        return QN_OK;
    if (!qn_check_is_finding(status)) {
        if (err)
            *err = *cause;
        return status;
    }
    struct qn_finding finding = c->base;
    if (c->scan) {
        finding.page = (int64_t)c->data_pages;
        finding.row = (int64_t)(c->first_row + c->page_first_row);
    }
    finding.offset = cause->offset;
    qn_finding_set(&finding, status == QN_ERR_UNSUPPORTED ? QN_FIND_NOT_READ : kind, "%s",
                   cause->message);
    qn_check_tell(c->check, &finding);
    return QN_OK;
}

static enum qn_status load_claims(struct chunk_check *c, struct qn_error *err)
{
    struct qn_parquet_file *file = c->check->opened->file;
    struct qn_error cause = {.offset = -1};
    enum qn_status status = qn_parquet_index_read(file, &c->chunk, &c->index, &cause);
    if (status)
        c->index.place_count = c->index.bounds_count = 0;
    status = as_finding(c, QN_FIND_PAGE_INDEX, status, &cause, err);
    if (status || c->chunk.bloom <= 0)
        return status;
    status = qn_parquet_bloom_read(file, &c->chunk, &c->bloom, &cause);
    if (status)
        qn_buf_clear(&c->bloom.blocks);
    return as_finding(c, QN_FIND_BLOOM, status, &cause, err);
}

static enum qn_status walk(struct chunk_check *c, size_t group, size_t leaf, struct qn_error *err)
{
    struct qn_parquet_file *file = c->check->opened->file;
    struct qn_error cause = {.offset = -1};
    struct qn_parquet_batch batch = {.count = 1};
    enum qn_status status = qn_parquet_chunk(file, group, leaf, &c->chunk, &cause);
    if (!status)
        status = qn_parquet_scan_open(&c->scan, file, group, leaf, &cause);
    if (status)
        return as_finding(c, QN_FIND_CHUNK, status, &cause, err);
    status = load_claims(c, err);
    if (status)
        return status;
    while (!status && batch.count > 0) {
        status = qn_parquet_scan_next(c->scan, &batch, &cause);
        if (!status && batch.count > 0)
            status = take_batch(c, &batch, &cause);
    }
    if (status)
        return as_finding(c, QN_FIND_PAGE, status, &cause, err);
    finish(c);
    return QN_OK;
}

static void find_range(struct chunk_check *c)
{
    for (size_t i = 0; i < c->check->range_count; i++) {
        if (!strcmp(c->check->ranges[i].column, c->base.column))
            c->range = &c->check->ranges[i];
    }
}

enum qn_status qn_check_chunk(struct qn_check *check, size_t group, size_t leaf, uint64_t first_row,
                              struct qn_error *err)
{
    struct chunk_check *c = qn_sys.calloc(1, sizeof *c);
    if (!c)
        return qn_fail_memory(err, "checking a column", sizeof *c);
    c->check = check;
    c->leaf = qn_parquet_leaf(check->opened->file, leaf);
    c->first_row = first_row;
    c->first_data_page = -1;
    c->all_by_id = true;
    c->statistics_mean = qn_parquet_has_order(check->opened->file, leaf) &&
                         qn_parquet_order(c->leaf) != QN_PQ_ORDER_NONE;
    c->base = (struct qn_finding){.file = check->file,
                                  .group = (int64_t)group,
                                  .page = -1,
                                  .offset = -1,
                                  .row = -1,
                                  .count = 1};
    qn_parquet_leaf_path(check->opened->file, leaf, c->base.column, sizeof c->base.column);
    find_range(c);
    memset(check->seen, 0, sizeof check->seen);
    enum qn_status status = walk(c, group, leaf, err);
    qn_parquet_scan_close(c->scan);
    qn_parquet_index_release(&c->index);
    qn_parquet_bloom_release(&c->bloom);
    qn_span_release(&c->page_span);
    qn_span_release(&c->chunk_span);
    free(c->stamps);
    free(c);
    return status || !check->findings.failed ? status
                                             : qn_fail_memory(err, "findings", check->findings.len);
}
