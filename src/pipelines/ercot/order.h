/* Rows of a table in the order of their keys, each key once. */
#ifndef QN_PIPELINES_ERCOT_ORDER_H
#define QN_PIPELINES_ERCOT_ORDER_H

#include "pipelines/ercot/intake.h"

/* Which of two publications wins: by time, then supplements, then name. */
int er_precedence(uint64_t published_a, unsigned supplement_a, const char *name_a,
                  uint64_t published_b, unsigned supplement_b, const char *name_b);

/* Puts those rows of the table that have the operating year (0: that have none; NULL: all are to be
 * taken) into `rows`, uint32_t each, in order of the key and without duplicates: of rows with equal
 * keys those of the winning source stay (its last one, or all where repeats are real). Losers are
 * counted at their source. */
enum qn_status er_order(const struct er_table *table, const struct er_intake *intake,
                        const int *year, struct qn_buf *rows, struct qn_error *err);

/* Operating years of the table's rows, ascending, 0 for none: at most `room`. */
enum { ER_YEARS_MAX = 256 };
size_t er_years(const struct er_table *table, int years[ER_YEARS_MAX]);

#endif
