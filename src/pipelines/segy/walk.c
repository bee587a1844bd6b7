/* From trace to trace through a file: see walk.h. */
#include "pipelines/segy/walk.h"

#include "format/segy_walk.h"

#include <stdio.h>
#include <string.h>

#define WINDOW_BYTES (4u << 20)
#define RUN_TRACES   64u  /* fewer of one length in a row go into a chain */
#define CHAIN_TRACES 256u /* most of a chain: what a reader follows to find a trace */
#define TELL_TRACES  4096u
#define TELL_BYTES   (64u << 20)

/* ---- stretches of runs ---------------------------------------------------------------------- */

struct builder {
    struct qn_stretches *list;
    struct qn_stretch run;   /* traces of one length under way; count 0: none */
    struct qn_stretch chain; /* short runs before it */
};

static enum qn_status close_chain(struct builder *builder, struct qn_error *err)
{
    if (builder->chain.count == 0)
        return QN_OK;
    enum qn_status status = qn_stretches_add(builder->list, builder->chain, err);
    builder->chain.count = 0;
    return status;
}

/* A short run becomes a part of the chain before it. */
static enum qn_status join_chain(struct builder *builder, struct qn_error *err)
{
    struct qn_stretch *chain = &builder->chain;
    const struct qn_stretch *run = &builder->run;
    enum qn_status status = QN_OK;
    if (chain->count + run->count > CHAIN_TRACES || chain->end != run->offset)
        status = close_chain(builder, err);
    if (chain->count == 0) {
        *chain = *run;
        chain->samples = 0;
    } else {
        chain->count += run->count;
        chain->end = run->end;
    }
    return status;
}

static enum qn_status close_run(struct builder *builder, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    if (builder->run.count > 0 && builder->run.count < RUN_TRACES) {
        status = join_chain(builder, err);
    } else if (builder->run.count > 0) {
        status = close_chain(builder, err);
        if (!status)
            status = qn_stretches_add(builder->list, builder->run, err);
    }
    builder->run.count = 0;
    return status;
}

static enum qn_status add_trace(struct builder *builder, const struct qn_segy_trace *trace,
                                uint32_t file, struct qn_error *err)
{
    struct qn_stretch *run = &builder->run;
    bool goes_on = run->count > 0 && run->samples == trace->samples && run->end == trace->offset;
    if (!goes_on) {
        enum qn_status status = close_run(builder, err);
        if (status)
            return status;
        *run =
            (struct qn_stretch){.offset = trace->offset, .file = file, .samples = trace->samples};
    }
    run->count++;
    run->end = trace->offset + trace->bytes;
    return QN_OK;
}

static enum qn_status finish(struct builder *builder, struct qn_error *err)
{
    enum qn_status status = close_run(builder, err);
    return status ? status : close_chain(builder, err);
}

/* ---- the walk ------------------------------------------------------------------------------- */

struct walk {
    const struct qn_walk_progress *progress;
    const struct qn_segy_source *source;
    struct qn_segy_layout *layout;
    struct qn_segy_window window;
    struct builder builder;
    struct qn_segy_trace trace; /* looked at last */
    uint32_t file;
    uint64_t end; /* of the traces */
    uint64_t traces;
    uint32_t shortest, longest; /* samples */
    uint64_t told;              /* where progress was told last */
};

enum qn_status qn_walk_tell(const struct qn_walk_progress *progress, uint64_t at,
                            struct qn_error *err)
{
    if (qn_plan_cancelled(progress->plan))
        return qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
    qn_plan_progress(progress->plan, "bytes", progress->before + at, progress->total);
    return QN_OK;
}

static enum qn_status tell(struct walk *walk, uint64_t at, struct qn_error *err)
{
    if (walk->traces % TELL_TRACES != 0 && at - walk->told < TELL_BYTES)
        return QN_OK;
    walk->told = at;
    return qn_walk_tell(walk->progress, at, err);
}

