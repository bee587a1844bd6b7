/* The report's sections of a map: see report.h. Pictures are drawn here, from spectra.parquet and,
 * for single sweeps, from the files of spectra, which are measured once more. */
#include "pipelines/lunar/report.h"

#include "base/fresh.h"
#include "base/sys.h"
#include "pipelines/lunar/job.h"
#include "pipelines/lunar/report_maps.h"
#include "pipelines/lunar/view.h"
#include "render/html.h"
#include "render/units.h"

#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reporting {
    const struct qn_job *job;
    struct qn_lunar_settings settings;
    struct qn_lunar_spectra spectra;
    struct qn_buf html;
};

/* ---- pictures ------------------------------------------------------------------------------- */

/* Writes the PNG as a file of the dataset and puts it into the report. Empties it. */
static enum qn_status keep(struct reporting *r, const char *name, struct qn_buf *png,
                           const char *alt, const char *caption, struct qn_error *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", r->job->directory, name);
    enum qn_status status = qn_fresh_put(path, png->data, png->len, err);
    if (!status)
        qn_html_image(&r->html, "image/png", png->data, png->len, alt, caption);
    qn_buf_clear(png);
    return status;
}

static enum qn_status add_pictures(struct reporting *r, struct qn_error *err)
{
    struct qn_buf png = {0};
    qn_html_heading(&r->html, 2, "Potential of the surface");
    enum qn_status status = qn_report_map(&r->spectra, QN_REPORT_DARK, &png, err);
    if (!status)
        status = keep(r, "map-dark.png", &png,
                      "Map of the potential where the foot of the field line is in the dark",
                      "map-dark.png: feet of field lines in the dark.", err);
    if (!status)
        status = qn_report_map(&r->spectra, QN_REPORT_SUNLIT, &png, err);
    if (!status)
        status = keep(r, "map-sunlit.png", &png,
                      "Map of the potential where the foot of the field line is in sunlight",
                      "map-sunlit.png: feet of field lines in sunlight. Its colours are those of "
                      "the other map.",
                      err);
    if (!status)
        status = qn_report_regions(&r->spectra, &png, err);
    if (!status)
        status =
            keep(r, "regions.png", &png, "Histograms of the surface potential by region of plasma",
                 "regions.png", err);
    if (!status)
        status = qn_report_track(&r->spectra, &png, err);
    if (!status)
        status = keep(r, "track.png", &png, "Where the spacecraft was, by day", "track.png", err);
    qn_buf_release(&png);
    return status;
}

/* ---- counts and reasons --------------------------------------------------------------------- */

static const struct {
    const char *fact; /* in the fact "reasons" */
    const char *title;
} tables[] = {
    {"spacecraft_potential", "Potentials of the spacecraft that are missing or bounded"},
    {"projected_potential", "Potentials of the surface that are missing or bounded"},
    {"sweeps", "Sweeps without a fit"},
    {"rows", "Rows without a part in fits"},
    {"remarks", "What is odd about sweeps"},
};

static const char *explain(const char *name)
{
    for (int i = 1; i < QN_FIT_REASONS; i++)
        if (!strcmp(name, qn_fit_reason_name((enum qn_fit_reason)i)))
            return qn_fit_reason_text((enum qn_fit_reason)i);
    return "";
}

/* What there is in all, before any picture. */
static void add_summary(struct reporting *r, const json_t *facts)
{
    static const struct {
        const char *name; /* in the fact "counts" */
        const char *title;
    } rows[] = {
        {"files", "Files of spectra"},
        {"sweeps", "Sweeps"},
        {"spacecraft_potentials", "Potentials of the spacecraft"},
        {"surface_potentials", "Potentials of the surface"},
        {"identifiable", "Told from any other, hence in the pictures"},
        {"faulty_rows", "Lines that cannot be used as they stand"},
        {"rejected_lines", "Lines that belong to no sweep"},
        {"other_sweeps", "Sweeps outside the period asked for"},
    };
    const json_t *counts = json_object_get(facts, "counts");
    qn_html_facts_begin(&r->html);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[QN_UNITS_TEXT];
        json_int_t n = json_integer_value(json_object_get(counts, rows[i].name));
        if (n > 0)
            qn_html_fact(&r->html, rows[i].title, "%s", qn_units_count((uint64_t)n, text));
    }
    qn_html_facts_end(&r->html);
}

