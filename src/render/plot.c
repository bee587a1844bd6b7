/* Plots on a page: see plot.h. */
#include "render/plot.h"

#include "render/axis.h"
#include "render/pen.h"

#include <math.h>
#include <stdio.h>

enum {
    LEAST_TICKS = 6,
    TICK = 5,
    TICK_SIZE = 11,
    LABEL_SIZE = 12,
    TITLE_SIZE = 13,
    HEADING_SIZE = 19
};

#define MARGIN_X  24.0
#define MARGIN_Y  34.0
#define LINE_STEP 17.0

#define ANY_WIDTH 1e9 /* of texts */

struct drawing {
    struct qn_pen *pen;
    cairo_t *cr; /* the pen's */
    const struct qn_panel *panel;
};

static void colour(cairo_t *cr, uint32_t rgb)
{
    cairo_set_source_rgb(cr, (rgb >> 16 & 255) / 255.0, (rgb >> 8 & 255) / 255.0,
                         (rgb & 255) / 255.0);
}

/* ---- coordinates ---------------------------------------------------------------------------- */

/* Where a value lies between the ends of an axis: 0 to 1. */
static double part_of(double value, double low, double high, bool log_axis)
{
    return log_axis ? log(value / low) / log(high / low) : (value - low) / (high - low);
}

double qn_panel_place_x(const struct qn_panel *p, double x)
{
    return p->left + part_of(x, p->x_low, p->x_high, p->log_x) * p->width;
}

static double place_y(const struct qn_panel *p, double y)
{
    return p->top + p->height - part_of(y, p->y_low, p->y_high, p->log_y) * p->height;
}

static bool within(const struct qn_panel *p, double x, double y)
{
    return x >= p->x_low && x <= p->x_high && y >= p->y_low && y <= p->y_high;
}

/* ---- axes ----------------------------------------------------------------------------------- */

static void tick_x(const struct drawing *d, double value, const char *label)
{
    const struct qn_panel *p = d->panel;
    double x = floor(qn_panel_place_x(p, value)) + 0.5;
    double foot = p->top + p->height;
    cairo_move_to(d->cr, x, foot);
    cairo_line_to(d->cr, x, foot + TICK);
    cairo_stroke(d->cr);
    qn_pen_text(d->pen, x, foot + TICK + TICK_SIZE + 2, QN_AT_MIDDLE, TICK_SIZE, ANY_WIDTH, label);
}

static void tick_y(const struct drawing *d, double value, const char *label)
{
    const struct qn_panel *p = d->panel;
    double y = floor(place_y(p, value)) + 0.5;
    cairo_move_to(d->cr, p->left - TICK, y);
    cairo_line_to(d->cr, p->left, y);
    cairo_stroke(d->cr);
    qn_pen_text(d->pen, p->left - TICK - 3, y + 4, QN_AT_END, TICK_SIZE, ANY_WIDTH, label);
}

typedef void put_tick(const struct drawing *d, double value, const char *label);

static void log_ticks(const struct drawing *d, double low, double high, put_tick *put)
{
    static const double steps[] = {1, 2, 5};
    bool wide = high / low > 300; /* decades alone are enough */
    int last = (int)floor(log10(high * 1.0001));
    for (int decade = (int)floor(log10(low)); decade <= last; decade++) {
        for (int k = 0; k < (wide ? 1 : 3); k++) {
            char label[32];
            double value = pow(10, decade) * steps[k];
            snprintf(label, sizeof label, "%g", value);
            if (value >= low * 0.9999 && value <= high * 1.0001)
                put(d, value, label);
        }
    }
}

static void linear_ticks(const struct drawing *d, double low, double high, double most,
                         put_tick *put)
{
    struct qn_ticks ticks = qn_ticks_within(low, high, (size_t)fmax(LEAST_TICKS, most), 0);
    for (size_t i = 0; i < ticks.count; i++) {
        char label[32];
        qn_tick_label(&ticks, i, label, sizeof label);
        put(d, qn_tick_value(&ticks, i), label);
    }
}

