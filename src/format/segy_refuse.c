/* Says why a file cannot be read and what would help: wrong format code, sizes that do not fit.
 * fit. Called by segy_layout.c; see segy_case.h. */
#include "format/segy_case.h"

#include <stdio.h>

#define NAME(c) (c)->source->name

enum qn_status qn_segy_refuse_format(struct qn_segy_case *c)
{
    int big = (int16_t)qn_load_u16(c->reel + 3224, QN_BIG_ENDIAN);
    int little = (int16_t)qn_load_u16(c->reel + 3224, QN_LITTLE_ENDIAN);
    bool as_little = c->layout->order == QN_LITTLE_ENDIAN;
    if (qn_segy_format_by_code(as_little ? big : little))
        return qn_fail_at(c->err, QN_ERR_INPUT, NAME(c), 3224,
                          "'%s': bytes 3225-3226 hold %d, which is no sample format code in the "
                          "%s-endian order decided; in %s-endian order they are code %d. If that "
                          "is right, give --endian %s.",
                          NAME(c), as_little ? little : big, as_little ? "little" : "big",
                          as_little ? "big" : "little", as_little ? big : little,
                          as_little ? "big" : "little");
    return qn_fail_at(c->err, QN_ERR_INPUT, NAME(c), 3224,
                      "'%s' does not look like SEG-Y: bytes 3225-3226 hold %d (big-endian) or %d "
                      "(little-endian), neither is a sample format code (1-12, 15, 16). If it is "
                      "SEG-Y with a wrong code, give --format and --endian.",
                      NAME(c), big, little);
}

static enum qn_status refuse_without_traces(struct qn_segy_case *c, const struct qn_segy_cut *cut)
{
    uint64_t start = cut->start.value, size = c->source->size;
    if (start == size)
        return qn_fail_at(c->err, QN_ERR_INPUT, NAME(c), (int64_t)size,
                          "'%s' has headers but no traces: it ends at byte %llu, where the first "
                          "trace should begin. Check that the file was copied whole.",
                          NAME(c), (unsigned long long)size);
    if (start > size)
        return qn_fail_at(c->err, QN_ERR_INPUT, NAME(c), (int64_t)size,
                          "'%s' has no traces: the first should begin at byte %llu (%s), but the "
                          "file ends at byte %llu. It is truncated, or give "
                          "--first-trace-offset.",
                          NAME(c), (unsigned long long)start, cut->start.origin,
                          (unsigned long long)size);
    return qn_fail_at(c->err, QN_ERR_INPUT, NAME(c), (int64_t)start,
                      "'%s' is shorter than one trace: from byte %llu a trace needs %llu bytes "
                      "(%llu samples, %s), but the file has %llu. It is truncated, or give "
                      "--samples or --format.",
                      NAME(c), (unsigned long long)start, (unsigned long long)cut->trace_bytes,
                      (unsigned long long)cut->samples.value, cut->samples.origin,
                      (unsigned long long)(size - start));
}

/* Sample sizes other than the format's, with a format to name for each. */
static void suggest_formats(struct qn_segy_case *c, const struct qn_segy_cut *cut,
                            struct qn_buf *text)
{
    static const char *const named[9] = {
        [1] = "int8", [2] = "int16", [3] = "int24", [4] = "ieee", [8] = "float64"};
    for (unsigned bytes = 1; bytes <= 8; bytes++)
        if (named[bytes] && bytes != c->layout->sample_bytes &&
            qn_segy_cut_fits_with(c, cut, cut->samples.value, bytes))
            qn_buf_printf(text, "%s--format %s", text->len ? " or " : "", named[bytes]);
}

