/* Runs the verbs that are jobs of the engine, and says how it went. */
#include "base/io.h"
#include "cli/cli.h"
#include "render/terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GLUE_OPTIONS                                                                               \
    {"durability", QN_OPT_CHOICE, "power|process", "power",                                        \
     "what progress survives: loss of power, or (faster) the death of every process"},             \
    {                                                                                              \
        "progress", QN_OPT_CHOICE, "auto|bar|log|json|none", "auto",                               \
            "how progress is shown on stderr; -v is short for log"                                 \
    }

#define WORK_OPTIONS                                                                               \
    {"jobs", QN_OPT_INT, "N", NULL, "worker processes; default: the CPUs this process may use"},   \
        {"in-process", QN_OPT_FLAG, NULL, NULL,                                                    \
         "run tasks in this process, one by one: for debugging and tiny inputs"},                  \
        {"timeout", QN_OPT_STRING, "30s|5m|2h|10x", NULL,                                          \
         "time limit per task; Nx: N times the median, once 20 are done"},                         \
        {"memory", QN_OPT_INT, "SIZE", NULL,                                                       \
         "memory limit per worker, such as 500M; default: 90 % of the machine's, shared out"},     \
        {"max-failures", QN_OPT_STRING, "N|N%", NULL,                                              \
         "stop when more tasks than this failed for good"},                                        \
        {"scratch", QN_OPT_PATH, "FOLDER", NULL,                                                   \
         "make outputs in this folder of the machine's own first, then copy them to the dataset"}, \
        {"batch", QN_OPT_INT, "N", NULL, "send at most N short tasks to a worker at once"},        \
        GLUE_OPTIONS

const struct qn_option cli_run_options[] = {
    {"output", QN_OPT_PATH, "DATASET", NULL, "the dataset to make"},
    {"overwrite", QN_OPT_FLAG, NULL, NULL,
     "replace an existing dataset, once the new one is complete"},
    {"restart", QN_OPT_FLAG, NULL, NULL, "forget an earlier unfinished run and start over"},
    WORK_OPTIONS,
    {0}};

const struct qn_option cli_work_options[] = {WORK_OPTIONS, {0}};
const struct qn_option cli_glue_options[] = {GLUE_OPTIONS, {0}};

/* "90", "30s", "5m", "2h" to microseconds; "5x" to a factor. */
static bool parse_timeout(const char *text, struct qn_run_config *config)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || !(value > 0 && value < 1e15) || (*end && end[1]))
        return false;
    double unit = 1e6;
    switch (*end) {
    case 'x':
        config->timeout_factor = value;
        return true;
    case 'h':
        unit *= 60;
        /* fall through */
    case 'm':
        unit *= 60;
        break;
    case 's':
    case '\0':
        break;
    default:
        return false;
    }
    if (value * unit >= 1e18)
        return false;
    config->timeout_us = (uint64_t)(value * unit);
    return true;
}

static bool parse_failures(const char *text, struct qn_run_config *config)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || value < 0)
        return false;
    if (!strcmp(end, "%") && value <= 100)
        config->max_failures_part = value / 100;
    else if (!*end && value < 1e15)
        config->max_failures = (uint64_t)value;
    else
        return false;
    return true;
}

static enum qn_status positive(const struct qn_options *options, const char *name, int64_t most,
                               struct qn_error *err)
{
    int64_t value = qn_option_int(options, name);
    if (!qn_option_given(options, name) || (value > 0 && value <= most))
        return QN_OK;
    return qn_fail(err, QN_ERR_USAGE, "--%s %lld makes no sense: expected 1 to %lld.", name,
                   (long long)value, (long long)most);
}

/* QUERN_JOBS stands in for --jobs. */
static enum qn_status jobs_from_environment(struct qn_run_config *config, struct qn_error *err)
{
    const char *text = getenv("QUERN_JOBS");
    int64_t jobs;
    if (config->jobs || !text || !*text)
        return QN_OK;
    if (!qn_parse_size(text, &jobs) || jobs < 1 || jobs > 4096)
        return qn_fail(err, QN_ERR_USAGE,
                       "QUERN_JOBS='%s' makes no sense: expected a number from 1 to 4096.", text);
    config->jobs = (unsigned)jobs;
    return QN_OK;
}

