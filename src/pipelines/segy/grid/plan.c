/* Planning a grid: see plan.h. The headers are read once, by the scan; everything after works
 * on the runs that it leaves. */
#include "pipelines/segy/grid/plan.h"

#include "base/json_memory.h"
#include "base/sys.h"
#include "pipelines/segy/grid/facts.h"
#include "pipelines/segy/grid/resolve.h"

#include <stdlib.h>
#include <string.h>

struct planning {
    struct qn_plan *plan;
    const struct qn_import *import;
    const struct qn_grid_request *request;
    struct qn_grid_scan scan;
    struct qn_grid *grid;
    struct qn_census census;
    struct qn_grid_tasks *tasks;
};

/* ---- walking over all traces ---------------------------------------------------------------- */

/* Gets each trace in order with its places along the axes. */
typedef enum qn_status visit(struct planning *planning, uint64_t trace, const uint64_t *places,
                             struct qn_error *err);

static enum qn_status walk_run(struct planning *planning, const struct qn_cell_run *run,
                               uint64_t *places, visit *visit_trace, struct qn_error *err)
{
    const struct qn_grid *grid = planning->grid;
    enum qn_status status = QN_OK;
    for (uint64_t i = 0; i < run->count && !status; i++) {
        for (uint32_t d = 0; d < grid->keys; d++) {
            uint64_t key = (uint64_t)run->place[d] + i * (uint64_t)run->step[d];
            places[d] = qn_axis_find(&grid->axes[d], (int64_t)key, places[d]);
        }
        status = visit_trace(planning, run->trace + i, places, err);
    }
    return status;
}

static enum qn_status walk(struct planning *planning, visit *visit_trace, struct qn_error *err)
{
    const struct qn_grid_scan *scan = &planning->scan;
    uint64_t places[QN_GRID_DIMS] = {0};
    enum qn_status status = QN_OK;
    for (size_t b = 0; b < scan->block_count && !status; b++) {
        const struct qn_buf *bytes = &scan->blocks[b];
        struct qn_cell_run_reader runs = {.width = scan->width,
                                          .cursor = {.data = bytes->data, .len = bytes->len},
                                          .trace = (uint64_t)b * QN_SCAN_BLOCK};
        struct qn_cell_run run;
        while (!status && qn_cell_run_next(&runs, &run))
            status = walk_run(planning, &run, places, visit_trace, err);
        if (!status && qn_plan_cancelled(planning->plan))
            status = qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
    }
    return status;
}

static uint64_t cell_of(const struct qn_grid *grid, const uint64_t *places)
{
    uint64_t cell = 0;
    for (uint32_t d = 0; d < grid->keys; d++)
        cell = cell * grid->axes[d].count + places[d];
    return cell;
}

static enum qn_status count_trace(struct planning *planning, uint64_t trace, const uint64_t *places,
                                  struct qn_error *err)
{
    return qn_census_add(&planning->census, cell_of(planning->grid, places), trace, err);
}

static enum qn_status recall_trace(struct planning *planning, uint64_t trace,
                                   const uint64_t *places, struct qn_error *err)
{
    (void)err;
    qn_census_recall(&planning->census, cell_of(planning->grid, places), trace);
    return QN_OK;
}

/* Hands the trace to its tile. */
static enum qn_status place_trace(struct planning *planning, uint64_t trace, const uint64_t *places,
                                  struct qn_error *err)
{
    (void)err;
    const struct qn_grid *grid = planning->grid;
    uint64_t tile = 0;
    uint64_t cell = 0;
    for (uint32_t d = 0; d < grid->keys; d++) {
        uint64_t length = grid->tile[d];
        uint64_t count = grid->axes[d].count;
        uint64_t at = places[d] / length;
        uint64_t extent = count - at * length < length ? count - at * length : length;
        tile = tile * ((count + length - 1) / length) + at;
        cell = cell * extent + places[d] % length;
    }
    int64_t place = (int64_t)cell;
    qn_cell_runs_add(&planning->tasks->tiles[tile], trace, &place);
    planning->tasks->traces[tile]++;
    return QN_OK;
}

/* ---- the grid ------------------------------------------------------------------------------- */

