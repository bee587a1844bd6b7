/* The arrays of grid.zarr: see store.h. */
#include "pipelines/segy/grid/store.h"

#include "pipelines/segy/dataset/store.h"

#include <stdio.h>
#include <string.h>

/* ---- positions on the ground ---------------------------------------------------------------- */

/* What position a dimension is about, by its name. */
enum about { MIDPOINT = 1, SOURCE = 2, RECEIVER = 4, SPREAD = 8 };

static const struct {
    const char *name;
    enum about about;
} meanings[] = {
    {"inline", MIDPOINT},        {"crossline", MIDPOINT},
    {"cdp", MIDPOINT},           {"shot_point", SOURCE},
    {"shot_line", SOURCE},       {"shot_index", SOURCE},
    {"sail_line", SOURCE},       {"gun", SOURCE},
    {"shotpoint", SOURCE},       {"energy_source_point", SOURCE},
    {"field_record", SOURCE},    {"receiver", RECEIVER},
    {"receiver_line", RECEIVER}, {"cable", SPREAD},
    {"channel", SPREAD},         {"trace_number", SPREAD},
};

static uint32_t dims_about(const struct qn_grid *grid, unsigned about)
{
    uint32_t dims = 0;
    for (uint32_t d = 0; d < grid->keys; d++)
        for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
            if (meanings[i].about & about && !strcmp(meanings[i].name, grid->axes[d].name))
                dims |= 1u << d;
    return dims;
}

static void add_place(struct qn_grid_place *places, size_t *count, const struct qn_grid *grid,
                      struct qn_grid_place place)
{
    if (place.dims == 0 || !place.position->known)
        return;
    place.whole = place.dims == (1u << grid->keys) - 1;
    places[(*count)++] = place;
}

size_t qn_grid_places(const struct qn_import *import, struct qn_grid_place *places)
{
    const struct qn_grid *grid = &import->gridded;
    uint32_t midpoint = dims_about(grid, MIDPOINT);
    uint32_t source = dims_about(grid, SOURCE);
    uint32_t receiver = dims_about(grid, RECEIVER);
    /* Cables move with the ship: where a channel is depends on the shot. */
    if (receiver == 0 && source && dims_about(grid, SPREAD))
        receiver = dims_about(grid, SOURCE | SPREAD);
    size_t count = 0;
    if (midpoint) {
        add_place(places, &count, grid,
                  (struct qn_grid_place){.names = {"cdp_x", "cdp_y"},
                                         .position = &import->places.midpoint,
                                         .dims = midpoint});
        return count;
    }
    add_place(places, &count, grid,
              (struct qn_grid_place){.names = {"source_coord_x", "source_coord_y"},
                                     .position = &import->places.source,
                                     .dims = source});
    add_place(places, &count, grid,
              (struct qn_grid_place){.names = {"group_coord_x", "group_coord_y"},
                                     .position = &import->places.receiver,
                                     .dims = receiver});
    return count;
}

uint64_t qn_grid_place_cells(const struct qn_import *import, const struct qn_grid_place *place,
                             const struct qn_grid_box *box)
{
    uint64_t cells = 1;
    for (uint32_t d = 0; d < import->gridded.keys; d++)
        if (place->dims >> d & 1)
            cells *= box->extent[d];
    return cells;
}

/* ---- arrays --------------------------------------------------------------------------------- */

/* An array over the cells, chunks being tiles. */
static void over_cells(const struct qn_import *import, const char *name, enum qn_dtype dtype,
                       struct qn_zarr_array *array)
{
    const struct qn_grid *grid = &import->gridded;
    *array = (struct qn_zarr_array){.format = import->zarr_format,
                                    .dtype = dtype,
                                    .ndim = grid->ndim,
                                    .codec = import->codec,
                                    .level = import->level};
    snprintf(array->name, sizeof array->name, "%s", name);
    for (uint32_t d = 0; d < grid->ndim; d++) {
        array->shape[d] = grid->axes[d].count;
        array->chunk[d] = grid->tile[d];
        memcpy(array->dimension[d], grid->axes[d].name, sizeof array->dimension[d]);
    }
}

void qn_grid_mask(const struct qn_import *import, struct qn_zarr_array *array)
{
    over_cells(import, "trace_mask", QN_UINT8, array);
    array->boolean = true;
}

void qn_grid_index(const struct qn_import *import, struct qn_zarr_array *array)
{
    over_cells(import, "trace_index", QN_INT64, array);
}

void qn_grid_amplitude(const struct qn_import *import, struct qn_zarr_array *array)
{
    const struct qn_grid *grid = &import->gridded;
    enum qn_dtype dtype = qn_import_converter(import)->dtype;
    uint64_t samples = import->layout.samples;
    uint32_t last = grid->ndim;
    over_cells(import, "amplitude", dtype, array);
    array->ndim = last + 1;
    array->shape[last] = samples;
    array->chunk[last] = grid->chunk_samples;
    snprintf(array->dimension[last], sizeof array->dimension[last], "%s",
             qn_store_sample_name(import));
    bool real = dtype == QN_FLOAT32 || dtype == QN_FLOAT64;
    array->fill = real ? QN_ZARR_FILL_NAN : QN_ZARR_FILL_NONE;
    for (uint32_t d = 0; d < last; d++) {
        array->chunk[d] = grid->chunk[d];
        array->shard[d] = import->sharded ? grid->tile[d] : 0;
    }
    if (import->sharded)
        array->shard[last] =
            (samples + grid->chunk_samples - 1) / grid->chunk_samples * grid->chunk_samples;
}

void qn_grid_place_array(const struct qn_import *import, const struct qn_grid_place *place,
                         unsigned which, struct qn_zarr_array *array)
{
    const struct qn_grid *grid = &import->gridded;
    over_cells(import, place->names[which], QN_FLOAT64, array);
    array->fill = QN_ZARR_FILL_NAN;
    array->ndim = 0;
    for (uint32_t d = 0; d < grid->keys; d++) {
        if (!(place->dims >> d & 1))
            continue;
        uint32_t n = array->ndim++;
        array->shape[n] = grid->axes[d].count;
        array->chunk[n] = place->whole ? grid->tile[d] : grid->axes[d].count;
        memcpy(array->dimension[n], grid->axes[d].name, sizeof array->dimension[n]);
    }
}

void qn_grid_path(const struct qn_zarr_array *array, const uint64_t *chunk, char path[QN_GRID_PATH])
{
    char key[QN_ZARR_KEY];
    qn_zarr_key(array, chunk, key);
    snprintf(path, QN_GRID_PATH, "%s/%s/%s", QN_GRID_STORE, array->name, key);
}

bool qn_grid_next_chunk(const struct qn_zarr_array *array, const struct qn_grid_box *box,
                        uint64_t *chunk)
{
    for (uint32_t d = array->ndim; d-- > 0;) {
        bool cells = d + 1 < array->ndim;
        uint64_t end = cells ? box->origin[d] + box->extent[d] : array->shape[d];
        if (++chunk[d] * array->chunk[d] < end)
            return true;
        chunk[d] = cells ? box->origin[d] / array->chunk[d] : 0;
    }
    return false;
}
