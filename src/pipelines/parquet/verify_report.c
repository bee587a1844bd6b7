/* What a verification adds to report.html: the findings, and a picture of the coverage. */
#include "base/io.h"
#include "base/sys.h"
#include "format/parquet/record.h"
#include "pipelines/parquet/merge_keys.h"
#include "pipelines/parquet/verify.h"
#include "render/coverage.h"
#include "render/html.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ROWS  500        /* findings in the report */
#define MAX_CELLS (4u << 20) /* of the picture */
#define MAX_JSON  (1u << 30)

/* ---- findings ------------------------------------------------------------------------------- */

static const struct qn_html_column columns[] = {{"Severity", QN_HTML_LEFT},
                                                {"Kind", QN_HTML_LEFT},
                                                {"File", QN_HTML_LEFT},
                                                {"Where", QN_HTML_LEFT},
                                                {"What", QN_HTML_LEFT}};

static const char *text_of(const json_t *finding, const char *name)
{
    const char *text = json_string_value(json_object_get(finding, name));
    return text ? text : "";
}

static void add_place(char *text, size_t size, const json_t *finding, const char *name,
                      const char *what)
{
    const json_t *value = json_object_get(finding, name);
    size_t len = strlen(text);
    if (json_is_integer(value))
        snprintf(text + len, size - len, "%s%s %" JSON_INTEGER_FORMAT, len ? ", " : "", what,
                 json_integer_value(value));
}

static void put_finding(struct qn_buf *html, const json_t *finding)
{
    char where[256];
    snprintf(where, sizeof where, "%.120s", text_of(finding, "column"));
    add_place(where, sizeof where, finding, "row_group", "row group");
    add_place(where, sizeof where, finding, "page", "page");
    add_place(where, sizeof where, finding, "offset", "byte");
    add_place(where, sizeof where, finding, "row", "row");
    const char *cells[] = {text_of(finding, "severity"), text_of(finding, "code"),
                           qn_base_name(text_of(finding, "file")), where,
                           text_of(finding, "message")};
    qn_html_row(html, columns, sizeof columns / sizeof *columns, cells);
}

static void put_findings(struct qn_buf *html, const json_t *findings)
{
    const json_t *finding;
    size_t i, shown = 0, count = json_array_size(findings);
    qn_html_heading(html, 2, "Findings");
    if (count == 0) {
        qn_html_paragraph(html, "Nothing was found.");
        return;
    }
    qn_html_table_begin(html, columns, sizeof columns / sizeof *columns);
    for (int severity = QN_FOUND_ERROR; severity >= QN_FOUND_NOTE; severity--) {
        json_array_foreach(findings, i, finding)
        {
            if (!strcmp(text_of(finding, "severity"),
                        qn_severity_name((enum qn_severity)severity)) &&
                shown++ < MAX_ROWS)
                put_finding(html, finding);
        }
    }
    qn_html_table_end(html);
    if (count > MAX_ROWS)
        qn_html_paragraph(html, "%zu of %zu findings are shown; findings.parquet has all of them.",
                          (size_t)MAX_ROWS, count);
}

static enum qn_status report_findings(const struct qn_job *job, struct qn_buf *html,
                                      struct qn_error *err)
{
    struct qn_buf bytes = {0};
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/findings.json", job->directory);
    enum qn_status status = qn_read_file(path, &bytes, MAX_JSON, err);
    if (!status) {
        json_t *root = json_loadb((const char *)bytes.data, bytes.len, 0, NULL);
        put_findings(html, json_object_get(root, "findings"));
        json_decref(root);
    }
    qn_buf_release(&bytes);
    return status;
}

/* ---- coverage ------------------------------------------------------------------------------- */

struct cell {    /* a row of the completeness sheet */
    size_t name; /* in `texts` */
    int32_t period;
    float part;
};

struct picture {
    struct qn_buf cells, texts;
    size_t count;
    struct qn_buf names, periods; /* distinct: const char *, int32_t */
    size_t name_count, period_count;
    struct qn_buf dates, date_texts, parts;
};

static enum qn_status read_cell(struct picture *picture, struct qn_parquet_records *records,
                                struct qn_error *err)
{
    struct cell cell = {.name = picture->texts.len};
    int64_t numbers[4] = {0};
    for (size_t c = 0; c < 4; c++) {
        const uint8_t *bytes;
        size_t len;
        enum qn_status status = qn_parquet_records_value(records, c, &bytes, &len, err);
        if (status)
            return status;
        if (c == QN_COMPLETENESS_SERIES) {
            qn_buf_append(&picture->texts, bytes, len);
            qn_buf_u8(&picture->texts, 0);
        } else if (bytes && len <= sizeof *numbers) {
            memcpy(&numbers[c], bytes, len);
        }
    }
    memcpy(&cell.period, &numbers[QN_COMPLETENESS_PERIOD], sizeof cell.period);
    cell.part =
        (float)((double)numbers[QN_COMPLETENESS_HAVE] / (double)numbers[QN_COMPLETENESS_EXPECTED]);
    qn_buf_append(&picture->cells, &cell, sizeof cell);
    picture->count++;
    return QN_OK;
}

static enum qn_status read_cells(struct picture *picture, struct qn_opened *opened,
                                 struct qn_error *err)
{
    static const uint32_t wanted[] = {1, 2, 3, 4};
    enum qn_status status = QN_OK;
    for (size_t g = 0; g < qn_parquet_groups(opened->file) && !status; g++) {
        struct qn_parquet_records *records;
        status = qn_parquet_records_open(&records, opened->file, g, wanted, 4, err);
        for (uint64_t i = 0; i < qn_parquet_group_rows(opened->file, g) && !status; i++) {
            if (picture->count < MAX_CELLS)
                status = read_cell(picture, records, err);
        }
        qn_parquet_records_close(records);
    }
    return status;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_number(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Sorts and keeps one of each; returns how many. */
static size_t unique(struct qn_buf *list, size_t size, int (*compare)(const void *, const void *))
{
    size_t count = list->len / size, kept = 0;
    if (count > 0)
        qsort(list->data, count, size, compare);
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && !compare(list->data + (kept - 1) * size, list->data + i * size))
            continue;
        memmove(list->data + kept++ * size, list->data + i * size, size);
    }
    return kept;
}

