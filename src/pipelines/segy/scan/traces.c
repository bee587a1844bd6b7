/* Reading the first traces: see traces.h. */
#include "pipelines/segy/scan/traces.h"

#include "base/sys.h"
#include "compute/samples.h"

#include <stdlib.h>

#define MOST 1000u

void qn_scan_traces_release(struct qn_scan_traces *traces)
{
    free(traces->headers);
    free(traces->stats);
    *traces = (struct qn_scan_traces){0};
}

static enum qn_status read_trace(const struct qn_scan *scan, size_t i, uint8_t *raw, void *values,
                                 struct qn_scan_traces *traces, struct qn_error *err)
{
    const struct qn_segy_layout *layout = qn_scan_layout(scan);
    const struct qn_sample_converter *converter =
        qn_samples_find(layout->format, layout->sample_order, QN_SAMPLES_NATIVE);
    struct qn_convert_counts counts = {0};
    uint64_t offset = layout->first_trace_offset + i * layout->trace_bytes;
    uint32_t samples = layout->samples;
    if (layout->variable) {
        offset = scan->sample.traces[i].offset;
        samples = scan->sample.traces[i].samples;
    }
    enum qn_status status = qn_input_read(&scan->input, offset, traces->headers + i * traces->reach,
                                          traces->reach, err);
    if (!status)
        status = qn_input_read(&scan->input, offset + traces->reach, raw,
                               (size_t)samples * layout->sample_bytes, err);
    if (status)
        return status;
    converter->convert(raw, samples, values, &counts);
    qn_stats_block(converter->dtype, values, samples, &traces->stats[i]);
    return QN_OK;
}

enum qn_status qn_scan_traces_read(const struct qn_scan *scan, size_t count,
                                   struct qn_scan_traces *traces, struct qn_error *err)
{
    const struct qn_segy_layout *layout = qn_scan_layout(scan);
    uint64_t known = layout->variable ? scan->sample.count : layout->trace_count;
    size_t longest = layout->variable ? scan->sample.longest : layout->samples;
    *traces = (struct qn_scan_traces){.reach = layout->trace_header_bytes};
    count = count < known ? count : (size_t)known;
    count = count < MOST ? count : MOST;
    traces->headers = qn_sys.calloc(count, traces->reach);
    traces->stats = qn_sys.calloc(count, sizeof *traces->stats);
    uint8_t *raw = qn_sys.malloc(longest * 8);
    void *values = qn_sys.malloc(longest * 8);
    enum qn_status status = traces->headers && traces->stats && raw && values
                                ? QN_OK
                                : qn_fail_memory(err, "traces", longest * 16);
    for (; traces->count < count && !status; traces->count++)
        status = read_trace(scan, traces->count, raw, values, traces, err);
    free(raw);
    free(values);
    return status;
}
