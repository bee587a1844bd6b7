/* The event loop: see coordinate.h.
 *
 * Everything that happens becomes an event for the scheduler; every action it answers with is
 * carried out here. Events raised while acting wait in a queue, so that a step is never entered
 * twice. Records are appended when they come and made durable together, at most COMMIT_US later.
 */
#include "engine/coordinate.h"

#include "base/sys.h"
#include "engine/crew.h"
#include "engine/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMMIT_US     50000u
#define TICK_MS       50
#define GRACE_US      2000000u
#define TAIL_BYTES    4096u
#define FAILURES_TOLD 10u /* one by one; all are in the ledger */

struct hand { /* the coordinator's side of one worker */
    int socket;
    int output;
    int32_t pid;
    bool alive;
    enum qn_status killed_for; /* QN_OK: not by us */
    uint64_t rss;              /* last seen */
    unsigned share;
    char tail[TAIL_BYTES]; /* of its stdout and stderr */
    size_t tail_len;
};

struct coordinator {
    const struct qn_work *work;
    struct qn_workplace *place;
    const struct qn_plan_file *plan;
    struct qn_sched *sched;
    struct qn_actions actions;
    struct qn_event *queue;
    size_t queue_count, queue_cap, queue_next;
    bool pumping;
    struct qn_crew *crew;
    struct hand *hands;
    unsigned starting;     /* workers asked for, not yet heard of */
    bool processes, alone; /* a worker process came up; none can: go on in this one */
    bool told_fewer;
    struct qn_worker *local; /* in-process */
    int epoll, signals;
    struct qn_buf strings;
    uint8_t *incoming;
    uint64_t pending_since_us;
    uint64_t start_us, progress_us;
    uint64_t items_done, items_total; /* of this slice, restored ones included */
    uint64_t cost_done, cost_restored, cost_total;
    unsigned interrupts;
    enum qn_status stop;          /* why the run stops early */
    struct qn_error stop_err;     /* its message, from whoever knew the cause */
    struct qn_error last_failure; /* of any attempt */
    uint64_t told_failures;
    bool finished;
    enum qn_status broken; /* the coordinator itself failed: ledger, memory */
    struct qn_error *err;
};

/* ---- telling -------------------------------------------------------------------------------- */

