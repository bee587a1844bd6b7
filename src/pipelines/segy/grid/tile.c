/* Writing a tile: see tile.h. With shards a tile is one file of amplitude, without a file for
 * each of its chunks; nobody else writes any of them. */
#include "pipelines/segy/grid/tile.h"

#include "base/crc32c.h"
#include "base/sys.h"

#include <stdlib.h>

#define RESULT_VERSION 1u

struct qn_tiler {
    const struct qn_import *import;
    struct qn_fill fill;
    struct qn_zarr_encoder *encoder; /* of amplitude */
    size_t slots;                    /* chunks of a shard, 1 without shards */
    struct qn_zarr_span *spans;      /* of the shard under way */
    uint8_t *chunk;
    struct qn_buf packed;
    struct qn_buf result;

    struct qn_task_run *run;
    struct qn_output *file; /* under way, or NULL; owned by the attempt */
    uint64_t stored_bytes;
};

/* ---- making and releasing ------------------------------------------------------------------- */

static enum qn_status prepare(struct qn_tiler *tiler, struct qn_reader *reader,
                              struct qn_error *err)
{
    enum qn_status status = qn_fill_init(&tiler->fill, tiler->import, reader, err);
    if (status)
        return status;
    const struct qn_zarr_array *array = &tiler->fill.amplitude;
    status = qn_zarr_encoder_new(&tiler->encoder, array, err);
    if (status)
        return status;
    tiler->slots = qn_zarr_shard_slots(array);
    tiler->spans = qn_sys.calloc(tiler->slots, sizeof *tiler->spans);
    tiler->chunk = qn_sys.malloc(qn_zarr_chunk_bytes(array));
    return tiler->spans && tiler->chunk
               ? QN_OK
               : qn_fail_memory(err, "a chunk", qn_zarr_chunk_bytes(array));
}

enum qn_status qn_tiler_new(const struct qn_import *import, struct qn_reader *reader,
                            struct qn_tiler **out, struct qn_error *err)
{
    *out = NULL;
    struct qn_tiler *tiler = qn_sys.calloc(1, sizeof *tiler);
    if (!tiler)
        return qn_fail_memory(err, "a tile of the grid", sizeof *tiler);
    tiler->import = import;
    enum qn_status status = prepare(tiler, reader, err);
    if (status)
        qn_tiler_free(tiler);
    else
        *out = tiler;
    return status;
}

void qn_tiler_free(struct qn_tiler *tiler)
{
    if (!tiler)
        return;
    qn_fill_release(&tiler->fill);
    qn_zarr_encoder_free(tiler->encoder);
    qn_buf_release(&tiler->packed);
    qn_buf_release(&tiler->result);
    free(tiler->spans);
    free(tiler->chunk);
    free(tiler);
}

/* ---- amplitudes ----------------------------------------------------------------------------- */

static enum qn_status open_file(struct qn_tiler *tiler, const uint64_t *chunk, struct qn_error *err)
{
    char path[QN_GRID_PATH];
    qn_grid_path(&tiler->fill.amplitude, chunk, path);
    for (size_t i = 0; i < tiler->slots; i++)
        tiler->spans[i] = (struct qn_zarr_span){QN_ZARR_MISSING, QN_ZARR_MISSING};
    return qn_task_create(tiler->run, path, &tiler->file, err);
}

static enum qn_status close_file(struct qn_tiler *tiler, struct qn_error *err)
{
    struct qn_output *file = tiler->file;
    enum qn_status status = QN_OK;
    if (!file)
        return QN_OK;
    if (qn_zarr_sharded(&tiler->fill.amplitude)) {
        qn_buf_clear(&tiler->packed);
        qn_zarr_index_encode(tiler->spans, tiler->slots, &tiler->packed);
        status = tiler->packed.failed
                     ? qn_fail_memory(err, "the index of a shard", tiler->slots * 16)
                     : qn_output_write(file, tiler->packed.data, tiler->packed.len, err);
    }
    tiler->file = NULL;
    return status ? status : qn_output_commit(file, err);
}

