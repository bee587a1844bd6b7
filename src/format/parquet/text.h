/* Values of any Parquet type as text for people and for JSON.
 *
 *   integers, floats     shortest decimal that reads back the same; NaN, Infinity, -Infinity
 *   decimal              exact, "-1234.50"
 *   date, time           2024-03-10, 01:45:00.25
 *   timestamp            2024-03-10T07:45:00Z; without the Z when it has no time zone
 *   string, json, enum   as it is (what is not UTF-8 becomes U+FFFD)
 *   uuid                 8-4-4-4-12 hex digits
 *   interval             "3 months 2 days 500 ms"
 *   all other bytes      hex digits
 */
#ifndef QN_FORMAT_PARQUET_TEXT_H
#define QN_FORMAT_PARQUET_TEXT_H

#include "format/parquet/reader.h"

enum qn_parquet_style {
    QN_PARQUET_PLAIN, /* the bare text */
    QN_PARQUET_JSON   /* finite numbers and booleans bare, everything else in quotes */
};

/* Appends one value, given in its stored form. */
void qn_parquet_put_value(struct qn_buf *out, const struct qn_parquet_node *leaf,
                          const uint8_t *bytes, size_t len, enum qn_parquet_style style);

/* Appends text in quotes, escaped for JSON. */
void qn_parquet_put_json_text(struct qn_buf *out, const char *text, size_t len);

/* Microseconds since 1970 as "2024-03-10T07:45:00Z", in text[40]. Returns text. */
const char *qn_parquet_instant_text(int64_t micros, bool utc, char text[40]);

#endif
