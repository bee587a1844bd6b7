/* quern failures: every attempt that failed and every task given up, with the command that runs
 * it alone. */
#include "cli/cli.h"

#include "engine/json_text.h"
#include "render/terminal.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct listing {
    json_t *failures;
    const struct qn_pipeline *pipeline;
    const struct qn_plan_file *plan;
    const char *root;
};

static enum qn_status visit(void *context, const struct qn_record *record, struct qn_error *err)
{
    struct listing *list = context;
    if (record->type != QN_RECORD_FAILED)
        return QN_OK;
    char what[512] = "";
    struct qn_job job = {.options = &list->plan->options,
                         .shared = list->plan->shared,
                         .shared_len = list->plan->shared_len,
                         .directory = list->root};
    struct qn_task task = qn_plan_task(list->plan, record->task);
    if (list->pipeline->describe)
        list->pipeline->describe(&job, &task, what, sizeof what);
    json_t *failure =
        json_pack("{s:I, s:o, s:i, s:s, s:i, s:o, s:o, s:I, s:o}", "task", (json_int_t)record->task,
                  "what", qn_json_text(what), "attempt", (int)record->attempt, "class",
                  qn_status_name(record->status), "signal", record->signal, "message",
                  qn_json_text(record->text), "file", qn_json_text(record->file), "offset",
                  (json_int_t)record->offset, "output_tail", qn_json_text(record->tail));
    if (json_array_append_new(list->failures, failure))
        return qn_fail_memory(err, "the list of failures", 1);
    return QN_OK;
}

static const char *fate(const struct qn_history *history, uint64_t task)
{
    static const char *const names[] = {"open", "done later", "given up"};
    return names[history->tasks[task].state];
}

static void print_text(const struct cli *cli, const json_t *failures,
                       const struct qn_history *history, const char *dataset)
{
    char word[CLI_QUOTED];
    size_t i;
    json_t *f;
    json_array_foreach((json_t *)failures, i, f)
    {
        uint64_t task = (uint64_t)json_integer_value(json_object_get(f, "task"));
        const char *tail = json_string_value(json_object_get(f, "output_tail"));
        qn_terminal_print(stdout, "task %llu, attempt %lld: %s (%s)\n", (unsigned long long)task,
                          json_integer_value(json_object_get(f, "attempt")),
                          json_string_value(json_object_get(f, "class")), fate(history, task));
        qn_terminal_print(stdout, "  what   %s\n", json_string_value(json_object_get(f, "what")));
        qn_terminal_print(stdout, "  why    %s\n",
                          json_string_value(json_object_get(f, "message")));
        if (*tail)
            qn_terminal_print(stdout, "  output ...%s\n", tail);
        qn_terminal_print(stdout, "  alone  %s task %s %llu\n", cli->program,
                          cli_quoted(dataset, word), (unsigned long long)task);
    }
    if (json_array_size(failures) == 0)
        qn_terminal_print(stdout, "no failures\n");
}

int cmd_failures(const struct cli *cli, const struct qn_options *options)
{
    struct qn_error err = {.offset = -1};
    struct qn_rundir dir;
    const char *root = "";
    struct qn_plan_file plan = {0};
    struct qn_history history;
    struct listing list = {.failures = json_array(), .plan = &plan};
    char run_dir[PATH_MAX];
    enum qn_status status = cli_open_dataset(cli, options, &dir, &root, &list.pipeline, &err);
    list.root = root;
    snprintf(run_dir, sizeof run_dir, "%s/.quern", root);
    if (!status)
        status = qn_plan_open(&plan, run_dir, &err);
    if (!status)
        status = qn_history_read(&history, root, &plan, visit, &list, &err);
    if (status) {
        json_decref(list.failures);
        err.status = status;
        return cli_fail(cli, &err);
    }
    if (qn_option_flag(options, "json")) {
        size_t i;
        json_t *f;
        json_array_foreach(list.failures, i, f)
        {
            uint64_t task = (uint64_t)json_integer_value(json_object_get(f, "task"));
            json_object_set_new(f, "fate", json_string(fate(&history, task)));
        }
        json_dumpf(list.failures, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        print_text(cli, list.failures, &history, dir.dataset);
    }
    json_decref(list.failures);
    qn_history_release(&history);
    qn_plan_close(&plan);
    return 0;
}
