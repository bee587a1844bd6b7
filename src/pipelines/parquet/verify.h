/* The job `quern parquet verify`: what its steps share.
 *
 *   plan   opens every footer; a unit is some row groups of one file, a task some units
 *   task   checks its units, spills the keys of their rows
 *   glue   sums up, compares schemas, merges the keys for duplicates and gaps, writes the findings
 *   finish prints them
 */
#ifndef QN_PARQUET_VERIFY_H
#define QN_PARQUET_VERIFY_H

#include "pipelines/parquet/keys.h"

struct qn_verified_file {
    char *path; /* in memory of the outline */
    uint64_t size, rows, groups;
    bool opened;    /* its footer could be read */
    int64_t offset; /* otherwise: why not */
    bool unsupported;
    char *problem;
};

struct qn_unit {
    uint32_t file;
    uint32_t first_group, groups;
    uint64_t first_row, rows;
    uint64_t bytes;
};

struct qn_outline {
    struct qn_buf texts; /* what paths and problems point into */
    struct qn_verified_file *files;
    size_t file_count;
    struct qn_unit *units;
    size_t unit_count;
};
enum qn_status qn_outline_decode(struct qn_outline *outline, const void *bytes, size_t len,
                                 struct qn_error *err);
void qn_outline_release(struct qn_outline *outline);

struct qn_verify_task { /* payload */
    uint32_t first_unit, units;
};

/* What a task leaves: totals per file, findings, runs of keys, names of series. */
#define QN_KEYS_PART ".quern/parts/keys-%llu"

/* Steps of the pipeline. */
enum qn_status qn_verify_plan(const struct qn_options *options, struct qn_plan *plan,
                              struct qn_error *err);
enum qn_status qn_verify_open_worker(const struct qn_job *job, void **worker, struct qn_error *err);
enum qn_status qn_verify_run_task(void *worker, struct qn_task_run *run, struct qn_error *err);
void qn_verify_close_worker(void *worker);
enum qn_status qn_verify_glue(struct qn_glue *glue, struct qn_error *err);
void qn_verify_describe(const struct qn_job *job, const struct qn_task *task, char *text,
                        size_t size);
enum qn_status qn_verify_report(const struct qn_job *job, const char *manifest, char **html,
                                struct qn_error *err);
enum qn_status qn_verify_finish(const struct qn_options *options, const char *dataset,
                                struct qn_error *err);

#endif
