/* Pictures of a year: see daygrid.h. */
#include "render/daygrid.h"

#include "base/sys.h"
#include "render/amplitude.h"
#include "render/axis.h"
#include "render/pen.h"

#include <math.h>
#include <stdio.h>

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
    ROOM = 600, /* for a label, amply */
    HOURS = 24
};

static void set_colour(cairo_t *cr, uint32_t colour)
{
    cairo_set_source_rgb(cr, (colour >> 16 & 255) / 255.0, (colour >> 8 & 255) / 255.0,
                         (colour & 255) / 255.0);
}

static void fill(struct qn_pen *pen, uint32_t colour, double x, double y, double width,
                 double height)
{
    set_colour(pen->cr, colour);
    cairo_rectangle(pen->cr, x, y, width, height);
    cairo_fill(pen->cr);
    cairo_set_source_rgb(pen->cr, QN_INK, QN_INK, QN_INK);
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

static void draw_cells(struct qn_pen *pen, const struct qn_daygrid *grid, double clip)
{
    double width = (double)WIDTH / (double)grid->days, height = (double)HEIGHT / HOURS;
    cairo_set_antialias(pen->cr, CAIRO_ANTIALIAS_NONE);
    for (size_t day = 0; day < grid->days; day++) {
        for (size_t hour = 0; hour < HOURS; hour++) {
            uint32_t colour = colour_of(grid, grid->values[day * HOURS + hour], clip);
            fill(pen, colour, LEFT + (double)day * width, TOP + (double)hour * height, width + 1,
                 height + 1);
        }
    }
    fill(pen, 0xffffff, LEFT + WIDTH, TOP, 2, HEIGHT + 2); /* what the last ones took too much */
    fill(pen, 0xffffff, LEFT, TOP + HEIGHT, WIDTH + 2, 2);
    cairo_set_antialias(pen->cr, CAIRO_ANTIALIAS_DEFAULT);
    qn_pen_frame(pen, LEFT, TOP, WIDTH, HEIGHT);
}

static void draw_grid_axes(struct qn_pen *pen, const struct qn_daygrid *grid)
{
    double last = -100;
    for (size_t i = 0; i < grid->mark_count; i++) {
        double x = floor(LEFT + (double)grid->marks[i] * WIDTH / (double)grid->days) + 0.5;
        qn_pen_line(pen, x, TOP + HEIGHT + 1, x, TOP + HEIGHT + 1 + TICK);
        if (x - last < 44)
            continue;
        qn_pen_text(pen, x + 3, TOP + HEIGHT + 18, QN_AT_START, LABEL, ROOM, grid->labels[i]);
        last = x;
    }
    for (int hour = 0; hour <= HOURS; hour += 6) {
        char label[8];
        double y = floor(TOP + (double)hour * HEIGHT / HOURS) + 0.5;
        snprintf(label, sizeof label, "%02d:00", hour);
        qn_pen_line(pen, LEFT - 1, y, LEFT - 1 - TICK, y);
        qn_pen_text(pen, LEFT - TICK - 5, y + LABEL * 0.36, QN_AT_END, LABEL, ROOM, label);
    }
    qn_pen_text_up(pen, 18, TOP + HEIGHT / 2.0, LABEL, HEIGHT, "Hour of the day, Central time");
}

static void draw_grid_bar(struct qn_pen *pen, const struct qn_daygrid *grid, double clip)
{
    bool share = grid->scale == QN_DAYGRID_SHARE;
    struct qn_ticks ticks = qn_ticks_within(share ? 0 : -clip, share ? 100 : clip, 7, 0);
    cairo_set_antialias(pen->cr, CAIRO_ANTIALIAS_NONE);
    for (int y = 0; y < HEIGHT; y++) {
        double part = 1 - (y + 0.5) / HEIGHT;
        uint32_t colour = share ? qn_colour_at(-(int)(part * QN_COLOUR_STEPS))
                                : qn_colour_at(qn_colour_step(2 * part - 1, 1));
        fill(pen, colour, BAR_LEFT, TOP + y, BAR_WIDTH, 1);
    }
    cairo_set_antialias(pen->cr, CAIRO_ANTIALIAS_DEFAULT);
    qn_pen_frame(pen, BAR_LEFT, TOP, BAR_WIDTH, HEIGHT);
    for (size_t i = 0; i < ticks.count; i++) {
        char label[32];
        double value = qn_tick_value(&ticks, i);
        double part = share ? value / 100 : (value / clip + 1) / 2;
        double y = floor(TOP + (1 - part) * HEIGHT) + 0.5;
        qn_tick_label(&ticks, i, label, sizeof label);
        qn_pen_line(pen, BAR_LEFT + BAR_WIDTH + 1, y, BAR_LEFT + BAR_WIDTH + TICK, y);
        qn_pen_text(pen, BAR_LEFT + BAR_WIDTH + TICK + 4, y + LABEL * 0.36, QN_AT_START, LABEL,
                    ROOM, label);
    }
    qn_pen_text(pen, BAR_LEFT - 4, TOP - 12, QN_AT_START, LABEL, ROOM, grid->unit);
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

static void draw_curve(struct qn_pen *pen, const struct qn_duration *curve, const struct range *r)
{
    cairo_t *cr = pen->cr;
    size_t step = curve->count / (2 * WIDTH) + 1;
    cairo_save(cr);
    cairo_new_path(cr);
    set_colour(cr, qn_colour_at(-QN_COLOUR_STEPS));
    cairo_set_line_width(cr, 2);
    for (size_t i = 0; i < curve->count; i += step)
        cairo_line_to(cr, LEFT + ((double)i + 0.5) * WIDTH / (double)curve->count,
                      place_of(r, curve->values[i]));
    cairo_stroke(cr);
    cairo_restore(cr);
}

static void draw_curve_axes(struct qn_pen *pen, const struct qn_duration *curve,
                            const struct range *r)
{
    struct qn_ticks ticks = qn_ticks_within(r->low, r->high, 8, 0);
    qn_pen_frame(pen, LEFT, TOP, WIDTH, HEIGHT);
    for (size_t i = 0; i < ticks.count; i++) {
        char label[32];
        double y = floor(place_of(r, qn_tick_value(&ticks, i))) + 0.5;
        qn_tick_label(&ticks, i, label, sizeof label);
        qn_pen_line(pen, LEFT - 1, y, LEFT - 1 - TICK, y);
        qn_pen_text(pen, LEFT - TICK - 5, y + LABEL * 0.36, QN_AT_END, LABEL, ROOM, label);
    }
    for (int percent = 0; percent <= 100; percent += 10) {
        char label[8];
        double x = floor(LEFT + percent * WIDTH / 100.0) + 0.5;
        snprintf(label, sizeof label, "%d", percent);
        qn_pen_line(pen, x, TOP + HEIGHT + 1, x, TOP + HEIGHT + 1 + TICK);
        qn_pen_text(pen, x, TOP + HEIGHT + 20, QN_AT_MIDDLE, LABEL, ROOM, label);
    }
    qn_pen_text(pen, LEFT + WIDTH / 2.0, TOP + HEIGHT + 40, QN_AT_MIDDLE, LABEL, ROOM,
                "Share of the intervals in which the price is at least this high (%)");
    qn_pen_text_up(pen, 18, TOP + HEIGHT / 2.0, LABEL, HEIGHT, curve->unit);
}

/* ---- pictures ------------------------------------------------------------------------------- */

static void begin(struct qn_pen *pen, const char *title)
{
    qn_pen_begin(pen, QN_DAYGRID_WIDTH, QN_DAYGRID_HEIGHT);
    qn_pen_text(pen, LEFT, 28, QN_AT_START, TITLE, WIDTH, title);
}

enum qn_status qn_daygrid_png(const struct qn_daygrid *grid, struct qn_buf *png,
                              struct qn_error *err)
{
    struct qn_pen pen;
    begin(&pen, grid->title);
    double clip = qn_amplitude_clip(grid->values, grid->days * HOURS);
    draw_cells(&pen, grid, clip);
    draw_grid_axes(&pen, grid);
    draw_grid_bar(&pen, grid, clip);
    qn_pen_text(&pen, LEFT, TOP + HEIGHT + 46, QN_AT_START, LABEL, WIDTH, grid->caption);
    return qn_pen_end(&pen, png, err);
}

enum qn_status qn_duration_png(const struct qn_duration *curve, struct qn_buf *png,
                               struct qn_error *err)
{
    struct qn_pen pen;
    begin(&pen, curve->title);
    struct range range = range_of(curve);
    char text[160] = "";
    draw_curve(&pen, curve, &range);
    draw_curve_axes(&pen, curve, &range);
    if (range.above + range.below > 0)
        snprintf(text, sizeof text, "Cut off: %zu values above, %zu below; %.2f to %.2f in all.",
                 range.above, range.below, curve->values[curve->count - 1], curve->values[0]);
    qn_pen_text(&pen, LEFT, TOP + HEIGHT + 64, QN_AT_START, LABEL, WIDTH, text);
    return qn_pen_end(&pen, png, err);
}
