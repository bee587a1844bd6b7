/* The steps of the job `map`: what struct qn_pipeline asks for, the payload of a task (a range of
 * sweeps in one file), what all tasks share, and what a task leaves.
 *
 * A task's result is a head, then its sweeps, rows and stray lines (struct qn_lunar_sweep,
 * qn_lunar_row, qn_er_place). Beside it lies a part: the columns of the NumPy archive, packed, in
 * the order of qn_npz_columns.
 */
#ifndef QN_PIPELINES_LUNAR_JOB_H
#define QN_PIPELINES_LUNAR_JOB_H

#include "pipelines/lunar/columns.h"
#include "pipelines/lunar/inputs.h"
#include "pipelines/lunar/settings.h"
#include "pipelines/lunar/sweep.h"

/* ---- what all tasks share ------------------------------------------------------------------- */

enum { QN_LUNAR_KERNELS = 64 };

struct qn_lunar_shared { /* paths of files beside the spectra; texts lie in `bytes` */
    struct qn_buf bytes;
    const char *theta;
    const char *attitude;
    const char *kernels[QN_LUNAR_KERNELS];
    size_t kernel_count;
};

/* Decodes what the plan holds; QN_ERR_CORRUPT for other bytes. */
enum qn_status qn_lunar_shared_decode(struct qn_lunar_shared *shared, const void *bytes, size_t len,
                                      struct qn_error *err);
void qn_lunar_shared_release(struct qn_lunar_shared *shared);

/* ---- tasks ---------------------------------------------------------------------------------- */

struct qn_lunar_work { /* a decoded payload; `path` lies in it */
    const char *path;
    uint64_t from, to; /* bytes of the file: sweeps that begin there */
    int32_t day;
};

enum qn_status qn_lunar_work_decode(struct qn_lunar_work *work, const void *payload, size_t len,
                                    struct qn_error *err);

/* ---- results -------------------------------------------------------------------------------- */

struct qn_lunar_counts {
    uint64_t sweeps;
    uint64_t rows;
    uint64_t strays; /* lines that belong to no sweep */
    uint64_t others; /* sweeps that begin outside the period asked for, left out */
    uint64_t npz_sweeps;
    uint64_t npz_rows;
};

struct qn_lunar_result { /* a decoded result; records lie in the bytes, not aligned */
    struct qn_lunar_counts counts;
    struct qn_npz_piece pieces[QN_NPZ_COLUMNS];
    const uint8_t *sweeps;
    const uint8_t *rows; /* of all sweeps, one behind the other */
    const uint8_t *strays;
};

void qn_lunar_result_encode(struct qn_buf *head, const struct qn_lunar_counts *counts,
                            const struct qn_npz_piece pieces[QN_NPZ_COLUMNS]);
enum qn_status qn_lunar_result_decode(struct qn_lunar_result *result, const void *bytes, size_t len,
                                      struct qn_error *err);

/* The part beside the result of a task. */
enum { QN_LUNAR_PART = 48 };
void qn_lunar_part_name(uint64_t task, char name[QN_LUNAR_PART]);

/* ---- steps ---------------------------------------------------------------------------------- */

enum qn_status qn_lunar_plan(const struct qn_options *options, struct qn_plan *plan,
                             struct qn_error *err);
enum qn_status qn_lunar_open_worker(const struct qn_job *job, void **worker, struct qn_error *err);
enum qn_status qn_lunar_run_task(void *worker, struct qn_task_run *run, struct qn_error *err);
void qn_lunar_close_worker(void *worker);
enum qn_status qn_lunar_glue(struct qn_glue *glue, struct qn_error *err);
void qn_lunar_describe(const struct qn_job *job, const struct qn_task *task, char *text,
                       size_t size);
enum qn_status qn_lunar_verify(struct qn_verify *verify, struct qn_error *err);

#endif
