/* The scheduler: a pure state machine. Events go in with the time, actions come out; it makes no
 * system calls and reads no clock, so tests drive it with a time of their own.
 *
 * It decides which task goes to which worker and in what batches, what a failure costs and when
 * to try again, when a task is overdue, when to start a late duplicate, and when to stop.
 */
#ifndef QN_ENGINE_SCHED_H
#define QN_ENGINE_SCHED_H

#include <quern/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QN_NO_TASK         UINT64_MAX
#define QN_SCHED_BATCH_MAX 256u

struct qn_sched_config {
    uint64_t tasks;
    uint64_t (*cost)(const void *context, uint64_t task);
    const void *context;
    unsigned workers;
    unsigned max_batch;       /* 1: one task a message; 0: QN_SCHED_BATCH_MAX */
    uint64_t timeout_us;      /* per task, 0: none */
    double timeout_factor;    /* of the cost-scaled median once 20 tasks are done, 0: none */
    uint64_t grace_us;        /* between asking, SIGTERM and SIGKILL */
    uint64_t max_failures;    /* tasks given up before the run stops; UINT64_MAX: no limit */
    double max_failures_part; /* the same as a part of all tasks, 0..1; 1: no limit */
    uint64_t seed;            /* of the jitter */
};

/* Budgets of the failure classes, and the thresholds of the scheduler. */
enum {
    QN_TRIES_TRANSIENT = 6, /* 1 try and 5 retries with backoff */
    QN_TRIES_MEMORY = 2,    /* the second with a bigger share and fewer neighbours */
    QN_TRIES_TIMEOUT = 2,
    QN_DEATHS_QUARANTINE = 3, /* worker deaths at which a task was present */
    QN_BREAKER_STREAK = 20    /* first tasks all failing the same way, none done */
};

enum qn_event_type {
    QN_EVENT_WORKER_UP,   /* worker: ready for tasks */
    QN_EVENT_RUNNING,     /* worker, task, since_us: what it works on now (sent before a TICK). One
                             that has tasks and tells of none is taken to work on the oldest. */
    QN_EVENT_TASK_DONE,   /* worker, task, wall_us */
    QN_EVENT_TASK_FAILED, /* worker, task, status */
    QN_EVENT_WORKER_GONE, /* worker, task it was running or QN_NO_TASK, status: CRASH, MEMORY,
                             TIMEOUT; CANCELLED when it ended because it was told to */
    QN_EVENT_TICK,
    QN_EVENT_CANCEL, /* the user wants to stop */
    QN_EVENT_FATAL   /* status: the run cannot go on */
};

struct qn_event {
    enum qn_event_type type;
    unsigned worker;
    uint64_t task;
    uint64_t wall_us;
    uint64_t since_us;
    enum qn_status status;
};

enum qn_action_type {
    QN_ACTION_START_WORKER, /* worker, share: memory limit in multiples of the normal one */
    QN_ACTION_SEND,         /* worker, count tasks from `first` of the list's sends */
    QN_ACTION_ASK_STOP,     /* worker: raise its cancel flag for task (QN_NO_TASK: for all);
                               status tells why */
    QN_ACTION_TERM,         /* worker: SIGTERM */
    QN_ACTION_KILL,         /* worker: SIGKILL; expect WORKER_GONE */
    QN_ACTION_RETRY,        /* task, status: will be tried again after wait_us */
    QN_ACTION_GAVE_UP,      /* task, status: will not be tried again */
    QN_ACTION_STOPPING,     /* status: the run ends early: CANCELLED, a fatal one, or INPUT for
                               too many failures */
    QN_ACTION_FINISHED      /* nothing is outstanding any more */
};

struct qn_send {
    uint64_t task;
    uint32_t attempt; /* from 1 */
    uint32_t zero;    /* it goes through a socket: no byte of it is left as it was */
};

struct qn_action {
    enum qn_action_type type;
    unsigned worker;
    uint64_t task;
    enum qn_status status;
    uint64_t wait_us;
    unsigned share;
    size_t first;
    size_t count;
};

struct qn_actions { /* zero-initialise; qn_actions_release */
    struct qn_action *items;
    size_t count;
    size_t cap;
    struct qn_send *sends;
    size_t send_count;
    size_t send_cap;
    bool failed; /* out of memory */
};

void qn_actions_release(struct qn_actions *actions);

struct qn_sched;

/* NULL when out of memory. The config is copied. */
struct qn_sched *qn_sched_new(const struct qn_sched_config *config);
void qn_sched_free(struct qn_sched *sched);

/* Before the first step: what earlier sessions left. A task done is not run; attempts that were
 * counted keep counting. */
void qn_sched_restore_done(struct qn_sched *sched, uint64_t task);
void qn_sched_restore_gave_up(struct qn_sched *sched, uint64_t task);
void qn_sched_restore_attempt(struct qn_sched *sched, uint64_t task, uint32_t attempt,
                              enum qn_status status);

/* One event; `actions` is cleared and filled. The first call should be a TICK: it starts the
 * workers. */
void qn_sched_step(struct qn_sched *sched, const struct qn_event *event, uint64_t now_us,
                   struct qn_actions *actions);

struct qn_sched_counts {
    uint64_t done; /* restored ones included */
    uint64_t gave_up;
    uint64_t running;
    uint64_t waiting;
    uint64_t retries;
    unsigned workers_up;
};
struct qn_sched_counts qn_sched_counts(const struct qn_sched *sched);

/* Attempts at `task` so far, those before this session included. */
uint32_t qn_sched_attempts(const struct qn_sched *sched, uint64_t task);

/* The task that `worker` has had longest of those that have not come back, QN_NO_TASK if none. */
uint64_t qn_sched_oldest(const struct qn_sched *sched, unsigned worker);

/* True if `task` was sent to `worker`, has not come back, and nobody else has done it: a result
 * of it may be recorded. */
bool qn_sched_expects(const struct qn_sched *sched, unsigned worker, uint64_t task);

#endif
