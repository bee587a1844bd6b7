/* Measuring sweeps: from what the file says of a sweep to its records in the dataset. The one way
 * from bytes to potentials, for the tasks of `map` and for the verbs that look at single sweeps. */
#ifndef QN_PIPELINES_LUNAR_MEASURE_H
#define QN_PIPELINES_LUNAR_MEASURE_H

#include "compute/potentials.h"
#include "pipelines/lunar/geometry.h"
#include "pipelines/lunar/settings.h"
#include "pipelines/lunar/sweep.h"

struct qn_lunar_measure;

/* Opens the tables and kernels and takes memory for fits; one per worker. */
enum qn_status qn_lunar_measure_new(struct qn_lunar_measure **measure,
                                    const struct qn_lunar_settings *settings, const char *theta,
                                    const char *attitude, const char *const *kernels,
                                    size_t kernel_count, struct qn_error *err);
void qn_lunar_measure_free(struct qn_lunar_measure *measure); /* NULL is fine */

const struct qn_cells *qn_lunar_measure_cells(const struct qn_lunar_measure *measure);

/* Measures a sweep of a file of that day: fills `found` and rows[0] to rows[in->rows - 1]. Remarks
 * on its place among others, and its number in the dataset, are the caller's. Fails only when a
 * kernel cannot be read: whatever is wrong with a sweep is a reason in its records. */
enum qn_status qn_lunar_measure_sweep(struct qn_lunar_measure *measure,
                                      const struct qn_er_sweep *in, int32_t day,
                                      struct qn_lunar_sweep *found, struct qn_lunar_row *rows,
                                      struct qn_error *err);

/* What the last sweep measured was: rows that took part, as the fits saw them, and all that they
 * found. For pictures of one sweep; NULL fields when it was not fitted. */
struct qn_lunar_last {
    const struct qn_sweep *sweep;
    const struct qn_potentials *potentials;
    const size_t *rows; /* for each row of `sweep`, which row of the file's sweep it is */
    bool skips_sunlit;  /* cells that sunlight gets into had no part (compute/kappa_robust.h) */
};
struct qn_lunar_last qn_lunar_measure_last(const struct qn_lunar_measure *measure);

#endif
