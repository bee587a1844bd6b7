/* What a finished segment tells glue: figures, the row groups of its headers, its gathers, its
 * columns of the picture. Bytes in the task's result; glue reads them in plan order. */
#ifndef QN_PIPELINES_SEGY_RESULT_H
#define QN_PIPELINES_SEGY_RESULT_H

#include "base/buf.h"
#include "compute/samples.h"
#include "compute/stats.h"
#include "pipelines/segy/segments.h"

/* Figures that add up over segments. */
struct qn_tally {
    uint64_t header_rows;
    uint64_t sample_rows;
    uint64_t dead_traces;  /* all samples zero */
    uint64_t odd_headers;  /* unlike the others: see format/segy/mark.h */
    uint64_t first_odd;    /* the first trace with one; UINT64_MAX: none */
    uint64_t stored_bytes; /* of all chunks, packed */
    uint64_t exceptions;   /* samples that the array does not give back: see dataset/exceptions.h */
    uint64_t unkept_segments; /* segments that had too many of them, and kept none */
    struct qn_convert_counts converted;
    struct qn_stats stats;
    double delay_min; /* recording delay in ms, as its scalar says; +inf and -inf at first */
    double delay_max;
};

void qn_tally_init(struct qn_tally *tally);
/* Adds `next`; call in plan order. */
void qn_tally_merge(struct qn_tally *into, const struct qn_tally *next);

/* A list of equal or self-describing items in bytes. */
struct qn_items {
    uint32_t count;
    struct qn_buf bytes;
};

/* Made by a task. Zero-initialise, then qn_tally_init; release with qn_result_release. */
struct qn_result {
    struct qn_tally tally;
    struct qn_items groups;     /* row groups: see import/headers.h */
    struct qn_items checks;     /* of headers: see scan/header_checks.h, then computed.h */
    struct qn_items runs;       /* gathers: see import/gathers.h */
    struct qn_items picture;    /* columns of float32: see picture.h */
    struct qn_items exceptions; /* row groups: see dataset/exceptions.h */
    struct qn_items map;        /* one, if the traces have positions: see map/tally.h */
};

void qn_result_clear(struct qn_result *result);
void qn_result_release(struct qn_result *result);
void qn_result_encode(const struct qn_result *result, struct qn_buf *buf);

/* Read by glue: the lists borrow `bytes`. */
struct qn_result_view {
    struct qn_tally tally;
    uint32_t group_count, check_count, run_count, picture_count, exception_count, map_count;
    struct qn_cursor groups, checks, runs, picture, exceptions, map;
};
enum qn_status qn_result_decode(const void *bytes, size_t len, struct qn_result_view *view,
                                struct qn_error *err);

#endif
