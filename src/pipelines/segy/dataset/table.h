/* The Parquet files of an import: names, columns, and the frame around their row groups. */
#ifndef QN_PIPELINES_SEGY_DATASET_TABLE_H
#define QN_PIPELINES_SEGY_DATASET_TABLE_H

#include "format/parquet.h"
#include "pipelines/segy/result.h"
#include "pipelines/segy/survey/columns.h"

#define QN_HEADERS_FILE   "headers.parquet"
#define QN_HEADERS_KEY    "quern.headers" /* key of its footer: what each column is, in JSON */
#define QN_ENSEMBLES_FILE "ensembles.parquet"

/* Where task i leaves row groups of a table ("headers"). */
#define QN_PART_PATH 64
void qn_table_part(const char *table, uint64_t task, char path[QN_PART_PATH]);

/* Writes one row group, as qn_parquet_encode_group made it, into a task's part, and describes it in
 * `groups` for glue. */
enum qn_status qn_table_put_group(struct qn_output *part, const struct qn_buf *bytes,
                                  const struct qn_buf *meta, struct qn_items *groups,
                                  struct qn_error *err);

/* The Parquet type of a column of `dtype`. */
enum qn_parquet_type qn_table_type(enum qn_dtype dtype);

/* The columns of headers.parquet as Parquet knows them; their names are those in `rows`, the array
 * is the caller's to free. */
enum qn_status qn_header_columns(const struct qn_rows *rows, struct qn_parquet_column **columns,
                                 struct qn_error *err);

/* The result of task i; *done is false for one that failed for good, and for one that is no
 * segment. */
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
/* Copies the row groups of a part behind those already there; `groups` describes `count`. */
enum qn_status qn_table_append(struct qn_table *table, struct qn_glue *glue, const char *part,
                               uint32_t count, struct qn_cursor groups, struct qn_error *err);
enum qn_status qn_table_end(struct qn_table *table, struct qn_error *err);
void qn_table_release(struct qn_table *table);

/* ensembles.parquet: key values, start, end (exclusive), count; nothing when there is no key.
 * *count gets the number of gathers. */
enum qn_status qn_ensembles_glue(struct qn_glue *glue, const struct qn_import *import,
                                 uint64_t *count, struct qn_error *err);

#endif
