/* Light curves that `--light-curves URL` fetches while the run is planned: a file for each star
 * (and sector), kept in a folder that is then indexed like any other. */
#ifndef QN_PIPELINES_TRANSIT_PULL_H
#define QN_PIPELINES_TRANSIT_PULL_H

#include "base/download.h"
#include "pipelines/transit/candidates.h"

#include <quern/pipeline.h>

struct qn_pull { /* zero-initialise, then qn_pull_release */
    struct qn_buf texts;
    struct qn_buf items;
    struct qn_buf stars;
    struct qn_download *downloads;
    size_t count;
};
void qn_pull_release(struct qn_pull *pull);

/* Fetches what the template and --sectors give for the candidates' stars into `folder`; files that
 * are there stay. One that does not exist is no failure, nor is one that could not be fetched, as
 * long as others could. */
enum qn_status qn_pull_curves(struct qn_pull *pull, const struct qn_candidates *candidates,
                              const struct qn_options *options, const char *folder,
                              struct qn_plan *plan, struct qn_error *err);

/* Why a file of candidate i's star could not be fetched; NULL if none failed. */
const char *qn_pull_trouble(const struct qn_pull *pull, size_t i);

#endif
