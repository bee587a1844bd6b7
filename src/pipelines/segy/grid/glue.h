/* Glue of grid.zarr: the coordinates that no tile could write alone, the axes, what is known of
 * failed tiles, facts and notes, and last the metadata that makes the store readable. */
#ifndef QN_PIPELINES_SEGY_GRID_GLUE_H
#define QN_PIPELINES_SEGY_GRID_GLUE_H

#include "pipelines/segy/import.h"

/* Does nothing for an import without a grid. `delay_ms` is the time of the first sample;
 * `attributes`, a JSON object, becomes those of the group. */
enum qn_status qn_grid_glue(struct qn_glue *glue, const struct qn_import *import, double delay_ms,
                            const char *attributes, struct qn_error *err);

#endif
