/* The scheduler's state, shared by its two halves: sched_tasks.c has what becomes of tasks, sched.c
 * what workers are given and when they are stopped. Nobody else includes this. */
#ifndef QN_ENGINE_SCHED_STATE_H
#define QN_ENGINE_SCHED_STATE_H

#include "engine/sched.h"

#define RECENT      63u /* tasks of which the median is taken */
#define OUTSTANDING (2 * QN_SCHED_BATCH_MAX)

enum task_state { WAITING, OUT, DELAYED, BIG, DONE, GAVE_UP };

struct task {
    uint8_t state;
    uint8_t out; /* copies at workers: 2 with a duplicate */
    uint8_t transient;
    uint8_t memory;
    uint8_t timeouts;
    uint8_t deaths;
    uint16_t attempts;
};

enum worker_state { DOWN, STARTING, UP, LEAVING }; /* LEAVING: to come back with a bigger share */
enum ladder { NOT_ASKED, ASKED, TERMED, KILLED };

struct worker {
    enum worker_state state;
    unsigned share;    /* memory share it was started with */
    bool held;         /* idle on purpose while a big task runs elsewhere */
    uint64_t running;  /* last reported, QN_NO_TASK if none */
    uint64_t since_us; /* when that began */
    enum ladder ladder;
    enum qn_status reason; /* why it was asked to stop */
    uint64_t asked;        /* which task it was asked to stop, QN_NO_TASK for all */
    uint64_t ladder_us;    /* time of the last rung */
    double queued_us;      /* estimate of what is outstanding */
    unsigned count;
    uint64_t tasks[OUTSTANDING]; /* in the order of sending */
};

struct retry {
    uint64_t ready_us;
    uint64_t task;
};

struct list {
    uint64_t *tasks;
    size_t count;
    size_t cap;
};

struct qn_sched {
    struct qn_sched_config config;
    struct task *tasks;
    uint64_t *order;
    uint64_t next; /* into order */
    struct list returned;
    struct list big;
    struct retry *retries; /* unordered; few */
    size_t retry_count;
    size_t retry_cap;
    struct worker *workers;
    uint64_t done, gave_up, retried;
    uint64_t done_here; /* in this session, for means */
    uint64_t streak;    /* tasks given up in a row with streak_status */
    enum qn_status streak_status;
    unsigned barren;                 /* workers gone in a row without a task done between */
    double sum_wall_us, sum_cost;    /* recent */
    double recent[RECENT];           /* time per cost of the last ones done, a ring */
    bool stopping, finished, failed; /* failed: out of memory */
    unsigned big_worker;             /* index + 1 of the worker with the big share */
    struct qn_actions *actions;
    uint64_t now_us;
};

/* An array with room for one more than `count`; NULL when out of memory, the old one stays. */
void *qn_sched_grow(void *array, size_t *cap, size_t count, size_t size);

/* Adds to the actions of this step. */
void qn_sched_act(struct qn_sched *s, struct qn_action action);

/* What a task may take going by the mean of those done, -1 if there are none; by their median,
 * which a few that took for ever do not move. */
double qn_sched_estimate_us(const struct qn_sched *s, uint64_t task);
double qn_sched_usual_us(const struct qn_sched *s, uint64_t task);

/* A task that was done: what others may take is known better. */
void qn_sched_learn(struct qn_sched *s, uint64_t task, uint64_t wall_us);

/* One copy of `task` ended without success: it is given back, tried again later or given up. */
void qn_sched_charge(struct qn_sched *s, uint64_t task, enum qn_status status, bool worker_died);

/* The first rung of the ladder: the worker's flag is raised for `task`, QN_NO_TASK for all. */
void qn_sched_ask_stop(struct qn_sched *s, unsigned w, uint64_t task, enum qn_status reason);

/* Nothing is begun any more, and what runs is asked to stop. */
void qn_sched_stop_run(struct qn_sched *s, enum qn_status status);

#endif
