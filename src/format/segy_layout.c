/* Decides how a file is laid out, from its headers, its size and what the user says; leads the
 * other segy_*.c that segy_case.h names. Reads a few kilobytes whatever the size of the file. */
#include "format/segy_case.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define CONSTANT         0x01020304u
#define CONSTANT_SWAPPED 0x04030201u
/* Longest sample interval believed, microseconds (or millimetres): 1000 s, 1 km. */
#define MAX_INTERVAL 1e9
/* Trace headers looked at besides the first. */
#define PROBES 16

static const char *order_name(enum qn_byte_order order)
{
    return order == QN_BIG_ENDIAN ? "big" : "little";
}

/* Reads the reel headers, after a tape label if there is one; refuses what cannot be SEG-Y. */
static enum qn_status read_reel(struct qn_segy_case *c)
{
    uint64_t size = c->source->size;
    size_t len = size < QN_SEGY_REEL_BYTES ? (size_t)size : QN_SEGY_REEL_BYTES;
    enum qn_status status = qn_segy_read(c, 0, c->reel, len);
    if (status)
        return status;
    const char *other = qn_segy_other_format(c->reel, len);
    if (other)
        return qn_fail_at(c->err, QN_ERR_INPUT, c->source->name, 0,
                          "'%s' is not SEG-Y but looks like %s. Unpack or convert it first.",
                          c->source->name, other);
    if (len < QN_SEGY_REEL_BYTES)
        return qn_fail_at(c->err, QN_ERR_INPUT, c->source->name, (int64_t)size,
                          "'%s' is too short for SEG-Y: it has %llu bytes, and the text and binary "
                          "headers alone take 3600. Check that the file was copied whole.",
                          c->source->name, (unsigned long long)size);
    if (!qn_segy_has_tape_label(c->reel))
        return QN_OK;
    c->layout->label_bytes = QN_SEGY_TAPE_LABEL_BYTES;
    qn_segy_note(c, "tape label: the first 128 bytes, before the text header");
    return qn_segy_read(c, QN_SEGY_TAPE_LABEL_BYTES, c->reel, QN_SEGY_REEL_BYTES);
}

static int format_code(const struct qn_segy_case *c, enum qn_byte_order order)
{
    return (int16_t)qn_load_u16(c->reel + 3224, order);
}

/* With a format given and no code in the file: the order in which bytes 3221-3222 divide it. */
static enum qn_byte_order order_by_size(const struct qn_segy_case *c)
{
    const struct qn_segy_format *format = qn_segy_format_by_code(c->overrides->format);
    for (int i = 0; i < 2; i++) {
        enum qn_byte_order order = i ? QN_LITTLE_ENDIAN : QN_BIG_ENDIAN;
        uint64_t samples = qn_load_u16(c->reel + 3220, order);
        uint64_t bytes = c->source->size - c->layout->label_bytes - QN_SEGY_REEL_BYTES;
        if (samples && bytes % (QN_SEGY_TRACE_HEADER_BYTES + samples * format->bytes) == 0)
            return order;
    }
    return QN_BIG_ENDIAN;
}

static enum qn_status decide_order(struct qn_segy_case *c)
{
    uint32_t constant = qn_load_u32(c->reel + 3296, QN_BIG_ENDIAN);
    enum qn_byte_order *order = &c->layout->order;
    bool big = qn_segy_format_by_code(format_code(c, QN_BIG_ENDIAN)) != NULL;
    bool little = qn_segy_format_by_code(format_code(c, QN_LITTLE_ENDIAN)) != NULL;
    const char *from = "as given";
    if (c->overrides->order_given) {
        *order = c->overrides->order;
    } else if (constant == 0x02010403u || constant == 0x03040102u) {
        return qn_fail_at(c->err, QN_ERR_UNSUPPORTED, c->source->name, 3296,
                          "'%s' has its bytes swapped in pairs (the integer constant at bytes "
                          "3297-3300 reads %08X), which is not supported. Swap every two bytes "
                          "with 'dd conv=swab' first.",
                          c->source->name, constant);
    } else if (constant == CONSTANT || constant == CONSTANT_SWAPPED) {
        *order = constant == CONSTANT ? QN_BIG_ENDIAN : QN_LITTLE_ENDIAN;
        from = "from the integer constant at bytes 3297-3300";
    } else if (big || little) {
        *order = big ? QN_BIG_ENDIAN : QN_LITTLE_ENDIAN;
        from = "the only one in which bytes 3225-3226 are a format code";
    } else if (c->overrides->format) {
        *order = order_by_size(c);
        from = "guessed from the number of samples and the size of the file";
    } else {
        return qn_segy_refuse_format(c);
    }
    qn_segy_note(c, "byte order: %s-endian, %s", order_name(*order), from);
    return QN_OK;
}

