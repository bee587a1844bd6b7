/* Clip level, colours, and the picture of a section read back by Cairo. Colours are checked with
 * the forward transform of Ottosson 2020, the code under test has the inverse one. */
#include "picture.h"
#include "scarce.h"

#include "render/amplitude.h"
#include "render/section.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- clip ----------------------------------------------------------------------------------- */

static void test_clip_is_the_98th_percentile_of_magnitudes(void **state)
{
    (void)state;
    float values[100];
    for (int i = 0; i < 100; i++) /* 1 to 100 in a mixed order and with mixed signs */
        values[i] = (float)((i * 37 % 100 + 1) * (i % 2 ? -1 : 1));
    assert_true(qn_amplitude_clip(values, 100) == 98);
    assert_true(qn_amplitude_clip(values, 1) == 1);
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;
    return (x > y) - (x < y);
}

static void test_clip_is_the_nearest_rank_of_a_sorted_copy(void **state)
{
    (void)state;
    enum { MOST = 300 };
    srand(2);
    for (size_t n = 1; n <= MOST; n++) {
        float values[MOST];
        float sorted[MOST];
        for (size_t i = 0; i < n; i++) {
            values[i] = ldexpf((float)rand() / (float)RAND_MAX - 0.5f, rand() % 80 - 40);
            sorted[i] = fabsf(values[i]);
        }
        qsort(sorted, n, sizeof *sorted, by_value);
        assert_true(qn_amplitude_clip(values, n) == sorted[(98 * n + 99) / 100 - 1]);
    }
}

static void test_clip_leaves_out_what_is_not_finite(void **state)
{
    (void)state;
    const float values[] = {NAN, 3, INFINITY, -5, -INFINITY, -NAN};
    assert_true(qn_amplitude_clip(values, 6) == 5);
}

static void test_clip_of_mostly_zeros_is_the_largest(void **state)
{
    (void)state;
    float values[1000] = {[7] = -4, [500] = 2};
    assert_true(qn_amplitude_clip(values, 1000) == 4);
}

static void test_clip_of_nothing_is_one(void **state)
{
    (void)state;
    const float zeros[] = {0, -0.0f};
    const float missing[] = {NAN, NAN};
    assert_true(qn_amplitude_clip(zeros, 2) == 1);
    assert_true(qn_amplitude_clip(missing, 2) == 1);
    assert_true(qn_amplitude_clip(missing, 0) == 1);
}

static void test_clip_of_the_smallest_and_largest_floats_is_exact(void **state)
{
    (void)state;
    const float least = 1.40129846e-45f;
    const float most = 3.40282347e38f;
    assert_true(qn_amplitude_clip(&least, 1) == (double)least);
    assert_true(qn_amplitude_clip(&most, 1) == (double)most);
}

/* ---- colours -------------------------------------------------------------------------------- */

