/* What the ledgers of a run directory say about every task, read at the start of work, at glue
 * and by status. One run has a ledger per slice: .quern/ledger, .quern/ledger.2-of-8, ... */
#ifndef QN_ENGINE_HISTORY_H
#define QN_ENGINE_HISTORY_H

#include "engine/ledger.h"
#include "engine/plan.h"

enum qn_task_state { QN_TASK_OPEN, QN_TASK_DONE, QN_TASK_GAVE_UP };

struct qn_task_history {
    uint8_t state; /* enum qn_task_state */
    uint8_t why;   /* GAVE_UP: enum qn_status, the class of failure */
    bool in_part;
    uint32_t ledger; /* DONE: which ledger holds the record */
    uint32_t result_len;
    uint64_t result_offset;
    uint64_t part_size;
    uint32_t attempts;
};

struct qn_history {
    uint64_t count;
    struct qn_task_history *tasks;
    uint64_t done;
    uint64_t gave_up;
    uint64_t sessions; /* OPENED records */
    uint64_t attempts;
    uint64_t failures; /* attempts that failed */
    uint64_t cpu_us;   /* of all attempts, as the sums below */
    uint64_t wall_us;
    uint64_t max_rss_kib;
    uint64_t read_bytes;
    uint64_t write_bytes;
    char (*ledgers)[64]; /* file names in .quern/, sorted */
    unsigned ledger_count;
};

/* Reads every ledger of `root`/.quern. A ledger of another plan is QN_ERR_CHANGED. With
 * `visit`, every record is also passed on. */
enum qn_status qn_history_read(struct qn_history *history, const char *root,
                               const struct qn_plan_file *plan, qn_ledger_visit *visit,
                               void *context, struct qn_error *err);
void qn_history_release(struct qn_history *history);

#endif
