/* Days of the proleptic Gregorian calendar, and dates and times of day in UTC as they are written.
 * Pure arithmetic; the machine's clock and time zone play no part. Every layer uses it. */
#ifndef QN_BASE_CALENDAR_H
#define QN_BASE_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Days are counted from 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date
 * algorithms"). Years go as far as microseconds in 64 bits do. Months beyond 12 are those of the
 * next year; days beyond the end of a month are those of the next. */
int64_t qn_days_from_civil(int year, unsigned month, unsigned day);
struct qn_civil {
    int year;
    unsigned month; /* 1 to 12 */
    unsigned day;   /* 1 to 31 */
};
struct qn_civil qn_civil_from_days(int64_t days);
bool qn_civil_valid(int year, unsigned month, unsigned day); /* in the years 1 to 9999 */

/* a / b, rounded down; b > 0. */
static inline int64_t qn_floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* An instant in UTC. Seconds go on to 86401 (exclusive) on a day that ends with a leap second. */
struct qn_utc {
    int32_t day;   /* from 1970-01-01 */
    double second; /* of the day */
};

/* Reads "1998-06-08T00:27:41": a blank may stand for the T, seconds may have decimals, be 60 at
 * 23:59, or be left out ("1998-06-08T00:27", "1998-06-08"), and a Z may follow. False for anything
 * else, dates that do not exist among them. */
bool qn_utc_parse(const char *text, size_t len, struct qn_utc *utc);

/* Writes "1998-06-08T00:27:41" with that many decimals of seconds (0 to 6), cut, not rounded, so
 * that no 60th second appears that is not there. At most QN_UTC_TEXT bytes with the NUL. */
enum { QN_UTC_TEXT = 40 };
void qn_utc_print(struct qn_utc utc, int decimals, char text[QN_UTC_TEXT]);

#endif
