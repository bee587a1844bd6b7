/* Asking and telling Slurm: see slurm.h. */
#include "cluster/slurm.h"

#include "base/sys.h"
#include "cluster/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_S    60u
#define MOST_ARGUMENT 256

bool qn_slurm_is_job(const char *text)
{
    size_t len = strspn(text, "0123456789");
    return len > 0 && len < 20 && !text[len];
}

bool qn_slurm_self(char job[QN_SLURM_JOB], unsigned *restarts)
{
    const char *array = getenv("SLURM_ARRAY_JOB_ID");
    const char *element = getenv("SLURM_ARRAY_TASK_ID");
    const char *id = getenv("SLURM_JOB_ID");
    const char *restart = getenv("SLURM_RESTART_COUNT");
    if (!id || !qn_slurm_is_job(id))
        return false;
    if (array && element && qn_slurm_is_job(array) && qn_slurm_is_job(element))
        snprintf(job, QN_SLURM_JOB, "%s_%s", array, element);
    else
        snprintf(job, QN_SLURM_JOB, "%s", id);
    *restarts = restart ? (unsigned)strtoul(restart, NULL, 10) : 0;
    return true;
}

bool qn_slurm_has_ended(const char *state)
{
    static const char *const ended[] = {"BOOT_FAIL", "CANCELLED", "COMPLETED",     "DEADLINE",
                                        "FAILED",    "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED",
                                        "REVOKED",   "TIMEOUT",   "SPECIAL_EXIT"};
    for (size_t i = 0; i < sizeof ended / sizeof *ended; i++)
        if (!strcmp(state, ended[i]))
            return true;
    return false;
}

/* ---- squeue --------------------------------------------------------------------------------- */

/* The next word of a line of fixed columns, which has no blanks inside. */
static const char *take_word(const char *at, char *word, size_t size)
{
    at += strspn(at, " ");
    size_t len = strcspn(at, " \n");
    snprintf(word, size, "%.*s", (int)len, at);
    return at + len;
}

static enum qn_status parse_queue(const struct qn_buf *text, struct qn_slurm_element **elements,
                                  size_t *count, struct qn_error *err)
{
    size_t lines = 0;
    const char *at = (const char *)text->data;
    for (size_t i = 0; i < text->len; i++)
        lines += at[i] == '\n';
    struct qn_slurm_element *list = *elements = qn_sys.calloc(lines + 1, sizeof *list);
    if (!list)
        return qn_fail_memory(err, "the list of jobs", lines * sizeof *list);
    for (*count = 0; *at && *count < lines; (*count)++) {
        struct qn_slurm_element *element = &list[*count];
        char restarts[16];
        at = take_word(at, element->job, sizeof element->job);
        at = take_word(at, element->state, sizeof element->state);
        at = take_word(at, restarts, sizeof restarts);
        at = take_word(at, element->reason, sizeof element->reason);
        at = take_word(at, element->node, sizeof element->node);
        at += strcspn(at, "\n");
        at += *at == '\n';
        element->restarts = (unsigned)strtoul(restarts, NULL, 10);
    }
    return QN_OK;
}

enum qn_status qn_slurm_query(const char *job, struct qn_slurm_element **elements, size_t *count,
                              struct qn_error *err)
{
    const char *const argv[] = {
        "squeue", "-h",  "-r",
        "-t",     "all", "-j",
        job,      "-O",  "JobArrayID:70,State:25,RestartCnt:12,Reason:40,NodeList:64",
        NULL};
    struct qn_buf output = {0};
    struct qn_buf errors = {0};
    int code = 0;
    *elements = NULL;
    *count = 0;
    enum qn_status status = qn_program_run(argv, NULL, PATIENCE_S, &output, &errors, &code, err);
    const char *said = (const char *)errors.data;
    if (!status && code == 0)
        status = parse_queue(&output, elements, count, err);
    else if (!status && !strstr(said, "Invalid job id"))
        status = qn_fail(err, QN_ERR_TRANSIENT, "Slurm gives no answer: squeue said '%.*s'.",
                         (int)strcspn(said, "\n"), said);
    qn_buf_release(&output);
    qn_buf_release(&errors);
    return status;
}

/* ---- sbatch --------------------------------------------------------------------------------- */

enum qn_status qn_slurm_submit(const char *script, const char *const *arguments,
                               char job[QN_SLURM_JOB], struct qn_error *err)
{
    const char *argv[MOST_ARGUMENT + 4] = {"sbatch", "--parsable"};
    size_t n = 2;
    for (; *arguments && n < MOST_ARGUMENT; arguments++)
        argv[n++] = *arguments;
    if (*arguments)
        return qn_fail(err, QN_ERR_USAGE, "there are more than %d arguments for sbatch.",
                       MOST_ARGUMENT - 2);
    argv[n++] = script;
    argv[n] = NULL;
    struct qn_buf output = {0};
    struct qn_buf errors = {0};
    int code = 0;
    enum qn_status status = qn_program_run(argv, NULL, PATIENCE_S, &output, &errors, &code, err);
    if (!status && code != 0)
        status =
            qn_fail_at(err, QN_ERR_INPUT, script, -1,
                       "Slurm refused the job: %s Mend the options and submit again; the script "
                       "is '%s'.",
                       (const char *)errors.data, script);
    if (!status) /* "1234" or "1234;cluster" */
        snprintf(job, QN_SLURM_JOB, "%.*s", (int)strcspn((const char *)output.data, ";\n"),
                 (const char *)output.data);
    if (!status && !qn_slurm_is_job(job))
        status = qn_fail(err, QN_ERR_INPUT,
                         "sbatch printed '%s' and not the number of a job. Look into squeue "
                         "whether there is one.",
                         job);
    qn_buf_release(&output);
    qn_buf_release(&errors);
    return status;
}