/* Fills the engine's configuration from the run options. */
static enum qn_status run_config(const struct qn_options *options, struct qn_run_config *config,
                                 struct qn_error *err)
{
    *config = (struct qn_run_config){.output = qn_option_string(options, "output"),
                                     .in_process = qn_option_flag(options, "in-process"),
                                     .scratch = qn_option_string(options, "scratch"),
                                     .overwrite = qn_option_flag(options, "overwrite"),
                                     .restart = qn_option_flag(options, "restart"),
                                     .retry_failed = qn_option_flag(options, "retry-failed"),
                                     .max_failures = UINT64_MAX,
                                     .max_failures_part = 1,
                                     .slice = 1,
                                     .slices = 1,
                                     .take_over = qn_option_flag(options, "take-over"),
                                     .accept_gaps = qn_option_flag(options, "accept-gaps"),
                                     .claimant = cli_claimant(),
                                     .report = cli_write_report};
    const char *timeout = qn_option_string(options, "timeout");
    const char *failures = qn_option_string(options, "max-failures");
    enum qn_status status = positive(options, "jobs", 4096, err);
    if (!status)
        status = positive(options, "batch", 1 << 20, err);
    if (!status)
        status = positive(options, "memory", INT64_MAX, err);
    if (!status && timeout && !parse_timeout(timeout, config))
        status = qn_fail(err, QN_ERR_USAGE,
                         "--timeout '%s' makes no sense: expected 30s, 5m, 2h, or 10x for ten "
                         "times the median.",
                         timeout);
    if (!status && failures && !parse_failures(failures, config))
        status = qn_fail(err, QN_ERR_USAGE,
                         "--max-failures '%s' makes no sense: expected 10, or 5%%.", failures);
    config->jobs = (unsigned)qn_option_int(options, "jobs");
    config->max_batch = (unsigned)qn_option_int(options, "batch");
    config->memory_limit = (uint64_t)qn_option_int(options, "memory");
    const char *durability = qn_option_string(options, "durability");
    if (durability && !strcmp(durability, "process"))
        qn_skip_syncs();
    signal(SIGPIPE, SIG_IGN); /* nobody reading its progress any more is no reason to stop a run */
    config->observer = cli_observer(qn_option_string(options, "progress"));
    return status ? status : jobs_from_environment(config, err);
}

/* Lists open tasks as ranges, so that nobody has to guess what is missing. */
static void list_gaps(const struct qn_plan_file *plan, const struct qn_history *history)
{
    for (uint64_t i = 0; i < plan->count; i++) {
        uint64_t first = i;
        while (i < plan->count && history->tasks[i].state == QN_TASK_OPEN)
            i++;
        if (i > first + 1)
            printf("  tasks %llu to %llu\n", (unsigned long long)first, (unsigned long long)i - 1);
        else if (i > first)
            printf("  task %llu\n", (unsigned long long)first);
    }
}

static int report_gaps(const struct cli *cli, const struct qn_run_summary *summary)
{
    char run_dir[PATH_MAX];
    char word[CLI_QUOTED];
    struct qn_rundir dir;
    struct qn_plan_file plan;
    struct qn_history history;
    struct qn_error err;
    qn_terminal_print(stdout, "%s: %llu of %llu tasks are missing; the dataset was not made.\n",
                      summary->dataset, (unsigned long long)summary->open,
                      (unsigned long long)summary->tasks);
    enum qn_status status = qn_rundir_find(&dir, summary->dataset, &err);
    snprintf(run_dir, sizeof run_dir, "%s/.quern", dir.partial);
    if (!status && !qn_plan_open(&plan, run_dir, &err)) {
        if (!qn_history_read(&history, dir.partial, &plan, NULL, NULL, &err)) {
            list_gaps(&plan, &history);
            qn_history_release(&history);
        }
        qn_plan_close(&plan);
    }
    fflush(stdout);
    cli_quoted(summary->dataset, word);
    qn_terminal_print(stderr,
                      "%s: to run them:                    %s resume %s (with --slurm: as jobs)\n"
                      "%s: to make the dataset without them: %s glue --accept-gaps %s\n",
                      cli->program, cli->program, word, cli->program, cli->program, word);
    return 3;
}

