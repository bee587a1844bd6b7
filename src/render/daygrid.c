/* Pictures of a year: see daygrid.h. */
#include "render/daygrid.h"

#include "base/sys.h"
#include "render/amplitude.h"
#include "render/axis.h"
#include "render/png.h"

#include <cairo.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    LEFT = 84,
    TOP = 52,
    WIDTH = 880,
    HEIGHT = 290,
    BAR_LEFT = LEFT + WIDTH + 24,
    BAR_WIDTH = 16,
    TICK = 5,
    TITLE = 17,
    LABEL = 13,
    HOURS = 24
};

#define INK 0.13

enum place { AT_START, AT_MIDDLE, AT_END };

static void draw_text(cairo_t *cr, double x, double y, enum place place, int size, const char *text)
{
    cairo_text_extents_t extents;
    cairo_set_font_size(cr, size);
    cairo_text_extents(cr, text, &extents);
    double shift = place == AT_END      ? extents.x_advance
                   : place == AT_MIDDLE ? extents.x_advance / 2
                                        : 0;
    cairo_move_to(cr, x - shift, y);
    cairo_show_text(cr, text);
}

static void draw_line(cairo_t *cr, double x0, double y0, double x1, double y1)
{
    cairo_move_to(cr, x0, y0);
    cairo_line_to(cr, x1, y1);
    cairo_stroke(cr);
}

static void set_ink(cairo_t *cr)
{
    cairo_set_source_rgb(cr, INK, INK, INK);
    cairo_set_line_width(cr, 1);
}

static void fill(cairo_t *cr, uint32_t colour, double x, double y, double width, double height)
{
    cairo_set_source_rgb(cr, (colour >> 16 & 255) / 255.0, (colour >> 8 & 255) / 255.0,
                         (colour & 255) / 255.0);
    cairo_rectangle(cr, x, y, width, height);
    cairo_fill(cr);
}

static void draw_sideways(cairo_t *cr, double x, double y, const char *text)
{
    cairo_save(cr);
    cairo_translate(cr, x, y);
    cairo_rotate(cr, -acos(0));
    draw_text(cr, 0, 0, AT_MIDDLE, LABEL, text);
    cairo_restore(cr);
}

/* ---- days and hours ------------------------------------------------------------------------- */

static uint32_t colour_of(const struct qn_daygrid *grid, float value, double clip)
{
    if (isnan(value))
        return QN_COLOUR_MISSING;
    if (grid->scale == QN_DAYGRID_SHARE)
        return qn_colour_at(-(int)(value * QN_COLOUR_STEPS));
    return qn_colour_at(qn_colour_step(value, clip));
}

static void draw_cells(cairo_t *cr, const struct qn_daygrid *grid, double clip)
{
    double width = (double)WIDTH / (double)grid->days, height = (double)HEIGHT / HOURS;
    cairo_set_antialias(cr, CAIRO_ANTIALIAS_NONE);
    for (size_t day = 0; day < grid->days; day++) {
        for (size_t hour = 0; hour < HOURS; hour++) {
            uint32_t colour = colour_of(grid, grid->values[day * HOURS + hour], clip);
            fill(cr, colour, LEFT + (double)day * width, TOP + (double)hour * height, width + 1,
                 height + 1);
        }
    }
    fill(cr, 0xffffff, LEFT + WIDTH, TOP, 2, HEIGHT + 2); /* what the last ones took too much */
    fill(cr, 0xffffff, LEFT, TOP + HEIGHT, WIDTH + 2, 2);
    cairo_set_antialias(cr, CAIRO_ANTIALIAS_DEFAULT);
    set_ink(cr);
    cairo_rectangle(cr, LEFT - 0.5, TOP - 0.5, WIDTH + 1, HEIGHT + 1);
    cairo_stroke(cr);
}

