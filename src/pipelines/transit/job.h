/* The steps of the jobs `features` and `search`: what struct qn_pipeline asks for, and the payload
 * of a task: one star. */
#ifndef QN_PIPELINES_TRANSIT_JOB_H
#define QN_PIPELINES_TRANSIT_JOB_H

#include "pipelines/transit/features.h"
#include "pipelines/transit/settings.h"

#define QN_SHEETS_FILE                                                                             \
    ".quern/sheets.bin" /* payloads of the stars to draw, each with its length                     \
                         */

struct qn_work { /* a decoded payload */
    struct qn_candidate candidate;
    struct qn_lc_file *files; /* owned; their paths lie in the payload */
    size_t file_count;
    bool kept; /* the row of an earlier result is taken over */
    struct qn_row row;
};

enum qn_status qn_work_decode(const void *payload, size_t len, struct qn_work *work,
                              struct qn_error *err);
void qn_work_release(struct qn_work *work);

enum qn_status qn_transit_plan(const struct qn_options *options, struct qn_plan *plan,
                               struct qn_error *err);
enum qn_status qn_transit_open_worker(const struct qn_job *job, void **worker,
                                      struct qn_error *err);
enum qn_status qn_transit_run_task(void *worker, struct qn_task_run *run, struct qn_error *err);
void qn_transit_close_worker(void *worker);
enum qn_status qn_transit_check_task(const struct qn_task *task, struct qn_error *err);
enum qn_status qn_transit_glue(struct qn_glue *glue, struct qn_error *err);
enum qn_status qn_transit_verify(struct qn_verify *verify, struct qn_error *err);
enum qn_status qn_transit_report(const struct qn_job *job, const char *manifest, char **html,
                                 struct qn_error *err);

#endif
