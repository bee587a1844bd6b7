/* Text kernels, dates and ephemeris time. */
#include "check.h"

#include "compute/ephemeris_time.h"
#include "format/spice/kpl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- dates and times ------------------------------------------------------------------------ */

static bool parses(const char *text, struct qn_utc *utc)
{
    return qn_utc_parse(text, strlen(text), utc);
}

static void test_utc_is_read_in_every_accepted_form(void **state)
{
    (void)state;
    struct qn_utc utc;
    assert_true(parses("1998-06-08T00:27:41", &utc));
    assert_int_equal(utc.day, 10385);
    assert_true(utc.second == 1661);
    assert_true(parses("1998-06-08 23:59:59.25Z", &utc));
    assert_true(utc.second == 86399.25);
    assert_true(parses("1998-06-08T04:00", &utc));
    assert_true(utc.second == 14400);
    assert_true(parses("1998-06-08", &utc));
    assert_true(utc.second == 0);
    assert_true(parses("1998-12-31T23:59:60.5", &utc));
    assert_true(utc.second == 86400.5);
}

static void test_what_is_no_utc_is_refused(void **state)
{
    (void)state;
    struct qn_utc utc;
    static const char *const wrong[] = {"",
                                        "1998",
                                        "1998-6-8",
                                        "1998-02-29",
                                        "1998-13-01",
                                        "1998-06-08T24:00:00",
                                        "1998-06-08T00:60:00",
                                        "1998-06-08T00:00:60",
                                        "1998-06-08T00:00:61",
                                        "1998-06-08T00:00:00.",
                                        "1998-06-08T00:00:00ZZ",
                                        "1998-06-08T00",
                                        "1998-06-08T00:0a",
                                        "0000-01-01",
                                        "1998-06-08T"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(parses(wrong[i], &utc));
}

static void test_utc_is_written_as_it_is_read(void **state)
{
    (void)state;
    char text[QN_UTC_TEXT];
    qn_utc_print((struct qn_utc){10385, 1661.9999999}, 0, text);
    assert_string_equal(text, "1998-06-08T00:27:41");
    qn_utc_print((struct qn_utc){10591, 86400.25}, 2, text); /* a leap second */
    assert_string_equal(text, "1998-12-31T23:59:60.25");
    qn_utc_print((struct qn_utc){0, 86399}, 1, text);
    assert_string_equal(text, "1970-01-01T23:59:59.0");
}

/* Epochs by CSPICE N0067 (str2et with naif0012.tls). */
static const struct {
    const char *utc;
    double et;
} epochs[] = {
    {"1998-01-16T00:00:24", -61819112.815640405}, {"1998-06-08T00:27:41", -49462275.815266334},
    {"1998-12-31T23:59:59", -31579137.816079672}, {"1998-12-31T23:59:60", -31579136.816079672},
    {"1999-01-01T00:00:00", -31579135.816079672}, {"1999-04-29T14:44:08", -21330887.814499088},
    {"1999-07-29T12:00:00", -13478335.816657718},
};

static void test_ephemeris_time_is_that_of_cspice(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof epochs / sizeof *epochs; i++) {
        struct qn_utc utc;
        char text[QN_UTC_TEXT];
        assert_true(parses(epochs[i].utc, &utc));
        assert_true(fabs(qn_et_from_utc(&qn_leaps_builtin, utc) - epochs[i].et) < 2e-8);
        qn_utc_print(qn_utc_from_et(&qn_leaps_builtin, epochs[i].et + 1e-6), 0, text);
        assert_string_equal(text, epochs[i].utc);
    }
}

static void test_unix_seconds_are_utc(void **state)
{
    (void)state;
    /* 1999-04-29T14:44:08, from `date -u -d @925397048`. */
    assert_true(fabs(qn_et_from_unix(&qn_leaps_builtin, 925397048) - -21330887.814499088) < 2e-8);
    assert_true(isnan(qn_et_from_unix(&qn_leaps_builtin, NAN)));
    assert_true(isnan(qn_et_from_unix(&qn_leaps_builtin, 1e300)));
}

static void test_a_leap_second_that_was_none_is_no_time(void **state)
{
    (void)state;
    assert_true(isnan(qn_et_from_utc(&qn_leaps_builtin, (struct qn_utc){10385, 86400})));
    assert_true(isnan(qn_et_from_utc(&qn_leaps_builtin, (struct qn_utc){0, 0}))); /* before 1972 */
}

/* ---- text kernels --------------------------------------------------------------------------- */

static struct qn_kpl *read_text(const char *text)
{
    struct qn_kpl *pool;
    struct qn_error err = {0};
    assert_int_equal(qn_kpl_new(&pool, &err), QN_OK);
    assert_int_equal(qn_kpl_parse(pool, "test.tpc", text, strlen(text), &err), QN_OK);
    return pool;
}

static void expect_numbers(const struct qn_kpl *pool, const char *name, const double *expected,
                           size_t count)
{
    size_t found;
    const double *numbers = qn_kpl_numbers(pool, name, &found);
    assert_int_equal(found, count);
    for (size_t i = 0; i < count; i++)
        assert_true(numbers[i] == expected[i]);
}

