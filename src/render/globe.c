/* Draws values on a sphere: see globe.h. Cells are set pixel by pixel, each with the colour of the
 * place that its middle shows, so that no filter blends colours that no cell has. */
#include "render/globe.h"

#include "base/sys.h"
#include "render/amplitude.h"
#include "render/axis.h"
#include "render/map.h"
#include "render/pen.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Where things stand, in pixels. */
enum {
    FLAT_X = 78,
    FLAT_Y = 62,
    FLAT_WIDTH = 960,
    FLAT_HEIGHT = 480,
    FLAT_BOTTOM = FLAT_Y + FLAT_HEIGHT,
    POLE_RADIUS = 190,
    POLE_Y = FLAT_BOTTOM + 78 + POLE_RADIUS,
    NORTH_X = FLAT_X + 226,
    SOUTH_X = FLAT_X + FLAT_WIDTH - 226,
    BAR_X = FLAT_X + FLAT_WIDTH + 34,
    BAR_WIDTH = 18,
    BAR_Y = FLAT_Y + 34,
    BAR_HEIGHT = FLAT_HEIGHT - 68,
    TICK = 6,
    TITLE_SIZE = 19,
    LABEL_SIZE = 15,
    TICK_SIZE = 14,
    BAR_TICKS = 8,
    DOT = 3 /* pixels */
};

#define RADIAN       (M_PI / 180)
#define GROUND       0xd0d0d0u /* where there is no value: a grey that no scale has */
#define FARTHEST_DEG 45.0      /* latitude at the edge of a polar view */
#define TAIL         0.02      /* of the values at either end lie beyond the colours */

struct drawing {
    struct qn_pen pen;
    const struct qn_globe *globe;
    struct qn_globe_cells grid;
    double *cells; /* their values, NaN for none; NULL with dots */
    size_t shown;  /* finite values */
    double least, most;
    double low, high; /* where the colours end */
};

static bool is_signed(const struct drawing *d)
{
    return d->globe->scale.knee > 0;
}

/* ---- cells ---------------------------------------------------------------------------------- */

static size_t cells_in_band(double cell_deg, size_t band, size_t bands)
{
    double latitude = -90 + 180 * ((double)band + 0.5) / (double)bands;
    return (size_t)fmax(3, floor(360 * cos(latitude * RADIAN) / cell_deg + 0.5));
}

void qn_globe_cells_init(struct qn_globe_cells *cells, double cell_deg)
{
    cells->bands = (size_t)fmin(QN_GLOBE_BANDS, fmax(1, floor(180 / cell_deg + 0.5)));
    cells->first[0] = 0;
    for (size_t i = 0; i < cells->bands; i++)
        cells->first[i + 1] = cells->first[i] + cells_in_band(cell_deg, i, cells->bands);
}

static size_t held(double value, size_t most)
{
    return value <= 0 ? 0 : value >= (double)most ? most : (size_t)value;
}

size_t qn_globe_cell_of(const struct qn_globe_cells *cells, double lat_deg, double lon_deg)
{
    size_t bands = cells->bands;
    size_t band = held(floor((lat_deg + 90) / 180 * (double)bands), bands - 1);
    size_t first = cells->first[band];
    size_t count = cells->first[band + 1] - first;
    double turn = (lon_deg + 180) / 360;
    return first + held(floor((turn - floor(turn)) * (double)count), count - 1);
}

struct entry {
    size_t cell;
    double value;
};

