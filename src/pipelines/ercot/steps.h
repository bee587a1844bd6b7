/* The steps of the job `rollup`, as the table of the pipeline names them. */
#ifndef QN_PIPELINES_ERCOT_STEPS_H
#define QN_PIPELINES_ERCOT_STEPS_H

#include <quern/pipeline.h>

enum qn_status er_plan(const struct qn_options *options, struct qn_plan *plan,
                       struct qn_error *err);
enum qn_status er_open_worker(const struct qn_job *job, void **worker, struct qn_error *err);
enum qn_status er_run_task(void *worker, struct qn_task_run *run, struct qn_error *err);
void er_close_worker(void *worker);
enum qn_status er_glue(struct qn_glue *glue, struct qn_error *err);
void er_describe(const struct qn_job *job, const struct qn_task *task, char *text, size_t size);
enum qn_status er_verify(struct qn_verify *verify, struct qn_error *err);
enum qn_status er_report(const struct qn_job *job, const char *manifest, char **html,
                         struct qn_error *err);

#endif
