/* Picking samples for the picture of a survey: see picture.h. */
#include "pipelines/segy/picture.h"

#include <math.h>

#define MOST_TRACES  1000u
#define MOST_SAMPLES 600u

struct qn_pictures qn_pictures_of(uint64_t traces, uint32_t samples)
{
    struct qn_pictures pictures;
    struct qn_picture_grid *section = &pictures.section;
    section->traces = traces < MOST_TRACES ? traces : MOST_TRACES;
    section->first = (traces - section->traces) / 2;
    section->trace_stride = 1;
    section->sample_stride = (samples - 1) / MOST_SAMPLES + 1;
    section->samples = (samples - 1) / section->sample_stride + 1;
    pictures.overview = *section;
    pictures.overview.first = 0;
    pictures.overview.trace_stride = (traces - 1) / MOST_TRACES + 1;
    pictures.overview.traces =
        traces > MOST_TRACES ? (traces - 1) / pictures.overview.trace_stride + 1 : 0;
    return pictures;
}

int64_t qn_picture_place(const struct qn_picture_grid *grid, uint64_t trace)
{
    if (trace < grid->first || (trace - grid->first) % grid->trace_stride != 0)
        return -1;
    uint64_t place = (trace - grid->first) / grid->trace_stride;
    return place < grid->traces ? (int64_t)place : -1;
}

#define PICK(type)                                                                                 \
    do {                                                                                           \
        const type *from = trace;                                                                  \
        for (size_t i = 0; i < count; i++)                                                         \
            column[i] = (float)from[i * grid->sample_stride];                                      \
    } while (0)

void qn_picture_pick(const struct qn_picture_grid *grid, enum qn_dtype dtype, const void *trace,
                     size_t samples, float *column)
{
    size_t count = samples ? (samples - 1) / grid->sample_stride + 1 : 0;
    count = count < grid->samples ? count : grid->samples;
    for (size_t i = count; i < grid->samples; i++)
        column[i] = NAN;
    switch (dtype) {
    case QN_INT8:
        PICK(int8_t);
        break;
    case QN_INT16:
        PICK(int16_t);
        break;
    case QN_INT32:
        PICK(int32_t);
        break;
    case QN_INT64:
        PICK(int64_t);
        break;
    case QN_UINT8:
        PICK(uint8_t);
        break;
    case QN_UINT16:
        PICK(uint16_t);
        break;
    case QN_UINT32:
        PICK(uint32_t);
        break;
    case QN_UINT64:
        PICK(uint64_t);
        break;
    case QN_FLOAT32:
        PICK(float);
        break;
    case QN_FLOAT64:
        PICK(double);
        break;
    case QN_CHAR8: /* no type of samples */
    case QN_DTYPE_COUNT:
        break;
    }
}