static void test_numbers_in_every_notation(void **state)
{
    (void)state;
    struct qn_kpl *pool = read_text("KPL/PCK\nA = 99\n\\begindata\nA = ( 1.5D-3, -2 +3.\n"
                                    "  .5e2\n\t1d1 )\r\nB=7\n \\begintext\nB = 8\n");
    expect_numbers(pool, "A", (const double[]){1.5e-3, -2, 3, 50, 10}, 5);
    expect_numbers(pool, "B", (const double[]){7}, 1);
    qn_kpl_free(pool);
}

static void test_later_values_replace_and_add(void **state)
{
    (void)state;
    struct qn_kpl *pool = read_text("\\begindata\nA = ( 1 2 )\nA += 3\nB = 4\nB = ( 5 )\n"
                                    "\\begintext\n\\begindata\nA+=( 4, 5 )\n");
    expect_numbers(pool, "A", (const double[]){1, 2, 3, 4, 5}, 5);
    expect_numbers(pool, "B", (const double[]){5}, 1);
    assert_string_equal(qn_kpl_name(pool, 1), "B");
    assert_null(qn_kpl_name(pool, 2));
    qn_kpl_free(pool);
}

static void test_texts_with_quotes_in_them(void **state)
{
    (void)state;
    size_t count;
    struct qn_kpl *pool = read_text("\\begindata\nT = ( 'it''s' '' 'a ( b' )\n");
    assert_string_equal(qn_kpl_text(pool, "T", 0), "it's");
    assert_string_equal(qn_kpl_text(pool, "T", 1), "");
    assert_string_equal(qn_kpl_text(pool, "T", 2), "a ( b");
    assert_null(qn_kpl_text(pool, "T", 3));
    assert_null(qn_kpl_numbers(pool, "T", &count));
    assert_null(qn_kpl_text(pool, "U", 0));
    qn_kpl_free(pool);
}

/* Seconds past 2000-01-01T12:00 by Python's datetime. */
static void test_dates_become_seconds(void **state)
{
    (void)state;
    struct qn_kpl *pool = read_text("\\begindata\nD = ( @1972-JAN-1 @1-jul-1997 @1999-01-01/12:00\n"
                                    " @2000-JAN-1/12:00:00.5 @JAN-1-2001 )\n");
    const double expected[] = {-883656000, -79012800, -31536000, 0.5, 31579200};
    expect_numbers(pool, "D", expected, 5);
    qn_kpl_free(pool);
}

static void test_a_broken_assignment_names_its_line(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "A = ( 1 2\n",   "A 5\n",       "A = x\n",         "A = 'open\n", "A = @1998-JAM-1\n",
        "A = ( 1 'b' )", "= 5\n",       "A = @1998-02-30", "A =\n",       "A = 1e999\n",
        "A = @1998-1\n", "A = 1.2.3\n", "A = ( ( 1 ) )\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[128];
        struct qn_kpl *pool;
        struct qn_error err = {0};
        size_t count;
        assert_int_equal(qn_kpl_new(&pool, NULL), QN_OK);
        snprintf(text, sizeof text, "KPL/LSK\n\\begindata\n%s", wrong[i]);
        assert_int_equal(qn_kpl_parse(pool, "bad.tls", text, strlen(text), &err), QN_ERR_INPUT);
        assert_non_null(strstr(err.message, "'bad.tls', line "));
        assert_null(qn_kpl_numbers(pool, "A", &count)); /* half a value is none */
        qn_kpl_free(pool);
    }
}

static void test_text_kernels_are_told_from_other_texts(void **state)
{
    (void)state;
    assert_true(qn_kpl_recognize("KPL/LSK\n", 8));
    assert_true(qn_kpl_recognize("words\n\\begindata\n", 17));
    assert_false(qn_kpl_recognize("1998-01-07T04:00,12.0", 21));
    assert_false(qn_kpl_recognize("see \\begindata\n", 15));
    assert_false(qn_kpl_recognize("KPL/\0", 5));
    assert_false(qn_kpl_recognize("", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utc_is_read_in_every_accepted_form),
        cmocka_unit_test(test_what_is_no_utc_is_refused),
        cmocka_unit_test(test_utc_is_written_as_it_is_read),
        cmocka_unit_test(test_ephemeris_time_is_that_of_cspice),
        cmocka_unit_test(test_unix_seconds_are_utc),
        cmocka_unit_test(test_a_leap_second_that_was_none_is_no_time),
        cmocka_unit_test(test_numbers_in_every_notation),
        cmocka_unit_test(test_later_values_replace_and_add),
        cmocka_unit_test(test_texts_with_quotes_in_them),
        cmocka_unit_test(test_dates_become_seconds),
        cmocka_unit_test(test_a_broken_assignment_names_its_line),
        cmocka_unit_test(test_text_kernels_are_told_from_other_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
