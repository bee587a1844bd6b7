/* quern verify: prints what verification found. */
#include "engine/verify.h"
#include "cli/cli.h"

#include "render/terminal.h"

#include <stdio.h>

static void print_text(const struct qn_verify *v)
{
    size_t i;
    json_t *item;
    json_array_foreach(v->notes, i, item)
        qn_terminal_print(stdout, "  %s\n", json_string_value(item));
    json_array_foreach(v->findings, i, item)
    {
        json_int_t offset = json_integer_value(json_object_get(item, "offset"));
        json_int_t bytes = json_integer_value(json_object_get(item, "bytes"));
        qn_terminal_print(stdout, "FOUND %s", json_string_value(json_object_get(item, "file")));
        if (offset >= 0 && bytes > 1)
            qn_terminal_print(stdout, " in bytes %lld to %lld", (long long)offset,
                              (long long)(offset + bytes - 1));
        else if (offset >= 0)
            qn_terminal_print(stdout, " at byte %lld", (long long)offset);
        qn_terminal_print(stdout, ": %s\n", json_string_value(json_object_get(item, "what")));
    }
}

int cmd_verify(const struct cli *cli, const struct qn_options *options)
{
    char word[CLI_QUOTED];
    struct qn_error err = {.offset = -1};
    struct qn_rundir dir;
    const char *root = "";
    const struct qn_pipeline *pipeline = NULL;
    enum qn_status status = cli_open_dataset(cli, options, &dir, &root, &pipeline, &err);
    if (status == QN_ERR_CORRUPT && dir.dataset_is_ours)
        status = QN_OK; /* verification will find its place */
    if (!status && root != dir.dataset && !dir.dataset_is_ours)
        status =
            qn_fail(&err, QN_ERR_USAGE, "'%s' is not complete yet. Finish it first: %s resume %s.",
                    dir.dataset, cli->program, cli_quoted(dir.dataset, word));
    if (status) {
        err.status = status;
        return cli_fail(cli, &err);
    }
    struct qn_verify verify;
    const struct qn_observer *observer = cli_observer(qn_option_string(options, "progress"));
    status = qn_verify_run(&verify, dir.dataset, pipeline, observer, &err);
    cli_observer_end();
    size_t findings = json_array_size(verify.findings);
    if (status) {
        err.status = status;
    } else if (qn_option_flag(options, "json")) {
        json_t *out =
            json_pack("{s:s, s:b, s:O, s:O}", "dataset", dir.dataset, "clean", findings == 0,
                      "findings", verify.findings, "checked", verify.notes);
        json_dumpf(out, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(out);
    } else {
        qn_terminal_print(stdout, "%s: %s\n", dir.dataset, findings ? "NOT clean" : "clean");
        print_text(&verify);
    }
    qn_verify_release(&verify);
    if (status)
        return cli_fail(cli, &err);
    return findings ? 1 : 0;
}
