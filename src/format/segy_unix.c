/* Recognises files of Seismic Unix: SEG-Y traces from byte 0 on, without reel headers, samples as
 * IEEE floats in the byte order of the headers. Called by segy_layout.c; see segy_case.h. */
#include "format/segy_case.h"

/* SEG-Y's trace identification codes end at 41; those of Seismic Unix at 202. */
#define MAX_TRACE_CODE 256

static bool is_first_header(const uint8_t *bytes, enum qn_byte_order order)
{
    int16_t code = (int16_t)qn_load_u16(bytes + 28, order);
    return code >= -1 && code < MAX_TRACE_CODE && qn_load_u16(bytes + 114, order) > 0;
}

/* Text never has so many NULs as a trace header, whose fields are mostly small or unused. */
static bool is_binary(const uint8_t *bytes)
{
    size_t nuls = 0;
    for (size_t i = 0; i < QN_SEGY_TRACE_HEADER_BYTES; i++)
        nuls += bytes[i] == 0;
    return nuls >= QN_SEGY_TRACE_HEADER_BYTES / 4;
}

/* The second and the last trace header say the same number of samples as the first. */
static enum qn_status headers_agree(struct qn_segy_case *c, const struct qn_segy_layout *layout,
                                    bool *agree)
{
    uint8_t header[QN_SEGY_TRACE_HEADER_BYTES];
    const uint64_t traces[2] = {1, layout->trace_count - 1};
    *agree = true;
    for (size_t i = 0; i < 2 && *agree; i++) {
        if (traces[i] >= layout->trace_count)
            continue;
        enum qn_status status =
            qn_segy_read(c, traces[i] * layout->trace_bytes, header, sizeof header);
        if (status)
            return status;
        *agree = qn_segy_trace_samples(layout, header) == layout->samples;
    }
    return QN_OK;
}

enum qn_status qn_segy_try_unix(struct qn_segy_case *c, bool *is_unix)
{
    const struct qn_segy_overrides *given = c->overrides;
    uint8_t bytes[QN_SEGY_TRACE_HEADER_BYTES];
    *is_unix = false;
    if (c->source->size < sizeof bytes)
        return QN_OK;
    enum qn_status status = qn_segy_read(c, 0, bytes, sizeof bytes);
    if (status || !is_binary(bytes) || given->first_trace_offset)
        return status;
    for (int i = 0; i < 2 && !*is_unix && !status; i++) {
        struct qn_segy_layout layout = {.seismic_unix = true,
                                        .order = i ? QN_BIG_ENDIAN : QN_LITTLE_ENDIAN,
                                        .format = given->format ? given->format : 5,
                                        .trace_header_bytes = QN_SEGY_TRACE_HEADER_BYTES};
        const struct qn_segy_format *format = qn_segy_format_by_code(layout.format);
        if (!format || !is_first_header(bytes, layout.order) ||
            (given->order_given && given->order != layout.order))
            continue;
        uint64_t size = c->source->size;
        layout.sample_bytes = format->bytes;
        layout.samples = given->samples ? given->samples : qn_segy_trace_samples(&layout, bytes);
        layout.trace_bytes = QN_SEGY_TRACE_HEADER_BYTES + (uint64_t)layout.samples * format->bytes;
        layout.trace_count = size / layout.trace_bytes;
        layout.trailing_bytes = size % layout.trace_bytes;
        if (layout.trace_count && (layout.trailing_bytes == 0 || given->salvage))
            status = headers_agree(c, &layout, is_unix);
        if (*is_unix)
            *c->layout = layout;
    }
    return status;
}
