/* The NumPy archive of the dataset, put together of the columns that tasks have packed. */
#ifndef QN_PIPELINES_LUNAR_ARRAYS_H
#define QN_PIPELINES_LUNAR_ARRAYS_H

#include "pipelines/lunar/job.h"

struct qn_lunar_task_arrays { /* of one task */
    uint64_t task;
    struct qn_npz_piece pieces[QN_NPZ_COLUMNS];
};

struct qn_lunar_arrays { /* what glue has gathered; zero-initialise, then qn_lunar_arrays_release */
    struct qn_buf tasks; /* struct qn_lunar_task_arrays, in order */
    struct qn_buf sweeps; /* struct qn_lunar_numbered, those in the archive, in order */
    uint64_t sweep_count;
    uint64_t row_count;
};

struct qn_lunar_numbered { /* a sweep in the archive */
    int64_t spec_no;
    uint64_t rows;
};

void qn_lunar_arrays_release(struct qn_lunar_arrays *arrays);

/* potential_batch_YYYY_MM_DD.npz with the parts of the period that were asked for; "all" without.
 */
enum { QN_LUNAR_NPZ_NAME = 64 };
void qn_lunar_npz_name(const struct qn_lunar_period *period, char name[QN_LUNAR_NPZ_NAME]);

enum qn_status qn_lunar_arrays_write(const struct qn_lunar_arrays *arrays, struct qn_glue *glue,
                                     const char *name, struct qn_error *err);

#endif