static int report_outcome(const struct cli *cli, enum qn_status status,
                          const struct qn_run_summary *summary, const struct qn_error *err)
{
    char word[CLI_QUOTED];
    cli_observer_end();
    if (status) {
        struct qn_error copy = *err;
        copy.status = status;
        int code = cli_fail(cli, &copy);
        struct qn_rundir dir;
        bool resumable = !qn_rundir_find(&dir, summary->dataset, NULL) && dir.partial_has_plan;
        if (status != QN_ERR_USAGE && status != QN_ERR_EXISTS && resumable)
            qn_terminal_print(stderr, "%s: nothing is lost. To go on: %s resume %s\n", cli->program,
                              cli->program, cli_quoted(summary->dataset, word));
        return code;
    }
    if (summary->open > 0)
        return report_gaps(cli, summary);
    if (summary->already_complete)
        qn_terminal_print(stdout, "%s is complete already; nothing to do.\n", summary->dataset);
    else
        qn_terminal_print(stdout, "%s: %llu of %llu tasks in %.1f s.\n", summary->dataset,
                          (unsigned long long)summary->done, (unsigned long long)summary->tasks,
                          summary->elapsed_s);
    if (summary->gave_up > 0) {
        cli_quoted(summary->dataset, word);
        qn_terminal_print(stderr,
                          "%s: %llu tasks failed; the dataset is usable but has gaps.\n"
                          "%s: to list them:      %s failures %s\n"
                          "%s: to try them again: %s resume --retry-failed %s\n",
                          cli->program, (unsigned long long)summary->gave_up, cli->program,
                          cli->program, word, cli->program, cli->program, word);
        return 3;
    }
    if (summary->unusable > 0) {
        fprintf(
            stderr,
            "%s: %llu items of the input are not in the dataset; it lists them, with reasons.\n",
            cli->program, (unsigned long long)summary->unusable);
        return 3;
    }
    return 0;
}

/* A verb that prints what came out says itself how it went; failed tasks are told apart. */
static int finish_job(const struct cli *cli, const struct qn_verb *verb,
                      const struct qn_options *options, const struct qn_run_summary *summary)
{
    struct qn_error err = {.offset = -1};
    cli_observer_end();
    enum qn_status status = verb->finish(options, summary->dataset, &err);
    err.status = status;
    if (status && status != QN_ERR_FOUND)
        return cli_fail(cli, &err);
    return status == QN_ERR_FOUND || summary->gave_up > 0 ? 3 : 0;
}

int cli_run_job(const struct cli *cli, const struct qn_pipeline *pipeline,
                const struct qn_verb *verb, const struct qn_options *options,
                const struct qn_options *run_options, const char *step)
{
    char word[CLI_QUOTED];
    struct qn_run_config config;
    struct qn_run_summary summary = {0};
    struct qn_error err = {.offset = -1};
    enum qn_status status = run_config(run_options, &config, &err);
    if (!status && step) {
        status = qn_run_plan(&config, pipeline, verb->name, options, &summary, &err);
        cli_observer_end();
        if (!status && cli->submit)
            return cli_submit(cli, summary.dataset, cli->submit);
        if (!status) {
            cli_quoted(summary.dataset, word);
            qn_terminal_print(stdout, "%s: %llu tasks planned. Next: %s work %s, then %s glue %s\n",
                              summary.dataset, (unsigned long long)summary.tasks, cli->program,
                              word, cli->program, word);
            return 0;
        }
    } else if (!status) {
        if (qn_option_flag(run_options, "temporary"))
            config.report = NULL;
        status = qn_run_all(&config, pipeline, verb->name, options, &summary, &err);
    }
    if (status && qn_option_flag(run_options, "temporary")) { /* there is nothing to resume */
        cli_observer_end();
        err.status = status;
        return cli_fail(cli, &err);
    }
    if (!status && verb->finish)
        return finish_job(cli, verb, options, &summary);
    return report_outcome(cli, status, &summary, &err);
}

int cli_run_temporary(const struct cli *cli, const struct qn_pipeline *pipeline,
                      const struct qn_verb *verb, const struct qn_options *options,
                      struct qn_options *run_options)
{
    struct qn_error err = {.offset = -1};
    char folder[PATH_MAX], dataset[PATH_MAX + 16];
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/quern-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(folder)) {
        err.status = qn_fail_errno(&err, errno, "make a folder for the work", folder);
        return cli_fail(cli, &err);
    }
    snprintf(dataset, sizeof dataset, "%s/%s", folder, verb->name);
    if (json_object_set_new(run_options->values, "output", json_string(dataset)) ||
        json_object_set_new(run_options->values, "temporary", json_true()) ||
        json_object_set_new(run_options->values, "durability", json_string("process"))) {
        err.status = qn_fail(&err, QN_ERR_USAGE,
                             "TMPDIR '%s' is not valid UTF-8. Name another folder by it.", base);
        qn_remove_tree(folder, NULL);
        return cli_fail(cli, &err);
    }
    int code = cli_run_job(cli, pipeline, verb, options, run_options, NULL);
    if (code != 1) /* what failed can be looked into where it is, as the message says */
        qn_remove_tree(folder, NULL);
    return code;
}

