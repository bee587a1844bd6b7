/* The Zarr store of an import: group `traces.zarr` with the array `amplitude` (trace, time) and
 * the coordinate `time` in milliseconds. Workers write chunks of the first; glue the rest.
 *
 * Sample-major, the array is (time, trace) with the first dimension fastest: a chunk is the same
 * bytes, a trace after the other, and only metadata and chunk names differ. */
#ifndef QN_PIPELINES_SEGY_DATASET_STORE_H
#define QN_PIPELINES_SEGY_DATASET_STORE_H

#include "pipelines/segy/import.h"

#define QN_STORE     "traces.zarr"
#define QN_AMPLITUDE QN_STORE "/amplitude"

/* The array of samples, without attributes. */
void qn_store_amplitude(const struct qn_import *import, struct qn_zarr_array *array);

/* The path, within the dataset, of the file that holds the chunk of `trace`. */
#define QN_STORE_PATH (sizeof QN_AMPLITUDE + QN_ZARR_KEY)
void qn_store_path(const struct qn_zarr_array *array, uint64_t trace, char path[QN_STORE_PATH]);

/* ---- glue ----------------------------------------------------------------------------------- */

/* The dimension of samples, "time" or "depth", and its coordinate array. */
const char *qn_store_sample_name(const struct qn_import *import);
void qn_store_sample_axis(const struct qn_import *import, struct qn_zarr_array *array);

/* Writes an array of one chunk; the values of the sample axis, which starts at `delay_ms`; and the
 * documents of a group, the one that makes it readable last. `store` is the group's folder. */
enum qn_status qn_store_write_array(struct qn_glue *glue, const char *store,
                                    const struct qn_zarr_array *array, const void *values,
                                    struct qn_error *err);
enum qn_status qn_store_write_samples(struct qn_glue *glue, const char *store,
                                      const struct qn_import *import, double delay_ms,
                                      struct qn_error *err);
enum qn_status qn_store_write_documents(struct qn_glue *glue, const char *store,
                                        const struct qn_zarr_group *group, struct qn_error *err);

/* All that traces.zarr has beside its chunks. `delay_ms` is the time of the first sample,
 * `attributes` a JSON object for the group. */
enum qn_status qn_store_glue(struct qn_glue *glue, const struct qn_import *import, double delay_ms,
                             const char *attributes, struct qn_error *err);

#endif
