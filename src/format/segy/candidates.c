/* Hypotheses from what the headers claim: byte order, where traces begin, their headers, samples
 * and sample size, what follows them; each weighed by how it divides the file, as a wrong trace
 * length practically never does. Part of the decision of score.c; see case.h. */
#include "format/segy/case.h"

#include <string.h>

#define MAX_EXTRA_HEADERS 100
/* Points for a number of samples by what says it. */
enum { TRUST_GIVEN = 4, TRUST_REVISION_2 = 4, TRUST_BINARY = 3, TRUST_TRACE = 2, TRUST_HINT = 1 };

void qn_segy_add_claim(struct qn_segy_claims *claims, uint64_t value, const char *origin, int trust)
{
    for (size_t i = 0; i < claims->count; i++)
        if (claims->at[i].value == value)
            return;
    if (claims->count < QN_SEGY_MAX_CLAIMS)
        claims->at[claims->count++] = (struct qn_segy_claim){value, origin, trust};
}

static void claim_starts(const struct qn_segy_case *c, const struct qn_segy_view *view,
                         struct qn_segy_claims *claims)
{
    const struct qn_segy_binary_header *header = &view->header;
    const struct qn_segy_records *records = &c->records;
    uint64_t reel = qn_segy_after_records(c, 0);
    if (c->overrides->first_trace_offset) {
        qn_segy_add_claim(claims, c->overrides->first_trace_offset, "as given", 0);
        return;
    }
    if (view->revision_2 && header->first_trace_offset >= reel)
        qn_segy_add_claim(claims, header->first_trace_offset, "from bytes 3521-3528", 0);
    if (header->extended_text_count > 0)
        qn_segy_add_claim(claims, qn_segy_after_records(c, (uint64_t)header->extended_text_count),
                          "from the count of text records at bytes 3505-3506", 0);
    if (records->count)
        qn_segy_add_claim(claims, qn_segy_after_records(c, records->count),
                          records->end_text ? "after the record with ((SEG: EndText))"
                                            : "after the text records there",
                          0);
    qn_segy_add_claim(claims, reel, "directly after the binary header", 0);
    if (header->first_trace_offset >= reel && header->first_trace_offset < c->source->size)
        qn_segy_add_claim(claims, header->first_trace_offset, "from bytes 3521-3528", 0);
}

/* Revision 2.1 counts the extra headers in two bytes at 3507, revision 2.0 in four. */
void qn_segy_claim_headers(const struct qn_segy_case *c, const struct qn_segy_view *view,
                           struct qn_segy_claims *claims)
{
    if (c->overrides->trace_headers) {
        qn_segy_add_claim(claims, c->overrides->trace_headers, "as given", 0);
        return;
    }
    if (view && view->revision_2) {
        int16_t narrow = view->header.extra_trace_headers;
        uint32_t wide = qn_load_u32(c->reel + 3506, view->order);
        if (narrow > 0 && narrow < MAX_EXTRA_HEADERS)
            qn_segy_add_claim(claims, 1 + (uint64_t)narrow, "from bytes 3507-3508", 0);
        if (wide > 0 && wide < MAX_EXTRA_HEADERS)
            qn_segy_add_claim(claims, 1 + (uint64_t)wide, "from bytes 3507-3510", 0);
    }
    qn_segy_add_claim(claims, 1, "the standard", 0);
}

void qn_segy_claim_trailing(const struct qn_segy_case *c, const struct qn_segy_view *view,
                            struct qn_segy_claims *claims)
{
    if (c->overrides->trailers_given) {
        qn_segy_add_claim(claims, (uint64_t)c->overrides->trailers * QN_SEGY_TEXT_BYTES, "as given",
                          0);
        return;
    }
    if (view && view->revision_2) {
        int32_t records = view->header.trailer_count;
        if (records > 0)
            qn_segy_add_claim(claims, (uint64_t)records * QN_SEGY_TEXT_BYTES,
                              "from bytes 3529-3532", 0);
        if (records == -1 && view->header.trace_count)
            qn_segy_add_claim(claims, UINT64_MAX, "all after the trace count at bytes 3513-3520",
                              0);
    }
    qn_segy_add_claim(claims, 0, "none", 0);
}

