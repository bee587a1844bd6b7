/* The picture of a map: marks on the ground coloured by a value (fold), equal scales in both
 * directions, north up, axes, colour bar, numbered lines. Drawn with Cairo. */
#ifndef QN_RENDER_MAP_H
#define QN_RENDER_MAP_H

#include "base/buf.h"

#include <quern/error.h>

enum { QN_MAP_WIDTH = 1200, QN_MAP_HEIGHT = 900 }; /* of the PNG, in pixels */

struct qn_map_mark {
    double x, y; /* its middle, x to the east, y to the north */
    float value;
};

/* A line with a label at both ends: an inline, a crossline; or a place (both ends) with one below.
 */
struct qn_map_line {
    double x0, y0, x1, y1;
    char label[24];
};

/* What to draw. All marks are parallelograms with the edges u and v, in map units; those too small
 * to be seen are drawn four pixels wide. Texts are UTF-8. The map owns nothing: all pointers stay
 * the caller's. */
struct qn_map {
    const struct qn_map_mark *marks;
    size_t count; /* at least 1; values and places finite */
    double u[2], v[2];
    const struct qn_map_line *lines; /* NULL: none */
    size_t line_count;
    const char *title;       /* NULL: none */
    const char *value_label; /* NULL: "Fold" */
    const char *x_label;     /* "x (m)" */
    const char *y_label;
    const char *caption; /* NULL: none; a second line follows that tells of the colours */
};

/* Draws the map: the PNG is appended to *png. QN_ERR_USAGE for a map without marks. The same map
 * gives the same bytes on the same machine. */
enum qn_status qn_map_png(const struct qn_map *map, struct qn_buf *png, struct qn_error *err);

/* Colour 0xRRGGBB at `part` (0 to 1) of the scale: from dark violet over green to yellow, even in
 * Oklab lightness, so that it reads in grey and in all common kinds of colour blindness. */
uint32_t qn_map_colour(double part);

#endif