static void find_axes(struct picture *picture)
{
    const struct cell *cells = (const struct cell *)(const void *)picture->cells.data;
    for (size_t i = 0; i < picture->count; i++) {
        const char *name = (const char *)picture->texts.data + cells[i].name;
        bool same = i > 0 && !strcmp(name, (const char *)picture->texts.data + cells[i - 1].name);
        if (!same)
            qn_buf_append(&picture->names, &name, sizeof name);
        qn_buf_append(&picture->periods, &cells[i].period, sizeof cells[i].period);
    }
    picture->name_count = unique(&picture->names, sizeof(const char *), by_text);
    picture->period_count = unique(&picture->periods, sizeof(int32_t), by_number);
}

static bool fill_parts(struct picture *picture)
{
    const struct cell *cells = (const struct cell *)(const void *)picture->cells.data;
    size_t total = picture->name_count * picture->period_count;
    float *parts = (float *)(void *)qn_buf_reserve(&picture->parts, total * sizeof *parts + 1);
    for (size_t i = 0; parts && i < total; i++)
        parts[i] = NAN;
    for (size_t i = 0; parts && i < picture->count; i++) {
        const char *name = (const char *)picture->texts.data + cells[i].name;
        const char **row =
            bsearch(&name, picture->names.data, picture->name_count, sizeof name, by_text);
        const int32_t *column = bsearch(&cells[i].period, picture->periods.data,
                                        picture->period_count, sizeof *column, by_number);
        size_t y = (size_t)(row - (const char **)(void *)picture->names.data);
        size_t x = (size_t)(column - (const int32_t *)(const void *)picture->periods.data);
        parts[y * picture->period_count + x] = cells[i].part;
    }
    /* "2024-03-10" of each period; pointers once all texts are there */
    const int32_t *periods = (const int32_t *)(const void *)picture->periods.data;
    for (size_t i = 0; i < picture->period_count; i++) {
        char text[40];
        qn_parquet_instant_text(periods[i] * INT64_C(86400000000), false, text);
        qn_buf_append(&picture->date_texts, text, 10);
        qn_buf_u8(&picture->date_texts, 0);
    }
    for (size_t i = 0; i < picture->period_count && !picture->date_texts.failed; i++) {
        const char *date = (const char *)picture->date_texts.data + 11 * i;
        qn_buf_append(&picture->dates, &date, sizeof date);
    }
    return parts && !picture->dates.failed && !picture->date_texts.failed;
}

static enum qn_status draw(struct picture *picture, struct qn_buf *html, struct qn_error *err)
{
    struct qn_buf png = {0};
    if (picture->name_count * picture->period_count > MAX_CELLS) {
        qn_html_paragraph(html, "There are too many series and periods to draw; "
                                "completeness.parquet has them all.");
        return QN_OK;
    }
    if (!fill_parts(picture))
        return qn_fail_memory(err, "the picture", picture->parts.len);
    struct qn_coverage coverage = {.series = picture->name_count,
                                   .periods = picture->period_count,
                                   .parts = (const float *)(const void *)picture->parts.data,
                                   .names = (const char *const *)(const void *)picture->names.data,
                                   .dates = (const char *const *)(const void *)picture->dates.data,
                                   .title = "Times that are there, of those expected"};
    enum qn_status status = qn_coverage_png(&coverage, &png, err);
    if (!status)
        qn_html_image(html, "image/png", png.data, png.len,
                      "coverage: a row per series, a column per period",
                      "A row per series, a column per period; each from the first to the last time "
                      "of its series.");
    qn_buf_release(&png);
    return status;
}

static enum qn_status report_coverage(const struct qn_job *job, struct qn_buf *html,
                                      struct qn_error *err)
{
    struct qn_opened *opened = qn_sys.calloc(1, sizeof *opened);
    struct picture picture = {.count = 0};
    char path[PATH_MAX];
    struct stat st;
    snprintf(path, sizeof path, "%s/" QN_COMPLETENESS_SHEET, job->directory);
    if (!opened || qn_sys.stat(path, &st) != 0) {
        free(opened);
        return QN_OK; /* no grid was asked for */
    }
    enum qn_status status = qn_opened_open(opened, path, QN_PARQUET_STRICT, err);
    if (!status)
        status = read_cells(&picture, opened, err);
    if (!status && picture.count > 0) {
        find_axes(&picture);
        qn_html_heading(html, 2, "Coverage");
        status = draw(&picture, html, err);
    }
    struct qn_buf *buffers[] = {&picture.cells,   &picture.texts, &picture.names,
                                &picture.periods, &picture.dates, &picture.date_texts,
                                &picture.parts};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        qn_buf_release(buffers[i]);
    qn_opened_close(opened);
    free(opened);
    return status;
}

enum qn_status qn_verify_report(const struct qn_job *job, const char *manifest, char **html,
                                struct qn_error *err)
{
    struct qn_buf out = {0};
    (void)manifest; /* its facts are in the report already */
    enum qn_status status = report_coverage(job, &out, err);
    if (!status)
        status = report_findings(job, &out, err);
    if (!status) {
        *html = qn_html_take(&out);
        status = *html ? QN_OK : qn_fail_memory(err, "the report", out.len);
    }
    qn_buf_release(&out);
    return status;
}
