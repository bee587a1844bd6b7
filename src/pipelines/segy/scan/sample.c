/* Reading the traces that a scan looks at: see sample.h. */
#include "pipelines/segy/scan/sample.h"

#include "base/sys.h"
#include "compute/samples.h"
#include "format/segy/walk.h"

#include <stdlib.h>
#include <string.h>

/* Neighbours are read in one go where they are not longer than this together. */
#define BLOCK_BYTES (1u << 20)
/* Samples of longer traces are looked at in part. */
#define MOST_SAMPLES (1u << 18)

struct sampling {
    struct qn_input *input;
    const struct qn_segy_layout *layout;
    struct qn_scan_sample *sample;
    size_t room;
};

void qn_scan_sample_release(struct qn_scan_sample *sample)
{
    free(sample->traces);
    free(sample->headers);
    *sample = (struct qn_scan_sample){0};
}

static enum qn_status make_room(struct sampling *s, size_t traces, struct qn_error *err)
{
    struct qn_scan_sample *sample = s->sample;
    s->room = traces;
    sample->reach = s->layout->trace_header_bytes;
    sample->traces = qn_sys.calloc(traces, sizeof *sample->traces);
    sample->headers = qn_sys.calloc(traces, sample->reach);
    if (!sample->traces || !sample->headers)
        return qn_fail_memory(err, "trace headers", traces * sample->reach);
    return QN_OK;
}

static void put_trace(struct sampling *s, uint64_t number, uint64_t offset, uint32_t samples,
                      const uint8_t *header)
{
    struct qn_scan_sample *sample = s->sample;
    size_t i = sample->count++;
    sample->traces[i] = (struct qn_scan_trace){number, offset, samples};
    memcpy(sample->headers + i * sample->reach, header, sample->reach);
    sample->shortest = i == 0 || samples < sample->shortest ? samples : sample->shortest;
    sample->longest = samples > sample->longest ? samples : sample->longest;
}

/* ---- traces of one length ------------------------------------------------------------------- */

static enum qn_status read_block(struct sampling *s, uint64_t first, size_t count, uint8_t *scratch,
                                 struct qn_error *err)
{
    const struct qn_segy_layout *layout = s->layout;
    uint64_t offset = layout->first_trace_offset + first * layout->trace_bytes;
    bool at_once = count * layout->trace_bytes <= BLOCK_BYTES;
    enum qn_status status = QN_OK;
    if (at_once)
        status = qn_input_read(s->input, offset, scratch, count * layout->trace_bytes, err);
    for (size_t i = 0; i < count && !status; i++, offset += layout->trace_bytes) {
        const uint8_t *header = at_once ? scratch + i * layout->trace_bytes : scratch;
        if (!at_once)
            status = qn_input_read(s->input, offset, scratch, layout->trace_header_bytes, err);
        if (!status)
            put_trace(s, first + i, offset, layout->samples, header);
    }
    return status;
}

static enum qn_status read_blocks(struct sampling *s, struct qn_error *err)
{
    const struct qn_segy_layout *layout = s->layout;
    uint64_t traces = layout->trace_count, most = QN_SCAN_BLOCKS * QN_SCAN_BLOCK;
    size_t scratch_bytes =
        layout->trace_header_bytes > BLOCK_BYTES ? layout->trace_header_bytes : BLOCK_BYTES;
    s->sample->whole = traces <= most;
    enum qn_status status = make_room(s, (size_t)(s->sample->whole ? traces : most), err);
    if (status)
        return status;
    uint8_t *scratch = qn_sys.malloc(scratch_bytes);
    if (!scratch)
        return qn_fail_memory(err, "a block of traces", scratch_bytes);
    for (uint64_t i = 0; i < QN_SCAN_BLOCKS && !status; i++) {
        uint64_t first = s->sample->whole ? i * QN_SCAN_BLOCK
                                          : (traces - QN_SCAN_BLOCK) / (QN_SCAN_BLOCKS - 1) * i;
        uint64_t left = first < traces ? traces - first : 0;
        size_t count = left < QN_SCAN_BLOCK ? (size_t)left : QN_SCAN_BLOCK;
        status = read_block(s, first, count, scratch, err);
    }
    free(scratch);
    return status;
}

/* ---- traces of different lengths ------------------------------------------------------------ */

