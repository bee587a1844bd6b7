/* The picture of coverage: see coverage.h. */
#include "render/coverage.h"

#include "base/utf8.h"
#include "render/png.h"

#include <cairo.h>
#include <math.h>
#include <stdio.h>

enum {
    NAMES = 220, /* pixels left of the plot */
    TOP = 64,
    WIDTH = 900,
    RIGHT = 24,
    LEGEND = 60,
    MOST_HEIGHT = 640,
    ROW = 16,    /* of a series, when there are few */
    LABELS = 10, /* dates along the axis, at most */
    LABEL_WIDTH = WIDTH / LABELS - 4
};

static const struct {
    double red, green, blue;
} colours[] = {{0.76, 0.20, 0.16}, {0.93, 0.55, 0.25}, {0.97, 0.82, 0.36}, {0.25, 0.56, 0.44}};
static const char *const colour_names[] = {"nothing", "less than half", "some missing", "complete"};

static int colour_of(float part)
{
    return part <= 0 ? 0 : part < 0.5f ? 1 : part < 1 ? 2 : 3;
}

static void put_text(cairo_t *cr, double x, double y, const char *text, double most, bool right)
{
    struct qn_buf clean = {0};
    cairo_text_extents_t extents;
    qn_utf8_clean(&clean, text, 60);
    qn_buf_u8(&clean, 0);
    if (!clean.failed) {
        cairo_text_extents(cr, (char *)clean.data, &extents);
        cairo_save(cr);
        cairo_rectangle(cr, right ? x - most : x, y - 20, most, 28);
        cairo_clip(cr);
        cairo_move_to(cr,
                      right && extents.x_advance < most ? x - extents.x_advance
                      : right                           ? x - most
                                                        : x,
                      y);
        cairo_show_text(cr, (char *)clean.data);
        cairo_restore(cr);
    }
    qn_buf_release(&clean);
}

/* The worst cell of those that a pixel stands for. */
static float worst(const struct qn_coverage *c, size_t s0, size_t s1, size_t p0, size_t p1)
{
    float least = NAN;
    for (size_t s = s0; s < s1; s++) {
        for (size_t p = p0; p < p1; p++) {
            float part = c->parts[s * c->periods + p];
            least = isnan(least) || part < least ? (isnan(part) ? least : part) : least;
        }
    }
    return least;
}

static void draw_cells(cairo_t *cr, const struct qn_coverage *c, size_t rows, double height)
{
    size_t columns = c->periods < WIDTH ? c->periods : WIDTH;
    cairo_set_antialias(cr, CAIRO_ANTIALIAS_NONE);
    for (size_t y = 0; y < rows; y++) {
        for (size_t x = 0; x < columns; x++) {
            float part = worst(c, y * c->series / rows, (y + 1) * c->series / rows,
                               x * c->periods / columns, (x + 1) * c->periods / columns);
            if (isnan(part))
                continue;
            int colour = colour_of(part);
            double left = floor((double)x * WIDTH / (double)columns);
            double right = floor((double)(x + 1) * WIDTH / (double)columns);
            double top = floor((double)y * height / (double)rows);
            double bottom = floor((double)(y + 1) * height / (double)rows);
            double gap = height / (double)rows > 6 ? 1 : 0;
            cairo_set_source_rgb(cr, colours[colour].red, colours[colour].green,
                                 colours[colour].blue);
            cairo_rectangle(cr, NAMES + left, TOP + top, right - left, bottom - top - gap);
            cairo_fill(cr);
        }
    }
    cairo_set_antialias(cr, CAIRO_ANTIALIAS_DEFAULT);
}

static void draw_labels(cairo_t *cr, const struct qn_coverage *c, size_t rows, double height)
{
    cairo_set_source_rgb(cr, 0.13, 0.13, 0.13);
    cairo_set_font_size(cr, 12);
    double row = height / (double)rows;
    size_t every = row >= 12 ? 1 : (size_t)ceil(12 / row);
    for (size_t y = 0; y < rows; y += every)
        put_text(cr, NAMES - 8, TOP + ((double)y + 0.5) * row + 4, c->names[y * c->series / rows],
                 NAMES - 16, true);
    size_t labels = c->periods < LABELS ? c->periods : LABELS;
    for (size_t i = 0; i < labels; i++) {
        size_t period = i * c->periods / labels;
        double x = NAMES + (double)period * WIDTH / (double)c->periods;
        cairo_rectangle(cr, floor(x), TOP - 6, 1, 5);
        cairo_fill(cr);
        put_text(cr, x, TOP - 10, c->dates[period], LABEL_WIDTH, false);
    }
    cairo_set_font_size(cr, 17);
    put_text(cr, NAMES, 26, c->title, WIDTH, false);
}

static void draw_legend(cairo_t *cr, double y)
{
    double x = NAMES;
    cairo_set_font_size(cr, 13);
    for (size_t i = 0; i < sizeof colours / sizeof *colours; i++) {
        cairo_set_source_rgb(cr, colours[i].red, colours[i].green, colours[i].blue);
        cairo_rectangle(cr, x, y, 14, 14);
        cairo_fill(cr);
        cairo_set_source_rgb(cr, 0.13, 0.13, 0.13);
        put_text(cr, x + 20, y + 12, colour_names[i], 130, false);
        x += 150;
    }
    put_text(cr, x, y + 12, "white: outside of the series", 260, false);
}

enum qn_status qn_coverage_png(const struct qn_coverage *coverage, struct qn_buf *png,
                               struct qn_error *err)
{
    size_t rows = coverage->series < MOST_HEIGHT ? coverage->series : MOST_HEIGHT;
    int height = (int)(rows * ROW < MOST_HEIGHT ? rows * ROW : MOST_HEIGHT);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, NAMES + WIDTH + RIGHT,
                                                          TOP + height + LEGEND);
    cairo_t *cr = cairo_create(surface);
    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_paint(cr);
    cairo_select_font_face(cr, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    if (rows > 0 && coverage->periods > 0) {
        draw_cells(cr, coverage, rows, height);
        draw_labels(cr, coverage, rows, height);
        draw_legend(cr, TOP + height + 22);
    }
    enum qn_status status = cairo_status(cr) ? qn_fail_memory(err, "the picture", 1u << 22)
                                             : qn_png_encode(surface, png, err);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    return status;
}
