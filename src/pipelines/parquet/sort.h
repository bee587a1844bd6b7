/* The order of gathered rows by some of their columns. */
#ifndef QN_PARQUET_SORT_H
#define QN_PARQUET_SORT_H

#include "pipelines/parquet/gather.h"

#define QN_MAX_SORT 16u

struct qn_sort_key { /* a column without lists */
    const struct qn_gathered *gathered;
    const struct qn_row_starts *starts;
    enum qn_parquet_order order;
};

/* Sets *order, which the caller frees, to the numbers of the rows: ascending by the first key,
 * where that is equal by the second, and so on. NaN comes after all other numbers, nulls come last;
 * rows with equal keys keep their order. */
enum qn_status qn_sort_rows(const struct qn_sort_key *keys, size_t key_count, uint64_t rows,
                            uint64_t **order, struct qn_error *err);

#endif