static enum qn_status follow(struct sampling *s, struct qn_segy_window *window,
                             const struct qn_segy_source *source, struct qn_error *err)
{
    struct qn_segy_trace trace = {0};
    uint64_t at = s->layout->first_trace_offset;
    uint8_t *header = qn_sys.calloc(1, s->sample->reach + 2 * QN_SEGY_TRACE_HEADER_BYTES);
    if (!header)
        return qn_fail_memory(err, "a header", s->sample->reach);
    enum qn_status status = QN_OK;
    while (!status && at < source->size && s->sample->count < s->room) {
        status = qn_segy_look_trace(window, s->layout, at, source->size, &trace, err);
        if (status || trace.fault)
            break;
        size_t known = s->sample->reach < 2 * QN_SEGY_TRACE_HEADER_BYTES
                           ? s->sample->reach
                           : 2 * QN_SEGY_TRACE_HEADER_BYTES;
        memcpy(header, trace.header, known);
        put_trace(s, s->sample->count, at, trace.samples, header);
        at += trace.bytes;
    }
    s->sample->whole = at == source->size;
    free(header);
    return status;
}

static enum qn_status read_chain(struct sampling *s, struct qn_error *err)
{
    struct qn_segy_source source = qn_input_source(s->input);
    struct qn_segy_window window;
    enum qn_status status = make_room(s, QN_SCAN_BLOCKS * QN_SCAN_BLOCK, err);
    if (status)
        return status;
    status = qn_segy_window_init(&window, &source, BLOCK_BYTES, err);
    if (!status)
        status = follow(s, &window, &source, err);
    qn_segy_window_release(&window);
    return status;
}

/* ---- samples -------------------------------------------------------------------------------- */

static enum qn_status add_amplitudes(struct sampling *s, const struct qn_scan_trace *trace,
                                     uint8_t *raw, void *values, struct qn_error *err)
{
    const struct qn_segy_layout *layout = s->layout;
    struct qn_scan_sample *sample = s->sample;
    const struct qn_sample_converter *converter =
        qn_samples_find(layout->format, layout->sample_order, QN_SAMPLES_NATIVE);
    struct qn_convert_counts counts = {0};
    struct qn_stats stats;
    size_t count = trace->samples < MOST_SAMPLES ? trace->samples : MOST_SAMPLES;
    enum qn_status status = qn_input_read(s->input, trace->offset + layout->trace_header_bytes, raw,
                                          count * layout->sample_bytes, err);
    if (status)
        return status;
    converter->convert(raw, count, values, &counts);
    qn_stats_block(converter->dtype, values, count, &stats);
    qn_stats_merge(&sample->amplitudes, &stats);
    sample->dead_traces += qn_stats_is_dead(converter->dtype, values, count);
    sample->amplitude_traces++;
    return QN_OK;
}

/* One trace from the middle of every block. */
static enum qn_status read_amplitudes(struct sampling *s, struct qn_error *err)
{
    struct qn_scan_sample *sample = s->sample;
    size_t longest = sample->longest < MOST_SAMPLES ? sample->longest : MOST_SAMPLES;
    size_t step = sample->count < QN_SCAN_BLOCKS ? 1 : sample->count / QN_SCAN_BLOCKS;
    uint8_t *raw = qn_sys.malloc(longest * 8 + 1);
    void *values = qn_sys.malloc(longest * 8 + 1);
    enum qn_status status = raw && values ? QN_OK : qn_fail_memory(err, "samples", longest * 16);
    qn_stats_init(&sample->amplitudes);
    for (size_t i = step / 2; i < sample->count && !status; i += step)
        status = add_amplitudes(s, &sample->traces[i], raw, values, err);
    free(raw);
    free(values);
    return status;
}

enum qn_status qn_scan_sample_read(struct qn_input *input, const struct qn_segy_layout *layout,
                                   struct qn_scan_sample *sample, struct qn_error *err)
{
    struct sampling s = {.input = input, .layout = layout, .sample = sample};
    *sample = (struct qn_scan_sample){0};
    enum qn_status status = layout->variable ? read_chain(&s, err) : read_blocks(&s, err);
    return status ? status : read_amplitudes(&s, err);
}

void qn_scan_sample_positions(const struct qn_scan_sample *sample, struct qn_positions *positions)
{
    size_t start = 0;
    for (size_t i = 0; i < sample->count; i++)
        if (!qn_scan_neighbours(sample, i) || i + 1 - start == QN_POSITIONS_BLOCK) {
            qn_positions_add(positions, sample->traces[start].number, qn_scan_header(sample, start),
                             sample->reach, i + 1 - start);
            start = i + 1;
        }
}