static enum qn_status decide_format(struct qn_segy_case *c)
{
    int code = format_code(c, c->layout->order), given = c->overrides->format;
    const struct qn_segy_format *format = qn_segy_format_by_code(given ? given : code);
    if (given && !format)
        return qn_fail(c->err, QN_ERR_USAGE,
                       "there is no SEG-Y sample format %d. Use 1-12, 15 or 16.", given);
    if (!format)
        return qn_segy_refuse_format(c);
    c->layout->format = format->code;
    c->layout->sample_bytes = format->bytes;
    qn_segy_note(c, "sample format: %d, %s, %s", format->code, format->description,
                 given ? "as given" : "from bytes 3225-3226");
    if (given && code != given)
        qn_segy_note(c, "bytes 3225-3226 say format %d instead", code);
    return QN_OK;
}

/* Writers put the revision down in many ways; only 0, 1 and 2 in the right order are right. */
static void decide_revision(struct qn_segy_case *c)
{
    uint8_t major = c->header.revision_major, minor = c->header.revision_minor;
    bool constant = c->header.byte_order_constant == CONSTANT;
    struct qn_segy_layout *layout = c->layout;
    bool plausible = major <= 2 && minor <= 1;
    bool swapped = major == 0 && (minor == 1 || minor == 2);
    if (plausible && !swapped) {
        layout->revision_major = major;
        layout->revision_minor = minor;
    } else if (swapped) {
        layout->revision_major = minor;
    } else if (constant) {
        layout->revision_major = 2;
    } else if (major == 0 && (minor == 100 || minor == 0x10)) {
        layout->revision_major = 1;
    }
    c->revision_2 = layout->revision_major == 2 || constant;
    qn_segy_note(c, "revision: %u.%u", layout->revision_major, layout->revision_minor);
    if (!plausible || swapped)
        qn_segy_note(c, "bytes 3501-3502 hold %u and %u, which is no revision%s", major, minor,
                     swapped ? ": taken as swapped" : "");
}

/* Copies a cut that fits, or that the user accepts, into the layout. */
static void adopt_cut(struct qn_segy_case *c, const struct qn_segy_cut *cut)
{
    struct qn_segy_layout *layout = c->layout;
    uint64_t reel = layout->label_bytes + QN_SEGY_REEL_BYTES;
    layout->first_trace_offset = cut->start.value;
    if (cut->start.value > reel)
        layout->extended_text_count = (uint32_t)((cut->start.value - reel) / QN_SEGY_TEXT_BYTES);
    layout->trace_header_bytes = (uint32_t)cut->headers.value * QN_SEGY_TRACE_HEADER_BYTES;
    layout->samples = (uint32_t)cut->samples.value;
    layout->trace_bytes = cut->trace_bytes;
    layout->trace_count = cut->traces;
    layout->trailing_bytes = cut->trailing.value + cut->remainder;
}

static void note_fixed_length(struct qn_segy_case *c, const struct qn_segy_cut *cut)
{
    const struct qn_segy_layout *layout = c->layout;
    qn_segy_note(c, "samples: %u per trace, %s", layout->samples, cut->samples.origin);
    qn_segy_note(c, "traces: %llu of %llu bytes", (unsigned long long)layout->trace_count,
                 (unsigned long long)layout->trace_bytes);
    if (layout->trailing_bytes)
        qn_segy_note(c, "%llu bytes after the last trace are not traces%s",
                     (unsigned long long)layout->trailing_bytes,
                     cut->remainder ? ": the file ends within a trace" : "");
}

static void note_variable_length(struct qn_segy_case *c, const struct qn_segy_chain *chain)
{
    static const char *const fields[] = {
        [QN_SEGY_LENGTH_115] = "bytes 115-116 of each trace header",
        [QN_SEGY_LENGTH_229] = "bytes 229-232 of each trace header that holds 32767 at 115-116",
        [QN_SEGY_LENGTH_377] = "extension 1 of each trace header"};
    qn_segy_note(c, "samples: %u in the first trace; traces of different lengths, from %s",
                 c->layout->samples, fields[chain->field]);
    qn_segy_note(c, "traces: one after another from the first %s",
                 chain->whole ? "through the whole file" : "to where the file is damaged");
}

