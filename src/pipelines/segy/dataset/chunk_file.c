/* Reading back files of a Zarr array: see chunk_file.h. */
#include "pipelines/segy/dataset/chunk_file.h"

#include "base/io.h"
#include "base/sys.h"

#include <stdio.h>
#include <stdlib.h>

enum qn_status qn_chunk_file_init(struct qn_chunk_file *file, const struct qn_zarr_array *array,
                                  const char *root, struct qn_error *err)
{
    *file = (struct qn_chunk_file){.array = *array, .root = root, .fd = -1};
    enum qn_status status = qn_zarr_decoder_new(&file->decoder, array, err);
    if (status)
        return status;
    file->slots = qn_zarr_shard_slots(array);
    file->spans = qn_sys.calloc(file->slots, sizeof *file->spans);
    return file->spans ? QN_OK : qn_fail_memory(err, "a shard's index", file->slots * 16);
}

static void close_file(struct qn_chunk_file *file)
{
    if (file->fd >= 0)
        qn_sys.close(file->fd);
    file->fd = -1;
}

void qn_chunk_file_release(struct qn_chunk_file *file)
{
    if (file->decoder) /* it was prepared: fd 0 is not ours otherwise */
        close_file(file);
    qn_zarr_decoder_free(file->decoder);
    qn_buf_release(&file->packed);
    free(file->spans);
    *file = (struct qn_chunk_file){.fd = -1};
}

static enum qn_status read_index(struct qn_chunk_file *file, uint64_t size, struct qn_error *err)
{
    size_t len = qn_zarr_index_bytes(file->slots);
    if (size < len)
        return qn_fail(err, QN_ERR_CORRUPT, "too short for its index");
    qn_buf_clear(&file->packed);
    uint8_t *bytes = qn_buf_reserve(&file->packed, len);
    if (!bytes)
        return qn_fail_memory(err, "a shard's index", len);
    enum qn_status status = qn_read_at(file->fd, file->path, bytes, len, size - len, err);
    return status ? status : qn_zarr_index_parse(bytes, len, size, file->spans, file->slots, err);
}

enum qn_status qn_chunk_file_open(struct qn_chunk_file *file, const char *relative,
                                  struct qn_error *err)
{
    struct stat st;
    close_file(file);
    snprintf(file->path, sizeof file->path, "%s/%s", file->root, relative);
    enum qn_status status = qn_open_read(file->path, &file->fd, err);
    if (status)
        return status;
    if (qn_sys.fstat(file->fd, &st) < 0)
        return qn_fail(err, QN_ERR_IO, "the size of '%s' cannot be read.", file->path);
    if (qn_zarr_sharded(&file->array))
        return read_index(file, (uint64_t)st.st_size, err);
    file->spans[0] = (struct qn_zarr_span){0, (uint64_t)st.st_size};
    return QN_OK;
}

enum qn_status qn_chunk_file_read(struct qn_chunk_file *file, size_t slot, void *values,
                                  struct qn_error *err)
{
    const struct qn_zarr_span *span = &file->spans[slot];
    if (!qn_chunk_file_has(file, slot))
        return qn_fail(err, QN_ERR_CORRUPT, "a chunk is missing");
    qn_buf_clear(&file->packed);
    uint8_t *bytes = qn_buf_reserve(&file->packed, span->bytes + 1);
    if (!bytes)
        return qn_fail_memory(err, "a chunk", span->bytes);
    enum qn_status status = qn_read_at(file->fd, file->path, bytes, span->bytes, span->offset, err);
    return status ? status : qn_zarr_decode(file->decoder, bytes, span->bytes, values, err);
}
