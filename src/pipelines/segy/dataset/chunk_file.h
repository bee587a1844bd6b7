/* A stored file of a Zarr array, read back: a chunk, or a shard with its index. */
#ifndef QN_PIPELINES_SEGY_DATASET_CHUNK_FILE_H
#define QN_PIPELINES_SEGY_DATASET_CHUNK_FILE_H

#include "format/zarr.h"

#include <limits.h>

/* One file at a time; zero-initialise. */
struct qn_chunk_file {
    struct qn_zarr_array array;
    const char *root; /* the dataset; borrowed */
    size_t slots;     /* chunks of a file */
    struct qn_zarr_span *spans;
    /* Private. */
    struct qn_zarr_decoder *decoder;
    struct qn_buf packed;
    char path[PATH_MAX];
    int fd;
};

/* Prepares for the files of an array. Release in any case. */
enum qn_status qn_chunk_file_init(struct qn_chunk_file *file, const struct qn_zarr_array *array,
                                  const char *root, struct qn_error *err);
void qn_chunk_file_release(struct qn_chunk_file *file);

/* Opens the file `relative` of the dataset, closing the one before, and finds its chunks. */
enum qn_status qn_chunk_file_open(struct qn_chunk_file *file, const char *relative,
                                  struct qn_error *err);

/* Unpacks the chunk in a slot; one that is missing is QN_ERR_CORRUPT. */
enum qn_status qn_chunk_file_read(struct qn_chunk_file *file, size_t slot, void *values,
                                  struct qn_error *err);

static inline bool qn_chunk_file_has(const struct qn_chunk_file *file, size_t slot)
{
    return file->spans[slot].offset != QN_ZARR_MISSING;
}

#endif
