/* Samples that the array cannot give back to the bit: kept beside it, so that an export is the
 * file that was imported.
 *
 * IBM words that are not normalised or lie outside of float32, gains that another gain could stand
 * for, values that --sample-type float32 rounds: real files have few of them or none. A task finds
 * them as it converts; exceptions.parquet lists them by trace and sample with their own bits. A
 * segment in which more than one sample in a hundred is one (and more than a few thousand are)
 * keeps none, and the import is not lossless; format 4 has no such limit.
 */
#ifndef QN_PIPELINES_SEGY_DATASET_EXCEPTIONS_H
#define QN_PIPELINES_SEGY_DATASET_EXCEPTIONS_H

#include "format/parquet.h"
#include "pipelines/segy/import.h"
#include "pipelines/segy/result.h"

#define QN_EXCEPTIONS_FILE "exceptions.parquet"

/* ---- in a task ------------------------------------------------------------------------------ */

struct qn_exception_writer;

/* One per worker. The import is borrowed. */
enum qn_status qn_exception_writer_new(const struct qn_import *import,
                                       struct qn_exception_writer **writer, struct qn_error *err);
void qn_exception_writer_free(struct qn_exception_writer *writer); /* NULL is fine */

/* Starts a task of at most `samples` samples, whose row groups are described in `groups`. */
void qn_exception_writer_begin(struct qn_exception_writer *writer, struct qn_task_run *run,
                               uint64_t samples, struct qn_items *groups);

/* A trace that has suspects: its samples as they are in the file, and as they were converted. */
enum qn_status qn_exception_writer_add(struct qn_exception_writer *writer, uint64_t trace,
                                       const uint8_t *source, const void *values, size_t samples,
                                       struct qn_error *err);

/* Completes the part file, if there are any. Adds to the tally what was found. */
enum qn_status qn_exception_writer_end(struct qn_exception_writer *writer, struct qn_tally *tally,
                                       struct qn_error *err);

/* ---- glue ----------------------------------------------------------------------------------- */

/* exceptions.parquet of all tasks' parts; no file where there are none, or where `tally` says that
 * a segment kept none. */
enum qn_status qn_exceptions_glue(struct qn_glue *glue, const struct qn_tally *tally,
                                  struct qn_error *err);

/* ---- reading -------------------------------------------------------------------------------- */

struct qn_exception {
    uint64_t trace;
    uint32_t sample;
    uint64_t bits; /* of the sample, as a number of its width in the order of the file */
};

/* Columns of the table, which has one row for each exception, ordered by trace and sample. */
enum qn_exception_column { QN_EXCEPTION_TRACE, QN_EXCEPTION_SAMPLE, QN_EXCEPTION_BITS };

#endif
