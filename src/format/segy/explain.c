/* The decision in words: what was decided and what says so, and everything in the headers that says
 * otherwise. Also decides what does not depend on where traces lie: revision, interval, encoding.
 * Part of the decision of score.c; see case.h. */
#include "format/segy/case.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

/* Longest sample interval believed, microseconds (or millimetres): 1000 s, 1 km. */
#define MAX_INTERVAL 1e9

typedef unsigned long long ull; /* for printf */

struct telling {
    struct qn_segy_case *c;
    const struct qn_segy_view *view; /* NULL: Seismic Unix */
    const struct qn_segy_probes *probes;
    struct qn_segy_decision *decision;
    struct qn_segy_layout *layout; /* of decision->chosen */
};

static const char *order_name(enum qn_byte_order order)
{
    return order == QN_BIG_ENDIAN ? "big-endian" : "little-endian";
}

static void __attribute__((format(printf, 5, 6)))
decided(struct telling *t, const char *what, const char *option, const char *why,
        const char *format, ...)
{
    struct qn_segy_decision *decision = t->decision;
    if (decision->decided_count == QN_SEGY_MAX_DECIDED)
        return;
    struct qn_segy_decided *d = &decision->decided[decision->decided_count++];
    va_list arguments;
    d->what = what;
    d->option = option;
    va_start(arguments, format);
    vsnprintf(d->value, sizeof d->value, format, arguments);
    va_end(arguments);
    snprintf(d->why, sizeof d->why, "%s", why);
}

/* `byte` of the binary header; 0: of no field. */
static void __attribute__((format(printf, 4, 5)))
contradicts(struct telling *t, uint32_t byte, uint32_t bytes, const char *format, ...)
{
    struct qn_segy_decision *decision = t->decision;
    if (decision->contradiction_count == QN_SEGY_MAX_CONTRADICTIONS)
        return;
    struct qn_segy_contradiction *x = &decision->contradictions[decision->contradiction_count++];
    va_list arguments;
    x->byte = byte;
    x->bytes = bytes;
    x->in_trace = byte > 0 && byte < QN_SEGY_TEXT_BYTES;
    va_start(arguments, format);
    vsnprintf(x->text, sizeof x->text, format, arguments);
    va_end(arguments);
}

/* ---- order and format ----------------------------------------------------------------------- */

static void tell_order(struct telling *t)
{
    const struct qn_segy_layout *layout = t->layout;
    const struct qn_segy_view *other = &t->c->views[!layout->order];
    decided(t, "byte order", "--endian", t->decision->chosen.from.order, "%s",
            order_name(layout->order));
    if (layout->sample_order != layout->order) {
        decided(t, "byte order of samples", "--sample-endian",
                t->c->overrides->sample_order_given ? "as given" : "as they look", "%s",
                order_name(layout->sample_order));
        contradicts(t, 0, 0, "samples are %s, but headers are %s", order_name(layout->sample_order),
                    order_name(layout->order));
    }
    if (t->view && other->header.byte_order_constant == QN_SEGY_CONSTANT)
        contradicts(t, 3297, 4, "bytes 3297-3300 say %s, but headers make sense only as %s",
                    order_name(other->order), order_name(layout->order));
}

static const char *name_of(int code)
{
    const struct qn_segy_format *format = qn_segy_format_by_code(code);
    return format ? format->name : "none";
}

/* Why a format other than the coded one was taken, in the digits that show it. */
static void contradict_format(struct telling *t)
{
    const struct qn_segy_hypothesis *chosen = &t->decision->chosen;
    int code = t->view->header.format, format = t->layout->format;
    char digits[112] = "";
    if (code == 1 && chosen->zero_digits > 0)
        snprintf(digits, sizeof digits,
                 ": %.1f %% of the samples have a first digit of 0, as no IBM float has",
                 100 * chosen->zero_digits);
    else if (code == 5 && format == 1)
        snprintf(digits, sizeof digits, ": none has a first digit of 0, as many IEEE floats would");
    if (!qn_segy_format_by_code(code))
        contradicts(t, 3225, 2,
                    "bytes 3225-3226 hold %d, which is no format code; taken as %d (%s)", code,
                    format, name_of(format));
    else if (t->c->overrides->format)
        contradicts(t, 3225, 2, "bytes 3225-3226 say format %d (%s) instead", code, name_of(code));
    else
        contradicts(t, 3225, 2, "bytes 3225-3226 say format %d (%s), but the samples are %d (%s)%s",
                    code, name_of(code), format, name_of(format), digits);
}

