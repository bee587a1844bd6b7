/* Which traces of a survey are exported: a range of their numbers, or those whose header values lie
 * in given ranges. Always in the order of the file. */
#ifndef QN_PIPELINES_SEGY_EXPORT_SELECT_H
#define QN_PIPELINES_SEGY_EXPORT_SELECT_H

#include "pipelines/segy/dataset/dataset.h"

/* Traces of `range`; with `bits` those among them whose bit (trace - range.start) is set. */
struct qn_selection {
    struct qn_trace_range range;
    uint64_t *bits; /* NULL: all of the range */
    uint64_t count; /* traces selected, at least 1 */
};

/* Parses and applies the options
 *   --traces A:B    numbers from A, counted from 0, to before B; either may be left out
 *   --select KEY=A:B[:STEP],KEY=A,...   values from A to B inclusive of a column of
 * headers.parquet; several of one key are united, of different keys intersected within `range`. No
 * trace at all is QN_ERR_USAGE, with the values that there are. Release with qn_selection_release.
 */
enum qn_status qn_selection_make(const struct qn_dataset *dataset, const struct qn_options *options,
                                 struct qn_trace_range range, struct qn_selection *selection,
                                 struct qn_error *err);
void qn_selection_release(struct qn_selection *selection);

/* The first run of consecutive selected traces within start to end - 1; false if there is none. */
bool qn_selection_run(const struct qn_selection *selection, uint64_t start, uint64_t end,
                      struct qn_trace_range *run);

/* Selected traces among start to end - 1. */
uint64_t qn_selection_count(const struct qn_selection *selection, uint64_t start, uint64_t end);

#endif
