/* What a rollup adds to report.html: coverage, prices of a point, what came in and what of it could
 * not be used. */
#include "pipelines/ercot/pictures.h"
#include "pipelines/ercot/steps.h"

#include "base/fresh.h"
#include "base/io.h"
#include "base/sys.h"
#include "compute/market_time.h"
#include "render/daygrid.h"
#include "render/html.h"

#include <float.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAYS = 366, CELLS = DAYS * 24 };

struct drawing {
    const struct qn_job *job;
    struct qn_buf html;
    float cells[CELLS];
    float weights[CELLS];
    size_t first, days; /* drawn, of the year */
    size_t marks[12], mark_count;
    const char *labels[12];
    char texts[12][16];
};

/* ---- pictures ------------------------------------------------------------------------------- */

static bool has_values(const struct drawing *d, size_t day)
{
    for (size_t cell = day * 24; cell < (day + 1) * 24; cell++)
        if (!isnan(d->cells[cell]))
            return true;
    return false;
}

/* A label: the month, or a day of it if that is not 0. */
static void mark(struct drawing *d, size_t at, unsigned day, const char *month)
{
    char *text = d->texts[d->mark_count];
    if (day > 0)
        snprintf(text, sizeof d->texts[0], "%u %s", day, month);
    else
        snprintf(text, sizeof d->texts[0], "%s", month);
    d->marks[d->mark_count] = at;
    d->labels[d->mark_count++] = text;
}

/* The months of the year from the first that has values to the last, their days and labels; in
 * one or two months every week has one. */
