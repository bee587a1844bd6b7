/* Glue of the map: joins what segments know of positions, states the survey's geometry as a fact,
 * and leaves the map for the report. */
#ifndef QN_PIPELINES_SEGY_MAP_GLUE_H
#define QN_PIPELINES_SEGY_MAP_GLUE_H

#include "pipelines/segy/import.h"

/* Does nothing for an import whose headers have no positions. */
enum qn_status qn_map_glue(struct qn_glue *glue, const struct qn_import *import,
                           struct qn_error *err);

#endif
