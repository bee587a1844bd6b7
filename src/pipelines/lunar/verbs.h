/* The verbs of `lunar` that do everything themselves, with their options. */
#ifndef QN_PIPELINES_LUNAR_VERBS_H
#define QN_PIPELINES_LUNAR_VERBS_H

#include <quern/pipeline.h>

#endif
