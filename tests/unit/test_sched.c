/* The scheduler under a fake clock: a small simulation plays the workers. */
#include "check.h"

#include "engine/sched.h"

#include <stdlib.h>
#include <string.h>

#define MAX_TASKS   20000
#define MAX_WORKERS 8

enum fate { FINE, BAD, DIES, EATS_MEMORY, EATS_ONCE, HANGS, FLAKY };

struct world {
    struct qn_sched *sched;
    struct qn_sched_config config;
    struct qn_actions actions;
    uint64_t now;
    uint64_t cost[MAX_TASKS];
    uint64_t wall_us[MAX_TASKS];
    enum fate fate[MAX_TASKS];
    unsigned tries[MAX_TASKS];
    unsigned runs_done[MAX_TASKS];
    enum qn_status gave_up[MAX_TASKS];
    struct {
        bool up;
        unsigned share;
        uint64_t queue[1024];
        unsigned count;
        uint64_t started, ends;
        bool term;
        uint64_t stop_task;
        bool asked;
    } worker[MAX_WORKERS];
    uint64_t first_order[64];
    unsigned first_count;
    unsigned largest_batch;
    unsigned messages;
    bool finished;
    enum qn_status stopping;
    uint64_t waits[64];
    unsigned wait_count;
};

static struct world *world;

static uint64_t cost_of(const void *context, uint64_t task)
{
    return ((const struct world *)context)->cost[task];
}

static struct world *make_world(uint64_t tasks, unsigned workers, uint64_t wall_us)
{
    struct world *w = calloc(1, sizeof *w);
    w->config = (struct qn_sched_config){.tasks = tasks,
                                         .cost = cost_of,
                                         .context = w,
                                         .workers = workers,
                                         .grace_us = 200000,
                                         .max_failures = UINT64_MAX,
                                         .max_failures_part = 1};
    for (uint64_t i = 0; i < tasks; i++) {
        w->cost[i] = 100;
        w->wall_us[i] = wall_us;
    }
    world = w;
    return w;
}

static void apply(struct world *w);

static void give(struct world *w, struct qn_event event)
{
    qn_sched_step(w->sched, &event, w->now, &w->actions);
    assert_false(w->actions.failed);
    apply(w);
}

static void start_next(struct world *w, unsigned i)
{
    w->worker[i].started = w->now;
    w->worker[i].ends = UINT64_MAX;
    w->worker[i].asked = false;
    if (w->worker[i].count == 0)
        return;
    uint64_t task = w->worker[i].queue[0];
    if (w->first_count < 64)
        w->first_order[w->first_count++] = task;
    w->tries[task]++;
    bool hangs = w->fate[task] == HANGS;
    w->worker[i].ends = hangs ? UINT64_MAX : w->now + w->wall_us[task];
}

static void kill_worker(struct world *w, unsigned i, enum qn_status status)
{
    uint64_t task = w->worker[i].count ? w->worker[i].queue[0] : QN_NO_TASK;
    w->worker[i].up = false;
    w->worker[i].count = 0;
    w->worker[i].ends = UINT64_MAX;
    give(w, (struct qn_event){
                .type = QN_EVENT_WORKER_GONE, .worker = i, .task = task, .status = status});
}

static void apply(struct world *w)
{
    struct qn_action actions[4096];
    struct qn_send sends[4096];
    size_t count = w->actions.count;
    if (count > 0)
        memcpy(actions, w->actions.items, count * sizeof *actions);
    if (w->actions.send_count > 0)
        memcpy(sends, w->actions.sends, w->actions.send_count * sizeof *sends);
    for (size_t i = 0; i < count; i++) {
        struct qn_action *a = &actions[i];
        switch (a->type) {
        case QN_ACTION_START_WORKER:
            assert_false(w->worker[a->worker].up);
            w->worker[a->worker].up = true;
            w->worker[a->worker].share = a->share;
            w->worker[a->worker].ends = UINT64_MAX;
            give(w, (struct qn_event){.type = QN_EVENT_WORKER_UP, .worker = a->worker});
            break;
        case QN_ACTION_SEND:
            w->messages++;
            w->largest_batch = a->count > w->largest_batch ? (unsigned)a->count : w->largest_batch;
            for (size_t k = 0; k < a->count; k++) {
                unsigned n = w->worker[a->worker].count++;
                w->worker[a->worker].queue[n] = sends[a->first + k].task;
                if (n == 0)
                    start_next(w, a->worker);
            }
            break;
        case QN_ACTION_ASK_STOP:
            w->worker[a->worker].asked = true; /* a hanging task does not listen */
            w->worker[a->worker].stop_task = a->task;
            if (w->worker[a->worker].count && w->fate[w->worker[a->worker].queue[0]] != HANGS)
                w->worker[a->worker].ends = w->now;
            break;
        case QN_ACTION_TERM:
            break;
        case QN_ACTION_KILL:
            kill_worker(w, a->worker,
                        a->status == QN_ERR_TIMEOUT ? QN_ERR_TIMEOUT : QN_ERR_CANCELLED);
            break;
        case QN_ACTION_RETRY:
            if (w->wait_count < 64)
                w->waits[w->wait_count++] = a->wait_us;
            break;
        case QN_ACTION_GAVE_UP:
            w->gave_up[a->task] = a->status;
            break;
        case QN_ACTION_STOPPING:
            w->stopping = a->status;
            break;
        case QN_ACTION_FINISHED:
            w->finished = true;
            break;
        }
    }
}

