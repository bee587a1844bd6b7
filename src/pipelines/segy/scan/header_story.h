/* What glue says of trace headers: the fact "headers" of manifest.json and notes for people. */
#ifndef QN_PIPELINES_SEGY_SCAN_HEADER_STORY_H
#define QN_PIPELINES_SEGY_SCAN_HEADER_STORY_H

#include "pipelines/segy/computed.h"
#include "pipelines/segy/scan/header_checks.h"

/* `faults` has as many as import->computed. */
enum qn_status qn_header_story(struct qn_glue *glue, const struct qn_header_checks *checks,
                               const struct qn_fault_count *faults, struct qn_error *err);

/* Where each column of headers.parquet is from, as JSON for its footer. Made with malloc, NULL
 * without memory. */
char *qn_header_columns_json(const struct qn_import *import);

#endif
