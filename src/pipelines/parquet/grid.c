/* Grids of times: see grid.h. The calendar is that of market time. */
#include "pipelines/parquet/grid.h"

#include "compute/market_time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)

static const struct qn_zone zones[] = {{"UTC", 0, QN_ZONE_FIXED},
                                       {"America/New_York", -5 * 3600, QN_ZONE_US},
                                       {"America/Chicago", -6 * 3600, QN_ZONE_US},
                                       {"America/Denver", -7 * 3600, QN_ZONE_US},
                                       {"America/Phoenix", -7 * 3600, QN_ZONE_FIXED},
                                       {"America/Los_Angeles", -8 * 3600, QN_ZONE_US},
                                       {"Europe/London", 0, QN_ZONE_EU},
                                       {"Europe/Lisbon", 0, QN_ZONE_EU},
                                       {"Europe/Berlin", 3600, QN_ZONE_EU},
                                       {"Europe/Paris", 3600, QN_ZONE_EU},
                                       {"Europe/Madrid", 3600, QN_ZONE_EU},
                                       {"Europe/Rome", 3600, QN_ZONE_EU},
                                       {"Europe/Amsterdam", 3600, QN_ZONE_EU},
                                       {"Europe/Oslo", 3600, QN_ZONE_EU},
                                       {"Europe/Helsinki", 2 * 3600, QN_ZONE_EU},
                                       {"Europe/Athens", 2 * 3600, QN_ZONE_EU},
                                       {"Asia/Tokyo", 9 * 3600, QN_ZONE_FIXED},
                                       {"Asia/Kolkata", 19800, QN_ZONE_FIXED}};

const struct qn_zone *qn_zone_find(const char *name, struct qn_error *err)
{
    char known[600] = "";
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
        if (!strcmp(zones[i].name, name))
            return &zones[i];
        size_t len = strlen(known);
        snprintf(known + len, sizeof known - len, "%s%s", i ? ", " : "", zones[i].name);
    }
    qn_fail(err, QN_ERR_USAGE, "the time zone '%s' is not known. Known are %s.", name, known);
    return NULL;
}

/* ---- the calendar --------------------------------------------------------------------------- */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    return qn_days_from_civil((int)year, (unsigned)month, (unsigned)day);
}

static void civil_of(int64_t days, int64_t *year, int64_t *month)
{
    struct qn_civil civil = qn_civil_from_days((int32_t)days);
    *year = civil.year;
    *month = civil.month;
}

/* The n-th Sunday of a month, or the last for n = 0, as days since 1970. */
static int64_t sunday(int64_t year, int64_t month, int n)
{
    int64_t first = n ? days_of(year, month, 1) : days_of(year, month + 1, 1) - 7;
    int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday; 0 is Sunday */
    return first + (7 - weekday) % 7 + 7 * (n ? n - 1 : 0);
}

/* When summer time begins and ends in a year, in UTC. */
static void summer(const struct qn_zone *zone, int64_t year, int64_t *begin, int64_t *end)
{
    if (zone->rule == QN_ZONE_US) { /* at 02:00 on the clocks of before */
        *begin = sunday(year, 3, 2) * DAY + 2 * HOUR - zone->standard_s * SECOND;
        *end = sunday(year, 11, 1) * DAY + HOUR - zone->standard_s * SECOND;
    } else { /* at 01:00 UTC */
        *begin = sunday(year, 3, 0) * DAY + HOUR;
        *end = sunday(year, 10, 0) * DAY + HOUR;
    }
}

int32_t qn_zone_offset(const struct qn_zone *zone, int64_t utc_us)
{
    int64_t year, month, begin, end;
    if (!zone || zone->rule == QN_ZONE_FIXED)
        return zone ? zone->standard_s : 0;
    civil_of(floor_div(utc_us + zone->standard_s * SECOND, DAY), &year, &month);
    summer(zone, year, &begin, &end);
    return zone->standard_s + (utc_us >= begin && utc_us < end ? 3600 : 0);
}

enum qn_local qn_zone_to_utc(const struct qn_zone *zone, int64_t local_us, int64_t *utc_us)
{
    int64_t winter = local_us - (zone ? zone->standard_s : 0) * SECOND;
    *utc_us = winter;
    if (!zone || zone->rule == QN_ZONE_FIXED)
        return QN_LOCAL_CLEAR;
    int64_t in_summer = winter - HOUR;
    bool as_winter = qn_zone_offset(zone, winter) == zone->standard_s;
    bool as_summer = qn_zone_offset(zone, in_summer) != zone->standard_s;
    *utc_us = as_summer ? in_summer : winter;
    return as_winter && as_summer   ? QN_LOCAL_TWICE
           : as_winter || as_summer ? QN_LOCAL_CLEAR
                                    : QN_LOCAL_SKIPPED;
}

/* ---- the grid ------------------------------------------------------------------------------- */

int64_t qn_step_of_text(const char *text)
{
    static const struct {
        const char *unit;
        int64_t us;
    } units[] = {{"s", SECOND}, {"m", 60 * SECOND}, {"min", 60 * SECOND}, {"h", HOUR}, {"d", DAY}};
    char *end;
    long long count = strtoll(text, &end, 10);
    if (end == text || count < 1 || count > 100000)
        return 0;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (!strcmp(end, units[i].unit))
            return count * units[i].us;
    }
    return 0;
}

static int64_t to_local(const struct qn_grid *grid, int64_t utc_us)
{
    return grid->dates ? utc_us : utc_us + qn_zone_offset(grid->zone, utc_us) * SECOND;
}

/* Whole days are counted on local calendars, shorter steps in real time. */
static bool counts_days(const struct qn_grid *grid)
{
    return grid->step_us % DAY == 0;
}

bool qn_grid_place(const struct qn_grid *grid, int64_t utc_us, int64_t *place)
{
    int64_t at = counts_days(grid) ? to_local(grid, utc_us) : utc_us;
    *place = floor_div(at, grid->step_us);
    return at - *place * grid->step_us == 0;
}

int64_t qn_grid_time(const struct qn_grid *grid, int64_t place)
{
    int64_t at = place * grid->step_us, utc;
    if (!counts_days(grid) || grid->dates)
        return at;
    qn_zone_to_utc(grid->zone, at, &utc);
    return utc;
}

int64_t qn_grid_date(const struct qn_grid *grid, int64_t utc_us)
{
    return floor_div(to_local(grid, utc_us), DAY);
}

int64_t qn_grid_period(const struct qn_grid *grid, int64_t utc_us)
{
    int64_t year, month, date = qn_grid_date(grid, utc_us);
    if (grid->period == QN_PERIOD_DAY)
        return date;
    civil_of(date, &year, &month);
    return grid->period == QN_PERIOD_YEAR ? year : year * 12 + month - 1;
}

int64_t qn_period_start(enum qn_period period, int64_t number)
{
    if (period == QN_PERIOD_DAY)
        return number;
    if (period == QN_PERIOD_YEAR)
        return days_of(number, 1, 1);
    int64_t year = floor_div(number, 12);
    return days_of(year, number - year * 12 + 1, 1);
}

int64_t qn_grid_period_place(const struct qn_grid *grid, int64_t period)
{
    int64_t local = qn_period_start(grid->period, period) * DAY, utc = local;
    if (counts_days(grid))
        return floor_div(local + grid->step_us - 1, grid->step_us);
    if (!grid->dates)
        qn_zone_to_utc(grid->zone, local, &utc);
    return floor_div(utc + grid->step_us - 1, grid->step_us);
}