static void choose_months(struct drawing *d, int year)
{
    static const char names[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    size_t begins[13], first = 0, last = 0;
    for (unsigned month = 0; month <= 12; month++)
        begins[month] = (size_t)(qn_days_from_civil(year + (int)month / 12, month % 12 + 1, 1) -
                                 qn_days_from_civil(year, 1, 1));
    for (size_t day = begins[12]; day-- > 0;)
        first = has_values(d, day) ? day : first;
    for (size_t day = first; day < begins[12]; day++)
        last = has_values(d, day) ? day : last;
    unsigned from = 0, to = 12;
    while (begins[from + 1] <= first)
        from++;
    while (to > from + 1 && begins[to - 1] > last)
        to--;
    d->first = begins[from];
    d->days = begins[to] - begins[from];
    d->mark_count = 0;
    bool weeks = to - from <= 2;
    for (unsigned month = from; month < to; month++) {
        size_t at = begins[month] - d->first;
        mark(d, at, weeks, names[month]);
        for (unsigned day = 8; weeks && begins[month] + day <= begins[month + 1]; day += 7)
            mark(d, at + day - 1, day, names[month]);
    }
}

/* Cell of an instant, by the local clock; CELLS if it is of another year. */
static size_t cell_of(int year, int64_t instant)
{
    bool repeated;
    if (instant < INT64_MIN / 2 || instant > INT64_MAX / 2)
        return CELLS;
    int64_t local = qn_market_to_local(instant, &repeated);
    int64_t of_day = (local % (24 * QN_HOUR_US) + 24 * QN_HOUR_US) % (24 * QN_HOUR_US);
    int64_t day = (local - of_day) / (24 * QN_HOUR_US) - qn_days_from_civil(year, 1, 1);
    return day < 0 || day >= DAYS ? CELLS : (size_t)(day * 24 + of_day / QN_HOUR_US);
}

static enum qn_status put_picture(struct drawing *d, const struct er_picture *p, const char *kind,
                                  const char *alt, const struct qn_buf *png, struct qn_error *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s-%d-%s.png", d->job->directory, p->dataset, p->year, kind);
    qn_html_image(&d->html, "image/png", png->data, png->len, alt, NULL);
    return qn_fresh_put(path, png->data, png->len, err);
}

static enum qn_status draw_grid(struct drawing *d, const struct er_picture *p, const char *kind,
                                enum qn_daygrid_scale scale, const char *title, const char *unit,
                                const char *caption, struct qn_error *err)
{
    struct qn_buf png = {0};
    choose_months(d, p->year);
    struct qn_daygrid grid = {.values = d->cells + d->first * 24,
                              .days = d->days,
                              .marks = d->marks,
                              .labels = d->labels,
                              .mark_count = d->mark_count,
                              .scale = scale,
                              .title = title,
                              .unit = unit,
                              .caption = caption};
    enum qn_status status = qn_daygrid_png(&grid, &png, err);
    if (!status)
        status = put_picture(d, p, kind, title, &png, err);
    qn_buf_release(&png);
    return status;
}

static enum qn_status draw_coverage(struct drawing *d, const struct er_picture *p,
                                    struct qn_error *err)
{
    char title[256];
    struct qn_cursor in = {.data = p->present, .len = (size_t)p->hours * 4};
    for (size_t i = 0; i < CELLS; i++)
        d->cells[i] = NAN;
    for (uint32_t hour = 0; hour < p->hours; hour++) {
        size_t cell = cell_of(p->year, p->first + hour * QN_HOUR_US);
        float part = (float)qn_cursor_u32(&in) / ((float)p->points * (float)p->per_hour);
        if (cell < CELLS && isfinite(part)) /* the repeated hour shows the worse of the two */
            d->cells[cell] = isnan(d->cells[cell]) ? part : fminf(d->cells[cell], part);
    }
    snprintf(title, sizeof title, "Coverage of %s, %d", p->dataset, p->year);
    return draw_grid(d, p, "coverage", QN_DAYGRID_SHARE, title, "% there",
                     "Share of the points of the year that have their rows, by day and hour.", err);
}

static enum qn_status draw_prices(struct drawing *d, const struct er_picture *p,
                                  struct qn_error *err)
{
    char title[256];
    struct qn_cursor in = {.data = p->series, .len = (size_t)p->prices * 16};
    memset(d->cells, 0, sizeof d->cells);
    memset(d->weights, 0, sizeof d->weights);
    for (uint32_t i = 0; i < p->prices; i++) {
        size_t cell = cell_of(p->year, (int64_t)qn_cursor_u64(&in));
        double value = qn_cursor_real(&in);
        if (cell < CELLS && fabs(value) < FLT_MAX / DAYS) {
            d->cells[cell] += (float)value;
            d->weights[cell] += 1;
        }
    }
    for (size_t i = 0; i < CELLS; i++)
        d->cells[i] = d->weights[i] > 0 ? d->cells[i] / d->weights[i] : NAN;
    snprintf(title, sizeof title, "Price at %s, %d (%s)", p->point, p->year, p->dataset);
    return draw_grid(d, p, "price", QN_DAYGRID_DIVERGING, title, p->unit,
                     "Mean of each hour. Grey: no price. Colours end where 98 % of the hours do.",
                     err);
}

static int descending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

static enum qn_status draw_duration(struct drawing *d, const struct er_picture *p,
                                    struct qn_error *err)
{
    char title[256], unit[64];
    struct qn_buf png = {0};
    struct qn_cursor in = {.data = p->series, .len = (size_t)p->prices * 16};
    size_t count = 0;
    double *values = qn_sys.malloc((p->prices + (size_t)1) * sizeof *values);
    if (!values)
        return qn_fail_memory(err, "the duration curve", p->prices);
    for (uint32_t i = 0; i < p->prices; i++) {
        qn_cursor_u64(&in);
        values[count] = qn_cursor_real(&in);
        count += isfinite(values[count]);
    }
    qsort(values, count, sizeof *values, descending);
    snprintf(title, sizeof title, "Price duration curve of %s, %d (%s)", p->point, p->year,
             p->dataset);
    snprintf(unit, sizeof unit, "Price (%s)", p->unit);
    struct qn_duration curve = {.values = values, .count = count, .title = title, .unit = unit};
    enum qn_status status = count > 0 ? qn_duration_png(&curve, &png, err) : QN_OK;
    if (!status && count > 0)
        status = put_picture(d, p, "duration", title, &png, err);
    free(values);
    qn_buf_release(&png);
    return status;
}

static enum qn_status draw_all(struct drawing *d, const struct qn_buf *bytes, struct qn_error *err)
{
    struct qn_cursor in = {.data = bytes->data, .len = bytes->len};
    struct er_picture picture;
    enum qn_status status = QN_OK;
    while (!status && er_picture_next(&in, &picture)) {
        char title[256];
        snprintf(title, sizeof title, "%s, %d", picture.dataset, picture.year);
        qn_html_heading(&d->html, 3, title);
        status = draw_coverage(d, &picture, err);
        if (!status && picture.prices > 0)
            status = draw_prices(d, &picture, err);
        if (!status && picture.prices > 0)
            status = draw_duration(d, &picture, err);
    }
    return status;
}

/* ---- text ----------------------------------------------------------------------------------- */

static void explain(struct qn_buf *html, const json_t *manifest)
{
    const json_t *total = json_object_get(json_object_get(manifest, "facts"), "total");
    long long in = json_integer_value(json_object_get(total, "rows_in"));
    long long out = json_integer_value(json_object_get(total, "rows_out"));
    long long rejected = json_integer_value(json_object_get(total, "rejected"));
    long long same = json_integer_value(json_object_get(total, "duplicates_identical"));
    long long other = json_integer_value(json_object_get(total, "duplicates_differing"));
    qn_html_heading(html, 2, "Where every row went");
    qn_html_paragraph(html,
                      "%lld rows came in. %lld are in the tables, %lld were rejected "
                      "(rejects.parquet has each with its place and reason), %lld were published "
                      "again with the same values and %lld with others, where the latest counts.",
                      in, out, rejected, same, other);
}

enum qn_status er_report(const struct qn_job *job, const char *manifest, char **html,
                         struct qn_error *err)
{
    struct qn_buf bytes = {0};
    char path[PATH_MAX];
    json_t *facts = json_loads(manifest, 0, NULL);
    struct drawing *d = qn_sys.calloc(1, sizeof *d);
    *html = NULL;
    if (!facts || !d) {
        json_decref(facts);
        free(d);
        return qn_fail_memory(err, "the report", sizeof *d);
    }
    d->job = job;
    explain(&d->html, facts);
    qn_html_heading(&d->html, 2, "Coverage and prices");
    snprintf(path, sizeof path, "%s/%s", job->directory, ER_PICTURES_FILE);
    enum qn_status status = qn_read_file(path, &bytes, 1u << 30, err);
    if (!status)
        status = draw_all(d, &bytes, err);
    if (!status && !(*html = qn_html_take(&d->html)))
        status = qn_fail_memory(err, "the report", 1);
    json_decref(facts);
    qn_buf_release(&bytes);
    qn_buf_release(&d->html);
    free(d);
    return status;
}
