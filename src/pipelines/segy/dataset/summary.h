/* What an import says of itself as JSON: in statistics.json, binary_header.json, the attributes of
 * the store and the facts of manifest.json. Functions give new references, NULL without memory. */
#ifndef QN_PIPELINES_SEGY_DATASET_SUMMARY_H
#define QN_PIPELINES_SEGY_DATASET_SUMMARY_H

#include "pipelines/segy/import.h"
#include "pipelines/segy/result.h"

#include <jansson.h>

struct qn_summary {
    struct qn_tally tally; /* of all segments that have a result */
    uint64_t ensembles;
};

/* Time of the first sample in ms: the recording delay if all traces have the same one, else 0. */
double qn_summary_delay(const struct qn_summary *summary);

/* Source, shape, sample format, interval, units, key: what a reader needs to know. */
json_t *qn_survey_json(const struct qn_import *import, const struct qn_summary *summary);

/* Count, minimum, maximum, mean, RMS, zeros, NaNs, infinities, dead traces, overflows. */
json_t *qn_statistics_json(const struct qn_summary *summary);

/* Adds minimum, maximum, mean, RMS, and how many samples are zero, NaN, infinite. */
void qn_stats_json(json_t *out, const struct qn_stats *stats);

/* The last part of a path, as UTF-8 whatever it is. */
json_t *qn_name_json(const char *path);

/* Every field of the binary header by name. */
json_t *qn_binary_json(const uint8_t binary[QN_SEGY_BINARY_BYTES], enum qn_byte_order order);

#endif