/* Writes the chunk that lies in tiler->chunk. */
static enum qn_status write_chunk(struct qn_tiler *tiler, const uint64_t *chunk,
                                  struct qn_error *err)
{
    const struct qn_zarr_array *array = &tiler->fill.amplitude;
    enum qn_status status = tiler->file ? QN_OK : open_file(tiler, chunk, err);
    if (status)
        return status;
    uint64_t offset = qn_output_tell(tiler->file);
    qn_buf_clear(&tiler->packed);
    status = qn_zarr_encode(tiler->encoder, tiler->chunk, &tiler->packed, err);
    if (!status)
        status = qn_output_write(tiler->file, tiler->packed.data, tiler->packed.len, err);
    if (!status)
        status =
            qn_output_chunk(tiler->file, qn_crc32c(0, tiler->packed.data, tiler->packed.len), err);
    tiler->spans[qn_zarr_slot(array, chunk)] = (struct qn_zarr_span){offset, tiler->packed.len};
    tiler->stored_bytes += tiler->packed.len;
    if (!status && !qn_zarr_sharded(array))
        status = close_file(tiler, err);
    return status;
}

static enum qn_status write_amplitude(struct qn_tiler *tiler, struct qn_error *err)
{
    const struct qn_zarr_array *array = &tiler->fill.amplitude;
    bool leaves_out = qn_fill_leaves_out(array);
    uint64_t chunk[QN_ZARR_DIMS] = {0};
    enum qn_status status = QN_OK;
    for (uint32_t d = 0; d + 1 < array->ndim; d++)
        chunk[d] = tiler->fill.box.origin[d] / array->chunk[d];
    do {
        if (qn_task_cancelled(tiler->run))
            return qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
        uint64_t live = qn_fill_amplitude(&tiler->fill, chunk, tiler->chunk);
        if (live > 0 || !leaves_out)
            status = write_chunk(tiler, chunk, err);
    } while (!status && qn_grid_next_chunk(array, &tiler->fill.box, chunk));
    return status ? status : close_file(tiler, err);
}

/* ---- the arrays over cells ------------------------------------------------------------------ */

/* Packs and writes the tile's one chunk of such an array. */
static enum qn_status write_cells(struct qn_tiler *tiler, const struct qn_zarr_array *array,
                                  const void *values, struct qn_error *err)
{
    struct qn_zarr_encoder *encoder;
    struct qn_output *file;
    uint64_t chunk[QN_ZARR_DIMS] = {0};
    char path[QN_GRID_PATH];
    enum qn_status status = qn_zarr_encoder_new(&encoder, array, err);
    if (status)
        return status;
    for (uint32_t d = 0; d < array->ndim; d++)
        chunk[d] = tiler->fill.box.origin[d] / array->chunk[d];
    qn_grid_path(array, chunk, path);
    qn_buf_clear(&tiler->packed);
    status = qn_zarr_encode(encoder, values, &tiler->packed, err);
    if (!status)
        status = qn_task_create(tiler->run, path, &file, err);
    if (!status)
        status = qn_output_write(file, tiler->packed.data, tiler->packed.len, err);
    if (!status)
        status = qn_output_chunk(file, qn_crc32c(0, tiler->packed.data, tiler->packed.len), err);
    if (!status)
        status = qn_output_commit(file, err);
    qn_zarr_encoder_free(encoder);
    return status;
}

