/* From trace to trace through a file: see walk.h.
 *
 * A trace is held until what follows it is known: where the next header is missing, or comes too
 * late or too early, it depends on that whether the trace is whole. */
#include "pipelines/segy/survey/walk.h"

#include "pipelines/segy/survey/runs.h"

#include <stdio.h>
#include <string.h>

#define WINDOW_BYTES (4u << 20)
#define TELL_TRACES  4096u
#define TELL_BYTES   (4u << 20)

struct walk {
    const struct qn_walk_progress *progress;
    enum qn_walk_mode mode;
    struct qn_survey *survey;
    uint32_t file;
    const struct qn_segy_mark *mark;
    const struct qn_segy_source *source;
    struct qn_segy_layout *layout;
    struct qn_segy_window window;
    struct qn_runs runs;
    struct qn_segy_trace trace; /* looked at last */
    struct qn_segy_trace held;  /* the one before it; bytes 0: none */
    uint64_t end;               /* of the file */
    uint64_t traces;            /* taken, the held one not counted */
    uint64_t bytes;             /* of them */
    uint32_t shortest, longest; /* samples */
    uint64_t told;              /* where progress was told last */
};

enum qn_status qn_walk_tell(const struct qn_walk_progress *progress, uint64_t at,
                            struct qn_error *err)
{
    if (progress->plan ? qn_plan_cancelled(progress->plan) : qn_verb_cancelled())
        return qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
    if (progress->plan)
        qn_plan_progress(progress->plan, "bytes", progress->before + at, progress->total);
    else
        qn_verb_progress("look", "bytes", progress->before + at, progress->total);
    return QN_OK;
}

static enum qn_status tick(void *context, uint64_t at, struct qn_error *err)
{
    struct walk *walk = context;
    if (walk->traces % TELL_TRACES != 0 && at - walk->told < TELL_BYTES)
        return QN_OK;
    walk->told = at;
    return qn_walk_tell(walk->progress, at, err);
}

/* ---- traces --------------------------------------------------------------------------------- */

/* Takes the held trace. */
static enum qn_status take_held(struct walk *walk, struct qn_error *err)
{
    const struct qn_segy_trace *held = &walk->held;
    uint32_t samples = held->samples;
    if (held->bytes == 0)
        return QN_OK;
    walk->shortest = walk->traces == 0 || samples < walk->shortest ? samples : walk->shortest;
    walk->longest = samples > walk->longest ? samples : walk->longest;
    walk->traces++;
    walk->bytes += held->bytes;
    enum qn_status status = qn_runs_add(&walk->runs, held->offset, held->bytes, samples, err);
    walk->held.bytes = 0;
    return status;
}

static enum qn_status look(struct walk *walk, uint64_t at, struct qn_error *err)
{
    struct qn_segy_trace *trace = &walk->trace;
    enum qn_status status =
        qn_segy_look_trace(&walk->window, walk->layout, at, walk->end, trace, err);
    if (status || trace->fault == QN_SEGY_CUT_HEADER)
        return status;
    bool odd = walk->mode == QN_WALK_SALVAGE ? !qn_segy_mark_fits(walk->mark, trace->header)
                                             : qn_segy_mark_rejects(walk->mark, trace->header);
    if (odd)
        trace->fault = QN_SEGY_ODD_HEADER;
    return QN_OK;
}

static bool all_zero(const uint8_t *bytes, size_t len)
{
    return len == 0 || (bytes[0] == 0 && !memcmp(bytes, bytes + 1, len - 1));
}

/* Whether what is left from `at` on is no damage: whole trailer records, as the layout says or the
 * first a stanza, or zeros that fill up the file. */
static enum qn_status is_trailer(struct walk *walk, uint64_t at, bool *trailer,
                                 struct qn_error *err)
{
    const uint8_t *bytes;
    uint64_t left = walk->end - at;
    bool records = left % QN_SEGY_TEXT_BYTES == 0;
    bool expected = left == walk->layout->trailing_bytes;
    size_t len = left < walk->window.room ? (size_t)left : walk->window.room;
    *trailer = false;
    if (left == 0 || !(records || (expected && len == left)))
        return QN_OK;
    enum qn_status status = qn_segy_window_look(&walk->window, at, len, len, &bytes, err);
    *trailer =
        !status &&
        ((records && (expected || !memcmp(bytes, "((", 2) || !memcmp(bytes, "\x4D\x4D", 2))) ||
         (expected && all_zero(bytes, len)));
    return status;
}

/* ---- what breaks ---------------------------------------------------------------------------- */

static enum qn_status refuse(const struct walk *walk, uint64_t at, struct qn_error *err)
{
    const struct qn_segy_trace *trace = &walk->trace;
    uint64_t left = walk->end - at;
    char why[120];
    if (trace->fault == QN_SEGY_CUT_HEADER)
        snprintf(why, sizeof why, "only %llu bytes are left there", (unsigned long long)left);
    else if (trace->fault == QN_SEGY_NO_SAMPLES)
        snprintf(why, sizeof why, "a header there says 0 samples");
    else if (trace->fault == QN_SEGY_CUT_SAMPLES)
        snprintf(why, sizeof why, "its %u samples would end %llu bytes beyond the end",
                 trace->samples, (unsigned long long)(trace->bytes - left));
    else
        snprintf(why, sizeof why, "what stands there is no trace header like the others");
    return qn_fail_at(err, QN_ERR_INPUT, walk->source->name, (int64_t)at,
                      "'%s' is damaged or cut short: trace %llu should begin at byte %llu, but %s. "
                      "Get the file again, or import what is whole with --salvage.",
                      walk->source->name,
                      (unsigned long long)(walk->traces + (walk->held.bytes > 0)),
                      (unsigned long long)at, why);
}

