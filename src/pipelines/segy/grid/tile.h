/* The task of one tile: reads its traces, writes its chunks of every array of grid.zarr, tells glue
 * what it found. */
#ifndef QN_PIPELINES_SEGY_GRID_TILE_H
#define QN_PIPELINES_SEGY_GRID_TILE_H

#include "pipelines/segy/grid/fill.h"

struct qn_tiler; /* of one worker; memory is taken with its first tile */

/* Import and reader are borrowed. */
enum qn_status qn_tiler_new(const struct qn_import *import, struct qn_reader *reader,
                            struct qn_tiler **tiler, struct qn_error *err);
void qn_tiler_free(struct qn_tiler *tiler); /* NULL is fine */

enum qn_status qn_tiler_run(struct qn_tiler *tiler, struct qn_task_run *run, struct qn_error *err);

/* What a tile tells glue. */
struct qn_tile_result {
    struct qn_fill_tally tally;
    uint64_t stored_bytes; /* of its chunks of amplitude, packed */
    /* Coordinates over the tile's box of each place that is not `whole`; NULL for others. Doubles,
     * little-endian and not aligned; they borrow the result's bytes. */
    const uint8_t *coordinates[QN_GRID_PLACES][2];
};

/* Decodes the result of tile `number`. */
enum qn_status qn_tile_result_decode(const struct qn_import *import, uint64_t number,
                                     const void *bytes, size_t len, struct qn_tile_result *result,
                                     struct qn_error *err);

#endif
