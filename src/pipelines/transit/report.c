/* The report's sections: what became of the candidates, distributions, vetting sheets. Sheets are
 * drawn here, as the stars to draw are known only when all are measured. */
#include "base/fresh.h"
#include "base/io.h"
#include "base/sys.h"
#include "pipelines/transit/distribution.h"
#include "pipelines/transit/job.h"
#include "pipelines/transit/measure.h"
#include "pipelines/transit/sheet.h"
#include "render/html.h"
#include "render/plot.h"
#include "render/units.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EMBEDDED = 12 /* sheets inside report.html */ };

#define ALIASES_DOWN 0.3 /* parts of the period that the sheet's periodogram shows */
#define ALIASES_UP   3.3

#define MOST_SHEET_BYTES ((uint64_t)1 << 30)

struct reporting {
    const struct qn_job *job;
    struct qn_settings settings;
    struct qn_buf html;
};

/* ---- what became of them -------------------------------------------------------------------- */

static void add_counts(struct reporting *r, const json_t *facts)
{
    static const struct qn_html_column columns[] = {{"Status", QN_HTML_LEFT},
                                                    {"Rows", QN_HTML_RIGHT}};
    const json_t *counts = json_object_get(facts, "candidates");
    qn_html_heading(&r->html, 2, r->settings.blind ? "Stars and signals" : "Candidates");
    qn_html_table_begin(&r->html, columns, 2);
    for (int i = 0; i < QN_ROW_STATUSES; i++) {
        const char *name = qn_row_status_name((enum qn_row_status)i);
        char text[QN_UNITS_TEXT];
        json_int_t n = json_integer_value(json_object_get(counts, name));
        const char *cells[] = {name, qn_units_count((uint64_t)n, text)};
        if (n > 0)
            qn_html_row(&r->html, columns, 2, cells);
    }
    qn_html_table_end(&r->html);
}

/* Rows that are not ok, with their reasons. */
static void add_not_ok(struct reporting *r, const json_t *facts)
{
    static const struct qn_html_column columns[] = {{"Row", QN_HTML_RIGHT},
                                                    {"Star", QN_HTML_LEFT},
                                                    {"Status", QN_HTML_LEFT},
                                                    {"Reason", QN_HTML_LEFT}};
    const json_t *rows = json_object_get(facts, "not_ok");
    size_t i;
    json_t *row;
    if (json_array_size(rows) == 0)
        return;
    qn_html_heading(&r->html, 2, "Rows without result");
    qn_html_paragraph(&r->html, "The first %zu, in the table's order; features.csv has all.",
                      json_array_size(rows));
    qn_html_table_begin(&r->html, columns, 4);
    json_array_foreach(rows, i, row)
    {
        char number[24];
        snprintf(number, sizeof number, "%lld",
                 (long long)json_integer_value(json_object_get(row, "row")));
        const char *cells[] = {number, json_string_value(json_object_get(row, "target")),
                               json_string_value(json_object_get(row, "status")),
                               json_string_value(json_object_get(row, "reason"))};
        qn_html_row(&r->html, columns, 4, cells);
    }
    qn_html_table_end(&r->html);
}

/* ---- distributions -------------------------------------------------------------------------- */

struct histogram {
    double left[QN_HISTOGRAM_BINS];
    double count[QN_HISTOGRAM_BINS];
    struct qn_series series;
};

