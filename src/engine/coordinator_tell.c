/* What the coordinator tells people, and what it writes into the ledger: see coordinator.h. */
#include "engine/coordinator.h"

#include "engine/machine.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- telling -------------------------------------------------------------------------------- */

void qn_co_say(struct coordinator *c, enum qn_message_level level, const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    c->work->observer->message(c->work->observer->context, level, text);
}

void qn_co_describe(struct coordinator *c, uint64_t task, char *text, size_t size)
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
        uint64_t running = qn_co_running(c, w);
        uint64_t since = atomic_load(&c->place->slots[w].since_us);
        uint64_t beat = atomic_load(&c->place->slots[w].beat);
        struct hand *hand = &c->hands[w];
        if (beat != hand->beat || hand->beat_us < since) {
            hand->beat = beat;
            hand->beat_us = now;
        }
        if (!running || now < since)
            continue;
        double seconds = (double)(now - since) / 1e6;
        if (progress->slowest_task == UINT64_MAX || seconds > progress->slowest_s) {
            progress->slowest_task = running - 1;
            progress->slowest_s = seconds;
            progress->silent_s = (double)(now - hand->beat_us) / 1e6;
        }
    }
}

/* Cost done, with the part of running tasks that their items show. */
static double cost_so_far(const struct coordinator *c, uint64_t *items)
{
    double cost = (double)c->cost_done;
    *items = c->items_done;
    for (unsigned w = 0; w < c->place->workers; w++) {
        uint64_t running = qn_co_running(c, w);
        uint64_t done = atomic_load(&c->place->slots[w].items);
        if (!running)
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

void qn_co_show_progress(struct coordinator *c, uint64_t now)
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
        progress.bytes_per_s = here / progress.elapsed_s;
        progress.rate = progress.bytes_per_s * (double)c->items_total / (double)c->cost_total;
        progress.eta_s = ((double)c->cost_total - cost) / progress.bytes_per_s;
    }
    c->work->observer->progress(c->work->observer->context, &progress);
}

/* ---- recording ------------------------------------------------------------------------------ */

void qn_co_break_off(struct coordinator *c, enum qn_status status)
{
    if (!c->broken)
        c->broken = status;
}

static void note_pending(struct coordinator *c)
{
    if (c->pending_since_us == 0)
        c->pending_since_us = qn_now_us();
}

void qn_co_append(struct coordinator *c, const void *payload, size_t len)
{
    qn_co_break_off(c, qn_ledger_append(c->work->ledger, payload, len, c->err));
    note_pending(c);
}

void qn_co_record(struct coordinator *c, const struct qn_record *entry)
{
    qn_co_break_off(c, qn_ledger_record(c->work->ledger, entry, c->err));
    note_pending(c);
}

void qn_co_commit(struct coordinator *c)
{
    qn_co_break_off(c, qn_ledger_commit(c->work->ledger, c->err));
    c->pending_since_us = 0;
}

void qn_co_tell_task(struct coordinator *c, const char *what, const struct qn_record *r)
{
    const struct qn_observer *observer = c->work->observer;
    if (observer->task)
        observer->task(observer->context, what, r->task, r->attempt, qn_status_name(r->status),
                       r->usage.wall_us, r->text ? r->text : "");
}
