/* The pipeline `lunar`: electron spectra of Lunar Prospector to maps of the Moon's potential. */
#ifndef QN_PIPELINES_LUNAR_LUNAR_H
#define QN_PIPELINES_LUNAR_LUNAR_H

#include <quern/pipeline.h>

extern const struct qn_pipeline qn_lunar_pipeline;

#endif
