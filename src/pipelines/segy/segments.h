/* Where a survey is cut into segments, and which segment writes which shard.
 *
 * A segment is one task: a run of traces that begins at a gather boundary, found by reading keys
 * around the nominal cuts only, never by a scan of the file. Headers follow segments exactly.
 * Samples follow shards: a segment writes every shard whose first trace lies in it, so that a
 * shard has one writer and no seam has to be put together afterwards.
 */
#ifndef QN_PIPELINES_SEGY_SEGMENTS_H
#define QN_PIPELINES_SEGY_SEGMENTS_H

#include <quern/error.h>
#include <stddef.h>
#include <stdint.h>

#define QN_MAX_KEY_BYTES 72 /* of a composite ensemble key: see dataset/keys.h */

/* Ensemble keys of single traces, as bytes. `bytes` 0: there is no key. */
struct qn_key_source {
    size_t bytes;
    enum qn_status (*read)(void *context, uint64_t trace, uint8_t *key, struct qn_error *err);
    void *context;
};

/* Segment i is the traces bounds[i] to bounds[i + 1] - 1. */
struct qn_segments {
    uint64_t *bounds;     /* count + 1 of them, strictly rising from 0 to the trace count */
    size_t count;         /* at least 1 */
    uint64_t split_count; /* cuts inside a gather that is larger than a segment */
    uint64_t first_split; /* trace of the first of them */
};

/* Cuts `traces` traces at multiples of `nominal`, each cut moved to a gather boundary: the nearest
 * one found by galloping backwards, but not to the previous cut; failing that, forwards, at most
 * to the next nominal cut. A gather without a boundary in that reach is cut at the nominal place
 * and counted. Reads about 2 log2(nominal) keys per cut. Release with qn_segments_release. */
enum qn_status qn_segments_plan(uint64_t traces, uint64_t nominal, const struct qn_key_source *keys,
                                struct qn_segments *segments, struct qn_error *err);
void qn_segments_release(struct qn_segments *segments);

/* Traces start to end - 1. */
struct qn_trace_range {
    uint64_t start;
    uint64_t end;
};

/* The traces whose samples a segment writes: those of all shards of `shard` traces that begin in
 * it, the last shard of the survey being shorter. Empty (start == end) if none does. */
struct qn_trace_range qn_segment_samples(struct qn_trace_range segment, uint64_t shard,
                                         uint64_t traces);

#endif
