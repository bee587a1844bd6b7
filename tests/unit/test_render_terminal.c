/* Text for terminals: widths, line breaks, bars, pictures of characters. */
#include "check.h"

#include "render/terminal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct qn_terminal plain = {.columns = 80, .utf8 = true};
static const struct qn_terminal colour = {.columns = 80, .utf8 = true, .colour = true};
static const struct qn_terminal ascii = {.columns = 80};

static char *text_of(struct qn_buf *out)
{
    qn_buf_u8(out, '\0');
    assert_false(out->failed);
    return (char *)out->data;
}

static size_t longest_line(const char *text)
{
    size_t longest = 0, width = 0;
    for (; *text; text++) {
        width = *text == '\n' ? 0 : width + (((unsigned char)*text & 0xC0) != 0x80);
        longest = width > longest ? width : longest;
    }
    return longest;
}

static void test_characters_are_counted_not_bytes(void **state)
{
    (void)state;
    struct qn_buf out = {0};
    assert_int_equal(qn_terminal_width("Gr\xC3\xB6\xC3\x9F"
                                       "e"),
                     5);
    qn_terminal_pad(&out, "\xC3\xB6", 4);
    assert_string_equal(text_of(&out), "\xC3\xB6   ");
    qn_buf_release(&out);
}

static void test_lines_break_between_words_and_are_indented(void **state)
{
    (void)state;
    struct qn_buf out = {0};
    qn_terminal_wrap(&plain, &out, QN_STYLE_PLAIN, 70, 4, "one two three four");
    assert_string_equal(text_of(&out), "one two\n    three four\n");
    qn_buf_clear(&out);
    for (size_t at = 0; at < 60; at++)
        qn_terminal_wrap(&plain, &out, QN_STYLE_PLAIN, 0, 20,
                         "several words of different lengths that fill more than one whole line "
                         "of a terminal of eighty columns");
    assert_true(longest_line(text_of(&out)) <= 80);
    qn_buf_release(&out);
}

static void test_no_escapes_without_colour(void **state)
{
    (void)state;
    struct qn_buf out = {0};
    qn_terminal_heading(&plain, &out, "Heading", "note");
    qn_terminal_tell(&plain, &out, "what", "value", "why");
    qn_terminal_bar(&plain, &out, 0.5, 10, 10);
    assert_null(memchr(out.data, 0x1B, out.len));
    qn_buf_clear(&out);
    qn_terminal_heading(&colour, &out, "Heading", "note");
    assert_non_null(memchr(out.data, 0x1B, out.len));
    qn_buf_release(&out);
}

static void test_what_value_and_reason_stand_in_columns(void **state)
{
    (void)state;
    struct qn_buf out = {0};
    qn_terminal_tell(&plain, &out, "byte order", "big-endian", "as it looks");
    assert_string_equal(text_of(&out),
                        "  byte order        big-endian                as it looks\n");
    qn_buf_clear(&out);
    qn_terminal_tell(&plain, &out, "x", "a value that leaves no room at all", "why");
    assert_string_equal(text_of(&out), "  x                 a value that leaves no room at all\n"
                                       "                                              why\n");
    qn_buf_release(&out);
}

static void test_bars_are_as_long_as_their_part(void **state)
{
    (void)state;
    struct qn_buf out = {0};
    qn_terminal_bar(&ascii, &out, 0.5, 4, 4);
    qn_terminal_bar(&ascii, &out, -1, 0, 4);
    qn_terminal_bar(&ascii, &out, 7, 0, 4);
    assert_string_equal(text_of(&out), "##  ####");
    qn_buf_release(&out);
}

/* Two traces of four samples: zeros and the extremes of both signs, one missing value. */
static void test_pictures_show_magnitudes(void **state)
{
    (void)state;
    static const float values[8] = {0, 10, 0, -10, 0, 0, NAN, 10};
    struct qn_terminal_section section = {
        .amplitudes = values, .traces = 2, .samples = 4, .first_time = 100, .interval = 4};
    struct qn_terminal narrow = {.columns = 12};
    struct qn_buf out = {0};
    qn_terminal_draw(&narrow, &out, &section, 24);
    assert_string_equal(text_of(&out), "     100   \n         @ \n          ?\n         @@\n");
    qn_buf_release(&out);
}

static void test_pictures_fit_the_terminal_however_large_the_section(void **state)
{
    (void)state;
    enum { TRACES = 1000, ROWS = 600 };
    float *values = calloc((size_t)TRACES * ROWS, sizeof *values);
    assert_non_null(values);
    struct qn_terminal_section section = {
        .amplitudes = values, .traces = TRACES, .samples = ROWS, .interval = 2};
    struct qn_buf out = {0};
    qn_terminal_draw(&ascii, &out, &section, 20);
    const char *text = text_of(&out);
    assert_true(longest_line(text) < 80);
    size_t lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    assert_int_equal(lines, 20);
    qn_buf_release(&out);
    free(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_characters_are_counted_not_bytes),
        cmocka_unit_test(test_lines_break_between_words_and_are_indented),
        cmocka_unit_test(test_no_escapes_without_colour),
        cmocka_unit_test(test_what_value_and_reason_stand_in_columns),
        cmocka_unit_test(test_bars_are_as_long_as_their_part),
        cmocka_unit_test(test_pictures_show_magnitudes),
        cmocka_unit_test(test_pictures_fit_the_terminal_however_large_the_section),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
