/* The list of pipelines in `quern`. */
#include "pipelines/pipelines.h"

#include "pipelines/ercot/ercot.h"
#include "pipelines/segy/segy.h"

#include <stddef.h>

const struct qn_pipeline *const qn_pipelines[] = {&qn_segy_pipeline, &qn_ercot_pipeline, NULL};
