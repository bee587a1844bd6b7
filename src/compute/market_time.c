/* The clock of the Texas power market: see market_time.h. */
#include "compute/market_time.h"

#define STANDARD (qn_zone_chicago->standard_s / 3600) /* hours from UTC */
#define DAYLIGHT (STANDARD + 1)

enum { SWITCH = 2 }; /* hour of the change */

struct changes {
    int32_t spring;
    int32_t autumn;
};

/* The local days on which the clocks change. */
static struct changes changes_of(int year)
{
    int64_t begin, end;
    qn_zone_summer(qn_zone_chicago, year, &begin, &end);
    return (struct changes){(int32_t)qn_floor_div(begin + STANDARD * QN_HOUR_US, QN_DAY_US),
                            (int32_t)qn_floor_div(end + STANDARD * QN_HOUR_US, QN_DAY_US)};
}

enum qn_market_day qn_market_day(int32_t day)
{
    struct changes changes = changes_of(qn_civil_from_days(day).year);
    if (day == changes.spring)
        return QN_DAY_SPRING;
    return day == changes.autumn ? QN_DAY_AUTUMN : QN_DAY_PLAIN;
}

int qn_market_hours(int32_t day)
{
    static const int hours[] = {24, 23, 25};
    return hours[qn_market_day(day)];
}

/* Midnight at the beginning of a local day. */
static int64_t midnight(int32_t day)
{
    struct changes changes = changes_of(qn_civil_from_days(day).year);
    bool daylight = day > changes.spring && day <= changes.autumn;
    return day * QN_DAY_US - (daylight ? DAYLIGHT : STANDARD) * QN_HOUR_US;
}

/* Hours passed since midnight when the local clock first (or, repeated, again) shows `hour`. */
static enum qn_market_fault passed(int32_t day, int hour, bool repeated, int *hours)
{
    enum qn_market_day kind = qn_market_day(day);
    if (repeated && (kind != QN_DAY_AUTUMN || hour != SWITCH - 1))
        return QN_MARKET_NOT_REPEATED;
    if (kind == QN_DAY_SPRING && hour == SWITCH)
        return QN_MARKET_SKIPPED_HOUR;
    *hours = hour;
    if (kind == QN_DAY_SPRING && hour > SWITCH)
        *hours = hour - 1;
    if (kind == QN_DAY_AUTUMN && (hour >= SWITCH || repeated))
        *hours = hour + 1;
    return QN_MARKET_OK;
}

enum qn_market_fault qn_market_instant(int32_t day, int hour, int period, int minutes,
                                       enum qn_hour_labels labels, bool repeated,
                                       int64_t *instant_us)
{
    int hours = hour - 1;
    if (period < 1 || period > 60 / minutes)
        return QN_MARKET_NO_SUCH_PERIOD;
    if (hour < 1 || hour > (labels == QN_LABELS_ORDINAL ? qn_market_hours(day) : 24))
        return QN_MARKET_NO_SUCH_HOUR;
    if (labels == QN_LABELS_FLAG) {
        enum qn_market_fault fault = passed(day, hour - 1, repeated, &hours);
        if (fault)
            return fault;
    }
    *instant_us = midnight(day) + hours * QN_HOUR_US + (period - 1) * minutes * QN_MINUTE_US;
    return QN_MARKET_OK;
}

enum qn_market_fault qn_market_from_local(int64_t local_us, bool repeated, int64_t *instant_us)
{
    int64_t of_day = (local_us % QN_DAY_US + QN_DAY_US) % QN_DAY_US;
    int32_t day = (int32_t)((local_us - of_day) / QN_DAY_US);
    int hours;
    enum qn_market_fault fault = passed(day, (int)(of_day / QN_HOUR_US), repeated, &hours);
    if (!fault)
        *instant_us = midnight(day) + hours * QN_HOUR_US + of_day % QN_HOUR_US;
    return fault;
}

int64_t qn_market_to_local(int64_t instant_us, bool *repeated)
{
    int64_t standard = instant_us + STANDARD * QN_HOUR_US;
    int64_t of_day = (standard % QN_DAY_US + QN_DAY_US) % QN_DAY_US;
    int32_t day = (int32_t)((standard - of_day) / QN_DAY_US);
    struct changes changes = changes_of(qn_civil_from_days(day).year);
    int64_t spring = changes.spring * QN_DAY_US + SWITCH * QN_HOUR_US;
    int64_t autumn = changes.autumn * QN_DAY_US + (SWITCH - 1) * QN_HOUR_US; /* in standard time */
    *repeated = standard >= autumn && standard < autumn + QN_HOUR_US;
    return standard >= spring && standard < autumn ? standard + QN_HOUR_US : standard;
}
