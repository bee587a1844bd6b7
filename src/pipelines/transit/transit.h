/* The pipeline `transit`: light curves to vetted transit features. */
#ifndef QN_PIPELINES_TRANSIT_TRANSIT_H
#define QN_PIPELINES_TRANSIT_TRANSIT_H

#include <quern/pipeline.h>

extern const struct qn_pipeline qn_transit_pipeline;

#endif