static void add_table(struct reporting *r, const char *title, json_t *counts)
{
    static const struct qn_html_column columns[] = {
        {"Reason", QN_HTML_CODE}, {"Number", QN_HTML_RIGHT}, {"", QN_HTML_LEFT}};
    const char *name;
    json_t *value;
    json_int_t sum = 0;
    json_object_foreach(counts, name, value) sum += json_integer_value(value);
    if (sum == 0)
        return;
    qn_html_heading(&r->html, 3, title);
    qn_html_table_begin(&r->html, columns, 3);
    json_object_foreach(counts, name, value)
    {
        char text[QN_UNITS_TEXT];
        json_int_t n = json_integer_value(value);
        const char *cells[] = {name, qn_units_count((uint64_t)n, text), explain(name)};
        if (n > 0)
            qn_html_row(&r->html, columns, 3, cells);
    }
    qn_html_table_end(&r->html);
}

static void add_reasons(struct reporting *r, const json_t *facts)
{
    const json_t *reasons = json_object_get(facts, "reasons");
    qn_html_heading(&r->html, 2, "Reasons");
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        add_table(r, tables[i].title, json_object_get(reasons, tables[i].fact));
}

/* ---- some sweeps ---------------------------------------------------------------------------- */

enum { CHOICES = 4, LEAST_ROWS = 10 };
static const char *const choices[CHOICES] = {
    "The median of potentials in the dark", "The lowest potential in the dark",
    "The median of potentials in sunlight", "A sweep without a potential"};

struct entry {
    double value;
    size_t sweep;
};

static int by_value(const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return (x->sweep > y->sweep) - (x->sweep < y->sweep);
}

/* The sweep whose potential has a rank (0 to 1) among those of its part; `count` when there is
 * none. `entries` is scratch memory. */
static size_t ranked(const struct qn_lunar_spectra *s, enum qn_report_part part, double rank,
                     struct entry *entries)
{
    size_t n = 0;
    for (size_t i = 0; i < s->count; i++)
        if (qn_report_shows(s, i, part))
            entries[n++] = (struct entry){s->values[QN_SPECTRA_SURFACE_V][i], i};
    qsort(entries, n, sizeof *entries, by_value);
    return n > 0 ? entries[(size_t)(rank * (double)(n - 1))].sweep : s->count;
}

static size_t without_potential(const struct qn_lunar_spectra *s)
{
    size_t i = 0;
    while (i < s->count && (isfinite(s->values[QN_SPECTRA_SURFACE_V][i]) ||
                            !(s->values[QN_SPECTRA_USED_ROWS][i] >= LEAST_ROWS)))
        i++;
    return i;
}

static size_t choose(const struct qn_lunar_spectra *s, int choice, struct entry *entries)
{
    switch (choice) {
    case 0:
        return ranked(s, QN_REPORT_DARK, 0.5, entries);
    case 1:
        return ranked(s, QN_REPORT_DARK, 0, entries);
    case 2:
        return ranked(s, QN_REPORT_SUNLIT, 0.5, entries);
    default:
        return without_potential(s);
    }
}

static const char *file_of_day(const struct qn_lunar_inputs *inputs, int32_t day)
{
    const struct qn_lunar_day *days = qn_lunar_days(inputs);
    for (size_t i = 0; i < inputs->day_count; i++)
        if (days[i].day == day)
            return days[i].path;
    return NULL;
}

