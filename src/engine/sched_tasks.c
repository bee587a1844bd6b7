/* What becomes of tasks: their order, what they are expected to take, and what a failure of one
 * costs. See sched_state.h; sched.c has the workers. */
#include "engine/sched_state.h"

#include "base/sys.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BACKOFF_US     500000u
#define BACKOFF_CAP_US 30000000u

/* ---- small things --------------------------------------------------------------------------- */

void *qn_sched_grow(void *array, size_t *cap, size_t count, size_t size)
{
    if (count < *cap)
        return array;
    size_t more = *cap ? *cap * 2 : 16;
    void *grown = qn_sys.realloc(array, more * size);
    if (grown)
        *cap = more;
    return grown;
}

void qn_actions_release(struct qn_actions *actions)
{
    free(actions->items);
    free(actions->sends);
    *actions = (struct qn_actions){0};
}

void qn_sched_act(struct qn_sched *s, struct qn_action action)
{
    struct qn_actions *list = s->actions;
    struct qn_action *items = qn_sched_grow(list->items, &list->cap, list->count, sizeof *items);
    if (!items) {
        list->failed = true;
        return;
    }
    list->items = items;
    items[list->count++] = action;
}

static void push(struct qn_sched *s, struct list *list, uint64_t task)
{
    uint64_t *tasks = qn_sched_grow(list->tasks, &list->cap, list->count, sizeof *tasks);
    if (!tasks) {
        s->failed = true;
        return;
    }
    list->tasks = tasks;
    tasks[list->count++] = task;
}

static uint64_t mix(uint64_t x) /* splitmix64's finaliser */
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

double qn_sched_estimate_us(const struct qn_sched *s, uint64_t task)
{
    if (s->sum_cost <= 0)
        return -1;
    double us = (double)s->config.cost(s->config.context, task) * s->sum_wall_us / s->sum_cost;
    return us < 0.5 ? 0.5 : us;
}

