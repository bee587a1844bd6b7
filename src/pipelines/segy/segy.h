/* The pipeline `quern segy`. */
#ifndef QN_PIPELINES_SEGY_SEGY_H
#define QN_PIPELINES_SEGY_SEGY_H

#include <quern/pipeline.h>

extern const struct qn_pipeline qn_segy_pipeline;

#endif
