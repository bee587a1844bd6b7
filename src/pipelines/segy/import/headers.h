/* Trace headers on their way to headers.parquet: a task writes its row groups into a part file and
 * their description into its result; glue puts the groups one after another, byte for byte, and
 * writes one footer. */
#ifndef QN_PIPELINES_SEGY_IMPORT_HEADERS_H
#define QN_PIPELINES_SEGY_IMPORT_HEADERS_H

#include "pipelines/segy/result.h"
#include "pipelines/segy/survey/columns.h"

struct qn_header_writer;

/* One per worker; its rows grow to what a task needs. The import is borrowed. */
enum qn_status qn_header_writer_new(const struct qn_import *import,
                                    struct qn_header_writer **writer, struct qn_error *err);
void qn_header_writer_free(struct qn_header_writer *writer); /* NULL is fine */

/* Starts a task of `rows` rows; `result` gets their row groups, checks and failures. */
enum qn_status qn_header_writer_begin(struct qn_header_writer *writer, struct qn_task_run *run,
                                      uint64_t rows, struct qn_result *result,
                                      struct qn_error *err);

/* The next traces of the task. */
enum qn_status qn_header_writer_add(struct qn_header_writer *writer, const struct qn_traces *traces,
                                    struct qn_error *err);

/* Completes the part file and the result. */
enum qn_status qn_header_writer_end(struct qn_header_writer *writer, struct qn_error *err);

/* Glue: headers.parquet of all tasks' parts, and what there is to say of the headers. */
enum qn_status qn_headers_glue(struct qn_glue *glue, const struct qn_import *import,
                               struct qn_error *err);

#endif
