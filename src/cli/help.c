/* Help, man pages and completion, all from the same tables. */
#include "cli/cli.h"

#include <quern/version.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 79, SUMMARY = 16 /* column behind the names of verbs and commands */ };

static const char exit_codes[] =
    "0 complete; 3 complete, but some items failed (the dataset is usable, the failures are "
    "listed); 1 failed; 2 wrong usage; 130 cancelled.";

/* Prints `text` wrapped, every line after `indent` spaces; newlines in it stay. */
static void print_wrapped(const char *text, int indent, int column)
{
    int blanks = 0; /* before the next word, if it stays on this line */
    while (*text) {
        size_t word = strcspn(text, " \n");
        if (column + blanks + (int)word > WIDTH && column > indent) {
            printf("\n%*s", indent, "");
            column = indent;
            blanks = 0;
        }
        printf("%*s%.*s", blanks, "", (int)word, text);
        column += blanks + (int)word;
        text += word;
        if (*text == '\n') {
            printf("\n%*s", text[1] ? indent : 0, "");
            column = indent;
            text++;
        }
        blanks = (int)strspn(text, " ");
        text += blanks;
    }
    putchar('\n');
}

static char letter_of(const char *name)
{
    return !strcmp(name, "output") ? 'o' : !strcmp(name, "jobs") ? 'j' : '\0';
}

static void option_head(const struct qn_option *option, char *head, size_t size)
{
    char letter = letter_of(option->name);
    char start[8] = "";
    if (letter)
        snprintf(start, sizeof start, "-%c, ", letter);
    bool on = option->type == QN_OPT_FLAG && option->initial && !strcmp(option->initial, "true");
    snprintf(head, size, "%s--%s%s%s%s", start, on ? "no-" : "", option->name,
             option->type == QN_OPT_FLAG ? "" : " ",
             option->type == QN_OPT_FLAG || !option->argument ? "" : option->argument);
}

static bool shows_default(const struct qn_option *option)
{
    return option->initial && option->type != QN_OPT_FLAG;
}

static void print_options(const char *title, const struct qn_option *options)
{
    enum { COLUMN = 28 };
    if (!options || !options->name)
        return;
    printf("\n%s:\n", title);
    for (; options->name; options++) {
        char head[128];
        char help[512];
        option_head(options, head, sizeof head);
        snprintf(help, sizeof help, "%s%s%s%s", options->help,
                 shows_default(options) ? " (default " : "",
                 shows_default(options) ? options->initial : "", shows_default(options) ? ")" : "");
        int n = printf("  %s", head);
        if (n > COLUMN - 2)
            printf("\n%*s", COLUMN, "");
        else
            printf("%*s", COLUMN - n, "");
        print_wrapped(help, COLUMN, COLUMN);
    }
}

static void print_example(const char *example)
{
    if (!example)
        return;
    printf("\nExamples:\n  ");
    for (; *example; example++) {
        putchar(*example);
        if (*example == '\n')
            printf("  ");
    }
    putchar('\n');
}

static void print_row(int indent, const char *name, const char *summary)
{
    printf("%*s%-*s ", indent, "", SUMMARY - indent - 1, name);
    print_wrapped(summary, SUMMARY, SUMMARY);
}

void cli_help_overview(const struct cli *cli)
{
    printf("%s %s: grinds instrument archives into analysis-ready datasets\n\n", cli->program,
           QUERN_VERSION);
    printf("Usage: %s PIPELINE VERB [options] INPUT... -o DATASET\n       %s COMMAND ...\n",
           cli->program, cli->program);
    printf("\nPipelines:\n");
    for (const struct qn_pipeline *const *p = cli->pipelines; *p; p++) {
        print_row(2, (*p)->name, (*p)->summary);
        for (const struct qn_verb *verb = (*p)->verbs; verb && verb->name; verb++)
            print_row(4, verb->name, verb->summary);
    }
    printf("\nCommands:\n");
    for (const struct cli_command *c = cli_commands; c->name; c++)
        print_row(2, c->name, c->summary);
    printf("\n%s help PIPELINE VERB, or --help after any command, tells more.\n", cli->program);
    printf("Environment: QUERN_JOBS (number of workers).\nExit codes: ");
    print_wrapped(exit_codes, 12, 12);
}

void cli_help_pipeline(const struct cli *cli, const struct qn_pipeline *pipeline)
{
    printf("%s %s: %s\n\nVerbs:\n", cli->program, pipeline->name, pipeline->summary);
    for (const struct qn_verb *verb = pipeline->verbs; verb && verb->name; verb++)
        print_row(2, verb->name, verb->summary);
    printf("\n%s %s VERB --help tells more.\n", cli->program, pipeline->name);
}

