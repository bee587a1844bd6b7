/* A Parquet file of the dataset, written row by row from records and a table of their columns. */
#ifndef QN_PIPELINES_LUNAR_TABLE_H
#define QN_PIPELINES_LUNAR_TABLE_H

#include "pipelines/lunar/columns.h"

#include <quern/pipeline.h>

struct qn_lunar_table;

/* Makes the file `name` in the dataset. `columns` must outlive the table. */
enum qn_status qn_lunar_table_begin(struct qn_lunar_table **table, struct qn_glue *glue,
                                    const char *name, const struct qn_lunar_column *columns,
                                    struct qn_error *err);

/* Adds a row made of one record for each level that the columns name. */
enum qn_status qn_lunar_table_add(struct qn_lunar_table *table,
                                  const void *const records[QN_LUNAR_LEVELS], struct qn_error *err);

/* Writes what is left and the footer, and gives the file its name. */
enum qn_status qn_lunar_table_end(struct qn_lunar_table *table, struct qn_error *err);
void qn_lunar_table_free(struct qn_lunar_table *table); /* NULL is fine */

#endif
