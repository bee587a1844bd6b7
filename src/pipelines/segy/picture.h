/* The pictures of a survey in report.html: a section of about a thousand traces in a row, and for
 * larger surveys an overview of as many, evenly spread, each of at most 600 samples. Workers pick
 * them in passing, so that no second pass over the data is needed. */
#ifndef QN_PIPELINES_SEGY_PICTURE_H
#define QN_PIPELINES_SEGY_PICTURE_H

#include "base/dtype.h"

#include <stddef.h>
#include <stdint.h>

/* Where glue leaves the columns for the report: per column its place (uint64_t; the overview's
 * count on after the section's), its samples (float32), both little-endian. */
#define QN_PICTURE_FILE ".quern/section.bin"

/* Column i is trace first + i * trace_stride, its row k sample k * sample_stride. */
struct qn_picture_grid {
    uint64_t first;
    uint64_t trace_stride;
    uint64_t traces; /* at most 1000 */
    uint32_t sample_stride;
    uint32_t samples; /* 1 to 600 */
};

struct qn_pictures {
    struct qn_picture_grid section;  /* from the middle of the survey */
    struct qn_picture_grid overview; /* no traces when the section shows all of them */
};

struct qn_pictures qn_pictures_of(uint64_t traces, uint32_t samples);

/* The place of a trace's column in the picture, or -1 if it has none. */
int64_t qn_picture_place(const struct qn_picture_grid *grid, uint64_t trace);

/* Picks grid->samples of one trace of `samples` samples of a numeric dtype; beyond its end: NaN. */
void qn_picture_pick(const struct qn_picture_grid *grid, enum qn_dtype dtype, const void *trace,
                     size_t samples, float *column);

#endif