static void note_traces(struct qn_segy_case *c, const struct qn_segy_cut *cut,
                        const struct qn_segy_chain *chain)
{
    qn_segy_note(c, "first trace: at byte offset %llu, %s, with %u extended text records before",
                 (unsigned long long)c->layout->first_trace_offset, cut->start.origin,
                 c->layout->extended_text_count);
    if (cut->headers.value > 1)
        qn_segy_note(c, "trace headers: %u bytes, %s", c->layout->trace_header_bytes,
                     cut->headers.origin);
    if (c->layout->variable)
        note_variable_length(c, chain);
    else
        note_fixed_length(c, cut);
}

/* Notes where the headers say otherwise than what was decided. */
static void note_contradictions(struct qn_segy_case *c, const uint8_t *first_trace)
{
    const struct qn_segy_binary_header *header = &c->header;
    const struct qn_segy_layout *layout = c->layout;
    uint32_t in_trace = qn_load_u16(first_trace + 114, layout->order);
    uint64_t records = layout->extended_text_count;
    if (header->samples && header->samples != layout->samples)
        qn_segy_note(c, "bytes 3221-3222 say %u samples, which was not used", header->samples);
    if (in_trace && in_trace != layout->samples)
        qn_segy_note(c, "the first trace header says %u samples, which was not used", in_trace);
    if (header->extended_text_count >= 0 && (uint64_t)header->extended_text_count != records)
        qn_segy_note(c, "bytes 3505-3506 say %d extended text records, but there are %llu",
                     header->extended_text_count, (unsigned long long)records);
    if (c->revision_2 && header->trace_count && header->trace_count != layout->trace_count)
        qn_segy_note(c, "bytes 3513-3520 say %llu traces, but the file holds %llu",
                     (unsigned long long)header->trace_count,
                     (unsigned long long)layout->trace_count);
}

static bool is_interval(double us)
{
    return isfinite(us) && us > 0 && us <= MAX_INTERVAL;
}

static void decide_interval(struct qn_segy_case *c, const uint8_t *first_trace)
{
    double given = c->overrides->interval_us;
    double extended = c->revision_2 ? c->header.extended_interval_us : 0;
    uint16_t binary = c->header.interval_us;
    uint16_t in_trace = qn_load_u16(first_trace + 116, c->layout->order);
    /* A negative int16 in the binary header beside a sound value in the trace. */
    bool negative = binary > 32767 && in_trace > 0 && in_trace <= 32767;
    const char *from = "no header says it";
    double us = 0;
    if (given > 0) {
        us = given;
        from = "as given";
    } else if (is_interval(extended)) {
        us = extended;
        from = "from bytes 3273-3280";
    } else if (binary && !negative) {
        us = binary;
        from = "from bytes 3217-3218";
    } else if (in_trace) {
        us = in_trace;
        from = "from bytes 117-118 of the first trace header";
    }
    c->layout->interval_us = us;
    qn_segy_note(c, "sample interval: %.9g us, %s", us, from);
    if (binary && us != (double)binary)
        qn_segy_note(c, "bytes 3217-3218 say %u us, which was not used", binary);
    if (in_trace && us != (double)in_trace)
        qn_segy_note(c, "the first trace header says %u us, which was not used", in_trace);
}

/* Takes the lengths of traces from their own headers. */
static void adopt_chain(struct qn_segy_case *c, const struct qn_segy_chain *chain)
{
    c->layout->variable = true;
    c->layout->length_field = chain->field;
    c->layout->samples = chain->samples;
    c->layout->trace_bytes = 0;
    c->layout->trace_count = 0;
    c->layout->trailing_bytes = 0;
}

/* A file that divides evenly may still hold traces of different lengths. When trace headers
 * differ in their number of samples, their chain decides. */
static enum qn_status look_for_variable(struct qn_segy_case *c, const struct qn_segy_cut *cut,
                                        struct qn_segy_chain *chain)
{
    uint8_t header[QN_SEGY_TRACE_HEADER_BYTES];
    uint64_t first = 0, traces = c->layout->trace_count;
    bool differ = false;
    enum qn_status status;
    for (uint64_t i = 0; i <= PROBES; i++) {
        uint64_t trace = traces <= PROBES ? i : (traces - 1) / PROBES * i;
        if (trace >= traces)
            break;
        status =
            qn_segy_read(c, cut->start.value + trace * cut->trace_bytes, header, sizeof header);
        if (status)
            return status;
        uint64_t samples = qn_load_u16(header + 114, c->layout->order);
        first = first ? first : samples;
        differ = differ || (samples && samples != first);
    }
    if (!differ)
        return QN_OK;
    if ((status = qn_segy_follow_chain(c, cut, chain)))
        return status;
    if (chain->whole && chain->differ)
        adopt_chain(c, chain);
    else
        qn_segy_note(c, "trace headers disagree on the number of samples; their bytes 115-116 are "
                        "ignored");
    return QN_OK;
}

