/* Scanning one file: the decision of how it is read, a look at its traces, guesses. See scan.h. */
#include "pipelines/segy/scan/scan.h"

#include "pipelines/segy/survey/packed.h"

#include <string.h>

void qn_scan_release(struct qn_scan *scan)
{
    qn_scan_sample_release(&scan->sample);
    qn_positions_release(&scan->positions);
    qn_input_close(&scan->input);
    qn_gzip_index_release(&scan->gzip);
}

/* The decision of an import; where that refuses, the one it would make with --salvage. */
static enum qn_status decide(struct qn_scan *scan, const struct qn_overrides *overrides,
                             size_t count, struct qn_error *err)
{
    struct qn_segy_source source = qn_input_source(&scan->input);
    struct qn_segy_overrides known;
    enum qn_status status =
        qn_overrides_for(overrides, scan->path, scan->input.size, count, &known, err);
    if (status)
        return status;
    status = qn_segy_decide(&source, &known, &scan->decision, &scan->why);
    if (status == QN_ERR_INPUT && !known.salvage) {
        scan->refusal = status;
        known.salvage = true;
        status = qn_segy_decide(&source, &known, &scan->decision, NULL);
    }
    if (status && err)
        *err = scan->why;
    return status;
}

static enum qn_status look(struct qn_scan *scan, bool all, struct qn_error *err)
{
    const struct qn_segy_layout *layout = qn_scan_layout(scan);
    enum qn_status status = qn_scan_sample_read(&scan->input, layout, &scan->sample, err);
    if (!status)
        status =
            qn_positions_init(&scan->positions, layout->trace_header_bytes, layout->order, err);
    if (status)
        return status;
    scan->looked_at_all = all && !scan->sample.whole;
    if (scan->looked_at_all)
        status = qn_scan_all_headers(&scan->input, layout, &scan->positions, &scan->all, err);
    else
        qn_scan_sample_positions(&scan->sample, &scan->positions);
    scan->traces = !layout->variable     ? layout->trace_count
                   : scan->looked_at_all ? scan->all.traces
                   : scan->sample.whole  ? scan->sample.count
                                         : 0;
    return status;
}

enum qn_status qn_scan_file(const char *path, const struct qn_overrides *overrides, size_t count,
                            bool all, struct qn_scan *scan, struct qn_error *err)
{
    *scan = (struct qn_scan){.path = path, .input.fd = -1};
    enum qn_status status = qn_packed_open(&scan->input, path, &scan->gzip, err);
    if (!status)
        status = decide(scan, overrides, count, err);
    if (!status)
        status = look(scan, all, err);
    if (!status)
        status = qn_scan_guess(&scan->sample, qn_scan_layout(scan), &scan->positions, scan->traces,
                               &scan->guesses, err);
    return status;
}
