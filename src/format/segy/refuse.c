/* Says why a file cannot be read and what would help: no format code, sizes that do not fit, ends
 * within a trace. Part of the decision of score.c; see case.h. */
#include "format/segy/case.h"

#define NAME(c) (c)->source->name
typedef unsigned long long ull; /* for printf */

enum qn_status qn_segy_refuse_short(struct qn_segy_case *c)
{
    return qn_fail_at(c->err, QN_ERR_INPUT, NAME(c), (int64_t)c->source->size,
                      "'%s' is too short for SEG-Y: it has %llu bytes, and the text and binary "
                      "headers alone take 3600. Check that the file was copied whole.",
                      NAME(c), (ull)c->source->size);
}

enum qn_status qn_segy_refuse_format(struct qn_segy_case *c)
{
    int big = c->views[QN_BIG_ENDIAN].header.format;
    int little = c->views[QN_LITTLE_ENDIAN].header.format;
    bool as_little = c->overrides->order_given && c->overrides->order == QN_LITTLE_ENDIAN;
    if (qn_segy_format_by_code(as_little ? big : little))
        return qn_fail_at(c->err, QN_ERR_INPUT, NAME(c), 3224,
                          "'%s': bytes 3225-3226 hold %d, which is no sample format code in the "
                          "%s-endian order given; in %s-endian order they are code %d. If that "
                          "is right, give --endian %s.",
                          NAME(c), as_little ? little : big, as_little ? "little" : "big",
                          as_little ? "big" : "little", as_little ? big : little,
                          as_little ? "big" : "little");
    return qn_fail_at(c->err, QN_ERR_INPUT, NAME(c), 3224,
                      "'%s' does not look like SEG-Y: bytes 3225-3226 hold %d (big-endian) or %d "
                      "(little-endian), neither is a sample format code (1-12, 15, 16), and no "
                      "traces are found by their content. If it is SEG-Y all the same, give "
                      "--format, --endian and --samples.",
                      NAME(c), big, little);
}

static enum qn_status refuse_without_traces(struct qn_segy_case *c,
                                            const struct qn_segy_hypothesis *best)
{
    uint64_t start = best->layout.first_trace_offset, size = c->source->size;
    if (start == size)
        return qn_fail_at(c->err, QN_ERR_INPUT, NAME(c), (int64_t)size,
                          "'%s' has headers but no traces: it ends at byte %llu, where the first "
                          "trace should begin. Check that the file was copied whole.",
                          NAME(c), (ull)size);
    if (start > size)
        return qn_fail_at(c->err, QN_ERR_INPUT, NAME(c), (int64_t)size,
                          "'%s' has no traces: the first should begin at byte %llu (%s), but the "
                          "file ends at byte %llu. It is truncated, or give "
                          "--first-trace-offset.",
                          NAME(c), (ull)start, best->from.start, (ull)size);
    return qn_fail_at(c->err, QN_ERR_INPUT, NAME(c), (int64_t)start,
                      "'%s' is shorter than one trace: from byte %llu a trace needs %llu bytes "
                      "(%u samples, %s), but the file has %llu. It is truncated, or give "
                      "--samples or --format.",
                      NAME(c), (ull)start, (ull)best->layout.trace_bytes, best->layout.samples,
                      best->from.samples, (ull)(size - start));
}

/* ---- what would fit ------------------------------------------------------------------------- */

static void suggest(struct qn_buf *text, const char *option, uint64_t value)
{
    qn_buf_printf(text, "%s%s %llu", text->len ? " or " : "", option, (ull)value);
}

/* Sample sizes other than the format's, with a format to name for each. */
static void suggest_formats(struct qn_segy_case *c, const struct qn_segy_layout *layout,
                            struct qn_buf *text)
{
    static const char *const named[9] = {
        [1] = "int8", [2] = "int16", [3] = "int24", [4] = "ieee", [8] = "float64"};
    for (unsigned bytes = 1; bytes <= 8; bytes++)
        if (named[bytes] && bytes != layout->sample_bytes &&
            qn_segy_would_fit(c, layout, layout->first_trace_offset, layout->samples, bytes))
            qn_buf_printf(text, "%s--format %s", text->len ? " or " : "", named[bytes]);
}

