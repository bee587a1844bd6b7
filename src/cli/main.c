/* qn_main: finds the command or verb, parses its options, runs it. */
#include "cli/cli.h"

#include "base/json_memory.h"
#include "base/nearest.h"

#include <quern/version.h>
#include <stdio.h>
#include <string.h>

static const struct qn_verb *find_verb(const struct qn_pipeline *pipeline, const char *name)
{
    for (const struct qn_verb *verb = pipeline->verbs; verb && verb->name; verb++) {
        if (!strcmp(verb->name, name))
            return verb;
    }
    return NULL;
}

static const struct cli_command *find_command(const char *name)
{
    for (const struct cli_command *command = cli_commands; command->name; command++) {
        if (!strcmp(command->name, name))
            return command;
    }
    return NULL;
}

static bool is_help(int argc, char **argv)
{
    return argc < 1 || !strcmp(argv[0], "--help") || !strcmp(argv[0], "-h") ||
           !strcmp(argv[0], "help");
}

/* A verb that does everything itself, such as `quern synth segy`. */
static int run_verb(const struct cli *cli, const struct qn_pipeline *pipeline,
                    const struct qn_verb *verb, int argc, char **argv)
{
    const struct qn_option *tables[] = {verb->options, NULL};
    struct qn_options options = {0};
    struct qn_error err = {.offset = -1};
    enum qn_status status = cli_parse(argc, argv, tables, &options, &err);
    int code = 0;
    if (status == QN_ERR_CANCELLED) {
        cli_help_verb(cli, pipeline, verb);
    } else {
        const struct qn_observer *observer = cli_observer(qn_option_string(&options, "progress"));
        status = status ? status : qn_run_verb(verb, &options, observer, &err);
        cli_observer_end();
        err.status = status;
        code = status == QN_ERR_FOUND ? 3 : status ? cli_fail(cli, &err) : 0;
    }
    qn_options_release(&options);
    return code;
}

/* The run options (-o, -j ...) are kept apart from the pipeline's own: only those shape the data
 * and belong to the plan. */
static enum qn_status split_options(const struct qn_options *all, const struct qn_verb *verb,
                                    struct qn_options *own, struct qn_options *run,
                                    struct qn_error *err)
{
    own->values = json_object();
    run->values = json_object();
    if (!own->values || !run->values)
        return qn_fail_memory(err, "options", 1);
    const char *name;
    json_t *value;
    json_object_foreach(all->values, name, value)
    {
        bool is_own = !strcmp(name, "inputs");
        for (const struct qn_option *o = verb->options; o && o->name; o++)
            is_own |= !strcmp(o->name, name);
        if (json_object_set(is_own ? own->values : run->values, name, value))
            return qn_fail_memory(err, "options", 1);
    }
    return QN_OK;
}

static int run_job(const struct cli *cli, const struct qn_pipeline *pipeline,
                   const struct qn_verb *verb, int argc, char **argv, const char *step)
{
    const struct qn_option *tables[] = {verb->options, cli_run_options, NULL};
    struct qn_options all = {0};
    struct qn_options own = {0};
    struct qn_options run = {0};
    struct qn_error err = {.offset = -1};
    int code = 0;
    enum qn_status status = cli_parse(argc, argv, tables, &all, &err);
    if (status == QN_ERR_CANCELLED) {
        cli_help_verb(cli, pipeline, verb);
        goto out;
    }
    if (!status)
        status = split_options(&all, verb, &own, &run, &err);
    if (!status && qn_option_inputs(&own) == 0)
        status =
            qn_fail(&err, QN_ERR_USAGE, "which input? Usage: %s %s %s [options] %s -o DATASET.",
                    cli->program, pipeline->name, verb->name, verb->inputs);
    bool temporary = !qn_option_given(&run, "output");
    if (!status && temporary && (!verb->finish || step))
        status = qn_fail(&err, QN_ERR_USAGE, "where to? Name the dataset to make with -o DATASET.");
    err.status = status;
    code = status      ? cli_fail(cli, &err)
           : temporary ? cli_run_temporary(cli, pipeline, verb, &own, &run)
                       : cli_run_job(cli, pipeline, verb, &own, &run, step);
out:
    qn_options_release(&all);
    qn_options_release(&own);
    qn_options_release(&run);
    return code;
}

static int unknown_verb(const struct cli *cli, const struct qn_pipeline *pipeline, const char *name)
{
    struct qn_error err;
    struct qn_nearest nearest = qn_nearest_to(name);
    char hint[128];
    for (const struct qn_verb *verb = pipeline->verbs; verb && verb->name; verb++)
        qn_nearest_try(&nearest, verb->name);
    qn_fail(&err, QN_ERR_USAGE, "'%s' has no verb '%s'.%s '%s %s --help' lists them.",
            pipeline->name, name, qn_nearest_hint(&nearest, hint), cli->program, pipeline->name);
    return cli_fail(cli, &err);
}

static int unknown_command(const struct cli *cli, const char *name)
{
    struct qn_error err;
    struct qn_nearest nearest = qn_nearest_to(name);
    char hint[128];
    for (const struct qn_pipeline *const *pipeline = cli->pipelines; *pipeline; pipeline++)
        qn_nearest_try(&nearest, (*pipeline)->name);
    for (const struct cli_command *command = cli_commands; command->name; command++)
        qn_nearest_try(&nearest, command->name);
    qn_fail(&err, QN_ERR_USAGE, "there is no command '%s'.%s '%s --help' lists them all.", name,
            qn_nearest_hint(&nearest, hint), cli->program);
    return cli_fail(cli, &err);
}

