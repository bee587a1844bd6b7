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
#include "pipelines/segy/grid/grid.h"
#include "pipelines/segy/map/place.h"
#include "pipelines/segy/segments.h"
#include "pipelines/segy/survey/survey.h"

#include <quern/pipeline.h>

#define QN_MAX_KEYS 8 /* fields of a composite ensemble key */

/* How the array `amplitude` is cut. Every chunk holds all samples of its traces. */
struct qn_store_grid {
    uint64_t chunk_traces;   /* at least 1 */
    uint64_t shard_traces;   /* of one file: a multiple of chunk_traces, or equal: no shards */
    uint64_t segment_traces; /* nominal, of one task: a multiple of shard_traces */
};

/* A header computed of others, in an order in which each needs only those before it. Its texts are
 * borrowed. */
struct qn_computed {
    const char *name;
    const char *expression; /* of compute/expression.h */
    const char *description;
    enum qn_dtype dtype; /* numeric: what its values are stored as */
    bool column;         /* of headers.parquet; else only other headers need it */
};

/* One part of the ensemble key: a column of headers.parquet. */
struct qn_key_part {
    enum { QN_KEY_FIELD, QN_KEY_SCALED, QN_KEY_COMPUTED } kind;
    size_t index; /* into fields; into computed */
};

/* Fields that the import itself looks at, by what they mean. */
enum qn_role {
    QN_ROLE_DELAY,         /* delay_recording_time */
    QN_ROLE_TRACE_ID,      /* trace_id_code */
    QN_ROLE_SAMPLES,       /* sample_count */
    QN_ROLE_INTERVAL,      /* sample_interval */
    QN_ROLE_SEQUENCE,      /* trace_sequence_line */
    QN_ROLE_FILE_SEQUENCE, /* trace_sequence_file */
    QN_ROLE_CDP_X,         /* cdp_x, and so on: map/place.h */
    QN_ROLE_CDP_Y,
    QN_ROLE_SOURCE_X,
    QN_ROLE_SOURCE_Y,
    QN_ROLE_RECEIVER_X,
    QN_ROLE_RECEIVER_Y,
    QN_ROLE_COORD_UNITS,
    QN_ROLE_INLINE,
    QN_ROLE_CROSSLINE,
    QN_ROLE_CDP,
    QN_ROLE_COUNT
};

#define QN_LAYOUT_NAME 200

struct qn_import {
    struct qn_survey survey;
    /* What the files have in common, and of the whole survey: trace_count, samples of the longest
     * trace, trace_bytes with that many; variable: not all traces have as many. The rest is that
     * of the first file. */
    struct qn_segy_layout layout;
    char header_layout[QN_LAYOUT_NAME]; /* its name, or the file it is from */
    struct qn_segy_field *fields;       /* columns of headers.parquet; owned, texts borrowed */
    size_t field_count;
    struct qn_segy_field *inputs; /* others, of which headers are computed; owned as well */
    size_t input_count;
    struct qn_computed *computed; /* owned */
    size_t computed_count;
    struct qn_key_part keys[QN_MAX_KEYS]; /* outermost first */
    size_t key_count;
    struct qn_segy_field roles[QN_ROLE_COUNT]; /* byte 0: not in the layout */
    bool raw_headers;      /* column raw_header: all headers of the trace as they are */
    bool lossless_headers; /* every header byte can be had back from the columns */
    bool float32;          /* samples as float32, not in their native type */
    bool inverse_gain;     /* format 4: a gain of g means 2^-g */
    int zarr_format;       /* 2 or 3 */
    bool sample_major;     /* the array's shape is (time, trace); the bytes are the same */
    bool sharded;          /* shard files with an index; else one file per chunk */
    enum qn_zarr_codec codec;
    int level;
    struct qn_store_grid grid;
    struct qn_places places;    /* where the traces lie on the ground */
    struct qn_grid gridded;     /* what --grid asks for; ndim 0: nothing */
    bool depth;                 /* samples count depth, not time */
    bool no_traces;             /* traces.zarr is left out */
    struct qn_segy_notes notes; /* what was decided and why */
};

/* Decides all that follows the survey, its layout and notes, which are there. `mapping` gets what
 * fields point into and has to live as long as *import; release both, also after a failure. */
enum qn_status qn_import_decide(const struct qn_options *options, struct qn_segy_mapping *mapping,
                                struct qn_import *import, struct qn_error *err);

/* The ranges of header bytes, from 1, that cannot be had back from the columns ("31-232, 269-272"),
 * as many as fit; false if there are none. */
bool qn_import_header_gaps(const struct qn_import *import, char *text, size_t size);

/* To and from bytes. A decoded import borrows its texts from `bytes`. The part between columns and
 * key, in import_headers.c, is put and got by itself. */
void qn_import_put_headers(const struct qn_import *import, struct qn_buf *buf);
enum qn_status qn_import_get_headers(struct qn_cursor *cursor, struct qn_import *import,
                                     struct qn_error *err);
void qn_import_encode(const struct qn_import *import, struct qn_buf *buf);
enum qn_status qn_import_decode(const void *bytes, size_t len, struct qn_import *import,
                                struct qn_error *err);
void qn_import_release(struct qn_import *import);

/* The converter that the format, the byte order and the options ask for; never NULL. */
const struct qn_sample_converter *qn_import_converter(const struct qn_import *import);

/* Column names beside the fields' own: the row's trace number, its number of samples where not all
 * have as many, its file where there are several, all its header bytes, and a field's value that
 * counts ("source_x_scaled"). */
#define QN_TRACE_INDEX   "trace_index"
#define QN_TRACE_SAMPLES "trace_samples"
#define QN_SOURCE_FILE   "source_file"
#define QN_RAW_HEADER    "raw_header"
#define QN_COLUMN_NAME   96
void qn_scaled_name(const struct qn_segy_field *field, char name[QN_COLUMN_NAME]);

/* What a task makes; the first byte of its payload. */
enum qn_task_kind {
    QN_TASK_SEGMENT = 1, /* rows of headers.parquet and of traces.zarr */
    QN_TASK_TILE = 2     /* a tile of grid.zarr: see grid/plan.h */
};
enum qn_task_kind qn_task_kind(const struct qn_task *task);

/* Payload of a segment. */
struct qn_segment {
    struct qn_trace_range headers; /* rows of headers.parquet */
    struct qn_trace_range samples; /* rows of the array */
};
/* All traces that the task reads, in one sweep. */
struct qn_trace_range qn_segment_reads(const struct qn_segment *segment);
void qn_segment_encode(const struct qn_segment *segment, struct qn_buf *buf);
enum qn_status qn_segment_decode(const struct qn_import *import, const struct qn_task *task,
                                 struct qn_segment *segment, struct qn_error *err);

#endif