static void draw_grid_axes(cairo_t *cr, const struct qn_daygrid *grid)
{
    double last = -100;
    for (size_t i = 0; i < grid->mark_count; i++) {
        double x = floor(LEFT + (double)grid->marks[i] * WIDTH / (double)grid->days) + 0.5;
        draw_line(cr, x, TOP + HEIGHT + 1, x, TOP + HEIGHT + 1 + TICK);
        if (x - last < 44)
            continue;
        draw_text(cr, x + 3, TOP + HEIGHT + 18, AT_START, LABEL, grid->labels[i]);
        last = x;
    }
    for (int hour = 0; hour <= HOURS; hour += 6) {
        char label[8];
        double y = floor(TOP + (double)hour * HEIGHT / HOURS) + 0.5;
        snprintf(label, sizeof label, "%02d:00", hour);
        draw_line(cr, LEFT - 1, y, LEFT - 1 - TICK, y);
        draw_text(cr, LEFT - TICK - 5, y + LABEL * 0.36, AT_END, LABEL, label);
    }
    draw_sideways(cr, 18, TOP + HEIGHT / 2.0, "Hour of the day, Central time");
}

static void draw_grid_bar(cairo_t *cr, const struct qn_daygrid *grid, double clip)
{
    bool share = grid->scale == QN_DAYGRID_SHARE;
    struct qn_ticks ticks = qn_ticks_within(share ? 0 : -clip, share ? 100 : clip, 7, 0);
    cairo_set_antialias(cr, CAIRO_ANTIALIAS_NONE);
    for (int y = 0; y < HEIGHT; y++) {
        double part = 1 - (y + 0.5) / HEIGHT;
        uint32_t colour = share ? qn_colour_at(-(int)(part * QN_COLOUR_STEPS))
                                : qn_colour_at(qn_colour_step(2 * part - 1, 1));
        fill(cr, colour, BAR_LEFT, TOP + y, BAR_WIDTH, 1);
    }
    cairo_set_antialias(cr, CAIRO_ANTIALIAS_DEFAULT);
    set_ink(cr);
    cairo_rectangle(cr, BAR_LEFT - 0.5, TOP - 0.5, BAR_WIDTH + 1, HEIGHT + 1);
    cairo_stroke(cr);
    for (size_t i = 0; i < ticks.count; i++) {
        char label[32];
        double value = qn_tick_value(&ticks, i);
        double part = share ? value / 100 : (value / clip + 1) / 2;
        double y = floor(TOP + (1 - part) * HEIGHT) + 0.5;
        qn_tick_label(&ticks, i, label, sizeof label);
        draw_line(cr, BAR_LEFT + BAR_WIDTH + 1, y, BAR_LEFT + BAR_WIDTH + TICK, y);
        draw_text(cr, BAR_LEFT + BAR_WIDTH + TICK + 4, y + LABEL * 0.36, AT_START, LABEL, label);
    }
    draw_text(cr, BAR_LEFT - 4, TOP - 12, AT_START, LABEL, grid->unit);
}

/* ---- the curve ------------------------------------------------------------------------------ */

struct range {
    double low, high;
    size_t above, below; /* values cut off */
};

static struct range range_of(const struct qn_duration *curve)
{
    size_t cut = curve->count / 200;
    struct range r = {.high = curve->values[cut], .low = curve->values[curve->count - 1 - cut]};
    double room = (r.high - r.low) * 0.05;
    r.high += room > 0 ? room : 1;
    r.low -= room > 0 ? room : 1;
    for (size_t i = 0; i < curve->count; i++) {
        r.above += curve->values[i] > r.high;
        r.below += curve->values[i] < r.low;
    }
    return r;
}

static double place_of(const struct range *r, double value)
{
    double part = (value - r->low) / (r->high - r->low);
    part = part < 0 ? 0 : part > 1 ? 1 : part;
    return TOP + (1 - part) * HEIGHT;
}

static void draw_curve(cairo_t *cr, const struct qn_duration *curve, const struct range *r)
{
    size_t step = curve->count / (2 * WIDTH) + 1;
    uint32_t colour = qn_colour_at(-QN_COLOUR_STEPS);
    cairo_set_source_rgb(cr, (colour >> 16 & 255) / 255.0, (colour >> 8 & 255) / 255.0,
                         (colour & 255) / 255.0);
    cairo_set_line_width(cr, 2);
    for (size_t i = 0; i < curve->count; i += step) {
        double x = LEFT + ((double)i + 0.5) * WIDTH / (double)curve->count;
        if (i == 0)
            cairo_move_to(cr, x, place_of(r, curve->values[i]));
        else
            cairo_line_to(cr, x, place_of(r, curve->values[i]));
    }
    cairo_stroke(cr);
}

