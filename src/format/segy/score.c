/* Leads the decision of how a file is read: proposes hypotheses, judges the best of them by trace
 * headers and samples, looks further where none fits, takes the best or refuses. See score.h,
 * and case.h for the files that do the single steps. */
#include "format/segy/case.h"

#include <string.h>

/* Hypotheses judged beyond their sizes and claims: the best two always, more if they may win. */
#define FEWEST_JUDGED 2
#define MOST_JUDGED   4
/* What may be the start of a chain of traces of different lengths. */
#define CHAIN_STARTS 3
/* Without a format code in the file, less than this is no SEG-Y. */
#define LEAST_SCORE 25

void qn_segy_keep_probes(struct qn_segy_case *c, const struct qn_segy_hypothesis *h,
                         const struct qn_segy_probes *probes)
{
    if (c->kept.count == 0 || h->score > c->kept_score) {
        c->kept = *probes;
        c->kept_score = h->score;
    }
}

static enum qn_status judge(struct qn_segy_case *c, size_t i)
{
    struct qn_segy_hypothesis h = c->list[i], other;
    struct qn_segy_probes probes;
    c->list[i].judged = true;
    if (h.layout.trace_count == 0)
        return QN_OK;
    enum qn_status status = qn_segy_probe(c, &h, &probes);
    if (status)
        return status;
    qn_segy_judge_headers(c, &h, &probes);
    if ((status = qn_segy_judge_samples(c, &probes, &h, &other)))
        return status;
    qn_segy_keep_probes(c, &h, &probes);
    h.judged = other.judged = true;
    c->list[i] = h;
    qn_segy_rank(c);
    qn_segy_enlist(c, &other);
    return QN_OK;
}

/* Points that a hypothesis may still gain by being judged. */
static int possible_gain(const struct qn_segy_hypothesis *h)
{
    int gain = 0;
    for (int i = QN_SEGY_BY_SEQUENCE; i <= QN_SEGY_BY_ORDERS; i++)
        gain += qn_segy_evidence[i].most - h->points[i];
    return gain;
}

/* The best hypothesis that has not been judged, or c->count; *best is the score of those judged. */
static size_t next_to_judge(const struct qn_segy_case *c, int *best)
{
    size_t next = c->count;
    *best = -1000;
    for (size_t i = c->count; i-- > 0;)
        if (!c->list[i].judged)
            next = i;
        else if (c->list[i].score > *best)
            *best = c->list[i].score;
    return next;
}

static enum qn_status judge_best(struct qn_segy_case *c)
{
    enum qn_status status = QN_OK;
    int best;
    for (size_t tries = 0; tries < MOST_JUDGED && !status; tries++) {
        size_t next = next_to_judge(c, &best);
        if (next == c->count)
            break;
        bool may_win = c->list[next].score + possible_gain(&c->list[next]) > best;
        if (c->judged >= FEWEST_JUDGED && !may_win)
            break;
        c->judged++;
        status = judge(c, next);
    }
    return status;
}

/* ---- where the best does not fit ------------------------------------------------------------ */

/* Whether the best explains everything: nothing else needs to be looked for. */
static bool is_sound(const struct qn_segy_case *c)
{
    return c->count > 0 && c->list[0].fits && !c->list[0].unsteady;
}

/* Zeros after the last trace are padding, which copies of tapes and aborted writers leave; fewer
 * than a header may be the start of one. What would be traces of zeros there, with nothing in their
 * headers, are none. */
static enum qn_status allow_padding(struct qn_segy_case *c)
{
    uint64_t zeros;
    struct qn_segy_hypothesis *best = &c->list[0];
    struct qn_segy_layout *layout = &best->layout;
    if (c->count == 0 || best->fits || layout->trace_count == 0 || layout->variable ||
        c->overrides->trailers_given)
        return QN_OK;
    enum qn_status status = qn_segy_count_padding(c, best, &zeros);
    if (status || zeros < best->remainder || zeros < QN_SEGY_TRACE_HEADER_BYTES)
        return status;
    uint64_t blank = (zeros - best->remainder) / layout->trace_bytes;
    blank = blank < layout->trace_count ? blank : 0;
    layout->trace_count -= blank;
    layout->trailing_bytes += blank * layout->trace_bytes;
    best->fits = true;
    best->remainder = 0;
    best->from.trailing = "zeros that fill up the file";
    qn_segy_award(best, QN_SEGY_BY_SIZE, 99);
    return QN_OK;
}

static bool starts_alike(const struct qn_segy_layout *a, const struct qn_segy_layout *b)
{
    return a->order == b->order && a->first_trace_offset == b->first_trace_offset &&
           a->trace_header_bytes == b->trace_header_bytes && a->sample_bytes == b->sample_bytes;
}

static enum qn_status try_chains(struct qn_segy_case *c)
{
    struct qn_segy_hypothesis from[CHAIN_STARTS];
    size_t count = 0;
    enum qn_status status = QN_OK;
    if (c->overrides->variable == QN_SEGY_NO || c->overrides->samples)
        return QN_OK;
    for (size_t i = 0; i < c->count && count < CHAIN_STARTS; i++) {
        bool known = c->list[i].layout.variable;
        for (size_t k = 0; k < count; k++)
            known = known || starts_alike(&from[k].layout, &c->list[i].layout);
        if (!known)
            from[count++] = c->list[i];
    }
    for (size_t k = 0; k < count && !status; k++)
        status = qn_segy_try_chain(c, &from[k]);
    return status;
}

