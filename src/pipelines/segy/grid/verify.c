/* Verifying grid.zarr: see verify.h. */
#include "pipelines/segy/grid/verify.h"

#include "base/sys.h"
#include "pipelines/segy/dataset/chunk_file.h"
#include "pipelines/segy/grid/fill.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct checking {
    struct qn_verify *verify;
    const struct qn_import *import;
    bool sourced; /* the source is there to compare with */
    struct qn_fill fill;
    struct qn_chunk_file amplitude;
    uint8_t *stored;
    uint8_t *expected;
    uint64_t chunks;
};

/* ---- amplitudes ----------------------------------------------------------------------------- */

/* A chunk whose file is open. */
static void check_chunk(struct checking *c, const char *path, const uint64_t *chunk)
{
    const struct qn_zarr_array *array = &c->amplitude.array;
    size_t slot = qn_zarr_slot(array, chunk);
    int64_t offset = (int64_t)c->amplitude.spans[slot].offset;
    uint64_t live = c->sourced ? qn_fill_amplitude(&c->fill, chunk, c->expected) : 0;
    struct qn_error cause = {0};
    if (!qn_chunk_file_has(&c->amplitude, slot)) {
        if (live > 0)
            qn_verify_finding(c->verify, path, -1, "a chunk with %" PRIu64 " traces is missing",
                              live);
        return;
    }
    if (qn_chunk_file_read(&c->amplitude, slot, c->stored, &cause)) {
        qn_verify_finding(c->verify, path, offset, "a chunk cannot be read: %s", cause.message);
        return;
    }
    c->chunks++;
    if (c->sourced && memcmp(c->stored, c->expected, qn_zarr_chunk_bytes(array)))
        qn_verify_finding(c->verify, path, offset, "a chunk differs from the source");
}

/* Opens the file at `path`. One that is not there has no chunks, which may be right. */
static bool open_file(struct checking *c, const char *path)
{
    struct qn_chunk_file *file = &c->amplitude;
    struct qn_error cause = {0};
    if (!qn_chunk_file_open(file, path, &cause))
        return true;
    for (size_t i = 0; i < file->slots; i++)
        file->spans[i] = (struct qn_zarr_span){QN_ZARR_MISSING, QN_ZARR_MISSING};
    if (cause.sys_errno == ENOENT && qn_fill_leaves_out(&file->array))
        return true;
    qn_verify_finding(c->verify, path, -1, "%s", cause.message);
    return false;
}

static void check_amplitude(struct checking *c)
{
    const struct qn_zarr_array *array = &c->amplitude.array;
    uint64_t chunk[QN_ZARR_DIMS] = {0};
    char opened[QN_GRID_PATH] = "";
    bool there = false;
    for (uint32_t d = 0; d + 1 < array->ndim; d++)
        chunk[d] = c->fill.box.origin[d] / array->chunk[d];
    do {
        char path[QN_GRID_PATH];
        qn_grid_path(array, chunk, path);
        if (strcmp(path, opened))
            there = open_file(c, path);
        memcpy(opened, path, sizeof path);
        if (there)
            check_chunk(c, path, chunk);
    } while (qn_grid_next_chunk(array, &c->fill.box, chunk));
}

/* ---- the arrays over cells ------------------------------------------------------------------ */

/* The tile's one chunk of such an array against `expected`. */
static void check_cells(struct checking *c, const struct qn_zarr_array *array, const void *expected)
{
    struct qn_chunk_file file = {.fd = -1};
    struct qn_error cause = {0};
    uint64_t chunk[QN_ZARR_DIMS] = {0};
    char path[QN_GRID_PATH];
    size_t bytes = qn_zarr_chunk_bytes(array);
    void *stored = qn_sys.malloc(bytes);
    for (uint32_t d = 0; d < array->ndim; d++)
        chunk[d] = c->fill.box.origin[d] / array->chunk[d];
    qn_grid_path(array, chunk, path);
    if (!stored) {
        qn_verify_finding(c->verify, path, -1, "not looked at: out of memory");
        return;
    }
    enum qn_status status = qn_chunk_file_init(&file, array, c->amplitude.root, &cause);
    if (!status)
        status = qn_chunk_file_open(&file, path, &cause);
    if (!status)
        status = qn_chunk_file_read(&file, 0, stored, &cause);
    if (status)
        qn_verify_finding(c->verify, path, -1, "%s", cause.message);
    else if (expected && memcmp(stored, expected, bytes))
        qn_verify_finding(c->verify, path, 0, "differs from the source");
    qn_chunk_file_release(&file);
    free(stored);
}

