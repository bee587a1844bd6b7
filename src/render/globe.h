/* Pictures of values on a sphere: a rectangular map of the whole of it above two views from over
 * the poles, graticule, colour bar. Drawn with Cairo. */
#ifndef QN_RENDER_GLOBE_H
#define QN_RENDER_GLOBE_H

#include "base/buf.h"

#include <quern/error.h>

enum { QN_GLOBE_WIDTH = 1200, QN_GLOBE_HEIGHT = 1096 }; /* of the PNG, in pixels */
enum { QN_GLOBE_BANDS = 360 };                          /* at most */

struct qn_globe_point {
    double lat_deg;
    double lon_deg; /* -180 to 180, east is positive */
    double value;
};

enum qn_globe_style {
    QN_GLOBE_CELLS,  /* the median of the points in cells of nearly equal area */
    QN_GLOBE_COUNTS, /* how many points are in them */
    QN_GLOBE_DOTS    /* each point, later ones over earlier ones */
};

/* Which values have which colours. All 0: from the smallest value to the largest, from dark to
 * light. With a knee it is the same for every picture: white at 0, blue below, orange above, the
 * darker the larger |value|, by asinh(value / knee): up to the knee by the value, beyond by its
 * logarithm. */
struct qn_globe_scale {
    double low, high; /* its ends: values beyond have their colours */
    double knee;
};

/* What to draw. Points that are not finite or on no globe are left out. Texts are UTF-8. The
 * picture owns nothing: all pointers stay the caller's. */
struct qn_globe {
    enum qn_globe_style style;
    const struct qn_globe_point *points;
    size_t count;
    double cell_deg; /* edge of a cell, 0.5 to 30 */
    struct qn_globe_scale scale;
    const char *title;
    const char *value_label; /* with the unit: "Surface potential (V)" */
    const char *caption;     /* NULL: none; a second line follows that tells of the colours */
};

/* Appends the picture as PNG. Without any point it says so instead of colours. QN_ERR_USAGE for a
 * cell size out of range. The same points give the same bytes on the same machine. */
enum qn_status qn_globe_png(const struct qn_globe *globe, struct qn_buf *png, struct qn_error *err);

/* Colour 0xRRGGBB of a scale with a knee, from -1 (dark blue) over 0 (white) to 1 (dark brown):
 * even in Oklab lightness on either side, and told apart in all common kinds of colour blindness.
 */
uint32_t qn_globe_colour(double part);

/* The cells: bands of latitude, each cut into as many cells as make them nearly square. */
struct qn_globe_cells {
    size_t bands;
    size_t first[QN_GLOBE_BANDS + 1]; /* cell of each band, and the number of all cells */
};

void qn_globe_cells_init(struct qn_globe_cells *cells, double cell_deg);

/* The cell of a place. */
size_t qn_globe_cell_of(const struct qn_globe_cells *cells, double lat_deg, double lon_deg);

#endif
