/* The verb `info`: a SEG-Y file or a dataset in a few lines. See scan.h. */
#include "pipelines/segy/scan/scan.h"

#include "base/io.h"
#include "base/sys.h"
#include "engine/manifest.h"
#include "pipelines/segy/dataset/facts.h"
#include "pipelines/segy/scan/fields.h"
#include "render/units.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct telling {
    struct qn_terminal terminal;
    struct qn_buf out;
};

static void tell(struct telling *t, const char *what, const char *value, const char *more)
{
    qn_terminal_tell(&t->terminal, &t->out, what, value, more);
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void tell_range(struct telling *t, const char *what, double min, double max,
                       const char *unit, const char *more)
{
    char text[96], low[QN_SCAN_VALUE], high[QN_SCAN_VALUE];
    snprintf(text, sizeof text, "%s to %s%s", qn_scan_value(min, low), qn_scan_value(max, high),
             unit);
    tell(t, what, text, more);
}

/* ---- a file --------------------------------------------------------------------------------- */

static void tell_place(struct telling *t, const char *what, const struct qn_scan_field *field)
{
    char at[48];
    snprintf(at, sizeof at, "byte %u, %s", field->byte, qn_position_type_name(field->type));
    if (field->found)
        tell_range(t, what, field->min, field->max, "", at);
}

static double delay_ms(const struct qn_scan *scan)
{
    double delay = 0;
    qn_segy_scale(qn_segy_find_field(qn_segy_trace_fields, "delay_recording_time"),
                  qn_scan_layout(scan)->order, qn_scan_header(&scan->sample, 0), scan->sample.reach,
                  1, &delay);
    return delay;
}

static void tell_time(struct telling *t, double first, double interval, double samples)
{
    if (interval > 0 && samples > 0)
        tell_range(t, "time", first, first + (samples - 1) * interval / 1000, " ms", NULL);
}

static void tell_file(struct telling *t, const struct qn_scan *scan)
{
    const struct qn_segy_layout *layout = qn_scan_layout(scan);
    const struct qn_scan_guesses *g = &scan->guesses;
    const struct qn_stats *stats = &scan->sample.amplitudes;
    char text[96];
    uint32_t longest = layout->variable ? scan->sample.longest : layout->samples;
    qn_scan_headline(scan, &t->terminal, &t->out);
    tell(t, "survey", qn_survey_kind_name(g->kind), g->kind_why);
    tell_time(t, delay_ms(scan), layout->interval_us, longest);
    tell_place(t, "inline", &g->inline_);
    tell_place(t, "crossline", &g->crossline);
    tell_place(t, "CDP", &g->cdp);
    tell_place(t, "offset", &g->offset);
    if (stats->min <= stats->max) {
        snprintf(text, sizeof text, "in %llu traces looked at",
                 (unsigned long long)scan->sample.amplitude_traces);
        tell_range(t, "amplitudes", stats->min, stats->max, "", text);
    }
    snprintf(text, sizeof text, "%d of 100 points", scan->decision.chosen.score);
    tell(t, "evidence", text, NULL);
    if (scan->decision.contradiction_count) {
        snprintf(text, sizeof text, "%zu", scan->decision.contradiction_count);
        tell(t, "contradictions", text, "'quern segy scan' tells them");
    }
}

static enum qn_status inform_of_file(struct telling *t, const struct qn_overrides *overrides,
                                     const char *path, struct qn_error *err)
{
    struct qn_scan scan;
    enum qn_status status = qn_scan_file(path, overrides, 1, false, &scan, err);
    if (!status)
        tell_file(t, &scan);
    if (!status && scan.refusal) {
        status = scan.refusal;
        if (err)
            *err = scan.why;
    }
    qn_scan_release(&scan);
    return status;
}

/* ---- a dataset ------------------------------------------------------------------------------ */

static const json_t *fact(const json_t *manifest, const char *group, const char *name)
{
    return json_object_get(json_object_get(json_object_get(manifest, "facts"), group), name);
}

static double number(const json_t *manifest, const char *group, const char *name)
{
    return json_number_value(fact(manifest, group, name));
}

static const char *string(const json_t *manifest, const char *group, const char *name)
{
    const char *text = json_string_value(fact(manifest, group, name));
    return text ? text : "?";
}

static uint64_t stored_bytes(const json_t *manifest)
{
    const json_t *files = json_object_get(manifest, "files");
    uint64_t bytes = 0;
    for (size_t i = 0; i < json_array_size(files); i++)
        bytes += (uint64_t)json_integer_value(json_object_get(json_array_get(files, i), "bytes"));
    return bytes;
}

static void tell_key(struct telling *t, const json_t *manifest)
{
    const json_t *key = fact(manifest, "survey", "ensemble_key");
    struct qn_buf names = {0};
    char ensembles[QN_UNITS_TEXT], more[64];
    for (size_t i = 0; i < json_array_size(key); i++)
        qn_buf_printf(&names, "%s%s", i ? ", " : "", json_string_value(json_array_get(key, i)));
    qn_buf_u8(&names, '\0');
    snprintf(more, sizeof more, "%s gathers",
             qn_units_count((uint64_t)number(manifest, "survey", "ensembles"), ensembles));
    if (json_array_size(key) && !names.failed)
        tell(t, "ensemble key", (const char *)names.data, more);
    qn_buf_release(&names);
}

/* "inline 23 x crossline 18" */
static void tell_grid(struct telling *t, const json_t *manifest)
{
    const json_t *dimensions =
        json_object_get(json_object_get(manifest, "facts"), "grid_dimensions");
    double missing = number(manifest, "grid", "cells_without_a_trace");
    struct qn_buf shape = {0};
    char more[64];
    size_t i;
    const json_t *row;
    json_array_foreach(dimensions, i, row)
    {
        qn_buf_printf(&shape, "%s%s %lld", i ? " x " : "",
                      json_string_value(json_object_get(row, "dimension")),
                      (long long)json_integer_value(json_object_get(row, "values")));
    }
    qn_buf_u8(&shape, '\0');
    snprintf(more, sizeof more, "%.0f cells without a trace", missing);
    if (dimensions && !shape.failed)
        tell(t, "grid", (const char *)shape.data, missing > 0 ? more : NULL);
    qn_buf_release(&shape);
}

/* Whether an export gives back the source, and if not why: the first reason. */
static void tell_export(struct telling *t, const json_t *manifest)
{
    const json_t *reasons = fact(manifest, QN_FACT_LOSSLESS, "reasons");
    if (json_is_true(fact(manifest, QN_FACT_LOSSLESS, "lossless")))
        tell(t, "export", "lossless", "gives back the source to the byte");
    else if (json_array_size(reasons))
        tell(t, "export", "not lossless", json_string_value(json_array_get(reasons, 0)));
}

static void tell_dataset(struct telling *t, const char *path, const json_t *manifest)
{
    char traces[QN_UNITS_TEXT], before[QN_UNITS_TEXT], after[QN_UNITS_TEXT], text[160];
    double interval = number(manifest, "survey", "sample_interval_us");
    double samples = number(manifest, "survey", "samples_per_trace");
    size_t notes = json_array_size(json_object_get(manifest, "notes"));
    size_t failed = json_array_size(json_object_get(manifest, "failed"));
    qn_terminal_put(&t->terminal, &t->out, QN_STYLE_BOLD, "%s\n", name_of(path));
    snprintf(text, sizeof text, "%s traces of %.0f samples every %.6g ms, %s",
             qn_units_count((uint64_t)number(manifest, "survey", "traces"), traces), samples,
             interval / 1000, string(manifest, "survey", "stored_as"));
    qn_buf_append(&t->out, "  ", 2);
    qn_terminal_wrap(&t->terminal, &t->out, QN_STYLE_PLAIN, 2, 2, text);
    uint64_t source = (uint64_t)number(manifest, "survey", "source_bytes");
    snprintf(text, sizeof text, "%s, %s", qn_units_bytes(source, before),
             string(manifest, "survey", "sample_format"));
    tell(t, "made of", string(manifest, "survey", "source"), text);
    snprintf(text, sizeof text, "%.2f times the source",
             source ? (double)stored_bytes(manifest) / (double)source : 0);
    tell(t, "on disk", qn_units_bytes(stored_bytes(manifest), after), text);
    tell_export(t, manifest);
    tell_time(t, number(manifest, "survey", "first_sample_ms"), interval, samples);
    snprintf(text, sizeof text, "RMS %.4g", number(manifest, "statistics", "rms"));
    tell_range(t, "amplitudes", number(manifest, "statistics", "min"),
               number(manifest, "statistics", "max"), "", text);
    tell_key(t, manifest);
    tell_grid(t, manifest);
    if (number(manifest, "statistics", "dead_traces") > 0) {
        snprintf(text, sizeof text, "%.0f", number(manifest, "statistics", "dead_traces"));
        tell(t, "dead traces", text, NULL);
    }
    if (failed) {
        snprintf(text, sizeof text, "%zu", failed);
        tell(t, "failed tasks", text, "'quern failures' lists them");
    }
    snprintf(text, sizeof text, "%zu", notes);
    tell(t, "notes", text, "in report.html and manifest.json");
}

static enum qn_status inform_of_dataset(struct telling *t, const char *path, struct qn_error *err)
{
    json_t *manifest = NULL;
    char inside[PATH_MAX];
    struct stat st;
    if (snprintf(inside, sizeof inside, "%s/manifest.json", path) >= (int)sizeof inside ||
        qn_sys.stat(inside, &st) < 0)
        return qn_fail_at(err, QN_ERR_INPUT, path, -1,
                          "'%s' is a folder without manifest.json, so no dataset. Name a dataset "
                          "or a SEG-Y file.",
                          path);
    enum qn_status status = qn_manifest_read(path, &manifest, err);
    const char *pipeline = json_string_value(json_object_get(manifest, "pipeline"));
    if (!status && (!pipeline || strcmp(pipeline, "segy") != 0))
        status = qn_fail_at(err, QN_ERR_INPUT, path, -1,
                            "'%s' is a dataset of pipeline '%s', not of segy.", path,
                            pipeline ? pipeline : "?");
    if (!status)
        tell_dataset(t, path, manifest);
    json_decref(manifest);
    return status;
}

static bool is_folder(const char *path)
{
    struct stat st;
    return qn_sys.stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

enum qn_status qn_info_run(const struct qn_options *options, struct qn_error *err)
{
    struct telling t = {.terminal = qn_terminal_of(STDOUT_FILENO)};
    struct qn_overrides overrides;
    enum qn_status status = qn_overrides_read(options, &overrides, err);
    if (!status && qn_option_inputs(options) == 0)
        status = qn_fail(err, QN_ERR_USAGE, "of what? Name a SEG-Y file or a dataset.");
    for (size_t i = 0; i < qn_option_inputs(options) && !status; i++) {
        const char *path = qn_option_input(options, i);
        if (i > 0)
            qn_buf_u8(&t.out, '\n');
        status = is_folder(path) ? inform_of_dataset(&t, path, err)
                                 : inform_of_file(&t, &overrides, path, err);
    }
    enum qn_status printed = t.out.failed
                                 ? qn_fail_memory(err, "the facts", t.out.len)
                                 : qn_write_all(STDOUT_FILENO, "standard output", t.out.data,
                                                t.out.len, status ? NULL : err);
    qn_overrides_release(&overrides);
    qn_buf_release(&t.out);
    return status ? status : printed;
}
