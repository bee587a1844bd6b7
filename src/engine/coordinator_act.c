/* Everything that happens becomes an event for the scheduler; every action it answers with is
 * carried out here: see coordinator.h. Events raised while acting wait in a queue, so that a step
 * is never entered twice. */
#include "engine/coordinator.h"

#include "base/sys.h"
#include "engine/machine.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>

#define FAILURES_TOLD 10u /* one by one; all are in the ledger */

void qn_co_raise_event(struct coordinator *c, struct qn_event event)
{
    if (c->queue_count == c->queue_cap) {
        size_t cap = c->queue_cap ? 2 * c->queue_cap : 64;
        struct qn_event *queue = qn_sys.realloc(c->queue, cap * sizeof *queue);
        if (!queue) {
            qn_co_break_off(c, qn_fail_memory(c->err, "events", cap * sizeof *queue));
            return;
        }
        c->queue = queue;
        c->queue_cap = cap;
    }
    c->queue[c->queue_count++] = event;
}

/* The task that the worker was asked to stop has come back: asked no more, or its next attempt
 * there would stop at once. */
static void withdraw_stop(struct coordinator *c, unsigned w, uint64_t task)
{
    uint64_t asked = task + 1;
    if (atomic_compare_exchange_strong(&c->place->slots[w].stop, &asked, 0))
        c->hands[w].killed_for = QN_OK;
}

uint64_t qn_co_running(const struct coordinator *c, unsigned w)
{
    uint64_t running = atomic_load(&c->place->slots[w].task);
    return running <= c->plan->count ? running : 0;
}

/* An attempt that stopped as if asked to, though nobody had: its worker has lost its senses, and
 * would do the same to every task that follows. */
static bool stopped_unasked(const struct coordinator *c, unsigned w, const struct qn_record *r)
{
    return r->type == QN_RECORD_FAILED && r->status == QN_ERR_CANCELLED && !c->local &&
           c->hands[w].killed_for == QN_OK && c->stop == QN_OK;
}

bool qn_co_is_failure(uint32_t status)
{
    return status != QN_OK && status < QN_STATUS_COUNT;
}

/* One attempt failed: what is told and recorded, and the event that follows from it. */
static void attempt_failed(struct coordinator *c, unsigned w, struct qn_record *r)
{
    if (r->status == QN_ERR_CANCELLED && c->hands[w].killed_for == QN_ERR_TIMEOUT) {
        r->status = QN_ERR_TIMEOUT;
        r->text = "over the time limit; it stopped when asked.";
    }
    if (r->status != QN_ERR_CANCELLED && qn_sched_expects(c->sched, w, r->task)) {
        qn_co_record(c, r);
        qn_co_tell_task(c, "failed", r);
        qn_fail_at(&c->last_failure, r->status, r->file ? r->file : "", r->offset, "%s", r->text);
    }
}

static void attempt_done(struct coordinator *c, unsigned w, const struct qn_record *r,
                         const uint8_t *payload, size_t len)
{
    if (!qn_sched_expects(c->sched, w, r->task))
        return; /* a duplicate that came second */
    struct qn_task task = qn_plan_task(c->plan, r->task);
    qn_co_append(c, payload, len);
    c->items_done += task.items;
    c->cost_done += task.cost;
    qn_co_tell_task(c, "done", r);
}

bool qn_co_take_record(struct coordinator *c, unsigned w, const uint8_t *payload, size_t len)
{
    struct qn_record r;
    if (!qn_record_decode(&r, payload, len, &c->strings) || r.task >= c->plan->count ||
        r.attempt > qn_sched_attempts(c->sched, r.task) ||
        (r.type == QN_RECORD_FAILED && !qn_co_is_failure(r.status)))
        return false;
    struct qn_event event = {.worker = w, .task = r.task, .wall_us = r.usage.wall_us};
    if (stopped_unasked(c, w, &r)) {
        c->hands[w].blamed = r.task + 1;
        qn_co_condemn(c, w, "\nquern: the worker stopped a task that nobody had asked to stop\n");
        return true;
    }
    if (r.type == QN_RECORD_DONE) {
        attempt_done(c, w, &r, payload, len);
        event.type = QN_EVENT_TASK_DONE;
    } else if (r.type == QN_RECORD_FAILED) {
        attempt_failed(c, w, &r);
        event.type = QN_EVENT_TASK_FAILED;
        event.status = r.status;
    } else {
        return false;
    }
    withdraw_stop(c, w, r.task);
    qn_co_pump(c, event);
    return true;
}

void qn_co_note_interrupt(struct coordinator *c)
{
    if (atomic_load(&c->place->slots[0].stop) == QN_STOP_ALL && c->interrupts++ == 0)
        qn_co_raise_event(c, (struct qn_event){.type = QN_EVENT_CANCEL});
}

