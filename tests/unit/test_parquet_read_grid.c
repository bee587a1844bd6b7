/* Grids of times and market days. Expected: the rules themselves (US since 1987, EU since 1996) and
 * Python's zoneinfo for the instants named. */
#include "check.h"

#include "pipelines/parquet/grid.h"

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)

#define NOV_3_2024  INT64_C(1730592000) /* 2024-11-03 00:00 UTC */
#define MAR_10_2024 INT64_C(1710028800) /* 2024-03-10 00:00 UTC */
#define MAR_31_2024 INT64_C(1711843200) /* 2024-03-31 00:00 UTC */

static void summer_time_of_the_united_states_begins_and_ends_at_two(void **state)
{
    (void)state;
    const struct qn_zone *chicago = qn_zone_find("America/Chicago", NULL);
    assert_int_equal(qn_zone_offset(chicago, MAR_10_2024 * SECOND + 8 * HOUR - 1), -6 * 3600);
    assert_int_equal(qn_zone_offset(chicago, MAR_10_2024 * SECOND + 8 * HOUR), -5 * 3600);
    assert_int_equal(qn_zone_offset(chicago, NOV_3_2024 * SECOND + 7 * HOUR - 1), -5 * 3600);
    assert_int_equal(qn_zone_offset(chicago, NOV_3_2024 * SECOND + 7 * HOUR), -6 * 3600);
}

static void before_2007_summer_time_ran_from_april_to_october(void **state)
{
    (void)state;
    const struct qn_zone *chicago = qn_zone_find("America/Chicago", NULL);
    const int64_t begin = INT64_C(1143964800) * SECOND; /* 2006-04-02 08:00 UTC */
    const int64_t end = INT64_C(1162105200) * SECOND;   /* 2006-10-29 07:00 UTC */
    assert_int_equal(qn_zone_offset(chicago, begin - 1), -6 * 3600);
    assert_int_equal(qn_zone_offset(chicago, begin), -5 * 3600);
    assert_int_equal(qn_zone_offset(chicago, end - 1), -5 * 3600);
    assert_int_equal(qn_zone_offset(chicago, end), -6 * 3600);
}

static void summer_time_of_europe_begins_at_one_of_utc(void **state)
{
    (void)state;
    const struct qn_zone *berlin = qn_zone_find("Europe/Berlin", NULL);
    assert_int_equal(qn_zone_offset(berlin, MAR_31_2024 * SECOND + HOUR - 1), 3600);
    assert_int_equal(qn_zone_offset(berlin, MAR_31_2024 * SECOND + HOUR), 7200);
}

static void local_times_are_clear_twice_or_skipped(void **state)
{
    (void)state;
    const struct qn_zone *chicago = qn_zone_find("America/Chicago", NULL);
    int64_t utc;
    int64_t spring = MAR_10_2024 * SECOND, autumn = NOV_3_2024 * SECOND;
    assert_int_equal(qn_zone_to_utc(chicago, spring + 1 * HOUR, &utc), QN_LOCAL_CLEAR);
    assert_int_equal(utc, spring + 7 * HOUR);
    assert_int_equal(qn_zone_to_utc(chicago, spring + 2 * HOUR, &utc), QN_LOCAL_SKIPPED);
    assert_int_equal(qn_zone_to_utc(chicago, spring + 3 * HOUR, &utc), QN_LOCAL_CLEAR);
    assert_int_equal(utc, spring + 8 * HOUR);
    assert_int_equal(qn_zone_to_utc(chicago, autumn + HOUR, &utc), QN_LOCAL_TWICE);
    assert_int_equal(utc, autumn + 6 * HOUR);
    assert_int_equal(qn_zone_to_utc(chicago, autumn + 2 * HOUR, &utc), QN_LOCAL_CLEAR);
    assert_int_equal(utc, autumn + 8 * HOUR);
}

static void market_days_have_23_24_or_25_hours(void **state)
{
    (void)state;
    struct qn_grid grid = {
        .step_us = HOUR, .zone = qn_zone_find("America/Chicago", NULL), .period = QN_PERIOD_DAY};
    const struct {
        int64_t date, hours;
    } days[] = {{MAR_10_2024 / 86400 - 1, 24},
                {MAR_10_2024 / 86400, 23},
                {NOV_3_2024 / 86400, 25},
                {NOV_3_2024 / 86400 + 1, 24}};
    for (size_t i = 0; i < sizeof days / sizeof *days; i++)
        assert_int_equal(qn_grid_period_place(&grid, days[i].date + 1) -
                             qn_grid_period_place(&grid, days[i].date),
                         days[i].hours);
}

/* Midnights in Chicago over a year are one grid of days, whatever the day's length. */
static void a_step_of_a_day_counts_local_days(void **state)
{
    (void)state;
    struct qn_grid grid = {.step_us = DAY, .zone = qn_zone_find("America/Chicago", NULL)};
    int64_t place;
    for (int64_t date = 19723; date < 19723 + 366; date++) { /* 2024 */
        int64_t utc = qn_grid_time(&grid, date);
        assert_true(qn_grid_place(&grid, utc, &place));
        assert_int_equal(place, date);
        assert_int_equal(qn_grid_date(&grid, utc), date);
        assert_false(qn_grid_place(&grid, utc + HOUR, &place));
    }
}

static void steps_and_periods_read(void **state)
{
    (void)state;
    struct qn_grid grid = {.step_us = DAY, .dates = true, .period = QN_PERIOD_MONTH};
    assert_int_equal(qn_step_of_text("15m"), 900 * SECOND);
    assert_int_equal(qn_step_of_text("1d"), DAY);
    assert_int_equal(qn_step_of_text("0h"), 0);
    assert_int_equal(qn_step_of_text("15 parsecs"), 0);
    int64_t february = qn_grid_period(&grid, 19764 * DAY); /* 2024-02-11 */
    assert_int_equal(qn_period_start(QN_PERIOD_MONTH, february), 19754);
    assert_int_equal(qn_period_start(QN_PERIOD_MONTH, february + 1), 19754 + 29);
    assert_null(qn_zone_find("Mars/Olympus", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(summer_time_of_the_united_states_begins_and_ends_at_two),
        cmocka_unit_test(before_2007_summer_time_ran_from_april_to_october),
        cmocka_unit_test(summer_time_of_europe_begins_at_one_of_utc),
        cmocka_unit_test(local_times_are_clear_twice_or_skipped),
        cmocka_unit_test(market_days_have_23_24_or_25_hours),
        cmocka_unit_test(a_step_of_a_day_counts_local_days),
        cmocka_unit_test(steps_and_periods_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