static void finish_task(struct world *w, unsigned i)
{
    uint64_t task = w->worker[i].queue[0];
    struct qn_event event = {.worker = i, .task = task, .wall_us = w->now - w->worker[i].started};
    enum fate fate = w->fate[task];
    if (w->worker[i].asked) {
        event.type = QN_EVENT_TASK_FAILED;
        event.status = QN_ERR_CANCELLED;
    } else if (fate == DIES || (fate == EATS_ONCE && w->worker[i].share < 2) ||
               fate == EATS_MEMORY) {
        kill_worker(w, i, fate == DIES ? QN_ERR_CRASH : QN_ERR_MEMORY);
        return;
    } else if (fate == BAD || (fate == FLAKY && w->tries[task] < 4)) {
        event.type = QN_EVENT_TASK_FAILED;
        event.status = fate == BAD ? QN_ERR_INPUT : QN_ERR_TRANSIENT;
    } else {
        event.type = QN_EVENT_TASK_DONE;
        w->runs_done[task]++;
    }
    memmove(w->worker[i].queue, w->worker[i].queue + 1, --w->worker[i].count * sizeof(uint64_t));
    start_next(w, i);
    give(w, event);
}

/* Plays until the scheduler says it is finished; gives up after an hour of fake time. */
static void play(struct world *w)
{
    w->sched = w->sched ? w->sched : qn_sched_new(&w->config);
    give(w, (struct qn_event){.type = QN_EVENT_TICK});
    uint64_t next_tick = 100000;
    while (!w->finished) {
        unsigned who = MAX_WORKERS;
        uint64_t when = next_tick;
        for (unsigned i = 0; i < w->config.workers; i++) {
            if (w->worker[i].up && w->worker[i].count && w->worker[i].ends < when) {
                when = w->worker[i].ends;
                who = i;
            }
        }
        w->now = when > w->now ? when : w->now;
        assert_true(w->now < 3600ull * 1000000);
        if (who < MAX_WORKERS) {
            finish_task(w, who);
            continue;
        }
        next_tick += 100000;
        for (unsigned i = 0; i < w->config.workers; i++) {
            if (w->worker[i].up && w->worker[i].count)
                give(w, (struct qn_event){.type = QN_EVENT_RUNNING,
                                          .worker = i,
                                          .task = w->worker[i].queue[0],
                                          .since_us = w->worker[i].started});
        }
        give(w, (struct qn_event){.type = QN_EVENT_TICK});
    }
}

static int tear_down(void **state)
{
    (void)state;
    qn_actions_release(&world->actions);
    qn_sched_free(world->sched);
    free(world);
    return 0;
}

static void test_every_task_is_done_exactly_once(void **state)
{
    (void)state;
    struct world *w = make_world(5000, 4, 300);
    play(w);
    for (int i = 0; i < 5000; i++)
        assert_int_equal(w->runs_done[i], 1);
    assert_int_equal(qn_sched_counts(w->sched).done, 5000);
}

static void test_dearest_tasks_start_first_and_equals_keep_plan_order(void **state)
{
    (void)state;
    struct world *w = make_world(40, 1, 1000000);
    w->cost[30] = 10000;
    w->cost[20] = 1000;
    play(w);
    assert_int_equal(w->first_order[0], 30);
    assert_int_equal(w->first_order[1], 20);
    for (unsigned i = 2; i < 20; i++)
        assert_int_equal(w->first_order[i], i - 2);
}

