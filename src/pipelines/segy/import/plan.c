/* Planning an import: decides how to read the file, cuts it into segments, adds a task for each.
 * Reads headers at the cuts only, so that the largest file is planned in well under a second. */
#include "pipelines/segy/import/steps.h"

#include "base/sys.h"
#include "pipelines/segy/dataset/keys.h"
#include "pipelines/segy/grid/plan.h"
#include "pipelines/segy/import.h"
#include "pipelines/segy/import/left_out.h"
#include "pipelines/segy/survey/outline.h"

#include <stdlib.h>
#include <string.h>

/* What reading a key needs. */
struct key_context {
    struct qn_reader *reader;
    struct qn_key_maker *maker;
    size_t key_bytes;
    size_t reach;    /* bytes of all headers of a trace */
    uint8_t *header; /* of one trace */
};

static enum qn_status read_key(void *context, uint64_t trace, uint8_t *key, struct qn_error *err)
{
    struct key_context *keys = context;
    struct qn_traces traces;
    enum qn_status status =
        qn_reader_headers(keys->reader, trace, 1, keys->reach, keys->header, &traces, err);
    if (!status)
        memcpy(key, qn_key_maker_run(keys->maker, &traces), keys->key_bytes);
    return status;
}

static enum qn_status plan_segments(const struct qn_import *import, struct qn_segments *segments,
                                    struct qn_error *err)
{
    struct key_context context = {.key_bytes = qn_key_bytes(import),
                                  .reach = import->layout.trace_header_bytes};
    struct qn_key_source keys = {.bytes = context.key_bytes, .read = read_key, .context = &context};
    context.header = qn_sys.malloc(context.reach);
    enum qn_status status = context.header ? qn_reader_open(import, &context.reader, err)
                                           : qn_fail_memory(err, "a trace header", context.reach);
    if (!status)
        status = qn_key_maker_new(import, &context.maker, err);
    if (!status)
        qn_reader_will_search(context.reader);
    if (!status)
        status = qn_segments_plan(import->layout.trace_count, import->grid.segment_traces, &keys,
                                  segments, err);
    qn_key_maker_free(context.maker);
    qn_reader_close(context.reader);
    free(context.header);
    return status;
}

static enum qn_status add_task(struct qn_plan *plan, const struct qn_import *import,
                               struct qn_trace_range headers, struct qn_error *err)
{
    struct qn_segment segment = {.headers = headers,
                                 .samples = qn_segment_samples(headers, import->grid.shard_traces,
                                                               import->layout.trace_count)};
    struct qn_trace_range all = qn_segment_reads(&segment);
    uint64_t cost = qn_stretches_bytes(&import->survey.stretches, all.start, all.end);
    struct qn_buf payload = {0};
    qn_segment_encode(&segment, &payload);
    enum qn_status status = payload.failed ? qn_fail_memory(err, "a task", 64)
                                           : qn_plan_add(plan, cost, headers.end - headers.start,
                                                         payload.data, payload.len, err);
    qn_buf_release(&payload);
    return status;
}

static enum qn_status add_tasks(struct qn_plan *plan, const struct qn_import *import,
                                const struct qn_segments *segments, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < segments->count && !status; i++) {
        struct qn_trace_range headers = {segments->bounds[i], segments->bounds[i + 1]};
        status = add_task(plan, import, headers, err);
    }
    return status;
}

/* What traces of different lengths make of the array. */
static void note_lengths(struct qn_import *import)
{
    const struct qn_segy_layout *layout = &import->layout;
    uint64_t traces = layout->trace_count;
    uint64_t bytes = qn_stretches_bytes(&import->survey.stretches, 0, traces);
    double mean =
        ((double)bytes / (double)traces - layout->trace_header_bytes) / layout->sample_bytes;
    enum qn_dtype dtype = qn_import_converter(import)->dtype;
    bool real = dtype == QN_FLOAT32 || dtype == QN_FLOAT64;
    if (layout->variable)
        qn_segy_note(&import->notes,
                     "traces have up to %u samples, %.1f on average: the array is as wide as the "
                     "longest, shorter ones end in %s; column " QN_TRACE_SAMPLES
                     " of headers.parquet has their true lengths",
                     layout->samples, mean, real ? "NaN" : "0");
}

