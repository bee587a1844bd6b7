/* Inside of the Parquet reader: an open file. parquet_open.c makes it of the footer, parquet_read.c
 * reads columns out of it. Nothing in a file is trusted: every offset, length and count is checked
 * before it is used. */
#ifndef QN_FORMAT_PARQUET_FILE_H
#define QN_FORMAT_PARQUET_FILE_H

#include "format/parquet_types.h"

#include <zstd.h>

struct pq_column {
    char *name;
    enum pq_physical physical;
    uint32_t length; /* FIXED */
    bool optional;
};

struct pq_chunk {
    enum pq_codec codec;
    uint64_t values;
    uint64_t start; /* of the first page, in the file */
    uint64_t bytes;
};

struct pq_group {
    uint64_t rows;
    struct pq_chunk *chunks; /* column_count */
};

struct qn_parquet_file {
    struct qn_parquet_source source;
    struct pq_column *columns;
    size_t column_count;
    struct pq_group *groups;
    size_t group_count;
    uint64_t rows;
    struct qn_buf key_values; /* qn_buf_text pairs, each with a NUL behind it */
    ZSTD_DCtx *zstd;
    struct qn_buf stored; /* one chunk as it is in the file */
    struct qn_buf page;   /* one page, unpacked */
    struct qn_buf dictionary;
    uint32_t dictionary_count;
    struct qn_buf ids;
};

/* QN_ERR_CORRUPT, with the file's name and what is wrong with it. */
enum qn_status pq_corrupt(const struct qn_parquet_file *file, struct qn_error *err, int64_t offset,
                          const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
