/* From trace to trace: see walk.h. */
#include "format/segy/walk.h"

#include "base/sys.h"
#include "format/segy/case.h"

#include <stdlib.h>

enum qn_status qn_segy_window_init(struct qn_segy_window *window,
                                   const struct qn_segy_source *source, size_t room,
                                   struct qn_error *err)
{
    *window = (struct qn_segy_window){.source = source, .room = room};
    window->bytes = qn_sys.malloc(room);
    return window->bytes ? QN_OK : qn_fail_memory(err, "a look at the traces", room);
}

void qn_segy_window_release(struct qn_segy_window *window)
{
    free(window->bytes);
    *window = (struct qn_segy_window){0};
}

void qn_segy_window_forget(struct qn_segy_window *window)
{
    window->len = 0;
}

enum qn_status qn_segy_window_look(struct qn_segy_window *window, uint64_t offset, size_t len,
                                   size_t ahead, const uint8_t **bytes, struct qn_error *err)
{
    const struct qn_segy_source *source = window->source;
    uint64_t left = offset < source->size ? source->size - offset : 0;
    if (left < len)
        return qn_fail_at(err, QN_ERR_INPUT, source->name, (int64_t)source->size,
                          "'%s' ends at byte %llu, before a trace that should lie at byte %llu.",
                          source->name, (unsigned long long)source->size,
                          (unsigned long long)offset);
    bool inside = offset >= window->offset && offset - window->offset <= window->len &&
                  window->len - (offset - window->offset) >= len;
    if (!inside) {
        size_t wanted = ahead > len ? ahead : len;
        wanted = wanted < window->room ? wanted : window->room;
        wanted = wanted < left ? wanted : (size_t)left;
        window->len = 0;
        enum qn_status status =
            source->read_at(source->context, offset, window->bytes, wanted, err);
        if (status)
            return status;
        window->offset = offset;
        window->len = wanted;
    }
    *bytes = window->bytes + (offset - window->offset);
    return QN_OK;
}

enum qn_status qn_segy_look_trace(struct qn_segy_window *window,
                                  const struct qn_segy_layout *layout, uint64_t offset,
                                  uint64_t end, struct qn_segy_trace *trace, struct qn_error *err)
{
    size_t headers = layout->trace_header_bytes;
    size_t len =
        headers < 2 * QN_SEGY_TRACE_HEADER_BYTES ? headers : 2 * QN_SEGY_TRACE_HEADER_BYTES;
    uint64_t left = offset < end ? end - offset : 0;
    /* The last trace's length is a good guess of this one's. */
    size_t ahead = trace->bytes < QN_SEGY_LONG_TRACE ? window->room : len;
    *trace = (struct qn_segy_trace){.offset = offset, .fault = QN_SEGY_CUT_HEADER};
    if (left < headers)
        return QN_OK;
    enum qn_status status = qn_segy_window_look(window, offset, len, ahead, &trace->header, err);
    if (status)
        return status;
    trace->samples =
        layout->variable ? qn_segy_trace_samples(layout, trace->header) : layout->samples;
    trace->bytes = headers + (uint64_t)trace->samples * layout->sample_bytes;
    trace->fault = trace->samples == 0   ? QN_SEGY_NO_SAMPLES
                   : trace->bytes > left ? QN_SEGY_CUT_SAMPLES
                                         : QN_SEGY_SOUND;
    return QN_OK;
}

enum qn_status qn_segy_count_texts(struct qn_segy_window *window, struct qn_segy_layout *layout,
                                   struct qn_error *err)
{
    uint32_t count = 0;
    for (; count < layout->extended_text_count; count++) {
        uint64_t offset =
            layout->label_bytes + QN_SEGY_REEL_BYTES + (uint64_t)count * QN_SEGY_TEXT_BYTES;
        const uint8_t *record = NULL;
        enum qn_status status =
            qn_segy_window_look(window, offset, QN_SEGY_TEXT_BYTES, window->room, &record, err);
        if (status)
            return status;
        if (qn_segy_looks_like(record) != QN_SEGY_LOOKS_TEXT)
            break;
    }
    layout->extended_text_count = count;
    return QN_OK;
}
