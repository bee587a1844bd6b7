/* The list of pipelines in `quern`. */
#include "pipelines/pipelines.h"

#include "pipelines/ercot/ercot.h"
#include "pipelines/lunar/lunar.h"
#include "pipelines/parquet/parquet.h"
#include "pipelines/segy/segy.h"
#include "pipelines/transit/transit.h"

#include <stddef.h>

const struct qn_pipeline *const qn_pipelines[] = {&qn_segy_pipeline,    &qn_ercot_pipeline,
                                                  &qn_transit_pipeline, &qn_lunar_pipeline,
                                                  &qn_parquet_pipeline, NULL};