static void tell_format(struct telling *t)
{
    const struct qn_segy_hypothesis *chosen = &t->decision->chosen;
    const struct qn_segy_format *format = qn_segy_format_by_code(t->layout->format);
    decided(t, "sample format", "--format", chosen->from.format, "%d, %s", format->code,
            format->description);
    if (t->view && t->view->header.format != format->code)
        contradict_format(t);
    if (chosen->points[QN_SEGY_BY_SAMPLES] < 0)
        contradicts(t, 0, 0, "samples do not look like format %d (%s): %s", format->code,
                    format->name,
                    format->code == 1 && chosen->zero_digits > 0
                        ? "too many have a first digit of 0; look at a picture, or try --format"
                        : "look at a picture, or try --format or --sample-endian");
}

static void tell_revision(struct telling *t)
{
    const struct qn_segy_view *view = t->view;
    uint8_t major = view->header.revision_major, minor = view->header.revision_minor;
    bool given = t->c->overrides->revision_given;
    t->layout->revision_major = view->revision_major;
    t->layout->revision_minor = view->revision_minor;
    decided(t, "revision", "--revision", given ? "as given" : "from bytes 3501-3502", "%u.%u",
            view->revision_major, view->revision_minor);
    if (!given && (major != view->revision_major || minor != view->revision_minor))
        contradicts(t, 3501, 2, "bytes 3501-3502 hold %u and %u, which is no revision%s", major,
                    minor, major == 0 && minor <= 2 ? ": taken as swapped" : "");
}

/* ---- text ----------------------------------------------------------------------------------- */

static void tell_text(struct telling *t)
{
    static const char *const names[] = {[QN_SEGY_ASCII] = "ASCII", [QN_SEGY_EBCDIC] = "EBCDIC"};
    const struct qn_segy_records *records = &t->c->records;
    uint32_t extended = t->layout->extended_text_count;
    struct qn_segy_layout *layout = t->layout;
    layout->encoding_given = t->c->overrides->encoding_given;
    layout->encoding = t->c->overrides->encoding;
    const char *main = names[qn_segy_layout_encoding(layout, t->c->reel)];
    char why[64] = "as given";
    if (layout->label_bytes)
        decided(t, "tape label", "--no-tape-label",
                t->c->overrides->tape_label == QN_SEGY_YES ? "as given" : "from its bytes 5-8",
                "the first %u bytes", layout->label_bytes);
    if (!layout->encoding_given)
        snprintf(why, sizeof why, "as the %s look%s", extended ? "records" : "bytes",
                 t->c->text == QN_SEGY_LOOKS_BLANK ? ": blank" : "");
    if (!extended)
        decided(t, "text header", "--text-encoding", why, "%s", main);
    else if (layout->encoding_given || records->ebcdic == 0 || records->ebcdic == extended)
        decided(t, "text headers", "--text-encoding", why, "%s, %u extended: %s", main, extended,
                layout->encoding_given ? main : names[records->ebcdic != 0]);
    else
        decided(t, "text headers", "--text-encoding", why, "%s, %u extended: %u EBCDIC, %u ASCII",
                main, extended, records->ebcdic, extended - records->ebcdic);
    if (t->c->text == QN_SEGY_LOOKS_BINARY)
        contradicts(t, 0, 0, "the text header is not text");
}

/* ---- traces --------------------------------------------------------------------------------- */

