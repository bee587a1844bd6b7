/* A Parquet file on disk, open for reading: for the verbs of any pipeline, and for verifying what
 * it wrote. */
#ifndef QN_PIPELINES_OPENED_H
#define QN_PIPELINES_OPENED_H

#include "format/parquet/reader.h"

#include <limits.h>
#include <quern/pipeline.h>

struct qn_opened { /* must not move while it is open */
    char path[PATH_MAX];
    int fd;
    struct qn_parquet_file *file; /* NULL: not open */
};

/* A file of any schema. */
enum qn_status qn_opened_open(struct qn_opened *opened, const char *path,
                              enum qn_parquet_trust trust, struct qn_error *err);

/* The table `name` of the dataset in `folder`: no nested columns. */
enum qn_status qn_opened_table(struct qn_opened *opened, const char *folder, const char *name,
                               struct qn_error *err);

void qn_opened_close(struct qn_opened *opened); /* nothing to do where nothing is open */

/* Walks through all pages of a table of the dataset; damage, or another number of rows than
 * `rows`, is a finding. */
enum qn_status qn_verify_table(struct qn_verify *verify, const char *name, uint64_t rows,
                               struct qn_error *err);

#endif
