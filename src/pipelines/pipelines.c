/* The list of pipelines in `quern`. */
#include "pipelines/pipelines.h"

#include <stddef.h>

const struct qn_pipeline *const qn_pipelines[] = {NULL};
