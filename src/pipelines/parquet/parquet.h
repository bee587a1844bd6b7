/* The pipeline `parquet`: everyday tools for Parquet files, and their deep verifier. */
#ifndef QN_PARQUET_PIPELINE_H
#define QN_PARQUET_PIPELINE_H

#include <quern/pipeline.h>

extern const struct qn_pipeline qn_parquet_pipeline;

#endif
