/* Samples as a hypothesis reads them: do they look like numbers of the format? Tells IBM from IEEE
 * floats, floats from integers, and one byte order from the other, by the digits of some thousand
 * samples. Part of the decision of score.c; see case.h.
 *
 * What numbers look like:
 *   IBM floats are normalised: their first hexadecimal digit is not 0. Of IEEE floats read that
 *   way, 8 to 34 % have a 0 there (real files), as three bits of fraction behind an even exponent
 *   are 0 in 17 % of all numbers (Benford 1938, base 2).
 *   Exponents of floats in the right byte order cluster; in the wrong one they are noise.
 *   Integers are small against the range of their type: their first bits repeat the sign.
 *   The first byte of a number varies less than its last one; where all vary alike, numbers are
 *   shorter. Numbers at even and odd places vary alike; where they do not, they are halves of
 *   longer ones.
 */
#include "format/segy/case.h"

#include "base/sys.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WINDOWS        8 /* at least; of short traces as many as it takes for enough samples */
#define WINDOW_SAMPLES 512
#define MAX_WORDS      (WINDOWS * WINDOW_SAMPLES)
#define ENOUGH         1024
/* Fewer non-zero or different samples say nothing. */
#define FEWEST       32
#define FEWEST_KINDS 16
#define FEWEST_ZEROS 3  /* first digits that are 0, against IBM floats */
#define FEWEST_COULD 64 /* that might have been 0, for them */
/* Bits in the first byte of floats in the right order: sign and exponent. Noise has 7 to 8. */
#define MOST_ENTROPY 6.5

/* Samples as unsigned words of their size, read in some order; no zeros. */
struct words {
    size_t count;
    unsigned bytes;
    uint64_t at[MAX_WORDS];
};

static uint64_t load(const uint8_t *bytes, unsigned size, enum qn_byte_order order)
{
    uint64_t word = 0;
    for (unsigned i = 0; i < size; i++)
        word = word << 8 | bytes[order == QN_BIG_ENDIAN ? i : size - 1 - i];
    return word;
}

static void load_words(const struct qn_buf *raw, unsigned size, enum qn_byte_order order,
                       struct words *words)
{
    words->count = 0;
    words->bytes = size;
    for (size_t i = 0; i + size <= raw->len && words->count < MAX_WORDS; i += size) {
        uint64_t word = load(raw->data + i, size, order);
        if (word != 0)
            words->at[words->count++] = word;
    }
}