static void test_short_tasks_travel_in_batches_and_long_ones_singly(void **state)
{
    (void)state;
    struct world *w = make_world(20000, 2, 10);
    play(w);
    assert_int_equal(w->largest_batch, QN_SCHED_BATCH_MAX);
    assert_true(w->messages < 400);
    tear_down(state);
    w = make_world(100, 2, 2000000);
    play(w);
    assert_int_equal(w->largest_batch, 1);
}

static void test_bad_data_is_not_retried(void **state)
{
    (void)state;
    struct world *w = make_world(100, 2, 1000);
    w->fate[50] = BAD;
    play(w);
    assert_int_equal(w->tries[50], 1);
    assert_int_equal(w->gave_up[50], QN_ERR_INPUT);
    assert_int_equal(qn_sched_counts(w->sched).done, 99);
}

static void test_transient_failures_back_off_with_growing_bounds(void **state)
{
    (void)state;
    struct world *w = make_world(50, 2, 1000);
    w->fate[10] = FLAKY;
    w->config.seed = 7;
    play(w);
    assert_int_equal(w->tries[10], 4);
    assert_int_equal(w->gave_up[10], QN_OK);
    assert_int_equal(w->wait_count, 3);
    for (unsigned i = 0; i < 3; i++)
        assert_true(w->waits[i] < 500000u << i);
    assert_true(w->waits[0] != w->waits[1]);
}

static void test_a_task_present_at_three_deaths_is_quarantined(void **state)
{
    (void)state;
    struct world *w = make_world(3000, 2, 100);
    w->fate[1500] = DIES;
    play(w);
    assert_int_equal(w->tries[1500], 3);
    assert_int_equal(w->gave_up[1500], QN_ERR_CRASH);
    for (int i = 0; i < 3000; i++)
        assert_int_equal(w->runs_done[i], i != 1500);
}

static void test_memory_gets_one_retry_with_a_double_share(void **state)
{
    (void)state;
    struct world *w = make_world(200, 2, 1000);
    w->fate[3] = EATS_ONCE;
    w->fate[4] = EATS_MEMORY;
    play(w);
    assert_int_equal(w->tries[3], 2);
    assert_int_equal(w->runs_done[3], 1);
    assert_int_equal(w->tries[4], 2);
    assert_int_equal(w->gave_up[4], QN_ERR_MEMORY);
    assert_int_equal(qn_sched_counts(w->sched).done, 199);
}

static void test_a_hanging_task_is_killed_after_the_ladder_and_tried_once_more(void **state)
{
    (void)state;
    struct world *w = make_world(10, 2, 1000);
    w->fate[5] = HANGS;
    w->config.timeout_us = 1000000;
    play(w);
    assert_int_equal(w->tries[5], QN_TRIES_TIMEOUT);
    assert_int_equal(w->gave_up[5], QN_ERR_TIMEOUT);
    assert_true(w->now > 2 * 1400000 && w->now < 2 * 2000000);
}

static void test_a_relative_timeout_needs_twenty_done(void **state)
{
    (void)state;
    struct world *w = make_world(60, 2, 1000000);
    w->fate[59] = HANGS;
    w->config.timeout_factor = 5;
    play(w);
    assert_int_equal(w->gave_up[59], QN_ERR_TIMEOUT);
    assert_int_equal(qn_sched_counts(w->sched).done, 59);
}

static void test_one_slow_task_does_not_lift_a_relative_timeout(void **state)
{
    (void)state;
    struct world *w = make_world(60, 1, 1000000);
    w->wall_us[0] = 1000 * w->wall_us[1];
    w->fate[59] = HANGS;
    w->config.timeout_factor = 5;
    play(w);
    assert_int_equal(w->gave_up[59], QN_ERR_TIMEOUT);
    /* Two tries of 5 medians and the ladder to SIGKILL, not of 5 means of 17 medians. */
    assert_true(w->now < 1000 * w->wall_us[1] + 100 * w->wall_us[1]);
}

static void test_idle_workers_duplicate_a_straggler_and_the_first_wins(void **state)
{
    (void)state;
    struct world *w = make_world(80, 2, 1000000);
    w->wall_us[79] = 50000000; /* slow by chance on its first worker */
    w->sched = qn_sched_new(&w->config);
    play(w);
    assert_int_equal(w->tries[79], 2);
    assert_int_equal(w->runs_done[79], 1);
}

