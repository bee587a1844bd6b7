/* Which sizes the headers claim, and which combination of claims divides the file into whole
 * traces. A wrong trace length practically never does, so this is the strongest evidence there
 * is when headers contradict each other. Called by segy_layout.c; see segy_case.h. */
#include "format/segy_case.h"

#define MAX_EXTRA_HEADERS 100

static void claim(struct qn_segy_claims *claims, uint64_t value, const char *origin)
{
    for (size_t i = 0; i < claims->count; i++)
        if (claims->at[i].value == value)
            return;
    if (claims->count < QN_SEGY_MAX_CLAIMS)
        claims->at[claims->count++] = (struct qn_segy_claim){value, origin};
}

static uint64_t after_records(const struct qn_segy_case *c, uint32_t records)
{
    return c->layout->label_bytes + QN_SEGY_REEL_BYTES + (uint64_t)records * QN_SEGY_TEXT_BYTES;
}

/* Where a scan of the records after the reel headers puts the first trace. */
static enum qn_status claim_scanned_start(struct qn_segy_case *c, struct qn_segy_claims *claims)
{
    uint32_t records;
    bool end_text;
    enum qn_status status = qn_segy_count_text_records(c, after_records(c, 0), &records, &end_text);
    if (!status && (records || c->header.extended_text_count == -1))
        claim(claims, after_records(c, records),
              end_text ? "after the record with ((SEG: EndText))" : "after the text records there");
    return status;
}

/* Whether two bytes that begin a stanza follow the reel headers. */
static enum qn_status stanza_follows(struct qn_segy_case *c, bool *follows)
{
    uint8_t bytes[2];
    *follows = false;
    if (c->source->size < after_records(c, 1))
        return QN_OK;
    enum qn_status status = qn_segy_read(c, after_records(c, 0), bytes, sizeof bytes);
    *follows = !status && qn_segy_is_stanza(bytes);
    return status;
}

static enum qn_status claim_starts(struct qn_segy_case *c, struct qn_segy_claims *claims)
{
    const struct qn_segy_binary_header *header = &c->header;
    if (c->overrides->first_trace_offset) {
        claim(claims, c->overrides->first_trace_offset, "as given");
        return QN_OK;
    }
    bool stanza;
    enum qn_status status = stanza_follows(c, &stanza);
    if (status)
        return status;
    if (c->revision_2 && header->first_trace_offset >= after_records(c, 0))
        claim(claims, header->first_trace_offset, "from bytes 3521-3528");
    if (header->extended_text_count > 0)
        claim(claims, after_records(c, (uint32_t)header->extended_text_count),
              "from the count of text records at bytes 3505-3506");
    if ((stanza || header->extended_text_count == -1) && (status = claim_scanned_start(c, claims)))
        return status;
    claim(claims, after_records(c, 0), "directly after the binary header");
    return QN_OK;
}

/* Numbers of 240-byte headers per trace. Revision 2.1 counts the extra ones in two bytes at 3507,
 * revision 2.0 in four. */
static void claim_headers(const struct qn_segy_case *c, struct qn_segy_claims *claims)
{
    if (c->overrides->trace_headers) {
        claim(claims, c->overrides->trace_headers, "as given");
        return;
    }
    uint32_t wide = qn_load_u32(c->reel + 3506, c->layout->order);
    if (c->revision_2 && c->header.extra_trace_headers > 0 &&
        c->header.extra_trace_headers < MAX_EXTRA_HEADERS)
        claim(claims, 1 + (uint64_t)c->header.extra_trace_headers, "from bytes 3507-3508");
    if (c->revision_2 && wide > 0 && wide < MAX_EXTRA_HEADERS)
        claim(claims, 1 + (uint64_t)wide, "from bytes 3507-3510");
    claim(claims, 1, "the standard");
}

static void claim_trailing(const struct qn_segy_case *c, struct qn_segy_claims *claims)
{
    int32_t records = c->header.trailer_count;
    if (c->revision_2 && records > 0)
        claim(claims, (uint64_t)records * QN_SEGY_TEXT_BYTES, "from bytes 3529-3532");
    if (c->revision_2 && records == -1 && c->header.trace_count)
        claim(claims, UINT64_MAX, "all after the trace count at bytes 3513-3520");
    claim(claims, 0, "none");
}