static void draw_ticks(const struct drawing *d)
{
    const struct qn_panel *p = d->panel;
    if (p->log_x)
        log_ticks(d, p->x_low, p->x_high, tick_x);
    else
        linear_ticks(d, p->x_low, p->x_high, p->width / 75, tick_x);
    if (p->plain_y)
        return;
    if (p->log_y)
        log_ticks(d, p->y_low, p->y_high, tick_y);
    else
        linear_ticks(d, p->y_low, p->y_high, p->height / 40, tick_y);
}

static void draw_frame(const struct drawing *d)
{
    const struct qn_panel *p = d->panel;
    cairo_t *cr = d->cr;
    cairo_set_source_rgb(cr, QN_INK, QN_INK, QN_INK);
    cairo_set_line_width(cr, 1);
    cairo_rectangle(cr, floor(p->left) + 0.5, floor(p->top) + 0.5, floor(p->width),
                    floor(p->height));
    cairo_stroke(cr);
    draw_ticks(d);
    if (p->title)
        qn_pen_text(d->pen, p->left, p->top - 7, QN_AT_START, TITLE_SIZE, ANY_WIDTH, p->title);
    if (p->x_label)
        qn_pen_text(d->pen, p->left + 0.5 * p->width, p->top + p->height + 34, QN_AT_MIDDLE,
                    LABEL_SIZE, ANY_WIDTH, p->x_label);
    if (p->y_label)
        qn_pen_text_up(d->pen, p->left - 58, p->top + 0.5 * p->height, LABEL_SIZE, ANY_WIDTH,
                       p->y_label);
}

/* ---- series --------------------------------------------------------------------------------- */

static void draw_points(const struct drawing *d, const struct qn_series *s)
{
    double half = 0.5 * s->size;
    for (size_t i = 0; i < s->n; i++) {
        if (!within(d->panel, s->x[i], s->y[i]))
            continue;
        double x = qn_panel_place_x(d->panel, s->x[i]);
        double y = place_y(d->panel, s->y[i]);
        if (s->size <= 2.5) {
            cairo_rectangle(d->cr, x - half, y - half, s->size, s->size);
        } else {
            cairo_new_sub_path(d->cr);
            cairo_arc(d->cr, x, y, half, 0, 2 * M_PI);
        }
    }
    cairo_fill(d->cr);
}

static void draw_rings(const struct drawing *d, const struct qn_series *s)
{
    cairo_set_line_width(d->cr, 1.3);
    for (size_t i = 0; i < s->n; i++) {
        if (!within(d->panel, s->x[i], s->y[i]))
            continue;
        cairo_new_sub_path(d->cr);
        cairo_arc(d->cr, qn_panel_place_x(d->panel, s->x[i]), place_y(d->panel, s->y[i]),
                  0.5 * s->size, 0, 2 * M_PI);
    }
    cairo_stroke(d->cr);
}

static void draw_line(const struct drawing *d, const struct qn_series *s)
{
    cairo_set_line_width(d->cr, s->size);
    for (size_t i = 0; i < s->n; i++)
        if (isfinite(s->x[i]) && isfinite(s->y[i]))
            cairo_line_to(d->cr, qn_panel_place_x(d->panel, s->x[i]), place_y(d->panel, s->y[i]));
    cairo_stroke(d->cr);
}

static void draw_bars(const struct drawing *d, const struct qn_series *s)
{
    for (size_t i = 0; i < s->n; i++) {
        double left = qn_panel_place_x(d->panel, s->x[i]);
        double next = d->panel->log_x ? s->x[i] * s->size : s->x[i] + s->size;
        double right = qn_panel_place_x(d->panel, next);
        double top = place_y(d->panel, s->y[i]);
        double foot = place_y(d->panel, d->panel->y_low);
        cairo_rectangle(d->cr, left + 0.5, top, fmax(right - left - 1, 1), foot - top);
    }
    cairo_fill(d->cr);
}

