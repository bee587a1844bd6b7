/* What is odd about trace headers, and what never changes in them: counted by tasks while headers
 * pass by, merged in plan order by glue. A few nanoseconds per trace: nothing here decodes columns.
 */
#ifndef QN_PIPELINES_SEGY_SCAN_HEADER_CHECKS_H
#define QN_PIPELINES_SEGY_SCAN_HEADER_CHECKS_H

#include "base/buf.h"
#include "pipelines/segy/survey/reader.h"

/* Traces of which something is true, and the first of them. */
struct qn_trace_count {
    uint64_t count;
    uint64_t first; /* its number; only with count > 0 */
    double value;   /* what it has in the field in question */
};

struct qn_byte_range {
    size_t start, len;
};
#define QN_SCALED_RANGES 8

/* Of one scalar: 1, 10, 100, 1000 and 10000 of both signs are legal. */
struct qn_scalar_check {
    struct qn_segy_field scalar; /* where it is; byte 0: nothing is scaled by it */
    struct qn_byte_range scaled[QN_SCALED_RANGES]; /* bytes of what it scales */
    size_t scaled_count;
    uint64_t zero;               /* traces where it is 0, which counts as 1 */
    struct qn_trace_count naked; /* those of them with a value other than 0 that it scales */
    struct qn_trace_count illegal;
};

struct qn_header_checks {
    const struct qn_import *import;
    struct qn_trace_range traces; /* that were seen: empty at first */
    uint64_t count;               /* of them: fewer if a segment between failed */
    struct qn_scalar_check scalars[QN_SEGY_SCALING_COUNT]; /* of fields that are kept */
    struct qn_trace_count marked_dead;                     /* trace_id_code is 2 */
    struct qn_trace_count samples;    /* sample_count is neither 0 nor the trace's own */
    struct qn_trace_count interval;   /* sample_interval is neither 0 nor the survey's */
    struct qn_trace_count repeated;   /* all but sequence numbers is as in the trace before */
    struct qn_byte_range compared[3]; /* the bytes of which that is said */
    uint8_t *first;                   /* all header bytes of the first trace, */
    uint8_t *last;                    /* of the last, */
    uint8_t *varying;                 /* and which bits are not the same in all */
};

/* Borrows the import. Release also after a failure. */
enum qn_status qn_header_checks_init(struct qn_header_checks *checks,
                                     const struct qn_import *import, struct qn_error *err);
void qn_header_checks_release(struct qn_header_checks *checks);

/* Forgets all traces. */
void qn_header_checks_clear(struct qn_header_checks *checks);

/* The traces right after those before. */
void qn_header_checks_add(struct qn_header_checks *checks, const struct qn_traces *traces);

/* Adds the next segment's. */
void qn_header_checks_merge(struct qn_header_checks *into, const struct qn_header_checks *next);

void qn_header_checks_encode(const struct qn_header_checks *checks, struct qn_buf *buf);
/* Into checks that are initialised for the same import; what is damaged sets cursor->failed. */
void qn_header_checks_decode(struct qn_cursor *cursor, struct qn_header_checks *checks);

/* What a field is like over all traces. */
enum qn_constancy { QN_HEADER_VARIES, QN_HEADER_CONSTANT, QN_HEADER_ZERO };
enum qn_constancy qn_header_constancy(const struct qn_header_checks *checks,
                                      const struct qn_segy_field *field);

#endif
