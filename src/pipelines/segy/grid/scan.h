/* Reading the columns of a grid out of all trace headers, once, while planning: what values each
 * has, and as runs which trace has which. Several threads, each with a reader of its own; the
 * result does not depend on their number. */
#ifndef QN_PIPELINES_SEGY_GRID_SCAN_H
#define QN_PIPELINES_SEGY_GRID_SCAN_H

#include "pipelines/segy/grid/runs.h"
#include "pipelines/segy/grid/template.h"
#include "pipelines/segy/import.h"
#include "pipelines/segy/survey/axis.h"

struct qn_grid_scan {
    uint32_t width;                           /* columns */
    char columns[QN_GRID_KEYS][QN_ZARR_NAME]; /* the caller's */
    enum qn_dtype dtypes[QN_GRID_KEYS];       /* of the columns */
    struct qn_key_set values[QN_GRID_KEYS];   /* all that occur */
    uint64_t changes[QN_GRID_KEYS]; /* traces whose value is not that of the trace before */
    struct qn_buf *blocks;          /* runs of QN_SCAN_BLOCK traces each; places are keys */
    size_t block_count;
};

#define QN_SCAN_BLOCK 2048u

/* Scans the columns named in *scan, which are columns of the import's headers.parquet. A trace that
 * has no value (NaN) in one is QN_ERR_INPUT and named. Release the scan in any case. */
enum qn_status qn_grid_scan(const struct qn_import *import, struct qn_plan *plan,
                            struct qn_grid_scan *scan, struct qn_error *err);
void qn_grid_scan_release(struct qn_grid_scan *scan);

#endif
