/* The picture of a survey in report.html: about a thousand traces, evenly spread, of at most 600
 * samples each. Workers pick them in passing, so that no second pass over the data is needed. */
#ifndef QN_PIPELINES_SEGY_PICTURE_H
#define QN_PIPELINES_SEGY_PICTURE_H

#include "base/dtype.h"

#include <stddef.h>
#include <stdint.h>

/* Where glue leaves the columns for the report: per column its number (uint64_t), its samples
 * (float32), both little-endian. */
#define QN_PICTURE_FILE ".quern/section.bin"

/* Column i of the picture is trace i * trace_stride, its row k sample k * sample_stride. */
struct qn_picture_grid {
    uint64_t trace_stride;
    uint64_t traces; /* 1 to 1000 */
    uint32_t sample_stride;
    uint32_t samples; /* 1 to 600 */
};

struct qn_picture_grid qn_picture_grid_of(uint64_t traces, uint32_t samples);

/* Picks grid->samples of one trace of samples of a numeric dtype. */
void qn_picture_pick(const struct qn_picture_grid *grid, enum qn_dtype dtype, const void *trace,
                     float *column);

#endif