static enum qn_status check_others(struct checking *c, struct qn_error *err)
{
    struct qn_fill *fill = &c->fill;
    struct qn_zarr_array array;
    qn_grid_index(c->import, &array);
    void *values = qn_sys.malloc(qn_zarr_chunk_bytes(&array)); /* the widest of them */
    if (!values)
        return qn_fail_memory(err, "a tile of the grid", qn_zarr_chunk_bytes(&array));
    void *expected = c->sourced ? values : NULL;
    qn_fill_index(fill, &array, values);
    check_cells(c, &array, expected);
    qn_grid_mask(c->import, &array);
    qn_fill_mask(fill, &array, values);
    check_cells(c, &array, expected);
    for (size_t p = 0; p < fill->place_count; p++) {
        for (unsigned w = 0; w < 2 && fill->places[p].whole; w++) {
            qn_grid_place_array(c->import, &fill->places[p], w, &array);
            qn_fill_place(fill, &array, p, w, values);
            check_cells(c, &array, expected);
        }
    }
    free(values);
    return QN_OK;
}

/* ---- all ------------------------------------------------------------------------------------ */

static enum qn_status check_tile(struct checking *c, const struct qn_task *task,
                                 struct qn_error *err)
{
    struct qn_tile tile;
    enum qn_status status = qn_tile_decode(task, &tile, err);
    if (!status && !c->sourced) { /* only the tile's box is wanted */
        tile.runs.cursor.len = tile.runs.cursor.at;
        tile.traces = 0;
    }
    if (!status)
        status = qn_fill_tile(&c->fill, &tile, NULL, err);
    if (status)
        return status;
    check_amplitude(c);
    return check_others(c, err);
}

static enum qn_status check_tiles(struct checking *c, struct qn_error *err)
{
    uint64_t tiles = qn_grid_tiles(&c->import->gridded);
    uint64_t count = qn_verify_count(c->verify);
    uint64_t seen = 0;
    enum qn_status status = QN_OK;
    for (uint64_t i = 0; i < count && !status; i++) {
        bool done;
        const struct qn_task *task = qn_verify_task(c->verify, i, &done);
        if (qn_task_kind(task) != QN_TASK_TILE || !done)
            continue;
        status = check_tile(c, task, err);
        qn_verify_progress(c->verify, ++seen, tiles);
    }
    return status;
}

enum qn_status qn_grid_verify(struct qn_verify *verify, const struct qn_import *import,
                              struct qn_reader *reader, struct qn_error *err)
{
    struct checking c = {.verify = verify, .import = import, .sourced = reader != NULL};
    struct qn_zarr_array array;
    if (import->gridded.ndim == 0)
        return QN_OK;
    qn_grid_amplitude(import, &array);
    size_t bytes = qn_zarr_chunk_bytes(&array);
    c.stored = qn_sys.malloc(bytes);
    c.expected = qn_sys.malloc(bytes);
    enum qn_status status = c.stored && c.expected ? QN_OK : qn_fail_memory(err, "a chunk", bytes);
    if (!status)
        status = qn_fill_init(&c.fill, import, reader, err);
    if (!status)
        status = qn_chunk_file_init(&c.amplitude, &array, qn_verify_job(verify)->directory, err);
    if (!status)
        status = check_tiles(&c, err);
    if (!status)
        qn_verify_note(verify, QN_GRID_STORE "/amplitude: %" PRIu64 " chunks unpacked%s", c.chunks,
                       reader ? ", every trace compared with the source" : "");
    qn_chunk_file_release(&c.amplitude);
    qn_fill_release(&c.fill);
    free(c.stored);
    free(c.expected);
    return status;
}
