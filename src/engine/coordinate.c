/* The event loop: see coordinate.h. Records are appended when they come and made durable together,
 * at most COMMIT_US later. */
#include "engine/coordinator.h"

#include "base/sys.h"
#include "engine/machine.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define TICK_MS  50
#define GRACE_US 2000000u

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
        qn_co_pump(c, (struct qn_event){.type = QN_EVENT_WORKER_UP});
    while (!c->finished && !c->broken) {
        qn_co_note_interrupt(c);
        qn_co_pump(c, (struct qn_event){.type = QN_EVENT_TICK});
        if (!c->finished)
            usleep(1000); /* only a backoff is waited for */
    }
    for (int i = 0; i < 3; i++)
        sigaction(signals[i], &old[i], NULL);
    c->local = NULL;
    qn_worker_close(&worker);
    return QN_OK;
}

/* ---- the loop -------------------------------------------------------------------------------- */

static int until_commit_ms(const struct coordinator *c)
{
    if (!c->pending_since_us)
        return TICK_MS;
    uint64_t waited = qn_now_us() - c->pending_since_us;
    return waited >= COMMIT_US ? 0 : (int)((COMMIT_US - waited) / 1000 + 1);
}

static void loop(struct coordinator *c)
{
    qn_co_tick(c); /* starts the workers */
    uint64_t next_tick = qn_now_us() + TICK_MS * 1000;
    while (!c->finished && !c->broken && !c->alone) {
        struct epoll_event events[64];
        int n = epoll_wait(c->epoll, events, 64, until_commit_ms(c));
        for (int i = 0; i < n && !c->broken; i++) {
            uint32_t tag = events[i].data.u32;
            if (tag == TAG_CREW)
                qn_co_read_crew(c);
            else if (tag == TAG_SIGNALS)
                qn_co_read_signals(c);
            else if (tag % 2 == 0)
                qn_co_read_socket(c, tag / 2);
            else
                qn_co_read_output(&c->hands[tag / 2]);
        }
        uint64_t now = qn_now_us();
        if (now >= next_tick && !c->broken) {
            qn_co_tick(c);
            next_tick = now + TICK_MS * 1000;
        }
        if (c->pending_since_us && now - c->pending_since_us >= COMMIT_US && !c->broken)
            qn_co_commit(c);
    }
}

static enum qn_status go_on_alone(struct coordinator *c, const struct qn_error *why)
{
    qn_co_say(c, QN_WARNING, "%s Going on in this process, without isolation.", why->message);
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
    if (c->signals < 0 || c->epoll < 0) {
        qn_co_break_off(c, qn_fail_errno(c->err, errno, "make", "the event loop"));
    } else {
        qn_co_watch(c, c->signals, TAG_SIGNALS);
        qn_co_watch(c, qn_crew_fd(c->crew), TAG_CREW);
        loop(c);
    }
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
        if (work->slice_of && work->slice_of[i] != work->slice) {
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
        qn_co_commit(&c);
    if (!status)
        qn_co_show_progress(&c, qn_now_us());
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
