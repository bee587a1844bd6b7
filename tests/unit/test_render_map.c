/* The picture of a map read back by Cairo: marks lie where they should, in their colours. */
#include "picture.h"
#include "scarce.h"

#include "render/map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static cairo_surface_t *picture_of(const struct qn_map *map)
{
    struct qn_buf png = {0};
    struct qn_error err;
    if (qn_map_png(map, &png, &err))
        fail_msg("%s", err.message);
    cairo_surface_t *surface = picture_read(&png);
    assert_int_equal(cairo_image_surface_get_width(surface), QN_MAP_WIDTH);
    assert_int_equal(cairo_image_surface_get_height(surface), QN_MAP_HEIGHT);
    return surface;
}

/* Number and mean place of the pixels of a colour, the colour bar left out. */
struct blob {
    size_t count;
    double x, y;
    int left, right, top, bottom;
};

static struct blob find(cairo_surface_t *surface, uint32_t colour)
{
    struct blob blob = {.left = QN_MAP_WIDTH, .top = QN_MAP_HEIGHT};
    const uint8_t *data = cairo_image_surface_get_data(surface);
    int stride = cairo_image_surface_get_stride(surface);
    for (int y = 0; y < QN_MAP_HEIGHT; y++) {
        for (int x = 0; x < 1075; x++) {
            uint32_t pixel;
            memcpy(&pixel, data + y * stride + 4 * x, sizeof pixel);
            if ((pixel & 0xffffff) != colour)
                continue;
            blob.count++;
            blob.x += x;
            blob.y += y;
            blob.left = x < blob.left ? x : blob.left;
            blob.right = x > blob.right ? x : blob.right;
            blob.top = y < blob.top ? y : blob.top;
            blob.bottom = y > blob.bottom ? y : blob.bottom;
        }
    }
    if (blob.count > 0) {
        blob.x /= (double)blob.count;
        blob.y /= (double)blob.count;
    }
    return blob;
}

/* An L: 0 at the corner, 1 to the north, 2 to the east, 100 m apart, squares of 20 m. */
static const struct qn_map_mark corner[] = {
    {500000, 6000000, 0}, {500000, 6000100, 1}, {500100, 6000000, 2}};
static const struct qn_map ell = {.marks = corner, .count = 3, .u = {20, 0}, .v = {0, 20}};

static void test_north_is_up_and_east_to_the_right_at_one_scale(void **state)
{
    (void)state;
    cairo_surface_t *surface = picture_of(&ell);
    struct blob origin = find(surface, qn_map_colour(0));
    struct blob north = find(surface, qn_map_colour(0.5));
    struct blob east = find(surface, qn_map_colour(1));
    double scale = (origin.y - north.y) / 100;
    assert_true(scale > 1);
    assert_true(fabs(north.x - origin.x) < 1);
    assert_true(fabs(east.y - origin.y) < 1);
    assert_true(fabs((east.x - origin.x) / 100 - scale) < 0.02);
    /* A square of 20 m has (20 * scale)^2 pixels. */
    assert_true(fabs(sqrt((double)origin.count) / (20 * scale) - 1) < 0.05);
    cairo_surface_destroy(surface);
}

static void test_marks_are_turned_as_their_edges_are(void **state)
{
    (void)state;
    /* Edges along the diagonals: a square standing on its corner, half as large as its box. */
    const struct qn_map_mark one = {0, 0, 5};
    const struct qn_map map = {.marks = &one, .count = 1, .u = {50, 50}, .v = {50, -50}};
    cairo_surface_t *surface = picture_of(&map);
    struct blob blob = find(surface, qn_map_colour(0.5));
    double box = (double)(blob.right - blob.left + 1) * (blob.bottom - blob.top + 1);
    assert_true(blob.count > 10000);
    assert_true(fabs((double)blob.count / box - 0.5) < 0.01);
    cairo_surface_destroy(surface);
}

/* Parallelograms that share edges cover their plane once: no gaps, no overlaps. */
static void test_turned_bins_fill_their_survey(void **state)
{
    (void)state;
    enum { SIDE = 40 };
    struct qn_map_mark *marks = calloc(SIDE * SIDE, sizeof *marks);
    for (int k = 0; k < SIDE * SIDE; k++) {
        int a = k / SIDE;
        int b = k % SIDE;
        marks[k] = (struct qn_map_mark){3 * a + 1 * b, -1 * a + 3 * b, (float)(k % 2)};
    }
    const struct qn_map map = {.marks = marks, .count = SIDE * SIDE, .u = {3, -1}, .v = {1, 3}};
    cairo_surface_t *surface = picture_of(&map);
    struct blob dark = find(surface, qn_map_colour(0));
    struct blob light = find(surface, qn_map_colour(1));
    int left = dark.left < light.left ? dark.left : light.left;
    int right = dark.right > light.right ? dark.right : light.right;
    int top = dark.top < light.top ? dark.top : light.top;
    int bottom = dark.bottom > light.bottom ? dark.bottom : light.bottom;
    double ground = (double)(right - left + 1) * (bottom - top + 1);
    /* The square of side sqrt(10) * SIDE turned by atan(1 / 3) in its box: 10 / 16. */
    if (fabs((double)(dark.count + light.count) / ground - 0.625) > 0.01)
        fail_msg("%g of the ground is covered", (double)(dark.count + light.count) / ground);
    assert_true(fabs((double)dark.count / (double)light.count - 1) < 0.01);
    cairo_surface_destroy(surface);
    free(marks);
}