static void draw_marks(const struct drawing *d, const struct qn_series *s)
{
    static const double dashes[] = {4, 4};
    const struct qn_panel *p = d->panel;
    cairo_set_line_width(d->cr, s->size);
    cairo_set_dash(d->cr, dashes, 2, 0);
    for (size_t i = 0; i < s->n; i++) {
        if (!(s->x[i] >= p->x_low && s->x[i] <= p->x_high))
            continue;
        cairo_move_to(d->cr, qn_panel_place_x(p, s->x[i]), p->top);
        cairo_line_to(d->cr, qn_panel_place_x(p, s->x[i]), p->top + p->height);
    }
    cairo_stroke(d->cr);
    cairo_set_dash(d->cr, NULL, 0, 0);
}

static void draw_arrows(const struct drawing *d, const struct qn_series *s)
{
    const struct qn_panel *p = d->panel;
    double foot = p->top + p->height - 2;
    for (size_t i = 0; i < s->n; i++) {
        if (!(s->x[i] >= p->x_low && s->x[i] <= p->x_high))
            continue;
        double x = qn_panel_place_x(p, s->x[i]);
        cairo_move_to(d->cr, x, foot - 8);
        cairo_line_to(d->cr, x - 4, foot);
        cairo_line_to(d->cr, x + 4, foot);
        cairo_close_path(d->cr);
    }
    cairo_fill(d->cr);
}

static void draw_errors(const struct drawing *d, const struct qn_series *s)
{
    const struct qn_panel *p = d->panel;
    cairo_set_line_width(d->cr, s->size);
    for (size_t i = 0; i < s->n; i++) {
        double from = s->y[i];
        double to = s->y[s->n + i];
        if (!(s->x[i] >= p->x_low && s->x[i] <= p->x_high && to > from))
            continue;
        cairo_move_to(d->cr, qn_panel_place_x(p, s->x[i]), place_y(p, fmax(from, p->y_low)));
        cairo_line_to(d->cr, qn_panel_place_x(p, s->x[i]), place_y(p, fmin(to, p->y_high)));
    }
    cairo_stroke(d->cr);
}

static void draw_panel(struct qn_pen *pen, const struct qn_panel *panel)
{
    static void (*const draw[])(const struct drawing *, const struct qn_series *) = {
        [QN_SERIES_POINTS] = draw_points, [QN_SERIES_RINGS] = draw_rings,
        [QN_SERIES_LINE] = draw_line,     [QN_SERIES_BARS] = draw_bars,
        [QN_SERIES_MARKS] = draw_marks,   [QN_SERIES_ARROWS] = draw_arrows,
        [QN_SERIES_ERRORS] = draw_errors};
    cairo_t *cr = pen->cr;
    struct drawing d = {pen, cr, panel};
    cairo_save(cr);
    cairo_rectangle(cr, panel->left, panel->top, panel->width, panel->height);
    cairo_clip(cr);
    for (size_t i = 0; i < panel->series_count; i++) {
        colour(cr, panel->series[i].colour);
        draw[panel->series[i].kind](&d, &panel->series[i]);
    }
    cairo_restore(cr);
    draw_frame(&d);
}

static void draw_note(struct qn_pen *pen, const struct qn_note *note)
{
    bool bold = note->style == QN_NOTE_BOLD;
    cairo_select_font_face(pen->cr, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    colour(pen->cr, note->colour);
    qn_pen_text(pen, note->x, note->y, note->style == QN_NOTE_MIDDLE ? QN_AT_MIDDLE : QN_AT_START,
                LABEL_SIZE, ANY_WIDTH, note->text);
}

enum qn_status qn_page_png(const struct qn_page *page, struct qn_buf *png, struct qn_error *err)
{
    struct qn_pen pen;
    qn_pen_begin(&pen, page->width, page->height);
    if (page->title)
        qn_pen_text(&pen, MARGIN_X, MARGIN_Y, QN_AT_START, HEADING_SIZE, ANY_WIDTH, page->title);
    for (size_t i = 0; i < page->line_count; i++)
        qn_pen_text(&pen, MARGIN_X, MARGIN_Y + 22 + LINE_STEP * (double)i, QN_AT_START, LABEL_SIZE,
                    ANY_WIDTH, page->lines[i]);
    for (size_t i = 0; i < page->panel_count; i++)
        draw_panel(&pen, &page->panels[i]);
    for (size_t i = 0; i < page->note_count; i++)
        draw_note(&pen, &page->notes[i]);
    return qn_pen_end(&pen, png, err);
}
