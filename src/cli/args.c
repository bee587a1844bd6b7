/* Parses command lines by option tables. */
#include "cli/cli.h"

#include "base/json_memory.h"
#include "base/nearest.h"

#include <string.h>

static const struct {
    char letter;
    const char *name;
    const char *value; /* that the letter stands for; NULL: one follows */
} letters[] = {
    {'o', "output", NULL}, {'j', "jobs", NULL}, {'h', "help", NULL}, {'v', "progress", "log"}};

static const struct qn_option *find(const struct qn_option *const *tables, const char *name,
                                    size_t len)
{
    for (; *tables; tables++) {
        for (const struct qn_option *option = *tables; option->name; option++) {
            if (strlen(option->name) == len && !strncmp(option->name, name, len))
                return option;
        }
    }
    return NULL;
}

static enum qn_status unknown(const struct qn_option *const *tables, const char *name,
                              struct qn_error *err)
{
    struct qn_nearest nearest = qn_nearest_to(name);
    char hint[128];
    for (; *tables; tables++) {
        for (const struct qn_option *option = *tables; option->name; option++)
            qn_nearest_try(&nearest, option->name);
    }
    return qn_fail(err, QN_ERR_USAGE, "there is no option --%s.%s --help lists them all.", name,
                   qn_nearest_hint(&nearest, hint));
}

struct args {
    int argc;
    char **argv;
    int next;
    const struct qn_option *const *tables;
    struct qn_options *options;
};

static enum qn_status take_value(struct args *args, const struct qn_option *option,
                                 const char *value, struct qn_error *err)
{
    if (!value && args->next < args->argc)
        value = args->argv[args->next++];
    if (!value)
        return qn_fail(err, QN_ERR_USAGE, "--%s needs a value: %s.", option->name,
                       option->argument ? option->argument : "");
    /* A list that is given replaces the default and then grows. */
    return qn_options_set(args->options, option, value, err);
}

static enum qn_status take_long(struct args *args, const char *name, struct qn_error *err)
{
    const char *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    const struct qn_option *option = find(args->tables, name, len);
    if (len == 4 && !strncmp(name, "help", 4))
        return QN_ERR_CANCELLED;
    if (option && option->type == QN_OPT_FLAG && !equals)
        return qn_options_set(args->options, option, "true", err);
    if (option && option->type == QN_OPT_FLAG)
        return qn_fail(err, QN_ERR_USAGE, "--%s takes no value; --no-%s turns it off.",
                       option->name, option->name);
    if (option)
        return take_value(args, option, equals ? equals + 1 : NULL, err);
    option = len > 3 && !strncmp(name, "no-", 3) ? find(args->tables, name + 3, len - 3) : NULL;
    if (option && option->type == QN_OPT_FLAG)
        return qn_options_set(args->options, option, "false", err);
    return unknown(args->tables, name, err);
}

static enum qn_status take_short(struct args *args, const char *text, struct qn_error *err)
{
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
        if (letters[i].letter != text[0])
            continue;
        if (text[0] == 'h')
            return QN_ERR_CANCELLED;
        const struct qn_option *option =
            find(args->tables, letters[i].name, strlen(letters[i].name));
        if (option && letters[i].value && !text[1])
            return qn_options_set(args->options, option, letters[i].value, err);
        if (option && !letters[i].value)
            return take_value(args, option, text[1] ? text + 1 : NULL, err);
    }
    return qn_fail(err, QN_ERR_USAGE, "there is no option -%c. --help lists them all.", text[0]);
}

enum qn_status cli_parse(int argc, char **argv, const struct qn_option *const *tables,
                         struct qn_options *options, struct qn_error *err)
{
    struct args args = {.argc = argc, .argv = argv, .tables = tables, .options = options};
    enum qn_status status = qn_options_init(options, tables, err);
    bool only_inputs = false;
    while (!status && args.next < argc) {
        const char *arg = argv[args.next++];
        if (only_inputs || arg[0] != '-' || arg[1] == '\0')
            status = qn_options_add_input(options, arg, err);
        else if (!strcmp(arg, "--"))
            only_inputs = true;
        else if (arg[1] == '-')
            status = take_long(&args, arg + 2, err);
        else
            status = take_short(&args, arg + 1, err);
    }
    return status == QN_ERR_CANCELLED ? status : qn_json_settle(status, err);
}
