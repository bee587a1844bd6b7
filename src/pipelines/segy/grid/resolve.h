/* From what --grid asks for to columns of headers.parquet, by name and by a first look at their
 * values: a column that is the same all over the survey is not what was meant. */
#ifndef QN_PIPELINES_SEGY_GRID_RESOLVE_H
#define QN_PIPELINES_SEGY_GRID_RESOLVE_H

#include "pipelines/segy/grid/scan.h"

/* Fills scan->width and scan->columns. A dimension without a column is QN_ERR_USAGE. */
enum qn_status qn_grid_resolve(const struct qn_import *import,
                               const struct qn_grid_request *request, struct qn_grid_scan *scan,
                               struct qn_error *err);

#endif
