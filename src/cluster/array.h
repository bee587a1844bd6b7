/* A run as Slurm jobs: an array whose elements work on slices of the plan, and a job that glues
 * when all of them have ended, well or badly. Both are short shell scripts in RUN/.quern/slurm, to
 * be read and to be submitted by hand; submitted.json beside them tells which jobs they became.
 */
#ifndef QN_CLUSTER_ARRAY_H
#define QN_CLUSTER_ARRAY_H

#include "cluster/slurm.h"

#include <limits.h>

/* What is asked of Slurm. Texts are borrowed; NULL: left to the site's defaults. */
struct qn_array_options {
    unsigned slices;        /* elements of the array */
    unsigned nodes;         /* elements at the same time, 0: no limit */
    const char *partition;  /* --partition */
    const char *time;       /* --time of an element and of glue */
    const char *account;    /* --account */
    unsigned cpus;          /* --cpus-per-task, 0: not said */
    const char *memory;     /* --mem */
    const char *scratch;    /* --scratch of the work, as the shell of a node expands it */
    unsigned stop_before_s; /* how long before its time limit an element stops and is requeued */
    bool retry_failed;
    const char *const *sbatch_arguments; /* more for sbatch, ended by NULL; may be NULL */
};

struct qn_array_job {
    char array[QN_SLURM_JOB]; /* job ids; "" while not submitted */
    char glue[QN_SLURM_JOB];
    unsigned slices;
};

/* Writes array.sh and glue.sh for the run directory `root`, D.partial, of the dataset `dataset`.
 * `program` is the absolute path of quern. `wanted` says for each slice, from wanted[1] on, whether
 * it has work left; NULL: all. */
enum qn_status qn_array_write(const char *root, const char *dataset, const char *program,
                              const struct qn_array_options *options, const bool *wanted,
                              struct qn_error *err);

/* Submits them as they were written and writes submitted.json. */
enum qn_status qn_array_submit(const char *root, const struct qn_array_options *options,
                               struct qn_array_job *job, struct qn_error *err);

/* Reads submitted.json; *found is false where a run never was submitted. */
enum qn_status qn_array_read(const char *root, struct qn_array_job *job, bool *found,
                             struct qn_error *err);

#endif
