/* A tile in memory: see fill.h. */
#include "pipelines/segy/grid/fill.h"

#include "base/sys.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES (1u << 20) /* of traces, read at once */
#define MAX_BLOCK   1024u      /* traces */

/* ---- making and releasing ------------------------------------------------------------------- */

/* Cells of the largest tile. */
static uint64_t most_cells(const struct qn_grid *grid)
{
    struct qn_grid_box first = qn_grid_box(grid, 0);
    return qn_grid_box_cells(grid, &first);
}

static enum qn_status allocate(struct qn_fill *fill, struct qn_error *err)
{
    size_t stride = fill->import->layout.trace_bytes;
    uint64_t bytes = fill->room * fill->row_bytes;
    fill->block_traces = BLOCK_BYTES / stride < 1 ? 1 : BLOCK_BYTES / stride;
    fill->block_traces = fill->block_traces < MAX_BLOCK ? fill->block_traces : MAX_BLOCK;
    fill->rows = qn_sys.malloc(bytes);
    fill->traces = qn_sys.malloc(fill->room * sizeof *fill->traces);
    fill->block = qn_sys.malloc(fill->block_traces * stride);
    fill->block_cells = qn_sys.malloc(fill->block_traces * sizeof *fill->block_cells);
    fill->blank = qn_sys.malloc(fill->row_bytes);
    bool failed =
        !fill->rows || !fill->traces || !fill->block || !fill->block_cells || !fill->blank;
    for (unsigned w = 0; w < 2; w++) {
        fill->block_places[w] = qn_sys.malloc(fill->block_traces * sizeof(double));
        failed |= !fill->block_places[w];
        for (size_t p = 0; p < fill->place_count; p++) {
            fill->coordinates[p][w] = qn_sys.malloc(fill->room * sizeof(double));
            failed |= !fill->coordinates[p][w];
        }
    }
    return failed ? qn_fail_memory(err, "a tile of the grid", bytes) : QN_OK;
}

enum qn_status qn_fill_init(struct qn_fill *fill, const struct qn_import *import,
                            struct qn_reader *reader, struct qn_error *err)
{
    *fill = (struct qn_fill){.import = import, .reader = reader};
    fill->converter = qn_import_converter(import);
    fill->row_bytes = import->layout.samples * fill->converter->dtype_bytes;
    fill->room = most_cells(&import->gridded);
    fill->place_count = qn_grid_places(import, fill->places);
    qn_grid_amplitude(import, &fill->amplitude);
    enum qn_status status = qn_zarr_check(&fill->amplitude, err);
    if (!status)
        status = allocate(fill, err);
    if (!status)
        qn_zarr_fill(&fill->amplitude, fill->blank, import->layout.samples);
    return status;
}

void qn_fill_release(struct qn_fill *fill)
{
    free(fill->rows);
    free(fill->traces);
    free(fill->block);
    free(fill->block_cells);
    free(fill->blank);
    for (unsigned w = 0; w < 2; w++) {
        free(fill->block_places[w]);
        for (size_t p = 0; p < QN_GRID_PLACES; p++)
            free(fill->coordinates[p][w]);
    }
    *fill = (struct qn_fill){0};
}

/* ---- cells ---------------------------------------------------------------------------------- */

/* The row for a trace whose cell along the dimensions of headers is `cell`; false: it has none. */
static bool find_row(struct qn_fill *fill, uint64_t cell, uint64_t *row)
{
    const struct qn_grid *grid = &fill->import->gridded;
    uint64_t deep = grid->ndim > grid->keys ? fill->box.extent[grid->keys] : 1;
    uint64_t k = 0;
    *row = cell * deep;
    while (k < deep && fill->traces[*row + k] >= 0)
        k++;
    if (grid->duplicates == QN_DUPLICATES_LAST)
        k = 0;
    *row += k;
    return k < deep;
}

/* The cell as a place sees it. */
static uint64_t project(const struct qn_fill *fill, const struct qn_grid_place *place,
                        uint64_t cell)
{
    const struct qn_grid *grid = &fill->import->gridded;
    uint64_t at[QN_GRID_DIMS];
    uint64_t seen = 0;
    if (place->whole)
        return cell;
    for (uint32_t d = grid->keys; d-- > 0;) {
        at[d] = cell % fill->box.extent[d];
        cell /= fill->box.extent[d];
    }
    for (uint32_t d = 0; d < grid->keys; d++)
        if (place->dims >> d & 1)
            seen = seen * fill->box.extent[d] + at[d];
    return seen;
}

