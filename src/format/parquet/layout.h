/* The columns of a file being written: what encoding and statistics need to know of each, and the
 * schema as the footer states it. Made of a table's columns, or of columns of another file, whose
 * part of the schema is taken over as it is: every type and annotation stays. */
#ifndef QN_FORMAT_PARQUET_LAYOUT_H
#define QN_FORMAT_PARQUET_LAYOUT_H

#include "format/parquet/reader.h"

struct pq_leaf {
    enum pq_physical physical;
    enum qn_parquet_order order;
    size_t width;         /* bytes of a stored value, a boolean takes one; 0: varies */
    size_t native;        /* bytes of a value in struct qn_parquet_values; 0: varies */
    bool native_unsigned; /* how integers of fewer bytes are widened */
    bool utf8;            /* its bounds are cut between characters */
    uint8_t max_def, max_rep;
    enum qn_parquet_encoding encoding;
    bool bloom;
    size_t path; /* its path_in_schema lies there in `paths` */
    size_t path_len;
};

struct pq_layout { /* zero-initialise */
    struct pq_leaf *leaves;
    size_t count;
    struct qn_buf schema; /* a list of SchemaElements */
    struct qn_buf paths;
};

enum qn_status pq_layout_of_columns(struct pq_layout *layout,
                                    const struct qn_parquet_column *columns, size_t count,
                                    struct qn_error *err);
/* Of top-level columns of a file, with all that is below them. */
enum qn_status pq_layout_of_file(struct pq_layout *layout, const struct qn_parquet_file *file,
                                 const uint32_t *nodes, size_t count, struct qn_error *err);
void pq_layout_release(struct pq_layout *layout);

/* One column of a table; its path is not set. */
struct pq_leaf pq_leaf_of_column(const struct qn_parquet_column *column);

/* Whether values may be NaN. */
static inline bool pq_is_real(const struct pq_leaf *leaf)
{
    return leaf->order == QN_PQ_ORDER_FLOAT || leaf->order == QN_PQ_ORDER_DOUBLE ||
           leaf->order == QN_PQ_ORDER_FLOAT16;
}

#endif