static void test_marks_too_small_to_be_seen_are_seen(void **state)
{
    (void)state;
    const struct qn_map_mark far_apart[] = {{0, 0, 1}, {1e6, 1e6, 2}};
    const struct qn_map map = {.marks = far_apart, .count = 2, .u = {0, 0}, .v = {0, 0}};
    cairo_surface_t *surface = picture_of(&map);
    assert_int_equal(find(surface, qn_map_colour(0)).count, 16);
    assert_int_equal(find(surface, qn_map_colour(1)).count, 16);
    cairo_surface_destroy(surface);
}

static void test_odd_maps_are_drawn(void **state)
{
    (void)state;
    const struct qn_map_mark marks[] = {{-1e13, 1e13, 1e30f}, {1e13, -1e13, -5}};
    const struct qn_map_mark near[] = {{500000.125, 6e6, 3}};
    const struct qn_map_line line = {0, 0, 0, 0, "IL 1"};
    const struct qn_map maps[] = {
        {.marks = marks, .count = 2, .u = {1e-9, 0}, .v = {0, 1e12}, .caption = "\xff caption"},
        {.marks = near, .count = 1, .lines = &line, .line_count = 1, .title = ""},
    };
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        cairo_surface_destroy(picture_of(&maps[i]));
}

static void test_the_same_map_gives_the_same_bytes(void **state)
{
    (void)state;
    struct qn_buf a = {0};
    struct qn_buf b = {0};
    assert_int_equal(qn_map_png(&ell, &a, NULL), QN_OK);
    assert_int_equal(qn_map_png(&ell, &b, NULL), QN_OK);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.data, b.data, a.len);
    qn_buf_release(&a);
    qn_buf_release(&b);
}

static void test_maps_that_cannot_be_drawn_are_refused(void **state)
{
    (void)state;
    const struct qn_map_mark nowhere = {NAN, 0, 1};
    const struct qn_map_mark endless = {0, 0, INFINITY};
    struct qn_buf png = {0};
    struct qn_map map = ell;
    map.count = 0;
    assert_int_equal(qn_map_png(&map, &png, NULL), QN_ERR_USAGE);
    map = (struct qn_map){.marks = &nowhere, .count = 1};
    assert_int_equal(qn_map_png(&map, &png, NULL), QN_ERR_USAGE);
    map.marks = &endless;
    assert_int_equal(qn_map_png(&map, &png, NULL), QN_ERR_USAGE);
    const struct qn_map_mark far[] = {{-1e308, 0, 1}, {1e308, 0, 1}};
    map = (struct qn_map){.marks = far, .count = 2};
    assert_int_equal(qn_map_png(&map, &png, NULL), QN_ERR_USAGE);
    const struct qn_map_line line = {0, 0, INFINITY, 0, "7"};
    map = ell;
    map.lines = &line;
    map.line_count = 1;
    assert_int_equal(qn_map_png(&map, &png, NULL), QN_ERR_USAGE);
    assert_int_equal(png.len, 0);
}

/* Lightness by Ottosson's forward transform; the code under test has the inverse. */
static double lightness(uint32_t colour)
{
    double linear[3];
    for (int i = 0; i < 3; i++) {
        double value = (colour >> (16 - 8 * i) & 0xff) / 255.0;
        linear[i] = value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4);
    }
    double l = 0.4122214708 * linear[0] + 0.5363325363 * linear[1] + 0.0514459929 * linear[2];
    double m = 0.2119034982 * linear[0] + 0.6806995451 * linear[1] + 0.1073969566 * linear[2];
    double s = 0.0883024619 * linear[0] + 0.2817188376 * linear[1] + 0.6299787005 * linear[2];
    return 0.2104542553 * cbrt(l) + 0.7936177850 * cbrt(m) - 0.0040720468 * cbrt(s);
}

static void test_colours_get_lighter_evenly(void **state)
{
    (void)state;
    for (int i = 0; i <= 100; i++) {
        double expected = 0.34 + 0.56 * i / 100;
        if (fabs(lightness(qn_map_colour(i / 100.0)) - expected) > 0.02)
            fail_msg("lightness %g at %d, not %g", lightness(qn_map_colour(i / 100.0)), i,
                     expected);
    }
}

static void test_every_failed_allocation_is_told(void **state)
{
    (void)state;
    enum qn_status status = QN_ERR_MEMORY;
    for (int n = 0; status; n++) {
        struct qn_buf png = {0};
        struct qn_sys real = scarce(n);
        status = qn_map_png(&ell, &png, NULL);
        qn_sys = real;
        assert_true(status == QN_OK || status == QN_ERR_MEMORY);
        qn_buf_release(&png);
        assert_true(n < 500);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_north_is_up_and_east_to_the_right_at_one_scale),
        cmocka_unit_test(test_marks_are_turned_as_their_edges_are),
        cmocka_unit_test(test_turned_bins_fill_their_survey),
        cmocka_unit_test(test_marks_too_small_to_be_seen_are_seen),
        cmocka_unit_test(test_odd_maps_are_drawn),
        cmocka_unit_test(test_the_same_map_gives_the_same_bytes),
        cmocka_unit_test(test_maps_that_cannot_be_drawn_are_refused),
        cmocka_unit_test(test_colours_get_lighter_evenly),
        cmocka_unit_test(test_every_failed_allocation_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