uint32_t qn_segy_trace_samples(const struct qn_segy_layout *layout, const uint8_t *header)
{
    uint16_t samples = qn_load_u16(header + 114, layout->order);
    if (layout->length_field == QN_SEGY_LENGTH_229 && samples == 32767)
        return qn_load_u32(header + 228, layout->order);
    if (layout->length_field == QN_SEGY_LENGTH_377 && qn_load_u32(header + 376, layout->order))
        return qn_load_u32(header + 376, layout->order);
    return samples;
}

/* No cut fits: traces of different lengths, or, to be salvaged, one that is cut short. */
static enum qn_status adopt_misfit(struct qn_segy_case *c, const struct qn_segy_cut *cut,
                                   struct qn_segy_chain *chain)
{
    enum qn_status status = QN_OK;
    if (!c->overrides->samples)
        status = qn_segy_follow_chain(c, cut, chain);
    if (status)
        return status;
    bool variable = qn_segy_chain_is_variable(c, chain);
    if (!variable && !(c->overrides->salvage && cut->traces))
        return qn_segy_refuse_sizes(c, cut);
    adopt_cut(c, cut);
    if (variable)
        adopt_chain(c, chain);
    return QN_OK;
}

static enum qn_status adopt_fit(struct qn_segy_case *c, const struct qn_segy_cut *cut,
                                struct qn_segy_chain *chain)
{
    adopt_cut(c, cut);
    return c->overrides->samples ? QN_OK : look_for_variable(c, cut, chain);
}

static enum qn_status decide_traces(struct qn_segy_case *c)
{
    struct qn_segy_cut cut;
    struct qn_segy_chain chain = {0};
    uint8_t first_trace[QN_SEGY_TRACE_HEADER_BYTES];
    bool fits;
    enum qn_status status = qn_segy_find_cut(c, &cut, &fits);
    if (!status)
        status = fits ? adopt_fit(c, &cut, &chain) : adopt_misfit(c, &cut, &chain);
    if (!status)
        status = qn_segy_read(c, cut.start.value, first_trace, sizeof first_trace);
    if (status)
        return status;
    note_traces(c, &cut, &chain);
    if (!c->layout->variable)
        note_contradictions(c, first_trace);
    decide_interval(c, first_trace);
    return QN_OK;
}

/* A Seismic Unix file has been recognised: what remains to be said and decided. */
static enum qn_status describe_unix(struct qn_segy_case *c)
{
    uint8_t first_trace[QN_SEGY_TRACE_HEADER_BYTES];
    const struct qn_segy_layout *layout = c->layout;
    enum qn_status status = qn_segy_read(c, 0, first_trace, sizeof first_trace);
    if (status)
        return status;
    qn_segy_note(c, "Seismic Unix: traces from byte 0 on, no reel headers");
    qn_segy_note(c, "byte order: %s-endian, as the first trace header and the file's size agree",
                 order_name(layout->order));
    qn_segy_note(c, "samples: %u per trace, from bytes 115-116 of the first trace header",
                 layout->samples);
    qn_segy_note(c, "traces: %llu of %llu bytes", (unsigned long long)layout->trace_count,
                 (unsigned long long)layout->trace_bytes);
    decide_interval(c, first_trace);
    return QN_OK;
}

enum qn_status qn_segy_decide_layout(const struct qn_segy_source *source,
                                     const struct qn_segy_overrides *overrides,
                                     struct qn_segy_layout *layout, struct qn_segy_notes *notes,
                                     struct qn_error *err)
{
    static const struct qn_segy_overrides none = {0};
    struct qn_segy_case c = {.source = source,
                             .overrides = overrides ? overrides : &none,
                             .notes = notes,
                             .err = err,
                             .layout = layout};
    *layout = (struct qn_segy_layout){0};
    if (notes)
        notes->count = 0;
    if (source->size == 0)
        return qn_fail_at(err, QN_ERR_INPUT, source->name, 0,
                          "'%s' is empty. Check that the file was copied whole.", source->name);
    bool is_unix;
    enum qn_status status = qn_segy_try_unix(&c, &is_unix);
    if (!status && is_unix)
        return describe_unix(&c);
    if (!status)
        status = read_reel(&c);
    if (!status)
        status = decide_order(&c);
    if (!status)
        status = decide_format(&c);
    if (status)
        return status;
    qn_segy_binary_parse(c.reel + QN_SEGY_TEXT_BYTES, layout->order, &c.header);
    decide_revision(&c);
    return decide_traces(&c);
}