static enum qn_status look_further(struct qn_segy_case *c)
{
    enum qn_status status = QN_OK;
    if (!is_sound(c) || c->overrides->variable == QN_SEGY_YES)
        status = try_chains(c);
    if (!status && !is_sound(c))
        status = allow_padding(c);
    bool coded = c->count > 0 && c->list[0].points[QN_SEGY_BY_FORMAT_CODE] >= 0;
    if (!status && (!is_sound(c) || !coded))
        status = qn_segy_search(c);
    return status ? status : judge_best(c);
}

/* ---- taking the best ------------------------------------------------------------------------ */

/* Drops what an override rules out that no claim stands for. */
static void obey(struct qn_segy_case *c)
{
    size_t kept = 0;
    if (c->overrides->variable != QN_SEGY_YES)
        return;
    for (size_t i = 0; i < c->count; i++)
        if (c->list[i].layout.variable)
            c->list[kept++] = c->list[i];
    c->count = kept;
}

/* Whether the format code says anything in a byte order that is allowed, or the user does. */
static bool is_coded(const struct qn_segy_case *c)
{
    for (int order = 0; order < 2; order++)
        if (c->views[order].allowed && c->views[order].coded)
            return true;
    return c->overrides->format != 0;
}

/* Whether samples are of the size that the format code or the user says. Where they are not, it
 * takes some evidence that this is SEG-Y at all. */
static bool is_as_coded(const struct qn_segy_case *c, const struct qn_segy_hypothesis *h)
{
    const struct qn_segy_format *coded = c->views[h->layout.order].coded;
    return h->layout.seismic_unix || c->overrides->format ||
           (coded && coded->bytes == h->layout.sample_bytes);
}

/* The best that is likely; else, for a refusal, the best as coded; NULL: none. */
static const struct qn_segy_hypothesis *best_of(const struct qn_segy_case *c)
{
    if (c->count > 0 && c->list[0].fits && c->list[0].score >= LEAST_SCORE)
        return &c->list[0];
    for (size_t i = 0; i < c->count; i++)
        if (is_as_coded(c, &c->list[i]))
            return &c->list[i];
    return NULL;
}

static bool is_salvageable(const struct qn_segy_case *c, const struct qn_segy_hypothesis *best)
{
    return c->overrides->salvage && (best->layout.trace_count > 0 || best->layout.variable);
}

static enum qn_status accept(struct qn_segy_case *c)
{
    const struct qn_segy_hypothesis *best = best_of(c);
    if (!c->has_reel && c->overrides->seismic_unix != QN_SEGY_YES && (!best || !best->fits))
        return qn_segy_refuse_short(c);
    if (c->has_reel && !best && !is_coded(c))
        return qn_segy_refuse_format(c);
    if (!best || !(best->fits || is_salvageable(c, best)))
        return qn_segy_refuse_sizes(c, best);
    c->count -= (size_t)(best - c->list); /* what is before it is not likely */
    memmove(c->list, best, c->count * sizeof *c->list);
    return QN_OK;
}

static enum qn_status settle(struct qn_segy_case *c, struct qn_segy_decision *decision)
{
    const struct qn_segy_hypothesis *chosen = &decision->chosen;
    decision->chosen = c->list[0];
    for (size_t i = 1; i < c->count && !decision->has_runner_up; i++)
        if (c->list[i].judged) {
            decision->runner_up = c->list[i];
            decision->has_runner_up = true;
        }
    enum qn_status status = QN_OK;
    if (!chosen->layout.variable && c->kept_score != chosen->score)
        status = qn_segy_probe(c, chosen, &c->kept);
    if (!status)
        status = qn_segy_explain(c, &c->kept, decision);
    decision->hypotheses = c->considered;
    decision->reads = c->reads;
    return status;
}

static enum qn_status check_overrides(const struct qn_segy_case *c)
{
    int format = c->overrides->format;
    if (format && !qn_segy_format_by_code(format))
        return qn_fail(c->err, QN_ERR_USAGE,
                       "there is no SEG-Y sample format %d. Use 1-12, 15 or 16.", format);
    if (c->source->size == 0)
        return qn_fail_at(c->err, QN_ERR_INPUT, c->source->name, 0,
                          "'%s' is empty. Check that the file was copied whole.", c->source->name);
    return QN_OK;
}

enum qn_status qn_segy_decide(const struct qn_segy_source *source,
                              const struct qn_segy_overrides *overrides,
                              struct qn_segy_decision *decision, struct qn_error *err)
{
    static const struct qn_segy_overrides none = {0};
    struct qn_segy_case c = {
        .source = source, .overrides = overrides ? overrides : &none, .err = err};
    *decision = (struct qn_segy_decision){0};
    enum qn_status status = check_overrides(&c);
    if (!status)
        status = qn_segy_recognize(&c);
    if (!status)
        status = qn_segy_propose(&c);
    if (!status)
        status = judge_best(&c);
    if (!status)
        status = look_further(&c);
    if (status)
        return status;
    obey(&c);
    status = accept(&c);
    return status ? status : settle(&c, decision);
}