static double scale(const struct qn_sched *s, uint64_t task)
{
    uint64_t cost = s->config.cost(s->config.context, task);
    return cost ? (double)cost : 1;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* What a task of its cost usually takes: a few that took for ever do not count. */
double qn_sched_usual_us(const struct qn_sched *s, uint64_t task)
{
    double sorted[RECENT];
    size_t count = s->done_here < RECENT ? (size_t)s->done_here : RECENT;
    memcpy(sorted, s->recent, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_size);
    return sorted[count / 2] * scale(s, task);
}

void qn_sched_learn(struct qn_sched *s, uint64_t task, uint64_t wall_us)
{
    s->recent[s->done_here % RECENT] = (double)wall_us / scale(s, task);
    s->done_here++;
    s->sum_wall_us += (double)wall_us;
    s->sum_cost += (double)s->config.cost(s->config.context, task);
    if (s->done_here % 1000 == 0) { /* forget slowly: the past counts half */
        s->sum_wall_us /= 2;
        s->sum_cost /= 2;
    }
}

/* ---- making --------------------------------------------------------------------------------- */

/* Half powers of two: 1.41 between classes. */
static unsigned cost_class(uint64_t cost)
{
    return cost ? (unsigned)(2 * log2((double)cost)) + 1 : 0;
}

/* Counting sort by class, dearest first, stable. */
static void sort_tasks(struct qn_sched *s)
{
    uint64_t start[132] = {0};
    const struct qn_sched_config *config = &s->config;
    for (uint64_t i = 0; i < config->tasks; i++)
        start[131 - cost_class(config->cost(config->context, i))]++;
    uint64_t at = 0;
    for (int c = 0; c < 132; c++) {
        uint64_t n = start[c];
        start[c] = at;
        at += n;
    }
    for (uint64_t i = 0; i < config->tasks; i++)
        s->order[start[131 - cost_class(config->cost(config->context, i))]++] = i;
}

struct qn_sched *qn_sched_new(const struct qn_sched_config *config)
{
    struct qn_sched *s = qn_sys.calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->config = *config;
    if (s->config.max_batch == 0 || s->config.max_batch > QN_SCHED_BATCH_MAX)
        s->config.max_batch = QN_SCHED_BATCH_MAX;
    s->tasks = qn_sys.calloc(config->tasks + 1, sizeof *s->tasks);
    s->order = qn_sys.calloc(config->tasks + 1, sizeof *s->order);
    s->workers = qn_sys.calloc(config->workers, sizeof *s->workers);
    if (!s->tasks || !s->order || !s->workers) {
        qn_sched_free(s);
        return NULL;
    }
    sort_tasks(s);
    for (unsigned w = 0; w < config->workers; w++)
        s->workers[w].running = QN_NO_TASK;
    return s;
}

void qn_sched_free(struct qn_sched *s)
{
    if (!s)
        return;
    free(s->tasks);
    free(s->order);
    free(s->workers);
    free(s->returned.tasks);
    free(s->big.tasks);
    free(s->retries);
    free(s);
}

void qn_sched_restore_done(struct qn_sched *s, uint64_t task)
{
    s->done += s->tasks[task].state != DONE;
    s->gave_up -= s->tasks[task].state == GAVE_UP;
    s->tasks[task].state = DONE;
}

void qn_sched_restore_gave_up(struct qn_sched *s, uint64_t task)
{
    if (s->tasks[task].state != WAITING)
        return;
    s->gave_up++;
    s->tasks[task].state = GAVE_UP;
}

static void count_failure(struct task *task, enum qn_status status)
{
    task->transient += status == QN_ERR_TRANSIENT && task->transient < 255;
    task->memory += status == QN_ERR_MEMORY && task->memory < 255;
    task->timeouts += status == QN_ERR_TIMEOUT && task->timeouts < 255;
}

void qn_sched_restore_attempt(struct qn_sched *s, uint64_t task, uint32_t attempt,
                              enum qn_status status)
{
    struct task *t = &s->tasks[task];
    if (attempt > t->attempts)
        t->attempts = (uint16_t)attempt;
    count_failure(t, status);
    t->deaths += status == QN_ERR_CRASH && t->deaths < 255;
}

/* ---- stopping ------------------------------------------------------------------------------- */

void qn_sched_ask_stop(struct qn_sched *s, unsigned w, uint64_t task, enum qn_status reason)
{
    struct worker *worker = &s->workers[w];
    if (worker->ladder != NOT_ASKED || worker->state == DOWN)
        return;
    worker->ladder = ASKED;
    worker->ladder_us = s->now_us;
    worker->reason = reason;
    worker->asked = task;
    qn_sched_act(s, (struct qn_action){
                        .type = QN_ACTION_ASK_STOP, .worker = w, .task = task, .status = reason});
}

void qn_sched_stop_run(struct qn_sched *s, enum qn_status status)
{
    if (s->stopping)
        return;
    s->stopping = true;
    qn_sched_act(s, (struct qn_action){.type = QN_ACTION_STOPPING, .status = status});
    for (unsigned w = 0; w < s->config.workers; w++) {
        if (s->workers[w].count > 0)
            qn_sched_ask_stop(s, w, QN_NO_TASK, QN_ERR_CANCELLED);
    }
}

/* ---- what a failure costs ------------------------------------------------------------------- */

static void give_up(struct qn_sched *s, uint64_t task, enum qn_status status)
{
    s->tasks[task].state = GAVE_UP;
    s->gave_up++;
    s->streak = status == s->streak_status ? s->streak + 1 : 1;
    s->streak_status = status;
    qn_sched_act(s, (struct qn_action){.type = QN_ACTION_GAVE_UP, .task = task, .status = status});
    bool too_many = s->gave_up > s->config.max_failures ||
                    (s->config.max_failures_part < 1 &&
                     (double)s->gave_up > s->config.max_failures_part * (double)s->config.tasks);
    bool all_alike = s->done == 0 && s->streak >= QN_BREAKER_STREAK &&
                     s->config.max_failures == UINT64_MAX && s->config.max_failures_part >= 1;
    if (too_many || all_alike)
        qn_sched_stop_run(s, QN_ERR_INPUT);
}

static void retry_at(struct qn_sched *s, uint64_t task, uint64_t wait_us, enum qn_status status)
{
    struct retry *retries =
        qn_sched_grow(s->retries, &s->retry_cap, s->retry_count, sizeof *retries);
    if (!retries) {
        s->failed = true;
        return;
    }
    s->retries = retries;
    retries[s->retry_count++] = (struct retry){s->now_us + wait_us, task};
    s->tasks[task].state = DELAYED;
    s->retried++;
    qn_sched_act(s,
                 (struct qn_action){
                     .type = QN_ACTION_RETRY, .task = task, .status = status, .wait_us = wait_us});
}

static void give_back(struct qn_sched *s, uint64_t task)
{
    s->tasks[task].state = WAITING;
    push(s, &s->returned, task);
}

/* Exponential backoff with full jitter: uniform in [0, min(cap, base * 2^n)). */
static uint64_t backoff_us(const struct qn_sched *s, uint64_t task, unsigned n)
{
    uint64_t limit = n < 6 ? (uint64_t)BACKOFF_US << n : BACKOFF_CAP_US;
    limit = limit < BACKOFF_CAP_US ? limit : BACKOFF_CAP_US;
    return mix(s->config.seed ^ mix(task) ^ mix(s->tasks[task].attempts)) % limit;
}

static bool is_fatal(enum qn_status status)
{
    return status == QN_ERR_SPACE || status == QN_ERR_CHANGED || status == QN_ERR_CORRUPT;
}

/* One copy of `task` ended without success. */
void qn_sched_charge(struct qn_sched *s, uint64_t task, enum qn_status status, bool worker_died)
{
    struct task *t = &s->tasks[task];
    if (t->out > 0)
        t->out--;
    if (t->state != OUT || t->out > 0) /* done elsewhere, or a duplicate still runs */
        return;
    if (status == QN_ERR_CANCELLED || is_fatal(status)) {
        give_back(s, task);
        if (is_fatal(status))
            qn_sched_stop_run(s, status);
        return;
    }
    count_failure(t, status);
    t->deaths += worker_died && t->deaths < 255;
    bool again =
        t->deaths < QN_DEATHS_QUARANTINE &&
        ((status == QN_ERR_TRANSIENT && t->transient < QN_TRIES_TRANSIENT) ||
         (status == QN_ERR_MEMORY && t->memory < QN_TRIES_MEMORY) ||
         (status == QN_ERR_TIMEOUT && t->timeouts < QN_TRIES_TIMEOUT) || status == QN_ERR_CRASH);
    if (!again) {
        give_up(s, task, status);
    } else if (status == QN_ERR_MEMORY) {
        t->state = BIG;
        s->retried++;
        push(s, &s->big, task);
        qn_sched_act(s,
                     (struct qn_action){.type = QN_ACTION_RETRY, .task = task, .status = status});
    } else {
        uint64_t wait = status == QN_ERR_TRANSIENT ? backoff_us(s, task, t->transient - 1u) : 0;
        retry_at(s, task, wait, status);
    }
}
