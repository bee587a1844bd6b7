/* Samples of a dataset, chunk by chunk: see dataset.h. A chunk is unpacked once and serves all its
 * traces; where chunks are not packed, only the rows asked for are read. */
#include "pipelines/segy/dataset/tables.h"

#include "base/io.h"
#include "base/sys.h"
#include "pipelines/segy/dataset/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLAIN_BYTES (1u << 20) /* rows read at once where chunks are not packed */
#define NO_CHUNK    UINT64_MAX

struct qn_sample_reader {
    const struct qn_dataset *dataset;
    uint64_t chunk_traces;
    bool plain;
    struct qn_zarr_decoder *decoder;
    uint8_t *rows;  /* a chunk, or PLAIN_BYTES of one */
    uint64_t chunk; /* unpacked in `rows`, or NO_CHUNK */
    struct qn_buf packed;

    char key[QN_ZARR_KEY]; /* of the file that is open */
    char path[PATH_MAX];
    int fd; /* -1: none */
    struct qn_zarr_span *spans;
    size_t slots;
};

void qn_sample_reader_free(struct qn_sample_reader *reader)
{
    if (!reader)
        return;
    qn_zarr_decoder_free(reader->decoder);
    qn_buf_release(&reader->packed);
    if (reader->fd >= 0)
        qn_sys.close(reader->fd);
    free(reader->rows);
    free(reader->spans);
    free(reader);
}

static enum qn_status prepare(struct qn_sample_reader *reader, struct qn_error *err)
{
    const struct qn_zarr_array *array = &reader->dataset->array;
    size_t bytes = qn_zarr_chunk_bytes(array);
    reader->plain = qn_zarr_plain(array);
    if (reader->plain && bytes > PLAIN_BYTES)
        bytes = reader->dataset->row_bytes > PLAIN_BYTES ? reader->dataset->row_bytes : PLAIN_BYTES;
    reader->slots = qn_zarr_shard_slots(array);
    reader->rows = qn_sys.malloc(bytes);
    reader->spans = qn_sys.calloc(reader->slots, sizeof *reader->spans);
    if (!reader->rows || !reader->spans)
        return qn_fail_memory(err, "a chunk of samples", bytes);
    return reader->plain ? QN_OK : qn_zarr_decoder_new(&reader->decoder, array, err);
}

enum qn_status qn_sample_reader_new(const struct qn_dataset *dataset, struct qn_sample_reader **out,
                                    struct qn_error *err)
{
    *out = NULL;
    struct qn_sample_reader *reader = qn_sys.calloc(1, sizeof *reader);
    if (!reader)
        return qn_fail_memory(err, "a reader of samples", sizeof *reader);
    reader->dataset = dataset;
    reader->chunk_traces = dataset->array.chunk[dataset->trace_dim];
    reader->chunk = NO_CHUNK;
    reader->fd = -1;
    enum qn_status status = prepare(reader, err);
    if (status)
        qn_sample_reader_free(reader);
    else
        *out = reader;
    return status;
}

/* ---- files ---------------------------------------------------------------------------------- */

static enum qn_status missing(const struct qn_sample_reader *reader, uint64_t chunk,
                              struct qn_error *err)
{
    uint64_t first = chunk * reader->chunk_traces;
    return qn_fail_at(err, QN_ERR_INPUT, reader->path, -1,
                      "the samples of traces %" PRIu64 " to %" PRIu64 " are not in '%s': their "
                      "segment failed, or the file was removed. Try failed segments again with "
                      "'quern resume --retry-failed', or choose other traces.",
                      first, first + reader->chunk_traces - 1, reader->dataset->root);
}

/* Where the chunks of the open file lie. */
static enum qn_status read_index(struct qn_sample_reader *reader, struct qn_error *err)
{
    size_t len = qn_zarr_index_bytes(reader->slots);
    struct stat st;
    if (qn_sys.fstat(reader->fd, &st) < 0)
        return qn_fail_errno(err, errno, "stat", reader->path);
    uint64_t size = (uint64_t)st.st_size;
    if (!qn_zarr_sharded(&reader->dataset->array)) {
        reader->spans[0] = (struct qn_zarr_span){0, size};
        return QN_OK;
    }
    qn_buf_clear(&reader->packed);
    uint8_t *bytes = qn_buf_reserve(&reader->packed, len);
    if (!bytes)
        return qn_fail_memory(err, "a shard's index", len);
    if (size < len)
        return qn_fail_at(err, QN_ERR_CORRUPT, reader->path, -1,
                          "'%s' is too short to be a shard; the dataset is damaged.", reader->path);
    enum qn_status status = qn_read_at(reader->fd, reader->path, bytes, len, size - len, err);
    return status ? status
                  : qn_zarr_index_parse(bytes, len, size, reader->spans, reader->slots, err);
}