static enum qn_status write_others(struct qn_tiler *tiler, struct qn_error *err)
{
    const struct qn_import *import = tiler->import;
    struct qn_fill *fill = &tiler->fill;
    struct qn_zarr_array array;
    qn_grid_index(import, &array);
    void *values = qn_sys.malloc(qn_zarr_chunk_bytes(&array)); /* the widest of them */
    if (!values)
        return qn_fail_memory(err, "a tile of the grid", qn_zarr_chunk_bytes(&array));
    qn_fill_index(fill, &array, values);
    enum qn_status status = write_cells(tiler, &array, values, err);
    qn_grid_mask(import, &array);
    qn_fill_mask(fill, &array, values);
    if (!status)
        status = write_cells(tiler, &array, values, err);
    for (size_t p = 0; p < fill->place_count; p++) {
        for (unsigned w = 0; w < 2 && fill->places[p].whole && !status; w++) {
            qn_grid_place_array(import, &fill->places[p], w, &array);
            qn_fill_place(fill, &array, p, w, values);
            status = write_cells(tiler, &array, values, err);
        }
    }
    free(values);
    return status;
}

/* ---- the result ----------------------------------------------------------------------------- */

static enum qn_status tell(struct qn_tiler *tiler, struct qn_error *err)
{
    const struct qn_fill *fill = &tiler->fill;
    struct qn_buf *result = &tiler->result;
    qn_buf_clear(result);
    qn_buf_u32(result, RESULT_VERSION);
    qn_buf_u64(result, fill->tally.live);
    qn_buf_u64(result, fill->tally.left_out);
    qn_buf_u64(result, fill->tally.displaced);
    qn_buf_real(result, fill->tally.displacement);
    qn_buf_u64(result, tiler->stored_bytes);
    for (size_t p = 0; p < fill->place_count; p++) {
        uint64_t n = qn_grid_place_cells(tiler->import, &fill->places[p], &fill->box);
        for (unsigned w = 0; w < 2 && !fill->places[p].whole; w++)
            qn_buf_append(result, fill->coordinates[p][w], n * sizeof(double));
    }
    if (result->failed)
        return qn_fail_memory(err, "the result of a tile", result->len);
    return qn_task_result(tiler->run, result->data, result->len, err);
}

enum qn_status qn_tile_result_decode(const struct qn_import *import, uint64_t number,
                                     const void *bytes, size_t len, struct qn_tile_result *result,
                                     struct qn_error *err)
{
    struct qn_cursor cursor = {.data = bytes, .len = len};
    struct qn_grid_place places[QN_GRID_PLACES];
    struct qn_grid_box box = qn_grid_box(&import->gridded, number);
    *result = (struct qn_tile_result){0};
    bool known = qn_cursor_u32(&cursor) == RESULT_VERSION;
    result->tally.live = qn_cursor_u64(&cursor);
    result->tally.left_out = qn_cursor_u64(&cursor);
    result->tally.displaced = qn_cursor_u64(&cursor);
    result->tally.displacement = qn_cursor_real(&cursor);
    result->stored_bytes = qn_cursor_u64(&cursor);
    size_t count = qn_grid_places(import, places);
    for (size_t p = 0; p < count; p++) {
        uint64_t n = qn_grid_place_cells(import, &places[p], &box);
        for (unsigned w = 0; w < 2 && !places[p].whole; w++)
            result->coordinates[p][w] = qn_cursor_bytes(&cursor, n * sizeof(double));
    }
    if (!known || cursor.failed)
        return qn_fail(err, QN_ERR_CORRUPT,
                       "the result of a tile of the grid is damaged or of another version of "
                       "Quern. Start the import anew with --restart.");
    return QN_OK;
}

/* ---- the task ------------------------------------------------------------------------------- */

enum qn_status qn_tiler_run(struct qn_tiler *tiler, struct qn_task_run *run, struct qn_error *err)
{
    struct qn_tile tile;
    tiler->run = run;
    tiler->file = NULL;
    tiler->stored_bytes = 0;
    enum qn_status status = qn_tile_decode(qn_task_of(run), &tile, err);
    if (!status)
        status = qn_fill_tile(&tiler->fill, &tile, run, err);
    if (!status)
        status = write_amplitude(tiler, err);
    if (!status)
        status = write_others(tiler, err);
    return status ? status : tell(tiler, err);
}
