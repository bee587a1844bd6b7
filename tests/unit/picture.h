/* Pictures read back by Cairo, for the tests of what draws. */
#ifndef QN_TESTS_PICTURE_H
#define QN_TESTS_PICTURE_H

#include "check.h"

#include "base/buf.h"

#include <cairo.h>
#include <string.h>

/* Fontconfig keeps what it has read until the process ends. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig\n";
}

static inline cairo_status_t picture_bytes(void *context, unsigned char *bytes, unsigned len)
{
    struct qn_cursor *png = context;
    const uint8_t *from = qn_cursor_bytes(png, len);
    if (!from)
        return CAIRO_STATUS_READ_ERROR;
    memcpy(bytes, from, len);
    return CAIRO_STATUS_SUCCESS;
}

/* Reads the PNG and releases it. */
static inline cairo_surface_t *picture_read(struct qn_buf *png)
{
    struct qn_cursor at = {.data = png->data, .len = png->len};
    cairo_surface_t *picture = cairo_image_surface_create_from_png_stream(picture_bytes, &at);
    assert_int_equal(cairo_surface_status(picture), CAIRO_STATUS_SUCCESS);
    qn_buf_release(png);
    return picture;
}

#endif
