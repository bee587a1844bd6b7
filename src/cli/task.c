/* quern task DATASET ID: one task in the foreground, in this process. */
#include "base/io.h"
#include "cli/cli.h"
#include "render/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cmd_task(const struct cli *cli, const struct qn_options *options)
{
    struct qn_error err = {.offset = -1};
    struct qn_rundir dir;
    const char *root = "";
    const struct qn_pipeline *pipeline = NULL;
    enum qn_status status = QN_OK;
    if (qn_option_inputs(options) != 2)
        status = qn_fail(&err, QN_ERR_USAGE, "usage: %s task DATASET ID", cli->program);
    if (!status)
        status = cli_open_dataset(cli, options, &dir, &root, &pipeline, &err);
    if (status) {
        err.status = status;
        return cli_fail(cli, &err);
    }
    const char *id = strrchr(qn_option_input(options, 1), '/') + 1;
    char *end;
    uint64_t task = strtoull(id, &end, 10);
    char scratch[PATH_MAX];
    const char *keep = qn_option_string(options, "keep");
    snprintf(scratch, sizeof scratch, "%s", keep ? keep : dir.dataset);
    if (!keep)
        snprintf(scratch, sizeof scratch, "%.4000s.task-%s", dir.dataset, id);
    if (*end || end == id)
        status = qn_fail(&err, QN_ERR_USAGE, "'%s' is no task number.", id);
    if (!status)
        status = qn_make_dirs(scratch, &err);
    if (!status)
        status = qn_run_task(root, pipeline, task, scratch, &err);
    err.status = status;
    if (status)
        return cli_fail(cli, &err);
    qn_terminal_print(stdout, "task %llu is fine; its outputs are in %s\n",
                      (unsigned long long)task, scratch);
    return 0;
}
