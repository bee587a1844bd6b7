/* features.parquet and features.csv: rows of text, counts and reals, gathered into row groups. */
#ifndef QN_PIPELINES_TRANSIT_TABLE_H
#define QN_PIPELINES_TRANSIT_TABLE_H

#include "format/parquet.h"
#include "pipelines/transit/features.h"

#include <quern/pipeline.h>

struct qn_feature_table;

/* Makes both files in the dataset. `blind` adds the column `signal`. */
enum qn_status qn_feature_table_begin(struct qn_feature_table **table, struct qn_glue *glue,
                                      bool blind, struct qn_error *err);
enum qn_status qn_feature_table_add(struct qn_feature_table *table,
                                    const struct qn_candidate *candidate, const struct qn_row *row,
                                    struct qn_error *err);

/* Writes what is left and the footer, and gives both files their names. */
enum qn_status qn_feature_table_end(struct qn_feature_table *table, struct qn_error *err);
void qn_feature_table_free(struct qn_feature_table *table); /* NULL is fine */

#endif
