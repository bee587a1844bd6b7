/* The picture of coverage: see coverage.h. */
#include "render/coverage.h"

#include "render/pen.h"

#include <math.h>

enum {
    NAMES = 220, /* pixels left of the plot */
    TOP = 64,
    WIDTH = 900,
    RIGHT = 24,
    LEGEND = 60,
    MOST_HEIGHT = 640,
    ROW = 16,    /* of a series, when there are few */
    LABELS = 10, /* dates along the axis, at most */
    LABEL_WIDTH = WIDTH / LABELS - 4,
    LABEL_SIZE = 12,
    LEGEND_SIZE = 13,
    TITLE_SIZE = 17
};

static const struct {
    double red, green, blue;
} colours[] = {{0.76, 0.20, 0.16}, {0.93, 0.55, 0.25}, {0.97, 0.82, 0.36}, {0.25, 0.56, 0.44}};
static const char *const colour_names[] = {"nothing", "less than half", "some missing", "complete"};

static int colour_of(float part)
{
    return part <= 0 ? 0 : part < 0.5f ? 1 : part < 1 ? 2 : 3;
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

static void draw_labels(struct qn_pen *pen, const struct qn_coverage *c, size_t rows, double height)
{
    cairo_set_source_rgb(pen->cr, QN_INK, QN_INK, QN_INK);
    double row = height / (double)rows;
    size_t every = row >= 12 ? 1 : (size_t)ceil(12 / row);
    for (size_t y = 0; y < rows; y += every)
        qn_pen_text(pen, NAMES - 8, TOP + ((double)y + 0.5) * row + 4, QN_AT_END, LABEL_SIZE,
                    NAMES - 16, c->names[y * c->series / rows]);
    size_t labels = c->periods < LABELS ? c->periods : LABELS;
    for (size_t i = 0; i < labels; i++) {
        size_t period = i * c->periods / labels;
        double x = NAMES + (double)period * WIDTH / (double)c->periods;
        cairo_rectangle(pen->cr, floor(x), TOP - 6, 1, 5);
        cairo_fill(pen->cr);
        qn_pen_text(pen, x, TOP - 10, QN_AT_START, LABEL_SIZE, LABEL_WIDTH, c->dates[period]);
    }
    qn_pen_text(pen, NAMES, 26, QN_AT_START, TITLE_SIZE, WIDTH, c->title);
}

static void draw_legend(struct qn_pen *pen, double y)
{
    cairo_t *cr = pen->cr;
    double x = NAMES;
    for (size_t i = 0; i < sizeof colours / sizeof *colours; i++) {
        cairo_set_source_rgb(cr, colours[i].red, colours[i].green, colours[i].blue);
        cairo_rectangle(cr, x, y, 14, 14);
        cairo_fill(cr);
        cairo_set_source_rgb(cr, QN_INK, QN_INK, QN_INK);
        qn_pen_text(pen, x + 20, y + 12, QN_AT_START, LEGEND_SIZE, 130, colour_names[i]);
        x += 150;
    }
    qn_pen_text(pen, x, y + 12, QN_AT_START, LEGEND_SIZE, 260, "white: outside of the series");
}

enum qn_status qn_coverage_png(const struct qn_coverage *coverage, struct qn_buf *png,
                               struct qn_error *err)
{
    size_t rows = coverage->series < MOST_HEIGHT ? coverage->series : MOST_HEIGHT;
    int height = (int)(rows * ROW < MOST_HEIGHT ? rows * ROW : MOST_HEIGHT);
    struct qn_pen pen;
    qn_pen_begin(&pen, NAMES + WIDTH + RIGHT, TOP + height + LEGEND);
    if (rows > 0 && coverage->periods > 0) {
        draw_cells(pen.cr, coverage, rows, height);
        draw_labels(&pen, coverage, rows, height);
        draw_legend(&pen, TOP + height + 22);
    }
    return qn_pen_end(&pen, png, err);
}
