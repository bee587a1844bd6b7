/* The cells of a table of candidates as texts, whether the file is CSV or Parquet. */
#ifndef QN_PIPELINES_TRANSIT_CANDIDATES_TABLE_H
#define QN_PIPELINES_TRANSIT_CANDIDATES_TABLE_H

#include "format/text/delimited.h"

/* Reads the table, told by its first bytes; of a Parquet file only the columns that are `wanted`
 * by their names. Numbers of Parquet become the shortest text that reads back the same, nulls the
 * empty text. `table` is to be released, also after a failure. */
enum qn_status qn_candidates_table(struct qn_delimited *table, const char *path,
                                   bool (*wanted)(const char *column), struct qn_error *err);

#endif
