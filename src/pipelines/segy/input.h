/* The SEG-Y file of an import: opened with clear refusals, read at offsets, never written. */
#ifndef QN_PIPELINES_SEGY_INPUT_H
#define QN_PIPELINES_SEGY_INPUT_H

#include "format/segy.h"

#include <quern/error.h>
#include <stdbool.h>
#include <stdint.h>

struct qn_input {
    const char *path; /* borrowed */
    int fd;           /* -1 when closed */
    uint64_t size;
};

/* Opens a regular file that is not empty; QN_ERR_INPUT says what else it is. */
enum qn_status qn_input_open(struct qn_input *input, const char *path, struct qn_error *err);

/* The same for a worker: a size other than the planned one is QN_ERR_CHANGED. */
enum qn_status qn_input_reopen(struct qn_input *input, const char *path, uint64_t planned_size,
                               struct qn_error *err);
void qn_input_close(struct qn_input *input);

/* Tells the system that bytes offset to offset + len - 1 are read next, in order. A hint. */
void qn_input_will_read(const struct qn_input *input, uint64_t offset, uint64_t len);

/* Reads exactly `len` bytes. A file that ends before was cut since planning: QN_ERR_CHANGED. */
enum qn_status qn_input_read(const struct qn_input *input, uint64_t offset, void *bytes, size_t len,
                             struct qn_error *err);

/* The input as those who know the format read it; borrows `input`. */
struct qn_segy_source qn_input_source(struct qn_input *input);

#endif
