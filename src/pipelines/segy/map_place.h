/* Where traces lie on the ground: which header fields say it, found while planning by a first look
 * at their values, and the positions of traces as they pass by. */
#ifndef QN_PIPELINES_SEGY_MAP_PLACE_H
#define QN_PIPELINES_SEGY_MAP_PLACE_H

#include "base/buf.h"
#include "format/segy.h"

struct qn_import;
struct qn_traces;

/* One kind of position; both coordinates have their scalars applied. */
struct qn_place {
    bool known;
    bool middle; /* half-way between x, y and x2, y2 */
    struct qn_segy_field x, y;
    struct qn_segy_field x2, y2;
};

/* Positions in double precision. NaN where a header has none: int32 fields hold -2147483648 then,
 * as other programs write it. */
void qn_place_of(const struct qn_place *position, enum qn_byte_order order,
                 const struct qn_traces *traces, double *x, double *y);

enum qn_length_unit { QN_LENGTH_UNKNOWN, QN_LENGTH_METRES, QN_LENGTH_FEET, QN_LENGTH_DEGREES };

/* The positions of a survey, and the line numbers that its geometry is fitted to. */
struct qn_places {
    struct qn_place midpoint; /* CDP, or half-way between source and receiver, or source */
    struct qn_place source;
    struct qn_place receiver;
    bool stacked;       /* the midpoint is that of a bin: many traces have the very same */
    bool has_inline;    /* lines[0] is there; otherwise the survey is a line of CDPs */
    bool has_crossline; /* lines[1] is there: crossline, or cdp of a line */
    struct qn_segy_field lines[2];
    enum qn_length_unit unit;
    char source_text[96]; /* what midpoint is made of, for people */
};

/* Looks at some traces of a planned import and decides. Fields that are constant all over the
 * survey say nothing. */
enum qn_status qn_places_decide(const struct qn_import *import, struct qn_places *places,
                                struct qn_error *err);

/* To and from bytes; decoded fields have no names. */
void qn_places_encode(const struct qn_places *places, struct qn_buf *buf);
void qn_places_decode(struct qn_cursor *cursor, struct qn_places *places);

#endif