static double linear(uint32_t byte)
{
    double v = byte / 255.0;
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

/* sRGB to Oklab: lab[3] = lightness, a, b. */
static void oklab_of(uint32_t colour, double lab[3])
{
    double r = linear(colour >> 16);
    double g = linear(colour >> 8 & 255);
    double b = linear(colour & 255);
    double l = cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    double m = cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    double s = cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    lab[0] = 0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s;
    lab[1] = 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s;
    lab[2] = 0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s;
}

static void test_zero_is_white(void **state)
{
    (void)state;
    assert_int_equal(qn_colour_at(0), 0xffffff);
}

static void test_equal_steps_have_equal_lightness_on_both_sides(void **state)
{
    (void)state;
    for (int step = 1; step <= QN_COLOUR_STEPS; step++) {
        double expected = 1 - (1 - 0.42) * step / QN_COLOUR_STEPS;
        double red[3];
        double blue[3];
        oklab_of(qn_colour_at(step), red);
        oklab_of(qn_colour_at(-step), blue);
        assert_true(fabs(red[0] - expected) < 0.004);
        assert_true(fabs(blue[0] - expected) < 0.004);
    }
}

static void test_hue_does_not_drift(void **state)
{
    (void)state;
    for (int step = 60; step <= QN_COLOUR_STEPS; step++) {
        double red[3];
        double blue[3];
        oklab_of(qn_colour_at(step), red);
        oklab_of(qn_colour_at(-step), blue);
        assert_true(fabs(atan2(red[2], red[1]) * 180 / acos(-1) - 35) < 4);
        assert_true(fabs(atan2(blue[2], blue[1]) * 180 / acos(-1) + 100) < 4);
    }
}

static void test_values_beyond_the_clip_take_the_end_colours(void **state)
{
    (void)state;
    assert_int_equal(qn_colour_step(10, 2), QN_COLOUR_STEPS);
    assert_int_equal(qn_colour_step(-INFINITY, 2), -QN_COLOUR_STEPS);
    assert_int_equal(qn_colour_step(1, 2), 128); /* 127.5 away from zero */
    assert_int_equal(qn_colour_at(9999), qn_colour_at(QN_COLOUR_STEPS));
}

/* ---- pictures ------------------------------------------------------------------------------- */

enum { PLOT_X = 96, PLOT_Y = 88, PLOT_WIDTH = 1000, PLOT_HEIGHT = 650 }; /* the layout promised */

static struct qn_section section_of(const float *amplitudes, size_t traces, size_t samples)
{
    return (struct qn_section){.amplitudes = amplitudes,
                               .traces = traces,
                               .samples = samples,
                               .trace_stride = 1,
                               .sample_interval = 4,
                               .sample_stride = 1};
}

/* Draws a section and reads it back. */
static cairo_surface_t *picture_of(const struct qn_section *section)
{
    struct qn_buf png = {0};
    struct qn_error err = {0};
    assert_int_equal(qn_section_png(section, &png, &err), QN_OK);
    return picture_read(&png);
}

static uint32_t pixel(cairo_surface_t *picture, int x, int y)
{
    const unsigned char *row = cairo_image_surface_get_data(picture) +
                               (ptrdiff_t)y * cairo_image_surface_get_stride(picture);
    uint32_t value;
    memcpy(&value, row + 4 * x, sizeof value);
    return value & 0xffffff;
}

/* Pixels that are not white in a rectangle. */
static size_t ink(cairo_surface_t *picture, int x0, int y0, int x1, int y1)
{
    size_t count = 0;
    for (int y = y0; y < y1; y++) {
        for (int x = x0; x < x1; x++)
            count += pixel(picture, x, y) != 0xffffff;
    }
    return count;
}

static void test_picture_has_the_size_promised(void **state)
{
    (void)state;
    const float values[] = {1, -1};
    struct qn_section section = section_of(values, 2, 1);
    cairo_surface_t *picture = picture_of(&section);
    assert_int_equal(cairo_image_surface_get_width(picture), 1200);
    assert_int_equal(cairo_image_surface_get_height(picture), 800);
    cairo_surface_destroy(picture);
}

static void test_traces_go_from_left_to_right_in_their_colours(void **state)
{
    (void)state;
    const float values[] = {-1, 0, 1, NAN};
    struct qn_section section = section_of(values, 4, 1);
    cairo_surface_t *picture = picture_of(&section);
    const uint32_t expected[] = {qn_colour_at(-QN_COLOUR_STEPS), 0xffffff,
                                 qn_colour_at(QN_COLOUR_STEPS), QN_COLOUR_MISSING};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pixel(picture, PLOT_X + 250 * i, PLOT_Y), expected[i]);
        assert_int_equal(pixel(picture, PLOT_X + 250 * i + 249, PLOT_Y + 649), expected[i]);
    }
    cairo_surface_destroy(picture);
}

static void test_samples_go_from_top_to_bottom(void **state)
{
    (void)state;
    const float values[] = {1, -1};
    struct qn_section section = section_of(values, 1, 2);
    cairo_surface_t *picture = picture_of(&section);
    assert_int_equal(pixel(picture, PLOT_X + 500, PLOT_Y + 324), qn_colour_at(QN_COLOUR_STEPS));
    assert_int_equal(pixel(picture, PLOT_X + 500, PLOT_Y + 325), qn_colour_at(-QN_COLOUR_STEPS));
    cairo_surface_destroy(picture);
}

static void test_a_thousand_traces_have_one_pixel_column_each(void **state)
{
    (void)state;
    float values[1000];
    for (int i = 0; i < 1000; i++)
        values[i] = i % 3 == 0 ? 1 : 0;
    struct qn_section section = section_of(values, 1000, 1);
    cairo_surface_t *picture = picture_of(&section);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(pixel(picture, PLOT_X + i, PLOT_Y + 300),
                         i % 3 == 0 ? qn_colour_at(QN_COLOUR_STEPS) : 0xffffff);
    cairo_surface_destroy(picture);
}

static void test_no_colour_is_blended_when_there_are_more_values_than_pixels(void **state)
{
    (void)state;
    enum { TRACES = 3333 };
    float values[TRACES];
    for (int i = 0; i < TRACES; i++)
        values[i] = i % 2 ? 1 : -1;
    struct qn_section section = section_of(values, TRACES, 1);
    cairo_surface_t *picture = picture_of(&section);
    for (int i = 0; i < PLOT_WIDTH; i++) {
        uint32_t colour = pixel(picture, PLOT_X + i, PLOT_Y);
        assert_true(colour == qn_colour_at(QN_COLOUR_STEPS) ||
                    colour == qn_colour_at(-QN_COLOUR_STEPS));
    }
    cairo_surface_destroy(picture);
}

