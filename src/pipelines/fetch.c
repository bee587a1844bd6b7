/* What the verbs `fetch` have in common: see fetch.h. */
#include "pipelines/fetch.h"

#include "render/terminal.h"

#include <limits.h>
#include <stdio.h>

static void tell(void *context, size_t done, size_t count)
{
    (void)context;
    qn_verb_progress("fetch", "files", done, count);
}

static bool stop(void *context)
{
    (void)context;
    return qn_verb_cancelled();
}

struct qn_download_limits qn_fetch_limits(const struct qn_options *options, const char *agent)
{
    return (struct qn_download_limits){.agent = agent,
                                       .at_once = qn_option_int(options, "at-once"),
                                       .attempts = qn_option_int(options, "attempts"),
                                       .backoff_s = qn_option_real(options, "backoff"),
                                       .connect_s = qn_option_real(options, "connect-timeout"),
                                       .stall_s = qn_option_real(options, "stall-timeout"),
                                       .tell = tell,
                                       .stop = stop};
}

enum qn_status qn_fetch_account(const struct qn_download *downloads, size_t count,
                                const char *folder, struct qn_error *err)
{
    char path[PATH_MAX];
    char line[QN_DOWNLOAD_SUMMARY];
    snprintf(path, sizeof path, "%s/fetch.csv", folder);
    enum qn_status status = qn_download_list(downloads, count, path, err);
    if (status)
        return status;
    status = qn_download_sum_up(downloads, count, line, err);
    qn_terminal_print(stderr, "%s; see %s.\n", line, path);
    return status;
}
