/* What lies at each byte of the trace headers: smallest and largest value, how it goes from trace
 * to trace and about how many different values there are, under each type that a field there might
 * have. Shows where a file keeps its inlines when it is not where the standard says.
 *
 * Traces are added in the order of the file, in blocks of neighbours; parts of a file can be looked
 * at apart and merged in order, with the same result. Header bytes that never change cost nothing.
 */
#ifndef QN_PIPELINES_SEGY_SCAN_POSITIONS_H
#define QN_PIPELINES_SEGY_SCAN_POSITIONS_H

#include "base/byte_order.h"

#include <quern/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum qn_position_type {
    QN_POSITION_INT16,
    QN_POSITION_UINT16,
    QN_POSITION_INT32,
    QN_POSITION_IBM32,
    QN_POSITION_IEEE32,
    QN_POSITION_TYPES
};

/* "int16", ... */
const char *qn_position_type_name(enum qn_position_type type);

/* One position under one type. Steps are those between one trace looked at and the next. */
struct qn_position {
    double min, max; /* of finite values; min > max when there is none */
    double first, last;
    uint64_t rises, falls;
    uint64_t ones;    /* neighbours between which it rises by exactly 1 */
    uint64_t ties;    /* neighbours that have the same value */
    uint64_t strange; /* floats that are infinite, NaN, or not 0 and outside 1e-30 to 1e30 */
};

#define QN_POSITION_SEEN 512 /* bytes of a bitmap that estimates the number of different words */

struct qn_positions {
    size_t bytes; /* of a trace's headers that are looked at */
    enum qn_byte_order order;
    uint64_t traces;
    uint64_t first_trace, last_trace; /* numbers */
    uint64_t neighbours;              /* steps between neighbours in the file */
    struct qn_position *at;           /* at[byte - 1][type] */
    uint8_t *seen;                    /* seen[byte - 1][16 or 32 bits][QN_POSITION_SEEN] */
    double *column;                   /* scratch */
};

/* For headers of `bytes` bytes, at least 4. Release also after a failure. */
enum qn_status qn_positions_init(struct qn_positions *p, size_t bytes, enum qn_byte_order order,
                                 struct qn_error *err);
void qn_positions_release(struct qn_positions *p);

#define QN_POSITIONS_BLOCK 1024

/* Adds `count` neighbouring traces, at most QN_POSITIONS_BLOCK, from number `first` on; header i
 * starts at headers + i * stride. */
void qn_positions_add(struct qn_positions *p, uint64_t first, const uint8_t *headers, size_t stride,
                      size_t count);

/* Adds what was found in a later part of the file. */
void qn_positions_merge(struct qn_positions *p, const struct qn_positions *later);

const struct qn_position *qn_position_at(const struct qn_positions *p, unsigned byte,
                                         enum qn_position_type type);

/* About how many different words of 2 or 4 bytes there are at `byte`; exact below some hundreds,
 * 10000 for that many or more. */
uint64_t qn_position_distinct(const struct qn_positions *p, unsigned byte, unsigned word_bytes);

/* How a value goes from trace to trace. */
enum qn_behaviour {
    QN_BEHAVES_ZERO,     /* 0 in all traces */
    QN_BEHAVES_CONSTANT, /* the same in all traces */
    QN_BEHAVES_COUNTING, /* one more in every next trace */
    QN_BEHAVES_RISING,   /* never falls */
    QN_BEHAVES_FALLING,  /* never rises */
    QN_BEHAVES_RUNS,     /* the same over several neighbours, then another */
    QN_BEHAVES_VARYING
};
/* "zero", "constant", "counts", "rises", "falls", "runs", "varies". */
const char *qn_behaviour_name(enum qn_behaviour behaviour);

enum qn_behaviour qn_position_behaviour(const struct qn_positions *p, unsigned byte,
                                        enum qn_position_type type);

#endif
