/* Trace headers as a hypothesis finds them: if traces really lie there, headers repeat what all
 * have in common, count up, and hold codes, scalars and times that exist. A wrong trace length
 * spoils all of that at once. Part of the decision of score.c; see case.h. */
#include "format/segy/case.h"

#include <stdlib.h>
#include <string.h>

#define PAIRS        8 /* of neighbouring traces, spread over the file */
#define FIRST_TRACES 8 /* of a file that is to be salvaged */
/* Neighbours that are further apart than this are not: 4,000 km at a scalar of 1, 42 at -100. */
#define FAR (INT64_C(1) << 22)
/* A step between neighbours that no counter makes. */
#define WILD (INT64_C(1) << 24)

static void put_probe(struct qn_segy_probes *probes, uint64_t trace)
{
    size_t at = probes->count;
    for (size_t i = 0; i < probes->count; i++)
        if (probes->trace[i] == trace)
            return;
    if (probes->count == QN_SEGY_MAX_PROBES)
        return;
    for (; at > 0 && probes->trace[at - 1] > trace; at--)
        probes->trace[at] = probes->trace[at - 1];
    probes->trace[at] = trace;
    probes->count++;
}

/* Scatters consecutive numbers over 64 bits (SplitMix64: Steele, Lea, Flood 2014), so that no
 * regularity of a survey agrees with the traces looked at. */
