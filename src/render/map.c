/* Draws maps: see map.h. Marks are set pixel by pixel, so that no filter blends colours that no
 * mark has, and a quarter of a million of them is as quick as one. */
#include "render/map.h"

#include "base/sys.h"
#include "render/amplitude.h"
#include "render/axis.h"
#include "render/pen.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where things stand, in pixels. Left of the plot there is room for labels of ten digits. */
enum {
    PLOT_X = 124,
    PLOT_Y = 60,
    PLOT_WIDTH = 950,
    PLOT_HEIGHT = 720,
    PLOT_BOTTOM = PLOT_Y + PLOT_HEIGHT,
    BAR_X = PLOT_X + PLOT_WIDTH + 30,
    BAR_WIDTH = 16,
    BAR_Y = PLOT_Y + 130,
    BAR_HEIGHT = PLOT_HEIGHT - 190,
    NORTH_X = BAR_X + 20,
    NORTH_Y = PLOT_Y + 8,
    TICK = 6,
    TITLE_SIZE = 18,
    LABEL_SIZE = 14,
    TICK_SIZE = 13,
    LINE_SIZE = 12,
    X_TICKS = 9,
    Y_TICKS = 10,
    BAR_TICKS = 8,
    AWAY = 11, /* labels from the ends of their lines */
    LEAST = 4  /* pixels of the smallest mark */
};

#define GROUND 0xf4f4f4u /* of the plot: yellow is seen on it */
#define MARGIN 0.06      /* of the plot, on each side of the marks: at least */
#define DIGIT  7.8       /* pixels of a letter of a line's label, amply */
#define NEARLY 1.25      /* values this little beyond the clip are not worth clipping */

struct drawing {
    struct qn_pen pen;
    const struct qn_map *map;
    double scale;       /* pixels for a map unit */
    double west, north; /* of the plot's corner, in map units */
    double least, most; /* of the values */
    double clip;        /* where the colours end */
};

/* ---- colours -------------------------------------------------------------------------------- */

uint32_t qn_map_colour(double part)
{
    static const double radians = 0.017453292519943295;
    part = part < 0 ? 0 : part > 1 ? 1 : part;
    double hue = (290 - 185 * part) * radians;
    double chroma = 0.11;
    return qn_colour_oklab(0.34 + 0.56 * part, chroma * cos(hue), chroma * sin(hue));
}

/* The part of the scale that a value has; the middle where all values are the same. */
static double part_of(const struct drawing *d, double value)
{
    return d->clip > d->least ? (value - d->least) / (d->clip - d->least) : 0.5;
}

static enum qn_status find_range(struct drawing *d, struct qn_error *err)
{
    const struct qn_map *map = d->map;
    float *values = qn_sys.malloc(map->count * sizeof *values);
    if (!values)
        return qn_fail_memory(err, "the map", map->count * sizeof *values);
    d->least = d->most = (double)map->marks[0].value;
    for (size_t i = 0; i < map->count; i++) {
        values[i] = map->marks[i].value;
        d->least = fmin(d->least, (double)values[i]);
        d->most = fmax(d->most, (double)values[i]);
    }
    d->clip = fmin(fmax(qn_amplitude_clip(values, map->count), d->least), d->most);
    if (d->most <= NEARLY * d->clip)
        d->clip = d->most;
    free(values);
    return QN_OK;
}

/* ---- places --------------------------------------------------------------------------------- */

static void include(double box[4], double x, double y)
{
    box[0] = fmin(box[0], x);
    box[1] = fmax(box[1], x);
    box[2] = fmin(box[2], y);
    box[3] = fmax(box[3], y);
}

/* Chooses scale and origin such that all marks and lines are in the middle of the plot, with room
 * for the labels beside them. */
static void place_plot(struct drawing *d)
{
    const struct qn_map *map = d->map;
    double box[4] = {INFINITY, -INFINITY, INFINITY, -INFINITY};
    double half_x = (fabs(map->u[0]) + fabs(map->v[0])) / 2;
    double half_y = (fabs(map->u[1]) + fabs(map->v[1])) / 2;
    for (size_t i = 0; i < map->count; i++) {
        include(box, map->marks[i].x - half_x, map->marks[i].y - half_y);
        include(box, map->marks[i].x + half_x, map->marks[i].y + half_y);
    }
    double beside = MARGIN * PLOT_WIDTH;
    for (size_t i = 0; i < map->line_count; i++) {
        include(box, map->lines[i].x0, map->lines[i].y0);
        include(box, map->lines[i].x1, map->lines[i].y1);
        beside = fmax(beside, AWAY + DIGIT * (double)strlen(map->lines[i].label));
    }
    double width = box[1] - box[0];
    double height = box[3] - box[2];
    d->scale = fmin(width > 0 ? (PLOT_WIDTH - 2 * beside) / width : INFINITY,
                    height > 0 ? PLOT_HEIGHT * (1 - 2 * MARGIN) / height : INFINITY);
    if (!isfinite(d->scale))
        d->scale = PLOT_HEIGHT;
    d->west = (box[0] + box[1]) / 2 - PLOT_WIDTH / 2.0 / d->scale;
    d->north = (box[2] + box[3]) / 2 + PLOT_HEIGHT / 2.0 / d->scale;
}

