/* The scheduler's state machine: see sched.h.
 *
 * Order: tasks by cost, dearest first, but only to a factor of about 1.4, and in plan order
 * within such a class, so that equal tasks read the input from front to back. Three sources feed
 * a worker, in this order: tasks given back by dead workers, retries whose time has come, the
 * ordered list. Memory retries wait until a worker with a double share is up, and hold one other
 * worker idle meanwhile.
 */
#include "engine/sched.h"

#include "base/sys.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_US       20000u   /* work in one message: dispatch costs well under 1 % of it */
#define DUPLICATE_US   1000000u /* a task younger than this is no straggler */
#define BACKOFF_US     500000u
#define BACKOFF_CAP_US 30000000u
#define CANCEL_PART    8u  /* of the grace time is given when nobody waits for the result */
#define SETTLED        20u /* tasks done before a usual time is believed */
#define RECENT         63u /* tasks of which the median is taken */
#define OUTSTANDING    (2 * QN_SCHED_BATCH_MAX)

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

/* ---- small things --------------------------------------------------------------------------- */

static void *grow(void *array, size_t *cap, size_t count, size_t size)
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

static void act(struct qn_sched *s, struct qn_action action)
{
    struct qn_actions *list = s->actions;
    struct qn_action *items = grow(list->items, &list->cap, list->count, sizeof *items);
    if (!items) {
        list->failed = true;
        return;
    }
    list->items = items;
    items[list->count++] = action;
}