static enum qn_status leave_out(struct walk *walk, uint64_t start, uint64_t end,
                                enum qn_left_reason reason, struct qn_error *err)
{
    uint64_t mean = walk->layout->variable
                        ? walk->traces ? walk->bytes / walk->traces : walk->trace.bytes
                        : walk->layout->trace_bytes;
    struct qn_left_out range = {.file = walk->file, .reason = reason, .start = start, .end = end};
    range.traces = mean ? (end - start + mean / 2) / mean : 0;
    range.traces = range.traces ? range.traces : 1;
    range.next = qn_stretches_traces(&walk->survey->stretches) + walk->runs.chain.count +
                 walk->runs.run.count;
    return qn_survey_leave_out(walk->survey, &range, err);
}

/* Whether traces that go on at `found` leave the held trace, behind which at `at` there is no
 * header, as long as it should be. */
static bool held_is_whole(const struct walk *walk, uint64_t at, uint64_t found)
{
    if (found < at)
        return false;
    if (!walk->layout->variable)
        return (found - at) % walk->layout->trace_bytes == 0;
    return found - at > walk->layout->trace_header_bytes; /* room for the trace that is lost */
}

/* No trace begins at `at`: finds where they go on, in *next. */
static enum qn_status recover(struct walk *walk, uint64_t at, uint64_t *next, struct qn_error *err)
{
    uint64_t from = at;
    enum qn_segy_fault fault = walk->trace.fault;
    if (walk->held.bytes > 0)
        from = walk->held.offset + walk->layout->trace_header_bytes;
    enum qn_status status = qn_segy_mark_find(walk->mark, &walk->window, walk->layout, from,
                                              walk->end, tick, walk, next, err);
    if (status)
        return status;
    bool at_end = *next == walk->end;
    bool whole = at_end || held_is_whole(walk, at, *next);
    if (whole)
        status = take_held(walk, err);
    uint64_t start = whole || walk->held.bytes == 0 ? at : walk->held.offset;
    walk->held.bytes = 0;
    bool cut = fault == QN_SEGY_CUT_HEADER || fault == QN_SEGY_CUT_SAMPLES;
    enum qn_left_reason reason = at_end && cut ? QN_LEFT_CUT
                                 : at_end      ? QN_LEFT_REST
                                 : whole       ? QN_LEFT_OVERWRITTEN
                                               : QN_LEFT_SHIFTED;
    return status ? status : leave_out(walk, start, *next, reason, err);
}

/* ---- the walk ------------------------------------------------------------------------------- */

/* One step from `at`, where a trace should begin, to *next; *done where traces end. */
static enum qn_status step(struct walk *walk, uint64_t at, uint64_t *next, bool *done,
                           struct qn_error *err)
{
    enum qn_status status = tick(walk, at, err);
    if (!status)
        status = look(walk, at, err);
    if (!status && walk->trace.fault)
        status = is_trailer(walk, at, done, err);
    if (status || *done)
        return status;
    if (walk->trace.fault && walk->mode == QN_WALK_STRICT)
        return refuse(walk, at, err);
    if (walk->trace.fault)
        return recover(walk, at, next, err);
    status = take_held(walk, err);
    walk->held = walk->trace;
    *next = at + walk->trace.bytes;
    return status;
}

/* What lies before the first trace and belongs to no header may have been traces. */
static enum qn_status leave_out_start(struct walk *walk, struct qn_error *err)
{
    uint64_t headers = qn_survey_headers_end(walk->layout);
    if (walk->mode == QN_WALK_STRICT || walk->layout->first_trace_offset <= headers)
        return QN_OK;
    return leave_out(walk, headers, walk->layout->first_trace_offset, QN_LEFT_OVERWRITTEN, err);
}

static enum qn_status follow(struct walk *walk, struct qn_error *err)
{
    uint64_t at = walk->layout->first_trace_offset, next = at;
    bool done = false;
    enum qn_status status = leave_out_start(walk, err);
    while (at < walk->end && !done && !status) {
        status = step(walk, at, &next, &done, err);
        at = done ? at : next;
    }
    if (!status)
        status = take_held(walk, err);
    if (!status)
        status = qn_runs_end(&walk->runs, err);
    walk->layout->trailing_bytes = walk->end - at;
    if (!status && walk->traces == 0)
        status = qn_fail_at(err, QN_ERR_INPUT, walk->source->name, (int64_t)at,
                            "'%s' has no whole trace.", walk->source->name);
    return status;
}

enum qn_status qn_walk_file(const struct qn_walk_progress *progress, enum qn_walk_mode mode,
                            struct qn_survey *survey, size_t file, const struct qn_segy_mark *mark,
                            const struct qn_segy_source *source, struct qn_error *err)
{
    struct qn_segy_layout *layout = &survey->files[file].layout;
    struct walk walk = {.progress = progress,
                        .mode = mode,
                        .survey = survey,
                        .file = (uint32_t)file,
                        .mark = mark,
                        .source = source,
                        .layout = layout,
                        .runs = {&survey->stretches, (uint32_t)file, layout->variable, {0}, {0}},
                        .end = source->size};
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
