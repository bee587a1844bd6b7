/* One line on what a task works on, for lists of failures: its traces, and the bytes of the files
 * that hold them. */
#include "pipelines/segy/import/steps.h"

#include "pipelines/segy/grid/plan.h"
#include "pipelines/segy/import.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define SHOWN 3 /* files named at most */

/* A line that is cut where it is full. */
struct line {
    char *text;
    size_t size;
    size_t len;
};

static void __attribute__((format(printf, 2, 3))) say(struct line *line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(line->text + line->len, line->size - line->len, format, arguments);
    va_end(arguments);
    line->len += len < 0 ? 0 : (size_t)len;
    line->len = line->len < line->size ? line->len : line->size - 1;
}

/* Bytes of one file: for the part of a chain, those of the whole of it. */
struct span {
    uint32_t file;
    uint64_t start, end;
};

static struct span span_of(const struct qn_stretch *stretch, struct qn_trace_range traces)
{
    struct span span = {stretch->file, stretch->offset, stretch->end};
    uint64_t each = (stretch->end - stretch->offset) / stretch->count;
    if (stretch->samples == 0)
        return span;
    if (traces.start > stretch->first)
        span.start = stretch->offset + (traces.start - stretch->first) * each;
    if (traces.end < stretch->first + stretch->count)
        span.end = stretch->offset + (traces.end - stretch->first) * each;
    return span;
}

static void say_span(struct line *line, const struct qn_survey *survey, const struct span *span,
                     size_t shown)
{
    if (shown < SHOWN)
        say(line, "%s bytes %" PRIu64 " to %" PRIu64 " of %s%s", shown ? "," : ":", span->start,
            span->end - 1, survey->files[span->file].gzip.count ? "unpacked " : "",
            qn_survey_name(survey->files[span->file].path));
}

static void say_spans(struct line *line, const struct qn_survey *survey,
                      struct qn_trace_range traces)
{
    const struct qn_stretches *list = &survey->stretches;
    size_t s = qn_stretches_find(list, traces.start), shown = 0;
    struct span span = span_of(&list->at[s], traces);
    for (s++; s < list->count && list->at[s].first < traces.end; s++) {
        struct span next = span_of(&list->at[s], traces);
        if (next.file != span.file) {
            say_span(line, survey, &span, shown++);
            span = next;
        }
        span.end = next.end;
    }
    say_span(line, survey, &span, shown++);
    if (shown > SHOWN)
        say(line, " and %zu more files", shown - SHOWN);
}

/* A tile by the header values of its corners. */
static void say_tile(struct line *line, const struct qn_import *import, const struct qn_tile *tile)
{
    const struct qn_grid *grid = &import->gridded;
    struct qn_grid_box box = qn_grid_box(grid, tile->number);
    say(line, "%" PRIu64 " traces of the grid:", tile->traces);
    for (uint32_t d = 0; d < grid->keys; d++) {
        const struct qn_axis *axis = &grid->axes[d];
        char first[QN_AXIS_TEXT];
        char last[QN_AXIS_TEXT];
        say(line, "%s %s %s to %s", d ? "," : "", axis->name,
            qn_axis_text(axis->dtype, axis->keys[box.origin[d]], first),
            qn_axis_text(axis->dtype, axis->keys[box.origin[d] + box.extent[d] - 1], last));
    }
}

void qn_import_describe(const struct qn_job *job, const struct qn_task *task, char *text,
                        size_t size)
{
    struct qn_import import;
    struct qn_segment segment;
    struct qn_tile tile;
    struct line line = {text, size, 0};
    enum qn_status status = qn_import_decode(job->shared, job->shared_len, &import, NULL);
    if (!status && qn_task_kind(task) == QN_TASK_TILE && import.gridded.ndim > 0 &&
        !qn_tile_decode(task, &tile, NULL)) {
        say_tile(&line, &import, &tile);
    } else if (!status && !qn_segment_decode(&import, task, &segment, NULL)) {
        struct qn_trace_range all = qn_segment_reads(&segment);
        say(&line, "traces %" PRIu64 " to %" PRIu64, all.start, all.end - 1);
        say_spans(&line, &import.survey, all);
    } else {
        say(&line, "task %" PRIu64, task->index);
    }
    qn_import_release(&import);
}