/* What trace headers claim; `trace` is the first one and its extension, zeros where there is none.
 * PASSCAL writers put a long count at byte 229 and 32767 at byte 115. */
static void claim_samples_of_trace(const uint8_t *trace, uint64_t headers, enum qn_byte_order order,
                                   struct qn_segy_claims *claims)
{
    uint32_t extended = headers > 1 ? qn_load_u32(trace + 376, order) : 0;
    uint32_t passcal = qn_load_u32(trace + 228, order);
    uint16_t samples = qn_load_u16(trace + 114, order);
    if (extended)
        qn_segy_add_claim(claims, extended, "from extension 1 of the first trace header",
                          TRUST_BINARY);
    if (samples == 32767 && passcal)
        qn_segy_add_claim(claims, passcal, "from bytes 229-232 of the first trace header",
                          TRUST_BINARY);
    if (samples)
        qn_segy_add_claim(claims, samples, "from bytes 115-116 of the first trace header",
                          TRUST_TRACE);
}

static void claim_samples(const struct qn_segy_case *c, const struct qn_segy_cut *cut,
                          const uint8_t *trace, struct qn_segy_claims *claims)
{
    if (c->overrides->samples) {
        qn_segy_add_claim(claims, c->overrides->samples, "as given", TRUST_GIVEN);
        return;
    }
    if (cut->view) {
        const struct qn_segy_binary_header *header = &cut->view->header;
        if (cut->view->revision_2 && header->extended_samples)
            qn_segy_add_claim(claims, header->extended_samples, "from bytes 3269-3272",
                              TRUST_REVISION_2);
        if (header->samples)
            qn_segy_add_claim(claims, header->samples, "from bytes 3221-3222", TRUST_BINARY);
    }
    claim_samples_of_trace(trace, cut->headers.value, cut->order, claims);
    if (cut->view && cut->view->header.extended_samples)
        qn_segy_add_claim(claims, cut->view->header.extended_samples, "from bytes 3269-3272",
                          TRUST_HINT);
    if (cut->view && cut->view->header.original_samples)
        qn_segy_add_claim(claims, cut->view->header.original_samples, "from bytes 3223-3224",
                          TRUST_HINT);
}

/* ---- weighing ------------------------------------------------------------------------------- */

/* Bytes from the first trace to the trailer, 0 when there are none. UINT64_MAX as trailing means
 * whatever follows the declared count of traces, if that is whole records. */
static uint64_t bytes_of_traces(const struct qn_segy_case *c, const struct qn_segy_cut *cut,
                                uint64_t trace_bytes, uint64_t *trailing)
{
    uint64_t size = c->source->size, start = cut->start.value, traces;
    *trailing = cut->trailing.value;
    if (start >= size)
        return 0;
    if (*trailing == UINT64_MAX) {
        if (__builtin_mul_overflow(cut->view->header.trace_count, trace_bytes, &traces) ||
            traces > size - start || (size - start - traces) % QN_SEGY_TEXT_BYTES)
            return 0;
        *trailing = size - start - traces;
    }
    return *trailing < size - start ? size - start - *trailing : 0;
}

/* All factors are below 2^32, so the products are below 2^64. */
static uint64_t trace_bytes_of(const struct qn_segy_cut *cut)
{
    return cut->headers.value * QN_SEGY_TRACE_HEADER_BYTES + cut->samples.value * cut->sample_bytes;
}

static const char *order_origin(const struct qn_segy_case *c, const struct qn_segy_cut *cut)
{
    const struct qn_segy_view *view = cut->view;
    if (c->overrides->order_given)
        return "as given";
    if (view && view->header.byte_order_constant == QN_SEGY_CONSTANT)
        return "from the integer constant at bytes 3297-3300";
    if (view && view->coded)
        return "only so are bytes 3225-3226 a format code";
    return "the one in which headers make sense";
}

