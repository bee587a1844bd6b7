/* Where the traces of a survey lie: stretches of consecutive traces, one after another in its
 * files.
 *
 * A stretch is even, all its traces of one length and so at a constant distance, or it is a chain
 * in which each trace header says where the next one begins. A file of traces of one length is one
 * stretch; damage cuts it into several; traces of different lengths are even stretches where they
 * come in runs and short chains where they do not, so that nobody follows a long one to find a
 * trace. The list is part of the plan.
 */
#ifndef QN_PIPELINES_SEGY_SURVEY_STRETCHES_H
#define QN_PIPELINES_SEGY_SURVEY_STRETCHES_H

#include "base/buf.h"

#include <quern/error.h>

struct qn_stretch {
    uint64_t first;   /* number of its first trace in the survey */
    uint64_t count;   /* traces, at least 1 */
    uint64_t offset;  /* of its first trace header in the file */
    uint64_t end;     /* the byte after its last trace */
    uint32_t file;    /* its index among the survey's files */
    uint32_t samples; /* of each trace; 0: a chain */
};

/* In order of their traces, without gaps in their numbers. Zero-initialise. */
struct qn_stretches {
    struct qn_stretch *at;
    size_t count;
    size_t room;
};

void qn_stretches_release(struct qn_stretches *list);

/* Appends a stretch; its `first` follows from those before. */
enum qn_status qn_stretches_add(struct qn_stretches *list, struct qn_stretch stretch,
                                struct qn_error *err);

/* Traces of all stretches. */
uint64_t qn_stretches_traces(const struct qn_stretches *list);

/* The index of the stretch that holds `trace`, which is below qn_stretches_traces. */
size_t qn_stretches_find(const struct qn_stretches *list, uint64_t trace);

/* Bytes from trace `start` to before trace `end`; in chains, which nobody follows for it, an
 * estimate. */
uint64_t qn_stretches_bytes(const struct qn_stretches *list, uint64_t start, uint64_t end);

/* To and from bytes; a list that is out of order or empty is QN_ERR_CORRUPT. */
void qn_stretches_encode(const struct qn_stretches *list, struct qn_buf *buf);
enum qn_status qn_stretches_decode(struct qn_cursor *cursor, struct qn_stretches *list,
                                   struct qn_error *err);

#endif
