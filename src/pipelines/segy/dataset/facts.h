/* What an export has to know of an import, as facts in manifest.json: `layout`, what the source
 * files were made of and which header bytes became which column, and `lossless`, whether the
 * dataset gives them back to the bit and if not why. Written by glue, read by dataset.c.
 *
 *   "layout": {"trace_header_bytes": 240, "sample_byte_order": "big", "seismic_unix": false,
 *              "gain_sign": "plus",
 *              "fields": [{"column": "cdp", "byte": 21, "type": "int32"}, ...],
 *              "files": [{"name": "line.sgy", "bytes": 12345, "first_trace": 0, "traces": 100,
 *                         "first_trace_offset": 3600,
 *                         "pieces": [{"path": "raw/text_header.bin", "offset": 0, "bytes": 3200},
 *                                    ...]}]}
 *   "lossless": {"lossless": true, "headers": true, "samples": true, "whole": true,
 *                "exceptions": 0, "reasons": []}
 */
#ifndef QN_PIPELINES_SEGY_DATASET_FACTS_H
#define QN_PIPELINES_SEGY_DATASET_FACTS_H

#include "pipelines/segy/import.h"
#include "pipelines/segy/result.h"

#include <jansson.h>

#define QN_FACT_LAYOUT   "layout"
#define QN_FACT_LOSSLESS "lossless"

/* New references, NULL without memory. The tally is that of all segments that have a result. */
json_t *qn_layout_json(const struct qn_import *import);
json_t *qn_lossless_json(const struct qn_import *import, const struct qn_tally *tally);

#endif
