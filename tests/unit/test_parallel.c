/* Items on threads. */
#include "check.h"

#include "base/parallel.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define ITEMS 500

struct trial {
    atomic_uint runs[ITEMS];
    atomic_uint busy[8]; /* by thread: never two at once */
    atomic_uint clashes;
    uint64_t fail_from; /* items from this one on fail */
    unsigned told;
    uint64_t last_told;
    bool stop;
};

static enum qn_status run(void *context, unsigned thread, uint64_t item, struct qn_error *err)
{
    struct trial *trial = context;
    if (atomic_fetch_add(&trial->busy[thread], 1) > 0)
        atomic_fetch_add(&trial->clashes, 1);
    atomic_fetch_add(&trial->runs[item], 1);
    struct timespec pause = {0, item % 7 * 20000};
    nanosleep(&pause, NULL);
    atomic_fetch_sub(&trial->busy[thread], 1);
    return item >= trial->fail_from
               ? qn_fail(err, QN_ERR_INPUT, "item %llu", (unsigned long long)item)
               : QN_OK;
}

static bool tick(void *context, uint64_t done)
{
    struct trial *trial = context;
    assert_true(done >= trial->last_told);
    trial->last_told = done;
    trial->told++;
    return trial->stop;
}

static struct qn_parallel job(struct trial *trial, unsigned threads)
{
    *trial = (struct trial){.fail_from = UINT64_MAX};
    return (struct qn_parallel){
        .count = ITEMS, .threads = threads, .context = trial, .run = run, .tick = tick};
}

static void test_every_item_runs_once_for_any_number_of_threads(void **state)
{
    (void)state;
    static const unsigned threads[] = {1, 2, 3, 8};
    for (size_t t = 0; t < 4; t++) {
        struct trial trial;
        struct qn_parallel parallel = job(&trial, threads[t]);
        assert_int_equal(qn_parallel_run(&parallel, NULL), QN_OK);
        for (size_t i = 0; i < ITEMS; i++)
            assert_int_equal(trial.runs[i], 1);
        assert_int_equal(trial.clashes, 0);
        assert_int_equal(trial.last_told, ITEMS);
    }
}

static void test_of_several_failures_the_lowest_item_is_told(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 8; threads++) {
        struct trial trial;
        struct qn_error err;
        struct qn_parallel parallel = job(&trial, threads);
        trial.fail_from = 40;
        assert_int_equal(qn_parallel_run(&parallel, &err), QN_ERR_INPUT);
        assert_string_equal(err.message, "item 40");
        for (size_t i = 0; i < 40; i++)
            assert_int_equal(trial.runs[i], 1);
        assert_int_equal(trial.runs[40 + threads], 0); /* nothing new was begun */
    }
}

/* Each item takes longer than it takes to be told once. */
static enum qn_status run_slowly(void *context, unsigned thread, uint64_t item,
                                 struct qn_error *err)
{
    (void)thread, (void)err;
    atomic_fetch_add(&((struct trial *)context)->runs[item], 1);
    struct timespec pause = {0, 60000000};
    nanosleep(&pause, NULL);
    return QN_OK;
}

static void test_the_caller_can_stop_it(void **state)
{
    (void)state;
    struct trial trial;
    struct qn_parallel parallel = job(&trial, 2);
    struct qn_error err;
    trial.stop = true;
    parallel.run = run_slowly;
    assert_int_equal(qn_parallel_run(&parallel, &err), QN_ERR_CANCELLED);
    assert_int_equal(trial.runs[20], 0);
}

static void test_no_items_are_done_at_once(void **state)
{
    (void)state;
    struct trial trial;
    struct qn_parallel parallel = job(&trial, 4);
    parallel.count = 0;
    assert_int_equal(qn_parallel_run(&parallel, NULL), QN_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_item_runs_once_for_any_number_of_threads),
        cmocka_unit_test(test_of_several_failures_the_lowest_item_is_told),
        cmocka_unit_test(test_the_caller_can_stop_it),
        cmocka_unit_test(test_no_items_are_done_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
