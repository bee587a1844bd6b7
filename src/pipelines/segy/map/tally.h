/* What a segment knows of where its traces lie: bins for the map, sums for the geometry. Made in
 * passing by tasks, merged by glue in plan order. */
#ifndef QN_PIPELINES_SEGY_MAP_TALLY_H
#define QN_PIPELINES_SEGY_MAP_TALLY_H

#include "compute/geometry.h"
#include "pipelines/segy/import.h"
#include "pipelines/segy/map/bins.h"
#include "pipelines/segy/survey/reader.h"

#define QN_MAP_BINS        6000  /* of one segment */
#define QN_MAP_BINS_SURVEY 32768 /* of all */

struct qn_map_tally {
    uint64_t placed;   /* traces with a position */
    uint64_t unplaced; /* without one */
    struct qn_bins bins;
    struct qn_moments moments;
    /* Traces at exactly (0, 0), which is a place in few surveys and the lack of one in most. */
    uint64_t at_zero;
    uint64_t zero_positions;
    struct qn_moments zero_moments;
    /* Private. */
    double last[2]; /* position of the trace before; NaN */
    double *block;  /* x, y, i, j of a block of traces; owned */
    size_t room;    /* traces of it */
};

/* `finest`: the level of the bins at first; `room`: the most traces of one qn_map_tally_add, 0 for
 * a tally that only merges. */
enum qn_status qn_map_tally_init(struct qn_map_tally *tally, int finest, size_t bins, size_t room,
                                 struct qn_error *err);
void qn_map_tally_release(struct qn_map_tally *tally);
void qn_map_tally_clear(struct qn_map_tally *tally);

/* Adds traces, in order. Does nothing for an import without positions. */
void qn_map_tally_add(struct qn_map_tally *tally, const struct qn_import *import,
                      const struct qn_traces *traces);

/* To bytes, and adds what another tally's bytes tell. False: damaged. */
void qn_map_tally_encode(const struct qn_map_tally *tally, struct qn_buf *buf);
bool qn_map_tally_merge(struct qn_map_tally *tally, struct qn_cursor *cursor);

/* After the last merge: takes the traces at (0, 0) for what they are, placed ones if the others lie
 * around them, else unplaced ones. */
void qn_map_tally_finish(struct qn_map_tally *tally);

#endif
