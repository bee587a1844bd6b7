/* quern submit and resume --slurm: a run as jobs of Slurm. */
#include "base/io.h"
#include "base/json_memory.h"
#include "cli/cli.h"
#include "cluster/array.h"
#include "render/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_SLICES 4u
#define STOP_BEFORE_S  60u

/* ---- who is who ----------------------------------------------------------------------------- */

static enum qn_job_state ask_slurm(const char *job, unsigned restarts)
{
    struct qn_slurm_element *elements;
    size_t count;
    enum qn_job_state state = QN_JOB_UNKNOWN;
    if (!qn_slurm_query(job, &elements, &count, NULL)) {
        state = QN_JOB_GONE;
        for (size_t i = 0; i < count; i++)
            if (!strcmp(elements[i].job, job) && !qn_slurm_has_ended(elements[i].state) &&
                strcmp(elements[i].state, "PENDING") != 0 && elements[i].restarts == restarts)
                state = QN_JOB_ALIVE;
    }
    free(elements);
    return state;
}

struct qn_claimant cli_claimant(void)
{
    static char job[QN_SLURM_JOB];
    struct qn_claimant claimant = {.ask = ask_slurm};
    if (qn_slurm_self(job, &claimant.restarts))
        claimant.job = job;
    return claimant;
}

/* ---- submitting ----------------------------------------------------------------------------- */

/* What is left to do of a run. */
struct rest {
    char root[PATH_MAX]; /* D.partial */
    uint64_t tasks;
    uint64_t open;
    struct qn_array_job before; /* the jobs of an earlier submission */
    bool submitted;             /* there was one */
    bool *wanted;               /* per slice from 1: has work left */
};

static unsigned slices_of(const struct qn_options *options, const struct rest *rest)
{
    int64_t given = qn_option_int(options, "array");
    if (given == 0)
        given = qn_option_int(options, "nodes");
    if (given == 0)
        given = DEFAULT_SLICES;
    return (uint64_t)given < rest->tasks ? (unsigned)given
                                         : (unsigned)(rest->tasks ? rest->tasks : 1);
}

static enum qn_status find_wanted(struct rest *rest, const struct qn_options *options,
                                  unsigned slices, struct qn_error *err)
{
    struct qn_plan_file plan;
    char run_dir[PATH_MAX + 16];
    snprintf(run_dir, sizeof run_dir, "%s/.quern", rest->root);
    enum qn_status status = qn_plan_open(&plan, run_dir, err);
    if (!status)
        status =
            qn_run_open_slices(&plan, rest->root, slices, qn_option_flag(options, "retry-failed"),
                               &rest->wanted, &rest->open, err);
    qn_plan_close(&plan);
    return status;
}

static enum qn_status find_rest(const char *dataset, struct rest *rest, struct qn_error *err)
{
    struct qn_rundir dir;
    struct qn_plan_file plan;
    char run_dir[PATH_MAX + 16];
    enum qn_status status = qn_rundir_find(&dir, dataset, err);
    if (!status && !dir.partial_has_plan)
        status = qn_fail_at(err, QN_ERR_USAGE, dir.dataset, -1,
                            "there is no run to continue for '%s'%s.", dir.dataset,
                            dir.dataset_is_ours ? ": the dataset is complete" : "");
    if (status)
        return status;
    snprintf(rest->root, sizeof rest->root, "%s", dir.partial);
    snprintf(run_dir, sizeof run_dir, "%s/.quern", dir.partial);
    status = qn_plan_open(&plan, run_dir, err);
    rest->tasks = plan.count;
    qn_plan_close(&plan);
    return status ? status : qn_array_read(rest->root, &rest->before, &rest->submitted, err);
}

/* Jobs of an earlier submission that have not ended. */
static enum qn_status refuse_running(const struct rest *rest, struct qn_error *err)
{
    const char *const jobs[] = {rest->before.array, rest->before.glue};
    for (int i = 0; i < 2 && rest->submitted; i++) {
        struct qn_slurm_element *elements;
        size_t count;
        enum qn_status status = qn_slurm_query(jobs[i], &elements, &count, err);
        for (size_t k = 0; k < count && !status; k++)
            if (!qn_slurm_has_ended(elements[k].state))
                status = qn_fail(err, QN_ERR_EXISTS,
                                 "Slurm's job %s of this run is %s. Wait for it, or stop it: "
                                 "scancel %s %s",
                                 elements[k].job, elements[k].state, jobs[0], jobs[1]);
        free(elements);
        if (status)
            return status;
    }
    return QN_OK;
}

static enum qn_status print_script(const char *root, const char *name, struct qn_error *err)
{
    char path[PATH_MAX + 64];
    struct qn_buf text = {0};
    snprintf(path, sizeof path, "%s/.quern/slurm/%s", root, name);
    enum qn_status status = qn_read_file(path, &text, 1u << 20, err);
    if (!status)
        printf("==> %s <==\n%s\n", path, (const char *)text.data);
    qn_buf_release(&text);
    return status;
}