static int run_pipeline(const struct cli *cli, const struct qn_pipeline *pipeline, int argc,
                        char **argv, const char *step)
{
    if (is_help(argc, argv)) {
        cli_help_pipeline(cli, pipeline);
        return argc < 1 ? 2 : 0;
    }
    const struct qn_verb *verb = find_verb(pipeline, argv[0]);
    if (!verb)
        return unknown_verb(cli, pipeline, argv[0]);
    if (verb->run)
        return run_verb(cli, pipeline, verb, argc - 1, argv + 1);
    return run_job(cli, pipeline, verb, argc - 1, argv + 1, step);
}

static int run_command(const struct cli *cli, const struct cli_command *command, int argc,
                       char **argv)
{
    static const struct qn_option none[] = {{0}};
    const struct qn_option *tables[] = {command->options ? command->options : none,
                                        command->run_options ? command->run_options : none, NULL};
    struct qn_options options = {0};
    struct qn_error err = {.offset = -1};
    int code = 0;
    enum qn_status status = cli_parse(argc, argv, tables, &options, &err);
    err.status = status;
    if (status == QN_ERR_CANCELLED)
        cli_help_command(cli, command);
    else
        code = status ? cli_fail(cli, &err) : command->run(cli, &options);
    qn_options_release(&options);
    return code;
}

/* `submit [options] -- PIPELINE VERB ...`: the job is planned, then submitted with the options
 * before the dashes. */
static int submit_job(const struct cli *cli, const struct cli_command *command, int argc,
                      char **argv)
{
    const struct qn_option *tables[] = {command->options, NULL};
    struct qn_options options = {0};
    struct qn_error err = {.offset = -1};
    int own = 0;
    while (own < argc && strcmp(argv[own], "--") != 0)
        own++;
    int job = own + 1;
    if (job < argc && !strcmp(argv[job], cli->program))
        job++;
    const struct qn_pipeline *pipeline = job < argc ? cli_find_pipeline(cli, argv[job]) : NULL;
    struct cli submitting = *cli;
    submitting.submit = &options;
    enum qn_status status = cli_parse(own, argv, tables, &options, &err);
    int code = 0;
    if (status == QN_ERR_CANCELLED) {
        cli_help_command(cli, command);
    } else if (!status && !pipeline) {
        err.status =
            qn_fail(&err, QN_ERR_USAGE, "usage: %s submit %s. '%s --help' lists the pipelines.",
                    cli->program, command->inputs, cli->program);
        code = cli_fail(cli, &err);
    } else {
        err.status = status;
        code = status ? cli_fail(cli, &err)
                      : run_pipeline(&submitting, pipeline, argc - job - 1, argv + job + 1, "plan");
    }
    qn_options_release(&options);
    return code;
}

static int dispatch(const struct cli *cli, int argc, char **argv)
{
    if (argc < 1 || !strcmp(argv[0], "--help") || !strcmp(argv[0], "-h")) {
        cli_help_overview(cli);
        return argc < 1 ? 2 : 0;
    }
    if (!strcmp(argv[0], "--version")) {
        printf("%s %s\n", cli->program, QUERN_VERSION);
        return 0;
    }
    const struct qn_pipeline *pipeline = cli_find_pipeline(cli, argv[0]);
    if (pipeline)
        return run_pipeline(cli, pipeline, argc - 1, argv + 1, NULL);
    /* `plan PIPELINE VERB ...` is the verb's job without work and glue; `synth PIPELINE ...` is
     * the pipeline's verb synth. */
    pipeline = argc > 1 ? cli_find_pipeline(cli, argv[1]) : NULL;
    if (pipeline && !strcmp(argv[0], "plan"))
        return run_pipeline(cli, pipeline, argc - 2, argv + 2, "plan");
    if (pipeline && !strcmp(argv[0], "synth")) {
        argv[1] = argv[0];
        return run_pipeline(cli, pipeline, argc - 1, argv + 1, NULL);
    }
    const struct cli_command *command = find_command(argv[0]);
    if (command && !strcmp(argv[0], "submit"))
        return submit_job(cli, command, argc - 1, argv + 1);
    if (command && command->run)
        return run_command(cli, command, argc - 1, argv + 1);
    if (!command)
        return unknown_command(cli, argv[0]);
    if (argc > 1 && is_help(argc - 1, argv + 1)) {
        cli_help_command(cli, command);
        return 0;
    }
    struct qn_error err;
    qn_fail(&err, QN_ERR_USAGE, "usage: %s %s %s. '%s --help' lists the pipelines.", cli->program,
            command->name, command->inputs, cli->program);
    return cli_fail(cli, &err);
}

int qn_main(int argc, char **argv, const struct qn_pipeline *const *pipelines)
{
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    struct cli cli = {.program = slash      ? slash + 1
                                 : argc > 0 ? argv[0]
                                            : "quern",
                      .pipelines = pipelines};
    qn_json_watch();
    int code = dispatch(&cli, argc - 1, argv + 1);
    /* Output that could not be written, to a full disk or a closed pipe, is a failure too. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "%s: error: cannot write to standard output.\n", cli.program);
        code = code ? code : 1;
    }
    return code;
}
