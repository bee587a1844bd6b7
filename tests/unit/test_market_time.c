/* The market's clock. Expected instants are those of the IANA time zone database (America/Chicago),
 * written down as UTC. */
#include "check.h"

#include "compute/market_time.h"

#define UTC(y, mo, d, h, mi)                                                                       \
    (qn_days_from_civil(y, mo, d) * 24 * QN_HOUR_US + (h)*QN_HOUR_US + (mi)*QN_MINUTE_US)

static int64_t flagged(int year, unsigned month, unsigned day, int hour, bool repeated)
{
    int64_t instant = -1;
    enum qn_market_fault fault = qn_market_instant(qn_days_from_civil(year, month, day), hour, 1,
                                                   60, QN_LABELS_FLAG, repeated, &instant);
    assert_int_equal(fault, QN_MARKET_OK);
    return instant;
}

static void test_days_and_dates_are_each_others_inverse(void **state)
{
    (void)state;
    assert_int_equal(qn_days_from_civil(1970, 1, 1), 0);
    assert_int_equal(qn_days_from_civil(2000, 3, 1), 11017);
    for (int32_t day = -200000; day < 200000; day += 13) {
        struct qn_civil c = qn_civil_from_days(day);
        assert_true(qn_civil_valid(c.year, c.month, c.day));
        assert_int_equal(qn_days_from_civil(c.year, c.month, c.day), day);
    }
}

static void test_winter_is_six_hours_behind_and_summer_five(void **state)
{
    (void)state;
    assert_int_equal(flagged(2024, 1, 15, 1, false), UTC(2024, 1, 15, 6, 0));
    assert_int_equal(flagged(2024, 7, 15, 1, false), UTC(2024, 7, 15, 5, 0));
    assert_int_equal(flagged(2024, 7, 15, 24, false), UTC(2024, 7, 16, 4, 0));
}

static void test_days_of_change_by_the_rules_of_both_times(void **state)
{
    (void)state;
    static const int changes[][5] = {/* year, spring, autumn (month, day) */
                                     {2006, 4, 2, 10, 29}, {2007, 3, 11, 11, 4},
                                     {2015, 3, 8, 11, 1},  {2016, 3, 13, 11, 6},
                                     {2024, 3, 10, 11, 3}, {2026, 3, 8, 11, 1}};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const int *c = changes[i];
        int32_t spring = qn_days_from_civil(c[0], (unsigned)c[1], (unsigned)c[2]);
        int32_t autumn = qn_days_from_civil(c[0], (unsigned)c[3], (unsigned)c[4]);
        assert_int_equal(qn_market_hours(spring), 23);
        assert_int_equal(qn_market_hours(autumn), 25);
        assert_int_equal(qn_market_hours(spring + 1), 24);
        assert_int_equal(qn_market_hours(autumn - 7), 24);
    }
}

static void test_the_repeated_hour_follows_the_first(void **state)
{
    (void)state;
    assert_int_equal(flagged(2024, 11, 3, 2, false), UTC(2024, 11, 3, 6, 0));
    assert_int_equal(flagged(2024, 11, 3, 2, true), UTC(2024, 11, 3, 7, 0));
    assert_int_equal(flagged(2024, 11, 3, 3, false), UTC(2024, 11, 3, 8, 0));
    assert_int_equal(flagged(2024, 11, 3, 24, false), UTC(2024, 11, 4, 5, 0));
}

static void test_spring_leaves_hour_ending_three_out(void **state)
{
    (void)state;
    int64_t instant;
    int32_t day = qn_days_from_civil(2024, 3, 10);
    assert_int_equal(flagged(2024, 3, 10, 2, false), UTC(2024, 3, 10, 7, 0));
    assert_int_equal(flagged(2024, 3, 10, 4, false), UTC(2024, 3, 10, 8, 0));
    assert_int_equal(qn_market_instant(day, 3, 1, 60, QN_LABELS_FLAG, false, &instant),
                     QN_MARKET_SKIPPED_HOUR);
}

static void test_counted_hours(void **state)
{
    (void)state;
    int64_t instant;
    int32_t autumn = qn_days_from_civil(2024, 11, 3), spring = qn_days_from_civil(2024, 3, 10);
    for (int hour = 1; hour <= 25; hour++) {
        assert_int_equal(qn_market_instant(autumn, hour, 1, 60, QN_LABELS_ORDINAL, false, &instant),
                         QN_MARKET_OK);
        assert_int_equal(instant, UTC(2024, 11, 3, 4 + hour, 0));
    }
    assert_int_equal(qn_market_instant(spring, 24, 1, 60, QN_LABELS_ORDINAL, false, &instant),
                     QN_MARKET_NO_SUCH_HOUR);
    assert_int_equal(qn_market_instant(spring, 23, 1, 60, QN_LABELS_ORDINAL, false, &instant),
                     QN_MARKET_OK);
    assert_int_equal(instant, UTC(2024, 3, 11, 4, 0));
}

static void test_what_cannot_be_is_refused(void **state)
{
    (void)state;
    int64_t instant;
    int32_t day = qn_days_from_civil(2024, 5, 1);
    const enum qn_hour_labels flag = QN_LABELS_FLAG;
    assert_int_equal(qn_market_instant(day, 0, 1, 60, flag, false, &instant),
                     QN_MARKET_NO_SUCH_HOUR);
    assert_int_equal(qn_market_instant(day, 25, 1, 60, flag, false, &instant),
                     QN_MARKET_NO_SUCH_HOUR);
    assert_int_equal(qn_market_instant(day, 5, 5, 15, flag, false, &instant),
                     QN_MARKET_NO_SUCH_PERIOD);
    assert_int_equal(qn_market_instant(day, 2, 1, 60, flag, true, &instant),
                     QN_MARKET_NOT_REPEATED);
}

static void test_local_time_and_back_through_a_year(void **state)
{
    (void)state;
    for (int64_t at = UTC(2024, 1, 1, 6, 0); at < UTC(2025, 1, 1, 6, 0); at += 7 * QN_MINUTE_US) {
        bool repeated;
        int64_t again;
        int64_t local = qn_market_to_local(at, &repeated);
        assert_int_equal(qn_market_from_local(local, repeated, &again), QN_MARKET_OK);
        assert_int_equal(again, at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days_and_dates_are_each_others_inverse),
        cmocka_unit_test(test_winter_is_six_hours_behind_and_summer_five),
        cmocka_unit_test(test_days_of_change_by_the_rules_of_both_times),
        cmocka_unit_test(test_the_repeated_hour_follows_the_first),
        cmocka_unit_test(test_spring_leaves_hour_ending_three_out),
        cmocka_unit_test(test_counted_hours),
        cmocka_unit_test(test_what_cannot_be_is_refused),
        cmocka_unit_test(test_local_time_and_back_through_a_year),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