/* Gives the cell its position; the first one stays, but for --duplicates last. */
static void set_position(struct qn_fill *fill, size_t p, uint64_t cell, double x, double y)
{
    uint64_t seen = project(fill, &fill->places[p], cell);
    double *to_x = &fill->coordinates[p][0][seen];
    double *to_y = &fill->coordinates[p][1][seen];
    bool set = !isnan(*to_x);
    if (isnan(x))
        return;
    if (set && (*to_x != x || *to_y != y)) {
        fill->tally.displaced++;
        fill->tally.displacement = fmax(fill->tally.displacement, hypot(*to_x - x, *to_y - y));
    }
    if (!set || fill->import->gridded.duplicates == QN_DUPLICATES_LAST) {
        *to_x = x;
        *to_y = y;
    }
}

static void set_trace(struct qn_fill *fill, const struct qn_traces *traces, size_t i, uint64_t row)
{
    const struct qn_segy_layout *layout = &fill->import->layout;
    size_t samples = qn_traces_samples(traces, i);
    uint8_t *to = fill->rows + row * fill->row_bytes;
    struct qn_convert_counts counts = {0}; /* segments count */
    fill->converter->convert(traces->bytes + i * traces->stride + layout->trace_header_bytes,
                             samples, to, &counts);
    qn_zarr_fill(&fill->amplitude, to + samples * fill->converter->dtype_bytes,
                 layout->samples - samples);
    fill->tally.live += fill->traces[row] < 0;
    fill->tally.left_out += fill->traces[row] >= 0; /* --duplicates last */
    fill->traces[row] = (int64_t)(traces->first + i);
}

/* ---- reading -------------------------------------------------------------------------------- */

static enum qn_status take_block(struct qn_fill *fill, uint64_t first, size_t n,
                                 struct qn_error *err)
{
    struct qn_traces traces;
    enum qn_status status = qn_reader_traces(fill->reader, first, n, fill->block, &traces, err);
    if (status)
        return status;
    for (size_t i = 0; i < n; i++) {
        uint64_t row;
        if (find_row(fill, fill->block_cells[i], &row))
            set_trace(fill, &traces, i, row);
        else
            fill->block_cells[i] = UINT64_MAX;
        fill->tally.left_out += fill->block_cells[i] == UINT64_MAX;
    }
    for (size_t p = 0; p < fill->place_count; p++) {
        double *x = fill->block_places[0];
        double *y = fill->block_places[1];
        qn_place_of(fill->import, fill->places[p].position, &traces, x, y);
        for (size_t i = 0; i < n; i++)
            if (fill->block_cells[i] != UINT64_MAX)
                set_position(fill, p, fill->block_cells[i], x[i], y[i]);
    }
    return QN_OK;
}

/* Traces that follow each other in the file are read together, whatever cells they are of. */
struct gatherer {
    struct qn_fill *fill;
    struct qn_task_run *run;
    uint64_t key_cells; /* of the box */
    uint64_t first;
    size_t count;
    uint64_t done;
};

static enum qn_status flush(struct gatherer *gatherer, struct qn_error *err)
{
    size_t n = gatherer->count;
    gatherer->count = 0;
    gatherer->done += n;
    if (n == 0)
        return QN_OK;
    if (gatherer->run && qn_task_cancelled(gatherer->run))
        return qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
    enum qn_status status = take_block(gatherer->fill, gatherer->first, n, err);
    if (gatherer->run)
        qn_task_progress(gatherer->run, gatherer->done);
    return status;
}

static enum qn_status gather_run(struct gatherer *gatherer, const struct qn_cell_run *run,
                                 struct qn_error *err)
{
    struct qn_fill *fill = gatherer->fill;
    enum qn_status status = QN_OK;
    if (run->trace + run->count > fill->import->layout.trace_count)
        return qn_fail(err, QN_ERR_CORRUPT, "a tile of the grid in the plan is damaged.");
    for (uint64_t i = 0; i < run->count && !status; i++) {
        uint64_t cell = (uint64_t)run->place[0] + i * (uint64_t)run->step[0];
        uint64_t trace = run->trace + i;
        if (cell >= gatherer->key_cells)
            return qn_fail(err, QN_ERR_CORRUPT, "a tile of the grid in the plan is damaged.");
        if (gatherer->count == fill->block_traces || trace != gatherer->first + gatherer->count)
            status = flush(gatherer, err);
        if (gatherer->count == 0)
            gatherer->first = trace;
        fill->block_cells[gatherer->count++] = cell;
    }
    return status;
}

static void clear(struct qn_fill *fill, uint64_t number)
{
    fill->box = qn_grid_box(&fill->import->gridded, number);
    fill->cells = qn_grid_box_cells(&fill->import->gridded, &fill->box);
    fill->tally = (struct qn_fill_tally){0};
    memset(fill->traces, 0xff, fill->cells * sizeof *fill->traces); /* all -1 */
    for (size_t p = 0; p < fill->place_count; p++) {
        uint64_t n = qn_grid_place_cells(fill->import, &fill->places[p], &fill->box);
        for (uint64_t i = 0; i < n; i++)
            fill->coordinates[p][0][i] = fill->coordinates[p][1][i] = NAN;
    }
}