static void tell_traces(struct telling *t)
{
    const struct qn_segy_hypothesis *chosen = &t->decision->chosen;
    const struct qn_segy_layout *layout = t->layout;
    if (layout->seismic_unix)
        decided(t, "file", "--no-seismic-unix", "no reel headers", "%s",
                layout->length_field == QN_SEGY_LENGTH_229 ? "PASSCAL" : "Seismic Unix");
    else
        decided(t, "first trace", "--first-trace-offset", chosen->from.start, "at byte offset %llu",
                (ull)layout->first_trace_offset);
    if (layout->trace_header_bytes > QN_SEGY_TRACE_HEADER_BYTES)
        decided(t, "trace headers", "--trace-headers", chosen->from.headers,
                "%u bytes before the samples of each trace", layout->trace_header_bytes);
    if (layout->variable) {
        decided(t, "samples", "--no-variable", chosen->from.samples,
                "different from trace to trace, %u in the first", layout->samples);
        return;
    }
    decided(t, "samples", "--samples", chosen->from.samples, "%u per trace", layout->samples);
    decided(t, "traces", NULL, "", "%llu of %llu bytes", (ull)layout->trace_count,
            (ull)layout->trace_bytes);
    if (layout->trailing_bytes > chosen->remainder)
        decided(t, "after the last trace", "--trailers", chosen->from.trailing, "%llu bytes",
                (ull)(layout->trailing_bytes - chosen->remainder));
    if (chosen->remainder)
        contradicts(t, 0, 0,
                    "the file ends within a trace: its last %llu bytes are not a whole one",
                    (ull)chosen->remainder);
}

/* How many probes differ from the first in a uint16 that all should share. */
static size_t differing(const struct telling *t, unsigned byte)
{
    size_t count = 0;
    for (size_t i = 1; i < t->probes->count; i++)
        count += qn_load_u16(t->probes->header[i] + byte - 1, t->layout->order) !=
                 qn_load_u16(t->probes->header[0] + byte - 1, t->layout->order);
    return count;
}

static void contradict_samples(struct telling *t)
{
    const struct qn_segy_layout *layout = t->layout;
    uint32_t in_trace = qn_load_u16(t->probes->header[0] + 114, layout->order);
    size_t differ = differing(t, 115);
    if (t->view && t->view->header.fixed_length == 1 && layout->variable)
        contradicts(t, 3503, 2, "bytes 3503-3504 say that all traces are of one length");
    if (layout->variable)
        return;
    if (t->view && t->view->header.samples && t->view->header.samples != layout->samples)
        contradicts(t, 3221, 2, "bytes 3221-3222 say %u samples, which was not used",
                    t->view->header.samples);
    if (t->view && t->view->header.extended_samples && t->view->revision_2 &&
        t->view->header.extended_samples != layout->samples)
        contradicts(t, 3269, 4, "bytes 3269-3272 say %u samples, which was not used",
                    t->view->header.extended_samples);
    if (differ)
        contradicts(t, 115, 2,
                    "trace headers disagree on the number of samples (%zu of %zu looked at differ "
                    "from the first); their bytes 115-116 are ignored",
                    differ, t->probes->count);
    else if (in_trace && in_trace != layout->samples)
        contradicts(t, 115, 2, "trace headers say %u samples, which was not used", in_trace);
}

static void contradict_counts(struct telling *t)
{
    const struct qn_segy_binary_header *header = &t->view->header;
    const struct qn_segy_layout *layout = t->layout;
    uint32_t records = layout->extended_text_count;
    if (header->extended_text_count >= 0 && (uint32_t)header->extended_text_count != records)
        contradicts(t, 3505, 2, "bytes 3505-3506 say %d extended text records, but there %s %u",
                    header->extended_text_count, records == 1 ? "is" : "are", records);
    if (!t->view->revision_2)
        return;
    if (header->first_trace_offset && header->first_trace_offset != layout->first_trace_offset)
        contradicts(t, 3521, 8, "bytes 3521-3528 put the first trace at byte %llu",
                    (ull)header->first_trace_offset);
    if (header->trace_count && !layout->variable && header->trace_count != layout->trace_count)
        contradicts(t, 3513, 8, "bytes 3513-3520 say %llu traces, but the file holds %llu",
                    (ull)header->trace_count, (ull)layout->trace_count);
}

/* ---- interval ------------------------------------------------------------------------------- */

static bool is_interval(double us)
{
    return isfinite(us) && us > 0 && us <= MAX_INTERVAL;
}

/* The interval that most trace headers looked at say; 0: none does. */
static uint16_t usual_interval(const struct telling *t)
{
    uint16_t usual = 0;
    size_t most = 0;
    for (size_t i = 0; i < t->probes->count; i++) {
        uint16_t interval = qn_load_u16(t->probes->header[i] + 116, t->layout->order);
        size_t same = 0;
        for (size_t k = 0; k < t->probes->count; k++)
            same += qn_load_u16(t->probes->header[k] + 116, t->layout->order) == interval;
        if (interval && same > most) {
            most = same;
            usual = interval;
        }
    }
    return usual;
}

