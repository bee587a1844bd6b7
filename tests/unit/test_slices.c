/* Dealing tasks out to slices: balance and repeatability, against values worked out by hand. */
#include "check.h"

#include "engine/slices.h"

#include <stdlib.h>

static uint32_t *deal(const uint64_t *costs, uint64_t count, unsigned slices)
{
    struct qn_plan_entry *entries = calloc(count + 1, sizeof *entries);
    struct qn_plan_file plan = {.count = count, .entries = entries};
    uint32_t *slice_of;
    struct qn_error err;
    for (uint64_t i = 0; i < count; i++)
        entries[i].cost = costs[i];
    assert_int_equal(qn_slices_deal(&plan, slices, &slice_of, &err), QN_OK);
    free(entries);
    return slice_of;
}

static void the_longest_goes_to_the_least_loaded(void **state)
{
    static const uint64_t costs[] = {3, 7, 5, 6, 4};
    static const uint32_t expected[] = {1, 1, 2, 2, 1};
    (void)state;
    uint32_t *slice_of = deal(costs, 5, 2);
    assert_memory_equal(slice_of, expected, sizeof expected);
    free(slice_of);
}

static void equal_tasks_are_dealt_in_turn(void **state)
{
    static const uint64_t costs[] = {1, 1, 1, 1, 1, 1, 1};
    static const uint32_t expected[] = {1, 2, 3, 1, 2, 3, 1};
    (void)state;
    uint32_t *slice_of = deal(costs, 7, 3);
    assert_memory_equal(slice_of, expected, sizeof expected);
    free(slice_of);
}

static void more_slices_than_tasks_leave_some_empty(void **state)
{
    static const uint64_t costs[] = {9, 8};
    (void)state;
    uint32_t *slice_of = deal(costs, 2, 5);
    assert_int_equal(slice_of[0], 1);
    assert_int_equal(slice_of[1], 2);
    free(slice_of);
}

/* Graham (1969): the fullest slice has at most 4/3 - 1/(3N) of the optimum, which is at least the
 * mean and the dearest task. */
static void no_slice_is_fuller_than_grahams_bound(void **state)
{
    enum { TASKS = 1000, SLICES = 7 };
    static uint64_t costs[TASKS];
    uint64_t loads[SLICES] = {0};
    uint64_t sum = 0;
    uint64_t seed = 1;
    (void)state;
    for (int i = 0; i < TASKS; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        costs[i] = (seed >> 40) * (seed >> 50 & 7);
        sum += costs[i];
    }
    uint32_t *slice_of = deal(costs, TASKS, SLICES);
    for (int i = 0; i < TASKS; i++)
        loads[slice_of[i] - 1] += costs[i];
    for (int s = 0; s < SLICES; s++)
        assert_true((double)loads[s] <= (4 / 3.0 - 1 / (3.0 * SLICES)) * (double)sum / SLICES + 1);
    free(slice_of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_goes_to_the_least_loaded),
        cmocka_unit_test(equal_tasks_are_dealt_in_turn),
        cmocka_unit_test(more_slices_than_tasks_leave_some_empty),
        cmocka_unit_test(no_slice_is_fuller_than_grahams_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
