/* Numbers as people read them in reports: grouped digits, sizes, durations, dates. Each function
 * fills `text` and returns it. */
#ifndef QN_RENDER_UNITS_H
#define QN_RENDER_UNITS_H

#include <stdint.h>

enum { QN_UNITS_TEXT = 32 };

const char *qn_units_count(uint64_t count, char text[QN_UNITS_TEXT]);   /* "1,234,567" */
const char *qn_units_bytes(uint64_t bytes, char text[QN_UNITS_TEXT]);   /* "467 B", "3.2 GB" */
const char *qn_units_seconds(double seconds, char text[QN_UNITS_TEXT]); /* "12.3 s", "3 h 05 min" */
const char *qn_units_date(uint64_t epoch_us, char text[QN_UNITS_TEXT]); /* "2026-03-01 12:00 UTC" */

#endif