/* The binary header, its revision 2 field first, then the trace headers. A negative int16 in the
 * binary header is not believed beside a sound value in the traces. */
static void tell_interval(struct telling *t)
{
    double given = t->c->overrides->interval_us;
    double extended = t->view && t->view->revision_2 ? t->view->header.extended_interval_us : 0;
    uint16_t binary = t->view ? t->view->header.interval_us : 0;
    uint16_t in_trace = usual_interval(t);
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
    } else if (in_trace == 1 && t->layout->length_field == QN_SEGY_LENGTH_229) {
        us = qn_load_u32(t->probes->header[0] + 200, t->layout->order);
        from = "from bytes 201-204 of trace headers";
    } else if (in_trace) {
        us = in_trace;
        from = "from bytes 117-118 of trace headers";
    }
    t->layout->interval_us = us;
    decided(t, "sample interval", "--interval", from, "%.9g us", us);
    if (binary && us != (double)binary)
        contradicts(t, 3217, 2, "bytes 3217-3218 say %u us, which was not used", binary);
    if (in_trace && us != (double)in_trace)
        contradicts(t, 117, 2, "trace headers say %u us, which was not used", in_trace);
    if (differing(t, 117))
        contradicts(t, 117, 2,
                    "trace headers disagree on the sample interval (%zu of %zu looked "
                    "at differ from the first)",
                    differing(t, 117), t->probes->count);
}

/* ---- scalars -------------------------------------------------------------------------------- */

static void contradict_scalar(struct telling *t, unsigned byte, const char *of)
{
    for (size_t i = 0; i < t->probes->count; i++) {
        int scalar = (int16_t)qn_load_u16(t->probes->header[i] + byte - 1, t->layout->order);
        int rest = scalar < 0 ? -scalar : scalar;
        while (rest > 1 && rest % 10 == 0)
            rest /= 10;
        if (rest > 1 || scalar > 10000 || scalar < -10000) {
            contradicts(t, byte, 2,
                        "the scalar of %s, bytes %u-%u, is %d in trace %llu, which is no power of "
                        "ten",
                        of, byte, byte + 1, scalar, (ull)t->probes->trace[i]);
            return;
        }
    }
}

enum qn_status qn_segy_explain(struct qn_segy_case *c, const struct qn_segy_probes *probes,
                               struct qn_segy_decision *decision)
{
    struct telling t = {
        .c = c, .probes = probes, .decision = decision, .layout = &decision->chosen.layout};
    if (!t.layout->seismic_unix)
        t.view = &c->views[t.layout->order];
    if (!t.layout->variable && qn_segy_is_passcal(probes->header[0], t.layout->order))
        t.layout->length_field = QN_SEGY_LENGTH_229;
    tell_order(&t);
    tell_format(&t);
    if (t.view) {
        tell_revision(&t);
        tell_text(&t);
    }
    tell_traces(&t);
    contradict_samples(&t);
    tell_interval(&t);
    if (t.view)
        contradict_counts(&t);
    contradict_scalar(&t, 69, "elevations");
    contradict_scalar(&t, 71, "coordinates");
    return QN_OK;
}

void qn_segy_describe(const struct qn_segy_hypothesis *h, char text[QN_SEGY_HYPOTHESIS_TEXT])
{
    const struct qn_segy_layout *layout = &h->layout;
    const char *samples_order =
        layout->sample_order == layout->order ? "" : order_name(layout->sample_order);
    char length[64] = "traces of different lengths", count[96] = "";
    if (!layout->variable) {
        snprintf(length, sizeof length, "%u samples", layout->samples);
        snprintf(count, sizeof count, ", %llu trace%s", (ull)layout->trace_count,
                 layout->trace_count == 1 ? "" : "s");
    }
    if (h->remainder)
        snprintf(count, sizeof count, ", %llu traces and %llu bytes over", (ull)layout->trace_count,
                 (ull)h->remainder);
    snprintf(text, QN_SEGY_HYPOTHESIS_TEXT, "%s%s, %s%s%s, %s from byte %llu%s%s",
             layout->seismic_unix ? "Seismic Unix, " : "", order_name(layout->order), samples_order,
             *samples_order ? " " : "", name_of(layout->format), length,
             (ull)layout->first_trace_offset, count,
             layout->trace_header_bytes > QN_SEGY_TRACE_HEADER_BYTES ? ", long headers" : "");
}
