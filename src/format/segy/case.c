/* What all deciders of a layout do: read within bounds, give points, keep the list of hypotheses
 * in order. See case.h. */
#include "format/segy/case.h"

#include <string.h>

const struct qn_segy_evidence_info qn_segy_evidence[QN_SEGY_EVIDENCE_COUNT] = {
    [QN_SEGY_BY_SIZE] = {"size", "whole traces fill the file", 22},
    [QN_SEGY_BY_SEQUENCE] = {"sequence", "a sequence number counts the traces", 8},
    [QN_SEGY_BY_COUNTS] = {"sample_counts", "trace headers agree on the number of samples", 8},
    [QN_SEGY_BY_INTERVALS] = {"intervals", "trace headers agree on the sample interval", 6},
    [QN_SEGY_BY_CODES] = {"trace_codes", "trace identification codes exist", 3},
    [QN_SEGY_BY_SCALARS] = {"scalars", "scalars are powers of ten", 3},
    [QN_SEGY_BY_COORDINATES] = {"coordinates", "neighbouring traces lie near each other", 3},
    [QN_SEGY_BY_TIMES] = {"times", "days, hours and minutes are in their ranges", 3},
    [QN_SEGY_BY_SAMPLES] = {"samples", "samples look like numbers of the format", 14},
    [QN_SEGY_BY_ORDERS] = {"byte_orders", "samples have the byte order of the headers", 8},
    [QN_SEGY_BY_FORMAT_CODE] = {"format_code", "the format code says so", 6},
    [QN_SEGY_BY_CONSTANT] = {"byte_order_constant", "the byte order constant says so", 6},
    [QN_SEGY_BY_CLAIM] = {"claim", "something in the file says the number of samples", 4},
    [QN_SEGY_BY_PLACE] = {"place", "traces begin where the text ends", 4},
    [QN_SEGY_BY_TEXT] = {"text", "the file begins as such a file does", 2},
};

enum qn_status qn_segy_read(struct qn_segy_case *c, uint64_t offset, void *bytes, size_t len)
{
    if (!qn_segy_holds(c, offset, len))
        return qn_fail_at(c->err, QN_ERR_INPUT, c->source->name, (int64_t)c->source->size,
                          "'%s' ends at byte %llu, before a header that should lie at byte %llu. "
                          "The file is truncated.",
                          c->source->name, (unsigned long long)c->source->size,
                          (unsigned long long)offset);
    c->reads++;
    return c->source->read_at(c->source->context, offset, bytes, len, c->err);
}

bool qn_segy_holds(const struct qn_segy_case *c, uint64_t offset, uint64_t len)
{
    return offset <= c->source->size && c->source->size - offset >= len;
}

void qn_segy_award(struct qn_segy_hypothesis *h, enum qn_segy_evidence evidence, int points)
{
    int most = qn_segy_evidence[evidence].most;
    points = points > most ? most : points < -most ? -most : points;
    h->score += points - h->points[evidence];
    h->points[evidence] = (int8_t)points;
}

void qn_segy_award_share(struct qn_segy_hypothesis *h, enum qn_segy_evidence evidence, size_t good,
                         size_t all)
{
    int most = qn_segy_evidence[evidence].most;
    if (all > 0)
        qn_segy_award(h, evidence, (int)(2 * (size_t)most * good / all) - most);
}

static bool reads_the_same(const struct qn_segy_layout *a, const struct qn_segy_layout *b)
{
    return a->seismic_unix == b->seismic_unix && a->variable == b->variable &&
           a->order == b->order && a->sample_order == b->sample_order && a->format == b->format &&
           a->sample_bytes == b->sample_bytes && a->samples == b->samples &&
           a->first_trace_offset == b->first_trace_offset &&
           a->trace_header_bytes == b->trace_header_bytes && a->trace_count == b->trace_count;
}

void qn_segy_enlist(struct qn_segy_case *c, const struct qn_segy_hypothesis *h)
{
    size_t at = 0;
    for (size_t i = 0; i < c->count; i++)
        if (reads_the_same(&c->list[i].layout, &h->layout))
            return;
    while (at < c->count && c->list[at].score >= h->score)
        at++;
    if (at == QN_SEGY_MAX_LIST)
        return;
    c->count += c->count < QN_SEGY_MAX_LIST;
    memmove(c->list + at + 1, c->list + at, (c->count - at - 1) * sizeof *c->list);
    c->list[at] = *h;
}

void qn_segy_rank(struct qn_segy_case *c)
{
    for (size_t i = 1; i < c->count; i++) {
        struct qn_segy_hypothesis moved = c->list[i];
        size_t at = i;
        for (; at > 0 && c->list[at - 1].score < moved.score; at--)
            c->list[at] = c->list[at - 1];
        c->list[at] = moved;
    }
}