static enum qn_status draw_sweep(struct reporting *r, struct qn_lunar_lookup *lookup,
                                 struct qn_lunar_measure *measure, const char *path, size_t i,
                                 int choice, struct qn_error *err)
{
    struct qn_buf png = {0};
    struct qn_buf caption = {0};
    char name[64];
    int64_t number = (int64_t)r->spectra.values[QN_SPECTRA_FILE_SPEC_NO][i];
    enum qn_status status =
        qn_lunar_look_up(lookup, measure, r->settings.fit.sense, path, number, err);
    if (!status)
        status = qn_lunar_view_png(&lookup->view, &png, err);
    snprintf(name, sizeof name, "sweep-%d.png", choice + 1);
    qn_buf_printf(&caption, "%s: %s. quern lunar sweep ", name, choices[choice]);
    qn_buf_shell_word(&caption, path);
    qn_buf_printf(&caption, " %lld", (long long)number);
    qn_buf_u8(&caption, '\0');
    if (!status && caption.failed)
        status = qn_fail_memory(err, "a caption", caption.len);
    if (!status)
        status = keep(r, name, &png, choices[choice], (const char *)caption.data, err);
    qn_buf_release(&caption);
    qn_buf_release(&png);
    return status;
}

static enum qn_status draw_sweeps(struct reporting *r, const struct qn_lunar_inputs *inputs,
                                  struct qn_lunar_measure *measure, struct qn_error *err)
{
    struct qn_lunar_lookup *lookup = qn_sys.malloc(sizeof *lookup);
    struct entry *entries = qn_sys.malloc((r->spectra.count + 1) * sizeof *entries);
    enum qn_status status = QN_OK;
    if (!lookup || !entries) {
        free(lookup);
        free(entries);
        return qn_fail_memory(err, "some sweeps", sizeof *lookup);
    }
    for (int choice = 0; choice < CHOICES && !status; choice++) {
        size_t i = choose(&r->spectra, choice, entries);
        const char *path = i < r->spectra.count
                               ? file_of_day(inputs, (int32_t)r->spectra.values[QN_SPECTRA_DAY][i])
                               : NULL;
        if (path)
            status = draw_sweep(r, lookup, measure, path, i, choice, err);
    }
    free(lookup);
    free(entries);
    return status;
}

/* Files of spectra that are no longer there leave out the pictures, not the report. */
static enum qn_status add_sweeps(struct reporting *r, struct qn_error *err)
{
    struct qn_error gone = {.offset = -1};
    struct qn_lunar_inputs inputs = {0};
    struct qn_lunar_shared shared;
    struct qn_lunar_measure *measure = NULL;
    enum qn_status status =
        qn_lunar_shared_decode(&shared, r->job->shared, r->job->shared_len, err);
    if (status)
        return status;
    qn_html_heading(&r->html, 2, "Some sweeps");
    for (size_t i = 0; i < qn_option_inputs(r->job->options) && !status; i++)
        status =
            qn_lunar_inputs_add(&inputs, qn_option_input(r->job->options, i), NULL, NULL, &gone);
    qn_lunar_inputs_sort(&inputs);
    if (!status)
        status = qn_lunar_measure_new(&measure, &r->settings, shared.theta, shared.attitude,
                                      shared.kernels, shared.kernel_count, &gone);
    if (!status)
        status = draw_sweeps(r, &inputs, measure, &gone);
    if (status)
        qn_html_paragraph(&r->html, "They cannot be drawn: %s", gone.message);
    qn_lunar_measure_free(measure);
    qn_lunar_inputs_release(&inputs);
    qn_lunar_shared_release(&shared);
    return QN_OK;
}

/* ---- the whole ------------------------------------------------------------------------------ */

enum qn_status qn_lunar_report(const struct qn_job *job, const char *manifest, char **html,
                               struct qn_error *err)
{
    struct reporting r = {.job = job};
    json_t *document = json_loads(manifest, 0, NULL);
    *html = NULL;
    enum qn_status status = qn_lunar_settings_parse(&r.settings, job->options, err);
    if (!status && !document)
        status = qn_fail(err, QN_ERR_CORRUPT, "manifest.json is no JSON.");
    if (!status)
        status = qn_lunar_spectra_read(&r.spectra, job->directory, err);
    const json_t *facts = json_object_get(document, "facts");
    if (!status) {
        add_summary(&r, facts);
        status = add_pictures(&r, err);
    }
    if (!status) {
        add_reasons(&r, facts);
        status = add_sweeps(&r, err);
    }
    if (!status && !(*html = qn_html_take(&r.html)))
        status = qn_fail_memory(err, "the report", 1);
    json_decref(document);
    qn_lunar_spectra_release(&r.spectra);
    qn_buf_release(&r.html);
    return status;
}
