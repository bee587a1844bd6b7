/* One column of one row group, page by page, against all that is said about it: see check.h. */
#include "base/sys.h"
#include "pipelines/parquet/check_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- pages ---------------------------------------------------------------------------------- */

static void check_bounds_of_index(struct qn_chunk_check *c, const struct qn_parquet_page *page,
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
    if (!qn_chunk_nulls_hold(c, bounds->nulls, nulls, c->page_leaf_nulls))
        TELL_PAGE(c, page, QN_FIND_PAGE_INDEX,
                  "the column index counts %" PRId64 " nulls in page %" PRIu64
                  ", there are %" PRIu64,
                  bounds->nulls, page->number, nulls);
    if (bounds->null_page || c->page_values == 0)
        return;
    qn_chunk_judge_bound(c, &where, QN_FIND_PAGE_INDEX, "the page's", QN_BOUND_MIN, bounds->min,
                         qn_parquet_width(c->leaf) ? -1 : 0, &c->page_span);
    qn_chunk_judge_bound(c, &where, QN_FIND_PAGE_INDEX, "the page's", QN_BOUND_MAX, bounds->max,
                         qn_parquet_width(c->leaf) ? -1 : 0, &c->page_span);
}

static void check_place(struct qn_chunk_check *c, const struct qn_parquet_page *page)
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

static void note_page(struct qn_chunk_check *c, const struct qn_parquet_page *page)
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

static void end_page(struct qn_chunk_check *c, const struct qn_parquet_page *page)
{
    uint64_t nulls = c->page_entries - c->page_values;
    struct qn_finding where = c->base;
    where.page = (int64_t)page->number;
    where.offset = (int64_t)page->offset;
    where.row = (int64_t)(c->first_row + c->page_first_row);
    if (!qn_chunk_nulls_hold(c, page->nulls, nulls, c->page_leaf_nulls))
        TELL_PAGE(c, page, QN_FIND_PAGE_COUNT,
                  "the header counts %" PRId64 " nulls, there are %" PRIu64, page->nulls, nulls);
    if (page->rows >= 0 && (uint64_t)page->rows != c->page_rows)
        TELL_PAGE(c, page, QN_FIND_PAGE_COUNT,
                  "the header counts %" PRId64 " rows, there are %" PRIu64, page->rows,
                  c->page_rows);
    if (!qn_chunk_nulls_hold(c, page->stats.nulls, nulls, c->page_leaf_nulls))
        TELL_PAGE(c, page, QN_FIND_PAGE_STATISTICS,
                  "the header counts %" PRId64 " nulls, there are %" PRIu64, page->stats.nulls,
                  nulls);
    qn_chunk_judge_statistics(c, &where, QN_FIND_PAGE_STATISTICS, "the page's", &page->stats,
                              &c->page_span);
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

static bool make_stamps(struct qn_chunk_check *c)
{
    uint32_t count = qn_parquet_scan_dictionary(c->scan)->count;
    if (!c->stamps && count > 0)
        c->stamps = qn_sys.calloc(count, sizeof *c->stamps);
    return c->stamps || count == 0;
}

static size_t leaf_nulls(const struct qn_chunk_check *c, const struct qn_parquet_batch *batch)
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

static enum qn_status take_batch(struct qn_chunk_check *c, const struct qn_parquet_batch *batch,
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
        qn_chunk_add_values(c, batch);
    if (c->page_span.failed)
        return qn_fail_memory(err, "bounds of a page", sizeof c->page_span);
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

/* ---- the walk ------------------------------------------------------------------------------- */

/* A failure that is the file's fault becomes a finding. */
static enum qn_status as_finding(struct qn_chunk_check *c, enum qn_finding_kind kind,
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

static enum qn_status load_claims(struct qn_chunk_check *c, struct qn_error *err)
{
    struct qn_parquet_file *file = c->check->opened->file;
    struct qn_error cause = {.offset = -1};
    enum qn_status status = qn_parquet_index_read(file, &c->chunk, &c->index, &cause);
    if (status)
        c->index.place_count = c->index.bounds_count = 0;
    status = as_finding(c, QN_FIND_PAGE_INDEX, status, &cause, err);
    if (status || c->chunk.bloom <= 0 || !qn_parquet_may_bloom(qn_parquet_order(c->leaf)))
        return status;
    status = qn_parquet_bloom_read(file, &c->chunk, &c->bloom, &cause);
    if (status)
        qn_buf_clear(&c->bloom.blocks);
    return as_finding(c, QN_FIND_BLOOM, status, &cause, err);
}

static enum qn_status walk(struct qn_chunk_check *c, size_t group, size_t leaf,
                           struct qn_error *err)
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
    if (c->chunk_span.failed)
        return qn_fail_memory(err, "bounds of a column", sizeof c->chunk_span);
    const struct qn_parquet_dictionary *dictionary = qn_parquet_scan_dictionary(c->scan);
    if (dictionary->page.bytes > 0)
        note_page(c, &dictionary->page);
    qn_chunk_finish(c);
    return QN_OK;
}

static void find_range(struct qn_chunk_check *c)
{
    for (size_t i = 0; i < c->check->range_count; i++) {
        if (!strcmp(c->check->ranges[i].column, c->base.column) && qn_check_has_numbers(c->leaf))
            c->range = &c->check->ranges[i];
    }
}

enum qn_status qn_check_chunk(struct qn_check *check, size_t group, size_t leaf, uint64_t first_row,
                              struct qn_error *err)
{
    struct qn_chunk_check *c = qn_sys.calloc(1, sizeof *c);
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
