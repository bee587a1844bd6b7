/* What every command needs: see cli.h. */
#include "cli/cli.h"

#include "base/json_memory.h"
#include "render/terminal.h"

#include <stdio.h>
#include <string.h>

int cli_fail(const struct cli *cli, const struct qn_error *err)
{
    struct qn_error lost = *err;
    if (qn_json_lost() && err->status == QN_ERR_USAGE) { /* options are JSON: some are missing */
        lost.status = qn_json_settle(QN_OK, &lost);
        err = &lost;
    }
    qn_terminal_print(stderr, "%s: error: %s\n", cli->program, err->message);
    if (err->status == QN_ERR_USAGE)
        return 2;
    return err->status == QN_ERR_CANCELLED ? 130 : 1;
}

const struct qn_pipeline *cli_find_pipeline(const struct cli *cli, const char *name)
{
    for (const struct qn_pipeline *const *p = cli->pipelines; name && *p; p++) {
        if (!strcmp((*p)->name, name))
            return *p;
    }
    return NULL;
}

const char *cli_quoted(const char *path, char word[CLI_QUOTED])
{
    struct qn_buf out = {0};
    qn_buf_shell_word(&out, path);
    qn_buf_u8(&out, 0);
    bool fits = !out.failed && out.len <= CLI_QUOTED;
    snprintf(word, CLI_QUOTED, "%s", fits ? (const char *)out.data : "DATASET");
    qn_buf_release(&out);
    return word;
}
