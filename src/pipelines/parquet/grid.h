/* The grid of times that a series is expected to have: a fixed step, or the days of a market in a
 * time zone with its 23- and 25-hour days. */
#ifndef QN_PARQUET_GRID_H
#define QN_PARQUET_GRID_H

#include "compute/zone.h"

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
