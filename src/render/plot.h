/* Plots of numbers: panels with axes, points, lines and bars on one page. Drawn with Cairo. */
#ifndef QN_RENDER_PLOT_H
#define QN_RENDER_PLOT_H

#include "base/buf.h"

#include <quern/error.h>
#include <stdbool.h>

enum qn_series_kind {
    QN_SERIES_POINTS, /* small discs */
    QN_SERIES_RINGS,  /* circles */
    QN_SERIES_LINE,
    QN_SERIES_BARS,   /* from the bottom, `size` wide in units of x */
    QN_SERIES_MARKS,  /* dashed upright lines at x over the whole panel; y is not used */
    QN_SERIES_ARROWS, /* small triangles at the foot of the panel */
    QN_SERIES_ERRORS  /* upright lines at x[i], from y[i] to y[n + i] */
};

struct qn_series {
    enum qn_series_kind kind;
    const double *x;
    const double *y;
    size_t n;
    uint32_t colour; /* 0xRRGGBB */
    double size;     /* points: diameter in pixels; lines: width; bars: see above */
};

struct qn_panel {
    double left, top, width, height; /* of the frame, in pixels; labels lie outside */
    const char *title;
    const char *x_label;
    const char *y_label;
    double x_low, x_high, y_low, y_high; /* what is not within is not drawn */
    bool log_x;                          /* x_low > 0 */
    bool log_y;                          /* y_low > 0 */
    bool plain_y;                        /* no ticks at the left */
    const struct qn_series *series;
    size_t series_count;
};

/* Where a value of x lies on the page. */
double qn_panel_place_x(const struct qn_panel *panel, double x);

enum qn_note_style { QN_NOTE_LEFT, QN_NOTE_MIDDLE, QN_NOTE_BOLD };

struct qn_note { /* a text anywhere on the page */
    double x, y; /* of its left end, or its middle, on the baseline */
    const char *text;
    enum qn_note_style style;
    uint32_t colour;
};

struct qn_page {
    int width, height;
    const char *title;
    const char *const *lines; /* of small text below the title */
    size_t line_count;
    const struct qn_note *notes;
    size_t note_count;
    const struct qn_panel *panels;
    size_t panel_count;
};

/* Appends the page as PNG. Texts are UTF-8. */
enum qn_status qn_page_png(const struct qn_page *page, struct qn_buf *png, struct qn_error *err);

#endif
