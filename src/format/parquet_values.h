/* One column of a row group on its way into pages: its values without nulls in the form in which
 * Parquet stores them, and the bounds of any stretch of them. */
#ifndef QN_FORMAT_PARQUET_VALUES_H
#define QN_FORMAT_PARQUET_VALUES_H

#include "format/parquet_types.h"

struct pq_text { /* a value of a byte array */
    const uint8_t *bytes;
    uint32_t len;
};

struct pq_dense {
    const struct qn_parquet_column *column;
    size_t width; /* bytes of a value; 0: byte arrays */
    size_t count; /* values that are not null */
    const uint8_t *fixed;
    const struct pq_text *texts; /* of each value or, with ids, the distinct ones, ascending */
    const uint32_t *ids;
    uint32_t distinct;
};

/* Value i of a column of byte arrays. */
static inline struct pq_text pq_text_of(const struct pq_dense *dense, size_t i)
{
    return dense->texts[dense->ids ? dense->ids[i] : i];
}

/* Makes *dense of what the caller gave; it borrows `values` or lies in `scratch`. */
enum qn_status pq_densify(const struct qn_parquet_column *column,
                          const struct qn_parquet_values *values, uint64_t rows,
                          struct qn_buf *scratch, struct pq_dense *dense, struct qn_error *err);

/* Values from to to - 1 in PLAIN encoding. */
void pq_put_plain(const struct pq_dense *dense, size_t from, size_t to, struct qn_buf *out);

/* Bytes that a value takes in PLAIN encoding. */
static inline size_t pq_plain_bytes(const struct pq_dense *dense, size_t i)
{
    return dense->width ? dense->width : 4u + pq_text_of(dense, i).len;
}

/* Smallest and largest of values from to to - 1, as they stand in statistics: NaN is left out,
 * zeros are -0.0 as a minimum and +0.0 as a maximum, long byte arrays are cut. */
void pq_bounds_of(const struct pq_dense *dense, size_t from, size_t to, struct pq_bounds *bounds);

/* NaNs among values from to to - 1; 0 for types that have none. */
uint32_t pq_count_nans(const struct pq_dense *dense, size_t from, size_t to);

/* Widens `into` by `next`; unknown bounds of `next` change nothing. */
void pq_bounds_merge(const struct qn_parquet_column *column, struct pq_bounds *into,
                     const struct pq_bounds *next);

/* Compares two bounds of a column: negative, 0 or positive. */
int pq_compare(const struct qn_parquet_column *column, const uint8_t *a, size_t a_len,
               const uint8_t *b, size_t b_len);

#endif
