/* Planning the gridded form of a survey: finds its dimensions, checks that they make a grid, cuts
 * it into tiles, and tells each tile's task which traces it holds.
 *
 * Refused with the reason: columns that are not there, far more cells than traces, traces that
 * share a cell unless --duplicates says what to do with them.
 */
#ifndef QN_PIPELINES_SEGY_GRID_PLAN_H
#define QN_PIPELINES_SEGY_GRID_PLAN_H

#include "pipelines/segy/grid/runs.h"
#include "pipelines/segy/import.h"

/* The tasks that make grid.zarr, from the plan's own memory. Zero-initialise. */
struct qn_grid_tasks {
    struct qn_cell_runs
        *tiles;       /* of each tile: its traces as runs of cells within its box; owned */
    uint64_t *traces; /* of each tile; owned */
    uint64_t count;
};
void qn_grid_tasks_release(struct qn_grid_tasks *tasks);

/* Makes import->lattice and its tasks; does nothing without --grid. */
enum qn_status qn_grid_plan(const struct qn_options *options, struct qn_plan *plan,
                            struct qn_import *import, struct qn_grid_tasks *tasks,
                            struct qn_error *err);

/* Adds the tasks to the plan. */
enum qn_status qn_grid_add_tasks(struct qn_plan *plan, const struct qn_import *import,
                                 const struct qn_grid_tasks *tasks, struct qn_error *err);

/* Bytes of grid.zarr without packing, as far as it has traces. */
uint64_t qn_grid_expected_bytes(const struct qn_import *import);

/* Payload of a tile's task. */
struct qn_tile {
    uint64_t number;
    uint64_t traces;
    struct qn_cell_run_reader
        runs; /* of cells in the tile's box, without the dimension `duplicate` */
};
enum qn_status qn_tile_decode(const struct qn_task *task, struct qn_tile *tile,
                              struct qn_error *err);

#endif
