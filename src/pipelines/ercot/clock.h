/* When the rows of a source are: instants and dates from the fields that tell, for whole columns.
 */
#ifndef QN_PIPELINES_ERCOT_CLOCK_H
#define QN_PIPELINES_ERCOT_CLOCK_H

#include "pipelines/ercot/table.h"

enum er_repeat_hint { /* of files without a flag */
                      ER_HINT_NONE,
                      ER_HINT_REPEATED /* the name marks the second file of the repeated hour */
};

/* Fills the derived columns of all rows of the source at hand; rows whose time cannot be get a
 * fault. */
enum qn_status er_clock_set(struct er_table *table, const struct er_mapping *mapping,
                            enum er_repeat_hint hint, struct qn_error *err);

/* Operating day of a row, and whether it has one. Derived columns begin with two instants (or an
 * instant and a local time) and the day; tables without them may have a column that serves. */
bool er_clock_other_day(const struct er_table *table, uint64_t row, int32_t *day);
static inline bool er_clock_day(const struct er_table *table, uint64_t row, int32_t *day)
{
    if (table->dataset->time == ER_TIME_NONE)
        return er_clock_other_day(table, row, day);
    *day = ((const int32_t *)(const void *)table->vectors[2].values.data)[row];
    return true;
}

#endif
