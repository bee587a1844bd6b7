/* The survey's geometry for the report, beneath the map. */
#ifndef QN_PIPELINES_SEGY_MAP_REPORT_H
#define QN_PIPELINES_SEGY_MAP_REPORT_H

#include "base/buf.h"

#include <jansson.h>

/* From the facts `geometry` and `corners` of manifest.json; nothing where they are missing. */
void qn_map_report(const json_t *facts, struct qn_buf *html);

#endif
