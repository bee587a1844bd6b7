/* Runs: where traces stand, as long rows with even steps. A run is consecutive traces whose places
 * (a vector of whole numbers: header values, or a cell) go on by the same step. A survey in order
 * is a run per line; one in disorder takes some bytes a trace.
 *
 * As bytes: for each run, as LEB128 varints, the traces left out since the run before, count - 1,
 * the place less the last place before, and for more than one trace the step; signed ones zigzag.
 */
#ifndef QN_PIPELINES_SEGY_GRID_RUNS_H
#define QN_PIPELINES_SEGY_GRID_RUNS_H

#include "base/buf.h"

#define QN_RUN_WIDTH 8 /* most numbers of a place */

struct qn_cell_run {
    uint64_t trace; /* the first */
    uint64_t count; /* at least 1 */
    int64_t place[QN_RUN_WIDTH];
    int64_t step[QN_RUN_WIDTH];
};

/* Writes runs. Zero-initialise and set `width`; check bytes.failed after qn_cell_runs_end. */
struct qn_cell_runs {
    uint32_t width;
    struct qn_buf bytes;
    struct qn_cell_run open; /* count 0: none */
    uint64_t trace;          /* after the last run written */
    int64_t place[QN_RUN_WIDTH];
};

/* The next trace, later than all before. */
void qn_cell_runs_add(struct qn_cell_runs *runs, uint64_t trace, const int64_t *place);
void qn_cell_runs_end(struct qn_cell_runs *runs);

/* Reads them again, from zero-initialised state with `width` and `cursor` set. */
struct qn_cell_run_reader {
    uint32_t width;
    struct qn_cursor cursor;
    uint64_t trace;
    int64_t place[QN_RUN_WIDTH];
};

/* False at the end, and where the bytes are damaged (cursor.failed). */
bool qn_cell_run_next(struct qn_cell_run_reader *reader, struct qn_cell_run *run);

#endif
