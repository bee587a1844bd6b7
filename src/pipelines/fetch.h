/* What the verbs `fetch` of pipelines have in common: options for the manners that archives ask
 * for, progress, cancelling, and the account of how each file went. What is fetched is told by the
 * pipeline, how by base/download.h. */
#ifndef QN_PIPELINES_FETCH_H
#define QN_PIPELINES_FETCH_H

#include "base/download.h"

#include <quern/pipeline.h>

/* Rows of a verb's table of options; `at_once` is the default. */
/* clang-format off */
#define QN_FETCH_OPTIONS(at_once)                                                                  \
    {"at-once", QN_OPT_INT, "N", at_once, "files at a time; archives ask for few"},                \
    {"attempts", QN_OPT_INT, "N", "6", "of each file"},                                            \
    {"backoff", QN_OPT_REAL, "SECONDS", "2", "before the second attempt; doubles each time"},      \
    {"connect-timeout", QN_OPT_REAL, "SECONDS", "20", "to reach the server"},                      \
    {"stall-timeout", QN_OPT_REAL, "SECONDS", "60", "without a byte"}
/* clang-format on */

/* Limits as those options have them, with progress shown and cancelling heeded. */
struct qn_download_limits qn_fetch_limits(const struct qn_options *options, const char *agent);

/* Writes how each went to FOLDER/fetch.csv and tells the sum on standard error; QN_ERR_IO with the
 * first failure when there is any. */
enum qn_status qn_fetch_account(const struct qn_download *downloads, size_t count,
                                const char *folder, struct qn_error *err);

#endif
