/* Slurm, through its own commands: sbatch, squeue, scontrol. Nothing here knows what a job does.
 *
 * Facts: Slurm 22.05's manual pages. sacct is never used, as many sites keep no accounting; a job
 * that Slurm does not know any more is gone.
 */
#ifndef QN_CLUSTER_SLURM_H
#define QN_CLUSTER_SLURM_H

#include "base/buf.h"

#include <quern/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QN_SLURM_JOB 64 /* "1234" or "1234_5", with its NUL */

/* Whether a text is the number of a job: nothing else is shown to people to be copied. */
bool qn_slurm_is_job(const char *text);

/* The job that this process is part of, an element of an array with its index, and how often Slurm
 * has restarted it; false outside of Slurm. */
bool qn_slurm_self(char job[QN_SLURM_JOB], unsigned *restarts);

struct qn_slurm_element {
    char job[QN_SLURM_JOB]; /* "1234_5"; what is pending as one is listed one by one */
    char state[24];         /* "RUNNING", "PENDING", ... */
    char reason[40];        /* why it is pending */
    char node[64];
    unsigned restarts;
};

/* What Slurm knows of a job and of its elements: none if it does not know the job. QN_ERR_TRANSIENT
 * if it gives no answer, QN_ERR_UNSUPPORTED if there is no Slurm here. free() *elements. */
enum qn_status qn_slurm_query(const char *job, struct qn_slurm_element **elements, size_t *count,
                              struct qn_error *err);

/* Whether a state is one of a job that has ended. */
bool qn_slurm_has_ended(const char *state);

/* Submits a script with further arguments for sbatch (a list ended by NULL); *job is its id. */
enum qn_status qn_slurm_submit(const char *script, const char *const *arguments,
                               char job[QN_SLURM_JOB], struct qn_error *err);

#endif
