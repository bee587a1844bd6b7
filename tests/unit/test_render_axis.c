/* Round ticks. Expected values by hand: 1, 2 or 5 times a power of ten, multiples of the step. */
#include "check.h"

#include "render/axis.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void assert_labels(struct qn_ticks ticks, const char *const *labels, size_t count)
{
    assert_int_equal(ticks.count, count);
    for (size_t i = 0; i < count; i++) {
        char text[32];
        qn_tick_label(&ticks, i, text, sizeof text);
        assert_string_equal(text, labels[i]);
    }
}

static void test_range_of_whole_numbers_has_round_ticks(void **state)
{
    (void)state;
    const char *const labels[] = {"0", "2000", "4000", "6000", "8000", "10000"};
    assert_labels(qn_ticks_within(0, 11988, 11, 1), labels, 6);
}

static void test_ticks_begin_at_the_first_multiple_within(void **state)
{
    (void)state;
    const char *const labels[] = {"-100", "-50", "0", "50", "100", "150"};
    assert_labels(qn_ticks_within(-100, 199.5, 7, 0), labels, 6);
}

static void test_labels_have_the_digits_of_the_step(void **state)
{
    (void)state;
    const char *const labels[] = {"0.00", "0.05", "0.10", "0.15", "0.20"};
    assert_labels(qn_ticks_within(0, 0.2, 5, 0), labels, 5);
}

static void test_step_is_never_below_the_least(void **state)
{
    (void)state;
    const char *const labels[] = {"11", "12", "13"};
    assert_labels(qn_ticks_within(11, 13, 11, 1), labels, 3);
}

static void test_one_value_is_labelled_with_the_digits_it_needs(void **state)
{
    (void)state;
    const char *const half[] = {"1234.5"};
    const char *const whole[] = {"7"};
    const char *const zero[] = {"0"};
    assert_labels(qn_ticks_within(1234.5, 1234.5, 11, 0), half, 1);
    assert_labels(qn_ticks_within(7, 7, 11, 1), whole, 1);
    assert_labels(qn_ticks_within(0, 0, 11, 0), zero, 1);
}

static void test_zero_has_no_sign_among_negative_ticks(void **state)
{
    (void)state;
    const char *const labels[] = {"-0.4", "-0.2", "0.0", "0.2", "0.4"};
    assert_labels(qn_ticks_within(-0.4, 0.4, 5, 0), labels, 5);
}

static void test_huge_values_have_an_exponent(void **state)
{
    (void)state;
    const char *const labels[] = {"0", "2e+15", "4e+15"};
    assert_labels(qn_ticks_within(0, 5e15, 4, 0), labels, 3);
}

/* For ranges of all sizes and places: as many ticks as allowed at most, all within, a step of
 * 1, 2 or 5 times a power of ten. */
static void test_any_range_keeps_the_promises(void **state)
{
    (void)state;
    srand(1);
    for (int i = 0; i < 20000; i++) {
        double size = pow(10, rand() % 60 - 30) * (1 + rand() % 1000 / 100.0);
        double low = size * (rand() % 2001 - 1000) / 10;
        double high = low + size;
        size_t most = 2 + (size_t)rand() % 14;
        struct qn_ticks ticks = qn_ticks_within(low, high, most, 0);
        double slack = (high - low) * 1e-6;
        assert_in_range(ticks.count, 1, most);
        assert_true(qn_tick_value(&ticks, 0) >= low - slack);
        assert_true(qn_tick_value(&ticks, ticks.count - 1) <= high + slack);
        if (ticks.count > 1) {
            double mantissa = ticks.step / pow(10, floor(log10(ticks.step) + 1e-9));
            assert_true(fabs(mantissa - 1) < 1e-6 || fabs(mantissa - 2) < 1e-6 ||
                        fabs(mantissa - 5) < 1e-6);
        }
    }
}

static void test_extreme_ranges_give_one_tick_or_more(void **state)
{
    (void)state;
    const double ranges[][2] = {
        {0, 5e-324}, {-1e308, 1e308}, {1e15, 1e15 + 1}, {0, 1.7e308}, {1e-300, 2e-300}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        assert_in_range(qn_ticks_within(ranges[i][0], ranges[i][1], 11, 0).count, 1, 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_range_of_whole_numbers_has_round_ticks),
        cmocka_unit_test(test_ticks_begin_at_the_first_multiple_within),
        cmocka_unit_test(test_labels_have_the_digits_of_the_step),
        cmocka_unit_test(test_step_is_never_below_the_least),
        cmocka_unit_test(test_one_value_is_labelled_with_the_digits_it_needs),
        cmocka_unit_test(test_zero_has_no_sign_among_negative_ticks),
        cmocka_unit_test(test_huge_values_have_an_exponent),
        cmocka_unit_test(test_any_range_keeps_the_promises),
        cmocka_unit_test(test_extreme_ranges_give_one_tick_or_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
