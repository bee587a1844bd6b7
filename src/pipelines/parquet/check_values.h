/* What the values of a page or a chunk turn out to be: bounds, nulls, oddities. */
#ifndef QN_PARQUET_CHECK_VALUES_H
#define QN_PARQUET_CHECK_VALUES_H

#include "format/parquet/reader.h"

struct qn_span { /* the least and the greatest of some values; NaN is left out */
    bool any;    /* there is one */
    bool failed; /* memory was short for one of them */
    struct qn_buf min, max;
};
void qn_span_clear(struct qn_span *span);
void qn_span_release(struct qn_span *span);
void qn_span_add(struct qn_span *span, enum qn_parquet_order order, const uint8_t *bytes,
                 size_t len);
void qn_span_merge(struct qn_span *into, enum qn_parquet_order order, const struct qn_span *next);

/* n values of fixed width in host order: widens the span, counts NaN and infinities. */
void qn_span_add_fixed(struct qn_span *span, const struct qn_parquet_node *leaf,
                       const uint8_t *values, size_t n, uint64_t *nans, uint64_t *infinities);

/* How a bound that is claimed relates to the values. */
enum qn_bound_verdict {
    QN_BOUND_RIGHT,
    QN_BOUND_LOOSE, /* it holds, but is not met, and does not look cut */
    QN_BOUND_WRONG, /* a value lies beyond it */
    QN_BOUND_NAN,   /* it is NaN */
    QN_BOUND_ODD    /* it is no value of the type */
};
enum qn_bound { QN_BOUND_MIN, QN_BOUND_MAX };
enum qn_bound_verdict qn_judge_bound(const struct qn_parquet_node *leaf, enum qn_bound which,
                                     struct qn_parquet_bytes claimed, int exact,
                                     const struct qn_span *span);

#endif