/* Whether what is left from `at` on are trailer records: whole ones, the first a stanza. */
static enum qn_status is_trailer(struct walk *walk, uint64_t at, bool *trailer,
                                 struct qn_error *err)
{
    const uint8_t *bytes;
    uint64_t left = walk->end - at;
    *trailer = false;
    if (left == 0 || left % QN_SEGY_TEXT_BYTES != 0)
        return QN_OK;
    enum qn_status status = qn_segy_window_look(&walk->window, at, 2, 2, &bytes, err);
    *trailer = !status && (!memcmp(bytes, "((", 2) || !memcmp(bytes, "\x4D\x4D", 2));
    return status;
}

static enum qn_status refuse(const struct walk *walk, uint64_t at, struct qn_error *err)
{
    const struct qn_segy_trace *trace = &walk->trace;
    char why[120];
    if (trace->fault == QN_SEGY_CUT_HEADER)
        snprintf(why, sizeof why, "only %llu bytes are left there",
                 (unsigned long long)(walk->end - at));
    else if (trace->fault == QN_SEGY_NO_SAMPLES)
        snprintf(why, sizeof why, "a header there says 0 samples");
    else
        snprintf(why, sizeof why, "its %u samples would end %llu bytes beyond the end",
                 trace->samples, (unsigned long long)(trace->bytes - (walk->end - at)));
    return qn_fail_at(err, QN_ERR_INPUT, walk->source->name, (int64_t)at,
                      "'%s' is damaged or cut short: trace %llu should begin at byte %llu, but %s. "
                      "Get the file again, or import what is whole with --salvage.",
                      walk->source->name, (unsigned long long)walk->traces, (unsigned long long)at,
                      why);
}

static enum qn_status take_trace(struct walk *walk, struct qn_error *err)
{
    uint32_t samples = walk->trace.samples;
    walk->shortest = walk->traces == 0 || samples < walk->shortest ? samples : walk->shortest;
    walk->longest = samples > walk->longest ? samples : walk->longest;
    walk->traces++;
    return add_trace(&walk->builder, &walk->trace, walk->file, err);
}

static enum qn_status follow(struct walk *walk, struct qn_error *err)
{
    uint64_t at = walk->layout->first_trace_offset;
    while (at < walk->end) {
        enum qn_status status = tell(walk, at, err);
        if (!status)
            status =
                qn_segy_look_trace(&walk->window, walk->layout, at, walk->end, &walk->trace, err);
        bool trailer = false;
        if (!status && walk->trace.fault)
            status = is_trailer(walk, at, &trailer, err);
        if (!status && trailer)
            break;
        if (!status)
            status = walk->trace.fault ? refuse(walk, at, err) : take_trace(walk, err);
        if (status)
            return status;
        at += walk->trace.bytes;
    }
    walk->layout->trailing_bytes = walk->source->size - at;
    return finish(&walk->builder, err);
}

enum qn_status qn_walk_file(const struct qn_walk_progress *progress, struct qn_survey *survey,
                            size_t file, const struct qn_segy_source *source, struct qn_error *err)
{
    struct qn_segy_layout *layout = &survey->files[file].layout;
    struct walk walk = {.progress = progress,
                        .source = source,
                        .layout = layout,
                        .file = (uint32_t)file,
                        .builder.list = &survey->stretches,
                        .end = source->size - layout->trailing_bytes};
    enum qn_status status = qn_segy_window_init(&walk.window, source, WINDOW_BYTES, err);
    if (!status)
        status = follow(&walk, err);
    layout->trace_count = walk.traces;
    layout->samples = walk.longest;
    layout->variable = walk.shortest < walk.longest;
    layout->trace_bytes =
        layout->trace_header_bytes + (uint64_t)layout->samples * layout->sample_bytes;
    for (size_t i = 0; i < survey->stretches.count && !layout->variable; i++)
        if (survey->stretches.at[i].file == file)
            survey->stretches.at[i].samples = layout->samples; /* no chain after all */
    qn_segy_window_release(&walk.window);
    return status;
}
