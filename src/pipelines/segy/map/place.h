/* Where traces lie on the ground: which header fields say it, found while planning by a first look
 * at their values, and the positions of traces as they pass by. */
#ifndef QN_PIPELINES_SEGY_MAP_PLACE_H
#define QN_PIPELINES_SEGY_MAP_PLACE_H

#include "base/buf.h"

#include <quern/error.h>

struct qn_import;
struct qn_traces;

/* One kind of position: fields of the import by their roles. */
struct qn_place {
    bool known;
    bool middle;  /* half-way between x, y and x2, y2 */
    uint8_t x, y; /* enum qn_role */
    uint8_t x2, y2;
};

/* Positions of traces in double precision, scalars applied. NaN where a header has none: int32
 * fields hold -2147483648 then, as other programs write it. */
void qn_place_of(const struct qn_import *import, const struct qn_place *place,
                 const struct qn_traces *traces, double *x, double *y);

enum qn_length_unit { QN_LENGTH_UNKNOWN, QN_LENGTH_METRES, QN_LENGTH_FEET, QN_LENGTH_DEGREES };

/* The positions of a survey, and the line numbers that its geometry is fitted to. */
struct qn_places {
    struct qn_place midpoint; /* CDP, or half-way between source and receiver, or source */
    struct qn_place source;
    struct qn_place receiver;
    bool stacked; /* the midpoint is that of a bin: many traces have the very same */
    bool inlines; /* inline and crossline vary: a volume */
    bool cdps;    /* cdp does: a line */
    enum qn_length_unit unit;
    int finest;           /* level of the map's bins (bins.h): a thousandth of the survey, about */
    char source_text[96]; /* what midpoint is made of, for people */
};

/* Looks at some traces of a planned import and decides. Fields that are constant all over the
 * survey say nothing. */
enum qn_status qn_places_decide(const struct qn_import *import, struct qn_places *places,
                                struct qn_error *err);

void qn_places_encode(const struct qn_places *places, struct qn_buf *buf);
void qn_places_decode(struct qn_cursor *cursor, struct qn_places *places);

#endif
