/* Counting fold: see fold.h. What tiles hold stands in the plan: no trace is read. */
#include "pipelines/segy/map/fold.h"

#include "base/sys.h"
#include "pipelines/segy/grid/plan.h"

#include <stdlib.h>
#include <string.h>

#define MOST_BLOCKS 400u /* along an axis: about two pixels each */

/* The dimension of a column of whole numbers, whose keys are its values; -1: there is none. */
static int find_axis(const struct qn_grid *grid, const char *column)
{
    for (uint32_t d = 0; d < grid->keys; d++)
        if (!strcmp(grid->axes[d].column, column) && grid->axes[d].dtype < QN_UINT64)
            return (int)d;
    return -1;
}

bool qn_fold_there_is(const struct qn_import *import)
{
    return import->gridded.ndim > 0 && find_axis(&import->gridded, "inline") >= 0 &&
           find_axis(&import->gridded, "crossline") >= 0;
}

void qn_fold_release(struct qn_fold *fold)
{
    free(fold->traces);
    fold->traces = NULL;
}

/* Adds the traces of one tile. */
static enum qn_status count_tile(struct qn_fold *fold, const struct qn_grid *grid,
                                 const int dims[2], struct qn_tile *tile, struct qn_error *err)
{
    struct qn_grid_box box = qn_grid_box(grid, tile->number);
    struct qn_cell_run run;
    while (qn_cell_run_next(&tile->runs, &run)) {
        for (uint64_t i = 0; i < run.count; i++) {
            uint64_t rest = (uint64_t)run.place[0] + i * (uint64_t)run.step[0];
            uint64_t at[QN_GRID_DIMS];
            for (uint32_t d = grid->keys; d-- > 0;) {
                at[d] = box.origin[d] + rest % box.extent[d];
                rest /= box.extent[d];
            }
            uint64_t a = at[dims[0]] / fold->side[0];
            uint64_t b = at[dims[1]] / fold->side[1];
            fold->traces[a * fold->blocks[1] + b]++;
        }
    }
    return tile->runs.cursor.failed ? qn_fail(err, QN_ERR_CORRUPT, "a tile in the plan is damaged.")
                                    : QN_OK;
}

enum qn_status qn_fold_count(struct qn_glue *glue, const struct qn_import *import,
                             struct qn_fold *fold, struct qn_error *err)
{
    const struct qn_grid *grid = &import->gridded;
    const int dims[2] = {find_axis(grid, "inline"), find_axis(grid, "crossline")};
    *fold = (struct qn_fold){0};
    if (dims[0] < 0 || dims[1] < 0)
        return qn_fail(err, QN_ERR_INTERNAL, "there is no fold without inlines and crosslines.");
    for (unsigned w = 0; w < 2; w++) {
        fold->axes[w] = &grid->axes[dims[w]];
        fold->side[w] = (fold->axes[w]->count + MOST_BLOCKS - 1) / MOST_BLOCKS;
        fold->blocks[w] = (fold->axes[w]->count + fold->side[w] - 1) / fold->side[w];
    }
    fold->traces = qn_sys.calloc(fold->blocks[0] * fold->blocks[1], sizeof *fold->traces);
    if (!fold->traces)
        return qn_fail_memory(err, "the map", fold->blocks[0] * fold->blocks[1] * 4);
    enum qn_status status = QN_OK;
    for (uint64_t i = 0; i < qn_glue_count(glue) && !status; i++) {
        struct qn_tile tile;
        bool done;
        const struct qn_task *task = qn_glue_task(glue, i, &done);
        if (qn_task_kind(task) != QN_TASK_TILE || !done)
            continue;
        status = qn_tile_decode(task, &tile, err);
        if (!status)
            status = count_tile(fold, grid, dims, &tile, err);
    }
    return status;
}

static uint64_t length_of(const struct qn_fold *fold, unsigned which, uint64_t at)
{
    uint64_t left = fold->axes[which]->count - at * fold->side[which];
    return left < fold->side[which] ? left : fold->side[which];
}

uint64_t qn_fold_bins(const struct qn_fold *fold, uint64_t a, uint64_t b)
{
    return length_of(fold, 0, a) * length_of(fold, 1, b);
}

double qn_fold_middle(const struct qn_fold *fold, unsigned which, uint64_t a)
{
    const int64_t *keys = fold->axes[which]->keys + a * fold->side[which];
    return ((double)keys[0] + (double)keys[length_of(fold, which, a) - 1]) / 2;
}

double qn_fold_step(const struct qn_fold *fold, unsigned which)
{
    const struct qn_axis *axis = fold->axes[which];
    if (axis->count < 2)
        return 1;
    return ((double)axis->keys[axis->count - 1] - (double)axis->keys[0]) /
           (double)(axis->count - 1);
}
