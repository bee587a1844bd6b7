/* A finished dataset, read back as the survey that it was made of: its files' pieces, its trace
 * headers as bytes, its samples. What is needed for it stands in the dataset's public files alone
 * (manifest.json, the Zarr store, the tables, raw/), so one that was copied without .quern is as
 * good as the original.
 *
 * One qn_dataset is shared by threads; each reads through a reader of its own.
 */
#ifndef QN_PIPELINES_SEGY_DATASET_DATASET_H
#define QN_PIPELINES_SEGY_DATASET_DATASET_H

#include "compute/encode.h"
#include "format/parquet.h"
#include "format/segy.h"
#include "format/zarr.h"
#include "pipelines/segy/dataset/exceptions.h"

#include <jansson.h>
#include <limits.h>

struct qn_dataset_piece {
    const char *path; /* within the dataset */
    uint64_t offset;  /* in the source file */
    uint64_t bytes;
};

struct qn_dataset_file {
    const char *name;
    uint64_t bytes;
    uint64_t first_trace; /* in the survey */
    uint64_t traces;
    uint64_t first_trace_offset;
    struct qn_dataset_piece *pieces; /* in order of their offsets */
    size_t piece_count;
};

struct qn_dataset {
    char root[PATH_MAX];
    json_t *manifest; /* texts below are borrowed from it */
    /* Order, format, revision, samples (of the longest trace), interval, trace headers and count of
     * traces; what differs from file to file is that of the first. */
    struct qn_segy_layout layout;
    bool inverse_gain;
    bool headers_lossless;
    bool samples_lossless;
    bool whole;            /* traces and pieces are all that the files held */
    const json_t *reasons; /* texts: why some of it is not lossless */
    struct qn_dataset_file *files;
    size_t file_count;
    struct qn_segy_field *fields; /* which bytes of a trace header are in which column */
    size_t field_count;

    struct qn_zarr_array array; /* of samples */
    uint32_t trace_dim;         /* its dimension along the traces */
    size_t row_bytes;           /* of one trace in it */
    struct qn_dataset_tables *tables;
};

/* Opens the dataset in folder `path`. One that is not complete, not of SEG-Y, or damaged is refused
 * with the reason. Close with qn_dataset_close, also NULL. */
enum qn_status qn_dataset_open(const char *path, struct qn_dataset **dataset, struct qn_error *err);
void qn_dataset_close(struct qn_dataset *dataset);

/* The dataset's reasons for not being lossless, as one text. */
void qn_dataset_reasons(const struct qn_dataset *dataset, char *text, size_t size);

/* Reads a file of the dataset (a path within it), at most `limit` bytes. */
enum qn_status qn_dataset_file(const struct qn_dataset *dataset, const char *path, uint64_t limit,
                               struct qn_buf *bytes, struct qn_error *err);

/* ---- the tables, whole ---------------------------------------------------------------------- */

/* Row groups of headers.parquet: group g holds the traces first to end - 1. Gaps between groups are
 * traces whose segment failed. */
size_t qn_dataset_groups(const struct qn_dataset *dataset);
struct qn_trace_range qn_dataset_group(const struct qn_dataset *dataset, size_t group);

/* headers.parquet itself; any thread may read columns of it. */
struct qn_parquet_file *qn_dataset_header_table(const struct qn_dataset *dataset);

/* The gathers of ensembles.parquet in order, as an array of struct qn_trace_range appended to
 * `list`; none where the import had no ensemble key. */
enum qn_status qn_dataset_ensembles(const struct qn_dataset *dataset, struct qn_buf *list,
                                    struct qn_error *err);

/* ---- reading -------------------------------------------------------------------------------- */

struct qn_dataset_reader;
enum qn_status qn_dataset_reader_new(struct qn_dataset *dataset, struct qn_dataset_reader **reader,
                                     struct qn_error *err);
void qn_dataset_reader_free(struct qn_dataset_reader *reader); /* NULL is fine */

/* How many samples each of the traces has. */
enum qn_status qn_dataset_lengths(struct qn_dataset_reader *reader, uint64_t first, uint64_t count,
                                  uint32_t *lengths, struct qn_error *err);

/* ---- traces as SEG-Y ------------------------------------------------------------------------ */

/* How traces are made. */
struct qn_trace_form {
    struct qn_encoder encoder; /* of samples */
    enum qn_byte_order order;  /* of header fields */
    size_t sample_bytes;       /* of one encoded sample */
    bool counted;              /* values may be lost: count them */
    bool patched;              /* the exceptions' own bits come before what the array holds */
    bool bare;                 /* headers only, as if traces had no samples */
    /* Puts something else first into `count` headers, which the fields of columns then overwrite
     * where *overwrite is set. NULL: zeros. */
    enum qn_status (*prepare)(void *context, uint64_t first, uint64_t count, uint8_t *headers,
                              bool *overwrite, struct qn_error *err);
    void *context;
};

/* The form that gives back what was imported; where the array does not keep the samples, one that
 * gives the values that it has. */
struct qn_trace_form qn_dataset_form(const struct qn_dataset *dataset);

/* Traces from number `first` on, one after another without gaps: of *count wanted those whose
 * samples lie in one chunk. `block` has room for *count of the longest. *lengths, the samples of
 * each, is valid until the reader's next call; *bytes is what they take together. Adds losses to
 * `counts`. */
enum qn_status qn_dataset_traces(struct qn_dataset_reader *reader, const struct qn_trace_form *form,
                                 uint64_t first, uint64_t *count, uint8_t *block,
                                 const uint32_t **lengths, size_t *bytes,
                                 struct qn_encode_counts *counts, struct qn_error *err);

#endif