static void test_labels_are_outside_the_plot_and_inside_the_picture(void **state)
{
    (void)state;
    const float values[] = {0, 0};
    struct qn_section section = section_of(values, 1, 2);
    section.title = "a title";
    section.first_trace = 123456789;
    section.first_time = -12345.5;
    cairo_surface_t *picture = picture_of(&section);
    assert_true(ink(picture, 96, 10, 1196, 36) > 50);     /* title */
    assert_true(ink(picture, 96, 40, 1096, 60) > 50);     /* "Trace" */
    assert_true(ink(picture, 5, 300, 26, 500) > 50);      /* "Two-way time (ms)", upright */
    assert_true(ink(picture, 28, 90, 90, 730) > 20);      /* its ticks */
    assert_true(ink(picture, 1110, 100, 1196, 120) > 50); /* "Amplitude" */
    assert_true(ink(picture, 1144, 140, 1196, 690) > 50); /* its ticks */
    assert_true(ink(picture, 96, 745, 1196, 790) > 100);  /* caption */
    assert_int_equal(ink(picture, PLOT_X, PLOT_Y, PLOT_X + PLOT_WIDTH, PLOT_Y + PLOT_HEIGHT), 0);
    assert_int_equal(ink(picture, 0, 0, 1200, 4) + ink(picture, 0, 796, 1200, 800) +
                         ink(picture, 0, 0, 4, 800) + ink(picture, 1197, 0, 1200, 800),
                     0);
    cairo_surface_destroy(picture);
}

static void test_ticks_stand_at_the_middle_of_their_trace(void **state)
{
    (void)state;
    const float values[5] = {0};
    struct qn_section section = section_of(values, 5, 1);
    cairo_surface_t *picture = picture_of(&section);
    for (int i = 0; i < 5; i++) {
        assert_int_not_equal(pixel(picture, PLOT_X + 100 + 200 * i, PLOT_Y - 4), 0xffffff);
        assert_int_equal(pixel(picture, PLOT_X + 90 + 200 * i, PLOT_Y - 4), 0xffffff);
    }
    cairo_surface_destroy(picture);
}

static void test_odd_sections_are_drawn(void **state)
{
    (void)state;
    static const float odd[] = {NAN, 0, INFINITY, 3.4e38f, 1e-45f};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct qn_section section = section_of(&odd[i], 1, 1);
        section.title = i % 2 ? "" : "\xff\x80 not UTF-8 \x01";
        section.first_trace = i % 2 ? INT64_MAX : INT64_MIN;
        section.trace_stride = UINT64_MAX;
        section.first_time = i % 2 ? 1e300 : -1e-300;
        section.sample_interval = i % 2 ? 1e-300 : 1e300;
        section.time_label = "";
        cairo_surface_destroy(picture_of(&section));
    }
}

static void test_a_title_too_long_does_not_leave_the_picture(void **state)
{
    (void)state;
    const float zero = 0;
    char title[2001];
    memset(title, 'W', sizeof title - 1);
    title[2000] = '\0';
    struct qn_section section = section_of(&zero, 1, 1);
    section.title = title;
    cairo_surface_t *picture = picture_of(&section);
    assert_true(ink(picture, 1100, 8, 1190, 36) > 50);
    assert_int_equal(ink(picture, 1190, 0, 1200, 40), 0);
    cairo_surface_destroy(picture);
}

static void test_the_same_section_gives_the_same_bytes(void **state)
{
    (void)state;
    const float values[] = {1, 2, 3, 4, 5, -6};
    struct qn_section section = section_of(values, 3, 2);
    struct qn_buf a = {0};
    struct qn_buf b = {0};
    assert_int_equal(qn_section_png(&section, &a, NULL), QN_OK);
    assert_int_equal(qn_section_png(&section, &b, NULL), QN_OK);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.data, b.data, a.len);
    qn_buf_release(&a);
    qn_buf_release(&b);
}

