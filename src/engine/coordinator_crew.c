/* What comes from workers, from the keeper, from the clock and from signals: see coordinator.h. */
#include "engine/coordinator.h"

#include "base/sys.h"
#include "engine/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- workers -------------------------------------------------------------------------------- */

void qn_co_watch(struct coordinator *c, int fd, uint32_t tag)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = tag};
    if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        qn_co_break_off(c, qn_fail_errno(c->err, errno, "watch", "a worker"));
}

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
void qn_co_read_output(struct hand *hand)
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

void qn_co_condemn(struct coordinator *c, unsigned w, const char *why)
{
    keep_tail(&c->hands[w], why, strlen(why));
    c->hands[w].killed_for = QN_ERR_CRASH;
    qn_crew_signal(c->crew, w, SIGKILL);
}

static bool cannot_open(struct coordinator *c, const uint8_t *bytes, size_t len)
{
    struct qn_cursor in = {.data = bytes, .len = len, .at = 4};
    struct qn_error err = {.offset = -1};
    err.status = qn_cursor_u32(&in);
    qn_cursor_text(&in, err.message, sizeof err.message);
    if (in.failed || !qn_co_is_failure(err.status))
        return false;
    c->last_failure = err;
    qn_co_pump(c, (struct qn_event){.type = QN_EVENT_FATAL, .status = err.status});
    return true;
}

static bool take_records(struct coordinator *c, unsigned w, const uint8_t *bytes, size_t len)
{
    struct qn_cursor in = {.data = bytes, .len = len, .at = 4};
    while (in.at < in.len) {
        uint32_t size = qn_cursor_u32(&in);
        const uint8_t *payload = qn_cursor_bytes(&in, size);
        if (!payload || !qn_co_take_record(c, w, payload, size))
            return false;
    }
    return true;
}

static void take_message(struct coordinator *c, unsigned w, const uint8_t *bytes, size_t len)
{
    uint32_t kind = 0;
    bool sense = len >= 4;
    if (sense)
        memcpy(&kind, bytes, 4);
    if (kind == QN_MESSAGE_READY && len == 4)
        qn_co_pump(c, (struct qn_event){.type = QN_EVENT_WORKER_UP, .worker = w});
    else if (kind == QN_MESSAGE_CANNOT_OPEN)
        sense = cannot_open(c, bytes, len);
    else
        sense = kind == QN_MESSAGE_RECORDS && take_records(c, w, bytes, len);
    if (!sense)
        qn_co_condemn(c, w, "\nquern: the worker sent a message that makes no sense\n");
}

/* All messages there are. After the last one the worker is dying, or has lost its way: what it does
 * then nobody would hear of. */
void qn_co_read_socket(struct coordinator *c, unsigned w)
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
            qn_crew_signal(c->crew, w, SIGKILL);
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
    qn_co_watch(c, hand->socket, 2 * news->worker);
    qn_co_watch(c, hand->output, 2 * news->worker + 1);
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
        qn_co_pump(c, (struct qn_event){.type = QN_EVENT_FATAL, .status = c->last_failure.status});
    else if (any && !c->told_fewer)
        qn_co_say(c, QN_WARNING, "%s Going on with fewer workers.", c->last_failure.message);
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
    } else if (hand->killed_for == QN_ERR_MEMORY || (news->out_of_memory && !hand->killed_for) ||
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

/* Which attempt the worker was at: what it says, if there were so many. */
static uint32_t attempt_of(const struct coordinator *c, unsigned w, uint64_t running)
{
    uint64_t said = atomic_load(&c->place->slots[w].attempt);
    uint32_t known = running ? qn_sched_attempts(c->sched, running - 1) : 0;
    return said < known ? (uint32_t)said : known;
}

static void worker_exited(struct coordinator *c, const struct qn_news *news)
{
    unsigned w = news->worker;
    struct hand *hand = &c->hands[w];
    qn_co_read_socket(c, w); /* what it sent before it died still counts */
    qn_co_read_output(hand);
    uint64_t running = hand->blamed ? hand->blamed : qn_co_running(c, w);
    atomic_store(&c->place->slots[w].task, 0);
    uint64_t since = atomic_load(&c->place->slots[w].since_us);
    uint64_t now = qn_now_us();
    char text[256];
    char tail[TAIL_BYTES + 1];
    enum qn_status status =
        why_gone(hand, news, c->place->memory_limit * hand->share, text, sizeof text);
    memcpy(tail, hand->tail, hand->tail_len);
    tail[hand->tail_len] = '\0';
    struct qn_record r = {.type = QN_RECORD_FAILED,
                          .task = running - 1,
                          .attempt = attempt_of(c, w, running),
                          .worker = w,
                          .status = status,
                          .signal = WIFSIGNALED(news->status) ? WTERMSIG(news->status) : 0,
                          .offset = -1,
                          .text = text,
                          .tail = tail,
                          .usage = {.start_us = qn_wall_us(),
                                    .wall_us = now > since ? now - since : 0,
                                    .max_rss_kib = (uint64_t)news->usage.ru_maxrss}};
    if (running && status != QN_ERR_CANCELLED && qn_sched_expects(c->sched, w, running - 1)) {
        qn_co_record(c, &r);
        qn_co_tell_task(c, "failed", &r);
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
    qn_co_pump(c, (struct qn_event){.type = QN_EVENT_WORKER_GONE,
                                    .worker = w,
                                    .task = running ? running - 1 : QN_NO_TASK,
                                    .status = status});
}

void qn_co_read_crew(struct coordinator *c)
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
            qn_co_break_off(c,
                            qn_fail(c->err, QN_ERR_CRASH,
                                    "the process that keeps the workers died. Run the same command "
                                    "again to resume."));
            return;
        }
        if (c->broken)
            return;
    }
}

/* ---- time and signals ---------------------------------------------------------------------- */

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

/* A worker that says it runs a task that does not exist has written over its slot. */
static void watch_senses(struct coordinator *c, unsigned w)
{
    struct hand *hand = &c->hands[w];
    if (!hand->alive || hand->killed_for || c->local ||
        atomic_load(&c->place->slots[w].task) <= c->plan->count)
        return;
    hand->blamed = qn_sched_oldest(c->sched, w) + 1; /* none: 0 */
    qn_co_condemn(c, w, "\nquern: the worker wrote where it must not\n");
}

void qn_co_tick(struct coordinator *c)
{
    for (unsigned w = 0; w < c->place->workers; w++) {
        struct qn_slot *slot = &c->place->slots[w];
        uint64_t running = qn_co_running(c, w);
        watch_memory(c, w);
        watch_senses(c, w);
        if (c->hands[w].alive)
            qn_co_raise_event(c, (struct qn_event){.type = QN_EVENT_RUNNING,
                                                   .worker = w,
                                                   .task = running ? running - 1 : QN_NO_TASK,
                                                   .since_us = atomic_load(&slot->since_us)});
    }
    qn_co_pump(c, (struct qn_event){.type = QN_EVENT_TICK});
    qn_co_show_progress(c, qn_now_us());
}

void qn_co_read_signals(struct coordinator *c)
{
    struct signalfd_siginfo info;
    while (read(c->signals, &info, sizeof info) == sizeof info) {
        if (c->interrupts++ == 0) {
            qn_co_pump(c, (struct qn_event){.type = QN_EVENT_CANCEL});
        } else {
            c->stop = QN_ERR_CANCELLED; /* asked twice: leave now, the crew is killed */
            c->finished = true;
        }
    }
}
