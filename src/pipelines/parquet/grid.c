/* Grids of times: see grid.h. */
#include "pipelines/parquet/grid.h"

#include "base/calendar.h"

#include <stdlib.h>
#include <string.h>

int64_t qn_step_of_text(const char *text)
{
    static const struct {
        const char *unit;
        int64_t us;
    } units[] = {{"s", QN_SECOND_US},
                 {"m", QN_MINUTE_US},
                 {"min", QN_MINUTE_US},
                 {"h", QN_HOUR_US},
                 {"d", QN_DAY_US}};
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
    return grid->dates ? utc_us : utc_us + qn_zone_offset(grid->zone, utc_us) * QN_SECOND_US;
}

/* Whole days are counted on local calendars, shorter steps in real time. */
static bool counts_days(const struct qn_grid *grid)
{
    return grid->step_us % QN_DAY_US == 0;
}

bool qn_grid_place(const struct qn_grid *grid, int64_t utc_us, int64_t *place)
{
    int64_t at = counts_days(grid) ? to_local(grid, utc_us) : utc_us;
    *place = qn_floor_div(at, grid->step_us);
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
    return qn_floor_div(to_local(grid, utc_us), QN_DAY_US);
}

int64_t qn_grid_period(const struct qn_grid *grid, int64_t utc_us)
{
    int64_t date = qn_grid_date(grid, utc_us);
    if (grid->period == QN_PERIOD_DAY)
        return date;
    struct qn_civil civil = qn_civil_from_days(date);
    return grid->period == QN_PERIOD_YEAR ? civil.year : civil.year * INT64_C(12) + civil.month - 1;
}

int64_t qn_period_start(enum qn_period period, int64_t number)
{
    if (period == QN_PERIOD_DAY)
        return number;
    if (period == QN_PERIOD_YEAR)
        return qn_days_from_civil((int)number, 1, 1);
    int64_t year = qn_floor_div(number, 12);
    return qn_days_from_civil((int)year, (unsigned)(number - year * 12 + 1), 1);
}

int64_t qn_grid_period_place(const struct qn_grid *grid, int64_t period)
{
    int64_t local = qn_period_start(grid->period, period) * QN_DAY_US, utc = local;
    if (counts_days(grid))
        return qn_floor_div(local + grid->step_us - 1, grid->step_us);
    if (!grid->dates)
        qn_zone_to_utc(grid->zone, local, &utc);
    return qn_floor_div(utc + grid->step_us - 1, grid->step_us);
}
