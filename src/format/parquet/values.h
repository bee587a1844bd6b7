/* One column of a row group on its way into pages: its values without nulls in the form in which
 * Parquet stores them, and the bounds of any stretch of them. */
#ifndef QN_FORMAT_PARQUET_VALUES_H
#define QN_FORMAT_PARQUET_VALUES_H

#include "format/parquet/layout.h"

#define PQ_STAT_BYTES 64u /* longer bounds of byte arrays are cut */

struct pq_bounds { /* of a page or chunk */
    bool known;    /* false: no value, or none that may stand in statistics */
    bool exact_min, exact_max;
    uint8_t min_len, max_len;
    uint8_t min[PQ_STAT_BYTES];
    uint8_t max[PQ_STAT_BYTES];
};

struct pq_dense {
    const struct pq_leaf *leaf;
    size_t width; /* bytes of a value; 0: byte arrays */
    size_t count; /* values that are not null */
    const uint8_t *fixed;
    const struct qn_parquet_text *texts; /* of each value or, with ids, the distinct ones,
                                            ascending */
    const uint32_t *ids;
    uint32_t distinct;
};

/* Value i of a column of byte arrays. */
static inline struct qn_parquet_text pq_text_of(const struct pq_dense *dense, size_t i)
{
    return dense->texts[dense->ids ? dense->ids[i] : i];
}

/* Value i of any column. */
static inline struct qn_parquet_text pq_value_of(const struct pq_dense *dense, size_t i)
{
    if (dense->texts)
        return pq_text_of(dense, i);
    return (struct qn_parquet_text){dense->fixed + i * dense->width, (uint32_t)dense->width};
}

/* Makes *dense of what the caller gave; it borrows `values` or lies in `scratch`. */
enum qn_status pq_densify(const struct pq_leaf *leaf, const struct qn_parquet_values *values,
                          uint64_t rows, struct qn_buf *scratch, struct pq_dense *dense,
                          struct qn_error *err);

/* Values from to to - 1 in PLAIN encoding. */
void pq_put_plain(const struct pq_dense *dense, size_t from, size_t to, struct qn_buf *out);

/* Bytes that a value takes in PLAIN encoding. */
static inline size_t pq_plain_bytes(const struct pq_dense *dense, size_t i)
{
    return dense->width ? dense->width : 4u + pq_text_of(dense, i).len;
}

/* Smallest and largest of values from to to - 1, as they stand in statistics: NaN is left out,
 * zeros are -0.0 as a minimum and +0.0 as a maximum, long byte arrays are cut. Unknown for types
 * without an order. */
void pq_bounds_of(const struct pq_dense *dense, size_t from, size_t to, struct pq_bounds *bounds);

/* NaNs among values from to to - 1; 0 for types that have none. */
uint32_t pq_count_nans(const struct pq_dense *dense, size_t from, size_t to);

/* Widens `into` by `next`; unknown bounds of `next` change nothing. */
void pq_bounds_merge(enum qn_parquet_order order, struct pq_bounds *into,
                     const struct pq_bounds *next);

#endif
