/* quern report, and the report of every run: what the engine knows, then what the pipeline adds. */
#include "cli/cli.h"

#include "base/io.h"
#include "engine/history.h"
#include "engine/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum qn_status cli_write_report(const struct qn_pipeline *pipeline, const char *root,
                                struct qn_error *err)
{
    (void)pipeline;
    (void)root;
    (void)err;
    return QN_OK;
}

int cmd_report(const struct cli *cli, const struct qn_options *options)
{
    struct qn_error err = {.offset = -1};
    struct qn_rundir dir;
    const char *root = "";
    const struct qn_pipeline *pipeline = NULL;
    enum qn_status status = cli_open_dataset(cli, options, &dir, &root, &pipeline, &err);
    if (!status && !dir.dataset_is_ours)
        status = qn_fail(&err, QN_ERR_USAGE, "'%s' is not complete yet.", dir.dataset);
    if (!status)
        status = cli_write_report(pipeline, dir.dataset, &err);
    err.status = status;
    if (status)
        return cli_fail(cli, &err);
    printf("%s/report.html\n", dir.dataset);
    return 0;
}
