/* Page indexes, read: what a chunk says about its pages. Format: apache/parquet-format,
 * PageIndex.md. */
#ifndef QN_FORMAT_PARQUET_INDEX_H
#define QN_FORMAT_PARQUET_INDEX_H

#include "format/parquet/reader.h"

struct qn_parquet_page_place {
    int64_t offset;
    int32_t bytes; /* with header */
    int64_t first_row;
};

struct qn_parquet_page_bounds {
    bool null_page;
    struct qn_parquet_bytes min, max; /* in `bytes` of the index */
    int64_t nulls;                    /* -1: not said */
};

struct qn_parquet_page_index { /* zero-initialise */
    struct qn_buf bytes;       /* of the ColumnIndex */
    struct qn_buf places;      /* struct qn_parquet_page_place */
    struct qn_buf bounds;      /* struct qn_parquet_page_bounds */
    size_t place_count;        /* 0: no OffsetIndex */
    size_t bounds_count;       /* 0: no ColumnIndex */
    int32_t order;             /* of the bounds: 0 unordered, 1 ascending, 2 descending */
};

/* Reads what there is; what makes no sense is QN_ERR_CORRUPT. */
enum qn_status qn_parquet_index_read(struct qn_parquet_file *file,
                                     const struct qn_parquet_chunk *chunk,
                                     struct qn_parquet_page_index *index, struct qn_error *err);
void qn_parquet_index_release(struct qn_parquet_page_index *index);

static inline const struct qn_parquet_page_place *
qn_parquet_place(const struct qn_parquet_page_index *index, size_t page)
{
    return (const struct qn_parquet_page_place *)(const void *)index->places.data + page;
}
static inline const struct qn_parquet_page_bounds *
qn_parquet_bounds(const struct qn_parquet_page_index *index, size_t page)
{
    return (const struct qn_parquet_page_bounds *)(const void *)index->bounds.data + page;
}

#endif