void cli_help_verb(const struct cli *cli, const struct qn_pipeline *pipeline,
                   const struct qn_verb *verb)
{
    bool job = !verb->run;
    printf("Usage: %s %s %s [options] %s%s\n\n", cli->program, pipeline->name, verb->name,
           verb->inputs ? verb->inputs : "", job ? " -o DATASET" : "");
    print_wrapped(verb->summary, 0, 0);
    if (verb->details) {
        putchar('\n');
        print_wrapped(verb->details, 0, 0);
    }
    print_options("Options", verb->options);
    if (job)
        print_options("Options of every run", cli_run_options);
    print_example(verb->example);
}

void cli_help_command(const struct cli *cli, const struct cli_command *command)
{
    bool options = command->options || command->run_options;
    printf("Usage: %s %s%s%s%s\n\n", cli->program, command->name, options ? " [options]" : "",
           command->inputs ? " " : "", command->inputs ? command->inputs : "");
    print_wrapped(command->summary, 0, 0);
    if (command->details) {
        putchar('\n');
        print_wrapped(command->details, 0, 0);
    }
    print_options("Options", command->options);
    print_options("Options of the work", command->run_options);
    print_example(command->example);
}

/* ---- man pages ------------------------------------------------------------------------------ */

/* Text with what roff would take as a command or a dash made plain. */
static void roff(const char *text)
{
    bool start = true;
    for (; text && *text; text++) {
        if (start && (*text == '.' || *text == '\''))
            printf("\\&");
        if (*text == '-')
            printf("\\-");
        else if (*text == '\\')
            printf("\\e");
        else
            putchar(*text);
        start = *text == '\n';
    }
}

static void roff_options(const char *title, const struct qn_option *options)
{
    if (!options || !options->name)
        return;
    printf(".SS %s\n", title);
    for (; options->name; options++) {
        char head[128];
        option_head(options, head, sizeof head);
        printf(".TP\n\\fB");
        roff(head);
        printf("\\fR\n");
        roff(options->help);
        if (shows_default(options)) {
            printf(" (default ");
            roff(options->initial);
            printf(")");
        }
        printf("\n");
    }
}

static void roff_block(const char *text)
{
    printf(".PP\n.nf\n.RS\n");
    roff(text);
    printf("\n.RE\n.fi\n");
}

static void man_tail(void)
{
    printf(".SH EXIT STATUS\n");
    roff(exit_codes);
    printf("\n");
}

static void man_overview(const struct cli *cli)
{
    printf(".TH QUERN 1 \"\" \"Quern %s\" \"Quern\"\n.SH NAME\n", QUERN_VERSION);
    printf("%s \\- grinds instrument archives into analysis\\-ready datasets\n", cli->program);
    printf(".SH SYNOPSIS\n\\fB%s\\fR PIPELINE VERB [options] INPUT... \\-o DATASET\n.br\n"
           "\\fB%s\\fR COMMAND ...\n",
           cli->program, cli->program);
    printf(".SH DESCRIPTION\n");
    roff("Quern splits a large input at natural boundaries into independent tasks, runs them on "
         "every core in isolated worker processes, and glues the results into one dataset that is "
         "the same to the byte however it ran. It survives crashes, hangs, bad input and kill -9: "
         "run the same command again and it goes on.");
    printf("\n.SH PIPELINES\n");
    for (const struct qn_pipeline *const *p = cli->pipelines; *p; p++) {
        printf(".TP\n\\fB%s\\fR\n", (*p)->name);
        roff((*p)->summary);
        printf(". See \\fB%s\\-%s\\fR(1).\n", cli->program, (*p)->name);
    }
    printf(".SH COMMANDS\n");
    for (const struct cli_command *c = cli_commands; c->name; c++) {
        printf(".SS ");
        roff(c->name);
        printf(" ");
        roff(c->inputs ? c->inputs : "");
        printf("\n");
        roff(c->summary);
        printf(".\n");
        if (c->details) {
            printf(".PP\n");
            roff(c->details);
            printf("\n");
        }
        roff_options("Options", c->options);
        if (c->example)
            roff_block(c->example);
    }
    roff_options("Options of every run", cli_run_options);
    printf(".SH ENVIRONMENT\n.TP\n\\fBQUERN_JOBS\\fR\nNumber of workers, where \\-\\-jobs is not "
           "given.\n");
    man_tail();
}

