/* The Zarr store of an import: group `traces.zarr` with the array `amplitude` (trace, time) and
 * the coordinate `time` in milliseconds. Workers write chunks of the first; glue the rest.
 *
 * Sample-major, the array is (time, trace) with the first dimension fastest: a chunk is the same
 * bytes, a trace after the other, and only metadata and chunk names differ. */
#ifndef QN_PIPELINES_SEGY_STORE_H
#define QN_PIPELINES_SEGY_STORE_H

#include "pipelines/segy/import.h"

#define QN_STORE     "traces.zarr"
#define QN_AMPLITUDE QN_STORE "/amplitude"

/* The array of samples, without attributes. */
void qn_store_amplitude(const struct qn_import *import, struct qn_zarr_array *array);

/* The path, within the dataset, of the file that holds the chunk of `trace`. */
#define QN_STORE_PATH (sizeof QN_AMPLITUDE + QN_ZARR_KEY)
void qn_store_path(const struct qn_zarr_array *array, uint64_t trace, char path[QN_STORE_PATH]);

/* Glue: coordinates and metadata, the document that makes the store readable last. `delay_ms` is
 * the time of the first sample, `attributes` a JSON object for the group. */
enum qn_status qn_store_glue(struct qn_glue *glue, const struct qn_import *import, double delay_ms,
                             const char *attributes, struct qn_error *err);

#endif
