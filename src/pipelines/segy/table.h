/* The Parquet files of an import: names, columns, and the frame around their row groups. */
#ifndef QN_PIPELINES_SEGY_TABLE_H
#define QN_PIPELINES_SEGY_TABLE_H

#include "format/parquet.h"
#include "pipelines/segy/columns.h"
#include "pipelines/segy/result.h"

#define QN_HEADERS_FILE   "headers.parquet"
#define QN_HEADERS_KEY    "quern.headers" /* key of its footer: what each column is, in JSON */
#define QN_ENSEMBLES_FILE "ensembles.parquet"

/* Where task i leaves its row groups of headers. */
#define QN_PART_PATH 64
void qn_header_part(uint64_t task, char path[QN_PART_PATH]);

/* The Parquet type of a column of `dtype`. */
enum qn_parquet_type qn_table_type(enum qn_dtype dtype);

/* The columns of headers.parquet as Parquet knows them; their names are those in `rows`, the array
 * is the caller's to free. */
enum qn_status qn_header_columns(const struct qn_rows *rows, struct qn_parquet_column **columns,
                                 struct qn_error *err);

/* The result of task i; *done is false for one that failed for good. */
enum qn_status qn_result_of_task(struct qn_glue *glue, uint64_t i, struct qn_result_view *view,
                                 bool *done, struct qn_error *err);

struct qn_table { /* one under way; zero-initialise */
    struct qn_output *file;
    struct qn_parquet_footer *footer;
};

/* Starts the file `path` of the dataset; end it, then release it in any case. */
enum qn_status qn_table_begin(struct qn_table *table, struct qn_glue *glue, const char *path,
                              const struct qn_parquet_column *columns, size_t count,
                              struct qn_error *err);
enum qn_status qn_table_end(struct qn_table *table, struct qn_error *err);
void qn_table_release(struct qn_table *table);

/* ensembles.parquet: key values, start, end (exclusive), count; nothing when there is no key.
 * *count gets the number of gathers. */
enum qn_status qn_ensembles_glue(struct qn_glue *glue, const struct qn_import *import,
                                 uint64_t *count, struct qn_error *err);

#endif