/* Opens the file that holds the chunk, unless it is open. */
static enum qn_status open_file(struct qn_sample_reader *reader, const uint64_t *coordinates,
                                uint64_t chunk, struct qn_error *err)
{
    char key[QN_ZARR_KEY];
    struct stat st;
    qn_zarr_key(&reader->dataset->array, coordinates, key);
    if (reader->fd >= 0 && !strcmp(key, reader->key))
        return QN_OK;
    if (reader->fd >= 0)
        qn_sys.close(reader->fd);
    reader->fd = -1;
    memcpy(reader->key, key, sizeof key);
    snprintf(reader->path, sizeof reader->path, "%s/%s/%s", reader->dataset->root, QN_AMPLITUDE,
             key);
    if (qn_sys.stat(reader->path, &st) < 0 && errno == ENOENT)
        return missing(reader, chunk, err);
    enum qn_status status = qn_open_read(reader->path, &reader->fd, err);
    if (!status) {
        (void)posix_fadvise(reader->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
        status = read_index(reader, err);
    }
    if (status && reader->fd >= 0) {
        qn_sys.close(reader->fd);
        reader->fd = -1;
    }
    return status;
}

static enum qn_status find_chunk(struct qn_sample_reader *reader, uint64_t chunk,
                                 struct qn_zarr_span *span, struct qn_error *err)
{
    const struct qn_dataset *dataset = reader->dataset;
    uint64_t coordinates[QN_ZARR_DIMS] = {0};
    coordinates[dataset->trace_dim] = chunk;
    enum qn_status status = open_file(reader, coordinates, chunk, err);
    if (status)
        return status;
    *span = reader->spans[qn_zarr_slot(&dataset->array, coordinates)];
    return span->offset == QN_ZARR_MISSING ? missing(reader, chunk, err) : QN_OK;
}

/* ---- rows ----------------------------------------------------------------------------------- */

static enum qn_status unpack(struct qn_sample_reader *reader, uint64_t chunk, struct qn_error *err)
{
    struct qn_zarr_span span;
    reader->chunk = NO_CHUNK;
    enum qn_status status = find_chunk(reader, chunk, &span, err);
    if (status)
        return status;
    qn_buf_clear(&reader->packed);
    uint8_t *bytes = qn_buf_reserve(&reader->packed, span.bytes + 1);
    if (!bytes)
        return qn_fail_memory(err, "a chunk", span.bytes);
    status = qn_read_at(reader->fd, reader->path, bytes, span.bytes, span.offset, err);
    struct qn_error cause;
    if (!status && qn_zarr_decode(reader->decoder, bytes, span.bytes, reader->rows, &cause))
        status = qn_fail_at(err, QN_ERR_CORRUPT, reader->path, (int64_t)span.offset,
                            "'%s', byte %" PRIu64 ": %s", reader->path, span.offset, cause.message);
    if (!status)
        reader->chunk = chunk;
    return status;
}

/* Rows of a chunk that is as in memory. */
static enum qn_status read_rows(struct qn_sample_reader *reader, uint64_t chunk, uint64_t row,
                                uint64_t *count, struct qn_error *err)
{
    size_t row_bytes = reader->dataset->row_bytes;
    uint64_t most = row_bytes < PLAIN_BYTES ? PLAIN_BYTES / row_bytes : 1;
    struct qn_zarr_span span;
    enum qn_status status = find_chunk(reader, chunk, &span, err);
    if (status)
        return status;
    if (span.bytes != reader->chunk_traces * row_bytes)
        return qn_fail_at(err, QN_ERR_CORRUPT, reader->path, (int64_t)span.offset,
                          "a chunk of '%s' has %" PRIu64 " bytes, not %" PRIu64
                          "; the dataset is damaged.",
                          reader->path, span.bytes, reader->chunk_traces * row_bytes);
    *count = *count < most ? *count : most;
    return qn_read_at(reader->fd, reader->path, reader->rows, *count * row_bytes,
                      span.offset + row * row_bytes, err);
}

enum qn_status qn_sample_reader_rows(struct qn_sample_reader *reader, uint64_t first,
                                     uint64_t *count, const void **rows, struct qn_error *err)
{
    uint64_t chunk = first / reader->chunk_traces;
    uint64_t row = first % reader->chunk_traces;
    if (*count > reader->chunk_traces - row)
        *count = reader->chunk_traces - row;
    *rows = reader->rows;
    if (reader->plain)
        return read_rows(reader, chunk, row, count, err);
    *rows = reader->rows + row * reader->dataset->row_bytes;
    return reader->chunk == chunk ? QN_OK : unpack(reader, chunk, err);
}
