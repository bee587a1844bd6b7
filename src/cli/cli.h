/* The command line: tables of commands and options, and what all commands share. Each command is
 * a file that parses nothing itself: it gets its options, calls the library and prints. */
#ifndef QN_CLI_CLI_H
#define QN_CLI_CLI_H

#include "engine/options.h"
#include "engine/run.h"

#include <quern/pipeline.h>

struct cli {
    const char *program;                        /* argv[0] without its path */
    const struct qn_pipeline *const *pipelines; /* ended by NULL */
    const struct qn_options *submit;            /* of `quern submit`: a job is planned only, then
                                                   submitted to a cluster with these; else NULL */
};

struct cli_command {
    const char *name;
    const char *inputs; /* what follows it: "DATASET" */
    const char *summary;
    const char *details;
    const char *example;
    const struct qn_option *options;
    const struct qn_option *run_options; /* the engine's, where they apply */
    int (*run)(const struct cli *cli, const struct qn_options *options);
};

extern const struct cli_command cli_commands[];   /* ended by a NULL name */
extern const struct qn_option cli_run_options[];  /* of every job */
extern const struct qn_option cli_work_options[]; /* of resume and work: no output */
extern const struct qn_option cli_glue_options[]; /* of glue: it runs no tasks */

/* A path as one word of a shell command; one that is too long for `word` becomes DATASET. */
enum { CLI_QUOTED = 8192 };
const char *cli_quoted(const char *path, char word[CLI_QUOTED]);

/* Prints "PROGRAM: error: ..." and returns the exit code that goes with the status. */
int cli_fail(const struct cli *cli, const struct qn_error *err);

/* Parses argv[0..argc) by the tables into *options. QN_ERR_CANCELLED means that help was asked
 * for. */
enum qn_status cli_parse(int argc, char **argv, const struct qn_option *const *tables,
                         struct qn_options *options, struct qn_error *err);

const struct qn_pipeline *cli_find_pipeline(const struct cli *cli, const char *name);

/* The one positional argument, a dataset: finds its directory and pipeline. */
enum qn_status cli_open_dataset(const struct cli *cli, const struct qn_options *options,
                                struct qn_rundir *dir, const char **root,
                                const struct qn_pipeline **pipeline, struct qn_error *err);

/* A job verb of a pipeline. */
int cli_run_job(const struct cli *cli, const struct qn_pipeline *pipeline,
                const struct qn_verb *verb, const struct qn_options *options,
                const struct qn_options *run_options, const char *step);
/* The same without -o, for a verb that prints its result: the dataset is removed again. */
int cli_run_temporary(const struct cli *cli, const struct qn_pipeline *pipeline,
                      const struct qn_verb *verb, const struct qn_options *options,
                      struct qn_options *run_options);

/* Submits the run planned for `dataset` to Slurm: all of it, or what is missing. */
int cli_submit(const struct cli *cli, const char *dataset, const struct qn_options *options);

/* Who this process is in a cluster, and whom to ask about other jobs. */
struct qn_claimant cli_claimant(void);

/* report.html and pictures of the dataset in `root`. */
enum qn_status cli_write_report(const struct qn_pipeline *pipeline, const char *root,
                                struct qn_error *err);

/* Help, in the order of the tables. */
void cli_help_overview(const struct cli *cli);
void cli_help_pipeline(const struct cli *cli, const struct qn_pipeline *pipeline);
void cli_help_verb(const struct cli *cli, const struct qn_pipeline *pipeline,
                   const struct qn_verb *verb);
void cli_help_command(const struct cli *cli, const struct cli_command *command);

/* Progress as the user wants it. */
enum cli_progress_mode { CLI_AUTO, CLI_BAR, CLI_LOG, CLI_JSON, CLI_NONE };
const struct qn_observer *cli_observer(const char *mode);
void cli_observer_end(void);

int cmd_status(const struct cli *cli, const struct qn_options *options);
int cmd_failures(const struct cli *cli, const struct qn_options *options);
int cmd_resume(const struct cli *cli, const struct qn_options *options);
int cmd_work(const struct cli *cli, const struct qn_options *options);
int cmd_glue(const struct cli *cli, const struct qn_options *options);
int cmd_verify(const struct cli *cli, const struct qn_options *options);
int cmd_report(const struct cli *cli, const struct qn_options *options);
int cmd_task(const struct cli *cli, const struct qn_options *options);
int cmd_submit(const struct cli *cli, const struct qn_options *options);
int cmd_doctor(const struct cli *cli, const struct qn_options *options);
int cmd_demo(const struct cli *cli, const struct qn_options *options);
int cmd_help(const struct cli *cli, const struct qn_options *options);

#endif
