/* What `--grid` asks for: the dimensions of the grid, the header columns that they may come from,
 * and how its array is cut into chunks. A template by name, or a list of columns.
 *
 * Templates, their names in CamelCase and their chunks are those of MDIO 1 (TGSAI/mdio-python,
 * src/mdio/builder/templates), so that its users find what they know.
 */
#ifndef QN_PIPELINES_SEGY_GRID_TEMPLATE_H
#define QN_PIPELINES_SEGY_GRID_TEMPLATE_H

#include "pipelines/segy/survey/axis.h"

#include <quern/pipeline.h>

#define QN_GRID_KEYS 6 /* most dimensions that come from headers */
#define QN_GRID_DIMS 7 /* the same and `duplicate` */

struct qn_grid_template {
    const char *name;   /* "poststack-3d" */
    const char *mdio;   /* "PostStack3D" */
    bool domains;       /* in MDIO there is one for "Time", one for "Depth" */
    const char *survey; /* "2D" or "3D"; and the kind of gather, as MDIO has them */
    const char *gather;
    const char *title; /* "stacked volume" */
    const char *dims[QN_GRID_KEYS];
    uint32_t chunk[QN_GRID_DIMS]; /* of each dimension, then of samples */
};
extern const struct qn_grid_template qn_grid_templates[]; /* ended by a row without name */

/* A dimension and the columns that it may come from, the likeliest first. */
#define QN_GRID_SOURCES 4
struct qn_grid_wish {
    char name[QN_ZARR_NAME];
    char sources[QN_GRID_SOURCES][QN_ZARR_NAME]; /* "": no more */
};

enum qn_grid_duplicates { /* when several traces have the same cell */
                          QN_DUPLICATES_REFUSE,
                          QN_DUPLICATES_FIRST,
                          QN_DUPLICATES_LAST,
                          QN_DUPLICATES_DIMENSION
};

struct qn_grid_request {
    const struct qn_grid_template *known; /* NULL: a list of columns like no template */
    uint32_t ndim;                        /* 0: no grid is wanted */
    struct qn_grid_wish wishes[QN_GRID_KEYS];
    uint64_t chunk[QN_GRID_DIMS]; /* of each dimension; samples come last */
    bool chunk_given;             /* by --grid-chunks: not to be changed */
    uint64_t tile_bytes;          /* of a task */
    double sparsity;              /* most cells per trace */
    enum qn_grid_duplicates duplicates;
    bool depth; /* the template's name says so: "PostStack3DDepth" */
};

/* Reads --grid and what belongs to it; QN_ERR_USAGE says what is wrong. */
enum qn_status qn_grid_request(const struct qn_options *options, struct qn_grid_request *request,
                               struct qn_error *err);

#endif
