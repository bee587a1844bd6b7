/* The store's arrays, coordinates and metadata: see store.h. */
#include "pipelines/segy/dataset/store.h"

#include "base/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AMPLITUDE_ATTRIBUTES "{\"long_name\": \"seismic amplitude\"}"
#define TIME_ATTRIBUTES      "{\"units\": \"ms\", \"long_name\": \"time of the sample\"}"
#define METRE_ATTRIBUTES     "{\"units\": \"m\", \"long_name\": \"depth of the sample\"}"
#define COUNT_ATTRIBUTES     "{\"long_name\": \"number of the sample; its interval is not known\"}"
#define FEET_ATTRIBUTES      "{\"units\": \"ft\", \"long_name\": \"depth of the sample\"}"

/* The array's dimension that counts traces; the other counts samples. */
static uint32_t trace_dimension(const struct qn_zarr_array *array)
{
    return array->transposed ? 1 : 0;
}

void qn_store_amplitude(const struct qn_import *import, struct qn_zarr_array *array)
{
    enum qn_dtype dtype = qn_import_converter(import)->dtype;
    bool real = dtype == QN_FLOAT32 || dtype == QN_FLOAT64;
    *array = (struct qn_zarr_array){
        .name = "amplitude",
        .format = import->zarr_format,
        .dtype = dtype,
        .ndim = 2,
        .transposed = import->sample_major,
        .codec = import->codec,
        .level = import->level,
        /* Never 0 in version 2: xarray would mask every true zero. */
        .fill = real ? QN_ZARR_FILL_NAN : QN_ZARR_FILL_NONE,
    };
    uint32_t traces = trace_dimension(array);
    uint32_t samples = 1 - traces;
    array->shape[traces] = import->layout.trace_count;
    array->chunk[traces] = import->grid.chunk_traces;
    array->shape[samples] = array->chunk[samples] = import->layout.samples;
    if (import->sharded) {
        array->shard[traces] = import->grid.shard_traces;
        array->shard[samples] = import->layout.samples;
    }
    snprintf(array->dimension[traces], QN_ZARR_NAME, "trace");
    snprintf(array->dimension[samples], QN_ZARR_NAME, "%s", qn_store_sample_name(import));
}

void qn_store_path(const struct qn_zarr_array *array, uint64_t trace, char path[QN_STORE_PATH])
{
    char key[QN_ZARR_KEY];
    uint64_t chunk[QN_ZARR_DIMS] = {0};
    uint32_t along = trace_dimension(array);
    chunk[along] = trace / array->chunk[along];
    qn_zarr_key(array, chunk, key);
    snprintf(path, QN_STORE_PATH, "%s/%s", QN_AMPLITUDE, key);
}

/* ---- glue ----------------------------------------------------------------------------------- */

const char *qn_store_sample_name(const struct qn_import *import)
{
    return import->depth ? "depth" : "time";
}

void qn_store_sample_axis(const struct qn_import *import, struct qn_zarr_array *array)
{
    *array = (struct qn_zarr_array){
        .format = import->zarr_format,
        .dtype = QN_FLOAT64,
        .ndim = 1,
        .shape = {import->layout.samples},
        .chunk = {import->layout.samples},
        .fill = QN_ZARR_FILL_NAN,
    };
    snprintf(array->name, sizeof array->name, "%s", qn_store_sample_name(import));
    memcpy(array->dimension[0], array->name, sizeof array->name);
    if (import->layout.interval_us <= 0)
        array->attributes = COUNT_ATTRIBUTES;
    else if (!import->depth)
        array->attributes = TIME_ATTRIBUTES;
    else
        array->attributes =
            import->places.unit == QN_LENGTH_FEET ? FEET_ATTRIBUTES : METRE_ATTRIBUTES;
}

enum qn_status qn_store_write_array(struct qn_glue *glue, const char *store,
                                    const struct qn_zarr_array *array, const void *values,
                                    struct qn_error *err)
{
    char path[QN_ZARR_PATH + QN_ZARR_NAME + QN_ZARR_KEY];
    char key[QN_ZARR_KEY];
    struct qn_zarr_encoder *encoder;
    struct qn_buf packed = {0};
    enum qn_status status = qn_zarr_encoder_new(&encoder, array, err);
    if (status)
        return status;
    qn_zarr_key(array, (uint64_t[QN_ZARR_DIMS]){0}, key);
    snprintf(path, sizeof path, "%s/%s/%s", store, array->name, key);
    status = qn_zarr_encode(encoder, values, &packed, err);
    if (!status)
        status = qn_glue_write(glue, path, packed.data, packed.len, err);
    qn_buf_release(&packed);
    qn_zarr_encoder_free(encoder);
    return status;
}

/* Sample k lies at delay + k * interval; without a known interval at k. */
enum qn_status qn_store_write_samples(struct qn_glue *glue, const char *store,
                                      const struct qn_import *import, double delay_ms,
                                      struct qn_error *err)
{
    struct qn_zarr_array array;
    size_t n = import->layout.samples;
    bool timed = import->layout.interval_us > 0;
    double step = timed ? import->layout.interval_us / 1000 : 1;
    double *times = qn_sys.malloc(n * sizeof *times);
    if (!times)
        return qn_fail_memory(err, "the time axis", n * sizeof *times);
    for (size_t k = 0; k < n; k++)
        times[k] = (timed ? delay_ms : 0) + (double)k * step;
    qn_store_sample_axis(import, &array);
    enum qn_status status = qn_store_write_array(glue, store, &array, times, err);
    free(times);
    return status;
}

enum qn_status qn_store_write_documents(struct qn_glue *glue, const char *store,
                                        const struct qn_zarr_group *group, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < qn_zarr_document_count(group) && !status; i++) {
        char path[QN_ZARR_PATH];
        char full[2 * QN_ZARR_PATH];
        struct qn_buf text = {0};
        status = qn_zarr_document(group, i, path, &text, err);
        snprintf(full, sizeof full, "%s/%s", store, path);
        if (!status)
            status = qn_glue_write(glue, full, text.data, text.len, err);
        qn_buf_release(&text);
    }
    return status;
}

enum qn_status qn_store_glue(struct qn_glue *glue, const struct qn_import *import, double delay_ms,
                             const char *attributes, struct qn_error *err)
{
    struct qn_zarr_array arrays[2];
    struct qn_zarr_group group = {.format = import->zarr_format,
                                  .attributes = attributes,
                                  .arrays = arrays,
                                  .array_count = 2,
                                  .consolidated = true};
    enum qn_status status = qn_store_write_samples(glue, QN_STORE, import, delay_ms, err);
    qn_store_amplitude(import, &arrays[0]);
    arrays[0].attributes = AMPLITUDE_ATTRIBUTES;
    qn_store_sample_axis(import, &arrays[1]);
    return status ? status : qn_store_write_documents(glue, QN_STORE, &group, err);
}
