/* Chunks and shards of one task: see packer.h. */
#include "pipelines/segy/import/packer.h"

#include "base/crc32c.h"
#include "base/sys.h"
#include "pipelines/segy/dataset/store.h"

#include <stdlib.h>
#include <string.h>

struct qn_packer {
    struct qn_zarr_array array;
    struct qn_zarr_encoder *encoder; /* NULL: unpacked, streamed */
    bool discards;                   /* the dataset has no traces.zarr */
    size_t row_bytes;
    uint64_t chunk_traces;
    uint64_t traces; /* of the survey */
    size_t slots;    /* chunks of a full shard */
    uint8_t *room;   /* block_traces rows, or with an encoder a whole chunk */
    uint64_t room_traces;
    struct qn_buf packed;
    struct qn_buf index;
    struct qn_zarr_span *spans; /* of the shard under way */

    struct qn_task_run *run;
    struct qn_output *file; /* under way, or NULL; owned by the attempt */
    uint64_t trace;         /* the next one */
    uint64_t filled;        /* traces of the chunk under way */
    uint64_t chunk_start;   /* where it starts in the file */
    uint32_t crc;           /* of it, as far as it is written */
    uint64_t stored_bytes;
};

void qn_packer_free(struct qn_packer *packer)
{
    if (!packer)
        return;
    qn_zarr_encoder_free(packer->encoder);
    qn_buf_release(&packer->packed);
    qn_buf_release(&packer->index);
    free(packer->spans);
    free(packer->room);
    free(packer);
}

enum qn_status qn_packer_new(const struct qn_import *import, uint64_t block_traces,
                             struct qn_packer **out, struct qn_error *err)
{
    *out = NULL;
    struct qn_packer *packer = qn_sys.calloc(1, sizeof *packer);
    if (!packer)
        return qn_fail_memory(err, "a packer", sizeof *packer);
    qn_store_amplitude(import, &packer->array);
    enum qn_status status = qn_zarr_check(&packer->array, err);
    if (!status && !qn_zarr_plain(&packer->array))
        status = qn_zarr_encoder_new(&packer->encoder, &packer->array, err);
    if (status) {
        qn_packer_free(packer);
        return status;
    }
    packer->chunk_traces = import->grid.chunk_traces;
    packer->traces = import->layout.trace_count;
    packer->discards = import->no_traces;
    packer->row_bytes = qn_zarr_chunk_bytes(&packer->array) / packer->chunk_traces;
    packer->slots = qn_zarr_shard_slots(&packer->array);
    packer->room_traces = packer->encoder ? packer->chunk_traces : block_traces;
    size_t room_bytes = packer->room_traces * packer->row_bytes;
    packer->room = qn_sys.malloc(room_bytes);
    packer->spans = qn_sys.calloc(packer->slots, sizeof *packer->spans);
    if (!packer->room || !packer->spans) {
        qn_packer_free(packer);
        return qn_fail_memory(err, "a chunk", room_bytes);
    }
    *out = packer;
    return QN_OK;
}

void qn_packer_begin(struct qn_packer *packer, struct qn_task_run *run, uint64_t trace)
{
    packer->run = run;
    packer->trace = trace;
    packer->file = NULL;
    packer->filled = 0;
    packer->stored_bytes = 0;
}

void *qn_packer_room(struct qn_packer *packer)
{
    return packer->room + (packer->encoder ? packer->filled * packer->row_bytes : 0);
}

/* The slot of the chunk under way in its file. */
static size_t slot_of(const struct qn_packer *packer, uint64_t trace)
{
    return (size_t)(trace / packer->chunk_traces % packer->slots);
}

static enum qn_status open_file(struct qn_packer *packer, struct qn_error *err)
{
    char path[QN_STORE_PATH];
    qn_store_path(&packer->array, packer->trace, path);
    for (size_t i = 0; i < packer->slots; i++)
        packer->spans[i] = (struct qn_zarr_span){QN_ZARR_MISSING, QN_ZARR_MISSING};
    return qn_task_create(packer->run, path, &packer->file, err);
}

static enum qn_status write_bytes(struct qn_packer *packer, const void *bytes, size_t len,
                                  struct qn_error *err)
{
    packer->crc = qn_crc32c(packer->crc, bytes, len);
    return qn_output_write(packer->file, bytes, len, err);
}

static enum qn_status close_file(struct qn_packer *packer, struct qn_error *err)
{
    struct qn_output *file = packer->file;
    if (qn_zarr_sharded(&packer->array)) {
        qn_buf_clear(&packer->index);
        qn_zarr_index_encode(packer->spans, packer->slots, &packer->index);
        if (packer->index.failed)
            return qn_fail_memory(err, "the index of a shard", packer->slots * 16);
        enum qn_status status = qn_output_write(file, packer->index.data, packer->index.len, err);
        if (status)
            return status;
    }
    packer->file = NULL;
    return qn_output_commit(file, err);
}

/* The chunk under way, whose last trace is packer->trace - 1, is complete. */
static enum qn_status close_chunk(struct qn_packer *packer, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    size_t slot = slot_of(packer, packer->trace - 1);
    if (packer->encoder) {
        qn_buf_clear(&packer->packed);
        status = qn_zarr_encode(packer->encoder, packer->room, &packer->packed, err);
        if (!status)
            status = write_bytes(packer, packer->packed.data, packer->packed.len, err);
    }
    uint64_t bytes = qn_output_tell(packer->file) - packer->chunk_start;
    packer->spans[slot] = (struct qn_zarr_span){packer->chunk_start, bytes};
    packer->stored_bytes += bytes;
    packer->filled = 0;
    if (!status)
        status = qn_output_chunk(packer->file, packer->crc, err);
    if (!status && (slot + 1 == packer->slots || packer->trace == packer->traces))
        status = close_file(packer, err);
    return status;
}

/* Fills up the survey's last chunk. */
static enum qn_status pad_chunk(struct qn_packer *packer, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    uint64_t lack = packer->chunk_traces - packer->filled;
    size_t row_values = packer->row_bytes / qn_dtype_bytes(packer->array.dtype);
    if (packer->encoder) {
        qn_zarr_fill(&packer->array, qn_packer_room(packer), lack * row_values);
        return QN_OK;
    }
    qn_zarr_fill(&packer->array, packer->room, row_values);
    for (; lack > 0 && !status; lack--)
        status = write_bytes(packer, packer->room, packer->row_bytes, err);
    return status;
}

enum qn_status qn_packer_push(struct qn_packer *packer, uint64_t n, struct qn_error *err)
{
    if (packer->discards)
        return QN_OK;
    enum qn_status status = packer->file ? QN_OK : open_file(packer, err);
    if (!status && packer->filled == 0) {
        packer->chunk_start = qn_output_tell(packer->file);
        packer->crc = 0;
    }
    if (!status && !packer->encoder)
        status = write_bytes(packer, packer->room, n * packer->row_bytes, err);
    packer->trace += n;
    packer->filled += n;
    if (!status && packer->trace == packer->traces && packer->filled < packer->chunk_traces)
        status = pad_chunk(packer, err);
    if (!status && (packer->filled == packer->chunk_traces || packer->trace == packer->traces))
        status = close_chunk(packer, err);
    return status;
}

uint64_t qn_packer_end(struct qn_packer *packer)
{
    return packer->stored_bytes;
}
