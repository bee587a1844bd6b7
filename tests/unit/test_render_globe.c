/* The picture of a globe read back by Cairo: places lie where their projections put them. */
#include "picture.h"

#include "render/globe.h"
#include "render/map.h"

#include <math.h>
#include <string.h>

static cairo_surface_t *picture_of(const struct qn_globe *globe)
{
    struct qn_buf png = {0};
    struct qn_error err;
    if (qn_globe_png(globe, &png, &err))
        fail_msg("%s", err.message);
    cairo_surface_t *surface = picture_read(&png);
    assert_int_equal(cairo_image_surface_get_height(surface), QN_GLOBE_HEIGHT);
    return surface;
}

/* Pixels of a colour in a box, and their middle. */
struct blob {
    size_t count;
    double x, y;
};

static struct blob find(cairo_surface_t *surface, uint32_t colour, int left, int right, int top,
                        int bottom)
{
    struct blob blob = {0};
    const uint8_t *data = cairo_image_surface_get_data(surface);
    for (int y = top; y < bottom; y++) {
        for (int x = left; x < right; x++) {
            uint32_t pixel;
            memcpy(&pixel, data + y * cairo_image_surface_get_stride(surface) + 4 * x, 4);
            if ((pixel & 0xffffff) != colour)
                continue;
            blob.count++;
            blob.x += x + 0.5;
            blob.y += y + 0.5;
        }
    }
    blob.x /= (double)blob.count;
    blob.y /= (double)blob.count;
    return blob;
}

/* The flat map fills x 78 to 1038 and y 62 to 542; polar views lie below, north to the left. */
enum { FLAT_LEFT = 78, FLAT_RIGHT = 1038, FLAT_TOP = 62, FLAT_BOTTOM = 542 };
enum {
    VIEWS_TOP = 600,
    VIEWS_BOTTOM = 1010,
    NORTH = 304,
    SOUTH = 812,
    VIEWS_Y = 810,
    RADIUS = 190
};

static const struct qn_globe_point places[] = {{0, 95, 1}, {75, 45, 2}, {-75, -135, 3}};

static struct qn_globe globe_of(enum qn_globe_style style)
{
    return (struct qn_globe){.style = style,
                             .points = places,
                             .count = 3,
                             .cell_deg = 5,
                             .title = "Title",
                             .value_label = "Value (V)"};
}

static void places_lie_in_the_flat_map_by_longitude_and_latitude(void **state)
{
    struct qn_globe globe = globe_of(QN_GLOBE_DOTS);
    cairo_surface_t *surface = picture_of(&globe);
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct blob blob =
            find(surface, qn_map_colour(i / 2.0), FLAT_LEFT, FLAT_RIGHT, FLAT_TOP, FLAT_BOTTOM);
        assert_true(blob.count >= 6); /* of 9: lines of the graticule may cross it */
        assert_true(fabs(blob.x - (FLAT_LEFT + (places[i].lon_deg + 180) / 360 * 960)) < 1.6);
        assert_true(fabs(blob.y - (FLAT_TOP + (90 - places[i].lat_deg) / 180 * 480)) < 1.6);
    }
    cairo_surface_destroy(surface);
}

/* Lambert's azimuthal projection: 15 degrees from the pole lie sin(7.5) / sin(22.5) of the way to
 * the edge. Seen from above the north pole, longitude grows against the clock from below; above the
 * south pole, with it from the top. */
static void polar_views_are_true_in_area_and_seen_from_above(void **state)
{
    struct qn_globe globe = globe_of(QN_GLOBE_DOTS);
    cairo_surface_t *surface = picture_of(&globe);
    double away = RADIUS * sin(7.5 * M_PI / 180) / sin(22.5 * M_PI / 180) * sqrt(0.5);
    (void)state;
    struct blob north =
        find(surface, qn_map_colour(0.5), FLAT_LEFT, FLAT_RIGHT, VIEWS_TOP, VIEWS_BOTTOM);
    assert_true(fabs(north.x - (NORTH + away)) < 1.6 && fabs(north.y - (VIEWS_Y + away)) < 1.6);
    struct blob south =
        find(surface, qn_map_colour(1), FLAT_LEFT, FLAT_RIGHT, VIEWS_TOP, VIEWS_BOTTOM);
    assert_true(fabs(south.x - (SOUTH - away)) < 1.6 && fabs(south.y - (VIEWS_Y + away)) < 1.6);
    cairo_surface_destroy(surface);
}

