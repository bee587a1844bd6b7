/* What an import has decided before its first task: how the file is read, which header fields
 * become columns, what the ensemble key is, how the store is cut and packed.
 *
 * Planning makes it of the options and the file's outline; encoded, it travels to every worker
 * and to glue, which decide nothing anew. docs of the options: the table in segy.c.
 */
#ifndef QN_PIPELINES_SEGY_IMPORT_H
#define QN_PIPELINES_SEGY_IMPORT_H

#include "base/buf.h"
#include "compute/samples.h"
#include "format/segy.h"
#include "format/zarr.h"
#include "pipelines/segy/segments.h"

#include <limits.h>
#include <quern/pipeline.h>

#define QN_MAX_KEYS 8 /* fields of a composite ensemble key */

/* How the array `amplitude` is cut. Every chunk holds all samples of its traces. */
struct qn_store_grid {
    uint64_t chunk_traces;   /* at least 1 */
    uint64_t shard_traces;   /* of one file: a multiple of chunk_traces, or equal: no shards */
    uint64_t segment_traces; /* nominal, of one task: a multiple of shard_traces */
};

struct qn_import {
    char path[PATH_MAX];
    uint64_t file_size;
    struct qn_segy_layout layout;
    struct qn_segy_field *fields; /* the columns of headers.parquet; owned, texts borrowed */
    size_t field_count;
    size_t keys[QN_MAX_KEYS]; /* indexes into fields, outermost first */
    size_t key_count;
    bool float32;      /* samples as float32, not in their native type */
    bool inverse_gain; /* format 4: a gain of g means 2^-g */
    int zarr_format;   /* 2 or 3 */
    bool sample_major; /* the array's shape is (time, trace); the bytes are the same */
    bool sharded;      /* shard files with an index; else one file per chunk */
    enum qn_zarr_codec codec;
    int level;
    struct qn_store_grid grid;
    struct qn_segy_notes notes; /* what was decided and why */
};

/* Decides everything of options and file. `mapping` gets what fields point into and has to live
 * as long as *import; release both, also after a failure. */
enum qn_status qn_import_decide(const struct qn_options *options,
                                const struct qn_segy_source *source,
                                struct qn_segy_mapping *mapping, struct qn_import *import,
                                struct qn_error *err);

/* To and from bytes. A decoded import borrows its texts from `bytes`. */
void qn_import_encode(const struct qn_import *import, struct qn_buf *buf);
enum qn_status qn_import_decode(const void *bytes, size_t len, struct qn_import *import,
                                struct qn_error *err);
void qn_import_release(struct qn_import *import);

/* The converter that the format, the byte order and the options ask for; never NULL. */
const struct qn_sample_converter *qn_import_converter(const struct qn_import *import);

/* Grid for `traces` traces of `trace_bytes` bytes of samples; 0 in *wanted: by default. */
enum qn_status qn_import_grid(uint64_t traces, uint64_t trace_bytes, bool sharded,
                              const struct qn_store_grid *wanted, struct qn_store_grid *grid,
                              struct qn_error *err);

/* Column names beside the fields' own: the row's trace number, and a field with its scalar applied
 * ("source_x_scaled"). */
#define QN_TRACE_INDEX "trace_index"
#define QN_COLUMN_NAME 96
void qn_scaled_name(const struct qn_segy_field *field, char name[QN_COLUMN_NAME]);

/* Bytes of the composite key in a trace header, and the key itself, fields one after another. */
size_t qn_import_key_bytes(const struct qn_import *import);
void qn_import_key(const struct qn_import *import, const uint8_t *trace_header, uint8_t *key);

/* Payload of a task. */
struct qn_segment {
    struct qn_trace_range headers; /* rows of headers.parquet */
    struct qn_trace_range samples; /* rows of the array */
};
/* All traces that the task reads, in one sweep. */
struct qn_trace_range qn_segment_reads(const struct qn_segment *segment);
void qn_segment_encode(const struct qn_segment *segment, struct qn_buf *buf);
enum qn_status qn_segment_decode(const struct qn_task *task, struct qn_segment *segment,
                                 struct qn_error *err);

#endif