/* Pixels from the plot's upper left corner. */
static double across(const struct drawing *d, double x)
{
    return (x - d->west) * d->scale;
}

static double down(const struct drawing *d, double y)
{
    return (d->north - y) * d->scale;
}

/* ---- marks ---------------------------------------------------------------------------------- */

struct pixels { /* of a mark: rows and columns, the ends left out */
    int x0, x1, y0, y1;
};

static int within(double value, int most)
{
    return value < 0 ? 0 : value > most ? most : (int)value;
}

/* The pixels whose middles lie within `reach_x` and `reach_y` of a place. */
static struct pixels around(double x, double y, double reach_x, double reach_y)
{
    return (struct pixels){
        within(ceil(x - reach_x - 0.5), PLOT_WIDTH), within(ceil(x + reach_x - 0.5), PLOT_WIDTH),
        within(ceil(y - reach_y - 0.5), PLOT_HEIGHT), within(ceil(y + reach_y - 0.5), PLOT_HEIGHT)};
}

/* Sets the pixels whose middles lie in the parallelogram; a mark too small gets its square. */
static void set_mark(const struct drawing *d, const struct qn_map_mark *mark, uint32_t *pixels)
{
    const double *u = d->map->u;
    const double *v = d->map->v;
    double determinant = (u[0] * v[1] - u[1] * v[0]) * d->scale * d->scale;
    double reach_x = (fabs(u[0]) + fabs(v[0])) / 2 * d->scale;
    double reach_y = (fabs(u[1]) + fabs(v[1])) / 2 * d->scale;
    bool small = fabs(determinant) < LEAST * LEAST;
    if (small) {
        reach_x = fmax(reach_x, LEAST / 2.0);
        reach_y = fmax(reach_y, LEAST / 2.0);
    }
    double x = across(d, mark->x);
    double y = down(d, mark->y);
    uint32_t colour = qn_map_colour(part_of(d, (double)mark->value));
    struct pixels all = around(x, y, reach_x, reach_y);
    for (int row = all.y0; row < all.y1; row++) {
        for (int column = all.x0; column < all.x1; column++) {
            double dx = column + 0.5 - x;
            double dy = y - (row + 0.5);
            double a = (dx * v[1] - dy * v[0]) * d->scale / determinant;
            double b = (dy * u[0] - dx * u[1]) * d->scale / determinant;
            if (small || (a >= -0.5 && a < 0.5 && b >= -0.5 && b < 0.5))
                pixels[row * PLOT_WIDTH + column] = colour;
        }
    }
}

static void draw_marks(struct drawing *d, uint32_t *pixels)
{
    for (size_t i = 0; i < (size_t)PLOT_WIDTH * PLOT_HEIGHT; i++)
        pixels[i] = GROUND;
    for (size_t i = 0; i < d->map->count; i++)
        set_mark(d, &d->map->marks[i], pixels);
    qn_pen_image(&d->pen, pixels, PLOT_WIDTH, PLOT_HEIGHT, PLOT_X, PLOT_Y);
    qn_pen_frame(&d->pen, PLOT_X, PLOT_Y, PLOT_WIDTH, PLOT_HEIGHT);
}

/* ---- numbered lines ------------------------------------------------------------------------- */

/* A label beyond the end (x, y) of a line that comes from the direction (dx, dy), pixels. */
static void draw_line_label(struct drawing *d, double x, double y, double dx, double dy,
                            const char *label)
{
    double length = hypot(dx, dy);
    double out_x = length > 0 ? dx / length : 0;
    double out_y = length > 0 ? dy / length : 1;
    enum qn_pen_align place = out_x > 0.4 ? QN_AT_START : out_x < -0.4 ? QN_AT_END : QN_AT_MIDDLE;
    qn_pen_text(&d->pen, x + AWAY * out_x, y + AWAY * out_y + LINE_SIZE * (0.36 + 0.4 * out_y),
                place, LINE_SIZE, 120, label);
}

