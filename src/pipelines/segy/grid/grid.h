/* The gridded form of a survey: its dimensions and how its array is cut. Planning makes it of the
 * options and a scan over all headers; it travels with the import to workers and glue.
 *
 * A cell is a place in the grid, one value of each dimension; cells are numbered from 0, the last
 * dimension counting fastest. A tile is a box of cells, of whole chunks, with all their samples:
 * one task. It writes each file of its box, and nobody else does.
 */
#ifndef QN_PIPELINES_SEGY_GRID_GRID_H
#define QN_PIPELINES_SEGY_GRID_GRID_H

#include "pipelines/segy/grid/template.h"
#include "pipelines/segy/survey/axis.h"

#define QN_GRID_DUPLICATE "duplicate" /* the dimension that keeps traces of one cell apart */

struct qn_grid {
    uint32_t ndim; /* of cells; 0: the import has no grid */
    uint32_t
        keys; /* of them, those that come from headers: all, or all but `duplicate`, the last */
    struct qn_axis axes[QN_GRID_DIMS];
    uint64_t chunk[QN_GRID_DIMS];
    uint64_t tile[QN_GRID_DIMS]; /* a multiple of chunk */
    uint32_t chunk_samples;
    enum qn_grid_duplicates duplicates;
    uint8_t template; /* its row in qn_grid_templates and 1; 0: none */
    char *facts;      /* what planning found, a JSON object; owned */
};

void qn_grid_release(struct qn_grid *grid);

/* The template that it follows, or NULL. */
const struct qn_grid_template *qn_grid_template_of(const struct qn_grid *grid);

/* Only with ndim > 0. */
void qn_grid_encode(const struct qn_grid *grid, struct qn_buf *buf);
enum qn_status qn_grid_decode(struct qn_cursor *cursor, struct qn_grid *grid, struct qn_error *err);

/* Number of tiles, and of cells without the dimension `duplicate`. */
uint64_t qn_grid_tiles(const struct qn_grid *grid);
uint64_t qn_grid_key_cells(const struct qn_grid *grid);

/* A box of cells. */
struct qn_grid_box {
    uint64_t origin[QN_GRID_DIMS]; /* its first cell */
    uint64_t extent[QN_GRID_DIMS]; /* cells along each dimension, all inside the grid */
};

/* The box of a tile. */
struct qn_grid_box qn_grid_box(const struct qn_grid *grid, uint64_t tile);
uint64_t qn_grid_box_cells(const struct qn_grid *grid, const struct qn_grid_box *box);

/* ---- cutting -------------------------------------------------------------------------------- */

/* Sets tile, and chunk as far as it has to be smaller than it is: no larger than the grid, and such
 * that a tile of one chunk with all samples, `trace_bytes` each, takes at most twice `tile_bytes`.
 * Tiles of several chunks grow up to tile_bytes. `fastest` lists the dimensions (without
 * `duplicate`) from the one that changes most often in the file: tiles are longest along those, so
 * that their traces lie together. A chunk that is `fixed` and too large is QN_ERR_USAGE. */
enum qn_status qn_grid_cut(struct qn_grid *grid, uint64_t trace_bytes, uint64_t tile_bytes,
                           const uint32_t *fastest, bool fixed, struct qn_error *err);

#endif