/* Numbers of samples, as the binary header and the trace header at `start` say them. */
static enum qn_status claim_samples(struct qn_segy_case *c, uint64_t start, uint64_t headers,
                                    struct qn_segy_claims *claims)
{
    const struct qn_segy_binary_header *header = &c->header;
    enum qn_byte_order order = c->layout->order;
    uint8_t trace[2 * QN_SEGY_TRACE_HEADER_BYTES] = {0};
    size_t len = (headers > 1 ? 2 : 1) * QN_SEGY_TRACE_HEADER_BYTES;
    if (start <= c->source->size && c->source->size - start >= len) {
        enum qn_status status = qn_segy_read(c, start, trace, len);
        if (status)
            return status;
    }
    bool extended = c->revision_2 || header->samples == 0 || header->samples >= 32767;
    if (c->revision_2 && header->extended_samples)
        claim(claims, header->extended_samples, "from bytes 3269-3272");
    if (header->samples)
        claim(claims, header->samples, "from bytes 3221-3222");
    if (extended && header->extended_samples)
        claim(claims, header->extended_samples, "from bytes 3269-3272");
    if (headers > 1 && qn_load_u32(trace + 376, order))
        claim(claims, qn_load_u32(trace + 376, order),
              "from extension 1 of the first trace header");
    uint16_t in_trace = qn_load_u16(trace + 114, order);
    /* PASSCAL writers put a long count at byte 229 and 32767 at byte 115. */
    if (in_trace == 32767 && qn_load_u32(trace + 228, order))
        claim(claims, qn_load_u32(trace + 228, order),
              "from bytes 229-232 of the first trace header");
    if (in_trace)
        claim(claims, in_trace, "from bytes 115-116 of the first trace header");
    return QN_OK;
}

/* Bytes from the first trace to the trailer, 0 when there are none. UINT64_MAX as trailing means
 * whatever follows the declared count of traces, if that is whole records. */
static uint64_t bytes_of_traces(const struct qn_segy_case *c, struct qn_segy_cut *cut)
{
    uint64_t size = c->source->size, start = cut->start.value, traces;
    if (start >= size)
        return 0;
    if (cut->trailing.value == UINT64_MAX) {
        if (__builtin_mul_overflow(c->header.trace_count, cut->trace_bytes, &traces) ||
            traces > size - start || (size - start - traces) % QN_SEGY_TEXT_BYTES)
            return 0;
        cut->trailing.value = size - start - traces;
    }
    return cut->trailing.value < size - start ? size - start - cut->trailing.value : 0;
}

/* Fills the sizes of a cut whose claims are set; returns whether it fits. All factors are below
 * 2^32, so the products are below 2^64. */
static bool measure(const struct qn_segy_case *c, struct qn_segy_cut *cut, unsigned sample_bytes)
{
    cut->trace_bytes =
        cut->headers.value * QN_SEGY_TRACE_HEADER_BYTES + cut->samples.value * sample_bytes;
    uint64_t bytes = cut->trace_bytes ? bytes_of_traces(c, cut) : 0;
    cut->traces = bytes ? bytes / cut->trace_bytes : 0;
    cut->remainder = bytes ? bytes % cut->trace_bytes : 0;
    return cut->traces > 0 && cut->remainder == 0;
}

bool qn_segy_cut_fits_with(const struct qn_segy_case *c, const struct qn_segy_cut *cut,
                           uint64_t samples, unsigned sample_bytes)
{
    struct qn_segy_cut other = *cut;
    other.samples.value = samples;
    return measure(c, &other, sample_bytes);
}

/* Tries all trailers and sample counts for a start and a number of headers. Of those that do not
 * fit, *cut keeps the first one without a trailer. */
static enum qn_status try_start(struct qn_segy_case *c, struct qn_segy_claim start,
                                struct qn_segy_claim headers, struct qn_segy_cut *cut, bool *fits)
{
    struct qn_segy_claims samples = {0}, trailing = {0};
    enum qn_status status = QN_OK;
    if (c->overrides->samples)
        claim(&samples, c->overrides->samples, "as given");
    else
        status = claim_samples(c, start.value, headers.value, &samples);
    claim_trailing(c, &trailing);
    for (size_t t = 0; t < trailing.count && !status; t++)
        for (size_t s = 0; s < samples.count; s++) {
            struct qn_segy_cut tried = {start, headers, samples.at[s], trailing.at[t], 0, 0, 0};
            *fits = measure(c, &tried, c->layout->sample_bytes);
            if (*fits || (!cut->samples.value && tried.trailing.value == 0))
                *cut = tried;
            if (*fits)
                return QN_OK;
        }
    return status;
}

enum qn_status qn_segy_find_cut(struct qn_segy_case *c, struct qn_segy_cut *cut, bool *fits)
{
    struct qn_segy_claims starts = {0}, headers = {0};
    *cut = (struct qn_segy_cut){0};
    *fits = false;
    enum qn_status status = claim_starts(c, &starts);
    claim_headers(c, &headers);
    for (size_t i = 0; i < starts.count && !status && !*fits; i++)
        for (size_t h = 0; h < headers.count && !status && !*fits; h++)
            status = try_start(c, starts.at[i], headers.at[h], cut, fits);
    if (!cut->samples.value && starts.count) {
        cut->start = starts.at[0];
        cut->headers = headers.at[0];
    }
    return status;
}