enum qn_status qn_fill_tile(struct qn_fill *fill, const struct qn_tile *tile,
                            struct qn_task_run *run, struct qn_error *err)
{
    const struct qn_grid *grid = &fill->import->gridded;
    if (tile->number >= qn_grid_tiles(grid))
        return qn_fail(err, QN_ERR_CORRUPT, "a tile of the grid in the plan is damaged.");
    clear(fill, tile->number);
    struct gatherer gatherer = {.fill = fill, .run = run, .key_cells = fill->cells};
    if (grid->ndim > grid->keys)
        gatherer.key_cells /= fill->box.extent[grid->keys];
    struct qn_cell_run_reader runs = tile->runs;
    struct qn_cell_run next;
    enum qn_status status = QN_OK;
    while (!status && qn_cell_run_next(&runs, &next))
        status = gather_run(&gatherer, &next, err);
    if (!status)
        status = flush(&gatherer, err);
    if (!status && (runs.cursor.failed || gatherer.done != tile->traces))
        return qn_fail(err, QN_ERR_CORRUPT, "a tile of the grid in the plan is damaged.");
    return status;
}

/* ---- chunks --------------------------------------------------------------------------------- */

bool qn_fill_leaves_out(const struct qn_zarr_array *amplitude)
{
    return amplitude->format == 3 || amplitude->fill == QN_ZARR_FILL_NAN;
}

/* Counts through the cells of a chunk that begins at `start` in the box, last dimension fastest. */
struct odometer {
    uint32_t ndim;
    const uint64_t *extent; /* of the box */
    const uint64_t *chunk;
    uint64_t start[QN_GRID_DIMS];
    uint64_t at[QN_GRID_DIMS];
};

/* The cell of the box, or UINT64_MAX for one that sticks out of it. */
static uint64_t cell_at(const struct odometer *o)
{
    uint64_t cell = 0;
    for (uint32_t d = 0; d < o->ndim; d++) {
        uint64_t place = o->start[d] + o->at[d];
        if (place >= o->extent[d])
            return UINT64_MAX;
        cell = cell * o->extent[d] + place;
    }
    return cell;
}

/* False after the last cell. */
static bool advance(struct odometer *o)
{
    for (uint32_t d = o->ndim; d-- > 0;) {
        if (++o->at[d] < o->chunk[d])
            return true;
        o->at[d] = 0;
    }
    return false;
}

uint64_t qn_fill_amplitude(const struct qn_fill *fill, const uint64_t *chunk, void *values)
{
    const struct qn_zarr_array *array = &fill->amplitude;
    uint32_t last = array->ndim - 1;
    size_t item = qn_dtype_bytes(array->dtype);
    uint64_t first = chunk[last] * array->chunk[last];
    uint64_t inside = array->shape[last] - first;
    inside = inside < array->chunk[last] ? inside : array->chunk[last];
    size_t bytes = inside * item;
    size_t rest = (array->chunk[last] - inside) * item;
    struct odometer o = {.ndim = last, .extent = fill->box.extent, .chunk = array->chunk};
    for (uint32_t d = 0; d < last; d++)
        o.start[d] = chunk[d] * array->chunk[d] - fill->box.origin[d];
    uint8_t *to = values;
    uint64_t live = 0;
    do {
        uint64_t cell = cell_at(&o);
        bool there = cell != UINT64_MAX && fill->traces[cell] >= 0;
        memcpy(to, there ? fill->rows + cell * fill->row_bytes + first * item : fill->blank, bytes);
        if (rest > 0)
            qn_zarr_fill(array, to + bytes, array->chunk[last] - inside);
        to += bytes + rest;
        live += there;
    } while (advance(&o));
    return live;
}

void qn_fill_mask(const struct qn_fill *fill, const struct qn_zarr_array *array, uint8_t *values)
{
    struct odometer o = {.ndim = array->ndim, .extent = fill->box.extent, .chunk = array->chunk};
    do {
        uint64_t cell = cell_at(&o);
        *values++ = cell != UINT64_MAX && fill->traces[cell] >= 0;
    } while (advance(&o));
}

void qn_fill_index(const struct qn_fill *fill, const struct qn_zarr_array *array, int64_t *values)
{
    struct odometer o = {.ndim = array->ndim, .extent = fill->box.extent, .chunk = array->chunk};
    do {
        uint64_t cell = cell_at(&o);
        *values++ = cell != UINT64_MAX ? fill->traces[cell] : -1;
    } while (advance(&o));
}

void qn_fill_place(const struct qn_fill *fill, const struct qn_zarr_array *array, size_t place,
                   unsigned which, double *values)
{
    struct odometer o = {.ndim = array->ndim, .extent = fill->box.extent, .chunk = array->chunk};
    do {
        uint64_t cell = cell_at(&o);
        *values++ = cell != UINT64_MAX ? fill->coordinates[place][which][cell] : NAN;
    } while (advance(&o));
}