/* Points for what the reel headers say of such a cut. */
static void award_claims(const struct qn_segy_case *c, const struct qn_segy_cut *cut,
                         struct qn_segy_hypothesis *h)
{
    const struct qn_segy_view *view = cut->view;
    int most = qn_segy_evidence[QN_SEGY_BY_FORMAT_CODE].most;
    qn_segy_award(h, QN_SEGY_BY_CLAIM, cut->samples.trust);
    if (!view) {
        qn_segy_award(h, QN_SEGY_BY_TEXT, c->text == QN_SEGY_LOOKS_TEXT ? -9 : 9);
        return;
    }
    uint32_t constant = view->header.byte_order_constant;
    if (constant == QN_SEGY_CONSTANT || constant == __builtin_bswap32(QN_SEGY_CONSTANT))
        qn_segy_award(h, QN_SEGY_BY_CONSTANT, constant == QN_SEGY_CONSTANT ? 9 : -9);
    bool coded = view->coded && view->coded->bytes == cut->sample_bytes;
    qn_segy_award(h, QN_SEGY_BY_FORMAT_CODE, coded ? most : -most);
    uint64_t text_end = qn_segy_after_records(c, c->records.count);
    qn_segy_award(h, QN_SEGY_BY_PLACE, cut->start.value == text_end ? 9 : -9);
    if (c->text != QN_SEGY_LOOKS_BLANK)
        qn_segy_award(h, QN_SEGY_BY_TEXT, c->text == QN_SEGY_LOOKS_TEXT ? 9 : -9);
}

/* The format of samples behind PASSCAL's trace headers, NULL behind others. */
static const struct qn_segy_format *passcal_format(const struct qn_segy_case *c,
                                                   const struct qn_segy_cut *cut)
{
    enum { INT32 = 2, INT16 = 3 };
    if (cut->view || !qn_segy_is_passcal(c->start, cut->order))
        return NULL;
    return qn_segy_format_by_code(qn_load_u16(c->start + 204, cut->order) ? INT32 : INT16);
}

/* Any format of that size, to begin with: the coded one if it has it. Samples decide later. */
static const struct qn_segy_format *first_format(const struct qn_segy_case *c,
                                                 const struct qn_segy_cut *cut)
{
    static const int usual[9] = {[1] = 8, [2] = 3, [3] = 7, [4] = 5, [8] = 6};
    if (c->overrides->format)
        return qn_segy_format_by_code(c->overrides->format);
    if (cut->view && cut->view->coded && cut->view->coded->bytes == cut->sample_bytes)
        return cut->view->coded;
    const struct qn_segy_format *passcal = passcal_format(c, cut);
    if (passcal && passcal->bytes == cut->sample_bytes)
        return passcal;
    return qn_segy_format_by_code(usual[cut->sample_bytes]);
}

void qn_segy_consider(struct qn_segy_case *c, const struct qn_segy_cut *cut)
{
    uint64_t trace_bytes = trace_bytes_of(cut), trailing;
    uint64_t bytes = bytes_of_traces(c, cut, trace_bytes, &trailing);
    uint64_t reel = qn_segy_after_records(c, 0);
    struct qn_segy_hypothesis h = {.zero_digits = -1};
    struct qn_segy_layout *layout = &h.layout;
    c->considered++;
    layout->seismic_unix = !cut->view;
    layout->order = cut->order;
    layout->sample_order =
        c->overrides->sample_order_given ? c->overrides->sample_order : cut->order;
    layout->format = first_format(c, cut)->code;
    layout->sample_bytes = cut->sample_bytes;
    layout->samples = (uint32_t)cut->samples.value;
    layout->label_bytes = c->label_bytes;
    layout->first_trace_offset = cut->start.value;
    if (cut->view && cut->start.value > reel)
        layout->extended_text_count = (uint32_t)((cut->start.value - reel) / QN_SEGY_TEXT_BYTES);
    layout->trace_header_bytes = (uint32_t)cut->headers.value * QN_SEGY_TRACE_HEADER_BYTES;
    layout->trace_bytes = trace_bytes;
    layout->trace_count = bytes / trace_bytes;
    h.remainder = bytes % trace_bytes;
    layout->trailing_bytes = trailing == UINT64_MAX ? 0 : trailing + h.remainder;
    h.fits = layout->trace_count > 0 && h.remainder == 0;
    h.from.order = order_origin(c, cut);
    h.from.format = "";
    h.from.start = cut->start.origin;
    h.from.headers = cut->headers.origin;
    h.from.samples = cut->samples.origin;
    h.from.trailing = cut->trailing.origin;
    qn_segy_award(&h, QN_SEGY_BY_SIZE, h.fits ? 99 : -99);
    award_claims(c, cut, &h);
    bool claimed = !cut->view || (cut->view->coded && cut->view->coded->bytes == cut->sample_bytes);
    if (claimed || c->overrides->format || h.fits)
        qn_segy_enlist(c, &h);
}

