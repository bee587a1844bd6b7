/* A schema for families of CSV files that nobody described: types that hold for all rows of all
 * files, read in parallel, written as a schema file to look over and edit.
 */
#ifndef QN_PIPELINES_ERCOT_INFER_H
#define QN_PIPELINES_ERCOT_INFER_H

#include <quern/pipeline.h>

/* Reads the inputs of the options and writes the schema to `path`. Files of one header are one
 * dataset. What cannot be read is told on stderr and left out. */
enum qn_status er_infer(const struct qn_options *options, const char *path, struct qn_error *err);

#endif