static void run_local(struct coordinator *c, const struct qn_send *send)
{
    struct qn_buf payload = {0};
    qn_co_note_interrupt(c);
    if (atomic_load(&c->place->slots[0].stop) != QN_STOP_ALL) {
        qn_worker_attempt(c->local, send->task, send->attempt, &payload);
        qn_co_note_interrupt(c);
        if (payload.failed || !qn_co_take_record(c, 0, payload.data, payload.len))
            qn_co_break_off(c, qn_fail_memory(c->err, "a task's record", payload.len));
    } else {
        qn_co_raise_event(c, (struct qn_event){.type = QN_EVENT_TASK_FAILED,
                                               .task = send->task,
                                               .status = QN_ERR_CANCELLED});
    }
    qn_buf_release(&payload);
    if (c->pending_since_us && qn_now_us() - c->pending_since_us > COMMIT_US)
        qn_co_commit(c);
    qn_co_show_progress(c, qn_now_us());
}

static void send_batch(struct coordinator *c, const struct qn_action *action)
{
    const struct qn_send *sends = c->actions.sends + action->first;
    if (c->local) {
        for (size_t i = 0; i < action->count && !c->broken; i++)
            run_local(c, &sends[i]);
        return;
    }
    uint32_t head = QN_MESSAGE_TASKS;
    struct iovec parts[2] = {{&head, sizeof head}, {(void *)sends, action->count * sizeof *sends}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t sent;
    do
        sent = qn_sys.sendmsg(c->hands[action->worker].socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    /* Most likely the worker is dead. If not, its end is what gives the tasks back. */
    if (sent < 0)
        qn_crew_signal(c->crew, action->worker, SIGKILL);
}

static void ask_stop(struct coordinator *c, const struct qn_action *action)
{
    uint64_t stop = action->task == QN_NO_TASK ? QN_STOP_ALL : action->task + 1;
    c->hands[action->worker].killed_for = action->status;
    atomic_store(&c->place->slots[action->worker].stop, stop);
}

static void gave_up(struct coordinator *c, const struct qn_action *action)
{
    char what[512];
    bool dead = action->status == QN_ERR_CRASH || action->status == QN_ERR_MEMORY ||
                action->status == QN_ERR_TIMEOUT;
    struct qn_record r = {.type = QN_RECORD_GAVE_UP,
                          .task = action->task,
                          .status = action->status,
                          .offset = -1,
                          .text = dead ? "quarantined" : "not retried"};
    qn_co_record(c, &r);
    qn_co_tell_task(c, "gave-up", &r);
    if (++c->told_failures > FAILURES_TOLD)
        return;
    qn_co_describe(c, action->task, what, sizeof what);
    qn_co_say(c, QN_WARNING, "task %llu%s%s%s failed for good (%s): %s%s",
              (unsigned long long)action->task, *what ? " (" : "", what, *what ? ")" : "",
              qn_status_name(action->status), c->last_failure.message,
              c->told_failures == FAILURES_TOLD ? " Further failures are only counted here." : "");
}

static void start_worker(struct coordinator *c, const struct qn_action *action)
{
    struct qn_slot *slot = &c->place->slots[action->worker];
    if (c->local) {
        qn_co_raise_event(c, (struct qn_event){.type = QN_EVENT_WORKER_UP});
        return;
    }
    atomic_store(&slot->task, 0);
    atomic_store(&slot->stop, 0);
    c->hands[action->worker].share = action->share;
    c->starting++;
    qn_crew_spawn(c->crew, action->worker, action->share);
}

static void act(struct coordinator *c, const struct qn_action *action)
{
    switch (action->type) {
    case QN_ACTION_START_WORKER:
        start_worker(c, action);
        break;
    case QN_ACTION_SEND:
        send_batch(c, action);
        break;
    case QN_ACTION_ASK_STOP:
        ask_stop(c, action);
        break;
    case QN_ACTION_TERM:
    case QN_ACTION_KILL:
        c->hands[action->worker].killed_for = action->status;
        if (c->crew)
            qn_crew_signal(c->crew, action->worker,
                           action->type == QN_ACTION_TERM ? SIGTERM : SIGKILL);
        else
            qn_co_raise_event(c, (struct qn_event){.type = QN_EVENT_WORKER_GONE,
                                                   .task = QN_NO_TASK,
                                                   .status = QN_ERR_CANCELLED});
        break;
    case QN_ACTION_RETRY:
        qn_co_say(c, QN_INFO, "task %llu will be tried again in %.1f s (%s)",
                  (unsigned long long)action->task, (double)action->wait_us / 1e6,
                  qn_status_name(action->status));
        break;
    case QN_ACTION_GAVE_UP:
        gave_up(c, action);
        break;
    case QN_ACTION_STOPPING:
        c->stop = action->status;
        c->stop_err = c->last_failure;
        break;
    case QN_ACTION_FINISHED:
        c->finished = true;
        break;
    }
}

/* Feeds an event to the scheduler and carries out what follows, events raised meanwhile too. */
void qn_co_pump(struct coordinator *c, struct qn_event first)
{
    qn_co_raise_event(c, first);
    if (c->pumping)
        return;
    c->pumping = true;
    while (c->queue_next < c->queue_count && !c->broken) {
        struct qn_event event = c->queue[c->queue_next++];
        qn_sched_step(c->sched, &event, qn_now_us(), &c->actions);
        if (c->actions.failed)
            qn_co_break_off(c, qn_fail_memory(c->err, "the scheduler", 1));
        for (size_t i = 0; i < c->actions.count && !c->broken; i++)
            act(c, &c->actions.items[i]);
    }
    c->queue_next = c->queue_count = 0;
    c->pumping = false;
}
