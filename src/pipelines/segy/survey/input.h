/* A SEG-Y file of an import: opened with clear refusals, read at offsets, never written. A file
 * packed with gzip is read as what it holds once its index is there. */
#ifndef QN_PIPELINES_SEGY_SURVEY_INPUT_H
#define QN_PIPELINES_SEGY_SURVEY_INPUT_H

#include "format/gzip_source.h"
#include "format/segy.h"

#include <quern/error.h>
#include <stdbool.h>
#include <stdint.h>

struct qn_input {
    const char *path;          /* borrowed */
    int fd;                    /* -1 when closed */
    uint64_t size;             /* of what is read: of the file, or of what it holds */
    uint64_t stored;           /* of the file */
    bool packed;               /* with gzip */
    struct qn_gzip *gzip;      /* NULL: bytes are read as they are stored */
    struct qn_gzip_file bytes; /* of the file, for gzip */
};

/* Opens a regular file that is not empty; QN_ERR_INPUT says what else it is, and of files packed
 * with anything but gzip how to unpack them. */
enum qn_status qn_input_open(struct qn_input *input, const char *path, struct qn_error *err);

/* The same for a worker: a size other than the planned one is QN_ERR_CHANGED. An `index` with
 * points (may be NULL) unpacks what is read. */
enum qn_status qn_input_reopen(struct qn_input *input, const char *path, uint64_t planned_size,
                               const struct qn_gzip_index *index, struct qn_error *err);
void qn_input_close(struct qn_input *input);

/* The file as it is stored, for those who make an index; borrows `input`. */
struct qn_gzip_file *qn_input_stored(struct qn_input *input);

/* From now on what the packed file holds is read; `memory` bytes of it are kept for stepping back.
 * Borrows the index; the input stays where it is in memory. */
enum qn_status qn_input_unpack(struct qn_input *input, const struct qn_gzip_index *index,
                               size_t memory, struct qn_error *err);

/* Tells the system that bytes offset to offset + len - 1 are read next, in order. A hint. */
void qn_input_will_read(const struct qn_input *input, uint64_t offset, uint64_t len);

/* Reads exactly `len` bytes. A file that ends before was cut since planning: QN_ERR_CHANGED. */
enum qn_status qn_input_read(const struct qn_input *input, uint64_t offset, void *bytes, size_t len,
                             struct qn_error *err);

/* The input as those who know the format read it; borrows `input`. */
struct qn_segy_source qn_input_source(struct qn_input *input);

#endif
