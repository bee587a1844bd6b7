/* `quern segy scan` and `quern segy info`: what a SEG-Y file is, how it would be read and why, what
 * its trace headers hold, without importing it. */
#ifndef QN_PIPELINES_SEGY_SCAN_SCAN_H
#define QN_PIPELINES_SEGY_SCAN_SCAN_H

#include "base/buf.h"
#include "format/segy/score.h"
#include "pipelines/segy/scan/guess.h"
#include "pipelines/segy/scan/sample.h"
#include "pipelines/segy/survey/input.h"
#include "pipelines/segy/survey/overrides.h"
#include "render/terminal.h"

#include <jansson.h>
#include <quern/pipeline.h>

/* All that is known of one file. */
struct qn_scan {
    const char *path; /* borrowed */
    struct qn_input input;
    struct qn_gzip_index gzip; /* of a packed file */
    struct qn_segy_decision decision;
    enum qn_status refusal; /* of an import: how `decision` was made all the same */
    struct qn_error why;    /* of the refusal */
    struct qn_scan_sample sample;
    struct qn_positions positions; /* of the sample, or of all traces */
    bool looked_at_all;
    struct qn_scan_all all; /* if looked_at_all */
    uint64_t traces;        /* in the file; 0: unknown, as nobody has followed the chain */
    struct qn_scan_guesses guesses;
};

/* Scans a file. A file that an import would refuse, but that --salvage would read, is scanned that
 * way, with scan->refusal. Release also after a failure. */
enum qn_status qn_scan_file(const char *path, const struct qn_overrides *overrides, size_t count,
                            bool all, struct qn_scan *scan, struct qn_error *err);
void qn_scan_release(struct qn_scan *scan);

static inline const struct qn_segy_layout *qn_scan_layout(const struct qn_scan *scan)
{
    return &scan->decision.chosen.layout;
}

/* For people. Appends the report to *out. */
void qn_scan_report(const struct qn_scan *scan, const struct qn_terminal *terminal,
                    struct qn_buf *out);

/* One line that says what the file is; the heading of reports. */
void qn_scan_headline(const struct qn_scan *scan, const struct qn_terminal *terminal,
                      struct qn_buf *out);

/* Every byte of the trace headers where something lies, under every type. */
void qn_scan_bytes(const struct qn_scan *scan, const struct qn_terminal *terminal,
                   struct qn_buf *out);

/* Text headers, binary header, the first `traces` traces as a table, a picture. */
enum qn_status qn_scan_preview(struct qn_scan *scan, size_t traces,
                               const struct qn_terminal *terminal, struct qn_buf *out,
                               struct qn_error *err);

/* Writes the picture of traces from the middle of the file. */
enum qn_status qn_scan_picture(struct qn_scan *scan, const char *png_path, struct qn_error *err);

/* What --json prints of one file: docs/segy.md describes it. NULL without memory. */
json_t *qn_scan_json(struct qn_scan *scan, size_t preview, struct qn_error *err);

/* The verbs. */
enum qn_status qn_scan_run(const struct qn_options *options, struct qn_error *err);
enum qn_status qn_info_run(const struct qn_options *options, struct qn_error *err);

#endif