static enum qn_status make_axes(struct planning *planning, struct qn_error *err)
{
    struct qn_grid *grid = planning->grid;
    const struct qn_grid_scan *scan = &planning->scan;
    enum qn_status status = QN_OK;
    for (uint32_t d = 0; d < scan->width && !status; d++) {
        struct qn_axis *axis = &grid->axes[d];
        *axis = (struct qn_axis){.dtype = scan->dtypes[d]};
        memcpy(axis->name, planning->request->wishes[d].name, sizeof axis->name);
        memcpy(axis->column, scan->columns[d], sizeof axis->column);
        grid->ndim = grid->keys = d + 1;
        status = qn_axis_make(axis, &scan->values[d], err);
    }
    return status;
}

/* Counts the traces of all cells. */
static enum qn_status take_census(struct planning *planning, struct qn_error *err)
{
    struct qn_grid *grid = planning->grid;
    enum qn_status status =
        qn_grid_check_sparsity(planning->plan, grid, planning->import->layout.trace_count,
                               planning->request->sparsity, err);
    if (!status)
        status = qn_census_init(&planning->census, qn_grid_key_cells(grid), err);
    if (!status)
        status = walk(planning, count_trace, err);
    if (!status && planning->census.shared_count > 0)
        status = walk(planning, recall_trace, err);
    return status ? status : qn_grid_check_duplicates(grid, &planning->census, err);
}

static enum qn_status add_duplicate_axis(struct planning *planning, struct qn_error *err)
{
    struct qn_grid *grid = planning->grid;
    if (grid->duplicates != QN_DUPLICATES_DIMENSION)
        return QN_OK;
    return qn_axis_count_up(&grid->axes[grid->ndim++], QN_GRID_DUPLICATE, planning->census.deepest,
                            err);
}

static enum qn_status cut(struct planning *planning, struct qn_error *err)
{
    const struct qn_import *import = planning->import;
    const struct qn_grid_request *request = planning->request;
    struct qn_grid *grid = planning->grid;
    uint32_t fastest[QN_GRID_KEYS];
    for (uint32_t d = 0; d < grid->keys; d++) {
        uint32_t i = d;
        for (; i > 0 && planning->scan.changes[fastest[i - 1]] < planning->scan.changes[d]; i--)
            fastest[i] = fastest[i - 1];
        fastest[i] = d;
    }
    uint64_t samples = request->chunk[request->ndim];
    memcpy(grid->chunk, request->chunk, grid->keys * sizeof *grid->chunk);
    grid->chunk_samples =
        (uint32_t)(samples < import->layout.samples ? samples : import->layout.samples);
    return qn_grid_cut(grid,
                       (uint64_t)import->layout.samples * qn_import_converter(import)->dtype_bytes,
                       request->tile_bytes, fastest, request->chunk_given, err);
}

static enum qn_status keep_facts(struct planning *planning, struct qn_error *err)
{
    json_t *facts =
        qn_grid_facts(planning->grid, &planning->census, planning->import->layout.trace_count);
    planning->grid->facts = facts ? qn_json_dump(facts, JSON_REAL_PRECISION(17)) : NULL;
    json_decref(facts);
    if (!planning->grid->facts)
        return qn_fail_memory(err, "the grid", 1);
    return qn_grid_note(planning->plan, planning->grid, &planning->census, err);
}

static enum qn_status place_traces(struct planning *planning, struct qn_error *err)
{
    struct qn_grid_tasks *tasks = planning->tasks;
    tasks->count = qn_grid_tiles(planning->grid);
    tasks->tiles = qn_sys.calloc(tasks->count, sizeof *tasks->tiles);
    tasks->traces = qn_sys.calloc(tasks->count, sizeof *tasks->traces);
    if (!tasks->tiles || !tasks->traces) {
        tasks->count = tasks->tiles ? tasks->count : 0;
        return qn_fail_memory(err, "the tiles of the grid", tasks->count * sizeof *tasks->tiles);
    }
    for (uint64_t t = 0; t < tasks->count; t++)
        tasks->tiles[t].width = 1;
    enum qn_status status = walk(planning, place_trace, err);
    for (uint64_t t = 0; t < tasks->count && !status; t++) {
        qn_cell_runs_end(&tasks->tiles[t]);
        if (tasks->tiles[t].bytes.failed)
            status = qn_fail_memory(err, "the tiles of the grid", tasks->tiles[t].bytes.len);
    }
    return status;
}

