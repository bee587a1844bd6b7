/* The proleptic Gregorian calendar: dates and days counted from 1970-01-01 (Howard Hinnant,
 * "chrono-compatible low-level date algorithms"). Pure arithmetic. */
#ifndef QN_BASE_CALENDAR_H
#define QN_BASE_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

struct qn_civil {
    int year;
    unsigned month; /* 1 to 12 */
    unsigned day;   /* 1 to 31 */
};

/* Years up to some millions either way, as microseconds in 64 bits reach. Months beyond 12 are
 * those of the next year; days beyond a month's end are those of the next month. */
int64_t qn_days_from_civil(int year, unsigned month, unsigned day);
struct qn_civil qn_civil_from_days(int64_t days);

/* Whether there is such a date, in the years 1 to 9999. */
bool qn_civil_valid(int year, unsigned month, unsigned day);

/* a / b, rounded down; b > 0. */
static inline int64_t qn_floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

#endif
