/* Time zones: see zone.h. */
#include "compute/zone.h"

#include "base/calendar.h"

#include <stdio.h>
#include <string.h>

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

const struct qn_zone *const qn_zone_chicago = &zones[2];

/* The first Sunday on or after a date, as days since 1970. */
static int64_t sunday(int year, unsigned month, unsigned from)
{
    int64_t day = qn_days_from_civil(year, month, from);
    int64_t weekday = ((day + 4) % 7 + 7) % 7; /* 0 is Sunday; 1970-01-01 was a Thursday */
    return day + (7 - weekday) % 7;
}

bool qn_zone_summer(const struct qn_zone *zone, int year, int64_t *begin_us, int64_t *end_us)
{
    if (!zone || zone->rule == QN_ZONE_FIXED)
        return false;
    if (zone->rule == QN_ZONE_EU) {
        *begin_us = sunday(year, 3, 25) * QN_DAY_US + QN_HOUR_US;
        *end_us = sunday(year, 10, 25) * QN_DAY_US + QN_HOUR_US;
        return true;
    }
    bool since_2007 = year >= 2007;
    int64_t spring = since_2007 ? sunday(year, 3, 8) : sunday(year, 4, 1);
    int64_t autumn = since_2007 ? sunday(year, 11, 1) : sunday(year, 10, 25);
    *begin_us = spring * QN_DAY_US + 2 * QN_HOUR_US - zone->standard_s * QN_SECOND_US;
    *end_us = autumn * QN_DAY_US + QN_HOUR_US - zone->standard_s * QN_SECOND_US;
    return true;
}

int32_t qn_zone_offset(const struct qn_zone *zone, int64_t utc_us)
{
    int64_t begin, end;
    int32_t standard = zone ? zone->standard_s : 0;
    int64_t day = qn_floor_div(utc_us + standard * QN_SECOND_US, QN_DAY_US);
    if (!qn_zone_summer(zone, qn_civil_from_days(day).year, &begin, &end))
        return standard;
    return standard + (utc_us >= begin && utc_us < end ? 3600 : 0);
}

enum qn_local qn_zone_to_utc(const struct qn_zone *zone, int64_t local_us, int64_t *utc_us)
{
    int64_t winter = local_us - (zone ? zone->standard_s : 0) * QN_SECOND_US;
    *utc_us = winter;
    if (!zone || zone->rule == QN_ZONE_FIXED)
        return QN_LOCAL_CLEAR;
    int64_t in_summer = winter - QN_HOUR_US;
    bool as_winter = qn_zone_offset(zone, winter) == zone->standard_s;
    bool as_summer = qn_zone_offset(zone, in_summer) != zone->standard_s;
    *utc_us = as_summer ? in_summer : winter;
    return as_winter && as_summer   ? QN_LOCAL_TWICE
           : as_winter || as_summer ? QN_LOCAL_CLEAR
                                    : QN_LOCAL_SKIPPED;
}
