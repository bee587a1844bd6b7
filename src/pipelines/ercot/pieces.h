/* Pieces of input: what a task's payload lists. */
#ifndef QN_PIPELINES_ERCOT_PIECES_H
#define QN_PIPELINES_ERCOT_PIECES_H

#include "pipelines/ercot/intake.h"

struct er_piece {
    const char *path; /* when read back: in a buffer of the caller */
    struct er_extent extent;
    struct er_span_of span;
};

void er_piece_put(struct qn_buf *payload, const struct er_piece *piece);

/* The schema of a job: the built-in one, and what `shared` holds of a file. */
enum qn_status er_job_schema(const void *shared, size_t len, struct er_schema *schema,
                             struct qn_error *err);

#endif