/* The options as struct qn_array_options; *arguments is to be freed. */
static enum qn_status read_options(const struct qn_options *options, const struct rest *rest,
                                   struct qn_array_options *array, const char ***arguments,
                                   struct qn_error *err)
{
    static const char *const counts[] = {"array", "nodes", "cpus", "stop-before"};
    size_t given = qn_option_count(options, "sbatch-arg");
    *arguments = NULL;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        int64_t value = qn_option_int(options, counts[i]);
        if (qn_option_given(options, counts[i]) && (value < 1 || value > 100000))
            return qn_fail(err, QN_ERR_USAGE, "--%s %lld makes no sense: expected 1 to 100000.",
                           counts[i], (long long)value);
    }
    const char **list = *arguments = calloc(given + 1, sizeof *list);
    if (!list)
        return qn_fail_memory(err, "arguments", given);
    for (size_t i = 0; i < given; i++)
        list[i] = qn_option_item(options, "sbatch-arg", i);
    *array = (struct qn_array_options){.slices = slices_of(options, rest),
                                       .nodes = (unsigned)qn_option_int(options, "nodes"),
                                       .partition = qn_option_string(options, "partition"),
                                       .time = qn_option_string(options, "time"),
                                       .account = qn_option_string(options, "account"),
                                       .cpus = (unsigned)qn_option_int(options, "cpus"),
                                       .memory = qn_option_string(options, "mem"),
                                       .scratch = qn_option_string(options, "scratch"),
                                       .stop_before_s =
                                           qn_option_given(options, "stop-before")
                                               ? (unsigned)qn_option_int(options, "stop-before")
                                               : STOP_BEFORE_S,
                                       .retry_failed = qn_option_flag(options, "retry-failed"),
                                       .sbatch_arguments = list};
    return QN_OK;
}

/* What was asked of Slurm holds for what is submitted later, unless it is said anew: kept beside
 * the scripts. Further arguments of sbatch do not: they can name programs, and who made the run may
 * be somebody else. *all gets both; release it. */
static enum qn_status recall_options(const char *root, const struct qn_options *options,
                                     struct qn_options *all, struct qn_error *err)
{
    static const char *const once[] = {"inputs", "dry-run", "retry-failed", "slurm", "sbatch-arg"};
    const size_t once_count = sizeof once / sizeof *once;
    char path[PATH_MAX + 64];
    struct qn_buf text = {0};
    snprintf(path, sizeof path, "%s/.quern/slurm/options.json", root);
    json_t *kept = NULL;
    if (!qn_read_file(path, &text, 1u << 20, NULL))
        kept = json_loadb((const char *)text.data, text.len, 0, NULL);
    qn_buf_release(&text);
    for (size_t i = 0; i < once_count; i++)
        json_object_del(kept, once[i]);
    all->values = json_is_object(kept) ? kept : json_object();
    if (json_object_update(all->values, options->values))
        return qn_fail_memory(err, "options", 1);
    json_t *lasting = json_copy(all->values);
    for (size_t i = 0; i < once_count; i++)
        json_object_del(lasting, once[i]);
    char *dumped = qn_json_dump(lasting, JSON_INDENT(2) | JSON_SORT_KEYS);
    json_decref(lasting);
    enum qn_status status = dumped ? qn_make_parent(path, err) : qn_fail_memory(err, path, 1);
    if (!status)
        status = qn_write_file(path, dumped, strlen(dumped), err);
    free(dumped);
    return status;
}

static enum qn_status submit(const struct cli *cli, const char *dataset, struct rest *rest,
                             const struct qn_array_options *array, bool dry, struct qn_error *err)
{
    char word[CLI_QUOTED];
    char program[PATH_MAX] = "";
    struct qn_array_job job;
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
    if (len < 0)
        return qn_fail(err, QN_ERR_IO, "cannot find out which program this is: /proc is missing.");
    program[len] = '\0';
    enum qn_status status = qn_array_write(rest->root, dataset, program, array, rest->wanted, err);
    if (!status && dry)
        status = print_script(rest->root, "array.sh", err);
    if (dry)
        return status ? status : print_script(rest->root, "glue.sh", err);
    if (!status)
        status = qn_array_submit(rest->root, array, &job, err);
    if (!status)
        qn_terminal_print(
            stdout,
            "%s: %llu of %llu tasks are left, submitted as job %s (%u slices); job %s glues.\n"
            "How it goes: %s status %s\n",
            dataset, (unsigned long long)rest->open, (unsigned long long)rest->tasks, job.array,
            array->slices, job.glue, cli->program, cli_quoted(dataset, word));
    return status;
}

int cli_submit(const struct cli *cli, const char *dataset, const struct qn_options *options)
{
    struct rest rest = {0};
    struct qn_error err = {.offset = -1};
    struct qn_array_options array = {0};
    struct qn_options all = {0};
    const char **arguments = NULL;
    enum qn_status status = find_rest(dataset, &rest, &err);
    if (!status)
        status = recall_options(rest.root, options, &all, &err);
    if (!status)
        status = read_options(&all, &rest, &array, &arguments, &err);
    if (!status)
        status = find_wanted(&rest, options, array.slices, &err);
    bool dry = qn_option_flag(options, "dry-run");
    if (!status && !dry)
        status = refuse_running(&rest, &err);
    if (!status)
        status = submit(cli, dataset, &rest, &array, dry, &err);
    free(arguments);
    free(rest.wanted);
    qn_options_release(&all);
    err.status = status;
    return status ? cli_fail(cli, &err) : 0;
}

/* resume --slurm; `quern submit` itself comes here only without a job. */
int cmd_submit(const struct cli *cli, const struct qn_options *options)
{
    struct qn_error err = {.offset = -1};
    if (qn_option_inputs(options) < 1) {
        err.status = qn_fail(&err, QN_ERR_USAGE, "which dataset? Name its folder.");
        return cli_fail(cli, &err);
    }
    return cli_submit(cli, qn_option_input(options, 0), options);
}