static void a_cell_has_the_median_or_the_count_of_its_points_in_colour(void **state)
{
    static const struct qn_globe_point points[] = {{2, 2, 7},   {2, 2, -1000}, {3, 3, 7.5},
                                                   {-80, 0, 7}, {-80, 0, 8},   {40, 40, 7.5}};
    struct qn_globe globe = globe_of(QN_GLOBE_CELLS);
    (void)state;
    globe.points = points;
    globe.count = 6;
    cairo_surface_t *surface = picture_of(&globe);
    /* Medians are 7 and twice 7.5: 7 is the only value of the lower end. */
    struct blob blob =
        find(surface, qn_map_colour(0), FLAT_LEFT, FLAT_RIGHT, FLAT_TOP, FLAT_BOTTOM);
    double pixels = (480.0 / 36) * (960.0 / 72);
    assert_true(fabs((double)blob.count / pixels - 1) < 0.25);
    cairo_surface_destroy(surface);
    /* Counts are 1, 2 and 3. */
    globe.style = QN_GLOBE_COUNTS;
    surface = picture_of(&globe);
    for (int i = 0; i < 3; i++)
        assert_true(
            find(surface, qn_map_colour(i / 2.0), FLAT_LEFT, FLAT_RIGHT, FLAT_TOP, FLAT_BOTTOM)
                .count > 100);
    cairo_surface_destroy(surface);
}

/* asinh(value / knee) over that of the farther end: -10 of -10, 0, and 1 of a knee of 1. */
static void a_scale_with_a_knee_is_white_at_zero_whatever_the_values(void **state)
{
    static const struct qn_globe_point points[] = {{0, 0, 0}, {0, 95, -25}, {0, -95, 1}};
    static const double parts[] = {0, -1, 0.293966}; /* asinh(1) / asinh(10) */
    struct qn_globe globe = globe_of(QN_GLOBE_CELLS);
    (void)state;
    assert_int_equal(qn_globe_colour(0), 0xffffff);
    globe.points = points;
    globe.scale = (struct qn_globe_scale){.low = -10, .high = 2, .knee = 1};
    cairo_surface_t *surface = picture_of(&globe);
    for (int i = 0; i < 3; i++)
        assert_true(
            find(surface, qn_globe_colour(parts[i]), FLAT_LEFT, FLAT_RIGHT, FLAT_TOP, FLAT_BOTTOM)
                .count > 100);
    cairo_surface_destroy(surface);
}

static void cells_cover_the_sphere_in_nearly_equal_areas(void **state)
{
    static const double sizes[] = {1, 3, 5, 15};
    (void)state;
    for (int k = 0; k < 4; k++) {
        double size = sizes[k];
        struct qn_globe_cells cells;
        qn_globe_cells_init(&cells, size);
        size_t count = cells.first[cells.bands];
        double wanted = 4 * M_PI / pow(size * M_PI / 180, 2);
        assert_true(fabs((double)count / wanted - 1) < 0.03);
        assert_int_equal(qn_globe_cell_of(&cells, -90, -180), 0);
        assert_int_equal(qn_globe_cell_of(&cells, 90, 179.999), count - 1);
        assert_int_equal(qn_globe_cell_of(&cells, 12, 180), qn_globe_cell_of(&cells, 12, -180));
        for (int i = -99; i < 100; i++)
            assert_true(qn_globe_cell_of(&cells, asin(i / 100.0) * 180 / M_PI, 7.2 * i) < count);
    }
}

static void no_values_give_a_picture_without_colours(void **state)
{
    static const struct qn_globe_point lost[] = {
        {NAN, 0, 1}, {0, 0, NAN}, {91, 0, 1}, {0, 1e300, 1}};
    struct qn_globe globe = globe_of(QN_GLOBE_CELLS);
    (void)state;
    globe.points = lost;
    globe.count = sizeof lost / sizeof *lost;
    cairo_surface_destroy(picture_of(&globe));
    globe.count = 0;
    cairo_surface_destroy(picture_of(&globe));
}

static void cells_of_an_odd_size_are_refused(void **state)
{
    struct qn_globe globe = globe_of(QN_GLOBE_CELLS);
    struct qn_buf png = {0};
    struct qn_error err;
    (void)state;
    globe.cell_deg = 0;
    assert_int_equal(qn_globe_png(&globe, &png, &err), QN_ERR_USAGE);
    globe.cell_deg = NAN;
    assert_int_equal(qn_globe_png(&globe, &png, &err), QN_ERR_USAGE);
    assert_int_equal(png.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_lie_in_the_flat_map_by_longitude_and_latitude),
        cmocka_unit_test(polar_views_are_true_in_area_and_seen_from_above),
        cmocka_unit_test(a_cell_has_the_median_or_the_count_of_its_points_in_colour),
        cmocka_unit_test(a_scale_with_a_knee_is_white_at_zero_whatever_the_values),
        cmocka_unit_test(cells_cover_the_sphere_in_nearly_equal_areas),
        cmocka_unit_test(no_values_give_a_picture_without_colours),
        cmocka_unit_test(cells_of_an_odd_size_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