static void test_sections_that_cannot_be_drawn_are_refused(void **state)
{
    (void)state;
    const float zero = 0;
    struct qn_section bad[] = {section_of(&zero, 0, 1),
                               section_of(&zero, 1, 0),
                               section_of(&zero, SIZE_MAX / 2, SIZE_MAX / 2),
                               section_of(&zero, 1, 1),
                               section_of(&zero, 1, 1),
                               section_of(&zero, 1, 1),
                               section_of(&zero, 1, 1)};
    bad[3].sample_interval = 0;
    bad[4].sample_interval = NAN;
    bad[5].first_time = INFINITY;
    bad[6].trace_stride = 0;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct qn_buf png = {0};
        struct qn_error err = {0};
        assert_int_equal(qn_section_png(&bad[i], &png, &err), QN_ERR_USAGE);
        assert_true(strlen(err.message) > 20);
        assert_int_equal(png.len, 0);
    }
}

/* ---- files and faults ----------------------------------------------------------------------- */

static size_t entries(const char *folder)
{
    size_t count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 2; /* . and .. */
}

static void test_the_file_is_a_png_and_nothing_else_is_left(void **state)
{
    (void)state;
    const float values[] = {1, -1};
    struct qn_section section = section_of(values, 2, 1);
    struct qn_error err = {0};
    char folder[] = "/tmp/quern-section-XXXXXX";
    char path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/section.png", folder);
    assert_int_equal(qn_section_draw(&section, path, &err), QN_OK);
    assert_int_equal(qn_section_draw(&section, path, &err), QN_OK); /* replaces the first */
    assert_int_equal(entries(folder), 1);
    cairo_surface_t *picture = cairo_image_surface_create_from_png(path);
    assert_int_equal(cairo_image_surface_get_width(picture), QN_SECTION_WIDTH);
    cairo_surface_destroy(picture);
    unlink(path);
    rmdir(folder);
}

static void test_a_folder_that_is_not_there_is_an_error_with_its_name(void **state)
{
    (void)state;
    const float zero = 0;
    struct qn_section section = section_of(&zero, 1, 1);
    struct qn_error err = {0};
    char folder[] = "/tmp/quern-section-XXXXXX";
    char path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/missing/section.png", folder);
    assert_int_equal(qn_section_draw(&section, path, &err), QN_ERR_IO);
    assert_non_null(strstr(err.message, folder));
    assert_int_equal(entries(folder), 0);
    rmdir(folder);
}

static void test_every_failed_allocation_is_told(void **state)
{
    (void)state;
    const float zero = 0;
    struct qn_section section = section_of(&zero, 1, 1);
    enum qn_status status = QN_ERR_MEMORY;
    int n = 0;
    for (; status == QN_ERR_MEMORY && n < 1000; n++) {
        struct qn_buf png = {0};
        struct qn_sys real = scarce(n);
        status = qn_section_png(&section, &png, NULL);
        qn_sys = real;
        qn_buf_release(&png);
    }
    assert_int_equal(status, QN_OK);
    assert_true(n > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clip_is_the_98th_percentile_of_magnitudes),
        cmocka_unit_test(test_clip_is_the_nearest_rank_of_a_sorted_copy),
        cmocka_unit_test(test_clip_leaves_out_what_is_not_finite),
        cmocka_unit_test(test_clip_of_mostly_zeros_is_the_largest),
        cmocka_unit_test(test_clip_of_nothing_is_one),
        cmocka_unit_test(test_clip_of_the_smallest_and_largest_floats_is_exact),
        cmocka_unit_test(test_zero_is_white),
        cmocka_unit_test(test_equal_steps_have_equal_lightness_on_both_sides),
        cmocka_unit_test(test_hue_does_not_drift),
        cmocka_unit_test(test_values_beyond_the_clip_take_the_end_colours),
        cmocka_unit_test(test_picture_has_the_size_promised),
        cmocka_unit_test(test_traces_go_from_left_to_right_in_their_colours),
        cmocka_unit_test(test_samples_go_from_top_to_bottom),
        cmocka_unit_test(test_a_thousand_traces_have_one_pixel_column_each),
        cmocka_unit_test(test_no_colour_is_blended_when_there_are_more_values_than_pixels),
        cmocka_unit_test(test_labels_are_outside_the_plot_and_inside_the_picture),
        cmocka_unit_test(test_ticks_stand_at_the_middle_of_their_trace),
        cmocka_unit_test(test_odd_sections_are_drawn),
        cmocka_unit_test(test_a_title_too_long_does_not_leave_the_picture),
        cmocka_unit_test(test_the_same_section_gives_the_same_bytes),
        cmocka_unit_test(test_sections_that_cannot_be_drawn_are_refused),
        cmocka_unit_test(test_the_file_is_a_png_and_nothing_else_is_left),
        cmocka_unit_test(test_a_folder_that_is_not_there_is_an_error_with_its_name),
        cmocka_unit_test(test_every_failed_allocation_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
