/* What the user knows better than the file: the options of `import`, `scan` and `info` that
 * override a decision, and the decisions of an earlier scan (--scan FILE.json), read in one place.
 * An option beats the scan, the scan beats the evidence. */
#ifndef QN_PIPELINES_SEGY_SURVEY_OVERRIDES_H
#define QN_PIPELINES_SEGY_SURVEY_OVERRIDES_H

#include "format/segy.h"

#include <jansson.h>
#include <quern/pipeline.h>

/* Rows for the option table of a verb that reads SEG-Y. */
/* clang-format off */
#define QN_OVERRIDE_OPTIONS                                                                        \
    {"endian", QN_OPT_CHOICE, "big|little", NULL, "byte order, when the headers lie"},             \
    {"sample-endian", QN_OPT_CHOICE, "big|little", NULL,                                           \
     "byte order of the samples, if it is not that of the headers"},                               \
    {"format", QN_OPT_STRING, "CODE|NAME", NULL,                                                   \
     "sample format, when the headers lie: 1 or ibm, 5 or ieee, ..."},                             \
    {"samples", QN_OPT_INT, "N", NULL, "samples per trace, when the headers lie"},                 \
    {"variable", QN_OPT_FLAG, NULL, NULL, "each trace header says the length of its trace"},       \
    {"interval", QN_OPT_REAL, "MICROSECONDS", NULL, "time between samples, when the headers lie"}, \
    {"first-trace-offset", QN_OPT_INT, "BYTES", NULL, "where the first trace header starts"},      \
    {"trace-headers", QN_OPT_INT, "N", NULL, "240-byte headers before the samples of each trace"}, \
    {"trailers", QN_OPT_INT, "N", NULL, "3200-byte records after the last trace"},                 \
    {"revision", QN_OPT_CHOICE, "0|1|2|2.1", NULL, "revision of SEG-Y: which fields count"},       \
    {"text-encoding", QN_OPT_CHOICE, "ascii|ebcdic", NULL, "of all text headers"},                 \
    {"tape-label", QN_OPT_FLAG, NULL, NULL, "128 bytes before the text header are a tape label"},  \
    {"seismic-unix", QN_OPT_FLAG, NULL, NULL, "a Seismic Unix file: traces, no reel headers"},     \
    {"salvage", QN_OPT_FLAG, NULL, NULL,                                                           \
     "of a damaged file take what is whole and list what is left out"}
/* clang-format on */

struct qn_overrides {
    struct qn_segy_overrides given; /* by options */
    json_t *scan;                   /* of --scan, NULL if not given; owned */
    const char *scan_path;          /* borrowed from the options */
};

/* A count option within `least` to `most`, else QN_ERR_USAGE; 0 when it is not given. */
enum qn_status qn_count_option(const struct qn_options *options, const char *name, int64_t least,
                               int64_t most, uint64_t *value, struct qn_error *err);

/* Reads the options of QN_OVERRIDE_OPTIONS, and --scan where the verb has it. Wrong values are
 * QN_ERR_USAGE, a scan file that is none QN_ERR_INPUT. Release also after a failure. */
enum qn_status qn_overrides_read(const struct qn_options *options, struct qn_overrides *overrides,
                                 struct qn_error *err);
void qn_overrides_release(struct qn_overrides *overrides);

/* What holds for one file of `count` given. With a scan, its entry of the same name counts, or its
 * only one for the only file; QN_ERR_CHANGED if the file had another size when it was scanned. */
enum qn_status qn_overrides_for(const struct qn_overrides *overrides, const char *path,
                                uint64_t size, size_t count, struct qn_segy_overrides *all,
                                struct qn_error *err);

#endif
