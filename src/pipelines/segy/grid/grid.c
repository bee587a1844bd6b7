/* Grids as plain data, their cutting into tiles, to bytes and back: see grid.h. */
#include "pipelines/segy/grid/grid.h"

#include "base/sys.h"

#include <stdlib.h>
#include <string.h>

#define FIXED_BYTES                                                                                \
    (UINT64_C(512) << 20)              /* a chunk with all its samples, asked for by the user      \
                                        */
#define TILE_CELLS (UINT64_C(1) << 20) /* bounds a task's payload where traces are short */

void qn_grid_release(struct qn_grid *grid)
{
    for (uint32_t d = 0; d < QN_GRID_DIMS; d++)
        qn_axis_release(&grid->axes[d]);
    free(grid->facts);
    *grid = (struct qn_grid){0};
}

const struct qn_grid_template *qn_grid_template_of(const struct qn_grid *grid)
{
    for (unsigned i = 0; qn_grid_templates[i].name; i++)
        if (i + 1 == grid->template)
            return &qn_grid_templates[i];
    return NULL;
}

/* ---- to bytes and back ---------------------------------------------------------------------- */

void qn_grid_encode(const struct qn_grid *grid, struct qn_buf *buf)
{
    qn_buf_u32(buf, grid->ndim);
    qn_buf_u32(buf, grid->keys);
    for (uint32_t d = 0; d < grid->ndim; d++) {
        qn_axis_encode(&grid->axes[d], buf);
        qn_buf_u64(buf, grid->chunk[d]);
        qn_buf_u64(buf, grid->tile[d]);
    }
    qn_buf_u32(buf, grid->chunk_samples);
    qn_buf_u8(buf, (uint8_t)grid->duplicates);
    qn_buf_u8(buf, grid->template);
    qn_buf_text(buf, grid->facts);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Cells of the largest tile. */
static uint64_t tile_cells(const struct qn_grid *grid, const uint64_t *tile)
{
    uint64_t cells = 1;
    for (uint32_t d = 0; d < grid->ndim; d++)
        if (__builtin_mul_overflow(cells, smaller(tile[d], grid->axes[d].count), &cells))
            return UINT64_MAX;
    return cells;
}

static enum qn_status decode_facts(struct qn_cursor *cursor, struct qn_grid *grid,
                                   struct qn_error *err)
{
    uint32_t len = qn_cursor_u32(cursor);
    const uint8_t *text = qn_cursor_bytes(cursor, len);
    if (!text)
        return qn_fail(err, QN_ERR_CORRUPT, "the grid in the plan is damaged.");
    grid->facts = qn_sys.calloc(len + 1, 1);
    if (!grid->facts)
        return qn_fail_memory(err, "the grid", len);
    memcpy(grid->facts, text, len);
    return QN_OK;
}

enum qn_status qn_grid_decode(struct qn_cursor *cursor, struct qn_grid *grid, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    uint32_t ndim = qn_cursor_u32(cursor);
    *grid = (struct qn_grid){.keys = qn_cursor_u32(cursor)};
    bool sound = ndim > 0 && ndim <= QN_GRID_DIMS && grid->keys <= ndim && grid->keys + 1 >= ndim;
    for (uint32_t d = 0; sound && d < ndim && !status; d++) {
        status = qn_axis_decode(cursor, &grid->axes[d], err);
        grid->ndim = d + 1;
        grid->chunk[d] = qn_cursor_u64(cursor);
        grid->tile[d] = qn_cursor_u64(cursor);
        sound = grid->chunk[d] > 0 && grid->tile[d] > 0 && grid->tile[d] % grid->chunk[d] == 0;
    }
    if (status)
        return status;
    grid->chunk_samples = qn_cursor_u32(cursor);
    grid->duplicates = (enum qn_grid_duplicates)qn_cursor_u8(cursor);
    grid->template = qn_cursor_u8(cursor);
    if (!sound || cursor->failed || grid->chunk_samples == 0 ||
        tile_cells(grid, grid->tile) > TILE_CELLS)
        return qn_fail(err, QN_ERR_CORRUPT, "the grid in the plan is damaged.");
    return decode_facts(cursor, grid, err);
}

/* ---- boxes ---------------------------------------------------------------------------------- */

static uint64_t divide_up(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

uint64_t qn_grid_tiles(const struct qn_grid *grid)
{
    uint64_t tiles = 1;
    for (uint32_t d = 0; d < grid->ndim; d++)
        tiles *= divide_up(grid->axes[d].count, grid->tile[d]);
    return tiles;
}

uint64_t qn_grid_key_cells(const struct qn_grid *grid)
{
    uint64_t cells = 1;
    for (uint32_t d = 0; d < grid->keys; d++)
        cells *= grid->axes[d].count;
    return cells;
}

struct qn_grid_box qn_grid_box(const struct qn_grid *grid, uint64_t tile)
{
    struct qn_grid_box box = {0};
    for (uint32_t d = grid->ndim; d-- > 0;) {
        uint64_t along = divide_up(grid->axes[d].count, grid->tile[d]);
        box.origin[d] = tile % along * grid->tile[d];
        box.extent[d] = smaller(grid->tile[d], grid->axes[d].count - box.origin[d]);
        tile /= along;
    }
    return box;
}

uint64_t qn_grid_box_cells(const struct qn_grid *grid, const struct qn_grid_box *box)
{
    uint64_t cells = 1;
    for (uint32_t d = 0; d < grid->ndim; d++)
        cells *= box->extent[d];
    return cells;
}

/* ---- cutting -------------------------------------------------------------------------------- */

static bool fits(const struct qn_grid *grid, const uint64_t *tile, uint64_t trace_bytes,
                 uint64_t bytes)
{
    uint64_t cells = tile_cells(grid, tile);
    return cells <= TILE_CELLS && cells <= bytes / trace_bytes;
}

/* Halves the longest side of the chunk until a chunk with all samples fits. */
static void shrink_chunk(struct qn_grid *grid, uint64_t trace_bytes, uint64_t bytes)
{
    while (!fits(grid, grid->tile, trace_bytes, bytes)) {
        uint32_t longest = 0;
        for (uint32_t d = 1; d < grid->keys; d++)
            if (grid->chunk[d] > grid->chunk[longest])
                longest = d;
        if (grid->chunk[longest] == 1)
            return;
        grid->chunk[longest] = divide_up(grid->chunk[longest], 2);
        grid->tile[longest] = grid->chunk[longest];
    }
}

/* Doubles the tile along one dimension as long as it fits; false if it could not cover it. */
static bool grow_tile(struct qn_grid *grid, uint32_t d, uint64_t trace_bytes, uint64_t bytes)
{
    uint64_t whole = divide_up(grid->axes[d].count, grid->chunk[d]) * grid->chunk[d];
    while (grid->tile[d] < whole) {
        uint64_t before = grid->tile[d];
        grid->tile[d] = smaller(2 * before, whole);
        if (!fits(grid, grid->tile, trace_bytes, bytes)) {
            grid->tile[d] = before;
            return false;
        }
    }
    return true;
}

enum qn_status qn_grid_cut(struct qn_grid *grid, uint64_t trace_bytes, uint64_t tile_bytes,
                           const uint32_t *fastest, bool fixed, struct qn_error *err)
{
    for (uint32_t d = 0; d < grid->keys; d++) {
        grid->chunk[d] = smaller(grid->chunk[d], grid->axes[d].count);
        grid->tile[d] = grid->chunk[d];
    }
    for (uint32_t d = grid->keys; d < grid->ndim; d++) {
        grid->chunk[d] = 1;
        grid->tile[d] = grid->axes[d].count;
    }
    if (!fixed)
        shrink_chunk(grid, trace_bytes, 2 * tile_bytes);
    if (!fits(grid, grid->tile, trace_bytes, FIXED_BYTES))
        return qn_fail(err, QN_ERR_USAGE,
                       "the grid cannot be cut into pieces of at most %llu MiB and %llu traces, "
                       "which a worker holds whole: one chunk with all its samples has %llu traces "
                       "of %llu bytes. Give smaller --grid-chunks.",
                       (unsigned long long)(FIXED_BYTES >> 20), (unsigned long long)TILE_CELLS,
                       (unsigned long long)tile_cells(grid, grid->tile),
                       (unsigned long long)trace_bytes);
    for (uint32_t i = 0; i < grid->keys; i++)
        if (!grow_tile(grid, fastest[i], trace_bytes, tile_bytes))
            break;
    return QN_OK;
}