static int by_cell_and_value(const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;
    if (x->cell != y->cell)
        return x->cell < y->cell ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool is_shown(const struct qn_globe_point *point)
{
    return fabs(point->lat_deg) <= 90 && fabs(point->lon_deg) <= 360 && isfinite(point->value);
}

/* Entries in order of cells and values: medians or counts to cells, the finite ones to `values`. */
static void fill_cells(struct drawing *d, const struct entry *entries, size_t count, double *values)
{
    bool counting = d->globe->style == QN_GLOBE_COUNTS;
    for (size_t i = 0; i < d->grid.first[d->grid.bands]; i++)
        d->cells[i] = NAN;
    for (size_t i = 0; i < count;) {
        size_t end = i;
        while (end < count && entries[end].cell == entries[i].cell)
            end++;
        size_t n = end - i;
        double median = (entries[i + (n - 1) / 2].value + entries[i + n / 2].value) / 2;
        d->cells[entries[i].cell] = values[d->shown++] = counting ? (double)n : median;
        i = end;
    }
}

/* Where the colours end: where the caller says, or all values of dots, all but the tails of cells.
 * Sorts the values. */
static void find_range(struct drawing *d, double *values)
{
    if (d->shown == 0)
        return;
    size_t beyond = d->cells ? (size_t)(TAIL * (double)d->shown) : 0;
    qsort(values, d->shown, sizeof *values, by_value);
    d->least = values[0];
    d->most = values[d->shown - 1];
    d->low = is_signed(d) ? d->globe->scale.low : values[beyond];
    d->high = is_signed(d) ? d->globe->scale.high : values[d->shown - 1 - beyond];
}

static void sort_out(struct drawing *d, struct entry *entries, double *values)
{
    const struct qn_globe *globe = d->globe;
    size_t count = 0;
    for (size_t i = 0; i < globe->count; i++) {
        const struct qn_globe_point *p = &globe->points[i];
        if (is_shown(p))
            entries[count++] = (struct entry){
                d->cells ? qn_globe_cell_of(&d->grid, p->lat_deg, p->lon_deg) : 0, p->value};
    }
    if (d->cells) {
        qsort(entries, count, sizeof *entries, by_cell_and_value);
        fill_cells(d, entries, count, values);
    }
    for (size_t i = 0; i < count && !d->cells; i++)
        values[d->shown++] = entries[i].value;
    find_range(d, values);
}

static enum qn_status digest(struct drawing *d, struct qn_error *err)
{
    const struct qn_globe *globe = d->globe;
    size_t bytes = (globe->count + 1) * sizeof(struct entry);
    enum qn_status status = QN_OK;
    struct entry *entries = qn_sys.malloc(bytes);
    double *values = qn_sys.malloc((globe->count + 1) * sizeof *values);
    qn_globe_cells_init(&d->grid, globe->cell_deg);
    if (globe->style != QN_GLOBE_DOTS)
        d->cells = qn_sys.malloc(d->grid.first[d->grid.bands] * sizeof *d->cells);
    if (!entries || !values || (globe->style != QN_GLOBE_DOTS && !d->cells))
        status = qn_fail_memory(err, "the map", bytes);
    else
        sort_out(d, entries, values);
    free(entries);
    free(values);
    return status;
}

/* ---- colours -------------------------------------------------------------------------------- */

uint32_t qn_globe_colour(double part)
{
    double away = fmin(fabs(part), 1);
    double hue = (part < 0 ? 225 + 60 * away : 70 - 40 * away) * RADIAN;
    double chroma = 0.16 * sin(0.8 * M_PI * away);
    return qn_colour_oklab(1 - 0.75 * away, chroma * cos(hue), chroma * sin(hue));
}

/* The scale in even steps of colour, and back. */
static double spread(const struct drawing *d, double value)
{
    return is_signed(d) ? asinh(value / d->globe->scale.knee) : value;
}

static double gather(const struct drawing *d, double spread)
{
    return is_signed(d) ? d->globe->scale.knee * sinh(spread) : spread;
}

/* Where a value lies between the ends of the colour bar: 0 to 1 within. */
static double part_of(const struct drawing *d, double value)
{
    double low = spread(d, d->low);
    double high = spread(d, d->high);
    return high > low ? (spread(d, value) - low) / (high - low) : 0.5;
}

static uint32_t colour_of(const struct drawing *d, double value)
{
    if (!is_signed(d))
        return qn_map_colour(part_of(d, value));
    double most = fmax(-spread(d, d->low), spread(d, d->high));
    return qn_globe_colour(spread(d, fmin(fmax(value, d->low), d->high)) / most);
}

/* ---- projections ---------------------------------------------------------------------------- */

/* Lambert's azimuthal projection, true in area: distance from the pole, 1 at the view's edge. */
static double polar_distance(double from_pole_deg)
{
    return sin(from_pole_deg * RADIAN / 2) / sin((90 - FARTHEST_DEG) * RADIAN / 2);
}

/* Pixels from the middle of a polar view; longitude 0 is down in the north, up in the south, so
 * that both are seen as from above. */
static void to_polar(int pole, double lat_deg, double lon_deg, double *x, double *y)
{
    double distance = POLE_RADIUS * polar_distance(90 - pole * lat_deg);
    *x = distance * sin(lon_deg * RADIAN);
    *y = pole * distance * cos(lon_deg * RADIAN);
}

static bool from_polar(int pole, double x, double y, double *lat_deg, double *lon_deg)
{
    double distance = hypot(x, y) / POLE_RADIUS;
    double half = sin((90 - FARTHEST_DEG) * RADIAN / 2);
    *lat_deg = pole * (90 - 2 * asin(distance * half) / RADIAN);
    *lon_deg = atan2(x, pole * y) / RADIAN;
    return distance <= 1;
}

static double flat_x(double lon_deg)
{
    return (lon_deg + 180) / 360 * FLAT_WIDTH;
}

static double flat_y(double lat_deg)
{
    return (90 - lat_deg) / 180 * FLAT_HEIGHT;
}

/* ---- values --------------------------------------------------------------------------------- */

struct canvas {
    uint32_t *pixels;
    int width, height;
};

static void set_dot(const struct canvas *canvas, double x, double y, uint32_t colour)
{
    int left = (int)floor(x) - DOT / 2;
    int top = (int)floor(y) - DOT / 2;
    for (int row = top; row < top + DOT; row++)
        for (int column = left; column < left + DOT; column++)
            if (row >= 0 && row < canvas->height && column >= 0 && column < canvas->width)
                canvas->pixels[row * canvas->width + column] = colour;
}

static uint32_t colour_at(const struct drawing *d, double lat_deg, double lon_deg)
{
    if (!d->cells)
        return GROUND;
    double value = d->cells[qn_globe_cell_of(&d->grid, lat_deg, lon_deg)];
    return isfinite(value) ? colour_of(d, value) : GROUND;
}

static void draw_flat(struct drawing *d, const struct canvas *canvas)
{
    for (int row = 0; row < canvas->height; row++) {
        double latitude = 90 - 180 * (row + 0.5) / canvas->height;
        for (int column = 0; column < canvas->width; column++)
            canvas->pixels[row * canvas->width + column] =
                colour_at(d, latitude, 360 * (column + 0.5) / canvas->width - 180);
    }
    for (size_t i = 0; !d->cells && i < d->globe->count; i++) {
        const struct qn_globe_point *p = &d->globe->points[i];
        if (is_shown(p))
            set_dot(canvas, flat_x(p->lon_deg), flat_y(p->lat_deg), colour_of(d, p->value));
    }
    qn_pen_image(&d->pen, canvas->pixels, canvas->width, canvas->height, FLAT_X, FLAT_Y);
}

static void draw_pole(struct drawing *d, const struct canvas *canvas, int pole, int middle)
{
    double latitude;
    double longitude;
    for (int row = 0; row < canvas->height; row++) {
        for (int column = 0; column < canvas->width; column++) {
            bool within = from_polar(pole, column + 0.5 - POLE_RADIUS, row + 0.5 - POLE_RADIUS,
                                     &latitude, &longitude);
            canvas->pixels[row * canvas->width + column] =
                within ? colour_at(d, latitude, longitude) : 0xffffffu;
        }
    }
    for (size_t i = 0; !d->cells && i < d->globe->count; i++) {
        const struct qn_globe_point *p = &d->globe->points[i];
        double x;
        double y;
        if (!is_shown(p) || pole * p->lat_deg < FARTHEST_DEG)
            continue;
        to_polar(pole, p->lat_deg, p->lon_deg, &x, &y);
        if (hypot(x, y) < POLE_RADIUS - DOT)
            set_dot(canvas, x + POLE_RADIUS, y + POLE_RADIUS, colour_of(d, p->value));
    }
    qn_pen_image(&d->pen, canvas->pixels, canvas->width, canvas->height, middle - POLE_RADIUS,
                 POLE_Y - POLE_RADIUS);
}

/* ---- graticules ----------------------------------------------------------------------------- */

static void thin(struct drawing *d)
{
    cairo_set_source_rgba(d->pen.cr, QN_INK, QN_INK, QN_INK, 0.3);
}

static void thick(struct drawing *d)
{
    cairo_set_source_rgb(d->pen.cr, QN_INK, QN_INK, QN_INK);
}

/* "60° N", "120° W", "0°" */
static void degree_label(int degrees, const char *sides, char text[16])
{
    char side = degrees > 0 ? sides[0] : sides[1];
    if (degrees == 0 || degrees == 180 || degrees == -180)
        snprintf(text, 16, "%d\u00b0", degrees < 0 ? -degrees : degrees);
    else
        snprintf(text, 16, "%d\u00b0 %c", degrees < 0 ? -degrees : degrees, side);
}

static void draw_flat_frame(struct drawing *d)
{
    char label[16];
    for (int lon = -180; lon <= 180; lon += 30) {
        double x = floor(FLAT_X + flat_x(lon)) + 0.5;
        thin(d);
        qn_pen_line(&d->pen, x, FLAT_Y, x, FLAT_BOTTOM);
        thick(d);
        degree_label(lon, "EW", label);
        if (lon % 60 == 0)
            qn_pen_text(&d->pen, x, FLAT_BOTTOM + 20, QN_AT_MIDDLE, TICK_SIZE, 80, label);
    }
    for (int lat = -90; lat <= 90; lat += 30) {
        double y = floor(FLAT_Y + flat_y(lat)) + 0.5;
        thin(d);
        qn_pen_line(&d->pen, FLAT_X, y, FLAT_X + FLAT_WIDTH, y);
        thick(d);
        degree_label(lat, "NS", label);
        qn_pen_text(&d->pen, FLAT_X - 8, y + 5, QN_AT_END, TICK_SIZE, 64, label);
    }
    qn_pen_frame(&d->pen, FLAT_X, FLAT_Y, FLAT_WIDTH, FLAT_HEIGHT);
}

static void circle(struct drawing *d, double x, double y, double radius)
{
    cairo_new_sub_path(d->pen.cr);
    cairo_arc(d->pen.cr, x, y, radius, 0, 2 * M_PI);
    cairo_stroke(d->pen.cr);
}

/* A label that is read on any colour. */
static void label_within(struct drawing *d, double x, double y, const char *label)
{
    cairo_set_source_rgb(d->pen.cr, 1, 1, 1);
    for (int right = -1; right <= 1; right += 2)
        for (int down = -1; down <= 1; down += 2)
            qn_pen_text(&d->pen, x + right, y + down, QN_AT_START, TICK_SIZE - 2, 60, label);
    thick(d);
    qn_pen_text(&d->pen, x, y, QN_AT_START, TICK_SIZE - 2, 60, label);
}

static void draw_pole_frame(struct drawing *d, int pole, int middle)
{
    char label[16];
    double x;
    double y;
    thin(d);
    for (int lat = 60; lat < 90; lat += 15)
        circle(d, middle, POLE_Y, POLE_RADIUS * polar_distance(90 - lat));
    for (int lon = 0; lon < 360; lon += 30) {
        to_polar(pole, pole * FARTHEST_DEG, lon, &x, &y);
        qn_pen_line(&d->pen, middle, POLE_Y, middle + x, POLE_Y + y);
    }
    thick(d);
    circle(d, middle, POLE_Y, POLE_RADIUS);
    for (int lon = -90; lon <= 180; lon += 90) {
        to_polar(pole, pole * FARTHEST_DEG, lon, &x, &y);
        degree_label(lon, "EW", label);
        qn_pen_text(&d->pen, middle + 1.05 * x, POLE_Y + 1.07 * y + 5,
                    x > 1    ? QN_AT_START
                    : x < -1 ? QN_AT_END
                             : QN_AT_MIDDLE,
                    TICK_SIZE, 80, label);
    }
    for (int lat = 60; lat < 90; lat += 15) {
        to_polar(pole, pole * lat, 45, &x, &y);
        degree_label(pole * lat, "NS", label);
        label_within(d, middle + x + 3, POLE_Y + y, label);
    }
    qn_pen_text(&d->pen, middle, POLE_Y - POLE_RADIUS - 26, QN_AT_MIDDLE, LABEL_SIZE, 300,
                pole > 0 ? "Around the north pole" : "Around the south pole");
}

/* ---- colour bar and texts ------------------------------------------------------------------- */

static void draw_tick(struct drawing *d, double value, const char *label)
{
    double y = floor(BAR_Y + (1 - part_of(d, value)) * BAR_HEIGHT) + 0.5;
    qn_pen_line(&d->pen, BAR_X + BAR_WIDTH + 1, y, BAR_X + BAR_WIDTH + TICK, y);
    qn_pen_text(&d->pen, BAR_X + BAR_WIDTH + TICK + 4, y + 5, QN_AT_START, TICK_SIZE, 76, label);
}

static void draw_even_ticks(struct drawing *d)
{
    struct qn_ticks ticks = qn_ticks_within(d->low, d->high, BAR_TICKS, 0);
    for (size_t i = 0; i < ticks.count && d->high > d->low; i++) {
        char label[32];
        qn_tick_label(&ticks, i, label, sizeof label);
        draw_tick(d, qn_tick_value(&ticks, i), label);
    }
}

/* 0, the upper end, and 1 and 3 times powers of ten on either side, from the knee on. */
static void draw_signed_ticks(struct drawing *d)
{
    double knee = d->globe->scale.knee;
    double most = fmax(-d->low, d->high);
    int decade = (int)floor(log10(knee));
    double value = pow(10, decade);
    char label[32];
    draw_tick(d, 0, "0");
    snprintf(label, sizeof label, "%g", d->high);
    draw_tick(d, d->high, label);
    for (int k = 1; value <= most; k++) {
        snprintf(label, sizeof label, "-%g", value);
        if (value >= knee && -value >= d->low)
            draw_tick(d, -value, label);
        if (value >= knee && value <= d->high)
            draw_tick(d, value, label + 1);
        int decades = k / 2;
        value = pow(10, decade + decades) * (k % 2 ? 3 : 1);
    }
}

static void draw_bar(struct drawing *d)
{
    uint32_t pixels[BAR_HEIGHT * BAR_WIDTH];
    double low = spread(d, d->low);
    double high = spread(d, d->high);
    for (int y = 0; y < BAR_HEIGHT; y++) {
        double part = 1 - (y + 0.5) / BAR_HEIGHT;
        uint32_t colour =
            high > low ? colour_of(d, gather(d, low + part * (high - low))) : qn_map_colour(part);
        for (int x = 0; x < BAR_WIDTH; x++)
            pixels[y * BAR_WIDTH + x] = colour;
    }
    qn_pen_image(&d->pen, pixels, BAR_WIDTH, BAR_HEIGHT, BAR_X, BAR_Y);
    qn_pen_frame(&d->pen, BAR_X, BAR_Y, BAR_WIDTH, BAR_HEIGHT);
    if (is_signed(d))
        draw_signed_ticks(d);
    else
        draw_even_ticks(d);
    qn_pen_text_up(&d->pen, BAR_X + BAR_WIDTH + 88, BAR_Y + BAR_HEIGHT / 2.0, LABEL_SIZE,
                   FLAT_HEIGHT, d->globe->value_label);
}

static void draw_captions(struct drawing *d)
{
    char text[200];
    int foot = POLE_Y + POLE_RADIUS;
    if (d->globe->caption)
        qn_pen_text(&d->pen, FLAT_X, foot + 52, QN_AT_START, TICK_SIZE, FLAT_WIDTH + 130,
                    d->globe->caption);
    if (d->shown == 0)
        snprintf(text, sizeof text, "There is no value to show.");
    else if (is_signed(d))
        snprintf(text, sizeof text,
                 "Values go from %.4g to %.4g. White: 0; colours are even up to %g, by the "
                 "logarithm beyond. Grey: no value.",
                 d->least, d->most, d->globe->scale.knee);
    else if (d->low > d->least || d->high < d->most)
        snprintf(
            text, sizeof text,
            "Colours go from %.4g to %.4g; 2 %% of the cells lie beyond at either end, down to "
            "%.4g and up to %.4g. Grey: no value.",
            d->low, d->high, d->least, d->most);
    else
        snprintf(text, sizeof text,
                 "Colours go from the smallest value, %.4g, to the largest, %.4g.%s", d->least,
                 d->most, d->cells ? " Grey: no value." : "");
    qn_pen_text(&d->pen, FLAT_X, foot + 74, QN_AT_START, TICK_SIZE, FLAT_WIDTH + 130, text);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void draw_all(struct drawing *d, uint32_t *pixels)
{
    struct canvas flat = {pixels, FLAT_WIDTH, FLAT_HEIGHT};
    struct canvas pole = {pixels, 2 * POLE_RADIUS, 2 * POLE_RADIUS};
    qn_pen_begin(&d->pen, QN_GLOBE_WIDTH, QN_GLOBE_HEIGHT);
    draw_flat(d, &flat);
    draw_pole(d, &pole, 1, NORTH_X);
    draw_pole(d, &pole, -1, SOUTH_X);
    draw_flat_frame(d);
    draw_pole_frame(d, 1, NORTH_X);
    draw_pole_frame(d, -1, SOUTH_X);
    if (d->shown > 0)
        draw_bar(d);
    draw_captions(d);
    qn_pen_text(&d->pen, FLAT_X, 34, QN_AT_START, TITLE_SIZE, FLAT_WIDTH + 130, d->globe->title);
}

enum qn_status qn_globe_png(const struct qn_globe *globe, struct qn_buf *png, struct qn_error *err)
{
    struct drawing d = {.globe = globe};
    uint32_t *pixels = NULL;
    if (!(globe->cell_deg >= 0.5 && globe->cell_deg <= 30))
        return qn_fail(err, QN_ERR_USAGE, "cells of a map are 0.5 to 30 degrees wide, not %g.",
                       globe->cell_deg);
    enum qn_status status = digest(&d, err);
    if (!status)
        pixels = qn_sys.malloc((size_t)FLAT_WIDTH * FLAT_HEIGHT * sizeof *pixels);
    if (!status && !pixels)
        status = qn_fail_memory(err, "the map", (uint64_t)FLAT_WIDTH * FLAT_HEIGHT * 4);
    if (!status) {
        draw_all(&d, pixels);
        status = qn_pen_end(&d.pen, png, err);
    }
    free(pixels);
    free(d.cells);
    return status;
}
