/* Follows traces of different lengths: each trace header says how long its trace is, and so where
 * the next one begins. Says whether such a chain leads through the file. Called by segy_layout.c
 * and segy_refuse.c; see segy_case.h. */
#include "format/segy_case.h"

/* Traces followed before a chain is believed that has not reached the end of the file. */
#define MAX_CHAIN 4096

#define CHAIN_HEADER_BYTES (2u * QN_SEGY_TRACE_HEADER_BYTES)

/* A header at the end of a link: the interval of the first trace, a trace code that exists. */
static bool is_like_first(const uint8_t *header, const uint8_t *first, enum qn_byte_order order)
{
    int16_t code = (int16_t)qn_load_u16(header + 28, order);
    return code >= -1 && code < 256 &&
           qn_load_u16(header + 116, order) == qn_load_u16(first + 116, order);
}

static enum qn_segy_length_field length_field(const uint8_t *first, uint64_t headers,
                                              enum qn_byte_order order)
{
    if (headers > 1)
        return QN_SEGY_LENGTH_377;
    if (qn_load_u16(first + 114, order) == 32767 && qn_load_u32(first + 228, order))
        return QN_SEGY_LENGTH_229;
    return QN_SEGY_LENGTH_115;
}

/* One link: reads the header at `at`, says where the trace ends. 0: the file ends before. */
static enum qn_status next_trace(struct qn_segy_case *c, const struct qn_segy_layout *layout,
                                 uint64_t at, uint8_t *header, uint32_t *samples, uint64_t *next)
{
    uint64_t headers = layout->trace_header_bytes, size = c->source->size;
    size_t len =
        headers > QN_SEGY_TRACE_HEADER_BYTES ? CHAIN_HEADER_BYTES : QN_SEGY_TRACE_HEADER_BYTES;
    *next = 0;
    if (size - at < headers)
        return QN_OK;
    enum qn_status status = qn_segy_read(c, at, header, len);
    if (status)
        return status;
    *samples = qn_segy_trace_samples(layout, header);
    uint64_t bytes = headers + (uint64_t)*samples * layout->sample_bytes;
    if (*samples > 0 && size - at >= bytes)
        *next = at + bytes;
    return QN_OK;
}

enum qn_status qn_segy_follow_chain(struct qn_segy_case *c, const struct qn_segy_cut *cut,
                                    struct qn_segy_chain *chain)
{
    uint8_t first[CHAIN_HEADER_BYTES] = {0}, header[CHAIN_HEADER_BYTES] = {0};
    struct qn_segy_layout layout = *c->layout;
    uint64_t at = cut->start.value, next = at;
    layout.trace_header_bytes = (uint32_t)cut->headers.value * QN_SEGY_TRACE_HEADER_BYTES;
    *chain = (struct qn_segy_chain){0};
    if (at >= c->source->size || c->source->size - at < layout.trace_header_bytes)
        return QN_OK;
    enum qn_status status = qn_segy_read(
        c, at, first, cut->headers.value > 1 ? CHAIN_HEADER_BYTES : QN_SEGY_TRACE_HEADER_BYTES);
    if (status)
        return status;
    layout.length_field = chain->field = length_field(first, cut->headers.value, layout.order);
    for (int i = 0; i < MAX_CHAIN && at < c->source->size; i++, at = next) {
        uint32_t samples = 0;
        if ((status = next_trace(c, &layout, at, header, &samples, &next)))
            return status;
        if (chain->differ && is_like_first(header, first, layout.order))
            chain->confirmed = true;
        if (next == 0)
            return QN_OK;
        chain->samples = chain->samples ? chain->samples : samples;
        chain->differ = chain->differ || samples != chain->samples;
        chain->traces++;
    }
    chain->whole = true;
    return QN_OK;
}

bool qn_segy_chain_is_variable(const struct qn_segy_case *c, const struct qn_segy_chain *chain)
{
    return chain->differ && (chain->whole || (c->overrides->salvage && chain->confirmed));
}
