/* Bounds, counts, encodings and places that a chunk claims: see check_parts.h. */
#include "format/parquet/text.h"
#include "pipelines/parquet/check_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *qn_chunk_shown(const struct qn_chunk_check *c, const uint8_t *bytes, size_t len,
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
void qn_chunk_judge_bound(struct qn_chunk_check *c, const struct qn_finding *where,
                          enum qn_finding_kind kind, const char *what, enum qn_bound which,
                          struct qn_parquet_bytes claimed, int exact, const struct qn_span *span)
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
    qn_chunk_shown(c, claimed.data, claimed.len, a);
    qn_chunk_shown(c, span->any ? actual->data : NULL, actual->len, b);
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

void qn_chunk_judge_statistics(struct qn_chunk_check *c, const struct qn_finding *where,
                               enum qn_finding_kind kind, const char *what,
                               const struct qn_parquet_statistics *stats,
                               const struct qn_span *span)
{
    enum qn_parquet_order order = qn_parquet_order(c->leaf);
    qn_chunk_judge_bound(c, where, kind, what, QN_BOUND_MIN, stats->min, stats->min_exact, span);
    qn_chunk_judge_bound(c, where, kind, what, QN_BOUND_MAX, stats->max, stats->max_exact, span);
    /* The deprecated bounds mean something only where order is that of signed numbers. */
    bool is_signed = order == QN_PQ_ORDER_I32 || order == QN_PQ_ORDER_I64 ||
                     order == QN_PQ_ORDER_FLOAT || order == QN_PQ_ORDER_DOUBLE ||
                     order == QN_PQ_ORDER_BOOLEAN;
    if (is_signed && !stats->min.data && !stats->max.data) {
        qn_chunk_judge_bound(c, where, kind, what, QN_BOUND_MIN, stats->old_min, -1, span);
        qn_chunk_judge_bound(c, where, kind, what, QN_BOUND_MAX, stats->old_max, -1, span);
    }
}

/* Whether a null count is right. In lists, some writers count only the elements that are null,
 * others the lists that are null or empty too. */
bool qn_chunk_nulls_hold(const struct qn_chunk_check *c, int64_t claimed, uint64_t all,
                         uint64_t of_leaf)
{
    return claimed < 0 || (uint64_t)claimed == all ||
           (c->leaf->max_def > 1 && (uint64_t)claimed >= of_leaf && (uint64_t)claimed <= all);
}

/* ---- the chunk as a whole ------------------------------------------------------------------- */

/* Whether the bounds of the pages really rise or fall as the index says. */
static void check_boundary_order(struct qn_chunk_check *c)
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

static void check_index_counts(struct qn_chunk_check *c)
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

static void check_encodings(struct qn_chunk_check *c)
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

static void check_places(struct qn_chunk_check *c)
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

static void check_statistics(struct qn_chunk_check *c)
{
    const struct qn_parquet_statistics *stats = &c->chunk.stats;
    uint64_t nulls = (uint64_t)c->chunk.values - c->values;
    struct qn_finding where = c->base;
    where.offset = -1;
    if (!qn_chunk_nulls_hold(c, stats->nulls, nulls, c->leaf_nulls))
        TELL(c, QN_FIND_STATISTICS, "the footer counts %" PRId64 " nulls, there are %" PRIu64,
             stats->nulls, nulls);
    if (stats->nans >= 0 && (uint64_t)stats->nans != c->nans)
        TELL(c, QN_FIND_STATISTICS, "the footer counts %" PRId64 " NaN, there are %" PRIu64,
             stats->nans, c->nans);
    if (stats->distinct >= 0 && c->all_by_id && c->distinct != (uint64_t)stats->distinct)
        TELL(c, QN_FIND_DISTINCT,
             "the footer counts %" PRId64 " distinct values, there are %" PRIu32, stats->distinct,
             c->distinct);
    qn_chunk_judge_statistics(c, &where, QN_FIND_STATISTICS, "the column's", stats, &c->chunk_span);
}

/* What the chunk lacks is added up; a column of nulls only has nothing to have bounds of. */
static void count_lacks(struct qn_chunk_check *c)
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

void qn_chunk_finish(struct qn_chunk_check *c)
{
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
