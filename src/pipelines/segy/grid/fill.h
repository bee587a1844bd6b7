/* A tile in memory: its traces read, converted and set into their cells, and the chunks of its
 * arrays made of them. Tasks write these chunks, verify compares them with what is stored. */
#ifndef QN_PIPELINES_SEGY_GRID_FILL_H
#define QN_PIPELINES_SEGY_GRID_FILL_H

#include "pipelines/segy/grid/plan.h"
#include "pipelines/segy/grid/store.h"
#include "pipelines/segy/survey/reader.h"

/* What was found while filling. */
struct qn_fill_tally {
    uint64_t live;       /* cells with a trace */
    uint64_t left_out;   /* traces for whose cell another was kept */
    uint64_t displaced;  /* traces whose position is not the one that their cell has already */
    double displacement; /* the largest distance between the two */
};

/* One tile at a time. Memory for the largest tile is kept from one to the next. */
struct qn_fill {
    struct qn_grid_box box;
    uint64_t cells;  /* of the box */
    int64_t *traces; /* of each cell; -1: none */
    uint8_t *rows;   /* of each cell, row_bytes: samples in host order; undefined without a trace */
    size_t row_bytes;
    struct qn_grid_place places[QN_GRID_PLACES];
    size_t place_count;
    double *coordinates[QN_GRID_PLACES][2]; /* over the place's dimensions of the box; NaN */
    struct qn_fill_tally tally;
    /* Private. */
    const struct qn_import *import;
    struct qn_reader *reader;
    const struct qn_sample_converter *converter;
    struct qn_zarr_array amplitude;
    uint64_t room; /* cells */
    uint64_t block_traces;
    uint8_t *block;
    uint64_t *block_cells;
    double *block_places[2];
    uint8_t *blank; /* a row of the fill value */
};

/* Import and reader are borrowed; without a reader (NULL) only tiles without traces can be filled.
 * Release in any case. */
enum qn_status qn_fill_init(struct qn_fill *fill, const struct qn_import *import,
                            struct qn_reader *reader, struct qn_error *err);
void qn_fill_release(struct qn_fill *fill);

/* Reads the tile. `run`, which may be NULL, is asked whether to stop and told of progress. */
enum qn_status qn_fill_tile(struct qn_fill *fill, const struct qn_tile *tile,
                            struct qn_task_run *run, struct qn_error *err);

/* Makes a full-size chunk of the array amplitude. `chunk` lies in the tile. Returns how many cells
 * of it have a trace. */
uint64_t qn_fill_amplitude(const struct qn_fill *fill, const uint64_t *chunk, void *values);

/* The tile's chunk of an array over all its cells, full size. */
void qn_fill_mask(const struct qn_fill *fill, const struct qn_zarr_array *array, uint8_t *values);
void qn_fill_index(const struct qn_fill *fill, const struct qn_zarr_array *array, int64_t *values);
/* The same of a place that is `whole`. */
void qn_fill_place(const struct qn_fill *fill, const struct qn_zarr_array *array, size_t place,
                   unsigned which, double *values);

/* True where a chunk in which no cell has a trace is left out of the store: where what is missing
 * reads as the fill value, in every reader. */
bool qn_fill_leaves_out(const struct qn_zarr_array *amplitude);

#endif
