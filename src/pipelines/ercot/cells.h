/* What the cells of market files mean: dates in all their spellings, hours, flags. Pure functions
 * over text; false when the text is none of its kind.
 */
#ifndef QN_PIPELINES_ERCOT_CELLS_H
#define QN_PIPELINES_ERCOT_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Days since 1970-01-01 of 03/10/2024, 3/10/2024, 2024-03-10, 20240310, 10-MAR-24 (or -2024); a
 * time of day may follow and is left out. */
bool er_read_date(const char *text, size_t len, int32_t *day);

/* Microseconds of local time of a date as above, and a time: "08:05:13", "8:05", "08:05:13.25". */
bool er_read_stamp(const char *text, size_t len, int64_t *us);

/* Hour ending: 1 to 25 as "1", "01", "1:00", "01:00". Other numbers up to 99 are read as well:
 * whether there is such an hour depends on the day. */
bool er_read_hour(const char *text, size_t len, int8_t *hour);

/* Y, N, yes, no, true, false, T, F, 1, 0 in any case. */
bool er_read_flag(const char *text, size_t len, bool *flag);

/* Number of an interval: 1 to 100. */
bool er_read_period(const char *text, size_t len, int8_t *period);

#endif