static void draw_lines(struct drawing *d)
{
    cairo_t *cr = d->pen.cr;
    cairo_save(cr);
    cairo_rectangle(cr, PLOT_X, PLOT_Y, PLOT_WIDTH, PLOT_HEIGHT);
    cairo_clip(cr);
    for (size_t i = 0; i < d->map->line_count; i++) {
        const struct qn_map_line *line = &d->map->lines[i];
        double x0 = PLOT_X + across(d, line->x0);
        double y0 = PLOT_Y + down(d, line->y0);
        double x1 = PLOT_X + across(d, line->x1);
        double y1 = PLOT_Y + down(d, line->y1);
        cairo_set_source_rgba(cr, QN_INK, QN_INK, QN_INK, 0.45);
        qn_pen_line(&d->pen, x0, y0, x1, y1);
        cairo_set_source_rgb(cr, QN_INK, QN_INK, QN_INK);
        draw_line_label(d, x0, y0, x0 - x1, y0 - y1, line->label);
        if (x0 != x1 || y0 != y1)
            draw_line_label(d, x1, y1, x1 - x0, y1 - y0, line->label);
    }
    cairo_restore(cr);
}

/* ---- axes ----------------------------------------------------------------------------------- */

static void draw_x_axis(struct drawing *d)
{
    struct qn_ticks ticks = qn_ticks_within(d->west, d->west + PLOT_WIDTH / d->scale, X_TICKS, 0);
    for (size_t i = 0; i < ticks.count; i++) {
        char label[32];
        double x = floor(PLOT_X + across(d, qn_tick_value(&ticks, i))) + 0.5;
        qn_tick_label(&ticks, i, label, sizeof label);
        qn_pen_line(&d->pen, x, PLOT_BOTTOM + 1, x, PLOT_BOTTOM + 1 + TICK);
        qn_pen_text(&d->pen, x, PLOT_BOTTOM + TICK + 16, QN_AT_MIDDLE, TICK_SIZE, 110, label);
    }
    qn_pen_text(&d->pen, PLOT_X + PLOT_WIDTH / 2.0, PLOT_BOTTOM + 44, QN_AT_MIDDLE, LABEL_SIZE,
                PLOT_WIDTH, d->map->x_label ? d->map->x_label : "x");
}

static void draw_y_axis(struct drawing *d)
{
    struct qn_ticks ticks =
        qn_ticks_within(d->north - PLOT_HEIGHT / d->scale, d->north, Y_TICKS, 0);
    for (size_t i = 0; i < ticks.count; i++) {
        char label[32];
        double y = floor(PLOT_Y + down(d, qn_tick_value(&ticks, i))) + 0.5;
        qn_tick_label(&ticks, i, label, sizeof label);
        qn_pen_line(&d->pen, PLOT_X - 1, y, PLOT_X - 1 - TICK, y);
        qn_pen_text(&d->pen, PLOT_X - TICK - 5, y + TICK_SIZE * 0.36, QN_AT_END, TICK_SIZE, 92,
                    label);
    }
    qn_pen_text_up(&d->pen, 20, PLOT_Y + PLOT_HEIGHT / 2.0, LABEL_SIZE, PLOT_HEIGHT,
                   d->map->y_label ? d->map->y_label : "y");
}

static void draw_north(struct drawing *d)
{
    cairo_t *cr = d->pen.cr;
    qn_pen_text(&d->pen, NORTH_X, NORTH_Y + 8, QN_AT_MIDDLE, LABEL_SIZE, 30, "N");
    cairo_move_to(cr, NORTH_X, NORTH_Y + 14);
    cairo_line_to(cr, NORTH_X + 8, NORTH_Y + 50);
    cairo_line_to(cr, NORTH_X, NORTH_Y + 42);
    cairo_line_to(cr, NORTH_X - 8, NORTH_Y + 50);
    cairo_close_path(cr);
    cairo_fill(cr);
}

/* ---- colour bar ----------------------------------------------------------------------------- */

static void draw_bar_image(struct drawing *d)
{
    uint32_t pixels[BAR_HEIGHT * BAR_WIDTH];
    bool one = !(d->clip > d->least);
    for (int y = 0; y < BAR_HEIGHT; y++) {
        uint32_t colour = qn_map_colour(one ? 0.5 : 1 - (y + 0.5) / BAR_HEIGHT);
        for (int x = 0; x < BAR_WIDTH; x++)
            pixels[y * BAR_WIDTH + x] = colour;
    }
    qn_pen_image(&d->pen, pixels, BAR_WIDTH, BAR_HEIGHT, BAR_X, BAR_Y);
    qn_pen_frame(&d->pen, BAR_X, BAR_Y, BAR_WIDTH, BAR_HEIGHT);
}

