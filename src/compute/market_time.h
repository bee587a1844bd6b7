/* The clock of the Texas power market: hour-ending labels in US Central prevailing time, and the
 * instants in UTC that they mean. Pure arithmetic by rule; the machine's time zone plays no part.
 *
 * compute/zone.h knows when clocks change: America/Chicago, CST is UTC-6, CDT is UTC-5.
 *
 * Days are counted from 1970-01-01, instants in microseconds from its beginning in UTC.
 */
#ifndef QN_COMPUTE_MARKET_TIME_H
#define QN_COMPUTE_MARKET_TIME_H

#include "base/calendar.h"
#include "compute/zone.h"

enum qn_market_day { QN_DAY_PLAIN, QN_DAY_SPRING, QN_DAY_AUTUMN }; /* 24, 23, 25 hours */
enum qn_market_day qn_market_day(int32_t day);
int qn_market_hours(int32_t day); /* 24, 23 or 25 */

/* How a file tells the two hours apart that end at 2:00 in autumn. */
enum qn_hour_labels {
    QN_LABELS_FLAG,   /* by a flag: hour ending 2 without, then with it */
    QN_LABELS_ORDINAL /* by counting: 1 to 25 (1 to 23 in spring), hour k is the k-th of the day */
};

enum qn_market_fault { /* why a label means no instant */
                       QN_MARKET_OK,
                       QN_MARKET_NO_SUCH_HOUR,  /* not 1 to 24, or 25 where there are 24 */
                       QN_MARKET_SKIPPED_HOUR,  /* the hour that spring leaves out */
                       QN_MARKET_NOT_REPEATED,  /* the flag on an hour that comes once */
                       QN_MARKET_NO_SUCH_PERIOD /* interval beyond the hour */
};

/* The beginning of a period: `hour` ending 1 to 25, `period` from 1 of `minutes` each (60: one). */
enum qn_market_fault qn_market_instant(int32_t day, int hour, int period, int minutes,
                                       enum qn_hour_labels labels, bool repeated,
                                       int64_t *instant_us);

/* The instant of a local date and time (microseconds from the local 1970-01-01 00:00). */
enum qn_market_fault qn_market_from_local(int64_t local_us, bool repeated, int64_t *instant_us);

/* Local time of an instant; *repeated tells the second of the two equal ones in autumn. */
int64_t qn_market_to_local(int64_t instant_us, bool *repeated);

#endif