/* Round numbers of samples, and those next to the claimed one. */
static void suggest_samples(struct qn_segy_case *c, const struct qn_segy_layout *layout,
                            struct qn_buf *text)
{
    static const int near[] = {1, -1, 2, -2};
    static const uint64_t usual[] = {500,  501,  750,  751,  1000, 1001, 1024, 1250, 1251, 1500,
                                     1501, 1750, 1751, 2000, 2001, 2048, 2500, 2501, 3000, 3001,
                                     4000, 4001, 4096, 5000, 5001, 6000, 6001, 8000, 8001};
    unsigned bytes = layout->sample_bytes, found = 0;
    uint64_t start = layout->first_trace_offset, last = 0;
    for (size_t i = 0; i < sizeof near / sizeof *near && found < 2; i++) {
        uint64_t samples = (uint64_t)layout->samples + (uint64_t)near[i];
        if (qn_segy_would_fit(c, layout, start, samples, bytes)) {
            suggest(text, "--samples", last = samples);
            found++;
        }
    }
    for (size_t i = 0; i < sizeof usual / sizeof *usual && found < 2; i++)
        if (usual[i] != last && qn_segy_would_fit(c, layout, start, usual[i], bytes)) {
            suggest(text, "--samples", usual[i]);
            found++;
        }
}

static void suggest_starts(struct qn_segy_case *c, const struct qn_segy_layout *layout,
                           struct qn_buf *text)
{
    for (uint64_t records = 0; records <= 4; records++) {
        uint64_t start = qn_segy_after_records(c, records);
        if (start != layout->first_trace_offset &&
            qn_segy_would_fit(c, layout, start, layout->samples, layout->sample_bytes)) {
            suggest(text, "--first-trace-offset", start);
            return;
        }
    }
}

/* A last trace that is cut short, if trace headers say that all others are right; else sizes that
 * would fit, as the headers may lie. */
static enum qn_status refuse_remainder(struct qn_segy_case *c,
                                       const struct qn_segy_hypothesis *best)
{
    const struct qn_segy_layout *layout = &best->layout;
    bool sure = best->points[QN_SEGY_BY_COUNTS] > 0 && best->points[QN_SEGY_BY_SEQUENCE] > 0;
    struct qn_buf text = {0};
    if (!sure) {
        suggest_formats(c, layout, &text);
        suggest_starts(c, layout, &text);
        suggest_samples(c, layout, &text);
    }
    qn_buf_u8(&text, '\0');
    const char *options = text.failed ? "" : (const char *)text.data;
    enum qn_status status = qn_fail_at(
        c->err, QN_ERR_INPUT, NAME(c), (int64_t)(c->source->size - best->remainder),
        "'%s' does not hold whole traces: from byte %llu there are %llu traces of %llu bytes "
        "(%u samples of %u bytes, %s) and %llu bytes over. %s%s%s",
        NAME(c), (ull)layout->first_trace_offset, (ull)layout->trace_count,
        (ull)layout->trace_bytes, layout->samples, layout->sample_bytes, best->from.samples,
        (ull)best->remainder,
        sure       ? "The trace headers fit this, so the file is truncated. Get it again"
        : *options ? "It is truncated, or a header is wrong: the size of the file would fit "
                   : "It is truncated, or a header is wrong. Get the file again, or give "
                     "--samples, --format or --first-trace-offset",
        options, "; --salvage takes what is whole.");
    qn_buf_release(&text);
    return status;
}

static enum qn_status refuse_chain(struct qn_segy_case *c, const struct qn_segy_hypothesis *best)
{
    return qn_fail_at(c->err, QN_ERR_INPUT, NAME(c), (int64_t)best->layout.first_trace_offset,
                      "'%s' holds traces of different lengths (%s), but following them from byte "
                      "%llu does not lead to the end of the file: it is truncated or damaged. Get "
                      "it again; --salvage takes what is whole.",
                      NAME(c), best->from.samples, (ull)best->layout.first_trace_offset);
}

enum qn_status qn_segy_refuse_sizes(struct qn_segy_case *c, const struct qn_segy_hypothesis *best)
{
    if (!best && c->overrides->variable == QN_SEGY_YES)
        return qn_fail_at(c->err, QN_ERR_INPUT, NAME(c), -1,
                          "'%s' was said to hold traces of different lengths, but no trace header "
                          "leads to a second one. Give --first-trace-offset or --endian, or leave "
                          "out --variable.",
                          NAME(c));
    if (!best && qn_segy_after_records(c, c->records.count) == c->source->size)
        return refuse_without_traces(
            c, &(struct qn_segy_hypothesis){.layout.first_trace_offset = c->source->size});
    if (!best)
        return qn_fail_at(c->err, QN_ERR_INPUT, NAME(c), 3220,
                          "'%s': no header says how many samples a trace has: bytes 3221-3222 and "
                          "bytes 115-116 of the first trace header are 0. Give --samples.",
                          NAME(c));
    if (best->layout.variable)
        return refuse_chain(c, best);
    return best->layout.trace_count == 0 ? refuse_without_traces(c, best)
                                         : refuse_remainder(c, best);
}
