/* The scheduler's state machine: see sched.h. Here is what workers are given and when they are
 * stopped; sched_tasks.c has the order of tasks and the price of failures.
 *
 * Order: tasks by cost, dearest first, but only to a factor of about 1.4, and in plan order
 * within such a class, so that equal tasks read the input from front to back. Three sources feed
 * a worker, in this order: tasks given back by dead workers, retries whose time has come, the
 * ordered list. Memory retries wait until a worker with a double share is up, and hold one other
 * worker idle meanwhile.
 */
#include "engine/sched_state.h"

#include <string.h>

#define BATCH_US     20000u   /* work in one message: dispatch costs well under 1 % of it */
#define DUPLICATE_US 1000000u /* a task younger than this is no straggler */
#define CANCEL_PART  8u       /* of the grace time is given when nobody waits for the result */
#define SETTLED      20u      /* tasks done before a usual time is believed */
/* ---- what a worker has outstanding ---------------------------------------------------------- */

static bool take_from_worker(struct qn_sched *s, struct worker *worker, uint64_t task)
{
    for (unsigned i = 0; i < worker->count; i++) {
        if (worker->tasks[i] != task)
            continue;
        memmove(worker->tasks + i, worker->tasks + i + 1,
                (worker->count - i - 1) * sizeof *worker->tasks);
        worker->count--;
        double us = qn_sched_estimate_us(s, task);
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
    qn_sched_act(s,
                 (struct qn_action){.type = QN_ACTION_START_WORKER, .worker = w, .share = share});
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
        qn_sched_charge(s, task, ran ? status : QN_ERR_CANCELLED,
                        ran && status != QN_ERR_CANCELLED);
    }
    if (worker->share > 1)
        release_big(s, event->worker);
    worker->state = DOWN;
    worker->count = 0;
    worker->queued_us = 0;
    worker->running = QN_NO_TASK;
    worker->ladder = NOT_ASKED;
    if (s->barren >= 3 * s->config.workers + QN_DEATHS_QUARANTINE * QN_BREAKER_STREAK)
        qn_sched_stop_run(s, QN_ERR_CRASH);
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
    qn_sched_learn(s, event->task, event->wall_us);
    for (unsigned w = 0; t->out > 0 && w < s->config.workers; w++) {
        struct worker *other = &s->workers[w];
        if (other->count > 0 && other->tasks[0] == event->task)
            qn_sched_ask_stop(s, w, event->task, QN_ERR_CANCELLED); /* the duplicate came second */
    }
}

static void task_failed(struct qn_sched *s, const struct qn_event *event)
{
    struct worker *worker = &s->workers[event->worker];
    enum qn_status status = event->status;
    if (status == QN_ERR_CANCELLED && worker->ladder != NOT_ASKED)
        status = worker->reason;
    if (take_from_worker(s, worker, event->task))
        qn_sched_charge(s, event->task, status, false);
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
    struct qn_send *sends =
        qn_sched_grow(list->sends, &list->send_cap, list->send_count, sizeof *sends);
    if (!sends) {
        list->failed = true;
        return;
    }
    list->sends = sends;
    struct task *t = &s->tasks[task];
    t->state = OUT;
    t->out++;
    t->attempts++;
    double us = qn_sched_estimate_us(s, task);
    worker->queued_us += us > 0 ? us : 0;
    worker->tasks[worker->count++] = task;
    sends[list->send_count++] = (struct qn_send){task, t->attempts, 0};
    struct qn_action *last = list->count ? &list->items[list->count - 1] : NULL;
    if (last && last->type == QN_ACTION_SEND && last->worker == w &&
        last->count < s->config.max_batch)
        last->count++;
    else
        qn_sched_act(
            s, (struct qn_action){
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
            qn_sched_act(s, (struct qn_action){
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
    double limit = s->config.timeout_factor * qn_sched_usual_us(s, worker->running);
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
    qn_sched_act(
        s, (struct qn_action){.type = worker->ladder == TERMED ? QN_ACTION_TERM : QN_ACTION_KILL,
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
        if (elapsed > DUPLICATE_US && elapsed > 1.5 * qn_sched_estimate_us(s, task) &&
            elapsed > most) {
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
            qn_sched_ask_stop(s, w, worker->running, QN_ERR_TIMEOUT);
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
    qn_sched_act(s, (struct qn_action){.type = QN_ACTION_FINISHED});
}

/* A worker's word is not needed for a time limit to hold. */
static void note_running(const struct qn_sched *s, struct worker *worker,
                         const struct qn_event *event)
{
    bool told = event->task != QN_NO_TASK && event->since_us <= s->now_us;
    if (worker->count == 0) {
        worker->running = QN_NO_TASK;
    } else if (told) {
        worker->running = event->task;
        worker->since_us = event->since_us;
    } else if (worker->running != worker->tasks[0]) {
        worker->running = worker->tasks[0];
        worker->since_us = s->now_us;
    }
}

static void take_event(struct qn_sched *s, const struct qn_event *event)
{
    struct worker *worker = &s->workers[event->worker];
    switch (event->type) {
    case QN_EVENT_WORKER_UP:
        worker->state = UP;
        break;
    case QN_EVENT_RUNNING:
        note_running(s, worker, event);
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
        qn_sched_stop_run(s, QN_ERR_CANCELLED);
        break;
    case QN_EVENT_FATAL:
        qn_sched_stop_run(s, event->status);
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

uint32_t qn_sched_attempts(const struct qn_sched *s, uint64_t task)
{
    return s->tasks[task].attempts;
}

uint64_t qn_sched_oldest(const struct qn_sched *s, unsigned w)
{
    return s->workers[w].count > 0 ? s->workers[w].tasks[0] : QN_NO_TASK;
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
