/* Time zones by rule, not by the machine's tables: when summer time begins and ends, and what local
 * times mean. Instants are microseconds from 1970-01-01 in UTC, local times from the local one.
 *
 * Rules: in the United States from the second Sunday in March to the first in November at 2:00 on
 * the clocks of before (Energy Policy Act of 2005, since 2007), earlier from the first Sunday in
 * April to the last in October (since 1987); in the European Union from the last Sunday in March to
 * the last in October at 1:00 UTC (since 1996).
 */
#ifndef QN_COMPUTE_ZONE_H
#define QN_COMPUTE_ZONE_H

#include <quern/error.h>
#include <stdbool.h>
#include <stdint.h>

#define QN_SECOND_US INT64_C(1000000)
#define QN_MINUTE_US (60 * QN_SECOND_US)
#define QN_HOUR_US   (60 * QN_MINUTE_US)
#define QN_DAY_US    (24 * QN_HOUR_US)

struct qn_zone {
    const char *name;   /* of the IANA */
    int32_t standard_s; /* seconds east of Greenwich in winter */
    enum qn_zone_rule { QN_ZONE_FIXED, QN_ZONE_US, QN_ZONE_EU } rule;
};

/* NULL, and the error with the names there are, if it is not known. */
const struct qn_zone *qn_zone_find(const char *name, struct qn_error *err);
extern const struct qn_zone *const qn_zone_chicago;

/* When summer time begins and ends in a year; false if the zone has none. */
bool qn_zone_summer(const struct qn_zone *zone, int year, int64_t *begin_us, int64_t *end_us);

/* Seconds east of Greenwich at that instant. NULL is UTC. */
int32_t qn_zone_offset(const struct qn_zone *zone, int64_t utc_us);

enum qn_local {
    QN_LOCAL_CLEAR,
    QN_LOCAL_TWICE,  /* clocks show it twice: the first time was chosen, the second is an hour on */
    QN_LOCAL_SKIPPED /* clocks never show it */
};
enum qn_local qn_zone_to_utc(const struct qn_zone *zone, int64_t local_us, int64_t *utc_us);

#endif
