/* Follows traces of different lengths: each trace header says how long its trace is, and so where
 * the next one begins. Part of the decision of score.c; see case.h. */
#include "format/segy/case.h"

#include <string.h>

/* Traces followed before a chain is believed that has not reached the end of the file. */
#define MAX_CHAIN 256
/* Links of a damaged chain, for salvage, after which it is more than chance. */
#define FEWEST_LINKS 3

struct chain {
    struct qn_segy_layout layout; /* with the field that headers go by */
    struct qn_segy_probes probes; /* the first links, and the last */
    uint64_t traces;              /* followed */
    bool differ;                  /* in their number of samples */
    bool ended;                   /* where the file does, or trailer records begin */
    bool broken;
    bool even; /* all of one length, up to the end of the file */
};

static enum qn_segy_length_field length_field(const uint8_t *first,
                                              const struct qn_segy_layout *layout)
{
    if (layout->trace_header_bytes > QN_SEGY_TRACE_HEADER_BYTES)
        return QN_SEGY_LENGTH_377;
    if (qn_load_u16(first + 114, layout->order) == 32767 && qn_load_u32(first + 228, layout->order))
        return QN_SEGY_LENGTH_229;
    return QN_SEGY_LENGTH_115;
}

static void keep_link(struct chain *chain, uint64_t at, const uint8_t *header)
{
    struct qn_segy_probes *probes = &chain->probes;
    size_t i = probes->count < QN_SEGY_MAX_PROBES ? probes->count++ : QN_SEGY_MAX_PROBES - 1;
    probes->trace[i] = chain->traces;
    probes->offset[i] = at;
    memcpy(probes->header[i], header, QN_SEGY_PROBE_BYTES);
}

/* Reads the trace header at *at and goes on behind its trace. */
static enum qn_status follow_link(struct qn_segy_case *c, struct chain *chain, uint64_t *at)
{
    struct qn_segy_layout *layout = &chain->layout;
    uint8_t header[QN_SEGY_PROBE_BYTES] = {0};
    size_t len =
        layout->trace_header_bytes < sizeof header ? layout->trace_header_bytes : sizeof header;
    chain->broken = !qn_segy_holds(c, *at, layout->trace_header_bytes);
    enum qn_status status = chain->broken ? QN_OK : qn_segy_read(c, *at, header, len);
    if (status || chain->broken)
        return status;
    if (chain->traces == 0)
        layout->length_field = length_field(header, layout);
    uint32_t samples = qn_segy_trace_samples(layout, header);
    uint64_t bytes = layout->trace_header_bytes + (uint64_t)samples * layout->sample_bytes;
    chain->broken = samples == 0 || !qn_segy_holds(c, *at, bytes);
    if (chain->broken)
        return QN_OK;
    if (chain->traces == 0)
        layout->samples = samples;
    chain->differ = chain->differ || samples != layout->samples;
    keep_link(chain, *at, header);
    chain->traces++;
    *at += bytes;
    return QN_OK;
}

/* Whether whole records are left from `at` on, the first a stanza. */
static enum qn_status is_trailer(struct qn_segy_case *c, uint64_t at, bool *trailer)
{
    uint8_t bytes[2];
    uint64_t left = c->source->size - at;
    *trailer = left > 0 && left % QN_SEGY_TEXT_BYTES == 0;
    enum qn_status status = *trailer ? qn_segy_read(c, at, bytes, sizeof bytes) : QN_OK;
    *trailer = *trailer && !status && qn_segy_is_stanza(bytes);
    return status;
}

static enum qn_status follow(struct qn_segy_case *c, struct chain *chain)
{
    uint64_t at = chain->layout.first_trace_offset;
    enum qn_status status = QN_OK;
    while (!status && !chain->broken && !chain->ended && chain->traces < MAX_CHAIN) {
        status = follow_link(c, chain, &at);
        chain->ended = !chain->broken && at == c->source->size;
    }
    if (!status && chain->broken && at < c->source->size)
        status = is_trailer(c, at, &chain->ended);
    chain->broken = chain->broken && !chain->ended;
    return status;
}

/* Whether traces as long as all those followed still lie where they should at the end of the file:
 * then they are of one length, and the file is cut within one. */
static enum qn_status check_last(struct qn_segy_case *c, struct chain *chain)
{
    const struct qn_segy_layout *layout = &chain->layout;
    const uint8_t *first = chain->probes.header[0];
    uint64_t start = layout->first_trace_offset;
    uint64_t each = layout->trace_header_bytes + (uint64_t)layout->samples * layout->sample_bytes;
    uint64_t last = start + ((c->source->size - start) / each - 1) * each;
    uint8_t header[QN_SEGY_PROBE_BYTES] = {0};
    size_t len =
        layout->trace_header_bytes < sizeof header ? layout->trace_header_bytes : sizeof header;
    if (chain->differ || chain->ended || chain->broken)
        return QN_OK;
    enum qn_status status = qn_segy_read(c, last, header, len);
    chain->even = !status && qn_segy_trace_samples(layout, header) == layout->samples &&
                  !memcmp(header + 116, first + 116, 2);
    return status;
}

/* Traces that have been followed through the file and are all alike are of one length; a chain
 * that is cut short is worth something only if told to salvage, or as a reason for refusal. */
static bool is_variable(const struct qn_segy_case *c, const struct chain *chain)
{
    if (c->overrides->variable == QN_SEGY_YES)
        return chain->traces > 0;
    if (chain->broken)
        return chain->differ && chain->traces >= FEWEST_LINKS;
    return chain->differ || !(chain->ended || chain->even);
}

enum qn_status qn_segy_try_chain(struct qn_segy_case *c, const struct qn_segy_hypothesis *from)
{
    static const char *const fields[] = {
        [QN_SEGY_LENGTH_115] = "from bytes 115-116 of each trace header",
        [QN_SEGY_LENGTH_229] = "from bytes 229-232 of trace headers with 32767 at 115-116",
        [QN_SEGY_LENGTH_377] = "from extension 1 of each trace header"};
    struct chain chain = {.layout = from->layout};
    struct qn_segy_hypothesis h = *from, other;
    c->considered++;
    enum qn_status status = follow(c, &chain);
    if (!status)
        status = check_last(c, &chain);
    if (status || !is_variable(c, &chain))
        return status;
    h.layout = chain.layout;
    h.layout.variable = true;
    h.layout.trace_bytes = 0;
    h.layout.trace_count = 0;
    h.layout.trailing_bytes = 0;
    h.remainder = 0;
    h.fits = !chain.broken;
    h.judged = true;
    h.from.samples = fields[chain.layout.length_field];
    /* A chain that goes on but has not reached the end is not proof that it will. */
    qn_segy_award(&h, QN_SEGY_BY_SIZE, chain.ended ? 99 : chain.broken ? -99 : 11);
    qn_segy_award(&h, QN_SEGY_BY_CLAIM, 2);
    qn_segy_judge_headers(c, &h, &chain.probes);
    if ((status = qn_segy_judge_samples(c, &chain.probes, &h, &other)))
        return status;
    qn_segy_keep_probes(c, &h, &chain.probes);
    qn_segy_enlist(c, &h);
    return QN_OK;
}