static void say(struct coordinator *c, enum qn_message_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(struct coordinator *c, enum qn_message_level level, const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    c->work->observer->message(c->work->observer->context, level, text);
}

static void describe(struct coordinator *c, uint64_t task, char *text, size_t size)
{
    struct qn_job job = {.options = &c->plan->options,
                         .shared = c->plan->shared,
                         .shared_len = c->plan->shared_len,
                         .directory = c->place->root};
    struct qn_task item = qn_plan_task(c->plan, task);
    text[0] = '\0';
    if (c->place->pipeline->describe)
        c->place->pipeline->describe(&job, &item, text, size);
}

static void find_slowest(struct coordinator *c, uint64_t now, struct qn_progress *progress)
{
    progress->slowest_task = UINT64_MAX;
    for (unsigned w = 0; w < c->place->workers; w++) {
        uint64_t running = atomic_load(&c->place->slots[w].task);
        uint64_t since = atomic_load(&c->place->slots[w].since_us);
        if (!running || now < since)
            continue;
        double seconds = (double)(now - since) / 1e6;
        if (progress->slowest_task == UINT64_MAX || seconds > progress->slowest_s) {
            progress->slowest_task = running - 1;
            progress->slowest_s = seconds;
        }
    }
}

/* Cost done, with the part of running tasks that their items show. */
static double cost_so_far(const struct coordinator *c, uint64_t *items)
{
    double cost = (double)c->cost_done;
    *items = c->items_done;
    for (unsigned w = 0; w < c->place->workers; w++) {
        uint64_t running = atomic_load(&c->place->slots[w].task);
        uint64_t done = atomic_load(&c->place->slots[w].items);
        if (!running || running > c->plan->count)
            continue;
        struct qn_task task = qn_plan_task(c->plan, running - 1);
        if (done > task.items)
            done = task.items;
        if (task.items > 0)
            cost += (double)task.cost * (double)done / (double)task.items;
        *items += done;
    }
    return cost;
}

static void show_progress(struct coordinator *c, uint64_t now)
{
    struct qn_sched_counts counts = qn_sched_counts(c->sched);
    struct qn_progress progress = {.phase = "work",
                                   .unit = c->place->pipeline->items,
                                   .total = c->items_total,
                                   .eta_s = -1,
                                   .workers = counts.workers_up,
                                   .failed = counts.gave_up,
                                   .retries = counts.retries,
                                   .elapsed_s = (double)(now - c->start_us) / 1e6};
    double cost = cost_so_far(c, &progress.done);
    double here = cost - (double)c->cost_restored;
    progress.fraction = c->cost_total ? cost / (double)c->cost_total : 1;
    find_slowest(c, now, &progress);
    if (here > 0 && progress.elapsed_s > 0.2) {
        double part = c->cost_total > c->cost_restored
                          ? here / (double)(c->cost_total - c->cost_restored)
                          : 1;
        progress.bytes_per_s = here / progress.elapsed_s;
        progress.rate = part * (double)c->items_total / progress.elapsed_s *
                        (double)(c->cost_total - c->cost_restored) /
                        (double)(c->cost_total ? c->cost_total : 1);
        progress.eta_s = ((double)c->cost_total - cost) / progress.bytes_per_s;
    }
    c->work->observer->progress(c->work->observer->context, &progress);
}

/* ---- recording ------------------------------------------------------------------------------ */

static void break_off(struct coordinator *c, enum qn_status status)
{
    if (!c->broken)
        c->broken = status;
}

static void note_pending(struct coordinator *c)
{
    if (c->pending_since_us == 0)
        c->pending_since_us = qn_now_us();
}

static void append(struct coordinator *c, const void *payload, size_t len)
{
    break_off(c, qn_ledger_append(c->work->ledger, payload, len, c->err));
    note_pending(c);
}

static void record(struct coordinator *c, const struct qn_record *entry)
{
    break_off(c, qn_ledger_record(c->work->ledger, entry, c->err));
    note_pending(c);
}

static void commit(struct coordinator *c)
{
    break_off(c, qn_ledger_commit(c->work->ledger, c->err));
    c->pending_since_us = 0;
}

static void tell_task(struct coordinator *c, const char *what, const struct qn_record *r)
{
    const struct qn_observer *observer = c->work->observer;
    if (observer->task)
        observer->task(observer->context, what, r->task, r->attempt, qn_status_name(r->status),
                       r->usage.wall_us, r->text ? r->text : "");
}

/* ---- events and actions --------------------------------------------------------------------- */

static void raise_event(struct coordinator *c, struct qn_event event)
{
    if (c->queue_count == c->queue_cap) {
        size_t cap = c->queue_cap ? 2 * c->queue_cap : 64;
        struct qn_event *queue = qn_sys.realloc(c->queue, cap * sizeof *queue);
        if (!queue) {
            break_off(c, qn_fail_memory(c->err, "events", cap * sizeof *queue));
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

/* One attempt failed: what is told and recorded, and the event that follows from it. */
static void attempt_failed(struct coordinator *c, unsigned w, struct qn_record *r)
{
    if (r->status == QN_ERR_CANCELLED && c->hands[w].killed_for == QN_ERR_TIMEOUT) {
        r->status = QN_ERR_TIMEOUT;
        r->text = "over the time limit; it stopped when asked.";
    }
    if (r->status != QN_ERR_CANCELLED) {
        record(c, r);
        tell_task(c, "failed", r);
        qn_fail_at(&c->last_failure, r->status, r->file ? r->file : "", r->offset, "%s", r->text);
    }
}

static void attempt_done(struct coordinator *c, unsigned w, const struct qn_record *r,
                         const uint8_t *payload, size_t len)
{
    if (!qn_sched_expects(c->sched, w, r->task))
        return; /* a duplicate that came second */
    struct qn_task task = qn_plan_task(c->plan, r->task);
    append(c, payload, len);
    c->items_done += task.items;
    c->cost_done += task.cost;
    tell_task(c, "done", r);
}

static void pump(struct coordinator *c, struct qn_event event);

/* One record from a worker. False if it makes no sense. */
static bool take_record(struct coordinator *c, unsigned w, const uint8_t *payload, size_t len)
{
    struct qn_record r;
    if (!qn_record_decode(&r, payload, len, &c->strings) || r.task >= c->plan->count)
        return false;
    struct qn_event event = {.worker = w, .task = r.task, .wall_us = r.usage.wall_us};
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
    pump(c, event);
    return true;
}

/* In-process: the signal handler raised the stop flag. The scheduler must know before it hears
 * that a task was cancelled, or it would send it again. */
static void note_interrupt(struct coordinator *c)
{
    if (atomic_load(&c->place->slots[0].stop) == QN_STOP_ALL && c->interrupts++ == 0)
        raise_event(c, (struct qn_event){.type = QN_EVENT_CANCEL});
}

static void run_local(struct coordinator *c, const struct qn_send *send)
{
    struct qn_buf payload = {0};
    note_interrupt(c);
    if (atomic_load(&c->place->slots[0].stop) != QN_STOP_ALL) {
        qn_worker_attempt(c->local, send->task, send->attempt, &payload);
        note_interrupt(c);
        if (payload.failed || !take_record(c, 0, payload.data, payload.len))
            break_off(c, qn_fail_memory(c->err, "a task's record", payload.len));
    } else {
        raise_event(c, (struct qn_event){.type = QN_EVENT_TASK_FAILED,
                                         .task = send->task,
                                         .status = QN_ERR_CANCELLED});
    }
    qn_buf_release(&payload);
    if (c->pending_since_us && qn_now_us() - c->pending_since_us > COMMIT_US)
        commit(c);
    show_progress(c, qn_now_us());
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
    record(c, &r);
    tell_task(c, "gave-up", &r);
    if (++c->told_failures > FAILURES_TOLD)
        return;
    describe(c, action->task, what, sizeof what);
    say(c, QN_WARNING, "task %llu%s%s%s failed for good (%s): %s%s",
        (unsigned long long)action->task, *what ? " (" : "", what, *what ? ")" : "",
        qn_status_name(action->status), c->last_failure.message,
        c->told_failures == FAILURES_TOLD ? " Further failures are only counted here." : "");
}

static void start_worker(struct coordinator *c, const struct qn_action *action)
{
    struct qn_slot *slot = &c->place->slots[action->worker];
    if (c->local) {
        raise_event(c, (struct qn_event){.type = QN_EVENT_WORKER_UP});
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
            raise_event(c, (struct qn_event){.type = QN_EVENT_WORKER_GONE,
                                             .task = QN_NO_TASK,
                                             .status = QN_ERR_CANCELLED});
        break;
    case QN_ACTION_RETRY:
        say(c, QN_INFO, "task %llu will be tried again in %.1f s (%s)",
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
static void pump(struct coordinator *c, struct qn_event first)
{
    raise_event(c, first);
    if (c->pumping)
        return;
    c->pumping = true;
    while (c->queue_next < c->queue_count && !c->broken) {
        struct qn_event event = c->queue[c->queue_next++];
        qn_sched_step(c->sched, &event, qn_now_us(), &c->actions);
        if (c->actions.failed)
            break_off(c, qn_fail_memory(c->err, "the scheduler", 1));
        for (size_t i = 0; i < c->actions.count && !c->broken; i++)
            act(c, &c->actions.items[i]);
    }
    c->queue_next = c->queue_count = 0;
    c->pumping = false;
}

/* ---- from the workers ----------------------------------------------------------------------- */

static void watch(struct coordinator *c, int fd, uint32_t tag)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = tag};
    epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &event);
}

enum { TAG_CREW = UINT32_MAX, TAG_SIGNALS = UINT32_MAX - 1 };

static void keep_tail(struct hand *hand, const char *bytes, size_t len)
{
    if (len >= TAIL_BYTES) {
        bytes += len - TAIL_BYTES;
        len = TAIL_BYTES;
    }
    if (hand->tail_len + len > TAIL_BYTES) {
        size_t drop = hand->tail_len + len - TAIL_BYTES;
        memmove(hand->tail, hand->tail + drop, hand->tail_len - drop);
        hand->tail_len -= drop;
    }
    memcpy(hand->tail + hand->tail_len, bytes, len);
    hand->tail_len += len;
}

/* At most a few blocks a turn: a task that floods its output does not hold up the others. */
static void read_output(struct hand *hand)
{
    char block[16384];
    for (int turn = 0; turn < 4 && hand->output >= 0; turn++) {
        ssize_t n = read(hand->output, block, sizeof block);
        if (n > 0) {
            keep_tail(hand, block, (size_t)n);
        } else {
            if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
                close(hand->output);
                hand->output = -1;
            }
            return;
        }
    }
}

static void cannot_open(struct coordinator *c, const uint8_t *bytes, size_t len)
{
    struct qn_cursor in = {.data = bytes, .len = len, .at = 4};
    struct qn_error err = {.offset = -1};
    err.status = qn_cursor_u32(&in);
    qn_cursor_text(&in, err.message, sizeof err.message);
    c->last_failure = err;
    pump(c, (struct qn_event){.type = QN_EVENT_FATAL, .status = err.status});
}

static bool take_records(struct coordinator *c, unsigned w, const uint8_t *bytes, size_t len)
{
    struct qn_cursor in = {.data = bytes, .len = len, .at = 4};
    while (in.at < in.len) {
        uint32_t size = qn_cursor_u32(&in);
        const uint8_t *payload = qn_cursor_bytes(&in, size);
        if (!payload || !take_record(c, w, payload, size))
            return false;
    }
    return true;
}

static void take_message(struct coordinator *c, unsigned w, const uint8_t *bytes, size_t len)
{
    uint32_t kind = 0;
    if (len >= 4)
        memcpy(&kind, bytes, 4);
    if (kind == QN_MESSAGE_READY && len == 4) {
        pump(c, (struct qn_event){.type = QN_EVENT_WORKER_UP, .worker = w});
    } else if (kind == QN_MESSAGE_CANNOT_OPEN) {
        cannot_open(c, bytes, len);
    } else if (kind != QN_MESSAGE_RECORDS || !take_records(c, w, bytes, len)) {
        static const char text[] = "\nquern: the worker sent a message that makes no sense\n";
        keep_tail(&c->hands[w], text, sizeof text - 1);
        c->hands[w].killed_for = QN_ERR_CRASH;
        qn_crew_signal(c->crew, w, SIGKILL);
    }
}

/* All messages there are. */
static void read_socket(struct coordinator *c, unsigned w)
{
    struct hand *hand = &c->hands[w];
    while (hand->socket >= 0 && !c->broken) {
        struct iovec part = {.iov_base = c->incoming, .iov_len = QN_MESSAGE_MAX};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
        ssize_t n = qn_sys.recvmsg(hand->socket, &message, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            break;
        if (n <= 0) {
            close(hand->socket);
            hand->socket = -1;
            break;
        }
        take_message(c, w, c->incoming, (size_t)n);
    }
}

static void worker_started(struct coordinator *c, const struct qn_news *news)
{
    struct hand *hand = &c->hands[news->worker];
    c->starting--;
    c->processes = true;
    *hand = (struct hand){.socket = news->socket,
                          .output = news->output,
                          .pid = news->pid,
                          .share = hand->share,
                          .alive = true};
    fcntl(hand->output, F_SETFL, O_NONBLOCK);
    watch(c, hand->socket, 2 * news->worker);
    watch(c, hand->output, 2 * news->worker + 1);
}

/* The run makes do with the workers there are. Without any it goes on in this process, unless
 * there were some before: then a task may be the reason, and must not take the run down. */
static void worker_not_started(struct coordinator *c, const struct qn_news *news)
{
    c->starting--;
    qn_fail_errno(&c->last_failure, news->error, "start", "a worker process");
    bool any = c->starting > 0;
    for (unsigned w = 0; w < c->place->workers; w++)
        any |= c->hands[w].alive;
    if (!any && c->processes)
        pump(c, (struct qn_event){.type = QN_EVENT_FATAL, .status = c->last_failure.status});
    else if (any && !c->told_fewer)
        say(c, QN_WARNING, "%s Going on with fewer workers.", c->last_failure.message);
    c->told_fewer = any;
    c->alone = !any && !c->processes;
}

/* What ended the worker, for the record and for the budget. */
static enum qn_status why_gone(const struct hand *hand, const struct qn_news *news, uint64_t limit,
                               char *text, size_t size)
{
    bool signalled = WIFSIGNALED(news->status);
    if (hand->killed_for == QN_ERR_TIMEOUT) {
        snprintf(text, size, "over the time limit; the worker was killed.");
    } else if (hand->killed_for == QN_ERR_MEMORY ||
               (signalled && WTERMSIG(news->status) == SIGKILL && !hand->killed_for && limit &&
                (uint64_t)news->usage.ru_maxrss * 1024 > limit / 10 * 9)) {
        snprintf(text, size,
                 "over the memory limit of %llu MB; the worker was killed. Raise --memory or use "
                 "fewer --jobs.",
                 (unsigned long long)(limit >> 20));
        return QN_ERR_MEMORY;
    } else if (hand->killed_for == QN_ERR_CANCELLED) {
        snprintf(text, size, "stopped.");
    } else if (signalled) {
        snprintf(text, size, "the worker died of signal %d (%s).", WTERMSIG(news->status),
                 strsignal(WTERMSIG(news->status)));
        return QN_ERR_CRASH;
    } else {
        snprintf(text, size, "the worker exited with status %d before the task was done.",
                 WEXITSTATUS(news->status));
        return QN_ERR_CRASH;
    }
    return hand->killed_for;
}

static void worker_exited(struct coordinator *c, const struct qn_news *news)
{
    unsigned w = news->worker;
    struct hand *hand = &c->hands[w];
    read_socket(c, w); /* what it sent before it died still counts */
    read_output(hand);
    uint64_t running = atomic_exchange(&c->place->slots[w].task, 0);
    uint64_t since = atomic_load(&c->place->slots[w].since_us);
    char text[256];
    char tail[TAIL_BYTES + 1];
    enum qn_status status =
        why_gone(hand, news, c->place->memory_limit * hand->share, text, sizeof text);
    memcpy(tail, hand->tail, hand->tail_len);
    tail[hand->tail_len] = '\0';
    struct qn_record r = {.type = QN_RECORD_FAILED,
                          .task = running - 1,
                          .attempt = (uint32_t)atomic_load(&c->place->slots[w].attempt),
                          .worker = w,
                          .status = status,
                          .signal = WIFSIGNALED(news->status) ? WTERMSIG(news->status) : 0,
                          .offset = -1,
                          .text = text,
                          .tail = tail,
                          .usage = {.start_us = qn_wall_us(),
                                    .wall_us = qn_now_us() - since,
                                    .max_rss_kib = (uint64_t)news->usage.ru_maxrss}};
    if (running && running <= c->plan->count && status != QN_ERR_CANCELLED &&
        qn_sched_expects(c->sched, w, running - 1)) {
        record(c, &r);
        tell_task(c, "failed", &r);
        qn_fail(&c->last_failure, status, "%s", text);
    } else if (!running && status == QN_ERR_CRASH) {
        qn_fail(&c->last_failure, status, "outside of any task %s Its last output: %s", text,
                *tail ? tail : "none.");
    }
    if (hand->socket >= 0)
        close(hand->socket);
    if (hand->output >= 0)
        close(hand->output);
    *hand = (struct hand){.socket = -1, .output = -1};
    pump(c, (struct qn_event){.type = QN_EVENT_WORKER_GONE,
                              .worker = w,
                              .task = running ? running - 1 : QN_NO_TASK,
                              .status = status});
}

static void read_crew(struct coordinator *c)
{
    for (;;) {
        struct qn_news news;
        qn_crew_read(c->crew, &news);
        switch (news.type) {
        case QN_NEWS_NONE:
            return;
        case QN_NEWS_STARTED:
            worker_started(c, &news);
            break;
        case QN_NEWS_NOT_STARTED:
            worker_not_started(c, &news);
            break;
        case QN_NEWS_EXITED:
            worker_exited(c, &news);
            break;
        case QN_NEWS_LOST:
            break_off(c, qn_fail(c->err, QN_ERR_CRASH,
                                 "the process that keeps the workers died. Run the same command "
                                 "again to resume."));
            return;
        }
        if (c->broken)
            return;
    }
}

/* ---- time and signals ----------------------------------------------------------------------- */

static void watch_memory(struct coordinator *c, unsigned w)
{
    struct hand *hand = &c->hands[w];
    if (!hand->alive || !hand->pid || !c->place->memory_limit || hand->killed_for)
        return;
    hand->rss = qn_machine_rss(hand->pid);
    if (hand->rss > c->place->memory_limit * hand->share) {
        hand->killed_for = QN_ERR_MEMORY;
        qn_crew_signal(c->crew, w, SIGKILL);
    }
}

static void tick(struct coordinator *c)
{
    for (unsigned w = 0; w < c->place->workers; w++) {
        struct qn_slot *slot = &c->place->slots[w];
        uint64_t running = atomic_load(&slot->task);
        watch_memory(c, w);
        if (c->hands[w].alive)
            raise_event(c, (struct qn_event){.type = QN_EVENT_RUNNING,
                                             .worker = w,
                                             .task = running ? running - 1 : QN_NO_TASK,
                                             .since_us = atomic_load(&slot->since_us)});
    }
    pump(c, (struct qn_event){.type = QN_EVENT_TICK});
    show_progress(c, qn_now_us());
}

static void read_signals(struct coordinator *c)
{
    struct signalfd_siginfo info;
    while (read(c->signals, &info, sizeof info) == sizeof info) {
        if (c->interrupts++ == 0) {
            pump(c, (struct qn_event){.type = QN_EVENT_CANCEL});
        } else {
            c->stop = QN_ERR_CANCELLED; /* asked twice: leave now, the crew is killed */
            c->finished = true;
        }
    }
}

/* ---- in-process ----------------------------------------------------------------------------- */

static struct qn_slot *interrupted_slot;

static void interrupt_local(int signal_number)
{
    (void)signal_number;
    atomic_store(&interrupted_slot->stop, QN_STOP_ALL);
}

static enum qn_status run_in_process(struct coordinator *c)
{
    struct qn_worker worker;
    enum qn_status status = qn_worker_open(&worker, c->place, 0, c->err);
    if (status)
        return status;
    struct sigaction action = {.sa_handler = interrupt_local};
    struct sigaction old[3];
    static const int signals[3] = {SIGINT, SIGTERM, SIGHUP};
    interrupted_slot = &c->place->slots[0];
    for (int i = 0; i < 3; i++)
        sigaction(signals[i], &action, &old[i]);
    c->local = &worker;
    if (c->alone) /* the scheduler has asked for workers already */
        pump(c, (struct qn_event){.type = QN_EVENT_WORKER_UP});
    while (!c->finished && !c->broken) {
        note_interrupt(c);
        pump(c, (struct qn_event){.type = QN_EVENT_TICK});
        if (!c->finished)
            usleep(1000); /* only a backoff is waited for */
    }
    for (int i = 0; i < 3; i++)
        sigaction(signals[i], &old[i], NULL);
    c->local = NULL;
    qn_worker_close(&worker);
    return QN_OK;
}

/* ---- the loop ------------------------------------------------------------------------------- */

static int until_commit_ms(const struct coordinator *c)
{
    if (!c->pending_since_us)
        return TICK_MS;
    uint64_t waited = qn_now_us() - c->pending_since_us;
    return waited >= COMMIT_US ? 0 : (int)((COMMIT_US - waited) / 1000 + 1);
}

static void loop(struct coordinator *c)
{
    tick(c); /* starts the workers */
    uint64_t next_tick = qn_now_us() + TICK_MS * 1000;
    while (!c->finished && !c->broken && !c->alone) {
        struct epoll_event events[64];
        int n = epoll_wait(c->epoll, events, 64, until_commit_ms(c));
        for (int i = 0; i < n && !c->broken; i++) {
            uint32_t tag = events[i].data.u32;
            if (tag == TAG_CREW)
                read_crew(c);
            else if (tag == TAG_SIGNALS)
                read_signals(c);
            else if (tag % 2 == 0)
                read_socket(c, tag / 2);
            else
                read_output(&c->hands[tag / 2]);
        }
        uint64_t now = qn_now_us();
        if (now >= next_tick && !c->broken) {
            tick(c);
            next_tick = now + TICK_MS * 1000;
        }
        if (c->pending_since_us && now - c->pending_since_us >= COMMIT_US && !c->broken)
            commit(c);
    }
}

static enum qn_status go_on_alone(struct coordinator *c, const struct qn_error *why)
{
    say(c, QN_WARNING, "%s Going on in this process, without isolation.", why->message);
    return run_in_process(c);
}

static enum qn_status run_processes(struct coordinator *c)
{
    sigset_t signals;
    sigset_t old;
    enum qn_status status = qn_crew_start(&c->crew, c->place, c->err);
    if (status)
        return go_on_alone(c, c->err);
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, &old);
    c->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    c->epoll = epoll_create1(EPOLL_CLOEXEC);
    watch(c, c->signals, TAG_SIGNALS);
    watch(c, qn_crew_fd(c->crew), TAG_CREW);
    loop(c);
    qn_crew_stop(c->crew);
    c->crew = NULL;
    close(c->epoll);
    close(c->signals);
    for (unsigned w = 0; w < c->place->workers; w++) {
        if (c->hands[w].socket >= 0)
            close(c->hands[w].socket);
        if (c->hands[w].output >= 0)
            close(c->hands[w].output);
    }
    sigprocmask(SIG_SETMASK, &old, NULL);
    return c->alone ? go_on_alone(c, &c->last_failure) : QN_OK;
}

/* ---- beginning and end ---------------------------------------------------------------------- */

static uint64_t cost_of(const void *context, uint64_t task)
{
    return ((const struct qn_plan_file *)context)->entries[task].cost;
}

/* What earlier sessions did, and which tasks belong to other slices. */
static void restore(struct coordinator *c)
{
    const struct qn_work *work = c->work;
    for (uint64_t i = 0; i < c->plan->count; i++) {
        const struct qn_task_history *task = &work->history->tasks[i];
        struct qn_task item = qn_plan_task(c->plan, i);
        if (i % work->slices != work->slice - 1) {
            qn_sched_restore_done(c->sched, i);
            continue;
        }
        c->items_total += item.items;
        c->cost_total += item.cost;
        qn_sched_restore_attempt(c->sched, i, task->attempts, QN_OK);
        if (task->state == QN_TASK_DONE) {
            qn_sched_restore_done(c->sched, i);
            c->items_done += item.items;
            c->cost_done += item.cost;
        } else if (task->state == QN_TASK_GAVE_UP) {
            qn_sched_restore_gave_up(c->sched, i);
        }
    }
    c->cost_restored = c->cost_done;
}

static enum qn_status set_up(struct coordinator *c, const struct qn_work *work)
{
    struct qn_workplace *place = work->place;
    struct qn_sched_config config = {.tasks = place->plan->count,
                                     .cost = cost_of,
                                     .context = place->plan,
                                     .workers = work->in_process ? 1 : place->workers,
                                     .max_batch = work->in_process ? 1 : work->max_batch,
                                     .timeout_us = work->timeout_us,
                                     .timeout_factor = work->timeout_factor,
                                     .grace_us = GRACE_US,
                                     .max_failures = work->max_failures,
                                     .max_failures_part = work->max_failures_part,
                                     .seed = qn_wall_us()};
    size_t slots_len = place->workers * sizeof *place->slots;
    place->slots =
        qn_sys.mmap(NULL, slots_len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (place->slots == MAP_FAILED) {
        place->slots = NULL;
        return qn_fail_memory(c->err, "the workers' slots", slots_len);
    }
    c->sched = qn_sched_new(&config);
    c->hands = qn_sys.calloc(place->workers, sizeof *c->hands);
    c->incoming = qn_sys.malloc(QN_MESSAGE_MAX);
    if (!c->sched || !c->hands || !c->incoming)
        return qn_fail_memory(c->err, "the coordinator", place->plan->count * 16);
    for (unsigned w = 0; w < place->workers; w++)
        c->hands[w].socket = c->hands[w].output = -1;
    restore(c);
    return QN_OK;
}

static enum qn_status outcome(struct coordinator *c)
{
    if (c->broken)
        return c->broken;
    if (c->stop == QN_OK)
        return QN_OK;
    if (c->stop == QN_ERR_CANCELLED)
        return qn_fail(c->err, QN_ERR_CANCELLED, "stopped at your request.");
    struct qn_sched_counts counts = qn_sched_counts(c->sched);
    if (c->stop == QN_ERR_INPUT)
        return qn_fail(c->err, QN_ERR_INPUT,
                       "stopped: %llu tasks failed and %llu succeeded, the last failure being: %s",
                       (unsigned long long)counts.gave_up, (unsigned long long)counts.done,
                       c->stop_err.message);
    *c->err = c->stop_err;
    c->err->status = c->stop;
    return c->stop;
}

enum qn_status qn_coordinate(const struct qn_work *work, struct qn_error *err)
{
    struct qn_error scratch;
    struct coordinator c = {.work = work,
                            .place = work->place,
                            .plan = work->place->plan,
                            .err = err ? err : &scratch,
                            .start_us = qn_now_us()};
    enum qn_status status = set_up(&c, work);
    if (!status)
        status = work->in_process ? run_in_process(&c) : run_processes(&c);
    if (!status && !c.broken)
        commit(&c);
    if (!status)
        show_progress(&c, qn_now_us());
    status = status ? status : outcome(&c);
    qn_sched_free(c.sched);
    qn_actions_release(&c.actions);
    qn_buf_release(&c.strings);
    free(c.queue);
    free(c.hands);
    free(c.incoming);
    if (work->place->slots)
        munmap(work->place->slots, work->place->workers * sizeof *work->place->slots);
    work->place->slots = NULL;
    return status;
}
