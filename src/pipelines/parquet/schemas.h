/* Comparing the schemas of many files: with each other in their order, and with one expected. */
#ifndef QN_PARQUET_SCHEMAS_H
#define QN_PARQUET_SCHEMAS_H

#include "pipelines/parquet/verify.h"

/* Appends findings: columns that appear, disappear or change their type from one file to the next,
 * with the range of files; columns that are not as the settings expect them; key columns that a
 * file does not have. Files that could not be opened are passed over. */
enum qn_status qn_compare_schemas(const struct qn_outline *outline,
                                  const struct qn_settings *settings, struct qn_buf *findings,
                                  struct qn_error *err);

#endif
