/* Texts and lines of pictures: see pen.h. */
#include "render/pen.h"

#include "base/utf8.h"
#include "render/png.h"

#include <math.h>

void qn_pen_begin(struct qn_pen *pen, int width, int height)
{
    pen->failed = false;
    pen->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    pen->cr = cairo_create(pen->surface);
    cairo_set_source_rgb(pen->cr, 1, 1, 1);
    cairo_paint(pen->cr);
    qn_pen_weight(pen, false);
    cairo_set_line_width(pen->cr, 1);
    cairo_set_source_rgb(pen->cr, QN_INK, QN_INK, QN_INK);
}

enum qn_status qn_pen_end(struct qn_pen *pen, struct qn_buf *png, struct qn_error *err)
{
    cairo_status_t drawn = cairo_status(pen->cr);
    enum qn_status status;
    if (pen->failed || drawn == CAIRO_STATUS_NO_MEMORY)
        status = qn_fail_memory(err, "the picture",
                                4ull * (unsigned)cairo_image_surface_get_width(pen->surface) *
                                    (unsigned)cairo_image_surface_get_height(pen->surface));
    else if (drawn != CAIRO_STATUS_SUCCESS)
        status = qn_fail(err, QN_ERR_INTERNAL,
                         "the picture could not be drawn: %s. The data is not concerned.",
                         cairo_status_to_string(drawn));
    else
        status = qn_png_encode(pen->surface, png, err);
    cairo_destroy(pen->cr);
    cairo_surface_destroy(pen->surface);
    return status;
}

static double text_width(cairo_t *cr, const char *text)
{
    cairo_text_extents_t extents;
    cairo_text_extents(cr, text, &extents);
    return extents.x_advance;
}

/* Shortens clean UTF-8 until it is no wider than `most`. */
static void fit(cairo_t *cr, struct qn_buf *text, double most)
{
    size_t len = text->len - 1;
    while (len > 0 && text_width(cr, (char *)text->data) > most) {
        do
            len--;
        while (len > 0 && (text->data[len] & 0xc0) == 0x80);
        text->len = len;
        qn_buf_append(text, "\u2026", sizeof "\u2026"); /* an ellipsis and its NUL */
        if (text->failed)
            return;
    }
}

void qn_pen_text(struct qn_pen *pen, double x, double y, enum qn_pen_align place, int size,
                 double most, const char *text)
{
    struct qn_buf clean = {0};
    cairo_set_font_size(pen->cr, size);
    qn_utf8_clean(&clean, text, 512);
    qn_buf_u8(&clean, '\0');
    if (!clean.failed)
        fit(pen->cr, &clean, most);
    if (clean.failed) {
        pen->failed = true;
    } else {
        double width = text_width(pen->cr, (char *)clean.data);
        double before = place == QN_AT_END ? width : place == QN_AT_MIDDLE ? width / 2 : 0;
        cairo_move_to(pen->cr, x - before, y);
        cairo_show_text(pen->cr, (char *)clean.data);
    }
    qn_buf_release(&clean);
}

void qn_pen_text_up(struct qn_pen *pen, double x, double y, int size, double most, const char *text)
{
    cairo_save(pen->cr);
    cairo_translate(pen->cr, x, y);
    cairo_rotate(pen->cr, -acos(0));
    qn_pen_text(pen, 0, 0, QN_AT_MIDDLE, size, most, text);
    cairo_restore(pen->cr);
}

void qn_pen_weight(struct qn_pen *pen, bool bold)
{
    cairo_select_font_face(pen->cr, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
}

void qn_pen_line(struct qn_pen *pen, double x0, double y0, double x1, double y1)
{
    cairo_move_to(pen->cr, x0, y0);
    cairo_line_to(pen->cr, x1, y1);
    cairo_stroke(pen->cr);
}

void qn_pen_frame(struct qn_pen *pen, int x, int y, int width, int height)
{
    cairo_rectangle(pen->cr, x - 0.5, y - 0.5, width + 1, height + 1);
    cairo_stroke(pen->cr);
}

void qn_pen_image(struct qn_pen *pen, const uint32_t *pixels, int width, int height, int x, int y)
{
    cairo_surface_t *image = cairo_image_surface_create_for_data(
        (unsigned char *)pixels, CAIRO_FORMAT_RGB24, width, height, 4 * width);
    cairo_set_source_surface(pen->cr, image, x, y);
    cairo_paint(pen->cr);
    cairo_set_source_rgb(pen->cr, QN_INK, QN_INK, QN_INK);
    cairo_surface_finish(image); /* its pixels are the caller's */
    cairo_surface_destroy(image);
}
