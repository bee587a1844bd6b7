/* Texts and lines of pictures, as all of them draw them: DejaVu Sans, dark grey on white, lines a
 * pixel wide. */
#ifndef QN_RENDER_PEN_H
#define QN_RENDER_PEN_H

#include "base/buf.h"

#include <cairo.h>
#include <quern/error.h>

#define QN_INK 0.13 /* grey level of texts and lines */

struct qn_pen {
    cairo_t *cr;
    cairo_surface_t *surface;
    bool failed; /* out of memory for a text */
};

/* Begins a picture of that many pixels: white, with font, colour and width of lines set. */
void qn_pen_begin(struct qn_pen *pen, int width, int height);

/* Ends it: what was drawn is appended to *png, unless drawing failed. */
enum qn_status qn_pen_end(struct qn_pen *pen, struct qn_buf *png, struct qn_error *err);

enum qn_pen_align { QN_AT_START, QN_AT_MIDDLE, QN_AT_END };

/* Text of a size with its baseline at y, placed about x, shortened to `most` pixels with an
 * ellipsis. UTF-8; what is not becomes U+FFFD. */
void qn_pen_text(struct qn_pen *pen, double x, double y, enum qn_pen_align place, int size,
                 double most, const char *text);

/* The same, running upwards, its middle at (x, y). */
void qn_pen_text_up(struct qn_pen *pen, double x, double y, int size, double most,
                    const char *text);

/* Whether the texts that follow are bold. At first they are not. */
void qn_pen_weight(struct qn_pen *pen, bool bold);
void qn_pen_line(struct qn_pen *pen, double x0, double y0, double x1, double y1);

/* A frame around the given pixels. */
void qn_pen_frame(struct qn_pen *pen, int x, int y, int width, int height);

/* Pixels (0xRRGGBB) laid into the picture one to one. */
void qn_pen_image(struct qn_pen *pen, const uint32_t *pixels, int width, int height, int x, int y);

#endif
