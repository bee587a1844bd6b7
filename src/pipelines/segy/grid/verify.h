/* Verifying grid.zarr: every chunk of every tile is unpacked, and where the source is still there,
 * made anew from it and compared. */
#ifndef QN_PIPELINES_SEGY_GRID_VERIFY_H
#define QN_PIPELINES_SEGY_GRID_VERIFY_H

#include "pipelines/segy/survey/reader.h"

/* Does nothing for an import without a grid. `reader` may be NULL: there is no source to compare
 * with. Damage is a finding; only what keeps from looking is a failure. */
enum qn_status qn_grid_verify(struct qn_verify *verify, const struct qn_import *import,
                              struct qn_reader *reader, struct qn_error *err);

#endif