/* Round numbers of samples, and those next to the claimed one, that would fit. */
static void suggest_samples(struct qn_segy_case *c, const struct qn_segy_cut *cut,
                            struct qn_buf *text)
{
    static const int near[] = {1, -1, 2, -2};
    static const uint64_t usual[] = {500,  501,  750,  751,  1000, 1001, 1024, 1250, 1251, 1500,
                                     1501, 1750, 1751, 2000, 2001, 2048, 2500, 2501, 3000, 3001,
                                     4000, 4001, 4096, 5000, 5001, 6000, 6001, 8000, 8001};
    unsigned bytes = c->layout->sample_bytes, found = 0;
    uint64_t last = 0;
    for (size_t i = 0; i < sizeof near / sizeof *near && found < 2; i++) {
        uint64_t samples = cut->samples.value + (uint64_t)near[i];
        if (samples > 0 && samples < UINT32_MAX && qn_segy_cut_fits_with(c, cut, samples, bytes)) {
            qn_buf_printf(text, "%s--samples %llu", text->len ? " or " : "",
                          (unsigned long long)samples);
            last = samples;
            found++;
        }
    }
    for (size_t i = 0; i < sizeof usual / sizeof *usual && found < 2; i++)
        if (usual[i] != last && qn_segy_cut_fits_with(c, cut, usual[i], bytes)) {
            qn_buf_printf(text, "%s--samples %llu", text->len ? " or " : "",
                          (unsigned long long)usual[i]);
            found++;
        }
}

/* Another first trace, or another number of headers per trace. */
static void suggest_offsets(struct qn_segy_case *c, const struct qn_segy_cut *cut,
                            struct qn_buf *text)
{
    struct qn_segy_cut other = *cut;
    for (uint64_t records = 0; records <= 4; records++) {
        other.start.value =
            c->layout->label_bytes + QN_SEGY_REEL_BYTES + records * QN_SEGY_TEXT_BYTES;
        if (other.start.value != cut->start.value &&
            qn_segy_cut_fits_with(c, &other, cut->samples.value, c->layout->sample_bytes)) {
            qn_buf_printf(text, "%s--first-trace-offset %llu", text->len ? " or " : "",
                          (unsigned long long)other.start.value);
            return;
        }
    }
}

static enum qn_status refuse_remainder(struct qn_segy_case *c, const struct qn_segy_cut *cut)
{
    struct qn_buf text = {0};
    suggest_formats(c, cut, &text);
    suggest_offsets(c, cut, &text);
    suggest_samples(c, cut, &text);
    qn_buf_u8(&text, '\0');
    const char *options = text.failed ? "" : (const char *)text.data;
    enum qn_status status = qn_fail_at(
        c->err, QN_ERR_INPUT, NAME(c), (int64_t)(c->source->size - cut->remainder),
        "'%s' does not hold whole traces: from byte %llu there are %llu traces of %llu bytes "
        "(%llu samples of %u bytes, %s) and %llu bytes over. It is truncated, or a header is "
        "wrong.%s%s%s",
        NAME(c), (unsigned long long)cut->start.value, (unsigned long long)cut->traces,
        (unsigned long long)cut->trace_bytes, (unsigned long long)cut->samples.value,
        c->layout->sample_bytes, cut->samples.origin, (unsigned long long)cut->remainder,
        *options ? " The size of the file would fit "
                 : " Get the file again, or give --samples, "
                   "--format or --first-trace-offset",
        options, "; --salvage takes what is whole.");
    qn_buf_release(&text);
    return status;
}

enum qn_status qn_segy_refuse_sizes(struct qn_segy_case *c, const struct qn_segy_cut *cut)
{
    if (c->source->size <= cut->start.value)
        return refuse_without_traces(c, cut);
    if (cut->samples.value == 0)
        return qn_fail_at(c->err, QN_ERR_INPUT, NAME(c), 3220,
                          "'%s': no header says how many samples a trace has: bytes 3221-3222 and "
                          "bytes 115-116 of the first trace header are 0. Give --samples.",
                          NAME(c));
    return cut->traces == 0 ? refuse_without_traces(c, cut) : refuse_remainder(c, cut);
}