/* ---- resume, work, glue --------------------------------------------------------------------- */

typedef enum qn_status step_function(const struct qn_run_config *, const struct qn_pipeline *,
                                     struct qn_run_summary *, struct qn_error *);

/* The pipeline that made the dataset in `root`. */
static enum qn_status pipeline_of(const struct cli *cli, const char *root,
                                  const struct qn_pipeline **pipeline, struct qn_error *err)
{
    char run_dir[PATH_MAX];
    struct qn_plan_file plan;
    snprintf(run_dir, sizeof run_dir, "%s/.quern", root);
    enum qn_status status = qn_plan_open(&plan, run_dir, err);
    if (status)
        return status;
    const char *name = json_string_value(json_object_get(plan.meta, "pipeline"));
    *pipeline = cli_find_pipeline(cli, name);
    if (!*pipeline)
        status = qn_fail_at(err, QN_ERR_USAGE, root, -1,
                            "'%s' was made by the pipeline '%s', which %s does not know.", root,
                            name ? name : "?", cli->program);
    qn_plan_close(&plan);
    return status;
}

enum qn_status cli_open_dataset(const struct cli *cli, const struct qn_options *options,
                                struct qn_rundir *dir, const char **root,
                                const struct qn_pipeline **pipeline, struct qn_error *err)
{
    if (qn_option_inputs(options) < 1)
        return qn_fail(err, QN_ERR_USAGE, "which dataset? Name its folder.");
    enum qn_status status = qn_rundir_find(dir, qn_option_input(options, 0), err);
    if (!status)
        status = qn_rundir_current(dir, root, err);
    return status ? status : pipeline_of(cli, *root, pipeline, err);
}

/* "3/8" of --slice. */
static bool parse_slice(const char *text, struct qn_run_config *config)
{
    char *end;
    unsigned long k = strtoul(text, &end, 10);
    if (*end != '/')
        return false;
    unsigned long n = strtoul(end + 1, &end, 10);
    config->slice = (unsigned)k;
    config->slices = (unsigned)n;
    return !*end && k >= 1 && k <= n && n <= 100000;
}

static int run_step(const struct cli *cli, const struct qn_options *options, step_function *step)
{
    char word[CLI_QUOTED];
    struct qn_run_config config;
    struct qn_run_summary summary = {0};
    struct qn_error err = {.offset = -1};
    struct qn_rundir dir;
    const char *root;
    const struct qn_pipeline *pipeline = NULL;
    const char *slice = qn_option_string(options, "slice");
    enum qn_status status = cli_open_dataset(cli, options, &dir, &root, &pipeline, &err);
    if (!status)
        status = run_config(options, &config, &err);
    if (!status && slice && !parse_slice(slice, &config))
        status = qn_fail(&err, QN_ERR_USAGE,
                         "--slice '%s' makes no sense: expected K/N with 1 <= K <= N, such as 3/8.",
                         slice);
    if (!status) {
        config.output = dir.dataset;
        status = step(&config, pipeline, &summary, &err);
    }
    if (!status && step == qn_run_work) {
        cli_observer_end();
        qn_terminal_print(stdout, "slice %u of %u is worked through. When all are: %s glue %s\n",
                          config.slice, config.slices, cli->program, cli_quoted(dir.dataset, word));
        return 0;
    }
    return report_outcome(cli, status, &summary, &err);
}

int cmd_resume(const struct cli *cli, const struct qn_options *options)
{
    if (qn_option_flag(options, "slurm"))
        return cmd_submit(cli, options);
    return run_step(cli, options, qn_run_resume);
}

int cmd_work(const struct cli *cli, const struct qn_options *options)
{
    return run_step(cli, options, qn_run_work);
}

int cmd_glue(const struct cli *cli, const struct qn_options *options)
{
    return run_step(cli, options, qn_run_glue);
}