static void read_histogram(const json_t *all, int k, struct histogram *h, struct qn_panel *panel)
{
    const struct qn_histogram_kind *kind = &qn_histogram_kinds[k];
    const json_t *bins = json_object_get(json_object_get(all, kind->name), "bins");
    double ratio = pow(kind->high / kind->low, 1.0 / QN_HISTOGRAM_BINS);
    double most = 1;
    for (int i = 0; i < QN_HISTOGRAM_BINS; i++) {
        h->left[i] = kind->low * pow(ratio, i);
        h->count[i] = (double)json_integer_value(json_array_get(bins, (size_t)i));
        most = fmax(most, h->count[i]);
    }
    h->series =
        (struct qn_series){QN_SERIES_BARS, h->left, h->count, QN_HISTOGRAM_BINS, 0x2f6db5, ratio};
    int row = k / 2;
    int column = k % 2;
    *panel = (struct qn_panel){.left = 80 + 590 * column,
                               .top = 40 + 260 * row,
                               .width = 490,
                               .height = 180,
                               .x_label = kind->label,
                               .y_label = "Number",
                               .x_low = kind->low,
                               .x_high = kind->high,
                               .y_low = 0,
                               .y_high = 1.1 * most,
                               .log_x = true,
                               .series = &h->series,
                               .series_count = 1};
}

static enum qn_status add_distributions(struct reporting *r, const json_t *facts,
                                        struct qn_error *err)
{
    struct histogram histograms[QN_HISTOGRAMS];
    struct qn_panel panels[QN_HISTOGRAMS];
    struct qn_buf png = {0};
    const json_t *all = json_object_get(facts, "distributions");
    for (int k = 0; k < QN_HISTOGRAMS; k++)
        read_histogram(all, k, &histograms[k], &panels[k]);
    struct qn_page page = {
        .width = 1200, .height = 560, .panels = panels, .panel_count = QN_HISTOGRAMS};
    enum qn_status status = qn_page_png(&page, &png, err);
    if (!status) {
        qn_html_heading(&r->html, 2, "Distributions");
        qn_html_image(&r->html, "image/png", png.data, png.len,
                      "Histograms of period, depth, duration and signal-to-noise ratio",
                      "Of all rows that are ok.");
    }
    qn_buf_release(&png);
    return status;
}

/* ---- sheets --------------------------------------------------------------------------------- */

/* A line that leads to the file of the sheet. */
static void link_sheet(struct reporting *r, const struct qn_work *work, const struct qn_row *row,
                       const char *name)
{
    const struct qn_features *f = &row->features;
    char star[QN_TARGET_NAME];
    char numbers[160];
    qn_target_text(&work->candidate.target, star);
    snprintf(numbers, sizeof numbers, ": row %llu, %.6g d, %.0f ppm, signal-to-noise ratio %.1f",
             (unsigned long long)work->candidate.row, f->bls_period, f->bls_depth * 1e6,
             f->bls_snr);
    qn_html_raw(&r->html, "<p><a href=\"");
    qn_html_text(&r->html, name);
    qn_html_raw(&r->html, "\">");
    qn_html_text(&r->html, star);
    qn_html_raw(&r->html, "</a>");
    qn_html_text(&r->html, numbers);
    qn_html_raw(&r->html, "</p>\n");
}

static enum qn_status draw_sheet(struct reporting *r, struct qn_measure *measure,
                                 const struct qn_work *work, size_t number, struct qn_row *rows,
                                 struct qn_error *err)
{
    struct qn_measure_input input = {
        .candidate = &work->candidate, .files = work->files, .file_count = work->file_count};
    struct qn_measured measured;
    struct qn_buf png = {0};
    char path[PATH_MAX];
    char name[64];
    size_t count;
    enum qn_status status = qn_measure_run(measure, &input, rows, &count, err);
    if (status == QN_ERR_CHANGED && err) {
        qn_html_paragraph(&r->html, "There is no sheet of row %llu: %s",
                          (unsigned long long)work->candidate.row, err->message);
        return QN_OK;
    }
    if (status || rows[0].status != QN_ROW_OK || !isfinite(rows[0].features.bls_period))
        return status;
    double period = rows[0].features.bls_period;
    if (!r->settings.blind)
        status = qn_measure_around(measure, ALIASES_DOWN * period, ALIASES_UP * period, err);
    if (status)
        return status;
    qn_measure_last(measure, &measured);
    status = qn_sheet_png(&work->candidate, &rows[0], &measured, &png, err);
    snprintf(name, sizeof name, "sheet-%08llu.png", (unsigned long long)work->candidate.row);
    snprintf(path, sizeof path, "%s/%s", r->job->directory, name);
    if (!status)
        status = qn_fresh_put(path, png.data, png.len, err);
    if (!status)
        link_sheet(r, work, &rows[0], name);
    if (!status && number < EMBEDDED)
        qn_html_image(&r->html, "image/png", png.data, png.len,
                      "Vetting sheet: light curve, periodogram, folded transits", NULL);
    qn_buf_release(&png);
    return status;
}