bool qn_segy_would_fit(const struct qn_segy_case *c, const struct qn_segy_layout *layout,
                       uint64_t start, uint64_t samples, unsigned sample_bytes)
{
    uint64_t bytes = layout->trace_header_bytes + samples * sample_bytes;
    uint64_t size = c->source->size;
    return samples > 0 && samples <= UINT32_MAX && start < size && size - start >= bytes &&
           (size - start) % bytes == 0;
}

/* ---- all combinations ----------------------------------------------------------------------- */

static void consider_sizes(struct qn_segy_case *c, struct qn_segy_cut *cut)
{
    static const unsigned sizes[] = {4, 2, 1, 8, 3};
    const struct qn_segy_format *given = qn_segy_format_by_code(c->overrides->format);
    if (!given)
        given = passcal_format(c, cut);
    if (given || !cut->view) {
        cut->sample_bytes = given ? given->bytes : 4;
        qn_segy_consider(c, cut);
        return;
    }
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        cut->sample_bytes = sizes[i];
        qn_segy_consider(c, cut);
    }
}

/* All samples and trailers for a start and a number of headers. */
static void propose_lengths(struct qn_segy_case *c, struct qn_segy_cut *cut, const uint8_t *trace)
{
    struct qn_segy_claims samples = {0}, trailing = {0};
    claim_samples(c, cut, trace, &samples);
    qn_segy_claim_trailing(c, cut->view, &trailing);
    for (size_t s = 0; s < samples.count; s++)
        for (size_t t = 0; t < trailing.count; t++) {
            cut->samples = samples.at[s];
            cut->trailing = trailing.at[t];
            consider_sizes(c, cut);
        }
}

static enum qn_status propose_start(struct qn_segy_case *c, struct qn_segy_cut *cut)
{
    struct qn_segy_claims headers = {0};
    uint8_t trace[QN_SEGY_PROBE_BYTES] = {0};
    size_t len = QN_SEGY_PROBE_BYTES;
    if (!qn_segy_holds(c, cut->start.value, len))
        len = QN_SEGY_TRACE_HEADER_BYTES;
    if (qn_segy_holds(c, cut->start.value, len)) {
        enum qn_status status = qn_segy_read(c, cut->start.value, trace, len);
        if (status)
            return status;
    }
    qn_segy_claim_headers(c, cut->view, &headers);
    for (size_t h = 0; h < headers.count; h++) {
        cut->headers = headers.at[h];
        propose_lengths(c, cut, trace);
    }
    return QN_OK;
}

/* Text never has so many NULs as a trace header, whose fields are mostly small or unused. */
static bool may_be_seismic_unix(const struct qn_segy_case *c)
{
    size_t nuls = 0;
    if (c->overrides->seismic_unix != QN_SEGY_UNSAID)
        return c->overrides->seismic_unix == QN_SEGY_YES;
    for (size_t i = 0; i < sizeof c->start; i++)
        nuls += c->start[i] == 0;
    return nuls >= sizeof c->start / 4 && nuls < sizeof c->start && !c->label_bytes &&
           !c->overrides->first_trace_offset && c->source->size >= sizeof c->start;
}

enum qn_status qn_segy_propose(struct qn_segy_case *c)
{
    enum qn_status status = QN_OK;
    for (int order = 0; order < 2 && !status; order++) {
        const struct qn_segy_view *view = &c->views[order];
        struct qn_segy_cut cut = {.view = view, .order = (enum qn_byte_order)order};
        struct qn_segy_claims starts = {0};
        bool allowed = !c->overrides->order_given || (int)c->overrides->order == order;
        if (c->has_reel && allowed)
            claim_starts(c, view, &starts);
        for (size_t i = 0; i < starts.count && !status; i++) {
            cut.start = starts.at[i];
            status = propose_start(c, &cut);
        }
        if (!status && allowed && may_be_seismic_unix(c)) {
            cut.view = NULL;
            cut.start = (struct qn_segy_claim){0, "as in all Seismic Unix files", 0};
            status = propose_start(c, &cut);
        }
    }
    return status;
}
