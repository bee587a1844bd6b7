/* The Zarr store of a grid: group `grid.zarr`. Dimensions are those of the grid and then `time` or
 * `depth`; each has a coordinate array of its name with the headers' values.
 *
 *   amplitude    (cells, time)  samples; NaN where there is no trace (integers: 0)
 *   trace_mask   (cells)        bool: there is a trace
 *   trace_index  (cells)        int64: its row in headers.parquet; -1: none
 *   cdp_x, ...   (some dims)    float64: where it lies, scalars applied; NaN: not known
 *
 * A tile's task writes its chunks of all arrays over all dimensions of cells; glue writes the rest.
 */
#ifndef QN_PIPELINES_SEGY_GRID_STORE_H
#define QN_PIPELINES_SEGY_GRID_STORE_H

#include "pipelines/segy/import.h"

#define QN_GRID_STORE "grid.zarr"

/* A pair of coordinates on the ground, over some of the dimensions. */
struct qn_grid_place {
    const char *names[2]; /* "cdp_x", "cdp_y" */
    const struct qn_place *position;
    uint32_t dims; /* bit d: dimension d is one of them; never `duplicate` */
    bool whole;    /* all dimensions but `duplicate`: tiles write it */
};

#define QN_GRID_PLACES 2
size_t qn_grid_places(const struct qn_import *import, struct qn_grid_place *places);

/* Cells of a box as a place sees them. */
uint64_t qn_grid_place_cells(const struct qn_import *import, const struct qn_grid_place *place,
                             const struct qn_grid_box *box);

/* The arrays, without attributes. */
void qn_grid_amplitude(const struct qn_import *import, struct qn_zarr_array *array);
void qn_grid_mask(const struct qn_import *import, struct qn_zarr_array *array);
void qn_grid_index(const struct qn_import *import, struct qn_zarr_array *array);
void qn_grid_place_array(const struct qn_import *import, const struct qn_grid_place *place,
                         unsigned which, struct qn_zarr_array *array);

/* The path, within the dataset, of the file that holds a chunk. */
#define QN_GRID_PATH (sizeof QN_GRID_STORE + QN_ZARR_NAME + QN_ZARR_KEY + 2)
void qn_grid_path(const struct qn_zarr_array *array, const uint64_t *chunk,
                  char path[QN_GRID_PATH]);

/* Moves on to the next chunk of a tile's box; false after the last. */
bool qn_grid_next_chunk(const struct qn_zarr_array *array, const struct qn_grid_box *box,
                        uint64_t *chunk);

#endif