static void draw_curve_axes(cairo_t *cr, const struct qn_duration *curve, const struct range *r)
{
    struct qn_ticks ticks = qn_ticks_within(r->low, r->high, 8, 0);
    set_ink(cr);
    cairo_rectangle(cr, LEFT - 0.5, TOP - 0.5, WIDTH + 1, HEIGHT + 1);
    cairo_stroke(cr);
    for (size_t i = 0; i < ticks.count; i++) {
        char label[32];
        double y = floor(place_of(r, qn_tick_value(&ticks, i))) + 0.5;
        qn_tick_label(&ticks, i, label, sizeof label);
        draw_line(cr, LEFT - 1, y, LEFT - 1 - TICK, y);
        draw_text(cr, LEFT - TICK - 5, y + LABEL * 0.36, AT_END, LABEL, label);
    }
    for (int percent = 0; percent <= 100; percent += 10) {
        char label[8];
        double x = floor(LEFT + percent * WIDTH / 100.0) + 0.5;
        snprintf(label, sizeof label, "%d", percent);
        draw_line(cr, x, TOP + HEIGHT + 1, x, TOP + HEIGHT + 1 + TICK);
        draw_text(cr, x, TOP + HEIGHT + 20, AT_MIDDLE, LABEL, label);
    }
    draw_text(cr, LEFT + WIDTH / 2.0, TOP + HEIGHT + 40, AT_MIDDLE, LABEL,
              "Share of the intervals in which the price is at least this high (%)");
    draw_sideways(cr, 18, TOP + HEIGHT / 2.0, curve->unit);
}

/* ---- pictures ------------------------------------------------------------------------------- */

static cairo_t *begin(cairo_surface_t **surface, const char *title)
{
    *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, QN_DAYGRID_WIDTH, QN_DAYGRID_HEIGHT);
    cairo_t *cr = cairo_create(*surface);
    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_paint(cr);
    cairo_select_font_face(cr, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    set_ink(cr);
    draw_text(cr, LEFT, 28, AT_START, TITLE, title);
    return cr;
}

static enum qn_status end(cairo_t *cr, cairo_surface_t *surface, struct qn_buf *png,
                          struct qn_error *err)
{
    enum qn_status status = cairo_status(cr) == CAIRO_STATUS_SUCCESS
                                ? QN_OK
                                : qn_fail_memory(err, "a picture", 1u << 20);
    cairo_destroy(cr);
    if (!status)
        status = qn_png_encode(surface, png, err);
    cairo_surface_destroy(surface);
    return status;
}

enum qn_status qn_daygrid_png(const struct qn_daygrid *grid, struct qn_buf *png,
                              struct qn_error *err)
{
    cairo_surface_t *surface;
    cairo_t *cr = begin(&surface, grid->title);
    double clip = qn_amplitude_clip(grid->values, grid->days * HOURS);
    draw_cells(cr, grid, clip);
    draw_grid_axes(cr, grid);
    draw_grid_bar(cr, grid, clip);
    draw_text(cr, LEFT, TOP + HEIGHT + 46, AT_START, LABEL, grid->caption);
    return end(cr, surface, png, err);
}

enum qn_status qn_duration_png(const struct qn_duration *curve, struct qn_buf *png,
                               struct qn_error *err)
{
    cairo_surface_t *surface;
    cairo_t *cr = begin(&surface, curve->title);
    struct range range = range_of(curve);
    char text[160] = "";
    draw_curve(cr, curve, &range);
    draw_curve_axes(cr, curve, &range);
    if (range.above + range.below > 0)
        snprintf(text, sizeof text, "Cut off: %zu values above, %zu below; %.2f to %.2f in all.",
                 range.above, range.below, curve->values[curve->count - 1], curve->values[0]);
    draw_text(cr, LEFT, TOP + HEIGHT + 64, AT_START, LABEL, text);
    return end(cr, surface, png, err);
}
