/* Numbers for people. Expected texts by hand; dates from the definition of the Unix epoch. */
#include "check.h"

#include "render/units.h"

#include <math.h>

static void test_counts_are_grouped_by_thousands(void **state)
{
    (void)state;
    char text[QN_UNITS_TEXT];
    assert_string_equal(qn_units_count(0, text), "0");
    assert_string_equal(qn_units_count(999, text), "999");
    assert_string_equal(qn_units_count(1000, text), "1,000");
    assert_string_equal(qn_units_count(12345678, text), "12,345,678");
    assert_string_equal(qn_units_count(UINT64_MAX, text), "18,446,744,073,709,551,615");
}

static void test_bytes_have_two_digits_or_more(void **state)
{
    (void)state;
    char text[QN_UNITS_TEXT];
    assert_string_equal(qn_units_bytes(0, text), "0 B");
    assert_string_equal(qn_units_bytes(999, text), "999 B");
    assert_string_equal(qn_units_bytes(1000, text), "1.0 kB");
    assert_string_equal(qn_units_bytes(467279, text), "467 kB");
    assert_string_equal(qn_units_bytes(75000000000, text), "75 GB");
    assert_string_equal(qn_units_bytes(UINT64_MAX, text), "18 EB");
}

static void test_bytes_do_not_round_to_a_thousand(void **state)
{
    (void)state;
    char text[QN_UNITS_TEXT];
    assert_string_equal(qn_units_bytes(999499, text), "999 kB");
    assert_string_equal(qn_units_bytes(999600, text), "1.0 MB");
}

static void test_durations_change_units_without_60_seconds(void **state)
{
    (void)state;
    char text[QN_UNITS_TEXT];
    assert_string_equal(qn_units_seconds(0, text), "0.00 s");
    assert_string_equal(qn_units_seconds(0.0123, text), "12.3 ms");
    assert_string_equal(qn_units_seconds(1.25, text), "1.25 s");
    assert_string_equal(qn_units_seconds(59.94, text), "59.9 s");
    assert_string_equal(qn_units_seconds(59.96, text), "1 min 00 s");
    assert_string_equal(qn_units_seconds(3599.4, text), "59 min 59 s");
    assert_string_equal(qn_units_seconds(3599.6, text), "1 h 00 min");
    assert_string_equal(qn_units_seconds(360300, text), "100 h 05 min");
}

static void test_durations_that_make_no_sense_are_question_marks(void **state)
{
    (void)state;
    char text[QN_UNITS_TEXT];
    assert_string_equal(qn_units_seconds(-1, text), "?");
    assert_string_equal(qn_units_seconds(NAN, text), "?");
    assert_string_equal(qn_units_seconds(INFINITY, text), "?");
}

static void test_dates_are_utc(void **state)
{
    (void)state;
    char text[QN_UNITS_TEXT];
    assert_string_equal(qn_units_date(0, text), "1970-01-01 00:00 UTC");
    assert_string_equal(qn_units_date(951782400ull * 1000000, text), "2000-02-29 00:00 UTC");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_are_grouped_by_thousands),
        cmocka_unit_test(test_bytes_have_two_digits_or_more),
        cmocka_unit_test(test_bytes_do_not_round_to_a_thousand),
        cmocka_unit_test(test_durations_change_units_without_60_seconds),
        cmocka_unit_test(test_durations_that_make_no_sense_are_question_marks),
        cmocka_unit_test(test_dates_are_utc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
