/* PNG by libpng's simplified writer: see png.h. */
#include "render/png.h"

#include "base/sys.h"

#include <png.h>
#include <stdlib.h>

/* Pixels of a surface, 32 bits of host order with red at bit 16, as three bytes each. */
static void pack_pixels(cairo_surface_t *surface, uint8_t *rgb)
{
    const uint8_t *data = cairo_image_surface_get_data(surface);
    int stride = cairo_image_surface_get_stride(surface);
    int width = cairo_image_surface_get_width(surface);
    int height = cairo_image_surface_get_height(surface);
    for (int y = 0; y < height; y++) {
        const uint32_t *row = (const uint32_t *)(const void *)(data + (size_t)y * (size_t)stride);
        for (int x = 0; x < width; x++) {
            *rgb++ = (uint8_t)(row[x] >> 16);
            *rgb++ = (uint8_t)(row[x] >> 8);
            *rgb++ = (uint8_t)row[x];
        }
    }
}

enum qn_status qn_png_encode(cairo_surface_t *surface, struct qn_buf *png, struct qn_error *err)
{
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)cairo_image_surface_get_width(surface),
                       .height = (png_uint_32)cairo_image_surface_get_height(surface),
                       .format = PNG_FORMAT_RGB,
                       .flags = PNG_IMAGE_FLAG_FAST};
    size_t bound = PNG_IMAGE_PNG_SIZE_MAX(image);
    uint8_t *rgb = qn_sys.malloc(PNG_IMAGE_SIZE(image));
    uint8_t *to = qn_buf_reserve(png, bound);
    if (!rgb || !to) {
        free(rgb);
        return qn_fail_memory(err, "the picture", bound);
    }
    cairo_surface_flush(surface);
    pack_pixels(surface, rgb);
    png_alloc_size_t len = bound;
    int written = png_image_write_to_memory(&image, to, &len, 0, rgb, 0, NULL);
    free(rgb);
    if (!written)
        return qn_fail(err, QN_ERR_INTERNAL, "the picture cannot be encoded: %s.", image.message);
    png->len += len;
    return QN_OK;
}
