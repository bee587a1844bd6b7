/* The grid of times that a series is expected to have: a fixed step, or the days of a market in a
 * time zone with its 23- and 25-hour days. Zones go by rule, not by the machine's tables: the
 * United States since 2007, the European Union since 1996. */
#ifndef QN_PARQUET_GRID_H
#define QN_PARQUET_GRID_H

#include <quern/error.h>
#include <stdbool.h>
#include <stdint.h>

struct qn_zone {
    const char *name;   /* of the IANA */
    int32_t standard_s; /* seconds east of Greenwich in winter */
    enum qn_zone_rule { QN_ZONE_FIXED, QN_ZONE_US, QN_ZONE_EU } rule;
};
/* NULL, and the error with the names there are, if it is not known. */
const struct qn_zone *qn_zone_find(const char *name, struct qn_error *err);
/* Seconds east of Greenwich at that instant. */
int32_t qn_zone_offset(const struct qn_zone *zone, int64_t utc_us);

enum qn_local {
    QN_LOCAL_CLEAR,
    QN_LOCAL_TWICE,  /* clocks show it twice: the first time was chosen, the second is an hour on */
    QN_LOCAL_SKIPPED /* clocks never show it */
};
enum qn_local qn_zone_to_utc(const struct qn_zone *zone, int64_t local_us, int64_t *utc_us);

enum qn_period { QN_PERIOD_DAY, QN_PERIOD_MONTH, QN_PERIOD_YEAR };

struct qn_grid {
    int64_t step_us;            /* 0: none is known */
    const struct qn_zone *zone; /* NULL: UTC */
    bool dates;                 /* times are dates: days since 1970, without a zone */
    enum qn_period period;
};

/* "15m", "1h", "30s", "1d"; 0 if it is no step. */
int64_t qn_step_of_text(const char *text);

/* The number of the grid point at an instant, counted from 1970; false if it lies between two. */
bool qn_grid_place(const struct qn_grid *grid, int64_t utc_us, int64_t *place);
int64_t qn_grid_time(const struct qn_grid *grid, int64_t place); /* the instant of a grid point */

/* The local date, as days since 1970, and the number of the period that an instant lies in. */
int64_t qn_grid_date(const struct qn_grid *grid, int64_t utc_us);
int64_t qn_grid_period(const struct qn_grid *grid, int64_t utc_us);
/* First day of a period, days since 1970. */
int64_t qn_period_start(enum qn_period period, int64_t number);
/* The first grid point of a period. */
int64_t qn_grid_period_place(const struct qn_grid *grid, int64_t period);

#endif
