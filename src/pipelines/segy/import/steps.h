/* The steps of `quern segy import`, as the pipeline's table in segy.c lists them. Each lives in a
 * file of its own; their contracts are those of struct qn_pipeline in <quern/pipeline.h>. */
#ifndef QN_PIPELINES_SEGY_IMPORT_STEPS_H
#define QN_PIPELINES_SEGY_IMPORT_STEPS_H

#include <quern/pipeline.h>

enum qn_status qn_import_plan(const struct qn_options *options, struct qn_plan *plan,
                              struct qn_error *err);
enum qn_status qn_import_open_worker(const struct qn_job *job, void **worker, struct qn_error *err);
enum qn_status qn_import_run_task(void *worker, struct qn_task_run *run, struct qn_error *err);
void qn_import_close_worker(void *worker);
enum qn_status qn_import_glue(struct qn_glue *glue, struct qn_error *err);
void qn_import_describe(const struct qn_job *job, const struct qn_task *task, char *text,
                        size_t size);
enum qn_status qn_import_verify(struct qn_verify *verify, struct qn_error *err);
enum qn_status qn_import_report(const struct qn_job *job, const char *manifest, char **html,
                                struct qn_error *err);

#endif