static void test_the_run_stops_when_everything_fails_alike(void **state)
{
    (void)state;
    struct world *w = make_world(1000, 4, 1000);
    for (int i = 0; i < 1000; i++)
        w->fate[i] = BAD;
    play(w);
    assert_int_equal(w->stopping, QN_ERR_INPUT);
    assert_true(qn_sched_counts(w->sched).gave_up < 60);
}

static void test_max_failures_stops_the_run(void **state)
{
    (void)state;
    struct world *w = make_world(1000, 2, 1000);
    for (int i = 0; i < 1000; i += 10)
        w->fate[i] = BAD;
    w->config.max_failures = 5;
    play(w);
    assert_int_equal(w->stopping, QN_ERR_INPUT);
    assert_true(qn_sched_counts(w->sched).gave_up <= 10);
}

static void test_restored_tasks_are_not_run_again_and_deaths_still_count(void **state)
{
    (void)state;
    struct world *w = make_world(100, 2, 1000);
    w->fate[60] = DIES;
    w->sched = qn_sched_new(&w->config);
    for (uint64_t i = 0; i < 50; i++)
        qn_sched_restore_done(w->sched, i);
    qn_sched_restore_attempt(w->sched, 60, 1, QN_ERR_CRASH);
    qn_sched_restore_attempt(w->sched, 60, 2, QN_ERR_CRASH);
    play(w);
    assert_int_equal(w->tries[60], 1);
    assert_int_equal(w->gave_up[60], QN_ERR_CRASH);
    for (int i = 0; i < 100; i++)
        assert_int_equal(w->runs_done[i], i >= 50 && i != 60);
}

static void test_cancel_asks_every_worker_and_charges_nobody(void **state)
{
    (void)state;
    struct world *w = make_world(100, 2, 10000000);
    w->sched = qn_sched_new(&w->config);
    give(w, (struct qn_event){.type = QN_EVENT_TICK});
    give(w, (struct qn_event){.type = QN_EVENT_CANCEL});
    assert_true(w->worker[0].asked && w->worker[1].asked);
    play(w);
    assert_int_equal(w->stopping, QN_ERR_CANCELLED);
    assert_int_equal(qn_sched_counts(w->sched).gave_up, 0);
}

static void test_a_full_disk_stops_the_run_and_gives_the_task_back(void **state)
{
    (void)state;
    struct world *w = make_world(10, 1, 1000);
    w->sched = qn_sched_new(&w->config);
    give(w, (struct qn_event){.type = QN_EVENT_TICK});
    give(w, (struct qn_event){
                .type = QN_EVENT_TASK_FAILED, .worker = 0, .task = 0, .status = QN_ERR_SPACE});
    assert_int_equal(w->stopping, QN_ERR_SPACE);
    assert_int_equal(qn_sched_counts(w->sched).gave_up, 0);
    assert_true(w->finished);
}

#define SCHED_TEST(f) cmocka_unit_test_teardown(f, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCHED_TEST(test_every_task_is_done_exactly_once),
        SCHED_TEST(test_dearest_tasks_start_first_and_equals_keep_plan_order),
        SCHED_TEST(test_short_tasks_travel_in_batches_and_long_ones_singly),
        SCHED_TEST(test_bad_data_is_not_retried),
        SCHED_TEST(test_transient_failures_back_off_with_growing_bounds),
        SCHED_TEST(test_a_task_present_at_three_deaths_is_quarantined),
        SCHED_TEST(test_memory_gets_one_retry_with_a_double_share),
        SCHED_TEST(test_a_hanging_task_is_killed_after_the_ladder_and_tried_once_more),
        SCHED_TEST(test_a_relative_timeout_needs_twenty_done),
        SCHED_TEST(test_one_slow_task_does_not_lift_a_relative_timeout),
        SCHED_TEST(test_idle_workers_duplicate_a_straggler_and_the_first_wins),
        SCHED_TEST(test_the_run_stops_when_everything_fails_alike),
        SCHED_TEST(test_max_failures_stops_the_run),
        SCHED_TEST(test_restored_tasks_are_not_run_again_and_deaths_still_count),
        SCHED_TEST(test_cancel_asks_every_worker_and_charges_nobody),
        SCHED_TEST(test_a_full_disk_stops_the_run_and_gives_the_task_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