static enum qn_status draw_all(struct reporting *r, const struct qn_buf *frames,
                               struct qn_measure *measure, struct qn_row *rows,
                               struct qn_error *err)
{
    struct qn_cursor cursor = {.data = frames->data, .len = frames->len};
    enum qn_status status = QN_OK;
    for (size_t number = 0; cursor.at < cursor.len && !status; number++) {
        struct qn_work work;
        uint64_t len = qn_cursor_u64(&cursor);
        const uint8_t *payload = len <= cursor.len ? qn_cursor_bytes(&cursor, (size_t)len) : NULL;
        if (!payload)
            return qn_fail(err, QN_ERR_CORRUPT, "the list of sheets is damaged.");
        /* Payloads are decoded where they are aligned. */
        struct qn_buf aligned = {0};
        qn_buf_append(&aligned, payload, (size_t)len);
        status = aligned.failed ? qn_fail_memory(err, "a sheet", (uint64_t)len)
                                : qn_work_decode(aligned.data, aligned.len, &work, err);
        if (!status) {
            status = draw_sheet(r, measure, &work, number, rows, err);
            qn_work_release(&work);
        }
        qn_buf_release(&aligned);
    }
    return status;
}

static enum qn_status add_sheets(struct reporting *r, struct qn_error *err)
{
    char path[PATH_MAX];
    struct stat st;
    struct qn_buf frames = {0};
    struct qn_measure *measure = NULL;
    struct qn_settings settings = r->settings;
    snprintf(path, sizeof path, "%s/" QN_SHEETS_FILE, r->job->directory);
    if (qn_sys.stat(path, &st) < 0)
        return QN_OK;
    settings.tls = QN_TLS_OFF; /* the sheet shows the box */
    settings.planets = 1;
    enum qn_status status = qn_read_file(path, &frames, MOST_SHEET_BYTES, err);
    if (!status)
        status = qn_measure_new(&measure, &settings, err);
    struct qn_row *rows = qn_sys.calloc(2, sizeof *rows);
    if (!rows) {
        status = status ? status : qn_fail_memory(err, "a sheet", sizeof *rows);
    } else if (!status) {
        qn_html_heading(&r->html, 2, "Vetting sheets");
        status = draw_all(r, &frames, measure, rows, err);
    }
    qn_measure_free(measure);
    free(rows);
    qn_buf_release(&frames);
    return status;
}

enum qn_status qn_transit_report(const struct qn_job *job, const char *manifest, char **html,
                                 struct qn_error *err)
{
    struct reporting r = {.job = job};
    json_t *document = json_loads(manifest, 0, NULL);
    const json_t *facts = json_object_get(document, "facts");
    *html = NULL;
    enum qn_status status = qn_settings_parse(&r.settings, job->options, err);
    if (!status && !document)
        status = qn_fail(err, QN_ERR_CORRUPT, "manifest.json is no JSON.");
    if (!status) {
        add_counts(&r, facts ? facts : document);
        add_not_ok(&r, facts ? facts : document);
        status = add_distributions(&r, facts ? facts : document, err);
    }
    if (!status)
        status = add_sheets(&r, err);
    if (!status && !(*html = qn_html_take(&r.html)))
        status = qn_fail_memory(err, "the report", 1);
    json_decref(document);
    qn_buf_release(&r.html);
    return status;
}
