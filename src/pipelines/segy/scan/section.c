/* Amplitudes for the picture of a scan: see section.h. */
#include "pipelines/segy/scan/section.h"

#include "base/sys.h"
#include "compute/samples.h"
#include "pipelines/segy/picture.h"
#include "render/section.h"

#include <stdlib.h>
#include <string.h>

#define MOST_BYTES (64u << 20)

struct drawing {
    const struct qn_scan *scan;
    const struct qn_sample_converter *converter;
    struct qn_picture_grid grid;
    struct qn_scan_section *section;
    uint8_t *raw;
    void *values;
};

void qn_scan_section_release(struct qn_scan_section *section)
{
    free(section->amplitudes);
    section->amplitudes = NULL;
}

/* Of different lengths, only the sample's traces are known. */
static void choose_traces(struct drawing *d)
{
    const struct qn_scan *scan = d->scan;
    const struct qn_segy_layout *layout = qn_scan_layout(scan);
    uint32_t longest = layout->variable ? scan->sample.longest : layout->samples;
    uint64_t traces = layout->variable ? scan->sample.count : layout->trace_count;
    uint64_t most = MOST_BYTES / ((uint64_t)longest * layout->sample_bytes) + 1;
    d->grid = qn_pictures_of(traces, longest).section;
    if (d->grid.traces > most)
        d->grid.traces = most;
    if (layout->variable)
        d->grid.first = 0;
}

static enum qn_status draw_trace(struct drawing *d, uint64_t column, struct qn_error *err)
{
    const struct qn_segy_layout *layout = qn_scan_layout(d->scan);
    struct qn_convert_counts counts = {0};
    uint64_t trace = d->grid.first + column;
    uint64_t offset = layout->first_trace_offset + trace * layout->trace_bytes;
    uint32_t samples = layout->samples;
    if (layout->variable) {
        offset = d->scan->sample.traces[trace].offset;
        samples = d->scan->sample.traces[trace].samples;
    }
    enum qn_status status = qn_input_read(&d->scan->input, offset + layout->trace_header_bytes,
                                          d->raw, (size_t)samples * layout->sample_bytes, err);
    if (status)
        return status;
    d->converter->convert(d->raw, samples, d->values, &counts);
    qn_picture_pick(&d->grid, d->converter->dtype, d->values, samples,
                    d->section->amplitudes + column * d->grid.samples);
    return QN_OK;
}

/* The delay of the traces that are drawn, in ms, with its scalar. */
static double delay_of(const struct qn_scan *scan)
{
    const struct qn_segy_field *field =
        qn_segy_find_field(qn_segy_trace_fields, "delay_recording_time");
    double delay = 0;
    qn_segy_scale(field, qn_scan_layout(scan)->order, qn_scan_header(&scan->sample, 0),
                  scan->sample.reach, 1, &delay);
    return delay;
}

static void describe(struct drawing *d)
{
    struct qn_scan_section *section = d->section;
    double interval = qn_scan_layout(d->scan)->interval_us;
    section->traces = (size_t)d->grid.traces;
    section->samples = d->grid.samples;
    section->first_trace = d->grid.first;
    section->sample_stride = d->grid.sample_stride;
    section->timed = interval > 0;
    section->first_time = section->timed ? delay_of(d->scan) : 0;
    section->interval = (section->timed ? interval / 1000 : 1) * d->grid.sample_stride;
}

enum qn_status qn_scan_section_read(const struct qn_scan *scan, struct qn_scan_section *section,
                                    struct qn_error *err)
{
    const struct qn_segy_layout *layout = qn_scan_layout(scan);
    struct drawing d = {.scan = scan, .section = section};
    *section = (struct qn_scan_section){0};
    d.converter = qn_samples_find(layout->format, layout->sample_order, QN_SAMPLES_NATIVE);
    choose_traces(&d);
    size_t longest = layout->variable ? scan->sample.longest : layout->samples;
    size_t cells = (size_t)d.grid.traces * d.grid.samples;
    d.raw = qn_sys.malloc(longest * layout->sample_bytes);
    d.values = qn_sys.malloc(longest * d.converter->dtype_bytes);
    section->amplitudes = qn_sys.calloc(cells, sizeof *section->amplitudes);
    enum qn_status status = d.raw && d.values && section->amplitudes
                                ? QN_OK
                                : qn_fail_memory(err, "a picture", cells * sizeof(float));
    for (uint64_t i = 0; i < d.grid.traces && !status; i++)
        status = draw_trace(&d, i, err);
    free(d.raw);
    free(d.values);
    if (!status)
        describe(&d);
    return status;
}

enum qn_status qn_scan_picture(struct qn_scan *scan, const char *png_path, struct qn_error *err)
{
    struct qn_scan_section section;
    const char *slash = strrchr(scan->path, '/');
    enum qn_status status = qn_scan_section_read(scan, &section, err);
    if (!status) {
        struct qn_section picture = {
            .amplitudes = section.amplitudes,
            .traces = section.traces,
            .samples = section.samples,
            .first_trace = (int64_t)section.first_trace,
            .trace_stride = 1,
            .first_time = section.first_time,
            .sample_interval = section.interval,
            .sample_stride = section.sample_stride,
            .title = slash ? slash + 1 : scan->path,
            .trace_label = "Trace number in the file",
            .time_label = section.timed ? "Time (ms)" : "Sample",
        };
        status = qn_section_draw(&picture, png_path, err);
    }
    qn_scan_section_release(&section);
    return status;
}