static void man_pipeline(const struct cli *cli, const struct qn_pipeline *pipeline)
{
    printf(".TH %s-%s 1 \"\" \"Quern %s\" \"Quern\"\n.SH NAME\n", "QUERN", pipeline->name,
           QUERN_VERSION);
    printf("%s\\-%s \\- ", cli->program, pipeline->name);
    roff(pipeline->summary);
    printf("\n.SH SYNOPSIS\n");
    for (const struct qn_verb *v = pipeline->verbs; v->name; v++) {
        printf("\\fB%s %s %s\\fR [options] ", cli->program, pipeline->name, v->name);
        roff(v->inputs ? v->inputs : "");
        printf("%s\n.br\n", v->run ? "" : " \\-o DATASET");
    }
    for (const struct qn_verb *v = pipeline->verbs; v->name; v++) {
        printf(".SH %s\n", v->name);
        roff(v->summary);
        printf(".\n");
        if (v->details) {
            printf(".PP\n");
            roff(v->details);
            printf("\n");
        }
        roff_options("Options", v->options);
        if (v->example) {
            printf(".SS Examples\n");
            roff_block(v->example);
        }
    }
    roff_options("Options of every run", cli_run_options);
    man_tail();
}

/* ---- completion ----------------------------------------------------------------------------- */

static void complete_options(const char *pattern, const struct qn_option *a,
                             const struct qn_option *b)
{
    const struct qn_option *tables[] = {a, b};
    printf("    \"%s\") words=\"", pattern);
    for (int t = 0; t < 2; t++) {
        for (const struct qn_option *o = tables[t]; o && o->name; o++)
            printf("--%s%s ", o->initial && !strcmp(o->initial, "true") ? "no-" : "", o->name);
    }
    printf("--help\";;\n");
}

static void completion(const struct cli *cli)
{
    printf("_%s() {\n  local cur=\"${COMP_WORDS[COMP_CWORD]}\" words=\"\"\n", cli->program);
    printf("  if [ \"$COMP_CWORD\" = 1 ]; then words=\"");
    for (const struct qn_pipeline *const *p = cli->pipelines; *p; p++)
        printf("%s ", (*p)->name);
    for (const struct cli_command *c = cli_commands; c->name; c++)
        printf("%s ", c->name);
    printf("\"\n  else case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n");
    char pattern[128];
    for (const struct qn_pipeline *const *p = cli->pipelines; *p; p++) {
        for (const struct qn_verb *v = (*p)->verbs; v && v->name; v++) {
            snprintf(pattern, sizeof pattern, "%s %s", (*p)->name, v->name);
            complete_options(pattern, v->options, v->run ? NULL : cli_run_options);
        }
    }
    for (const struct cli_command *c = cli_commands; c->name; c++) {
        snprintf(pattern, sizeof pattern, "%s \"*\"", c->name);
        complete_options(pattern, c->options, c->run_options);
    }
    printf(
        "  esac; fi\n  case \"$cur\" in -*) ;; *) [ \"$COMP_CWORD\" -gt 1 ] && words=\"\";; esac\n"
        "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
        "  [ -z \"$COMPREPLY\" ] && COMPREPLY=($(compgen -f -- \"$cur\"))\n}\n"
        "complete -o filenames -F _%s %s\n",
        cli->program, cli->program);
}

/* ---- the command ---------------------------------------------------------------------------- */

/* Positional arguments are kept as absolute paths; a name is the last part of one. */
static const char *name_of(const struct qn_options *options, size_t i)
{
    const char *path = i < qn_option_inputs(options) ? qn_option_input(options, i) : NULL;
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? slash + 1 : path;
}

int cmd_help(const struct cli *cli, const struct qn_options *options)
{
    const char *first = name_of(options, 0);
    const char *second = name_of(options, 1);
    const struct qn_pipeline *pipeline = cli_find_pipeline(cli, first);
    bool man = qn_option_flag(options, "man");
    if (qn_option_flag(options, "completion")) {
        completion(cli);
        return 0;
    }
    if (!first || (man && !pipeline)) {
        man ? man_overview(cli) : cli_help_overview(cli);
        return 0;
    }
    if (pipeline && man) {
        man_pipeline(cli, pipeline);
        return 0;
    }
    for (const struct qn_verb *v = pipeline ? pipeline->verbs : NULL; v && second && v->name; v++) {
        if (!strcmp(v->name, second)) {
            cli_help_verb(cli, pipeline, v);
            return 0;
        }
    }
    for (const struct cli_command *c = cli_commands; c->name; c++) {
        if (!strcmp(c->name, first)) {
            cli_help_command(cli, c);
            return 0;
        }
    }
    if (pipeline) {
        cli_help_pipeline(cli, pipeline);
        return 0;
    }
    struct qn_error err;
    qn_fail(&err, QN_ERR_USAGE, "there is no help on '%s'.", first);
    return cli_fail(cli, &err);
}
