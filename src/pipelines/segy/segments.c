/* Cutting a survey at gather boundaries: see segments.h.
 *
 * The search relies on one invariant only: of two traces lo < hi, one has the gather's key and the
 * other has not, so halving the distance ends at two neighbours with different keys. That is a
 * boundary whatever the order of the keys, also when a key comes back later in the file.
 */
#include "pipelines/segy/segments.h"

#include "base/sys.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct search {
    const struct qn_key_source *keys;
    uint8_t key[QN_MAX_KEY_BYTES]; /* of the gather at the nominal cut */
    struct qn_error *err;
};

/* Whether `trace` has the key of the gather that is searched. */
static enum qn_status belongs(const struct search *search, uint64_t trace, bool *same)
{
    uint8_t key[QN_MAX_KEY_BYTES];
    enum qn_status status = search->keys->read(search->keys->context, trace, key, search->err);
    *same = !status && !memcmp(key, search->key, search->keys->bytes);
    return status;
}

/* Narrows inside < outside (or outside < inside) to neighbours, of which only `inside` belongs. */
static enum qn_status bisect(const struct search *search, uint64_t *inside, uint64_t *outside)
{
    while (*inside > *outside + 1 || *outside > *inside + 1) {
        uint64_t low = *inside < *outside ? *inside : *outside;
        uint64_t high = *inside < *outside ? *outside : *inside;
        uint64_t middle = low + (high - low) / 2;
        bool same;
        enum qn_status status = belongs(search, middle, &same);
        if (status)
            return status;
        *(same ? inside : outside) = middle;
    }
    return QN_OK;
}

/* Gallops from `from`, which belongs to the gather, towards `limit` until a trace does not, then
 * bisects. *found is the first trace of the gather (backwards) or the first one after it
 * (forwards), 0 if all traces up to `limit` belong. */
static enum qn_status gallop(const struct search *search, uint64_t from, uint64_t limit,
                             uint64_t *found)
{
    bool back = limit < from;
    uint64_t inside = from;
    *found = 0;
    for (uint64_t step = 1; inside != limit; step *= 2) {
        uint64_t left = back ? inside - limit : limit - inside;
        uint64_t move = left < step ? left : step;
        uint64_t probe = back ? inside - move : inside + move;
        bool same;
        enum qn_status status = belongs(search, probe, &same);
        if (status)
            return status;
        if (!same) {
            status = bisect(search, &inside, &probe);
            *found = back ? inside : probe;
            return status;
        }
        inside = probe;
    }
    return QN_OK;
}

/* The gather boundary for the nominal cut, 0 if the gather fills the whole reach: from `previous`
 * to the next nominal cut. The end of the survey is a boundary too. */
static enum qn_status find_boundary(const struct qn_key_source *keys, uint64_t cut,
                                    uint64_t previous, uint64_t nominal, uint64_t traces,
                                    uint64_t *found, struct qn_error *err)
{
    struct search search = {.keys = keys, .err = err};
    bool last = traces - cut <= nominal;
    enum qn_status status = keys->read(keys->context, cut, search.key, err);
    if (!status)
        status = gallop(&search, cut, previous, found);
    if (!status && *found == 0)
        status = gallop(&search, cut, last ? traces - 1 : cut + nominal, found);
    if (!status && *found == 0 && last)
        *found = traces;
    return status;
}

static void append_cut(struct qn_segments *segments, uint64_t trace)
{
    if (trace > segments->bounds[segments->count])
        segments->bounds[++segments->count] = trace;
}

enum qn_status qn_segments_plan(uint64_t traces, uint64_t nominal, const struct qn_key_source *keys,
                                struct qn_segments *segments, struct qn_error *err)
{
    *segments = (struct qn_segments){0};
    uint64_t most = traces / nominal + 2;
    segments->bounds = qn_sys.calloc(most, sizeof *segments->bounds);
    if (!segments->bounds)
        return qn_fail_memory(err, "the segments", most * sizeof *segments->bounds);
    for (uint64_t cut = nominal; cut < traces; cut += nominal) {
        uint64_t previous = segments->bounds[segments->count];
        uint64_t found = cut;
        if (cut <= previous)
            continue;
        enum qn_status status = QN_OK;
        if (keys->bytes > 0)
            status = find_boundary(keys, cut, previous, nominal, traces, &found, err);
        if (status) {
            qn_segments_release(segments);
            return status;
        }
        if (found == 0 && segments->split_count++ == 0)
            segments->first_split = cut;
        append_cut(segments, found > 0 ? found : cut);
    }
    append_cut(segments, traces);
    return QN_OK;
}

void qn_segments_release(struct qn_segments *segments)
{
    free(segments->bounds);
    *segments = (struct qn_segments){0};
}

/* The first shard boundary at or after `trace`, at most `traces`. */
static uint64_t shard_boundary(uint64_t trace, uint64_t shard, uint64_t traces)
{
    uint64_t past = trace % shard;
    if (past == 0)
        return trace < traces ? trace : traces;
    return traces - trace > shard - past ? trace + (shard - past) : traces;
}

struct qn_trace_range qn_segment_samples(struct qn_trace_range segment, uint64_t shard,
                                         uint64_t traces)
{
    return (struct qn_trace_range){.start = shard_boundary(segment.start, shard, traces),
                                   .end = shard_boundary(segment.end, shard, traces)};
}
