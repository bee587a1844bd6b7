/* The pipelines that the program `quern` carries. */
#ifndef QN_PIPELINES_PIPELINES_H
#define QN_PIPELINES_PIPELINES_H

#include <quern/pipeline.h>

extern const struct qn_pipeline *const qn_pipelines[]; /* ended by NULL */

#endif