static void push(struct qn_sched *s, struct list *list, uint64_t task)
{
    uint64_t *tasks = grow(list->tasks, &list->cap, list->count, sizeof *tasks);
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

static double estimate_us(const struct qn_sched *s, uint64_t task)
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
static double usual_us(const struct qn_sched *s, uint64_t task)
{
    double sorted[RECENT];
    size_t count = s->done_here < RECENT ? (size_t)s->done_here : RECENT;
    memcpy(sorted, s->recent, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_size);
    return sorted[count / 2] * scale(s, task);
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

static void ask_stop(struct qn_sched *s, unsigned w, uint64_t task, enum qn_status reason)
{
    struct worker *worker = &s->workers[w];
    if (worker->ladder != NOT_ASKED || worker->state == DOWN)
        return;
    worker->ladder = ASKED;
    worker->ladder_us = s->now_us;
    worker->reason = reason;
    worker->asked = task;
    act(s, (struct qn_action){
               .type = QN_ACTION_ASK_STOP, .worker = w, .task = task, .status = reason});
}

static void stop_run(struct qn_sched *s, enum qn_status status)
{
    if (s->stopping)
        return;
    s->stopping = true;
    act(s, (struct qn_action){.type = QN_ACTION_STOPPING, .status = status});
    for (unsigned w = 0; w < s->config.workers; w++) {
        if (s->workers[w].count > 0)
            ask_stop(s, w, QN_NO_TASK, QN_ERR_CANCELLED);
    }
}

/* ---- what a failure costs ------------------------------------------------------------------- */

static void give_up(struct qn_sched *s, uint64_t task, enum qn_status status)
{
    s->tasks[task].state = GAVE_UP;
    s->gave_up++;
    s->streak = status == s->streak_status ? s->streak + 1 : 1;
    s->streak_status = status;
    act(s, (struct qn_action){.type = QN_ACTION_GAVE_UP, .task = task, .status = status});
    bool too_many = s->gave_up > s->config.max_failures ||
                    (s->config.max_failures_part < 1 &&
                     (double)s->gave_up > s->config.max_failures_part * (double)s->config.tasks);
    bool all_alike = s->done == 0 && s->streak >= QN_BREAKER_STREAK &&
                     s->config.max_failures == UINT64_MAX && s->config.max_failures_part >= 1;
    if (too_many || all_alike)
        stop_run(s, QN_ERR_INPUT);
}

static void retry_at(struct qn_sched *s, uint64_t task, uint64_t wait_us, enum qn_status status)
{
    struct retry *retries = grow(s->retries, &s->retry_cap, s->retry_count, sizeof *retries);
    if (!retries) {
        s->failed = true;
        return;
    }
    s->retries = retries;
    retries[s->retry_count++] = (struct retry){s->now_us + wait_us, task};
    s->tasks[task].state = DELAYED;
    s->retried++;
    act(s, (struct qn_action){
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
static void charge(struct qn_sched *s, uint64_t task, enum qn_status status, bool worker_died)
{
    struct task *t = &s->tasks[task];
    if (t->out > 0)
        t->out--;
    if (t->state != OUT || t->out > 0) /* done elsewhere, or a duplicate still runs */
        return;
    if (status == QN_ERR_CANCELLED || is_fatal(status)) {
        give_back(s, task);
        if (is_fatal(status))
            stop_run(s, status);
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
        act(s, (struct qn_action){.type = QN_ACTION_RETRY, .task = task, .status = status});
    } else {
        uint64_t wait = status == QN_ERR_TRANSIENT ? backoff_us(s, task, t->transient - 1u) : 0;
        retry_at(s, task, wait, status);
    }
}

/* ---- what a worker has outstanding ---------------------------------------------------------- */

static bool take_from_worker(struct qn_sched *s, struct worker *worker, uint64_t task)
{
    for (unsigned i = 0; i < worker->count; i++) {
        if (worker->tasks[i] != task)
            continue;
        memmove(worker->tasks + i, worker->tasks + i + 1,
                (worker->count - i - 1) * sizeof *worker->tasks);
        worker->count--;
        double us = estimate_us(s, task);
        worker->queued_us -= us > 0 ? us : 0;
        if (worker->count == 0 || worker->queued_us < 0)
            worker->queued_us = 0;
        if (worker->running == task)
            worker->running = QN_NO_TASK;
        if (worker->count == 0 || worker->asked == task)
            worker->ladder = NOT_ASKED;
        return true;
    }
    return false;
}

static void release_big(struct qn_sched *s, unsigned w)
{
    if (s->big_worker != w + 1)
        return;
    s->big_worker = 0;
    for (unsigned i = 0; i < s->config.workers; i++)
        s->workers[i].held = false;
}

static void start_worker(struct qn_sched *s, unsigned w, unsigned share)
{
    s->workers[w].state = STARTING;
    s->workers[w].share = share;
    act(s, (struct qn_action){.type = QN_ACTION_START_WORKER, .worker = w, .share = share});
}

static void worker_gone(struct qn_sched *s, const struct qn_event *event)
{
    struct worker *worker = &s->workers[event->worker];
    if (worker->state == LEAVING && !s->stopping) { /* it had no tasks */
        start_worker(s, event->worker, worker->share);
        return;
    }
    s->barren = event->status == QN_ERR_CANCELLED ? s->barren : s->barren + 1;
    enum qn_status status = event->status;
    if (worker->ladder != NOT_ASKED && worker->reason == QN_ERR_TIMEOUT)
        status = QN_ERR_TIMEOUT;
    for (unsigned i = 0; i < worker->count; i++) {
        uint64_t task = worker->tasks[i];
        bool ran = task == event->task;
        charge(s, task, ran ? status : QN_ERR_CANCELLED, ran && status != QN_ERR_CANCELLED);
    }
    if (worker->share > 1)
        release_big(s, event->worker);
    worker->state = DOWN;
    worker->count = 0;
    worker->queued_us = 0;
    worker->running = QN_NO_TASK;
    worker->ladder = NOT_ASKED;
    if (s->barren >= 3 * s->config.workers + QN_DEATHS_QUARANTINE * QN_BREAKER_STREAK)
        stop_run(s, QN_ERR_CRASH);
}

static void task_done(struct qn_sched *s, const struct qn_event *event)
{
    struct task *t = &s->tasks[event->task];
    if (!take_from_worker(s, &s->workers[event->worker], event->task))
        return;
    s->barren = 0;
    t->out--;
    if (t->state == DONE)
        return;
    t->state = DONE;
    s->done++;
    double cost = (double)s->config.cost(s->config.context, event->task);
    s->recent[s->done_here % RECENT] = (double)event->wall_us / scale(s, event->task);
    s->done_here++;
    s->sum_wall_us += (double)event->wall_us;
    s->sum_cost += cost;
    if (s->done_here % 1000 == 0) { /* forget slowly: the past counts half */
        s->sum_wall_us /= 2;
        s->sum_cost /= 2;
    }
    for (unsigned w = 0; t->out > 0 && w < s->config.workers; w++) {
        struct worker *other = &s->workers[w];
        if (other->count > 0 && other->tasks[0] == event->task)
            ask_stop(s, w, event->task, QN_ERR_CANCELLED); /* the duplicate came second */
    }
}

static void task_failed(struct qn_sched *s, const struct qn_event *event)
{
    struct worker *worker = &s->workers[event->worker];
    enum qn_status status = event->status;
    if (status == QN_ERR_CANCELLED && worker->ladder != NOT_ASKED)
        status = worker->reason;
    if (take_from_worker(s, worker, event->task))
        charge(s, event->task, status, false);
}

/* ---- feeding -------------------------------------------------------------------------------- */

/* The next task to send, QN_NO_TASK if none is ready. */
static uint64_t next_task(struct qn_sched *s)
{
    while (s->returned.count > 0) {
        uint64_t task = s->returned.tasks[--s->returned.count];
        if (s->tasks[task].state == WAITING)
            return task;
    }
    for (size_t i = 0; i < s->retry_count; i++) {
        if (s->retries[i].ready_us <= s->now_us) {
            uint64_t task = s->retries[i].task;
            s->retries[i] = s->retries[--s->retry_count];
            return task;
        }
    }
    while (s->next < s->config.tasks) {
        uint64_t task = s->order[s->next++];
        if (s->tasks[task].state == WAITING)
            return task;
    }
    return QN_NO_TASK;
}

static void send_task(struct qn_sched *s, unsigned w, uint64_t task)
{
    struct qn_actions *list = s->actions;
    struct worker *worker = &s->workers[w];
    struct qn_send *sends = grow(list->sends, &list->send_cap, list->send_count, sizeof *sends);
    if (!sends) {
        list->failed = true;
        return;
    }
    list->sends = sends;
    struct task *t = &s->tasks[task];
    t->state = OUT;
    t->out++;
    t->attempts++;
    double us = estimate_us(s, task);
    worker->queued_us += us > 0 ? us : 0;
    worker->tasks[worker->count++] = task;
    sends[list->send_count++] = (struct qn_send){task, t->attempts};
    struct qn_action *last = list->count ? &list->items[list->count - 1] : NULL;
    if (last && last->type == QN_ACTION_SEND && last->worker == w &&
        last->count < s->config.max_batch)
        last->count++;
    else
        act(s, (struct qn_action){
                   .type = QN_ACTION_SEND, .worker = w, .first = list->send_count - 1, .count = 1});
}

/* How many tasks to send at most, given what is left for all. */
static uint64_t fair_batch(const struct qn_sched *s)
{
    uint64_t left = s->config.tasks - s->next + s->returned.count;
    uint64_t share = left / (2 * (uint64_t)s->config.workers);
    share = share < 1 ? 1 : share;
    return share < s->config.max_batch ? share : s->config.max_batch;
}

/* A worker with nothing to do gets a task; one with short tasks gets the next batch while it
 * still works, so that it never waits for the answer. */
static void feed(struct qn_sched *s, unsigned w)
{
    struct worker *worker = &s->workers[w];
    if (worker->state != UP || worker->held || worker->share > 1 || worker->ladder != NOT_ASKED)
        return;
    bool known = s->done_here > 0;
    if (worker->count > 0 &&
        (!known || worker->queued_us > BATCH_US / 2.0 || worker->count > s->config.max_batch))
        return;
    uint64_t limit = known ? fair_batch(s) : 1;
    double target = worker->queued_us + BATCH_US;
    for (uint64_t n = 0; n < limit && (n == 0 || worker->queued_us < target); n++) {
        uint64_t task = next_task(s);
        if (task == QN_NO_TASK)
            return;
        send_task(s, w, task);
    }
}

/* ---- memory retries: a bigger share, one neighbour fewer ------------------------------------ */

static void feed_big(struct qn_sched *s)
{
    if (s->big.count == 0)
        return;
    if (s->big_worker) {
        struct worker *worker = &s->workers[s->big_worker - 1];
        if (worker->state == UP && worker->count == 0)
            send_task(s, s->big_worker - 1, s->big.tasks[--s->big.count]);
        return;
    }
    for (unsigned w = 0; w < s->config.workers; w++) {
        struct worker *worker = &s->workers[w];
        if (worker->count > 0 || worker->state == STARTING || worker->state == LEAVING)
            continue;
        s->big_worker = w + 1;
        if (worker->state == UP) { /* its limit is fixed: another process takes its place */
            worker->state = LEAVING;
            worker->share = 2;
            act(s, (struct qn_action){
                       .type = QN_ACTION_KILL, .worker = w, .status = QN_ERR_CANCELLED});
        } else {
            start_worker(s, w, 2);
        }
        if (s->config.workers > 1)
            s->workers[(w + 1) % s->config.workers].held = true;
        return;
    }
}

/* The big worker has no more big tasks: it becomes a normal one again. */
static void retire_big(struct qn_sched *s)
{
    if (!s->big_worker || s->big.count > 0)
        return;
    unsigned w = s->big_worker - 1;
    if (s->workers[w].state == UP && s->workers[w].count == 0) {
        s->workers[w].share = 1; /* the limit it runs under is larger, which does no harm */
        release_big(s, w);
    }
}

/* ---- time ----------------------------------------------------------------------------------- */

static bool is_overdue(const struct qn_sched *s, const struct worker *worker)
{
    if (worker->running == QN_NO_TASK || s->now_us < worker->since_us)
        return false;
    uint64_t elapsed = s->now_us - worker->since_us;
    if (s->config.timeout_us && elapsed > s->config.timeout_us)
        return true;
    if (s->config.timeout_factor <= 0 || s->done_here < SETTLED)
        return false;
    /* Never under 0.1 s: below that the clock and the machine decide, not the task. */
    double limit = s->config.timeout_factor * usual_us(s, worker->running);
    return (double)elapsed > (limit < 100000 ? 100000 : limit);
}

static void climb(struct qn_sched *s, unsigned w)
{
    struct worker *worker = &s->workers[w];
    uint64_t grace_us = s->config.grace_us;
    if (worker->reason == QN_ERR_CANCELLED)
        grace_us /= CANCEL_PART;
    if (worker->ladder == NOT_ASKED || worker->ladder == KILLED ||
        s->now_us - worker->ladder_us < grace_us)
        return;
    worker->ladder++;
    worker->ladder_us = s->now_us;
    act(s, (struct qn_action){.type = worker->ladder == TERMED ? QN_ACTION_TERM : QN_ACTION_KILL,
                              .worker = w,
                              .status = worker->reason});
}

static void duplicate_straggler(struct qn_sched *s, unsigned idle)
{
    if (s->done < s->config.tasks - s->config.tasks / 4 || s->done_here < SETTLED)
        return;
    uint64_t worst = QN_NO_TASK;
    double most = 0;
    for (unsigned w = 0; w < s->config.workers; w++) {
        struct worker *worker = &s->workers[w];
        uint64_t task = worker->running;
        if (w == idle || task == QN_NO_TASK || worker->ladder != NOT_ASKED || worker->share > 1 ||
            s->tasks[task].state != OUT || s->tasks[task].out != 1)
            continue;
        double elapsed = (double)(s->now_us - worker->since_us);
        if (elapsed > DUPLICATE_US && elapsed > 1.5 * estimate_us(s, task) && elapsed > most) {
            most = elapsed;
            worst = task;
        }
    }
    if (worst != QN_NO_TASK)
        send_task(s, idle, worst);
}

static void tick(struct qn_sched *s)
{
    for (unsigned w = 0; w < s->config.workers; w++) {
        struct worker *worker = &s->workers[w];
        if (worker->state != UP)
            continue;
        if (worker->ladder == NOT_ASKED && is_overdue(s, worker))
            ask_stop(s, w, worker->running, QN_ERR_TIMEOUT);
        climb(s, w);
        if (worker->count == 0 && !worker->held && worker->share < 2 && !s->stopping)
            duplicate_straggler(s, w);
    }
}

/* ---- the step ------------------------------------------------------------------------------- */

static void start_workers(struct qn_sched *s)
{
    uint64_t left = s->config.tasks - s->done - s->gave_up;
    unsigned up = 0;
    for (unsigned w = 0; w < s->config.workers; w++)
        up += s->workers[w].state != DOWN;
    for (unsigned w = 0; w < s->config.workers && up < left; w++) {
        if (s->workers[w].state != DOWN)
            continue;
        up++;
        start_worker(s, w, 1);
    }
}

static void finish_if_idle(struct qn_sched *s)
{
    if (s->finished || (!s->stopping && s->done + s->gave_up < s->config.tasks))
        return;
    for (unsigned w = 0; w < s->config.workers; w++) {
        if (s->workers[w].count > 0)
            return;
    }
    s->finished = true;
    act(s, (struct qn_action){.type = QN_ACTION_FINISHED});
}

static void take_event(struct qn_sched *s, const struct qn_event *event)
{
    struct worker *worker = &s->workers[event->worker];
    switch (event->type) {
    case QN_EVENT_WORKER_UP:
        worker->state = UP;
        break;
    case QN_EVENT_RUNNING:
        worker->running = worker->count > 0 ? event->task : QN_NO_TASK;
        worker->since_us = event->since_us;
        break;
    case QN_EVENT_TASK_DONE:
        task_done(s, event);
        break;
    case QN_EVENT_TASK_FAILED:
        task_failed(s, event);
        break;
    case QN_EVENT_WORKER_GONE:
        worker_gone(s, event);
        break;
    case QN_EVENT_TICK:
        tick(s);
        break;
    case QN_EVENT_CANCEL:
        stop_run(s, QN_ERR_CANCELLED);
        break;
    case QN_EVENT_FATAL:
        stop_run(s, event->status);
        break;
    }
}

void qn_sched_step(struct qn_sched *s, const struct qn_event *event, uint64_t now_us,
                   struct qn_actions *actions)
{
    actions->count = actions->send_count = 0;
    actions->failed = false;
    s->actions = actions;
    s->now_us = now_us;
    take_event(s, event);
    if (!s->stopping) {
        retire_big(s);
        start_workers(s);
        feed_big(s);
        for (unsigned w = 0; w < s->config.workers; w++)
            feed(s, w);
    }
    finish_if_idle(s);
    actions->failed |= s->failed;
}

struct qn_sched_counts qn_sched_counts(const struct qn_sched *s)
{
    struct qn_sched_counts counts = {.done = s->done, .gave_up = s->gave_up, .retries = s->retried};
    for (unsigned w = 0; w < s->config.workers; w++) {
        counts.running += s->workers[w].count > 0;
        counts.workers_up += s->workers[w].state == UP;
    }
    counts.waiting = s->config.tasks - s->done - s->gave_up - counts.running;
    return counts;
}

bool qn_sched_expects(const struct qn_sched *s, unsigned w, uint64_t task)
{
    if (task >= s->config.tasks || s->tasks[task].state == DONE)
        return false;
    for (unsigned i = 0; i < s->workers[w].count; i++) {
        if (s->workers[w].tasks[i] == task)
            return true;
    }
    return false;
}