static int compare_words(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

/* Sorts; returns how many different words there are. */
static size_t sort_words(struct words *words)
{
    size_t kinds = words->count > 0;
    qsort(words->at, words->count, sizeof *words->at, compare_words);
    for (size_t i = 1; i < words->count; i++)
        kinds += words->at[i] != words->at[i - 1];
    return kinds;
}

/* Shannon entropy in bits of bytes that have been counted. */
static double entropy_of(const size_t counts[256])
{
    size_t all = 0;
    double sum = 0;
    for (size_t i = 0; i < 256; i++)
        all += counts[i];
    for (size_t i = 0; i < 256; i++)
        if (counts[i])
            sum -= (double)counts[i] * log2((double)counts[i] / (double)all);
    return all ? sum / (double)all : 0;
}

/* Of the byte at `shift` of the words. */
static double entropy(const struct words *words, unsigned shift)
{
    size_t counts[256] = {0};
    for (size_t i = 0; i < words->count; i++)
        counts[words->at[i] >> shift & 0xFF]++;
    return entropy_of(counts);
}

/* ---- what 4-byte words are ------------------------------------------------------------------ */

/* Shares of all words, 0 to 1. */
struct digits {
    double zero;         /* first digit of an IBM fraction is 0 */
    double unnormalised; /* two are 0, with low bits set: IBM writers that do not normalise */
    double integer;      /* the first 9 bits are equal: an integer below 2^23 */
    double negative;     /* of these, the ones with all bits set: NaN if it were a float */
    double special;      /* IEEE infinity or NaN */
    double gain_first;   /* first byte 0, second at most 32: format 4 */
    bool never_zero;     /* many words could have a first digit 0 by chance, and none has */
    bool noise;          /* the first byte is any byte: no exponent is */
};

/* IEEE floats would by chance have first digits 0 where their exponent is even. */
static bool lacks_zero_digits(const struct words *words)
{
    size_t per_exponent[128] = {0}, could = 0, exponents = 0;
    for (size_t i = 0; i < words->count; i++) {
        bool different = i == 0 || words->at[i] != words->at[i - 1];
        if (!different || words->at[i] >> 23 & 1)
            continue;
        if ((words->at[i] & 0x00F00000) == 0)
            return false;
        could++;
        per_exponent[words->at[i] >> 24 & 0x7F]++;
    }
    for (size_t e = 0; e < 128; e++)
        exponents += per_exponent[e] >= 8;
    return could >= FEWEST_COULD && exponents >= 2;
}

static struct digits digits_of(const struct words *words)
{
    size_t zero = 0, loose = 0, integer = 0, negative = 0, special = 0, gain = 0;
    for (size_t i = 0; i < words->count; i++) {
        uint32_t word = (uint32_t)words->at[i];
        uint32_t sign_bits = word >> 23;
        zero += (word & 0x00F00000) == 0;
        loose += (word & 0x00FF0000) == 0 && (word & 0xFFFF) != 0;
        integer += sign_bits == 0 || sign_bits == 0x1FF;
        negative += sign_bits == 0x1FF;
        special += (word & 0x7F800000) == 0x7F800000;
        gain += word >> 24 == 0 && (word >> 16 & 0xFF) <= 32;
    }
    double n = words->count ? (double)words->count : 1;
    return (struct digits){.zero = zero >= FEWEST_ZEROS ? (double)zero / n : 0,
                           .unnormalised = (double)loose / n,
                           .integer = (double)integer / n,
                           .negative = (double)negative / n,
                           .special = (double)special / n,
                           .gain_first = (double)gain / n,
                           .never_zero = lacks_zero_digits(words),
                           .noise = entropy(words, 24) > MOST_ENTROPY};
}

/* The share of zero digits above which they are no IBM floats. */
#define ZERO_DIGITS 0.01

static int looks_ibm(const struct digits *d)
{
    if (d->integer > 0.95 || d->noise)
        return -1;
    if (d->zero > ZERO_DIGITS)
        return d->unnormalised < d->zero / 3 ? -1 : 0;
    return d->never_zero ? 1 : 0;
}

static int looks_ieee(const struct digits *d)
{
    if (d->integer > 0.95 || d->special > 0.01 || d->noise || d->never_zero)
        return -1;
    return d->zero > ZERO_DIGITS && d->unnormalised < d->zero / 3 ? 1 : 0;
}

static int looks_integer(const struct digits *d)
{
    if (d->integer > 0.95)
        return 1;
    return d->integer < 0.05 && (looks_ibm(d) > 0 || looks_ieee(d) > 0) ? -1 : 0;
}

static int looks_gain(const struct digits *d)
{
    return d->gain_first > 0.99 ? 1 : d->gain_first < 0.9 ? -1 : 0;
}

static int judge_4_bytes(const struct words *words, int format, double *zero_digits)
{
    struct digits d = digits_of(words);
    *zero_digits = d.zero;
    switch (format) {
    case 1:
        return looks_ibm(&d);
    case 4:
        return looks_gain(&d);
    case 5:
        return looks_ieee(&d);
    default:
        return looks_integer(&d);
    }
}

/* ---- other sizes ---------------------------------------------------------------------------- */

/* The first byte of small integers says little, the last one much; -1: the other way round. */
static int judge_bytes(const struct words *words)
{
    double difference = entropy(words, 0) - entropy(words, 8 * (words->bytes - 1));
    return difference > 0.5 ? 1 : difference < -0.5 ? -1 : 0;
}

/* Doubles span few binades around 1; small integers have equal first bits. */
static int judge_8_bytes(const struct words *words, int format)
{
    size_t integers = 0, moderate = 0;
    for (size_t i = 0; i < words->count; i++) {
        uint64_t sign_bits = words->at[i] >> 47;
        unsigned exponent = words->at[i] >> 52 & 0x7FF;
        integers += sign_bits == 0 || sign_bits == 0x1FFFF;
        moderate += exponent > 1023 - 200 && exponent < 1023 + 200;
    }
    bool all_integers = integers * 20 > words->count * 19;
    bool all_moderate = moderate * 20 > words->count * 19;
    if (all_integers == all_moderate)
        return all_moderate ? 0 : -1;
    return all_moderate == (format == 6) ? 1 : -1;
}

/* 1: the samples look like that format, -1: they do not, 0: there is nothing to judge by. */
static int judge(const struct words *words, size_t kinds, int format, double *zero_digits)
{
    if (words->count < FEWEST || kinds < FEWEST_KINDS)
        return 0;
    if (words->bytes == 4)
        return judge_4_bytes(words, format, zero_digits);
    if (words->bytes == 8)
        return judge_8_bytes(words, format);
    return words->bytes > 1 ? judge_bytes(words) : 0;
}

/* ---- the size of numbers --------------------------------------------------------------------- */

#define UNEVEN           1.0 /* bits of entropy between the same byte at even and odd places */
#define ALIKE            0.3 /* between the bytes of a number */
#define MOST_ALIKE       7.3 /* of a byte; more is noise, which all numbers end in */
#define ENOUGH_FOR_ALIKE 500

/* Whether numbers of `size` bytes are halves of longer ones. The raw bytes are windows of
 * `window` numbers each, from traces of one length; 0: not so. */
static bool are_halves(const struct qn_buf *raw, unsigned size, size_t window)
{
    if (window < 2 || raw->len < 2 * FEWEST * size)
        return false;
    for (unsigned b = 0; b < size; b++) {
        size_t counts[2][256] = {{0}};
        for (size_t i = 0; (i + 1) * size <= raw->len; i++)
            counts[i % window % 2][raw->data[i * size + b]]++;
        if (fabs(entropy_of(counts[0]) - entropy_of(counts[1])) > UNEVEN)
            return true;
    }
    return false;
}

/* Whether they are made of shorter ones: their bytes vary as those half a number further on (three
 * bytes as their neighbours), and not all as noise does. */
static bool are_several(const struct words *words)
{
    unsigned step = words->bytes == 3 ? 1 : words->bytes / 2;
    bool noise = true;
    if (step == 0 || words->count < ENOUGH_FOR_ALIKE)
        return false;
    for (unsigned b = 0; b + step < words->bytes; b++) {
        double here = entropy(words, 8 * b), there = entropy(words, 8 * (b + step));
        noise = noise && here > MOST_ALIKE && there > MOST_ALIKE;
        if (fabs(here - there) > ALIKE)
            return false;
    }
    return !noise;
}

/* ---- which format --------------------------------------------------------------------------- */

/* Samples from the middle of one trace. */
static enum qn_status read_window(struct qn_segy_case *c, const struct qn_segy_layout *layout,
                                  const struct qn_segy_probes *probes, size_t at,
                                  struct qn_buf *raw)
{
    uint64_t samples =
        layout->variable ? qn_segy_trace_samples(layout, probes->header[at]) : layout->samples;
    size_t count = samples < WINDOW_SAMPLES ? (size_t)samples : WINDOW_SAMPLES;
    uint64_t skipped = (samples - count) / 2 * layout->sample_bytes;
    size_t len = count * layout->sample_bytes;
    uint8_t *room = qn_buf_reserve(raw, len);
    if (!room)
        return qn_fail_memory(c->err, "samples", len);
    raw->len += len;
    return qn_segy_read(c, probes->offset[at] + layout->trace_header_bytes + skipped, room, len);
}

/* Some samples of some traces, as they are in the file: every so-manieth of the probes, then those
 * between, until there are enough. */
static enum qn_status read_windows(struct qn_segy_case *c, const struct qn_segy_hypothesis *h,
                                   const struct qn_segy_probes *probes, struct qn_buf *raw)
{
    size_t step = probes->count > WINDOWS ? probes->count / WINDOWS : 1;
    size_t enough = (size_t)ENOUGH * h->layout.sample_bytes;
    enum qn_status status = QN_OK;
    for (size_t first = 0; first < step && !status; first++)
        for (size_t at = first; at < probes->count && !status; at += step)
            if (first == 0 || raw->len < enough)
                status = read_window(c, &h->layout, probes, at, raw);
    return status;
}

/* One format and order of samples to weigh. */
struct reading {
    const struct qn_segy_format *format;
    enum qn_byte_order order;
    int looks;
    int points; /* of all evidence about the format */
    double zero_digits;
};

#define MAX_READINGS 12

static struct reading weigh(const struct qn_segy_case *c, const struct qn_segy_hypothesis *h,
                            const struct qn_segy_format *format, const struct words *words,
                            size_t kinds, enum qn_byte_order order, bool wrong_size)
{
    const struct qn_segy_layout *layout = &h->layout;
    const struct qn_segy_view *view = &c->views[layout->order];
    struct reading r = {.format = format, .order = order, .zero_digits = -1};
    bool coded = !layout->seismic_unix && view->coded == format;
    r.looks = judge(words, kinds, format->code, &r.zero_digits);
    r.looks = wrong_size ? -1 : r.looks;
    r.points = r.looks * qn_segy_evidence[QN_SEGY_BY_SAMPLES].most;
    r.points += (order == layout->order ? 1 : -1) * qn_segy_evidence[QN_SEGY_BY_ORDERS].most;
    if (!layout->seismic_unix)
        r.points += (coded ? 1 : -1) * qn_segy_evidence[QN_SEGY_BY_FORMAT_CODE].most;
    return r;
}

static bool is_possible(const struct qn_segy_case *c, const struct qn_segy_layout *layout,
                        const struct qn_segy_format *format)
{
    if (c->overrides->format)
        return format->code == c->overrides->format;
    return format->bytes == layout->sample_bytes &&
           (!layout->seismic_unix || format->code == layout->format);
}

/* All readings of the samples, best first; of equal ones the coded format, then the usual. */
static size_t weigh_all(struct qn_segy_case *c, const struct qn_segy_hypothesis *h,
                        const struct qn_buf *raw, struct words *words,
                        struct reading readings[MAX_READINGS])
{
    static const int usual_first[] = {5, 1, 2, 3, 8, 6, 7, 9, 10, 11, 12, 15, 16, 4};
    const struct qn_segy_layout *layout = &h->layout;
    size_t count = 0;
    uint32_t samples = layout->variable ? 0 : layout->samples;
    bool halves =
        are_halves(raw, layout->sample_bytes, samples < WINDOW_SAMPLES ? samples : WINDOW_SAMPLES);
    for (int swapped = 0; swapped < (layout->sample_bytes > 1 ? 2 : 1); swapped++) {
        enum qn_byte_order order = swapped ? (enum qn_byte_order) !layout->order : layout->order;
        if (c->overrides->sample_order_given && order != c->overrides->sample_order)
            continue;
        load_words(raw, layout->sample_bytes, order, words);
        size_t kinds = sort_words(words);
        bool wrong_size = halves || are_several(words);
        for (size_t i = 0; i < sizeof usual_first / sizeof *usual_first; i++) {
            const struct qn_segy_format *format = qn_segy_format_by_code(usual_first[i]);
            if (!is_possible(c, layout, format) || count == MAX_READINGS)
                continue;
            struct reading r = weigh(c, h, format, words, kinds, order, wrong_size);
            size_t at = count++;
            for (; at > 0 && readings[at - 1].points < r.points; at--)
                readings[at] = readings[at - 1];
            readings[at] = r;
        }
    }
    return count;
}

static void adopt_reading(const struct qn_segy_case *c, struct qn_segy_hypothesis *h,
                          const struct reading *reading)
{
    struct qn_segy_layout *layout = &h->layout;
    const struct qn_segy_format *coded = c->views[layout->order].coded;
    int code = qn_segy_evidence[QN_SEGY_BY_FORMAT_CODE].most;
    layout->format = reading->format->code;
    layout->sample_order = reading->order;
    h->zero_digits = reading->zero_digits;
    qn_segy_award(h, QN_SEGY_BY_SAMPLES, 99 * reading->looks);
    qn_segy_award(h, QN_SEGY_BY_ORDERS, reading->order == layout->order ? 99 : -99);
    if (!layout->seismic_unix)
        qn_segy_award(h, QN_SEGY_BY_FORMAT_CODE, coded == reading->format ? code : -code);
    if (c->overrides->format)
        h->from.format = "as given";
    else if (layout->seismic_unix)
        h->from.format = "as in all Seismic Unix files";
    else if (coded == reading->format)
        h->from.format = "from bytes 3225-3226";
    else
        h->from.format = reading->looks > 0 ? "as the samples look" : "the usual one of that size";
}

enum qn_status qn_segy_judge_samples(struct qn_segy_case *c, const struct qn_segy_probes *probes,
                                     struct qn_segy_hypothesis *h, struct qn_segy_hypothesis *other)
{
    struct reading readings[MAX_READINGS];
    struct qn_buf raw = {0};
    *other = *h;
    struct words *words = qn_sys.malloc(sizeof *words);
    if (!words)
        return qn_fail_memory(c->err, "samples", sizeof *words);
    enum qn_status status = read_windows(c, h, probes, &raw);
    size_t count = status ? 0 : weigh_all(c, h, &raw, words, readings);
    if (count > 0) {
        adopt_reading(c, h, &readings[0]);
        adopt_reading(c, other, &readings[count > 1]);
    }
    qn_buf_release(&raw);
    free(words);
    return status;
}