static enum qn_status plan_grid(struct planning *planning, struct qn_error *err)
{
    enum qn_status status =
        qn_grid_resolve(planning->import, planning->request, &planning->scan, err);
    if (!status)
        status = qn_grid_scan(planning->import, planning->plan, &planning->scan, err);
    if (!status)
        status = make_axes(planning, err);
    if (!status)
        status = take_census(planning, err);
    if (!status)
        status = add_duplicate_axis(planning, err);
    if (!status)
        status = cut(planning, err);
    if (!status)
        status = keep_facts(planning, err);
    return status ? status : place_traces(planning, err);
}

enum qn_status qn_grid_plan(const struct qn_options *options, struct qn_plan *plan,
                            struct qn_import *import, struct qn_grid_tasks *tasks,
                            struct qn_error *err)
{
    struct qn_grid_request request;
    enum qn_status status = qn_grid_request(options, &request, err);
    if (status || request.ndim == 0)
        return status;
    struct planning planning = {.plan = plan,
                                .import = import,
                                .request = &request,
                                .grid = &import->gridded,
                                .tasks = tasks};
    import->gridded.duplicates = request.duplicates;
    if (request.known)
        import->gridded.template = (uint8_t)(request.known - qn_grid_templates + 1);
    import->depth |= request.depth;
    status = plan_grid(&planning, err);
    qn_census_release(&planning.census);
    qn_grid_scan_release(&planning.scan);
    return status;
}

/* ---- tasks ---------------------------------------------------------------------------------- */

void qn_grid_tasks_release(struct qn_grid_tasks *tasks)
{
    for (uint64_t t = 0; t < tasks->count && tasks->tiles; t++)
        qn_buf_release(&tasks->tiles[t].bytes);
    free(tasks->tiles);
    free(tasks->traces);
    *tasks = (struct qn_grid_tasks){0};
}

enum qn_status qn_grid_add_tasks(struct qn_plan *plan, const struct qn_import *import,
                                 const struct qn_grid_tasks *tasks, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    struct qn_buf payload = {0};
    for (uint64_t t = 0; t < tasks->count && !status; t++) {
        uint64_t traces = tasks->traces[t];
        uint64_t cost = traces * import->layout.trace_bytes;
        qn_buf_clear(&payload);
        qn_buf_u8(&payload, QN_TASK_TILE);
        qn_buf_u64(&payload, t);
        qn_buf_u64(&payload, traces);
        qn_buf_append(&payload, tasks->tiles[t].bytes.data, tasks->tiles[t].bytes.len);
        /* Its traces are counted as items where their headers go. */
        status = payload.failed
                     ? qn_fail_memory(err, "a task", payload.len)
                     : qn_plan_add(plan, cost > 0 ? cost : 1, 0, payload.data, payload.len, err);
    }
    qn_buf_release(&payload);
    return status;
}

uint64_t qn_grid_expected_bytes(const struct qn_import *import)
{
    uint64_t cells = 1;
    if (import->gridded.ndim == 0)
        return 0;
    for (uint32_t d = 0; d < import->gridded.ndim; d++)
        cells *= import->gridded.axes[d].count;
    uint64_t row = (uint64_t)import->layout.samples * qn_import_converter(import)->dtype_bytes;
    return import->layout.trace_count * row + cells * 9;
}

enum qn_status qn_tile_decode(const struct qn_task *task, struct qn_tile *tile,
                              struct qn_error *err)
{
    struct qn_cursor cursor = {.data = task->payload, .len = task->payload_len};
    bool known = qn_cursor_u8(&cursor) == QN_TASK_TILE;
    *tile = (struct qn_tile){.number = qn_cursor_u64(&cursor)};
    tile->traces = qn_cursor_u64(&cursor);
    tile->runs = (struct qn_cell_run_reader){.width = 1, .cursor = cursor};
    if (!known || cursor.failed)
        return qn_fail(err, QN_ERR_CORRUPT, "task %llu of the plan is damaged.",
                       (unsigned long long)task->index);
    return QN_OK;
}
