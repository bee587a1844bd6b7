/* Inside of qn_check_chunk: a column of a row group on its way through the checks. check_chunk.c
 * walks its pages, check_batch.c looks at values, check_claims.c at what is said about them. */
#ifndef QN_PARQUET_CHECK_PARTS_H
#define QN_PARQUET_CHECK_PARTS_H

#include "format/parquet/bloom.h"
#include "format/parquet/index.h"
#include "pipelines/parquet/check.h"
#include "pipelines/parquet/check_values.h"

struct qn_chunk_check {
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

/* A finding about the chunk. */
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

/* A value for a message, in text[64], which is returned. */
const char *qn_chunk_shown(const struct qn_chunk_check *c, const uint8_t *bytes, size_t len,
                           char text[64]);

/* Widens the page's span by the values of a batch, and checks each that can be wrong by itself. */
void qn_chunk_add_values(struct qn_chunk_check *c, const struct qn_parquet_batch *batch);

/* Statistics of a page or of the chunk against its values; `kind` is what a wrong bound is, `what`
 * begins the message. */
void qn_chunk_judge_bound(struct qn_chunk_check *c, const struct qn_finding *where,
                          enum qn_finding_kind kind, const char *what, enum qn_bound which,
                          struct qn_parquet_bytes claimed, int exact, const struct qn_span *span);
void qn_chunk_judge_statistics(struct qn_chunk_check *c, const struct qn_finding *where,
                               enum qn_finding_kind kind, const char *what,
                               const struct qn_parquet_statistics *stats,
                               const struct qn_span *span);
bool qn_chunk_nulls_hold(const struct qn_chunk_check *c, int64_t claimed, uint64_t all,
                         uint64_t of_leaf);

/* What is said about the chunk as a whole, once all of its pages were read. */
void qn_chunk_finish(struct qn_chunk_check *c);

#endif
