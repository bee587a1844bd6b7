/* What a report is made of, read from a run directory once: plan, ledgers, manifest.json and
 * run.json. Used by report.c alone. */
#ifndef QN_CLI_REPORT_H
#define QN_CLI_REPORT_H

#include "engine/history.h"
#include "engine/rundir.h"

enum { CLI_SLOWEST = 10, CLI_FAILURES = 50 };

struct cli_slow_task {
    uint64_t task;
    struct qn_usage usage;
};

struct cli_failure { /* the last failed attempt at a task given up; texts are owned, or NULL */
    uint64_t task;
    unsigned attempts; /* that failed */
    enum qn_status status;
    int signal;     /* that ended the worker, 0 if none */
    int64_t offset; /* in `file`, -1 if none */
    char *message;
    char *file;
    char *tail;   /* of what the worker wrote to stderr */
    char *reason; /* why the task was not tried again */
};

struct cli_run_facts {
    const char *root;       /* where the files are */
    char dataset[PATH_MAX]; /* what it is called, or will be once published */
    struct qn_plan_file plan;
    struct qn_history history;
    json_t *manifest;
    json_t *run;                               /* run.json */
    struct cli_slow_task slowest[CLI_SLOWEST]; /* attempts that succeeded, the longest first */
    size_t slow_count;
    struct cli_failure failures[CLI_FAILURES]; /* of the first tasks given up, in plan order */
    size_t failure_count;
};

/* Reads everything; `root` must outlive *facts. Release in any case. */
enum qn_status cli_run_facts_read(struct cli_run_facts *facts, const char *root,
                                  struct qn_error *err);
void cli_run_facts_release(struct cli_run_facts *facts);

#endif
