/* The pipeline `ercot`: files of the Texas power market to typed, sorted, verified Parquet. */
#ifndef QN_PIPELINES_ERCOT_ERCOT_H
#define QN_PIPELINES_ERCOT_ERCOT_H

#include <quern/pipeline.h>

extern const struct qn_pipeline qn_ercot_pipeline;

#endif