static uint64_t scatter(uint64_t i)
{
    uint64_t z = (i + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static void choose_traces(uint64_t traces, struct qn_segy_probes *probes)
{
    probes->count = 0;
    for (uint64_t i = 0; i < traces && (i < 3 || traces <= QN_SEGY_MAX_PROBES); i++)
        put_probe(probes, i);
    if (traces <= QN_SEGY_MAX_PROBES)
        return;
    put_probe(probes, traces - 2);
    put_probe(probes, traces - 1);
    for (uint64_t i = 0; i < PAIRS; i++) {
        uint64_t trace = scatter(i) % (traces - 1);
        put_probe(probes, trace);
        put_probe(probes, trace + 1);
    }
}

enum qn_status qn_segy_probe(struct qn_segy_case *c, const struct qn_segy_hypothesis *h,
                             struct qn_segy_probes *probes)
{
    const struct qn_segy_layout *layout = &h->layout;
    size_t len = layout->trace_header_bytes < QN_SEGY_PROBE_BYTES ? layout->trace_header_bytes
                                                                  : QN_SEGY_PROBE_BYTES;
    enum qn_status status = QN_OK;
    /* Behind damage, traces do not lie where they should: only the first ones can be judged. */
    bool doubtful = c->overrides->salvage && layout->trace_count > FIRST_TRACES;
    choose_traces(doubtful ? FIRST_TRACES : layout->trace_count, probes);
    memset(probes->header, 0, sizeof probes->header);
    for (size_t i = 0; i < probes->count && !status; i++) {
        probes->offset[i] = layout->first_trace_offset + probes->trace[i] * layout->trace_bytes;
        status = qn_segy_read(c, probes->offset[i], probes->header[i], len);
    }
    return status;
}

/* ---- looking at fields ---------------------------------------------------------------------- */

static int16_t short_at(const struct qn_segy_probes *p, size_t i, unsigned byte,
                        enum qn_byte_order order)
{
    return (int16_t)qn_load_u16(p->header[i] + byte - 1, order);
}

static int64_t long_at(const struct qn_segy_probes *p, size_t i, unsigned byte,
                       enum qn_byte_order order)
{
    return (int32_t)qn_load_u32(p->header[i] + byte - 1, order);
}

/* Whether probes i and i + 1 are neighbours in the file. */
static bool is_pair(const struct qn_segy_probes *p, size_t i)
{
    return i + 1 < p->count && p->trace[i + 1] == p->trace[i] + 1;
}

static bool all_zero(const struct qn_segy_probes *p, const unsigned *bytes, size_t fields)
{
    for (size_t i = 0; i < p->count; i++)
        for (size_t f = 0; f < fields; f++)
            if (p->header[i][bytes[f] - 1] || p->header[i][bytes[f]])
                return false;
    return true;
}

/* A uint16 that all traces should share, and that should be `expected`, what the reel headers or
 * the hypothesis say (0: nothing). Either alone is worth half. */
static void judge_shared(struct qn_segy_hypothesis *h, const struct qn_segy_probes *p,
                         unsigned byte, enum qn_segy_evidence evidence, uint64_t expected)
{
    enum qn_byte_order order = h->layout.order;
    int most = qn_segy_evidence[evidence].most;
    uint16_t first = (uint16_t)short_at(p, 0, byte, order);
    size_t same = 0;
    if (p->count == 0 || all_zero(p, &byte, 1))
        return;
    for (size_t i = 1; i < p->count; i++)
        same += first != 0 && (uint16_t)short_at(p, i, byte, order) == first;
    if (p->count == 1)
        qn_segy_award(h, evidence, first == expected ? most / 2 : 0);
    else
        qn_segy_award_share(h, evidence, same, p->count - 1);
    h->unsteady = h->unsteady || 4 * same < 3 * (p->count - 1);
    if (expected && first != expected && h->points[evidence] > most / 2)
        qn_segy_award(h, evidence, most / 2);
}

struct steps {
    size_t pairs, counted; /* neighbours; those whose field rises by 1 */
    size_t gaps, kept;     /* all successive probes; those that rise by their distance */
    size_t wild;           /* neighbours between which it jumps */
    bool constant;
};

static struct steps steps_of(const struct qn_segy_probes *p, unsigned byte,
                             enum qn_byte_order order)
{
    struct steps s = {.constant = true};
    for (size_t i = 0; i + 1 < p->count; i++) {
        int64_t step = long_at(p, i + 1, byte, order) - long_at(p, i, byte, order);
        bool pair = is_pair(p, i);
        s.constant = s.constant && step == 0;
        s.gaps++;
        s.kept += step == (int64_t)(p->trace[i + 1] - p->trace[i]);
        s.pairs += pair;
        s.counted += pair && step == 1;
        s.wild += pair && llabs(step) > WILD;
    }
    return s;
}

/* Some field counts: traces of the line or the file all along, or of a gather between most
 * neighbours. */
static void judge_sequence(struct qn_segy_hypothesis *h, const struct qn_segy_probes *p)
{
    static const unsigned bytes[] = {1, 5, 13, 25, 21, 9, 17, 189, 193};
    int most = qn_segy_evidence[QN_SEGY_BY_SEQUENCE].most, best = -most;
    size_t wild = 0, pairs = 0;
    bool constant = true;
    for (size_t f = 0; f < sizeof bytes / sizeof *bytes; f++) {
        struct steps s = steps_of(p, bytes[f], h->layout.order);
        if (s.pairs == 0)
            return;
        int points = s.kept == s.gaps ? most : s.counted * 4 >= s.pairs * 3 ? most * 7 / 10 : -most;
        best = points > best ? points : best;
        constant = constant && s.constant;
        wild += s.wild;
        pairs += s.pairs;
    }
    if (best < 0 && (constant || wild * 4 < pairs))
        best = 0;
    qn_segy_award(h, QN_SEGY_BY_SEQUENCE, best);
}

static void judge_codes(struct qn_segy_hypothesis *h, const struct qn_segy_probes *p)
{
    static const unsigned byte = 29;
    int16_t last = h->layout.seismic_unix ? 255 : 41;
    size_t good = 0;
    if (all_zero(p, &byte, 1))
        return;
    for (size_t i = 0; i < p->count; i++) {
        int16_t code = short_at(p, i, byte, h->layout.order);
        good += code >= -1 && code <= last;
    }
    qn_segy_award_share(h, QN_SEGY_BY_CODES, good, p->count);
}

static bool is_scalar(int value)
{
    value = abs(value);
    return value == 0 || value == 1 || value == 10 || value == 100 || value == 1000 ||
           value == 10000;
}

static void judge_scalars(struct qn_segy_hypothesis *h, const struct qn_segy_probes *p)
{
    static const unsigned bytes[] = {69, 71};
    size_t good = 0;
    if (all_zero(p, bytes, 2))
        return;
    for (size_t i = 0; i < p->count; i++)
        good += is_scalar(short_at(p, i, 69, h->layout.order)) +
                (size_t)is_scalar(short_at(p, i, 71, h->layout.order));
    qn_segy_award_share(h, QN_SEGY_BY_SCALARS, good, 2 * p->count);
}

static void judge_coordinates(struct qn_segy_hypothesis *h, const struct qn_segy_probes *p)
{
    static const unsigned bytes[] = {73, 77, 81, 85, 181, 185};
    size_t fields = h->layout.seismic_unix ? 4 : 6, near = 0, all = 0;
    for (size_t i = 0; i + 1 < p->count; i++)
        for (size_t f = 0; f < fields && is_pair(p, i); f++) {
            int64_t a = long_at(p, i, bytes[f], h->layout.order);
            int64_t b = long_at(p, i + 1, bytes[f], h->layout.order);
            bool set = a != 0 || b != 0;
            all += set;
            near += set && llabs(a - b) < FAR;
        }
    qn_segy_award_share(h, QN_SEGY_BY_COORDINATES, near, all);
}

static void judge_times(struct qn_segy_hypothesis *h, const struct qn_segy_probes *p)
{
    static const unsigned bytes[] = {159, 161, 163, 165};
    static const int last[] = {366, 24, 60, 60};
    size_t good = 0;
    if (all_zero(p, bytes, 4))
        return;
    for (size_t i = 0; i < p->count; i++)
        for (size_t f = 0; f < 4; f++) {
            int16_t value = short_at(p, i, bytes[f], h->layout.order);
            good += value >= 0 && value <= last[f];
        }
    qn_segy_award_share(h, QN_SEGY_BY_TIMES, good, 4 * p->count);
}

void qn_segy_judge_headers(const struct qn_segy_case *c, struct qn_segy_hypothesis *h,
                           const struct qn_segy_probes *probes)
{
    const struct qn_segy_layout *layout = &h->layout;
    uint64_t interval = layout->seismic_unix ? 0 : c->views[layout->order].header.interval_us;
    if (layout->variable)
        qn_segy_award(h, QN_SEGY_BY_COUNTS, h->fits ? 99 : 0);
    else
        judge_shared(h, probes, 115, QN_SEGY_BY_COUNTS, layout->samples);
    judge_shared(h, probes, 117, QN_SEGY_BY_INTERVALS, interval);
    judge_sequence(h, probes);
    judge_codes(h, probes);
    judge_scalars(h, probes);
    judge_coordinates(h, probes);
    judge_times(h, probes);
}