static void draw_bar_tick(struct drawing *d, double part, const char *label)
{
    double y = floor(BAR_Y + (1 - part) * BAR_HEIGHT) + 0.5;
    qn_pen_line(&d->pen, BAR_X + BAR_WIDTH + 1, y, BAR_X + BAR_WIDTH + TICK, y);
    qn_pen_text(&d->pen, BAR_X + BAR_WIDTH + TICK + 4, y + TICK_SIZE * 0.36, QN_AT_START, TICK_SIZE,
                60, label);
}

static void draw_bar(struct drawing *d)
{
    char label[32];
    draw_bar_image(d);
    qn_pen_text(&d->pen, BAR_X - 4, BAR_Y - 14, QN_AT_START, LABEL_SIZE, 100,
                d->map->value_label ? d->map->value_label : "Fold");
    if (!(d->clip > d->least)) {
        snprintf(label, sizeof label, "%.4g", d->least);
        draw_bar_tick(d, 0.5, label);
        return;
    }
    struct qn_ticks ticks = qn_ticks_within(d->least, d->clip, BAR_TICKS, 0);
    for (size_t i = 0; i < ticks.count; i++) {
        qn_tick_label(&ticks, i, label, sizeof label);
        draw_bar_tick(d, part_of(d, qn_tick_value(&ticks, i)), label);
    }
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void draw_captions(struct drawing *d)
{
    char text[160];
    if (d->map->caption)
        qn_pen_text(&d->pen, PLOT_X, PLOT_BOTTOM + 74, QN_AT_START, TICK_SIZE, PLOT_WIDTH + 110,
                    d->map->caption);
    if (d->clip < d->most)
        snprintf(
            text, sizeof text,
            "Colours end at %.4g, which %d %% of the marks do not exceed; the largest is %.4g.",
            d->clip, QN_CLIP_PERCENT, d->most);
    else if (d->least < d->most)
        snprintf(text, sizeof text,
                 "Colours go from the smallest value, %.4g, to the largest, %.4g.", d->least,
                 d->most);
    else
        snprintf(text, sizeof text, "All values are %.4g.", d->least);
    qn_pen_text(&d->pen, PLOT_X, PLOT_BOTTOM + 94, QN_AT_START, TICK_SIZE, PLOT_WIDTH + 110, text);
}

static void draw_all(struct drawing *d, uint32_t *pixels)
{
    qn_pen_begin(&d->pen, QN_MAP_WIDTH, QN_MAP_HEIGHT);
    place_plot(d);
    draw_marks(d, pixels);
    draw_lines(d);
    draw_x_axis(d);
    draw_y_axis(d);
    draw_north(d);
    draw_bar(d);
    draw_captions(d);
    if (d->map->title)
        qn_pen_text(&d->pen, PLOT_X, 34, QN_AT_START, TITLE_SIZE, PLOT_WIDTH + 90, d->map->title);
}

/* Finite, and so are products of a few of them. */
static bool can_be_drawn(double a, double b)
{
    return fabs(a) < 1e50 && fabs(b) < 1e50;
}

static enum qn_status check_map(const struct qn_map *map, struct qn_error *err)
{
    bool sound =
        map->count > 0 && can_be_drawn(map->u[0], map->u[1]) && can_be_drawn(map->v[0], map->v[1]);
    for (size_t i = 0; i < map->count && sound; i++)
        sound = can_be_drawn(map->marks[i].x, map->marks[i].y) && isfinite(map->marks[i].value);
    for (size_t i = 0; i < map->line_count && sound; i++)
        sound = can_be_drawn(map->lines[i].x0, map->lines[i].y0) &&
                can_be_drawn(map->lines[i].x1, map->lines[i].y1);
    if (!sound)
        return qn_fail(err, QN_ERR_USAGE,
                       "a map of %zu marks cannot be drawn: give at least one, and finite places "
                       "and values.",
                       map->count);
    return QN_OK;
}

enum qn_status qn_map_png(const struct qn_map *map, struct qn_buf *png, struct qn_error *err)
{
    struct drawing d = {.map = map};
    enum qn_status status = check_map(map, err);
    if (!status)
        status = find_range(&d, err);
    if (status)
        return status;
    uint32_t *pixels = qn_sys.malloc((size_t)PLOT_WIDTH * PLOT_HEIGHT * sizeof *pixels);
    if (!pixels)
        return qn_fail_memory(err, "the map", (uint64_t)PLOT_WIDTH * PLOT_HEIGHT * 4);
    draw_all(&d, pixels);
    status = qn_pen_end(&d.pen, png, err);
    free(pixels);
    return status;
}