static void note_segments(struct qn_import *import, const struct qn_segments *segments)
{
    const struct qn_store_grid *grid = &import->grid;
    if (segments->count > 1)
        qn_segy_note(&import->notes, "segments: %zu of about %llu traces", segments->count,
                     (unsigned long long)grid->segment_traces);
    if (segments->split_count > 0)
        qn_segy_note(
            &import->notes,
            "%llu segment boundaries lie inside a gather that is larger than a segment; the "
            "first at trace %llu. ensembles.parquet joins such gathers again.",
            (unsigned long long)segments->split_count, (unsigned long long)segments->first_split);
}

static enum qn_status note_all(struct qn_plan *plan, const struct qn_import *import,
                               struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < import->notes.count && !status; i++)
        status = qn_plan_note(plan, err, "%s", import->notes.text[i]);
    return status;
}

static enum qn_status share(struct qn_plan *plan, const struct qn_import *import,
                            struct qn_error *err)
{
    struct qn_buf shared = {0};
    qn_import_encode(import, &shared);
    enum qn_status status = shared.failed ? qn_fail_memory(err, "the plan", shared.len)
                                          : qn_plan_shared(plan, shared.data, shared.len, err);
    qn_buf_release(&shared);
    return status;
}

/* Samples as they will lie on disk without packing, plus headers: an upper estimate. */
static uint64_t expected_bytes(const struct qn_import *import)
{
    uint64_t per_trace =
        (uint64_t)import->layout.samples * qn_import_converter(import)->dtype_bytes +
        import->layout.trace_header_bytes;
    uint64_t traces = import->no_traces ? 0 : import->layout.trace_count * per_trace;
    return traces + qn_grid_expected_bytes(import);
}

static enum qn_status name_inputs(struct qn_plan *plan, const struct qn_survey *survey,
                                  struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < survey->file_count && !status; i++)
        status = qn_plan_input(plan, survey->files[i].path, err);
    return status;
}

/* What was decided is said before a grid may be refused. */
static enum qn_status plan_tasks(const struct qn_options *options, struct qn_plan *plan,
                                 struct qn_import *import, const struct qn_segments *segments,
                                 struct qn_error *err)
{
    struct qn_grid_tasks tiles = {0};
    note_lengths(import);
    qn_left_out_note(import);
    note_segments(import, segments);
    enum qn_status status = note_all(plan, import, err);
    if (!status)
        status = qn_grid_plan(options, plan, import, &tiles, err);
    if (!status)
        status = name_inputs(plan, &import->survey, err);
    qn_plan_expect_bytes(plan, expected_bytes(import));
    if (!status)
        status = share(plan, import, err);
    if (!status)
        status = add_tasks(plan, import, segments, err);
    if (!status)
        status = qn_grid_add_tasks(plan, import, &tiles, err);
    qn_grid_tasks_release(&tiles);
    return status;
}

static enum qn_status plan_import(const struct qn_options *options, struct qn_plan *plan,
                                  struct qn_import *import, struct qn_error *err)
{
    struct qn_segments segments = {0};
    enum qn_status status = plan_segments(import, &segments, err);
    if (!status)
        status = plan_tasks(options, plan, import, &segments, err);
    qn_segments_release(&segments);
    return status;
}

enum qn_status qn_import_plan(const struct qn_options *options, struct qn_plan *plan,
                              struct qn_error *err)
{
    struct qn_overrides overrides;
    struct qn_segy_mapping mapping = {0};
    struct qn_import import = {0};
    enum qn_status status = qn_overrides_read(options, &overrides, err);
    if (!status)
        status = qn_outline(options, &overrides, plan, &import, err);
    if (!status)
        status = qn_import_decide(options, &mapping, &import, err);
    if (!status)
        status = qn_places_decide(&import, &import.places, err);
    if (!status)
        status = plan_import(options, plan, &import, err);
    qn_import_release(&import);
    qn_segy_mapping_release(&mapping);
    qn_overrides_release(&overrides);
    return status;
}
